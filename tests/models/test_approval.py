"""Who may let a credit go: the contract's rule, one person, or two who are surely not one."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest

from models.approval import (
    Candidate,
    Earlier,
    Identity,
    Needed,
    Voice,
    agreed,
    by_rule,
    may_be_one,
    people_needed,
)
from models.case import Case, Slice, decide
from models.contract import ContractVersion, ReleaseMode, ReleaseRule
from models.intervals import MINUTE_MS, instant
from models.money import Currency, Money
from models.outage import Observation, State, Timeline
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from models.terms import JsonValue

SEPTEMBER = ServiceMonth.parse("2025-09")
START = instant(datetime(2025, 9, 1, tzinfo=UTC))
KEY = "acme/api/2025-09/r0"
TERMS: dict[str, JsonValue] = {
    "effective_on": "2025-01-01",
    "currency": "EUR",
    "billable_amount": 2000,
    "monitors": ["api"],
    "measurement": {"stale_after_minutes": 60, "no_data": "carry"},
    "credit": {
        "ladder": {
            "kind": "uptime_brackets",
            "commitment_percent": "99.9",
            "brackets": [
                {"below": "99.9", "at_least": "99", "credit_percent": 10},
                {"below": "99", "credit_percent": 25},
            ],
        }
    },
}


def month(down, *, silent_after=None, payload=None, **measurement):
    """September, checked each hour: down from its start on, perhaps silent after so many days."""
    hours = range(int((silent_after or 30) * 24) + 1)
    seen = [
        Observation(START + h * 60 * MINUTE_MS, State.DOWN if h * 60 < down else State.UP)
        for h in hours
    ]
    line = Timeline.of(seen, monitor="api", gap_floor_ms=MINUTE_MS)
    terms = {**TERMS, "measurement": {**TERMS["measurement"], **measurement}}
    version = ContractVersion.model_validate(terms)
    evidence = () if payload else ((Slice(line),),)
    case = Case("acme/api", "api", SEPTEMBER, version, evidence, payload=payload)
    return decide(case)


def euros(amount):
    """An amount of EUR."""
    return Money(int(Decimal(str(amount)) * 100), Currency.of("EUR"))


def draft(amount, *, released=0, two_above=None, key=KEY):
    """A draft of this amount, in euros, after so much was released for the month."""
    return Candidate(key, euros(amount), euros(released), two_above)


RULE = ReleaseRule(mode=ReleaseMode.AUTOMATIC, up_to=Decimal(300))
WHOLE = month(120)


def verdict(candidate=None, decided=WHOLE, rule=RULE, two_above=None):
    """The rule's answer to a draft of 200.00 EUR, unless said otherwise."""
    return by_rule(rule, candidate or draft(200), decided, two_above=two_above or {})


def test_a_small_certain_credit_is_released_by_its_rule():
    """200.00 of at most 300.00 EUR, and every hour of the month was seen."""
    assert str(WHOLE.determination.amount) == "200.00 EUR"
    found = verdict()
    assert found.releases
    assert found.why == "by the contract's rule: up to 300 EUR, 100 % covered, no ambiguity"


def test_without_a_rule_a_person_is_asked():
    """Asking is the default."""
    assert not verdict(rule=ReleaseRule()).releases


def test_a_rule_without_an_amount_releases_nothing():
    """No amount is small enough."""
    found = verdict(rule=ReleaseRule(mode=ReleaseMode.AUTOMATIC))
    assert (found.releases, "no up_to" in found.why) == (False, True)


@pytest.mark.parametrize(("amount", "releases"), [(300, True), ("300.01", False)])
def test_the_ceiling_itself_is_still_released(amount, releases):
    """Up to 300.00 EUR."""
    assert verdict(draft(amount)).releases is releases


@pytest.mark.parametrize(("more", "releases"), [(100, True), ("100.01", False)])
def test_an_adjustment_upwards_follows_the_rule_with_what_its_month_has_moved(more, releases):
    """200.00 EUR went before: the ceiling is not passed in small steps."""
    assert verdict(draft(more, released=200)).releases is releases


