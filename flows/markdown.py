"""Markdown as Prefect's pages show it: tables whose cells hold whatever people named things.

Nothing that is shown may be taken for markup, and nothing may break out of its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

MARKUP = re.compile(r"([\\`*_\[\]|])")
"""What would be taken for emphasis, code, a link or the end of a cell."""


def plain(text: str) -> str:
    r"""Words that stay words, in one line.

    >>> plain("<b>a|b</b> of *all*")
    '&lt;b>a\\|b&lt;/b> of \\*all\\*'
    """
    said = MARKUP.sub(r"\\\1", " ".join(text.split()))
    return said.replace("&", "&amp;").replace("<", "&lt;")


def link(words: str, address: str) -> str:
    """Words that lead somewhere; the words alone where there is nowhere to go.

    >>> link("Notion", "https://www.notion.so/1")
    '[Notion](https://www.notion.so/1)'
    """
    safe = address.replace(" ", "%20").replace("(", "%28").replace(")", "%29").replace("|", "%7C")
    return f"[{plain(words)}]({safe})" if address else plain(words)


def lines(*texts: str, width: int) -> str:
    """Words below each other within a cell: Prefect's tables break no line by themselves.

    >>> lines("a credit note of 200.00 EUR", "first decision", width=16)
    'a credit note of<br>200.00 EUR<br>first decision'

    Args:
        texts: Words that stay words.
        width: Characters after which a line is broken.
    """
    broken = [line for text in texts for line in wrap(" ".join(text.split()), width)]
    return "<br>".join(plain(line) for line in broken)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()
) -> str:
    """A table; its cells are Markdown already.

    Args:
        headings: One for each column.
        rows: The cells, row by row.
        numbers: Places of columns that are set to the right.
    """
    rule = ["---:" if place in numbers else "---" for place in range(len(headings))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (headings, rule, *rows))
