"""The billing role: one payment at a time, looked for before it is made.

A billing connector translates: it answers what the vendor knows (`picture`), what a part would do
(`prepare`), whether a part is already there (`look`), and makes it (`pay`). It never decides what
is paid, and it never repeats a request that moves money by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from connectors.errors import Retriable
from models.intervals import Interval
from models.money import Money
from models.payment import BillingPicture, Part
from models.terms import JsonValue


class LimitReached(Retriable):
    """The vendor was asked too much or too often, and did nothing.

    Attributes:
        reason: The limit, in the vendor's words, such as `endpoint-rate`; "" when it named none.
        wait_ms: How long the vendor asks to be left alone; 0 when it does not say.
    """

    def __init__(self, message: str, *, reason: str = "", wait_ms: int = 0) -> None:
        super().__init__(message, status=429)
        self.reason = reason
        self.wait_ms = wait_ms


PART_KEY = "makegood_part"
"""Where a document's metadata has the key of the part that it pays; the connector writes it."""


@dataclass(frozen=True, slots=True)
class BillingQuery:
    """What is asked about a contract's month.

    Attributes:
        contract: `client/service`, as metadata names it.
        client: The client's id, as metadata names it.
        customer: The vendor's customer id, when the contract names one; "".
        subscription: The vendor's subscription id, when the contract names one; "".
        month: The service month's bounds.
        currency: ISO 4217 code of the credit.
    """

    contract: str
    client: str
    customer: str
    subscription: str
    month: Interval
    currency: str


@dataclass(frozen=True, slots=True)
class PartIntent:
    """A part with everything that the vendor will be sent, frozen before the first attempt.

    Attributes:
        part: What is paid.
        parameters: The vendor's exact parameters in its wire words and units, without floats.
        memo: What the client reads on the document.
        facts: The preview that the parameters were made from.
    """

    part: Part
    parameters: Mapping[str, JsonValue]
    memo: str
    facts: Mapping[str, JsonValue]

    @property
    def record(self) -> JsonValue:
        """The intent as JSON values: an effect's intent."""
        return {
            "part": self.part.record,
            "parameters": dict(self.parameters),
            "memo": self.memo,
            "facts": dict(self.facts),
        }

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Self:
        """The intent that a record tells of."""
        part = Part.of_record(record["part"])
        return cls(part, record["parameters"], record["memo"], record["facts"])


def month_of(obligation: str) -> str:
    """What the keys of all parts of an obligation's contract and month begin with.

    >>> month_of("acme/api/2026-05/r1")
    'acme/api/2026-05/r'
    """
    return f"{obligation.rpartition('/')[0]}/r"


class FoundState(StrEnum):
    """What became of something that was found."""

    LIVE = "live"
    VOID = "void"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """A note or balance entry that carries a part's key.

    Attributes:
        id: The vendor's id.
        key: The part's key in its metadata; "" for one that carries none of ours.
        state: Whether it stands.
        amount: What it pays, signed.
        customer: The vendor's customer id.
        invoice: The vendor's invoice id; "" for a balance entry.
        equal: Whether everything is as the intent asks; None when there was no intent to compare.
        differs: What is not, one fact each.
        created_at: When the vendor made it.
        returned: How much of it came back, signed: all of a void one, what was refunded in vain of
            a failed one; None of one that stands.
    """

    id: str
    key: str
    state: FoundState
    amount: Money
    customer: str
    invoice: str
    equal: bool | None
    differs: tuple[str, ...]
    created_at: int
    returned: Money | None = None

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is in force any more."""
        return self.returned == self.amount


@dataclass(frozen=True, slots=True)
class Paid:
    """A part that the vendor says it made, exactly as asked."""

    id: str
    facts: Mapping[str, JsonValue]


class Billing(Protocol):
    """What every billing connector promises; `tests/connectors/billing/conformance.py` holds it."""

    @property
    def name(self) -> str:
        """The connector's name in effects and logs, such as `stripe`."""
        ...

    @property
    def knows_invoices(self) -> bool:
        """Whether it knows customers and invoices; where not, whole parts are booked."""
        ...

    @property
    def at_once(self) -> int:
        """How many customers it can be written to at the same time; 1 bears only one caller.

        When it is more, twice as many may be asked about meanwhile.
        """
        ...

    @property
    def can_be_asked(self) -> bool:
        """Whether `look` finds what an attempt may have made; where not, a person is asked."""
        ...

    @property
    def forgets_keys_after_ms(self) -> int:
        """How long a repeated idempotency key is surely recognised: less than is promised."""
        ...

    def check(self) -> str:
        """Find out, without writing anything, what may be done here; a sentence about it.

        Raises:
            Misconfigured: Key, permission or place is wrong.
            Retriable: The vendor cannot be asked now.
        """
        ...

    def picture(self, query: BillingQuery) -> BillingPicture:
        """All candidates for a contract's month. Read-only.

        Raises:
            Retriable: The vendor could not be asked.
            Misconfigured: Key, permission or mode is wrong.
        """
        ...

    def prepare(self, part: Part, *, memo: str, metadata: Mapping[str, str]) -> PartIntent:
        """Preview a part at the vendor and freeze its parameters. Read-only.

        The document's metadata is what is given and, under `PART_KEY`, the part's key.

        Raises:
            Permanent: The vendor would refuse it, or the preview is not what was planned.
            Retriable: The vendor could not be asked.
        """
        ...

    def look(self, intent: PartIntent) -> tuple[Found, ...]:
        """Every note and balance entry that carries the part's key, of all pages. Read-only."""
        ...

    def parts_of(self, obligation: str, *, customer: str) -> tuple[Found, ...]:
        """Everything at a customer that carries a part of an obligation, planned by us or not.

        The parts of its month's other revisions are among them: a database that was put back from
        a copy does not know what it has paid, and may count its revisions anew. Read-only, and
        asked before anything is planned.

        Raises:
            Retriable: The vendor could not be asked.
        """
        ...

    def disowns(self, intent: PartIntent) -> str:
        """Why a part is none of this connector's, such as of another vendor; "" when it is.

        Whatever became of such a part is not to be found here, and it is not to be made here.
        """
        ...

    def strange(self, earlier: PartIntent) -> str:
        """Why a payment that was prepared earlier was prepared elsewhere; "" when it was not.

        Of the other side, or in another account: what was paid there cannot be seen from here.
        Read-only; asks the vendor at most once for each customer.

        Raises:
            Retriable: The vendor could not be asked.
            Misconfigured: Key, permission or mode is wrong.
        """
        ...

    def pay(self, intent: PartIntent, *, idempotency_key: str) -> Paid:
        """Make the part: one request, never repeated here.

        Raises:
            Permanent: Refused; nothing was made.
            OutcomeUnknown: It may have been made, or was made otherwise than asked.
            Retriable: Surely nothing was made, and it may work later (a rate limit).
            Misconfigured: Key or permission is wrong; surely nothing was made.
        """
        ...

    def link_of(self, part: Part, id_: str) -> str:
        """The address at which a person sees what pays a part; "" where it is on no page.

        Args:
            part: What was paid.
            id_: The vendor's id of what pays it.
        """
        ...

    def credits(self, span: Interval, *, customers: Iterable[str] | None = None) -> Iterator[Found]:
        """Every note and balance credit made in a span, ours or not, for the reconciliation.

        Args:
            span: When it was made.
            customers: Whose balances are looked through, beside those of customers with notes; None
                for everybody's.

        Raises:
            Retriable: The vendor could not be asked.
            Misconfigured: Key or permission is wrong.
        """
        ...
