"""A real Alertmanager for the tests that need one: Debian's, private, on this machine alone.

It wants a login, belongs to no cluster, and tells nobody. Its silences cannot be in the past, so
tests write theirs into the time ahead. Mark such a test `peer`, and give it
`xdist_group(name="alertmanager")`.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.intervals import instant, utc_text
from tests.prometheus import LOGIN, PASSWORD, USER, free_port, go_without

HOW_TO_GET_IT = (
    "prometheus-alertmanager is not in PATH. "
    "On Debian: apt-get install --no-install-recommends prometheus-alertmanager"
)
SETTINGS = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running server."""

    folder: Path
    address: str

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers to a person who may do everything."""
        answer = httpx.request(
            method,
            f"{self.address}/api/v2/{path}",
            json=body,
            auth=(USER, PASSWORD),
            trust_env=False,
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def silence(self, start: int, end: int, *matchers: str, **terms: str) -> str:
        """Make a silence, or change one by its `id`; matchers as `name=value`, `!=`, `=~`."""
        body = {
            "startsAt": utc_text(start),
            "endsAt": utc_text(end),
            "matchers": [_matcher(text) for text in matchers],
            "createdBy": "Ana",
            "comment": "Maintenance: new disks",
            **terms,
        }
        made: str = self.ask("POST", "silences", body)["silenceID"]
        return made

    def updated_at(self, silence: str) -> int:
        """When the server says that a silence was changed last."""
        return instant(datetime.fromisoformat(self.ask("GET", f"silence/{silence}")["updatedAt"]))


def _matcher(text: str) -> dict[str, object]:
    sign = next(sign for sign in ("=~", "!~", "!=", "=") if sign in text)
    name, value = text.split(sign, 1)
    return {"name": name, "value": value, "isRegex": "~" in sign, "isEqual": "!" not in sign}


@contextmanager
def running() -> Iterator[Alertmanager]:
    """A server without silences, until the block ends."""
    if not shutil.which("prometheus-alertmanager"):
        go_without(HOW_TO_GET_IT)
    folder, port = Path(tempfile.mkdtemp(prefix="makegood-alertmanager-")), free_port()
    (folder / "login.yml").write_text(LOGIN)
    (folder / "settings.yml").write_text(SETTINGS)
    command = [
        "prometheus-alertmanager",
        f"--config.file={folder}/settings.yml",
        f"--storage.path={folder}/kept",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.config.file={folder}/login.yml",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    made = Alertmanager(folder, f"http://127.0.0.1:{port}")
    try:
        _wait_until_ready(made, server)
        yield made
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=5)
        if server.poll() is None:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(made: Alertmanager, server: "subprocess.Popen[bytes]") -> None:
    with httpx.Client(auth=(USER, PASSWORD), trust_env=False) as client:
        for _ in range(200):
            if server.poll() is not None:
                break
            with suppress(httpx.HTTPError):
                if client.get(f"{made.address}/-/ready").is_success:
                    return
            time.sleep(0.05)
    pytest.fail(f"Alertmanager does not start:\n{(made.folder / 'output').read_text()[-2000:]}")
