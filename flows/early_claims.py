"""Claims of months that nobody has decided yet: vendors that count from an outage do not wait.

A ticket within 24 hours, or a claim within five business days, is due before the month is over and
its credit is known. What was measured so far says which outages there were; once the month is run,
its claim takes the early one's place, under the same name and with everything that was told of it.
Nothing is recorded here but what people tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from connectors.errors import ConnectorError
from connectors.store import Store
from flows.claims import find_claim, told_of
from flows.month import MonthRun, case_of, extract, read_exclusions
from flows.office import Office
from flows.planning import Governed, MonthPlan
from models.case import Case
from models.claims.deadline import OF_AN_OUTAGE, Occasion, dues
from models.claims.life import Life
from models.claims.present import Present
from models.claims.standing import Claim
from models.claims.text import ClaimText, early_text
from models.contract import Contract, ContractVersion, Role
from models.exclusion import apply_rules
from models.findings import UnusableInputError
from models.intervals import Interval
from models.period import ServiceMonth
from models.uptime import MonthlyUptime, measure_uptime

Early = tuple[Claim, ClaimText]
"""A claim with what is to be said to its vendor."""

UNDECIDED = "the month is not decided yet, so nobody knows what it earns"


def early_claims(office: Office, present: Present) -> tuple[Claim, ...]:
    """The claims that come for sure, of this month and of the last one while it is not decided.

    Rising by key. Only of contracts whose vendors count from an outage, and only once the downtime
    is more than the commitment allows for the whole month.

    Args:
        office: The open workspace.
        present: As of when somebody looks; what was observed later does not count.

    Raises:
        UnusableInputError: A source holds rows that cannot be used.
    """
    return tuple(claim for claim, _ in _found(office, present))


def early_texts(office: Office, present: Present) -> Mapping[str, ClaimText]:
    """What is to be said to the vendors of these claims, by their keys.

    Raises:
        UnusableInputError: A source holds rows that cannot be used.
    """
    return {claim.key: text for claim, text in _found(office, present)}


def _found(office: Office, present: Present) -> list[Early]:
    months: dict[ServiceMonth, list[Governed]] = defaultdict(list)
    for governed, month in _governed(office.contracts, present.at):
        months[month].append(governed)
    found = [
        early
        for month, every in months.items()
        if (open_ := _undecided(office.store, month, every))
        for early in _of_month(office, month, open_)
    ]
    return sorted(found, key=lambda early: early[0].key)


def early_claims_or_why(office: Office, present: Present) -> tuple[tuple[Claim, ...], str]:
    """The same for whoever has other claims as well; without them why there are none."""
    try:
        return early_claims(office, present), ""
    except (UnusableInputError, ConnectorError) as error:
        return (), f"outages of undecided months cannot be told: {error}"


def any_claim(office: Office, key: str, present: Present) -> Claim:
    """The claim of that name, also of a month that is not decided yet.

    Raises:
        UnusableInputError: There is none.
    """
    try:
        return find_claim(office.store, key)
    except UnusableInputError:
        early = {claim.key: claim for claim in early_claims(office, present)}
        if key.strip() not in early:
            raise
        return early[key.strip()]


def nothing_came(contracts: Sequence[Contract], key: str) -> Claim | None:
    """An early claim that its month did not bear out; None where the contract is gone."""
    name, _, period = key.rpartition("/")
    month = ServiceMonth.parse(period)
    for contract in contracts:
        if contract.id == name:
            version = contract.in_force(month) or contract.versions[-1]
            return _claim(contract, version, month, (), Life(), gone=True)
    return None


def _governed(contracts: Sequence[Contract], now: int) -> Iterator[tuple[Governed, ServiceMonth]]:
    for contract in contracts:
        if contract.role is not Role.CUSTOMER:
            continue
        running = ServiceMonth.containing(now, contract.versions[-1].time_zone)
        periods = {
            version.credit.period.holding(month): version
            for month in (running.plus(-1), running)
            if (version := contract.in_force(month)) and _counts_from_outages(version)
        }
        for period, version in periods.items():
            bounds = period.bounds(version.time_zone)
            if bounds.start < now:
                until_now = Interval(bounds.start, min(bounds.end, now))
                yield Governed(contract, version, until_now), period.closes


def _counts_from_outages(version: ContractVersion) -> bool:
    return any(rule.within and rule.after in OF_AN_OUTAGE for rule in version.credit.claim.rules)


def _undecided(store: Store, month: ServiceMonth, every: Sequence[Governed]) -> list[Governed]:
    known = store.history([governed.contract.id for governed in every], str(month))
    return [governed for governed in every if known[governed.contract.id].determined is None]


def _of_month(office: Office, month: ServiceMonth, governed: Sequence[Governed]) -> Iterator[Early]:
    run = MonthRun(office, MonthPlan(month, tuple(governed), (), ()), dry_run=True)
    for read in run.reads:
        extract(run, read)
    if office.events or office.exclusion_sources:
        read_exclusions(run, str(month))
    lives: Mapping[str, Life] = told_of(office.store, str(month))
    for one in governed:
        case = case_of(run, one)
        uptime = _measured_so_far(case, one.bounds)
        if uptime is None or not _is_missed(uptime, one.version, month):
            continue
        outages = tuple(outage.whole for outage in uptime.outages.counting)
        life = lives.get(one.contract.id, Life())
        claim = _claim(one.contract, one.version, month, outages, life)
        if claim.dues:
            yield claim, early_text(claim, case, uptime)


def _measured_so_far(case: Case, until_now: Interval) -> MonthlyUptime | None:
    """The month until now; None where somebody else counts it."""
    if case.payload is not None and not case.payload.beside:
        return None
    judged = apply_rules(
        events=case.events,
        rules=case.version.exclusions,
        service_id=case.service,
        month=until_now,
    )
    return measure_uptime(
        monitors=[[piece.timeline for piece in regions] for regions in case.evidence],
        month=until_now,
        terms=case.version.measurement,
        exclusions=judged,
    )


def _is_missed(uptime: MonthlyUptime, version: ContractVersion, month: ServiceMonth) -> bool:
    """Whether the downtime so far is more than the whole month may have."""
    counted = sum(uptime.outages.counted_ms)
    allowed = 100 - version.credit.ladder.commitment_percent
    period = version.credit.period.holding(month)
    return counted * 100 > allowed * period.bounds(version.time_zone).length


def _claim(
    contract: Contract,
    version: ContractVersion,
    month: ServiceMonth,
    outages: tuple[Interval, ...],
    life: Life,
    *,
    gone: bool = False,
) -> Claim:
    terms = version.credit.claim
    occasion = Occasion(
        month=month,
        time_zone=version.time_zone,
        outages=outages,
        aware_at=life.aware_at,
        billing_day=terms.billing_day,
        holidays=terms.holidays,
    )
    rules = [rule for rule in terms.rules if rule.within and rule.after in OF_AN_OUTAGE]
    return Claim(
        contract=contract.id,
        month=month,
        obligation=f"{contract.id}/{month}/r0",
        vendor=contract.client.name,
        service=contract.service.name,
        time_zone=version.time_zone,
        owed=None,
        credit_days=None,
        withheld="" if gone else UNDECIDED,
        undecided=not gone,
        gone=gone,
        terms=terms,
        dues=dues(rules, occasion),
        life=life,
        recorded=len(life.moves),
        facts={"currency": version.currency},
    )
