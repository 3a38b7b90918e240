"""One month's run: its steps, each harmless when repeated, and the report of what they did.

The steps are plain functions of a `MonthRun`; `flows.month_end` wraps them in Prefect tasks, and
`run_directly` calls them as they are. A run holds evidence in memory between steps; everything that
must survive it is in the store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Generic, Protocol, TypeVar

from connectors.monitoring import EvidenceLink, Reading, Wanted
from connectors.store import (
    ContractChange,
    ContractHistory,
    NewObligation,
    ShardBatch,
    StoredObligation,
    TermsRecord,
)
from connectors.store import Evidence as StoredEvidence
from flows.binding import check_account
from flows.bookkeeping import ledger_facts, named_as_proof, write_rows
from flows.collecting import rarely_collected
from flows.effects import Settlement
from flows.evidence import Evidence
from flows.exclusions import (
    Announcements,
    announcement_records,
    announcements,
    asked_span,
    told_by_all,
    unproven_notice,
)
from flows.incident_money import published_links
from flows.keeping import read_source
from flows.ledger_reading import note_edits
from flows.log import note, note_detail, watcher
from flows.lookback import look_back
from flows.mailing import (
    send_release_request,
    send_summary,
    send_waiting,
    write_previews,
)
from flows.mirroring import Mirrored, mirror_rows
from flows.notices import needs_person, needs_release, run_done, send_notices
from flows.office import Office, open_office
from flows.paying import Question, asked_about, in_words, pay_released
from flows.planning import Governed, MonthPlan, plan_month
from flows.questions import open_questions
from flows.release import Batch, Ruled, release_by_rule, waiting_batch
from models.case import (
    Case,
    Decided,
    Found,
    MeasuredCase,
    Measurements,
    apply_terms,
    found_of,
    measure_case,
    replay_faults,
    what_changed,
)
from models.circumstances import Past
from models.contract import ContractVersion, Role
from models.credit import Obligation, ObligationState, Revision, revise
from models.decision import EntryKind
from models.exclusion import ExclusionEvent
from models.intervals import Interval, instant
from models.measurement import Duplicates
from models.money import Money
from models.period import ServiceMonth
from models.printing import number_text
from models.spared import Shared, effect_records
from models.terms import JsonValue

Item = TypeVar("Item")

MOST_NOTED = 20
"""Decisions that go into the run's log one by one, shared out among its shards, and one of each at
least; at DEBUG all of them do, and the decision log holds them anyway."""


class Part(StrEnum):
    """What of a month an operator has done again."""

    ALL = "everything"
    DECIDE = "measure and decide"
    LEDGER = "write the ledgers"
    PAY = "pay what is released"
    MAIL = "send what waits, previews and summary"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found and did for one contract.

    Attributes:
        governed: The contract and the version in force.
        decided: The decision.
        change: What it changed: the revision; None when the same inputs were decided before.
        standing: The latest obligation that is not superseded; None when nothing is owed.
        says: The change in words.
        stays_closed: Whether it would have changed a closed month, which nobody has reopened.
    """

    governed: Governed
    decided: Decided
    change: Revision | None
    standing: Obligation | None
    says: str
    stays_closed: bool = False

    @property
    def withheld(self) -> str:
        """Why a person must look before anything is owed; "" when nobody must."""
        if self.standing is None or self.standing.state is not ObligationState.WITHHELD:
            return ""
        return self.standing.reason


@dataclass(frozen=True, slots=True)
class SourceRead:
    """One reading of one source under one rule about conflicting duplicates."""

    source: str
    better_wins: bool


