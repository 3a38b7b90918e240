"""What people do in Notion, without any request of ours: `act` lets it happen.

A person is named by a word, `ada` unless said otherwise. Rows are named by their id, or by the
whole title of a row that is not in the trash; columns by name or id; the data source is the only
one unless said otherwise. Values are plain: texts, numbers, booleans, names of options, dates.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from tests.standins.notion import cells, columns, texts
from tests.standins.notion.world import Column, Page, Source, World, identity_of

Said: TypeAlias = dict[str, Any]


def act(world: World, said: Said) -> Any:
    """Let `{action, by, ...}` happen; answers what the action answers.

    Raises:
        KeyError: There is no such action, row, column or data source.
        ValueError: A title names more than one row.
        Refusal: Notion itself would not allow it.
    """
    told = dict(said)
    action = ACTIONS[told.pop("action")]
    person = identity_of(f"person {told.pop('by', 'ada')}")
    return action(world, person, told)


def the_source(world: World, said: Said) -> Source:
    """The data source that is meant."""
    sources = world.things.sources
    if "source" in said:
        return sources[said["source"]]
    if len(sources) != 1:
        raise ValueError(f"which of the {len(sources)} data sources?")
    return next(iter(sources.values()))


def the_row(world: World, said: Said) -> Page:
    """The row that is meant."""
    row = said["row"]
    if row in world.things.home:
        return world.page(row)
    found = [
        page
        for source in world.things.sources.values()
        for page in source.pages.values()
        if not page.in_trash and texts.plain(page.cells.get("title", ())) == row
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} rows have the title {row!r}")
    return found[0]


def the_column(source: Source, key: str) -> Column:
    """The column that is meant."""
    column = source.column(key)
    if column is None:
        raise KeyError(key)
    return column


def kept(world: World, source: Source, typed: Said) -> Said:
    """Cells by column id from plain values by name."""
    found = {}
    for key, value in typed.items():
        column = the_column(source, key)
        if column.kind in cells.TEXTS:
            found[column.id] = texts.typed(value or "")
            continue
        read = cells.read(column, cells.asked(column, value), key)
        choice = column.kind in cells.CHOICES
        found[column.id] = columns.with_new_options(world, source, column, read) if choice else read
    return found


# --- Rows -----------------------------------------------------------------------------------------


def edit(world: World, person: str, said: Said) -> Any:
    """`{row, cells: {column: value}}`: type into cells."""
    page = the_row(world, said)
    source = world.things.sources[page.source]
    written = kept(world, source, said["cells"])
    return world.put(world.changed(page, person, written), at_once=_at_once(said)).id


def release(world: World, person: str, said: Said) -> Any:
    """`{row}`: tick Release; `{tick: false}` unticks."""
    return edit(world, person, said | {"cells": {"Release": said.get("tick", True)}})


def add_row(world: World, person: str, said: Said) -> Any:
    """`{cells: {column: value}}`: add a row by hand; answers its id."""
    source = the_source(world, said)
    now = world.now_ms()
    written = kept(world, source, said["cells"])
    page = Page(world.new_id(), source.id, now, now, person, person, written)
    return world.put(page, at_once=_at_once(said)).id


def duplicate(world: World, person: str, said: Said) -> Any:
    """`{row}`: make a second one that says the same, as Notion's menu does; answers its id."""
    page = the_row(world, said)
    now = world.now_ms()
    copied = replace(
        page, id=world.new_id(), created_ms=now, edited_ms=now, created_by=person,
        edited_by=person, version=1, checked=-1,
    )  # fmt: skip
    return world.put(copied, at_once=_at_once(said)).id


def trash(world: World, person: str, said: Said) -> Any:
    """`{row}`: put a row into the trash."""
    page = world.changed(the_row(world, said), person, {}, in_trash=True)
    return world.put(page, at_once=_at_once(said)).id


def restore(world: World, person: str, said: Said) -> Any:
    """`{row: id}`: take a row out of the trash."""
    page = world.changed(the_row(world, said), person, {}, in_trash=False)
    return world.put(page, at_once=_at_once(said)).id


def delete(world: World, person: str, said: Said) -> Any:
    """`{row}`: delete a row for good, as from the trash; not even its id is known any more."""
    page = the_row(world, said)
    world.things.sources[page.source].remove(page)
    del world.things.home[page.id]
    return page.id