@pytest.mark.parametrize("amount", [-1, 0])
def test_what_takes_something_back_always_asks(amount):
    """However small."""
    found = verdict(draft(amount, released=200))
    assert (found.releases, "takes something back" in found.why) == (False, True)


def test_a_month_that_is_not_fully_covered_asks():
    """Silent from the 28th on, but for the hour that a state lasts: 649 of 720 hours."""
    found = verdict(decided=month(120, silent_after=27))
    assert not found.releases
    assert found.why.startswith("90.138888 % of the month is covered, less than 100 %")


def test_little_silence_that_changes_nothing_is_let_through():
    """Nobody looked in the last 4 h of 720: 120 or 360 minutes down are the same tier, 10 %."""
    seen = month(120, silent_after=Fraction(716, 24))
    lenient = RULE.model_copy(update={"minimum_coverage_percent": Decimal(99)})
    assert verdict(decided=seen, rule=lenient).releases


def test_silence_that_could_change_the_credit_asks():
    """Silent for the last 48 h: up all along it earns 10 %, down all along (50 h of 720) 25 %."""
    seen = month(120, silent_after=28)
    lenient = RULE.model_copy(update={"minimum_coverage_percent": Decimal(90)})
    found = verdict(decided=seen, rule=lenient)
    assert not found.releases
    assert found.why == (
        "uptime lies from 93.055555 % to 99.861111 %, which earns 500.00 EUR or 200.00 EUR: "
        "a change of state went unseen for up to 3600 s; 169200 s has no known state"
    )


def test_a_withheld_month_asks():
    """Nobody knows what it earns."""
    found = verdict(decided=month(120, silent_after=10, no_data="withhold"))
    assert (found.releases, "withheld" in found.why) == (False, True)


def test_a_month_that_was_counted_elsewhere_asks():
    """A calculator's payload says nothing of coverage."""
    payload = CalculatorPayload.model_validate(
        {
            "client_id": "acme",
            "service_id": "api",
            "month": "2025-09",
            "window_minutes": 5,
            "total_windows": 8640,
            "error_windows": 24,
            "excluded_windows": 0,
            "billable_amount": 2000,
        }
    )
    found = verdict(decided=month(120, payload=payload))
    assert (found.releases, "coverage is not known" in found.why) == (False, True)


def test_what_needs_two_people_no_rule_releases():
    """The rule says up to 300.00, the workspace two people above 150.00."""
    found = verdict(two_above={"EUR": Decimal(150)})
    assert (found.releases, found.why) == (False, f"{KEY}: 200.00 EUR is more than 150 EUR")


@pytest.mark.parametrize(
    ("batch", "people"),
    [
        ([draft(1000)], 1),
        ([draft("1000.01")], 2),
        ([draft(600), draft(400)], 1),
        ([draft(600), draft("400.01")], 2),  # together
        ([draft(-1001)], 2),
        ([draft(600), draft(-500)], 2),  # what is taken back hides nothing
        ([draft(300, released=800)], 2),  # the month's second step
        ([draft(50, two_above=Decimal(49))], 2),
        ([draft(50, two_above=Decimal(50))], 1),
        ([], 1),
    ],
)
def test_two_people_are_needed_above_the_amount(batch, people):
    """1,000.00 EUR in the workspace; a contract may have its own."""
    assert people_needed(batch, two_above={"EUR": Decimal(1000)}).people == people


def test_a_currency_without_an_amount_needs_one_person():
    """Only euros are limited."""
    yen = Candidate(KEY, Money(10**9, Currency.of("JPY")), Money(0, Currency.of("JPY")))
    assert people_needed([yen], two_above={"EUR": Decimal(1)}).people == 1


OPS = Voice("ops", Identity.OS_USER, "1000@books")
KIM = Voice("Kim", Identity.TOKEN, "1000@books")
LEE = Voice("Lee", Identity.TOKEN, "1000@books")
ANA = Voice("ana", Identity.OS_USER, "1001@books")
FORM = Voice("Kim Larsen", Identity.FREE_TEXT)
EDITOR = Voice("Lee Okafor", Identity.LAST_EDITOR)


