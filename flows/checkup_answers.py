"""What a checkup's questions are answered with, and how failures become answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from connectors.errors import ConnectorError, Misconfigured
from models.findings import UnusableInputError


class State(IntEnum):
    """How a question was answered; later ones are worse."""

    GOOD = 0
    LOOK = 1
    AWAY = 2
    WRONG = 3


class LookError(Exception):
    """All works, and a person should look; the message says at what, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer.

    Attributes:
        about: What was asked about.
        state: How it was answered.
        says: What was found, or what is wrong and what to do.
    """

    about: str
    state: State
    says: str


def asked(about: str, question: Callable[[], str]) -> Answer:
    """Ask a question; whatever keeps it from a good answer is an answer as well."""
    try:
        return Answer(about, State.GOOD, question())
    except LookError as look:
        return Answer(about, State.LOOK, str(look))
    except (UnusableInputError, ConnectorError) as error:
        return tried(about, error, "")


def tried(about: str, problem: Exception | None, says: str) -> Answer:
    """What became of something that was tried; `says` counts where there was no problem."""
    if problem is None:
        return Answer(about, State.GOOD, says)
    wrong = isinstance(problem, UnusableInputError | Misconfigured)
    return Answer(about, State.WRONG if wrong else State.AWAY, str(problem))
