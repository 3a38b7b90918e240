"""Alertmanager's notifications: groups of alerts, repeated as long as they fire."""

from connectors.alerts import read
from connectors.alerts.alertmanager import signals
from models.intervals import utc_text
from tests.connectors.alerts.conformance import DOWN_AT, UP_AT, AlertsConformance, encoded


def alert(status="firing", *, fingerprint="c0ffee", **labels):
    """One alert of a group."""
    return {
        "status": status,
        "labels": {"alertname": "777", "region": "eu", **labels},
        "annotations": {},
        "startsAt": utc_text(DOWN_AT),
        "endsAt": utc_text(UP_AT) if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example",
        "fingerprint": fingerprint,
    }


def group(*alerts):
    """A notification."""
    return {"version": "4", "groupKey": "{}", "status": "firing", "alerts": list(alerts)}


class TestAlertmanager(AlertsConformance):
    """Start and end stand in every alert."""

    reader = staticmethod(signals)
    down = group(alert())
    up = group(alert("resolved"))

    def test_alerts_of_one_name_are_witnesses_of_their_own(self):
        """One recovers while the other one still fires."""
        body = encoded(group(alert("resolved"), alert(fingerprint="beef")))
        first, second = read(signals, body, source="s")
        assert (first.monitor, second.monitor) == ("777", "777")
        assert (first.region, second.region) == ("eu c0ffee", "eu beef")

    def test_a_label_may_name_the_monitor(self):
        """Where several rules watch one thing."""
        (signal,) = read(signals, encoded(group(alert(monitor="checkout"))), source="s")
        assert signal.monitor == "checkout"

    def test_the_same_alert_that_fires_anew_is_another_event(self):
        """It starts at another moment."""
        later = {**alert(), "startsAt": utc_text(UP_AT)}
        first, second = read(signals, encoded(group(alert(), later)), source="s")
        assert first.id != second.id