class MonthRun:
    """A month's run in progress.

    It is no dataclass on purpose: Prefect walks through every field of the dataclasses that a task
    is given or a flow returns, and this one holds the month of ten thousand contracts.

    Attributes:
        office: Everything that the run talks to.
        plan: The contracts and shards.
        dry_run: Decide and report, write nothing.
        notify: Whether any mail is sent and any notice posted.
        by_rule: Whether the contracts' own rules may release drafts.
        reopen: Why closed months are decided again; "" for leaving them as they are, with a
            question; None where whoever runs it has said by that alone that they shall be.
        readings: What each source said.
        later: What is to be remembered of them once the run is not refused any more.
        announced: What may be excluded, with the announcements that count.
        published: Incidents that readers were told of, by service; None until somebody asks.
        measured: Each shard's measured cases.
        cases: What each shard is decided on.
        decided: Each shard's decided cases, where another process has decided them.
        measurements: What contracts share of them.
        without_exclusions: What they share of the months as they would be without exclusions.
        recorded_evidence: Digests of the evidence that its shards have recorded.
        outcomes: Each shard's outcomes.
        released: What rules let go in this run.
        payments: What became of payments in this run.
        asked: What people are asked about the month's payments.
        questions: What else a person must settle beside withheld months, once the run is over.
        mirrored: What became of the rows of each ledger that is written row by row.
    """

    def __init__(
        self,
        office: Office,
        plan: MonthPlan,
        *,
        dry_run: bool = False,
        notify: bool = True,
        by_rule: bool = True,
        reopen: str | None = None,
    ) -> None:
        """Begin with nothing read and nothing decided."""
        self.office = office
        self.plan = plan
        self.dry_run = dry_run
        self.notify = notify
        self.by_rule = by_rule
        self.reopen = reopen
        self.readings: dict[SourceRead, Reading] = {}
        self.later: deque[Callable[[], object]] = deque()
        self.announced = Announcements()
        self.published: Mapping[str, tuple[EvidenceLink, ...]] | None = None
        self.measured: dict[int, tuple[MeasuredCase, ...]] = {}
        self.cases: dict[int, tuple[Case, ...]] = {}
        self.decided: dict[int, tuple[Decided, ...]] = {}
        self.measurements = Measurements()
        self.without_exclusions: Shared = {}
        self.recorded_evidence: set[str] = set()
        self.outcomes: dict[int, tuple[Outcome, ...]] = {}
        self.released: tuple[StoredObligation, ...] = ()
        self.payments = Settlement()
        self.asked: tuple[Question, ...] = ()
        self.questions: tuple[str, ...] = ()
        self.mirrored: Mapping[str, Mirrored] = {}
        self._evidence: dict[bool, Evidence] = {}

    @property
    def period(self) -> str:
        """The month as keys write it."""
        return str(self.plan.month)

    @property
    def shard_numbers(self) -> range:
        """One number for each shard of the plan."""
        return range(len(self.plan.shards))

    @property
    def reads(self) -> tuple[SourceRead, ...]:
        """Every source, once for each rule about conflicting duplicates that is in force."""
        rules = sorted({better_wins(governed) for governed in self.plan.governed})
        return tuple(SourceRead(source, rule) for source in self.office.sources for rule in rules)

    def evidence(self, governed: Governed) -> Evidence:
        """What all sources said, by the contract's rule about conflicting duplicates."""
        rule = better_wins(governed)
        if rule not in self._evidence:
            readings = {
                r.source: found for r, found in self.readings.items() if r.better_wins == rule
            }
            signals = {source.id: source.signal_of for source in self.office.workspace.sources}
            self._evidence[rule] = Evidence.join(readings, signals)
        return self._evidence[rule]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is worth a look, such as rows that could not be used; each once."""
        readings = self.readings.values()
        found = [str(f) for reading in readings for f in reading.facts.findings]
        found += [
            f"{outcome.governed.contract.id}: {says}"
            for outcome in self.report
            for says in self.unproven(outcome)
        ]
        return tuple(dict.fromkeys(found))

    def unproven(self, outcome: Outcome) -> tuple[str, ...]:
        """What a contract's credit rests on and nobody can prove."""
        return tuple(unproven_notice(self.announced, outcome.decided, self.without_exclusions))

    @property
    def report(self) -> tuple[Outcome, ...]:
        """Every contract's outcome, by contract id."""
        everything = [outcome for shard in self.outcomes.values() for outcome in shard]
        return tuple(sorted(everything, key=lambda outcome: outcome.governed.contract.id))


