"""UptimeRobot's alerts, as JSON and as forms."""

import pytest

from connectors.alerts import UnreadableError, read
from connectors.alerts.uptimerobot import signals
from tests.connectors.alerts.conformance import DOWN_AT, UP_AT, AlertsConformance, encoded

DOWN = {
    "monitorID": "777",
    "monitorURL": "https://api.relay.example",
    "alertType": "1",
    "alertDetails": "Connection timeout",
    "alertDateTime": str(DOWN_AT // 1000),
    "alertDuration": "",
}
UP = {
    **DOWN,
    "alertType": 2,
    "alertDateTime": UP_AT // 1000,
    "alertDuration": "420",
}


class TestUptimeRobot(AlertsConformance):
    """Numbers come as texts; the length of an outage in seconds."""

    reader = staticmethod(signals)
    down = DOWN
    up = UP

    def test_a_form_says_the_same(self):
        """As UptimeRobot sends it unless JSON was ticked."""
        body = f"monitorID=777&alertType=1&alertDateTime={DOWN_AT // 1000}".encode()
        (signal,) = read(signals, body, source="s", form=True)
        assert signal.id == read(signals, encoded(self.down), source="s")[0].id

    def test_a_certificate_that_expires_is_no_outage(self):
        """Alert type 3."""
        with pytest.raises(UnreadableError, match="'3', which is neither up nor down"):
            read(signals, encoded({**self.down, "alertType": "3"}), source="s")

    def test_how_long_it_was_down_is_told(self):
        """420 seconds are seven minutes."""
        assert read(signals, encoded(self.up), source="s")[0].duration_ms == 420_000
