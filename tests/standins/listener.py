"""HTTP/1.1 on real sockets: one thread, keep-alive, and connections that fail as planned.

Every stand-in listens with it, on the loopback alone, and prints one line of JSON with its address.
What a request means is the vendor's own `Serve`.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeAlias

from tests.standins.wire import Answer, Request

ABORT = struct.pack("ii", 1, 0)
LARGEST = 16 * 1024 * 1024
# Non-standard codes that vendors send.
PHRASES = {529: "Site Overloaded"}

Send: TypeAlias = Callable[[Answer], None]
Later: TypeAlias = Callable[[float, Callable[[], None]], object]
Serve: TypeAlias = Callable[[Request, Send, Later], None]
"""Answers a request by calling `Send` once, at once or later; `Later` waits for some seconds."""


class Connection(asyncio.Protocol):
    """One client's connection; requests are answered one after the other."""

    def __init__(self, serve: Serve, loop: asyncio.AbstractEventLoop) -> None:
        self.serve = serve
        self.loop = loop
        self.buffer = b""
        self.busy = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """What is being worked on goes on; its answer goes nowhere."""
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """Gather, and answer what is whole."""
        self.buffer += data
        self._next()

    def _next(self) -> None:
        while not self.busy and (taken := _taken(self.buffer)) is not None:
            request, self.buffer = taken
            self.busy = True
            self.serve(request, self._send, self._later)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self.loop.call_later(seconds, then)

    def _send(self, answer: Answer) -> None:
        self.busy = False
        transport = self.transport
        if transport is None:
            return
        if answer.wire == "silence":
            self.busy = True
            return
        if answer.wire in {"cut", "reset"}:
            self._break(transport, hard=answer.wire == "reset")
            return
        content = _encoded(answer)
        if answer.wire == "short_body":
            transport.write(content[: len(content) - max(1, len(answer.body) // 2)])
            transport.close()
            return
        transport.write(content)
        self.loop.call_soon(self._next)

    def _break(self, transport: asyncio.Transport, *, hard: bool) -> None:
        if hard:
            raw: socket.socket = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            transport.abort()
        else:
            transport.close()


def _taken(buffer: bytes) -> tuple[Request, bytes] | None:
    """The first whole request and the rest; None while it is incomplete.

    Raises:
        ValueError: For a request that is not HTTP/1.1 with a length.
    """
    head, separator, rest = buffer.partition(b"\r\n\r\n")
    if not separator:
        if len(buffer) > LARGEST:
            raise ValueError("a request without an end")
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("the stand-in takes bodies with a Content-Length only")
    length = int(headers.get("content-length", "0"))
    if len(rest) < length:
        return None
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, rest[:length]), rest[length:]


def _encoded(answer: Answer) -> bytes:
    phrase = PHRASES.get(answer.status) or HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body


async def listen(serve: Serve, port: int = 0, *, until_stdin_closes: bool = False) -> None:
    """Serve until cancelled, or until standard input closes, as it does when the starter dies."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(serve, loop), "127.0.0.1", port)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(json.dumps({"url": url}), flush=True)
    if not until_stdin_closes:
        await server.serve_forever()
    await _closed_stdin(loop)


async def _closed_stdin(loop: asyncio.AbstractEventLoop) -> None:
    """Wait on a thread: the loop itself cannot watch a file or /dev/null."""
    closed = asyncio.Event()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=watch, daemon=True).start()
    await closed.wait()


def main(serve: Serve, arguments: list[str]) -> None:
    """Start from a command line: `[--port N] [--until-stdin-closes]`."""
    port = int(arguments[arguments.index("--port") + 1]) if "--port" in arguments else 0
    until_stdin_closes = "--until-stdin-closes" in arguments
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(listen(serve, port, until_stdin_closes=until_stdin_closes))
