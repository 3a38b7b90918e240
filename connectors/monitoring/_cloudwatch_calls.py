"""Asking CloudWatch: one question at a time, page by page, until its answer is whole.

Amazon's own library signs and reads; its retries are off, ours are used. A page that fails is asked
again where it stopped; an answer that CloudWatch calls partial at its last page is asked anew, and
is an error when it stays so. Numbers come as doubles and are taken by their shortest decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol, cast

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.retry import with_retries
from models.intervals import Interval, instant, utc

MOST_QUERIES = 500
MOST_POINTS = 100_800
"""Of one call.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

MOST_PAGES = 1_000
FAILED = "InternalError"
"""What a metric's page says whose points may be missing from all pages."""

MOST_SHOWN = 300
KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b")

PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServiceError",
        "InternalServiceFault",
        "InvalidNextToken",
        "LimitExceededFault",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "OptInRequired", "NotAuthorized"})
UNKNOWN_KEYS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Their texts repeat what was signed, so they are not shown."""

TOO_MANY = 429
UNAUTHORIZED = frozenset({401, 403})
SERVER_FAILED = 500

Points = dict[int, Decimal]
"""The value of each period that has one, by the period's start."""


class Client(Protocol):
    """What we use of Amazon's client, which is made at run time."""

    def get_metric_data(self, **question: object) -> Mapping[str, Any]:
        """One page of an answer."""
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """One metric's statistic.

    Attributes:
        namespace: Where the metric is.
        metric: Its name.
        dimensions: All of its dimensions.
        statistic: What is made of a period's values.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    statistic: str = "Sum"

    def written(self, name: str, period_ms: int) -> Mapping[str, Any]:
        """The query in CloudWatch's words."""
        dimensions = [{"Name": k, "Value": v} for k, v in sorted(self.dimensions.items())]
        return {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": self.namespace,
                    "MetricName": self.metric,
                    "Dimensions": dimensions,
                },
                "Period": period_ms // 1000,
                "Stat": self.statistic,
            },
            "ReturnData": True,
        }


