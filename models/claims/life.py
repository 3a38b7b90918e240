"""A claim's life: what people and vendors said about it, and the state that follows from it.

The state is never stored. It is told again from the moves that the decision log holds, in order: To
Review, Eligible, Filed, then Approved or Denied; beside it what the bill showed, because a promise
is not yet money. Nothing here moves money, and nothing is forbidden for being late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from models.approval import Voice
from models.findings import Finding
from models.intervals import instant, utc_text
from models.ledger import LedgerStatus
from models.money import Currency, Money
from models.terms import JsonValue

MAY_BECOME: Mapping[LedgerStatus, frozenset[LedgerStatus]] = {
    LedgerStatus.TO_REVIEW: frozenset(
        {LedgerStatus.ELIGIBLE, LedgerStatus.FILED, LedgerStatus.DENIED}
    ),
    LedgerStatus.ELIGIBLE: frozenset(
        {LedgerStatus.TO_REVIEW, LedgerStatus.FILED, LedgerStatus.DENIED}
    ),
    LedgerStatus.FILED: frozenset(
        {LedgerStatus.ELIGIBLE, LedgerStatus.APPROVED, LedgerStatus.DENIED}
    ),
    LedgerStatus.APPROVED: frozenset({LedgerStatus.FILED, LedgerStatus.DENIED}),
    LedgerStatus.DENIED: frozenset({LedgerStatus.TO_REVIEW, LedgerStatus.FILED}),
}
"""What may follow what. A vendor answers only what was filed; a denial before that is our own
decision not to file; a step back is a correction, or an appeal."""

MAY_SETTLE = frozenset({LedgerStatus.ELIGIBLE, LedgerStatus.FILED, LedgerStatus.APPROVED})
"""Where a credit may be seen on the bill; some vendors credit before anybody files."""

OPEN = frozenset({LedgerStatus.TO_REVIEW, LedgerStatus.ELIGIBLE})
"""Where a claim is not filed yet, so that its deadline matters."""


class Act(StrEnum):
    """What a move tells.

    Status: the claim goes on. Stage: something is done that the vendor asks for before the claim,
    such as a ticket. Known: when we knew of the outage. Settled: the credit was seen on the bill.
    """

    STATUS = "status"
    STAGE = "stage"
    KNOWN = "known"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that somebody told about a claim.

    Attributes:
        act: What is told.
        by: Who told it.
        at: When it was told, or when the act itself was done, if that was said.
        obligation: Key of the revision that stood then.
        standing: What that revision came to; None when it was withheld, and for days of service.
        days: Days of service that it came to, as digits; "" for money.
        to: The status that it goes to; None for other acts.
        stage: The stage that is done; "" for other acts.
        why: The reason that is kept.
        reference: The vendor's number of the ticket or the claim.
        amount: What was approved, or seen on the bill; None when that was not said.
        on: The date of the bill; None for other acts.
    """

    act: Act
    by: Voice
    at: int
    obligation: str
    standing: Money | None
    days: str = ""
    to: LedgerStatus | None = None
    stage: str = ""
    why: str = ""
    reference: str = ""
    amount: Money | None = None
    on: date | None = None

    @property
    def record(self) -> dict[str, JsonValue]:
        """The move as canonical JSON values; what it does not say is left out."""
        said = {
            "act": self.act.value,
            "by": self.by.name,
            "grounds": self.by.grounds,
            "at": utc_text(self.at),
            "obligation": self.obligation,
            "standing": _money_record(self.standing),
            "days": self.days,
            "to": self.to.value if self.to else None,
            "stage": self.stage,
            "why": self.why,
            "reference": self.reference,
            "amount": _money_record(self.amount),
            "on": self.on.isoformat() if self.on else None,
        }
        return {name: value for name, value in said.items() if value not in (None, "")}

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Move:
        """The move that was recorded so.

        Raises:
            KeyError, ValueError: It is no record of a move.
        """
        to, on = record.get("to"), record.get("on")
        return cls(
            act=Act(record["act"]),
            by=Voice.of(record["by"], record["grounds"]),
            at=instant(datetime.fromisoformat(record["at"])),
            obligation=record["obligation"],
            standing=_money_of(record.get("standing")),
            days=record.get("days", ""),
            to=LedgerStatus(to) if to else None,
            stage=record.get("stage", ""),
            why=record.get("why", ""),
            reference=record.get("reference", ""),
            amount=_money_of(record.get("amount")),
            on=date.fromisoformat(on) if on else None,
        )


