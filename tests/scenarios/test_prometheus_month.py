"""A month of a workspace whose monitor is asked of a real Prometheus, and not read from a file."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from connectors.errors import Misconfigured
from models.intervals import Interval
from models.period import ServiceMonth
from tests.prometheus import PASSWORD, USER, Samples, Server, running
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group(name="prometheus")]

MINUTE, HOUR = 60_000, 3_600_000
MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
NOON = MONTH.start + 9 * 24 * HOUR + 12 * HOUR
OUTAGE = Interval(NOON, NOON + 120 * MINUTE)
SCRAPED = range(MONTH.start - HOUR, MONTH.end + HOUR, 5 * MINUTE)


def probed(at: int) -> str:
    """Down for 120 minutes from noon of September 10 on, as in the files of other tests."""
    return "0" if at in range(OUTAGE.start, OUTAGE.end) else "1"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that has scraped a probe every five minutes, and counted requests."""
    probe = Samples("probe_success", {"job": "api"}, [(at, probed(at)) for at in SCRAPED])
    counts = {"ok": 0, "failed": 0}
    kept: dict[str, list[tuple[int, str]]] = {"ok": [], "failed": []}
    for at in range(MONTH.start - HOUR, MONTH.end + HOUR, 2 * MINUTE + MINUTE // 2):
        for name, count in counts.items():
            kept[name].append((at, str(count)))
        counts["ok" if probed(at) == "1" else "failed"] += 100
    requests = [Samples("hits_total", {"came": name}, values) for name, values in kept.items()]
    with running([probe, *requests]) as made:
        yield made


def workspace(server: Server, monitor: str) -> str:
    """The workspace of other tests, its monitor asked of the server."""
    _, _, rest = MAKEGOOD.partition("path: checks.csv}\n")
    return f"""\
name: Northwind Relay
sources:
  - id: prom
    kind: prometheus
    address: {server.address}
    user: {USER}
    monitors: {{api: {monitor}}}
{rest}"""


@pytest.fixture
def password(monkeypatch):
    """The secret of the source, in the environment."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_PROM_PASSWORD", PASSWORD)


COUNTED = (
    "{requests: {total: hits_total, failed: 'hits_total{came=\"failed\"}',"
    " error_rate_percent: 5, for_minutes: 10, window_seconds: 600}}"
)


@pytest.mark.parametrize(
    "monitor",
    ["{query: 'probe_success{job=\"api\"}', stale_after_seconds: 600}", COUNTED],
    ids=["samples", "requests"],
)
def test_a_month_comes_to_the_same_from_the_server_and_from_a_file(
    tmp_path, server, password, monitor
):
    """120 of 43,200 minutes: 99.7222 %, so 10 % of 2,000, whoever saw it."""
    asked = Books.laid_out(tmp_path / "asked", makegood=workspace(server, monitor))
    read = Books.laid_out(tmp_path / "read", checks=checks(api=120))
    uptimes = [books.run()["acme/api"].decided.determination.uptime for books in (asked, read)]
    assert uptimes == [1 - Fraction(120, 43_200)] * 2
    assert asked.owed == read.owed == {"acme/api/2025-09/r0": ("draft", "200.00 EUR")}
    assert asked.verify().faults == ()


def test_a_rerun_changes_nothing(tmp_path, server, password):
    """The server says the same again, so the evidence is the same to its digest."""
    monitor = "{query: 'probe_success{job=\"api\"}', stale_after_seconds: 600}"
    books = Books.laid_out(tmp_path, makegood=workspace(server, monitor))
    books.run()
    before = books.everything
    books.run()
    assert books.everything == before


def test_a_month_is_not_decided_without_the_secret(tmp_path, server, monkeypatch):
    """Nothing is written about a month that could not be measured."""
    monkeypatch.delenv("MAKEGOOD_SOURCE_PROM_PASSWORD", raising=False)
    books = Books.laid_out(tmp_path, makegood=workspace(server, "{query: probe_success}"))
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_PROM_PASSWORD"):
        books.run()
    assert books.owed == {}
