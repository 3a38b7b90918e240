"""The pure answer for one contract and month: how much, and why, step by step.

Everything that turns an assessed ladder into payable money is here, in this order: base, tier, days
to money, cap, rounding (once), minimum payout, claim deadline. The answer depends on nothing but
its inputs, and every step says in a sentence what it did with which numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from models.claims.deadline import Due, Occasion, claim_due
from models.contract import Cap, CreditTerms, MinimumPayout
from models.ladder import Assessment, Measured, floor_percent
from models.money import Currency, Money, payable_within, round_to_payable
from models.period import ServiceMonth
from models.printing import CUT, duration_text, number_text, percent_text
from models.terms import MOST_DIGITS, JsonValue, plain

REPLAYED = (
    "uptime_ratio",
    "uptime_percent",
    "breached",
    "tier",
    "base_minor",
    "credit_ratio",
    "credit_percent",
    "credit_days",
    "capped",
    "credit_amount",
    "credit_minor",
    "currency",
    "claim_by",
)
"""What a replay must find again. Sentences may be worded better later; figures may not change."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation: its name and the sentence that explains it."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Determination:
    """What a month earns.

    Attributes:
        uptime: Exact uptime, 0 to 1; None when withheld for want of data.
        breached: Whether the commitment was missed; None when unknown. What is owed is `amount` or
            `days`: some terms pay for a month that met its commitment.
        tier: The tier in words; None without one.
        base_minor: What the percent applies to, exact minor units: the affected billable amount.
        credit_share: Exact share of the base after the cap; None for days kept or withheld.
        days: Days of service after the cap; None for money ladders or withheld.
        capped: Whether the cap took something away.
        amount: The payable credit; zero when nothing is owed; None when withheld.
        currency: The currency of base and credit.
        withheld: Why there is no answer and a person must look; "" when there is one.
        claim_by: Last date on which the claim is in time; None without a limit or when nothing is
            owed. A withheld month keeps its deadline, because it may turn out to be owed.
        steps: The whole calculation, in order.
    """

    uptime: Fraction | None
    breached: bool | None
    tier: str | None
    base_minor: Fraction
    credit_share: Fraction | None
    days: Fraction | None
    capped: bool
    amount: Money | None
    currency: Currency
    withheld: str
    claim_by: date | None
    steps: tuple[Step, ...]

    @property
    def owed(self) -> bool:
        """Whether the month earns anything: money, or days that stay days."""
        kept_days = self.credit_share is None and self.days
        return bool((self.amount and self.amount.minor) or kept_days)

    def to_record(self) -> JsonValue:
        """The answer as canonical JSON values, without floats.

        Ratios are {numerator, denominator} and come with a percent cut to six places; money and
        percents are strings.
        """
        return {
            "uptime_ratio": _ratio_record(self.uptime),
            "uptime_percent": None if self.uptime is None else floor_percent(self.uptime),
            "breached": self.breached,
            "tier": self.tier,
            "base_minor": _ratio_record(self.base_minor),
            "credit_ratio": _ratio_record(self.credit_share),
            "credit_percent": self.credit_percent,
            "credit_days": None if self.days is None else number_text(self.days, MOST_DIGITS),
            "capped": self.capped,
            "credit_amount": self.amount.text if self.amount else None,
            "credit_minor": self.amount.minor if self.amount else None,
            "currency": self.currency.code,
            "withheld": self.withheld,
            "claim_by": self.claim_by.isoformat() if self.claim_by else None,
            "steps": [{"name": step.name, "says": step.says} for step in self.steps],
        }

    @property
    def credit_percent(self) -> str | None:
        """The credit in percent of the base, cut to six places; `10` for a flat tier of 10 %."""
        if self.credit_share is None:
            return None
        return plain(Decimal(floor_percent(self.credit_share)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `determine` was asked, apart from the measurement."""

    terms: CreditTerms
    billable: Decimal | None
    currency: Currency
    month: ServiceMonth
    occasion: Occasion | None

    @property
    def fee_minor(self) -> Fraction:
        """The billable amount in exact minor units; 0 where nobody knows it."""
        return Fraction(0) if self.billable is None else self.currency.minor(self.billable)


@dataclass(frozen=True, slots=True)
class _Worth:
    """A credit on its way from the ladder to money."""

    base_minor: Fraction
    share: Fraction
    days: Fraction | None
    capped: bool
    steps: tuple[Step, ...]

    @property
    def exact_minor(self) -> Fraction:
        """The credit in exact minor units, not yet rounded."""
        return self.share * self.base_minor

    def with_step(self, name: str, says: str) -> _Worth:
        """The same credit with one more step behind it."""
        return replace(self, steps=(*self.steps, Step(name, says)))


def determine(
    *,
    terms: CreditTerms,
    measured: Measured | None,
    withheld: str,
    billable: Decimal | None,
    currency: Currency,
    month: ServiceMonth,
    occasion: Occasion | None = None,
) -> Determination:
    """What a measured month earns under the credit terms.

    Args:
        terms: Ladder, cap, minimum payout, rounding and claim terms in force.
        measured: The month; None when it could not be measured.
        withheld: Why a person must look first; "" when nobody must. With a measured month, the
            steps show what it would earn.
        billable: What the percent applies to before the affected share, in major units; None when
            nobody knows it, and then there is a percent, or days, and no amount.
        currency: The currency of the billable amount and of the credit.
        month: The service month, for the claim deadline.
        occasion: The month with its zone and outages, for deadlines that hang on them; None for
            the month alone.

    Raises:
        ValueError: There is neither a measurement nor a reason why not.
    """
    asked = _Asked(terms, billable, currency, month, occasion)
    if measured is None:
        return _unmeasured(asked, withheld)
    assessed = terms.ladder.assess(measured)
    worth = _worth(asked, assessed, measured)
    reason = withheld or assessed.gap or ""
    if reason:
        return _held(asked, assessed, measured, worth, reason)
    return _answer(asked, assessed, measured, worth)


def _unmeasured(asked: _Asked, withheld: str) -> Determination:
    if not withheld:
        message = "a month without a measurement must say why it has none"
        raise ValueError(message)
    claim_by, claim_steps = _claim(asked)
    return Determination(
        uptime=None,
        breached=None,
        tier=None,
        base_minor=asked.fee_minor,
        credit_share=None,
        days=None,
        capped=False,
        amount=None,
        currency=asked.currency,
        withheld=withheld,
        claim_by=claim_by,
        steps=(Step("withheld", f"nothing is decided: {withheld}"), *claim_steps),
    )


def _worth(asked: _Asked, assessed: Assessment, measured: Measured) -> _Worth:
    base = asked.fee_minor * measured.affected_ratio
    worth = _Worth(
        base_minor=base,
        share=assessed.share,
        days=assessed.days,
        capped=False,
        steps=_opening_steps(asked, assessed, measured),
    )
    if not (assessed.share or assessed.days):
        return worth
    worth = _cap_days(worth, asked.terms.cap)
    if worth.days is not None and not asked.terms.days_stay_days:
        worth = _days_to_money(worth, measured, asked.currency)
    return _cap_money(worth, asked.terms, asked.currency)


def _opening_steps(asked: _Asked, assessed: Assessment, measured: Measured) -> tuple[Step, ...]:
    fee, currency = asked.fee_minor, asked.currency
    down, whole = duration_text(measured.down_seconds), duration_text(measured.measurable_seconds)
    uptime = f"uptime is {percent_text(measured.uptime)}: {down} down of {whole} measurable"
    base = f"the percent applies to {_major_text(fee, currency)} {currency.code}"
    if asked.billable is None:
        base = "the billable amount is not known, so nothing can be said of money"
    elif measured.affected_ratio != 1:
        part = _major_text(fee * measured.affected_ratio, currency)
        base += f", of which {percent_text(measured.affected_ratio)} is affected: {part}"
    ladder = (Step("ladder", reason) for reason in assessed.reasons)
    return (Step("uptime", uptime), *ladder, Step("base", base))


def _cap_days(worth: _Worth, cap: Cap | None) -> _Worth:
    if cap is None or cap.days is None or worth.days is None:
        return worth
    most = Fraction(cap.days)
    if worth.days <= most:
        return worth.with_step("cap", f"within the cap of {number_text(most)} days")
    says = f"{number_text(worth.days)} days are cut to the cap of {number_text(most)} days"
    return replace(worth, days=most, capped=True).with_step("cap", says)


def _days_to_money(worth: _Worth, measured: Measured, currency: Currency) -> _Worth:
    days = worth.days or Fraction(0)
    paid = replace(worth, share=days / measured.days)
    worked = f"{number_text(days)} of {measured.days} days of the fee"
    return paid.with_step("days", f"{worked} are {_value_text(paid, currency)}")


def _cap_money(worth: _Worth, terms: CreditTerms, currency: Currency) -> _Worth:
    limits = _limits(worth.base_minor, terms.cap, currency)
    if not limits or terms.days_stay_days:
        return worth
    most, name = min(limits)
    value = _value_text(worth, currency)
    if worth.share <= most:
        return worth.with_step("cap", f"{value} is within the cap of {name}")
    says = f"{value} is cut to the cap of {name}"
    return replace(worth, share=most, capped=True).with_step("cap", says)


def _limits(base: Fraction, cap: Cap | None, currency: Currency) -> list[tuple[Fraction, str]]:
    """The caps as shares of the base, so that they hold for a base of nothing as well.

    Of an amount that cannot be paid exactly the payable part holds, or rounding would pass it.
    """
    limits = []
    if cap is not None and cap.percent is not None:
        share = Fraction(cap.percent) / 100
        money = f", {_major_text(share * base, currency)}" if base else ""
        limits.append((share, f"{plain(cap.percent)} %{money}"))
    if cap is not None and cap.amount is not None and base:
        most = payable_within(currency.minor(cap.amount), currency)
        limits.append((most / base, _major_text(most, currency)))
    return limits


def _held(
    asked: _Asked, assessed: Assessment, measured: Measured, worth: _Worth, reason: str
) -> Determination:
    claim_by, claim_steps = _claim(asked)
    would = Step("amount", f"would earn {_exact_text(worth, asked.currency)}")
    held = Step("withheld", f"withheld: {reason}")
    return Determination(
        uptime=measured.uptime,
        breached=assessed.breached,
        tier=assessed.tier,
        base_minor=worth.base_minor,
        credit_share=None,
        days=None,
        capped=worth.capped,
        amount=None,
        currency=asked.currency,
        withheld=reason,
        claim_by=claim_by,
        steps=(*worth.steps, *(() if assessed.gap else (would,)), held, *claim_steps),
    )


def _answer(
    asked: _Asked, assessed: Assessment, measured: Measured, worth: _Worth
) -> Determination:
    terms = asked.terms
    amount, money_steps = _in_money(asked, worth)
    earned = worth.share if amount is None else amount.minor
    owed = earned or (terms.days_stay_days and worth.days)
    claim_by, claim_steps = _claim(asked) if owed else (None, ())
    return Determination(
        uptime=measured.uptime,
        breached=assessed.breached,
        tier=assessed.tier,
        base_minor=worth.base_minor,
        credit_share=None if terms.days_stay_days else worth.share,
        days=worth.days,
        capped=worth.capped,
        amount=amount,
        currency=asked.currency,
        withheld="",
        claim_by=claim_by,
        steps=(*worth.steps, *money_steps, *claim_steps),
    )


def _in_money(asked: _Asked, worth: _Worth) -> tuple[Money | None, tuple[Step, ...]]:
    currency = asked.currency
    if asked.billable is None:
        return None, (Step("amount", f"earns {_exact_text(worth, currency)}"),)
    rounded = round_to_payable(worth.exact_minor, currency, rounding=asked.terms.rounding)
    amount, minimum_steps = _paid(rounded.money, asked.terms.minimum_payout)
    return amount, (*_money_steps(worth, rounded.reason, currency), *minimum_steps)


def _money_steps(worth: _Worth, rounding: str, currency: Currency) -> tuple[Step, ...]:
    earned = Step("amount", f"earns {_exact_text(worth, currency)}")
    return (earned, Step("rounding", rounding)) if worth.exact_minor else (earned,)


def _paid(money: Money, minimum: MinimumPayout | None) -> tuple[Money, tuple[Step, ...]]:
    bound = _minimum(minimum, money)
    if bound is None or not money.minor:
        return money, ()
    reached, words = bound
    if reached:
        return money, (Step("minimum_payout", f"{money} is {words}, so it is issued"),)
    return Money(0, money.currency), (
        Step("minimum_payout", f"{money} is not {words}, so nothing is issued"),
    )


def _minimum(minimum: MinimumPayout | None, money: Money) -> tuple[bool, str] | None:
    if minimum is not None and minimum.more_than is not None:
        bound = money.currency.minor(minimum.more_than)
        return money.minor > bound, f"more than {_major_text(bound, money.currency)}"
    if minimum is not None and minimum.at_least is not None:
        bound = money.currency.minor(minimum.at_least)
        return money.minor >= bound, f"at least {_major_text(bound, money.currency)}"
    return None


def _claim(asked: _Asked) -> tuple[date | None, tuple[Step, ...]]:
    """The date of the claim's own deadline, and a sentence for it and each stage before it."""
    claim = asked.terms.claim
    found = claim.dues(asked.occasion or claim.occasion(asked.month))
    due = claim_due(found)
    if due is None:
        unknown = "the claim's deadline hangs on something that is not known here"
        return None, (Step("claim", unknown),) if claim.rules else ()
    first: dict[str, Due] = {}
    for one in found:
        first.setdefault(one.stage, one)
    earlier = [_stage_text(one) for one in first.values() if one.stage != due.stage]
    says = f"a claim for {asked.month} is in time {due.says}"
    return due.last_day, tuple(Step("claim", words) for words in (*earlier, says))


def _stage_text(due: Due) -> str:
    return f"before it, {due.stage} is in time {due.says}"


def _value_text(worth: _Worth, currency: Currency) -> str:
    """The exact credit as money; in percent where the base is nothing or not known."""
    if not worth.base_minor:
        return f"{percent_text(worth.share)} of the billable amount"
    return f"{_major_text(worth.exact_minor, currency)} {currency.code}"


def _exact_text(worth: _Worth, currency: Currency) -> str:
    value = _value_text(worth, currency)
    if worth.days is None:
        return value
    days = f"{number_text(worth.days)} days of service"
    return f"{days}, {value}" if worth.exact_minor else days


def _major_text(exact_minor: Fraction, currency: Currency) -> str:
    """Exact minor units in major units, with at least the currency's places."""
    text = number_text(exact_minor / 10**currency.exponent)
    whole, _, places = text.rstrip(CUT).partition(".")
    padded = places.ljust(currency.exponent, "0")
    return f"{whole}{'.' if padded else ''}{padded}{CUT if text.endswith(CUT) else ''}"


def _ratio_record(ratio: Fraction | None) -> JsonValue:
    if ratio is None:
        return None
    return {"numerator": ratio.numerator, "denominator": ratio.denominator}


def replay_differences(recorded: JsonValue, replayed: JsonValue) -> tuple[str, ...]:
    """Every figure of two `to_record` answers that differs, named with both values.

    Why a month is withheld is wording; that it is withheld is a figure.

    >>> replay_differences({"credit_minor": 100}, {"credit_minor": 101})
    ('credit_minor was 100, is 101',)
    """
    figures = [
        f"{name} was {recorded.get(name)}, is {replayed.get(name)}"
        for name in REPLAYED
        if recorded.get(name) != replayed.get(name)
    ]
    was, now = bool(recorded.get("withheld")), bool(replayed.get("withheld"))
    return (*figures, *([f"withheld was {was}, is {now}"] if was != now else []))
