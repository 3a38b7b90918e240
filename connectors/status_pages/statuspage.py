"""Atlassian Statuspage, over its API of version 1.

It knows no idempotency key and no draft. Our id stands in an incident's metadata, so that a look
finds what an attempt may have made; an update is found by its text and state. Subscribers are told
only when that was asked for: left out, Statuspage would tell them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.status_pages import Post
from connectors.status_pages._requests import Line
from models.effect import Abilities, Match
from models.incidents.life import PUBLIC, IncidentState
from models.terms import JsonValue

ADDRESS = "https://api.statuspage.io/v1"
GAP_US = 1_030_000
"""One request a second for each key, with a margin."""

SETTLES_MS = 60_000
"""How long a request that was cut off may still be carried out."""

PAGE = 100
MOST_PAGES = 5
"""Latest incidents among which one of ours is looked for: five hundred."""

STATES = {state.value: state for state in PUBLIC} | {"postmortem": IncidentState.RESOLVED}


class Statuspage:
    """One page."""

    abilities = Abilities(can_be_asked=True, forgets_keys_after_ms=0, settles_within_ms=SETTLES_MS)
    gap_us = GAP_US

    def __init__(self, name: str, *, page: str, key: str, address: str = ADDRESS) -> None:
        """Take the page's id and the key; nothing is asked yet."""
        self.name = name
        self._page = page
        self._line = Line(name, address, {"Authorization": f"OAuth {key}"}, key)

    def send(self, post: Post) -> Mapping[str, JsonValue]:
        """See `StatusPage.send`."""
        said: dict[str, JsonValue] = {
            "name": post.title,
            "status": post.state.value,
            "impact_override": post.level.value,
            "body": post.text,
            "components": {name: state.value for name, state in post.components.items()},
            "deliver_notifications": post.notify,
        }
        place = f"/pages/{self._page}/incidents"
        if post.there:
            made = self._line.write("PATCH", f"{place}/{post.there}", {"incident": said})
        else:
            said["metadata"] = {"makegood": {"key": post.incident}}
            said["component_ids"] = sorted(post.components)
            made = self._line.write("POST", place, {"incident": said})
        return {"id": str(made["id"]), "link": str(made.get("shortlink") or "")}

    def look(self, post: Post) -> Sequence[Match]:
        """See `StatusPage.look`."""
        return [*(self._updates(post) if post.there else self._incidents(post))]

    def _incidents(self, post: Post) -> Iterator[Match]:
        for number in range(1, MOST_PAGES + 1):
            asked = {"limit": str(PAGE), "page": str(number)}
            found = self._line.read(f"/pages/{self._page}/incidents", asked) or []
            for incident in found:
                ours = ((incident.get("metadata") or {}).get("makegood") or {}).get("key")
                if ours == post.incident:
                    yield _match(incident, _differences(incident, post))
            if len(found) < PAGE:
                return

    def _updates(self, post: Post) -> Iterator[Match]:
        incident = self._line.read(f"/pages/{self._page}/incidents/{post.there}")
        for update in (incident or {}).get("incident_updates") or []:
            if _says(update, post):
                yield _match(incident, ())

    def state_of(self, there: str) -> IncidentState | None:
        """See `StatusPage.state_of`."""
        incident = self._line.read(f"/pages/{self._page}/incidents/{there}")
        return None if incident is None else STATES.get(incident.get("status"))


def _says(update: JsonValue, post: Post) -> bool:
    same_text = str(update.get("body") or "").split() == post.text.split()
    return same_text and update.get("status") == post.state.value


def _differences(incident: JsonValue, post: Post) -> tuple[str, ...]:
    """What is not as it was asked for; what was said or changed there since is no difference."""
    said = incident.get("incident_updates") or []
    if any(_says(update, post) for update in said):
        return ()
    return ("does not say what was to be said first",)


def _match(incident: JsonValue, differs: tuple[str, ...]) -> Match:
    facts = {"id": str(incident["id"]), "link": str(incident.get("shortlink") or "")}
    return Match(str(incident["id"]), differs=differs, facts=facts)
