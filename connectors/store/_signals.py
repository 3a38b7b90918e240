"""What webhooks told: each event once, in the order in which it became visible; guards' memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, RowMapping, func, insert, select, tuple_, update

from connectors.store import Arrival, KeptGuard, Quarantined
from connectors.store._chains import in_portions
from connectors.store._rows import GUARD, SIGNAL, parsed
from models.decision import canonical
from models.incidents.signal import Condition, Heard, Signal

Name = tuple[str, str]
"""A source and the event's id."""


def add(connection: Connection, now: int, arrivals: Sequence[Arrival]) -> tuple[bool, ...]:
    """Store what is new of some arrivals; whether each of them was."""
    known = _known(connection, {(one.source, one.id) for one in arrivals})
    number = int(connection.execute(select(func.max(SIGNAL.c.number))).scalar() or 0)
    rows: list[Mapping[str, object]] = []
    new: list[bool] = []
    for arrival in arrivals:
        name = (arrival.source, arrival.id)
        new.append(name not in known)
        if name not in known:
            known.add(name)
            rows.append(_row(number + len(rows) + 1, arrival, now))
    if rows:
        connection.execute(insert(SIGNAL), rows)
    return tuple(new)


def _known(connection: Connection, names: set[Name]) -> set[Name]:
    found: set[Name] = set()
    place = tuple_(SIGNAL.c.source, SIGNAL.c.event_id)
    for portion in in_portions(sorted(names)):
        query = select(SIGNAL.c.source, SIGNAL.c.event_id).where(place.in_(portion))
        found.update((source, event) for source, event in connection.execute(query))
    return found


def _row(number: int, arrival: Arrival, now: int) -> Mapping[str, object]:
    told = arrival.signal
    return {
        "number": number,
        "source": arrival.source,
        "event_id": arrival.id,
        "monitor": told.monitor if told else None,
        "region": told.region if told else None,
        "condition": told.condition.value if told else None,
        "at": told.at if told else None,
        "duration_ms": told.duration_ms if told else None,
        "event": told.event if told else None,
        "received_at": now,
        "body": arrival.body,
        "quarantined": arrival.quarantined or None,
    }


def heard(connection: Connection, sources: Sequence[str], after: int, most: int) -> Iterator[Heard]:
    """The usable events of some sources after a number, rising, at most so many."""
    query = (
        select(SIGNAL)
        .where(SIGNAL.c.number > after, SIGNAL.c.source.in_(sources))
        .where(SIGNAL.c.quarantined.is_(None))
        .order_by(SIGNAL.c.number)
        .limit(most)
    )
    for row in connection.execute(query).mappings():
        yield Heard(row["number"], _signal(row), row["received_at"])


def _signal(row: RowMapping) -> Signal:
    return Signal(
        source=row["source"],
        monitor=row["monitor"],
        condition=Condition(row["condition"]),
        at=row["at"],
        region=row["region"],
        duration_ms=row["duration_ms"],
        event=row["event"],
    )


def quarantined(connection: Connection, most: int) -> Iterator[Quarantined]:
    """What could not be used, the latest first, at most so many."""
    query = select(SIGNAL).where(SIGNAL.c.quarantined.is_not(None))
    for row in connection.execute(query.order_by(SIGNAL.c.number.desc()).limit(most)).mappings():
        yield Quarantined(
            row["number"], row["source"], row["quarantined"], row["body"], row["received_at"]
        )


def guard(connection: Connection, service: str) -> KeptGuard | None:
    """What the guard of a service remembers; None before it was kept."""
    found = connection.execute(select(GUARD).where(GUARD.c.service == service)).mappings().first()
    if found is None:
        return None
    return KeptGuard(service, found["version"], found["heard"], parsed(found["body"]))


def keep_guard(connection: Connection, now: int, kept: KeptGuard) -> bool:
    """Keep what a guard remembers, as the version after the one that was read; whether it was."""
    values = {"heard": kept.heard, "body": canonical(kept.body), "kept_at": now}
    values["version"] = kept.version + 1
    standing = guard(connection, kept.service)
    if (standing.version if standing else 0) != kept.version:
        return False
    if standing is None:
        connection.execute(insert(GUARD), [{"service": kept.service, **values}])
    else:
        connection.execute(update(GUARD).where(GUARD.c.service == kept.service).values(values))
    return True
