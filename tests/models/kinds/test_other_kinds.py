"""Single threshold, pro rata, per block, per event: each formula on known months."""

from fractions import Fraction

import pytest
from pydantic import TypeAdapter, ValidationError

from models.kinds import AnyLadder
from tests.models.ladders.months import month
from tests.models.ladders.sheets import exact_yaml

ANY_LADDER = TypeAdapter(AnyLadder)


def ladder(text):
    """A ladder as a person writes it in a contract."""
    return ANY_LADDER.validate_python(exact_yaml(f"{{{text}}}"))


def share(text, measured):
    """The exact share of the billable amount."""
    return ladder(text).assess(measured).share


def test_every_kind_is_told_apart_by_its_name():
    """An unknown kind, or none, is refused."""
    assert type(ladder("kind: single_threshold, commitment_percent: 99, credit_percent: 5"))
    for text in ("kind: tiers, commitment_percent: 99", "commitment_percent: 99"):
        with pytest.raises(ValidationError, match="kind"):
            ladder(text)


@pytest.mark.parametrize(
    ("uptime", "percent"), [("100", 0), ("99.95", 0), ("99.9499999", 10), ("0", 10)]
)
def test_a_single_threshold_is_all_or_nothing(uptime, percent):
    """Twilio: under 99.95 the credit is 10 %, however far under."""
    text = "kind: single_threshold, commitment_percent: 99.95, credit_percent: 10"
    assert share(text, month(uptime=uptime)) * 100 == percent


def test_the_three_pro_rata_formulas_differ():
    """99.1 against 99.9, twice: 1.8 % by downtime, 1.6 % by points, 1.6016016 % relative."""
    text = "kind: pro_rata, commitment_percent: 99.9, multiplier: 2, basis: "
    seen = month(uptime="99.1")
    assert share(text + "downtime", seen) == Fraction("0.018")
    assert share(text + "percentage_points", seen) == Fraction("0.016")
    assert share(text + "relative_shortfall", seen) == Fraction(16, 999)


@pytest.mark.parametrize("basis", ["downtime", "percentage_points", "relative_shortfall"])
def test_a_met_commitment_never_yields_a_negative_credit(basis):
    """99.62 against 99.5."""
    text = f"kind: pro_rata, commitment_percent: 99.5, basis: {basis}"
    assessed = ladder(text).assess(month(uptime="99.62"))
    assert (assessed.share, assessed.tier, assessed.breached) == (0, None, False)


def test_ungated_downtime_pays_while_the_commitment_is_met():
    """30 of 43,200 minutes are 99.93 %: a credit without a breach."""
    text = "kind: pro_rata, commitment_percent: 99.9, basis: downtime, gated: false"
    assessed = ladder(text).assess(month(down_minutes=30))
    assert (assessed.breached, assessed.share) == (False, Fraction(30, 43_200))
    assert assessed.tier == "pro rata by downtime, 1x"
    assert ladder(text).assess(month()).tier is None


def test_only_the_excess_over_the_allowance_may_pay():
    """99.9 of 43,200 minutes allows 43.2; of 100 minutes 56.8 pay, ten times."""
    text = (
        "kind: pro_rata, commitment_percent: 99.9, basis: downtime, multiplier: 10, counts: excess"
    )
    assessed = ladder(text).assess(month(down_minutes=100))
    assert assessed.share == 10 * Fraction("56.8") / 43_200
    assert assessed.reasons[1] == (
        "1 h 40 min down less the allowance of 43 min 12 s: 56 min 48 s, of 720 h: 0.131481… %"
    )
    assert share(text, month(down_minutes="43.2")) == 0


def test_lost_time_is_a_share_of_the_measurable_time_or_of_the_whole_month():
    """72 minutes down, 43,200 in the month, 7,200 of them excluded: 72/36,000 or 72/43,200."""
    text = "kind: pro_rata, commitment_percent: 100, basis: downtime"
    seen = month(down_minutes=72, excluded_minutes=7200)
    assert share(text, seen) == Fraction(72, 36_000)
    assert share(f"{text}, downtime_of: whole_period", seen) == Fraction(72, 43_200)


@pytest.mark.parametrize("field", ["counts: excess", "gated: false", "downtime_of: whole_period"])
def test_a_term_that_the_basis_does_not_use_is_a_finding(field):
    """A shortfall knows no allowance and no lost time."""
    text = f"kind: pro_rata, commitment_percent: 99.9, basis: relative_shortfall, {field}"
    (finding,) = ladder(text).findings("acme.yaml")
    assert finding.field == field.split(":")[0]
    assert "no meaning with basis relative_shortfall" in finding.fact


def test_a_relative_shortfall_of_no_promise_is_a_finding():
    """Nothing can be divided by a commitment of 0, and nothing can fall short of it."""
    text = "kind: pro_rata, commitment_percent: 0, basis: relative_shortfall"
    (finding,) = ladder(text).findings("acme.yaml")
    assert str(finding).startswith("acme.yaml: commitment_percent is 0;")
    assert share(text, month(uptime="0")) == 0


