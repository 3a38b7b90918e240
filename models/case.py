"""One contract's month as a case: everything that it is decided on, and the decision.

A case is complete: decided twice, on any machine, it gives the same uptime and the same cents. Its
record names terms and evidence by digest, so that a recorded case can be laid out and replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

from models.bounds import UptimeBounds, uptime_bounds
from models.circumstances import NOTHING_ELSE, Circumstances, Past, past_of, past_record
from models.claims.deadline import Occasion
from models.clauses.stated import amounts_on, attributes_on
from models.contract import ContractVersion
from models.decision import digest_of
from models.determination import Determination, determine, replay_differences
from models.exclusion import ExclusionEvent, JudgedExclusion, apply_rules
from models.facts.outages import needs_outages, refine
from models.intervals import Interval
from models.ladder import Measured, floor_percent
from models.measurement import ClockStarts, WeightedBy
from models.outage import Timeline
from models.payload import CalculatorPayload
from models.payload_facts import annotated
from models.period import ServiceMonth, end_of_day
from models.service_period import ServicePeriod
from models.terms import JsonValue
from models.uptime import MonthlyUptime, counted_outages, measure_uptime, measured_month

DAY = timedelta(days=1)

REPORTS = "outages count from their reports, and none is recorded"
WEIGHTS = "outages count by whom they hit, and nothing is recorded of that"
NOTES_FOR = {
    (clock, weight): REPORTS if clock is ClockStarts.REPORT else WEIGHTS
    for clock in ClockStarts
    for weight in WeightedBy
    if clock is ClockStarts.REPORT or weight is WeightedBy.AFFECTED
}
"""What terms need of outages that no monitoring sees; without it the period is withheld."""

TOLD = {
    "role": "the role changed",
    "client": "the client's name changed",
    "service": "the service's name changed",
    "proof": "what is named as proof changed",
    "incidents": "the incidents behind the outages changed",
}
"""What people are told beside the figures, and the words for its change. No figure depends on it,
but a draft that would tell something else is another draft."""


@dataclass(frozen=True)
class Slice:
    """One probe's timeline, cut to a month: a piece of evidence under its own digest."""

    timeline: Timeline

    @property
    def record(self) -> JsonValue:
        """The timeline as canonical JSON values; made anew, because it may be long."""
        return self.timeline.to_record()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the record: its name in the evidence store."""
        return digest_of(self.record)


@dataclass(frozen=True)
class Case:
    """What a contract's month is decided on.

    Attributes:
        contract: `client/service`.
        service: The service's id, which exclusions may name.
        month: The service month.
        version: The terms in force.
        evidence: For each monitor of the contract its regions' timelines, cut to the month.
        events: Exclusion events that touch the month and the service.
        payload: Counts from a calculator in place of timelines; None when there are none.
        told: What people are told beside the figures, by the names in `TOLD`.
        earlier: The earlier periods that the terms look back at, the latest first; None in the
            place of one that was not decided.
        runs_from: First day of the contract, where it began within the period; None otherwise.
    """

    contract: str
    service: str
    month: ServiceMonth
    version: ContractVersion
    evidence: tuple[tuple[Slice, ...], ...]
    events: tuple[ExclusionEvent, ...] = ()
    payload: CalculatorPayload | None = None
    told: Mapping[str, JsonValue] = field(default_factory=dict)
    earlier: tuple[Past | None, ...] = ()
    runs_from: date | None = None

    @cached_property
    def period(self) -> ServicePeriod:
        """What the ladder judges: the month, or the longer period that it closes."""
        return self.version.credit.period.holding(self.month)

    @cached_property
    def bounds(self) -> Interval:
        """The service period in the contract's zone."""
        return self.period.bounds(self.version.time_zone)

    @property
    def active(self) -> Interval | None:
        """The part of the period whose downtime counts: the contract ran, and it is not credited.

        None stands for all of it.
        """
        version, start, end = self.version, self.bounds.start, self.bounds.end
        in_part = version.measurement.partial_period is not None
        if self.runs_from is not None:
            start = max(start, end_of_day(self.runs_from - DAY, version.time_zone))
        if version.ends_on is not None and in_part:
            end = min(end, end_of_day(version.ends_on, version.time_zone))
        used = version.credit.period.used_until(self.earlier, version.time_zone)
        start = start if used is None else max(start, used)
        whole = (start, end) == (self.bounds.start, self.bounds.end)
        return None if whole or start >= end else Interval(start, end)

    @property
    def circumstances(self) -> Circumstances:
        """What the contract states, and what was decided before."""
        version, first, payload = self.version, self.period.first, self.payload
        if not (version.attributes or version.amounts or self.earlier or payload):
            return NOTHING_ELSE
        stated = Circumstances(
            attributes=attributes_on(version.attributes, first),
            amounts=amounts_on(version.amounts, first),
            earlier=self.earlier,
        )
        if payload is None or not payload.beside:
            return stated
        step, paid_in = version.credit.period.months, version.billable
        return payload.circumstances(stated, self.month, step=step, currency=paid_in)

    @property
    def affected(self) -> Fraction:
        """The share of the billable amount that downtime touches, 0 to 1."""
        return Fraction(self.version.affected_percent) / 100

    @cached_property
    def record(self) -> Mapping[str, JsonValue]:
        """The inputs by digest; equal records mean equal decisions."""
        return {
            "month": str(self.month),
            "service": self.service,
            "terms": self.version.digest,
            "evidence": [[piece.digest for piece in regions] for regions in self.evidence],
            "exclusions": [event.model_dump(mode="json") for event in self.events],
            "payload": self.payload.model_dump(mode="json") if self.payload else None,
            "told": dict(self.told),
            **self._where_stated,
        }

    @property
    def _where_stated(self) -> dict[str, JsonValue]:
        """Inputs that only some terms have; others keep the record that they had before."""
        stated: dict[str, JsonValue] = {}
        if self.period.name != str(self.month):
            stated["period"] = self.period.name
        if self.earlier:
            stated["earlier"] = [past_record(past) for past in self.earlier]
        if self.runs_from is not None:
            stated["runs_from"] = self.runs_from.isoformat()
        return stated

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the record."""
        return digest_of(self.record)


@dataclass(frozen=True, slots=True)
class MeasuredCase:
    """A case with its measurement.

    Attributes:
        case: The inputs.
        uptime: The measurement; None when a calculator's payload stands in for it.
        bounds: Between which measurements it lies; None when there is no measurement.
        judged: Every exclusion event with why it counts or not.
        measured: What the ladder is asked about; None when withheld.
        withheld: Why nothing can be said; "" when something can.
    """

    case: Case
    uptime: MonthlyUptime | None
    judged: tuple[JudgedExclusion, ...]
    measured: Measured | None
    withheld: str
    bounds: UptimeBounds | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided case: the measurement and what the month earns.

    Attributes:
        measured: The measurement.
        determination: What it earns.
        outcomes: What the month earns at the worst and at the best end of its bounds; None where
            nothing is in doubt.
    """

    measured: MeasuredCase
    determination: Determination
    outcomes: tuple[Determination, Determination] | None = None

    @property
    def certain(self) -> bool:
        """Whether the month earns the same wherever between its bounds the uptime lies."""
        if self.outcomes is None:
            return True
        return len({_earned(outcome) for outcome in (*self.outcomes, self.determination)}) == 1

    @property
    def record(self) -> Mapping[str, JsonValue]:
        """The decision as the log keeps it: inputs, measurement, exclusions, calculation."""
        case = self.measured.case
        return {
            "inputs": case.record,
            "inputs_digest": case.digest,
            "uptime": uptime_record(self.measured.uptime) if self.measured.uptime else None,
            "bounds": bounds_record(self),
            "exclusions": [
                {
                    "id": judged.event.id,
                    "excluded_ms": judged.applied.length,
                    "reason": judged.reason,
                }
                for judged in self.measured.judged
            ],
            "determination": self.determination.to_record(),
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A decision without its inputs: what one process tells another that has the case already.

    Attributes:
        uptime: See `MeasuredCase`, as for the next four.
        judged: Every exclusion event with why it counts or not.
        measured: What the ladder was asked about.
        withheld: Why nothing can be said.
        bounds: Between which measurements it lies.
        determination: See `Decided`.
        outcomes: At both ends of the bounds.
    """

    uptime: MonthlyUptime | None
    judged: tuple[JudgedExclusion, ...]
    measured: Measured | None
    withheld: str
    bounds: UptimeBounds | None
    determination: Determination
    outcomes: tuple[Determination, Determination] | None

    def of(self, case: Case) -> Decided:
        """The decision of the case that it was found for."""
        measured = MeasuredCase(
            case, self.uptime, self.judged, self.measured, self.withheld, self.bounds
        )
        return Decided(measured, self.determination, self.outcomes)


def found_of(decided: Decided) -> Found:
    """A decision without its inputs; `Found.of` puts the two together again."""
    measured = decided.measured
    return Found(
        uptime=measured.uptime,
        judged=measured.judged,
        measured=measured.measured,
        withheld=measured.withheld,
        bounds=measured.bounds,
        determination=decided.determination,
        outcomes=decided.outcomes,
    )


def decide(case: Case) -> Decided:
    """Measure the month, apply the ladder, and say what is owed."""
    return apply_terms(measure_case(case))


@dataclass(slots=True)
class Measurements:
    """What was measured in a run: contracts that share evidence, month and terms share it too."""

    _known: dict[tuple[object, ...], tuple[Case, MonthlyUptime, UptimeBounds]] = field(
        default_factory=dict
    )

    def of(
        self, case: Case, judged: tuple[JudgedExclusion, ...]
    ) -> tuple[MonthlyUptime, UptimeBounds]:
        """The month's uptime and its bounds, given what the exclusions come to."""
        terms, month = case.version.measurement, case.bounds
        # By identity, which costs nothing; the case is kept so that no other takes its place.
        key = (id(case.evidence), month, terms, judged)
        if key not in self._known:
            self._known[key] = (case, *_measured_and_bounds(case, judged))
        _, uptime, bounds = self._known[key]
        return uptime, bounds


def _measured_and_bounds(
    case: Case, judged: tuple[JudgedExclusion, ...]
) -> tuple[MonthlyUptime, UptimeBounds]:
    monitors = [[piece.timeline for piece in regions] for regions in case.evidence]
    terms, month = case.version.measurement, case.bounds
    uptime = measure_uptime(monitors=monitors, month=month, terms=terms, exclusions=judged)
    bounds = uptime_bounds(
        monitors=monitors, month=month, terms=terms, exclusions=judged, measured=uptime
    )
    return uptime, bounds


def measure_case(case: Case, shared: Measurements | None = None) -> MeasuredCase:
    """The month's uptime, from timelines or from a calculator's counts.

    Args:
        case: The inputs.
        shared: What cases over the same evidence have measured; None measures anew.
    """
    if case.payload is not None and not case.payload.beside:
        return _counted_case(case, case.payload)
    judged = apply_rules(
        events=case.events,
        rules=case.version.exclusions,
        service_id=case.service,
        month=case.bounds,
    )
    uptime, bounds = (shared or Measurements()).of(case, judged)
    measured, withheld = asked_of(case, uptime)
    return MeasuredCase(case, uptime, judged, measured, withheld, bounds)


def _counted_case(case: Case, payload: CalculatorPayload) -> MeasuredCase:
    """A period that somebody else has counted."""
    version = case.version
    measured, withheld = payload.measured(
        time_zone=version.time_zone,
        affected=case.affected,
        period=version.credit.period,
        measurement=version.measurement,
        stated=case.circumstances,
        currency=version.billable,
        exclusion_mode=version.measurement.exclusion_mode,
    )
    return MeasuredCase(case, None, (), measured, withheld or _other_currency(case))


def asked_of(case: Case, uptime: MonthlyUptime) -> tuple[Measured | None, str]:
    """What the ladder is asked about a measured period, or None and why nothing can be asked."""
    version = case.version
    measured = measured_month(
        uptime, period=case.period, time_zone=version.time_zone, affected=case.affected
    )
    if measured is None:
        return None, uptime.withheld
    if case.active is not None or needs_outages(version.measurement):
        measured, withheld = _refined(case, uptime, measured)
        if measured is None:
            return None, withheld
    if case.payload is not None:
        measured = replace(measured, others=case.payload.measured_otherwise(measured))
    known = case.circumstances
    return measured if known is NOTHING_ELSE else replace(measured, circumstances=known), ""


def _refined(case: Case, uptime: MonthlyUptime, measured: Measured) -> tuple[Measured | None, str]:
    """The period by the rules that need single outages, with what people recorded of them."""
    terms, outages = case.version.measurement, counted_outages(uptime)
    notes = case.payload.notes if case.payload else ()
    if (
        outages
        and not notes
        and (lacking := NOTES_FOR.get((terms.clock_starts, terms.weighted_by)))
    ):
        return None, lacking
    found = refine(measured, annotated(outages, notes), terms, active=case.active)
    return found.measured, "" if found.measured else found.reasons[0]


def apply_terms(measured: MeasuredCase) -> Decided:
    """Ladder, cap and rounding, by the terms in force; also at both ends of the bounds."""
    determination, bounds = _determined(measured), measured.bounds
    if bounds is None or not bounds.doubtful:
        return Decided(measured, determination)
    worst, best = (_determined(_at_end(measured, end)) for end in (bounds.worst, bounds.best))
    return Decided(measured, determination, (worst, best))


def _at_end(measured: MeasuredCase, end: MonthlyUptime) -> MeasuredCase:
    case = measured.case
    month, withheld = asked_of(case, end)
    return replace(measured, uptime=end, measured=month, withheld=withheld)


def _determined(measured: MeasuredCase) -> Determination:
    version, payload = measured.case.version, measured.case.payload
    billed = payload.billable_amount if payload else None
    return determine(
        terms=version.credit,
        measured=measured.measured,
        withheld=measured.withheld,
        billable=version.billable_amount if billed is None else billed,
        currency=version.billable,
        month=measured.case.month,
        occasion=_occasion(measured),
    )


def _earned(outcome: Determination) -> tuple[str, str, bool]:
    """What an outcome comes to, for comparing."""
    return str(outcome.amount), str(outcome.days), bool(outcome.withheld)


def bounds_record(decided: Decided) -> JsonValue:
    """The bounds of the uptime and what the month earns at both ends; None without any doubt."""
    bounds = decided.measured.bounds
    if bounds is None or decided.outcomes is None:
        return None
    ends = zip(("worst", "best"), (bounds.worst, bounds.best), decided.outcomes, strict=True)
    return {
        "certain": decided.certain,
        "reasons": list(bounds.reasons),
        **{
            name: {
                "up_units": uptime.up_units,
                "measured_units": uptime.measured_units,
                "withheld": uptime.withheld,
                "tier": outcome.tier,
                "credit_amount": outcome.amount.text if outcome.amount else None,
            }
            for name, uptime, outcome in ends
        },
    }


def _occasion(measured: MeasuredCase) -> Occasion:
    """What the claim's deadlines count from."""
    case, uptime = measured.case, measured.uptime
    claim, version = case.version.credit.claim, case.version
    counted = (o.whole for o in uptime.outages.counting) if uptime else ()
    return replace(
        claim.occasion(case.month, time_zone=version.time_zone),
        outages=tuple(sorted(counted)),
        term_ends_on=version.ends_on,
    )


def uptime_record(uptime: MonthlyUptime) -> Mapping[str, JsonValue]:
    """A measurement as the log keeps it: whole numbers, and the sentences that explain them."""
    windows = uptime.windows
    return {
        "month": str(uptime.month),
        "down_ms": uptime.down.length,
        "excluded_ms": uptime.excluded.length,
        "unknown_ms": uptime.unknown.length,
        "silent_ms": uptime.silent_ms,
        "windows": windows
        and {
            "total": windows.total,
            "error": windows.error,
            "excluded": windows.excluded,
            "unknown": windows.unknown,
        },
        "up_units": uptime.up_units,
        "measured_units": uptime.measured_units,
        "outages": sum(1 for ms in uptime.outages.counted_ms if ms),
        "withheld": uptime.withheld,
        "reasons": list(uptime.reasons),
    }


def replay_faults(
    recorded: Mapping[str, JsonValue], replayed: Mapping[str, JsonValue]
) -> Iterator[str]:
    """Where the figures of two records of one decision differ.

    Sentences explain the figures and may be worded better by a later version; they are not
    compared.
    """
    for part in ("uptime", "bounds", "exclusions"):
        if _without_words(recorded.get(part)) != _without_words(replayed[part]):
            yield f"{part} comes out differently when replayed"
    recorded_answer = recorded.get("determination") or {}
    differences = replay_differences(recorded_answer, replayed["determination"])
    if differences:
        yield f"determination comes out differently when replayed: {'; '.join(differences)}"


def bounds_text(record: JsonValue, *, currency: str) -> Iterator[str]:
    """The recorded bounds in sentences; none where nothing is in doubt."""
    if record is None:
        return
    for name in ("worst", "best"):
        yield f"at {name} {_end_text(record[name], currency)}"
    yield from record["reasons"]
    yield "the credit is the same at both ends" if record["certain"] else "the doubt decides"


def _end_text(end: Mapping[str, JsonValue], currency: str) -> str:
    if end["withheld"]:
        return f"withheld: {end['withheld']}"
    uptime = floor_percent(Fraction(end["up_units"], end["measured_units"]))
    if end["credit_amount"] is None:
        return f"uptime is {uptime} %"
    return f"uptime is {uptime} %, which earns {end['credit_amount']} {currency}"


def _without_words(figures: JsonValue) -> JsonValue:
    """A measurement, or exclusions, without their sentences; that a month is withheld stays."""
    if isinstance(figures, list):
        return [_without_words(item) for item in figures]
    if not isinstance(figures, dict):
        return figures
    kept = {name: value for name, value in figures.items() if name not in {"reason", "reasons"}}
    return kept | ({"withheld": bool(kept["withheld"])} if "withheld" in kept else {})


def what_changed(before: Mapping[str, JsonValue] | None, case: Case) -> str:
    """Why a month is decided again, as words for its revision."""
    if before is None:
        return f"first decision for {case.month}"
    now = case.record
    words = {
        "terms": "the contract's terms changed",
        "evidence": "the monitoring evidence changed",
        "exclusions": "the recorded exclusions changed",
        "payload": "the calculator's payload changed",
        "period": "the service period changed",
        "earlier": "what was decided of earlier periods changed",
        "runs_from": "the first day of the contract changed",
    }
    changed = [says for name, says in words.items() if before.get(name) != now.get(name)]
    told = before.get("told", {})
    changed += [says for name, says in TOLD.items() if told.get(name) != case.told.get(name)]
    return " and ".join(changed) or "the inputs changed"


def lay_out(
    record: Mapping[str, JsonValue],
    *,
    contract: str,
    terms_of: Callable[[str], JsonValue],
    evidence_of: Callable[[str], JsonValue],
) -> Case:
    """The case that a record describes, with terms and evidence fetched by their digests.

    Raises:
        ValueError: Fetched terms or evidence do not have the digest that was recorded.
    """
    terms = terms_of(record["terms"])
    _same("terms", record["terms"], digest_of(terms))
    version = ContractVersion.model_validate(terms)
    evidence = tuple(
        tuple(_slice(digest, evidence_of(digest)) for digest in regions)
        for regions in record["evidence"]
    )
    payload = record["payload"]
    return Case(
        contract=contract,
        service=record["service"],
        month=ServiceMonth.parse(record["month"]),
        version=version,
        evidence=evidence,
        events=tuple(ExclusionEvent.model_validate(event) for event in record["exclusions"]),
        payload=CalculatorPayload.model_validate(payload) if payload else None,
        told=record["told"],
        earlier=tuple(past_of(past) for past in record.get("earlier", ())),
        runs_from=date.fromisoformat(record["runs_from"]) if "runs_from" in record else None,
    )


def _other_currency(case: Case) -> str:
    billed = case.payload.currency if case.payload else None
    if billed in {None, case.version.currency}:
        return ""
    return f"the payload is billed in {billed}, the contract in {case.version.currency}"


def _slice(digest: str, body: JsonValue) -> Slice:
    _same("evidence", digest, digest_of(body))
    return Slice(Timeline.from_record(body))


def _same(what: str, recorded: str, found: str) -> None:
    if recorded != found:
        message = f"stored {what} {recorded[:12]} has the digest {found[:12]}; it was altered"
        raise ValueError(message)
