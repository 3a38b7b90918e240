"""One request from its arrival to its answer: faults, limits, idempotency, execution.

The server is one thread, so a visit that does not wait is never interrupted; a visit that waits
(latency, planned delays) holds its idempotency key and its objects meanwhile, as at Stripe.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.occasion import AFTER, BEFORE
from tests.standins.stripe import api, forms, refusals, scenes
from tests.standins.stripe.faults import WIRE, Fault
from tests.standins.stripe.office import Key, Office, Side, require_permission, require_version
from tests.standins.stripe.refusals import Refusal
from tests.standins.stripe.world import API_VERSION, KeptAnswer
from tests.standins.wire import Answer, Request

FORM = "application/x-www-form-urlencoded"
LONGEST_KEY = 255
GARBAGE = b'{\n  "id": "cn_1'


@dataclass(slots=True)
class Visit:
    """One request to Stripe's side of the server.

    Attributes:
        office: Who may come in.
        request: What was asked.
        send: Where the answer goes, once.
        later: How to wait: seconds, then what to do.
    """

    office: Office
    request: Request
    send: Callable[[Answer], None]
    later: Callable[[float, Callable[[], None]], object]
    key: Key | None = None
    side: Side | None = None
    route: api.Route | None = None
    ids: tuple[str, ...] = ()
    decoded: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    locks: tuple[str, ...] = ()
    holding: bool = False
    request_id: str = "req_0"
    entry: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Arrive; with a late arrival planned, only after it."""
        try:
            self.key = self.office.identified(self.request.headers)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self.side = self.office.side(self.key.account, self.key.mode)
        self._register(self.side)
        wait = sum(f.seconds for f in self._planned(BEFORE) if f.kind == "late_arrival")
        if wait:
            self.later(wait, self._admit)
        else:
            self._admit()

    def _register(self, side: Side) -> None:
        side.count += 1
        request = self.request
        self.request_id = f"req_{side.world.account}{side.count:08d}"
        self.faults = [
            f for f in side.faults if f.strikes(side.count, request.method, request.path)
        ]
        self.entry = {
            "number": side.count,
            "request_id": self.request_id,
            "at_ms": side.world.clock.now_ms(),
            "method": request.method,
            "path": request.path,
            "route": None,
            "key": self.key.shown() if self.key else None,
            "idempotency_key": request.headers.get("idempotency-key"),
            "params": {},
            "faults": [f"{fault.kind} {fault.when}" for fault in self.faults],
            "executed": False,
            "replayed": False,
            "status": None,
            "code": None,
            "answer_id": None,
        }
        side.log.append(self.entry)

    def _planned(self, when: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.when == when]

    @property
    def _idempotency_key(self) -> str | None:
        return (
            self.request.headers.get("idempotency-key") if self.request.method == "POST" else None
        )

    # --- Before anything is done ------------------------------------------------------------------

    def _admit(self) -> None:
        side = self._side()
        try:
            self._meanwhile(BEFORE)
            if self._stopped(BEFORE):
                return
            self._check(side)
            replayed = self._replay(side)
            if replayed is not None:
                self._leave(replayed)
                return
            self._hold(side)
        except Refusal as refusal:
            self._leave(self._as_answer(refusal))
            return
        wait = side.world.options.latency_ms / 1000
        wait += sum(f.seconds for f in self._planned(BEFORE) if f.kind == "delay")
        if wait:
            self.later(wait, self._execute)
        else:
            self._execute()

    def _side(self) -> Side:
        if self.side is None:
            raise RuntimeError("a visit without an account has no side")
        return self.side

    def _meanwhile(self, when: str) -> None:
        for action in [action for fault in self._planned(when) for action in fault.do]:
            try:
                scenes.act(self._side().world, action)
            except Exception as error:  # noqa: BLE001 - a wrong plan must reach the test that made it
                self.office.defects.append(f"meanwhile {action}: {error!r}")

    def _stopped(self, when: str) -> bool:
        """Whether a planned fault ends the visit here; a saved error still needs its key."""
        for fault in self._planned(when):
            if fault.kind in WIRE:
                self._answer(Answer(200, GARBAGE, wire=fault.kind))
                return True
            if page := fault.page():
                self._answer(Answer(*page, headers={"Content-Type": "text/html"}))
                return True
            refusal = fault.refusal()
            if refusal is not None and not _is_kept(fault):
                self._refuse(refusal)
                return True
        return False

    def _check(self, side: Side) -> None:
        request = self.request
        if self.key is None:
            raise RuntimeError("a visit without a key is refused at the door")
        require_version(request.headers)
        self.route, self.ids = api.matched(request.method, request.path)
        self.entry["route"] = endpoint = f"{self.route.method} {self.route.template}"
        require_permission(self.key, self.route.permission)
        limited = side.limits.admit(endpoint, side.world.clock.now_ms())
        if limited is not None:
            raise limited
        self.decoded = self.entry["params"] = self._decode()
        if len(self._idempotency_key or "") > LONGEST_KEY:
            raise refusals.invalid(f"Idempotency keys may have {LONGEST_KEY} characters at most.")

    def _decode(self) -> dict[str, Any]:
        request = self.request
        if request.method != "POST":
            if request.body:
                raise refusals.invalid(f"A {request.method} takes its parameters in the address.")
            return forms.decoded(request.query)
        if request.query:
            raise refusals.invalid("A POST takes its parameters in the body.")
        if request.body and not request.headers.get("content-type", "").startswith(FORM):
            raise refusals.invalid(f"Invalid content type; expected {FORM}.")
        return forms.decoded(request.body.decode())

    def _question(self) -> tuple[str, str, str]:
        return self.request.method, self.request.path, json.dumps(self.decoded, sort_keys=True)

    def _replay(self, side: Side) -> Answer | None:
        """The kept answer of the key.

        Raises:
            Refusal: When the key is in use, or was used for another request.
        """
        key = self._idempotency_key
        if key is None:
            return None
        if key in side.in_flight:
            raise refusals.in_use(key)
        kept = side.world.things.kept.get(key)
        if kept is None:
            return None
        if side.world.clock.now_ms() - kept.first_ms >= side.world.options.prune_after_ms:
            del side.world.things.kept[key]
            return None
        if kept.question != self._question():
            raise refusals.other_parameters(key)
        self.entry["replayed"] = True
        headers = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
        return Answer(kept.status, kept.body, headers)

    def _hold(self, side: Side) -> None:
        """Judge the parameters, then take the key and the objects.

        Raises:
            Refusal: For wrong parameters (nothing is begun), or when another request holds them.
        """
        route = self.route
        if route is None or self.key is None:
            raise RuntimeError("a request is matched before it holds anything")
        self.params = route.read(self.decoded)
        if route.method == "POST" and {"refund_amount", "refunds"} & self.params.keys():
            require_permission(self.key, "charge:write")
        self.locks = tuple(route.locks(side.world, self.ids, self.params))
        if side.locked & set(self.locks):
            raise refusals.locked()
        side.locked.update(self.locks)
        side.limits.begin(self.entry["route"])
        self.holding = True
        if self._idempotency_key is not None:
            side.in_flight.add(self._idempotency_key)

    # --- Doing it ---------------------------------------------------------------------------------

    def _execute(self) -> None:
        side = self._side()
        planned = next((f for f in self._planned(BEFORE) if _is_kept(f)), None)
        if planned is not None:
            answer = self._as_answer(planned.refusal() or refusals.broken())
            self._keep(side, answer)
        else:
            answer = self._carried_out(side)
        self._let_go(side)
        self._leave(answer)

    def _carried_out(self, side: Side) -> Answer:
        world = side.world
        world.context = (self.request_id, self._idempotency_key)
        refusal: Refusal | None = None
        try:
            result = api.carried_out(world, self._route(), self.ids, self.params)
            answer = Answer(200, json.dumps(result, indent=2).encode())
            self.entry |= {"executed": True, "answer_id": result.get("id")}
        except Refusal as raised:
            refusal = raised
            answer = self._as_answer(refusal)
        except Exception as error:  # noqa: BLE001 - a defect of ours must reach the test that caused it
            self.office.defects.append(f"{self.request.method} {self.request.path}: {error!r}")
            return self._as_answer(refusals.broken())
        finally:
            world.context = (None, None)
        unsaved = any(f.kind == "error_unsaved" for f in self._planned(AFTER))
        if (refusal is None or refusal.saved) and not unsaved:
            self._keep(side, self._saved_error() or answer)
        return answer

    def _route(self) -> api.Route:
        if self.route is None:
            raise RuntimeError("a request is matched before it is carried out")
        return self.route

    def _saved_error(self) -> Answer | None:
        """The error that the key keeps though the request was carried out."""
        if any(fault.kind == "error_saved" for fault in self._planned(AFTER)):
            return self._as_answer(refusals.broken())
        return None

    def _keep(self, side: Side, answer: Answer) -> None:
        if self._idempotency_key is None:
            return
        side.world.things.kept[self._idempotency_key] = KeptAnswer(
            self._question(),
            side.world.clock.now_ms(),
            answer.status,
            answer.body,
            self.request_id,
        )

    def _let_go(self, side: Side) -> None:
        if self.holding:
            side.locked.difference_update(self.locks)
            side.limits.end(self.entry["route"])
            side.in_flight.discard(self._idempotency_key or "")
            self.holding = False

    # --- Answering --------------------------------------------------------------------------------

    def _leave(self, answer: Answer) -> None:
        """Answer, or what a planned fault makes of it."""
        self._meanwhile(AFTER)
        for fault in self._planned(AFTER):
            answer = self._spoiled(answer, fault)
        wait = sum(fault.seconds for fault in self._planned(AFTER) if fault.kind == "delay")
        if wait:
            self.later(wait, lambda: self._answer(answer))
        else:
            self._answer(answer)

    def _spoiled(self, answer: Answer, fault: Fault) -> Answer:
        if fault.kind in WIRE:
            answer.wire = fault.kind
        elif fault.kind == "altered":
            changed = json.loads(answer.body) | fault.change
            answer.body = json.dumps(changed, indent=2).encode()
        elif page := fault.page():
            return Answer(*page, headers={"Content-Type": "text/html"})
        elif (refusal := fault.refusal()) is not None:
            return self._as_answer(refusal)
        return answer

    def _as_answer(self, refusal: Refusal) -> Answer:
        self.entry["code"] = refusal.code or refusal.kind
        return Answer(refusal.status, refusal.body(self.request_id), dict(refusal.headers))

    def _refuse(self, refusal: Refusal) -> None:
        self._answer(self._as_answer(refusal))

    def _answer(self, answer: Answer) -> None:
        if answer.wire == "broken_json":
            answer = Answer(200, answer.body[: len(answer.body) * 2 // 3], answer.headers)
        usual = {
            "Content-Type": "application/json",
            "Request-Id": self.request_id,
            "Stripe-Version": API_VERSION,
        }
        if self._idempotency_key is not None:
            usual["Idempotency-Key"] = self._idempotency_key
        answer.headers = usual | answer.headers
        self.entry["status"] = None if answer.wire else answer.status
        self.send(answer)


def _is_kept(fault: Fault) -> bool:
    """Whether the fault's answer is kept for the key: it was begun, and nothing was done."""
    return fault.kind in {"error_saved", "card_declined"}
