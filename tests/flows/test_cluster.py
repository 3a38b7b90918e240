"""Reckoning in other processes: the same results, and one of them may die at any moment.

A scheduler of Dask and two workers, each an operating-system process of its own, as on other hosts.
Twelve contracts in shards of one: twelve tasks, six for each worker.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows import planning
from flows.cluster import on_cluster
from flows.log import NobodyWatches, watched_by
from flows.month_end import MonthRequest, month_end
from flows.settings import CLUSTER
from models.findings import UnusableInputError
from tests.crashes.deaths import BOOKS, differences, final_state
from tests.deployments.pages import free_port, until
from tests.house.project import ROOT
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books, checks

CONTRACTS = 12


class Workers:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.address = folder, f"tcp://127.0.0.1:{free_port()}"
        self.processes: list[subprocess.Popen[bytes]] = []
        port = self.address.rpartition(":")[2]
        self.begin("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")

    def begin(self, *command: str) -> subprocess.Popen[bytes]:
        """Start one of Dask's programs."""
        with (self.folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def work(self, count: int) -> list[subprocess.Popen[bytes]]:
        """Start so many workers, and wait until the scheduler knows them."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        begun = [self.begin("worker", self.address, *options) for _ in range(count)]
        log = self.folder / "dask.log"
        until(
            lambda: log.read_text().count("Register worker") >= count or None,
            lambda: log.read_text()[-3000:],
        )
        return begun

    def end(self) -> None:
        """End them all."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def workers(tmp_path):
    """A scheduler, and no worker yet."""
    made = Workers(tmp_path)
    yield made
    made.end()


@contextmanager
def decided_in(folder: Path, monkeypatch, cluster: str):
    """A copy of the month, and where it is reckoned."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv(CLUSTER, cluster)
    yield MonthRequest(month=SEPTEMBER, workspace=str(BOOKS))


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The same workspace twice: for a cluster, and for the run's own process."""
    monkeypatch.setattr(planning, "SHARD_SIZE", 1)
    contracts = [
        ACME.replace("{id: acme", f"{{id: acme-{number:02d}").replace("2000", f"{2000 + number}")
        for number in range(CONTRACTS)
    ]
    Books.laid_out(tmp_path / "here" / BOOKS, *contracts, checks=checks(api=120))
    # With the times of its files, which are remembered with what they said.
    shutil.copytree(tmp_path / "here", tmp_path / "elsewhere")
    return tmp_path / "here", tmp_path / "elsewhere"


@NEEDS_PREFECT
def test_a_month_reckoned_by_two_processes_is_the_same(prefect_api, workers, folders, monkeypatch):
    """Tables, ledger, mails and previews, but for instants; and it was they who reckoned."""
    here, elsewhere = folders
    workers.work(2)
    with decided_in(elsewhere, monkeypatch, workers.address) as request:
        run = month_end(request)
        assert len(run.decided) == CONTRACTS
        found = final_state()
    with decided_in(here, monkeypatch, "") as request:
        assert len(month_end(request).decided) == 0
        assert differences(final_state(), found) == []


class KillsOne(NobodyWatches):
    """Kills a process as soon as the first shard is back."""

    def __init__(self, process) -> None:
        self.process = process

    def part(self, says: str) -> None:
        """Look whether it is time."""
        if "measured" in says and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()


@NEEDS_PREFECT
def test_a_worker_killed_in_the_middle_changes_nothing(prefect_api, workers, folders, monkeypatch):
    """Its shards are reckoned by the other one, and come to the same."""
    here, elsewhere = folders
    victim, _ = workers.work(2)
    with decided_in(elsewhere, monkeypatch, workers.address) as request:
        with watched_by(KillsOne(victim)):
            run = month_end(request)
        assert victim.returncode == -signal.SIGKILL
        assert len(run.decided) == CONTRACTS
        found = final_state()
    with decided_in(here, monkeypatch, "") as request:
        month_end(request)
        assert differences(final_state(), found) == []


@pytest.mark.parametrize("wanted", ["4", "local:", "local:0", "local:two", "http://scheduler:8786"])
def test_a_cluster_that_is_none_is_refused(wanted, monkeypatch):
    """By name, with what would be right."""
    monkeypatch.setenv(CLUSTER, wanted)
    with pytest.raises(UnusableInputError, match="local:4, or tcp://"), on_cluster():
        pytest.fail("it was taken")
