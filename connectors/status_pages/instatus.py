"""Instatus, over its API of version 1.

It knows no idempotency key and keeps nothing of ours, so an attempt without an answer goes to a
person. What is left out is published, so everything is said: that it is, and who is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.errors import Permanent
from connectors.status_pages import Post
from connectors.status_pages._requests import Line
from models.effect import Abilities, Match
from models.incidents.life import PUBLIC, ComponentState, IncidentState
from models.intervals import utc_text
from models.terms import JsonValue

ADDRESS = "https://api.instatus.com/v1"

STATES = {state.value.upper(): state for state in PUBLIC}
COMPONENTS = {
    ComponentState.OPERATIONAL: "OPERATIONAL",
    ComponentState.UNDER_MAINTENANCE: "UNDERMAINTENANCE",
    ComponentState.DEGRADED: "DEGRADEDPERFORMANCE",
    ComponentState.PARTIAL_OUTAGE: "PARTIALOUTAGE",
    ComponentState.MAJOR_OUTAGE: "MAJOROUTAGE",
}


class Instatus:
    """One page."""

    abilities = Abilities(why_not_asked="Instatus keeps nothing by which a post is known again")
    gap_us = 0

    def __init__(self, name: str, *, page: str, key: str, address: str = ADDRESS) -> None:
        """Take the page's id and the key; nothing is asked yet."""
        self.name = name
        self._place = f"/{page}/incidents"
        self._line = Line(name, address, {"Authorization": f"Bearer {key}"}, key)

    def send(self, post: Post) -> Mapping[str, JsonValue]:
        """See `StatusPage.send`."""
        parts = sorted(post.components)
        said: dict[str, JsonValue] = {
            "message": post.text,
            "components": parts,
            "started": utc_text(post.started_at),
            "status": post.state.value.upper(),
            "notify": post.notify,
            "statuses": [
                {"id": name, "status": COMPONENTS[post.components[name]]} for name in parts
            ],
        }
        if post.there:
            self._line.write("POST", f"{self._place}/{post.there}/incident-updates", said)
            return {"id": post.there, "link": ""}
        said |= {"name": post.title, "shouldPublish": True}
        made = self._line.write("POST", self._place, said)
        return {"id": str(made["id"]), "link": ""}

    def look(self, post: Post) -> Sequence[Match]:
        """See `StatusPage.look`; the engine does not ask who cannot be asked."""
        message = f"{self.name}: cannot be asked about {post.incident}"
        raise Permanent(message)

    def state_of(self, there: str) -> IncidentState | None:
        """See `StatusPage.state_of`."""
        incident = self._line.read(f"{self._place}/{there}")
        return None if incident is None else STATES.get(str(incident.get("status")))
