"""Asking a source over HTTP: time limits, repeats, the vendor's pace, errors classed by recovery.

Every request here only reads, so whatever may succeed later is repeated by the one retry policy.
Numbers of an answer are read as decimals. No secret leaves this module: errors name method, host
and path, never a header or a query.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.retry import pause, with_retries
from models.terms import JsonValue

T = TypeVar("T")

MOST_BYTES = 512 * 1024 * 1024
"""A larger answer is refused: a query must be narrowed or asked in pages."""

TOO_MANY = 429
UNAUTHORIZED = frozenset({401, 403})
SERVER_FAILED = 500
LONGEST_WAIT_MS = 120_000
MOST_SHOWN = 300
MOST_READ = 100_000
"""So much of a refusal is looked at; a secret in it is never cut in two."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a source is asked.

    Attributes:
        place: The source's name in messages, such as `prometheus eu-prom`.
        address: Where it answers, without a slash at its end.
        timeout_seconds: How long connecting, and each piece of an answer, may take.
        headers: Sent with every request; they may hold secrets and are never shown.
        attempts: How often one question is asked at most.
        pause_ms: Waits; tests pass their own.
        secrets: What no message may show, wherever it was sent; answers may repeat it.
    """

    place: str
    address: str
    timeout_seconds: int = 30
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    attempts: int = 5
    pause_ms: Callable[[int], None] = pause
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def shown(self, text: str) -> str:
        """A text of the far side as a message may show it: on one line, short, without a secret."""
        for secret in self.secrets:
            text = text.replace(secret, "***") if secret else text
        return " ".join(text.split())[:MOST_SHOWN]

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> JsonValue:
        """Ask with GET; see `ask`."""
        return self.ask("GET", path, params=params)

    def post_form(self, path: str, form: Mapping[str, Any]) -> JsonValue:
        """Ask with POST and a form, where a query is too long for an address; see `ask`."""
        return self.ask("POST", path, form=form)

    def text(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """Ask with GET for text in UTF-8, such as a calendar; see `ask`.

        Raises:
            Retriable: As `ask`; also an answer that is no text, which may be cut.
            Misconfigured: As `ask`.
            Permanent: As `ask`.
        """
        return with_retries(
            lambda: self._once("GET", path, _decoded, params=params), attempts=self.attempts
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        body: JsonValue = None,
    ) -> JsonValue:
        """The JSON answer, decimals exact; asked again while that may help.

        Raises:
            Retriable: No answer, or none that can be used, several times over.
            Misconfigured: The credentials are wrong or may not do this.
            Permanent: The question was refused, or the answer is too large.
        """
        return with_retries(
            lambda: self._once(method, path, _parsed, params=params, form=form, body=body),
            attempts=self.attempts,
        )

    def _once(
        self,
        method: str,
        path: str,
        understood: Callable[[str, bytes], T],
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        body: JsonValue = None,
    ) -> T:
        where = f"{self.place}: {method} {urlsplit(self.address).netloc}{path}"
        content = None if body is None else json.dumps(body).encode()
        sent = {"headers": dict(self.headers), "params": params, "data": form, "content": content}
        try:
            with (
                httpx.Client(
                    timeout=self.timeout_seconds, trust_env=False, verify=_believed()
                ) as client,
                client.stream(method, self.address + path, **sent) as answer,  # type: ignore[arg-type]  # One mapping for all.
            ):
                return self._read(where, answer, understood)
        except httpx.HTTPError as error:
            message = f"{where}: {type(error).__name__}. It may answer later; nothing was changed."
            raise Retriable(message) from None

    def _read(self, where: str, answer: httpx.Response, understood: Callable[[str, bytes], T]) -> T:
        text = _bounded(where, answer)
        if answer.is_success:
            return understood(where, text)
        if answer.status_code == TOO_MANY:
            self.pause_ms(_asked_to_wait_ms(answer))
        words = self.shown(text[:MOST_READ].decode(errors="replace"))
        raise _classed(where, answer.status_code, words)


def authorization(
    *, token: str = "", user: str | None = None, password: str = ""
) -> dict[str, str]:
    """The header of somebody who logs in, else of a bearer token; none for neither.

    >>> authorization(user="Aladdin", password="open sesame")
    {'Authorization': 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='}
    """
    if user is not None:
        return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


@cache
def _believed() -> ssl.SSLContext:
    """Whom we believe; made once, because reading all certificates takes longer than an answer."""
    return httpx.create_ssl_context()


def _bounded(where: str, answer: httpx.Response) -> bytes:
    pieces, length = [], 0
    for piece in answer.iter_bytes():
        length += len(piece)
        if length > MOST_BYTES:
            message = (
                f"{where}: the answer is larger than {MOST_BYTES} bytes. Ask for less at once."
            )
            raise Permanent(message)
        pieces.append(piece)
    return b"".join(pieces)


def _parsed(where: str, text: bytes) -> JsonValue:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        message = f"{where}: the answer is no JSON ({len(text)} bytes). It may be cut; ask again."
        raise Retriable(message) from None


def _decoded(where: str, text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"{where}: the answer is no text in UTF-8 ({len(text)} bytes). Ask again."
        raise Retriable(message) from None


def _asked_to_wait_ms(answer: httpx.Response) -> int:
    told = answer.headers.get("Retry-After", "")
    return min(int(told) * 1000, LONGEST_WAIT_MS) if told.isdecimal() else 0


def _classed(where: str, status: int, words: str) -> ConnectorError:
    message = f"{where}: answered {status}: {words}"
    if status in UNAUTHORIZED:
        return Misconfigured(
            f"{message} Check the credentials and what they may read.", status=status
        )
    if status == TOO_MANY or status >= SERVER_FAILED:
        return Retriable(f"{message} It may answer later.", status=status)
    return Permanent(f"{message} Correct the source in makegood.yaml.", status=status)
