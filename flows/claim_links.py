"""Both sides of an outage: what we owe our clients beside what a vendor owes us for it.

The overlap is found anew from the recorded decisions of both months, so it can be told at any time
and needs no record of its own. Nothing is decided here, and no amount is set off against another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.store import Store
from flows.claim_texts import decision_of
from models.case import Decided
from models.claims.dependency import Link, Side, link
from models.claims.standing import Claim
from models.contract import Contract
from models.intervals import IntervalSet
from models.period import ServiceMonth

NO_TIME = IntervalSet()


def links_of(
    store: Store, contracts: Iterable[Contract], claims: Sequence[Claim]
) -> Mapping[str, tuple[Link, ...]]:
    """For each claim, by its key, the months of ours that were down with the vendor.

    Args:
        store: What is recorded.
        contracts: Every contract of the workspace.
        claims: The claims that are asked about.
    """
    downstream = tuple(contract for contract in contracts if contract.depends_on)
    teller = _Teller(store)
    return {claim.key: tuple(_links(teller, downstream, claim)) for claim in claims}


def _links(teller: _Teller, downstream: Sequence[Contract], claim: Claim) -> Iterator[Link]:
    dependent = [contract for contract in downstream if claim.contract in contract.depends_on]
    if not dependent or claim.gone:
        return
    told = teller.side(claim.contract, f"{claim.vendor}, {claim.service}", str(claim.month))
    vendor = replace(told, owed=claim.recoverable)
    for contract in dependent:
        name = f"{contract.client.name}, {contract.service.name}"
        for month in _touched(contract, vendor.down):
            found = link(teller.side(contract.id, name, str(month)), vendor)
            if found is not None:
                yield found


def _touched(contract: Contract, down: IntervalSet) -> list[ServiceMonth]:
    """Our months that a vendor's downtime lies in: in our zone a night may be another month's."""
    zones = {version.time_zone for version in contract.versions}
    ends = [at for outage in down for at in (outage.start, outage.end - 1)]
    return sorted({ServiceMonth.containing(at, zone) for at in ends for zone in zones})


class _Teller:
    """Sides from recorded decisions; each decision is told once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sides: dict[tuple[str, str], Side] = {}

    def side(self, contract: str, name: str, period: str) -> Side:
        """A contract's month; without a decision it was never down."""
        if (contract, period) not in self._sides:
            self._sides[contract, period] = self._told(contract, name, period)
        return self._sides[contract, period]

    def _told(self, contract: str, name: str, period: str) -> Side:
        decided = decision_of(self._store, contract, period)
        if decided is None:
            return Side(contract, period, name, NO_TIME, None)
        return _side(contract, period, name, decided)


def _side(contract: str, period: str, name: str, decided: Decided) -> Side:
    uptime, answer = decided.measured.uptime, decided.determination
    return Side(
        contract=contract,
        period=period,
        name=name,
        down=uptime.down if uptime else NO_TIME,
        owed=answer.amount if answer.amount and answer.amount.minor else None,
        withheld=bool(answer.withheld),
    )
