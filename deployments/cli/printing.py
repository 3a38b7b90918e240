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

BORDERS = 3
"""What a table needs for each of its columns beside the words: a line, and a space on each side."""


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
    width: int | None = None,
) -> None:
    """Print a table; columns at the places in `numbers` are aligned to the right.

    It is at most `width` columns wide, or as wide as the screen.

    The column at `whole` holds what people copy, so it is never folded: where the screen is too
    narrow, each row is a paragraph under it.
    """
    console = _console()
    cells = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    if whole is not None and not _fits(headings, cells, whole, console.width):
        _paragraphs(console, title, cells, whole)
        return
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for place, heading in enumerate(headings):
        side: JustifyMethod = "right" if place in numbers else "left"
        shown.add_column(heading, justify=side, overflow="fold", no_wrap=place == whole)
    for row in cells:
        shown.add_row(*row)
    console.print(shown, width=None if width is None else min(width, console.width))


def fits(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table stands on the screen with no word of it cut in two, or folded."""
    longest = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return sum(longest) + BORDERS * len(longest) + 1 <= _console().width


def _fits(headings: Sequence[str], rows: Sequence[Sequence[Text]], whole: int, width: int) -> bool:
    """Whether a column fits beside the longest words of the others."""
    longest = [
        max(
            (len(text) for cell in (heading, *column) for text in _pieces(cell, split=n != whole)),
            default=0,
        )
        for n, (heading, *column) in enumerate(zip(headings, *rows, strict=True))
    ]
    return sum(longest) + BORDERS * len(longest) + 1 <= width


def _pieces(cell: str | Text, *, split: bool) -> list[str]:
    return str(cell).split() if split else [str(cell)]


def _paragraphs(console: Console, title: str, rows: Sequence[Sequence[Text]], whole: int) -> None:
    console.print(Text(title, style="bold"))
    for row in rows:
        console.print(row[whole], soft_wrap=True)
        said = [cell for n, cell in enumerate(row) if n != whole and cell.plain]
        lines = [line for cell in said for line in cell.split()]
        console.print(Text("  ") + Text(", ").join(lines), soft_wrap=True)


def write(text: str = "", *, bold: bool = False) -> None:
    """Print a line for a person, as it is; folding a long one is left to the terminal."""
    _console().print(Text(text, style="bold" if bold else ""), soft_wrap=True)


def _console() -> Console:
    """Stdout as a console; wide enough for a table when it is not a terminal."""
    plain = not sys.stdout.isatty()
    return Console(file=sys.stdout, width=PLAIN_WIDTH if plain else None, highlight=False)