def fill(world: World, person: str, said: Said) -> Any:
    """`{rows: n, title: "row {}", every_ms: 0}`: many rows at once, some time apart."""
    source = the_source(world, said)
    start, every = world.now_ms(), said.get("every_ms", 0)
    shared = kept(world, source, said.get("cells", {}))
    for number in range(said["rows"]):
        at = start + number * every
        title = texts.typed(said.get("title", "row {}").format(number))
        page = Page(world.new_id(), source.id, at, at, person, person, shared | {"title": title})
        world.put(page, at_once=True)
    return said["rows"]


def _at_once(said: Said) -> bool:
    """Whether queries see it at once."""
    return bool(said.get("at_once", False))


# --- Columns, data sources, sharing ---------------------------------------------------------------


def add_column(world: World, person: str, said: Said) -> Any:
    """`{column, type, config}`: add a column; `config` is the type's own, as Notion has it."""
    source = the_source(world, said)
    config = {said["type"]: said.get("config", {})}
    return columns.add(source, said["column"], config, "column").id


def change_column(world: World, person: str, said: Said) -> Any:
    """`{column, name, type, config}`: rename a column, or change its type, format or options."""
    source = the_source(world, said)
    column = the_column(source, said["column"])
    kind = said.get("type", column.kind)
    config = {"name": said["name"]} if "name" in said else {}
    if "type" in said or "config" in said:
        config[kind] = said.get("config", {})
    columns.update(source, {column.id: config}, "column")
    return column.id


def remove_column(world: World, person: str, said: Said) -> Any:
    """`{column}`: delete a column with everything in it."""
    source = the_source(world, said)
    column = the_column(source, said["column"])
    columns.update(source, {column.id: None}, "column")
    return column.id


def add_source(world: World, person: str, said: Said) -> Any:
    """`{database, name}`: give a database another data source; answers its id."""
    wanted = said.get("database") or next(iter(world.things.databases))
    database, now = world.database(wanted), world.now_ms()
    title = texts.typed(said.get("name", "Other"))
    source = Source(world.new_id(), database.id, title, now, now, person, person)
    columns.create(source, None, "properties")
    world.things.sources[source.id] = source
    world.things.databases[database.id] = replace(database, sources=(*database.sources, source.id))
    return source.id


def rename_database(world: World, person: str, said: Said) -> Any:
    """`{database, title}`: give a database another title."""
    wanted = said.get("database") or next(iter(world.things.databases))
    database = replace(world.database(wanted), title=texts.typed(said["title"]))
    world.things.databases[database.id] = database
    return wanted


def trash_database(world: World, person: str, said: Said) -> Any:
    """`{database, trashed: true}`: put a database with its data sources into the trash, or back."""
    wanted = said.get("database") or next(iter(world.things.databases))
    trashed = said.get("trashed", True)
    database = replace(world.database(wanted), in_trash=trashed)
    world.things.databases[database.id] = database
    for source in database.sources:
        world.things.sources[source].in_trash = trashed
    return wanted


def share(world: World, person: str, said: Said) -> Any:
    """`{thing: id, connection: "makegood"}`: share a page or database with a connection."""
    world.things.shared.add((said.get("connection", "makegood"), said["thing"]))


def unshare(world: World, person: str, said: Said) -> Any:
    """`{thing: id, connection: "makegood"}`: take it away; what is above it may still be shared."""
    world.things.shared.discard((said.get("connection", "makegood"), said["thing"]))


def add_page(world: World, person: str, said: Said) -> Any:
    """`{title}`: a page at the top, shared with nobody; answers its id."""
    identity = world.new_id()
    world.things.top_pages[identity] = said["title"]
    return identity


def write_line(world: World, person: str, said: Said) -> Any:
    """`{page, text}`: a paragraph on a page at the top; answers its id."""
    identity = world.new_id()
    world.things.lines.append((identity, said["page"], said["text"]))
    return identity


def advance(world: World, person: str, said: Said) -> Any:
    """`{ms, seconds, minutes, hours, days}`: let time pass."""
    sizes = {"ms": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
    passed = sum(sizes[name] * amount for name, amount in said.items())
    world.clock.set(now_ms=world.now_ms() + passed)
    return world.now_ms()


ACTIONS: dict[str, Callable[[World, str, Said], Any]] = {
    action.__name__: action
    for action in (
        edit, release, add_row, duplicate, trash, restore, delete, fill, add_column, change_column,
        remove_column, add_source, rename_database, trash_database, share, unshare, add_page,
        write_line, advance,
    )
}  # fmt: skip
