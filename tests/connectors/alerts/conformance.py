"""What every reader of alerts promises; each sender's test inherits it and says how it writes."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.alerts import UnreadableError, read
from models.incidents.signal import Condition, Signal
from models.intervals import MINUTE_MS

DOWN_AT = 1_778_400_000_000
UP_AT = DOWN_AT + 7 * MINUTE_MS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def encoded(document):
    """A body."""
    return json.dumps(document).encode()


def paths(document, above=()):
    """Where every value of a document stands."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*above, key))


def with_value(document, path, value):
    """The document with another value there."""
    changed = copy.deepcopy(document)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


class AlertsConformance:
    """Give `reader`, and `down` and `up`: what is sent when 777 goes down and comes up at 7."""

    reader: Any
    down: Any
    up: Any

    def test_down_and_up_are_told_with_their_instants(self):
        """The monitor, the state, and since when."""
        (down,) = read(self.reader, encoded(self.down), source="s")
        (up,) = read(self.reader, encoded(self.up), source="s")
        assert (down.source, down.monitor, down.region) == (up.source, up.monitor, up.region)
        assert (down.source, down.monitor) == ("s", "777")
        assert (down.condition, down.at) == (Condition.DOWN, DOWN_AT)
        assert (up.condition, up.at) == (Condition.UP, UP_AT)
        assert up.duration_ms in {None, 7 * MINUTE_MS}

    def test_a_second_delivery_is_the_same_event(self):
        """And down is another one than up."""
        first, again = (read(self.reader, encoded(self.down), source="s")[0] for _ in range(2))
        (up,) = read(self.reader, encoded(self.up), source="s")
        assert first.id == again.id != up.id

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b'"x"',
            b"\xff\xfe",
            b"{" * 100_000,
            b'{"a": NaN}',
            b'{"a": 1' + b"0" * 5000 + b"}",
        ],
    )
    def test_what_is_no_body_of_its_is_unreadable(self, body):
        """With a reason, never with another error."""
        with pytest.raises(UnreadableError, match=r"^(is|has|holds) "):
            read(self.reader, body, source="s")

    @settings(max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(chosen=st.randoms(use_true_random=False), value=JSON)
    def test_any_other_value_anywhere_is_read_or_refused(self, chosen, value):
        """Whatever is changed: an event that can be stored, or a reason."""
        path = chosen.choice(list(paths(self.down)))
        try:
            signals = read(self.reader, encoded(with_value(self.down, path, value)), source="s")
        except UnreadableError:
            return
        assert all(isinstance(signal, Signal) for signal in signals)
        assert all((s.monitor + s.region + s.event).encode() for s in signals)
