"""Payments that came back: a note that somebody voided later, a refund that did not arrive.

What was paid stays recorded; that it came back is one more fact, beside it. A person says what
follows from it: it is paid anew, it reached the client in another way, or it is not owed any more.
Nothing here decides that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Self

from models.money import Money, round_to_payable
from models.payment import Part
from models.terms import JsonValue


class Correction(StrEnum):
    """What follows from a payment that came back.

    ASKED: a person is asked, or has answered "again" and the next run looks. PAID_ANEW: what came
    back is owed again, and later parts pay it. BY_HAND: it reached the client in another way.
    WAIVED: it is not owed any more.
    """

    ASKED = "asked"
    PAID_ANEW = "paid_anew"
    BY_HAND = "by_hand"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Returned:
    """A paid part of which something came back.

    Attributes:
        part: The part.
        vendor_id: What the vendor calls it.
        because: What became of it there, such as `is void`.
        document: How much of the vendor's document came back, tax included; signed as the part.
    """

    part: Part
    vendor_id: str
    because: str
    document: Money

    @property
    def key(self) -> str:
        """`acme/api/2026-05/r0/p1/returned`: a part comes back once."""
        return f"{self.part.key}/returned"

    @property
    def amount(self) -> Money:
        """How much of the part's amount came back: all of it, or in proportion.

        >>> from models.contract import Payout
        >>> from models.money import Currency
        >>> from models.payment import Channel
        >>> eur = Currency.of("EUR")
        >>> net, gross = Money(10_000, eur), Money(11_900, eur)
        >>> part = Part("a/b/2026-05/r0", 1, Channel.CREDIT_NOTE, "", "", net, Payout.REFUND, gross)
        >>> str(Returned(part, "cn_1", "", Money(5_950, eur)).amount)
        '50.00 EUR'
        """
        part = self.part
        share = Fraction(part.amount.minor * self.document.minor, part.total.minor)
        return round_to_payable(share, part.amount.currency).money

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the part is left."""
        return self.document == self.part.total

    @property
    def record(self) -> JsonValue:
        """The fact as JSON values, amounts in minor units."""
        return {
            "part": self.part.record,
            "vendor_id": self.vendor_id,
            "because": self.because,
            "document_minor": self.document.minor,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Self:
        """The fact that a record tells of."""
        part = Part.of_record(record["part"])
        document = Money(record["document_minor"], part.amount.currency)
        return cls(part, record["vendor_id"], record["because"], document)

    def __str__(self) -> str:
        """The fact as a sentence without its full stop."""
        of = "" if self.is_whole else f" of the {self.part.total}"
        return f"{self.vendor_id} {self.because}: {self.document}{of} that it paid came back"