class Kind(StrEnum):
    """What a step's items do, and so how they are done and repeated."""

    READS = "reads"
    """They ask somebody outside, wait for answers, and change nothing: several at once."""

    RECKONS = "reckons"
    """They reckon, and record at most what is refused when it was recorded before."""

    ACTS = "acts"
    """They have effects, each with an intent of its own; never repeated blindly."""


@dataclass(frozen=True, slots=True)
class Elsewhere(Generic[Item]):
    """How an item's part is done in another process: by values alone, which travel both ways.

    Attributes:
        order: What the other process is given.
        work: Does it there; a plain function of a module, without clock, store or secrets.
        take: Keeps its answer in the run, and says what was done.
    """

    order: Callable[[MonthRun, Item], Any]
    work: Callable[[Any], Any]
    take: Callable[[MonthRun, Item, Any], str]


@dataclass(frozen=True, slots=True)
class Step(Generic[Item]):
    """One step of the month, done item by item.

    Attributes:
        name: What a person sees.
        function: Does one item's part and says what it did.
        kind: What its items do.
        elsewhere: How it is done in another process; None where it cannot be.
    """

    name: str
    function: Callable[[MonthRun, Item], str]
    kind: Kind = Kind.ACTS
    elsewhere: Elsewhere[Item] | None = None

    def __call__(self, run: MonthRun, item: Item) -> None:
        """Do one item's part, log what it says, and tell whoever watches."""
        said(self.function(run, item))


def said(says: str) -> None:
    """Log what an item's part came to, and tell whoever watches."""
    note(says)
    watcher().part(says)


