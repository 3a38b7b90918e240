"""HTTP on a real socket, in a thread of the test: for stand-ins that have little state.

```python
with opened(vendor.answer) as url:
    ...
```
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from tests.standins.wire import Answer, Request

ABORT = struct.pack("ii", 1, 0)
LONGEST_SILENCE_S = 5

Serve = Callable[[Request], Answer]
"""Answers one request; requests come one after the other."""


@contextmanager
def opened(serve: Serve) -> Iterator[str]:
    """A door on the loopback, until the block ends; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    server.daemon_threads = True
    server.serve = serve  # type: ignore[attr-defined]  # The door finds it there.
    server.turn = Lock()  # type: ignore[attr-defined]  # And whose turn it is.
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Door(BaseHTTPRequestHandler):
    """Takes one request to the vendor, and its answer back, or breaks the line as planned."""

    protocol_version = "HTTP/1.1"
    # An answer goes out at once and whole, or each would wait for the client's delayed receipt.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """A request without a body."""
        self._served("GET")

    def do_POST(self) -> None:
        """A request with one."""
        self._served("POST")

    def do_PATCH(self) -> None:
        """A change."""
        self._served("PATCH")

    def _served(self, method: str) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.turn:  # type: ignore[attr-defined]  # The server was given it.
            answer = self.server.serve(Request(method, path, query, headers, body))  # type: ignore[attr-defined]  # As above.
        self.close_connection = answer.wire is not None
        with suppress(OSError):
            self._sent(answer)

    def _sent(self, answer: Answer) -> None:
        if answer.wire == "silence":
            time.sleep(LONGEST_SILENCE_S)
        if answer.wire in {"cut", "reset", "silence"}:
            if answer.wire == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.connection.close()
            return
        self.send_response_only(answer.status)
        usual = {"Content-Type": "application/json", "Date": self.date_time_string()}
        headers = {**usual, **answer.headers}
        for name, value in {**headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = len(answer.body) // 2 if answer.wire == "short_body" else len(answer.body)
        self.wfile.write(answer.body[:cut])
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The library's own name.
        """Nobody reads it."""
