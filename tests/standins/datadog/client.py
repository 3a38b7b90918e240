"""Datadog, strict, on a real socket: its SLO histories, Synthetics uptimes and SLO corrections.

```python
with running() as datadog:
    datadog.slos["a1"] = Slo(history=[(1_777_593_600, UP), (1_777_600_000, DOWN)])
    datadog.plan(Fault(kind="status", status=503))
    ...
```
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.standins import visited
from tests.standins.datadog import held
from tests.standins.datadog.world import (
    METRIC,
    TYPE_IDS,
    Entry,
    Slo,
    Test,
    corrected,
    seen,
    series,
    uptime,
)
from tests.standins.door import opened
from tests.standins.wire import Answer, Request

API_KEY = "0123456789abcdef0123456789abcdef"
APP_KEY = "fedcba9876543210fedcba9876543210fedcba98"
AGENT = "datadog-api-client-python/"
PAGE, LARGEST_PAGE = 25, 1000
HISTORY_PATH = ("api", "v1", "slo")


class Refusal(Exception):
    """What Datadog answers in place of what was asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Fault(visited.Fault):
    """What befalls a request here.

    Attributes:
        kind: One of `visited.Fault`, or `partial` (200, and errors beside what is told), or
            `recorded` (`told` is answered, whatever there is).
    """

    words: str = "Internal error"
    told: Any = None