@dataclass(frozen=True, slots=True)
class Calls:
    """How CloudWatch is asked.

    Attributes:
        place: The source in messages, such as `cloudwatch eu-shop`.
        region: The AWS region.
        address: Another address than Amazon's own; "" for that.
        timeout_seconds: How long one answer may take.
        period_ms: How long a period is.
        points_at_once: About so many points are asked for in one question.
        attempts: How often one question is asked at most.
        sleep: Waits so many seconds; tests pass their own.
    """

    place: str
    region: str
    address: str
    timeout_seconds: int
    period_ms: int
    points_at_once: int
    attempts: int
    sleep: Callable[[Any], None]

    def opened(self) -> Client:
        """A client of Amazon's library; close it.

        Raises:
            Misconfigured: The library is not installed, or finds its settings wrong.
        """
        try:
            # It takes half a second to import; only those who measure there wait for it.
            import boto3  # noqa: PLC0415  As just said.
            from botocore.config import Config  # noqa: PLC0415  As just said.
        except ImportError:
            message = (
                f"{self.place}: the package boto3 is missing; Amazon's library was expected. "
                "Install it: pip install 'makegood[cloudwatch]'"
            )
            raise Misconfigured(message) from None
        config = Config(
            connect_timeout=self.timeout_seconds,
            read_timeout=self.timeout_seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        with translated(self.place):
            session = boto3.session.Session(region_name=self.region)
            client = session.client("cloudwatch", endpoint_url=self.address or None, config=config)
            return cast(Client, client)

    def points(
        self,
        client: Client,
        queries: Sequence[Query],
        stretch: Interval,
    ) -> list[Points]:
        """Every point of each query in a stretch, whole.

        Args:
            client: What `opened` gave.
            queries: As many as one likes.
            stretch: Whole periods.

        Raises:
            Retriable: There was no whole answer, several times over.
            Misconfigured: The credentials are missing, wrong or may not do this.
            Permanent: The question was refused, or the answer is none to it.
        """
        found: list[Points] = []
        for first in range(0, len(queries), MOST_QUERIES):
            asked = queries[first : first + MOST_QUERIES]
            gathered: list[Points] = [{} for _ in asked]
            for piece in self._pieces(stretch, len(asked)):
                answer = _Answer(self, asked, piece)
                with_retries(
                    lambda: answer.finish(client),  # noqa: B023  It is called before the next one.
                    attempts=self.attempts,
                    sleep=self.sleep,
                )
                for points, more in zip(gathered, answer.points, strict=True):
                    points.update(more)
            found += gathered
        return found

    def _pieces(self, stretch: Interval, queries: int) -> Iterator[Interval]:
        """The stretch cut so that a question about each piece fits into one page of answer."""
        length = max(self.points_at_once // queries, 1) * self.period_ms
        for start in range(stretch.start, stretch.end, length):
            yield Interval(start, min(start + length, stretch.end))


class _Answer:
    """The answer to one question, growing page by page."""

    def __init__(self, calls: Calls, queries: Sequence[Query], stretch: Interval) -> None:
        self.points: list[Points] = []
        self._calls = calls
        self._stretch = stretch
        written = [q.written(f"q{number}", calls.period_ms) for number, q in enumerate(queries)]
        self._asked = len(written)
        self._question: Mapping[str, object] = {
            "MetricDataQueries": written,
            "StartTime": utc(stretch.start),
            "EndTime": utc(stretch.end),
            "ScanBy": "TimestampAscending",
            "MaxDatapoints": MOST_POINTS,
        }
        self._begin()

    def _begin(self) -> None:
        self.points = [{} for _ in range(self._asked)]
        self._states: dict[int, str] = {}
        self._token = ""
        self._pages = 0

    def finish(self, client: Client) -> None:
        """Ask page after page; after a failure, go on where it stopped.

        Raises:
            Retriable: A page failed for the moment, or the whole is not complete.
            Misconfigured: The credentials are missing, wrong or may not do this.
            Permanent: The question was refused, or the answer is none to it.
        """
        while True:
            page = self._page(client)
            self._take(page)
            token = page.get("NextToken", "")
            if not token:
                break
            self._turn(token)
        self._check_whole()

    def _page(self, client: Client) -> Mapping[str, Any]:
        asked = {**self._question, "NextToken": self._token} if self._token else self._question
        with translated(self._calls.place, expired=self._begin):
            answer: Mapping[str, Any] = client.get_metric_data(**asked)
        return answer

    def _turn(self, token: str) -> None:
        self._pages += 1
        if token == self._token or self._pages > MOST_PAGES:
            message = f"{self._calls.place}: its answer has no end; pages to turn were expected."
            raise Permanent(f"{message} Ask for fewer monitors at once.")
        self._token = token

    def _take(self, page: Mapping[str, Any]) -> None:
        said = [*page.get("Messages", ()), *self._said_of_results(page)]
        if said:
            texts = "; ".join(f"{m.get('Code', '')}: {m.get('Value', '')}" for m in said)
            message = f"{self._calls.place}: says beside its answer: {_shown(texts)}; "
            raise Permanent(f"{message}an answer without reserve was expected. Mend what it names.")
        for result in page.get("MetricDataResults", ()):
            self._take_result(result)

    def _said_of_results(self, page: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
        for result in page.get("MetricDataResults", ()):
            if result.get("StatusCode") == "Forbidden":
                raise Misconfigured(
                    f"{self._calls.place}: may not read a metric; it answered Forbidden. "
                    "Let these credentials read the metrics (cloudwatch:GetMetricData)."
                )
            yield from result.get("Messages", ())

    def _take_result(self, result: Mapping[str, Any]) -> None:
        number = int(str(result.get("Id", "q"))[1:] or -1)
        times, values = result.get("Timestamps", []), result.get("Values", [])
        if not 0 <= number < len(self.points) or len(times) != len(values):
            raise Permanent(f"{self._calls.place}: answers what was not asked. Check its address.")
        if self._states.get(number) != FAILED:
            self._states[number] = result.get("StatusCode", "Complete")
        points = self.points[number]
        for at, value in zip(times, values, strict=True):
            self._put(points, at, value)

    def _put(self, points: Points, at: datetime, value: object) -> None:
        start, exact = instant(at), Decimal(repr(value))
        fits = start % self._calls.period_ms == 0 and exact.is_finite()
        if not fits or not self._stretch.start <= start < self._stretch.end:
            message = f"{self._calls.place}: answers {value} at {at.isoformat()}; a number at the"
            raise Permanent(f"{message} start of a period that was asked for was expected.")
        if points.setdefault(start, exact) != exact:
            self._begin()
            message = f"{self._calls.place}: tells a period in two ways, {value} and others, at"
            raise Retriable(f"{message} {at.isoformat()}. It may settle; ask later.")

    def _check_whole(self) -> None:
        """Refuse a partial answer, and forget it, so that the next attempt asks anew.

        Raises:
            Retriable: It is one.
        """
        states = [self._states.get(number, "missing") for number in range(len(self.points))]
        partial = [state for state in states if state != "Complete"]
        if partial:
            self._begin()
            message = f"{self._calls.place}: {len(partial)} of {len(states)} metrics are not told "
            kinds = ", ".join(sorted(set(partial)))
            raise Retriable(f"{message}in full ({kinds}). It may tell them later; nothing is lost.")


@contextmanager
def translated(place: str, *, expired: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise what Amazon's library raises inside the block as one of the project's errors.

    Args:
        place: The source in messages.
        expired: Called when a page cannot be turned any more.

    Raises:
        Retriable: No answer, or a refusal that passes.
        Misconfigured: Credentials or settings are missing or wrong, or may not do this.
        Permanent: The question was refused.
    """
    from botocore import exceptions as boto  # noqa: PLC0415  Only those who have it come here.
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  As above.

    try:
        yield
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") == "InvalidNextToken":
            expired()
        raise _classed(place, error.response) from None
    except boto.SSLError as error:
        raise _settings(place, error) from None
    except (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError) as error:
        raise Retriable(f"{place}: {type(error).__name__}. It may answer later.") from None
    except ResponseParserError:
        message = f"{place}: its answer cannot be read. It may be cut; ask again."
        raise Retriable(message) from None
    except boto.BotoCoreError as error:
        raise _settings(place, error) from None


def _classed(place: str, answer: Mapping[str, Any]) -> ConnectorError:
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in UNKNOWN_KEYS:
        message = f"{place}: answered {code}. Check the credentials that boto3 finds."
        return Misconfigured(message, status=status)
    message = f"{place}: answered {code}: {_shown(answer.get('Error', {}).get('Message', ''))}"
    if code in PASSING or status == TOO_MANY or status >= SERVER_FAILED:
        return Retriable(f"{message} It may answer later.", status=status)
    if code in FORBIDDEN or status in UNAUTHORIZED:
        advice = "Let these credentials call cloudwatch:GetMetricData."
        return Misconfigured(f"{message} {advice}", status=status)
    return Permanent(f"{message} Correct the source in makegood.yaml.", status=status)


def _settings(place: str, error: Exception) -> Misconfigured:
    name = type(error).__name__
    # What a program for credentials wrote may hold them.
    said = "" if name == "CredentialRetrievalError" else f": {_shown(str(error))}"
    advice = "Check what boto3 finds: AWS_* variables, ~/.aws, or the machine's role."
    return Misconfigured(f"{place}: {name}{said} {advice}")


def _shown(text: str) -> str:
    return KEY_ID.sub("***", " ".join(str(text).split()))[:MOST_SHOWN]
