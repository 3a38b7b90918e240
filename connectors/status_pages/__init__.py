"""Status pages: where readers are told of an incident, whoever runs the page.

Nothing is a draft there: what is sent is public at once, so it is sent only once it was approved.
Whether, when and what is decided in `models.incidents` and `flows`; a page translates and asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from models.effect import Abilities, Match
from models.incidents.life import ComponentState, IncidentState, Level
from models.intervals import instant, utc_text
from models.terms import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One thing that is to be on a page: an incident with its first update, or one update more.

    Attributes:
        incident: Our id of the incident; the page keeps it where it can.
        number: Which update it is; 1 makes the incident.
        there: The page's own id of the incident; "" for the first update.
        title: The incident's name.
        text: The update's text.
        state: What the page is to show.
        level: How bad it is.
        components: The state of each component, by its id at the page, or its name on ours.
        notify: Whether subscribers are told.
        started_at: When the outage began.
    """

    incident: str
    number: int
    there: str
    title: str
    text: str
    state: IncidentState
    level: Level
    components: Mapping[str, ComponentState]
    notify: bool
    started_at: int

    def __post_init__(self) -> None:
        """Refuse to exist where it is not known which incident is meant."""
        if (self.number == 1) == bool(self.there) or self.number < 1:
            message = f"{self.incident}: the first post makes an incident, later ones name it"
            raise ValueError(message)

    @property
    def intent(self) -> dict[str, JsonValue]:
        """Its exact words as the store keeps them before it is sent."""
        return {
            "incident": self.incident,
            "number": self.number,
            "there": self.there,
            "title": self.title,
            "text": self.text,
            "state": self.state.value,
            "level": self.level.value,
            "components": {name: state.value for name, state in self.components.items()},
            "notify": self.notify,
            "started_at": utc_text(self.started_at),
        }

    @classmethod
    def from_intent(cls, intent: Mapping[str, JsonValue]) -> Self:
        """The post whose words were kept."""
        components = {name: ComponentState(state) for name, state in intent["components"].items()}
        return cls(
            **{name: intent[name] for name in ("incident", "number", "there", "title", "text")},
            state=IncidentState(intent["state"]),
            level=Level(intent["level"]),
            components=components,
            notify=intent["notify"],
            started_at=instant(datetime.fromisoformat(intent["started_at"])),
        )


class StatusPage(Protocol):
    """What every page promises; `tests/connectors/status_pages/conformance.py` holds it to that."""

    @property
    def name(self) -> str:
        """For effects and messages: the workspace's id of the page."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What it offers against doubt about a post."""
        ...

    @property
    def gap_us(self) -> int:
        """Microseconds between two requests of one key; 0 where nothing is published."""
        ...

    def send(self, post: Post) -> Mapping[str, JsonValue]:
        """Post it: one request, never repeated here; `id` and `link` of the incident there.

        Raises:
            Permanent: The page does not take this post; nothing was made.
            Misconfigured: Key, page or component is wrong; nothing was made.
            Retriable: Nothing was made, and it may work later (a rate limit).
            OutcomeUnknown: It may have been made.
        """
        ...

    def look(self, post: Post) -> Sequence[Match]:
        """Everything there that may be this post; only where it can be asked. Read-only.

        Raises:
            ConnectorError: It could not be asked.
        """
        ...

    def state_of(self, there: str) -> IncidentState | None:
        """What an incident shows there by now; None when it is gone, or cannot be asked.

        Raises:
            ConnectorError: It could not be asked.
        """
        ...
