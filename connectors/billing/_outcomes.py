"""What an answer of Stripe means for whoever asked: the table of outcomes, and words without keys.

The HTTP status decides, not the library's classes: a 409 about a key in use and a 200 with a broken
body arrive in the same class. Whatever is not surely harmless after a write is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import stripe

from connectors.billing import LimitReached
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    PersonNeeded,
    Retriable,
)

SECRET = re.compile(r"\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_*.…-]+")
PERMISSION = re.compile(r"\brak_[a-z_]+")
REFUSED_KEY = {
    401: "the key opens nothing",
    403: "the key lacks a permission that connectors/billing/README.md lists",
}
LONGEST_MESSAGE = 400
LONGEST_WAIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back instead of a good answer.

    Attributes:
        status: The HTTP status; None when no whole answer came.
        kind: Stripe's `type` of the error; "" when the answer was not Stripe's.
        code: Stripe's `code`; "".
        says: Stripe's sentence, or the kind of failure, without any key.
        request: Stripe's id of the request, for its support; "".
        reason: Which limit was met; "".
        wait_ms: How long Stripe asks to be left alone; 0.
    """

    status: int | None
    kind: str = ""
    code: str = ""
    says: str = ""
    request: str = ""
    reason: str = ""
    wait_ms: int = 0

    @property
    def told(self) -> str:
        """The answer in words, for a message."""
        status = "no answer" if self.status is None else f"HTTP {self.status}"
        known = [status, self.code, self.reason, f"request {self.request}" if self.request else ""]
        words = ", ".join(word for word in known if word)
        return f"{words} ({self.says})" if self.says else words


def reply_of(error: Exception) -> Reply:
    """What an exception of the library, or of anything below it, tells."""
    if not isinstance(error, stripe.StripeError):
        return Reply(status=None, says=type(error).__name__)
    told = error.json_body if isinstance(error.json_body, dict) else {}
    fault = told.get("error")
    if not isinstance(fault, dict) or not fault.get("type"):
        # The cause's own words may hold addresses; its name says enough.
        cause = type(error.__cause__).__name__ if error.__cause__ else "no answer of Stripe's"
        return Reply(status=error.http_status, says=cause)
    headers = error.headers or {}
    code = _text(fault.get("code"))
    return Reply(
        status=error.http_status,
        kind=_text(fault.get("type")),
        code=code,
        says=scrubbed(_text(fault.get("message"))),
        request=scrubbed(_text(headers.get("Request-Id"))),
        reason=code if code == "lock_timeout" else _text(headers.get("Stripe-Rate-Limited-Reason")),
        wait_ms=_wait_ms(_text(headers.get("Retry-After"))),
    )


def scrubbed(text: str) -> str:
    """One line of bounded length in which whatever looks like a key is blotted out.

    >>> scrubbed("Invalid API Key provided: sk_test_abc")
    'Invalid API Key provided: [key]'
    """
    line = " ".join(SECRET.sub("[key]", text).split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _wait_ms(seconds: str) -> int:
    return min(int(seconds) * 1000, LONGEST_WAIT_MS) if re.fullmatch(r"\d{1,6}", seconds) else 0


def failed_read(reply: Reply, where: str) -> ConnectorError:
    """What became of a request that changes nothing.

    Args:
        reply: What came back.
        where: What was asked, for the message.
    """
    place = f"stripe {where}"
    if not reply.kind or reply.status is None:
        return _later(reply, f"{place}: {reply.told}")
    match reply.status:
        case 401 | 403:
            return _misconfigured(reply, place)
        case 429:
            return _limit(reply, place)
        case 400 | 402 | 404:
            message = f"{place}: refused, {reply.told}. Nothing was changed."
            return Permanent(message, status=reply.status)
        case _:
            return _later(reply, f"{place}: {reply.told}")


def failed_write(reply: Reply, where: str) -> ConnectorError:
    """What became of a request that moves money; when in doubt, unknown.

    Args:
        reply: What came back.
        where: The part's key, for the message.
    """
    place = f"stripe {where}"
    if not reply.kind or reply.status is None:
        return _unknown(reply, place)
    match reply.status:
        case 401 | 403:
            return _misconfigured(reply, place)
        case 429:
            return _limit(reply, place)
        case 400 if reply.kind == "idempotency_error":
            return PersonNeeded(
                f"{place}: {reply.told}; the idempotency key was used for another request, which "
                "must never happen. Look at both in Stripe before anything else is sent.",
                status=400,
            )
        case 400 | 402 | 404:
            message = f"{place}: refused, {reply.told}. Nothing was made."
            return Permanent(message, status=reply.status)
        case _:
            return _unknown(reply, place)


def _unknown(reply: Reply, place: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{place}: {reply.told}; the credit may exist. Rerun: it looks before it writes.",
        status=reply.status,
    )


def _later(reply: Reply, words: str) -> Retriable:
    return Retriable(f"{words}. Nothing was changed; try again later.", status=reply.status)


def _misconfigured(reply: Reply, place: str) -> Misconfigured:
    wanted = PERMISSION.search(reply.says)
    missing = f" ({wanted.group()})" if wanted else ""
    return Misconfigured(
        f"{place}: HTTP {reply.status}; {REFUSED_KEY.get(reply.status or 0)}{missing}. "
        "Mend MAKEGOOD_STRIPE_KEY; nothing was made.",
        status=reply.status,
    )


def _limit(reply: Reply, place: str) -> LimitReached:
    return LimitReached(
        f"{place}: {reply.told}; too many requests. Nothing was made; try again later.",
        reason=reply.reason,
        wait_ms=reply.wait_ms,
    )
