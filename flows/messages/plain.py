"""Plain text as it stands in a mail: at most 72 columns wide, with what belongs together kept so.

Long lines are broken between words, a list's items hang under their first word. What must stay in
one piece, to be read or to be copied, comes with spaces that do not break (`whole`); they become
plain spaces in the end.
"""

from __future__ import annotations

import re
from textwrap import TextWrapper

COLUMNS = 72
"""What every mail program shows without breaking it anew, two levels of quoting included."""

NO_BREAK = "\u00a0"
LEAD = re.compile(r" *(?:[-*] |[0-9]+\. )?")
"""What the further lines of an item hang under."""


def whole(text: str) -> str:
    """The text for a place that must not be broken: a command, an amount with its currency."""
    return text.replace(" ", NO_BREAK)


def unmarked(text: str) -> str:
    """The text with plain spaces alone."""
    return text.replace(NO_BREAK, " ")


def tidy(text: str) -> str:
    """The text without blank ends, and with one empty line where there were several."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for n, line in enumerate(lines) if line or lines[n - 1]]
    return "\n".join(kept) + "\n"


def within_columns(text: str) -> str:
    """The text with its long lines broken; a word that is longer stands alone on its line.

    >>> print(within_columns("- " + "Drafts of what you owe. " * 4), end="")
    - Drafts of what you owe. Drafts of what you owe. Drafts of what you
      owe. Drafts of what you owe.
    """
    return unmarked("".join(f"{part}\n" for line in text.splitlines() for part in _broken(line)))


def _broken(line: str) -> list[str]:
    if len(line) <= COLUMNS or " " not in line.strip():
        return [line]
    lead = LEAD.match(line)
    wrapper = TextWrapper(
        width=COLUMNS,
        subsequent_indent=" " * len(lead[0] if lead else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(line)
