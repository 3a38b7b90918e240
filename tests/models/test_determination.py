"""From a judged month to payable money: base, days, cap, one rounding, minimum, deadline, steps."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from models.decision import canonical
from models.determination import determine, replay_differences
from models.findings import Severity
from models.money import Currency
from tests.models.ladders.months import JUNE, decide, month, terms

TABLE = """
ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {below: 99.9, at_least: 99.0, credit_percent: 10}
    - {below: 99.0, at_least: 95.0, credit_percent: 25}
    - {below: 95.0, credit_percent: 50}
"""
FULL = TABLE.replace("credit_percent: 50", "credit_percent: 100")
DAYS = TABLE.replace("percent: 10", "days: 3").replace("percent: 25", "days: 7").replace(
    "credit_percent: 50", "credit_days: 15"
)  # fmt: skip
TENFOLD = """
ladder:
  {kind: pro_rata, commitment_percent: 99.9, basis: downtime, multiplier: 10}
"""


def says(determination, name):
    """The sentences of the steps with this name."""
    return [step.says for step in determination.steps if step.name == name]


@pytest.mark.parametrize(
    ("uptime", "percent", "amount"),
    [
        ("99.95", "0", "0.00"),
        ("99.9", "0", "0.00"),
        ("99.5", "10", "200.00"),
        ("99.0", "10", "200.00"),
        ("98.0", "25", "500.00"),
        ("95.0", "25", "500.00"),
        ("94.8", "50", "1000.00"),
    ],
)
def test_a_tier_earns_its_percent_of_the_fee(uptime, percent, amount):
    """The milder tier's lower bound belongs to it; the fee is 2,000.00."""
    found = decide(TABLE, month(uptime=uptime))
    assert (found.credit_percent, found.amount.text) == (percent, amount)
    assert found.breached == (percent != "0")
    assert found.owed == found.breached


def test_exactly_the_cap_is_not_capped():
    """A tier of 50 % under a cap of 50 % loses nothing; a tier of 100 % is cut to it."""
    whole = decide(f"{TABLE}cap: {{percent: 50}}", month(uptime="94.8"))
    cut = decide(f"{FULL}cap: {{percent: 50}}", month(uptime="94.8"))
    assert (whole.amount.text, whole.capped) == ("1000.00", False)
    assert (cut.amount.text, cut.capped, cut.credit_percent) == ("1000.00", True, "50")
    assert says(whole, "cap") == ["1000.00 EUR is within the cap of 50 %, 1000.00"]
    assert says(cut, "cap") == ["2000.00 EUR is cut to the cap of 50 %, 1000.00"]


def test_of_two_caps_the_smaller_one_holds():
    """50 % of 2,000 is 1,000; the contract also says at most 600."""
    found = decide(f"{FULL}cap: {{percent: 50, amount: 600}}", month(uptime="90"))
    assert (found.amount.text, found.credit_percent, found.capped) == ("600.00", "30", True)


@pytest.mark.parametrize(
    ("currency", "cap", "amount"),
    [("EUR", "10.005", "10.00"), ("KWD", "10.005", "10.000"), ("JPY", "10.5", "10")],
)
def test_rounding_does_not_carry_a_credit_over_a_cap_that_cannot_be_paid_exactly(
    currency, cap, amount
):
    """Half-up would pay 10.01 EUR, 10.010 KWD and 11 JPY: more than the contract's most."""
    found = decide(FULL + f"cap: {{amount: {cap}}}", month(uptime="90"), currency=currency)
    assert (found.amount.text, found.capped) == (amount, True)


def test_a_sentence_has_every_digit_of_a_long_amount():
    """Half of 123,456,789,012,345,678,901,234,567,890.99, and of a fee far below a cent."""
    long, tiny = (
        decide(TABLE, month(uptime="90"), fee=fee)
        for fee in ("123456789012345678901234567890.99", "0.000000000001")
    )
    assert says(long, "amount") == ["earns 61728394506172839450617283945.495 EUR"]
    assert says(tiny, "amount") == ["earns 0.00… EUR"]


def test_the_cap_is_reached_and_then_holds():
    """Ten times the lost time, at most 25 %: reached at 1,080 of 43,200 minutes, 2.5 %."""
    capped = TENFOLD + "cap: {percent: 25}"
    found = [decide(capped, month(down_minutes=m)) for m in (1079, 1080, 1081)]
    assert [(f.amount.text, f.capped) for f in found] == [
        ("499.54", False),  # 2000 x 10 x 1079 / 43200 = 499.537
        ("500.00", False),
        ("500.00", True),
    ]


