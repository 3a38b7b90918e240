"""A mail server in this very program (aiosmtpd), which fails at whatever step a test names."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, AnyStr

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from models.workspace_file import SmtpSecurity, SmtpServer
from tests.certificates import Pair
from tests.exim import free_port

USER, PASSWORD = "makegood", "geh:e@im ü 1"
LONG_S = 3600
BEGINS_ENCRYPTION = "220 Ready to start TLS"
"""What the library answers to STARTTLS."""


class Fault(Enum):
    """What a server does beside answering."""

    CUT = "hangs up"
    SILENCE = "says nothing more"


class PostOffice:
    """What the server was told, what it took, and what is to go wrong.

    Attributes:
        faults: By step, what happens instead of an answer, the next time first: GREETING, EHLO,
            STARTTLS, AUTH, MAIL, RCPT, DATA, BODY (while the message comes), END, RSET.
        refuses: By receiver, the answer to it.
        taken: Messages that it has taken, in order.
        asked: Every command's name, in order.
        connections: How often somebody came.
        slipped_in: What somebody on the way adds, in the clear, to the answer that begins
            encryption.
    """

    def __init__(self) -> None:
        self.faults: defaultdict[str, list[Fault | str]] = defaultdict(list)
        self.refuses: dict[str, str] = {}
        self.taken: list[Envelope] = []
        self.asked: list[str] = []
        self.connections = 0
        self.slipped_in = ""
        self.port = free_port()

    def fault(self, step: str) -> Fault | str | None:
        """What goes wrong at this step now."""
        return self.faults[step].pop(0) if self.faults[step] else None

    def server(self, **terms) -> SmtpServer:
        """How a workspace names it: on this machine, without encryption unless a test says so."""
        named = {"host": "127.0.0.1", "port": self.port, "security": SmtpSecurity.NONE}
        return SmtpServer(**{**named, **terms})

    async def handle_RCPT(  # noqa: N802  The library's name.
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Take a receiver, unless it is refused."""
        reply = self.refuses.get(address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802  The library's name.
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message, and then fail to say so, if that is what goes wrong."""
        fault = self.fault("END")
        if isinstance(fault, str) and fault[0] in "45":
            return fault
        self.taken.append(envelope)
        if isinstance(fault, Fault):
            await suffer(fault, server)
        return fault if isinstance(fault, str) else "250 OK taken"


async def suffer(fault: Fault, server: SMTP) -> None:
    """Never answer."""
    if fault is Fault.CUT and isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    await asyncio.sleep(LONG_S)


class Clerk(SMTP):
    """One conversation of the post office."""

    def __init__(self, office: PostOffice, **terms) -> None:
        super().__init__(office, **terms)
        self._office = office
        self._greeted = False
        steps = self._smtp_methods.items()
        self._smtp_methods = {name: self._watched(name, method) for name, method in steps}

    async def push(self, status: AnyStr) -> None:
        """Answer; the first answer of all is the greeting."""
        if not self._greeted:
            self._greeted = True
            self._office.connections += 1
            fault = self._office.fault("GREETING")
            if isinstance(fault, Fault):
                await suffer(fault, self)
            if isinstance(fault, str):
                await super().push(fault)
                return
        if self._office.slipped_in and status == BEGINS_ENCRYPTION:
            await super().push(f"{BEGINS_ENCRYPTION}\r\n{self._office.slipped_in}")
            return
        await super().push(status)

    def _watched(
        self, name: str, method: Callable[[str], Awaitable[None]]
    ) -> Callable[[str], Awaitable[None]]:
        async def step(argument: str) -> None:
            self._office.asked.append(name)
            fault = self._office.fault(name)
            if isinstance(fault, str):
                await self.push(fault)
            elif fault is not None:
                await suffer(fault, self)
            elif name == "DATA" and (fault := self._office.fault("BODY")) is not None:
                await self.push("354 go on")
                await self._reader.readuntil()
                await suffer(Fault.CUT, self)
            else:
                await method(argument)

        return step


class Counter(Controller):
    """Opens the post office."""

    def factory(self) -> Clerk:
        """One more conversation."""
        return Clerk(self.handler, **self.SMTP_kwargs)


def knows(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, given: object):
    """Whether a login is the right one; nothing else is said about it."""
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=right)


@contextmanager
def post_office(
    *, pair: Pair | None = None, encrypted: bool = False, login: bool = False, **terms
) -> Iterator[PostOffice]:
    """Open a post office until the block ends.

    Args:
        pair: Its certificate; None for a line in the clear.
        encrypted: Encrypt from the start, and not by STARTTLS.
        login: Whether it takes nothing from strangers; only with STARTTLS.
        terms: What else aiosmtpd is told.
    """
    office = PostOffice()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if pair else None
    if context and pair:
        context.load_cert_chain(pair.certificate, pair.key)
    if login:
        terms |= {"authenticator": knows, "auth_required": True, "auth_require_tls": True}
    if context and not encrypted:
        terms |= {"tls_context": context, "require_starttls": True}
    whole: dict[str, Any] = {"ssl_context": context} if encrypted else {}
    counter = Counter(office, hostname="127.0.0.1", port=office.port, **whole, **terms)
    counter.start()
    office.connections = 0
    try:
        yield office
    finally:
        counter.stop()
