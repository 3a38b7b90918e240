"""Events held against a contract's rules: what may leave the sum of May 2026, and why."""

import pytest
from pydantic import ValidationError

from models.exclusion import (
    ExclusionEvent,
    ExclusionKind,
    ExclusionRule,
    JudgedExclusion,
    apply_rules,
)
from models.intervals import Interval, utc
from tests.models.scenes import MAY, at, minutes, stretch, time

MAINTENANCE = ExclusionRule(kind=ExclusionKind.MAINTENANCE)
TWO_DAYS = {"kind": "maintenance", "notice_hours": 48}


def event(text: str = "12 02:00 - 12 02:30", **fields: object) -> ExclusionEvent:
    """A maintenance in May, unless some fields say otherwise."""
    start, end = stretch(text)
    given = {"id": text, "kind": "maintenance", "reason": "database upgrade", **fields}
    return ExclusionEvent.model_validate({"start": utc(start), "end": utc(end), **given})


def judged(*events: ExclusionEvent, rules: object = ({"kind": "maintenance"},)):
    """Events held against rules, for the service `api`."""
    assert isinstance(rules, tuple)
    return apply_rules(
        events=events,
        rules=[ExclusionRule.model_validate(rule) for rule in rules],
        service_id="api",
        month=MAY,
    )


def only(judgements: tuple[JudgedExclusion, ...]) -> JudgedExclusion:
    """The single judgement."""
    [judgement] = judgements
    return judgement


def test_an_event_counts_where_the_contract_has_a_rule_of_its_kind():
    """And the judgement says what, when and why."""
    judgement = only(judged(event()))
    assert judgement.applied == time("12 02:00 - 12 02:30")
    assert judgement.reason == (
        "maintenance 12 02:00 - 12 02:30 (2026-05-12T02:00:00Z/2026-05-12T02:30:00Z, database "
        "upgrade) counts"
    )


@pytest.mark.parametrize("kind", ["ad_hoc", "third_party"])
def test_an_event_without_a_rule_of_its_kind_is_refused(kind):
    """A contract that excludes maintenance excludes nothing else."""
    judgement = only(judged(event(kind=kind)))
    assert not judgement.applied
    assert judgement.reason.endswith(
        f"does not count: the contract has no rule that excludes {kind.replace('_', '-')}"
    )


@pytest.mark.parametrize(
    ("announced", "counts"),
    [
        ("10 02:00", True),  # exactly 48 hours ahead
        ("10 02:01", False),
        ("12 02:10", False),  # after it began
    ],
)
def test_notice_is_counted_to_the_minute(announced, counts):
    """48 hours are asked; exactly 48 are enough."""
    judgement = only(judged(event(announced_at=utc(at(announced))), rules=(TWO_DAYS,)))
    assert bool(judgement.applied) is counts
    assert "48 h" in judgement.reason


def test_notice_that_nobody_recorded_was_not_given():
    """Notice is proven or refused."""
    judgement = only(judged(event(), rules=(TWO_DAYS,)))
    assert not judgement.applied
    assert judgement.reason.endswith(
        "the contract asks for 48 h of notice, and no announcement is recorded"
    )


@pytest.mark.parametrize(
    ("dependency", "counts"), [("AWS", True), ("Fastly", False), (None, False)]
)
def test_a_third_party_must_be_one_that_the_contract_names(dependency, counts):
    """The rule accepts AWS and Stripe."""
    rule = {"kind": "third_party", "dependencies": ("AWS", "Stripe")}
    judgement = only(judged(event(kind="third_party", dependency=dependency), rules=(rule,)))
    assert bool(judgement.applied) is counts
    assert counts or "the contract accepts AWS, Stripe" in judgement.reason


def test_a_rule_that_names_nobody_accepts_any_third_party():
    """No list, no limit."""
    rule = {"kind": "third_party"}
    assert only(judged(event(kind="third_party", dependency="Fastly"), rules=(rule,))).applied


