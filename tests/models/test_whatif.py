"""Other ladders on recorded months: exact sums, and months without an answer named.

September 2025 has 43,200 minutes in UTC.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from models.case import Case, decide
from models.contract import Cap, ContractVersion, CreditTerms, DaysPaid, MinimumPayout, Role
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import Bracket, UptimeBrackets
from models.money import Currency
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from models.whatif import (
    IN_FORCE,
    Per,
    RecordedMonth,
    Supposed,
    open_answers,
    totals,
    under,
    what_if,
)

SEPTEMBER = ServiceMonth.parse("2025-09")
TEN = CreditTerms(
    ladder=SingleThreshold(commitment_percent=Decimal("99.9"), credit_percent=Decimal(10))
)
THIRTY = CreditTerms(
    ladder=SingleThreshold(commitment_percent=Decimal("99.9"), credit_percent=Decimal(30)),
    cap=Cap(percent=Decimal(20)),
    minimum_payout=MinimumPayout(at_least=Decimal(300)),
)
HOLED = CreditTerms(
    ladder=UptimeBrackets(
        commitment_percent=Decimal("99.9"),
        brackets=(
            Bracket(below=Decimal("99.9"), at_least=Decimal("99.5"), credit_percent=Decimal(5)),
            Bracket(below=Decimal("99.0"), credit_percent=Decimal(50)),
        ),
        as_published=True,
    )
)
CONTRACT = Supposed(IN_FORCE, None)


def version(fee: int, currency: str = "EUR") -> ContractVersion:
    """A contract of this fee, with 10 % below 99.9."""
    return ContractVersion.model_validate(
        {
            "effective_on": "2025-01-01",
            "currency": currency,
            "billable_amount": fee,
            "monitors": ["api"],
            "credit": TEN,
            "catalog": "example",
        }
    )


def recorded(
    contract: str = "acme/api",
    *,
    down_minutes: int = 432,
    fee: int = 1000,
    month: str = "2025-09",
    role: Role = Role.PROVIDER,
) -> RecordedMonth:
    """A month that was decided on a calculator's figures."""
    figures = {
        "client_id": contract.partition("/")[0],
        "service_id": contract.partition("/")[2],
        "month": month,
        "down_seconds": down_minutes * 60,
    }
    of = ServiceMonth.parse(month)
    terms = version(fee)
    payload = CalculatorPayload.model_validate(figures)
    case = Case(contract, "api", of, terms, (), payload=payload)
    return RecordedMonth(contract, role, of, terms.billable, case)


def amounts(answered) -> list[list[str]]:
    """Every month's credits, or why there are none."""
    return [[str(a.amount) if a.amount else a.unanswered for a in one.answers] for one in answered]


def test_the_terms_in_force_give_what_was_decided():
    """432 of 43,200 minutes is 99 %: 10 % of 1000.00, as the recorded case decides."""
    month = recorded()
    assert month.case is not None
    (answered,) = what_if([month], [CONTRACT])
    assert answered.answers[0].determination == decide(month.case).determination
    assert amounts([answered]) == [["100.00 EUR"]]
    assert answered.uptime == Fraction(99, 100)


def test_another_ladder_brings_its_own_cap_and_minimum_payout():
    """30 % is cut to 20 %: 200.00 of 1000.00 is not 300, 400.00 of 2000.00 is."""
    months = [recorded(), recorded("bluefin/api", fee=2000)]
    answered = what_if(months, [Supposed("thirty", THIRTY), CONTRACT])
    assert amounts(answered) == [["0.00 EUR", "100.00 EUR"], ["400.00 EUR", "200.00 EUR"]]
    capped = answered[0].answers[0].determination
    assert capped is not None
    assert capped.capped


def test_everything_but_the_credit_terms_stays_the_contracts_own():
    """Fee, zone and measurement; nobody takes the terms for those of the catalog."""
    own = version(1000)
    other = under(own, Supposed("thirty", THIRTY))
    assert (other.credit, other.catalog) == (THIRTY, "")
    kept = {name for name in own.record if own.record[name] == other.record[name]}
    assert set(own.record) - kept == {"credit", "catalog"}
    assert other.digest != own.digest


def test_a_month_that_falls_into_a_gap_is_open_under_that_ladder_alone():
    """99.2 % has no row between 99.0 and 99.5; it is named and not in the sum."""
    months = [recorded(down_minutes=0), recorded(month="2025-11", down_minutes=345)]
    answered = what_if(months, [CONTRACT, Supposed("holed", HOLED)])
    ((own, holed),) = totals(answered, Per.EVERYTHING)
    assert (str(own.amount), own.months, own.unanswered) == ("100.00 EUR", 2, 0)
    assert (str(holed.amount), holed.months, holed.unanswered) == ("0.00 EUR", 1, 1)
    ((month, name, why),) = open_answers(answered)
    assert (month, name) == (months[1], "holed")
    assert "no row" in why or "gap" in why


