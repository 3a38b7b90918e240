"""A line to a mail server, opened and ready: greeted, encrypted, logged in.

`smtplib` speaks the protocol; every command is given on its own, so that a line that was cut tells
in which step. Nothing that leaves this module holds the password: what a server says to a login is
reduced to its codes.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.errors import ConnectorError, Misconfigured, Retriable
from connectors.mail import Offer
from models.ledger import one_line
from models.workspace_file import SmtpSecurity, SmtpServer

PASSWORD_VARIABLE = "MAKEGOOD_SMTP_PASSWORD"  # noqa: S105  Its name, not the password.
AUTHORITIES_VARIABLE = "MAKEGOOD_SMTP_CA"

LEAVING = 421
CHALLENGE = 334
LOGGED_IN = 235
GOOD, MORE, LATER, NEVER = 2, 3, 4, 5
"""First digits of an answer's code. Source: RFC 5321, section 4.2.1."""
ANSWERS = frozenset({GOOD, MORE, LATER, NEVER})

MOST_ON_A_LINE = 10
"""Exim leaves what comes after that to its next look at its queue, half an hour later on Debian.

Source: Exim's specification, smtp_accept_queue_per_connection.
"""

LONGEST_TOLD = 300
SIZE = re.compile(r"[0-9]{1,20}")
"""Source: RFC 1870, section 4."""
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
"""Source: RFC 3463."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a server is waited for, in seconds.

    Attributes:
        connect_s: For its greeting, and for encryption.
        answer_s: For its answer to a command.
        taken_s: For its answer to a whole message: to give up here is to know nothing.
        leave_s: For its goodbye.

    Source: RFC 5321, section 4.5.3.2: 5 minutes for most commands, 10 for the last answer.
    """

    connect_s: int = 30
    answer_s: int = 120
    taken_s: int = 600
    leave_s: int = 2


