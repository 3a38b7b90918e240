"""Who is at the terminal: the operating system's account, or somebody whom a token names.

Two people must agree to a large release, so a name must rest on something. Tokens are secrets of
at least sixteen characters, whose digests the workspace maps to names: never the environment, which
whoever releases can set. One is never taken from the command line, where everybody on the host
could read it.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

from flows.settings import APPROVER_TOKEN, held
from models.approval import Identity, Voice
from models.findings import refuse

SHORTEST = 16

Approvers = Mapping[str, Sequence[str]]
"""By name, the digests of that person's tokens, as the workspace has them."""


def present_voice(approvers: Approvers, *, token: str | None = None) -> Voice:
    """Who says yes here.

    Args:
        approvers: By name, the digests of that person's tokens.
        token: What was typed; None for what the environment holds, if anything. Without either it
            is the account that speaks.

    Raises:
        UnusableInputError: The token is nobody's.
    """
    account = f"{os.getuid()}@{socket.gethostname()}"
    given = held(APPROVER_TOKEN) if token is None else token
    if given:
        return Voice(_owner(given, approvers), Identity.TOKEN, account)
    return Voice(_account_name(), Identity.OS_USER, account)


def _account_name() -> str:
    """The account's name by its number; LOGNAME and USER may say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _owner(given: str, approvers: Approvers) -> str:
    digest = sha256(given.encode()).hexdigest()
    # All of them are compared, so that the time tells nothing about which one was near.
    owners = [
        name for name, known in approvers.items() for one in known if compare_digest(one, digest)
    ]
    if len(set(owners)) == 1 and len(given) >= SHORTEST:
        return owners[0]
    raise refuse(
        APPROVER_TOKEN,
        _why_nobody(given, owners),
        expected=f"one of at least {SHORTEST} characters whose SHA-256 digest release.approvers "
        "in makegood.yaml has under one name",
        remedy="Use your own, or leave it out to speak as the account.",
    )


def _why_nobody(given: str, owners: Sequence[str]) -> str:
    if not owners:
        return "is nobody's token"
    return "is too short" if len(given) < SHORTEST else "is the token of several people"
