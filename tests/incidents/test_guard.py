"""The guard, clause by clause: two of three for five minutes, silent before eight, one incident."""

from models.incidents.guard import (
    Guard,
    GuardRule,
    Standing,
    Verdict,
    Watched,
    hear,
    next_due,
    stands,
    until,
)
from models.incidents.signal import Condition, Heard, Signal
from models.intervals import MINUTE_MS, IntervalSet
from models.signals import SignalKind

KINDS = {
    ("robot", "api-eu"): SignalKind.EXTERNAL,
    ("robot", "api-us"): SignalKind.EXTERNAL,
    ("alerts", "errors"): SignalKind.FIRST_PARTY,
    ("login", "journey"): SignalKind.SYNTHETIC,
}
RULE = GuardRule()


def minutes(number):
    """Minutes after the start of the story, which begins an hour after 1970 did."""
    return 60 * MINUTE_MS + number * MINUTE_MS


class Service:
    """A service under guard; times are minutes."""

    def __init__(self, *maintenance):
        spans = [(minutes(start), minutes(end)) for start, end in maintenance]
        self.watched = Watched(RULE, KINDS, IntervalSet.of(spans))
        self.guard, self.number, self.decided = Guard(), 0, []

    def hears(self, at, place, condition, *, heard=None):
        """A witness speaks, and is heard at once unless it says when."""
        source, _, monitor = place.partition("/")
        self.number += 1
        signal = Signal(source=source, monitor=monitor, condition=condition, at=minutes(at))
        told = Heard(self.number, signal, minutes(at if heard is None else heard))
        self.guard, decisions = hear(self.guard, told, self.watched)
        self.decided += decisions
        return self

    def down(self, at, *places, heard=None):
        """Witnesses say down."""
        for place in places:
            self.hears(at, place, Condition.DOWN, heard=heard)
        return self

    def up(self, at, *places, heard=None):
        """Witnesses say up."""
        for place in places:
            self.hears(at, place, Condition.UP, heard=heard)
        return self

    def at(self, number):
        """Everything decided by that minute: verdict and minute."""
        self.guard, decisions = until(self.guard, minutes(number), self.watched)
        self.decided += decisions
        return [(d.verdict.value, (d.at - minutes(0)) // MINUTE_MS) for d in self.decided]


def test_one_kind_of_signal_never_opens_a_draft():
    """However many monitors of it there are, and however long they are down."""
    assert Service().down(0, "robot/api-eu", "robot/api-us").at(999) == []


def test_two_kinds_for_five_minutes_open_a_draft():
    """Down at 0 and at 1: they agree from 1 on, so the draft is opened at 6."""
    service = Service().down(0, "robot/api-eu").down(1, "alerts/errors")
    assert service.at(5) == []
    assert service.at(6) == [("opened", 6)]
    assert service.guard.latest is not None
    assert service.guard.latest.started_at == minutes(1)


def test_exactly_five_minutes_are_long_enough():
    """They agree from 0 to 5."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(5, "alerts/errors")
    assert service.at(6) == [("opened", 5)]


def test_less_than_five_minutes_are_noted_and_nothing_more():
    """They agree from 0 to 4; two minutes later that is no flap any more."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(4, "alerts/errors")
    assert service.at(60) == [("passed", 6)]


def test_a_recovery_before_eight_minutes_ends_the_draft_silently():
    """Opened at 5, up from 7 on: seven minutes after the start are less than eight."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(7, "robot/api-eu")
    assert service.at(60) == [("opened", 5), ("snoozed", 9)]


def test_a_recovery_at_eight_minutes_leaves_the_draft_to_people():
    """Eight are not less than eight."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(8, "robot/api-eu")
    assert service.at(60) == [("opened", 5), ("recovered", 10)]


def test_what_was_approved_is_never_ended_silently():
    """People have been told: only people tell them that it is over."""
    service = Service().down(0, "robot/api-eu", "alerts/errors")
    service.at(6)
    service.guard = stands(service.guard, Standing.PUBLIC, started_at=minutes(0))
    assert service.up(7, "robot/api-eu").at(60) == [("opened", 5), ("recovered", 9)]


def test_a_recovery_shorter_than_two_minutes_is_none():
    """Flapping from 3 to 4: they agree from 0 on, so the draft is opened at 5."""
    service = Service().down(0, "robot/api-eu", "alerts/errors")
    service.up(3, "alerts/errors").down(4, "alerts/errors")
    assert service.at(6) == [("opened", 5)]


def test_another_monitor_of_the_same_service_is_the_same_incident():
    """Regions and monitors join; one comes back, another one is still down."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").down(6, "robot/api-us")
    service.up(7, "robot/api-eu").down(8, "login/journey").up(20, "robot/api-us", "alerts/errors")
    assert service.at(60) == [("opened", 5), ("recovered", 22)]


def test_an_outage_soon_after_a_silent_one_is_the_same_incident():
    """Silent at 7, down again at 20: the draft of minute 0 is opened again."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(7, "robot/api-eu")
    assert service.down(20, "robot/api-eu").at(26)[2:] == [("reopened", 25)]
    assert service.guard.latest is not None
    assert service.guard.latest.started_at == minutes(0)


def test_an_outage_long_after_a_silent_one_is_another_incident():
    """Silent at 7, down again at 38: more than half an hour later."""
    service = Service().down(0, "robot/api-eu", "alerts/errors").up(7, "robot/api-eu")
    assert service.down(38, "robot/api-eu").at(50)[2:] == [("opened", 43)]


def test_what_was_rejected_is_not_asked_about_again_while_it_flaps():
    """A person has said that this is nothing."""
    service = Service().down(0, "robot/api-eu", "alerts/errors")
    service.at(6)
    service.guard = stands(service.guard, Standing.REJECTED, started_at=minutes(0))
    service.up(10, "robot/api-eu").down(20, "robot/api-eu")
    assert service.at(30) == [("opened", 5), ("recovered", 12), ("joined", 25)]


def test_maintenance_holds_a_draft_back():
    """Down at 0 in maintenance until 10: the outage that goes on counts from 10."""
    service = Service((-5, 10)).down(0, "robot/api-eu", "alerts/errors")
    assert service.at(60) == [("suppressed", 5), ("opened", 15)]
    assert service.guard.latest is not None
    assert service.guard.latest.started_at == minutes(10)


def test_what_ends_within_maintenance_is_no_draft():
    """It was announced."""
    service = Service((-5, 10)).down(0, "robot/api-eu", "alerts/errors").up(9, "robot/api-eu")
    assert service.at(60) == [("suppressed", 5), ("passed", 11)]


def test_a_late_word_counts_from_when_it_was_true():
    """Heard at 7, down since 1: they have agreed for six minutes already."""
    service = Service().down(0, "robot/api-eu").down(1, "alerts/errors", heard=7)
    assert service.at(7) == [("opened", 6)]


def test_a_word_older_than_the_last_one_of_its_witness_changes_nothing():
    """An alert that was held up says down at 3; its witness has said up at 4 since."""
    service = Service().down(0, "robot/api-eu").up(4, "alerts/errors")
    service.down(3, "alerts/errors", heard=5)
    assert service.at(60) == [("stale", 5)]


def test_a_monitor_that_is_not_the_services_is_not_heard():
    """Somebody else's."""
    assert Service().down(0, "robot/api-eu", "alerts/other").at(60) == []


def test_a_sweep_knows_when_to_come_back():
    """The draft falls due at 5; once it is open nothing does."""
    service = Service().down(0, "robot/api-eu", "alerts/errors")
    assert next_due(service.guard, service.watched) == minutes(5)
    service.at(5)
    assert next_due(service.guard, service.watched) is None


def test_a_decision_names_everything_it_rests_on():
    """Who said down, since when, by which event."""
    service = Service().down(0, "robot/api-eu").down(1, "alerts/errors")
    service.at(6)
    assert service.decided[0].verdict is Verdict.OPENED
    assert service.decided[0].record["down"] == [
        {
            "kind": "first_party",
            "source": "alerts",
            "monitor": "errors",
            "region": "",
            "since": "1970-01-01T01:01:00Z",
            "event": 2,
        },
        {
            "kind": "external",
            "source": "robot",
            "monitor": "api-eu",
            "region": "",
            "since": "1970-01-01T01:00:00Z",
            "event": 1,
        },
    ]
