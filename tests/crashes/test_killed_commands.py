"""`makegood run` itself, on Prefect, killed as an operating system would: SIGKILL, no goodbye."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import COMMAND
from tests.crashes.deaths import BOOKS, differences, final_state
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, VENDOR, Books, checks

LONGEST = 240
"""Seconds after which something that should have happened will not."""


@contextmanager
def begun(surroundings, **environment):
    """The command, running beside its workspace until the block ends."""
    command = [str(COMMAND), "run", "--month", SEPTEMBER, "--workspace", str(BOOKS)]
    with subprocess.Popen(
        command,
        cwd=surroundings,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as going:
        try:
            yield going
        finally:
            going.kill()


def wait_until(happened):
    """Look again and again whether it happened; what was found."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(0.003)
    return pytest.fail("it did not happen")


def laid_out(surroundings):
    """Two clients and a vendor, in a month with something to tell each of them."""
    contracts = (ACME, BLUEFIN, VENDOR)
    return Books.laid_out(surroundings / BOOKS, *contracts, checks=checks(api=120, hosting=500))


@NEEDS_PREFECT
def test_killed_at_two_signs_of_life_it_ends_as_if_undisturbed(prefect_api, tmp_path, monkeypatch):
    """Killed while it makes the database, and when it is about to send a mail; then run again."""
    books = laid_out(tmp_path / "killed")
    # With the times of its files, which are remembered with what they said.
    shutil.copytree(tmp_path / "killed", tmp_path / "undisturbed")
    for sign in ("makegood.db", "outbox"):
        with begun(tmp_path / "killed") as going:
            wait_until((books.folder / sign).exists)
            going.send_signal(signal.SIGKILL)
            assert going.wait() == -signal.SIGKILL
    with begun(tmp_path / "killed") as going:
        _, complaints = going.communicate(timeout=LONGEST)
        assert going.returncode == 0, complaints
    monkeypatch.chdir(tmp_path / "undisturbed")
    Books(BOOKS).run()
    expected = final_state()
    monkeypatch.chdir(tmp_path / "killed")
    assert differences(expected, final_state()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, as Linux has it")
def test_killed_with_a_server_of_its_own_it_leaves_no_server_behind(tmp_path, monkeypatch):
    """The kernel ends the server with the command, so that no port and no memory stays taken."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    laid_out(tmp_path)
    with begun(tmp_path, PREFECT_HOME=str(tmp_path / "prefect")) as going:
        server = wait_until(lambda: server_of(going.pid))
        going.send_signal(signal.SIGKILL)
        assert going.wait() == -signal.SIGKILL
    wait_until(lambda: not is_alive(server))


def server_of(parent: int) -> int | None:
    """The uvicorn that a process started; None while there is none."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    for child in children:
        if b"uvicorn" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


def is_alive(process: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
