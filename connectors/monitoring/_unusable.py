"""What is wrong with a row, in sentences, and what becomes of a source that holds such rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.monitoring import BadRows
from connectors.monitoring._cells import Fault
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.period import zone

MOST_LISTED = 50
"""So many unusable rows are listed in full; the others are counted."""

MOST_QUOTED = 80
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
"""What contracts can name."""

REMEDY = "Mend or remove the row; a source with bad_rows: report counts its time as unknown."


def judged(
    findings: Sequence[Finding], *, unusable: int, path: str, bad_rows: BadRows
) -> tuple[Finding, ...]:
    """Refuse the source because of its unusable rows, or turn them into warnings.

    Args:
        findings: What is wrong with the first of them.
        unusable: How many there are in all.
        path: The source's file or pattern.
        bad_rows: What the source says about them.

    Raises:
        UnusableInputError: There are any, and the source does not report them.
    """
    if not unusable:
        return ()
    listed = (*findings, *_unlisted(findings, unusable, path))
    if bad_rows is BadRows.REFUSE:
        raise UnusableInputError(listed)
    return tuple(replace(finding, severity=Severity.WARNING) for finding in listed)


def _unlisted(findings: Sequence[Finding], unusable: int, path: str) -> Iterator[Finding]:
    more = unusable - len({finding.place for finding in findings})
    if more:
        yield Finding(
            place=path,
            fact=f"has {more:,} more unusable {'row' if more == 1 else 'rows'}",
            expected=f"rows that can be read; the first {MOST_LISTED} are listed",
            remedy="Mend those first, then read again to see the rest.",
        )


def quoted(text: str) -> str:
    """A cell as a finding shows it: short, and with its invisible signs escaped."""
    short = text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
    return f"is {short!r}" if text.strip() else "is empty"


def misfit_finding(place: str, fact: str) -> Finding:
    """A row has the wrong number of cells."""
    return Finding(
        place=place, fact=fact, expected="one cell for each column of the header", remedy=REMEDY
    )


def name_finding(place: str, column: str, text: str) -> Finding:
    """A cell can be no name."""
    return Finding(
        place=place,
        field=column,
        fact=quoted(text),
        expected="a name of at most 200 characters on one line",
        remedy=REMEDY,
    )


def state_finding(place: str, column: str, text: str) -> Finding:
    """A cell is no state."""
    return Finding(
        place=place,
        field=column,
        fact=quoted(text),
        expected="true, false, 1, 0, up, down or degraded",
        remedy=REMEDY,
    )


def time_finding(
    place: str, column: str, text: str, *, fault: Fault, time_zone: str | None
) -> Finding:
    """A cell is no instant."""
    fact, expected, remedy = {
        Fault.NAIVE: (
            ", without an offset",
            "a time with its offset, such as Z or +02:00",
            "Write the offset, or give the source a time_zone.",
        ),
        Fault.AMBIGUOUS: (
            f", which happens twice or never in {time_zone}",
            "a time with its offset where the clocks change",
            "Write the offset, such as +02:00.",
        ),
        Fault.IMPLAUSIBLE: ("", "a time from 1970 to 2199", REMEDY),
        Fault.NO_EPOCH: (
            "",
            "seconds, milli-, micro- or nanoseconds since 1970 of a time from 1990 to 2199",
            REMEDY,
        ),
    }.get(
        fault,
        ("", "an ISO 8601 time such as 2026-05-01T00:00:00Z, or seconds since 1970", REMEDY),
    )
    return Finding(
        place=place, field=column, fact=quoted(text) + fact, expected=expected, remedy=remedy
    )


def check_zone(time_zone: str, *, source: str) -> None:
    """Refuse a source's zone that does not exist.

    Raises:
        UnusableInputError: It is no IANA time zone.
    """
    try:
        zone(time_zone)
    except ValueError:
        raise refuse(
            source,
            f"is {time_zone!r}",
            field="time_zone",
            expected="an IANA time zone such as UTC or Europe/Berlin",
            remedy="Write the zone of the times that have no offset.",
        ) from None
