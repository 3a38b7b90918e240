"""Texts as cells of a file that people open in a spreadsheet; none of them runs as a formula."""

from __future__ import annotations

import re

STARTS_FORMULA = r"(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
"""The signs that start a formula, their full-width forms included."""
LIVE = re.compile(r"(^|;)('*)" + STARTS_FORMULA)
"""Where a spreadsheet would run a text; after a semicolon too, because Excel splits there in
countries that write a decimal comma."""
GUARDED = re.compile(r"(^|;)'('*)" + STARTS_FORMULA)


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs: an apostrophe goes before what would be live.

    >>> guarded("=1+1"), guarded("-"), guarded("1-2"), guarded("'tis")
    ("'=1+1", "'-", '1-2', "'tis")
    """
    return LIVE.sub(r"\1'\2", text)


def unguarded(cell: str) -> str:
    """The text that `guarded` was given."""
    return GUARDED.sub(r"\1\2", cell)