@dataclass(frozen=True, slots=True)
class Life:
    """Where a claim stands, told from its moves.

    Attributes:
        status: The state that people see.
        moves: Every move, in the order in which they were recorded.
        reference: The vendor's number, as last given.
        filed_at: When it was filed; None while it is not.
        filed: What it was filed for; None while it is not, or when that was not known.
        filed_days: Days of service that it was filed for, as digits; "" for none.
        approved: What the vendor agreed to; None until then. May be less than was filed.
        settled_on: Date of the bill on which the credit was seen; None until then.
        settled: What was seen there.
        stages: When each stage before the claim was done.
        aware_at: When we knew of the outage; None when nobody recorded it.
    """

    status: LedgerStatus = LedgerStatus.TO_REVIEW
    moves: tuple[Move, ...] = ()
    reference: str = ""
    filed_at: int | None = None
    filed: Money | None = None
    filed_days: str = ""
    approved: Money | None = None
    settled_on: date | None = None
    settled: Money | None = None
    stages: Mapping[str, int] = field(default_factory=dict)
    aware_at: int | None = None

    @property
    def been(self) -> frozenset[LedgerStatus]:
        """Every status that it has been in: what a ledger may show because we wrote it there."""
        told = (move.to for move in self.moves if move.to is not None)
        return frozenset({LedgerStatus.TO_REVIEW, *told})

    @property
    def since(self) -> Move | None:
        """The move that brought the present status; None at the beginning."""
        of_status = [move for move in self.moves if move.act is Act.STATUS]
        return of_status[-1] if of_status else None

    def after(self, move: Move) -> Life:
        """The claim once the move is told; any move is followed, also one that was not allowed."""
        grown = replace(
            self,
            moves=(*self.moves, move),
            reference=move.reference or self.reference,
        )
        match move.act:
            case Act.STATUS:
                return _in_status(grown, move)
            case Act.STAGE:
                return replace(grown, stages={**self.stages, move.stage: move.at})
            case Act.KNOWN:
                return replace(grown, aware_at=move.at)
            case Act.SETTLED:
                return replace(grown, settled_on=move.on, settled=move.amount)


def told_by(moves: Iterable[Move]) -> Life:
    """The claim's life so far; a pure fold over its moves."""
    life = Life()
    for move in moves:
        life = life.after(move)
    return life


def _in_status(life: Life, move: Move) -> Life:
    """The status with what belongs to it; a step back forgets what came after it."""
    to = move.to or life.status
    match to:
        case LedgerStatus.FILED if life.status is not LedgerStatus.FILED:
            filed = replace(life, status=to, filed_at=move.at, approved=None)
            return replace(filed, filed=move.standing, filed_days=move.days)
        case LedgerStatus.FILED:
            return replace(life, filed=move.standing, filed_days=move.days)
        case LedgerStatus.APPROVED:
            agreed = move.amount or life.filed or move.standing
            return replace(life, status=to, approved=agreed)
        case LedgerStatus.DENIED:
            return replace(life, status=to, approved=None)
        case _:
            open_again = replace(life, status=to, filed_at=None, approved=None)
            return replace(open_again, filed=None, filed_days="")


def against(life: Life, move: Move, *, place: str) -> tuple[Finding, ...]:
    """Why a move cannot follow; nothing when it can.

    Args:
        life: The claim as it stands.
        move: What somebody wants to tell.
        place: Where it was told: the option, or the ledger's row.
    """
    return tuple(_against(life, move, place))


