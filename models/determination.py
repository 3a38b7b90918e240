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
from models.clauses.base import BILLABLE, BaseAmount
from models.clauses.caps import Capped, cap_events, cap_periods
from models.clauses.eligibility import eligible
from models.clauses.minimum import Issued, issued
from models.clauses.rights import rights_of
from models.clauses.verdict import Verdict
from models.contract import Cap, CreditTerms
from models.ladder import Assessment, Measured, floor_percent
from models.money import Currency, Money, payable_within, round_to_payable
from models.period import ServiceMonth
from models.printing import duration_text, number_text, percent_text
from models.terms import MOST_DIGITS, JsonValue, plain
from models.worth import Step, Worth, exact_text, major_text, value_text

__all__ = ["Determination", "Step", "determine", "replay_differences"]

Steps = tuple[Step, ...]

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
    "earned_minor",
    "carried_minor",
    "rights",
)
"""What a replay must find again. Sentences may be worded better later; figures may not change."""


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
        rights: What the period gives beside money, one sentence each.
        form: What the credit comes as, in words; "" where the terms do not say.
        earned_minor: What the period earned by itself, where amounts are carried over periods;
            None where they are not, and `amount` says it.
        carried_minor: What is too small to be issued and waits for the next period.
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
    rights: tuple[str, ...] = ()
    form: str = ""
    earned_minor: int | None = None
    carried_minor: int = 0

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
            **self._where_stated,
        }

    @property
    def _where_stated(self) -> dict[str, JsonValue]:
        """What only some terms have; others keep the record that they had before."""
        carried = self.earned_minor is not None
        stated: dict[str, tuple[bool, JsonValue]] = {
            "rights": (bool(self.rights), list(self.rights)),
            "form": (bool(self.form), self.form),
            "earned_minor": (carried, self.earned_minor),
            "carried_minor": (carried, self.carried_minor),
        }
        return {name: value for name, (given, value) in stated.items() if given}

    @property
    def credit_percent(self) -> str | None:
        """The credit in percent of the base, cut to six places; `10` for a flat tier of 10 %."""
        if self.credit_share is None:
            return None
        return plain(Decimal(floor_percent(self.credit_share)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `determine` was asked, apart from the measurement.

    Attributes:
        base: What the percent applies to, by the terms.
        fee_minor: The same in exact minor units; 0 where nobody knows it.
    """

    terms: CreditTerms
    billable: Decimal | None
    currency: Currency
    month: ServiceMonth
    occasion: Occasion | None
    base: BaseAmount
    fee_minor: Fraction

    @property
    def base_missing(self) -> str:
        """Why the base is not known although a billable amount is; "" when it is known."""
        named = [name for name in self.base.missing if name != BILLABLE]
        return f"the contract does not state {' and '.join(named)}" if named else ""

    def capped(self, measured: Measured) -> Capped:
        """What caps are held against."""
        return Capped(
            currency=self.currency,
            circumstances=measured.circumstances,
            month=self.month,
            step=self.terms.period.months,
            time_zone=measured.time_zone,
            keeps_days=self.terms.days_stay_days,
        )


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
    amounts = measured.circumstances.amounts if measured else {}
    base = terms.base.amount(billable, amounts)
    fee = Fraction(0) if base.major is None else base.major * 10**currency.exponent
    asked = _Asked(terms, billable, currency, month, occasion, base, fee)
    if measured is None:
        return _unmeasured(asked, withheld)
    assessed = terms.ladder.assess(measured)
    worth = _worth(asked, assessed, measured)
    reason = withheld or assessed.gap or worth.held
    if reason:
        found = _held(asked, assessed, measured, worth, reason)
    else:
        found = _answer(asked, assessed, measured, worth)
    return _with_rights(found, asked, assessed, measured)


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


def _with_rights(
    found: Determination, asked: _Asked, assessed: Assessment, measured: Measured
) -> Determination:
    """The answer with the rights that the period gives, and with the form of what is owed."""
    terms = asked.terms
    if not terms.rights and terms.form is None:
        return found
    promised = terms.ladder.commitment
    rights = tuple(
        rights_of(terms.rights, measured, commitment=promised, breached=assessed.breached)
    )
    form = terms.form.words if terms.form and found.owed else ""
    steps = [Step("right", right) for right in rights]
    steps += [Step("form", f"the credit comes {form}")] if form else []
    return replace(found, rights=rights, form=form, steps=(*found.steps, *steps))


def _worth(asked: _Asked, assessed: Assessment, measured: Measured) -> Worth:
    worth = Worth(
        base_minor=asked.fee_minor * measured.affected_ratio,
        share=assessed.share,
        days=assessed.days,
        capped=False,
        steps=_opening_steps(asked, assessed, measured),
    )
    if _carried_into(asked, measured) is None:
        return replace(worth, held="what was carried into the period is not known")
    if not worth.earns:
        return worth
    worth = _conditions(asked, assessed, measured, worth)
    if not worth.earns or worth.held:
        return worth
    if asked.base_missing:
        return replace(worth, held=asked.base_missing)
    return _cut(asked, assessed, measured, worth)


def _conditions(asked: _Asked, assessed: Assessment, measured: Measured, worth: Worth) -> Worth:
    """The credit of a period that may earn one at all; nothing where it may not."""
    terms = asked.terms
    if terms.eligibility:
        found = eligible(terms.eligibility, measured.circumstances)
        worth = _on_condition(worth, "eligibility", found)
    if terms.recurrence is not None and worth.earns and not worth.held:
        missed = Verdict(holds=False, says="only a missed commitment counts, and it was met")
        if assessed.breached:
            promised = terms.ladder.commitment
            missed = terms.recurrence.verdict(measured.circumstances, promised=promised)
        worth = _on_condition(worth, "recurrence", missed)
    return worth


def _on_condition(worth: Worth, name: str, found: Verdict) -> Worth:
    if found.holds is None:
        return replace(worth, held=found.says)
    if found.holds:
        return worth.with_step(name, found.says) if found.says else worth
    nothing = replace(worth, share=Fraction(0), days=None if worth.days is None else Fraction(0))
    return nothing.with_step(name, f"{found.says}, so nothing is owed")


def _cut(asked: _Asked, assessed: Assessment, measured: Measured, worth: Worth) -> Worth:
    """The credit after every cap, in money unless it stays in days."""
    terms, currency, against = asked.terms, asked.currency, asked.capped(measured)
    if terms.caps:
        worth = cap_events(worth, terms.caps, assessed.events, against)
    if worth.held:
        return worth
    worth = _cap_days(worth, terms.cap)
    if worth.days is not None and not terms.days_stay_days:
        worth = _days_to_money(worth, measured, currency)
    worth = _cap_money(worth, terms, currency)
    return cap_periods(worth, terms.caps, against) if terms.caps else worth


def _opening_steps(asked: _Asked, assessed: Assessment, measured: Measured) -> tuple[Step, ...]:
    fee, currency = asked.fee_minor, asked.currency
    down, whole = duration_text(measured.down_seconds), duration_text(measured.measurable_seconds)
    uptime = f"uptime is {percent_text(measured.uptime)}: {down} down of {whole} measurable"
    base = f"the percent applies to {major_text(fee, currency)} {currency.code}"
    if asked.base.says:
        base += f", {asked.base.says}"
    if asked.base.major is None:
        why = asked.base_missing or "the billable amount is not known"
        base = f"{why}, so nothing can be said of money"
    elif measured.affected_ratio != 1:
        part = major_text(fee * measured.affected_ratio, currency)
        base += f", of which {percent_text(measured.affected_ratio)} is affected: {part}"
    ladder = (Step("ladder", reason) for reason in assessed.reasons)
    return (Step("uptime", uptime), *ladder, Step("base", base))


def _cap_days(worth: Worth, cap: Cap | None) -> Worth:
    if cap is None or cap.days is None or worth.days is None:
        return worth
    most = Fraction(cap.days)
    return worth.within_days(most, f"{number_text(most)} days")


def _days_to_money(worth: Worth, measured: Measured, currency: Currency) -> Worth:
    days = worth.days or Fraction(0)
    paid = replace(worth, share=days / measured.days)
    worked = f"{number_text(days)} of {measured.days} days of the fee"
    return paid.with_step("days", f"{worked} are {value_text(paid, currency)}")


def _cap_money(worth: Worth, terms: CreditTerms, currency: Currency) -> Worth:
    limits = _limits(worth.base_minor, terms.cap, currency)
    if not limits or terms.days_stay_days:
        return worth
    return worth.within(*min(limits), currency)


def _limits(base: Fraction, cap: Cap | None, currency: Currency) -> list[tuple[Fraction, str]]:
    """The caps as shares of the base, so that they hold for a base of nothing as well.

    Of an amount that cannot be paid exactly the payable part holds, or rounding would pass it.
    """
    limits = []
    if cap is not None and cap.percent is not None:
        share = Fraction(cap.percent) / 100
        money = f", {major_text(share * base, currency)}" if base else ""
        limits.append((share, f"{plain(cap.percent)} %{money}"))
    if cap is not None and cap.amount is not None and base:
        most = payable_within(currency.minor(cap.amount), currency)
        limits.append((most / base, major_text(most, currency)))
    return limits


def _held(
    asked: _Asked, assessed: Assessment, measured: Measured, worth: Worth, reason: str
) -> Determination:
    claim_by, claim_steps = _claim(asked)
    would = Step("amount", f"would earn {exact_text(worth, asked.currency)}")
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
        steps=(*worth.steps, *(() if assessed.gap or worth.held else (would,)), held, *claim_steps),
    )


def _answer(asked: _Asked, assessed: Assessment, measured: Measured, worth: Worth) -> Determination:
    terms = asked.terms
    carried = _carried_into(asked, measured) or 0
    found, own, money_steps = _in_money(asked, worth, carried)
    amount = found.amount if found else None
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
        earned_minor=own if terms.carries else None,
        carried_minor=found.carried if found else 0,
    )


def _carried_into(asked: _Asked, measured: Measured) -> int | None:
    """What earlier periods left, in minor units; None while the one before is withheld.

    Where the one before was never decided nothing is carried: once it is, this one's inputs change.
    """
    (before,) = measured.circumstances.before(1)
    return before.carried_minor if asked.terms.carries and before is not None else 0


def _in_money(asked: _Asked, worth: Worth, carried: int) -> tuple[Issued | None, int, Steps]:
    """What is issued, what the period earned by itself in minor units, and the steps of both."""
    currency = asked.currency
    if asked.base.major is None and not asked.base_missing:
        return None, 0, (Step("amount", f"earns {exact_text(worth, currency)}"),)
    rounded = round_to_payable(worth.exact_minor, currency, rounding=asked.terms.rounding)
    found = issued(rounded.money, asked.terms.minimum_payout, carried=carried)
    steps = (*_money_steps(worth, rounded.reason, currency), *found.steps)
    return found, rounded.money.minor, steps


def _money_steps(worth: Worth, rounding: str, currency: Currency) -> tuple[Step, ...]:
    earned = Step("amount", f"earns {exact_text(worth, currency)}")
    return (earned, Step("rounding", rounding)) if worth.exact_minor else (earned,)


def _claim(asked: _Asked) -> tuple[date | None, tuple[Step, ...]]:
    """The date of the claim's own deadline, and a sentence for it and each stage before it."""
    claim = asked.terms.claim
    ends_on = asked.terms.period.holding(asked.month).last_day
    occasion = asked.occasion or claim.occasion(asked.month)
    began = asked.terms.period.starts_in_month
    found = claim.dues(replace(occasion, ends_on=ends_on, quarters_from=began))
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
