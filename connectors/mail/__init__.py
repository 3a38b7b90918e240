"""Mail: a finished message goes out once, with the bytes that its intent fixed.

A message is composed once (`compose`), stored with the intent, and then sent; a
rerun sends the stored bytes again and never composes anew. What goes to whom is decided in `flows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.mail._compose import compose
from connectors.mail._message import Mailbox, OutgoingMail, ascii_address
from models.terms import JsonValue

__all__ = ["MailSender", "Mailbox", "OutgoingMail", "Sent", "ascii_address", "compose"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is out.

    Attributes:
        key: The effect's key.
        message_id: Its Message-ID.
        place: Where it went: a file, or a server's answer.
        before: Whether it had been there already, so that nothing was done now.
        refused: Receivers that the server refused, each with its answer; the others have it.
    """

    key: str
    message_id: str
    place: str
    before: bool = False
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> Mapping[str, JsonValue]:
        """What the decision log keeps about it."""
        refused = [list(pair) for pair in self.refused]
        return {"message_id": self.message_id, "place": self.place, "refused": refused}


class MailSender(Protocol):
    """What every way of sending promises; `tests/connectors/mail/conformance.py` holds it."""

    @property
    def repeats_are_safe(self) -> bool:
        """Whether one message sent twice is never delivered twice: it looks before it writes.

        Where this is False (SMTP), a message that may have been sent goes to a person.
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
            Permanent: It was refused: by the far side, or because another message has its key.
            Retriable: Nothing was sent, and it may work later.
            OutcomeUnknown: It may have been sent.
            Misconfigured: A person must mend address, credentials or permissions.
        """
        ...
