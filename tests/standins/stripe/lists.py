"""Lists as Stripe gives them: newest first, at most 100, cursors, filters on creation."""

import bisect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from tests.standins.stripe.refusals import invalid
from tests.standins.stripe.world import Rank, Resource, Shelf, World

Test: TypeAlias = Callable[[Resource], bool]

MOST = 100
USUAL = 10
CURSORS = ("starting_after", "ending_before")
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def limit_of(params: dict[str, Any]) -> int:
    """How many are asked for.

    Raises:
        Refusal: Unless it is within 1 and 100.
    """
    limit: int = params.get("limit", USUAL)
    if limit < 1:
        raise invalid("This value must be greater than or equal to 1.", param="limit")
    if limit > MOST:
        raise invalid(
            f"This value must be less than or equal to {MOST} (it currently is '{limit}').",
            param="limit",
        )
    return limit


def page(
    world: World,
    kind: str,
    params: dict[str, Any],
    *,
    url: str,
    filters: dict[str, str],
    tests: Iterable[Test] = (),
) -> Resource:
    """One page of a shelf.

    Args:
        world: Where.
        kind: Stripe's word for the objects.
        params: For limit, cursors and `created`.
        url: What the page says of itself.
        filters: Fields and the texts they must have; unknown values match nothing.
        tests: What else must hold of an object.
    """
    limit = limit_of(params)
    shelf = world.shelf(kind)
    ranks, left = shelf.newest_first(filters)
    checks = [*tests, *_created(params), *(_equal(name, text) for name, text in left.items())]
    backwards = "ending_before" in params
    found = []
    for rank in _from_cursor(shelf, ranks, params):
        thing = shelf.things[rank[2]]
        if all(check(thing) for check in checks):
            found.append(thing)
            if len(found) > limit:
                break
    shown = found[:limit]
    return {
        "object": "list",
        "data": shown[::-1] if backwards else shown,
        "has_more": len(found) > limit,
        "url": url,
    }


def slice_of(items: list[Resource], params: dict[str, Any], *, url: str) -> Resource:
    """One page of a short list in its own order, such as the lines of an invoice."""
    limit = limit_of(params)
    places = {item["id"]: number for number, item in enumerate(items)}
    for name in CURSORS:
        if name in params and params[name] not in places:
            raise invalid(f"No such line: '{params[name]}'", param=name, code="resource_missing")
    if "ending_before" in params:
        end = places[params["ending_before"]]
        start = max(0, end - limit)
        return _shown(items[start:end], more=start > 0, url=url)
    start = places[params["starting_after"]] + 1 if "starting_after" in params else 0
    return _shown(items[start : start + limit], more=len(items) > start + limit, url=url)


def _shown(items: list[Resource], *, more: bool, url: str) -> Resource:
    return {"object": "list", "data": items, "has_more": more, "url": url}


def _from_cursor(shelf: Shelf, ranks: list[Rank], params: dict[str, Any]) -> Iterator[Rank]:
    given = [name for name in CURSORS if name in params]
    if len(given) > 1:
        raise invalid("You can not use starting_after and ending_before together.", param=given[0])
    if not given:
        return reversed(ranks)
    rank = shelf.rank_of.get(params[given[0]])
    if rank is None:
        raise invalid(
            f"No such {shelf.kind}: '{params[given[0]]}'", param=given[0], code="resource_missing"
        )
    if given[0] == "starting_after":
        return reversed(ranks[: bisect.bisect_left(ranks, rank)])
    return iter(ranks[bisect.bisect_right(ranks, rank) :])


def _created(params: dict[str, Any]) -> Iterator[Test]:
    for name in ("created", "due_date"):
        wanted = params.get(name, {})
        bounds = {"gte": wanted, "lte": wanted} if isinstance(wanted, int) else wanted
        for word, bound in bounds.items():
            yield _within(name, word, bound)


def _within(name: str, word: str, bound: int) -> Test:
    return lambda thing: thing.get(name) is not None and COMPARE[word](thing[name], bound)


def _equal(name: str, text: str) -> Test:
    return lambda thing: thing.get(name) == text
