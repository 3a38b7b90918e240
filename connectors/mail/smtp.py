"""Mail by SMTP: each message goes to a server, which answers for every receiver.

A line that is cut before a message's end was given has delivered nothing; after it nobody can tell,
because SMTP can neither be asked nor recognises what it had before. So nothing is repeated here but
the opening of a line, and a receiver that was refused for now is left to the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.mail import Offer, OutgoingMail, PartlySent, Sent
from connectors.mail._session import (
    GOOD,
    LATER,
    NEVER,
    CutError,
    Login,
    Reply,
    Session,
    Waits,
    open_session,
    place_of,
)
from models.terms import JsonValue
from models.workspace_file import SmtpServer

__all__ = ["Login", "SmtpMail", "Waits"]

GO_AHEAD = 354
LOGIN_WANTED = frozenset({530, 534, 535, 538})
"""Source: RFC 4954, sections 4 and 6; RFC 3207, section 4."""

Told = tuple[tuple[str, Reply], ...]
"""Addresses, each with what the server said to it."""


class SmtpMail:
    """One server; a line to it carries many messages, one after the other."""

    repeats_are_safe = False

    def __init__(
        self,
        server: SmtpServer,
        *,
        login: Login | None = None,
        local_hostname: str = "",
        waits: Waits | None = None,
    ) -> None:
        """Keep what is needed; nothing is asked yet.

        Args:
            server: Where, how and as whom.
            login: The secret part.
            local_hostname: Who we say we are, unless `server` says it; "" for the machine's name.
            waits: How long a server is waited for.
        """
        self.per_minute = server.per_minute
        self._server = server
        self._login = login or Login()
        self._name = server.local_hostname or local_hostname
        self._waits = waits or Waits()
        self._session: Session | None = None
        self._guard = Lock()

    def check(self) -> None:
        """Open the line. A server that is away for now is no fault: what is to be sent will wait.

        Raises:
            Misconfigured: A person must mend address, certificate or login.
        """
        with self._guard:
            try:
                self._ready()
            except Retriable:
                return

    def offer(self) -> Offer:
        """Open the line, and answer with what the server says of itself.

        Raises:
            Misconfigured: A person must mend address, certificate or login.
            Retriable: The server is away.
        """
        with self._guard:
            return self._ready().offer

    def send(self, message: OutgoingMail) -> Sent:
        """Give the message to the server once, for all its receivers.

        Raises:
            PartlySent: Some receivers have it, and others must wait.
            Permanent: The server refuses the message, or every receiver; nobody has it.
            Retriable: Nobody has it, and it may work later.
            OutcomeUnknown: The line was cut after the message's end.
            Misconfigured: A person must mend address, certificate or login; nobody has it.
        """
        with self._guard:
            session = self._ready()
            where = f"{place_of(self._server)} {message.key}"
            _begin(session, message, where)
            receivers = _asked_for_each(session, message, where)
            reply = _handed_over(session, message, receivers, where) if receivers.taken else None
        if receivers.unfinished or reply is None:
            raise receivers.left_over(where)
        return Sent(
            key=message.key,
            message_id=message.message_id,
            place=f"{session.offer.place}: {reply}",
            taken=receivers.taken,
            refused=_in_words(receivers.refused),
        )

    def close(self) -> None:
        """Take leave of the server."""
        with self._guard:
            self._hang_up()

    def _ready(self) -> Session:
        """The line, with nothing begun on it; one that has gone stale is opened anew."""
        if self._session is not None and not self._session.renewed():
            self._hang_up()
        if self._session is None:
            self._session = open_session(
                self._server, login=self._login, waits=self._waits, local_hostname=self._name
            )
        return self._session

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


@dataclass(frozen=True, slots=True)
class _Receivers:
    """What the server said to each receiver, before it was given the message.

    Attributes:
        taken: Who gets it.
        waiting: Who may get it later.
        refused: Who never will.
    """

    taken: tuple[str, ...]
    waiting: Told
    refused: Told

    @property
    def unfinished(self) -> bool:
        """Whether anybody waits, or nobody gets it."""
        return bool(self.waiting) or not self.taken

    def facts(self, *, taken: bool) -> Mapping[str, JsonValue]:
        """What is kept with the attempt; those that were to get it are in doubt otherwise."""
        return {
            "taken" if taken else "in_doubt": list(self.taken),
            "waiting": [list(pair) for pair in _in_words(self.waiting)],
            "refused": [list(pair) for pair in _in_words(self.refused)],
        }

    def left_over(self, where: str) -> ConnectorError:
        """What is said of those that do not have it, the message having been given or not."""
        facts = self.facts(taken=True)
        said = _listed((*self.refused, *self.waiting))
        status = (self.waiting or self.refused)[0][1].code
        if not self.waiting:
            return Permanent(
                f"{where}: no receiver is accepted: {said}. Nobody has the message, and it goes to "
                "no other address: correct this one where contracts and makegood.yaml name it.",
                status=status,
                facts=facts,
            )
        if not self.taken:
            return Retriable(
                f"{where}: not now: {said}. Run it again later; nobody has the message.",
                status=status,
                facts=facts,
            )
        return PartlySent(
            f"{where}: taken for {', '.join(self.taken)}, not yet for {said}. "
            "Run it again later; it goes to those alone that wait.",
            status=status,
            facts=facts,
        )


def _begin(session: Session, message: OutgoingMail, where: str) -> None:
    """Name the sender and the size.

    Raises:
        Permanent: The message is too large, or the sender is refused.
        Retriable: Not now.
        Misconfigured: The server wants a login.
    """
    length, most = len(message.content), session.offer.size
    if most and length > most:
        raise Permanent(
            f"{where}: has {length} bytes, the server takes {most}; nothing was sent. "
            "Ask the server's postmaster for more, or send it by hand."
        )
    size = "" if most is None else f" SIZE={length}"
    session.begun += 1
    reply = _answer(session, f"MAIL FROM:<{message.envelope_from}>{size}", where)
    if reply.kind != GOOD:
        raise _refusal(where, f"the sender {message.envelope_from}", reply)


def _asked_for_each(session: Session, message: OutgoingMail, where: str) -> _Receivers:
    told = []
    for address in message.envelope_to:
        told.append((address, _answer(session, f"RCPT TO:<{address}>", where)))
        if told[-1][1].code in LOGIN_WANTED:
            raise _refusal(where, f"the receiver {address}", told[-1][1])
    return _Receivers(
        taken=tuple(address for address, reply in told if reply.kind == GOOD),
        waiting=tuple((a, reply) for a, reply in told if reply.kind not in {GOOD, NEVER}),
        refused=tuple((a, reply) for a, reply in told if reply.kind == NEVER),
    )


def _handed_over(
    session: Session, message: OutgoingMail, receivers: _Receivers, where: str
) -> Reply:
    """Give the message itself.

    Raises:
        Permanent: The message is refused; nobody has it.
        Retriable: Nobody has it; also when the line was cut before the message's end.
        OutcomeUnknown: The line was cut after it.
    """
    reply = _answer(session, "DATA", where)
    if reply.code != GO_AHEAD:
        raise _refusal(where, "the message", reply)
    try:
        session.give(message.content)
    except CutError as cut:
        raise _cut_early(where, cut) from None
    try:
        reply = session.end()
    except CutError as cut:
        raise _cut_late(where, cut, receivers) from None
    if reply.kind in {LATER, NEVER}:
        raise _refusal(where, "the message", reply)
    if reply.kind != GOOD:
        raise _cut_late(where, CutError(f"the answer is {reply}"), receivers)
    return reply


def _answer(session: Session, command: str, where: str) -> Reply:
    """Give a command before the message's end; a cut there has done nothing.

    Raises:
        Retriable: There was no answer.
    """
    try:
        return session.ask(command)
    except CutError as cut:
        raise _cut_early(where, cut) from None


def _cut_early(where: str, cut: CutError) -> Retriable:
    return Retriable(
        f"{where}: the line was cut before the message's end ({cut}); nobody has it. "
        "Run it again later."
    )


def _cut_late(where: str, cut: CutError, receivers: _Receivers) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{where}: no answer to the whole message ({cut}); {', '.join(receivers.taken)} may have "
        "it. Find out whether it arrived.",
        facts=receivers.facts(taken=False),
    )


def _refusal(where: str, what: str, reply: Reply) -> ConnectorError:
    """What it means that the server does not go on; nobody has the message."""
    if reply.code in LOGIN_WANTED:
        return Misconfigured(
            f"{where}: refuses {what} without a login or encryption ({reply}). Set mail.smtp.user "
            "and mail.smtp.security; nothing was sent.",
            status=reply.code,
        )
    if reply.kind == NEVER:
        return Permanent(
            f"{where}: refuses {what}: {reply}. Mend what it names; nobody has the message.",
            status=reply.code,
        )
    return Retriable(
        f"{where}: does not take {what} now: {reply}. Run it again later; nobody has the message.",
        status=reply.code,
    )


def _in_words(told: Told) -> tuple[tuple[str, str], ...]:
    return tuple((address, str(reply)) for address, reply in told)


def _listed(told: Told) -> str:
    return "; ".join(f"{address} ({reply})" for address, reply in told)
