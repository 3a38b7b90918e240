"""What goes wrong on purpose: with which request, and before or after it was carried out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.occasion import AFTER, BEFORE, Occasion
from tests.standins.stripe import refusals
from tests.standins.stripe.refusals import Refusal

LIMIT_REASONS = (
    "global-rate",
    "global-concurrency",
    "endpoint-rate",
    "endpoint-concurrency",
    "resource-specific",
)
PAGE = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>\n"
# Kinds that change what is sent, or whether; the others are answers of their own.
WIRE = {"cut", "reset", "broken_json", "short_body"}
TIMING = {"delay", "late_arrival"}
REFUSALS: dict[str, Callable[[], Refusal]] = {
    "refused": lambda: refusals.invalid("This request is refused, as planned."),
    "unauthorized": lambda: refusals.unauthorized("Expired API Key", code="api_key_expired"),
    "forbidden": lambda: refusals.forbidden("The key does not have the required permissions."),
    "conflict": lambda: refusals.in_use("planned"),
    "lock_timeout": refusals.locked,
    "card_declined": lambda: Refusal(
        402, "card_error", "Your card was declined.", code="card_declined"
    ),
    "error_saved": refusals.broken,
    "error_unsaved": refusals.broken,
}
OTHERS = {"meanwhile", "altered"}
PAGES = {"bad_gateway": 502, "proxy_refusal": 403}
KINDS = WIRE | TIMING | OTHERS | PAGES.keys() | REFUSALS.keys() | {"rate_limited"}


@dataclass(slots=True, kw_only=True)
class Fault(Occasion):
    """One planned fault.

    Attributes:
        kind: One of `KINDS`.
        seconds: How long a delay lasts.
        reason: Which limit a 429 names.
        status: Of `proxy_refusal` (403) or `bad_gateway` (502).
        retry_after: Seconds that a 429 asks to wait for, if any.
        do: What happens meanwhile, as `scenes.act` takes it.
        change: The fields that `altered` answers differently.
    """

    kind: str
    seconds: float = 1.0
    reason: str = "global-rate"
    status: int | None = None
    retry_after: int | None = None
    do: list[dict[str, Any]] = field(default_factory=list)
    change: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.when not in {BEFORE, AFTER}:
            raise ValueError(f"no fault {self.kind} {self.when}; known are {sorted(KINDS)}")
        if self.reason not in LIMIT_REASONS:
            raise ValueError(f"no reason {self.reason}; known are {LIMIT_REASONS}")
        if self.kind == "late_arrival" and self.when == AFTER:
            raise ValueError("a request arrives late before it is carried out, not after")
        if self.kind == "altered":
            self.when = AFTER

    def refusal(self) -> Refusal | None:
        """Stripe's error for it; None when it is not one of Stripe's answers."""
        if self.kind == "rate_limited":
            return self._too_many()
        make = REFUSALS.get(self.kind)
        return make() if make else None

    def _too_many(self) -> Refusal:
        refusal = refusals.too_many(self.reason)
        if self.retry_after is not None:
            refusal.headers["Retry-After"] = str(self.retry_after)
        return refusal

    def page(self) -> tuple[int, bytes] | None:
        """The page of a gateway or proxy that stands before Stripe; None for other kinds."""
        usual = PAGES.get(self.kind)
        if usual is None:
            return None
        status = self.status or usual
        return status, PAGE % (status, status)
