"""One claim as it stands: what a vendor owes for a month, until when, and how far the claim is.

A claim is of one contract and month, whatever revision its amount has come to; its key is
`twilio/apis/2026-05`. Everything here is told from what is recorded; the present moment is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from models.claims.deadline import Deadline, Due, claim_due
from models.claims.life import OPEN, Life, open_points
from models.claims.terms import ClaimTerms
from models.intervals import utc
from models.ledger import LedgerStatus
from models.money import Money
from models.period import ServiceMonth, zone
from models.terms import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a vendor owes for a month, and what became of asking for it.

    Attributes:
        contract: `client/service`; the client is the vendor.
        month: The service month.
        obligation: Key of the revision that stands, or stood last.
        vendor: The vendor's name.
        service: The service's name.
        time_zone: IANA zone in which days begin and end.
        owed: What the standing revision comes to; None when it is withheld, or nothing is owed.
        credit_days: Days of service in place of money, as digits; None for money.
        withheld: Why the month has no answer yet; "" when it has one.
        undecided: Whether that is so because nobody has decided the month yet.
        gone: Whether the month turned out to owe nothing after all.
        terms: Deadlines, channel, account.
        dues: Every deadline, the earliest first.
        dateless: Rules that make no deadline, because what they count from is not known.
        life: What people and the vendor said so far.
        recorded: How many records made it what it is; rises with each of them.
        facts: What is recorded with the revision, for texts.
    """

    contract: str
    month: ServiceMonth
    obligation: str
    vendor: str
    service: str
    time_zone: str
    owed: Money | None
    credit_days: str | None
    withheld: str
    gone: bool
    terms: ClaimTerms
    dues: tuple[Due, ...]
    dateless: tuple[Deadline, ...] = ()
    undecided: bool = False
    life: Life
    recorded: int
    facts: Mapping[str, JsonValue] = field(repr=False)

    @property
    def key(self) -> str:
        """`twilio/apis/2026-05`: the claim's name through all revisions."""
        return f"{self.contract}/{self.month}"

    @property
    def worth(self) -> str:
        """What can be claimed, in words: `1840.00 USD`, `7 days of service`; "" when unknown."""
        if self.owed is None and self.credit_days:
            return f"{self.credit_days} days of service"
        return str(self.owed or "")

    @property
    def recoverable(self) -> Money | None:
        """What may come, or has come: what was agreed to, else what is owed; None for nothing."""
        if self.status is LedgerStatus.DENIED:
            return None
        return self.life.approved or self.owed

    @property
    def status(self) -> LedgerStatus:
        """Where it stands."""
        return self.life.status

    @property
    def is_open(self) -> bool:
        """Whether something can still be filed for."""
        return self.status in OPEN and not self.gone

    @property
    def open_dues(self) -> tuple[Due, ...]:
        """The deadlines of what is not done yet, the earliest first; none once it is filed."""
        if not self.is_open:
            return ()
        return tuple(due for due in self.dues if not self._done(due))

    def _done(self, due: Due) -> bool:
        """Whether a stage is done, for outages that had begun by then."""
        done_at = self.life.stages.get(due.stage)
        return done_at is not None and (due.outage_at is None or due.outage_at <= done_at)

    @property
    def undated(self) -> tuple[Deadline, ...]:
        """The rules of what is not done yet and has no date; none once it is filed."""
        if not self.is_open:
            return ()
        return tuple(rule for rule in self.dateless if rule.stage not in self.life.stages)

    def missed(self, at: int) -> Due | None:
        """The first deadline that has passed with its stage not done; None when none has.

        Whoever files at that instant is too late by it.
        """
        return next((due for due in self.open_dues if due.until <= at), None)

    def next_due(self, now: int) -> Due | None:
        """The next deadline that can still be met; None when there is none."""
        return next((due for due in self.open_dues if due.until > now), None)

    @property
    def claim_due(self) -> Due | None:
        """The deadline of the claim itself, met or not; None when there is no limit."""
        return claim_due(self.dues)

    def days_left(self, due: Due, now: int) -> int:
        """Dates from today to a deadline's last day, in the contract's zone; 0 is today."""
        return (due.last_day - self.today(now)).days

    def today(self, now: int) -> date:
        """The date of an instant in the contract's zone."""
        return utc(now).astimezone(zone(self.time_zone)).date()

    def open_points(self, now: int) -> tuple[str, ...]:
        """Everything that a person must look at."""
        return tuple(self._open_points(now))

    def _open_points(self, now: int) -> Iterator[str]:
        missed = self.missed(now)
        if missed is not None:
            yield f"the {missed.stage} was due {missed.says}, {missed.rule}; it is not done"
        for rule in self.undated:
            yield f"the {rule.stage} is due {rule.says}; nobody knows the date: look it up"
        if self.withheld and self.is_open and not self.undecided:
            yield f"withheld: {self.withheld}"
        yield from self.unfitting

    @property
    def unfitting(self) -> tuple[str, ...]:
        """Where what was told no longer fits what is recorded."""
        return open_points(
            self.life, owed=self.owed, days=self.credit_days or "", withheld=bool(self.withheld)
        )
