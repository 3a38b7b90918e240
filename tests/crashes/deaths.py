"""Months that are killed at every moment, done again, and held against an undisturbed one.

A moment is a point at which the outside could tell a difference: before and after each commit and
each replacing or removing of a file. A sweep runs in a process of its own, which makes its children
by `fork` after it has done the story once itself: a child then starts in no time. A rerun happens
a day later by its own clock, so that nothing is right by chance.
"""

import json
import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy.engine.default import DefaultDialect

from connectors.errors import Permanent
from connectors.store import MonthLockedError, sql
from flows import effects, mailing
from flows.settings import DATABASE_URL
from tests.connectors.store.children import CHILDREN
from tests.workspaces import Books

CHILDREN.set_forkserver_preload(["tests.crashes.deaths"])
CHANGES = pytest.MonkeyPatch()
"""What a process of a sweep changes in itself; it ends with it."""

BOOKS = Path("books")
DAY = timedelta(days=1)
LONGEST = 300
"""Seconds after which a sweep is stuck."""

TIMES = {
    "at",
    "attempt",
    "decision",
    "digest",
    "intent",
    "previous",
    "read_at",
    "recorded_at",
    "sent_at",
}
TIMES |= {"planned_at", "done_at", "released_at", "intent_digest", "message"}
TIMES |= {"after_doubt", "begun_at", "generation_sent_at", "number", "settled_at"}
TIMES |= {"makegood_decision", "adopted", "file"}
"""What a day's delay and one more attempt may change: instants, digests over them, counts, and
whether something was made by the run that records it or found."""

UNDISTURBED = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What is done, and where it begins.

    Attributes:
        surroundings: The folder that holds the workspace `books`.
        act: What is done, by its name in `ACTS`.
        mutant: A name of `MUTANTS`; "" for the program as it is.
        databases: The address for each moment and for 0, the undisturbed one; empty for the
            workspace's own database.
        moments: The moments to die at; None for all.
    """

    surroundings: Path
    act: str
    mutant: str = ""
    databases: Mapping[int, str] = field(default_factory=dict)
    moments: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found.

    Attributes:
        moments: How many moments there are.
        expected: What lies there when nobody disturbs, by table and file.
        differing: What differs after dying at a moment, by the moment; [] where nothing does.
    """

    moments: int
    expected: Mapping[str, object]
    differing: Mapping[int, list[str]]


def swept(story: Story, folder: Path) -> Swept:
    """Die at every moment of a story, each time in another copy below the folder."""
    ours, theirs = CHILDREN.Pipe(duplex=False)
    process = CHILDREN.Process(target=sweep, args=(story, folder, theirs))
    process.start()
    theirs.close()
    try:
        assert ours.poll(LONGEST), "the sweep is stuck"
        found: Swept = ours.recv()
        return found
    finally:
        process.kill()
        process.join()


def sweep(story: Story, folder: Path, pipe: Connection) -> None:
    """The process of one sweep."""
    moments = Moments()
    watch(moments)
    MUTANTS[story.mutant](moments)
    with surrounded_by(story, folder, UNDISTURBED):
        ACTS[story.act](Books(BOOKS))
        count = moments.seen
        expected = final_state()
    differing = {}
    for last in story.moments or range(1, count + 1):
        with surrounded_by(story, folder, last):
            assert in_child(partial(die, story, moments, last)) == -signal.SIGKILL
            ended_well = in_child(partial(do_again, story, moments)) == 0
            found = differences(expected, final_state())
            differing[last] = found if ended_well else ["the rerun failed", *found]
    pipe.send(Swept(count, expected, differing))


@contextmanager
def surrounded_by(story: Story, folder: Path, moment: int) -> Iterator[None]:
    """Stand beside a fresh copy of the workspace, with a database of its own."""
    own = folder / str(moment)
    shutil.copytree(story.surroundings, own)
    os.chdir(own)
    os.environ.pop(DATABASE_URL, None)
    if story.databases:
        os.environ[DATABASE_URL] = story.databases[moment]
    yield
    shutil.rmtree(own)


