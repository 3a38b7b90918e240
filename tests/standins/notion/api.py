"""What can be asked: ten addresses, each with its rule; everything else is no address.

Each function takes a `Call` and answers what goes over the wire, or refuses as Notion does.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from tests.standins.notion import cells, columns, queries, texts
from tests.standins.notion.office import Connection
from tests.standins.notion.refusals import (
    instead,
    invalid,
    invalid_url,
    missing,
    unsupported,
    wrong_body,
)
from tests.standins.notion.world import Column, Database, Page, Source, World, identity_of

Json: TypeAlias = Any
SITE = "https://www.notion.so"
UUID = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE
)
PAGING = frozenset({"page_size", "start_cursor"})
NARROWED = frozenset({"filter_properties"})
LARGEST_LIST = 100
NO_DECORATION = {"icon": None, "cover": None}


@dataclass(slots=True)
class Call:
    """One request that has been admitted.

    Attributes:
        id: The id in its address, in the usual form; "" without one.
        parameters: What stands behind the question mark.
    """

    world: World
    connection: Connection
    id: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One address with one method.

    Attributes:
        name: As the client calls it.
        kind: What the id in the address belongs to; "" without one.
        capability: What a connection needs; "" for nothing.
        asked: The type of the request; "" without a body.
        answered: The type of the answer.
        run: What it does.
        parameters: What may stand behind the question mark.
    """

    method: str
    pattern: re.Pattern[str]
    name: str
    kind: str
    capability: str
    asked: str
    answered: str
    run: Callable[[Call], dict[str, Any]]
    parameters: frozenset[str]


def matched(method: str, path: str) -> tuple[Route, str]:
    """The route of a request and the id in its address.

    Raises:
        Refusal: There is no such address, or its id is none.
    """
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found and route.method == method:
            raw = found.groupdict().get("id")
            return route, "" if raw is None else identity(raw, f"path.{route.kind}_id", "path")
    raise invalid_url()


def identity(text: str, place: str, part: str = "body") -> str:
    """An id in its usual form.

    Raises:
        Refusal: It is none.
    """
    if not UUID.fullmatch(text):
        raise invalid(
            f'{part} failed validation: {place} should be a valid uuid, instead was `"{text}"`.'
        )
    return str(uuid.UUID(text))


def parameters(route: Route, query: str) -> dict[str, list[str]]:
    """The parameters behind the question mark.

    Raises:
        Refusal: The route has no such parameter.
    """
    found = parse_qs(query, keep_blank_values=True)
    for name in found.keys() - route.parameters:
        raise invalid(
            f"query failed validation: query.{name} should be not present, {instead(found[name])}."
        )
    return found


# --- Users and databases --------------------------------------------------------------------------


def own_user(call: Call) -> dict[str, Any]:
    """`users.me`: the connection's own user."""
    return {
        "object": "user",
        "id": call.connection.bot,
        "name": call.connection.name,
        "avatar_url": None,
        "type": "bot",
        "bot": {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_id": call.world.name,
            "workspace_name": call.world.name,
            "workspace_limits": {"max_file_upload_size_in_bytes": 5_242_880},
        },
    }


def create_database(call: Call) -> dict[str, Any]:
    """`databases.create`: a database on a page, with its first data source."""
    world, body = call.world, call.body
    _refuse_others(body, {"parent", "title", "description", "is_inline", "initial_data_source"})
    if body["parent"]["type"] == "workspace":
        raise invalid("Internal connections cannot create databases at the top of a workspace.")
    parent = identity(body["parent"]["page_id"], "body.parent.page_id")
    if parent not in world.things.top_pages or not world.sees(call.connection.name, parent):
        raise missing("page", parent)
    title = texts.read(body.get("title", []), "body.title")
    description = texts.read(body.get("description", []), "body.description")
    source = _new_source(call, "", title)
    asked = body.get("initial_data_source", {}).get("properties")
    columns.create(source, asked, "body.initial_data_source.properties")
    source.database = world.new_id()
    database = Database(
        source.database, parent, title, (source.id,), source.created_ms, source.edited_ms,
        description=description, is_inline=body.get("is_inline", False),
    )  # fmt: skip
    world.things.sources[source.id] = source
    world.things.databases[database.id] = database
    return database_answer(world, database)


def _new_source(call: Call, database: str, title: texts.Runs) -> Source:
    now, bot = call.world.now_ms(), call.connection.bot
    return Source(call.world.new_id(), database, title, now, now, bot, bot)


def _refuse_others(body: Json, known: set[str]) -> None:
    others = body.keys() - known
    if others:
        raise unsupported(f"{', '.join(sorted(others))} here")