def test_one_of_several_rules_is_enough():
    """AWS needs no notice, everybody else two days."""
    rules = (
        {"kind": "third_party", "notice_hours": 48},
        {"kind": "third_party", "dependencies": ("AWS",)},
    )
    assert only(judged(event(kind="third_party", dependency="AWS"), rules=rules)).applied
    refused = only(judged(event(kind="third_party", dependency="Fastly"), rules=rules))
    assert "no announcement is recorded; it names Fastly" in refused.reason


def test_events_of_other_services_and_months_are_not_judged():
    """They touch neither the service nor the month."""
    other = event(services=("billing",))
    april = event("00 01:00 - 01 00:00")
    june = event("32 00:00 - 32 01:00")
    assert judged(other, april, june) == ()
    assert len(judged(event(services=("billing", "api")))) == 1


def test_an_event_over_the_months_edge_counts_with_its_part_in_the_month():
    """From 23:00 on 30 April to 01:00 on 1 May."""
    assert only(judged(event("00 23:00 - 01 01:00"))).applied == time("01 00:00 - 01 01:00")


def test_regions_are_handed_on():
    """The vote without those regions is taken where uptime is measured."""
    judgement = only(judged(event(regions=("eu", "us"))))
    assert judgement.regions == ("eu", "us")
    assert judgement.reason.endswith("counts; for eu, us only")


FOUR_HOURS = {"kind": "maintenance", "most_hours_per_month": 4}


def test_the_earliest_hours_of_a_month_count():
    """Three hours on the 5th, three on the 12th, one on the 20th; the contract allows four."""
    events = (
        event("20 00:00 - 20 01:00"),
        event("12 00:00 - 12 03:00"),
        event("05 00:00 - 05 03:00"),
    )
    first, second, third = judged(*events, rules=(FOUR_HOURS,))
    assert first.applied == time("05 00:00 - 05 03:00")
    assert second.applied == time("12 00:00 - 12 01:00")
    assert "only 1 h of it is within the contract's 4 h a month" in second.reason
    assert not third.applied
    assert "only 0 s of it is within the contract's 4 h a month" in third.reason


def test_time_that_two_events_cover_is_used_once():
    """Two maintenances share two of their three hours, and four hours are in all."""
    events = (event("05 00:00 - 05 03:00"), event("05 01:00 - 05 04:00"))
    assert [j.applied.length for j in judged(*events, rules=(FOUR_HOURS,))] == [minutes(180)] * 2


def test_a_refused_event_uses_up_no_hours():
    """The first was not announced."""
    rule = {**FOUR_HOURS, "notice_hours": 1}
    late, early = utc(at("05 00:00")), utc(at("01 00:00"))
    events = (
        event("05 00:00 - 05 03:00", announced_at=late),
        event("12 00:00 - 12 03:00", announced_at=early),
    )
    assert [j.applied.length for j in judged(*events, rules=(rule,))] == [0, minutes(180)]


def test_events_are_judged_in_time_whatever_their_order():
    """By start, then end, then id."""
    events = [event("20 00:00 - 20 01:00"), event("05 00:00 - 05 03:00"), event(id="a")]
    assert judged(*events) == judged(*events[::-1])
    assert [j.event.interval for j in judged(*events)] == sorted(e.interval for e in events)


def test_an_event_ends_after_its_start():
    """By a millisecond at least, the finest that evidence knows."""
    with pytest.raises(ValidationError, match="an end at least a millisecond after its start"):
        event("12 02:00 - 12 02:00")


def test_an_event_has_a_reason_and_a_zone():
    """An exclusion without a reason does not exist, and nobody guesses whose 02:00 it was."""
    with pytest.raises(ValidationError):
        event(reason="")
    with pytest.raises(ValidationError, match="a time with its zone"):
        event(start="2026-05-12T02:00:00")


def test_the_running_month_judges_what_has_happened():
    """Maintenance that is still going on counts until now."""
    running = Interval(MAY.start, at("12 02:10"))
    judgement = only(
        apply_rules(events=[event()], rules=[MAINTENANCE], service_id="api", month=running)
    )
    assert judgement.applied == time("12 02:00 - 12 02:10")
