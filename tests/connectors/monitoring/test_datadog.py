"""Datadog keeps the promise of the role: histories to the second, never a rounded percentage."""

import itertools
import json
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.datadog_client import DatadogClient
from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring.datadog import Datadog
from connectors.monitoring.memory import MemoryMonitoring, Sighting
from models.intervals import Interval
from models.outage import State
from models.requests import RequestRule
from models.sources.datadog import DatadogMonitor
from tests.connectors.monitoring.conformance import (
    COVERS,
    DOWN,
    MAY,
    TimelineConformance,
    as_written,
)
from tests.standins.datadog.client import API_KEY, APP_KEY, Fault, running
from tests.standins.datadog.world import METRIC, TIME_SLICE, Slo, Test

DAY_S, HOUR_S = 86_400, 3_600
MAY_S, JUNE_S = MAY.start // 1000, MAY.end // 1000
RECORDED = Path(__file__).parents[3].parent / "shared/data/datadog"
STATES = {State.UP: 0, State.DOWN: 1, State.UNKNOWN: 2}
OVER_ONE_PERCENT = RequestRule(error_rate_percent=Decimal(1), least_requests=1)


@pytest.fixture
def datadog():
    """An organisation of its own; its time is 2026-07-01."""
    with running() as organisation:
        yield organisation


def source(datadog, *, attempts=2, present_s=None, **monitors):
    """A source that asks it."""
    client = DatadogClient(
        place="datadog dd",
        api_key=API_KEY,
        app_key=APP_KEY,
        address=datadog.url,
        timeout_seconds=1,
        attempts=attempts,
        pause_ms=datadog.advance,
        sleep=lambda _: None,
    )
    return Datadog(
        id="dd",
        monitors=monitors,
        client=client,
        present_ms=lambda: (present_s or datadog.now_s) * 1000,
    )


def read(datadog, *, span=MAY, **monitors):
    """What the source makes of a month."""
    return source(datadog, **monitors).read(Wanted(span=span))


