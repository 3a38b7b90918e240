"""A ladder as a picture: what each uptime earns, as SVG that any browser shows by day and by night.

Uptime runs from left to right on a scale of nines: as much room lies between 99 and 99.9 as between
90 and 99, so that tiers near 100 can be told apart. A filled end belongs to its tier, a hollow one
does not, and uptimes without any tier are shaded. Nothing is computed here but places on paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from xml.sax.saxutils import escape

from models.curve import MONTH_SECONDS, Curve, Stretch
from models.printing import CUT, duration_text, number_text

WIDTH, HEIGHT = 960, 460
LEFT, RIGHT, TOP, BOTTOM = 84, 56, 84, 116
HUNDRED = WIDTH - RIGHT
"""Where 100 % lies, apart from the scale, which never reaches it."""
END = HUNDRED - 76
"""Where the scale ends."""
FLOOR = HEIGHT - BOTTOM
TICKS = 5
SAMPLES = 48
LETTER = 8
"""How wide a letter is at most, in pixels."""
NARROWEST = 4
"""The narrowest shade that can be seen."""
TENTH = Decimal("0.1")

STYLE = """
svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
.paper { fill: #ffffff } .ink { fill: #1c1e21 } .soft { fill: #555b63 }
.grid { stroke: #d5d9de; stroke-width: 1 } .frame { stroke: #7a828c; stroke-width: 1 }
.line { stroke: #0b5cad; stroke-width: 3; fill: none; stroke-linejoin: round }
.jump { stroke: #0b5cad; stroke-width: 1; stroke-dasharray: 2 4 }
.full { fill: #0b5cad; stroke: #0b5cad; stroke-width: 2 }
.open { fill: #ffffff; stroke: #0b5cad; stroke-width: 2 }
.credit { fill: #0b4a8a; font-weight: 600 }
.gap { fill: #d9480f; fill-opacity: 0.35 } .none { fill: #b03a06; font-weight: 600 }
@media (prefers-color-scheme: dark) {
.paper { fill: #14171a } .ink { fill: #eceff2 } .soft { fill: #aab2bb }
.grid { stroke: #343a41 } .frame { stroke: #828b95 }
.line, .jump { stroke: #6db3f8 } .full { fill: #6db3f8; stroke: #6db3f8 }
.open { fill: #14171a; stroke: #6db3f8 } .credit { fill: #a5d0fb }
.gap { fill: #ff9a5c } .none { fill: #ffb384 }
}
"""


@dataclass(frozen=True)
class Paper:
    """The places of a curve on paper.

    Attributes:
        curve: What is drawn.
    """

    curve: Curve

    @cached_property
    def finest(self) -> Fraction:
        """The least downtime on the scale: a power of ten below every bound, as a ratio."""
        bounds = (1 - bound for one in self.curve.stretches for bound in (one.lower, one.upper))
        least = min((lost for lost in bounds if lost > 0), default=Fraction(1))
        finest = Fraction(1, 1000)
        while finest * 2 > least:
            finest /= 10
        return finest

    @cached_property
    def most(self) -> Fraction:
        """The top of the picture; what rises beyond the whole fee is cut there."""
        rising = any(not one.is_flat for one in self.curve.stretches if not one.is_gap)
        most = self.curve.most or Fraction(1)
        return min(most, Fraction(1)) if rising and not self.curve.in_days else most

    @cached_property
    def step(self) -> Fraction:
        """The distance of the lines across."""
        sizes = (Fraction(10) ** power * digit for power in range(-6, 6) for digit in (1, 2, 5))
        return next(size for size in sizes if size * TICKS >= self.most)

    def x(self, uptime: Fraction) -> Decimal:
        """Where an uptime lies; 100 apart, and whatever is finer than the scale at its end."""
        lost = 1 - uptime
        if lost == 0:
            return Decimal(HUNDRED)
        if lost <= self.finest:
            return Decimal(END)
        part = _decimal(lost / self.finest).log10() / _decimal(1 / self.finest).log10()
        return (END - (END - LEFT) * part).quantize(TENTH)

    def y(self, earned: Fraction) -> Decimal:
        """How high a credit lies."""
        top = self.step * TICKS
        return (FLOOR - (FLOOR - TOP) * _decimal(min(earned, top) / top)).quantize(TENTH)

    def between(self, lower: Fraction, upper: Fraction) -> Iterator[Fraction]:
        """Uptimes from one to another, evenly spread on paper."""
        worst, best = 1 - lower, max(1 - upper, self.finest)
        ratio = _decimal(best / worst).ln()
        for number in range(1, SAMPLES):
            yield 1 - worst * Fraction((ratio * number / SAMPLES).exp())


def drawn(curve: Curve, *, title: str, below: str) -> str:
    """The curve as one SVG document.

    Args:
        curve: What is drawn.
        title: What it is about.
        below: A line under the title.
    """
    paper = Paper(curve)
    words = f"{title}: what a month earns by its uptime"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(words)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, 30, title, "ink", ' font-size="18" font-weight="700"'),
        _text(LEFT, 52, below, "soft"),
        *_across(paper),
        *_nines(paper),
        *([] if curve.unanswered else [*_tiers(paper), *_bounds(paper)]),
        *_legend(curve),
        "</svg>",
    ]
    return "\n".join([*lines, ""])


def _across(paper: Paper) -> Iterator[str]:
    unit = "days" if paper.curve.in_days else "credit"
    yield _text(LEFT - 10, TOP - 12, unit, "soft", ' text-anchor="end"')
    for tick in range(TICKS + 1):
        y = paper.y(paper.step * tick)
        yield f'<line class="grid" x1="{LEFT}" x2="{HUNDRED}" y1="{y}" y2="{y}"/>'
        says = _credit(paper.step * tick, in_days=paper.curve.in_days)
        yield _text(LEFT - 10, y + 4, says, "soft", ' text-anchor="end"')


def _nines(paper: Paper) -> Iterator[str]:
    """The scale: 0, 90, 99, 99.9 and so on, each with its downtime in 30 days."""
    lost = Fraction(1)
    while lost >= paper.finest:
        yield from _mark(paper.x(1 - lost), 1 - lost)
        lost /= 10
    yield from _mark(paper.x(Fraction(1)), Fraction(1))
    yield f'<line class="frame" x1="{LEFT}" x2="{END}" y1="{FLOOR}" y2="{FLOOR}"/>'
    middle = (END + HUNDRED) // 2
    for slash in (middle - 5, middle + 5):
        ends = f'x1="{slash - 4}" x2="{slash + 4}" y1="{FLOOR + 7}" y2="{FLOOR - 7}"'
        yield f'<line class="frame" {ends}/>'


def _mark(x: Decimal, uptime: Fraction) -> Iterator[str]:
    yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{FLOOR + 6}"/>'
    percent, down = f"{number_text(uptime * 100, 9)} %", duration_text((1 - uptime) * MONTH_SECONDS)
    yield _text(x, FLOOR + 22, percent, "ink", ' text-anchor="middle"')
    yield _text(x, FLOOR + 40, down, "soft", ' text-anchor="middle" font-size="11"')


def _tiers(paper: Paper) -> Iterator[str]:
    rising = sorted(paper.curve.stretches, key=lambda one: (one.lower, one.upper))
    for one in rising:
        yield from _gap(paper, one) if one.is_gap else _line(paper, one)
    for lower, upper in pairwise(rising):
        yield from _jump(paper, lower, upper)
    for one in rising:
        if not one.is_gap:
            yield from _ends(paper, one)
    yield from _credits(paper, rising)


def _gap(paper: Paper, one: Stretch) -> Iterator[str]:
    start, end = paper.x(one.lower), paper.x(one.upper)
    wide = max(end - start, Decimal(NARROWEST))
    yield (
        f'<rect class="gap" x="{(start + end - wide) / 2}" y="{TOP}" width="{wide}" '
        f'height="{FLOOR - TOP}"><title>no tier</title></rect>'
    )


def _line(paper: Paper, one: Stretch) -> Iterator[str]:
    start = _leaves_the_paper(paper, one)
    inside = [] if one.is_flat else [*paper.between(start, one.upper)]
    points = [(paper.x(at), _height(paper, one, at)) for at in (start, *inside, one.upper)]
    places = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline class="line" points="{places}"/>'
    if start > one.lower:
        most = _credit(one.at_lower.earned or Fraction(0), in_days=paper.curve.in_days)
        more = ' text-anchor="end"'
        yield _text(points[0][0] - 8, TOP + 16, f"goes on, up to {most}", "none", more)


def _leaves_the_paper(paper: Paper, one: Stretch) -> Fraction:
    """From where on a stretch lies below the top of the picture: often from its start."""
    worst, best = one.at_lower.earned or Fraction(0), one.at_upper.earned or Fraction(0)
    top = paper.step * TICKS
    if worst <= top:
        return one.lower
    return one.lower + (one.upper - one.lower) * (worst - top) / (worst - best)


def _height(paper: Paper, one: Stretch, uptime: Fraction) -> Decimal:
    worst, best = one.at_lower.earned or Fraction(0), one.at_upper.earned or Fraction(0)
    if one.lower == one.upper:
        return paper.y(worst)
    return paper.y(worst + (best - worst) * (uptime - one.lower) / (one.upper - one.lower))


def _jump(paper: Paper, lower: Stretch, upper: Stretch) -> Iterator[str]:
    if lower.is_gap or upper.is_gap or lower.at_upper.earned == upper.at_lower.earned:
        return
    low, high = _height(paper, upper, upper.lower), _height(paper, lower, lower.upper)
    x = paper.x(upper.lower)
    yield f'<line class="jump" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'


def _ends(paper: Paper, one: Stretch) -> Iterator[str]:
    for at, included in ((one.lower, one.lower_included), (one.upper, one.upper_included)):
        # Nothing lies beyond 0, and a line that goes on as it is has no end.
        if at > 0 and _is_end(paper.curve, one, at):
            kind = "full" if included else "open"
            place = f'cx="{paper.x(at)}" cy="{_height(paper, one, at)}"'
            yield f'<circle class="{kind}" {place} r="4"/>'


def _is_end(curve: Curve, one: Stretch, at: Fraction) -> bool:
    """Whether the curve breaks off there: at 100, at a gap, or where it jumps."""
    beside = [other for other in curve.stretches if other is not one]
    touching = [other for other in beside if at in (other.lower, other.upper)]
    earned = one.at_lower.earned if at == one.lower else one.at_upper.earned
    return at == 1 or not any(
        earned == (other.at_upper.earned if at == other.upper else other.at_lower.earned)
        for other in touching
    )


def _credits(paper: Paper, rising: list[Stretch]) -> Iterator[str]:
    """What each flat tier earns, written on it where there is room, and the gaps' names."""
    named_to = Decimal(0)
    for one in rising:
        start, end = paper.x(one.lower), paper.x(one.upper)
        middle, anchor = (start + end) / 2, ' text-anchor="middle"'
        if one.is_gap and middle > named_to:
            named_to = middle + 8 * LETTER
            yield _text(middle, TOP - 6, "no tier", "none", anchor + ' font-size="11"')
        elif one.is_flat and one.at_lower.earned:
            says = _credit(one.at_lower.earned, in_days=paper.curve.in_days)
            if end - start > (len(says) + 2) * LETTER:
                y = _height(paper, one, one.lower) - 9
                yield _text(middle, y, says, "credit", anchor)


def _bounds(paper: Paper) -> Iterator[str]:
    """The bounds of tiers that are no mark of the scale, written where there is room."""
    written_to = Decimal(0)
    bounds = {at for one in paper.curve.stretches for at in (one.lower, one.upper)}
    for bound in sorted(bounds):
        says, x = f"{number_text(bound * 100, 4)} %", paper.x(bound)
        room = Decimal((len(says) + 1) * LETTER) / 2
        if x - room > written_to and CUT not in says and not _is_marked(bound):
            written_to = x + room
            yield f'<line class="jump" x1="{x}" x2="{x}" y1="{FLOOR}" y2="{FLOOR + 10}"/>'
            yield _text(x, FLOOR + 58, says, "credit", ' text-anchor="middle" font-size="12"')


def _is_marked(uptime: Fraction) -> bool:
    """Whether an uptime is one of the scale's own: 0, 90, 99 and so on, and 100."""
    lost = 1 - uptime
    return lost == 0 or (lost.numerator == 1 and str(lost.denominator).strip("0") == "1")


def _legend(curve: Curve) -> Iterator[str]:
    if curve.unanswered:
        y = (TOP + FLOOR) // 2
        yield _text(WIDTH // 2, y, "not by uptime alone:", "ink", ' text-anchor="middle"')
        yield _text(WIDTH // 2, y + 20, curve.unanswered, "ink", ' text-anchor="middle"')
    says = "uptime, on a scale of nines; below it the downtime in 30 days"
    yield _text((LEFT + HUNDRED) // 2, FLOOR + 82, says, "soft", ' text-anchor="middle"')
    y = FLOOR + 102
    yield f'<circle class="full" cx="{LEFT + 60}" cy="{y - 4}" r="4"/>'
    yield _text(LEFT + 72, y, "belongs to the tier", "soft")
    yield f'<circle class="open" cx="{LEFT + 222}" cy="{y - 4}" r="4"/>'
    yield _text(LEFT + 234, y, "does not", "soft")
    if any(one.is_gap for one in curve.stretches) and not curve.unanswered:
        yield f'<rect class="gap" x="{LEFT + 320}" y="{y - 12}" width="14" height="14"/>'
        yield _text(LEFT + 342, y, "no tier: such a month is withheld", "soft")


def _credit(earned: Fraction, *, in_days: bool) -> str:
    if not in_days:
        return f"{number_text(earned * 100, 3)} %"
    if 0 < earned < 1:
        return f"{number_text(earned * 24, 3)} h"
    return number_text(earned, 3)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _text(x: Decimal | int, y: Decimal | int, words: str, kind: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}"{more}>{escape(words)}</text>'
