"""Charts as SVG: bars in groups, drawn with whole numbers and no library.

A chart is a text that any browser shows and any diff tool compares. Nothing is computed here but
places on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000")
"""Told apart by people who see colours otherwise.

Source: Okabe and Ito, "Color Universal Design", 2008; its yellow is too pale for bars.
"""

SVG = "http://www.w3.org/2000/svg"
LETTERS = 'font-family="sans-serif" font-size="12"'
WIDTH, PANEL = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 120, 24, 76, 48
TICKS = 5
LETTER = 7
"""How wide a letter is at most, in pixels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        height: In whole units of the panel's axis; None where there is no answer.
        says: What is shown when somebody points at it.
        partly: Whether something is missing from it, which a question mark above it says.
    """

    height: int | None
    says: str
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Groups of bars over one axis.

    Attributes:
        title: What they are about.
        series: What the bars of each group are, in their order.
        groups: A name, and one bar for each series.
        decimals: How many digits of a unit stand behind the point on the axis.
    """

    title: str
    series: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Bar, ...]], ...]
    decimals: int


def drawn(title: str, panels: Sequence[Panel]) -> str:
    """The panels below each other as one SVG document."""
    height = PANEL * len(panels)
    lines = [
        f'<svg xmlns="{SVG}" viewBox="0 0 {WIDTH} {height}" role="img" {LETTERS}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        lines += [f'<g transform="translate(0 {number * PANEL})">', *_panel(panel), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(panel: Panel) -> Iterator[str]:
    yield _text(LEFT, 24, panel.title, ' font-size="15" font-weight="bold"')
    yield from _legend(panel.series)
    step = _step(max((b.height or 0 for _, bars in panel.groups for b in bars), default=0))
    yield from _axis(panel, step)
    room = (WIDTH - LEFT - RIGHT) // max(len(panel.groups), 1)
    for number, (name, bars) in enumerate(panel.groups):
        start = LEFT + number * room
        middle = start + room // 2
        yield _text(middle, PANEL - BOTTOM + 20, name, ' text-anchor="middle"')
        yield from _bars(bars, start + room // 10, room * 8 // 10, step * TICKS)


def _legend(series: Sequence[str]) -> Iterator[str]:
    place = LEFT
    for number, name in enumerate(series):
        yield f'<rect x="{place}" y="40" width="12" height="12" fill="{_colour(number)}"/>'
        yield _text(place + 18, 50, name)
        place += 40 + LETTER * len(name)


def _step(most: int) -> int:
    """The distance of the axis's lines: 1, 2 or 5 with zeros behind it, so that few are enough."""
    sizes = (digit * int(10**zeros) for zeros in range(len(str(most)) + 1) for digit in (1, 2, 5))
    return next(size for size in sizes if size * TICKS >= most)


def _axis(panel: Panel, step: int) -> Iterator[str]:
    for tick in range(TICKS + 1):
        y = _y(tick * step, step * TICKS)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#cccccc"/>'
        yield _text(LEFT - 8, y + 4, _number(tick * step, panel.decimals), ' text-anchor="end"')


def _bars(bars: Sequence[Bar], start: int, room: int, most: int) -> Iterator[str]:
    wide = max(room // max(len(bars), 1), 1)
    for number, bar in enumerate(bars):
        x, colour = start + number * wide, _colour(number)
        width = max(wide - 2, 1)
        yield f"<g><title>{escape(bar.says)}</title>"
        if bar.height is None:
            y = PANEL - BOTTOM - 24
            yield (
                f'<rect x="{x}" y="{y}" width="{width}" height="24" fill="none" '
                f'stroke="{colour}" stroke-dasharray="3 3"/>'
            )
            yield _text(x + width // 2, y + 17, "?", f' text-anchor="middle" fill="{colour}"')
        else:
            y = _y(bar.height, most)
            yield (
                f'<rect x="{x}" y="{y}" width="{width}" height="{PANEL - BOTTOM - y}" '
                f'fill="{colour}"/>'
            )
            if bar.partly:
                yield _text(x + width // 2, y - 4, "?", f' text-anchor="middle" fill="{colour}"')
        yield "</g>"


def _y(units: int, most: int) -> int:
    return PANEL - BOTTOM - units * (PANEL - TOP - BOTTOM) // most


def _number(units: int, decimals: int) -> str:
    whole, rest = divmod(units, 10**decimals)
    return f"{whole:,}" if not rest else f"{whole:,}.{rest:0{decimals}d}"


def _text(x: int, y: int, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}"{more}>{escape(words)}</text>'


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
