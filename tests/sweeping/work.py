"""What a worker of a sweep does: one scene, prepared once, and many cases of it."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

import pytest

from tests.postgres import Server
from tests.sweeping.cases import Case, spread


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do.

    Attributes:
        scene: Which scene.
        database: `sqlite`, or `postgresql` on the server.
        workers: Processes at the same time in each case.
        number: How many cases, in a fixed sample; None for all.
        names: These cases instead.
        mutant: One of the story's mutants.
        server: A running PostgreSQL.
        vendor: The address of a running stand-in; "" starts one.
    """

    scene: str
    database: str = "sqlite"
    workers: int = 1
    number: int | None = None
    names: tuple[str, ...] = ()
    mutant: str = ""
    server: Server | None = None
    vendor: str = ""

    @property
    def stage(self) -> tuple[str, str]:
        """What orders may share: they are prepared once."""
        return self.scene, self.database


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case.

    Attributes:
        case: Which one.
        moment: What the fault struck.
        wrong: What must never be; empty when all is well. A question that no rule asks for is wrong
            as well: "ask about everything" would never double and never lose.
        asked: What people were told at the end.
        mutant: Which program it was; "" for the program as it is.
    """

    case: Case
    moment: str
    wrong: tuple[str, ...]
    asked: tuple[str, ...]
    mutant: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What one sweep is about.

    Attributes:
        place: The module that holds it as `STORY`; also what it is called.
        about: What it is about, for people.
        case: Its kind of case.
        scenes: The names of its scenes.
        mutants: Programs with one safeguard less, by name; "" is the program as it is.
        many: Processes at the same time, where there are several.
        watch: Notes the moments of this process.
        prepared: A scene with its database and its stand-in, ready to begin from.
        numbered: The moments of an undisturbed run, which must end well.
        lived: Lives through one case and judges it.
        every_case: Every case of a scene whose undisturbed run has these moments.
        sample: A fixed sample of the cases.
    """

    place: str
    about: str
    case: type[Case]
    scenes: Sequence[str]
    mutants: Mapping[str, Callable[[pytest.MonkeyPatch], None]]
    many: int
    watch: Callable[[], None]
    prepared: Callable[[str, Server | None, str], AbstractContextManager[Any]]
    numbered: Callable[[Any], list[str]]
    lived: Callable[[Any, Any, Sequence[str]], Result]
    every_case: Callable[..., Iterator[Any]]
    sample: Callable[[Sequence[Any], Sequence[str], int], Sequence[Any]]

    def cases(self, order: Order, moments: Sequence[str]) -> Sequence[Case]:
        """The cases that an order means, of a scene with these moments."""
        if order.names:
            return [self.case.parse(name) for name in order.names]
        where = {"workers": order.workers, "database": order.database}
        every = [*self.every_case(order.scene, moments, **where)]
        if order.number is None:
            # Without any order, so that what takes long is spread.
            return spread(every, len(every))
        return self.sample(every, moments, order.number)


def work(place: str, orders: Sequence[Order], pipe: Connection) -> None:
    """Go through orders of one stage, in a process of its own.

    Sends how many cases there are, each result, and None; or what went wrong.
    """
    try:
        story: Story = import_module(place).STORY
        story.watch()
        first = orders[0]
        with story.prepared(first.scene, first.server, first.vendor) as ready:
            moments = story.numbered(ready)
            pipe.send(sum(len(story.cases(order, moments)) for order in orders))
            for order in orders:
                for result in _filled(story, order, ready, moments):
                    pipe.send(result)
        pipe.send(None)
    except Exception:  # noqa: BLE001  Whatever it is, the starter must hear of it.
        pipe.send(traceback.format_exc())


def _filled(story: Story, order: Order, ready: Any, moments: Sequence[str]) -> Iterator[Result]:
    with pytest.MonkeyPatch.context() as changes:
        story.mutants[order.mutant](changes)
        for case in story.cases(order, moments):
            yield replace(story.lived(ready, case, moments), mutant=order.mutant)
