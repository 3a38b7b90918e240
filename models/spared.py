"""What each exclusion comes to: minutes taken out of the month and its downtime, and money.

An exclusion's effect is what the month would be without it, all others as they are. Effects of
exclusions that overlap do not add up, so the month without any of them is told beside. This stands
after the decision and changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.case import Case, Decided, MeasuredCase, apply_terms, asked_of
from models.determination import Determination
from models.exclusion import JudgedExclusion
from models.intervals import IntervalSet
from models.printing import duration_text
from models.tally import seconds, union
from models.terms import JsonValue
from models.uptime import MonthlyUptime, measure_uptime

ALL = ""
"""The name of the record that tells of the month without any exclusion."""


Shared = dict[tuple[object, ...], tuple[Case, MonthlyUptime]]
"""Months as they would be; contracts that share evidence, month and terms share these too."""


def effect_records(decided: Decided, shared: Shared | None = None) -> list[JsonValue]:
    """What each exclusion that counts comes to, and, where there are several, all of them.

    Empty where none counts. Amounts are null where the month would be withheld.

    Args:
        decided: The month.
        shared: What decisions over the same evidence have measured; None measures anew.
    """
    measured = {} if shared is None else shared
    case = decided.measured
    counting = [judged for judged in case.judged if judged.applied]
    if case.uptime is None or not counting:
        return []
    if not _may_matter(case.uptime):
        return [_record(judged.event.id, judged.applied.length, 0, decided) for judged in counting]
    records = [
        _without(
            decided, judged.event.id, judged.applied, [o for o in counting if o != judged], measured
        )
        for judged in counting
    ]
    if len(records) == 1:
        return records
    taken = union([judged.applied for judged in counting])
    return [*records, _without(decided, ALL, taken, [], measured)]


def _may_matter(uptime: MonthlyUptime) -> bool:
    """Whether anything but up time was seen: without that, no exclusion can change the month."""
    return bool(uptime.outages or uptime.unknown or uptime.silent_ms or uptime.withheld)


def _without(
    decided: Decided,
    name: str,
    taken: IntervalSet,
    kept: Sequence[JudgedExclusion],
    shared: Shared,
) -> JsonValue:
    """The month as it would be if this time were not taken out of it."""
    otherwise = _measured_with(decided.measured, tuple(kept), shared)
    now, then = decided.measured.uptime, otherwise.uptime
    spared = 0 if now is None or then is None else then.down.length - now.down.length
    return _record(name, taken.length, spared, apply_terms(otherwise))


def _measured_with(
    measured: MeasuredCase, kept: tuple[JudgedExclusion, ...], shared: Shared
) -> MeasuredCase:
    case = measured.case
    # By identity, which costs nothing; the case is kept so that no other takes its place.
    key = (id(case.evidence), case.bounds, case.version.measurement, kept)
    if key not in shared:
        shared[key] = (case, _uptime_with(case, kept))
    _, uptime = shared[key]
    month, withheld = asked_of(case, uptime)
    return replace(
        measured,
        uptime=uptime,
        judged=kept,
        measured=month,
        withheld=withheld,
        bounds=None,
    )


def _uptime_with(case: Case, kept: tuple[JudgedExclusion, ...]) -> MonthlyUptime:
    return measure_uptime(
        monitors=[[piece.timeline for piece in regions] for regions in case.evidence],
        month=case.bounds,
        terms=case.version.measurement,
        exclusions=kept,
    )


def _record(name: str, taken: int, spared: int, without: Decided) -> JsonValue:
    answer: Determination = without.determination
    return {
        "id": name,
        "taken_ms": taken,
        "spared_ms": spared,
        "credit_amount_without": answer.amount.text if answer.amount else None,
        "withheld_without": bool(answer.withheld),
    }


def effect_text(record: Mapping[str, JsonValue], *, credit: str | None, currency: str) -> str:
    """A recorded effect as a sentence.

    Args:
        record: As `effect_records` made it.
        credit: The month's credit as decided; None where it is withheld.
        currency: The credit's currency.
    """
    taken, spared = (_spelled(record[name]) for name in ("taken_ms", "spared_ms"))
    subject = f"{record['id']} takes" if record["id"] else "all exclusions together take"
    without = record["credit_amount_without"]
    return (
        f"{subject} {taken} out of the month and {spared} out of its downtime: the credit is "
        f"{_money(credit, currency)}, and {_money(without, currency)} without"
    )


def _money(amount: str | None, currency: str) -> str:
    return "withheld" if amount is None else f"{amount} {currency}"


def _spelled(milliseconds: int) -> str:
    return duration_text(seconds(milliseconds)) if milliseconds else "nothing"
