"""The stand-in says no where UptimeRobot would, in its words."""

import httpx
import pytest

from tests.standins.uptimerobot.client import API_KEY, DOWN, UP, Log, Monitor, running
from tests.standins.visited import Fault

START = 1_777_593_600


@pytest.fixture
def robot():
    """An account of its own with two monitors."""
    with running() as account:
        account.monitors[1] = Monitor(logs=[Log(START + 60, DOWN), Log(START, UP)])
        account.monitors[2] = Monitor()
        yield account


def ask(robot, path="/v2/getMonitors", **form):
    """What a program without any client of ours gets."""
    given = {"api_key": API_KEY, "format": "json", **form}
    return httpx.post(robot.url + path, data={k: v for k, v in given.items() if v is not None})


def test_monitors_come_in_pages_with_their_total(robot):
    """By number."""
    told = ask(robot, limit="1", offset="1").json()
    assert told["pagination"] == {"offset": 1, "limit": 1, "total": 2}
    assert [monitor["id"] for monitor in told["monitors"]] == [2]


def test_logs_are_told_when_they_are_asked_for(robot):
    """The latest first, each with how long it stayed so."""
    assert "logs" not in ask(robot).json()["monitors"][0]
    logs = ask(robot, logs="1").json()["monitors"][0]["logs"]
    assert [(log["type"], log["datetime"]) for log in logs] == [(1, START + 60), (2, START)]
    assert [log["duration"] for log in logs] == [robot.now_s - START - 60, 60]


def test_logs_can_be_cut(robot):
    """By dates, types and number."""
    for options, left in (
        ({"logs_start_date": str(START + 1), "logs_end_date": str(START + 99)}, [1]),
        ({"log_types": "2"}, [2]),
        ({"logs_limit": "1"}, [1]),
    ):
        (first, _) = ask(robot, logs="1", **options).json()["monitors"]
        assert [log["type"] for log in first["logs"]] == left


@pytest.mark.parametrize(
    ("form", "parameter"),
    [
        ({"api_key": "wrong"}, "api_key"),
        ({"api_key": None}, "api_key"),
        ({"format": "xml"}, "format"),
        ({"monitors": "1,2"}, "monitors"),
        ({"limit": "51"}, "limit"),
        ({"logs_start_date": "1"}, "logs_end_date"),
        ({"custom_uptime_ratios": "30"}, "custom_uptime_ratios"),
    ],
)
def test_it_refuses_by_name(robot, form, parameter):
    """With 200, and with what was passed."""
    answer = ask(robot, **form)
    told = answer.json()
    assert (answer.status_code, told["stat"]) == (200, "fail")
    assert told["error"]["parameter_name"] == parameter
    assert told["error"]["passed_value"] == (form.get(parameter) or "")


def test_only_a_form_in_a_post_is_understood(robot):
    """A key in an address would be in every log on its way."""
    assert httpx.get(f"{robot.url}/v2/getMonitors?api_key={API_KEY}").status_code == 404
    assert httpx.post(f"{robot.url}/v2/getMonitors", json={}).status_code == 415
    assert ask(robot, path="/v2/editMonitor").status_code == 404


def test_a_limit_refuses_until_the_minute_is_over(robot):
    """And says how long that is."""
    robot.per_minute, robot.now_s = 1, START + 20
    assert ask(robot).status_code == 200
    refused = ask(robot)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    robot.advance(40_000)
    assert ask(robot).status_code == 200


def test_a_planned_fault_that_never_strikes_fails_the_test():
    """It proves nothing."""
    with pytest.raises(AssertionError, match="never struck"), running() as account:
        account.plan(Fault(kind="cut", at=1))
