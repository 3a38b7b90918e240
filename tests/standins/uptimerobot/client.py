"""UptimeRobot's getMonitors (API version 2), strict, on a real socket.

```python
with running() as robot:
    robot.monitors[777749809] = Monitor(logs=[Log(1_777_593_600, UP), Log(1_777_600_000, DOWN)])
    robot.plan(Fault(kind="status", status=503))
    ...
```
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from tests.standins.door import opened
from tests.standins.visited import Visited, spoiled
from tests.standins.wire import Answer, Request

API_KEY = "ur0000000-a-key-of-the-stand-in"
DOWN, UP, STARTED, PAUSED = 1, 2, 98, 99
PATH = "/v2/getMonitors"
FORM = "application/x-www-form-urlencoded"
MOST = 50
KNOWN = {
    "api_key",
    "format",
    "limit",
    "log_types",
    "logs",
    "logs_end_date",
    "logs_limit",
    "logs_start_date",
    "monitors",
    "offset",
}
"""Of all parameters those that this stand-in carries out; others are refused by name."""


class Refusal(Exception):
    """A refusal in the words of version 2: 200, `stat: fail`, and what was passed."""

    def __init__(self, kind: str, parameter: str, passed: str, message: str) -> None:
        super().__init__(message)
        self.error = {
            "type": kind,
            "parameter_name": parameter,
            "passed_value": passed,
            "message": message,
        }


@dataclass(frozen=True, slots=True)
class Log:
    """A monitor changed at a second; `lasted` is None where the next change tells."""

    at: int
    type: int
    lasted: int | None = None


@dataclass(slots=True, kw_only=True)
class Monitor:
    """A monitor and all of its logs, in the order in which they are answered: the latest first.

    Attributes:
        logs: Its logs.
        interval: It is checked every so many seconds.
        status: 0 paused, 1 not checked yet, 2 up, 8 seems down, 9 down.
    """

    logs: list[Log] = field(default_factory=list)
    interval: int = 300
    status: int = 2


@dataclass(slots=True, kw_only=True)
class UptimeRobot(Visited):
    """The account, and what was asked of it.

    Attributes:
        per_minute: So many requests may be made in a minute; a free plan has 10. None for any.
        page: The most monitors in one answer.
        monitors: Monitors by number.
        asked: The parameters of every request that was understood, the key apart.
    """

    per_minute: int | None = None
    page: int = MOST
    monitors: dict[int, Monitor] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        """What UptimeRobot says to a request."""
        fault = self.struck(request)
        if fault and fault.kind == "status":
            return Answer(fault.status, fault.words.encode(), dict(fault.headers))
        minute = self.now_s // 60
        if self.per_minute is not None and self._used.get(minute, 0) >= self.per_minute:
            return Answer(429, b"Rate limit exceeded", self._limits())
        self._used[minute] = self._used.get(minute, 0) + 1
        answer = self._understood(request)
        answer.headers.update(self._limits())
        return spoiled(answer, fault)

    def _limits(self) -> dict[str, str]:
        if self.per_minute is None:
            return {}
        left = self.per_minute - self._used.get(self.now_s // 60, 0)
        rest = 60 - self.now_s % 60
        return {
            "X-RateLimit-Limit": str(self.per_minute),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": str(self.now_s + rest),
            **({} if left > 0 else {"Retry-After": str(rest)}),
        }

    def _understood(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", PATH) or request.query:
            return Answer(404, b"Not Found")
        if not request.headers.get("content-type", "").startswith(FORM):
            return Answer(415, b"Unsupported Media Type")
        try:
            told = self._page(_form(request))
        except Refusal as refusal:
            told = {"stat": "fail", "error": refusal.error}
        return Answer(200, json.dumps(told).encode())

    def _page(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("api_key") != API_KEY:
            passed = form.get("api_key", "")
            raise Refusal("invalid_parameter", "api_key", passed, f"api_key {passed} is wrong.")
        offset, limit = _whole(form, "offset", 0, 10**9), _whole(form, "limit", self.page, MOST)
        self.asked.append({name: value for name, value in form.items() if name != "api_key"})
        known = [(n, m) for n, m in sorted(self.monitors.items()) if n in _numbers(form, n)]
        page = known[offset : offset + min(limit, self.page)]
        return {
            "stat": "ok",
            "pagination": {"offset": offset, "limit": limit, "total": len(known)},
            "monitors": [self._told(number, monitor, form) for number, monitor in page],
        }

    def _told(self, number: int, monitor: Monitor, form: dict[str, str]) -> dict[str, Any]:
        told = {
            "id": number,
            "friendly_name": f"monitor {number}",
            "url": "https://example.com",
            "type": 1,
            "sub_type": "",
            "keyword_type": None,
            "keyword_value": "",
            "http_username": "",
            "http_password": "",
            "port": "",
            "interval": monitor.interval,
            "status": monitor.status,
            "create_datetime": min((log.at for log in monitor.logs), default=self.now_s),
        }
        return told | ({"logs": self._logs(monitor, form)} if form.get("logs") == "1" else {})

    def _logs(self, monitor: Monitor, form: dict[str, str]) -> list[dict[str, Any]]:
        instants = sorted({log.at for log in monitor.logs})
        following = dict(pairwise([*instants, self.now_s]))
        start, end = (_whole(form, f"logs_{e}_date", d, 10**10) for e, d in _DATES)
        kinds = form.get("log_types", "").split("-")
        told = [
            {
                "type": log.type,
                "datetime": log.at,
                "duration": following[log.at] - log.at if log.lasted is None else log.lasted,
                "reason": {"code": "200", "detail": "OK"},
            }
            for log in monitor.logs
            if start <= log.at <= end and ("log_types" not in form or str(log.type) in kinds)
        ]
        return told[: _whole(form, "logs_limit", len(told), 10**9)]


_DATES = (("start", 0), ("end", 10**10))


def _form(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
    form = dict(pairs)
    for name, value in pairs:
        if name not in KNOWN:
            raise Refusal("invalid_parameter", name, value, f"{name} is not known here.")
    if len(form) != len(pairs):
        raise Refusal("invalid_parameter", "", "", "a parameter came twice.")
    if "api_key" not in form:
        raise Refusal("missing_parameter", "api_key", "", "api_key is missing.")
    if form.get("format") != "json":
        raise Refusal("invalid_parameter", "format", form.get("format", ""), "json is asked for.")
    if ("logs_start_date" in form) is not ("logs_end_date" in form):
        raise Refusal("missing_parameter", "logs_end_date", "", "both dates or none.")
    return form


def _whole(form: dict[str, str], name: str, default: int, most: int) -> int:
    value = form.get(name, str(default))
    if not value.isdecimal() or int(value) > most:
        raise Refusal("invalid_parameter", name, value, f"{name} is a number up to {most}.")
    return int(value)


def _numbers(form: dict[str, str], number: int) -> set[int]:
    """The numbers that were asked for; without any, each is."""
    listed = form.get("monitors")
    if listed is None:
        return {number}
    if not re.fullmatch(r"[0-9]+(-[0-9]+)*", listed):
        raise Refusal("invalid_parameter", "monitors", listed, "numbers separated by dashes.")
    return {int(one) for one in listed.split("-")}


@contextmanager
def running() -> Iterator[UptimeRobot]:
    """UptimeRobot on the loopback, until the block ends."""
    robot = UptimeRobot()
    with opened(robot.answer) as url:
        robot.url = url
        yield robot
    robot.check()
