"""The line to Stripe: the right key for the right side, one request at a time, each at its turn.

Reads are repeated by the one retry policy, and wait their turn again when a limit was met. A write
is one request, whatever comes of it: its caller decides. The library's own retries are off. What
leaves this module is plain values and our own errors; no exception carries the key, the library's
error or the body of an answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe

from connectors.billing import LimitReached
from connectors.billing._moments import SharedTurns
from connectors.billing._outcomes import Reply, failed_read, failed_write, reply_of
from connectors.billing._pace import SECOND_NS, Pace, shared_pace
from connectors.errors import ConnectorError, Misconfigured, Retriable
from connectors.retry import with_retries
from models.workspace_file import BillingMode

STRIPE_VERSION = "2026-10-28.endive"
"""Pinned: another version may divide notes otherwise, or name things otherwise."""

ADDRESS = "https://api.stripe.com"
KEY = re.compile(r"(?P<kind>sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]+", re.ASCII)
KEY_VARIABLE = "MAKEGOOD_STRIPE_KEY"
ADDRESS_VARIABLE = "MAKEGOOD_STRIPE_URL"

CONNECT_S = 5
ANSWER_S = 30
MOST_CONNECTIONS = 64
PAGE = 100
LIMIT_WAITS = 8
"""How often a read that met a limit waits for another turn."""

TOO_LATE_NS = 10 * SECOND_NS
"""A write that waited so long for its turn is not sent: its caller begins anew."""

Plain = dict[str, Any]
"""An object of Stripe's as plain values."""

Call = Callable[[], stripe.StripeObject]
PageCall = Callable[[dict[str, Any]], stripe.ListObject[Any]]
Classed = Callable[[Reply, str], ConnectorError]

stripe.enable_telemetry = False  # Otherwise it writes an id below the home folder.


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer.

    Attributes:
        body: The object.
        request: Stripe's id of the request.
        replayed: It is the stored answer to an earlier request under the same idempotency key.
    """

    body: Plain
    request: str
    replayed: bool


def awake_ns() -> int:
    """Nanoseconds since the machine started, the time that it slept included."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock)


class Connection:
    """One account on one side, over one pool of connections; safe to share between threads."""

    def __init__(
        self,
        key: str,
        *,
        mode: BillingMode,
        address: str = "",
        pace: Pace | None = None,
        shared: SharedTurns | None = None,
        sleep: Callable[[Any], None] = time.sleep,
        awake: Callable[[], int] = awake_ns,
    ) -> None:
        """Check key and address; nothing is asked yet.

        Args:
            key: A restricted or secret key of that side.
            mode: The side of the account.
            address: Another address than Stripe's own, for tests; "" for Stripe's.
            pace: The turns to keep to; None shares one with all connections of the same key.
            shared: Where all processes take their turns that use this account; None for alone.
            sleep: Waits so many seconds between two tries of a read.
            awake: A clock that counts while the machine sleeps.

        Raises:
            Misconfigured: The key is none, or of the other side, or the address is not safe.
        """
        require_key(key, mode)
        base = require_address(address) if address else ADDRESS
        self.live = mode is BillingMode.LIVE
        self._sleep = sleep
        self._awake = awake
        self._pace = pace or shared_pace(key, base, live=self.live)
        self._moments = self._pace.moments(shared, f"stripe/{mode.value}") if shared else None
        self._session = _session()
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            stripe_version=STRIPE_VERSION,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(CONNECT_S, ANSWER_S), session=self._session),
        )

    @property
    def v1(self) -> Any:  # noqa: ANN401 - parameters come from stored intents, as plain values
        """The library's services."""
        return self._client.v1

    def close(self) -> None:
        """Let go of every connection."""
        self._session.close()

    def read(self, endpoint: str, call: Call) -> Plain:
        """Ask for one object, as often as the retry policy allows.

        Args:
            endpoint: Method and address template, which limits are counted by.
            call: Sends the request.

        Raises:
            Retriable: Stripe could not be asked.
            Permanent: Stripe refuses.
            Misconfigured: The key is wrong, or the answer is of the other side.
        """
        answer = with_retries(lambda: self._patient(endpoint, call), sleep=self._sleep)
        return self._of_our_side(answer.body)

    def pages(
        self, endpoint: str, call: PageCall, params: Mapping[str, Any] | None = None
    ) -> Iterator[Plain]:
        """Every object of a list, page by page, newest first.

        Args:
            endpoint: As in `read`.
            call: Sends the request for a page with these parameters.
            params: The list's filters.

        Raises:
            Retriable: Stripe could not be asked; also when a page leads nowhere.
            Permanent: Stripe refuses.
            Misconfigured: The key is wrong, or an answer is of the other side.
        """
        asked = {**(params or {}), "limit": PAGE}
        while True:
            wanted = dict(asked)
            page = self.read(endpoint, lambda wanted=wanted: call(wanted))  # type: ignore[misc]  # bound at once
            yield from (self._of_our_side(one) for one in page["data"])
            if not page["has_more"]:
                return
            if not page["data"] or asked.get("starting_after") == page["data"][-1]["id"]:
                raise Retriable(f"stripe {endpoint}: a page that leads nowhere. Try again later.")
            asked["starting_after"] = page["data"][-1]["id"]

    def write(self, endpoint: str, where: str, call: Call) -> Answer:
        """Send one request that changes something.

        Args:
            endpoint: As in `read`.
            where: The part's key, for messages.
            call: Sends the request, always the same bytes under the same idempotency key.

        Raises:
            Retriable: Nothing was changed: a limit was met again and again, or the turn came too
                late.
            Permanent: Refused, nothing was changed.
            OutcomeUnknown: It may have been done.
            Misconfigured: The key is wrong; nothing was changed.
        """
        deadline = self._awake() + TOO_LATE_NS
        return _good(self._at_its_turn(endpoint, where, call, failed_write, deadline))

    def _patient(self, endpoint: str, call: Call) -> Answer:
        """Ask again, at the next turn, while nothing but a limit stands in the way."""
        for _ in range(LIMIT_WAITS):
            outcome = self._at_its_turn(endpoint, endpoint, call, failed_read)
            if not isinstance(outcome, LimitReached):
                return _good(outcome)
        return _good(self._at_its_turn(endpoint, endpoint, call, failed_read))

    def _at_its_turn(
        self,
        endpoint: str,
        where: str,
        call: Call,
        classed: Classed,
        deadline_ns: int | None = None,
    ) -> Answer | ConnectorError:
        with self._pace.turn(endpoint, self._moments):
            if deadline_ns is not None and self._awake() > deadline_ns:
                return Retriable(
                    f"stripe {where}: its turn came more than {TOO_LATE_NS // SECOND_NS} s late; "
                    "nothing was sent. Begin again."
                )
            outcome = _tried(call)
        if isinstance(outcome, Answer):
            self._pace.went_well(endpoint)
            return outcome
        failure = classed(outcome, where)
        if isinstance(failure, LimitReached):
            self._pace.limited(
                endpoint, reason=failure.reason, wait_ms=failure.wait_ms, moments=self._moments
            )
        return failure

    def _of_our_side(self, thing: Plain) -> Plain:
        """The thing, unless it is of the other side of the account.

        Raises:
            Misconfigured: It is.
        """
        if thing.get("livemode", self.live) is self.live:
            return thing
        here, there = ("live", "test") if self.live else ("test", "live")
        raise Misconfigured(
            f"stripe {thing.get('id')}: is of the {there} side, the workspace names {here}. "
            f"Mend {KEY_VARIABLE} or billing.mode; nothing was changed."
        )


