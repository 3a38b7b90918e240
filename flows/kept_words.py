"""What people are told about kept evidence: that it was altered, or is told differently now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.findings import Finding, Severity, UnusableInputError, refuse

MOST_TOLD = 10


def altered(source: str, fact: str) -> UnusableInputError:
    """The refusal of kept evidence that is not as it was written."""
    return refuse(
        f"database, evidence of {source}",
        fact,
        expected="kept evidence as it was written, under its digest",
        remedy="Put the database back from a copy; where the files are still there, a new database "
        "reads them again.",
    )


def too_coarse(source: str, fact: str) -> UnusableInputError:
    """The refusal to tell of shorter silences than are kept."""
    return refuse(
        f"database, evidence of {source}",
        fact,
        expected="states that are stale no sooner than the kept evidence tells, or the files",
        remedy="Bring the files back, which tell of shorter silences, or raise "
        "stale_after_minutes of the contracts that ask for them.",
    )


def restated(source: str, by_month: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """One word for each UTC month of which monitors' evidence changed after it was kept."""
    for month, monitors in sorted(by_month.items()):
        named = ", ".join(monitors[:MOST_TOLD])
        more = "" if len(monitors) <= MOST_TOLD else f" and {len(monitors) - MOST_TOLD} more"
        yield Finding(
            place=source,
            fact=f"tells {month} (UTC) differently than before, of {named}{more}",
            expected="evidence that stays as it was kept",
            remedy=f"Run {month} again: what it changes becomes a new revision for a person to "
            "release; what was released stays.",
            severity=Severity.WARNING,
        )