def retrieve_database(call: Call) -> dict[str, Any]:
    """`databases.retrieve`."""
    return database_answer(call.world, _shared_database(call, call.id))


def _shared_database(call: Call, wanted: str) -> Database:
    database = call.world.things.databases.get(wanted)
    if database is None or not call.world.sees(call.connection.name, wanted):
        raise missing("database", wanted)
    return database


def list_children(call: Call) -> dict[str, Any]:
    """`blocks.children.list`: what stands on a page at the top: paragraphs and databases."""
    things = call.world.things
    if call.id not in things.top_pages or not call.world.sees(call.connection.name, call.id):
        raise missing("block", call.id)
    there = [_paragraph(call, one, text) for one, page, text in things.lines if page == call.id]
    databases = (one for one in things.databases.values() if one.parent == call.id)
    there += [_child(call.world, one) for one in databases if not one.in_trash]
    begin = _begin([one["id"] for one in there], call.parameters.get("start_cursor"))
    end = begin + _size(call.parameters.get("page_size", [str(LARGEST_LIST)])[0])
    return {
        "object": "list",
        "type": "block",
        "block": {},
        "results": there[begin:end],
        "next_cursor": there[end]["id"] if end < len(there) else None,
        "has_more": end < len(there),
    }


def _size(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text) or not 1 <= int(text) <= LARGEST_LIST:
        expected = f"between `1` and `{LARGEST_LIST}`"
        raise invalid(f"query failed validation: query.page_size should be {expected}.")
    return int(text)


def _begin(identities: list[str], cursor: list[str] | None) -> int:
    if cursor is None:
        return 0
    if cursor[0] not in identities:
        raise invalid(f"The start_cursor provided is invalid: {cursor[0]}")
    return identities.index(cursor[0])


def _paragraph(call: Call, identity: str, text: str) -> dict[str, Any]:
    content = {"rich_text": texts.answer(texts.typed(text)), "color": "default", "icon": None}
    parent, person = call.id, identity_of("person ada")
    return _block(identity, parent, 0, person) | {"type": "paragraph", "paragraph": content}


def _child(world: World, database: Database) -> dict[str, Any]:
    source = world.things.sources[database.sources[0]]
    block = _block(database.id, database.parent, database.created_ms, source.created_by)
    content = {"title": texts.plain(database.title)}
    return block | {"type": "child_database", "child_database": content}


def _block(identity: str, page: str, at_ms: int, by: str) -> dict[str, Any]:
    return {
        "object": "block",
        "id": identity,
        "parent": {"type": "page_id", "page_id": page},
        "created_time": cells.minute(at_ms),
        "last_edited_time": cells.minute(at_ms),
        "created_by": cells.user(by),
        "last_edited_by": cells.user(by),
        "has_children": False,
        "in_trash": False,
        "archived": False,
    }


def database_answer(world: World, database: Database) -> dict[str, Any]:
    """A database as Notion writes it."""
    sources = [world.things.sources[one] for one in database.sources]
    return {
        "object": "database",
        "id": database.id,
        "title": texts.answer(database.title),
        "description": texts.answer(database.description),
        "parent": {"type": "page_id", "page_id": database.parent},
        "is_inline": database.is_inline,
        "in_trash": database.in_trash,
        "archived": database.in_trash,
        "is_locked": False,
        "created_time": cells.minute(database.created_ms),
        "last_edited_time": cells.minute(database.edited_ms),
        "data_sources": [{"id": one.id, "name": texts.plain(one.title)} for one in sources],
        "url": f"{SITE}/{database.id.replace('-', '')}",
        "public_url": None,
        **NO_DECORATION,
    }


# --- Data sources ---------------------------------------------------------------------------------


def retrieve_source(call: Call) -> dict[str, Any]:
    """`data_sources.retrieve`."""
    return source_answer(call.world, _shared_source(call, call.id))


def _shared_source(call: Call, wanted: str) -> Source:
    if not call.world.sees(call.connection.name, wanted):
        raise missing("data_source", wanted)
    return call.world.source(wanted)


def update_source(call: Call) -> dict[str, Any]:
    """`data_sources.update`: title and columns, all or nothing."""
    source = _shared_source(call, call.id)
    _refuse_others(call.body, {"title", "properties"})
    if source.in_trash:
        raise invalid("Can't edit a data source that is in the trash.")
    tried = source.copy()
    columns.update(tried, call.body.get("properties", {}), "body.properties")
    if "title" in call.body:
        tried.title = texts.read(call.body["title"], "body.title")
    tried.edited_ms, tried.edited_by = call.world.now_ms(), call.connection.bot
    call.world.things.sources[tried.id] = tried
    return source_answer(call.world, tried)


