"""Statuspage, strict, on a real socket: a page, its components, incidents, every way to fail.

```python
with running() as page:
    page.plan(Fault(kind="cut", when="after"))  # it is carried out, and its answer lost
    ...
    page.by_hand(page.incidents[0]["id"], "resolved")
```
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jsonschema

from tests.house.project import ROOT
from tests.standins import visited
from tests.standins.door import opened
from tests.standins.visited import BROKEN_LINES, Fault
from tests.standins.wire import Answer, Request

__all__ = ["Fault", "Statuspage", "running"]

KEY, PAGE_ID = "statuspage-key-4711", "p1"
SPEC = ROOT.parent / "shared/data/specs/statuspage.json"
STATUSES = ("investigating", "identified", "monitoring", "resolved")
IMPACTS = ("none", "maintenance", "minor", "major", "critical")
COMPONENT_STATES = (
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
)
FIELDS: dict[str, Any] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 255},
    "status": {"enum": [*STATUSES]},
    "impact_override": {"enum": [*IMPACTS]},
    "body": {"type": "string", "minLength": 1, "maxLength": 25_000},
    "components": {"type": "object", "additionalProperties": {"enum": [*COMPONENT_STATES]}},
    "component_ids": {"type": "array", "items": {"type": "string"}},
    "deliver_notifications": {"type": "boolean"},
    "metadata": {"type": "object", "additionalProperties": {"type": "object"}},
}
OURS = {
    "type": "object",
    "required": ["incident"],
    "additionalProperties": False,
    "properties": {
        "incident": {"type": "object", "additionalProperties": False, "properties": FIELDS}
    },
}
"""Stricter than the published description, which takes typos, long names and unwrapped bodies."""


class Refusal(Exception):
    """What Statuspage answers in place of what was asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@cache
def published(name: str) -> Any:
    """A validator of the published description; None where that is not there."""
    if not SPEC.exists():
        return None
    components = json.loads(SPEC.read_text(encoding="utf-8"))["components"]
    text = json.dumps({"$ref": f"#/components/schemas/{name}", "components": components})
    # The description writes a type with a capital, which no validator knows.
    return jsonschema.Draft4Validator(json.loads(text.replace('"Object"', '"object"')))


