"""How Notion says no: the status, the code, the sentence, and what a program may read beside it.

Source: developers.notion.com/reference/status-codes and /reference/request-limits.
"""

import json
from dataclasses import dataclass, field
from typing import Any

CONNECTION_LIMIT = "public_api_request_rate_limit"
WORKSPACE_LIMIT = "public_api_space_request_rate_limit"
LONGEST_SHOWN = 200


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        code: Notion's word for it.
        message: The sentence for people.
        additional: What a program may read beside it, if anything.
        headers: Headers beside the usual ones.
    """

    status: int
    code: str
    message: str
    additional: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> bytes:
        """The error as Notion writes it."""
        error: dict[str, Any] = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
        }
        if self.additional:
            error["additional_data"] = self.additional
        return json.dumps(error | {"request_id": request_id}).encode()


def invalid(message: str, additional: dict[str, Any] | None = None) -> Refusal:
    """A request that breaks a rule."""
    return Refusal(400, "validation_error", message, additional)


def wrong_body(place: str, expected: str, value: Any) -> Refusal:
    """A part of the body that is not what it should be."""
    return invalid(f"body failed validation: {place} should be {expected}, {instead(value)}.")


def instead(value: Any) -> str:
    """What was there, shortened."""
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > LONGEST_SHOWN:
        shown = shown[:LONGEST_SHOWN] + "..."
    return f"instead was `{shown}`"


def unsupported(what: str) -> Refusal:
    """Notion knows it and the stand-in does not; it refuses instead of doing something else."""
    return Refusal(400, "invalid_request", f"Unsupported request: the stand-in lacks {what}.")


def invalid_json() -> Refusal:
    """A body that is no JSON."""
    return Refusal(400, "invalid_json", "Error parsing JSON body.")


def invalid_url() -> Refusal:
    """An address that leads nowhere."""
    return Refusal(400, "invalid_request_url", "Invalid request URL.")


def missing_version() -> Refusal:
    """No `Notion-Version` header."""
    return Refusal(
        400,
        "missing_version",
        "Notion-Version header failed validation: Notion-Version header should be defined, "
        "instead was `undefined`.",
    )


def unauthorized() -> Refusal:
    """The token opens nothing."""
    return Refusal(401, "unauthorized", "API token is invalid.")


def restricted() -> Refusal:
    """The connection lacks the capability."""
    return Refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.")


def missing(kind: str, identity: str) -> Refusal:
    """What does not exist, or is not shared with the connection: Notion does not say which."""
    return Refusal(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {identity}. Make sure the relevant pages and databases "
        "are shared with your integration.",
    )


def conflict() -> Refusal:
    """Somebody else was faster."""
    return Refusal(
        409, "conflict_error", "Conflict occurred while saving. Please try again.",
    )  # fmt: skip


def limited(reason: str, retry_after: int) -> Refusal:
    """A limit on the rate is reached."""
    return Refusal(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        {"rate_limit_reason": reason},
        {"Retry-After": str(retry_after)},
    )


def overloaded(retry_after: int) -> Refusal:
    """Notion is temporarily overloaded."""
    return Refusal(
        529,
        "service_overload",
        "Notion is temporarily overloaded. Please try again later.",
        headers={"Retry-After": str(retry_after)},
    )


def broken() -> Refusal:
    """Something went wrong on Notion's side."""
    return Refusal(500, "internal_server_error", "Unexpected error occurred.")


def unavailable() -> Refusal:
    """Notion did not answer within its own time."""
    return Refusal(503, "service_unavailable", "Notion is unavailable, please try again later.")


def database_unavailable() -> Refusal:
    """Notion's database cannot be reached."""
    return Refusal(
        503,
        "database_connection_unavailable",
        "Notion's database is currently unavailable, please try again later.",
    )


def timed_out() -> Refusal:
    """A gateway gave up waiting; what was asked may be done all the same."""
    return Refusal(504, "gateway_timeout", "The request timed out. Please try again later.")
