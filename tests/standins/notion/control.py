"""The stand-in's own side, which Notion does not have: people, faults, clock, log and proof.

Every word is a POST of JSON to `/control/<workspace>/<word>`, answered with JSON. What a word does
stands in its docstring; `WORDS` lists them all.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from tests.memory import peak_kb
from tests.standins.notion import cells, people
from tests.standins.notion.faults import Fault
from tests.standins.notion.limits import PUBLISHED, Limits
from tests.standins.notion.office import CAPABILITIES, Connection, Office, Workspace
from tests.standins.notion.refusals import Refusal
from tests.standins.notion.world import Options, Page, Source
from tests.standins.wire import Answer, Request

Said: TypeAlias = dict[str, Any]
Word: TypeAlias = Callable[[Office, Workspace, Said], Any]


def answered(office: Office, request: Request) -> Answer:
    """Do what a control request says; an error is a 400 with a sentence."""
    try:
        result = _spoken(office, request)
    except Refusal as refusal:
        return _json(400, {"error": refusal.message})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})
    return _json(200, result)


def _spoken(office: Office, request: Request) -> Any:
    parts = request.path.strip("/").split("/")
    if parts == ["control", "health"]:
        return {"defects": office.defects, "peak_kb": peak_kb()}
    _, workspace, word = parts
    said = json.loads(request.body) if request.body else {}
    return WORDS[word](office, office.workspace(workspace), said)


def _json(status: int, value: Any) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def reset(office: Office, workspace: Workspace, said: Said) -> Any:
    """Make the workspace empty; faults, log, limits and options are as at the start."""
    workspace.empty()
    workspace.world.options = Options()
    workspace.limits = Limits()
    workspace.forget()
    return {"page": next(iter(workspace.world.things.top_pages))}


def do(office: Office, workspace: Workspace, said: Said) -> Any:
    """Let people do `{action, ...}`, as `people.ACTIONS` knows it."""
    return people.act(workspace.world, said)


def plan(office: Office, workspace: Workspace, said: Said) -> Any:
    """Add `{faults: [...]}` to the plan, or replace it with `{replace: true}`."""
    faults = [Fault(**described) for described in said.get("faults", ())]
    workspace.faults = faults if said.get("replace") else [*workspace.faults, *faults]
    return {"planned": len(workspace.faults), "next_number": workspace.count + 1}


def forget(office: Office, workspace: Workspace, said: Said) -> Any:
    """Clear faults, log and counts; what exists stays."""
    workspace.forget()
    return {}


def clock(office: Office, workspace: Workspace, said: Said) -> Any:
    """Set `{now_ms, speed}` (0 stands still) or move on by `{advance: {hours: 25}}`."""
    workspace.world.clock.set(now_ms=said.get("now_ms"), speed=said.get("speed"))
    if "advance" in said:
        people.act(workspace.world, {"action": "advance", **said["advance"]})
    return {"now_ms": workspace.world.now_ms()}


def options(office: Office, workspace: Workspace, said: Said) -> Any:
    """Change fields of `Options`."""
    for name, value in said.items():
        setattr(workspace.world.options, name, value)
    return {}


def limits(office: Office, workspace: Workspace, said: Said) -> Any:
    """Set limits: `{published: true, scale: 10}`, or any fields of `Limits`; `{}` lifts them.

    Windows are lists of `[requests, seconds]`.
    """
    told = dict(said)
    if told.pop("published", False):
        told.setdefault("connection", PUBLISHED)
    for name in ("connection", "workspace"):
        told[name] = tuple((most, seconds) for most, seconds in told.get(name, ()))
    workspace.limits = Limits(**told)
    return {"connection": workspace.limits.connection, "workspace": workspace.limits.workspace}


def connection(office: Office, workspace: Workspace, said: Said) -> Any:
    """Make or change one: `{token, name, capabilities: ["read", "insert", "update"], revoked}`."""
    told = dict(said)
    capabilities = frozenset(told.pop("capabilities", CAPABILITIES))
    made = Connection(workspace=workspace.world.name, capabilities=capabilities, **told)
    office.connections[made.token] = made
    return {}


def calls(office: Office, workspace: Workspace, said: Said) -> Any:
    """The latest requests, oldest first, from number `since` on, of one `operation` if given."""
    since, operation = said.get("since", 1), said.get("operation")
    return [
        entry | {"body": _readable(entry["body"])}
        for entry in workspace.log
        if entry["number"] >= since and operation in {None, entry["operation"]}
    ]


def _readable(body: bytes) -> Any:
    """What was sent, or its beginning when it is no JSON."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body[:1_000].decode("utf-8", errors="replace")


def counts(office: Office, workspace: Workspace, said: Said) -> Any:
    """How many requests had which outcome, as `{"pages.create 200": 3}`.

    Beside it, how many did not wait although they were told to.
    """
    return {
        "count": workspace.count,
        "outcomes": dict(workspace.outcomes),
        "impatient": workspace.limits.impatient,
    }


def rows(office: Office, workspace: Workspace, said: Said) -> Any:
    """Every row of `{source}` as it is, in plain values, oldest first; trashed ones are marked."""
    source = people.the_source(workspace.world, said)
    return [_row(source, page) for page in source.pages.values()]


def _row(source: Source, page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "in_trash": page.in_trash,
        "version": page.version,
        "created_by": page.created_by,
        "edited_by": page.edited_by,
        "cells": {c.name: cells.plain(c, page) for c in source.columns.values()},
    }


def things(office: Office, workspace: Workspace, said: Said) -> Any:
    """Ids: the pages at the top, the databases, and each data source with its columns' ids."""
    kept = workspace.world.things
    return {
        "top_pages": kept.top_pages,
        "databases": {one.id: list(one.sources) for one in kept.databases.values()},
        "sources": {
            source.id: {column.name: column.id for column in source.columns.values()}
            for source in kept.sources.values()
        },
    }


def freeze(office: Office, workspace: Workspace, said: Said) -> Any:
    """Keep everything that exists, with the time, under `{name}`, for any workspace."""
    office.frozen[said["name"]] = workspace.world.frozen()
    return {}


def thaw(office: Office, workspace: Workspace, said: Said) -> Any:
    """Return to `{name}`, with its time unless `{keep_clock: true}`; faults and log are cleared."""
    workspace.forget()
    frozen = office.frozen[said["name"]]
    workspace.world.thaw(frozen, keep_clock=said.get("keep_clock", False))
    return {"now_ms": workspace.world.now_ms()}


def drop(office: Office, workspace: Workspace, said: Said) -> Any:
    """Forget the workspace with its connections; the next word about it makes a new one."""
    name = workspace.world.name
    del office.workspaces[name]
    office.connections = {k: c for k, c in office.connections.items() if c.workspace != name}
    return {}


WORDS: dict[str, Word] = {
    word.__name__: word
    for word in (
        reset, do, plan, forget, clock, options, limits, connection, calls, counts, rows, things,
        freeze, thaw, drop,
    )
}  # fmt: skip
