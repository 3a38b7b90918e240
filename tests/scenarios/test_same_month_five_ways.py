"""One month, seen five ways: the same outages come to the same seconds and the same cents.

October 2025 in Berlin has 745 hours, because the clocks go back on the 26th. Each client's monitor
is measured by a source of its own: a real Prometheus, a real PostgreSQL, CloudWatch (the server of
moto), a Parquet file and a CSV file.
"""

import csv
import json
import shutil
from decimal import Decimal
from functools import partial

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.monitoring.cloudwatch import CloudWatchMetrics
from models.intervals import MINUTE_MS, Interval, IntervalSet, utc, utc_text
from models.period import ServiceMonth
from tests.cloudwatch import REGION
from tests.prometheus import PASSWORD, USER, Samples, running
from tests.workspaces import Books

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group(name="postgresql")]

OCTOBER = ServiceMonth.parse("2025-10").bounds("Europe/Berlin")
HOUR, DAY = 60 * MINUTE_MS, 1440 * MINUTE_MS
STEP = 5 * MINUTE_MS
SEEN = Interval(OCTOBER.start - 2 * DAY, OCTOBER.end + 2 * DAY)
NOW = OCTOBER.end + 3 * DAY
CLOCKS_GO_BACK = OCTOBER.start + 25 * DAY + 3 * HOUR
"""2025-10-26T01:00:00Z: 03:00 in Berlin becomes 02:00."""

OUTAGES = IntervalSet.of(
    [
        # From 23:30 of September 30 on: 20 of its 50 minutes are in October.
        (OCTOBER.start - 30 * MINUTE_MS, OCTOBER.start + 20 * MINUTE_MS),
        (OCTOBER.start + 9 * DAY, OCTOBER.start + 9 * DAY + 95 * MINUTE_MS),
        (OCTOBER.start + 12 * DAY, OCTOBER.start + 12 * DAY + STEP),
        # The hour that comes twice, and 5 minutes on either side.
        (CLOCKS_GO_BACK - HOUR - STEP, CLOCKS_GO_BACK + HOUR + STEP),
        # 25 of its 70 minutes are in October.
        (OCTOBER.end - 25 * MINUTE_MS, OCTOBER.end + 45 * MINUTE_MS),
    ]
)
DOWN_SECONDS = (20 + 95 + 5 + 130 + 25) * 60

WAYS = ("prometheus", "postgresql", "cloudwatch", "parquet", "csv")

MAKEGOOD = """\
name: Northwind Relay
sources:
  - id: prom
    kind: prometheus
    address: {prometheus}
    user: {user}
    monitors: {{prometheus: {{query: probe_success, stale_after_seconds: 600}}}}
  - id: audit
    kind: sql
    yields: outages
    covers: 2025-09-01/2026-09-01
    monitors: {{postgresql: {{called: "7"}}}}
    query: >
      SELECT service AS monitor, lower(was_down) AS start, upper(was_down) AS "end"
      FROM audit WHERE was_down && tstzrange(:start, :end)
  - id: amazon
    kind: cloudwatch
    address: {cloudwatch}
    region: {region}
    monitors:
      cloudwatch:
        signal: synthetic
        health:
          namespace: CloudWatchSynthetics
          metric: SuccessPercent
          dimensions: {{CanaryName: relay}}
          up_at_least: 100
  - {{id: columns, kind: checks_file, path: checks.parquet}}
  - {{id: rows, kind: checks_file, path: checks.csv}}
"""
CONTRACT = """\
role: provider
client: {{id: {way}, name: Client of {way}, email: ap@{way}.example}}
service: {{id: api, name: Relay API}}
currency: EUR
billable_amount: 1999.99
time_zone: Europe/Berlin
monitors: [{way}]
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {{below: 99.9, at_least: 99.0, credit_percent: 12.5}}
    - {{below: 99.0, credit_percent: 25}}
"""
CHECKS = [(at, at not in OUTAGES) for at in range(SEEN.start, SEEN.end, STEP)]
"""What was seen every five minutes: the instant, and whether the service was up."""


@pytest.fixture(scope="module")
def prometheus():
    """A server that has scraped the probe every five minutes."""
    with running([Samples("probe_success", {}, [(at, str(int(up))) for at, up in CHECKS])]) as made:
        yield made


