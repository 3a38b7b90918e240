"""Mail that goes nowhere: the twin that tests look into."""

from __future__ import annotations

from connectors.errors import Permanent
from connectors.mail import Offer, OutgoingMail, Sent


class MemoryMail:
    """Messages by key, in the order in which they were sent."""

    repeats_are_safe = True
    per_minute = None

    def __init__(self) -> None:
        self.messages: dict[str, OutgoingMail] = {}

    def offer(self) -> Offer:
        """Where the messages lie."""
        return Offer("memory")

    def check(self) -> None:
        """Nothing stands in the way of memory."""

    def send(self, message: OutgoingMail) -> Sent:
        """Keep the message.

        Raises:
            Permanent: Another message has this key.
        """
        before = message.key in self.messages
        if self.messages.setdefault(message.key, message).content != message.content:
            refusal = (
                f"memory {message.key}: another message was sent under this key; "
                "one key has one message. Give the new message a key of its own."
            )
            raise Permanent(refusal)
        return Sent(message.key, message.message_id, "memory", before=before)
