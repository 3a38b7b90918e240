"""How Stripe says no: the status, the error object, and whether the answer is kept for a key."""

import json
from dataclasses import dataclass, field

DOCUMENTATION = "https://docs.stripe.com/error-codes"


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        kind: Stripe's `type`.
        message: The sentence for people.
        code: Stripe's `code`, if it has one.
        param: The parameter at fault, if one is.
        saved: Whether an idempotency key keeps this answer: only when the operation was begun.
        headers: Headers beside the usual ones.
    """

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str | None = None
    saved: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> bytes:
        """The error as Stripe writes it."""
        error = {"message": self.message, "type": self.kind}
        if self.code:
            error |= {
                "code": self.code,
                "doc_url": f"{DOCUMENTATION}/{self.code.replace('_', '-')}",
            }
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/logs/{request_id}"
        return json.dumps({"error": error}, indent=2).encode()


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    """A request that fails validation: nothing was begun, no key keeps it."""
    return Refusal(400, "invalid_request_error", message, code=code, param=param)


def declined(message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    """A well-formed request that the state of things forbids: begun, so a key keeps it."""
    return Refusal(400, "invalid_request_error", message, code=code, param=param, saved=True)


def missing(kind: str, identity: str, *, param: str = "id", note: str = "") -> Refusal:
    """An object that does not exist: 404 when the address names it, 400 when a parameter does."""
    return Refusal(
        404 if param == "id" else 400,
        "invalid_request_error",
        f"No such {kind}: '{identity}'{note}",
        code="resource_missing",
        param=param,
        saved=True,
    )


def in_use(key: str) -> Refusal:
    """The same key is being worked on for another request."""
    return Refusal(
        409,
        "invalid_request_error",
        "There is currently another in-progress request using this Idempotent Key (that probably "
        "means you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        code="idempotency_key_in_use",
    )


def other_parameters(key: str) -> Refusal:
    """The same key came with another request."""
    return Refusal(
        400,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first "
        f"used with. Try using a key other than '{key}' if you meant to execute a different "
        "request.",
    )


def too_many(reason: str) -> Refusal:
    """A limit is reached; the reasons are Stripe's published ones."""
    return Refusal(
        429,
        "invalid_request_error",
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://docs.stripe.com/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def locked() -> Refusal:
    """Another request holds the object."""
    return Refusal(
        429,
        "invalid_request_error",
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request.",
        code="lock_timeout",
    )


def unauthorized(message: str, *, code: str | None = None) -> Refusal:
    """The key opens nothing."""
    return Refusal(401, "invalid_request_error", message, code=code)


def forbidden(message: str) -> Refusal:
    """The key does not open this."""
    return Refusal(403, "invalid_request_error", message)


def broken() -> Refusal:
    """Something went wrong on Stripe's side."""
    return Refusal(500, "api_error", "An unknown error occurred.")
