"""What Amazon's CloudWatch does and moto's leaves out: limits, pages, silence, and failures.

It takes the place of one action in moto's server, so that requests still come over HTTP from
Amazon's own library, and answers are still written by moto from Amazon's own description of the
service. Points are computed by moto; here they are cut into pages, withheld where they would be no
longer kept, and spoilt as planned.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.exceptions import CloudWatchException
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from models.intervals import instant

MOST_QUERIES = 500
MOST_POINTS = 100_800
ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
KEPT_DAYS = ((3600, 455), (300, 63), (60, 15))
DAY_MS = 86_400_000

ERRORS = {
    "throttle": ("Throttling", "Rate exceeded"),
    "fail": ("InternalServiceFault", "Try again."),
    "lose": ("InternalServiceFault", "The page is made, and lost."),
    "deny": (
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/kim (AKIAMADEUPFORTESTS00) is not authorized",
    ),
    "expire": ("ExpiredToken", "The security token FQoGsecret included is expired"),
}
"""Faults that take an answer's place."""

Result = dict[str, Any]


@dataclass(slots=True)
class Strict:
    """CloudWatch with its limits, and with faults by the number of the call, from 1.

    Attributes:
        now: The present instant, for what is kept.
        points_per_page: So many points fit into a page.
        faults: What happens at which call: a word of `ERRORS`, or one of `partial`, `internal`,
            `forbidden`, `message`, `metric_message`, `strange`, `twice`, `endless`. An answer is
            `partial` only at its last page; before that, every page is.
        calls: What was asked, call by call.
    """

    now: int
    points_per_page: int = MOST_POINTS
    faults: Mapping[int, str] = field(default_factory=dict)
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    _left: dict[str, list[Result]] = field(default_factory=dict)
    _moto: Callable[[CloudWatchResponse], ActionResult] = CloudWatchResponse.get_metric_data

    def get_metric_data(self, response: CloudWatchResponse) -> ActionResult:
        """Answer one call."""
        asked = dict(response._get_params())  # noqa: SLF001  Moto offers nothing else.
        self.calls.append(asked)
        fault = self.faults.get(len(self.calls), "")
        if fault in ERRORS and fault != "lose":
            raise CloudWatchException(*ERRORS[fault])
        _check(asked)
        token = asked.get("NextToken", "")
        if token and token not in self._left:
            raise CloudWatchException("InvalidNextToken", "The token is not one of ours")
        results = self._left.pop(token) if token else self._results(response, asked)
        if fault == "lose":
            raise CloudWatchException(*ERRORS[fault])
        page, rest = _cut(results, self.points_per_page)
        return ActionResult(_spoilt(self._answer(page, rest), fault))

    def _results(self, response: CloudWatchResponse, asked: Mapping[str, Any]) -> list[Result]:
        told = cast(Mapping[str, list[Result]], self._moto(response).result)
        results = told["MetricDataResults"]
        for query, result in zip(asked["MetricDataQueries"], results, strict=True):
            if not self._keeps(int(query["MetricStat"]["Period"]), asked["StartTime"]):
                result["timestamps"], result["values"] = [], []
        return results

    def _keeps(self, period: int, start: datetime) -> bool:
        days = next(days for length, days in KEPT_DAYS if period % length == 0)
        return self.now - instant(start.replace(tzinfo=UTC)) <= days * DAY_MS

    def _answer(self, page: list[Result], rest: list[Result]) -> Result:
        if not rest:
            return {"MetricDataResults": page}
        token = f"page-{len(self.calls)}"
        self._left[token] = rest
        return {"MetricDataResults": page, "NextToken": token}


def _check(asked: Mapping[str, Any]) -> None:
    queries: Sequence[Mapping[str, Any]] = asked["MetricDataQueries"]
    names = [query["Id"] for query in queries]
    start, end = asked["StartTime"], asked["EndTime"]
    wrong = {
        "too many queries": len(queries) > MOST_QUERIES,
        "too many points": asked.get("MaxDatapoints", MOST_POINTS) > MOST_POINTS,
        "a bad id": not all(ID.fullmatch(name) for name in names) or len(set(names)) < len(names),
        "a bad period": any(int(q["MetricStat"]["Period"]) % 60 for q in queries),
        "no time": start >= end,
    }
    for what, is_so in wrong.items():
        if is_so:
            raise CloudWatchException("ValidationError", f"The question has {what}")


def _cut(results: list[Result], most: int) -> tuple[list[Result], list[Result]]:
    """A page of at most so many points, and what is left; a metric that goes on is partial."""
    page: list[Result] = []
    for number, result in enumerate(results):
        if len(result["values"]) > most:
            rest = {**result, "values": result["values"][most:]}
            rest["timestamps"] = result["timestamps"][most:]
            first = {**result, "values": result["values"][:most], "status_code": "PartialData"}
            first["timestamps"] = result["timestamps"][:most]
            return [*page, first], [rest, *results[number + 1 :]]
        most -= len(result["values"])
        page.append(result)
    return page, []


def _spoilt(answer: Result, fault: str) -> Result:
    if not answer["MetricDataResults"]:
        return {**answer, "NextToken": "page-0"} if fault == "endless" else answer
    first = answer["MetricDataResults"][0]
    match fault:
        case "partial" | "internal":
            code = "PartialData" if fault == "partial" else "InternalError"
            first.update(status_code=code, values=first["values"][:1])
            first["timestamps"] = first["timestamps"][:1]
        case "forbidden":
            first.update(status_code="Forbidden", values=[], timestamps=[])
        case "message":
            limit = {"Code": "MaxMetricsExceeded", "Value": "Maximum number of metrics exceeded"}
            answer["Messages"] = [limit]
        case "metric_message":
            first["messages"] = [{"Code": "ArithmeticError", "Value": "some points are left out"}]
        case "strange":
            first["id"] = "q77"
        case "twice":
            first["values"] = [*first["values"], 12345.5]
            first["timestamps"] = [*first["timestamps"], first["timestamps"][0]]
        case "endless":
            answer["NextToken"] = "page-0"
    return answer
