"""One request from its arrival to its answer: faults, limits, types, execution.

The server is one thread, so a visit that does not wait is never interrupted. Nothing is kept for a
repeat: Notion knows no idempotency keys.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.standins.listener import Later, Send
from tests.standins.notion import api, people, refusals
from tests.standins.notion.faults import WIRE, Fault
from tests.standins.notion.office import Connection, Office, Workspace, require_version
from tests.standins.notion.refusals import Refusal
from tests.standins.notion.world import identity_of
from tests.standins.occasion import AFTER, BEFORE
from tests.standins.wire import Answer, Request

LARGEST_BODY = 500_000
GARBAGE = b'{"object":"page","id":"2'


@dataclass(slots=True)
class Visit:
    """One request to Notion's side of the server.

    Attributes:
        office: Who may come in.
        request: What was asked.
        send: Where the answer goes, once.
        later: How to wait: seconds, then what to do.
    """

    office: Office
    request: Request
    send: Send
    later: Later
    connection: Connection | None = None
    workspace: Workspace | None = None
    route: api.Route | None = None
    call: api.Call | None = None
    faults: list[Fault] = field(default_factory=list)
    entry: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Arrive; with a late arrival planned, only after it."""
        try:
            self.connection = self.office.identified(self.request.headers)
        except Refusal as refusal:
            self._answer(self._as_answer(refusal))
            return
        self.workspace = self.office.workspace(self.connection.workspace)
        self._register(self.workspace, self.connection)
        wait = sum(f.seconds for f in self._planned(BEFORE) if f.kind == "late_arrival")
        self._after(wait, self._admit)

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        if seconds:
            self.later(seconds, then)
        else:
            then()

    def _register(self, workspace: Workspace, connection: Connection) -> None:
        workspace.count += 1
        world = workspace.world
        if world.options.request_takes_ms:
            world.clock.set(now_ms=world.now_ms() + world.options.request_takes_ms)
        request, own_ms = self.request, world.now_ms()
        found = next((r for r in api.ROUTES if _fits(r, request)), None)
        operation = None if found is None else found.name
        self.faults = [
            fault
            for fault in workspace.faults
            if fault.befalls(workspace.count, operation, request.method, request.path)
        ]
        self.entry = {
            "number": workspace.count,
            "at_ms": own_ms,
            "connection": connection.name,
            "method": request.method,
            "path": request.path,
            "operation": operation,
            "body": request.body,
            "faults": [f"{fault.kind} {fault.when}" for fault in self.faults],
            "executed": False,
            "status": None,
            "code": None,
            "answer_id": None,
        }
        workspace.log.append(self.entry)
        workspace.limits.arrived(connection.name, own_ms)

    def _planned(self, when: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.when == when]

    def _home(self) -> Workspace:
        if self.workspace is None:
            raise RuntimeError("a visit without a connection is refused at the door")
        return self.workspace

    # --- Before anything is done ------------------------------------------------------------------

    def _admit(self) -> None:
        home = self._home()
        self._meanwhile(BEFORE)
        if self._stopped():
            return
        try:
            self._check(home)
        except Refusal as refusal:
            self._leave(self._as_answer(refusal))
            return
        wait = home.world.options.latency_ms / 1000
        wait += sum(fault.seconds for fault in self._planned(BEFORE) if fault.kind == "delay")
        if wait and self.call is not None:
            home.busy.add(self.call.id)
        self._after(wait, self._execute)

    def _meanwhile(self, when: str) -> None:
        for action in [action for fault in self._planned(when) for action in fault.do]:
            try:
                people.act(self._home().world, action)
            except Exception as error:  # noqa: BLE001 - a wrong plan must reach the test that made it
                self.office.defects.append(f"meanwhile {action}: {error!r}")

    def _stopped(self) -> bool:
        """Whether a planned fault ends the visit before anything is done."""
        for fault in self._planned(BEFORE):
            if fault.kind in WIRE:
                self._answer(Answer(200, GARBAGE, wire=fault.kind))
                return True
            if page := fault.page():
                self._answer(Answer(*page, headers={"Content-Type": "text/html"}))
                return True
            if (refusal := fault.refusal()) is not None:
                self._answer(self._as_answer(refusal))
                return True
        return False

    def _check(self, home: Workspace) -> None:
        request, connection = self.request, self.connection
        if connection is None:
            raise RuntimeError("a visit without a connection is refused at the door")
        require_version(request.headers)
        self.route, identity = api.matched(request.method, request.path)
        limited = home.limits.admit(connection.name, home.world.now_ms())
        if limited is not None:
            raise limited
        if self.route.capability and self.route.capability not in connection.capabilities:
            raise refusals.restricted()
        if self.route.name == "pages.update" and identity in home.busy:
            raise refusals.conflict()
        body = self._body(self.route, identity)
        parameters = api.parameters(self.route, request.query)
        self.call = api.Call(home.world, connection, identity, body, parameters)

    def _body(self, route: api.Route, identity: str) -> dict[str, Any]:
        """The body of a request, held to its type."""
        if not route.asked:
            return {}
        if len(self.request.body) > LARGEST_BODY:
            raise refusals.invalid(
                f"body failed validation: the body should have at most {LARGEST_BODY} bytes, "
                f"instead was `{len(self.request.body)}`."
            )
        try:
            body = orjson.loads(self.request.body or b"null")
        except orjson.JSONDecodeError:
            raise refusals.invalid_json() from None
        with_id = dict(body) if isinstance(body, dict) else body
        if isinstance(body, dict):
            _refuse_foreign(route, body)
            with_id |= {f"{route.kind}_id": identity} if route.kind else {}
        if not self.office.types.allows(route.asked, with_id):
            raise self._mistyped(route.asked, with_id)
        return dict(body)

    def _mistyped(self, name: str, value: Any) -> Refusal:
        told = []
        for path, message in self.office.types.findings(name, value):
            place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
            told.append(f"body{place}: {message[: refusals.LONGEST_SHOWN]}")
        return refusals.invalid("body failed validation: " + " ".join(told))

    # --- Doing it ---------------------------------------------------------------------------------

    def _execute(self) -> None:
        if self.call is not None:
            self._home().busy.discard(self.call.id)
        self._leave(self._carried_out())

    def _carried_out(self) -> Answer:
        route, call = self.route, self.call
        if route is None or call is None:
            raise RuntimeError("a request is checked before it is carried out")
        try:
            result = route.run(call)
            body = self._written(route, result)
        except Refusal as refusal:
            return self._as_answer(refusal)
        except Exception as error:  # noqa: BLE001 - a defect of ours must reach the test that caused it
            self.office.defects.append(f"{self.request.method} {self.request.path}: {error!r}")
            return self._as_answer(refusals.broken())
        self.entry |= {"executed": True, "answer_id": result.get("id")}
        return Answer(200, body)

    def _written(self, route: api.Route, result: dict[str, Any]) -> bytes:
        """The answer, held to its type; the pages of a list each by themselves and only once."""
        if route.answered == "QueryAnswer":
            rows = result["results"]
            self._hold("QueryAnswer", result | {"results": []})
            result["results"] = [self._listed(source, shown, page) for source, shown, page in rows]
        else:
            self._hold(route.answered, result)
        return orjson.dumps(result | {"request_id": self._request_id()})

    def _listed(self, source: Any, shown: Any, page: Any) -> dict[str, Any]:
        answer = api.page_answer(source, page, shown)
        if page.checked != source.stamp:
            self._hold("PageObject", answer)
            page.checked = source.stamp
        return answer

    def _hold(self, name: str, answer: dict[str, Any]) -> None:
        if not self.office.types.allows(name, answer):
            raise TypeError(f"not a {name}: {self.office.types.findings(name, answer)[:3]}")

    # --- Answering --------------------------------------------------------------------------------

    def _leave(self, answer: Answer) -> None:
        """Answer, or what a planned fault makes of it."""
        self._meanwhile(AFTER)
        for fault in self._planned(AFTER):
            answer = self._spoiled(answer, fault)
        wait = sum(fault.seconds for fault in self._planned(AFTER) if fault.kind == "delay")
        self._after(wait, lambda: self._answer(answer))

    def _spoiled(self, answer: Answer, fault: Fault) -> Answer:
        if fault.kind in WIRE:
            answer.wire = fault.kind
        elif page := fault.page():
            return Answer(*page, headers={"Content-Type": "text/html"})
        elif (refusal := fault.refusal()) is not None:
            return self._as_answer(refusal)
        return answer

    def _request_id(self) -> str:
        number = self.entry.get("number", 0)
        return identity_of(f"request {number}")

    def _as_answer(self, refusal: Refusal) -> Answer:
        self.entry["code"] = refusal.code
        if "Retry-After" in refusal.headers and self.workspace and self.connection:
            seconds = int(refusal.headers["Retry-After"])
            own_ms = self.workspace.world.now_ms()
            self.workspace.limits.close(self.connection.name, seconds, own_ms)
        return Answer(refusal.status, refusal.body(self._request_id()), dict(refusal.headers))

    def _answer(self, answer: Answer) -> None:
        if answer.wire == "broken_json":
            answer = Answer(200, answer.body[: len(answer.body) * 2 // 3], answer.headers)
        usual = {"Content-Type": "application/json; charset=utf-8"}
        answer.headers = usual | answer.headers
        if self.workspace is not None:
            status = "none" if answer.wire else str(answer.status)
            self.entry["status"] = None if answer.wire else answer.status
            self.workspace.outcomes[f"{self.entry['operation'] or 'unknown'} {status}"] += 1
        self.send(answer)


def _refuse_foreign(route: api.Route, body: dict[str, Any]) -> None:
    """The types know no difference between body, address and query."""
    for name in {"filter_properties", f"{route.kind}_id"} & body.keys():
        raise refusals.wrong_body(f"body.{name}", "not present", body[name])


def _fits(route: api.Route, request: Request) -> bool:
    return route.method == request.method and route.pattern.fullmatch(request.path) is not None
