"""How a command ends: one exit code for each kind of ending, and what is said on stderr."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

from typer.exceptions import TyperException

from connectors.errors import ConnectorError, Misconfigured
from models.findings import UnusableInputError


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    NEEDS_A_PERSON = 1
    UNUSABLE_INPUT = 2
    COULD_NOT_FINISH = 3


def say(text: str) -> None:
    """Write one line to stderr, where everything goes that is not the answer."""
    sys.stderr.write(f"{text}\n")


def ended_by(error: Exception) -> Exit:
    """Say what ended a command, and answer with its exit code."""
    match error:
        case UnusableInputError():
            count = len(error.findings)
            said = f"{error}\n{count} finding{'s' if count > 1 else ''}; nothing was written."
            exit_code = Exit.UNUSABLE_INPUT
        case TyperException():
            # What a library thinks of its own exceptions is no news to the person.
            error.message = error.message.replace("Value error, ", "")
            error.show()  # type: ignore[attr-defined]  # Every one that is raised has it.
            return Exit.UNUSABLE_INPUT
        case Misconfigured():
            said, exit_code = str(error), Exit.UNUSABLE_INPUT
        case _ if _may_succeed_later(error):
            said, exit_code = str(error), Exit.COULD_NOT_FINISH
        case _:
            traceback.print_exception(error)
            said = "makegood failed; what was recorded is kept. Please report the lines above."
            exit_code = Exit.COULD_NOT_FINISH
    say(said)
    return exit_code


def _may_succeed_later(error: Exception) -> bool:
    """Whether something stood in the way of finishing, so that a rerun is safe and may succeed."""
    from connectors.store import ChainMovedError, MonthLockedError, ReleaseRefusedError

    return isinstance(
        error, ConnectorError | ChainMovedError | MonthLockedError | ReleaseRefusedError
    )