def _tried(call: Call) -> Answer | Reply:
    """Send one request: the answer, or what came instead."""
    try:
        told = call()
        body: object = told.to_dict()
        headers = told.last_response.headers if told.last_response else {}
    except Exception as error:  # noqa: BLE001 - after a write every failure is an unknown outcome
        return reply_of(error)
    if not isinstance(body, dict):
        return Reply(status=200, says="no object")
    replayed = headers.get("Idempotent-Replayed") == "true"
    return Answer(body, str(headers.get("Request-Id", "")), replayed)


def _good(outcome: Answer | ConnectorError) -> Answer:
    """The answer; a failure is raised here and not where the library failed.

    So the library's error, which holds headers and bodies, is no part of ours.
    """
    if isinstance(outcome, ConnectorError):
        raise outcome
    return outcome


def require_key(key: str, mode: BillingMode) -> None:
    """Refuse a key that is none, or of the other side; the message never shows it.

    Raises:
        Misconfigured: It cannot be used.
    """
    match = KEY.fullmatch(key)
    if match is None:
        raise Misconfigured(
            f"{KEY_VARIABLE}: is no key of Stripe's for programs; one that begins with "
            f"rk_{mode.value}_ was expected. Make a restricted key, as "
            "connectors/billing/README.md describes."
        )
    if match["mode"] != mode.value:
        raise Misconfigured(
            f"{KEY_VARIABLE}: is a {match['mode']} key, the workspace names {mode.value}; "
            f"the two are never mixed. Give a key that begins with rk_{mode.value}_, or change "
            "billing.mode in makegood.yaml. Nothing was asked or sent."
        )


def require_address(address: str) -> str:
    """An address that a key may be sent to: https, or this machine alone.

    Raises:
        Misconfigured: It is another one.
    """
    parts = urlsplit(address)
    bare = not (parts.username or parts.query or parts.fragment) and parts.path in {"", "/"}
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))
    if not (bare and safe and parts.hostname):
        raise Misconfigured(
            f"{ADDRESS_VARIABLE}: must be https://host, or http:// on this machine alone, without "
            "path, name or password. Remove it to use Stripe's own address."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _session() -> requests.Session:
    """Connections that follow nobody elsewhere and never take a password from a file."""
    session = requests.Session()
    session.max_redirects = 0
    session.auth = _as_it_is
    adapter = requests.adapters.HTTPAdapter(
        pool_connections=1, pool_maxsize=MOST_CONNECTIONS, max_retries=0
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the header that was given: `requests` would replace it by what `~/.netrc` says."""
    return request
