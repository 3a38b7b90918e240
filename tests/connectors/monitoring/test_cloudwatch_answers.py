"""An answer of CloudWatch counts when it is whole; the strict stand-in spoils it at will."""

from contextlib import closing

import pytest

from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring._cloudwatch_calls import MOST_POINTS, Calls, Query
from models.findings import UnusableInputError
from models.intervals import MINUTE_MS, Interval
from tests.cloudwatch import REGION
from tests.connectors.monitoring.test_cloudwatch import (
    DAY,
    HOUR,
    NOW,
    SEPTEMBER,
    hours,
    metrics,
)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.xdist_group(name="cloudwatch"),
    # Moto warns of errors that every service of Amazon's has, and no description names.
    pytest.mark.filterwarnings("ignore:Exception.* does not match an error shape"),
]


@pytest.fixture
def strict(cloudwatch, monkeypatch):
    """A function that makes the server strict; it holds four days of `web` and an outage."""
    from moto.cloudwatch.responses import CloudWatchResponse  # noqa: PLC0415  It takes long.

    from tests.standins.cloudwatch.strict import Strict  # noqa: PLC0415  As above.

    web = hours(*[100] * 34, 0, *[100] * 61, start=SEPTEMBER.start - DAY)
    cloudwatch.put("SuccessPercent", web, dimensions={"CanaryName": "web"})

    def made(**faults):
        server = Strict(now=NOW, **faults)
        monkeypatch.setattr(CloudWatchResponse, "get_metric_data", server_answers(server))
        return server

    return made


def server_answers(server):
    """The stand-in's answer as a method of moto's."""

    def get_metric_data(self):
        return server.get_metric_data(self)

    return get_metric_data


FIRST_DAY = Wanted(span=Interval(SEPTEMBER.start, SEPTEMBER.start + DAY))


def test_an_answer_in_many_pages_is_the_same_answer(cloudwatch, strict):
    """Twenty points a page, or all at once: timelines and digests are equal."""
    strict()
    whole = metrics(cloudwatch.address).read(FIRST_DAY)
    paged = strict(points_per_page=20)
    assert metrics(cloudwatch.address).read(FIRST_DAY) == whole
    assert sum("NextToken" in call for call in paged.calls) >= 3


@pytest.mark.parametrize(
    ("fault", "call"),
    [
        ("throttle", 1),
        ("throttle", 3),
        ("fail", 1),
        ("fail", 4),
        ("lose", 3),
        ("partial", 4),
        ("internal", 1),
        ("internal", 4),
        ("twice", 2),
    ],
)
def test_what_passes_is_asked_again_until_it_is_whole(cloudwatch, strict, fault, call):
    """Once throttled, failed or told in part, at the first of four pages or later: no loss."""
    strict()
    whole = metrics(cloudwatch.address).read(FIRST_DAY)
    strict(points_per_page=20, faults={call: fault})
    waits: list[object] = []
    assert metrics(cloudwatch.address, attempts=3, waits=waits).read(FIRST_DAY) == whole
    assert len(waits) == (2 if fault == "lose" else 1)


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("throttle", Retriable, "cloudwatch shop: answered Throttling: Rate exceeded"),
        ("fail", Retriable, "answered InternalServiceError"),
        ("partial", Retriable, r"1 of 1 metrics are not told in full \(PartialData\)"),
        ("internal", Retriable, r"1 of 1 metrics are not told in full \(InternalError\)"),
        ("twice", Retriable, "tells a period in two ways"),
        ("deny", Misconfigured, r"AccessDenied: .*kim \(\*\*\*\).* Let these credentials call"),
        ("expire", Misconfigured, r"answered ExpiredToken\. Check the credentials"),
        ("forbidden", Misconfigured, "may not read a metric"),
        ("message", Permanent, "MaxMetricsExceeded: Maximum number of metrics exceeded"),
        ("metric_message", Permanent, "ArithmeticError: some points are left out"),
        ("strange", Permanent, "answers what was not asked"),
        ("endless", Permanent, "its answer has no end"),
    ],
)
def test_what_stays_so_is_an_error_and_never_silence(cloudwatch, strict, fault, kind, said):
    """Classed by what helps; what passes is tried as often as our one policy says."""
    server = strict(faults=dict.fromkeys(range(1, 99), fault))
    if fault == "endless":
        server._left["page-0"] = []  # noqa: SLF001  A token that leads to itself.
    with pytest.raises(kind, match=said):
        metrics(cloudwatch.address, attempts=3).read(FIRST_DAY)
    assert len(server.calls) == (3 if kind is Retriable else 2 if fault == "endless" else 1)


def test_no_secret_is_in_a_message(cloudwatch, strict):
    """Amazon repeats what was signed, and sometimes whose key it was."""
    for fault in ("deny", "expire"):
        strict(faults={1: fault})
        with pytest.raises(Misconfigured) as refused:
            metrics(cloudwatch.address).read(FIRST_DAY)
        assert "AKIA" not in str(refused.value)
        assert "FQoG" not in str(refused.value)


def test_more_metrics_than_one_call_may_ask_for_are_asked_for_in_several(cloudwatch, strict):
    """Of 501 metrics 500 are in one call; the stand-in refuses more."""
    server = strict()
    calls = Calls("shop", REGION, cloudwatch.address, 30, HOUR, MOST_POINTS, 1, print)
    queries = [Query("Shop", "Nothing", {"Number": str(n)}) for n in range(501)]
    with closing(calls.opened()) as client:
        found = calls.points(client, queries, Interval(NOW - 2 * HOUR, NOW))
    assert found == [{}] * 501
    assert [len(call["MetricDataQueries"]) for call in server.calls] == [500, 1]


def test_a_stretch_of_more_points_than_one_answer_may_hold_is_asked_for_in_pieces(
    cloudwatch, strict
):
    """Two metrics, ten points a question: five hours at once."""
    server = strict()
    calls = Calls("shop", REGION, cloudwatch.address, 30, HOUR, 10, 1, print)
    queries = [Query("Shop", "SuccessPercent", {"CanaryName": name}) for name in ("web", "mail")]
    with closing(calls.opened()) as client:
        web, mail = calls.points(client, queries, Interval(SEPTEMBER.start, SEPTEMBER.start + DAY))
    assert (len(web), mail, len(server.calls)) == (24, {}, 5)


def test_the_stand_in_is_silent_about_what_is_no_longer_kept(cloudwatch, strict):
    """As Amazon's own is: so the source refuses such spans before it asks."""
    strict()
    calls = Calls("shop", REGION, cloudwatch.address, 30, MINUTE_MS, MOST_POINTS, 1, print)
    web = Query("Shop", "SuccessPercent", {"CanaryName": "web"})
    with closing(calls.opened()) as client:
        day = Interval(SEPTEMBER.start, SEPTEMBER.start + HOUR)
        assert calls.points(client, [web], day) == [{}]
    with pytest.raises(UnusableInputError):
        metrics(cloudwatch.address, minutes=1).read(FIRST_DAY)
