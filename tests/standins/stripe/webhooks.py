"""How Stripe signs what it sends to a webhook: an HMAC over the time and the exact bytes."""

import hashlib
import hmac


def signature(body: bytes, *, secret: str, at: int, scheme: str = "v1") -> str:
    """The header `Stripe-Signature` for a body sent at a second since the epoch.

    >>> signature(b"{}", secret="whsec_x", at=1)[:7]
    't=1,v1='
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={digest}"