def in_child(act: Callable[[], None]) -> int:
    """Do something in a child; how it ended, as `subprocess` writes it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        act()
    except BaseException:  # noqa: BLE001  Whatever it is, the child must not go on as its parent.
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def die(story: Story, moments: "Moments", last: int) -> None:
    """Do the story up to one moment."""
    moments.seen, moments.last = 0, last
    ACTS[story.act](Books(BOOKS))


def do_again(story: Story, moments: "Moments") -> None:
    """Do the whole story a day later."""
    moments.last = 0
    CHANGES.setattr(mailing, "datetime", Tomorrow)
    for _ in range(100):
        # A database server needs a while to notice that the one before us is dead.
        with suppress(MonthLockedError):
            return ACTS[story.act](Books(BOOKS))
        time.sleep(0.05)
    message = "the month stays locked"
    raise AssertionError(message)


class Tomorrow(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz=None):
        """The present instant, a day later."""
        return datetime.now(tz) + DAY


class Moments:
    """Counts moments, and ends the process at one of them."""

    def __init__(self) -> None:
        self.seen = 0
        self.last = 0

    def __call__(self) -> None:
        """One more moment has come."""
        self.seen += 1
        if self.seen == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    """Count the moments of this process from now on."""
    for owner, name in ((DefaultDialect, "do_commit"), (os, "replace"), (os, "unlink")):
        CHANGES.setattr(owner, name, between(moments, getattr(owner, name)))


def between(moments: Moments, act: Callable[..., object]) -> Callable[..., object]:
    """The act with a moment before and one after it."""

    def surrounded(*arguments: object, **options: object) -> object:
        moments()
        answer = act(*arguments, **options)
        moments()
        return answer

    return surrounded


def run(books: Books) -> None:
    """`makegood run`."""
    books.run()


def release(books: Books) -> None:
    """`makegood release`."""
    books.release()


ACTS = {"run": run, "release": release}


def as_it_is(_moments: Moments) -> None:
    """No mutant."""


def two_transactions(moments: Moments) -> None:
    """A store that commits obligations before the log entries that tell of them."""
    honest = sql._insert  # noqa: SLF001  A mutant changes what is private.

    def committing(connection, table, rows):
        honest(connection, table, rows)
        if table.name == "obligation" and rows:
            raw = connection.connection.driver_connection
            raw.execute("COMMIT")
            moments()
            raw.execute("BEGIN IMMEDIATE")

    CHANGES.setattr(sql, "_insert", committing)


def mail_before_intent(moments: Moments) -> None:
    """A flow that sends its summary and stores afterwards what it has sent."""
    honest = effects.carry_out

    def sending(store, plans, far):
        for plan in plans:
            with suppress(Permanent):
                far.send(plan, idempotency_key="")
            moments()
        return honest(store, plans, far)

    CHANGES.setattr(mailing, "carry_out", sending)


MUTANTS = {
    "": as_it_is,
    "two transactions": two_transactions,
    "mail before intent": mail_before_intent,
}


def final_state() -> dict[str, object]:
    """All that lies here, without instants and digests over them, and what cannot be proven."""
    books = Books(BOOKS)
    state: dict[str, object] = {"what cannot be proven": books.verify().faults}
    for table, rows in books.tables.items():
        state[table] = [timeless(row) for row in rows if not is_cut_off(table, row)]
    for path in sorted(books.folder.rglob("*")):
        # A lock file that a dead process leaves is held by nobody.
        if path.is_file() and not path.name.startswith("makegood.db"):
            state[str(path)] = undated(path.read_bytes())
    return state


def is_cut_off(table: str, row: Mapping[str, object]) -> bool:
    """Whether a row tells of an attempt that died: an undisturbed run has none."""
    return table == "attempt" and row["state"] is None


def timeless(value: object) -> object:
    """A row or a body without what a day's delay may change."""
    if isinstance(value, str) and value.startswith("{"):
        return timeless(json.loads(value))
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name not in TIMES}
    return value


def undated(content: bytes) -> object:
    """A file without the date of a mail; of a journal's part what was intended, not when."""
    if content.startswith(b'{"booked_at":'):
        return timeless(json.loads(content)["intent"])
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"Date: "))


def differences(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """The tables and files that differ, by name."""
    names: Iterable[str] = sorted(expected.keys() | found.keys())
    return [name for name in names if expected.get(name) != found.get(name)]
