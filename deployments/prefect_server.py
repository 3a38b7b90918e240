"""A Prefect server for one command, where none is configured.

A firm that runs Prefect sets `PREFECT_API_URL`, and its server is used; Prefect's own profiles are
not asked, because reading them costs the seconds in which the server starts. Anyone else gets a
server on loopback for as long as the command runs. Prefect can start one by itself, but that one
outlives a killed parent; ours asks the kernel to end it with us.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from connectors.errors import Retriable

STARTUP_SECONDS: Final = 120
SERVER_ENVIRONMENT: Final = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
PR_SET_PDEATHSIG: Final = 1
PAUSE_SECONDS: Final = 0.05


@contextmanager
def prefect_server(*, home: Path | None = None) -> Iterator[Callable[[], None]]:
    """Have a Prefect API while the block runs, with `PREFECT_API_URL` pointing to it.

    The server starts while the caller does other work; call what this yields before the first flow.

    Args:
        home: Where a server of our own keeps its database; None for Prefect's own place.

    Yields:
        A function that returns once the API answers, and raises `Retriable` if it does not in time.

    Raises:
        Retriable: A configured server cannot be reached.
        RuntimeError: Prefect was imported before.
    """
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        with _reached(configured):
            yield _nothing_to_wait_for
        return
    if "prefect" in sys.modules:
        message = "Prefect reads its address when it is imported; start the server before that"
        raise RuntimeError(message)
    if home is not None:
        os.environ["PREFECT_HOME"] = str(home)
    with server_of_our_own() as (address, ready):
        os.environ["PREFECT_API_URL"] = address
        try:
            yield ready
        finally:
            del os.environ["PREFECT_API_URL"]


@contextmanager
def server_of_our_own() -> Iterator[tuple[str, Callable[[], None]]]:
    """Have a Prefect server on loopback while the block runs, whoever is to use it.

    Yields:
        The address of its API, and a function that returns once it answers.
    """
    port = _free_port()
    server = _start(port)
    try:
        yield f"http://127.0.0.1:{port}/api", lambda: wait_until_healthy(server, port)
    finally:
        _let_prefect_finish()
        stop(server)


@contextmanager
def _reached(address: str) -> Iterator[None]:
    """Translate Prefect's words for a server that does not answer into ours.

    Raises:
        Retriable: The configured server cannot be reached.
    """
    try:
        yield
    except RuntimeError as error:
        # Prefect has no class of its own for it.
        if not str(error).startswith("Failed to reach API"):
            raise
        host = urlsplit(address).netloc.rpartition("@")[2]
        message = (
            f"Prefect at {host}: does not answer; the server of PREFECT_API_URL was expected. "
            "Start it, or unset PREFECT_API_URL, and run again; what was recorded is kept."
        )
        raise Retriable(message) from error


def _nothing_to_wait_for() -> None:
    """A configured server is somebody else's; Prefect itself says when it is not there."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    return subprocess.Popen(  # noqa: S603  The command is ours, without anything from outside.
        command,
        env={**os.environ, **SERVER_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,  # noqa: PLW1509  One call to the kernel, no lock is taken.
    )


def end_with_parent() -> None:
    """In a new process: have the kernel end it when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    """Return once the API answers.

    Raises:
        Retriable: It did not in time, or the server has ended.
    """
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5):
                return
        except OSError:
            time.sleep(PAUSE_SECONDS)
    message = (
        f"Prefect's local server on 127.0.0.1:{port} did not answer within {STARTUP_SECONDS} s. "
        "Rerun, or name a running server in PREFECT_API_URL; nothing was written."
    )
    raise Retriable(message)


def _let_prefect_finish() -> None:
    if "prefect" not in sys.modules:
        return
    importlib.import_module("prefect.logging.handlers").APILogWorker.drain_all()
    importlib.import_module("prefect.events.worker").EventsWorker.drain_all()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: asked first, then made to."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
