"""Our own form, for whoever can write JSON: one event, or several under `events`.

Every field is known by name, so that a misspelt one is noticed instead of ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.alerts import UnreadableError, condition, length_ms, moment, text
from models.incidents.signal import Condition, Signal
from models.terms import JsonValue

MEANINGS = {word.value: word for word in Condition}
FIELDS = frozenset({"event", "monitor", "condition", "at", "region", "duration_seconds"})


def signals(document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
    """The events of a body; see `connectors.alerts.Reader`.

    Raises:
        UnreadableError: One of them is not of this form.
    """
    events = document.get("events", [document])
    if not isinstance(events, list) or ("events" in document and len(document) > 1):
        raise UnreadableError("has events beside other things, or no list of them")
    for event in events:
        yield _signal(event, source)


def _signal(event: JsonValue, source: str) -> Signal:
    if not isinstance(event, dict):
        raise UnreadableError("has an event that is no object")
    unknown = sorted(event.keys() - FIELDS)
    if unknown:
        raise UnreadableError(f"has {unknown[0][:40]!r}, which is not one of its fields")
    return Signal(
        source=source,
        monitor=text(event, "monitor"),
        condition=condition(text(event, "condition"), MEANINGS, what="condition"),
        at=moment(event, "at"),
        region=text(event, "region", missing=""),
        duration_ms=length_ms(event, "duration_seconds"),
        event=text(event, "event", missing=""),
    )
