"""By class: which ladder holds depends on an attribute of the contract, such as its edition.

The attribute's value is the one at the period's first day. A contract that does not state it is
withheld, unless the terms name a class for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.defects import Defect
from models.findings import Finding
from models.kinds.combined import Combined
from models.kinds.simple import SimpleLadder
from models.ladder import Assessment, Ladder, Measured
from models.terms import Slug

ClassLadder = Annotated[SimpleLadder | Combined, Field(discriminator="kind")]
"""What may stand for a class: any ladder but another choice."""


class ByClass(Ladder):
    """A choice between ladders.

    Attributes:
        commitment_percent: The commitment that is shown where the class does not matter.
        attribute: The name of the contract's attribute.
        classes: The ladder for each of its values, all paying in time of service or none.
        otherwise: The class of contracts that do not state the attribute; None withholds them.
    """

    kind: Literal["by_class"] = "by_class"
    attribute: Slug
    classes: Annotated[Mapping[Slug, ClassLadder], Field(min_length=1)]
    otherwise: Slug | None = None

    @model_validator(mode="after")
    def _known_otherwise(self) -> ByClass:
        if self.otherwise is not None and self.otherwise not in self.classes:
            raise PydanticCustomError("otherwise", "one of the classes for otherwise")
        return self

    @property
    def _ladders(self) -> tuple[Ladder, ...]:
        return tuple(self.classes.values())

    @property
    def in_days(self) -> bool:
        """Whether the classes pay in time of service."""
        return self._ladders[0].in_days

    @property
    def may_exceed_fee(self) -> bool:
        """Whether any class may."""
        return any(ladder.may_exceed_fee for ladder in self._ladders)

    @property
    def looks_back(self) -> int:
        """How many earlier periods any class must know."""
        return max(ladder.looks_back for ladder in self._ladders)

    def assess(self, measured: Measured) -> Assessment:
        """Ask the ladder of the contract's class."""
        stated = measured.circumstances.attributes.get(self.attribute)
        name = self.otherwise if stated is None else stated
        ladder = self.classes.get(name) if name is not None else None
        if ladder is None:
            known = ", ".join(self.classes)
            said = "is not stated" if stated is None else f"is {stated}"
            gap = f"the contract's {self.attribute} {said}; it is one of {known}"
            return Assessment(breached=False, gap=gap, reasons=(gap,), unstated=True)
        answer = ladder.assess(measured)
        says = f"{self.attribute} is {name}" + ("" if stated else ", as none is stated")
        return Assessment(
            breached=answer.breached,
            tier=answer.tier,
            share=answer.share,
            days=answer.days,
            gap=answer.gap,
            reasons=(says, *answer.reasons),
            unstated=answer.unstated,
            events=answer.events,
        )

    def findings(self, place: str) -> tuple[Finding, ...]:
        """What is wrong with any class, and classes in different units."""
        return (*self._of_classes(place), *self._mixed_units(place))

    def _of_classes(self, place: str) -> Iterator[Finding]:
        for name, ladder in self.classes.items():
            for finding in ladder.findings(place):
                yield finding.within(f"classes.{name}")

    def _mixed_units(self, place: str) -> Iterator[Finding]:
        for name, ladder in self.classes.items():
            if ladder.in_days != self.in_days:
                yield Finding(
                    place=place,
                    field=f"classes.{name}",
                    fact="pays in another unit than the first class",
                    expected="all classes in time of service, or none",
                    rule=Defect.MIXED_UNITS,
                    remedy="Write them in one unit, or as sheets of their own.",
                )
