"""A receiver in a process of its own, and a load generator that speaks to it over the loopback.

The generator keeps connections open, sends each event until it got an answer, and notes which were
acknowledged and how long that took. It is one process, beside the receiver's and PostgreSQL's.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.house.project import ROOT

SECRET = "a-secret-of-the-generator"
RUNNING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
COMMAND = [sys.executable, "-m", "uvicorn", "deployments.webhooks:create_app", "--factory"]
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
GIVEN_UP_AFTER_S = 60


@contextmanager
def receiver(
    folder: Path, url: str, *, port: int = 0
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A receiver as the README starts it: its port and its process."""
    environment = {
        **os.environ,
        "MAKEGOOD_WORKSPACE": str(folder),
        "MAKEGOOD_DATABASE_URL": url,
        "MAKEGOOD_SOURCE_OWN_WEBHOOK_SECRETS": SECRET,
    }
    command = [*COMMAND, "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    with process:
        stderr = process.stderr
        assert stderr is not None
        found, lines = None, []
        while not found:
            lines.append(stderr.readline())
            assert lines[-1], lines
            found = RUNNING.search(lines[-1])
        reader = threading.Thread(target=lambda: [None for _ in stderr])
        reader.start()
        try:
            yield int(found[1]), process
        finally:
            process.terminate()
            reader.join()


@dataclass(slots=True)
class Burst:
    """What came of a burst.

    Attributes:
        acknowledged: The events that got a 202.
        latencies_us: How long each answer took that came at the first attempt, in microseconds.
        again: How often something had to be sent again.
        took_us: From the first event to the last answer.
    """

    acknowledged: set[str] = field(default_factory=set)
    latencies_us: list[int] = field(default_factory=list)
    again: int = 0
    took_us: int = 0

    def percentile_us(self, percent: int) -> int:
        """The latency that so many percent stay within."""
        return sorted(self.latencies_us)[len(self.latencies_us) * percent // 100 - 1]

    @property
    def per_second(self) -> int:
        """Events acknowledged per second."""
        return len(self.acknowledged) * 1_000_000 // self.took_us


def event(number: int) -> bytes:
    """A request with one event of its own."""
    body = json.dumps(
        {
            "event": f"e{number}",
            "monitor": f"m{number % 50}",
            "condition": "down" if number % 2 else "up",
            "at": 1_778_400_000_000 + number,
            "region": "eu",
        }
    ).encode()
    head = (
        "POST /webhooks/alerts/own HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answered(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b" ", 2)[1])


class _Generator:
    def __init__(self, port: int, numbers: range, per_second: int | None) -> None:
        self.port, self.burst = port, Burst()
        self.numbers, self.per_second = iter(numbers), per_second
        self.first, self.began = numbers.start, time.monotonic_ns()

    async def worker(self) -> None:
        line = None
        for number in self.numbers:
            await self._turn(number)
            request, first = event(number), True
            started = time.monotonic_ns()
            while True:
                try:
                    if line is None:
                        line = await asyncio.open_connection("127.0.0.1", self.port)
                    line[1].write(request)
                    status = await _answered(line[0])
                except (OSError, asyncio.IncompleteReadError):
                    if line is not None:
                        line[1].close()
                    line, status = None, 0
                if status == 202:
                    break
                assert status in {0, 503}, status
                first = False
                self.burst.again += 1
                assert time.monotonic_ns() - started < GIVEN_UP_AFTER_S * 10**9
                await asyncio.sleep(0.05)
            self.burst.acknowledged.add(f"e{number}")
            if first:
                self.burst.latencies_us.append((time.monotonic_ns() - started) // 1000)
        if line is not None:
            line[1].close()

    async def _turn(self, number: int) -> None:
        if self.per_second is None:
            return
        due = self.began + (number - self.first) * 10**9 // self.per_second
        wait = due - time.monotonic_ns()
        if wait > 0:
            await asyncio.sleep(wait / 10**9)


def sent(port: int, numbers: range, *, lines: int = 32, per_second: int | None = None) -> Burst:
    """Send one event for each number over these connections, at a rate or as fast as it goes."""

    async def _all() -> Burst:
        generator = _Generator(port, numbers, per_second)
        await asyncio.gather(*(generator.worker() for _ in range(lines)))
        generator.burst.took_us = (time.monotonic_ns() - generator.began) // 1000
        return generator.burst

    return asyncio.run(_all())


def killed_in_the_middle(folder: Path, url: str, number: int) -> Burst:
    """A burst during which the receiver is killed without a warning, and started anew."""
    came: list[Burst] = []
    with receiver(folder, url) as (port, process):
        sender = threading.Thread(target=lambda: came.append(sent(port, range(number))))
        sender.start()
        _wait_until_stored(url, number // 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with receiver(folder, url, port=port):
        sender.join()
    return came[0]


def _wait_until_stored(url: str, number: int) -> None:
    for _ in range(6000):
        if len(stored(url)) >= number:
            return
        time.sleep(0.01)
    raise AssertionError("nothing arrives")


def stored(url: str) -> list[str]:
    """The events in the database, in order."""
    from connectors.store.sql import open_store  # noqa: PLC0415  The generator needs none of it.

    store = open_store(url)
    try:
        return [heard.signal.event for heard in store.heard(["own"], after=0)]
    finally:
        store.close()
