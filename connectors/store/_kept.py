"""Kept months: artifacts written once, and an index that only grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, and_, func, insert, select

from connectors.store._chains import in_portions
from connectors.store._rows import ARTIFACT, KEPT_MONTH, KEPT_READING, parsed
from models.artifacts import Artifact, ArtifactKind, KeptMonth, KeptReading
from models.decision import canonical

Name = tuple[str, str]
"""A monitor and a month."""


def reading(connection: Connection, source: str, rule: str) -> KeptReading | None:
    """The latest reading of a source under a rule."""
    table = KEPT_READING
    query = select(table.c.body).where(table.c.source == source, table.c.rule == rule)
    body = connection.execute(query.order_by(table.c.number.desc()).limit(1)).scalar()
    return None if body is None else KeptReading(source, rule, parsed(body))


def months(connection: Connection, source: str, rule: str) -> Iterator[KeptMonth]:
    """The latest version of every month, by monitor and month."""
    table = KEPT_MONTH
    mine = and_(table.c.source == source, table.c.rule == rule)
    latest = (
        select(table.c.monitor, table.c.month, func.max(table.c.version).label("version"))
        .where(mine)
        .group_by(table.c.monitor, table.c.month)
        .subquery()
    )
    same = and_(
        table.c.monitor == latest.c.monitor,
        table.c.month == latest.c.month,
        table.c.version == latest.c.version,
    )
    query = select(table).join(latest, same).where(mine)
    for row in connection.execute(query.order_by(table.c.monitor, table.c.month)).mappings():
        yield KeptMonth(**{name: row[name] for name in KeptMonth.__slots__})


def artifacts(connection: Connection, digests: Sequence[str]) -> Iterator[Artifact]:
    """The artifacts under these digests."""
    for portion in in_portions(sorted(set(digests))):
        query = select(ARTIFACT).where(ARTIFACT.c.digest.in_(portion))
        for row in connection.execute(query).mappings():
            kind, body = ArtifactKind(row["kind"]), bytes(row["body"])
            yield Artifact(row["digest"], kind, row["monitor"], row["month"], body)


def keep(
    connection: Connection,
    now: int,
    read: KeptReading,
    found: Iterable[KeptMonth],
    contents: Sequence[Artifact],
) -> tuple[KeptMonth, ...]:
    """Add a reading, and versions of the months that it changes; answer with these."""
    number = _next_number(connection, read)
    known = {_name(month): month for month in months(connection, read.source, read.rule)}
    changed = tuple(_versions(known, found))
    _add_artifacts(connection, changed, contents)
    row = {"source": read.source, "rule": read.rule, "number": number, "read_at": now}
    connection.execute(insert(KEPT_READING), [{**row, "body": canonical(dict(read.body))}])
    rows = [
        {**{name: getattr(month, name) for name in KeptMonth.__slots__}, "reading": number}
        for month in changed
    ]
    if rows:
        connection.execute(insert(KEPT_MONTH), rows)
    return changed


def _next_number(connection: Connection, read: KeptReading) -> int:
    table = KEPT_READING
    query = select(func.max(table.c.number)).where(
        table.c.source == read.source, table.c.rule == read.rule
    )
    return int(connection.execute(query).scalar() or 0) + 1


def _name(month: KeptMonth) -> Name:
    return month.monitor, month.month


def _versions(known: dict[Name, KeptMonth], found: Iterable[KeptMonth]) -> Iterator[KeptMonth]:
    for month in found:
        before = known.get(_name(month))
        if before is None:
            yield month
        elif (before.runs, before.minutes) != (month.runs, month.minutes):
            yield KeptMonth(
                source=month.source,
                rule=month.rule,
                monitor=month.monitor,
                month=month.month,
                version=before.version + 1,
                floor_ms=month.floor_ms,
                runs=month.runs,
                minutes=month.minutes,
            )


def _add_artifacts(
    connection: Connection, changed: Sequence[KeptMonth], contents: Sequence[Artifact]
) -> None:
    needed = {digest for month in changed for digest in (month.runs, month.minutes)}
    new = {content.digest: content for content in contents if content.digest in needed}
    for portion in in_portions(sorted(new)):
        query = select(ARTIFACT.c.digest).where(ARTIFACT.c.digest.in_(portion))
        for digest in connection.execute(query).scalars().all():
            del new[digest]
    rows = [
        {
            "digest": content.digest,
            "kind": content.kind.value,
            "monitor": content.monitor,
            "month": content.month,
            "body": content.body,
        }
        for content in new.values()
    ]
    if rows:
        connection.execute(insert(ARTIFACT), rows)
