"""What a claim says to the vendor: the facts that vendors ask for, in the order in which they read.

The words around them are a template's; here is what they are about. Times are in UTC, durations and
percentages as they were measured, and nothing is said that is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from models.case import Case, Decided
from models.claims.standing import Claim
from models.intervals import Interval, IntervalSet, utc
from models.measurement import DegradedCounts
from models.outage import State, Timeline
from models.printing import duration_text
from models.terms import JsonValue, plain
from models.uptime import MonthlyUptime, Outage

MOST_LINES = 60
"""Outages, and probe results, that are written out; the rest is counted."""

CALCULATION = frozenset(
    {"uptime", "ladder", "base", "days", "cap", "amount", "rounding", "minimum_payout"}
)
"""The steps of a decision that explain the credit."""

SUBJECT = "SLA Credit Request"
"""What AWS and those who follow it want in the subject of a claim; no vendor minds it."""

NO_ACCOUNT = "(write your account here: claim.account in the contract)"


@dataclass(frozen=True, slots=True)
class Listed:
    """Lines of one kind, and how many more there are."""

    lines: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class ClaimText:
    """A claim, ready to be put into words.

    Attributes:
        subject: One line: what is asked for, of which service and month.
        key: Our reference.
        vendor: Whom it is for.
        month: The month in words, such as `2026-05`.
        facts: Labels and values, in reading order.
        outages: Each outage that counted.
        probes: What each probe saw of them.
        calculation: How the credit follows from the terms.
        evidence: Links, incident ids and other proof.
        enclosed: Whether the measurement is ours alone, so that records can be asked of us.
    """

    subject: str
    key: str
    vendor: str
    month: str
    facts: tuple[tuple[str, str], ...]
    outages: Listed
    probes: Listed
    calculation: tuple[str, ...]
    evidence: tuple[str, ...]
    enclosed: bool


def claim_text(claim: Claim, decided: Decided) -> ClaimText:
    """What is to be said to the vendor.

    Args:
        claim: The claim as it stands; not withheld.
        decided: The decision behind it, decided again from its records.
    """
    uptime = decided.measured.uptime
    counted = uptime.outages.counting if uptime else ()
    steps = decided.determination.steps
    return ClaimText(
        subject=_subject(claim),
        key=claim.obligation,
        vendor=claim.vendor,
        month=str(claim.month),
        facts=tuple(_facts(claim, counted)),
        outages=_cut([_outage_line(outage) for outage in counted]),
        probes=_cut([*_probe_lines(decided.measured.case, counted)]),
        calculation=tuple(step.says for step in steps if step.name in CALCULATION),
        evidence=tuple(_evidence(claim.facts)),
        enclosed=uptime is not None,
    )


def early_text(claim: Claim, case: Case, uptime: MonthlyUptime) -> ClaimText:
    """What is to be said of a month that is not over, to a vendor that does not wait for its end.

    Args:
        claim: The claim as it stands; its amount is not known.
        case: What was observed so far.
        uptime: What that comes to; more downtime than the whole month may have.
    """
    counted = uptime.outages.counting
    return ClaimText(
        subject=_subject(claim),
        key=claim.obligation,
        vendor=claim.vendor,
        month=str(claim.month),
        facts=tuple(_early_facts(claim, case, counted)),
        outages=_cut([_outage_line(outage) for outage in counted]),
        probes=_cut([*_probe_lines(case, counted)]),
        calculation=(),
        evidence=(),
        enclosed=True,
    )


def _early_facts(claim: Claim, case: Case, counted: Sequence[Outage]) -> Iterator[tuple[str, str]]:
    yield from _parties(claim)
    yield "Uptime promised", f"{plain(case.version.credit.ladder.commitment_percent)} %"
    yield "Downtime so far", f"{_length(_counted_ms(counted))} in {_outages(len(counted))}"
    yield "Credit requested", "what the agreement grants; its amount follows with the month's end"
    yield from _in_time(claim)


def _subject(claim: Claim) -> str:
    account = f" (account {claim.terms.account})" if claim.terms.account else ""
    return f"{claim.terms.subject or SUBJECT}: {claim.service}, {claim.month}{account}"


def _facts(claim: Claim, counted: Sequence[Outage]) -> Iterator[tuple[str, str]]:
    facts = claim.facts
    yield from _parties(claim)
    yield "Uptime promised", f"{facts['commitment_percent']} %"
    if facts["uptime_percent"]:
        yield "Uptime measured", f"{facts['uptime_percent']} % (rounded down)"
    if counted:
        yield "Downtime", f"{_length(_counted_ms(counted))} in {_outages(len(counted))}"
    elif facts["windows"]:
        windows = facts["windows"]
        yield "Failed windows", f"{windows['failed']} of {windows['total']}"
    if facts["tier"]:
        yield "Tier", f"{facts['tier']} (in percent)"
    yield "Credit requested", _credit(claim)
    yield from _in_time(claim)


def _parties(claim: Claim) -> Iterator[tuple[str, str]]:
    """What it is about: service, account, region, agreement and month."""
    terms, bounds = claim.terms, claim.month.bounds(claim.time_zone)
    yield "Service", claim.service
    yield "Account", terms.account or NO_ACCOUNT
    if terms.region:
        yield "Region", terms.region
    if terms.source:
        yield "Agreement", terms.source
    yield "Service month", f"{claim.month} in {claim.time_zone}: {stretch_text(bounds)}"


def _in_time(claim: Claim) -> Iterator[tuple[str, str]]:
    if (due := claim.claim_due) is not None:
        yield "To be filed", f"{due.says} ({claim.time_zone}), {due.rule}"


def _credit(claim: Claim) -> str:
    facts = claim.facts
    if claim.owed is None:
        return claim.worth
    if not facts["credit_percent"] or claim.owed.minor < 0:
        return str(claim.owed)
    share = f"{facts['credit_percent']} % of {facts['billable_amount']} {facts['currency']}"
    return f"{claim.owed} ({share}{', the cap' if facts['capped'] else ''})"


def _outages(count: int) -> str:
    return f"{count} outage{'' if count == 1 else 's'}"


def _counted_ms(counted: Sequence[Outage]) -> int:
    return sum(outage.counted_ms for outage in counted)


def _outage_line(outage: Outage) -> str:
    whole = outage.whole
    counted = "" if outage.counted_ms == whole.length else f", {_length(outage.counted_ms)} counted"
    return f"{stretch_text(whole)}, {_length(whole.length)}{counted}"


def _probe_lines(case: Case, counted: Sequence[Outage]) -> Iterator[str]:
    """When each probe saw the service down, inside the outages that counted."""
    states = {State.DOWN}
    if case.version.measurement.degraded is DegradedCounts.DOWN:
        states.add(State.DEGRADED)
    within = IntervalSet.of(outage.whole for outage in counted)
    for regions in case.evidence:
        for piece in regions:
            timeline = piece.timeline
            for seen in _seen(timeline, states) & within:
                yield f"{_probe(timeline)}: down {stretch_text(seen)}"


def _probe(timeline: Timeline) -> str:
    return f"{timeline.monitor} from {timeline.region}" if timeline.region else timeline.monitor


def _seen(timeline: Timeline, states: set[State]) -> IntervalSet:
    ends = (timeline.known_until or 0, State.UNKNOWN)
    return IntervalSet.of(
        (at, until)
        for (at, state), (until, _) in pairwise([*timeline.changes, ends])
        if state in states and at < until
    )


def _evidence(facts: JsonValue) -> Iterator[str]:
    yield from facts["evidence"]
    yield from facts["proof"]
    yield from (f"incident {incident}" for incident in facts["incidents"])


def _cut(lines: list[str]) -> Listed:
    return Listed(tuple(lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES))


def _length(milliseconds: int) -> str:
    return duration_text(Fraction(milliseconds, 1000))


def stretch_text(stretch: Interval) -> str:
    """From and to in UTC, to the second; the date of the end only where it is another one.

    >>> stretch_text(Interval(0, 90_000))
    '1970-01-01 00:00:00 to 00:01:30 UTC'
    """
    start, end = utc(stretch.start), utc(stretch.end)
    ends = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f"{start:%Y-%m-%d %H:%M:%S} to {ends} UTC"
