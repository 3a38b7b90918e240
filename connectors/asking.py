"""Asking a source over HTTP: time limits, repeats, the vendor's pace, errors classed by recovery.

Every request here only reads, so whatever may succeed later is repeated by the one retry policy.
Numbers of an answer are read as decimals. No secret leaves this module: errors name method, host
and path, never a header or a query.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, quote_plus, urlsplit

import httpx

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.retry import pause, with_retries
from models.terms import JsonValue

T = TypeVar("T")

MOST_BYTES = 512 * 1024 * 1024
"""A larger answer is refused: a query must be narrowed or asked in pages."""

TIMED_OUT, TOO_MANY, UNAVAILABLE = 408, 429, 503
UNAUTHORIZED = frozenset({401, 403})
SERVER_FAILED = 500
LONGEST_WAIT_MS = 120_000
MOST_DIGITS = 9
SECOND = timedelta(seconds=1)
MOST_SHOWN = 300
MOST_READ = 100_000
"""So much of a refusal is looked at; a secret in it is never cut in two."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, and how long the far side wants us to wait before we ask it again.

    Attributes:
        method: GET or POST.
        path: Seen from the source's address.
        sent: What the HTTP client is to send along.
        waits: In milliseconds; empty once they were waited out.
    """

    method: str
    path: str
    sent: Mapping[str, Any] = field(repr=False)
    waits: list[int] = field(default_factory=list)


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
        for form in sorted(_forms(self.secrets), key=len, reverse=True):
            text = text.replace(form, "***")
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
        return self._asked(_Question("GET", path, {"params": params}), _decoded)

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
        content = None if body is None else json.dumps(body).encode()
        sent = {"params": params, "data": form, "content": content}
        return self._asked(_Question(method, path, sent), exact_json)

    def _asked(self, question: _Question, understood: Callable[[str, bytes], T]) -> T:
        where = f"{self.place}: {question.method} {_host(self.place, self.address)}{question.path}"

        def once() -> T:
            """One attempt, not before the time that the answer before it asked for."""
            while question.waits:
                self.pause_ms(question.waits.pop())
            return self._once(where, question, understood)

        return with_retries(once, attempts=self.attempts)

    def _once(self, where: str, question: _Question, understood: Callable[[str, bytes], T]) -> T:
        address, headers = self.address + question.path, dict(self.headers)
        try:
            with (
                httpx.Client(
                    timeout=self.timeout_seconds, trust_env=False, verify=_believed()
                ) as client,
                client.stream(question.method, address, headers=headers, **question.sent) as answer,
            ):
                return self._read(where, answer, understood, question.waits)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError) as error:
            message = f"{where}: cannot be asked: {type(error).__name__}. Correct the source's"
            raise Misconfigured(
                f"{message} address, and look for line ends and foreign letters in its secrets."
            ) from None
        except httpx.HTTPError as error:
            _raise_classed(where, error)

    def _read(
        self,
        where: str,
        answer: httpx.Response,
        understood: Callable[[str, bytes], T],
        waits: list[int],
    ) -> T:
        text = _bounded(where, answer)
        if answer.is_success:
            return understood(where, text)
        if answer.status_code in {TOO_MANY, UNAVAILABLE}:
            waits.append(_asked_to_wait_ms(answer))
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


def exact_json(where: str, text: bytes) -> JsonValue:
    """The JSON of an answer, decimals exact.

    Raises:
        Retriable: It is none, so it may be cut.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        message = f"{where}: the answer is no JSON ({len(text)} bytes). It may be cut; ask again."
        raise Retriable(message) from None


@cache
def _believed() -> ssl.SSLContext:
    """Whom we believe; made once, because reading all certificates takes longer than an answer."""
    return httpx.create_ssl_context()


def _host(place: str, address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        message = f"{place}: the address is none. Correct the source in makegood.yaml."
        raise Misconfigured(message) from None


def _forms(secrets: tuple[str, ...]) -> Iterator[str]:
    """Every secret as it is, and as JSON, an address and a form would write it."""
    for secret in filter(None, secrets):
        yield from {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}


def _raise_classed(where: str, error: httpx.HTTPError) -> NoReturn:
    """There was no whole answer.

    Raises:
        Misconfigured: We do not believe who answers.
        Retriable: Anything else.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"{where}: its certificate is not believed: {cause.verify_message}."
            raise Misconfigured(f"{message} Nothing was asked.") from None
        cause = cause.__cause__ or cause.__context__
    message = f"{where}: {type(error).__name__}. It may answer later; nothing was changed."
    raise Retriable(message) from None


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


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON and would be floats."""
    raise ValueError(name)


def _decoded(where: str, text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"{where}: the answer is no text in UTF-8 ({len(text)} bytes). Ask again."
        raise Retriable(message) from None


def _asked_to_wait_ms(answer: httpx.Response) -> int:
    """How long `Retry-After` asks us to wait: seconds, or a date by the far side's own clock."""
    told = answer.headers.get("Retry-After", "")
    if told.isdecimal():
        seconds = int(told) if len(told) <= MOST_DIGITS else LONGEST_WAIT_MS
        return min(seconds * 1000, LONGEST_WAIT_MS)
    until = _date(told)
    if until is None:
        return 0
    since = _date(answer.headers.get("Date", "")) or datetime.now(UTC)
    return max(0, min((until - since) // SECOND * 1000, LONGEST_WAIT_MS))


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _classed(where: str, status: int, words: str) -> ConnectorError:
    message = f"{where}: answered {status}: {words}"
    if status in UNAUTHORIZED:
        return Misconfigured(
            f"{message} Check the credentials and what they may read.", status=status
        )
    if status in {TIMED_OUT, TOO_MANY} or status >= SERVER_FAILED:
        return Retriable(f"{message} It may answer later.", status=status)
    return Permanent(f"{message} Correct the source in makegood.yaml.", status=status)
