"""Addresses of mail: one rule for every place that names one, so that a wrong one is found early.

A contract or a workspace file is read before anything is decided; an address that no server would
take is a finding there, and not a surprise on the day of the release.
"""

from __future__ import annotations

import re
from typing import Annotated

import idna
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
LONGEST_LOCAL_PART = 64
ENCODED_WORD = "=?"
"""How RFC 2047 begins a word in another script; decoded within an address it is another address."""
LONGEST_ADDRESS = 254
"""Source: RFC 5321, section 4.5.3.1, and the two angle brackets of its paths."""

BARE = r"[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+\.[^@\s<>\x00-\x1f]+"
ADDRESS = rf"^{BARE}$"
MAILBOX = rf"^({BARE}|[^<>@\x00-\x1f]*<{BARE}>)$"
"""How both look at a glance, for editors; which of them can be used, the functions here say."""

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def ascii_address(address: str) -> str:
    """The address as mail servers know it, its domain in ASCII.

    Raises:
        ValueError: The part before the `@` is not plain ASCII or could be read as more than it
            says, or the domain is none. Letters beyond ASCII before the `@` need servers that few
            have, so they are refused here.

    >>> ascii_address("billing@m\u00fcller.example")
    'billing@xn--mller-kva.example'
    """
    local, _, domain = address.rpartition("@")
    if not LOCAL_PART.fullmatch(local) or len(local) > LONGEST_LOCAL_PART:
        message = f"{address!r} has a part before the @ that is not plain ASCII such as anna.b"
        raise ValueError(message)
    if ENCODED_WORD in local:
        message = f"{address!r} has {ENCODED_WORD} before the @, which some readers would decode"
        raise ValueError(message)
    try:
        known = f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        message = f"{address!r} has no valid domain after the @: {error}"
        raise ValueError(message) from None
    if known.endswith(".") or len(known) > LONGEST_ADDRESS:
        message = (
            f"{address!r} has a domain that ends in a dot, or more than "
            f"{LONGEST_ADDRESS} characters"
        )
        raise ValueError(message)
    return known


def parted(mailbox: str) -> tuple[str, str]:
    r"""Name and address of `finance@acme.example` or `Acme, Inc. <finance@acme.example>`.

    Whatever stands before the bracket is the name, commas and colons included; a person who writes
    one address means one.

    >>> parted("Acme, Inc. <a@acme.example>"), parted("a@acme.example")
    (('Acme, Inc.', 'a@acme.example'), ('', 'a@acme.example'))
    >>> parted(r'"Acme \"East\"" <a@acme.example>')
    ('Acme "East"', 'a@acme.example')
    """
    name, bracket, address = mailbox.strip().rpartition("<")
    if not bracket:
        return "", address
    name = name.strip()
    quoted = QUOTED.fullmatch(name)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else name, address.removesuffix(">")


def is_usable(written: str) -> bool:
    """Whether it is one address to which mail can go, with or without a name."""
    if not re.fullmatch(MAILBOX, written):
        return False
    try:
        return bool(ascii_address(parted(written)[1]))
    except ValueError:
        return False


def _checked(written: str) -> str:
    try:
        ascii_address(parted(written)[1])
    except ValueError as error:
        raise PydanticCustomError(
            "address",
            "an e-mail address such as ap@acme.example",
            {"fact": f"cannot be used: {error}", "remedy": "Correct the address."},
        ) from None
    return written


Address = Annotated[str, Field(pattern=ADDRESS), AfterValidator(_checked)]
"""`ap@acme.example`, alone; the domain may hold any letters."""

Mailbox = Annotated[str, Field(max_length=320, pattern=MAILBOX), AfterValidator(_checked)]
"""`finance@acme.example`, or with a name: `Acme, Inc. <finance@acme.example>`."""
