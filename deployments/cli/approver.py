"""Who is at the terminal: the operating system's account, or somebody whom a token names.

Two people must agree to a large release, so a name must rest on something. Tokens are secrets of
at least sixteen characters that the environment maps to names; one is never taken from the command
line, where everybody on the host could read it.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator, Mapping
from hmac import compare_digest

from models.approval import Identity, Voice
from models.findings import refuse

TOKENS = "MAKEGOOD_APPROVER_TOKENS"
"""Who has which token: `kim=... lee=...`, separated by spaces or commas."""

TOKEN = "MAKEGOOD_APPROVER_TOKEN"  # noqa: S105  The variable's name, not a token.
"""The token of whoever is at the terminal; without one it is the account."""

SHORTEST = 16


def present_voice(
    *, token: str | None = None, environment: Mapping[str, str] = os.environ
) -> Voice:
    """Who says yes here.

    Args:
        token: What was typed; None for what the environment holds, if anything.
        environment: The variables.

    Raises:
        UnusableInputError: The token is nobody's, or the tokens cannot be used.
    """
    account = f"{os.getuid()}@{socket.gethostname()}"
    given = environment.get(TOKEN, "") if token is None else token
    if given:
        return Voice(_owner(given, environment.get(TOKENS, "")), Identity.TOKEN, account)
    return Voice(_account_name(), Identity.OS_USER, account)


def _account_name() -> str:
    """The account's name by its number; LOGNAME and USER may say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _owner(given: str, written: str) -> str:
    # All of them are compared, so that the time tells nothing about which one was near.
    owners = [name for name, token in _tokens(written) if compare_digest(token, given.encode())]
    if len(set(owners)) == 1:
        return owners[0]
    raise refuse(
        TOKEN,
        "is the token of several people" if owners else "is nobody's token",
        expected=f"one of those that {TOKENS} maps to a name",
        remedy="Use your own, or leave it out to speak as the account.",
    )


def _tokens(written: str) -> Iterator[tuple[str, bytes]]:
    for number, entry in enumerate(written.replace(",", " ").split(), start=1):
        name, _, token = entry.partition("=")
        if not name or len(token) < SHORTEST:
            raise refuse(
                TOKENS,
                f"has an entry {number} that is no name with a token",
                expected=f"name=token, the token of at least {SHORTEST} characters",
                remedy="Correct it, for example kim=$(openssl rand -hex 16).",
            )
        yield name, token.encode()
