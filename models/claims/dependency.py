"""What we owe because of a vendor, beside what the vendor owes us.

A contract of ours may name the vendors' contracts that its service runs on. Where both were down at
the same instants the two months are linked: how long, how much of our downtime, and what stands on
either side. Sums are per currency and never offset: a claim is no payment yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.contract import Contract, Role
from models.findings import Finding
from models.intervals import IntervalSet
from models.money import Money
from models.terms import near_miss


@dataclass(frozen=True, slots=True)
class Side:
    """One contract's month, as far as a link needs it.

    Attributes:
        contract: `client/service`.
        period: The service month.
        name: The other side's name and the service's.
        down: The downtime that counted, as a set of instants.
        owed: What the month came to; of a vendor's month what it has agreed to, once it has. None
            when it is withheld, denied, or nothing is owed.
        withheld: Whether it has no answer yet.
    """

    contract: str
    period: str
    name: str
    down: IntervalSet
    owed: Money | None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A month of ours that overlaps a vendor's.

    Attributes:
        ours: Our side.
        vendor: The vendor's side.
        overlap_ms: How long both were down, in milliseconds.
    """

    ours: Side
    vendor: Side
    overlap_ms: int

    @property
    def share(self) -> Fraction:
        """The part of our downtime in which the vendor was down as well, 0 to 1."""
        return Fraction(self.overlap_ms, self.ours.down.length)


@dataclass(frozen=True, slots=True)
class BothSides:
    """All links of some months, in sums by currency code.

    Attributes:
        owed: What we owe in the linked months, each counted once.
        recoverable: What vendors owe in the linked months, each counted once.
    """

    owed: Mapping[str, Money]
    recoverable: Mapping[str, Money]


def link(ours: Side, vendor: Side) -> Link | None:
    """The link of two months; None when they were never down together."""
    overlap = (ours.down & vendor.down).length
    return Link(ours, vendor, overlap) if overlap else None


def both_sides(links: Iterable[Link]) -> BothSides:
    """What stands on either side of some links; no month counts twice."""
    listed = tuple(links)
    return BothSides(
        owed=_sums([one.ours for one in listed]),
        recoverable=_sums([one.vendor for one in listed]),
    )


def _sums(sides: Sequence[Side]) -> Mapping[str, Money]:
    sums: dict[str, Money] = {}
    for owed in {(side.contract, side.period): side.owed for side in sides}.values():
        if owed is not None:
            code = owed.currency.code
            sums[code] = sums[code] + owed if code in sums else owed
    return dict(sorted(sums.items()))


def unmet_dependencies(placed: Iterable[tuple[Contract, str]]) -> Iterator[Finding]:
    """Every `depends_on` that names no vendor's contract of the workspace.

    Args:
        placed: Every contract, and where it was written.
    """
    listed = list(placed)
    roles = {contract.id: contract.role for contract, _ in listed}
    vendors = [name for name, role in roles.items() if role is Role.CUSTOMER]
    for contract, place in listed:
        for number, named in enumerate(contract.depends_on):
            fact = _unmet(contract, named, roles)
            if fact:
                yield Finding(
                    place=place,
                    field=f"depends_on[{number}]",
                    fact=fact,
                    expected="the client/service of a contract with role customer, "
                    "named by one with role provider",
                    remedy=near_miss(named, vendors) or "Correct it, or take it out.",
                )


def _unmet(contract: Contract, named: str, roles: Mapping[str, Role]) -> str:
    if contract.role is not Role.PROVIDER:
        return f"is {named}, though this contract is itself a vendor's"
    role = roles.get(named)
    if role is None:
        return f"is {named}, which is no contract of this workspace"
    return "" if role is Role.CUSTOMER else f"is {named}, a client's contract"
