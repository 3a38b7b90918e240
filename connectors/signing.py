"""The Ed25519 key that signs evidence packs: a PEM file that its owner alone may read.

The key is read where it is used and never shown; what is shown is its public half.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from models.findings import UnusableInputError, refuse

OTHERS = 0o077
"""The permissions of everybody but the owner."""


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file (PKCS 8, not encrypted), as `openssl genpkey` makes it as well.

    Raises:
        UnusableInputError: There is no such key, or others may read it.
    """
    try:
        text, mode = path.read_bytes(), path.stat().st_mode
        key = load_pem_private_key(text, password=None)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except (TypeError, ValueError):
        raise _unusable(path, "holds no private key in PEM form without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path, "holds a key of another kind")
    if mode & OTHERS:
        raise refuse(
            str(path),
            f"may be read by others than its owner (mode {mode & 0o777:o})",
            expected="a private key for its owner alone",
            remedy=f"Run `chmod 600 {path}`, and make a new key if somebody may have read it.",
        )
    return key


def make_key(path: Path) -> Ed25519PrivateKey:
    """Write a new private key that its owner alone may read.

    Raises:
        UnusableInputError: The file is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except OSError as error:
        raise refuse(
            str(path),
            f"cannot be made: {error.strerror}",
            expected="a new file in a folder that is there",
            remedy="Name another file; a key that is there is never overwritten.",
        ) from None
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half, as 64 hexadecimal digits: what a company publishes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _unusable(path: Path, fact: str) -> UnusableInputError:
    return refuse(
        str(path),
        fact,
        expected="an Ed25519 private key as a PEM file",
        remedy=f"Make one with `makegood sign-key {path}`, and publish what it shows.",
    )
