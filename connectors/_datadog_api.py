"""The calls of Datadog's official client; imported only where it is used, for it is an extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, OpenApiException
from datadog_api_client.v1.api.service_level_objective_corrections_api import (
    ServiceLevelObjectiveCorrectionsApi,
)
from datadog_api_client.v1.api.service_level_objectives_api import ServiceLevelObjectivesApi
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v1.model.synthetics_fetch_uptimes_payload import (
    SyntheticsFetchUptimesPayload,
)
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, LocationParseError, SSLError
from urllib3.util import Retry

__all__ = [
    "Call",
    "Refused",
    "Unasked",
    "Unreachable",
    "answered",
    "corrections",
    "history",
    "uptime",
]

Call = Callable[[ApiClient], object]
"""One question; the client is set up to answer raw, so it returns what came over the wire."""

PIECE = 65_536


class Refused(Exception):
    """Datadog answered, but not with what was asked for.

    Attributes:
        status: The code of the answer.
        headers: Its headers.
        words: What it says.
    """

    def __init__(self, status: int, headers: Mapping[str, str], words: str) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers
        self.words = words


class Unasked(Exception):
    """The address is none, is not who it should be, or the client refuses the question."""


class Unreachable(Exception):
    """There was no whole answer."""


def history(slo: str, start: int, end: int) -> Call:
    """Ask for an SLO's past between two seconds, as it was without any correction."""
    return lambda client: _slos(client).get_slo_history(
        slo, from_ts=start, to_ts=end, apply_correction=False
    )


def uptime(test: str, start: int, end: int) -> Call:
    """Ask for a Synthetics test's past between two seconds."""
    payload = SyntheticsFetchUptimesPayload(from_ts=start, public_ids=[test], to_ts=end)
    return lambda client: _synthetics(client).fetch_uptimes(body=payload)


def corrections(offset: int, limit: int) -> Call:
    """Ask for a page of all SLO corrections."""
    return lambda client: _corrections(client).list_slo_correction(offset=offset, limit=limit)


def _slos(client: ApiClient) -> ServiceLevelObjectivesApi:
    return ServiceLevelObjectivesApi(client)  # type: ignore[no-untyped-call]  # The package types no constructors.


def _synthetics(client: ApiClient) -> SyntheticsApi:
    return SyntheticsApi(client)  # type: ignore[no-untyped-call]  # The package types no constructors.


def _corrections(client: ApiClient) -> ServiceLevelObjectiveCorrectionsApi:
    return ServiceLevelObjectiveCorrectionsApi(client)  # type: ignore[no-untyped-call]  # The package types no constructors.


@contextmanager
def answered(
    call: Call, *, address: str, keys: Mapping[str, str], timeout_seconds: int
) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
    """Ask once: the answer's headers, and its body in pieces.

    Neither are questions repeated nor redirects followed: those would carry the keys elsewhere.

    Raises:
        Refused: The answer is no success.
        Unasked: The question cannot be asked so.
        Unreachable: There was no whole answer; also while its pieces are taken.
    """
    configuration = Configuration(  # type: ignore[no-untyped-call]  # The package types no constructors.
        host=address,
        api_key=dict(keys),
        preload_content=False,
        request_timeout=(timeout_seconds, timeout_seconds),
        enable_retry=False,
        retry_policy=Retry(total=False),
    )
    with _translated(), ApiClient(configuration) as client:
        # By itself it would also tell the system and the machine that it runs on.
        client.user_agent = client.user_agent.partition(" ")[0]
        answer = cast("BaseHTTPResponse", call(client))
        yield dict(answer.headers), answer.stream(PIECE, decode_content=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if not error.status:
            raise Unasked(type(error).__name__) from None
        raise Refused(error.status, error.headers or {}, _words(error.body)) from None
    except OpenApiException as error:
        raise Unasked(str(error)) from None
    except (SSLError, LocationParseError) as error:
        raise Unasked(type(error).__name__) from None
    except (HTTPError, OSError) as error:
        raise Unreachable(type(error).__name__) from None


def _words(body: object) -> str:
    errors = body.get("errors") if isinstance(body, dict) else None
    return "; ".join(str(error) for error in errors) if isinstance(errors, list) else str(body)