@pytest.mark.parametrize(
    ("by", "before", "people"),
    [
        (ANA, [], 1),
        (ANA, [(400, [ANA])], 1),  # 600.00 and 400.00 are not above 1,000.00
        (ANA, [("400.01", [ANA])], 2),
        (ANA, [("-400.01", [ANA])], 2),  # what was taken back hides nothing
        (ANA, [(300, [ANA]), (300, [ANA])], 2),
        (ANA, [(500, [KIM])], 1),  # somebody else has an amount of their own
        (KIM, [(500, [OPS])], 2),  # whoever used the account may be Kim
        (KIM, [(500, [LEE])], 1),
        (ANA, [(500, [FORM])], 2),  # a word may be anybody's
        (FORM, [(500, [EDITOR])], 2),
        (FORM, [(500, [ANA])], 2),
        (ANA, [(500, [ANA, KIM])], 1),  # two had agreed to it
        (ANA, [(500, [ANA, FORM])], 2),  # a word makes no second person
        (ANA, [(500, [KIM, FORM])], 2),
    ],
)
def test_one_person_may_not_pass_the_amount_client_by_client(by, before, people):
    """600.00 EUR now, after what was let go of the month before; 1,000.00 EUR is the amount."""
    earlier = [Earlier(euros(amount), tuple(voices)) for amount, voices in before]
    found = people_needed([draft(600)], two_above={"EUR": Decimal(1000)}, by=by, before=earlier)
    assert found.people == people


def test_the_sum_counts_its_own_currency_alone():
    """500.00 USD from before say nothing about 600.00 EUR, and nothing waits without a draft."""
    dollars = Earlier(Money(50_000, Currency.of("USD")), (ANA,))
    limits = {"EUR": Decimal(1000), "USD": Decimal(100)}
    assert people_needed([draft(600)], two_above=limits, by=ANA, before=[dollars]).people == 1
    assert people_needed([], two_above=limits, by=ANA, before=[dollars]).people == 1


def test_whoever_is_refused_reads_what_counted():
    """The sum now, the sum before, the amount."""
    earlier = Earlier(euros(500), (ANA,))
    found = people_needed([draft(600)], two_above={"EUR": Decimal(1000)}, by=ANA, before=[earlier])
    assert found.why == (
        "600.00 EUR together with 500.00 EUR that one person let go alone before is more than "
        "1000 EUR"
    )


@pytest.mark.parametrize(
    ("voices", "enough"),
    [
        ([], False),
        ([OPS], False),
        ([OPS, OPS], False),
        ([OPS, KIM], False),  # whoever uses the account may be Kim
        ([OPS, KIM, LEE], True),  # Kim and Lee are two
        ([KIM, LEE], True),
        ([KIM, replace(KIM, name="KIM", account="9@x")], False),
        ([KIM, Voice("kim", Identity.OS_USER, "7@laptop")], False),  # one name, one person
        ([OPS, ANA], True),
        ([ANA, KIM], True),  # two accounts, and Kim's token was used from the other one
        ([FORM, EDITOR], False),  # two words are no proof
        ([OPS, FORM, EDITOR], False),
    ],
)
def test_two_are_two_only_when_they_are_surely_not_one(voices, enough):
    """In whatever order they speak."""
    for order in permutations(voices):
        assert agreed(order, Needed(2, "much")) is enough


def test_one_voice_lets_go_what_one_may():
    """Even a name that nothing verifies."""
    assert agreed([FORM], Needed(1))
    assert not agreed([], Needed(1))


def test_may_be_one_does_not_depend_on_the_order():
    """It is a question about two, not about the first of them."""
    for one, other in permutations([OPS, KIM, LEE, ANA], 2):
        assert may_be_one(one, other) is may_be_one(other, one)


@pytest.mark.parametrize("voice", [OPS, KIM, FORM, EDITOR])
def test_a_voice_comes_back_from_its_record(voice):
    """Name and grounds are all that is kept."""
    assert Voice.of(voice.name, voice.grounds) == voice
