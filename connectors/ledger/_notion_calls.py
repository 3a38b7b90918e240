"""The line to Notion: one request at its turn, and what its answer means for whoever asked.

Reads, queries and changes by id are repeated by the one retry policy; making a row or a database is
one request, whatever comes of it. The library's own retries are off. Numbers go out as the decimals
that they are. What leaves this module is plain values and our own errors; no exception carries the
token, the library's error or the body of an answer.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx
import simplejson
from notion_client import Client
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    Retriable,
)
from connectors.ledger._notion_pace import Line
from connectors.retry import with_retries

NOTION_VERSION = "2025-09-03"
"""Pinned: the first with data sources. A later one names the trash otherwise."""

ADDRESS = "https://api.notion.com"
TOKEN_VARIABLE = "MAKEGOOD_NOTION_TOKEN"  # noqa: S105 - the name of a variable, not a token
ADDRESS_VARIABLE = "MAKEGOOD_NOTION_URL"
TOKEN = re.compile(r"[A-Za-z0-9_-]{8,512}", re.ASCII)
TOKEN_INSIDE = re.compile(r"\b(?:ntn|secret)_[A-Za-z0-9_-]+", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")

ANSWER_MS = 30_000
TRIES = 3
MOST_LIMITS = 100
"""How often one request waits for another turn after a limit was met."""

FIRST_HOLD_S = 1
"""How long a limit that was met is left alone when Notion names no time."""

TOO_LATE_US = 10_000_000
"""What makes something is not sent when its turn came so late: its caller begins anew."""

LONGEST_MESSAGE = 300
SECOND_US = 1_000_000

LIMITED = frozenset({429, 529})
UNSETTLED = frozenset({408, 409, 425})
KEY_REFUSED = frozenset({401, 403, 404})
OK, REFUSED_FROM, FAILED_FROM = 200, 400, 500

Plain = dict[str, Any]
"""An object of Notion's as plain values; numbers as Python's own, never counted with."""


class Purpose(Enum):
    """What a request is for: asking or changing what has an id, or making something new."""

    ASK = auto()
    MAKE = auto()


class LimitReached(Retriable):
    """Notion was asked too often, and did nothing.

    Attributes:
        wait_s: How long it asks to be left alone, in seconds; None when it does not say.
    """

    def __init__(self, message: str, *, wait_s: int | None) -> None:
        # Also for a 529, so that nobody takes it for a server that failed.
        super().__init__(message, status=429)
        self.wait_s = wait_s


class NotFound(Misconfigured):
    """There is no such thing, or it is not shared with the integration."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back instead of a good answer.

    Attributes:
        status: The HTTP status; None when no whole answer came.
        sent: Whether anything may have reached Notion.
        code: Notion's code of the error; "".
        says: Notion's sentence, or the kind of failure, without any token.
        request: Notion's id of the request, for its support; "".
        wait_s: What Retry-After says, in seconds; None.
    """

    status: int | None
    sent: bool = True
    code: str = ""
    says: str = ""
    request: str = ""
    wait_s: int | None = None

    @property
    def told(self) -> str:
        """The answer in words, for a message."""
        status = "no answer" if self.status is None else f"HTTP {self.status}"
        known = [status, self.code, f"request {self.request}" if self.request else ""]
        words = ", ".join(word for word in known if word)
        return f"{words} ({self.says})" if self.says else words


class Calls:
    """Requests with one token, over one pool of connections; safe to share between threads."""

    def __init__(
        self,
        token: str,
        *,
        line: Line,
        address: str = "",
    ) -> None:
        """Check token and address; nothing is asked yet.

        Args:
            token: The integration's secret.
            line: The turns to keep to.
            address: Another address than Notion's own, for tests; "" for Notion's.

        Raises:
            Misconfigured: The token is none, or the address is not safe.
        """
        require_token(token)
        base = require_address(address) if address else ADDRESS
        self.line = line
        self._token = token
        logger = logging.getLogger("makegood.notion")
        self.client = Client(
            client=ExactHttp(verify=_believed()),
            auth=token,
            base_url=base,
            notion_version=NOTION_VERSION,
            retry=False,
            timeout_ms=ANSWER_MS,
            logger=logger,
            log_level=logging.ERROR,
        )

    def close(self) -> None:
        """Let go of every connection."""
        self.client.close()

    def ask(self, where: str, call: Callable[[], object]) -> Plain:
        """Ask, or change what has an id, as often as the retry policy allows.

        Args:
            where: What it is about, for messages.
            call: Sends the request.

        Raises:
            Retriable: Notion could not be asked.
            Permanent: Notion refuses.
            Misconfigured: The token opens nothing, or not this.
        """
        return with_retries(lambda: self._patient(where, call), attempts=TRIES, sleep=self._rest)

    def change_seen(
        self,
        where: str,
        look: Callable[[], object],
        chosen: Callable[[Plain], Callable[[], object] | None],
    ) -> bool:
        """Look at what has an id and change it at once; whoever must wait in between looks again.

        Args:
            where: What it is about, for messages.
            look: Sends the question.
            chosen: Sends the change that the answer asks for; None when it asks for none.

        Returns:
            Whether anything was to be changed.

        Raises:
            Retriable: Notion could not be asked.
            Permanent: Notion refuses.
            Misconfigured: The token opens nothing, or not this.
        """

        def _once() -> bool:
            return self._changed_seen(where, look, chosen)

        return with_retries(_once, attempts=TRIES, sleep=self._rest)

    def _changed_seen(
        self,
        where: str,
        look: Callable[[], object],
        chosen: Callable[[Plain], Callable[[], object] | None],
    ) -> bool:
        held = LimitReached(f"notion {where}: others met a limit. Try again later.", wait_s=None)
        outcome: Plain | ConnectorError = held
        for _ in range(MOST_LIMITS):
            self.line.turn(requests=2)
            outcome = self._tried(where, look, Purpose.ASK)
            if isinstance(outcome, LimitReached):
                continue
            change = chosen(self._good(outcome))
            if change is None:
                return False
            outcome = held if self.line.is_held else self._tried(where, change, Purpose.ASK)
            if not isinstance(outcome, LimitReached):
                break
        self._good(outcome)
        return True

    def _rest(self, seconds: Any) -> None:  # noqa: ANN401 - whatever the retry library counts in
        self.line.clock.sleep_us(int(seconds * SECOND_US))

    def make(self, where: str, call: Callable[[], object]) -> Plain:
        """Send one request that makes something.

        Raises:
            Retriable: Surely nothing was made: a limit was met, or the turn came too late.
            Permanent: Refused; nothing was made.
            OutcomeUnknown: It may have been made.
            Misconfigured: The token opens nothing, or not this; nothing was made.
        """
        deadline = self.line.clock.now_us() + TOO_LATE_US
        self.line.turn()
        if self.line.clock.now_us() > deadline:
            raise Retriable(f"notion {where}: its turn came late; nothing was sent. Begin again.")
        return self._good(self._tried(where, call, Purpose.MAKE))

    def _patient(self, where: str, call: Callable[[], object]) -> Plain:
        """Ask again, at the next turn, while nothing but a limit stands in the way."""
        tries = 0
        while True:
            self.line.turn()
            outcome = self._tried(where, call, Purpose.ASK)
            tries += 1
            if tries >= MOST_LIMITS or not isinstance(outcome, LimitReached):
                return self._good(outcome)

    def _tried(
        self, where: str, call: Callable[[], object], purpose: Purpose
    ) -> Plain | ConnectorError:
        outcome = _sent(call)
        if isinstance(outcome, dict):
            return outcome
        failure = classed(self._without_token(outcome), where, purpose)
        if isinstance(failure, LimitReached):
            wait_s = FIRST_HOLD_S if failure.wait_s is None else failure.wait_s
            self.line.limited(wait_s * SECOND_US)
        return failure

    def _without_token(self, reply: Reply) -> Reply:
        """The reply as it may be told, whatever the token looks like and whoever repeats it."""
        says, request = (
            text.replace(self._token, "[token]") for text in (reply.says, reply.request)
        )
        return replace(reply, says=says, request=request)

    @staticmethod
    def _good(outcome: Plain | ConnectorError) -> Plain:
        """The answer; a failure is raised here, so that the library's is no part of ours."""
        if isinstance(outcome, ConnectorError):
            raise outcome
        return outcome


