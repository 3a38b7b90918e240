"""What a finished message is: envelope, Message-ID and bytes, and who an address belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from models.addresses import parted
from models.terms import JsonValue

ENVELOPE_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
"""Printable ASCII without a space or an angle bracket: nothing in it ends a command to a server."""
LOOSE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LONGEST_LINE = 998
"""Source: RFC 5322, section 2.1.1."""
CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person or team with an address.

    Attributes:
        name: As people write it; "" for an address alone.
        address: `local@domain`; the domain may hold any letters.
    """

    name: str
    address: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `finance@acme.example` or `Acme <finance@acme.example>`.

        >>> Mailbox.of("Acme, Inc. <finance@acme.example>")
        Mailbox(name='Acme, Inc.', address='finance@acme.example')
        """
        return cls(*parted(text))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message.

    Attributes:
        name: What it is called when somebody saves it, such as `claims.ics`.
        content_type: Its kind, such as `text/calendar; method=PUBLISH; charset=utf-8`.
        content: Its bytes, which arrive as they are.
    """

    name: str
    content_type: str
    content: bytes

    def __post_init__(self) -> None:
        """Refuse to exist with a kind that would be no legal header."""
        if not CONTENT_TYPE.fullmatch(self.content_type):
            message = f"attachment {self.name!r}: {self.content_type!r} is no content type"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A finished message with its envelope.

    Attributes:
        key: The effect's key, such as `acme/api/2026-05/r0/notice`.
        message_id: `<uuid@domain>`, the same for the same key and sender's domain.
        envelope_from: The address that bounces go to; domain in ASCII.
        envelope_to: The addresses that it is delivered to, at least one; domains in ASCII.
        content: The whole message, header included: ASCII with CRLF line ends.
    """

    key: str
    message_id: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    content: bytes

    def __post_init__(self) -> None:
        """Refuse to exist without a receiver, or with anything that a mail server may not get."""
        if fault := next(self._faults(), ""):
            message = f"mail {self.key}: {fault}"
            raise ValueError(message)

    def _faults(self) -> Iterator[str]:
        if not self.envelope_to or not self.content.isascii():
            yield "it needs a receiver, and content in ASCII"
        if not all(ENVELOPE_ADDRESS.fullmatch(a) for a in (self.envelope_from, *self.envelope_to)):
            yield "an address of its envelope is none"
        # A line end of another kind is where one message can be made to look like two.
        if LOOSE_LINE_END.search(self.content) or not self.content.endswith(b"\r\n"):
            yield "its lines must end in CR LF"
        if any(len(line) > LONGEST_LINE for line in self.content.split(b"\r\n")):
            yield f"a line has more than {LONGEST_LINE} characters"

    @property
    def intent(self) -> Mapping[str, JsonValue]:
        """The message as JSON values, to be stored before anything is sent."""
        return {
            "key": self.key,
            "message_id": self.message_id,
            "envelope_from": self.envelope_from,
            "envelope_to": list(self.envelope_to),
            "content": self.content.decode("ascii"),
        }

    @classmethod
    def from_intent(cls, intent: Mapping[str, JsonValue]) -> Self:
        """The message that was stored; the same bytes."""
        return cls(
            key=intent["key"],
            message_id=intent["message_id"],
            envelope_from=intent["envelope_from"],
            envelope_to=tuple(intent["envelope_to"]),
            content=intent["content"].encode("ascii"),
        )
