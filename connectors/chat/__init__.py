"""Chat: short notices to the operators, in the channel that they read anyway.

A notice is words, and nothing in it is markup: whatever a client is called, it pings nobody and
links nowhere. It goes to ourselves, so one that comes twice is harmless. What is told, and when, is
decided in `flows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from models.ledger import one_line
from models.terms import JsonValue

MOST_LINES = 40
"""Lines of a notice, title and commands included: more is not read."""

LONGEST_LINE = 180
"""Characters of a line; forty of them, all written as entities, stay below Slack's 40,000."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What operators are told.

    Attributes:
        title: One line that says what the matter is.
        lines: More about it, each one line.
        commands: What may be typed next, each one line, to be copied as it stands.
    """

    title: str
    lines: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse to exist when nobody would read it, or when a line is not one."""
        everything = (self.title, *self.lines, *self.commands)
        if not self.title or len(everything) > MOST_LINES:
            message = f"a notice has a title and at most {MOST_LINES} lines"
            raise ValueError(message)
        if wrong := [text for text in everything if text != one_line(text)]:
            message = f"a line of a notice is one line: {wrong[0]!r}"
            raise ValueError(message)
        if wrong := [text for text in everything if len(text) > LONGEST_LINE]:
            message = f"a line of a notice has at most {LONGEST_LINE} characters: {wrong[0]!r}"
            raise ValueError(message)

    @property
    def intent(self) -> JsonValue:
        """Its words as the store keeps them before it is posted."""
        return {
            "title": self.title,
            "lines": list(self.lines),
            "commands": list(self.commands),
        }

    @classmethod
    def from_intent(cls, intent: JsonValue) -> Self:
        """The notice whose words were kept."""
        return cls(intent["title"], tuple(intent["lines"]), tuple(intent["commands"]))


class Chat(Protocol):
    """What every chat promises; `tests/connectors/chat/conformance.py` holds it to that."""

    @property
    def name(self) -> str:
        """For effects and messages, such as `slack`."""
        ...

    def post(self, notice: Notice) -> JsonValue:
        """Post the notice: one request, never repeated here; answer with the facts to keep.

        Raises:
            Permanent: The chat does not take this notice; nothing was posted.
            Misconfigured: The address is wrong, or its channel is gone; nothing was posted.
            Retriable: Nothing was posted, and it may work later (a rate limit).
            OutcomeUnknown: It may have been posted; posting it again is harmless.
        """
        ...
