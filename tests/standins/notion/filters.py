"""The filters of a query, as far as the stand-in knows them; a filter it lacks is refused."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tests.standins.notion import cells
from tests.standins.notion.refusals import invalid, unsupported, wrong_body
from tests.standins.notion.world import MINUTE_MS, Column, Page, Source, folded_title

Json: TypeAlias = Any
Test: TypeAlias = Callable[[Page], bool]
LONGEST = 100
DAY_MS = 86_400_000
DATE_LENGTH = len("2026-05-01")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "does_not_equal": operator.ne,
    "before": operator.lt,
    "after": operator.gt,
    "on_or_before": operator.le,
    "on_or_after": operator.ge,
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "greater_than_or_equal_to": operator.ge,
    "less_than_or_equal_to": operator.le,
}
SEARCHED: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "does_not_contain": lambda text, part: part not in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood.

    Attributes:
        allows: Whether a page passes.
        title: The folded title that passing pages have, when there is only one.
        not_before_ms: From which minute of creation on pages can pass.
        not_after_ms: Up to which.
    """

    allows: Test
    title: str | None = None
    not_before_ms: int | None = None
    not_after_ms: int | None = None


def understood(source: Source, said: Json, *, exact_titles: bool) -> Filter:
    """What a request's filter means.

    Raises:
        Refusal: It names a property that is not there or of another type, or is not supported.
    """
    if said is None:
        return Filter(lambda page: True)
    for word, whole in (("and", all), ("or", any)):
        if word in said:
            parts = _parts(source, said[word], word, exact_titles=exact_titles)
            test = _joined(whole, [part.allows for part in parts])
            return _narrowed(test, parts) if word == "and" else Filter(test)
    if "timestamp" in said:
        return _timestamp(said["timestamp"], said[said["timestamp"]])
    return _property(source, said, exact_titles=exact_titles)


def _parts(source: Source, said: Json, word: str, *, exact_titles: bool) -> list[Filter]:
    if len(said) > LONGEST:
        raise wrong_body(f"body.filter.{word}.length", f"≤ `{LONGEST}`", len(said))
    return [understood(source, part, exact_titles=exact_titles) for part in said]


def _joined(whole: Callable[[Any], bool], tests: list[Test]) -> Test:
    return lambda page: whole(test(page) for test in tests)


def _narrowed(test: Test, parts: list[Filter]) -> Filter:
    lows = [part.not_before_ms for part in parts if part.not_before_ms is not None]
    highs = [part.not_after_ms for part in parts if part.not_after_ms is not None]
    return Filter(
        test,
        next((part.title for part in parts if part.title is not None), None),
        max(lows, default=None),
        min(highs, default=None),
    )


# --- When a page was made or changed --------------------------------------------------------------


def _timestamp(which: str, said: Json) -> Filter:
    [(word, value)] = said.items()
    if word not in COMPARED:
        raise unsupported(f"the filter {which}.{word}")
    low, high = _span(value)
    compare = _compare_times(word, low, high)
    if which == "last_edited_time":
        return Filter(lambda page: compare(page.edited_ms - page.edited_ms % MINUTE_MS))
    return Filter(
        lambda page: compare(page.created_ms - page.created_ms % MINUTE_MS),
        not_before_ms=low if word in {"on_or_after", "after", "equals"} else None,
        not_after_ms=high if word in {"on_or_before", "before", "equals"} else None,
    )


def _compare_times(word: str, low: int, high: int) -> Callable[[int], bool]:
    """The test of a minute against the span that a date or a time names."""
    if word == "equals":
        return lambda minute: low <= minute <= high
    bound = high if word in {"after", "on_or_before"} else low
    compare = COMPARED[word]
    return lambda minute: compare(minute, bound)


def _span(text: str) -> tuple[int, int]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_body("body.filter", "a valid ISO 8601 date", text) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    start = round(aware.timestamp() * 1000)
    return start, start + DAY_MS - 1 if len(text) == DATE_LENGTH else start


# --- What a cell holds ----------------------------------------------------------------------------


def _property(source: Source, said: Json, *, exact_titles: bool) -> Filter:
    column = source.column(said["property"])
    if column is None:
        raise invalid(f"Could not find property with name or id: {said['property']}")
    kinds = [key for key in said if key not in {"property", "type"}]
    if kinds != [column.kind]:
        raise invalid(f"database property {column.kind} does not match filter {kinds[0]}")
    [(word, value)] = said[column.kind].items()
    if column.kind == "title" and word == "equals":
        return _title(value, exact=exact_titles)
    return Filter(_cell(column, word, value))


def _title(value: str, *, exact: bool) -> Filter:
    folded = value.casefold()
    if exact:
        return Filter(
            lambda page: "".join(run[0] for run in page.cells.get("title", ())) == value, folded
        )
    return Filter(lambda page: folded_title(page) == folded, folded)


def _cell(column: Column, word: str, value: Any) -> Test:
    if word in {"is_empty", "is_not_empty"}:
        empty = word == "is_empty"
        return lambda page: (cells.plain(column, page) in (None, "", [])) == empty
    if column.kind in {"select", "status"} and column.named(value) is None:
        raise invalid(f'{column.kind} option "{value}" not found for property "{column.name}".')
    compare = SEARCHED.get(word) or COMPARED.get(word)
    if compare is None or column.kind in {"multi_select", *cells.EMPTY_LISTS, *cells.READ_ONLY}:
        raise unsupported(f"the filter {column.kind}.{word}")
    return _compared(column, compare, _folded(value))


def _compared(column: Column, compare: Callable[[Any, Any], bool], value: Any) -> Test:
    def test(page: Page) -> bool:
        cell = cells.plain(column, page)
        if cell is None:
            return compare is operator.ne
        return compare(_folded(cell), value)

    return test


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
