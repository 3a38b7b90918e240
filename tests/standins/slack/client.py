"""An incoming webhook that is strict, on a real socket: what was posted, and every way to fail.

```python
with running() as slack:
    slack.plan(Fault(status=429, words="rate_limited", headers={"Retry-After": "2"}))
    ...
    assert slack.read() == [["May is done"]]
```
"""

import json
import re
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

SECRET_PATH = (
    "/services/T0LEDGER/B0NOTICES/hB8tJjMagjvMfLOxtO4aRhPk"  # An address as Slack makes them.
)
LONGEST_TEXT = 40_000
KNOWN = {"text", "blocks"}
MARK = re.compile(r"<([^<>]*)>")
MENTION = re.compile(r"\B@(\w[\w.-]*)")
LINK = re.compile(r"https?://\S+|\[[^\]]*\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one request.

    Attributes:
        status: The answer's status; 0 for no answer at all.
        words: The answer's body.
        headers: Further headers of the answer.
        done: Whether the notice is posted all the same.
    """

    status: int = 0
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    done: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A notice in the channel, as a reader's program understands it.

    Attributes:
        text: As it was sent.
        pings: Whom it would call, in Slack, Mattermost or Rocket.Chat.
        links: What could be clicked.
    """

    text: str
    pings: tuple[str, ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Posted":
        """Read a text as the three programs would."""
        marks = MARK.findall(text)
        pings = [mark for mark in marks if mark.startswith(("!", "@", "#"))]
        links = [mark for mark in marks if not mark.startswith(("!", "@", "#"))]
        words = re.sub(r"`[^`]*`", "", _entities(text))
        return cls(text, (*pings, *MENTION.findall(words)), (*links, *LINK.findall(words)))

    @property
    def lines(self) -> list[str]:
        """What is read: no entities, no marks of bold or code, no invisible signs."""
        return [_entities(line.strip("*`")).replace("\u2060", "") for line in self.text.split("\n")]


def _entities(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class Webhook:
    """The webhook and its channel."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.posted: list[Posted] = []
        self.requests = 0
        self.archived = False
        self.faults: deque[Fault] = deque()

    def plan(self, *faults: Fault) -> None:
        """Have these befall the next requests, one each."""
        self.faults.extend(faults)

    def read(self) -> list[list[str]]:
        """The lines of every notice in the channel."""
        return [posted.lines for posted in self.posted]

    def answer(self, path: str, kind: str, body: bytes) -> tuple[int, str]:
        """What the webhook says to a request, in Slack's words."""
        if path != SECRET_PATH:
            return 404, "no_service"
        if self.archived:
            return 410, "channel_is_archived"
        if kind.partition(";")[0] != "application/json":
            return 400, "invalid_payload"
        return self._posting(body)

    def _posting(self, body: bytes) -> tuple[int, str]:
        try:
            said = json.loads(body.decode())
        except ValueError:
            return 400, "invalid_payload"
        if not isinstance(said, dict) or set(said) - KNOWN:
            return 400, "invalid_payload"
        text = said.get("text")
        if not isinstance(text, str) or not text.strip():
            return 400, "no_text"
        if len(text) > LONGEST_TEXT:
            return 400, "msg_too_long"
        self.posted.append(Posted.of(text))
        return 200, "ok"


@contextmanager
def running() -> Iterator[Webhook]:
    """A webhook on the loopback, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}{SECRET_PATH}")
    server.webhook = webhook  # type: ignore[attr-defined]  # The door finds it there.
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Door(BaseHTTPRequestHandler):
    """Takes one request to the webhook, unless a fault was planned for it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """A notice, or something that is none."""
        webhook: Webhook = self.server.webhook  # type: ignore[attr-defined]  # The server was given it.
        webhook.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = webhook.faults.popleft() if webhook.faults else None
        if fault and not fault.done:
            return self._told(fault.status, fault.words, fault.headers)
        status, words = webhook.answer(self.path, self.headers.get("Content-Type", ""), body)
        if fault:
            return self._told(fault.status, fault.words, fault.headers)
        return self._told(status, words, {})

    def do_GET(self) -> None:
        """A webhook is only posted to."""
        self._told(405, "method_not_allowed", {})

    def _told(self, status: int, words: str, headers: Mapping[str, str]) -> None:
        self.close_connection = True
        if not status:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = words.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The library's own name.
        """Nobody reads it."""