def _against(life: Life, move: Move, place: str) -> Iterator[Finding]:
    if move.act is Act.STATUS:
        yield from _against_status(life, move, place)
    if move.act is Act.SETTLED and life.status not in MAY_SETTLE:
        yield Finding(
            place=place,
            fact=f"{move.obligation} is {life.status.value}",
            expected=f"{_either(MAY_SETTLE)} before a credit is seen on a bill",
            remedy="Record first what became of the claim.",
        )
    yield from _against_amount(move, place)


def _against_status(life: Life, move: Move, place: str) -> Iterator[Finding]:
    to = move.to or life.status
    if to is life.status:
        if not _says_something_new(life, move):
            yield Finding(
                place=place,
                fact=f"{move.obligation} is {to.value} already",
                expected="another status, or a reference, an amount or a reason that is new",
                remedy="`makegood claims show` has its history.",
            )
    elif to not in MAY_BECOME[life.status]:
        yield Finding(
            place=place,
            fact=f"{move.obligation} is {life.status.value} and cannot become {to.value}",
            expected=_either(MAY_BECOME[life.status]),
            remedy="Record the step between first; a vendor answers what was filed.",
        )


def _says_something_new(life: Life, move: Move) -> bool:
    now, then = (move.standing, move.days), (life.filed, life.filed_days)
    restated = life.status is LedgerStatus.FILED and now != then
    new_amount = move.amount is not None and move.amount != life.approved
    new_reference = bool(move.reference) and move.reference != life.reference
    return restated or new_amount or new_reference or bool(move.why)


def _against_amount(move: Move, place: str) -> Iterator[Finding]:
    if move.amount is None:
        return
    if move.amount.minor <= 0:
        yield Finding(
            place=place,
            fact=f"the amount is {move.amount}",
            expected="more than nothing",
            remedy="A claim that brought nothing is denied.",
        )
    if move.standing is not None and move.amount.currency != move.standing.currency:
        yield Finding(
            place=place,
            fact=f"the amount is in {move.amount.currency.code}",
            expected=f"{move.standing.currency.code}, the contract's currency",
            remedy="Give the amount in that currency.",
        )


def _either(statuses: Iterable[LedgerStatus]) -> str:
    wanted = set(statuses)
    named = [status.value for status in LedgerStatus if status in wanted]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def open_points(
    life: Life, *, owed: Money | None, withheld: bool, days: str = ""
) -> tuple[str, ...]:
    """What a person must look at, because what was said no longer fits what is recorded.

    Args:
        life: The claim.
        owed: What the month's standing revision comes to; None when it is withheld, or gone.
        withheld: Whether it is withheld.
        days: Days of service that the revision comes to, as digits; "" for money.
    """
    points = []
    filed, earns = _worth(life.filed, life.filed_days), _worth(owed, days)
    if filed and life.status is not LedgerStatus.DENIED and earns != filed:
        now = "the month is withheld" if withheld else f"the month now earns {earns or 'nothing'}"
        points.append(f"filed for {filed}, but {now}: tell the vendor, then file it again")
    if life.approved and life.filed and life.approved.minor > life.filed.minor:
        points.append(f"{life.approved} was approved, more than the {life.filed} it was filed for")
    if life.settled and life.approved and life.settled != life.approved:
        points.append(f"{life.approved} was approved, but the bill shows {life.settled}")
    return tuple(points)


def _worth(money: Money | None, days: str) -> str:
    return f"{days} days of service" if money is None and days else str(money or "")


def _money_record(money: Money | None) -> JsonValue:
    return {"amount": money.text, "currency": money.currency.code} if money else None


def _money_of(record: JsonValue) -> Money | None:
    if record is None:
        return None
    currency = Currency.of(record["currency"])
    return Money(int(currency.minor(Decimal(record["amount"]))), currency)
