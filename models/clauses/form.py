"""The form of a credit: what instrument it comes as, who chooses, and when it expires.

None of it changes how much is owed. It is recorded with the decision, so that whoever books or
claims the credit knows what may be done with it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from models.terms import Terms, Whole


class Instrument(StrEnum):
    """What a credit comes as."""

    NEXT_INVOICE = "next_invoice"
    BALANCE = "balance"
    REFUND = "refund"
    RENEWAL = "renewal"
    EXTENSION = "extension"
    PRODUCT_CREDITS = "product_credits"
    SERVICE_CREDIT = "service_credit"


WORDS = {
    Instrument.NEXT_INVOICE: "against the next invoice",
    Instrument.BALANCE: "as a balance on the account",
    Instrument.REFUND: "as a refund",
    Instrument.RENEWAL: "against a renewal or an additional purchase",
    Instrument.EXTENSION: "as an extension of the term",
    Instrument.PRODUCT_CREDITS: "in credits of the product",
    Instrument.SERVICE_CREDIT: "as a credit against future fees",
}


class Choice(StrEnum):
    """Who may choose another instrument."""

    VENDOR = "vendor"
    CLIENT = "client"


class CreditForm(Terms):
    """How a credit comes.

    Attributes:
        instrument: What it comes as.
        or_instead: What it may come as instead.
        choice: Who chooses between them; None where there is no choice.
        expires_after_months: After how many months an unused credit is gone; None for never.
        refunded_at_end: Whether an unused credit is refunded when the contract ends.
        automatic: Whether it is given without being asked for.
        says: What else the contract says about it, in our words.
    """

    instrument: Instrument = Instrument.SERVICE_CREDIT
    or_instead: Instrument | None = None
    choice: Choice | None = None
    expires_after_months: Annotated[Whole, Field(ge=1, le=120)] | None = None
    refunded_at_end: bool = False
    automatic: bool = False
    says: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @property
    def words(self) -> str:
        """All of it in one sentence.

        >>> CreditForm(instrument="renewal", expires_after_months=12).words
        'against a renewal or an additional purchase, gone after 12 months'
        """
        said = [WORDS[self.instrument]]
        if self.or_instead is not None:
            by = f" at the {self.choice.value}'s choice" if self.choice else ""
            said.append(f"or {WORDS[self.or_instead]}{by}")
        if self.expires_after_months is not None:
            said.append(f"gone after {self.expires_after_months} months")
        said += ["refunded when the contract ends"] if self.refunded_at_end else []
        said += ["without being asked for"] if self.automatic else []
        said += [self.says] if self.says else []
        return ", ".join(said)
