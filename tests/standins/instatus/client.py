"""Instatus, strict, on a real socket: a page, its components and incidents, and every way to fail.

It keeps nothing of ours and knows no idempotency key: the same request twice is two incidents.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from tests.standins import visited
from tests.standins.door import opened
from tests.standins.visited import BROKEN_LINES, Fault
from tests.standins.wire import Answer, Request

__all__ = ["Fault", "Instatus", "running"]

KEY, PAGE_ID = "instatus-key-0815", "ck1"
STATUSES = ("INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED")
COMPONENT_STATES = (
    "OPERATIONAL",
    "UNDERMAINTENANCE",
    "DEGRADEDPERFORMANCE",
    "PARTIALOUTAGE",
    "MAJOROUTAGE",
)
UPDATE: dict[str, Any] = {
    "message": {"type": "string", "minLength": 1},
    "components": {"type": "array", "items": {"type": "string"}},
    "started": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"},
    "status": {"enum": [*STATUSES]},
    "notify": {"type": "boolean"},
    "statuses": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "status"],
            "additionalProperties": False,
            "properties": {"id": {"type": "string"}, "status": {"enum": [*COMPONENT_STATES]}},
        },
    },
}
CREATE = {**UPDATE, "name": {"type": "string", "minLength": 1}, "shouldPublish": {"const": True}}
"""A hidden incident is refused: nothing of ours is a draft there."""


class Refusal(Exception):
    """What Instatus answers in place of what was asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Instatus(visited.Visited):
    """The page, and what was asked of it.

    Attributes:
        components: The state of each component, by its id.
        incidents: Every incident, by its id.
        told: To subscribers: names, in order.
    """

    components: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(("c-api", "c-web"), "OPERATIONAL")
    )
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """What Instatus says to a request."""
        fault = self.struck(request)
        if fault and fault.kind == "status":
            return Answer(fault.status, _error(fault.words), dict(fault.headers))
        if fault and fault.when == "before" and fault.kind in BROKEN_LINES:
            return Answer(0, wire=fault.kind)
        try:
            answer = Answer(200, json.dumps(self._understood(request)).encode())
        except Refusal as refusal:
            answer = Answer(refusal.status, _error(str(refusal)))
        return visited.spoiled(answer, fault)

    def by_hand(self, incident: str, status: str) -> None:
        """Somebody changes an incident's state on the page itself."""
        self.incidents[incident]["status"] = status.upper()

    def _understood(self, request: Request) -> Any:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, "unauthorized")
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", page, "incidents"] if page == PAGE_ID:
                return self._create(_body(request, CREATE))
            case "POST", ["v1", page, "incidents", name, "incident-updates"] if page == PAGE_ID:
                return self._changed(self._found(name), _body(request, UPDATE))
            case "GET", ["v1", page, "incidents", name] if page == PAGE_ID:
                return self._found(name)
        raise Refusal(404, f"not found: {request.method} {request.path}")

    def _create(self, said: dict[str, Any]) -> dict[str, Any]:
        name = f"clz{len(self.incidents) + 1}"
        incident = {"id": name, "name": said["name"], "status": "INVESTIGATING", "updates": []}
        changed = self._changed(incident, said)
        self.incidents[name] = incident
        return changed

    def _found(self, name: str) -> dict[str, Any]:
        if name not in self.incidents:
            raise Refusal(404, "incident not found")
        return self.incidents[name]

    def _changed(self, incident: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        states = {one["id"]: one["status"] for one in said["statuses"]}
        if {*states, *said["components"]} - {*self.components}:
            raise Refusal(400, "a component is not on this page")
        self.components |= states
        incident["status"] = said["status"]
        incident["updates"].append({"message": said["message"], "status": said["status"]})
        if said["notify"]:
            self.told.append(incident["name"])
        return incident


def _body(request: Request, fields: dict[str, Any]) -> dict[str, Any]:
    shape = {
        "type": "object",
        "required": sorted(fields),
        "additionalProperties": False,
        "properties": fields,
    }
    try:
        body: dict[str, Any] = json.loads(request.body)
        jsonschema.validate(body, shape)
    except (ValueError, jsonschema.ValidationError) as error:
        raise Refusal(400, str(error).splitlines()[0]) from None
    return body


def _error(words: str) -> bytes:
    return json.dumps({"error": {"code": "error", "message": words}}).encode()


@contextmanager
def running() -> Iterator[Instatus]:
    """A page on the loopback, until the block ends; its address ends in `/v1`."""
    page = Instatus()
    with opened(page.answer) as url:
        page.url = f"{url}/v1"
        yield page
    page.check()