class Each(Protocol):
    """How a step is done for all of its items: directly, or as Prefect tasks."""

    def __call__(self, step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
        """Do the step for every item; return when all are done."""
        ...


@contextmanager
def month_run(
    workspace: Path,
    *,
    month: ServiceMonth,
    clients: Sequence[str],
    dry_run: bool,
    notify: bool,
    by_rule: bool = True,
    reopen: str | None = None,
) -> Iterator[MonthRun]:
    """Open a month: read the workspace, plan, and hold the month's lock until the block ends.

    A contract's month is closed once its credit was released; `reopen` says why it is decided
    again (see `MonthRun`).

    Raises:
        UnusableInputError: The workspace or the request cannot be used.
        Misconfigured: Something that the run would write cannot be written.
        MonthLockedError: The month is running elsewhere.
    """
    now = instant(datetime.now(tz=UTC))
    with open_office(workspace, read_only=dry_run) as office:
        plan = plan_month(office.contracts, month=month, clients=clients, now=now)
        if not dry_run:
            office.check_doors()
            check_account(office)
        lock = office.store.month_lock(str(month), holder=f"makegood run {month}")
        with lock, rarely_collected():
            yield MonthRun(
                office, plan, dry_run=dry_run, notify=notify, by_rule=by_rule, reopen=reopen
            )


def conduct(run: MonthRun, each: Each, only: Part = Part.ALL) -> None:
    """The month, step by step, or one part of it; every step may be repeated at any time."""
    timed = _Timed(each)
    if only in {Part.ALL, Part.DECIDE}:
        _decide(run, timed)
    if not run.dry_run:
        _follow(run, timed, only)
    mirrored = [says for came in run.mirrored.values() for says in came.questions]
    note(timed.shares)
    closed = [f"{o.governed.contract.id}: {o.says}." for o in run.report if o.stays_closed]
    run.questions = (*closed, *open_questions(run.office.store, run.plan), *mirrored)


def _decide(run: MonthRun, timed: Each) -> None:
    timed(EXTRACT, run, run.reads)
    if run.plan.governed and (run.office.events or run.office.exclusion_sources):
        timed(EXCLUSIONS, run, [run.period])
    timed(COMPUTE_UPTIME, run, run.shard_numbers)
    timed(APPLY_LADDER, run, run.shard_numbers)


def _follow(run: MonthRun, timed: Each, only: Part) -> None:
    """What follows from what was decided, now or before."""
    if only is Part.ALL:
        timed(RELEASE, run, [run.period])
    if only in {Part.ALL, Part.LEDGER}:
        timed(WRITE_LEDGER, run, [run.period])
    if only in {Part.ALL, Part.PAY}:
        timed(PAY, run, [run.period])
    if only in {Part.ALL, Part.MAIL}:
        timed(E_MAIL, run, [run.period])
    if only is Part.LEDGER or (only is Part.ALL and run.office.row_ledgers) or run.payments.done:
        timed(MIRROR, run, [run.period])


class _Timed:
    """Does steps as they are done otherwise, and knows how long each took."""

    def __init__(self, each: Each) -> None:
        self.each = each
        self.took_ms: dict[str, int] = {}

    def __call__(self, step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
        begun = perf_counter_ns()
        self.each(step, run, items)
        self.took_ms[step.name] = (perf_counter_ns() - begun) // 1_000_000

    @property
    def shares(self) -> str:
        """Each step's seconds and its share of all."""
        total = max(sum(self.took_ms.values()), 1)
        return "steps: " + ", ".join(
            f"{name} {ms // 1000}.{ms % 1000 // 100} s ({100 * ms // total} %)"
            for name, ms in self.took_ms.items()
        )


def directly(step: Step[Item], run: MonthRun, items: Sequence[Item], /) -> None:
    """Do a step here and now, without Prefect."""
    watcher().begin(step.name, len(items))
    for item in items:
        step(run, item)


def extract(run: MonthRun, read: SourceRead) -> str:
    """Read one source. Read-only.

    Raises:
        UnusableInputError: The source holds rows that cannot be used.
    """
    source, store = run.office.sources[read.source], run.office.store
    reading = read_source(
        source, store, _wanted(run, read), read_only=run.dry_run, later=run.later.append
    )
    run.readings[read] = reading
    facts = reading.facts
    early = (
        "order not watched" if facts.out_of_order is None else f"{facts.out_of_order} out of order"
    )
    return (
        f"{read.source}: {facts.rows} rows in {len(facts.files)} files, "
        f"{len(reading.timelines)} monitors, {facts.duplicates} duplicates, "
        f"{facts.conflicting_duplicates} conflicting, {early}, "
        f"{facts.unusable} unusable"
    )


def read_exclusions(run: MonthRun, _period: str) -> str:
    """Look at everything that may be excluded, and record what is new about it.

    Raises:
        UnusableInputError: A source's content cannot be used, or two tell of one event.
    """
    office = run.office
    for governed in run.plan.governed:
        run.evidence(governed)
    span = asked_span(_span(run.plan.governed), now=instant(datetime.now(tz=UTC)))
    told = told_by_all(office.workspace, office.events, office.exclusion_sources, span)
    _do_what_waits(run)
    run.announced = announcements(office.store, told, read_only=run.dry_run)
    return f"{len(run.announced.events)} exclusions known"


def compute_uptime(run: MonthRun, shard: int) -> str:
    """Measure one shard's contracts. Pure, given the evidence."""
    cases = cases_of(run, shard)
    return _measured(run, shard, tuple(measure_case(case, run.measurements) for case in cases))


def cases_of(run: MonthRun, shard: int) -> tuple[Case, ...]:
    """What one shard's contracts are decided on: all that another process needs to decide them."""
    governed = run.plan.shards[shard]
    earlier = look_back(run.office.store, run.plan.month, governed)
    cases = tuple(case_of(run, one, earlier.get(one.contract.id, ())) for one in governed)
    _do_what_waits(run)
    run.cases[shard] = cases
    return cases


def decide_elsewhere(cases: Sequence[Case]) -> tuple[Found, ...]:
    """Measure cases and apply their terms, in whatever process. Pure."""
    shared = Measurements()
    return tuple(found_of(apply_terms(measure_case(case, shared))) for case in cases)


def take_decided(run: MonthRun, shard: int, found: Sequence[Found]) -> str:
    """Keep what another process found for a shard."""
    decided = tuple(f.of(case) for f, case in zip(found, run.cases[shard], strict=True))
    run.decided[shard] = decided
    return _measured(run, shard, tuple(each.measured for each in decided))


def _measured(run: MonthRun, shard: int, measured: tuple[MeasuredCase, ...]) -> str:
    run.measured[shard] = measured
    withheld = sum(1 for each in measured if each.withheld)
    return f"shard {shard + 1}: {len(measured)} contracts measured, {withheld} withheld"


def _do_what_waits(run: MonthRun) -> None:
    """Remember what was read for the first time: from here on nothing refuses the run.

    Several shards may come here at once; each thing is done by the one that takes it.
    """
    with suppress(IndexError):
        while True:
            waits = run.later.popleft()
            try:
                waits()
            except BaseException:
                # Whoever comes next, a repetition of this task included, does it.
                run.later.appendleft(waits)
                raise


def apply_ladder(run: MonthRun, shard: int) -> str:
    """Decide one shard and record what changed, in one transaction."""
    governed = run.plan.shards[shard]
    history = run.office.store.history([g.contract.id for g in governed], run.period)
    decided = run.decided.get(shard) or [apply_terms(m) for m in run.measured[shard]]
    outcomes = [
        _outcome(g, d, history[g.contract.id], run.reopen)
        for g, d in zip(governed, decided, strict=True)
    ]
    if not run.dry_run:
        _record(run, outcomes, history)
    run.outcomes[shard] = tuple(outcomes)
    changed = [outcome for outcome in outcomes if outcome.change is not None]
    for outcome in changed[: max(MOST_NOTED // len(run.plan.shards), 1)]:
        note(f"{outcome.governed.contract.id}: {outcome.says}")
    note_detail(*(partial(_in_detail, outcome) for outcome in outcomes))
    return (
        f"shard {shard + 1}: {len(changed)} decided anew, {len(outcomes) - len(changed)} as before"
    )


def _in_detail(outcome: Outcome) -> str:
    """A decision step by step, as it stands in the decision log."""
    measured, answer = outcome.decided.measured.uptime, outcome.decided.determination
    reasons = [*(measured.reasons if measured else ()), *(step.says for step in answer.steps)]
    return "; ".join([f"{outcome.governed.contract.id}: {outcome.says}", *reasons])


def release_drafts(run: MonthRun, _period: str) -> str:
    """Release what the contracts' own rules let go, unless the run is to leave all to people."""
    if not run.by_rule:
        return "nothing is released by rule in this run"
    ruled = [
        Ruled(
            outcome.governed.contract.id,
            outcome.governed.version,
            outcome.decided,
            run.unproven(outcome),
        )
        for outcome in run.report
    ]
    now = instant(datetime.now(tz=UTC))
    run.released = release_by_rule(run.office, run.plan.month, ruled, at=now)
    return f"{len(run.released)} released by their contracts' rules"


def pay(run: MonthRun, period: str) -> str:
    """Pay what was released, now or earlier, and is not paid."""
    run.payments = pay_released(run.office, period, clients=run.plan.clients)
    run.asked = asked_about(run.office, period)
    return in_words(run.payments)


def write_ledger(run: MonthRun, period: str) -> str:
    """Bring every ledger up to date that is written as a whole; what people changed is noted."""
    note_edits(run.office, period)
    return write_rows(run.office, period)


def mirror(run: MonthRun, period: str) -> str:
    """Bring every ledger up to date that is written row by row; the others say what was paid.

    It comes last: it can take an hour, and nothing else waits for it.
    """
    says = write_rows(run.office, period)
    run.mirrored = mirror_rows(run.office, period)
    if run.notify and not run.plan.clients:
        needs_person(run.office, period)
    return "; ".join([says, *(f"{name}: {came}" for name, came in run.mirrored.items())])


def tell_the_month(run: MonthRun, period: str) -> str:
    """Send what waits to be sent, write the previews, and send the operator's summary.

    A summary is sent when all clients were run and it says something that no earlier one said. A
    run that is to notify nobody sends nothing; what waits goes out with the next one that may.
    """
    sent = send_waiting(run.office, period) if run.notify else 0
    previews = write_previews(run.office, period)
    says = f"{sent} waiting mails sent, {previews} notices to preview"
    if not run.notify or run.plan.clients:
        return f"{says}, no summary asked for"
    contracts, met = _told_of(run)
    summaries = send_summary(run.office, period, contracts=contracts, met=met)
    batch = waiting_batch(run.office, month=run.plan.month)
    asked = send_release_request(
        run.office, run.plan.month, waiting=batch.waiting, needed=batch.needed
    )
    posted = _post_notices(run, period, batch, contracts=contracts, met=met)
    also = [f"{asked} asked to release"] if asked else []
    also += [f"{posted} posted"] if posted else []
    return ", ".join([says, f"{summaries or 'no new'} summary", *also])


def _told_of(run: MonthRun) -> tuple[int, int]:
    """How many contracts were decided and how many met their commitment, in this run or before."""
    if run.outcomes:
        breached = [outcome.decided.determination.breached for outcome in run.report]
    else:
        kinds = [EntryKind.DETERMINED]
        entries = run.office.store.entries(period=run.period, kinds=kinds)
        latest = {entry.contract: entry.body["determination"]["breached"] for entry in entries}
        breached = list(latest.values())
    return len(breached), sum(1 for one in breached if one is False)


def _post_notices(run: MonthRun, period: str, batch: Batch, *, contracts: int, met: int) -> int:
    """Tell the operators' chat what the run came to; those that an earlier run left go first."""
    office = run.office
    if office.chat is None:
        return 0
    return (
        send_notices(office, period)
        + run_done(office, period, contracts=contracts, met=met)
        + needs_release(office, period, waiting=batch.waiting, needed=batch.needed)
        + needs_person(office, period)
    )


def better_wins(governed: Governed) -> bool:
    """Whether the better of two conflicting observations stands for this contract."""
    return governed.version.measurement.conflicting_duplicates is Duplicates.BETTER_WINS


def _wanted(run: MonthRun, read: SourceRead) -> Wanted:
    governed = [g for g in run.plan.governed if better_wins(g) == read.better_wins]
    floors = [g.version.measurement.stale_after_ms for g in governed]
    monitors = frozenset(monitor for g in governed for monitor in g.version.monitors)
    listed = _listed(run, read.source)
    return Wanted(
        monitors=monitors if listed is None else monitors & listed,
        span=_span(governed),
        gap_floor_ms=min((floor for floor in floors if floor is not None), default=None),
        better_wins=read.better_wins,
    )


def _listed(run: MonthRun, source: str) -> frozenset[str] | None:
    """The monitors that a source is said to answer for; None where it does not say."""
    (terms,) = [terms for terms in run.office.workspace.sources if terms.id == source]
    listed = getattr(terms, "monitors", None)
    return None if listed is None else frozenset(listed)


def _span(governed: Sequence[Governed]) -> Interval:
    """All of the month, in whatever zones these contracts have it."""
    return Interval(min(g.bounds.start for g in governed), max(g.bounds.end for g in governed))


def case_of(run: MonthRun, governed: Governed, earlier: tuple[Past | None, ...] = ()) -> Case:
    """What a contract's month is decided on, by what the sources said and what was decided."""
    contract, version = governed.contract, governed.version
    evidence = run.evidence(governed)
    payload = evidence.counts.get((contract.id, run.plan.month))
    links = (*evidence.incidents(version.monitors, governed.bounds), *_published(run, governed))
    return Case(
        contract=contract.id,
        service=contract.service.id,
        month=run.plan.month,
        version=version,
        evidence=()
        if payload and not payload.beside
        else evidence.slices(version.monitors, governed.bounds, version.measurement),
        events=tuple(_touching(run.announced.events, governed)),
        payload=payload,
        told={
            "role": contract.role.value,
            "client": contract.client.name,
            "service": contract.service.name,
            "proof": named_as_proof(contract, links),
            "incidents": sorted({link.incident_id for link in links if link.incident_id}),
        },
        earlier=earlier,
        runs_from=governed.runs_from,
    )


def _published(run: MonthRun, governed: Governed) -> Iterator[EvidenceLink]:
    """The incidents of the service that readers were told of, as far as they touch the month.

    They document outages and measure none: what is owed follows from the evidence alone.
    """
    if run.office.workspace.incidents is None or governed.contract.role is not Role.PROVIDER:
        return
    if run.published is None:
        run.published = published_links(run.office.store, now=run.office.store.now())
    month = governed.bounds
    for link in run.published.get(governed.contract.service.id, ()):
        if link.interval.start < month.end and link.interval.end > month.start:
            yield link


def _touching(events: Sequence[ExclusionEvent], governed: Governed) -> Iterator[ExclusionEvent]:
    service, month = governed.contract.service.id, governed.bounds
    for event in events:
        stretch = event.interval
        named = not event.services or service in event.services
        if named and stretch.start < month.end and stretch.end > month.start:
            yield event


def _outcome(
    governed: Governed, decided: Decided, history: ContractHistory, reopen: str | None
) -> Outcome:
    case = decided.measured.case
    known = [stored.obligation for stored in history.obligations]
    before = history.determined.body if history.determined else None
    because = _because(before, decided)
    if not because:
        says = "unchanged: decided before on the same inputs"
        return Outcome(governed, decided, None, _latest(known), says)
    closed = _is_closed(known)
    total, withheld = _owed(decided)
    change = revise(
        known,
        contract=case.contract,
        period=str(case.month),
        total=total,
        withheld=withheld,
        because=f"{because}; reopened: {reopen}" if closed and reopen else because,
    )
    if closed and reopen == "" and change.created is not None:
        says = _stays_closed(change.created, because)
        return Outcome(governed, decided, None, _latest(known), says, stays_closed=True)
    left = [obligation for obligation in known if not obligation.is_open]
    created = [change.created] if change.created else []
    return Outcome(governed, decided, change, _latest([*left, *created]), change.says)


def _is_closed(known: Sequence[Obligation]) -> bool:
    """Whether what a contract's month owes was released, and nothing of it is open since."""
    standing = _latest(known)
    return standing is not None and standing.state is ObligationState.RELEASED


def _stays_closed(would: Obligation, because: str) -> str:
    amount = f"{would.amount} would be added" if would.amount else f"withheld: {would.reason}"
    return (
        f"the month is closed and would come out otherwise ({amount}), because {because}. Run it "
        "again with a reason to reopen it; nothing is recorded before"
    )


def _because(before: Mapping[str, JsonValue] | None, decided: Decided) -> str:
    """Why the month is decided anew; "" when the recorded decision stands."""
    case = decided.measured.case
    if before is None or before["inputs_digest"] != case.digest:
        return what_changed(before["inputs"] if before else None, case)
    differs = any(True for _ in replay_faults(before, decided.record))
    return "this version of Makegood decides the same inputs otherwise" if differs else ""


def _owed(decided: Decided) -> tuple[Money | None, str]:
    answer = decided.determination
    if answer.withheld or answer.amount is None:
        return None, answer.withheld
    if answer.days and not answer.amount.minor:
        days = number_text(answer.days)
        return None, f"{days} days of service are owed, not money: extend the term by hand"
    return answer.amount, ""


def _latest(obligations: Sequence[Obligation]) -> Obligation | None:
    standing = [o for o in obligations if o.state is not ObligationState.SUPERSEDED]
    return standing[-1] if standing else None


def _record(
    run: MonthRun, outcomes: Sequence[Outcome], history: Mapping[str, ContractHistory]
) -> None:
    changed = [outcome for outcome in outcomes if outcome.change is not None]
    if not changed:
        return
    changes = tuple(
        _change(run, outcome, outcome.change, history[outcome.governed.contract.id])
        for outcome in changed
        if outcome.change is not None
    )
    evidence = _evidence_of(changed, run.recorded_evidence)
    run.office.store.record(ShardBatch(changes, evidence, _terms_of(changed)))
    run.recorded_evidence.update(piece.digest for piece in evidence)


def _change(
    run: MonthRun, outcome: Outcome, change: Revision, history: ContractHistory
) -> ContractChange:
    governed, decided = outcome.governed, outcome.decided
    created = None
    if change.created is not None:
        contract = governed.contract
        created = NewObligation(
            obligation=change.created,
            client=contract.client.id,
            service=contract.service.id,
            role=contract.role,
            ledger=ledger_facts(governed, decided),
        )
    return ContractChange(
        contract=governed.contract.id,
        period=run.period,
        after=history.head,
        determined={
            **decided.record,
            "change": change.says,
            "announcements": announcement_records(run.announced, decided.measured.case.events),
            "exclusion_effects": effect_records(decided, run.without_exclusions),
            "sources": run.evidence(governed).provenance_of(governed.version.monitors),
        },
        superseded=change.superseded,
        created=created,
    )


def _evidence_of(outcomes: Sequence[Outcome], known: Container[str]) -> tuple[StoredEvidence, ...]:
    """What the decisions rest on, each piece once, but for what is known to be recorded."""
    pieces = {
        piece.digest: piece
        for outcome in outcomes
        for regions in outcome.decided.measured.case.evidence
        for piece in regions
        if piece.digest not in known
    }
    return tuple(StoredEvidence.of(p.timeline.monitor, p.record) for p in pieces.values())


def _terms_of(outcomes: Sequence[Outcome]) -> tuple[TermsRecord, ...]:
    versions: dict[str, ContractVersion] = {
        outcome.governed.version.digest: outcome.governed.version for outcome in outcomes
    }
    return tuple(TermsRecord.of(version.record) for version in versions.values())


EXTRACT = Step("extract", extract, Kind.READS)
EXCLUSIONS = Step("exclusions", read_exclusions)
COMPUTE_UPTIME = Step(
    "compute uptime",
    compute_uptime,
    Kind.RECKONS,
    Elsewhere(cases_of, decide_elsewhere, take_decided),
)
APPLY_LADDER = Step("apply ladder", apply_ladder, Kind.RECKONS)
RELEASE = Step("release", release_drafts)
PAY = Step("pay", pay)
WRITE_LEDGER = Step("write ledger", write_ledger)
MIRROR = Step("mirror ledger", mirror)
E_MAIL = Step("e-mail", tell_the_month)

STEPS = (
    *(EXTRACT.name, EXCLUSIONS.name, COMPUTE_UPTIME.name, APPLY_LADDER.name, RELEASE.name),
    *(WRITE_LEDGER.name, PAY.name, E_MAIL.name, MIRROR.name),
)
"""Every step's name, in order; a run leaves out what it does not need."""