@dataclass(slots=True, kw_only=True)
class Statuspage(visited.Visited):
    """The page, and what was asked of it.

    Attributes:
        components: The state of each component, by its id.
        incidents: Every incident, the latest first.
        told: To subscribers: titles, in order.
        per_minute: So many requests may be made in a minute of the stand-in's clock; None for any.
        defects: What was wrong with the stand-in's own answers.
    """

    components: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(("c-api", "c-web"), "operational")
    )
    incidents: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    per_minute: int | None = None
    defects: list[str] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)
    _made: int = 0

    def answer(self, request: Request) -> Answer:
        """What Statuspage says to a request."""
        fault = self.struck(request)
        if fault and fault.kind == "status":
            return Answer(fault.status, _json({"message": fault.words}), dict(fault.headers))
        if fault and fault.when == "before" and fault.kind in BROKEN_LINES:
            return Answer(0, wire=fault.kind)
        try:
            answer = self._understood(request)
        except Refusal as refusal:
            answer = Answer(refusal.status, _json({"message": str(refusal)}))
        return visited.spoiled(answer, fault)

    def check(self) -> None:
        """Fail when an answer was none of Statuspage's, or a planned fault never struck."""
        assert self.defects == [], f"these answers are none of Statuspage: {self.defects}"
        visited.Visited.check(self)

    def by_hand(self, incident: str, status: str, body: str = "by hand") -> None:
        """Somebody changes an incident's state on the page itself."""
        self._changed(self._found(incident), {"status": status, "body": body})

    def of(self, key: str) -> list[dict[str, Any]]:
        """The incidents that carry one of our keys."""
        return [i for i in self.incidents if i["metadata"].get("makegood", {}).get("key") == key]

    def _understood(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"OAuth {KEY}":
            raise Refusal(401, "Could not authenticate")
        self._count()
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "pages", page, "incidents"] if page == PAGE_ID:
                return self._answer(201, self._create(_body(request, "postPagesPageIdIncidents")))
            case "PATCH", ["v1", "pages", page, "incidents", name] if page == PAGE_ID:
                said = _body(request, "patchPagesPageIdIncidents")
                return self._answer(200, self._changed(self._found(name), said))
            case "GET", ["v1", "pages", page, "incidents", name] if page == PAGE_ID:
                return self._answer(200, self._found(name))
            case "GET", ["v1", "pages", page, "incidents"] if page == PAGE_ID:
                return Answer(200, _json(self._listed(request.query)))
        raise Refusal(404, f"Not found: {request.method} {request.path}")

    def _answer(self, status: int, incident: dict[str, Any]) -> Answer:
        validator = published("Incident")
        if validator is not None:
            self.defects += [error.message for error in validator.iter_errors(incident)]
        return Answer(status, _json(incident))

    def _count(self) -> None:
        minute = self.now_s // 60
        if self.per_minute is not None and self._used.get(minute, 0) >= self.per_minute:
            raise Refusal(420, "Enhance your calm")
        self._used[minute] = self._used.get(minute, 0) + 1

    def _listed(self, query: str) -> list[dict[str, Any]]:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if asked.keys() - {"limit", "page"}:
            raise Refusal(400, "the stand-in lacks these parameters")
        limit, page = int(asked.get("limit", 100)), int(asked.get("page", 1))
        if not 1 <= limit <= 100 or page < 1:
            raise Refusal(400, "limit is 1 to 100, page from 1")
        return self.incidents[(page - 1) * limit : page * limit]

    def _create(self, said: dict[str, Any]) -> dict[str, Any]:
        if "name" not in said:
            raise Refusal(422, "name can't be blank")
        self._made += 1
        incident = {
            "id": f"inc{self._made}",
            "name": said["name"],
            "page_id": PAGE_ID,
            "status": "investigating",
            "impact": "none",
            "metadata": said.get("metadata", {}),
            "shortlink": f"https://stspg.io/inc{self._made}",
            "incident_updates": [],
            "components": [],
        }
        changed = self._changed(incident, said)
        self.incidents.insert(0, incident)
        return changed

    def _found(self, name: str) -> dict[str, Any]:
        for incident in self.incidents:
            if incident["id"] == name:
                return incident
        raise Refusal(404, "Incident not found")

    def _changed(self, incident: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        unknown = {*said.get("components", {}), *said.get("component_ids", [])} - {*self.components}
        if unknown:
            raise Refusal(422, f"Component {min(unknown)} is not on this page")
        incident |= {name: said[name] for name in ("name", "status") if name in said}
        incident["impact"] = said.get("impact_override", incident["impact"])
        self.components |= said.get("components", {})
        if "body" in said or "status" in said:
            update = {
                "id": f"u{self.requests}-{len(incident['incident_updates'])}",
                "incident_id": incident["id"],
                "status": incident["status"],
                "body": said.get("body", ""),
            }
            incident["incident_updates"].insert(0, update)
        # Left out, subscribers are told.
        if said.get("deliver_notifications", True):
            self.told.append(incident["name"])
        return incident


def _body(request: Request, schema: str) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refusal(400, "the body is JSON")
    try:
        body = json.loads(request.body)
        jsonschema.validate(body, OURS)
        validator = published(schema)
        if validator is not None:
            validator.validate(body)
    except (ValueError, jsonschema.ValidationError) as error:
        raise Refusal(422, str(error).splitlines()[0]) from None
    said: dict[str, Any] = body["incident"]
    return said


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@contextmanager
def running() -> Iterator[Statuspage]:
    """A page on the loopback, until the block ends; its address ends in `/v1`."""
    page = Statuspage()
    with opened(page.answer) as url:
        page.url = f"{url}/v1"
        yield page
    page.check()