@dataclass(frozen=True, slots=True)
class Login:
    """How we show who we are, and whom we believe.

    Attributes:
        password: The user's; "" for none.
        authorities: File of certificates of those whom we believe; "" for the machine's own.
    """

    password: str = ""
    authorities: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"Login(authorities={self.authorities!r})"


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer.

    Attributes:
        code: Three digits; -1 when they were none.
        says: Its words on one line.
    """

    code: int
    says: str

    @property
    def kind(self) -> int:
        """The first digit of the code."""
        return self.code // 100

    def __str__(self) -> str:
        return f"{self.code} {self.says}".strip() if self.code > 0 else "nothing of mail servers"


class CutError(Exception):
    """The line broke, or nobody answered in time; what that means depends on the step."""


class Session:
    """An open line, for one message after the other; not for several threads at once.

    Attributes:
        offer: What the server said of itself.
        begun: How many messages were begun on it.
    """

    def __init__(self, line: smtplib.SMTP, offer: Offer, waits: Waits) -> None:
        self.offer = offer
        self.begun = 0
        self._line = line
        self._waits = waits
        self._alive = True

    def renewed(self) -> bool:
        """Forget what was begun and not ended; False when another line had better be opened.

        A line that carried nothing yet is asked as well: it may have waited for a whole month's
        work since it was opened, and servers hang up after minutes.
        """
        if self.begun >= MOST_ON_A_LINE or not self._alive:
            return False
        try:
            self._alive = self.ask("RSET").kind == GOOD
        except CutError:
            return False
        return self._alive

    def ask(self, command: str) -> Reply:
        """Give one command.

        Raises:
            CutError: There was no answer, or none of a mail server.
        """
        return self._watched(lambda: _asked(self._line, command))

    def give(self, content: bytes) -> None:
        """Give a message but for its end: without that no server has it.

        Raises:
            CutError: It could not be given.
        """
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        self._watched(lambda: _given(self._line, stuffed))

    def end(self) -> Reply:
        """Give a message's end, and wait for the answer: from here on the server may have it.

        Raises:
            CutError: There was no answer, or none of a mail server.
        """
        _socket(self._line).settimeout(self._waits.taken_s)
        reply = self.ask(".")
        _socket(self._line).settimeout(self._waits.answer_s)
        return reply

    def _watched(self, step: Callable[[], T]) -> T:
        """Take a step, and note when the line is of no use after it."""
        try:
            came = step()
        except BaseException:
            self._alive = False
            raise
        if isinstance(came, Reply) and came.code == LEAVING:
            self._alive = False
        return came

    def close(self) -> None:
        """Take leave, if anybody listens."""
        try:
            if self._alive and self._line.sock is not None:
                self._line.sock.settimeout(self._waits.leave_s)
                self._line.quit()
        except (OSError, smtplib.SMTPException):
            # Whether they say goodbye makes no difference.
            self._alive = False
        finally:
            self._line.close()


def open_session(
    server: SmtpServer, *, login: Login, waits: Waits, local_hostname: str = ""
) -> Session:
    """Connect, encrypt and log in; a server that does less than was asked for gets nothing.

    Args:
        server: Where, and as whom.
        login: The secret part.
        waits: How long to wait.
        local_hostname: Who we say we are; "" for the host's own name.

    Raises:
        Misconfigured: A person must mend something first.
        Retriable: The server is away, or takes nothing now.
    """
    try:
        return _opened(server, login, waits, local_hostname)
    except (OSError, smtplib.SMTPException, CutError) as error:
        failure = _failure(error, server)
    # Raised here, so that the library's error, which may hold what was sent, is no part of it.
    raise failure


def place_of(server: SmtpServer) -> str:
    """The server, for messages."""
    return f"smtp {server.host}:{server.usual_port}"


def _opened(server: SmtpServer, login: Login, waits: Waits, local_hostname: str) -> Session:
    if server.user and not login.password:
        raise Misconfigured(
            f"{place_of(server)}: mail.smtp.user is {server.user}, and {PASSWORD_VARIABLE} is "
            "empty; a password belongs to a user. Set it in the environment; nothing was sent."
        )
    context = _context(server, login)
    line = _connected(server, context, waits, local_hostname)
    try:
        _socket(line).settimeout(waits.answer_s)
        _greet(line, server)
        if server.security is SmtpSecurity.STARTTLS:
            _encrypt(line, server, context)
            _greet(line, server)
        if server.user:
            _log_in(line, server, login)
        return Session(line, _offer(line, server), waits)
    except BaseException:
        line.close()
        raise


def _context(server: SmtpServer, login: Login) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=login.authorities or None)
    except OSError as error:
        reason = _reason(error)
    raise Misconfigured(
        f"{AUTHORITIES_VARIABLE}: {login.authorities} cannot be used: {reason}; a file of "
        f"certificates in PEM was expected. Correct the path; nothing was sent to {server.host}."
    )


def _connected(
    server: SmtpServer, context: ssl.SSLContext, waits: Waits, local_hostname: str
) -> smtplib.SMTP:
    host, port = server.host.strip("[]"), server.usual_port
    name, timeout = local_hostname or None, waits.connect_s
    line = (
        smtplib.SMTP_SSL(host, port, name, timeout=timeout, context=context)
        if server.security is SmtpSecurity.TLS
        else smtplib.SMTP(host, port, name, timeout=timeout)
    )
    # Otherwise a message's end waits 40 ms for the receipt of the message.
    _socket(line).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _greet(line: smtplib.SMTP, server: SmtpServer) -> None:
    code, says = line.ehlo()
    reply = _reply(code, says)
    if reply.kind == LATER:
        raise _later(server, reply)
    if reply.kind != GOOD:
        raise Misconfigured(
            f"{place_of(server)}: answers EHLO {line.local_hostname} with {reply}; a server that "
            "takes mail was expected. Correct mail.smtp.host, or set mail.smtp.local_hostname."
        )


def _encrypt(line: smtplib.SMTP, server: SmtpServer, context: ssl.SSLContext) -> None:
    if not line.has_extn("starttls"):
        raise Misconfigured(
            f"{place_of(server)}: offers no STARTTLS; mail.smtp.security asks for it, and nothing "
            "is sent in the clear. Use the server's port for submission (587), or security: tls "
            "with its port (465)."
        )
    line.starttls(context=context)


def _log_in(line: smtplib.SMTP, server: SmtpServer, login: Login) -> None:
    offered = line.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        reply = _asked(line, "AUTH PLAIN " + _hidden(f"\0{server.user}\0{login.password}"))
    elif "LOGIN" in offered:
        reply = _logged_in_by_turns(line, str(server.user), login.password)
    else:
        ways = " and ".join(offered) if offered else "no login at all"
        raise Misconfigured(
            f"{place_of(server)}: offers {ways}; PLAIN or LOGIN was expected. It may ask for "
            "encryption first (mail.smtp.security), or need no user: then leave mail.smtp.user out."
        )
    if reply.code != LOGGED_IN:
        raise _refused_login(server, reply)


def _logged_in_by_turns(line: smtplib.SMTP, user: str, password: str) -> Reply:
    reply = _asked(line, "AUTH LOGIN")
    for word in (user, password):
        if reply.code != CHALLENGE:
            break
        reply = _asked(line, _hidden(word))
    return reply


def _hidden(text: str) -> str:
    """Base64, as a login travels; the names of users and passwords are UTF-8 (RFC 4616).

    Bytes of the environment that are no UTF-8 go out as they are, for the server to judge.
    """
    return b64encode(text.encode(errors="surrogateescape")).decode("ascii")


def _refused_login(server: SmtpServer, reply: Reply) -> ConnectorError:
    # A server may repeat what it was given, so none of its words are.
    found = ENHANCED.match(reply.says)
    told = f"{reply.code} {found[1]}" if found else str(reply.code)
    if reply.kind == LATER:
        return Retriable(
            f"{place_of(server)}: cannot check the login now ({told}); nothing was sent. "
            "Run it again later.",
            status=reply.code,
        )
    return Misconfigured(
        f"{place_of(server)}: refuses the login of {server.user} ({told}). Correct mail.smtp.user "
        f"or {PASSWORD_VARIABLE}; some providers want a password made for programs. "
        "Nothing was sent.",
        status=reply.code,
    )


def _offer(line: smtplib.SMTP, server: SmtpServer) -> Offer:
    size = line.esmtp_features.get("size", "") or "0"
    sock = _socket(line)
    encrypted = sock if isinstance(sock, ssl.SSLSocket) else None
    certificate: Mapping[str, Any] = (encrypted.getpeercert() if encrypted else None) or {}
    names = [str(name) for _, name in certificate.get("subjectAltName", ())]
    until = str(certificate.get("notAfter", ""))
    return Offer(
        place=f"{server.host}:{server.usual_port}",
        tls=(encrypted.version() or "") if encrypted else "",
        certificate=tuple(names),
        certificate_until=_instant(until),
        logins=tuple(line.esmtp_features.get("auth", "").upper().split()),
        size=int(size) if line.has_extn("size") and SIZE.fullmatch(size) else None,
        user=server.user or "",
    )


def _instant(until: str) -> str:
    if not until:
        return ""
    return f"{datetime.fromtimestamp(ssl.cert_time_to_seconds(until), tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def _asked(line: smtplib.SMTP, command: str) -> Reply:
    try:
        line.putcmd(command)
        reply = _reply(*line.getreply())
    except (OSError, smtplib.SMTPException) as error:
        cut = CutError(_reason(error))
    else:
        if reply.kind in ANSWERS:
            return reply
        cut = CutError(f"the answer is {reply}")
    raise cut


def _given(line: smtplib.SMTP, content: bytes) -> None:
    try:
        _socket(line).sendall(content)
    except OSError as error:
        cut = CutError(_reason(error))
    else:
        return
    raise cut


def _reply(code: int, says: bytes | str) -> Reply:
    text = says.decode("ascii", "replace") if isinstance(says, bytes) else says
    return Reply(code, one_line(text)[:LONGEST_TOLD])


def _socket(line: smtplib.SMTP) -> socket.socket:
    if line.sock is None:
        raise CutError("the line is closed")
    return line.sock


def _later(server: SmtpServer, reply: Reply) -> Retriable:
    return Retriable(
        f"{place_of(server)}: takes no mail now ({reply}); nothing was sent. Run it again later.",
        status=reply.code,
    )


def _reason(error: Exception) -> str:
    return one_line(str(error))[:LONGEST_TOLD] or type(error).__name__


def _failure(error: Exception, server: SmtpServer) -> ConnectorError:
    """What it means that no line came about; nothing was sent in any case."""
    where, reason = place_of(server), _reason(error)
    match error:
        case ssl.SSLCertVerificationError():
            return Misconfigured(
                f"{where}: its certificate is not to be trusted: {error.verify_message}. Set "
                f"{AUTHORITIES_VARIABLE} to the file of the authority that signed it, or write "
                "mail.smtp.host as the certificate names it; nothing was sent."
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Retriable(f"{where}: hung up while encryption began; nothing was sent.")
        case ssl.SSLError():
            return Misconfigured(
                f"{where}: encryption could not be agreed on: {reason}. Check mail.smtp.security "
                "and the port: 587 goes with starttls, 465 with tls; nothing was sent."
            )
        case socket.gaierror() if error.errno == socket.EAI_NONAME:
            return Misconfigured(f"{where}: no machine has this name. Correct mail.smtp.host.")
        case smtplib.SMTPResponseException():
            return _unwelcome(server, _reply(error.smtp_code, error.smtp_error))
        case _:
            return Retriable(
                f"{where}: {reason}; nothing was sent. Run it again when the server is there; "
                "if it is, check mail.smtp.port and security."
            )


def _unwelcome(server: SmtpServer, reply: Reply) -> ConnectorError:
    if reply.kind == LATER:
        return _later(server, reply)
    return Misconfigured(
        f"{place_of(server)}: answers {reply}; a server that takes our mail was expected. "
        "Correct mail.smtp.host, or ask its postmaster; nothing was sent.",
        status=reply.code,
    )
