"""A scene of the ledger's sweep, prepared: decided, mirrored as far as it says, edited by people.

It is prepared once; each case begins with a copy of its database and of the stand-in's state.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.billing.journal import JournalBilling
from connectors.errors import ConnectorError
from connectors.ledger.notion import Clock, LocalTurns, NotionLedger
from connectors.store import Store
from connectors.store.sql import open_store
from flows.books import remembered_book
from flows.ledger_sync import sync
from flows.mirroring import mirror_rows
from flows.office import Office, read_terms
from flows.questions import unsettled_effects
from flows.settings import DATABASE_URL
from models.findings import UnusableInputError
from models.period import ServiceMonth
from models.workspace_file import NotionTerms
from tests.ledger_sweep.lives import InStep, pause
from tests.ledger_sweep.scenes import SCENES, Scene, Theirs
from tests.postgres import Server
from tests.standins.notion.client import StandIn, Workspace, running
from tests.sweep import life
from tests.sweep.life import CHANGES, begin
from tests.sweep.stage import MEMORY, Place, disconnect
from tests.workspaces import ACME, BLUEFIN, RELEASED_AT, SEPTEMBER, VENDOR, Books, checks

NOON = 1_759_406_400_000  # 2025-10-02T12:00:00Z in ms
MONTH = ServiceMonth.parse(SEPTEMBER)


@dataclass(frozen=True, slots=True)
class Ready:
    """A scene that is prepared.

    Attributes:
        scene: Which one.
        place: Where its databases are.
        stage: The workspace at the stand-in, whose state is frozen.
        theirs: What people have put there by then.
        now_ms: What the stand-in's clock shows at the beginning.
        store: On the place of the copy, without a connection: a child uses it at once.
    """

    scene: Scene
    place: Place
    stage: Workspace
    theirs: Theirs
    now_ms: int
    store: Store

    @property
    def late(self) -> Path:
        """Where a request lies that has not arrived yet."""
        return self.place.folder / "late"

    @property
    def moved_ms(self) -> int:
        """How much time has passed at the stand-in since the beginning."""
        now_ms: int = self.stage.tell("clock")["now_ms"]
        return now_ms - self.now_ms

    def life(self, **more: Any) -> InStep:
        """A life that begins now, in step with the stand-in."""
        return InStep(moved_ms=self.moved_ms, stage=self.stage, late=self.late, **more)

    @contextmanager
    def begun(self) -> Iterator[None]:
        """The beginning of a case: database, journal and stand-in as they were."""
        self.stage.thaw(self.stage.name)
        self.stage.options(visible_after_ms=self.scene.hidden_ms, visible_spread_ms=30_000)
        if not self.scene.hidden_ms:
            self.stage.options(visible_spread_ms=0)
        self.late.unlink(missing_ok=True)
        shutil.rmtree(self.place.folder / "case", ignore_errors=True)
        with self.place.copied():
            yield
            disconnect(self.store)

    def act(self, *, at_once: int = 1) -> list[str]:
        """One run, as far as it goes; what people are told at its end."""
        return act(self, self.store, at_once=at_once)


@contextmanager
def prepared(name: str, server: Server | None, vendor: str = "") -> Iterator[Ready]:
    """A scene that is prepared, until the block ends; `vendor` is a running stand-in's address."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="makegood-ledger-sweep-", dir=memory))
    place = Place(folder, server, f"ledger_{os.getpid()}")
    try:
        with nullcontext(StandIn(vendor, 0)) if vendor else running() as stand_in:
            stage = stand_in.workspace(f"sweep{os.getpid()}").reset(now_ms=NOON)
            yield _ready(SCENES[name], place, stage)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(scene: Scene, place: Place, stage: Workspace) -> Ready:
    if place.server:
        place.server.execute(f"CREATE DATABASE {place.name}")
    CHANGES.setenv(DATABASE_URL, place.original)
    begin(InStep())
    books = Books.laid_out(place.folder, ACME, BLUEFIN, VENDOR)
    _decide(books, 120)
    with closing(open_store(place.original)) as store:
        ready = Ready(scene, place, stage, Theirs(), NOON, store)
        if scene.mirrored:
            _mirror(ready, store)
    if scene.minutes is not None:
        _decide(books, scene.minutes)
    theirs = scene.people(stage)
    stage.freeze(stage.name)
    return _warmed(Ready(scene, place, stage, theirs, NOON, store))


def _decide(books: Books, minutes: int) -> None:
    """Run the month, with no Notion: what it decides is not shown there yet."""
    books.write("checks.csv", checks(api=minutes, hosting=120))
    books.run(notify=False)


def _warmed(ready: Ready) -> Ready:
    """Do everything once, so that no child has to import or compile."""
    with ready.place.copied():
        store = open_store(ready.place.copy)
        act(ready, store)
        disconnect(store)
    # What is there by now stays: a child that counts it would copy it.
    gc.collect()
    gc.freeze()
    return Ready(ready.scene, ready.place, ready.stage, ready.theirs, ready.now_ms, store)


def act(ready: Ready, store: Store, *, at_once: int = 1) -> list[str]:
    """See `Ready.act`."""
    life.LIFE.running = True
    try:
        told, released = _sync(ready, store, at_once) if ready.scene.syncs else ([], False)
        if not released:
            told += _mirror(ready, store, at_once=at_once)
        return [*dict.fromkeys([*told, *unsettled_effects(store, SEPTEMBER)])]
    except (ConnectorError, UnusableInputError) as error:
        return [f"could not finish: {error}"]


def _sync(ready: Ready, store: Store, at_once: int) -> tuple[list[str], bool]:
    """Read back; whether a release has brought Notion up to date already."""
    with office(ready, store, at_once) as opened:
        done = sync(opened, month=MONTH, at=RELEASED_AT)
        return done.questions, bool(done.released)


def _mirror(ready: Ready, store: Store, *, at_once: int = 1) -> list[str]:
    """Bring Notion up to date, as the end of a run does."""
    with (
        office(ready, store, at_once) as opened,
        store.month_lock(SEPTEMBER, holder="the sweep"),
    ):
        return [
            question
            for came in mirror_rows(opened, SEPTEMBER).values()
            for question in came.questions
        ]


@contextmanager
def office(ready: Ready, store: Store, at_once: int) -> Iterator[Office]:
    """The office with Notion alone as its ledger, on this life's clocks, at no particular pace."""
    workspace, contracts, events = read_terms(ready.place.folder)
    terms = NotionTerms(page=ready.stage.page)
    ledgers = workspace.ledger.model_copy(update={"notion": terms})
    folder = ready.place.folder / "case"
    folder.mkdir(exist_ok=True)
    with closing(_notion(ready, store, terms)) as notion:
        notion.at_once = at_once  # With one, moments come in one order.
        yield Office(
            folder=folder,
            workspace=workspace.model_copy(update={"ledger": ledgers, "mail": None}),
            contracts=contracts,
            events=events,
            sources={},
            store=store,
            ledgers={"notion": notion},
            mail=None,
            billing=JournalBilling(folder / "journal"),
        )


def _notion(ready: Ready, store: Store, terms: NotionTerms) -> NotionLedger:
    clock = Clock(
        now_us=lambda: life.LIFE.boottime_ms() * 1000,
        sleep_us=lambda us: pause(-(-us // 1000)),
    )
    return NotionLedger(
        ready.stage.token,
        terms,
        currencies=["EUR", "USD"],
        remembered=lambda place: remembered_book(store, NotionLedger.name, place),
        turns=LocalTurns(gap_us=0, clock=clock).turns,
        clock=clock,
        address=ready.stage.url,
    )
