"""Answers on stdout: one JSON document, or a table that a person can read."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

import simplejson
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 140
"""Columns of a table that goes to no terminal."""


def print_json(document: Mapping[str, object]) -> None:
    """Write one JSON document and a newline; decimals become plain numbers, exactly."""
    simplejson.dump(document, sys.stdout, use_decimal=True, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def seconds(milliseconds: int) -> Decimal | int:
    """Milliseconds as seconds with at most three decimals, whole ones without a point.

    >>> seconds(2047458), seconds(60000)
    (Decimal('2047.458'), 60)
    """
    whole, rest = divmod(milliseconds, 1000)
    return whole if rest == 0 else Decimal(milliseconds).scaleb(-3).normalize()


def counted(number: int, one: str, many: str = "") -> str:
    """A number with the word for what it counts.

    >>> counted(0, "finding"), counted(1, "finding"), counted(2, "entry", "entries")
    ('no findings', '1 finding', '2 entries')
    """
    return f"{number or 'no'} {one if number == 1 else many or f'{one}s'}"


def table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    numbers: Sequence[int] = (),
    whole: int | None = None,
) -> None:
    """Print a table; columns at the places in `numbers` are aligned to the right.

    The column at `whole` holds what people copy: it is folded only where half a line is too short
    for it, the others before it.
    """
    console = _console()
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for place, heading in enumerate(headings):
        side: JustifyMethod = "right" if place in numbers else "left"
        fits = place == whole and max(len(str(row[place])) for row in rows) <= console.width // 2
        shown.add_column(heading, justify=side, overflow="fold", no_wrap=fits)
    for row in rows:
        shown.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console.print(shown)


def write(text: str = "", *, bold: bool = False) -> None:
    """Print a line for a person, as it is; folding a long one is left to the terminal."""
    _console().print(Text(text, style="bold" if bold else ""), soft_wrap=True)


def _console() -> Console:
    """Stdout as a console; wide enough for a table when it is not a terminal."""
    plain = not sys.stdout.isatty()
    return Console(file=sys.stdout, width=PLAIN_WIDTH if plain else None, highlight=False)
