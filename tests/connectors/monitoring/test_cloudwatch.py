"""CloudWatch keeps the promise of the role; moto's server answers, over HTTP."""

import pytest

from connectors.errors import Misconfigured, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring.cloudwatch import CloudWatchMetrics
from models.findings import UnusableInputError
from models.intervals import MINUTE_MS, Interval
from models.outage import State
from models.sources.cloudwatch import CloudWatch, CloudWatchMonitor
from tests.cloudwatch import KEY_ID, REGION, SECRET
from tests.connectors.monitoring.conformance import MonitoringConformance

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group(name="cloudwatch")]

SEPTEMBER = Interval(1_756_684_800_000, 1_759_276_800_000)
"""2025-09 in UTC."""

HOUR, DAY = 60 * MINUTE_MS, 1440 * MINUTE_MS
NOW = SEPTEMBER.end + 2 * DAY
UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN

CANARY = {
    "health": {
        "namespace": "Shop",
        "metric": "SuccessPercent",
        "dimensions": {"CanaryName": "web"},
        "up_at_least": "100",
    }
}
REQUESTS = {
    "requests": {
        "total": [{"namespace": "AWS/ApplicationELB", "metric": "RequestCount"}],
        "failed": [
            {"namespace": "AWS/ApplicationELB", "metric": "HTTPCode_Target_5XX_Count"},
            {"namespace": "AWS/ApplicationELB", "metric": "HTTPCode_ELB_5XX_Count"},
        ],
        "rule": {"error_rate_percent": "5", "least_requests": 10},
    }
}


def metrics(address, *, minutes=60, attempts=1, waits=None, **monitors):
    """A source of these monitors that sees the second of October 2025 by its clock."""
    known = monitors or {"web": CANARY}
    return CloudWatchMetrics(
        id="shop",
        region=REGION,
        monitors={n: CloudWatchMonitor.model_validate(m) for n, m in known.items()},
        period_ms=minutes * MINUTE_MS,
        address=address,
        timeout_seconds=5,
        points_at_once=1500,
        attempts=attempts,
        sleep=(lambda _: None) if waits is None else waits.append,
        now=lambda: NOW,
    )


def hours(*values, start=SEPTEMBER.start, minutes=60):
    """Values of one period after another; None for a period without one."""
    length = minutes * MINUTE_MS
    return {start + n * length: v for n, v in enumerate(values) if v is not None}


