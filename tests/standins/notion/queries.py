"""A query: which pages, in which order, how many at a time, and where it goes on.

Without `sorts` no order is promised, so every new query starts at another place of a ring whose
order means nothing. A cursor carries what it belongs to and is refused elsewhere.
"""

import base64
import binascii
import bisect
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeAlias

from tests.standins.notion.filters import Filter, understood
from tests.standins.notion.refusals import invalid, unsupported, wrong_body
from tests.standins.notion.world import MINUTE_MS, Page, Source, World, identity_of

Json: TypeAlias = Any
LARGEST_PAGE = 100
COMPLETE = {"type": "complete"}
CUT_OFF = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a query goes on.

    Attributes:
        query: Which query it belongs to.
        start: Where on the ring it began.
        after: The rank and id of the last result; None at the beginning.
        given: How many results it gave so far.
    """

    query: str
    start: str
    after: tuple[int, str] | None = None
    given: int = 0

    def written(self) -> str:
        """The cursor as a client sees it."""
        content = json.dumps([self.query, self.start, self.after, self.given])
        return base64.urlsafe_b64encode(content.encode()).decode()


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results."""

    pages: list[Page]
    next_cursor: str | None
    status: dict[str, str]


def asked(world: World, source: Source, body: Json) -> Results:
    """Carry out a query.

    Raises:
        Refusal: It is not possible.
    """
    source.settle(world.now_ms())
    size = _size(body)
    trashed = bool(body.get("in_trash", body.get("archived", False)))
    if body.get("result_type", "page") != "page":
        raise unsupported("result_type data_source")
    wanted = understood(
        source, body.get("filter"), exact_titles=world.options.title_equals == "exact"
    )
    cursor = _cursor(world, source, body)
    ranked = _ranked(source, body.get("sorts") or [], wanted, cursor)
    matching = (
        (rank, page)
        for rank, identity in ranked
        if (page := source.seen[identity]).in_trash == trashed and wanted.allows(page)
    )
    return _taken(world, matching, cursor, size)


def _size(body: Json) -> int:
    size = body.get("page_size", LARGEST_PAGE)
    if size != int(size) or size < 1:
        raise wrong_body("body.page_size", "≥ `1`", size)
    if size > LARGEST_PAGE:
        raise wrong_body("body.page_size", f"≤ `{LARGEST_PAGE}`", size)
    return int(size)


def _cursor(world: World, source: Source, body: Json) -> Cursor:
    asked_for = [source.id, body.get("filter"), body.get("sorts"), body.get("in_trash")]
    query = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()[:16]
    written = body.get("start_cursor")
    if written is None:
        world.things.queries += 1
        return Cursor(query, identity_of(f"query {world.things.queries}"))
    try:
        of, start, after, given = json.loads(base64.urlsafe_b64decode(written))
    except (ValueError, binascii.Error):
        raise wrong_body("body.start_cursor", "a valid cursor", written) from None
    if of != query:
        raise invalid(f"The start_cursor provided is invalid: {written}")
    return Cursor(of, start, (after[0], after[1]), given)


# --- The order ------------------------------------------------------------------------------------


def _ranked(
    source: Source, sorts: Json, wanted: Filter, cursor: Cursor
) -> Iterator[tuple[int, str]]:
    """The ranks and ids of all pages that may match, in order, behind the cursor."""
    if len(sorts) > 1 or any("timestamp" not in sort for sort in sorts):
        raise unsupported("sorts other than by one timestamp")
    if sorts:
        return _sorted(source, sorts[0], wanted, cursor)
    if wanted.title is not None:
        return _few(source.by_title.get(wanted.title, ()), cursor)
    return _ring(source.ring, cursor)


def _few(identities: tuple[str, ...], cursor: Cursor) -> Iterator[tuple[int, str]]:
    ranked = sorted((int(identity < cursor.start), identity) for identity in identities)
    return (place for place in ranked if cursor.after is None or place > cursor.after)


def _ring(ring: list[str], cursor: Cursor) -> Iterator[tuple[int, str]]:
    begin = bisect.bisect_left(ring, cursor.start)
    first, second = range(begin, len(ring)), range(begin)
    if cursor.after is not None:
        position = bisect.bisect_right(ring, cursor.after[1])
        if cursor.after[0]:
            first, second = range(0), range(position, begin)
        else:
            first = range(position, len(ring))
    return chain(((0, ring[i]) for i in first), ((1, ring[i]) for i in second))


def _sorted(
    source: Source, sort: Json, wanted: Filter, cursor: Cursor
) -> Iterator[tuple[int, str]]:
    ascending = sort["direction"] == "ascending"
    if sort["timestamp"] == "created_time" and ascending:
        return _since(source.by_creation, wanted, cursor)
    edited = sort["timestamp"] == "last_edited_time"
    sign = 1 if ascending else -1
    ranks = [
        (sign * ((p.edited_ms if edited else p.created_ms) // MINUTE_MS), p.id)
        for p in source.seen.values()
    ]
    ranks.sort()
    begin = 0 if cursor.after is None else bisect.bisect_right(ranks, cursor.after)
    return islice(iter(ranks), begin, None)


def _since(
    by_creation: list[tuple[int, str]], wanted: Filter, cursor: Cursor
) -> Iterator[tuple[int, str]]:
    begin, end = 0, len(by_creation)
    if wanted.not_before_ms is not None:
        minute = wanted.not_before_ms - wanted.not_before_ms % MINUTE_MS
        begin = bisect.bisect_left(by_creation, (minute, ""))
    if wanted.not_after_ms is not None:
        end = bisect.bisect_left(by_creation, (wanted.not_after_ms + 1, ""))
    if cursor.after is not None:
        begin = bisect.bisect_right(by_creation, cursor.after)
    return (by_creation[i] for i in range(begin, end))


# --- How many at a time ---------------------------------------------------------------------------


def _taken(
    world: World, matching: Iterator[tuple[int, Page]], cursor: Cursor, size: int
) -> Results:
    room = min(size, world.options.query_cap - cursor.given)
    taken = list(islice(matching, room))
    given = cursor.given + len(taken)
    left = sum(1 for _ in matching) if world.options.cap_told != "last" else _any(matching)
    going_on = left and given < world.options.query_cap
    next_cursor = None
    if going_on:
        rank, page = taken[-1]
        next_cursor = Cursor(cursor.query, cursor.start, (rank, page.id), given).written()
    told = (
        given + left > world.options.query_cap
        and {
            "last": not going_on,
            "first": not cursor.given,
            "every": True,
        }[world.options.cap_told]
    )
    return Results([page for _, page in taken], next_cursor, CUT_OFF if told else COMPLETE)


def _any(matching: Iterator[tuple[int, Page]]) -> int:
    """1 when there is another one; to count them all would take long."""
    return int(next(matching, None) is not None)
