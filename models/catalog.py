"""The catalog of public credit ladders: one dated, cited sheet per ladder.

A contract may name a sheet instead of writing its own credit terms. Sheets lie in `models/ladders/`
and are read by `connectors.terms`; here is only what a sheet says and how it proves itself: a sheet
may carry a worked example, which its own terms must reproduce to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.contract import CreditTerms
from models.defects import Defect
from models.determination import Determination, determine
from models.findings import Finding, Severity
from models.measurement import MeasurementTerms
from models.money import Currency
from models.payload import CalculatorPayload
from models.terms import (
    Amount,
    CurrencyCode,
    Day,
    Exact,
    Name,
    Percent,
    Slug,
    Terms,
    plain,
)


class Seen(StrEnum):
    """How well the figures of a sheet were seen; the weakest source of any of them counts.

    PRIMARY: on the vendor's own page, or a copy of it. QUOTED: quoted by a third party. DATASET: in
    an open collection of mixed quality. UNCONFIRMED: from memory, not found in any text.
    """

    PRIMARY = "primary"
    QUOTED = "quoted"
    DATASET = "dataset"
    UNCONFIRMED = "unconfirmed"

    @property
    def is_verified(self) -> bool:
        """Whether every figure was read on the vendor's page, or in a quotation of it."""
        return self in {Seen.PRIMARY, Seen.QUOTED}


class MeasuredOver(StrEnum):
    """The period whose uptime the ladder judges."""

    MONTH = "month"
    QUARTER = "quarter"


Sentence = Annotated[str, Field(min_length=1, max_length=600)]
"""A sentence or two in our own words."""


class WorkedExample(Terms):
    """A month with a known answer.

    Attributes:
        says: Where the answer comes from, with its arithmetic.
        payload: The month, with billable amount and currency.
        credit_amount: The credit in major units.
        credit_days: The credit in days of service.
        published_amount: What the vendor's page says of the same month, where that is another
            amount; in major units.
    """

    says: Sentence
    payload: CalculatorPayload
    credit_amount: Amount | None = None
    credit_days: Amount | None = None
    published_amount: Amount | None = None

    @model_validator(mode="after")
    def _answerable(self) -> WorkedExample:
        if self.payload.billable_amount is None or self.payload.currency is None:
            raise PydanticCustomError("billed", "a payload with billable_amount and currency")
        if self.credit_amount is None and self.credit_days is None:
            raise PydanticCustomError("answered", "credit_amount or credit_days")
        return self


class NamedLength(Terms):
    """A length of service that a vendor's table calls by another name.

    Attributes:
        says: What the table calls it.
        hours: What it is.
    """

    says: Literal["1 day", "1 week", "1 month"]
    hours: Amount


class AlsoPublished(Terms):
    """What a vendor's page says beside its terms, where it may contradict them.

    Attributes:
        pays_below_percent: The uptime under which the page says that it pays, where that is not the
            commitment.
        minutes: What the table calls the longest downtime of each tier, the mildest first, in
            minutes, where it says its bounds in percent as well and one of them alone is meant.
        lengths: Lengths of service under another name.
    """

    pays_below_percent: Percent | None = None
    minutes: tuple[Exact, ...] = ()
    lengths: tuple[NamedLength, ...] = ()


class CatalogSheet(Terms):
    """One published ladder, in our own words; facts only.

    Attributes:
        id: The name that contracts use.
        vendor: Who published it.
        title: Which agreement and class of service.
        version: The date or edition that the text bears.
        seen_on: When the text was last read for this sheet.
        seen: How well it was seen.
        source: Address of the published page.
        unit: What the credit is a share of, so that the right billable amount is put in.
        measured_over: The period that the vendor measures. Default: the calendar month.
        notes: What does not fit into terms, and what is odd.
        currency: The currency of amounts in the terms, such as a minimum payout; None where they
            hold none. A contract in another currency states its own.
        also_published: What the page says beside its terms.
        credit: The credit terms.
        worked_example: A month with a known answer, which the terms must reproduce.
    """

    id: Slug
    vendor: Name
    title: Name
    version: Name
    seen_on: Day
    seen: Seen
    source: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    unit: Sentence
    measured_over: MeasuredOver = MeasuredOver.MONTH
    notes: tuple[Sentence, ...] = ()
    currency: CurrencyCode | None = None
    also_published: AlsoPublished = AlsoPublished()
    credit: CreditTerms
    worked_example: WorkedExample | None = None

    def findings(self, place: str) -> tuple[Finding, ...]:
        """What is wrong with the terms, and what the example disproves; fields relative to it."""
        terms = (finding.within("credit") for finding in self.credit.findings(place))
        return (*terms, *self._another_period(place), *self._disproved(place))

    def _another_period(self, place: str) -> Iterator[Finding]:
        if self.measured_over is not MeasuredOver.MONTH:
            yield Finding(
                place=place,
                field="measured_over",
                fact=f"is {self.measured_over.value}",
                expected="the service month",
                remedy="Use it with figures of that period alone; a month answers otherwise.",
                severity=Severity.WARNING,
                rule=Defect.OTHER_PERIOD,
            )

    def _disproved(self, place: str) -> Iterator[Finding]:
        if self.worked_example is None:
            return
        found = determine_payload(terms=self.credit, payload=self.worked_example.payload)
        for field, expected, actual in _compared(self.worked_example, found):
            if expected != actual:
                yield Finding(
                    place=place,
                    field=f"worked_example.{field}",
                    fact=f"is {expected}, but the terms give {actual}",
                    expected="the terms reproduce the example",
                    remedy="Correct the terms or the example.",
                )


def determine_payload(
    *,
    terms: CreditTerms,
    payload: CalculatorPayload,
    billable: Decimal | None = None,
    currency: str | None = None,
) -> Determination:
    """What a payload earns under credit terms, measured as they were published.

    Args:
        terms: The ladder with all that bounds it.
        payload: The period.
        billable: What the percent applies to, in place of the payload's; where neither says it
            there is a percent and no amount.
        currency: ISO 4217 code, in place of the payload's.

    Raises:
        ValueError: Neither says a currency.
    """
    paid_in = Currency.of(currency or payload.currency or "")
    rules = terms.measurement or MeasurementTerms()
    measured, withheld = payload.measured(
        period=terms.period,
        measurement=rules,
        currency=paid_in,
        exclusion_mode=rules.exclusion_mode,
    )
    fee = payload.billable_amount if billable is None else billable
    closes = terms.period.holding(payload.service_month).closes
    occasion = terms.claim.occasion(closes, time_zone=payload.time_zone or "UTC")
    return determine(
        terms=terms,
        measured=measured,
        withheld=withheld,
        billable=fee,
        currency=paid_in,
        month=closes,
        occasion=replace(occasion, outages=payload.told_outages(rules, terms.period)),
    )


def _compared(example: WorkedExample, found: Determination) -> Iterator[tuple[str, str, str]]:
    if example.credit_amount is not None:
        expected = found.currency.minor(example.credit_amount)
        paid = found.amount.text if found.amount else "withheld"
        same = found.amount is not None and found.amount.minor == expected
        yield "credit_amount", paid if same else plain(example.credit_amount), paid
    if example.credit_days is not None:
        days = "none" if found.days is None else str(found.days)
        same = found.days == Fraction(example.credit_days)
        yield "credit_days", days if same else plain(example.credit_days), days
