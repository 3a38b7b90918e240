"""The webhook receiver: what Stripe tells, verified, stored once, and only then acknowledged.

    MAKEGOOD_WORKSPACE=books MAKEGOOD_STRIPE_WEBHOOK_SECRETS=whsec_... \
        uvicorn deployments.webhooks:create_app --factory

It stores and does nothing else: `makegood reconcile` reads what was told. Whoever cannot sign is
told nothing but that they were refused. Neither secrets nor bodies are ever written to a log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.billing.stripe import UnsignedError, envelope_of, require_signed
from connectors.errors import ConnectorError, Permanent
from connectors.store import Store, VendorEvent
from connectors.store.sql import open_store
from flows.office import database_url, read_terms
from flows.settings import STRIPE_WEBHOOK_SECRETS, WORKSPACE, held
from models.findings import refuse
from models.workspace_file import BillingKind, BillingMode

STRIPE = "stripe"
PATH = "/webhooks/stripe"
SIGNATURE = "Stripe-Signature"

MOST_BYTES = 1_000_000
"""Stripe's events are a few kilobytes; an invoice with hundreds of lines stays well below this."""

MOST_SECONDS = 10
"""How long a body may take to arrive; Stripe gives up on an answer after as much."""

LOG = logging.getLogger("makegood.webhooks")

Clock = Callable[[], int]


def present_ms() -> int:
    """The present instant by this host's clock."""
    return time.time_ns() // 1_000_000


class OversizedError(Exception):
    """A body is larger than any event."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes events in.

    Attributes:
        store: Opens the store, once the server runs.
        secrets: The endpoint's secrets; none is empty.
        mode: The side of the account that the workspace works on.
        clock: The present instant.
    """

    store: Callable[[], Store]
    secrets: Sequence[str]
    mode: BillingMode
    clock: Clock = present_ms

    async def receive(self, request: Request) -> Response:
        """Verify, store, acknowledge; the same event again is acknowledged and not stored again."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                body = await _whole_body(request)
        except OversizedError:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it is too large")
        except (TimeoutError, ClientDisconnect):
            return _refused(HTTPStatus.REQUEST_TIMEOUT, "its body did not arrive")
        try:
            event = self._verified(body, request.headers.get(SIGNATURE, ""))
        except UnsignedError:
            return _refused(HTTPStatus.BAD_REQUEST, "its signature is not one of ours")
        except Permanent:
            return _refused(HTTPStatus.BAD_REQUEST, "it is signed, and no event")
        return await run_in_threadpool(self._stored, event)

    def _verified(self, body: bytes, header: str) -> VendorEvent:
        """The event, once its signature has been found right.

        Raises:
            UnsignedError: It is not.
            Permanent: What is signed is no event.
        """
        require_signed(body, header, secrets=self.secrets, now=self.clock())
        envelope = envelope_of(body)
        return VendorEvent(
            vendor=STRIPE,
            id=envelope.id,
            kind=envelope.kind,
            created_at=envelope.created_at,
            body=body.decode(),
            quarantined=self._quarantine(live=envelope.live),
        )

    def _quarantine(self, *, live: bool) -> str:
        """Why an event of the account's other side is not used; it is kept all the same."""
        side = BillingMode.LIVE if live else BillingMode.TEST
        return (
            "" if side is self.mode else f"is {side.value}, and the workspace is {self.mode.value}"
        )

    def _stored(self, event: VendorEvent) -> Response:
        try:
            is_new = self.store().store_event(event)
        except ConnectorError as error:
            # Without the traceback: a database's own error may repeat the whole body.
            LOG.warning("%s could not be stored, Stripe will send it again: %s", event.id, error)
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        LOG.info("%s %s %s", event.id, event.kind, "stored" if is_new else "was known")
        return Response(status_code=HTTPStatus.OK)


def create_app() -> Starlette:
    """The receiver of the workspace and the secrets that the environment names.

    Raises:
        UnusableInputError: The workspace cannot be used or books elsewhere, or there is no secret.
    """
    folder = Path(held(WORKSPACE) or ".")
    workspace, _, _ = read_terms(folder)
    mode = workspace.billing.mode
    if workspace.billing.kind is not BillingKind.STRIPE or mode is None:
        raise refuse(
            str(folder / "makegood.yaml"),
            "does not book at Stripe",
            field="billing",
            expected="a workspace that does, so that its events mean something",
            remedy="Write billing: {kind: stripe, mode: test}, or name another workspace.",
        )
    url = database_url(folder, workspace)
    secrets = secrets_of(held(STRIPE_WEBHOOK_SECRETS))
    return receiving(lambda: open_store(url, lazily=True), secrets=secrets, mode=mode)


def secrets_of(given: str) -> tuple[str, ...]:
    """The endpoint's secrets, separated by commas or spaces; two while one replaces the other.

    Raises:
        UnusableInputError: There is none.
    """
    secrets = tuple(filter(None, re.split(r"[,\s]+", given)))
    if not secrets:
        raise refuse(
            STRIPE_WEBHOOK_SECRETS,
            "is not set",
            expected="the secret of the webhook endpoint, as Stripe shows it (whsec_...)",
            remedy="Put it into the environment; two, separated by a comma, while it is rolled.",
        )
    return secrets


def receiving(
    opened: Callable[[], Store],
    *,
    secrets: Sequence[str],
    mode: BillingMode,
    clock: Clock = present_ms,
) -> Starlette:
    """The application around a store that is opened when the server starts."""
    stores: list[Store] = []

    @asynccontextmanager
    async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
        stores.append(await run_in_threadpool(opened))
        try:
            yield
        finally:
            await run_in_threadpool(stores.pop().close)

    receiver = Receiver(lambda: stores[0], secrets, mode, clock)
    return Starlette(routes=[Route(PATH, receiver.receive, methods=["POST"])], lifespan=_lifespan)


async def _whole_body(request: Request) -> bytes:
    """The body, read no further than an event may be long.

    Raises:
        OversizedError: It is longer, or says so.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MOST_BYTES:
        raise OversizedError
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise OversizedError
    return bytes(body)


def _refused(status: HTTPStatus, why: str) -> Response:
    LOG.warning("an event was refused: %s", why)
    return Response(status_code=status)
