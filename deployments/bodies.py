"""Reading what is sent to the receiver: no more of it than is allowed, and not for ever."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

MOST_BYTES = 1_000_000
"""Events are a few kilobytes; one with hundreds of lines stays well below this."""

MOST_SECONDS = 10
"""How long a body may take to arrive; senders give up on an answer after as much."""


class OversizedError(Exception):
    """A body is larger than any event."""


async def whole_body(request: Request) -> bytes:
    """The body, read no further than an event may be long.

    Raises:
        OversizedError: It is longer, or says so.
        TimeoutError: It does not arrive in time.
        ClientDisconnect: It never will.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MOST_BYTES:
        raise OversizedError
    async with asyncio.timeout(MOST_SECONDS):
        return await _read(request)


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise OversizedError
    return bytes(body)
