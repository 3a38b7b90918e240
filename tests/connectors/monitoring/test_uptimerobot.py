"""UptimeRobot keeps the promise of the role: its logs to the second, its key to itself."""

import pytest

from connectors.asking import Asking
from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring.uptimerobot import UptimeRobot
from models.outage import State
from models.sources.uptimerobot import UptimeRobotMonitor
from tests.connectors.monitoring.conformance import (
    COVERS,
    DOWN,
    MAY,
    TimelineConformance,
    as_written,
)
from tests.standins.uptimerobot.client import (
    API_KEY,
    PAUSED,
    STARTED,
    Log,
    Monitor,
    running,
)
from tests.standins.uptimerobot.client import DOWN as WENT_DOWN
from tests.standins.uptimerobot.client import UP as CAME_UP
from tests.standins.visited import Fault

DAY_S, HOUR_S = 86_400, 3_600
MAY_S = MAY.start // 1000
TYPES = {State.UP: CAME_UP, State.DOWN: WENT_DOWN, State.UNKNOWN: PAUSED}


@pytest.fixture
def robot():
    """An account of its own; its time is 2026-07-01."""
    with running() as account:
        yield account


def source(robot, *, key=API_KEY, attempts=2, **numbers):
    """A source that asks it."""
    asking = Asking(
        place="uptimerobot ur",
        address=robot.url,
        timeout_seconds=1,
        attempts=attempts,
        pause_ms=robot.advance,
        secrets=(key,),
    )
    monitors = {name: UptimeRobotMonitor(id=number) for name, number in numbers.items()}
    return UptimeRobot(id="ur", monitors=monitors, asking=asking, api_key=key)


