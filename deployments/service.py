"""Makegood as a service for one person: a Prefect server, its deployments, and a worker.

All three are processes of this one: they end when it ends, however it ends. A team runs the same
three apart, against PostgreSQL; see `compose.yaml`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import Misconfigured, Retriable
from deployments.prefect_server import end_with_parent, stop, wait_until_healthy
from flows.settings import WORKSPACE
from models.findings import refuse

HOST = "127.0.0.1"

SETTINGS: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Leases in memory are lost with the server, and running flows with them.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # The defaults store 41 task runs a second, these more than a hundred.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_WORKER_QUERY_SECONDS": "5",
}
"""What was measured to matter; whatever the environment says counts more."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running service.

    Attributes:
        address: Where the UI is.
        server: The server's process.
        worker: The worker's process.
    """

    address: str
    server: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]

    @property
    def ended(self) -> str:
        """Which part has ended by itself; "" while both run."""
        for name, process in (("server", self.server), ("worker", self.worker)):
            if process.poll() is not None:
                return f"the {name} ended with {process.returncode}"
        return ""


@contextmanager
def service(
    workspace: Path, *, home: Path, port: int, tell: Callable[[str], None]
) -> Iterator[Service]:
    """Run server, deployments and worker until the block ends.

    Args:
        workspace: The folder that holds makegood.yaml, which the worker serves.
        home: Where Prefect keeps its database and its logs.
        port: Where the UI listens on loopback.
        tell: Takes a line for each thing that is up.

    Raises:
        UnusableInputError: The port is taken.
        Retriable: The server did not answer in time.
        Misconfigured: Prefect refuses a deployment.
    """
    _refuse_taken(port)
    home.mkdir(parents=True, exist_ok=True)
    environment = {**SETTINGS, **os.environ, **_places(workspace, home, port)}
    server = _begun(_SERVER, environment, home / "server.log", port=str(port))
    try:
        wait_until_healthy(server, port)
        tell(f"Prefect's server answers at http://{HOST}:{port}")
        _register(environment)
        tell("every flow is deployed")
        worker = _begun(_WORKER, environment, home / "worker.log")
        try:
            tell("the worker is started")
            yield Service(f"http://{HOST}:{port}", server, worker)
        finally:
            stop(worker)
    finally:
        stop(server)


_SERVER = ("uvicorn", "--factory", "prefect.server.api.server:create_app", "--log-level", "warning")
_WORKER = ("prefect", "worker", "start", "--pool", "makegood", "--type", "process", "--name", "one")


def _places(workspace: Path, home: Path, port: int) -> Mapping[str, str]:
    return {
        "PREFECT_HOME": str(home.absolute()),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        # The page asks this address; a port on the command line alone would leave it at 4200.
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        WORKSPACE: str(workspace.absolute()),
    }


def _begun(
    module: tuple[str, ...], environment: Mapping[str, str], log: Path, *, port: str = ""
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *module]
    if port:
        command += ["--host", HOST, "--port", port]
    with log.open("ab") as written:
        return subprocess.Popen(  # noqa: S603  The command is ours, without anything from outside.
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            preexec_fn=end_with_parent,  # noqa: PLW1509  One call to the kernel, no lock is taken.
        )


def _register(environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.register"],
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        message = f"deployments: could not be made: {last}"
        raise Misconfigured(message)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise refuse(
                "--port",
                f"{port} cannot be listened on: {error.strerror}",
                expected="a port that nothing else listens on",
                remedy="Give another one, or stop what listens there.",
            ) from None


def wait(running: Service, *, pause_seconds: int = 1) -> None:
    """Wait until somebody ends it.

    Raises:
        Retriable: A part of it ended by itself.
    """
    while True:
        if running.ended:
            message = f"{running.ended}; its log says why. Start it again: nothing is lost."
            raise Retriable(message)
        time.sleep(pause_seconds)
