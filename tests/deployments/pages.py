"""What an operator does in Prefect's pages, by the API that the pages use; and `makegood up`.

Nothing here waits for a time: it waits for a state, as long as a slow machine may need for it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

T = TypeVar("T")

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
BUSY = 503
PATIENCE_SECONDS = 600
"""A limit, not a time: a quiet machine needs a twentieth of it."""

PAUSE_SECONDS = 0.3


def until(found: Callable[[], T | None], told: Callable[[], str]) -> T:
    """What is found once it is there; fails with what is told when it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (there := found()) is not None:
            return there
        time.sleep(PAUSE_SECONDS)
    pytest.fail(told())


class Pages:
    """What an operator does in Prefect's pages."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.api = httpx.Client(base_url=f"{address}/api", timeout=60, trust_env=False)

    def asked(self, method: str, path: str, **body: Any) -> Any:
        """One request; its JSON answer. A server that is too busy for it is asked again."""
        answer = until(
            lambda: None if (a := self._asked(method, path, body)).status_code == BUSY else a,
            lambda: f"{method} {path}: the server is too busy",
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _asked(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return self.api.request(method, path, json=body or None)

    def deployment(self, name: str) -> Any:
        """A deployment, which is named as its flow."""
        return self.asked("GET", f"/deployments/name/{name}/{name}")

    def start(self, deployment: str, **request: Any) -> str:
        """Start a run of a deployment with these parameters; its id."""
        body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
        place = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        return str(self.asked("POST", place, **body)["id"])

    def run(self, run: str) -> Any:
        """A run as it stands."""
        return self.asked("GET", f"/flow_runs/{run}")

    def runs(self, **wanted: Any) -> list[Any]:
        """The runs that a filter lets through, in the order in which they began."""
        found: list[Any] = self.asked(
            "POST", "/flow_runs/filter", flow_runs=wanted, sort="START_TIME_ASC"
        )
        return found

    def until(self, run: str, *states: str, besides: str = "", tries: int = 0) -> Any:
        """The run once it is in one of these states, and not on the question before.

        Args:
            run: Its id.
            states: The states to wait for.
            besides: A question that was answered before.
            tries: How often it must have begun by then; 0 for any number.
        """

        def _there() -> Any:
            found = self.run(run)
            state, again = found["state"], found["run_count"] >= tries
            if (
                state["type"] in states
                and again
                and (state["state_details"]["pause_key"] != (besides or "-"))
            ):
                return found
            assert state["type"] not in ENDED or not again, self._told(run)
            return None

        return until(_there, lambda: self._told(run))

    def _told(self, run: str) -> str:
        found = self.run(run)
        return f"{found['name']} is {found['state']}: {self.log(run)[-3000:]}"

    def question(self, run: str, besides: str = "") -> tuple[str, str]:
        """The question that a run is suspended on: its key, and what it shows."""
        found = self.until(run, "PAUSED", besides=besides)
        details = found["state"]["state_details"]
        shown = f"/flow_runs/{run}/input/{details['run_input_keyset']['description']}"

        def _shown() -> Any:
            answer = self.api.get(shown)
            return answer.json() if answer.is_success else None

        return details["pause_key"], until(_shown, lambda: shown)

    def answer(self, run: str, **form: Any) -> Any:
        """Answer a form; what the server says of it."""
        return self.asked("POST", f"/flow_runs/{run}/resume", run_input=form)

    def until_noted(self, run: str, says: str) -> None:
        """Wait until a run's log says so; lines reach the server a moment later."""
        until(lambda: True if says in self.log(run) else None, lambda: self.log(run))

    def log(self, run: str) -> str:
        """What a run noted."""
        wanted = {"flow_run_id": {"any_": [run]}}
        lines = self.asked("POST", "/logs/filter", logs=wanted, sort="TIMESTAMP_ASC")
        return "\n".join(line["message"] for line in lines)

    def artifact(self, key: str) -> Any:
        """The latest artifact under a key."""
        (found,) = self.asked(
            "POST", "/artifacts/latest/filter", artifacts={"key": {"any_": [key]}}
        )
        return {**found, "id": found["latest_id"]}


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def up(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`makegood up` in a process of its own, until the block ends."""
    command = [str(Path(sys.executable).with_name("makegood")), "up"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    log = folder / "up.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*command, "--workspace", str(folder), "--port", str(port)],
            env=environment,
            stdout=told,
            stderr=told,
        )
    try:
        until(lambda: _is_open(process, log), log.read_text)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _is_open(process: subprocess.Popen[bytes], log: Path) -> bool | None:
    assert process.poll() is None, log.read_text()
    return b"Open http" in log.read_bytes() or None
