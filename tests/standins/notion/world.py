"""One workspace: its databases, data sources and pages, its people, and its own clock.

Pages and columns never change; a new version takes the place of an old one. So a whole world is
copied by copying a few dictionaries. Queries do not see a page as it is but as it was made visible
to them, some time after it was written. Must never look at the real time except through its clock.
"""

import bisect
import hashlib
import heapq
import uuid
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Self

from tests.standins.clock import Clock
from tests.standins.notion.refusals import missing

MINUTE_MS = 60_000
STAMPS = count(1)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select, multi-select or status column."""

    id: str
    name: str
    color: str = "default"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One property of a data source.

    Attributes:
        id: Stays the same when the name changes.
        kind: Notion's `type`.
        options: Of a select, multi-select or status.
        setting: The format of a number, the expression of a formula; "" for others.
    """

    id: str
    name: str
    kind: str
    options: tuple[Option, ...] = ()
    setting: str = ""
    description: str | None = None

    def option(self, identity: str) -> Option | None:
        """The option with this id."""
        return next((option for option in self.options if option.id == identity), None)

    def named(self, name: str) -> Option | None:
        """The option of this name; capitals and small letters are the same."""
        folded = name.casefold()
        return next((o for o in self.options if o.name.casefold() == folded), None)


@dataclass(slots=True)
class Page:
    """One version of a row; a changed row is a new `Page`.

    Attributes:
        cells: By column id, in the form that `cells` gives them; an empty cell may be missing.
        version: Counts from 1 for each page.
        checked: For which stamp of its data source its answer was last held to the types.
    """

    id: str
    source: str
    created_ms: int
    edited_ms: int
    created_by: str
    edited_by: str
    cells: dict[str, Any]
    in_trash: bool = False
    version: int = 1
    checked: int = -1


@dataclass(frozen=True, slots=True)
class Database:
    """What holds data sources; `parent` is the page that it stands on."""

    id: str
    parent: str
    title: tuple[Any, ...]
    sources: tuple[str, ...]
    created_ms: int
    edited_ms: int
    in_trash: bool = False
    description: tuple[Any, ...] = ()
    is_inline: bool = False


@dataclass(slots=True)
class Source:
    """One data source: its columns, its pages as they are, and as queries see them.

    Attributes:
        columns: By id, in their order.
        shape: Grows with every change of a column.
        stamp: Another one after every change of a column, in whichever world.
        pages: As they are.
        seen: As queries see them.
        ring: The ids of what queries see, in an order that means nothing.
        by_creation: The same by minute of creation.
        by_title: The same by folded title.
        pending: What queries will see: when, in which order of writing, and what.
    """

    id: str
    database: str
    title: tuple[Any, ...]
    created_ms: int
    edited_ms: int
    created_by: str
    edited_by: str
    columns: dict[str, Column] = field(default_factory=dict)
    shape: int = 0
    stamp: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    seen: dict[str, Page] = field(default_factory=dict)
    ring: list[str] = field(default_factory=list)
    by_creation: list[tuple[int, str]] = field(default_factory=list)
    by_title: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pending: list[tuple[int, int, Page]] = field(default_factory=list)
    in_trash: bool = False

    def copy(self) -> "Source":
        """The same, sharing only what never changes."""
        return replace(
            self,
            columns=dict(self.columns),
            pages=dict(self.pages),
            seen=dict(self.seen),
            ring=list(self.ring),
            by_creation=list(self.by_creation),
            by_title=dict(self.by_title),
            pending=list(self.pending),
        )

    def column(self, key: str) -> Column | None:
        """The column of this name or id."""
        if key in self.columns:
            return self.columns[key]
        return next((column for column in self.columns.values() if column.name == key), None)

    def put_column(self, column: Column) -> None:
        """Add a column, or replace the one of the same id."""
        self.columns[column.id] = column
        self.changed_shape()

    def remove_column(self, column: Column) -> None:
        """Take a column away."""
        del self.columns[column.id]
        self.changed_shape()

    def changed_shape(self) -> None:
        """Note that answers look different from now on."""
        self.shape += 1
        self.stamp = next(STAMPS)

    def settle(self, now_ms: int) -> None:
        """Let queries see what has become visible by now."""
        while self.pending and self.pending[0][0] <= now_ms:
            self.show(heapq.heappop(self.pending)[2])

    def show(self, page: Page) -> None:
        """Let queries see this version, unless they see a newer one."""
        before = self.seen.get(page.id)
        if before is not None and before.version > page.version:
            return
        if before is None:
            bisect.insort(self.ring, page.id)
            bisect.insort(self.by_creation, (_minute(page.created_ms), page.id))
        self._index(page, before)
        self.seen[page.id] = page

    def remove(self, page: Page) -> None:
        """Let a page be gone for good."""
        del self.pages[page.id]
        self.pending = sorted(one for one in self.pending if one[2].id != page.id)
        seen = self.seen.pop(page.id, None)
        if seen is not None:
            self.ring.remove(page.id)
            self.by_creation.remove((_minute(seen.created_ms), page.id))
            title = folded_title(seen)
            self.by_title[title] = tuple(i for i in self.by_title[title] if i != page.id)

    def _index(self, page: Page, before: Page | None) -> None:
        title, old = folded_title(page), None if before is None else folded_title(before)
        if title == old:
            return
        if old is not None:
            self.by_title[old] = tuple(i for i in self.by_title[old] if i != page.id)
        self.by_title[title] = (*self.by_title.get(title, ()), page.id)


