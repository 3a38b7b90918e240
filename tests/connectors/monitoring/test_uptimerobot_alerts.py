"""Kept alerts of UptimeRobot keep the promise of the role, and a lost alert costs nothing."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.monitoring import Wanted
from connectors.monitoring.uptimerobot_alerts import UptimeRobotAlerts
from models.findings import UnusableInputError
from models.intervals import Interval
from models.outage import State
from models.sources.uptimerobot import UptimeRobotMonitor
from tests.connectors.monitoring.conformance import (
    COVERS,
    DOWN,
    MAY,
    UP,
    TimelineConformance,
    as_written,
)

HOUR_S = 3_600
MAY_S = MAY.start // 1000


def alert(number, kind, at, **more):
    """An alert as the webhook of a template with all variables sends it: texts."""
    return {
        "monitorID": str(number),
        "monitorURL": "https://example.com",
        "monitorFriendlyName": f"monitor {number}",
        "alertType": str(kind),
        "alertTypeFriendlyName": {1: "Down", 2: "Up"}.get(kind, "SSL expiry"),
        "alertDetails": "Connection Timeout",
        "alertDateTime": str(at),
        "alertDuration": "",
        **more,
    }


def source(folder, alerts, *, name="alerts.jsonl", covers=COVERS, **numbers):
    """A source of one file, a line for each alert."""
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in alerts))
    monitors = {known: UptimeRobotMonitor(id=number) for known, number in numbers.items()}
    return UptimeRobotAlerts(id="kept", path=name, folder=folder, covers=covers, monitors=monitors)


def changes(folder, *alerts, covers=MAY):
    """What the source makes of the alerts of monitor 1, in seconds of May."""
    (web,) = source(folder, alerts, covers=covers, web=1).read(Wanted()).timelines["web"]
    return [(at // 1000 - MAY_S, state) for at, state in web.changes]


class TestUptimeRobotAlerts(TimelineConformance):
    """The same outages, as alerts about going down and coming up."""

    @pytest.fixture
    def broken(self, tmp_path):
        """No time, no type, and a time outside of what was kept."""
        lines = [
            alert(1, 1, "soon"),
            alert(1, "*alertType*", MAY_S),
            alert(1, 1, MAY_S - 400 * 86_400),
        ]
        return source(tmp_path, lines, web=1)

    def source_of(self, folder, sightings, scramble=as_written):
        """A number for each monitor, and a line for each sighting."""
        numbers = {name: i for i, name in enumerate(sorted({s.monitor for s in sightings}), 1)}
        rows = [
            alert(numbers[s.monitor], 1 if s.state is DOWN else 2, s.at // 1000) for s in sightings
        ]
        return source(folder, scramble(rows), **numbers)

    def seen(self, changes):
        """Alerts tell whole seconds, and nothing after what was kept."""
        whole = tuple((at // 1000 * 1000, state) for at, state in changes)
        return (*whole, (COVERS.end, State.UNKNOWN))

    def test_an_outage_over_the_edge_of_the_span_keeps_its_whole_length(self, source):
        """From 2 h before May to 1 h into it, in whole seconds."""
        (web,) = source.read(Wanted(span=MAY)).timelines["web"]
        assert ((MAY_S - 2 * HOUR_S) * 1000, DOWN) in web.changes
        assert ((MAY_S + HOUR_S) * 1000, UP) in web.changes

    def test_each_region_has_its_own_timeline(self, tmp_path):
        """Alerts name no place from which was looked."""
        (line,) = source(tmp_path, [], cdn=1).read(Wanted()).timelines["cdn"]
        assert line.region == ""

    def test_no_observation_at_all_is_no_error(self, tmp_path):
        """A monitor without an alert was up for as long as all were kept."""
        reading = source(tmp_path, [], web=1).read(Wanted())
        (web,) = reading.timelines["web"]
        assert web.changes == ((COVERS.start, UP), (COVERS.end, State.UNKNOWN))
        assert reading.facts.rows == 0


def test_a_lost_alert_about_going_down_costs_nothing(tmp_path):
    """Coming up says for how long it had been down: 600 s."""
    found = changes(tmp_path, alert(1, 2, MAY_S + 1600, alertDuration="600"))
    assert found[:3] == [(0, UP), (1000, DOWN), (1600, UP)]


@pytest.mark.parametrize("again", [True, False])
def test_a_lost_alert_about_coming_up_leaves_doubt_and_no_outage(tmp_path, again):
    """Down at 100 s; the next outage began at 500,000 s and lasted 100 s, as its end says.

    When the first one ended, nobody knows; five days of downtime would be invented.
    """
    went_down = [alert(1, 1, MAY_S + 500_000)] if again else []
    ended = alert(1, 2, MAY_S + 500_100, alertDuration=100)
    found = changes(tmp_path, alert(1, 1, MAY_S + 100), *went_down, ended)
    assert found[:4] == [(0, UP), (100, State.UNKNOWN), (500_000, DOWN), (500_100, UP)]


def test_a_length_that_is_a_moment_short_leaves_no_doubt(tmp_path):
    """Told of at 100 s, up at 700 s after 571 s: 29 s are too short for a check in between."""
    ended = alert(1, 2, MAY_S + 700, alertDuration=571)
    assert changes(tmp_path, alert(1, 1, MAY_S + 100), ended)[:3] == [
        (0, UP),
        (100, DOWN),
        (700, UP),
    ]


def test_an_alert_that_came_late_is_corrected_by_the_length(tmp_path):
    """Told of at 1,300 s, down for 600 s until 1,600 s."""
    late = alert(1, 1, MAY_S + 1300), alert(1, 2, MAY_S + 1600, alertDuration=600)
    assert changes(tmp_path, *late)[:3] == [(0, UP), (1000, DOWN), (1600, UP)]


def test_coming_up_without_length_or_beginning_leaves_doubt(tmp_path):
    """Somewhere since the alert before it the monitor went down; nobody knows when."""
    found = changes(
        tmp_path,
        alert(1, 1, MAY_S + 100),
        alert(1, 2, MAY_S + 200, alertDuration=100),
        alert(1, 2, MAY_S + 900, alertDuration="*alertDuration*"),
    )
    assert found[:5] == [(0, UP), (100, DOWN), (200, State.UNKNOWN), (900, UP), found[4]]


def test_an_outage_that_began_before_what_was_kept_is_cut_there(tmp_path):
    """Down for two hours, of which one is covered."""
    found = changes(tmp_path, alert(1, 2, MAY_S + HOUR_S, alertDuration=2 * HOUR_S))
    assert found[:2] == [(0, DOWN), (HOUR_S, UP)]


def test_reminders_that_it_is_still_down_are_one_outage(tmp_path):
    """UptimeRobot can be told to remind."""
    found = changes(
        tmp_path, *(alert(1, 1, MAY_S + at) for at in (60, 360, 660)), alert(1, 2, MAY_S + 960)
    )
    assert found[:3] == [(0, UP), (60, DOWN), (960, UP)]


def test_certificates_and_other_monitors_are_no_outage(tmp_path):
    """They are counted as rows, and change nothing."""
    lines = [alert(1, 3, MAY_S + 60), alert(2, 1, MAY_S + 60)]
    reading = source(tmp_path, lines, covers=MAY, web=1).read(Wanted())
    assert [state for _, state in reading.timelines["web"][0].changes] == [UP, State.UNKNOWN]
    assert reading.facts.rows == 2


def test_down_and_up_in_one_second_is_decided_by_the_contract(tmp_path):
    """The worse one stands, unless the contract says otherwise; both are told of."""
    lines = [alert(1, 1, MAY_S + 60), alert(1, 2, MAY_S + 60)]
    kept = source(tmp_path, lines, covers=MAY, web=1)
    worse, better = kept.read(Wanted()), kept.read(Wanted(better_wins=True))
    assert DOWN in {state for _, state in worse.timelines["web"][0].changes}
    assert DOWN not in {state for _, state in better.timelines["web"][0].changes}
    assert worse.facts.conflicting_duplicates == 1


@pytest.mark.parametrize("name", ["alert.json", "alerts.json"])
def test_one_alert_and_a_list_of_them_are_read_too(tmp_path, name):
    """As calculator payloads are."""
    one = alert(1, 1, MAY_S + 60)
    (tmp_path / name).write_text(json.dumps(one if name == "alert.json" else [one]))
    monitors = {"web": UptimeRobotMonitor(id=1)}
    kept = UptimeRobotAlerts(id="k", path=name, folder=tmp_path, covers=MAY, monitors=monitors)
    assert DOWN in {state for _, state in kept.read(Wanted()).timelines["web"][0].changes}


def test_every_unusable_alert_is_listed_with_its_line(tmp_path):
    """At once, so that they are mended at once."""
    lines = [alert(1, 1, "soon"), alert(1, 1, MAY_S), alert("x", 1, MAY_S)]
    covers = Interval(MAY.start + 1000, MAY.end)
    with pytest.raises(UnusableInputError) as refused:
        source(tmp_path, lines, covers=covers, web=1).read(Wanted())
    assert [(f.place, f.field) for f in refused.value.findings] == [
        ("alerts.jsonl:1", "alertDateTime"),
        ("alerts.jsonl:2", "alertDateTime"),
        ("alerts.jsonl:3", "monitorID"),
    ]


@given(
    lengths=st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 5_000)), max_size=8),
    lost=st.sets(st.integers(0, 7)),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_alerts_tell_the_outages_whatever_was_lost_and_in_whatever_order(lengths, lost, order):
    """Outages after calm times; some alerts about going down are lost, the rest is shuffled."""
    at, alerts, expected = MAY_S, [], [(0, UP)]
    for number, (calm, down) in enumerate(lengths):
        began, at = at + calm, at + calm + down
        alerts += [] if number in lost else [alert(1, 1, began)]
        alerts.append(alert(1, 2, at, alertDuration=down))
        expected += [(began - MAY_S, DOWN), (at - MAY_S, UP)]
    order.shuffle(alerts)
    with TemporaryDirectory() as folder:
        found = changes(Path(folder), *alerts)
    assert found == [*expected, (MAY.length // 1000, State.UNKNOWN)]
