"""Rich text: read from a request, kept as runs, written as Notion writes it.

A run is `(content, link, marks)`: the text, an address or None, and the annotations that differ
from the plain ones as sorted pairs. Neighbours alike become one run, and empty ones vanish: what
comes back may be cut otherwise than it was sent, so that nobody relies on where.
"""

from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tests.standins.notion.refusals import invalid, unsupported, wrong_body

Run: TypeAlias = tuple[str, str | None, tuple[tuple[str, Any], ...]]
Runs: TypeAlias = tuple[Run, ...]

LONGEST_TEXT = 2000
LONGEST_URL = 2000
LONGEST_ARRAY = 100
PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


def length(text: str) -> int:
    """How long a text is for Notion, which counts UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def read(value: list[dict[str, Any]], place: str) -> Runs:
    """The runs of a request's rich text, which the types have let pass.

    Raises:
        Refusal: It is too long, or holds a link that is none.
    """
    if len(value) > LONGEST_ARRAY:
        raise wrong_body(f"{place}.length", f"≤ `{LONGEST_ARRAY}`", len(value))
    return joined(tuple(_run(item, f"{place}[{i}]") for i, item in enumerate(value)))


def joined(runs: Runs) -> Runs:
    """Neighbours alike as one, up to the longest text; empty ones left out."""
    kept: list[Run] = []
    for run in runs:
        if not run[0]:
            continue
        if kept and kept[-1][1:] == run[1:] and length(kept[-1][0] + run[0]) <= LONGEST_TEXT:
            kept[-1] = (kept[-1][0] + run[0], *run[1:])
        else:
            kept.append(run)
    return tuple(kept)


def _run(item: dict[str, Any], place: str) -> Run:
    text = item.get("text")
    if text is None:
        raise unsupported(f"rich text other than `text` ({place})")
    require_length(text["content"], LONGEST_TEXT, f"{place}.text.content")
    link = text.get("link")
    marks = tuple(sorted((k, v) for k, v in item.get("annotations", {}).items() if v != PLAIN[k]))
    return text["content"], None if link is None else _link(link["url"], place), marks


def _link(url: str, place: str) -> str:
    require_length(url, LONGEST_URL, f"{place}.text.link.url")
    if not is_url(url):
        raise invalid("Invalid URL for link.")
    return url


def is_url(text: str) -> bool:
    """Whether it is an address that can be opened."""
    if any(c.isspace() for c in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in {"http", "https"} else parts.scheme == "mailto"


def require_length(text: str, most: int, place: str) -> None:
    """Let a text pass that is not too long.

    Raises:
        Refusal: It is longer.
    """
    if length(text) > most:
        raise invalid(
            f"body failed validation: {place}.length should be ≤ `{most}`, "
            f"instead was `{length(text)}`."
        )


def answer(runs: Runs) -> list[dict[str, Any]]:
    """The runs as Notion writes them."""
    return [
        {
            "type": "text",
            "text": {"content": content, "link": None if link is None else {"url": link}},
            "annotations": PLAIN | dict(marks),
            "plain_text": content,
            "href": link,
        }
        for content, link, marks in runs
    ]


def plain(runs: Runs) -> str:
    """The text alone."""
    return "".join(run[0] for run in runs)


def typed(text: str) -> Runs:
    """What a person typed, in runs that are short enough."""
    pieces = [text[i : i + LONGEST_TEXT // 2] for i in range(0, len(text), LONGEST_TEXT // 2)]
    return joined(tuple((piece, None, ()) for piece in pieces))
