"""Prometheus, or what speaks its language (Thanos, Mimir, VictoriaMetrics), as a source."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.requests import RequestRule
from models.sources.base import Address, Asked, SignalKind
from models.terms import Name, Terms, Whole

LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
TEXT = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)"""
MATCHER = rf"{LABEL}\s*(?:=~|!~|!=|=)\s*{TEXT}\s*"
BRACES = rf"\{{\s*(?:{MATCHER}(?:,\s*{MATCHER})*(?:,\s*)?)?\}}"
SELECTOR = re.compile(
    rf"\s*(?:[a-zA-Z_:][a-zA-Z0-9_:]*\s*(?:{BRACES})?|{BRACES})\s*", flags=re.DOTALL
)
WINDOW = "$window"
"""Stands in a counting expression for the length of a window."""


def is_selector(query: str) -> bool:
    """Whether a query only picks series, such as `up{job="api"}`; only those have samples.

    >>> is_selector('probe_success{instance=~"https://.*"}'), is_selector("up == bool 1")
    (True, False)
    """
    return SELECTOR.fullmatch(query) is not None


def _counting(query: str) -> str:
    if is_selector(query) or WINDOW in query:
        return query
    expected = 'a counter such as http_requests_total{job="api"}, or an expression with $window'
    remedy = "Name the counter alone, or write sum(increase(...[$window])) yourself."
    raise _refused(expected, remedy)


def _refused(expected: str, remedy: str) -> PydanticCustomError:
    context = {"expected": expected, "remedy": remedy}
    return PydanticCustomError("prometheus_monitor", "{expected}", context)


Query = Annotated[str, Field(min_length=1, max_length=10_000)]
"""An expression in PromQL."""

Counting = Annotated[Query, AfterValidator(_counting)]
"""A counter, by its selector; or an expression in which `$window` is the length of a window."""

LabelName = Annotated[str, Field(max_length=200, pattern=rf"^{LABEL}$")]
"""A label of a series, such as `region`."""


class RequestCounts(RequestRule):
    """Requests that a service counts itself, and when they mean that it was down.

    A counter is asked as the sum of its increase over each window. Where the failures of a window
    are missing and its total is not, none failed: such counters come into being with the first
    failure. Failures by a name of which the server has nothing at all are refused.

    Attributes:
        total: All requests.
        failed: Those of them that failed.
        window_seconds: How long one window is; at least four times as long as the server's pause
            between two samples, or it cannot tell an increase.
    """

    total: Counting
    failed: Counting
    window_seconds: Annotated[Whole, Field(ge=1, le=3600)] = 300


class PrometheusMonitor(Terms):
    """How Prometheus knows a monitor: by a query for 0 and 1, or by counted requests.

    Attributes:
        query: 1 is up, 0 is down, and NaN is unknown. `up{...}` or `probe_success{...}` is asked
            for every sample that the server holds; any other expression every `step_seconds`.
        step_seconds: How often the server is to work out the query; None for its samples.
        stale_after_seconds: A sample holds for so long when no other one follows, as the server's
            own lookback does; after that nothing is known. A staleness marker ends it earlier.
        witness: A query for 1 while the one who looks is there, such as `up{job="blackbox"}`;
            whenever it is not 1, nothing is known of the monitor.
        requests: Counted requests, in place of a query.
        region_label: The label that tells regions apart; None for one series without regions.
        signal: What kind of witness the monitor is; None for what the source says.
    """

    query: Query | None = None
    step_seconds: Annotated[Whole, Field(ge=1, le=3600)] | None = None
    stale_after_seconds: Annotated[Whole, Field(ge=1, le=86_400)] = 300
    witness: Query | None = None
    requests: RequestCounts | None = None
    region_label: LabelName | None = None
    signal: SignalKind | None = None

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> PrometheusMonitor:
        if (self.query is None) is (self.requests is None):
            raise _refused("query or requests, one of the two", "Say which of them answers.")
        if self.requests is not None and (self.witness or self.step_seconds):
            raise _refused("requests without witness and step_seconds", "Leave both out.")
        if self.step_seconds is None and not all(
            is_selector(query) for query in (self.query, self.witness) if query is not None
        ):
            expected = "step_seconds with a query that is more than a selector"
            raise _refused(expected, "Add step_seconds, such as 30; samples only a selector has.")
        return self


class Prometheus(Asked):
    """A Prometheus server, asked over its HTTP API.

    A bearer token stands in the environment as `MAKEGOOD_SOURCE_<ID>_TOKEN`; the password of a
    `user` as `MAKEGOOD_SOURCE_<ID>_PASSWORD`.

    Attributes:
        address: Where its API is, without `/api/v1`.
        user: Who we log in as; None for a token, or for nobody.
        tenant: Whose metrics are meant, where a server keeps those of several (`X-Scope-OrgID`).
        monitors: The contracts' names for monitors, and how the server knows them.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("TOKEN", "PASSWORD")

    kind: Literal["prometheus"]
    address: Address
    user: Annotated[Name, Field(pattern=r"^[^:]+$")] | None = None
    tenant: Name | None = None
    monitors: Annotated[dict[Name, PrometheusMonitor], Field(min_length=1)]
