"""Whether an event that claims to come from Stripe does: the signature over its exact bytes.

The receiver verifies first and reads afterwards. Nothing here opens the body, and no message holds
the secret or the signature that would have been right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

from connectors.errors import Permanent

TOLERANCE_MS = 300_000
"""How far the signed time may be from ours, either way; the library allows as much."""

LONGEST_HEADER = 2_000
TIME = re.compile(r"\d{1,12}", re.ASCII)


class UnsignedError(Permanent):
    """The event is not signed by Stripe, or not for us, or too long ago. It must not be stored."""


def require_signed(
    body: bytes,
    header: str,
    *,
    secrets: Sequence[str],
    now: int,
    tolerance_ms: int = TOLERANCE_MS,
) -> int:
    """The instant at which Stripe signed the body, once the signature has been found right.

    Args:
        body: Exactly the bytes that arrived.
        header: The header `Stripe-Signature`.
        secrets: The endpoint's secrets; two while one replaces the other.
        now: The present instant.
        tolerance_ms: How far from now the signature may be.

    Raises:
        UnsignedError: It is not signed with one of the secrets, or not lately.
        ValueError: No secret is given.

    Source: docs.stripe.com/webhooks/signature (scheme v1, HMAC-SHA256 over time and body).
    """
    if not secrets or not all(secrets):
        message = "at least one webhook secret is needed, and none may be empty"
        raise ValueError(message)
    seconds, signatures = _parsed(header)
    signed = seconds.encode() + b"." + body
    if not _any_right(signed, signatures, secrets):
        raise UnsignedError("stripe event: its signature is not one of ours. It was not stored.")
    at = int(seconds) * 1000
    if abs(now - at) > tolerance_ms:
        raise UnsignedError(
            f"stripe event: signed {abs(now - at) // 1000} s from now, more than "
            f"{tolerance_ms // 1000} s. Check the clock; it was not stored."
        )
    return at


def _parsed(header: str) -> tuple[str, list[str]]:
    """The signed time as it was written, and every signature of the known scheme."""
    pairs = [part.partition("=") for part in header[:LONGEST_HEADER].split(",")]
    times = [value for name, _, value in pairs if name.strip() == "t"]
    signatures = [value for name, _, value in pairs if name.strip() == "v1"]
    if len(times) != 1 or not TIME.fullmatch(times[0]) or not signatures:
        raise UnsignedError("stripe event: carries no signature of scheme v1. It was not stored.")
    return times[0], signatures


def _any_right(signed: bytes, signatures: Iterable[str], secrets: Sequence[str]) -> bool:
    """Compare every signature with every secret, whatever was found before."""
    digests = [hmac.new(one.encode(), signed, hashlib.sha256).hexdigest() for one in secrets]
    right = [
        hmac.compare_digest(digest.encode(), signature.encode())
        for digest in digests
        for signature in signatures
    ]
    return any(right)