def changes(robot, *logs, span=MAY, interval=300):
    """What the source makes of one monitor's logs, written from the earliest to the latest."""
    robot.monitors[1] = Monitor(logs=list(reversed(logs)), interval=interval)
    (web,) = source(robot, web=1).read(Wanted(span=span)).timelines["web"]
    return [(at // 1000 - MAY_S, state) for at, state in web.changes]


class TestUptimeRobot(TimelineConformance):
    """Logs in any order; UptimeRobot sends the latest first."""

    ASKED = True

    @pytest.fixture(autouse=True)
    def _account(self, robot):
        self.robot = robot

    @pytest.fixture
    def broken(self):
        """A source that names a monitor that is not there."""
        return source(self.robot, web=404)

    def source_of(self, folder, sightings, scramble=as_written):
        """A monitor for each name; it knows no regions."""
        numbers: dict[str, int] = {}
        first = len(self.robot.monitors) + 1
        for seen in sightings:
            number = numbers.setdefault(seen.monitor, first + len(numbers))
            logs = self.robot.monitors.setdefault(number, Monitor()).logs
            logs.append(Log(seen.at // 1000, TYPES[seen.state]))
        for number in numbers.values():
            monitor = self.robot.monitors[number]
            monitor.logs = scramble(monitor.logs[::-1])
        return source(self.robot, **numbers)

    def seen(self, changes):
        """UptimeRobot tells whole seconds, and nothing after the present."""
        whole = tuple((at // 1000 * 1000, state) for at, state in changes)
        return (*whole, (COVERS.end, State.UNKNOWN))

    def test_an_outage_over_the_edge_of_the_span_keeps_its_whole_length(self, source):
        """From 2 h before May to 1 h into it, in whole seconds."""
        (web,) = source.read(Wanted(span=MAY)).timelines["web"]
        assert ((MAY_S - 2 * HOUR_S) * 1000, DOWN) in web.changes
        assert ((MAY_S + HOUR_S) * 1000, State.UP) in web.changes

    def test_each_region_has_its_own_timeline(self, tmp_path):
        """UptimeRobot looks from several places and tells one result: there are no regions."""
        self.robot.monitors[1] = Monitor(logs=[Log(MAY_S, CAME_UP)])
        (line,) = source(self.robot, cdn=1).read(Wanted()).timelines["cdn"]
        assert line.region == ""


def test_a_paused_monitor_is_unknown(robot):
    """Nobody looked, so it was neither up nor down."""
    assert changes(
        robot,
        Log(MAY_S, CAME_UP),
        Log(MAY_S + 100, PAUSED),
        Log(MAY_S + 700, CAME_UP),
    )[:3] == [(0, State.UP), (100, State.UNKNOWN), (700, State.UP)]


def test_a_started_monitor_is_up_from_its_first_check_on(robot):
    """It is checked every 300 s, and a check that failed would have been logged."""
    assert changes(robot, Log(MAY_S, STARTED), Log(MAY_S + 1000, WENT_DOWN))[:3] == [
        (0, State.UNKNOWN),
        (300, State.UP),
        (1000, State.DOWN),
    ]


def test_a_started_monitor_that_nobody_checked_is_unknown(robot):
    """UptimeRobot says so itself; a month later it is no more up than at first."""
    robot.monitors[1] = Monitor(logs=[Log(MAY_S, STARTED)], status=1)
    (web,) = source(robot, web=1).read(Wanted(span=MAY)).timelines["web"]
    assert {state for _, state in web.changes} == {State.UNKNOWN}


def test_an_outage_over_the_end_of_the_month_keeps_its_whole_length(robot):
    """From a minute before June to two hours into it: no minimum length may be missed."""
    june = MAY.end // 1000 - MAY_S
    logs = Log(MAY_S, CAME_UP), Log(MAY_S + june - 60, WENT_DOWN), Log(MAY_S + june + 7200, CAME_UP)
    assert changes(robot, *logs)[1:3] == [(june - 60, DOWN), (june + 7200, State.UP)]


def test_a_started_monitor_that_is_down_at_once_was_never_up(robot):
    """The first check failed."""
    found = changes(robot, Log(MAY_S, STARTED), Log(MAY_S + 300, WENT_DOWN))
    assert found[:2] == [(0, State.UNKNOWN), (300, State.DOWN)]


def test_a_log_that_is_missing_leaves_its_time_unknown(robot):
    """Down for 600 s by its own word, then nothing until an hour later."""
    found = changes(robot, Log(MAY_S, WENT_DOWN, lasted=600), Log(MAY_S + HOUR_S, WENT_DOWN))
    assert found[:3] == [(0, State.DOWN), (600, State.UNKNOWN), (HOUR_S, State.DOWN)]


def test_a_log_holds_until_the_next_one_within_a_check(robot):
    """Lengths are rounded a little; 20 s are less than a check's 300 s."""
    found = changes(robot, Log(MAY_S, WENT_DOWN, lasted=580), Log(MAY_S + 600, CAME_UP))
    assert found[:2] == [(0, State.DOWN), (600, State.UP)]


def test_before_the_first_log_nothing_is_known(robot):
    """Plans keep logs for some months only; what is gone was neither up nor down."""
    assert changes(robot, Log(MAY_S + DAY_S, WENT_DOWN))[0] == (DAY_S, State.DOWN)


def test_the_last_change_before_the_month_decides_how_it_begins(robot):
    """It may be years old, so logs are asked for without dates."""
    found = changes(robot, Log(MAY_S - 900 * DAY_S, CAME_UP))
    assert found[0] == (-900 * DAY_S, State.UP)
    assert "logs_start_date" not in robot.asked[0]


def test_a_month_that_is_over_is_answered_alike_for_ever(robot):
    """What comes later changes neither the timeline nor its digest."""
    robot.monitors[1] = Monitor(logs=[Log(MAY_S, CAME_UP)])
    before = source(robot, web=1).read(Wanted(span=MAY))
    robot.now_s += 40 * DAY_S
    robot.monitors[1].logs.insert(0, Log(robot.now_s - 1, WENT_DOWN))
    assert source(robot, web=1).read(Wanted(span=MAY)) == before


def test_how_often_it_looks_widens_the_bounds(robot):
    """UptimeRobot says so itself: every 300 s."""
    robot.monitors[1] = Monitor(logs=[Log(MAY_S + 1000, WENT_DOWN), Log(MAY_S, CAME_UP)])
    (web,) = source(robot, web=1).read(Wanted(span=MAY)).timelines["web"]
    assert (web.spacing_ms, web.unseen_ms[:2]) == (300_000, (0, 300_000))


def many(robot, count):
    """So many monitors that were always up."""
    for number in range(1, count + 1):
        robot.monitors[number] = Monitor(logs=[Log(MAY_S - DAY_S, CAME_UP)])
    return {f"m{number}": number for number in range(1, count + 1)}


def test_every_page_is_read(robot):
    """120 monitors are three answers of at most 50."""
    numbers = many(robot, 120)
    assert len(source(robot, **numbers).read(Wanted(span=MAY)).timelines) == 120
    assert [asked["offset"] for asked in robot.asked] == ["0", "50", "100"]


def test_shorter_pages_than_were_asked_for_are_read_too(robot):
    """Each page starts where the answers before it end."""
    numbers, robot.page = many(robot, 7), 3
    assert len(source(robot, **numbers).read(Wanted(span=MAY)).timelines) == 7


def test_pages_that_changed_meanwhile_are_read_again(robot):
    """One of 120 monitors is gone before the second page, and back before all are asked again."""
    numbers = many(robot, 120)
    gone: dict[int, Monitor] = {}
    robot.plan(
        Fault(kind="meanwhile", at=2, do=lambda: gone.update({120: robot.monitors.pop(120)})),
        Fault(kind="meanwhile", at=3, do=lambda: robot.monitors.update(gone)),
    )
    assert len(source(robot, **numbers).read(Wanted(span=MAY)).timelines) == 120
    assert [asked["offset"] for asked in robot.asked] == ["0", "50", "0", "50", "100"]


def test_monitors_that_are_not_there_are_named(robot):
    """All of them, and nothing is measured without them."""
    with pytest.raises(Permanent, match="there is no monitor 8, 9"):
        source(robot, **many(robot, 2), x=9, y=8).read(Wanted(span=MAY))


def test_pages_that_never_fit_are_not_patched_together(robot):
    """Monitors come and go before every second page; then later is better."""
    numbers = many(robot, 60)
    spare = iter(range(60, 0, -1))
    for at in (2, 4, 6):
        robot.plan(Fault(kind="meanwhile", at=at, do=lambda: robot.monitors.pop(next(spare))))
    with pytest.raises(Retriable, match="came and went"):
        source(robot, **numbers).read(Wanted(span=MAY))


@pytest.mark.parametrize("kind", ["cut", "reset", "short_body", "broken_json"])
def test_half_an_answer_is_asked_for_again(robot, kind):
    """Nothing that was told in part is taken for the whole."""
    numbers = many(robot, 3)
    robot.plan(Fault(kind=kind, at=1))
    assert len(source(robot, **numbers).read(Wanted(span=MAY)).timelines) == 3
    assert robot.requests == 2


def test_silence_ends_after_the_time_limit(robot):
    """A second here."""
    robot.plan(Fault(kind="silence", at=1))
    with pytest.raises(Retriable, match="ReadTimeout"):
        source(robot, attempts=1, **many(robot, 1)).read(Wanted(span=MAY))


def test_the_limit_of_a_free_plan_is_waited_out(robot):
    """10 requests a minute: the eleventh is refused, and asked again when the minute is over."""
    robot.per_minute, robot.page, robot.now_s = 10, 1, robot.now_s + 25
    before = robot.now_s
    assert len(source(robot, **many(robot, 12)).read(Wanted(span=MAY)).timelines) == 12
    assert robot.now_s - before == 35
    assert robot.requests == 13


def test_the_key_goes_in_the_form_and_is_never_shown(robot):
    """Not in what was asked, not in the source's words, not where UptimeRobot repeats it."""
    wrong = "ur777-secret"
    asked = source(robot, key=wrong, web=1)
    with pytest.raises(Misconfigured, match=r"api_key \*\*\* is wrong") as refused:
        asked.read(Wanted(span=MAY))
    assert wrong not in str(refused.value) + repr(asked)


def test_a_refusal_with_the_key_in_it_does_not_show_it(robot):
    """Whatever the status, and wherever in the words."""
    words = f"x {API_KEY} y"
    robot.plan(Fault(kind="status", status=400, words=words, at=1))
    with pytest.raises(Permanent, match=r"answered 400: x \*\*\* y"):
        source(robot, web=1).read(Wanted(span=MAY))


@pytest.mark.parametrize(("status", "kind"), [(401, Misconfigured), (302, Permanent)])
def test_refusals_are_classed_by_what_helps(robot, status, kind):
    """Neither is tried again, and a redirect is not followed with the key in hand."""
    headers = {"Location": f"{robot.url}/elsewhere"}
    robot.plan(Fault(kind="status", status=status, headers=headers, at=1))
    with pytest.raises(kind):
        source(robot, web=1).read(Wanted(span=MAY))
    assert robot.requests == 1


def test_an_unknown_type_of_log_is_refused(robot):
    """What it means is not guessed."""
    robot.monitors[1] = Monitor(logs=[Log(MAY_S, 3)])
    with pytest.raises(Permanent, match="type 3 of a log is not 1, 2, 98 or 99"):
        source(robot, web=1).read(Wanted(span=MAY))


def test_a_monitor_without_logs_is_absent(robot):
    """Nothing was seen of it; what that means, the contract says."""
    robot.monitors[1] = Monitor(status=1)
    reading = source(robot, web=1).read(Wanted(span=MAY))
    assert reading.timelines == {}
    assert [file.rows for file in reading.facts.files] == [0]
