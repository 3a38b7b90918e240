"""Datadog's webhook, with the payload that the README names: one alert in each body.

Datadog's own default payload does not say whether a monitor went down or recovered, so a payload of
ours is set there. Warnings and missing values are neither up nor down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.alerts import condition, moment, text
from models.incidents.signal import Condition, Signal
from models.terms import JsonValue

MEANINGS = {
    "Triggered": Condition.DOWN,
    "Re-Triggered": Condition.DOWN,
    "Recovered": Condition.UP,
}
"""What `$ALERT_TRANSITION` says."""


def signals(document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
    """The alert of a body; see `connectors.alerts.Reader`.

    Raises:
        UnreadableError: It is none of the payload's, or no outage.
    """
    yield Signal(
        source=source,
        monitor=text(document, "monitor"),
        condition=condition(text(document, "transition"), MEANINGS, what="transition"),
        at=moment(document, "at"),
        region=text(document, "scope", missing=""),
        event=text(document, "id", missing=""),
    )