class ExactHttp(httpx.Client):
    """Writes decimals into a body as they are; the library would want binary fractions."""

    def build_request(self, *args: Any, json: Any = None, **kwargs: Any) -> httpx.Request:  # noqa: ANN401 - as httpx declares it
        """See `httpx.Client.build_request`."""
        if json is None:
            return super().build_request(*args, **kwargs)
        body = simplejson.dumps(json, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
        request = super().build_request(*args, content=body.encode(), **kwargs)
        request.headers["Content-Type"] = "application/json"
        return request


@lru_cache(maxsize=1)
def _believed() -> ssl.SSLContext:
    """The certificates that this machine believes; reading them takes longer than a request."""
    return httpx.create_ssl_context()


def classed(reply: Reply, where: str, purpose: Purpose) -> ConnectorError:
    """What an answer means: the table of `README.md` beside this module."""
    place, status = f"notion {where}", reply.status
    if not reply.sent:
        return _later(reply, place)
    if status in LIMITED:
        words = f"{place}: {reply.told}; asked too often. Nothing was changed; it is tried again."
        return LimitReached(words, wait_s=reply.wait_s)
    if status in KEY_REFUSED:
        return _misconfigured(reply, place)
    if status is not None and REFUSED_FROM <= status < FAILED_FROM and status not in UNSETTLED:
        words = f"{place}: refused, {reply.told}. Nothing was changed."
        return Permanent(words, status=status)
    if purpose is Purpose.ASK:
        return _later(reply, place)
    words = f"{place}: {reply.told}; it may have been made. Rerun: it looks before it writes."
    return OutcomeUnknown(words, status=status)


def _later(reply: Reply, place: str) -> Retriable:
    return Retriable(f"{place}: {reply.told}. Try again later.", status=reply.status)


def _misconfigured(reply: Reply, place: str) -> Misconfigured:
    remedies = {
        401: f"Mend {TOKEN_VARIABLE}",
        403: "Give the integration the capabilities that connectors/ledger/README.md lists",
        404: "Share it with the integration (page menu, Connections), or restore it",
    }
    kind = NotFound if reply.status == 404 else Misconfigured  # noqa: PLR2004 - a number of HTTP
    words = f"{place}: {reply.told}. {remedies[reply.status or 401]}; nothing was changed."
    return kind(words, status=reply.status)


def _sent(call: Callable[[], object]) -> Plain | Reply:
    """Send one request: the answer, or what came instead."""
    try:
        told = call()
    except HTTPResponseError as error:
        return _reply_of(error)
    except RequestTimeoutError as error:
        # The library says no more; what it caught knows whether a connection was there at all.
        unsent = isinstance(error.__context__, httpx.ConnectTimeout | httpx.PoolTimeout)
        return Reply(status=None, sent=not unsent, says="timeout")
    except httpx.ConnectError:
        return Reply(status=None, sent=False, says="not connected")
    except Exception as error:  # noqa: BLE001 - whatever else fails after sending is unknown
        return Reply(status=None, says=type(error).__name__)
    return told if isinstance(told, dict) else Reply(status=OK, says="no object")


def _reply_of(error: HTTPResponseError) -> Reply:
    code = getattr(error.code, "value", error.code)
    return Reply(
        status=error.status,
        code="" if code == "notionhq_client_response_error" else str(code),
        says=scrubbed(str(error)),
        request=scrubbed(error.request_id or ""),
        wait_s=seconds_of(error.headers),
    )


def scrubbed(text: str) -> str:
    """A vendor's words on one line, cut, without anything like a token."""
    line = " ".join(TOKEN_INSIDE.sub("[token]", text).split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"


def seconds_of(headers: Mapping[str, str]) -> int | None:
    """What Retry-After asks for, in whole seconds as Notion writes it; None without it.

    >>> seconds_of({"retry-after": "7"}), seconds_of({"retry-after": "0.2"}), seconds_of({})
    (7, 1, None)
    """
    whole, _, part = headers.get("retry-after", "").strip().partition(".")
    if not (whole.isascii() and f"{whole}{part}".isdecimal()):
        return None
    return int(whole or 0) + (1 if part.strip("0") else 0)


def require_token(token: str) -> None:
    """Refuse a token that is none; the message never shows it.

    Raises:
        Misconfigured: It cannot be used.
    """
    if not TOKEN.fullmatch(token):
        found = "is not set" if not token else "is no token of Notion's"
        raise Misconfigured(
            f"{TOKEN_VARIABLE}: {found}; the secret of an internal integration was expected, such "
            "as ntn_ and letters. Make one as connectors/ledger/README.md describes."
        )


def require_address(address: str) -> str:
    """An address that a token may be sent to: https, or this machine alone.

    Raises:
        Misconfigured: It is another one.
    """
    parts = urlsplit(address)
    bare = not (parts.username or parts.query or parts.fragment) and parts.path in {"", "/"}
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))
    if not (bare and safe and parts.hostname):
        raise Misconfigured(
            f"{ADDRESS_VARIABLE}: must be https://host, or http:// on this machine alone, without "
            "path, name or password. Remove it to use Notion's own address."
        )
    return f"{parts.scheme}://{parts.netloc}"


def require_id(id_: str, what: str) -> str:
    """An id that may stand in a path, in Notion's own form with hyphens.

    Raises:
        Misconfigured: It is none.

    >>> require_id("0123456789ABCDEF0123456789abcdef", "the page")
    '01234567-89ab-cdef-0123-456789abcdef'
    """
    digits = id_.lower()
    if not UUID.fullmatch(digits):
        found = scrubbed(repr(id_[:50]))
        raise Misconfigured(f"notion: the id of {what} is {found}; a UUID was expected.")
    bare = digits.replace("-", "")
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
