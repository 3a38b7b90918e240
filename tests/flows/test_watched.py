"""What the sources of a workspace watch, as far as its folder tells."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.watched import watched_in
from models.linting.contracts import Watched
from tests.workspaces import checks

LOG = "monitor,started_at,ended_at\nmail,2025-09-10T12:00:00Z,2025-09-10T12:10:00Z\n"
PAYLOAD = (
    '{"client_id": "acme", "service_id": "api", "month": "2025-09", '
    '"total_windows": 8640, "error_windows": 3}'
)
SERVER = (
    "{id: s, kind: prometheus, address: 'http://prometheus:9090', "
    "monitors: {shop: {query: up, step_seconds: 60}}}"
)
SOURCES = {
    "rows of CSV": ("{id: a, kind: checks_file, path: checks.csv}", {"api", "web"}, set()),
    "rows of Parquet": ("{id: a, kind: checks_file, path: '*.parquet'}", {"dns", "api"}, set()),
    "another column": (
        "{id: a, kind: checks_file, path: other.csv, columns: {monitor: probe}}",
        {"ping"},
        set(),
    ),
    "an outage log": (
        "{id: a, kind: outage_log, path: log.csv, covers: 2025-09-01/2025-10-01}",
        {"mail"},
        set(),
    ),
    "a list beside a log": (
        "{id: a, kind: outage_log, path: log.csv, covers: 2025-09-01/2025-10-01, monitors: [x]}",
        {"x"},
        set(),
    ),
    "counted months": ("{id: a, kind: calculator_payloads, path: may.json}", set(), {"acme/api"}),
    "a server that is asked": (SERVER, {"shop"}, set()),
}


@pytest.fixture
def folder(tmp_path):
    """Files of every kind."""
    (tmp_path / "checks.csv").write_text(checks(api=1, web=0))
    (tmp_path / "other.csv").write_text("probe,at,up\nping,2025-09-01T00:00:00Z,up\n")
    for name, monitors in (("a", ["dns", "dns"]), ("b", ["api"])):
        pq.write_table(
            pa.table({"monitor": monitors, "at": [0] * len(monitors), "up": [1] * len(monitors)}),
            tmp_path / f"{name}.parquet",
        )
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "may.json").write_text(PAYLOAD)
    return tmp_path


def watched(folder, *sources):
    """What a workspace with these sources watches."""
    listed = "".join(f"  - {source}\n" for source in sources)
    (folder / "makegood.yaml").write_text(f"name: X\nsources:\n{listed}")
    return watched_in(folder)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_tells_whom_it_watches(folder, kind):
    """By its files, or by what the workspace says of it; no network is asked."""
    source, monitors, counted = SOURCES[kind]
    assert watched(folder, source) == Watched(frozenset(monitors), frozenset(counted))


def test_several_sources_watch_together(folder):
    """Whatever one of them watches."""
    both = watched(folder, SOURCES["rows of CSV"][0], SOURCES["a server that is asked"][0])
    assert both == Watched(frozenset({"api", "web", "shop"}))


@pytest.mark.parametrize("path", ["missing.csv", "may.json"])
def test_where_a_file_cannot_be_read_nobody_can_tell(folder, path):
    """Nothing is called unknown for want of a file."""
    unreadable = f"{{id: b, kind: checks_file, path: {path}}}"
    assert watched(folder, SOURCES["rows of CSV"][0], unreadable) is None


def test_a_workspace_that_cannot_be_read_tells_nothing(tmp_path):
    """There is none."""
    assert watched_in(tmp_path) is None