@pytest.mark.parametrize(
    ("minutes", "part_down", "part_up"),
    [(0, 0, 0), (20, 0, 5), (30, 5, 5), (59, 5, 10), (60, 10, 10), (600, 100, 100)],
)
def test_blocks_round_down_or_up(minutes, part_down, part_up):
    """Rackspace, 5 % for 30 minutes: a 20-minute outage in 2006 paid nothing."""
    text = "kind: per_block, commitment_percent: 100, block_minutes: 30, credit_percent: 5"
    seen = month(down_minutes=minutes)
    assert share(text, seen) * 100 == part_down
    assert share(f"{text}, part_of_block: up", seen) * 100 == part_up


def test_blocks_of_each_outage_differ_from_blocks_of_the_month():
    """Three outages of 20 minutes: two blocks of the sum; alone none, or three started ones."""
    text = "kind: per_block, commitment_percent: 100, block_minutes: 30, credit_percent: 5"
    seen = month(outages=[20, 20, 20])
    assert share(text, seen) * 100 == 10
    assert share(f"{text}, each: outage", seen) * 100 == 0
    assert share(f"{text}, each: outage, part_of_block: up", seen) * 100 == 15


def test_blocks_beyond_the_allowance():
    """OVH: 99.5 of 43,200 minutes allows 216; of 400 minutes 184 are three whole hours."""
    text = (
        "kind: per_block, commitment_percent: 99.5, block_minutes: 60, credit_percent: 5, "
        "counts: excess"
    )
    assert share(text, month(down_minutes=400)) * 100 == 15
    assert share(f"{text}, part_of_block: up", month(down_minutes=400)) * 100 == 20
    assert share(text, month(down_minutes=216)) == 0


def test_blocks_may_earn_days():
    """A day for each started hour: 61 minutes are two."""
    text = (
        "kind: per_block, commitment_percent: 100, block_minutes: 60, credit_days: 1, "
        "part_of_block: up"
    )
    assessed = ladder(text).assess(month(down_minutes=61))
    assert (assessed.days, assessed.share) == (2, 0)
    assert assessed.reasons[-1] == "2 blocks earn 2 days of service"


@pytest.mark.parametrize(("reaches", "percent"), [("at_least", 4), ("longer_than", 2)])
def test_events_qualify_by_their_length(reaches, percent):
    """2 % for every outage of 30 minutes: of 29, 30 and 31 minutes two qualify, or one."""
    text = (
        "kind: per_event, commitment_percent: 100, qualifying_minutes: 30, credit_percent: 2, "
        f"reaches: {reaches}"
    )
    assert share(text, month(outages=[29, 30, 31])) * 100 == percent


def test_no_qualifying_event_earns_nothing():
    """Ten outages of five minutes; there is no tier either."""
    text = "kind: per_event, commitment_percent: 100, qualifying_minutes: 30, credit_days: 1"
    assessed = ladder(text).assess(month(outages=[5] * 10))
    assert (assessed.days, assessed.tier) == (0, None)


BY_OUTAGE = (
    "kind: per_event, commitment_percent: 99.9, qualifying_minutes: 30, credit_percent: 2",
    "kind: per_block, commitment_percent: 99.9, block_minutes: 30, credit_percent: 2, each: outage",
)


@pytest.mark.parametrize("text", BY_OUTAGE)
def test_outages_known_only_as_a_sum_have_no_answer(text):
    """A percent does not say how the downtime was spread."""
    assessed = ladder(text).assess(month(down_minutes=100))
    assert assessed.gap
    assert "only the sum of downtime is known" in assessed.gap


@pytest.mark.parametrize("text", BY_OUTAGE)
def test_a_sum_is_enough_where_nothing_can_be_owed(text):
    """While the commitment is met, or nothing was down, the spread does not matter."""
    for seen in (month(down_minutes=43), month()):
        assert ladder(text).assess(seen).gap is None
    ungated = ladder(f"{text}, gated: false")
    assert ungated.assess(month(down_minutes=43)).gap


def test_an_allowance_of_a_single_outage_is_a_finding():
    """The commitment allows a share of the month."""
    text = f"{BY_OUTAGE[1]}, counts: excess"
    (finding,) = ladder(text).findings("acme.yaml")
    assert str(finding).startswith("acme.yaml: counts is excess while each is outage;")


@pytest.mark.parametrize(
    "text",
    [
        "kind: single_threshold, commitment_percent: 99.9",
        "kind: single_threshold, commitment_percent: 101, credit_percent: 10",
        "kind: pro_rata, commitment_percent: 99.9",
        "kind: pro_rata, commitment_percent: 99.9, basis: downtime, multiplier: 0",
        "kind: pro_rata, commitment_percent: 99.9, basis: shortfall",
        "kind: per_block, commitment_percent: 99.9, block_minutes: 0, credit_percent: 5",
        "kind: per_block, commitment_percent: 99.9, block_minutes: 30",
        f"{BY_OUTAGE[1]}, credit_days: 2",
        "kind: per_event, commitment_percent: 99.9, qualifying_minutes: 30",
        "kind: per_event, commitment_percent: 99.9, qualifying_minutes: -1, credit_percent: 2",
    ],
)  # fmt: skip
def test_terms_that_mean_nothing_are_refused(text):
    """Missing, negative, contradictory."""
    with pytest.raises(ValidationError):
        ladder(text)