def test_money_is_rounded_once_and_half_up():
    """10 % of 1,234.45 is 123.445, which is 123.45 and not 123.44."""
    found = decide(TABLE, month(uptime="99.5"), fee="1234.45")
    assert found.amount.text == "123.45"
    assert says(found, "amount") == ["earns 123.445 EUR"]
    assert says(found, "rounding") == ["rounded half-up to a step of 0.01 EUR: 123.45 EUR"]


@pytest.mark.parametrize(
    ("rounding", "amount"),
    [("half_up", "123.45"), ("half_even", "123.44"), ("down", "123.44"), ("up", "123.45")],
)
def test_a_contract_may_round_otherwise(rounding, amount):
    """123.445 in each of the four ways."""
    found = decide(f"{TABLE}rounding: {rounding}", month(uptime="99.5"), fee="1234.45")
    assert found.amount.text == amount


@pytest.mark.parametrize(
    ("currency", "fee", "amount"),
    [("JPY", "1005", "101"), ("KWD", "12.345", "1.230"), ("EUR", "0.04", "0.00")],
)
def test_rounding_knows_the_currency(currency, fee, amount):
    """10 %: 100.5 yen are 101; 1.2345 dinar are paid in steps of 0.010; 0.4 cents are nothing."""
    found = decide(TABLE, month(uptime="99.5"), fee=fee, currency=currency)
    assert found.amount.text == amount
    assert found.owed == (amount != "0.00")


@pytest.mark.parametrize(
    ("minimum", "fee", "amount"),
    [
        ("more_than: 1", "10.00", "0.00"),
        ("more_than: 1", "10.10", "1.01"),
        ("at_least: 1", "10.00", "1.00"),
        ("at_least: 1", "9.90", "0.00"),
    ],
)
def test_a_credit_under_the_minimum_is_not_issued(minimum, fee, amount):
    """AWS issues credits greater than one dollar: 1.00 is not, 1.01 is."""
    found = decide(
        f"{TABLE}minimum_payout: {{{minimum}}}\nclaim: {{within_days: 30}}",
        month(uptime="99.5"),
        fee=fee,
    )
    assert (found.amount.text, found.breached) == (amount, True)
    assert (found.claim_by is None) == (amount == "0.00")
    issued = "so it is issued" if amount != "0.00" else "so nothing is issued"
    assert says(found, "minimum_payout")[0].endswith(issued)


def test_the_percent_applies_to_the_affected_part():
    """65 % of 1,850,000 is 1,202,500; twice the relative shortfall of 99.1 against 99.9.

    1,202,500 x 2 x 0.8 / 99.9 = 19,259.259...
    """
    text = (
        "ladder: {kind: pro_rata, commitment_percent: 99.9, basis: relative_shortfall, "
        "multiplier: 2}\ncap: {percent: 100}"
    )
    found = decide(text, month(uptime="99.1", affected_percent=65), fee="1850000", currency="USD")
    assert found.amount.text == "19259.26"
    assert found.base_minor == 120_250_000
    assert found.credit_percent == "1.601601"
    assert says(found, "base") == [
        "the percent applies to 1850000.00 USD, of which 65 % is affected: 1202500.00"
    ]


def test_days_of_service_stay_days_by_default():
    """7 days for 98.5 %; no money moves."""
    found = decide(f"{DAYS}claim: {{within_days: 30}}", month(uptime="98.5"))
    assert (found.days, found.amount.text, found.credit_share) == (7, "0.00", None)
    assert found.owed
    assert found.claim_by == date(2026, 7, 30)
    assert says(found, "amount") == ["earns 7 days of service"]


def test_days_become_money_at_the_fee_of_a_day():
    """7 of 30 days of 2,000.00: 466.666..., rounded once."""
    found = decide(f"{DAYS}days_paid: as_money", month(uptime="98.5"))
    assert (found.days, found.amount.text) == (7, "466.67")
    assert found.credit_share == Fraction(7, 30)
    assert says(found, "days") == ["7 of 30 days of the fee are 466.666666… EUR"]


def test_a_day_costs_its_share_of_the_month():
    """7 of 31 days of 2,000.00: 451.61."""
    found = decide(f"{DAYS}days_paid: as_money", month(uptime="98.5", days=31))
    assert found.amount.text == "451.61"


