"""Contracts: one client's SLA for one service, in dated versions.

A contract is read from a workspace file by `connectors.terms` and arrives here resolved: a ladder
named from the catalog has been put in its place, defaults are filled in. The digest of the version
in force is recorded with every decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from models.addresses import Address
from models.claims.terms import ClaimTerms
from models.clauses.base import BaseTerms
from models.clauses.caps import ScopedCap
from models.clauses.eligibility import Gate
from models.clauses.form import CreditForm
from models.clauses.minimum import MinimumPayout
from models.clauses.recurrence import Recurrence
from models.clauses.rights import Right
from models.clauses.stated import Attributes, StatedAmounts
from models.decision import digest_of
from models.defects import Defect
from models.exclusion import ExclusionRule
from models.findings import Finding, Severity
from models.kinds import AnyLadder
from models.language import LanguageCode
from models.measurement import MeasurementTerms
from models.money import Currency, Rounding
from models.period import ServiceMonth
from models.service_period import MONTHLY, PeriodTerms, ServicePeriod
from models.terms import Amount, CurrencyCode, JsonValue, Name, Percent, Slug, Terms, TimeZone

__all__ = [
    "BillingTerms",
    "Cap",
    "Contract",
    "ContractId",
    "ContractVersion",
    "CreditTerms",
    "DaysPaid",
    "Governing",
    "MinimumPayout",
    "Party",
    "Payout",
    "ReleaseMode",
    "ReleaseRule",
    "Role",
    "Service",
    "TaxBasis",
    "VendorId",
]


class Role(StrEnum):
    """Who owes the credit: we, the provider, or our vendor, when we are the customer."""

    PROVIDER = "provider"
    CUSTOMER = "customer"


class Payout(StrEnum):
    """How a credit reaches the client."""

    CUSTOMER_BALANCE = "customer_balance"
    REFUND = "refund"
    OUT_OF_BAND = "out_of_band"


class TaxBasis(StrEnum):
    """Whether a credit's amount holds the tax (`gross`), or tax comes on top of it (`net`)."""

    GROSS = "gross"
    NET = "net"


VendorId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,255}$")]
"""The id of something at a billing vendor, such as `cus_9s6XKzkNRiz8i3`."""


