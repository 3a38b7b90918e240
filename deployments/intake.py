"""The intake of alerts: checked, stored once, and only then answered with 202.

It stores and does nothing else: the guard reads what is stored. Requests that wait at the same
moment are stored in one transaction, so that the database's commits do not limit how many come.
Whoever cannot prove who they are is told nothing else. Neither secrets nor bodies are logged.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from connectors.alerts import (
    Reader,
    UnreadableError,
    alertmanager,
    better_stack,
    datadog,
    generic,
    read,
    uptimerobot,
)
from connectors.billing.stripe import UnsignedError, require_signed
from connectors.errors import ConnectorError, Permanent
from connectors.store import Arrival, Store
from deployments.bodies import OversizedError, whole_body
from flows.settings import held
from models.findings import Finding, UnusableInputError
from models.incidents.signal import Signal, ahead_of
from models.incidents.terms import IncidentTerms, WebhookKind

READERS: Mapping[WebhookKind, Reader] = {
    WebhookKind.UPTIMEROBOT: uptimerobot.signals,
    WebhookKind.ALERTMANAGER: alertmanager.signals,
    WebhookKind.DATADOG: datadog.signals,
    WebhookKind.BETTER_STACK: better_stack.signals,
    WebhookKind.GENERIC: generic.signals,
}

PATH = "/webhooks/alerts/{source}"
SIGNATURE = "Makegood-Signature"
SECRET = "X-Makegood-Secret"  # noqa: S105  The header's name.
FORM = "application/x-www-form-urlencoded"

SHORTEST_SECRET = 16
"""Characters; a shorter one can be guessed."""

MOST_WAITING = 2_000
"""Requests that wait to be stored; more are sent away to come again."""

MOST_AT_ONCE = 500
"""Requests that are stored in one transaction."""

COME_AGAIN = {"Retry-After": "1"}

LOG = logging.getLogger("makegood.webhooks")


@dataclass(frozen=True, slots=True)
class Door:
    """Where one sender is let in.

    Attributes:
        source: Its id in the workspace.
        reader: How it writes.
        secrets: What it proves itself with; two while one replaces the other.
    """

    source: str
    reader: Reader
    secrets: tuple[str, ...]


def doors_of(terms: IncidentTerms, environment: Mapping[str, str]) -> dict[str, Door]:
    """A door for every sender of the workspace, by its id.

    Raises:
        UnusableInputError: A secret is missing or too short; all of them are named.
    """
    doors, findings = {}, []
    for source in terms.webhooks:
        name = source.secret_name("WEBHOOK_SECRETS")
        secrets = tuple(environment.get(name, "").replace(",", " ").split())
        doors[source.id] = Door(source.id, READERS[source.kind], secrets)
        if not secrets or min(map(len, secrets)) < SHORTEST_SECRET:
            findings.append(_secret_missing(name, given=bool(secrets)))
    if findings:
        raise UnusableInputError(findings)
    return doors


def _secret_missing(name: str, *, given: bool) -> Finding:
    return Finding(
        place=name,
        fact="is too short" if given else "is not set",
        expected=f"a secret of at least {SHORTEST_SECRET} characters",
        remedy="Make one with `openssl rand -hex 24`, and give the same one to the sender.",
    )


@dataclass(slots=True)
class _Waiting:
    """One request that waits to be stored."""

    arrivals: Sequence[Arrival]
    answer: asyncio.Future[tuple[bool, ...]]


class Intake:
    """Takes alerts in, in one process; several may share one database."""

    def __init__(
        self, store: Callable[[], Store], doors: Mapping[str, Door], clock: Callable[[], int]
    ) -> None:
        """Take what opened the store, the doors, and the present instant."""
        self._store, self._doors, self._clock = store, doors, clock
        self._waiting: list[_Waiting] = []
        self._comes = asyncio.Event()

    async def receive(self, request: Request) -> Response:
        """Check, read, store, answer."""
        door = self._doors.get(request.path_params["source"])
        signature = request.headers.get(SIGNATURE)
        if door is None or (signature is None and not knows_secret(request.headers, door.secrets)):
            return _refused(HTTPStatus.UNAUTHORIZED, "it does not prove who sends it")
        try:
            body = await whole_body(request)
            if signature is not None:
                require_signed(body, signature, secrets=door.secrets, now=self._clock())
        except OversizedError:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it is too large")
        except (TimeoutError, ClientDisconnect):
            return _refused(HTTPStatus.REQUEST_TIMEOUT, "its body did not arrive")
        except UnsignedError:
            return _refused(HTTPStatus.UNAUTHORIZED, "it does not prove who sends it")
        if len(self._waiting) >= MOST_WAITING:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many wait", COME_AGAIN)
        form = request.headers.get("content-type", "").partition(";")[0].strip() == FORM
        return await self._stored(door, arrivals(door, body, form=form, now=self._clock()))

    async def _stored(self, door: Door, arrived: Sequence[Arrival]) -> Response:
        answer: asyncio.Future[tuple[bool, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(arrived, answer))
        self._comes.set()
        try:
            new = await answer
        except ConnectorError as error:
            # Without the traceback: a database's own error may repeat the whole body.
            LOG.warning("an alert of %s could not be stored: %s", door.source, error)
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers=COME_AGAIN)
        apart = sum(bool(one.quarantined) for one in arrived)
        if apart:
            LOG.warning("%s: kept apart: %s", door.source, arrived[0].quarantined)
        counts = {"stored": sum(new), "known": len(new) - sum(new), "kept_apart": apart}
        return JSONResponse(counts, status_code=HTTPStatus.ACCEPTED)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Store what waits, for as long as the block lasts; what waits at its end is stored."""
        task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            while self._waiting:
                await self._store_together(self._taken())

    async def _work(self) -> None:
        while True:
            await self._comes.wait()
            self._comes.clear()
            while self._waiting:
                # Cancelling must not cut a batch off: its requests would never be answered.
                await asyncio.shield(self._store_together(self._taken()))

    def _taken(self) -> list[_Waiting]:
        taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        return taken

    async def _store_together(self, batch: Sequence[_Waiting]) -> None:
        try:
            together = [one for waiting in batch for one in waiting.arrivals]
            new = iter(await run_in_threadpool(self._store().hear, together))
            for waiting in batch:
                _answer(waiting, tuple(next(new) for _ in waiting.arrivals))
        except Permanent as error:
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            # One of them the database never takes; the others must not suffer for it.
            for waiting in batch:
                await self._store_together([waiting])
        except Exception as error:  # noqa: BLE001  Whatever it is, requests wait for an answer.
            known = isinstance(error, ConnectorError)
            for waiting in batch:
                _fail(waiting, error if known else ConnectorError(type(error).__name__))