class TestDatadog(TimelineConformance):
    """Histories of SLOs over monitors, whose entries come in any order."""

    ASKED = True

    @pytest.fixture(autouse=True)
    def _organisation(self, datadog):
        self.datadog = datadog

    @pytest.fixture
    def broken(self):
        """A source that names an SLO that is not there."""
        return source(self.datadog, web=DatadogMonitor(slo="gone"))

    def source_of(self, folder, sightings, scramble=as_written):
        """An SLO for each monitor, with a group for each region."""
        pasts: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for seen in sightings:
            entry = (seen.at // 1000, STATES[seen.state])
            pasts.setdefault((seen.monitor, seen.region), []).append(entry)
        monitors = {}
        for (monitor, region), entries in pasts.items():
            slo = self.datadog.slos.setdefault(f"{folder.name}-{monitor}", Slo())
            slo.history = [] if region else scramble(entries)
            slo.groups |= {region: scramble(entries)} if region else {}
            name = f"{folder.name}-{monitor}".replace("_", "-")
            self.datadog.slos[name] = slo
            monitors[monitor] = DatadogMonitor(slo=name, by_group=bool(region))
        return source(self.datadog, **monitors)

    def seen(self, changes):
        """Datadog tells whole seconds, and nothing after the present."""
        whole = tuple((at // 1000 * 1000, state) for at, state in changes)
        return (*whole, (COVERS.end, State.UNKNOWN))

    def test_an_outage_over_the_edge_of_the_span_keeps_its_whole_length(self, source):
        """From 2 h before May to 1 h into it, in whole seconds."""
        (web,) = source.read(Wanted(span=MAY)).timelines["web"]
        assert ((MAY_S - 2 * HOUR_S) * 1000, DOWN) in web.changes
        assert ((MAY_S + HOUR_S) * 1000, State.UP) in web.changes


PUBLISHED = [(1_726_004_543, 0), (1_726_053_503, 1)]
"""The history of a Synthetics test as Datadog answered it, beside its percentage.

Source: github.com/DataDog/datadog-api-client-python, the cassette
test_fetch_uptime_for_multiple_tests_returns_ok_response.yaml.
"""
PUBLISHED_PERCENT = 83.05682373046875
ASKED = Interval(1_726_041_488_000, 1_726_055_954_000)


def recorded(name):
    """One of the answers that Datadog recorded."""
    if not RECORDED.is_dir():
        pytest.skip(f"no recorded answers of Datadog under {RECORDED}")
    (recording,) = json.loads((RECORDED / f"{name}.json").read_text())
    return recording["response"]


def share_up(timeline, span):
    """The exact share of a span that a timeline is up."""
    edges = [*timeline.changes, (span.end, None)]
    up = sum(
        max(0, min(end, span.end) - max(at, span.start))
        for (at, state), (end, _) in itertools.pairwise(edges)
        if state is State.UP
    )
    return Fraction(up, span.length)


def test_datadogs_published_uptime_of_a_test_comes_out(datadog):
    """12,015 of 14,466 s are 83.0568 %, of which Datadog publishes 83.05682373046875."""
    datadog.tests["t"] = Test(history=PUBLISHED)
    (web,) = read(datadog, span=ASKED, web=DatadogMonitor(synthetics="t")).timelines["web"]
    assert web.changes[:2] == ((1_726_004_543_000, State.UP), (1_726_053_503_000, State.DOWN))
    assert share_up(web, ASKED) == Fraction(12_015, 14_466)
    assert f"{float(share_up(web, ASKED)) * 100:.4f}" == f"{PUBLISHED_PERCENT:.4f}" == "83.0568"


def test_datadogs_recorded_answer_says_the_same(datadog):
    """The very answer that Datadog gave, field by field."""
    answer = recorded("synthetics_uptimes")
    assert answer[0]["overall"]["uptime"] == PUBLISHED_PERCENT
    datadog.plan(Fault(kind="recorded", told=answer, times=0))
    monitor = DatadogMonitor(synthetics="p8m-9gw-nte")
    (web,) = read(datadog, span=ASKED, web=monitor).timelines["web"]
    assert share_up(web, ASKED) == Fraction(12_015, 14_466)


def test_the_stand_in_publishes_the_same_percentage_as_datadog(datadog):
    """To the last bit, so that it is Datadog's own arithmetic."""
    datadog.tests["t"] = Test(history=PUBLISHED)
    (told,) = source(datadog, web=DatadogMonitor(synthetics="t")).client.uptime("t", ASKED)
    assert float(told["overall"]["uptime"]) == PUBLISHED_PERCENT


def test_requests_that_nobody_made_are_unknown(datadog):
    """Datadog's recorded answer to it is no_data and no percentage; nobody was down by it."""
    answer = recorded("slo_history_no_data")
    overall = answer["data"]["overall"]
    assert (overall["state"], overall["sli_value"]) == ("no_data", None)
    datadog.slos["r"] = Slo(type=METRIC)
    datadog.plan(Fault(kind="recorded", told=answer, times=0))
    span = Interval(answer["data"]["from_ts"] * 1000, answer["data"]["to_ts"] * 1000)
    monitor = DatadogMonitor(slo="r", requests=OVER_ONE_PERCENT)
    reading = read(datadog, span=span, web=monitor)
    (web,) = reading.timelines["web"]
    assert {state for _, state in web.changes} == {State.UNKNOWN}
    # 13 windows: from 22:54:48 to midnight, eleven of two hours, and from 22:00 to 22:54:48.
    assert reading.facts.rows == 13
    assert (reading.facts.first_at, reading.facts.last_at) == (span.start, span.end)


def test_no_data_is_unknown(datadog):
    """Whether Datadog counts it as up or down is a setting of its monitor, and no fact."""
    past = [(MAY_S - DAY_S, 0), (MAY_S + HOUR_S, 2), (MAY_S + 2 * HOUR_S, 0)]
    datadog.slos["a"] = Slo(type=TIME_SLICE, history=past)
    (web,) = read(datadog, web=DatadogMonitor(slo="a")).timelines["web"]
    assert web.changes[1] == ((MAY_S + HOUR_S) * 1000, State.UNKNOWN)


def test_corrections_change_nothing_here(datadog):
    """They are exclusions, which each contract judges; the history is asked for without them."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0), (MAY_S + 60, 1), (MAY_S + 660, 0)])
    datadog.correct("c", slo="a", start=MAY_S, end=MAY_S + HOUR_S)
    (web,) = read(datadog, web=DatadogMonitor(slo="a")).timelines["web"]
    assert ((MAY_S + 60) * 1000, DOWN) in web.changes
    assert {params["apply_correction"] for _, params in datadog.asked} == {"false"}


def test_before_its_first_entry_nothing_is_known(datadog):
    """A monitor made in May was neither up nor down in April."""
    datadog.slos["a"] = Slo(history=[(MAY_S + DAY_S, 0)])
    (web,) = read(datadog, web=DatadogMonitor(slo="a")).timelines["web"]
    assert web.changes[0] == ((MAY_S + DAY_S) * 1000, State.UP)


def test_nothing_is_known_of_the_time_to_come(datadog):
    """On 10 May the rest of May is unknown, and is not asked for."""
    datadog.now_s = MAY_S + 9 * DAY_S
    datadog.slos["a"] = Slo(history=[(MAY_S - DAY_S, 0)])
    (web,) = read(datadog, web=DatadogMonitor(slo="a")).timelines["web"]
    assert web.changes[-1] == ((MAY_S + 9 * DAY_S) * 1000, State.UNKNOWN)


def test_a_month_to_come_is_not_asked_for(datadog):
    """In April nobody knows May."""
    reading = source(datadog, present_s=MAY_S - 30 * DAY_S, web=DatadogMonitor(slo="a"))
    assert reading.read(Wanted(span=MAY)).timelines == {}
    assert datadog.requests == 0


def test_a_long_span_is_asked_for_in_parts_that_tell_one_past(datadog):
    """Each part tells again what was so at its start; that is one entry and no repetition."""
    past = [(MAY_S - 200 * DAY_S, 0), (MAY_S, 1), (MAY_S + 60 * DAY_S - 1, 0)]
    datadog.slos["a"] = Slo(history=past)
    reading = source(datadog, web=DatadogMonitor(slo="a")).read(Wanted())
    (web,) = reading.timelines["web"]
    assert web.changes[:-1] == tuple(
        (at * 1000, State.DOWN if down else State.UP) for at, down in past
    )
    assert len(datadog.asked) > 4
    assert (reading.facts.rows, reading.facts.duplicates) == (3, 0)


EDGE_S = 1_780_704_000
"""2026-06-06, a whole multiple of 90 days: there one question ends and the next one begins."""


@pytest.mark.parametrize("state", [0, 1])
@pytest.mark.parametrize("late", [None, 5])
def test_what_the_next_part_does_not_say_is_unknown(datadog, state, late):
    """Up or down until 6 June; the second question is answered with nothing, or from 11 June on."""
    datadog.slos["a"] = Slo(history=[(EDGE_S - 60 * DAY_S, state)])
    emptied = Slo(history=[] if late is None else [(EDGE_S + late * DAY_S, 0)])
    datadog.plan(Fault(kind="meanwhile", at=2, do=lambda: datadog.slos.update(a=emptied)))
    span = Interval(MAY.end, MAY.end + 25 * DAY_S * 1000)
    (web,) = read(datadog, span=span, web=DatadogMonitor(slo="a")).timelines["web"]
    known = State.DOWN if state else State.UP
    assert web.changes[:2] == (
        ((EDGE_S - 60 * DAY_S) * 1000, known),
        (EDGE_S * 1000, State.UNKNOWN),
    )
    after = [] if late is None else [((EDGE_S + late * DAY_S) * 1000, State.UP)]
    assert [change for change in web.changes[2:] if change[1] is not State.UNKNOWN] == after


def test_a_location_that_vanishes_is_unknown_from_then_on(datadog):
    """`us` is no longer answered in the second question; its last state does not go on."""
    past = [(EDGE_S - 60 * DAY_S, 0)]
    datadog.tests["t"] = Test(history=past, groups={"eu": past, "us": past})
    left = Test(history=past, groups={"eu": past})
    datadog.plan(Fault(kind="meanwhile", at=2, do=lambda: datadog.tests.update(t=left)))
    span = Interval(MAY.end, MAY.end + 20 * DAY_S * 1000)
    monitor = DatadogMonitor(synthetics="t", by_group=True)
    eu, us = read(datadog, span=span, web=monitor).timelines["web"]
    until = span.end + 7 * DAY_S * 1000
    assert eu.changes == ((past[0][0] * 1000, State.UP), (until, State.UNKNOWN))
    assert us.changes == ((past[0][0] * 1000, State.UP), (EDGE_S * 1000, State.UNKNOWN))


def test_one_monitor_of_several_answers_when_it_is_named(datadog):
    """The whole was down while any of them was; `eu` never was."""
    datadog.slos["a"] = Slo(
        history=[(MAY_S, 0), (MAY_S + 60, 1)],
        monitors={"eu": [(MAY_S, 0)], "us": [(MAY_S, 0), (MAY_S + 60, 1)]},
    )
    monitors = {
        "all": DatadogMonitor(slo="a"),
        "eu": DatadogMonitor(slo="a", part="eu"),
    }
    found = read(datadog, **monitors).timelines
    assert [DOWN in {s for _, s in found[m][0].changes} for m in ("all", "eu")] == [True, False]
    with pytest.raises(Permanent, match="no part 'asia' was answered, but 'eu', 'us'"):
        read(datadog, web=DatadogMonitor(slo="a", part="asia"))


def test_parts_of_one_name_are_refused(datadog):
    """A monitor and a group are both named `eu`; taking one of them would be a guess."""
    past = [(MAY_S, 0), (MAY_S + 60, 1)]
    datadog.slos["a"] = Slo(history=past, monitors={"eu": past}, groups={"eu": past[:1]})
    with pytest.raises(Permanent, match="several parts are named 'eu'"):
        read(datadog, web=DatadogMonitor(slo="a", part="eu"))


def test_the_locations_of_a_test_are_regions(datadog):
    """So that a contract can ask for a quorum of them."""
    past = [(MAY_S, 0), (MAY_S + 60, 1)]
    datadog.tests["t"] = Test(history=past, groups={"aws:eu": past, "aws:us": past[:1]})
    monitor = DatadogMonitor(synthetics="t", by_group=True)
    lines = read(datadog, web=monitor).timelines["web"]
    assert [line.region for line in lines] == ["aws:eu", "aws:us"]


def test_how_often_datadog_looks_widens_the_bounds(datadog):
    """A change that is seen every minute may have happened up to a minute before."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0), (MAY_S + 20, 1), (MAY_S + HOUR_S, 0)])
    monitor = DatadogMonitor(slo="a", spacing_minutes=Decimal(1))
    (web,) = read(datadog, web=monitor).timelines["web"]
    assert web.unseen_ms[:3] == (0, 20_000, 60_000)
    assert web.spacing_ms == 60_000


def test_counted_requests_are_judged_by_the_rule_of_the_source(datadog):
    """In the second two hours of 3 May 30 of 1,000 requests failed, which is more than 1 %."""
    start = MAY_S + 2 * DAY_S
    counts = {start + hour * HOUR_S: (1000, 1000) for hour in range(24)}
    counts[start + 2 * HOUR_S] = (970, 1000)
    datadog.slos["r"] = Slo(type=METRIC, counts=counts)
    monitor = DatadogMonitor(slo="r", requests=OVER_ONE_PERCENT)
    (web,) = read(datadog, web=monitor).timelines["web"]
    down = [(at, state) for at, state in web.changes if state is DOWN]
    assert down == [((start + 2 * HOUR_S) * 1000, DOWN)]
    assert ((start + 4 * HOUR_S) * 1000, State.UP) in web.changes


def test_a_window_that_is_left_out_is_unknown(datadog):
    """Of 3 May from 4 to 6 nothing was counted; that it failed from 2 to 4 says nothing of it."""
    start = MAY_S + 2 * DAY_S
    counts = {start + hour * HOUR_S: (1000, 1000) for hour in range(24)}
    counts[start + 2 * HOUR_S] = (0, 1000)
    datadog.slos["r"] = Slo(type=METRIC, counts=counts)
    monitor = DatadogMonitor(slo="r", requests=OVER_ONE_PERCENT)
    day = Interval(start * 1000, (start + DAY_S) * 1000)
    told = source(datadog, web=monitor).client.history("r", day)
    series = told["data"]["series"]
    for column in (series["times"], series["numerator"]["values"], series["denominator"]["values"]):
        del column[2]
    whole = json.loads(json.dumps(told, default=float))
    datadog.plan(Fault(kind="recorded", told=whole, times=0))
    (web,) = read(datadog, span=day, web=monitor).timelines["web"]
    assert web.changes[:4] == (
        (start * 1000, State.UP),
        ((start + 2 * HOUR_S) * 1000, DOWN),
        ((start + 4 * HOUR_S) * 1000, State.UNKNOWN),
        ((start + 6 * HOUR_S) * 1000, State.UP),
    )


@pytest.mark.parametrize(
    ("hours", "said"), [((0, 4, 2), "times is not rising"), ((1, 3, 5), "apart from the others")]
)
def test_counts_whose_windows_overlap_are_refused(datadog, hours, said):
    """Out of order within an answer, or an hour off from what the next answer says."""
    datadog.slos["r"] = Slo(type=METRIC, counts={MAY_S: (1000, 1000)})
    monitor = DatadogMonitor(slo="r", requests=OVER_ONE_PERCENT)
    day = Interval(MAY.start, MAY.start + DAY_S * 1000)
    told = source(datadog, web=monitor).client.history("r", day)
    series = told["data"]["series"]
    series["times"][:3] = [MAY.start + hour * HOUR_S * 1000 for hour in hours]
    del series["times"][3:], series["numerator"]["values"][3:], series["denominator"]["values"][3:]
    whole = json.loads(json.dumps(told, default=float))
    datadog.plan(Fault(kind="recorded", told=whole, at=datadog.requests + 2))
    with pytest.raises(Permanent, match=said):
        read(datadog, span=day, web=monitor)


def test_an_slo_over_requests_is_no_history(datadog):
    """Its percentage is rounded, so nothing is paid by it: a rule must say when it means down."""
    datadog.slos["r"] = Slo(type=METRIC)
    with pytest.raises(Permanent, match="Say under `requests`"):
        read(datadog, web=DatadogMonitor(slo="r"))
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    with pytest.raises(Permanent, match="Leave `requests` out"):
        read(datadog, web=DatadogMonitor(slo="a", requests=OVER_ONE_PERCENT))


def test_counts_over_a_longer_time_than_agreed_are_refused(datadog):
    """A day's counts come in two hours each; half an hour needs shorter questions."""
    datadog.slos["r"] = Slo(type=METRIC, counts={MAY_S: (1, 1)})
    narrow: dict[str, Any] = {
        "slo": "r",
        "requests": OVER_ONE_PERCENT,
        "widest_window_minutes": Decimal(30),
    }
    with pytest.raises(Permanent, match=r"7200 s together.*Lower question_hours"):
        read(datadog, web=DatadogMonitor(**narrow))
    span = Interval(MAY.start, MAY.start + DAY_S * 1000)
    reading = read(datadog, span=span, web=DatadogMonitor(**narrow, question_hours=6))
    assert reading.timelines["web"]


@pytest.mark.parametrize("kind", ["cut", "reset", "short_body", "broken_json", "partial"])
def test_half_an_answer_is_asked_for_again(datadog, kind):
    """Nothing that was told in part is taken for the whole."""
    datadog.slos["a"] = Slo(history=[(MAY_S - DAY_S, 0), (MAY_S, 1)])
    untouched = read(datadog, web=DatadogMonitor(slo="a"))
    datadog.plan(Fault(kind=kind, at=datadog.requests + 1))
    assert read(datadog, web=DatadogMonitor(slo="a")) == untouched


def test_a_part_is_never_taken_for_the_whole(datadog):
    """A success that tells of errors is none, however often it is asked for."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    datadog.plan(Fault(kind="partial", times=0))
    with pytest.raises(Retriable, match="only a part was answered: one of the monitors timed out"):
        read(datadog, web=DatadogMonitor(slo="a"))
    assert datadog.requests == 2


def test_silence_ends_after_the_time_limit(datadog):
    """A second here; what then fails may be asked again later."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    datadog.plan(Fault(kind="silence", at=1))
    with pytest.raises(Retriable, match="ReadTimeoutError"):
        source(datadog, attempts=1, web=DatadogMonitor(slo="a")).read(Wanted(span=MAY))


def test_a_history_that_is_still_worked_out_is_not_taken(datadog):
    """Datadog marks it as a preview after a monitor was changed."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)], preview=True)
    with pytest.raises(Retriable, match="still working"):
        read(datadog, web=DatadogMonitor(slo="a"))


def test_its_limit_is_kept(datadog):
    """Of 2 requests a minute the third waits until the minute is over, before it is refused."""
    datadog.limit, datadog.now_s = 2, datadog.now_s + 40
    datadog.slos["a"] = Slo(history=[(MAY_S - 500 * DAY_S, 0)])
    source(datadog, attempts=1, web=DatadogMonitor(slo="a")).read(Wanted())
    assert datadog.requests == len(datadog.asked) > 4


def test_a_refusal_by_the_limit_is_waited_out(datadog):
    """Somebody else used the limit up: it is asked again after the reset, not before."""
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    headers = {"X-RateLimit-Reset": "17"}
    datadog.plan(Fault(kind="status", status=429, headers=headers, at=1))
    before = datadog.now_s
    assert read(datadog, web=DatadogMonitor(slo="a")).timelines["web"]
    assert datadog.now_s - before == 17


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Permanent), (404, Permanent), (302, Permanent), (503, Retriable)]
)
def test_refusals_are_classed_by_what_helps(datadog, status, kind):
    """A redirect is not followed either: it would carry the keys elsewhere."""
    headers = {"Location": datadog.url + "/elsewhere"} if status == 302 else {}
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    words = f"no {API_KEY} {APP_KEY}"
    datadog.plan(Fault(kind="status", status=status, words=words, headers=headers, times=2))
    with pytest.raises(kind, match=f"answered {status}: no") as refused:
        source(datadog, attempts=1, web=DatadogMonitor(slo="a")).read(Wanted(span=MAY))
    assert API_KEY not in str(refused.value)
    assert APP_KEY not in str(refused.value)
    assert datadog.requests == 1


def test_wrong_keys_are_for_a_person(datadog):
    """Neither is shown, and neither is tried again."""
    datadog.scopes.clear()
    datadog.slos["a"] = Slo(history=[(MAY_S, 0)])
    with pytest.raises(Misconfigured, match="Check both keys"):
        read(datadog, web=DatadogMonitor(slo="a"))
    assert datadog.requests == 1


def test_a_key_is_never_shown(datadog):
    """Not in the source's own words either."""
    shown = repr(source(datadog, web=DatadogMonitor(slo="a")))
    assert API_KEY not in shown
    assert APP_KEY not in shown


def test_a_test_that_is_not_answered_is_refused(datadog):
    """An answer about nobody is no answer."""
    with pytest.raises(Permanent, match="no Synthetics test 'gone' was answered"):
        read(datadog, web=DatadogMonitor(synthetics="gone"))


@given(
    entries=st.lists(
        st.tuples(st.integers(MAY_S - 40 * DAY_S, JUNE_S + 40 * DAY_S), st.integers(0, 2)),
        max_size=12,
        unique_by=lambda entry: entry[0],
    )
)
@settings(max_examples=30, deadline=None)
def test_any_past_says_in_may_what_it_says_in_memory(entries):
    """State by state, however little was asked for around May."""
    states = {number: state for state, number in STATES.items()}
    sightings = [Sighting("web", at * 1000, states[number]) for at, number in entries]
    with running() as organisation:
        organisation.now_s = JUNE_S + 40 * DAY_S
        organisation.slos["a"] = Slo(history=entries)
        told = read(organisation, web=DatadogMonitor(slo="a")).timelines.get("web", ())
    known = MemoryMonitoring(id="m", sightings=sightings).read(Wanted()).timelines.get("web", ())
    assert [states_in_may(line) for line in told] in (
        [states_in_may(line) for line in known],
        [] if all(at >= JUNE_S for at, _ in entries) else None,
    )


def states_in_may(timeline):
    """What a timeline says of May: changes inside, led by the state at its start."""
    led = [state for at, state in timeline.changes if at <= MAY.start] or [State.UNKNOWN]
    found = [(MAY.start, led[-1])]
    for at, state in timeline.changes:
        if MAY.start < at < MAY.end and state is not found[-1][1]:
            found.append((at, state))
    return found


def test_without_its_client_it_says_what_to_install(datadog, monkeypatch):
    """The client is large, so it comes only to those who measure there."""
    monkeypatch.delattr(connectors, "_datadog_api", raising=False)
    monkeypatch.setitem(sys.modules, "connectors._datadog_api", None)
    with pytest.raises(Misconfigured, match=r"pip install 'makegood\[datadog\]'"):
        read(datadog, web=DatadogMonitor(slo="a"))
