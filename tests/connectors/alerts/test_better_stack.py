"""Better Stack's incidents."""

import pytest

from connectors.alerts import UnreadableError, read
from connectors.alerts.better_stack import signals
from models.intervals import utc_text
from tests.connectors.alerts.conformance import DOWN_AT, UP_AT, AlertsConformance, encoded


def incident(status="Started", resolved_at=None):
    """An incident as its API writes it."""
    return {
        "data": {
            "id": "25",
            "type": "incident",
            "attributes": {
                "name": "api.relay.example",
                "cause": "Status 503",
                "status": status,
                "started_at": utc_text(DOWN_AT),
                "resolved_at": resolved_at,
                "regions": ["us", "eu"],
            },
            "relationships": {"monitor": {"data": {"id": "777", "type": "monitor"}}},
        }
    }


class TestBetterStack(AlertsConformance):
    """Its own id names the incident, through all that is told of it."""

    reader = staticmethod(signals)
    down = incident()
    up = incident("Resolved", utc_text(UP_AT))

    def test_an_acknowledgement_tells_nothing_new(self):
        """The monitor is still down since it started."""
        (first,) = read(signals, encoded(incident()), source="s")
        (second,) = read(signals, encoded(incident("Acknowledged")), source="s")
        assert first.id == second.id

    def test_what_is_not_confirmed_is_neither_up_nor_down(self):
        """Better Stack is still looking."""
        with pytest.raises(UnreadableError, match="neither up nor down"):
            read(signals, encoded(incident("Unconfirmed")), source="s")
