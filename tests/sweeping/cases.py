"""A case of a sweep: one fault at one moment of one run, and the reruns after it.

Moments are the outside calls and the commits of an undisturbed run, numbered from 1 in the order in
which they happen. A case's name says everything: `paid-refund/11/killed-after/25h/1/sqlite`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

HOUR_MS = 3_600_000

COMMIT, QUESTION = "commit", "question"
"""Kinds of moments that every story has: what is stored, and what only reads."""

DEATHS = ("killed-before", "killed-after")
ASLEEP = ("asleep-before", "asleep-after")
TIME_OUTS = ("timed-out-before", "timed-out-after")

ENDING = {*DEATHS, "commit-fails", "commit-lost"}
"""Faults that end the run."""


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One case; a story says which ages and faults it knows.

    Attributes:
        scene: What is to be done; see the story's `scenes`.
        moment: Where the fault strikes, from 1.
        fault: One of `faults`.
        age: One of `ages`: when the rerun comes.
        workers: How many operating-system processes run at the same time.
        database: `sqlite` or `postgresql`.
    """

    ages: ClassVar[Mapping[str, int]]
    """Hours until the rerun, by their names."""

    faults: ClassVar[Mapping[str, Sequence[str]]]
    """What may strike at each kind of moment."""

    scene: str
    moment: int
    fault: str
    age: str
    workers: int = 1
    database: str = "sqlite"

    @property
    def name(self) -> str:
        """The name by which it is run again."""
        return f"{self.scene}/{self.moment}/{self.fault}/{self.age}/{self.workers}/{self.database}"

    @classmethod
    def parse(cls, name: str) -> Self:
        """The case of a name.

        Raises:
            ValueError: It is none.
        """
        try:
            scene, moment, fault, age, workers, database = name.split("/")
            case = cls(scene, int(moment), fault, age, int(workers), database)
        except ValueError:
            message = f"{name!r} is no case such as open-note/12/killed-after/25h/1/sqlite"
            raise ValueError(message) from None
        if age not in cls.ages or not any(fault in known for known in cls.faults.values()):
            place = cls.__module__.replace(".", "/")
            message = f"{name!r}: ages are {', '.join(cls.ages)}; faults stand in {place}.py"
            raise ValueError(message)
        return case

    @property
    def later_ms(self) -> int:
        """How much later the rerun comes."""
        return self.ages[self.age] * HOUR_MS


AnyCase = TypeVar("AnyCase", bound=Case)


def spread(cases: Iterable[AnyCase], number: int, *, seed: str = "") -> list[AnyCase]:
    """So many of the cases, always the same ones, without any order."""
    ranked = sorted(cases, key=lambda case: hashlib.sha256(f"{seed}{case.name}".encode()).digest())
    return ranked[:number]
