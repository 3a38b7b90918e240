"""Combined: several commitments on one service, of which the greatest counts or all are added.

`Not cumulative`, `the more favourable to the customer`, `the more demanding of the two` and
`greater of` are all the greatest. A part may judge another measurement of the same service, such as
one by another error rate; the period's facts give it by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from models.defects import Defect
from models.findings import Finding
from models.kinds.simple import SimpleLadder
from models.ladder import Assessment, Ladder, Measured
from models.terms import Terms


class Take(StrEnum):
    """What becomes of several credits: the greatest alone, or their sum."""

    GREATEST = "greatest"
    SUM = "sum"


class CommitmentPart(Terms):
    """One of several commitments.

    Attributes:
        of: Which measurement it judges; "" for the service's own.
        ladder: What it promises and pays.
        optional: Whether it is left out where a fact that it asks for is not stated; otherwise the
            period is withheld.
    """

    of: Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?)?$")] = ""
    ladder: SimpleLadder
    optional: bool = False


class Combined(Ladder):
    """Several ladders as one.

    Attributes:
        commitment_percent: The commitment that is shown for all of them.
        take: The greatest, or the sum.
        parts: Two ladders or more, all paying in time of service or none.
    """

    kind: Literal["combined"] = "combined"
    take: Take = Take.GREATEST
    parts: Annotated[tuple[CommitmentPart, ...], Field(min_length=2)]

    @property
    def in_days(self) -> bool:
        """Whether the parts pay in time of service."""
        return self.parts[0].ladder.in_days

    @property
    def may_exceed_fee(self) -> bool:
        """A part may, or their sum."""
        return self.take is Take.SUM or any(part.ladder.may_exceed_fee for part in self.parts)

    @property
    def looks_back(self) -> int:
        """How many earlier periods the parts must know."""
        return max(part.ladder.looks_back for part in self.parts)

    def assess(self, measured: Measured) -> Assessment:
        """Ask every part, and combine the answers."""
        answers = [self._answer(part, measured) for part in self.parts]
        breached = any(answer.breached for answer in answers)
        reasons = tuple(self._told(answers))
        gap = next((answer.gap for answer in answers if answer.gap), None)
        if gap is not None:
            return Assessment(breached=breached, gap=gap, reasons=reasons)
        taken = self._taken(answers)
        share = sum((answer.share for answer in taken), Fraction(0))
        days = sum((answer.days or Fraction(0) for answer in taken), Fraction(0))
        tiers = [answer.tier for answer in taken if answer.tier]
        return Assessment(
            breached=breached,
            tier=" and ".join(tiers) or None,
            share=share,
            days=days if self.in_days else None,
            reasons=(*reasons, self._outcome(answers, taken)),
            events=tuple(event for answer in taken for event in answer.events),
        )

    def _answer(self, part: CommitmentPart, measured: Measured) -> Assessment:
        answer = self._asked(part, measured)
        if not (part.optional and answer.unstated):
            return answer
        return Assessment(breached=False, reasons=(f"{answer.gap}; it is left out",))

    def _asked(self, part: CommitmentPart, measured: Measured) -> Assessment:
        if not part.of:
            return part.ladder.assess(measured)
        other: Measured | None = measured.others.get(part.of)
        if other is None:
            gap = f"the measurement {part.of} is not stated for the period"
            return Assessment(breached=False, gap=gap, reasons=(gap,), unstated=True)
        return part.ladder.assess(other)

    def _told(self, answers: Sequence[Assessment]) -> Iterator[str]:
        for number, (part, answer) in enumerate(zip(self.parts, answers, strict=True), start=1):
            named = f"part {number}" + (f" ({part.of})" if part.of else "")
            yield from (f"{named}: {reason}" for reason in answer.reasons)

    def _taken(self, answers: Sequence[Assessment]) -> Sequence[Assessment]:
        if self.take is Take.SUM:
            return answers
        return [max(answers, key=lambda answer: (answer.share, answer.days or 0))]

    def _outcome(self, answers: Sequence[Assessment], taken: Sequence[Assessment]) -> str:
        if self.take is Take.SUM:
            return f"the {len(answers)} parts are added"
        return f"part {answers.index(taken[0]) + 1} earns most and counts alone"

    def findings(self, place: str) -> tuple[Finding, ...]:
        """What is wrong with any part, and parts in different units."""
        return (*self._of_parts(place), *self._mixed_units(place))

    def _of_parts(self, place: str) -> Iterator[Finding]:
        for number, part in enumerate(self.parts):
            for finding in part.ladder.findings(place):
                yield finding.within(f"parts[{number}].ladder")

    def _mixed_units(self, place: str) -> Iterator[Finding]:
        for number, part in enumerate(self.parts):
            if part.ladder.in_days != self.in_days:
                yield Finding(
                    place=place,
                    field=f"parts[{number}].ladder",
                    fact="pays in another unit than parts[0]",
                    expected="all parts in time of service, or none",
                    rule=Defect.MIXED_UNITS,
                    remedy="Write them in one unit, or as contracts of their own.",
                )
