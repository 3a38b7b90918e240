"""Prometheus Alertmanager's webhook: a group of alerts in each body.

The monitor is the label `monitor` where there is one, else `alertname`. Several alerts may have one
name; each is a witness of its own, told apart by its fingerprint. A notification is repeated for as
long as an alert fires, and names the same start each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.alerts import UnreadableError, condition, moment, section, text
from models.incidents.signal import Condition, Signal
from models.terms import JsonValue

VERSION = "4"
MEANINGS = {"firing": Condition.DOWN, "resolved": Condition.UP}


def signals(document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
    """The alerts of a body; see `connectors.alerts.Reader`.

    Raises:
        UnreadableError: It is none of Alertmanager's.
    """
    if text(document, "version") != VERSION:
        raise UnreadableError(f"is of version {text(document, 'version')[:10]}, not {VERSION}")
    alerts = document.get("alerts")
    if not isinstance(alerts, list) or not all(isinstance(alert, dict) for alert in alerts):
        raise UnreadableError("has no alerts")
    for alert in alerts:
        yield _signal(alert, source)


def _signal(alert: Mapping[str, JsonValue], source: str) -> Signal:
    labels = section(alert, "labels")
    fingerprint = text(alert, "fingerprint")
    said = condition(text(alert, "status"), MEANINGS, what="status")
    began = moment(alert, "startsAt")
    at = began if said is Condition.DOWN else moment(alert, "endsAt")
    return Signal(
        source=source,
        monitor=text(labels, "monitor", missing=text(labels, "alertname", missing="")),
        condition=said,
        at=at,
        region=f"{text(labels, 'region', missing='')} {fingerprint}".strip(),
        duration_ms=at - began if said is Condition.UP else None,
        event=f"{fingerprint} {began}",
    )
