"""UptimeRobot's webhook: one alert in each body, as JSON or as a form.

Alert type 1 is down, 2 is up; others, such as an expiring certificate, are neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.alerts import condition, length_ms, moment, text
from models.incidents.signal import Condition, Signal
from models.terms import JsonValue

MEANINGS = {"1": Condition.DOWN, "2": Condition.UP}


def signals(document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
    """The alert of a body; see `connectors.alerts.Reader`.

    Raises:
        UnreadableError: It is none of UptimeRobot's, or no outage.
    """
    said = condition(text(document, "alertType"), MEANINGS, what="alertType")
    yield Signal(
        source=source,
        monitor=text(document, "monitorID"),
        condition=said,
        at=moment(document, "alertDateTime"),
        duration_ms=length_ms(document, "alertDuration") if said is Condition.UP else None,
    )