def source_answer(world: World, source: Source) -> dict[str, Any]:
    """A data source as Notion writes it."""
    database = world.database(source.database)
    return {
        "object": "data_source",
        "id": source.id,
        "title": texts.answer(source.title),
        "description": [],
        "parent": {"type": "database_id", "database_id": database.id},
        "database_parent": {"type": "page_id", "page_id": database.parent},
        "is_inline": database.is_inline,
        "in_trash": source.in_trash,
        "archived": source.in_trash,
        "created_time": cells.minute(source.created_ms),
        "last_edited_time": cells.minute(source.edited_ms),
        "created_by": cells.user(source.created_by),
        "last_edited_by": cells.user(source.edited_by),
        "properties": {c.name: columns.answer(c) for c in source.columns.values()},
        "url": f"{SITE}/{database.id.replace('-', '')}",
        "public_url": None,
        **NO_DECORATION,
    }


def query_source(call: Call) -> dict[str, Any]:
    """`data_sources.query`; the pages in it are answered by `page_answer`."""
    source = _shared_source(call, call.id)
    if source.in_trash:
        raise missing("data_source", source.id)
    results = queries.asked(call.world, source, call.body)
    shown = _shown(call, source)
    return {
        "object": "list",
        "type": "page_or_data_source",
        "page_or_data_source": {},
        "results": [(source, shown, page) for page in results.pages],
        "next_cursor": results.next_cursor,
        "has_more": results.next_cursor is not None,
        "request_status": results.status,
    }


# --- Pages ----------------------------------------------------------------------------------------


def create_page(call: Call) -> dict[str, Any]:
    """`pages.create`: a row; twice the same makes two."""
    _refuse_others(call.body, {"parent", "properties"})
    source = _home(call)
    asked = call.body.get("properties", {})
    written, shown = read_cells(source, asked, "body.properties"), _shown(call, source)
    world, now, bot = call.world, call.world.now_ms(), call.connection.bot
    kept = _with_options(world, source, written)
    page = world.put(Page(world.new_id(), source.id, now, now, bot, bot, kept))
    return page_answer(source, page, shown)


def _home(call: Call) -> Source:
    """The data source that a new page belongs to."""
    parent = call.body.get("parent", {})
    if "data_source_id" in parent:
        place = "body.parent.data_source_id"
        source = _shared_source(call, identity(parent["data_source_id"], place))
    elif "database_id" in parent:
        wanted = identity(parent["database_id"], "body.parent.database_id")
        source = _only_source(call, _shared_database(call, wanted))
    else:
        raise unsupported("pages outside of data sources")
    if source.in_trash:
        raise invalid("Can't create pages in a data source that is in the trash.")
    return source


def _only_source(call: Call, database: Database) -> Source:
    if len(database.sources) > 1:
        raise invalid(
            "Databases with multiple data sources are not supported in this API version.",
            {
                "error_type": "multiple_data_sources_for_database",
                "child_data_source_ids": list(database.sources),
                "minimum_api_version": "2025-09-03",
            },
        )
    return call.world.source(database.sources[0])


def read_cells(source: Source, asked: Json, place: str) -> dict[str, tuple[Column, Any]]:
    """What a request wants to have in the cells, by column id.

    Raises:
        Refusal: A column is not there or named twice, or a value is not for it.
    """
    found: dict[str, tuple[Column, Any]] = {}
    for key, value in asked.items():
        column = source.column(key)
        if column is None:
            raise invalid(f"{key} is not a property that exists.")
        if column.id in found:
            raise invalid(f"{place}: {column.name} is there twice, by its name and by its id.")
        found[column.id] = column, cells.read(column, value, f"{place}.{key}")
    return found


def _with_options(
    world: World, source: Source, written: dict[str, tuple[Column, Any]]
) -> dict[str, Any]:
    return {
        identity: columns.with_new_options(world, source, column, value)
        if column.kind in cells.CHOICES
        else value
        for identity, (column, value) in written.items()
    }


def retrieve_page(call: Call) -> dict[str, Any]:
    """`pages.retrieve`: as the page is now, also where queries do not see that yet."""
    if call.id in call.world.things.top_pages and call.world.sees(call.connection.name, call.id):
        return _top_page(call)
    source, page = _shared_page(call)
    return page_answer(source, page, _shown(call, source))


def _shared_page(call: Call) -> tuple[Source, Page]:
    if not call.world.sees(call.connection.name, call.id):
        raise missing("page", call.id)
    page = call.world.page(call.id)
    return call.world.source(page.source), page


