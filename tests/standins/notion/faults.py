"""What goes wrong on purpose: with which request, and before or after it was carried out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.notion import refusals
from tests.standins.notion.refusals import CONNECTION_LIMIT, WORKSPACE_LIMIT, Refusal
from tests.standins.occasion import AFTER, BEFORE, Occasion

LIMIT_REASONS = (CONNECTION_LIMIT, WORKSPACE_LIMIT)
PAGE = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>\n"
# Kinds that change what is sent, or whether; the others are answers of their own.
WIRE = {"cut", "reset", "silence", "broken_json", "short_body"}
TIMING = {"delay", "late_arrival"}
REFUSALS: dict[str, Callable[[], Refusal]] = {
    "refused": lambda: refusals.invalid("This request is refused, as planned."),
    "unauthorized": refusals.unauthorized,
    "forbidden": refusals.restricted,
    "missing": lambda: refusals.missing("page", "planned"),
    "conflict": refusals.conflict,
    "error": refusals.broken,
    "unavailable": refusals.unavailable,
    "database_unavailable": refusals.database_unavailable,
    "gateway_timeout": refusals.timed_out,
}
WAITS = {"rate_limited", "overloaded"}
PAGES = {"bad_gateway": 502, "login_page": 200}
KINDS = WIRE | TIMING | PAGES.keys() | REFUSALS.keys() | WAITS | {"meanwhile"}


@dataclass(slots=True, kw_only=True)
class Fault(Occasion):
    """One planned fault.

    Attributes:
        kind: One of `KINDS`.
        operation: Else than by method and path, requests of this kind, such as `pages.create`.
        seconds: How long a delay lasts.
        reason: Which limit a 429 names.
        retry_after: Seconds that a 429 or 529 asks to wait for.
        do: What people do meanwhile, as `people.act` takes it.
    """

    kind: str
    operation: str | None = None
    seconds: float = 1.0
    reason: str = CONNECTION_LIMIT
    retry_after: int = 1
    do: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.when not in {BEFORE, AFTER}:
            raise ValueError(f"no fault {self.kind} {self.when}; known are {sorted(KINDS)}")
        if self.reason not in LIMIT_REASONS:
            raise ValueError(f"no reason {self.reason}; known are {LIMIT_REASONS}")
        if self.kind == "late_arrival" and self.when == AFTER:
            raise ValueError("a request arrives late before it is carried out, not after")

    def befalls(self, number: int, operation: str | None, method: str, path: str) -> bool:
        """Whether it befalls this request; counts the matching ones."""
        if self.at is None and self.operation not in {None, operation}:
            return False
        return self.strikes(number, method, path)

    def refusal(self) -> Refusal | None:
        """Notion's error for it; None when it is not one of Notion's answers."""
        if self.kind == "rate_limited":
            return refusals.limited(self.reason, self.retry_after)
        if self.kind == "overloaded":
            return refusals.overloaded(self.retry_after)
        make = REFUSALS.get(self.kind)
        return make() if make else None

    def page(self) -> tuple[int, bytes] | None:
        """The page of a gateway that stands before Notion; None for other kinds."""
        status = PAGES.get(self.kind)
        return None if status is None else (status, PAGE % (status, status))
