"""The services of `compose.yaml` as processes of this machine: same commands, same environment.

There is no container engine here. What differs: host names and ports are this machine's, folders
are temporary ones, and PostgreSQL is the tests' own instead of its image.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.house.project import ROOT
from tests.postgres import initialise, programs, running, unprivileged

FILE = ROOT / "deployments/compose.yaml"
SAID = yaml.safe_load(FILE.read_text())
SERVICES: Mapping[str, Any] = SAID["services"]
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
PATIENCE_SECONDS = 240
BESIDE = Path(sys.executable).parent


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its `${NAME}`, `${NAME:-default}` and `${NAME:?why}` filled in."""

    def _value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if values.get(name):
            return values[name]
        if how == "-":
            return str(rest)
        raise AssertionError(f"{name}: {rest}")

    return VARIABLE.sub(_value, text)


@dataclass
class Team:
    """Services that run, and what takes the place of names that only exist between containers.

    Attributes:
        values: What `--env-file` says.
        places: What is written in the file, and what it is here.
        secrets: What the file of secrets says.
        folder: Where homes and logs lie.
        running: Services by name.
    """

    values: Mapping[str, str]
    places: Mapping[str, str]
    secrets: Mapping[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A text of the file, as it must read on this machine."""
        text = filled(text, self.values)
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a service, and of what any program needs here."""
        said = {k: self.here(str(v)) for k, v in SERVICES[name]["environment"].items()}
        told = self.secrets if "env_file" in SERVICES[name] else {}
        home = self.folder / name
        home.mkdir(exist_ok=True)
        needed = {"PATH": f"{BESIDE}:{os.environ['PATH']}", "HOME": str(home)}
        return {**needed, **told, **said}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service as the file says."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [self.here(word) for word in SERVICES[name]["command"]],
                cwd=self.folder,
                env=self.environment(name),
                stdout=log,
                stderr=log,
            )
        return self.running[name]

    def complete(self, name: str) -> None:
        """Run a service that ends by itself."""
        code = self.start(name).wait(timeout=PATIENCE_SECONDS)
        assert code == 0, self.log(name)
        del self.running[name]

    def until_healthy(self, name: str) -> None:
        """Wait until a service's own check says so."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_healthy(name, command):
            assert self.running[name].poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.5)

    def _is_healthy(self, name: str, command: list[str]) -> bool:
        asked = [self.here(word) for word in command]
        ended = subprocess.run(
            asked, env=self.environment(name), capture_output=True, check=False, timeout=60
        )
        return ended.returncode == 0

    def log(self, name: str) -> str:
        """The end of what a service said."""
        return (self.folder / f"{name}.log").read_text()[-4000:]

    def stop(self, name: str) -> int:
        """Ask a service to end, as `docker compose stop` does; its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=60)

    def stop_all(self) -> None:
        """End whatever still runs, the last one first."""
        for name in reversed(list(self.running)):
            process = self.running.pop(name)
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def databases(folder: Path, port: int) -> Iterator[None]:
    """PostgreSQL over TCP with the two databases that the file makes."""
    bin_folder = programs()
    assert bin_folder is not None
    account = unprivileged()
    os.chown(folder, account.get("user", -1), account.get("group", -1))
    initialise(folder, bin_folder)
    with running(folder, bin_folder, port=port) as server:
        server.execute("CREATE DATABASE makegood")
        server.execute((ROOT / "deployments/postgres.sql").read_text())
        yield
