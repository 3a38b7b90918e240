"""Mail: a finished message goes out once, with the bytes that its intent fixed.

A message is composed once (`compose`), stored with the intent, and then sent; a
rerun sends the stored bytes again and never composes anew. What goes to whom is decided in `flows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.errors import Retriable
from connectors.mail._compose import compose
from connectors.mail._message import Attachment, Mailbox, OutgoingMail
from models.terms import JsonValue

__all__ = [
    "Attachment",
    "MailSender",
    "Mailbox",
    "Offer",
    "OutgoingMail",
    "PartlySent",
    "Sent",
    "compose",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is out.

    Attributes:
        key: The effect's key.
        message_id: Its Message-ID.
        place: Where it went: a file, or a server's answer.
        before: Whether it had been there already, so that nothing was done now.
        taken: Receivers that it was taken for now, where receivers are asked one by one.
        refused: Receivers that the server refused, each with its answer; the others have it.
    """

    key: str
    message_id: str
    place: str
    before: bool = False
    taken: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> Mapping[str, JsonValue]:
        """What the decision log keeps about it."""
        return {
            "message_id": self.message_id,
            "place": self.place,
            "taken": list(self.taken),
            "refused": [list(pair) for pair in self.refused],
        }


class PartlySent(Retriable):
    """Some receivers have it now, and some may get it later; those that have it must not again.

    Its `facts` hold `taken`, addresses, and `refused` and `waiting`, pairs of address and answer.
    """


@dataclass(frozen=True, slots=True)
class Offer:
    """Where messages go, and what a server there says of itself.

    Attributes:
        place: A folder, or host and port.
        tls: The version of the encryption; "" for none.
        certificate: The names that the server's certificate holds.
        certificate_until: When that certificate ends, in UTC; "" without one.
        logins: The ways to log in that are offered.
        user: As whom we logged in; "" for nobody.
        size: The largest message in bytes; 0 for no limit, None when nothing is said.
    """

    place: str
    tls: str = ""
    certificate: tuple[str, ...] = ()
    certificate_until: str = ""
    logins: tuple[str, ...] = ()
    user: str = ""
    size: int | None = None


class MailSender(Protocol):
    """What every way of sending promises; `tests/connectors/mail/conformance.py` holds it."""

    @property
    def repeats_are_safe(self) -> bool:
        """Whether one message sent twice is never delivered twice: it looks before it writes.

        Where this is False (SMTP), a message that may have been sent goes to a person.
        """
        ...

    @property
    def per_minute(self) -> int | None:
        """How many messages it takes in a minute; None where nobody counts."""
        ...

    def offer(self) -> Offer:
        """Find out where messages go.

        Raises:
            Misconfigured: A person must mend address, credentials or permissions.
            Retriable: The far side is away.
        """
        ...

    def check(self) -> None:
        """Find out, without sending anything, whether a message could be sent.

        Raises:
            Misconfigured: A person must mend address, credentials or permissions.
        """
        ...

    def send(self, message: OutgoingMail) -> Sent:
        """Send the message; one key has one message, for ever.

        Raises:
            PartlySent: Some receivers have it, and others must wait.
            Permanent: It was refused: by the far side, or because another message has its key.
            Retriable: Nothing was sent, and it may work later.
            OutcomeUnknown: It may have been sent.
            Misconfigured: A person must mend address, credentials or permissions.
        """
        ...
