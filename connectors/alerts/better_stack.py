"""Better Stack's outgoing webhook: one incident in each body, as its API writes incidents.

An incident that is resolved says when; until then its monitor is down since it started. One that is
not confirmed is neither up nor down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.alerts import UnreadableError, moment, section, text
from models.incidents.signal import Condition, Signal
from models.terms import JsonValue

CONFIRMED = frozenset({"started", "acknowledged", "resolved"})


def signals(document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
    """The incident of a body; see `connectors.alerts.Reader`.

    Raises:
        UnreadableError: It is none of Better Stack's, or not confirmed.
    """
    incident = section(document, "data")
    told = section(incident, "attributes")
    status = text(told, "status")
    if status.casefold() not in CONFIRMED:
        raise UnreadableError(f"has status {status[:40]!r}, which is neither up nor down")
    began = moment(told, "started_at")
    over = told.get("resolved_at") is not None
    at = moment(told, "resolved_at") if over else began
    yield Signal(
        source=source,
        monitor=_monitor(incident),
        condition=Condition.UP if over else Condition.DOWN,
        at=at,
        duration_ms=at - began if over else None,
        event=text(incident, "id"),
    )


def _monitor(incident: Mapping[str, JsonValue]) -> str:
    monitor = section(section(incident, "relationships"), "monitor")
    return text(section(monitor, "data"), "id")