def test_a_month_without_a_record_is_open_under_every_ladder_and_named_once():
    """It counts as no month, and never as a month that earned nothing."""
    missing = replace(recorded(), case=None, missing="nothing is recorded")
    answered = what_if([missing, recorded("bluefin/api")], [CONTRACT, Supposed("t", THIRTY)])
    assert list(open_answers(answered)) == [(missing, "", "nothing is recorded")]
    (acme, _), (bluefin, _) = totals(answered, Per.CLIENT)
    assert (acme.of, str(acme.amount), acme.months, acme.unanswered) == ("acme", "0.00 EUR", 0, 1)
    assert (bluefin.of, bluefin.months, bluefin.unanswered) == ("bluefin", 1, 0)


def test_sums_keep_sides_and_currencies_apart():
    """Credits that we owe are never added to those that are owed to us."""
    ours, theirs = recorded(), recorded("aws/api", role=Role.CUSTOMER)
    yen = replace(recorded("acme/web"), currency=Currency.of("JPY"), case=None, missing="none")
    found = totals(what_if([theirs, yen, ours], [CONTRACT]), Per.EVERYTHING)
    assert [(t[0].role.value, str(t[0].amount)) for t in found] == [
        ("provider", "100.00 EUR"),
        ("provider", "0 JPY"),
        ("customer", "100.00 EUR"),
    ]


def test_sums_may_be_taken_by_month():
    """For a chart: September and October, each over all clients."""
    months = [recorded(), recorded("b/api"), recorded(month="2025-10", down_minutes=446)]
    found = totals(what_if(months, [CONTRACT]), Per.MONTH)
    assert [(t[0].of, str(t[0].amount), t[0].months) for t in found] == [
        ("2025-09", "200.00 EUR", 2),
        ("2025-10", "100.00 EUR", 1),
    ]


@pytest.mark.parametrize(
    ("paid", "days", "amount"), [("as_days", 3, "0.00 EUR"), ("as_money", 0, "100.00 EUR")]
)
def test_days_of_service_are_counted_beside_money(paid, days, amount):
    """Google pays days: 3 days stay days, or are 3 of 30 days of the fee."""
    brackets = {
        "kind": "uptime_brackets",
        "commitment_percent": "99.9",
        "brackets": [{"below": "99.9", "credit_days": 3}],
    }
    terms = CreditTerms.model_validate({"ladder": brackets, "days_paid": DaysPaid(paid)})
    ((total,),) = totals(what_if([recorded()], [Supposed("days", terms)]), Per.EVERYTHING)
    assert (total.days, str(total.amount)) == (days, amount)


TWICE = CreditTerms.model_validate({"ladder": TEN.ladder, "recurrence": {"missed": 2, "of": 2}})
AUTUMN = ("2025-08", "2025-09", "2025-10")


def test_terms_that_look_back_see_what_they_would_have_decided():
    """Two missed months in a row: nothing in August, the contract's first month, then 10 %."""
    months = [replace(recorded(month=one), begins_on=date(2025, 8, 1)) for one in AUTUMN]
    answered = what_if(months, [Supposed("twice", TWICE)])
    assert amounts(answered) == [["0.00 EUR"], ["100.00 EUR"], ["100.00 EUR"]]


def test_a_month_that_nobody_knows_of_is_not_taken_for_a_met_one():
    """August hangs on July, of which nothing is recorded, and October on a missing September."""
    months = [replace(recorded(month=one), begins_on=date(2025, 1, 1)) for one in AUTUMN]
    months[1] = replace(months[1], case=None, missing="nothing is recorded")
    answered = what_if(months, [Supposed("twice", TWICE)])
    ((total,),) = totals(answered, Per.EVERYTHING)
    assert (total.months, total.unanswered) == (0, 3)


def test_a_ladder_that_judges_another_period_has_no_answer_for_a_month():
    """A quarter is not three months; it is named and counted nowhere."""
    quarterly = CreditTerms.model_validate({"ladder": TEN.ladder, "period": {"kind": "quarter"}})
    answered = what_if([recorded()], [CONTRACT, Supposed("quarterly", quarterly)])
    ((_, name, why),) = open_answers(answered)
    assert name == "quarterly"
    assert why == "it judges another period (quarter) than was recorded (month)"