def test_days_that_became_money_below_the_minimum_are_not_owed():
    """7 of 30 days of 2.00 are 0.47; nothing under one euro is issued, and nothing is claimed."""
    found = decide(
        f"{DAYS}days_paid: as_money\nminimum_payout: {{at_least: 1}}\nclaim: {{within_days: 30}}",
        month(uptime="98.5"),
        fee="2.00",
    )
    assert (found.amount.text, found.owed, found.claim_by) == ("0.00", False, None)


@pytest.mark.parametrize(
    ("cap", "days", "amount", "capped"),
    [
        ("days: 15", 15, "1000.00", False),
        ("days: 10", 10, "666.67", True),
        ("days: 10, percent: 20", 10, "400.00", True),
    ],
)
def test_days_are_capped_as_days_and_then_as_money(cap, days, amount, capped):
    """15 days at 90 %, of 30, on 2,000.00."""
    found = decide(f"{DAYS}days_paid: as_money\ncap: {{{cap}}}", month(uptime="90"))
    assert (found.days, found.amount.text, found.capped) == (days, amount, capped)


def test_a_month_without_a_measurement_is_withheld():
    """Neither 0 nor 100: there is no answer, but the deadline runs."""
    found = decide(f"{TABLE}claim: {{within_days: 30}}", None, withheld="no data from 3 June on")
    assert (found.amount, found.uptime, found.breached) == (None, None, None)
    assert found.withheld == "no data from 3 June on"
    assert found.claim_by == date(2026, 7, 30)
    assert says(found, "withheld") == ["nothing is decided: no data from 3 June on"]


def test_a_measured_month_may_be_withheld_and_still_show_what_it_would_earn():
    """Coverage is too low; the person sees what is at stake."""
    found = decide(TABLE, month(uptime="99.5"), withheld="only 80 % of the month is covered")
    assert (found.amount, found.credit_share, found.tier) == (None, None, "99 <= uptime < 99.9")
    assert found.breached
    assert says(found, "amount") == ["would earn 200.00 EUR"]
    assert not found.owed


def test_a_gap_in_the_table_withholds_the_month():
    """99.985 is in no row of Auth0's published table."""
    text = """
    ladder:
      kind: uptime_brackets
      commitment_percent: 99.99
      as_published: true
      brackets: [{at_most: 99.98, credit_percent: 5}]
    """
    found = decide(text, month(uptime="99.985"))
    assert found.withheld == "uptime 99.985 % has no tier: no row of the table holds it"
    assert (found.amount, found.breached) == (None, True)
    assert says(found, "amount") == []


def test_an_answer_needs_a_measurement_or_a_reason():
    """The caller must say why there is none."""
    with pytest.raises(ValueError, match="must say why"):
        determine(
            terms=terms(TABLE),
            measured=None,
            withheld="",
            billable=Decimal(1),
            currency=Currency.of("EUR"),
            month=JUNE,
        )


def test_a_free_service_earns_its_percent_of_nothing():
    """A fee of 0.00: the tier is named and nothing is owed."""
    found = decide(TABLE, month(uptime="99.5"), fee="0.00")
    assert (found.credit_percent, found.amount.text, found.owed) == ("10", "0.00", False)


def test_a_cap_holds_where_no_fee_is_known():
    """A tier of 100 % under a cap of 50 % is 50 % of whatever the fee will be."""
    found = decide(f"{FULL}cap: {{percent: 50, amount: 10}}", month(uptime="90"), fee="0.00")
    assert (found.credit_percent, found.capped, found.amount.text) == ("50", True, "0.00")


def test_a_claim_after_a_fiscal_quarter_counts_from_its_end():
    """June closes a quarter of years that begin in April or July; of February's it does not."""
    ends = "claim: {deadlines: [{within: 5 days, after: quarter_end}]}"
    text = f"{TABLE}period: {{kind: quarter, starts_in_month: %s}}\n{ends}"
    assert decide(text % 4, month(uptime="99.5")).claim_by == date(2026, 7, 5)
    assert decide(text % 2, month(uptime="99.5")).claim_by == date(2026, 8, 5)


def test_the_claim_is_due_through_its_last_day():
    """Two billing cycles after June end with August; a met month has no deadline."""
    text = f"{TABLE}claim: {{billing_cycles: 2}}"
    assert decide(text, month(uptime="99.5")).claim_by == date(2026, 8, 31)
    assert decide(text, month(uptime="99.9")).claim_by is None