def folded_title(page: Page) -> str:
    """What a search for a title compares."""
    return "".join(run[0] for run in page.cells.get("title", ())).casefold()


def _minute(instant_ms: int) -> int:
    return instant_ms - instant_ms % MINUTE_MS


@dataclass(slots=True)
class Things:
    """What a frozen world keeps.

    Attributes:
        top_pages: Pages that databases stand on, titles by id.
        lines: What people wrote on them: id, page and text.
        home: The data source of every row.
        shared: Which connection sees which page or database, with all that is below it.
        serial: Counts what got an id.
    """

    top_pages: dict[str, str] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    shared: set[tuple[str, str]] = field(default_factory=set)
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    serial: int = 0
    writes: int = 0
    queries: int = 0

    def copy(self) -> "Things":
        """The same, sharing only what never changes."""
        return Things(
            dict(self.top_pages),
            dict(self.databases),
            {identity: source.copy() for identity, source in self.sources.items()},
            dict(self.home),
            set(self.shared),
            list(self.lines),
            self.serial,
            self.writes,
            self.queries,
        )


@dataclass(slots=True)
class Options:
    """How a world behaves where Notion leaves room.

    Attributes:
        visible_after_ms: How long queries do not see what was written.
        visible_spread_ms: By how much that differs at most, so that later writes may show earlier.
        request_takes_ms: By how much a clock that stands still moves on with every request.
        latency_ms: How long every execution takes, in real time.
        query_cap: How many results one query gives at most.
        cap_told: On which page of a query that was cut off it is told: "first", "last" or "every".
        title_equals: Whether a search for a title ignores capitals ("folded") or not ("exact").
    """

    visible_after_ms: int = 0
    visible_spread_ms: int = 0
    request_takes_ms: int = 0
    latency_ms: int = 0
    query_cap: int = 10_000
    cap_told: str = "last"
    title_equals: str = "folded"


@dataclass(slots=True)
class World:
    """One workspace."""

    name: str
    clock: Clock = field(default_factory=Clock)
    things: Things = field(default_factory=Things)
    options: Options = field(default_factory=Options)

    def now_ms(self) -> int:
        """The present."""
        return self.clock.now_ms()

    def new_id(self) -> str:
        """An id that nothing else has, and whose order means nothing."""
        self.things.serial += 1
        return identity_of(f"thing {self.things.serial}")

    def source(self, identity: str) -> Source:
        """The data source with an id.

        Raises:
            Refusal: When there is none.
        """
        found = self.things.sources.get(identity)
        if found is None:
            raise missing("data_source", identity)
        return found

    def database(self, identity: str) -> Database:
        """The database with an id.

        Raises:
            Refusal: When there is none.
        """
        found = self.things.databases.get(identity)
        if found is None:
            raise missing("database", identity)
        return found

    def page(self, identity: str) -> Page:
        """The row with an id, as it is now.

        Raises:
            Refusal: When there is none.
        """
        home = self.things.home.get(identity)
        if home is None:
            raise missing("page", identity)
        return self.things.sources[home].pages[identity]

    def sees(self, connection: str, identity: str) -> bool:
        """Whether a page, row, data source or database is shared with a connection."""
        things = self.things
        chain = [identity]
        chain.append(things.home.get(chain[-1], chain[-1]))
        if chain[-1] in things.sources:
            chain.append(things.sources[chain[-1]].database)
        if chain[-1] in things.databases:
            chain.append(things.databases[chain[-1]].parent)
        return any((connection, one) in things.shared for one in chain)

    def put(self, page: Page, *, at_once: bool = False) -> Page:
        """Write a version of a row, which queries see later."""
        source = self.things.sources[page.source]
        source.pages[page.id] = page
        self.things.home[page.id] = page.source
        self.things.writes += 1
        wait = 0 if at_once else self._wait(page)
        if wait:
            heapq.heappush(source.pending, (self.now_ms() + wait, self.things.writes, page))
        else:
            source.show(page)
        return page

    def _wait(self, page: Page) -> int:
        options = self.options
        spread = options.visible_spread_ms
        extra = int(page.id[:8], 16) * page.version % (spread + 1) if spread else 0
        return options.visible_after_ms + extra

    def changed(self, page: Page, by: str, cells: dict[str, Any], **fields: Any) -> Page:
        """A new version of a row with some cells replaced."""
        return replace(
            page,
            cells=page.cells | cells,
            edited_ms=self.now_ms(),
            edited_by=by,
            version=page.version + 1,
            checked=-1,
            **fields,
        )

    def frozen(self) -> tuple[Things, int]:
        """Everything that exists, and the time."""
        return self.things.copy(), self.now_ms()

    def thaw(self, frozen: tuple[Things, int], *, keep_clock: bool = False) -> Self:
        """Return to a frozen state; with `keep_clock` the time goes on."""
        things, now_ms = frozen
        self.things = things.copy()
        if not keep_clock:
            self.clock.set(now_ms=now_ms)
        return self


def identity_of(seed: str) -> str:
    """The UUID that belongs to a name."""
    digest = hashlib.blake2b(seed.encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))
