"""Clauses beside the ladder: bases, gates, recurrence, caps of every scope, minimums, rights."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from models.circumstances import Circumstances, Past, past_decision, past_of, past_record
from models.clauses.caps import CapScope, ScopedCap
from models.clauses.form import CreditForm
from models.clauses.recurrence import Recurrence
from models.clauses.stated import StatedAmount, amounts_on
from models.contract import CreditTerms
from models.intervals import Interval, IntervalSet, instant
from models.period import ServiceMonth
from tests.models.ladders.months import decide, month

TEN = {
    "kind": "single_threshold",
    "commitment_percent": Decimal("99.9"),
    "credit_percent": 10,
}
EVENTS = {
    "kind": "per_event",
    "commitment_percent": 100,
    "qualifying_minutes": 1,
    "credit_percent": 10,
}


def terms(**clauses):
    """10 % of a missed month, with clauses."""
    return CreditTerms.model_validate({"ladder": TEN, **clauses})


def missed(*, earlier=(), attributes=(), amounts=(), measured=None):
    """June at 99.5 %, and what is known beside it."""
    around = Circumstances(
        attributes=dict(attributes),
        amounts={name: Decimal(str(value)) for name, value in dict(amounts).items()},
        earlier=tuple(earlier),
    )
    return replace(measured or month(uptime="99.5"), circumstances=around)


def past(*, breached=False, **others):
    """An earlier month."""
    return Past("2026-05", breached=breached, **others)


def paid(credit_terms, measured, **asked):
    """What June earns on 1,000.00 EUR, as text."""
    found = decide(credit_terms, measured, **{"fee": "1000", **asked})
    return found.withheld or str(found.amount)


# --- Base -----------------------------------------------------------------------------------------


def test_a_twelfth_of_the_annual_fee_less_one_time_charges():
    """13,200 / 12 - 100 = 1,000; 10 % of it."""
    base = terms(base={"of": "annual_fee", "divided_by": 12, "less": ["setup"]})
    assert paid(base, missed(amounts={"annual_fee": 13200, "setup": 100})) == "100.00 EUR"
    assert paid(base, missed(amounts={"annual_fee": 1200, "setup": 200})) == "0.00 EUR"


def test_the_billable_amount_itself_may_lose_one_time_charges():
    """1,000 less 200."""
    base = terms(base={"less": ["setup"]})
    assert paid(base, missed(amounts={"setup": 200})) == "80.00 EUR"


def test_an_amount_that_nobody_states_withholds_a_credit_and_nothing_else():
    """A month that earns nothing needs no base."""
    base = terms(base={"of": "annual_fee", "less": ["setup"]})
    assert paid(base, missed()) == "the contract does not state annual_fee and setup"
    assert paid(base, month(uptime="99.9")) == "0.00 EUR"


def test_amounts_hold_from_their_day_on():
    """The fee rises in June."""
    rising = [
        StatedAmount(name="annual_fee", amount=Decimal(1200)),
        StatedAmount(name="annual_fee", amount=Decimal(2400), since=date(2026, 6, 1)),
    ]
    assert amounts_on(rising, date(2026, 5, 31)) == {"annual_fee": 1200}
    assert amounts_on(rising, date(2026, 6, 1)) == {"annual_fee": 2400}


# --- Gates ----------------------------------------------------------------------------------------

GATES = [
    {"attribute": "support", "one_of": ["gold", "enterprise"], "says": "Gold support"},
    {"attribute": "hosts", "at_least": 2},
]


@pytest.mark.parametrize(
    ("attributes", "answer"),
    [
        ({"support": "gold", "hosts": "2"}, "100.00 EUR"),
        ({"support": "basic", "hosts": "2"}, "0.00 EUR"),
        ({"support": "gold", "hosts": "1"}, "0.00 EUR"),
        ({"support": "gold", "hosts": "many"}, "0.00 EUR"),
        ({"support": "basic"}, "0.00 EUR"),
        (
            {"support": "gold"},
            "hosts must be at least 2, and the contract does not state its hosts",
        ),
        ({"hosts": "2"}, "Gold support, and the contract does not state its support"),
    ],
)
def test_every_gate_must_be_met(attributes, answer):
    """One that is not met decides, whatever else is not known."""
    assert paid(terms(eligibility=GATES), missed(attributes=attributes)) == answer


def test_a_contract_that_is_not_eligible_is_told_why():
    """In the steps; the breach stays a breach."""
    found = decide(terms(eligibility=GATES), missed(attributes={"support": "basic"}))
    assert found.breached is True
    assert "not eligible: Gold support, and it is basic, so nothing is owed" in [
        step.says for step in found.steps
    ]


# --- Recurrence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missed_of", "earlier", "answer"),
    [
        ((2, 2), [past(breached=True)], "100.00 EUR"),
        ((2, 2), [past()], "0.00 EUR"),
        ((2, 3), [past(), past(breached=True)], "100.00 EUR"),
        ((2, 3), [past(), None], ("missed in 1 of the last 3 periods, 2 are asked; "
         "1 of them are not decided")),
        ((2, 3), [past(breached=True), None], "100.00 EUR"),
        ((1, 1), [], "100.00 EUR"),
    ],
)  # fmt: skip
def test_how_often_it_must_be_missed(missed_of, earlier, answer):
    """HubSpot's two in a row, Common Paper's two of three."""
    asked, of = missed_of
    assert paid(terms(recurrence={"missed": asked, "of": of}), missed(earlier=earlier)) == answer


def test_a_month_before_is_judged_by_its_uptime_where_nobody_says_more():
    """99.85 misses 99.9, 99.9 keeps it."""
    twice = terms(recurrence={"missed": 2, "of": 2})
    for uptime, answer in (("0.9985", "100.00 EUR"), ("0.999", "0.00 EUR")):
        before = Past("2026-05", breached=None, uptime=Fraction(uptime))
        assert paid(twice, missed(earlier=[before])) == answer


def test_more_misses_than_periods_are_refused():
    """3 of 2."""
    with pytest.raises(ValidationError, match="at most as many"):
        Recurrence(missed=3, of=2)


# --- Caps -----------------------------------------------------------------------------------------


def outages(*starts, minutes=30):
    """June with outages of half an hour at these days of the month, counted from 0."""
    june = Interval(
        instant(datetime(2026, 6, 1, tzinfo=UTC)), instant(datetime(2026, 7, 1, tzinfo=UTC))
    )
    at = tuple(june.start + int(day * 86_400_000) for day in starts)
    return replace(
        month(outages=[minutes] * len(starts)),
        outage_starts=at,
        down=IntervalSet.of((one, one + minutes * 60_000) for one in at),
        period=june,
    )


@pytest.mark.parametrize(
    ("cap", "answer"),
    [
        ({"scope": "event", "percent": 4}, "120.00 EUR"),
        ({"scope": "event", "amount": 25}, "75.00 EUR"),
        ({"scope": "day", "percent": 15}, "250.00 EUR"),
        ({"scope": "day", "percent": 100}, "300.00 EUR"),
        ({"scope": "period", "percent": 12}, "120.00 EUR"),
        ({"scope": "event", "percent": 1, "of": "annual_fee"}, "300.00 EUR"),
        ({"scope": "event", "percent": "0.5", "of": "annual_fee"}, "180.00 EUR"),
    ],
)
def test_events_and_days_are_capped_by_themselves(cap, answer):
    """Three outages at 10 %, two of them on one day; the annual fee is 12,000."""
    bounded = CreditTerms.model_validate({"ladder": EVENTS, "caps": [cap]})
    measured = missed(measured=outages(0, 0.5, 3), amounts={"annual_fee": 12000})
    assert paid(bounded, measured) == answer


def test_days_of_service_are_capped_by_the_event_as_well():
    """Two days an outage, at most one and a half."""
    days = {**EVENTS, "credit_days": 2}
    del days["credit_percent"]
    bounded = CreditTerms.model_validate(
        {"ladder": days, "caps": [{"scope": "event", "days": "1.5"}]}
    )
    assert decide(bounded, outages(0, 1, 2)).days == Fraction(9, 2)


def test_a_cap_by_the_event_needs_events():
    """Where only the sum is known nobody can say what an event earns."""
    bounded = terms(caps=[{"scope": "event", "percent": 4}])
    assert paid(bounded, month(uptime="99.5")) == (
        "the cap of 4 % an event needs single outages, and only their sum is known"
    )


@pytest.mark.parametrize(
    ("scope", "earned", "answer"),
    [
        ("quarter", [70, 20], "10.00 EUR"),
        ("quarter", [70, 40], "0.00 EUR"),
        ("quarter", [0, 0, 100], "100.00 EUR"),
        ("year", [0, 0, 30, 0, 0], "70.00 EUR"),
        ("rolling_year", [0] * 10 + [95], "5.00 EUR"),
        ("rolling_year", [0] * 11 + [95], "100.00 EUR"),
        ("subscription", [0] * 20 + [60], "40.00 EUR"),
    ],
)
def test_the_last_month_of_a_quarter_gets_what_is_left(scope, earned, answer):
    """10 % of 1,000.00 in all; what months of other scopes earned does not count."""
    bounded = terms(caps=[{"scope": scope, "percent": 10}])
    before = [past(credit_minor=euros * 100) for euros in earned]
    assert paid(bounded, missed(earlier=before)) == answer


def test_a_cap_over_periods_needs_them_decided():
    """A hole in the history withholds; a history that nobody tells is said to be missing."""
    bounded = terms(caps=[{"scope": "quarter", "percent": 5}])
    assert paid(bounded, missed(earlier=[past(), None])) == (
        "the cap of 5 % a quarter needs 1 earlier periods that are not decided"
    )
    found = decide(bounded, missed(), fee="1000")
    assert str(found.amount) == "50.00 EUR"
    assert "of 2 earlier periods of its scope nothing is stated" in [s.says for s in found.steps]


def test_a_cap_over_periods_waits_for_what_is_withheld():
    """It may yet earn up to all of the cap, and then both together would have passed it."""
    bounded = terms(caps=[{"scope": "quarter", "percent": 5}])
    withheld = past(breached=None, carried_minor=None)
    assert paid(bounded, missed(earlier=[past(), withheld])) == (
        "the cap of 5 % a quarter needs 1 earlier periods that are not decided"
    )


def test_a_cap_in_days_counts_the_days_before():
    """15 days a quarter, 10 of them earned before."""
    ladder = {"kind": "single_threshold", "commitment_percent": Decimal("99.9"), "credit_days": 7}
    bounded = CreditTerms.model_validate(
        {"ladder": ladder, "caps": [{"scope": "quarter", "days": 15}]}
    )
    before = [past(credit_days=Fraction(7)), past(credit_days=Fraction(3))]
    assert decide(bounded, missed(earlier=before)).days == 5


def test_the_invoice_caps_once_it_is_known():
    """60.00 is all that the next invoice is about."""
    bounded = terms(caps=[{"scope": "invoice", "percent": 100}])
    assert paid(bounded, missed(amounts={"next_invoice": 60})) == "60.00 EUR"
    found = decide(bounded, missed(), fee="1000")
    assert str(found.amount) == "100.00 EUR"
    assert "the cap of 100 % of next_invoice an invoice is held against it once it is known" in [
        step.says for step in found.steps
    ]


def test_rounding_never_passes_a_cap_over_periods():
    """A third of 100.00 in all: 33.33 was paid, so nothing is left."""
    bounded = terms(caps=[{"scope": "quarter", "amount": "33.335"}])
    assert paid(bounded, missed(earlier=[past(credit_minor=3333), past()])) == "0.00 EUR"
    assert paid(bounded, missed(earlier=[past(), past()])) == "33.33 EUR"


@pytest.mark.parametrize(
    ("scope", "back"),
    [("event", 0), ("period", 0), ("quarter", 2), ("year", 5), ("rolling_year", 11)],
)
def test_how_far_a_cap_looks_back_from_june(scope, back):
    """June closes a quarter and half a year."""
    cap = ScopedCap(scope=CapScope(scope), percent=Decimal(10))
    assert cap.looks_back(ServiceMonth.parse("2026-06"), 1) == back


@pytest.mark.parametrize(
    "cap", [{"scope": "year"}, {"scope": "year", "percent": 1, "amount": 1},
            {"scope": "year", "amount": 1, "of": "annual_fee"}]
)  # fmt: skip
def test_a_cap_says_one_bound(cap):
    """None, two, and a share of an amount that is no share are refused."""
    with pytest.raises(ValidationError):
        ScopedCap.model_validate(cap)


# --- Minimum --------------------------------------------------------------------------------------


def test_what_is_carried_is_paid_with_the_month_that_lifts_it():
    """950.00 and 100.00 are 1,050.00; what the month earned itself stays 100.00."""
    carried = terms(minimum_payout={"at_least": 1000, "otherwise": "carried"})
    found = decide(carried, missed(earlier=[past(carried_minor=95_000)]), fee="1000")
    assert (str(found.amount), found.earned_minor, found.carried_minor) == (
        "1050.00 EUR", 10_000, 0,
    )  # fmt: skip


def test_a_month_that_earns_nothing_carries_on_what_it_got():
    """Met, and 950.00 wait further."""
    carried = terms(minimum_payout={"at_least": 1000, "otherwise": "carried"})
    met = missed(earlier=[past(carried_minor=95_000)], measured=month(uptime=100))
    found = decide(carried, met, fee="1000")
    assert (found.amount.minor, found.earned_minor, found.carried_minor) == (0, 0, 95_000)


def test_a_withheld_month_before_leaves_open_what_it_carries():
    """Nobody knows yet."""
    carried = terms(minimum_payout={"at_least": 1000, "otherwise": "carried"})
    before = [past(breached=None, carried_minor=None)]
    assert paid(carried, missed(earlier=before)) == "what was carried into the period is not known"


def test_without_carrying_a_record_stays_as_it_was():
    """No new keys."""
    record = decide(terms(minimum_payout={"at_least": 1000}), missed()).to_record()
    assert record.keys().isdisjoint({"earned_minor", "carried_minor", "rights", "form"})


# --- Rights and form ------------------------------------------------------------------------------

RIGHTS = [
    {"right": "terminate", "below_percent": Decimal("98.5"), "missed": 2, "of": 2},
    {"right": "terminate", "below_percent": Decimal("96.5")},
    {"right": "meeting", "says": "within a month"},
]


@pytest.mark.parametrize(
    ("uptime", "before", "rights"),
    [
        ("99.9", "0.98", 0),
        ("99", "0.98", 1),
        ("98", "0.98", 2),
        ("98", "0.985", 1),
        ("96", "0.98", 3),
        ("96", "0.99", 2),
    ],
)
def test_a_right_of_two_months_in_a_row(uptime, before, rights):
    """New Relic: below 98.5 % twice, or below 96.5 % once; and a meeting for every miss."""
    measured = missed(
        measured=month(uptime=uptime),
        earlier=[Past("2026-05", breached=True, uptime=Fraction(before))],
    )
    found = decide(terms(rights=RIGHTS), measured)
    assert len(found.rights) == rights
    assert found.to_record().get("rights", []) == list(found.rights)


def test_a_right_that_hangs_on_an_undecided_month_is_told_as_possible():
    """And why."""
    found = decide(terms(rights=RIGHTS[:1]), missed(measured=month(uptime=98), earlier=[None]))
    assert found.rights == (
        (
            "it may be that there is a right to terminate (missed in 1 of the last 2 periods, "
            "2 are asked; 1 of them are not decided)"
        ),
    )


def test_the_form_is_said_of_a_credit_and_of_nothing_else():
    """A month that earns nothing has no form."""
    formed = terms(form={"instrument": "extension"})
    assert decide(formed, missed()).form == "as an extension of the term"
    assert decide(formed, month(uptime=100)).form == ""


def test_everything_that_a_form_may_say():
    """In one sentence."""
    form = CreditForm.model_validate(
        {
            "instrument": "next_invoice",
            "or_instead": "refund",
            "choice": "client",
            "expires_after_months": 24,
            "refunded_at_end": True,
            "automatic": True,
            "says": "not for one-time fees",
        }
    )
    assert form.words == (
        "against the next invoice, or as a refund at the client's choice, gone after 24 months, "
        "refunded when the contract ends, without being asked for, not for one-time fees"
    )


# --- What earlier periods leave -------------------------------------------------------------------


@pytest.mark.parametrize(
    "one", [None, past(), past(breached=True, uptime=Fraction(1, 3), credit_days=Fraction(7, 3))]
)
def test_an_earlier_period_survives_being_recorded(one):
    """Exactly."""
    assert past_of(past_record(one)) == one


def test_a_recorded_decision_is_what_later_periods_look_back_at():
    """Uptime, breach and own credit; a withheld one leaves all of it open."""
    carried = terms(minimum_payout={"at_least": 1000, "otherwise": "carried"})
    record = decide(carried, missed(), fee="1000").to_record()
    assert past_decision("2026-06", record) == Past(
        "2026-06",
        breached=True,
        uptime=Fraction("0.995"),
        credit_minor=10_000,
        carried_minor=10_000,
    )
    held = decide(terms(), missed(), withheld="wait").to_record()
    assert past_decision("2026-06", held) == Past("2026-06", breached=None, carried_minor=None)