@dataclass(slots=True, kw_only=True)
class Datadog(visited.Visited):
    """The organisation, and what was asked of it.

    Attributes:
        scopes: What the application key may read.
        limit: So many requests may be made in a period; None for any number.
        period_s: How long a period is; periods start at whole multiples of it.
        slos: SLOs by id.
        tests: Synthetics tests by public id.
        corrections: Attributes of every correction, by id, in the order of their making.
        asked: Every request that was understood: operation and parameters.
        defects: What was wrong with the stand-in's own answers.
    """

    scopes: set[str] = field(default_factory=lambda: {"slos_read", "synthetics_read"})
    limit: int | None = None
    period_s: int = 60
    slos: dict[str, Slo] = field(default_factory=dict)
    tests: dict[str, Test] = field(default_factory=dict)
    corrections: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)

    def correct(
        self, made: str, *, slo: str | None, start: int, end: int | None, **more: Any
    ) -> str:
        """Somebody makes a correction now; `more` are further attributes."""
        self.corrections[made] = {
            "slo_id": slo,
            "start": start,
            "end": end,
            "description": "Announced work",
            "category": "Scheduled Maintenance",
            "timezone": "UTC",
            "created_at": self.now_s,
            "modified_at": self.now_s,
            "rrule": None,
            "duration": None,
            "creator": {"data": {"type": "users", "id": "u1", "attributes": {"email": "ada@x"}}},
            "modifier": None,
            **more,
        }
        return made

    def answer(self, request: Request) -> Answer:
        """What Datadog says to a request."""
        fault = self.struck(request)
        if fault and fault.kind == "status":
            headers = {**self._limits(), **fault.headers}
            return Answer(fault.status, _json({"errors": [fault.words]}), headers)
        try:
            told, kind = self._understood(request)
            told = _partial(told) if fault and fault.kind == "partial" else told
            if isinstance(fault, Fault) and fault.kind == "recorded":
                told = fault.told
            answer = self._held(told, kind)
        except Refusal as refusal:
            answer = Answer(refusal.status, _json({"errors": [str(refusal)]}))
        answer.headers.update(self._limits())
        return visited.spoiled(answer, fault)

    def check(self) -> None:
        """Fail when an answer was none of Datadog's, or a planned fault never struck."""
        assert self.defects == [], f"these answers are none of Datadog: {self.defects}"
        visited.Visited.check(self)

    def _held(self, told: Any, kind: Any) -> Answer:
        found = held.faults(told, kind)
        if found:
            self.defects += found
            return Answer(500, _json({"errors": found}))
        return Answer(200, _json(told))

    def _limits(self) -> dict[str, str]:
        if self.limit is None:
            return {}
        left = max(self.limit - self._used.get(self.now_s // self.period_s, 0), 0)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Period": str(self.period_s),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(self.period_s - self.now_s % self.period_s),
            "X-RateLimit-Name": "slo_public_api",
        }

    def _count(self) -> None:
        period = self.now_s // self.period_s
        if self.limit is not None and self._used.get(period, 0) >= self.limit:
            raise Refusal(429, "Rate limit of slo_public_api exceeded")
        self._used[period] = self._used.get(period, 0) + 1

    def _understood(self, request: Request) -> tuple[Any, Any]:
        self._may(request)
        self._count()
        steps = tuple(request.path.strip("/").split("/"))
        match request.method, steps:
            case "GET", ("api", "v1", "slo", "correction"):
                return self._page(request), held.CORRECTIONS
            case "GET", ("api", "v1", "slo", slo, "history"):
                return self._history(slo, request), held.HISTORY
            case "POST", ("api", "v1", "synthetics", "tests", "uptimes"):
                return self._uptimes(request), held.UPTIMES
        raise Refusal(404, f"Not found: {request.method} {request.path}")

    def _may(self, request: Request) -> None:
        if not request.headers.get("user-agent", "").startswith(AGENT):
            raise Refusal(400, "Only the official client speaks with this stand-in")
        if request.headers.get("accept") != "application/json":
            raise Refusal(406, "Answers are JSON")
        if request.headers.get("dd-api-key") != API_KEY:
            raise Refusal(401, "Unauthorized")
        scope = "synthetics_read" if "synthetics" in request.path else "slos_read"
        if request.headers.get("dd-application-key") != APP_KEY or scope not in self.scopes:
            raise Refusal(403, f"Forbidden: Failed permission authorization checks ({scope})")

    def _history(self, name: str, request: Request) -> Any:
        params = _params(request, {"from_ts", "to_ts"}, {"target", "apply_correction"})
        start, end = self._span(params["from_ts"], params["to_ts"])
        self.asked.append(("history", {"slo": name, **params}))
        slo = self.slos.get(name)
        if slo is None:
            raise Refusal(404, "SLO not found")
        if params.get("apply_correction", "true") not in {"true", "false"}:
            raise Refusal(400, "apply_correction is true or false")
        without = params.get("apply_correction") == "false"
        spans = [] if without else self._corrected(name)
        told = (
            self._metric(slo, start, end) if slo.type == METRIC else _times(slo, start, end, spans)
        )
        return {
            "data": {
                "from_ts": start,
                "to_ts": end,
                "type": slo.type,
                "type_id": TYPE_IDS[slo.type],
                "thresholds": {"30d": {"timeframe": "30d", "target": 99.9}},
                **told,
            },
            "errors": None,
        }

    def _metric(self, slo: Slo, start: int, end: int) -> dict[str, Any]:
        counted = series(slo, start, end)
        total, good = counted["denominator"]["sum"], counted["numerator"]["sum"]
        zero = {
            "error_message": "The denominator is zero valued",
            "error_type": "ZERO_VALUED_DENOMINATOR",
        }
        overall = {
            "errors": [] if total else [zero],
            "sli_value": good * 100 / total if total else None,
            "uptime": good * 100 / total if total else None,
            "span_precision": 2,
            "precision": {"30d": 2},
            "corrections": [],
            "state": "ok" if total else "no_data",
        }
        return {"group_by": [], "series": counted, "overall": overall}

    def _corrected(self, slo: str) -> list[tuple[int, int]]:
        return [
            (made["start"], made["end"])
            for made in self.corrections.values()
            if made["slo_id"] == slo and made["end"] is not None
        ]

    def _uptimes(self, request: Request) -> Any:
        try:
            body = json.loads(request.body)
        except ValueError:
            raise Refusal(400, "The body is no JSON") from None
        if request.query or not isinstance(body, dict):
            raise Refusal(400, "A body and no query")
        if set(body) != {"from_ts", "to_ts", "public_ids"} or not body["public_ids"]:
            raise Refusal(400, "from_ts, to_ts and public_ids")
        start, end = self._span(body["from_ts"], body["to_ts"])
        self.asked.append(("uptimes", {"ids": ",".join(body["public_ids"])}))
        return [
            _tested(name, self.tests[name], start, end)
            for name in body["public_ids"]
            if name in self.tests
        ]

    def _page(self, request: Request) -> Any:
        params = _params(request, set(), {"offset", "limit"})
        offset, limit = int(params.get("offset", "0")), int(params.get("limit", str(PAGE)))
        if offset < 0 or not 1 <= limit <= LARGEST_PAGE:
            raise Refusal(400, "offset is at least 0, limit 1 to 1000")
        self.asked.append(("corrections", params))
        listed = [
            {"type": "correction", "id": made, "attributes": attributes}
            for made, attributes in self.corrections.items()
        ]
        page = listed[offset : offset + limit]
        counts = {"total_count": len(listed), "total_filtered_count": len(page)}
        return {"data": page, "meta": {"page": counts}}

    def _span(self, start: Any, end: Any) -> tuple[int, int]:
        try:
            first, last = int(start), int(end)
        except (TypeError, ValueError):
            raise Refusal(400, "from_ts and to_ts are whole seconds") from None
        if not 0 < first < last <= self.now_s:
            raise Refusal(400, f"from_ts {first} < to_ts {last} <= now {self.now_s}")
        return first, last


def _params(request: Request, needed: set[str], known: set[str]) -> dict[str, str]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    params = dict(pairs)
    if len(params) != len(pairs) or needed - set(params) or set(params) - needed - known:
        raise Refusal(400, f"unknown, missing or doubled parameters: {sorted(params)}")
    return params


def _times(slo: Slo, start: int, end: int, spans: list[tuple[int, int]]) -> dict[str, Any]:
    def told(name: str, past: list[Entry]) -> dict[str, Any]:
        entries = corrected(past, spans) if spans else past
        share = uptime(entries, start, end)
        return {
            "name": name,
            "history": seen(entries, start, end),
            "monitor_type": "metric alert",
            "monitor_modified": start,
            "preview": slo.preview,
            "span_precision": 4,
            "errors": [],
            **({} if share is None else {"sli_value": share, "uptime": share}),
        }

    groups = [{**told(name, past), "group": name} for name, past in slo.groups.items()]
    monitors = [told(name, past) for name, past in slo.monitors.items()]
    return {"overall": told(slo.name, slo.history), "groups": groups, "monitors": monitors}


def _tested(name: str, test: Test, start: int, end: int) -> dict[str, Any]:
    def told(past: list[Entry]) -> dict[str, Any]:
        share = uptime(past, start, end)
        return {
            "name": "[Synthetics] a test",
            "preview": False,
            "monitor_type": "synthetics alert",
            "monitor_modified": start,
            "errors": None,
            "span_precision": 0,
            "history": seen(past, start, end),
            **({} if share is None else {"uptime": share}),
        }

    groups = [{**told(past), "group": name} for name, past in test.groups.items()]
    return {
        "from_ts": start,
        "to_ts": end,
        "overall": told(test.history),
        "public_id": name,
        "groups": groups,
    }


def _partial(told: Any) -> Any:
    """A success that says that it is none."""
    return {**told, "errors": [{"error": "one of the monitors timed out"}]}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@contextmanager
def running() -> Iterator[Datadog]:
    """Datadog on the loopback, until the block ends."""
    datadog = Datadog()
    with opened(datadog.answer) as url:
        datadog.url = url
        yield datadog
    datadog.check()