def _answer(waiting: _Waiting, new: tuple[bool, ...]) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(new)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)


def arrivals(door: Door, body: bytes, *, form: bool, now: int) -> tuple[Arrival, ...]:
    """What a body tells, each event by itself; or the body, kept apart with the reason.

    Args:
        door: Who sent it.
        body: As it was sent.
        form: Whether it is a form.
        now: The present instant.
    """
    text = body.decode(errors="backslashreplace").replace("\0", "\\x00")
    try:
        signals = read(door.reader, body, source=door.source, form=form)
    except UnreadableError as error:
        digest = hashlib.sha256(body).hexdigest()
        return (Arrival(door.source, f"unread {digest}", text, None, str(error)),)
    first, *others = (_arrival(signal, now) for signal in signals)
    # The text is kept once; the other events of the body refer to it.
    kept = Arrival(first.source, first.id, text, first.signal, first.quarantined)
    return (kept, *others)


def _arrival(signal: Signal, now: int) -> Arrival:
    ahead = ahead_of(signal, now)
    if ahead is None:
        return Arrival(signal.source, signal.id, "", signal)
    return Arrival(signal.source, f"ahead {signal.id}", "", None, str(ahead))


def knows_secret(headers: Headers, secrets: Sequence[str]) -> bool:
    """Whether a request brings one of the secrets: in a header of ours, as a bearer or a password.

    Every secret is compared, in the same time, whatever was found before.
    """
    given = hashlib.sha256(_given(headers).encode()).digest()
    right = [
        hmac.compare_digest(given, hashlib.sha256(secret.encode()).digest()) for secret in secrets
    ]
    return any(right)


def _given(headers: Headers) -> str:
    scheme, _, word = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return word.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(word, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return headers.get(SECRET, "")


def _refused(status: HTTPStatus, why: str, headers: Mapping[str, str] | None = None) -> Response:
    LOG.warning("an alert was refused: %s", why)
    return Response(status_code=status, headers=headers)


def doors_of_environment(terms: IncidentTerms | None) -> dict[str, Door]:
    """The doors of a workspace with the secrets that the environment holds; none without terms.

    Raises:
        UnusableInputError: As `doors_of`.
    """
    if terms is None:
        return {}
    names = [name for webhook in terms.webhooks for name in webhook.secret_names()]
    return doors_of(terms, {name: held(name) for name in names})
