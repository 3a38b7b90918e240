"""Which contracts a month's run is about, and in which shards.

A shard is about 250 contracts: few enough to see progress, many enough that neither Prefect nor the
database is flooded. Contracts that share a monitor lie next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from models.contract import Contract, ContractVersion
from models.findings import Finding, UnusableInputError, refuse
from models.intervals import Interval, utc_text
from models.period import ServiceMonth

SHARD_SIZE = 250


@dataclass(frozen=True, slots=True)
class Governed:
    """A contract with the version that governs the period that the month closes.

    Attributes:
        contract: The contract.
        version: The terms in force.
        bounds: The service period in the contract's zone.
        runs_from: First day of the contract, where it began within the period; None otherwise.
    """

    contract: Contract
    version: ContractVersion
    bounds: Interval
    runs_from: date | None = None


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """What a run will decide.

    Attributes:
        month: The service month.
        governed: The contracts in force, neighbours sharing monitors.
        outside: Ids of contracts that do not run in the month, or whose period it does not close.
        clients: The clients that were asked for; empty means all.
    """

    month: ServiceMonth
    governed: tuple[Governed, ...]
    outside: tuple[str, ...]
    clients: tuple[str, ...] = ()

    @property
    def shards(self) -> tuple[tuple[Governed, ...], ...]:
        """The governed contracts in groups of at most `SHARD_SIZE`."""
        starts = range(0, len(self.governed), SHARD_SIZE)
        return tuple(self.governed[start : start + SHARD_SIZE] for start in starts)


def plan_month(
    contracts: Sequence[Contract],
    *,
    month: ServiceMonth,
    clients: Sequence[str],
    now: int,
) -> MonthPlan:
    """Choose the contracts of a month.

    Args:
        contracts: Every contract of the workspace.
        month: The service month, over in every chosen contract's zone.
        clients: Only these clients; empty means all.
        now: The present instant.

    Raises:
        UnusableInputError: A client is unknown, or the month is not over yet.
    """
    check_known(clients, contracts)
    chosen = [c for c in contracts if not clients or c.client.id in clients]
    governed = [
        Governed(
            contract,
            found.version,
            found.period.bounds(found.version.time_zone),
            found.runs_from,
        )
        for contract in chosen
        if (found := contract.governing(month)) is not None
    ]
    _over(governed, month, now)
    governed.sort(key=lambda item: (item.version.monitors, item.contract.id))
    inside = {item.contract.id for item in governed}
    outside = sorted(c.id for c in chosen if c.id not in inside)
    return MonthPlan(month, tuple(governed), tuple(outside), tuple(clients))


def check_known(clients: Sequence[str], contracts: Sequence[Contract]) -> None:
    """Refuse clients that have no contract here.

    Raises:
        UnusableInputError: There are such; all of them, with what may be meant.
    """
    known = sorted({contract.client.id for contract in contracts})
    unknown = [client for client in clients if client not in known]
    if unknown:
        raise UnusableInputError([_stranger(client, known) for client in unknown])


def _stranger(client: str, known: list[str]) -> Finding:
    near = get_close_matches(client, known, n=3)
    return Finding(
        place="--client",
        fact=f"is {client!r}",
        expected="the id of a client that has a contract in this workspace",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "See `makegood check` for all.",
    )


def _over(governed: Sequence[Governed], month: ServiceMonth, now: int) -> None:
    ends = {item.version.time_zone: item.bounds.end for item in governed}
    zone = max(ends, key=ends.__getitem__, default="UTC")
    end = ends.get(zone, month.bounds("UTC").end)
    if end <= now:
        return
    last_over = ServiceMonth.containing(now, zone).plus(-1)
    raise refuse(
        "--month",
        f"is {month}, which ends at {utc_text(end)} in {zone}",
        expected="a month that is over in every contract's time zone",
        remedy=f"Run it then, or give a month up to {last_over}.",
    )
