"""One cell: read from a request, kept as a plain value, written as Notion writes it.

What is kept: runs for texts; a number as JavaScript has it; ids of options; `(start, end, zone)`
for dates; a bool; a str. Empty is `()` for texts and many options, None otherwise.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tests.standins.notion import texts
from tests.standins.notion.refusals import invalid, unsupported, wrong_body
from tests.standins.notion.world import Column, Page

Json: TypeAlias = Any
MANY = 100
LONGEST_OPTION = 100
LARGEST_EXACT = 2**53
READ_ONLY = (
    "formula",
    "created_time",
    "last_edited_time",
    "created_by",
    "last_edited_by",
    "unique_id",
)
TEXTS = {"title", "rich_text"}
WORDS = {"url": 2000, "email": 200, "phone_number": 200}
CHOICES = {"select", "multi_select", "status"}
# Columns that people may have and that stay empty here.
EMPTY_LISTS = {"people", "files", "relation"}


@dataclass(frozen=True, slots=True)
class NewOption:
    """An option that a select does not have yet."""

    name: str


def read(column: Column, value: Json, place: str) -> Any:
    """What a request wants to have in a cell; options that are new come back as `NewOption`.

    Raises:
        Refusal: It is not for this column, or breaks a limit.
    """
    if column.kind in READ_ONLY:
        raise invalid(f"{column.name} is computed and cannot be written.")
    if column.kind not in value:
        raise invalid(f"{column.name} is expected to be {column.kind}.")
    if value.get("type", column.kind) != column.kind:
        raise wrong_body(f"{place}.type", f'`"{column.kind}"`', value["type"])
    if column.kind in EMPTY_LISTS:
        raise invalid(f"{column.name} is {column.kind}, which the stand-in keeps empty.")
    return READERS[column.kind](column, value[column.kind], f"{place}.{column.kind}")


def _text(column: Column, value: Json, place: str) -> texts.Runs:
    return texts.read(value, place)


def _number(column: Column, value: Json, place: str) -> Any:
    return None if value is None else javascript_number(value)


def javascript_number(value: Any) -> Any:
    """A number as it comes back from JavaScript: a double, whole ones without a fraction."""
    number = float(value)
    if not math.isfinite(number):
        raise invalid("body failed validation: a number should be finite.")
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _word(column: Column, value: Json, place: str) -> str | None:
    if value is None:
        return None
    if not value:
        raise invalid(f'body failed validation: {place} should be populated, instead was `""`.')
    texts.require_length(value, WORDS[column.kind], place)
    word: str = value
    return word


def _checkbox(column: Column, value: Json, place: str) -> bool:
    return bool(value)


def _choice(column: Column, value: Json, place: str) -> str | NewOption | None:
    if value is None:
        return None
    if "id" in value:
        return _by_id(column, value, place)
    name = value["name"]
    require_option_name(name, place)
    known = column.named(name)
    if known is not None:
        return known.id
    if column.kind == "status":
        raise invalid(f'Invalid status option. Status option "{name}" does not exist".')
    return NewOption(name)


def _by_id(column: Column, value: Json, place: str) -> str:
    option = column.option(value["id"])
    if option is None or value.get("name", option.name) != option.name:
        raise invalid(f"{place}: {column.name} has no option {value}.")
    return option.id


def require_option_name(name: str, place: str) -> None:
    """Let the name of an option pass.

    Raises:
        Refusal: It is empty, too long, or holds a comma.
    """
    if not name.strip():
        raise invalid(f"body failed validation: {place}.name should be populated.")
    if "," in name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    texts.require_length(name, LONGEST_OPTION, f"{place}.name")


def _choices(column: Column, value: Json, place: str) -> tuple[Any, ...]:
    if len(value) > MANY:
        raise wrong_body(f"{place}.length", f"≤ `{MANY}`", len(value))
    chosen = [_choice(column, item, f"{place}[{i}]") for i, item in enumerate(value)]
    return tuple(dict.fromkeys(chosen))


def _date(column: Column, value: Json, place: str) -> tuple[str, str | None, None] | None:
    if value is None:
        return None
    if value.get("time_zone") is not None:
        raise unsupported(f"dates with a time_zone ({place})")
    start, begin = _moment(value["start"], f"{place}.start")
    if value.get("end") is None:
        return start, None, None
    end, finish = _moment(value["end"], f"{place}.end")
    if len(start) != len(end):
        raise invalid(f"{place}: start and end should both be dates, or both be times.")
    if finish < begin:
        raise invalid(f"{place}: end should not be before start.")
    return start, end, None


def _moment(text: str, place: str) -> tuple[str, datetime]:
    """A date, or a time to the millisecond with its offset, as written and to compare."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong_body(place, "a valid ISO 8601 date string", text) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return text, aware
    return aware.isoformat(timespec="milliseconds"), aware


