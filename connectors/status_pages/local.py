"""A page of our own, as files in a folder: for those who have no other.

Each post lies in a file of its own, named after it, so that the same post twice is one; the page is
written anew from all of them. Any web server may show the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import groupby
from pathlib import Path

from connectors.errors import Misconfigured
from connectors.files import write_whole
from connectors.status_pages import Post
from models.effect import Abilities, Match
from models.incidents.life import ComponentState, IncidentState
from models.intervals import utc_text
from models.terms import JsonValue

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff;overflow-wrap:anywhere}"
    "article{border-left:4px solid #b45309;padding:0 1rem;"
    "margin:2rem 0}article.resolved{border-color:#15803d}h2{margin:0}"
    "time,.state{color:#4b5563;font-size:.9rem}p{white-space:pre-line;margin:.25rem 0 1rem}"
)


class LocalPage:
    """One folder."""

    abilities = Abilities(repeats_are_safe=True)
    gap_us = 0

    def __init__(self, name: str, folder: Path, *, title: str, link: str = "") -> None:
        """Take the folder, what the page is called, and where readers open it."""
        self.name = name
        self._folder, self._title, self._link = folder, title, link

    def send(self, post: Post) -> Mapping[str, JsonValue]:
        """See `StatusPage.send`."""
        try:
            (self._folder / "posts").mkdir(parents=True, exist_ok=True)
            text = json.dumps(post.intent, indent=1, sort_keys=True, ensure_ascii=False)
            write_whole(self._file(post), text.encode())
            write_whole(self._folder / "index.html", self._page().encode())
        except OSError as error:
            message = (
                f"{self.name}: {error.strerror} ({error.filename}); a folder in which files can be "
                "made was expected. Mend its rights or its place."
            )
            raise Misconfigured(message) from None
        return {"id": post.incident, "link": self._link_of(post.incident)}

    def _file(self, post: Post) -> Path:
        return self._folder / "posts" / f"{_anchor(post.incident)}-{post.number:04}.json"

    def look(self, post: Post) -> Sequence[Match]:
        """See `StatusPage.look`."""
        there = self._file(post).exists()
        facts = {"id": post.incident, "link": self._link_of(post.incident)}
        return [Match(post.incident, facts=facts)] if there else []

    def state_of(self, there: str) -> IncidentState | None:
        """See `StatusPage.state_of`."""
        said = [post for post in self._posts() if post.incident == there]
        return said[-1].state if said else None

    def _link_of(self, incident: str) -> str:
        return f"{self._link}#{_anchor(incident)}" if self._link else ""

    def _posts(self) -> list[Post]:
        files = sorted((self._folder / "posts").glob("*.json"))
        texts = (file.read_text(encoding="utf-8") for file in files)
        return [Post.from_intent(json.loads(text, parse_float=Decimal)) for text in texts]

    def _page(self) -> str:
        posts = self._posts()
        told = [list(group) for _, group in groupby(posts, key=lambda post: post.incident)]
        told.sort(key=lambda group: group[0].started_at, reverse=True)
        incidents = "\n".join(_incident(group) for group in told)
        return (
            '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self._title)}</title><style>{STYLE}</style></head>\n"
            f"<body><h1>{escape(self._title)}</h1>\n{incidents}\n</body>\n</html>\n"
        )


def _anchor(incident: str) -> str:
    digest = hashlib.sha256(incident.encode()).hexdigest()[:8]
    readable = "".join(sign if sign.isalnum() else "-" for sign in incident)
    return f"{readable}-{digest}"


def _incident(posts: Sequence[Post]) -> str:
    last = posts[-1]
    parts = [
        f"{escape(name)}: {state.value.replace('_', ' ')}"
        for name, state in sorted(last.components.items())
        if state is not ComponentState.OPERATIONAL
    ]
    updates = "\n".join(
        f'<div class="state">{post.state.value}</div><p>{escape(post.text)}</p>'
        for post in reversed(posts)
    )
    began = utc_text(last.started_at)
    return (
        f'<article class="{last.state.value}" id="{_anchor(last.incident)}">'
        f'<h2>{escape(posts[0].title)}</h2><time datetime="{began}">{began}</time>'
        f'<div class="state">{"; ".join(parts)}</div>\n{updates}</article>'
    )
