"""Datadog's alerts, with the payload that the README names."""

import json
import re

import pytest

from connectors.alerts import UnreadableError, read
from connectors.alerts.datadog import signals
from tests.connectors.alerts.conformance import DOWN_AT, UP_AT, AlertsConformance, encoded
from tests.house.project import ROOT

DOWN = {
    "id": "5381",
    "monitor": "777",
    "transition": "Triggered",
    "at": str(DOWN_AT),
    "scope": "region:eu",
}
UP = {**DOWN, "id": "5382", "transition": "Recovered", "at": UP_AT}


class TestDatadog(AlertsConformance):
    """Times are milliseconds; the scope is where it is."""

    reader = staticmethod(signals)
    down = DOWN
    up = UP

    @pytest.mark.parametrize("transition", ["Warn", "No Data", "Renotify", "triggered"])
    def test_what_is_neither_up_nor_down_is_said_so(self, transition):
        """Nothing is guessed."""
        with pytest.raises(UnreadableError, match="neither up nor down"):
            read(signals, encoded({**self.down, "transition": transition}), source="s")

    def test_the_payload_of_the_readme_is_what_is_read(self):
        """Its fields are these."""
        readme = (ROOT / "connectors/alerts/README.md").read_text(encoding="utf-8")
        (payload,) = re.findall(r"```json\n(\{\"id\".*)\n```", readme)
        assert json.loads(payload).keys() == self.down.keys()
