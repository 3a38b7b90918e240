"""`makegood exclusions`: what is announced, and since when that is proven."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from deployments.cli.documents import ExclusionsDocument, KnownExclusionDocument
from deployments.cli.exits import Exit
from deployments.cli.options import DryRun, Json, Workspace
from deployments.cli.printing import counted, print_json, table, write
from flows.exclusions import Announcements, look_ahead
from flows.office import open_office
from models.exclusion import ExclusionEvent
from models.intervals import instant, utc_text

HERE = Path()


def exclusions(*, workspace: Workspace = HERE, dry_run: DryRun = False, json: Json = False) -> int:
    """Look at announced exclusions; record when each was first seen.

    Where a contract asks for notice, what Makegood saw in time is proof, and what a calendar says
    of its own age is not. So run it daily: it looks 100 days ahead, and at every file of
    exclusions. An entry that is moved or lengthened is announced anew.
    """
    now = instant(datetime.now(tz=UTC))
    with open_office(workspace, read_only=dry_run) as office:
        ahead = look_ahead(office, now=now, read_only=dry_run)
    document = ExclusionsDocument(
        dry_run=dry_run,
        new=ahead.new,
        exclusions=[_known(event, ahead.known) for event in ahead.coming],
    )
    print_json(document) if json else _show(document)
    return Exit.DONE


def _known(event: ExclusionEvent, known: Announcements) -> KnownExclusionDocument:
    seen_at = known.seen_at.get(event.id)
    announced_at = event.announced_at
    return KnownExclusionDocument(
        id=event.id,
        kind=event.kind.value,
        start=utc_text(event.interval.start),
        end=utc_text(event.interval.end),
        reason=event.reason,
        author=event.author,
        services=list(event.services),
        regions=list(event.regions),
        proof=known.proofs[event.id].value,
        announced_at=None if announced_at is None else utc_text(instant(announced_at)),
        seen_at=None if seen_at is None else utc_text(seen_at),
    )


def _show(document: ExclusionsDocument) -> None:
    listed = document["exclusions"]
    if listed:
        headings = ("Start (UTC)", "End (UTC)", "Reason", "Announced", "By", "Id")
        table("", headings, [_row(one) for one in listed])
    recorded = counted(document["new"], "change")
    did = "nothing was recorded" if document["dry_run"] else f"{recorded} recorded"
    write(f"{counted(len(listed), 'exclusion')} ahead or running, {did}.")


def _row(one: KnownExclusionDocument) -> Sequence[str]:
    return (
        _short(one["start"]),
        _short(one["end"]),
        one["reason"],
        _short(one["announced_at"]),
        one["proof"] if one["announced_at"] else "",
        one["id"],
    )


def _short(time: str | None) -> str:
    """A time to the minute: `2026-05-01 00:00`."""
    return "not proven" if time is None else time[:16].replace("T", " ")
