"""Claim terms: until when and where a credit must be asked for, as a contract or a sheet says it.

A contract may state only what is its own (account, region, billing day) and leave the vendor's
rules to the catalog's sheet. The dates themselves are found in `models.claims.deadline`.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.business_days import knows
from models.claims.deadline import (
    Anchor,
    BillingDay,
    Deadline,
    Due,
    Occasion,
    Stretch,
    claim_due,
    dues,
)
from models.period import ServiceMonth
from models.terms import Name, Terms, Whole


class ClaimChannel(StrEnum):
    """Where a claim is filed."""

    PORTAL = "portal"
    TICKET = "ticket"
    EMAIL = "email"


DEADLINES = ("within_days", "billing_cycles", "deadlines")
"""The ways to say until when; a contract that uses one replaces what a sheet says."""


def _country(holidays: str) -> str:
    if knows(holidays):
        return holidays
    raise PydanticCustomError(
        "country",
        "a country as ISO 3166 writes it, such as US, or a part of one, such as DE-BY",
        {"remedy": "Correct it, or leave it out to count every Monday to Friday."},
    )


class ClaimTerms(Terms):
    """When and how a credit is claimed.

    Attributes:
        within_days: Days after the last day of the service month; day 0 is that last day.
        billing_cycles: The claim is due by the end of the n-th billing cycle after the one in which
            the month's first outage began.
        deadlines: Any other rule, and several of them; in place of the two above.
        billing_day: Day of the month on which our billing cycles begin. Default: 1.
        holidays: Country whose public holidays are no business days; None for none.
        channel: Where it is filed.
        address: Portal page, ticket queue or e-mail address.
        account: Our account at the vendor, as claims must name it.
        region: Region or zone that the contract is about, as claims must name it.
        subject: What the vendor wants to read in the subject; None for `SLA Credit Request`.
        source: The page that says so.
    """

    within_days: Annotated[Whole, Field(le=365)] | None = None
    billing_cycles: Annotated[Whole, Field(ge=1, le=12)] | None = None
    # Terms that do not use what was added later keep the digest that they had before.
    deadlines: tuple[Deadline, ...] = Field(default=(), exclude_if=lambda value: value == ())
    billing_day: BillingDay = Field(default=1, exclude_if=lambda value: value == 1)
    holidays: Annotated[str, AfterValidator(_country)] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    channel: ClaimChannel | None = None
    address: str | None = None
    account: Name | None = Field(default=None, exclude_if=lambda value: value is None)
    region: Name | None = Field(default=None, exclude_if=lambda value: value is None)
    subject: Name | None = Field(default=None, exclude_if=lambda value: value is None)
    source: str | None = None

    @model_validator(mode="after")
    def _one_deadline(self) -> ClaimTerms:
        if sum(bool(getattr(self, name) not in (None, ())) for name in DEADLINES) > 1:
            raise PydanticCustomError(
                "one_deadline", "only one of within_days, billing_cycles and deadlines"
            )
        return self

    @property
    def rules(self) -> tuple[Deadline, ...]:
        """Every rule; the two short forms written out."""
        if self.within_days is not None:
            return (_after_month_end(self.within_days),)
        if self.billing_cycles is not None:
            return (_cycles_after_the_first_outage(self.billing_cycles),)
        return self.deadlines

    def dues(self, occasion: Occasion) -> tuple[Due, ...]:
        """Every deadline of a month, the earliest first; see `models.claims.deadline.dues`."""
        return dues(self.rules, occasion)

    def last_day(self, month: ServiceMonth) -> date | None:
        """The last date on which a claim for the month is in time; None when there is no limit.

        Only rules that hang on no outage are known here.

        >>> ClaimTerms(billing_cycles=2).last_day(ServiceMonth.parse("2026-01"))
        datetime.date(2026, 3, 31)
        """
        due = claim_due(self.dues(self.occasion(month)))
        return due.last_day if due else None

    def occasion(self, month: ServiceMonth, *, time_zone: str = "UTC") -> Occasion:
        """A month as these terms see it, before anything is known of its outages."""
        return Occasion(
            month=month,
            time_zone=time_zone,
            billing_day=self.billing_day,
            holidays=self.holidays,
        )

    def over(self, sheet: ClaimTerms) -> ClaimTerms:
        """These terms where they say something, a sheet's where they do not."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        if not own.keys().isdisjoint(DEADLINES):
            own = {name: type(self).model_fields[name].default for name in DEADLINES} | own
        return sheet.model_copy(update=own)


def _cycles_after_the_first_outage(number: int) -> Deadline:
    return Deadline(by_end_of=Stretch.BILLING_CYCLE, number=number, after=Anchor.FIRST_OUTAGE)


def _after_month_end(days: int) -> Deadline:
    if days == 0:
        return Deadline(by_end_of=Stretch.CALENDAR_MONTH, number=0, after=Anchor.MONTH_END)
    return Deadline(within=f"{days} {'day' if days == 1 else 'days'}")
