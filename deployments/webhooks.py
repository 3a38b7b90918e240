"""The webhook receiver: what Stripe and monitors tell, verified, stored once, then acknowledged.

    MAKEGOOD_WORKSPACE=books MAKEGOOD_STRIPE_WEBHOOK_SECRETS=whsec_... \
        uvicorn deployments.webhooks:create_app --factory

It stores and does nothing else: `makegood reconcile` reads what Stripe told, the guard what
monitors did (`deployments/intake.py`). Whoever cannot sign is told nothing but that they were
refused. Neither secrets nor bodies are ever written to a log.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.billing.stripe import UnsignedError, envelope_of, require_signed
from connectors.errors import ConnectorError, Permanent
from connectors.store import Store, VendorEvent
from connectors.store.sql import open_store
from deployments.bodies import OversizedError, whole_body
from deployments.intake import PATH as ALERTS_PATH
from deployments.intake import Door, Intake, doors_of_environment
from deployments.webhook_description import DESCRIPTION
from flows.office import database_url, read_terms
from flows.settings import STRIPE_WEBHOOK_SECRETS, WORKSPACE, held
from models.findings import refuse
from models.workspace_file import BillingKind, BillingMode

STRIPE = "stripe"
PATH = "/webhooks/stripe"
DESCRIPTION_PATH = "/webhooks/openapi.json"
SIGNATURE = "Stripe-Signature"

LOG = logging.getLogger("makegood.webhooks")

Clock = Callable[[], int]


def present_ms() -> int:
    """The present instant by this host's clock."""
    return time.time_ns() // 1_000_000


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
            body = await whole_body(request)
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
        UnusableInputError: The workspace cannot be used, nobody sends anything to it, or a secret
            is missing.
    """
    folder = Path(held(WORKSPACE) or ".")
    workspace, _, _ = read_terms(folder)
    mode = workspace.billing.mode
    books_at_stripe = workspace.billing.kind is BillingKind.STRIPE and mode is not None
    doors = doors_of_environment(workspace.incidents)
    if not (books_at_stripe or doors):
        raise refuse(
            str(folder / "makegood.yaml"),
            "does not book at Stripe, and names no webhooks of incidents",
            field="billing",
            expected="a workspace that does either, so that events mean something",
            remedy="Write billing: {kind: stripe, mode: test}, or incidents: {webhooks: [...]}.",
        )
    url = database_url(folder, workspace)
    return receiving(
        lambda: open_store(url, lazily=True),
        secrets=secrets_of(held(STRIPE_WEBHOOK_SECRETS)) if books_at_stripe else (),
        mode=mode,
        doors=doors,
    )


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
    secrets: Sequence[str] = (),
    mode: BillingMode | None = None,
    doors: Mapping[str, Door] | None = None,
    clock: Clock = present_ms,
) -> Starlette:
    """The application around a store that is opened when the server starts.

    Args:
        opened: Opens the store.
        secrets: Of Stripe's endpoint; without any there is none.
        mode: The side of Stripe's account.
        doors: Of monitors; without any there are none.
        clock: The present instant.
    """
    stores: list[Store] = []
    intake = Intake(lambda: stores[0], doors or {}, clock)

    @asynccontextmanager
    async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
        stores.append(await run_in_threadpool(opened))
        try:
            async with intake.working():
                yield
        finally:
            await run_in_threadpool(stores.pop().close)

    routes = []
    if doors:
        routes += [Route(ALERTS_PATH, intake.receive, methods=["POST"])]
        routes += [Route(DESCRIPTION_PATH, _described, methods=["GET"])]
    if secrets and mode is not None:
        receiver = Receiver(lambda: stores[0], secrets, mode, clock)
        routes += [Route(PATH, receiver.receive, methods=["POST"])]
    return Starlette(routes=routes, lifespan=_lifespan)


async def _described(_request: Request) -> Response:
    return JSONResponse(DESCRIPTION)


def _refused(status: HTTPStatus, why: str) -> Response:
    LOG.warning("an event was refused: %s", why)
    return Response(status_code=status)
