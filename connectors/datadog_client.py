"""Asking Datadog by its official client, which knows addresses, parameters and credentials.

What monitoring and exclusions share of it. Every question only reads, so whatever may succeed later
is repeated by our one retry policy; the client's own repeats are switched off. Answers are read as
exact decimals, not as the client's floats. It must never show a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connectors.asking import exact_json
from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.retry import pause, with_retries
from models.intervals import Interval
from models.terms import JsonValue

if TYPE_CHECKING:
    from connectors._datadog_api import Call, Refused

ADDRESS = "https://api.datadoghq.com"
MOST_BYTES = 256 * 1024 * 1024
"""A larger answer is refused."""

TOO_MANY = 429
TIMED_OUT = 408
UNAUTHORIZED = frozenset({401, 403})
SERVER_FAILED = 500
LONGEST_WAIT_S = 300
MOST_SHOWN = 300
SECOND_MS = 1000


def _any_will_do(_answer: JsonValue) -> None:
    """Take any answer for the whole."""


@dataclass(slots=True)
class _Pace:
    """What Datadog said about its limit: nothing may be asked for so long."""

    wait_ms: int = 0

    def note(self, headers: Mapping[str, str], *, refused: bool = False) -> None:
        """Rest until the limit is reset, where nothing is left of it or it refused a question."""
        told = {name.lower(): value for name, value in headers.items()}
        used_up = refused or told.get("x-ratelimit-remaining") == "0"
        reset = told.get("x-ratelimit-reset") or told.get("x-ratelimit-period") or ""
        seconds = int(reset) if used_up and reset.isdecimal() else 0
        self.wait_ms = min(seconds, LONGEST_WAIT_S) * SECOND_MS

    def rest(self, pause_ms: Callable[[int], None]) -> None:
        """Wait as long as was asked for."""
        if self.wait_ms:
            pause_ms(self.wait_ms)
            self.wait_ms = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatadogClient:
    """How Datadog is asked.

    Attributes:
        place: The source's name in messages, such as `datadog eu`.
        api_key: Names the organisation.
        app_key: Names who asks.
        address: Where it answers; None for the site datadoghq.com.
        timeout_seconds: How long connecting, and each piece of an answer, may take.
        attempts: How often one question is asked at most.
        pause_ms: Waits for Datadog's limit to be reset; tests pass their own.
        sleep: Waits between attempts; tests pass their own.
    """

    place: str
    api_key: str = field(repr=False)
    app_key: str = field(repr=False)
    address: str | None = None
    timeout_seconds: int = 30
    attempts: int = 5
    pause_ms: Callable[[int], None] = pause
    sleep: Callable[[Any], None] = time.sleep
    _pace: _Pace = field(default_factory=_Pace, repr=False, compare=False)

    def history(
        self, slo: str, span: Interval, *, whole: Callable[[JsonValue], None] = _any_will_do
    ) -> JsonValue:
        """An SLO's past over a span, widened to whole seconds, as it was without any correction.

        Args:
            slo: Its id.
            span: What is asked for.
            whole: Raises `Retriable` for an answer that is only a part; then it is asked again.

        Raises:
            Retriable: No usable answer, several times over.
            Misconfigured: The keys are wrong or may not do this, or the client is not installed.
            Permanent: The question was refused, or the answer is too large.
        """
        call = _library(self.place).history(slo, *_seconds(span))
        return self._ask(f"GET /api/v1/slo/{slo}/history", call, whole)

    def uptime(self, test: str, span: Interval) -> JsonValue:
        """A Synthetics test's past over a span, widened to whole seconds; raises as `history`."""
        call = _library(self.place).uptime(test, *_seconds(span))
        return self._ask("POST /api/v1/synthetics/tests/uptimes", call)

    def corrections(self, *, offset: int, limit: int) -> JsonValue:
        """One page of all SLO corrections; raises as `history`."""
        call = _library(self.place).corrections(offset, limit)
        return self._ask("GET /api/v1/slo/correction", call)

    def _ask(
        self, what: str, call: Call, whole: Callable[[JsonValue], None] = _any_will_do
    ) -> JsonValue:
        where = f"{self.place}: {what}"
        return with_retries(
            lambda: self._whole(where, call, whole), attempts=self.attempts, sleep=self.sleep
        )

    def _whole(self, where: str, call: Call, whole: Callable[[JsonValue], None]) -> JsonValue:
        answer = self._once(where, call)
        whole(answer)
        return answer

    def _once(self, where: str, call: Call) -> JsonValue:
        library = _library(self.place)
        self._pace.rest(self.pause_ms)
        keys = {"apiKeyAuth": self.api_key, "appKeyAuth": self.app_key}
        address = (self.address or ADDRESS).rstrip("/")
        try:
            with library.answered(
                call, address=address, keys=keys, timeout_seconds=self.timeout_seconds
            ) as (headers, pieces):
                self._pace.note(headers)
                return exact_json(where, _bounded(where, pieces))
        except library.Refused as refused:
            raise self._classed(where, refused) from None
        except library.Unasked as error:
            message = f"{where}: cannot be asked: {self._shown(str(error))}."
            raise Misconfigured(f"{message} Correct the source in makegood.yaml.") from None
        except library.Unreachable as error:
            message = f"{where}: {error}. It may answer later; nothing was changed."
            raise Retriable(message) from None

    def _classed(self, where: str, refused: Refused) -> ConnectorError:
        status = refused.status
        self._pace.note(refused.headers, refused=status == TOO_MANY)
        message = f"{where}: answered {status}: {self._shown(refused.words)}."
        if status in UNAUTHORIZED:
            return Misconfigured(
                f"{message} Check both keys, the site, and what the keys may read.", status=status
            )
        if status in {TOO_MANY, TIMED_OUT} or status >= SERVER_FAILED:
            return Retriable(f"{message} It may answer later.", status=status)
        return Permanent(f"{message} Correct the source in makegood.yaml.", status=status)

    def _shown(self, text: str) -> str:
        for secret in (self.api_key, self.app_key):
            text = text.replace(secret, "***") if secret else text
        return " ".join(text.split())[:MOST_SHOWN]


def _library(place: str) -> ModuleType:
    """The official client's calls.

    Raises:
        Misconfigured: The client is not installed.
    """
    try:
        from connectors import _datadog_api  # noqa: PLC0415  Its client is an extra.
    except ImportError:
        message = f"{place}: Datadog's client is not installed. pip install 'makegood[datadog]'"
        raise Misconfigured(message) from None
    return _datadog_api


def _seconds(span: Interval) -> tuple[int, int]:
    """Whole seconds that hold the span."""
    return span.start // SECOND_MS, -(-span.end // SECOND_MS)


def _bounded(where: str, pieces: Iterable[bytes]) -> bytes:
    taken, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > MOST_BYTES:
            message = f"{where}: the answer is larger than {MOST_BYTES} bytes. Ask for less."
            raise Permanent(message)
        taken.append(piece)
    return b"".join(taken)
