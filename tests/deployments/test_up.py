"""`makegood up` at a terminal: Ctrl-C, starting it again, a port that is taken.

A terminal's Ctrl-C reaches every process of its group at once, the server and the worker as well.
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
import yaml

from deployments.register import FILE
from tests.deployments.pages import Pages, free_port
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books, checks

pytestmark = NEEDS_PREFECT

PATIENCE_SECONDS = 240
NAMES = {one["name"] for one in yaml.safe_load(FILE.read_text())["deployments"]}
COMMAND = str(Path(sys.executable).with_name("makegood"))


@contextmanager
def at_a_terminal(folder: Path, port: int):
    """`makegood up` in a process group of its own; what is left of it is ended afterwards."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    told = (folder / "up.log").open("wb")
    process = subprocess.Popen(
        [COMMAND, "up", "--workspace", str(folder), "--port", str(port)],
        env=environment,
        stdout=told,
        stderr=told,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        told.close()
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


def until_deployed(process, port: int, log: Path) -> None:
    """Wait until the page is shown and the server knows every deployment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as line:
        while not _deployed(line):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)


def _deployed(line) -> bool:
    try:
        page = line.get("/")
        found = line.post("/api/deployments/filter", json={})
    except httpx.HTTPError:
        return False
    shown = page.is_success and b"<html" in page.content
    return shown and found.is_success and {one["name"] for one in found.json()} >= NAMES


def until_up(process, log: Path) -> None:
    """Wait until it says that it is open."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while b"Open http" not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def test_from_nothing_to_the_pages_with_deployments_and_back_again(tmp_path):
    """Ctrl-C ends all of it with 0; a second start keeps everything."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))
    port, log = free_port(), books.folder / "up.log"
    with at_a_terminal(books.folder, port) as process:
        until_deployed(process, port, log)
        until_up(process, log)
        pages = Pages(f"http://127.0.0.1:{port}")
        run = pages.start("verify", month=SEPTEMBER)
        pages.until(run, "COMPLETED")
        paused = pages.deployment("sync-ledger")
        schedule = paused["schedules"][0]["id"]
        pages.asked("PATCH", f"/deployments/{paused['id']}/schedules/{schedule}", active=False)
        pages.api.close()
        children = descendants(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 0, log.read_text()
        assert log.read_text().endswith("Ending.\n"), log.read_text()
        assert "Traceback" not in log.read_text()
    assert len(children) >= 2
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    with at_a_terminal(books.folder, port) as process:
        until_deployed(process, port, log)
        until_up(process, log)
        pages = Pages(f"http://127.0.0.1:{port}")
        assert pages.run(run)["state"]["type"] == "COMPLETED"
        assert pages.deployment("sync-ledger")["schedules"][0]["active"] is False
        pages.api.close()
        process.send_signal(signal.SIGTERM)
        while "Ending." not in log.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)  # Somebody is impatient.
        assert process.wait(timeout=60) == 0, log.read_text()


def test_a_port_that_is_taken_is_said_at_once(tmp_path):
    """Exit code 2, which port, and what to do; nothing was started or made."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))
    port = free_port()
    with _listening(port), at_a_terminal(books.folder, port) as process:
        assert process.wait(timeout=60) == 2
    said = (books.folder / "up.log").read_text()
    assert f"--port: {port} cannot be listened on: Address already in use" in said
    assert "Give another one, or stop what listens there." in said
    assert not (books.folder / ".prefect").exists()


@contextmanager
def _listening(port: int):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield


def test_a_workspace_that_cannot_be_used_starts_nothing(tmp_path):
    """Exit code 2 with the finding, before any server."""
    (tmp_path / "makegood.yaml").write_text("nmae: Northwind\n")
    with at_a_terminal(tmp_path, free_port()) as process:
        assert process.wait(timeout=60) == 2
    assert "makegood.yaml" in (tmp_path / "up.log").read_text()
    assert not (tmp_path / ".prefect").exists()