def changes(source, *, span=SEPTEMBER, monitor="web"):
    """What is said of a monitor, as hours since September began."""
    (line,) = source.read(Wanted(span=span)).timelines[monitor]
    return [((at - SEPTEMBER.start) // HOUR, state) for at, state in line.changes]


class TestCloudWatch(MonitoringConformance):
    """Two canaries, hour by hour."""

    ASKED = True

    @pytest.fixture
    def source(self, cloudwatch):
        """`web` was down for an hour, `mail` never."""
        mail = {"health": {**CANARY["health"], "dimensions": {"CanaryName": "mail"}}}
        cloudwatch.put("SuccessPercent", hours(100, 0, 100), dimensions={"CanaryName": "web"})
        cloudwatch.put("SuccessPercent", hours(100, 100), dimensions={"CanaryName": "mail"})
        return metrics(cloudwatch.address, web=CANARY, mail=mail)

    @pytest.fixture
    def broken(self, cloudwatch):
        """Nobody listens there."""
        return metrics("http://127.0.0.1:9")


def test_a_period_is_up_down_or_unknown_as_a_whole(cloudwatch):
    """Up, down, silent, up; what comes after the last one is unknown."""
    cloudwatch.put("SuccessPercent", hours(100, 99, None, 100), dimensions={"CanaryName": "web"})
    assert changes(metrics(cloudwatch.address))[1:] == [
        (0, UP),
        (1, DOWN),
        (2, UNKNOWN),
        (3, UP),
        (4, UNKNOWN),
    ]


def test_the_worst_value_of_a_period_stands_unless_told_otherwise(cloudwatch):
    """100, 0 and 100 within an hour: by default down, by a mean of 66 and a bound of 60 up."""
    values = hours(100, 0, 100, minutes=20)
    cloudwatch.put("SuccessPercent", values, dimensions={"CanaryName": "web"})
    mean = {"health": {**CANARY["health"], "statistic": "Average", "up_at_least": "60"}}
    assert changes(metrics(cloudwatch.address))[1][1] is DOWN
    assert changes(metrics(cloudwatch.address, web=mean))[1][1] is UP


def test_a_metric_of_failures_is_up_while_it_is_low(cloudwatch):
    """`StatusCheckFailed` is 0 while all is well."""
    cloudwatch.put("StatusCheckFailed", hours(0, 1, 0), namespace="AWS/EC2")
    failed = {
        "health": {
            "namespace": "AWS/EC2",
            "metric": "StatusCheckFailed",
            "statistic": "Maximum",
            "up_at_most": "0",
        }
    }
    found = changes(metrics(cloudwatch.address, web=failed))
    assert found[1:] == [(0, UP), (1, DOWN), (2, UP), (3, UNKNOWN)]


def test_requests_are_added_up_and_judged_by_their_rule(cloudwatch):
    """Of 100: none failed, 2 + 3 (5 %, still up), 6, then nobody asked."""
    balancer = "AWS/ApplicationELB"
    cloudwatch.put("RequestCount", hours(100, 100, 100), namespace=balancer)
    cloudwatch.put("HTTPCode_Target_5XX_Count", hours(None, 2, 6), namespace=balancer)
    cloudwatch.put("HTTPCode_ELB_5XX_Count", hours(None, 3), namespace=balancer)
    found = changes(metrics(cloudwatch.address, web=REQUESTS))
    assert found == [(0, UP), (2, DOWN), (3, UNKNOWN)]


def test_an_outage_over_both_edges_of_the_month_keeps_its_whole_length(cloudwatch):
    """It began 40 hours before September and ended 30 hours after its 720, at 750."""
    values = hours(100, *[0] * 790, 100, start=SEPTEMBER.start - 41 * HOUR)
    cloudwatch.put("SuccessPercent", values, dimensions={"CanaryName": "web"})
    found = changes(metrics(cloudwatch.address))
    assert [change for change in found if change[1] is not UNKNOWN] == [
        (-41, UP),
        (-40, DOWN),
        (750, UP),
    ]


def test_another_value_is_another_answer(cloudwatch):
    """99 and 98 are both down, and the digest tells them apart."""
    digests = set()
    for value in (99, 98):
        cloudwatch.forget()
        cloudwatch.put("SuccessPercent", hours(100, value), dimensions={"CanaryName": "web"})
        (answer,) = metrics(cloudwatch.address).read(Wanted(span=SEPTEMBER)).facts.files
        digests.add(answer.sha256)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("minutes", "days", "said"),
    [
        (
            1,
            16,
            (
                "shop: period_seconds is asked for 2025-09-17T00:00:00Z, 16 days ago, in periods "
                "of 1 minutes; a time of which CloudWatch still has them: it keeps them for 15 "
                "days and is silent about the rest. Set period_seconds to 300, of which more is "
                "kept."
            ),
        ),
        (5, 64, "Set period_seconds to 3600, of which more is kept."),
        (60, 456, "Bring the outages of that time as an outage log."),
    ],
)
def test_what_is_no_longer_kept_is_refused_and_not_taken_for_silence(minutes, days, said):
    """Minutes live 15 days, five minutes 63, hours 455."""
    start = NOW - days * DAY
    with pytest.raises(UnusableInputError) as refused:
        metrics("http://127.0.0.1:9", minutes=minutes).read(Wanted(span=Interval(start, NOW)))
    assert str(refused.value).endswith(said)


def test_what_may_still_change_is_not_asked_for(cloudwatch):
    """Now is midnight of October 3: the last five minutes of October 2 are not over long enough."""
    values = hours(*[100] * 24, start=NOW - 2 * HOUR, minutes=5)
    cloudwatch.put("SuccessPercent", values, dimensions={"CanaryName": "web"})
    running = Interval(NOW - DAY, NOW + DAY)
    (line,) = metrics(cloudwatch.address, minutes=5).read(Wanted(span=running)).timelines["web"]
    assert line.changes[-1] == (NOW - 5 * MINUTE_MS, UNKNOWN)
    assert line.spacing_ms == 5 * MINUTE_MS


def test_a_month_that_has_not_begun_is_not_asked_for():
    """Nothing is known, and nobody is bothered."""
    future = Wanted(span=Interval(NOW + DAY, NOW + 2 * DAY))
    assert metrics("http://127.0.0.1:9").read(future).timelines == {}


def test_missing_credentials_are_named_and_present_ones_never(cloudwatch, monkeypatch):
    """The message says where boto3 looks; what it found is in no message and no repr."""
    source = metrics(cloudwatch.address)
    assert SECRET not in repr(source)
    assert KEY_ID not in repr(source)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(Misconfigured, match=r"NoCredentialsError.* Check what boto3 finds"):
        source.read(Wanted(span=SEPTEMBER))


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch):
    """It is large, and only those who measure there install it."""
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(Misconfigured, match=r"pip install 'makegood\[cloudwatch\]'"):
        metrics("http://127.0.0.1:9").read(Wanted(span=SEPTEMBER))


def test_a_server_that_does_not_answer_is_asked_as_often_as_our_own_policy_says(cloudwatch):
    """Three attempts, two waits; the library's own retries are off."""
    waits: list[object] = []
    with pytest.raises(Retriable, match="EndpointConnectionError"):
        metrics("http://127.0.0.1:9", attempts=3, waits=waits).read(Wanted(span=SEPTEMBER))
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"region": "Frankfurt"}, "a region of AWS such as eu-central-1"),
        ({"period_seconds": 420}, "60, 300, 900, 1800 or 3600"),
        ({"monitors": {}}, "at least 1 item"),
        ({"monitors": {"web": {}}}, "either health or requests"),
        ({"monitors": {"web": {**CANARY, **REQUESTS}}}, "either health or requests"),
        (
            {"monitors": {"web": {"health": {**CANARY["health"], "up_at_most": "1"}}}},
            "either up_at_least or up_at_most",
        ),
    ],
)
def test_terms_that_cannot_be_asked_are_refused(terms, said):
    """Each with what would have been right."""
    known = {"id": "shop", "kind": "cloudwatch", "region": REGION, "monitors": {"web": CANARY}}
    assert CloudWatch.model_validate(known).period_seconds == 300
    with pytest.raises(ValueError, match=said):
        CloudWatch.model_validate({**known, **terms})
