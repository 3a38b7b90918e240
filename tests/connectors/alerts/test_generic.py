"""Our own form."""

import pytest

from connectors.alerts import MOST_EVENTS, UnreadableError, read
from connectors.alerts.generic import signals
from models.intervals import utc_text
from tests.connectors.alerts.conformance import DOWN_AT, UP_AT, AlertsConformance, encoded

EVENT = {"monitor": "777", "condition": "down", "at": DOWN_AT, "region": "eu"}

DOWN = EVENT
UP = {
    **EVENT,
    "condition": "up",
    "at": "2026-05-10T10:07:00+02:00",
    "duration_seconds": 420,
}


class TestGeneric(AlertsConformance):
    """One event, or a list of them."""

    reader = staticmethod(signals)
    down = DOWN
    up = UP

    def test_the_ways_to_write_an_instant_are_one_instant(self):
        """Seconds, milliseconds, texts with an offset."""
        ways = [DOWN_AT, DOWN_AT // 1000, str(DOWN_AT), utc_text(DOWN_AT)]
        events = [{**EVENT, "at": way} for way in [*ways, "2026-05-10T10:00:00+02:00"]]
        told = read(signals, encoded({"events": events}), source="s")
        assert {signal.at for signal in told} == {DOWN_AT}
        assert UP_AT > DOWN_AT

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"monitr": "777"}, "'monitr', which is not one of its fields"),
            ({"at": "2026-05-10T10:00:00"}, "no usable at"),
            ({"at": True}, "no usable at"),
            ({"at": -5}, "no usable at"),
            ({"at": "9" * 30}, "is not what s sends"),
            ({"monitor": ""}, "is not what s sends"),
            ({"monitor": "a\u0000b"}, "is not what s sends"),
            ({"monitor": "\ud800"}, "is not what s sends"),
            ({"region": "x" * 201}, "is not what s sends"),
            ({"condition": "degraded"}, "'degraded', which is neither up nor down"),
            ({"duration_seconds": 0.0005}, "no usable duration_seconds"),
            ({"duration_seconds": "1e400"}, "no usable duration_seconds"),
            ({"duration_seconds": -1}, "no usable duration_seconds"),
        ],
    )
    def test_what_is_not_of_this_form_is_named(self, changed, why):
        """All of the body is kept apart with this reason."""
        with pytest.raises(UnreadableError, match=why):
            read(signals, encoded({**EVENT, **changed}), source="s")

    def test_a_body_has_at_most_a_thousand_events(self):
        """One more is refused as a whole."""
        events = [{**EVENT, "event": str(number)} for number in range(MOST_EVENTS + 1)]
        assert len(read(signals, encoded({"events": events[1:]}), source="s")) == MOST_EVENTS
        with pytest.raises(UnreadableError, match="holds more than 1000 events"):
            read(signals, encoded({"events": events}), source="s")

    def test_an_event_with_a_name_is_known_by_it(self):
        """At another moment it is still the same event; without a name it is another one."""
        named, moved = ({**EVENT, "event": "7f3a", "at": at} for at in (DOWN_AT, UP_AT))
        first, second = read(signals, encoded({"events": [named, moved]}), source="s")
        assert first.id == second.id
        events = [EVENT, {**EVENT, "at": UP_AT}]
        first, second = read(signals, encoded({"events": events}), source="s")
        assert first.id != second.id