READERS: dict[str, Callable[[Column, Json, str], Any]] = {
    "title": _text,
    "rich_text": _text,
    "number": _number,
    "url": _word,
    "email": _word,
    "phone_number": _word,
    "checkbox": _checkbox,
    "select": _choice,
    "status": _choice,
    "multi_select": _choices,
    "date": _date,
}


def answer(column: Column, page: Page) -> dict[str, Any]:
    """A cell as Notion writes it."""
    kind = column.kind
    return {"id": column.id, "type": kind, kind: _written(column, page)}


def _written(column: Column, page: Page) -> Any:
    kind = column.kind
    kept = page.cells.get(column.id)
    if kind in TEXTS:
        return texts.answer(kept or ())
    if kind in CHOICES:
        return _chosen(column, kept)
    if kind == "date":
        return None if kept is None else dict(zip(("start", "end", "time_zone"), kept, strict=True))
    if kind == "checkbox":
        return bool(kept)
    if kind in READ_ONLY:
        return _computed(column, page)
    return [] if kind in EMPTY_LISTS else kept


def _chosen(column: Column, kept: Any) -> Any:
    if column.kind != "multi_select":
        return None if kept is None else _option(column, kept)
    return [found for one in kept or () if (found := _option(column, one)) is not None]


def _option(column: Column, identity: str) -> dict[str, Any] | None:
    option = column.option(identity)
    if option is None:
        return None
    return {"id": option.id, "name": option.name, "color": option.color}


def _computed(column: Column, page: Page) -> Any:
    if column.kind == "formula":
        return {"type": "string", "string": None}
    if column.kind == "unique_id":
        return {"prefix": None, "number": None}
    if column.kind.endswith("_time"):
        return minute(page.created_ms if column.kind == "created_time" else page.edited_ms)
    return user(page.created_by if column.kind == "created_by" else page.edited_by)


def minute(instant_ms: int) -> str:
    """An instant as Notion tells it: rounded down to the minute."""
    whole = datetime.fromtimestamp(instant_ms // 60_000 * 60, tz=UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:00.000Z")


def user(identity: str) -> dict[str, Any]:
    """Somebody, by id alone."""
    return {"object": "user", "id": identity}


def plain(column: Column, page: Page) -> Any:
    """A cell as a test reads it: a text, a number, a bool, names, a date, or None when empty."""
    kept = page.cells.get(column.id)
    if column.kind in TEXTS:
        return texts.plain(kept or ())
    if column.kind == "multi_select":
        return [option["name"] for option in _chosen(column, kept)]
    if column.kind in {"select", "status"}:
        return (_chosen(column, kept) or {}).get("name")
    if column.kind == "date":
        return None if kept is None else "/".join(part for part in kept if part)
    return bool(kept) if column.kind == "checkbox" else kept


def asked(column: Column, typed: Any) -> dict[str, Any]:
    """What a person typed, as a request would say it; texts, see `texts.typed`, apart."""
    if typed is None:
        return {column.kind: [] if column.kind == "multi_select" else None}
    if column.kind in {"select", "status"}:
        return {column.kind: {"name": typed}}
    if column.kind == "multi_select":
        return {column.kind: [{"name": name} for name in typed]}
    if column.kind == "date":
        start, _, end = typed.partition("/")
        return {"date": {"start": start, "end": end or None}}
    return {column.kind: typed}