@pytest.fixture
def postgresql(postgres_server, postgres_database):
    """The address of a database whose audit table has a row for each outage."""
    name = postgres_database(empty=True)
    with psycopg.connect(f"host={postgres_server.folder} user=postgres dbname={name}") as audit:
        audit.execute("CREATE TABLE audit (service int, was_down tstzrange)")
        audit.cursor().executemany(
            "INSERT INTO audit VALUES (7, tstzrange(%s, %s))",
            [(utc(outage.start), utc(outage.end)) for outage in OUTAGES],
        )
    return postgres_server.url(name)


@pytest.fixture
def books(tmp_path, prometheus, postgresql, cloudwatch, monkeypatch):
    """A workspace that sees the outages five ways."""
    cloudwatch.put(
        "SuccessPercent",
        {at: 100 * up for at, up in CHECKS},
        namespace="CloudWatchSynthetics",
        dimensions={"CanaryName": "relay"},
    )
    # Amazon would be asked for all points at once; moto's work grows with their square.
    asking = partial(CloudWatchMetrics, now=lambda: NOW, points_at_once=400)
    monkeypatch.setattr("flows.sources.CloudWatchMetrics", asking)
    monkeypatch.setenv("MAKEGOOD_SOURCE_PROM_PASSWORD", PASSWORD)
    monkeypatch.setenv("MAKEGOOD_SOURCE_AUDIT_URL", postgresql)
    with (tmp_path / "checks.csv").open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow(["monitor", "at", "up"])
        written.writerows(("csv", utc_text(at), "up" if up else "down") for at, up in CHECKS)
    columns = {
        "monitor": pa.array(["parquet"] * len(CHECKS)),
        "at": pa.array([at for at, _ in CHECKS], pa.timestamp("ms", tz="UTC")),
        "up": pa.array([up for _, up in CHECKS]),
    }
    pq.write_table(pa.table(columns), tmp_path / "checks.parquet")
    makegood = MAKEGOOD.format(
        prometheus=prometheus.address, user=USER, cloudwatch=cloudwatch.address, region=REGION
    )
    contracts = [CONTRACT.format(way=way) for way in WAYS]
    return Books.laid_out(tmp_path, *contracts, makegood=makegood)


def test_a_month_measured_five_ways_comes_to_the_same_seconds_and_the_same_cents(books):
    """275 of 44,700 minutes are 0.615 %: 99.38 % earns 12.5 % of 1,999.99, 250.00 to the cent.

    Outages over an edge are seen at their whole length, as a minimum length would judge them.
    """
    outcomes = books.run("2025-10")
    assert OCTOBER.length == 745 * HOUR
    measured = {way: outcomes[f"{way}/api"].decided.measured.uptime for way in WAYS}
    assert {way: uptime.down.length for way, uptime in measured.items()} == dict.fromkeys(
        WAYS, DOWN_SECONDS * 1000
    )
    assert len({(uptime.down, uptime.ratio, uptime.unknown) for uptime in measured.values()}) == 1
    assert {tuple(o.whole for o in uptime.outages) for uptime in measured.values()} == {
        tuple(OUTAGES)
    }
    amounts = {way: str(outcomes[f"{way}/api"].decided.determination.amount) for way in WAYS}
    assert amounts == dict.fromkeys(WAYS, "250.00 EUR")


def sources_of(books):
    """The digests of what each source answered, as the decision on CloudWatch's month has them."""
    (entry,) = (
        json.loads(str(row["body"]), parse_float=Decimal)
        for row in books.tables["log_entry"]
        if (row["contract"], row["kind"]) == ("cloudwatch/api", "determined")
    )
    return entry["sources"]


def test_a_second_run_finds_nothing_new_and_the_first_can_be_proven(books, tmp_path_factory):
    """Every source says the same again; a run for one client records what a run for all does."""
    alone = Books(tmp_path_factory.mktemp("alone") / "books")
    shutil.copytree(books.folder, alone.folder)
    books.run("2025-10")
    before = books.everything
    books.run("2025-10")
    assert books.everything == before
    assert books.verify().faults == ()
    alone.run("2025-10", clients=["cloudwatch"])
    assert sources_of(alone) == sources_of(books)
