"""One request to a page's vendor: what its answer means for an effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import httpx

from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Permanent, Retriable
from models.ledger import one_line
from models.terms import JsonValue

TIMEOUT_S = 20
MOST_SHOWN = 200
UNAUTHORIZED = frozenset({401, 403})
LIMITED = frozenset({420, 429})
"""Statuspage says 420 or 429 when too much is asked."""

MISSING, SERVER_FAILED, FIRST_REFUSAL, FIRST_REDIRECT = 404, 500, 400, 300


@dataclass(frozen=True, slots=True)
class Line:
    """How one page's vendor is asked.

    Attributes:
        name: The page's name, for messages.
        address: Where the vendor answers.
        headers: Sent with every request; they hold the key and are never shown.
        secret: The key; no message shows it.
    """

    name: str
    address: str
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)

    def read(self, path: str, params: Mapping[str, str] | None = None) -> JsonValue:
        """What stands there; None when nothing does.

        Raises:
            Misconfigured: The key is wrong.
            Permanent: It is refused.
            Retriable: It could not be asked.
        """
        try:
            answer = self._asked("GET", path, params=params)
            if answer.status_code == MISSING:
                return None
            return self._understood(answer)
        except httpx.TransportError as error:
            raise Retriable(self._says(f"no answer ({type(error).__name__})")) from None
        except OutcomeUnknown as error:
            raise Retriable(str(error), status=error.status) from None

    def write(self, method: str, path: str, body: JsonValue) -> JsonValue:
        """Change something there, once; its answer.

        Raises:
            Misconfigured: The key is wrong, or what is addressed is not there.
            Permanent: It is refused.
            Retriable: Surely nothing was changed, and it may work later.
            OutcomeUnknown: It may have been changed.
        """
        try:
            answer = self._asked(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Retriable(self._says(f"cannot be reached ({type(error).__name__})")) from None
        except httpx.TransportError as error:
            raise OutcomeUnknown(
                self._says(f"no answer ({type(error).__name__}), it may be there")
            ) from None
        if answer.status_code == MISSING:
            raise Misconfigured(
                self._says(f"{path} is not there; the page's and the incident's id were expected"),
                status=MISSING,
            )
        return self._understood(answer)

    def _asked(self, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401  What httpx takes.
        with httpx.Client(headers=dict(self.headers), timeout=TIMEOUT_S) as client:
            return client.request(method, f"{self.address}{path}", **sent)

    def _understood(self, answer: httpx.Response) -> JsonValue:
        status = answer.status_code
        if status >= FIRST_REDIRECT:
            self._refuse(answer)
        try:
            return json.loads(answer.content, parse_float=Decimal)
        except ValueError:
            message = self._says("its answer is no JSON; it may be there")
            raise OutcomeUnknown(message, status=status) from None

    def _refuse(self, answer: httpx.Response) -> NoReturn:
        status, said = answer.status_code, self._says(f"{answer.status_code}: {_words(answer)}")
        kind: type[ConnectorError] = Permanent
        if status in UNAUTHORIZED:
            kind = Misconfigured
        elif status in LIMITED:
            kind = Retriable
        elif status >= SERVER_FAILED or status < FIRST_REFUSAL:
            kind = OutcomeUnknown
        raise kind(said, status=status)

    def _says(self, what: str) -> str:
        return f"{self.name}: {what}".replace(self.secret, "***")


def _words(answer: httpx.Response) -> str:
    try:
        found = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        found = answer.text
    if isinstance(found, dict):
        found = found.get("message") or found.get("error") or found
    if isinstance(found, dict):
        found = found.get("message") or found
    return one_line(str(found))[:MOST_SHOWN]
