"""Words of the far side, as an event may hold them."""

from __future__ import annotations

LONGEST_NAME = 200


def one_line(text: str) -> str:
    """One line of text that a person reads, not too long; what cannot be printed is left out."""
    shown = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"