def _contract_id(written: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*", written):
        return written
    raise PydanticCustomError(
        "contract_id",
        "the id of a contract, as client/service",
        {"remedy": "Write for example aws/dynamodb."},
    )


ContractId = Annotated[str, AfterValidator(_contract_id)]
"""A contract's id, `client/service`."""


class BillingTerms(Terms):
    """Where a client's credits are booked at the billing vendor.

    Attributes:
        customer: The vendor's customer; None looks for one whose metadata names the client.
        subscription: The vendor's subscription that bills the service; None for any.
        tax: Whether credits of this contract hold the tax already.
    """

    customer: VendorId | None = None
    subscription: VendorId | None = None
    tax: TaxBasis = TaxBasis.GROSS


class Party(Terms):
    """The other side of a contract: our client, or the vendor that we are the customer of.

    Attributes:
        id: Unique in a workspace.
        name: As letters and ledgers write it.
        email: Where notices go; None for none.
        language: The language of notices; None for the workspace's.
    """

    id: Slug
    name: Name
    email: Address | None = None
    language: LanguageCode | None = None


class Service(Terms):
    """What the contract is about."""

    id: Slug
    name: Name


class Cap(Terms):
    """The most that one month may earn; where several are given the smallest holds.

    Attributes:
        percent: Of the affected billable amount.
        amount: In the contract's currency.
        days: Days of service, for ladders in that unit.
    """

    percent: Percent | None = None
    amount: Amount | None = None
    days: Amount | None = None


class DaysPaid(StrEnum):
    """Whether days of service stay days (an extension) or become money at the fee per day."""

    AS_DAYS = "as_days"
    AS_MONEY = "as_money"


class CreditTerms(Terms):
    """From a measured month to money: the ladder and all that bounds it.

    Attributes:
        ladder: Tier, percentage or formula.
        cap: The most that a month may earn; None for no cap beyond the ladder's own.
        minimum_payout: Below it nothing is issued.
        rounding: How the exact amount becomes payable.
        days_paid: What becomes of days of service.
        claim: Deadline and channel.
        period: What the ladder judges. Default: the calendar month.
        measurement: How the published terms measure; a contract that says so takes it from here.
        base: What the percentage is of. Default: the billable amount.
        eligibility: What a contract must be or have to earn anything.
        recurrence: How often the commitment must be missed; None for once.
        caps: The most that other scopes than the period may earn.
        rights: What a breach gives beside money.
        form: What the credit comes as; None where nothing is said.
    """

    ladder: AnyLadder
    cap: Cap | None = None
    minimum_payout: MinimumPayout | None = None
    rounding: Rounding = Rounding.HALF_UP
    days_paid: DaysPaid = DaysPaid.AS_DAYS
    claim: ClaimTerms = ClaimTerms()
    # Terms that do not use what was added later keep the digest that they had before.
    period: PeriodTerms = Field(default=MONTHLY, exclude_if=lambda value: value == MONTHLY)
    measurement: MeasurementTerms | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    base: BaseTerms = Field(default=BaseTerms(), exclude_if=lambda value: value == BaseTerms())
    eligibility: tuple[Gate, ...] = Field(default=(), exclude_if=lambda value: value == ())
    recurrence: Recurrence | None = Field(default=None, exclude_if=lambda value: value is None)
    caps: tuple[ScopedCap, ...] = Field(default=(), exclude_if=lambda value: value == ())
    rights: tuple[Right, ...] = Field(default=(), exclude_if=lambda value: value == ())
    form: CreditForm | None = Field(default=None, exclude_if=lambda value: value is None)

    def findings(self, place: str) -> tuple[Finding, ...]:
        """Everything that is wrong with the terms, all at once; fields relative to these terms."""
        own = (finding.within("ladder") for finding in self.ladder.findings(place))
        return (*own, *self._without_effect(place), *self._unbounded(place))

    def _without_effect(self, place: str) -> Iterator[Finding]:
        for field, given, reason in self._unused():
            if given:
                yield Finding(
                    place=place,
                    field=field,
                    fact=f"has no effect: {reason}",
                    expected="every term has a meaning",
                    remedy="Leave it out, or set days_paid: as_money if the days become money.",
                    rule=Defect.MEANINGLESS,
                )

    def _unused(self) -> tuple[tuple[str, bool, str], ...]:
        cap = self.cap or Cap()
        in_days, kept = self.ladder.in_days, self.days_stay_days
        stay = "the ladder pays in days that stay days"
        money = "the ladder pays in money"
        return (
            ("cap.percent", kept and cap.percent is not None, stay),
            ("cap.amount", kept and cap.amount is not None, stay),
            ("minimum_payout", kept and self.minimum_payout is not None, stay),
            ("cap.days", not in_days and cap.days is not None, money),
            ("days_paid", not in_days and self.days_paid is DaysPaid.AS_MONEY, money),
            *self._unused_caps(stay, money),
        )

    def _unused_caps(self, stay: str, money: str) -> Iterator[tuple[str, bool, str]]:
        for place, cap in enumerate(self.caps):
            if cap.days is not None:
                yield f"caps[{place}].days", not self.ladder.in_days, money
            else:
                bound = "percent" if cap.percent is not None else "amount"
                yield f"caps[{place}].{bound}", self.days_stay_days, stay

    def _unbounded(self, place: str) -> Iterator[Finding]:
        bounded = self.cap is not None or self.caps
        if self.ladder.may_exceed_fee and not bounded and not self.days_stay_days:
            yield Finding(
                place=place,
                field="cap",
                fact="is missing, so a long outage earns more than the fee",
                expected="a cap, unless the contract really has none",
                remedy="Write cap: {percent: 100} where the fee is the most that is owed.",
                severity=Severity.WARNING,
                rule=Defect.UNBOUNDED,
            )

    @property
    def days_stay_days(self) -> bool:
        """Whether a credit is an extension in days of service and no money."""
        return self.ladder.in_days and self.days_paid is DaysPaid.AS_DAYS

    @property
    def carries(self) -> bool:
        """Whether a credit that is too small waits for a later period."""
        return self.minimum_payout is not None and self.minimum_payout.carries

    def looks_back(self, month: ServiceMonth) -> int:
        """How many earlier periods must be known to decide the one that a month closes."""
        asked = [self.conditions_look_back, int(self.carries), self.period.looks_back]
        asked += [cap.looks_back(month, self.period.months) for cap in self.caps]
        return max(asked)

    @property
    def conditions_look_back(self) -> int:
        """How many earlier periods decide whether anything is owed, or which right there is."""
        asked = [self.ladder.looks_back, *(right.looks_back for right in self.rights)]
        asked += [self.recurrence.looks_back] if self.recurrence else []
        return max(asked)


class ReleaseMode(StrEnum):
    """Whether a credit waits for a person or may be released by the contract's own rule."""

    ASK = "ask"
    AUTOMATIC = "automatic"


class ReleaseRule(Terms):
    """When a credit may leave without a person.

    Attributes:
        mode: Ask (the default), or automatic within the bounds below.
        up_to: Largest amount of a month, in the contract's currency; without it nothing leaves.
        minimum_coverage_percent: Least coverage of the month; None asks for all of it.
        two_person_above: Amount above which two people must agree, in the contract's currency.
    """

    mode: ReleaseMode = ReleaseMode.ASK
    up_to: Amount | None = None
    minimum_coverage_percent: Percent | None = None
    two_person_above: Amount | None = None


class ContractVersion(Terms):
    """The terms from one date on.

    Attributes:
        effective_on: First day on which they hold. A month is governed by the version in force on
            its first day.
        ends_on: Last day of the contract; None while it runs.
        time_zone: IANA zone of the service month.
        currency: ISO 4217 code of the billable amount and the credit.
        billable_amount: What the credit percent applies to, per month, in major units.
        affected_percent: The share of the billable amount that an outage touches.
        monitors: What measures the service, as the sources name it; defaults to the service id.
        measurement: How uptime is measured.
        exclusions: What may leave the sum.
        credit: Ladder, cap, minimum payout, rounding, claim.
        payout: How a credit reaches the client.
        release: When it may leave without a person.
        billing: Where it is booked at the billing vendor.
        catalog: Id of the catalog ladder that the credit terms came from; "" for own terms.
        attributes: What the contract is and has, as far as its terms ask for it.
        amounts: Amounts other than the billable one that its terms name.
    """

    effective_on: date
    ends_on: date | None = None
    time_zone: TimeZone = "UTC"
    currency: CurrencyCode
    billable_amount: Amount
    affected_percent: Percent = Decimal(100)
    monitors: Annotated[tuple[Name, ...], Field(min_length=1)]
    measurement: MeasurementTerms = MeasurementTerms()
    exclusions: tuple[ExclusionRule, ...] = ()
    credit: CreditTerms
    payout: Payout = Payout.CUSTOMER_BALANCE
    release: ReleaseRule = ReleaseRule()
    billing: BillingTerms = BillingTerms()
    catalog: str = ""
    attributes: Attributes = Field(default=(), exclude_if=lambda value: value == ())
    amounts: StatedAmounts = Field(default=(), exclude_if=lambda value: value == ())

    def period(self, month: ServiceMonth) -> ServicePeriod | None:
        """The service period that a month closes; None when it lies within a longer one."""
        return self.credit.period.closing_in(month)

    @property
    def billable(self) -> Currency:
        """The currency of the billable amount."""
        return Currency.of(self.currency)

    @cached_property
    def record(self) -> JsonValue:
        """The terms as canonical JSON values, every default written out."""
        return self.model_dump(mode="json")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the record: names these terms in every decision."""
        return digest_of(self.record)


@dataclass(frozen=True, slots=True)
class Governing:
    """What governs the service period that a month closes.

    Attributes:
        version: The terms.
        period: The service period.
        runs_from: First day of the contract, where it began within the period; None otherwise.
    """

    version: ContractVersion
    period: ServicePeriod
    runs_from: date | None = None


class Contract(Terms):
    """One client's SLA for one service.

    Attributes:
        role: Who owes the credit.
        client: The other side.
        service: What is promised.
        evidence: Where the proof lies: dashboards, log paths; as the contract's file names it.
        depends_on: The vendors' contracts that the service runs on, as `client/service`; only where
            we are the provider.
        versions: Dated terms, rising by `effective_on`, no two on one date.
    """

    role: Role
    client: Party
    service: Service
    evidence: tuple[Name, ...] = ()
    depends_on: tuple[ContractId, ...] = ()
    versions: Annotated[tuple[ContractVersion, ...], Field(min_length=1)]

    @property
    def id(self) -> str:
        """`client/service`, unique in a workspace."""
        return f"{self.client.id}/{self.service.id}"

    def in_force(self, month: ServiceMonth) -> ContractVersion | None:
        """The version that governs a month; None when the contract does not run on its first."""
        begun = [v for v in self.versions if v.effective_on <= month.first_day]
        if not begun:
            return None
        latest = max(begun, key=lambda version: version.effective_on)
        ended = latest.ends_on is not None and latest.ends_on < month.first_day
        return None if ended else latest

    @property
    def begins_on(self) -> date:
        """The first day of the first version."""
        return min(version.effective_on for version in self.versions)

    def governing(self, month: ServiceMonth) -> Governing | None:
        """What governs the period that a month closes; None when it closes none, or none runs.

        A period is governed by the version in force on its first day, windows that trail behind a
        date by the one at their last month's start. Where the contract begins within the period, it
        is decided only if the terms say of what it is a share then.
        """
        latest = self.in_force(month) or self._beginning_in(month)
        period = latest.period(month) if latest else None
        if latest is None or period is None:
            return None
        runs_from = self.begins_on if self.begins_on > period.first else None
        if latest.credit.period.trails or runs_from is None:
            return Governing(self._at_the_start(latest, period), period)
        if latest.measurement.partial_period is None:
            return None
        return Governing(latest, period, runs_from)

    def _beginning_in(self, month: ServiceMonth) -> ContractVersion | None:
        """The first version, where it begins within a month and may."""
        first = min(self.versions, key=lambda version: version.effective_on)
        partial = first.measurement.partial_period is not None
        within = month.first_day < first.effective_on <= month.last_day
        return first if partial and within else None

    def _at_the_start(self, latest: ContractVersion, period: ServicePeriod) -> ContractVersion:
        """The version in force on the period's first day, where it judges the same periods."""
        if latest.credit.period.trails or latest.effective_on <= period.first:
            return latest
        begun = [v for v in self.versions if v.effective_on <= period.first]
        earlier = max(begun, key=lambda version: version.effective_on, default=latest)
        return earlier if earlier.credit.period == latest.credit.period else latest
