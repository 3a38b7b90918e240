"""Two vendors that forget: Prometheus answers with silence, and CloudWatch says that it forgot."""

from functools import partial

import pytest

from connectors.monitoring import NoLongerKeptError
from connectors.monitoring.cloudwatch import CloudWatchMetrics
from models.intervals import Interval
from models.period import ServiceMonth
from tests.cloudwatch import REGION
from tests.prometheus import PASSWORD, USER, Samples, running
from tests.workspaces import MAKEGOOD, SEPTEMBER

MINUTE, DAY = 60_000, 86_400_000
MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
NOON = MONTH.start + 9 * DAY + DAY // 2
OUTAGE = Interval(NOON, NOON + 120 * MINUTE)
LOOKS = range(MONTH.start - 2 * DAY, MONTH.end + 2 * DAY, 5 * MINUTE)

_, _, REST = MAKEGOOD.partition("path: checks.csv}\n")
PROMETHEUS = """\
name: Northwind Relay
sources:
  - id: prom
    kind: prometheus
    address: {address}
    user: {user}
    monitors: {{api: {{query: probe_success, stale_after_seconds: 600}}}}
"""
CLOUDWATCH = """\
name: Northwind Relay
sources:
  - id: amazon
    kind: cloudwatch
    address: {address}
    region: {region}
    monitors: {{api: {{health: {{namespace: Shop, metric: Up, up_at_least: 1}}}}}}
"""


def up(at):
    """Whether a look sees the service up."""
    return int(not OUTAGE.start <= at < OUTAGE.end)


def samples(since):
    """What a server holds that has forgotten what was before an instant."""
    return [Samples("probe_success", {}, [(at, str(up(at))) for at in LOOKS if at >= since])]


@pytest.mark.peer
@pytest.mark.xdist_group(name="prometheus")
def test_a_month_outlives_prometheus(lay_out, monkeypatch):
    """It held all, then from the middle of the outage on, then nothing of the month."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_PROM_PASSWORD", PASSWORD)
    books, found = None, []
    for since in (LOOKS.start, NOON + 62 * MINUTE, MONTH.end + DAY + DAY // 2):
        with running(samples(since)) as server:
            makegood = PROMETHEUS.format(address=server.address, user=USER) + REST
            books = books or lay_out(makegood=makegood)
            books.write("makegood.yaml", makegood)
            outcome = books.run()["acme/api"]
        found.append((outcome.decided.measured.uptime.down.length, outcome.change is None))
    assert found == [(120 * MINUTE, False), (120 * MINUTE, True), (120 * MINUTE, True)]


@pytest.mark.peer
@pytest.mark.xdist_group(name="cloudwatch")
def test_a_month_outlives_cloudwatch(lay_out, cloudwatch, monkeypatch):
    """Ninety days later it refuses; what it told is kept, and what it did not tell is not."""
    cloudwatch.put("Up", {at: up(at) for at in LOOKS})
    terms = CLOUDWATCH.format(address=cloudwatch.address, region=REGION)
    books = lay_out(makegood=terms + REST)

    def at(now):
        asking = partial(CloudWatchMetrics, now=lambda: now, points_at_once=400)
        monkeypatch.setattr("flows.sources.CloudWatchMetrics", asking)

    at(MONTH.end + 3 * DAY)
    assert books.run()["acme/api"].decided.measured.uptime.down.length == 120 * MINUTE
    before = books.tables
    at(MONTH.end + 90 * DAY)
    assert books.run()["acme/api"].change is None
    assert books.tables == before
    with pytest.raises(NoLongerKeptError, match="silent about the rest"):
        books.run("2025-08")