def test_the_steps_tell_the_whole_calculation_in_order():
    """60 minutes down: what a client is shown, and what anybody can recompute."""
    found = decide(
        TABLE + "cap: {percent: 50}\nminimum_payout: {more_than: 1}\nclaim: {within_days: 15}",
        month(down_minutes=60),
    )
    assert [f"{step.name}: {step.says}" for step in found.steps] == [
        "uptime: uptime is 99.861111… %: 1 h down of 720 h measurable",
        "ladder: uptime 99.861111… % is below the commitment of 99.9 %",
        "ladder: tier 99 <= uptime < 99.9 earns 10 % of the billable amount",
        "base: the percent applies to 2000.00 EUR",
        "cap: 200.00 EUR is within the cap of 50 %, 1000.00",
        "amount: earns 200.00 EUR",
        "rounding: exact: 200.00 EUR, nothing to round",
        "minimum_payout: 200.00 EUR is more than 1.00, so it is issued",
        "claim: a claim for 2026-06 is in time through 2026-07-15",
    ]


def test_the_record_holds_strings_and_whole_numbers():
    """What the decision log keeps; percents are cut, ratios are whole."""
    record = decide(
        f"{TABLE}cap: {{percent: 50}}\nclaim: {{within_days: 15}}", month(down_minutes=60)
    ).to_record()
    assert canonical(record)
    assert {name: value for name, value in record.items() if name != "steps"} == {
        "uptime_ratio": {"numerator": 719, "denominator": 720},
        "uptime_percent": "99.861111",
        "breached": True,
        "tier": "99 <= uptime < 99.9",
        "base_minor": {"numerator": 200_000, "denominator": 1},
        "credit_ratio": {"numerator": 1, "denominator": 10},
        "credit_percent": "10",
        "credit_days": None,
        "capped": False,
        "credit_amount": "200.00",
        "credit_minor": 20_000,
        "currency": "EUR",
        "withheld": "",
        "claim_by": "2026-07-15",
    }


def test_a_replay_names_every_figure_that_differs():
    """Sentences may be worded better; cents may not move."""
    before = decide(TABLE, month(uptime="99.5")).to_record()
    reworded = before | {"steps": []}
    assert replay_differences(before, reworded) == ()
    after = decide(TABLE, month(uptime="98.5")).to_record()
    assert "credit_minor was 20000, is 50000" in replay_differences(before, after)
    held = decide(TABLE, None, withheld="no data").to_record()
    other = decide(TABLE, None, withheld="too little data").to_record()
    assert replay_differences(held, other) == ()
    assert "withheld was False, is True" in replay_differences(before, held)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f"{DAYS}cap: {{percent: 50}}", "cap.percent"),
        (f"{DAYS}cap: {{amount: 50}}", "cap.amount"),
        (f"{DAYS}minimum_payout: {{more_than: 1}}", "minimum_payout"),
        (f"{TABLE}cap: {{days: 5}}", "cap.days"),
        (f"{TABLE}days_paid: as_money", "days_paid"),
    ],
)
def test_a_term_without_effect_is_a_finding(text, field):
    """Days that stay days have no percent; money has no days."""
    (finding,) = terms(text).findings("acme.yaml")
    assert (finding.field, finding.severity) == (field, Severity.ERROR)


def test_a_multiplier_without_a_cap_is_a_warning():
    """Ten times the lost time exceeds the fee after three days down."""
    (finding,) = terms(TENFOLD).findings("acme.yaml")
    assert (finding.field, finding.severity) == ("cap", Severity.WARNING)
    assert terms(f"{TENFOLD}cap: {{percent: 100}}").findings("acme.yaml") == ()


def test_findings_of_the_ladder_are_named_from_the_terms():
    """`ladder.brackets[0].below`."""
    (finding,) = terms(TABLE.replace("below: 99.9", "below: 99.8")).findings("acme.yaml")
    assert finding.field == "ladder.brackets[0].below"


def test_without_a_billable_amount_there_is_a_percent_and_no_amount():
    """The tier, the cap and the deadline hold whatever the fee; no step speaks of 0.00."""
    found = decide(
        f"{FULL}cap: {{percent: 50, amount: 10}}\nclaim: {{within_days: 30}}",
        month(uptime="90"),
        fee=None,
    )
    assert (found.credit_percent, found.capped, found.amount) == ("50", True, None)
    assert found.claim_by == date(2026, 7, 30)
    assert says(found, "cap") == ["100 % of the billable amount is cut to the cap of 50 %"]
    assert says(found, "amount") == ["earns 50 % of the billable amount"]
    assert not any("0.00" in step.says for step in found.steps)
