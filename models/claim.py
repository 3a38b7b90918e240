"""Claim terms: until when and where a credit must be asked for.

A deadline is a date in the contract's zone and includes that whole day. Deadlines that hang on an
incident, on business days or on a quarter's end are not expressed here.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.period import ServiceMonth
from models.terms import Terms, Whole


class ClaimChannel(StrEnum):
    """Where a claim is filed."""

    PORTAL = "portal"
    TICKET = "ticket"
    EMAIL = "email"


class ClaimTerms(Terms):
    """When and how a credit is claimed.

    Attributes:
        within_days: Days after the last day of the service month; day 0 is that last day.
        billing_cycles: The claim is due by the end of the n-th billing cycle (calendar month) after
            the service month.
        channel: Where it is filed.
        address: Portal page, ticket queue or e-mail address.
        source: The page that says so.
    """

    within_days: Annotated[Whole, Field(le=365)] | None = None
    billing_cycles: Annotated[Whole, Field(ge=1, le=12)] | None = None
    channel: ClaimChannel | None = None
    address: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _one_deadline(self) -> ClaimTerms:
        if self.within_days is not None and self.billing_cycles is not None:
            raise PydanticCustomError(
                "one_deadline", "either within_days or billing_cycles, not both"
            )
        return self

    def last_day(self, month: ServiceMonth) -> date | None:
        """The last date on which a claim for the month is in time; None when there is no limit.

        >>> ClaimTerms(billing_cycles=2).last_day(ServiceMonth.parse("2026-01"))
        datetime.date(2026, 3, 31)
        """
        if self.within_days is not None:
            return month.last_day + timedelta(days=self.within_days)
        if self.billing_cycles is not None:
            return month.plus(self.billing_cycles).last_day
        return None
