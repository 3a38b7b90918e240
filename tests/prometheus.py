"""A real Prometheus for the tests that need one: Debian's, private, on this machine alone.

Its past is made of OpenMetrics by `promtool`; what only a running server is given, such as
staleness markers, is written to it over its own protocol. It wants a login, scrapes nothing, and
allows so few samples at once that a month has to be asked for in parts. Mark such a test `peer`,
and give it `xdist_group(name="prometheus")`.
"""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

REQUIRED = os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1"
HOW_TO_GET_IT = (
    "prometheus and promtool are not in PATH. "
    "On Debian: apt-get install --no-install-recommends prometheus"
)
USER, PASSWORD = "makegood", "gehe@im 1"
LOGIN = f"""\
basic_auth_users:
  {USER}: $2b$04$MakegoodMakegoodMakegeQDIY2jH7aC1ej395gag0gJgT0UYB5xS
"""
MOST_SAMPLES = 20_000
LONGEST_BLOCK = "1458h"
STALE = b"\x02\x00\x00\x00\x00\x00\xf0\x7f"
"""The one NaN that marks the end of a series, as a little-endian double."""

LONGEST_LITERAL = 60_000


@dataclass(frozen=True, slots=True)
class Samples:
    """One series.

    Attributes:
        name: The metric.
        labels: Its labels.
        values: Rising instants in milliseconds, each with its value as text; `stale` for a marker.
    """

    name: str
    labels: Mapping[str, str]
    values: Sequence[tuple[int, str]]

    @property
    def selector(self) -> str:
        """How it is written in front of each of its samples."""
        return self.name + "{" + ",".join(f'{k}="{v}"' for k, v in self.labels.items()) + "}"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def write(self, series: Iterable[Samples]) -> None:
        """Give it samples that are not older than those it has, markers among them."""
        answer = httpx.post(
            f"{self.address}/api/v1/write",
            content=_snappy(b"".join(_field(1, _time_series(one)) for one in series)),
            headers={"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"},
            auth=(USER, PASSWORD),
            trust_env=False,
        )
        assert answer.status_code == 204, answer.text


def open_metrics(series: Iterable[Samples]) -> Iterator[str]:
    """The series as promtool reads them, those of one metric together."""
    for one in sorted(series, key=lambda samples: samples.name):
        for at, value in one.values:
            yield f"{one.selector} {value} {at // 1000}.{at % 1000:03d}\n"
    yield "# EOF\n"


def _time_series(series: Samples) -> bytes:
    labels = sorted({"__name__": series.name, **series.labels}.items())
    named = [_field(1, _field(1, k.encode()) + _field(2, v.encode())) for k, v in labels]
    samples = [
        _field(2, b"\x09" + _double(value) + b"\x10" + _varint(at)) for at, value in series.values
    ]
    return b"".join(named + samples)


def _double(value: str) -> bytes:
    return STALE if value == "stale" else struct.pack("<d", float(value))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    pieces = []
    while number > 127:
        pieces.append(number & 127 | 128)
        number >>= 7
    return bytes([*pieces, number])


def _snappy(content: bytes) -> bytes:
    """The content as snappy would write it if it found nothing to shorten."""
    written = [_varint(len(content))]
    for start in range(0, len(content), LONGEST_LITERAL):
        piece = content[start : start + LONGEST_LITERAL]
        written += [bytes([61 << 2]), struct.pack("<H", len(piece) - 1), piece]
    return b"".join(written)


def go_without(why: str) -> NoReturn:
    """Skip, or fail where a server must be there; either way say how to get one."""
    if REQUIRED:
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(past: Iterable[Samples]) -> Iterator[Server]:
    """A server that has this past, until the block ends."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        go_without(HOW_TO_GET_IT)
    folder = Path(tempfile.mkdtemp(prefix="makegood-prometheus-"))
    try:
        _fill(folder, past)
        with _started(Server(folder, free_port())) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, past: Iterable[Samples]) -> None:
    (folder / "data").mkdir()
    with (folder / "past").open("w") as file:
        file.writelines(open_metrics(past))
    longest = f"--max-block-duration={LONGEST_BLOCK}"
    command = ["promtool", "tsdb", "create-blocks-from", longest, "openmetrics", "--quiet"]
    done = subprocess.run(
        [*command, folder / "past", folder / "data"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@contextmanager
def _started(server: Server) -> Iterator[Server]:
    (server.folder / "login.yml").write_text(LOGIN)
    (server.folder / "prometheus.yml").write_text("{}\n")
    command = [
        "prometheus",
        f"--config.file={server.folder}/prometheus.yml",
        f"--storage.tsdb.path={server.folder}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{server.port}",
        f"--web.config.file={server.folder}/login.yml",
        "--web.enable-remote-write-receiver",
        f"--query.max-samples={MOST_SAMPLES}",
        "--log.level=warn",
    ]
    with (server.folder / "output").open("wb") as output:
        running_server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_until_ready(server, running_server)
        yield server
    finally:
        running_server.terminate()
        with suppress(subprocess.TimeoutExpired):
            running_server.wait(timeout=10)
        if running_server.poll() is None:
            running_server.kill()
            running_server.wait()


def _wait_until_ready(server: Server, running_server: "subprocess.Popen[bytes]") -> None:
    with httpx.Client(auth=(USER, PASSWORD), trust_env=False) as client:
        for _ in range(400):
            if running_server.poll() is not None:
                break
            with suppress(httpx.HTTPError):
                if client.get(f"{server.address}/-/ready").is_success:
                    return
            time.sleep(0.05)
    pytest.fail(f"Prometheus does not start:\n{(server.folder / 'output').read_text()[-2000:]}")
