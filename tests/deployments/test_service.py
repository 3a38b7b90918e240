"""`makegood up` as an operator has it: a real server, a real worker, forms answered over the API.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR, Bluefin's 10 % of 3,600.00 USD.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flows.office import open_office
from flows.verify import verify
from models.credit import ObligationState
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, checks

pytestmark = NEEDS_PREFECT

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
ALL = "release all of them"
BUSY = 503
PATIENCE_SECONDS = 180
SCHEDULES = 5
"""Deployments that have one."""


class Pages:
    """What an operator does in Prefect's pages, by the API that the pages use."""

    def __init__(self, address: str) -> None:
        self.api = httpx.Client(base_url=f"{address}/api", timeout=60, trust_env=False)

    def asked(self, method: str, path: str, **body):
        """One request; its JSON answer. A server that is too busy for it is asked again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        answer = self.api.request(method, path, json=body or None)
        while answer.status_code == BUSY and time.monotonic() < deadline:
            time.sleep(1)
            answer = self.api.request(method, path, json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def start(self, deployment, **request):
        """Start a run of a deployment with these parameters; its id."""
        found = self.asked("GET", f"/deployments/name/{deployment}/{deployment}")
        body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
        return self.asked("POST", f"/deployments/{found['id']}/create_flow_run", **body)["id"]

    def run(self, run: str):
        """A run as it stands."""
        return self.asked("GET", f"/flow_runs/{run}")

    def until(self, run: str, *states: str, besides: str = ""):
        """The run once it is in one of these states, and not on the question before."""
        found = self.run(run)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            details = found["state"]["state_details"]
            if found["state"]["type"] in states and details["pause_key"] != (besides or "-"):
                return found
            if found["state"]["type"] in ENDED:
                break
            time.sleep(0.5)
            found = self.run(run)
        pytest.fail(f"{found['name']} is {found['state']}: {self.log(run)[-3000:]}")

    def question(self, run: str, besides: str = "") -> tuple[str, str]:
        """The question that a run is suspended on: its key, and what it shows."""
        found = self.until(run, "PAUSED", besides=besides)
        details = found["state"]["state_details"]
        shown = f"/flow_runs/{run}/input/{details['run_input_keyset']['description']}"
        for _ in range(100):
            answer = self.api.get(shown)
            if answer.is_success:
                return details["pause_key"], answer.json()
            time.sleep(0.1)
        raise AssertionError(shown)

    def answer(self, run: str, **form):
        """Answer a form; what the server says of it."""
        return self.asked("POST", f"/flow_runs/{run}/resume", run_input=form)

    def until_noted(self, run: str, says: str) -> None:
        """Wait until a run's log says so; lines reach the server a moment later."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while says not in self.log(run):
            assert time.monotonic() < deadline, self.log(run)
            time.sleep(0.5)

    def log(self, run: str) -> str:
        """What a run noted."""
        wanted = {"flow_run_id": {"any_": [run]}}
        lines = self.asked("POST", "/logs/filter", logs=wanted, sort="TIMESTAMP_ASC")
        return "\n".join(line["message"] for line in lines)


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def up(folder: Path, port: int):
    """`makegood up` in a process of its own, until the block ends."""
    command = [str(Path(sys.executable).with_name("makegood")), "up"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    told = (folder / "up.log").open("wb")
    process = subprocess.Popen(
        [*command, "--workspace", str(folder), "--port", str(port)],
        env=environment,
        stdout=told,
        stderr=told,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"Open http" not in (folder / "up.log").read_bytes():
            assert process.poll() is None, (folder / "up.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        told.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Two clients, and two hours of outage."""
    folder = tmp_path_factory.mktemp("served") / "books"
    return Books.laid_out(folder, ACME, BLUEFIN, checks=checks(api=120))


@pytest.fixture(scope="module")
def pages(books):
    """A service that is up."""
    port = free_port()
    with up(books.folder, port):
        pages = Pages(f"http://127.0.0.1:{port}")
        yield pages
        pages.api.close()


def states(books):
    """Where every obligation of September stands."""
    with open_office(books.folder, read_only=True) as office:
        return {s.key: s.obligation.state for s in office.store.obligations(SEPTEMBER)}


def test_schedules_really_yield_scheduled_runs(pages):
    """With some versions beside it, Prefect's scheduler fails every minute, and says so nowhere."""
    wanted = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    found: list[dict[str, str]] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < SCHEDULES and time.monotonic() < deadline:
        found = pages.asked("POST", "/flow_runs/filter", flow_runs=wanted)
        time.sleep(0.5)
    assert len({run["deployment_id"] for run in found}) == SCHEDULES


def test_a_month_is_decided_asked_about_and_released(pages, books):
    """A wrong total is said and asked about again; the right one releases, pays and tells."""
    run = pages.start("month-end", month=SEPTEMBER, ask_for_release=True)
    first, shown = pages.question(run)
    assert pages.run(run)["name"] == f"month-end {SEPTEMBER} (all clients)"
    assert "**2 credits of 2025-09, 200.00 EUR, 360.00 USD.**" in shown
    assert "| acme/api/2025-09/r0 | " in shown
    assert set(states(books).values()) == {ObligationState.DRAFT}
    pages.answer(run, decision=ALL, total="200 EUR", approver="Kim")
    second, shown = pages.question(run, besides=first)
    assert second != first
    assert "The total of what you chose is 200.00 EUR, 360.00 USD; '200 EUR' was typed" in shown
    assert set(states(books).values()) == {ObligationState.DRAFT}
    pages.answer(run, decision=ALL, total="200 EUR, 360 USD", approver="Kim", note="looked at")
    pages.until(run, "COMPLETED")
    assert set(states(books).values()) == {ObligationState.RELEASED}
    pages.until_noted(run, "2 credits released, 2 paid, 2 notices sent")
    with open_office(books.folder, read_only=True) as office:
        assert verify(office.store).faults == ()


def test_a_retry_of_a_completed_run_changes_nothing(pages, books):
    """The button is there, also on completed runs."""
    before = books.tables
    run = pages.start("month-end", month=SEPTEMBER)
    pages.until(run, "COMPLETED")
    pages.asked("POST", f"/flow_runs/{run}/set_state", state={"type": "SCHEDULED"}, force=True)
    time.sleep(1)
    pages.until(run, "COMPLETED")
    assert books.tables == before


def test_wrong_parameters_are_refused_by_the_form(pages):
    """By the server, before a run is made."""
    with pytest.raises(httpx.HTTPStatusError, match=r"4\d\d"):
        pages.start("month-end", month="September")
    with pytest.raises(httpx.HTTPStatusError, match=r"4\d\d"):
        pages.start("backfill", first="2025-08", last="2025-09", clientz=["acme"])


def test_past_months_are_child_runs_the_oldest_first(pages):
    """One for each, by its name; nothing is mailed or released by rule."""
    run = pages.start("backfill", first="2025-08", last="2025-09", clients=["acme"], dry_run=True)
    pages.until(run, "COMPLETED")
    wanted = {"parent_flow_run_id": {"any_": [run]}}
    found = pages.asked("POST", "/flow_runs/filter", flow_runs=wanted, sort="START_TIME_ASC")
    assert [child["name"] for child in found] == [
        "month-end 2025-08 (acme, dry run)",
        "month-end 2025-09 (acme, dry run)",
    ]


def test_the_service_ends_with_everything_that_it_started(tmp_path):
    """Nothing is left of server and worker when it is ended, however hard."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))
    port = free_port()
    with up(books.folder, port) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) >= 2
        process.kill()
        process.wait()
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < deadline, children
            time.sleep(0.1)