def update_page(call: Call) -> dict[str, Any]:
    """`pages.update`: some cells of a row, or its way into the trash and out of it."""
    source, page = _shared_page(call)
    body = call.body
    _refuse_others(body, {"properties", "in_trash", "archived", "is_archived"})
    trashed = _wanted_trash(body, page)
    if page.in_trash and (trashed or body.get("properties")):
        raise invalid(
            "Can't edit block that is archived. You must unarchive the block before editing."
        )
    written = read_cells(source, body.get("properties", {}), "body.properties")
    shown = _shown(call, source)
    kept = _with_options(call.world, source, written)
    changed = call.world.changed(page, call.connection.bot, kept, in_trash=trashed)
    return page_answer(source, call.world.put(changed), shown)


def _wanted_trash(body: Json, page: Page) -> bool:
    said = {body[key] for key in ("in_trash", "archived", "is_archived") if key in body}
    if len(said) > 1:
        raise wrong_body("body.archived", "the same as body.in_trash", body["archived"])
    return bool(said.pop()) if said else page.in_trash


def _shown(call: Call, source: Source) -> tuple[Column, ...]:
    """The columns that the answer is to have."""
    wanted = call.parameters.get("filter_properties", [])
    unknown = [one for one in wanted if one not in source.columns]
    if unknown:
        raise invalid(f"Could not find property with id: {unknown[0]}")
    return tuple(c for c in source.columns.values() if not wanted or c.id in wanted)


def page_answer(source: Source, page: Page, shown: tuple[Column, ...]) -> dict[str, Any]:
    """A row as Notion writes it, with these columns.

    Options that were created since are known only to the source's own columns.
    """
    listed = [source.columns[column.id] for column in shown]
    parent = {
        "type": "data_source_id",
        "data_source_id": source.id,
        "database_id": source.database,
    }
    properties = {column.name: cells.answer(column, page) for column in listed}
    return _page(page, parent, properties)


def _page(page: Page, parent: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "page",
        "id": page.id,
        "created_time": cells.minute(page.created_ms),
        "last_edited_time": cells.minute(page.edited_ms),
        "created_by": cells.user(page.created_by),
        "last_edited_by": cells.user(page.edited_by),
        "parent": parent,
        "in_trash": page.in_trash,
        "archived": page.in_trash,
        "is_archived": page.in_trash,
        "is_locked": False,
        "properties": properties,
        "url": f"{SITE}/{page.id.replace('-', '')}",
        "public_url": None,
        **NO_DECORATION,
    }


def _top_page(call: Call) -> dict[str, Any]:
    title = texts.typed(call.world.things.top_pages[call.id])
    person = call.connection.bot
    page = Page(call.id, "", 0, 0, person, person, {"title": title})
    column = Column("title", "title", "title")
    parent = {"type": "workspace", "workspace": True}
    return _page(page, parent, {"title": cells.answer(column, page)})


def _route(
    text: str,
    name: str,
    run: Callable[[Call], dict[str, Any]],
    types: str,
    capability: str,
    *,
    parameters: frozenset[str] = frozenset(),
) -> Route:
    method, template = text.split(" ")
    kind = template.partition("{")[2].partition("_id}")[0]
    pattern = re.compile("/v1/" + re.sub(r"\{\w+\}", "(?P<id>[^/]+)", template))
    asked, _, answered = types.partition("->")
    return Route(method, pattern, name, kind, capability, asked, answered, run, parameters)


ROUTES = (
    _route("GET users/me", "users.me", own_user, "->OwnUser", ""),
    _route("POST databases", "databases.create", create_database,
           "CreateDatabase->DatabaseObject", "insert"),
    _route("GET databases/{database_id}", "databases.retrieve", retrieve_database,
           "->DatabaseObject", "read"),
    _route("GET blocks/{block_id}/children", "blocks.children.list", list_children,
           "->BlockChildren", "read", parameters=PAGING),
    _route("GET data_sources/{data_source_id}", "data_sources.retrieve", retrieve_source,
           "->DataSourceObject", "read"),
    _route("PATCH data_sources/{data_source_id}", "data_sources.update", update_source,
           "UpdateDataSource->DataSourceObject", "update"),
    _route("POST data_sources/{data_source_id}/query", "data_sources.query", query_source,
           "QueryDataSource->QueryAnswer", "read", parameters=NARROWED),
    _route("POST pages", "pages.create", create_page, "CreatePage->PageObject", "insert",
           parameters=NARROWED),
    _route("GET pages/{page_id}", "pages.retrieve", retrieve_page, "->PageObject", "read",
           parameters=NARROWED),
    _route("PATCH pages/{page_id}", "pages.update", update_page,
           "UpdatePage->PageObject", "update", parameters=NARROWED),
)  # fmt: skip
