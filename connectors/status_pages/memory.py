"""A page that ends with its program: the twin that every other page is held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.status_pages import Post
from models.effect import Abilities, Match
from models.incidents.life import IncidentState
from models.terms import JsonValue


class MemoryPage:
    """A page as a list of posts."""

    abilities = Abilities(repeats_are_safe=True)
    gap_us = 0

    def __init__(self, name: str = "memory") -> None:
        """Make an empty one."""
        self.name = name
        self.posts: dict[tuple[str, int], Post] = {}

    def send(self, post: Post) -> Mapping[str, JsonValue]:
        """See `StatusPage.send`; the same post twice is one."""
        self.posts[post.incident, post.number] = post
        return {"id": post.incident, "link": ""}

    def look(self, post: Post) -> Sequence[Match]:
        """See `StatusPage.look`."""
        there = (post.incident, post.number) in self.posts
        facts = {"id": post.incident, "link": ""}
        return [Match(post.incident, facts=facts)] if there else []

    def state_of(self, there: str) -> IncidentState | None:
        """See `StatusPage.state_of`."""
        said = [post for (incident, _), post in self.posts.items() if incident == there]
        return said[-1].state if said else None
