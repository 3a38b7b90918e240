"""Incidents beside money: who is hit, what it may be worth, and which month refers to which page.

What an incident is worth is told while it still runs, from its own length, so that somebody can see
what is at stake. It is a guess by alerts: the month's evidence decides, and nothing here is owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.monitoring import EvidenceLink
from connectors.store import Store, StoredObligation
from flows.incidents import all_incidents
from models.contract import Contract, ContractVersion, Role
from models.credit import ObligationState
from models.determination import determine
from models.incidents.life import Incident, IncidentState
from models.intervals import Interval, IntervalSet, utc
from models.ladder import Measured
from models.money import Money
from models.period import ServiceMonth

SILENT = frozenset({IncidentState.REJECTED})
"""Of these a person has said that nothing was wrong."""


@dataclass(frozen=True, slots=True)
class AtStake:
    """What a month may come to for one contract.

    Attributes:
        contract: `client/service`.
        month: The service month in which the incident began, in the contract's zone.
        down_ms: How long the service's incidents of that month have lasted so far, together.
        breached: Whether that alone misses the commitment.
        amount: What it would earn; None where nobody can say.
    """

    contract: str
    month: ServiceMonth
    down_ms: int
    breached: bool
    amount: Money | None


def at_stake(
    contracts: Sequence[Contract], incidents: Sequence[Incident], incident: Incident, *, now: int
) -> tuple[AtStake, ...]:
    """What an incident may come to for each client, with what the month has seen before.

    Args:
        contracts: Every contract.
        incidents: Every incident of the service.
        incident: The one that is asked about.
        now: The present instant; an outage that lasts is as long as it is by now.
    """
    told = [*_told(contracts, incidents, incident, now)]
    return tuple(sorted(told, key=lambda one: one.contract))


def _told(
    contracts: Sequence[Contract], incidents: Sequence[Incident], incident: Incident, now: int
) -> Iterator[AtStake]:
    down = IntervalSet.of(lasted for one in incidents for lasted in _lasted(one, now))
    for contract in contracts:
        if contract.service.id != incident.service or contract.role is not Role.PROVIDER:
            continue
        last = max(contract.versions, key=lambda version: version.effective_on)
        month = ServiceMonth.containing(incident.started_at, last.time_zone)
        version = contract.in_force(month)
        if version is not None:
            yield _worth(contract.id, version, month, down)


def _lasted(incident: Incident, now: int) -> Iterator[Interval]:
    end = incident.recovered_at or incident.closed_at or now
    if incident.state not in SILENT and end > incident.started_at:
        yield Interval(incident.started_at, end)


def _worth(
    contract: str, version: ContractVersion, month: ServiceMonth, down: IntervalSet
) -> AtStake:
    bounds = month.bounds(version.time_zone)
    within = down.clip(bounds)
    seconds = Fraction(bounds.length, 1000)
    answer = determine(
        terms=version.credit,
        measured=Measured(
            uptime=1 - Fraction(within.length, bounds.length),
            down_seconds=Fraction(within.length, 1000),
            measurable_seconds=seconds,
            period_seconds=seconds,
            days=month.days,
            outage_seconds=tuple(Fraction(one.length, 1000) for one in within),
            affected_ratio=Fraction(version.affected_percent) / 100,
        ),
        withheld="",
        billable=version.billable_amount,
        currency=version.billable,
        month=month,
    )
    return AtStake(contract, month, within.length, bool(answer.breached), answer.amount)


def credits_of(store: Store, incident: Incident, clients: Iterable[str]) -> list[StoredObligation]:
    """What was decided of the month in which an incident began, for these clients.

    The credit follows from the month's evidence; that it refers to the incident is all that they
    have to do with each other.
    """
    month = str(utc(incident.started_at).date())[:7]
    owed = store.obligations(month, clients=sorted(clients))
    return [
        stored
        for stored in owed
        if stored.service == incident.service
        and stored.obligation.state is not ObligationState.SUPERSEDED
    ]


def published_links(store: Store, *, now: int) -> dict[str, tuple[EvidenceLink, ...]]:
    """Where each service's incidents are documented for readers, by the service's id.

    Only what a page has taken has a link; drafts are nobody's evidence.
    """
    found: dict[str, list[EvidenceLink]] = {}
    for incident in all_incidents(store):
        for lasted in _lasted(incident, now):
            if incident.link:
                link = EvidenceLink(lasted, incident.id, incident.link)
                found.setdefault(incident.service, []).append(link)
    return {service: tuple(links) for service, links in found.items()}
