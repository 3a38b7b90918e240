"""How a test starts the stand-in and speaks to its own side.

`with running() as stripe: ...` gives a server of its own process; `stripe.account("acme")` is one
account there, whose `client()` is the real `stripe.StripeClient`.
"""

import contextlib
from dataclasses import dataclass
from typing import Any, Self

import stripe

from tests.standins.starting import ROOT, Refused, Started, started
from tests.standins.stripe.world import API_VERSION

__all__ = ["ROOT", "Account", "Refused", "StandIn", "running"]


@dataclass(slots=True)
class StandIn(Started):
    """A running server."""

    def account(self, name: str, mode: str = "test") -> "Account":
        """One account in one mode, made when new; a different name is a different world."""
        account = Account(self, name, mode)
        account.tell("clock")
        return account


@dataclass(frozen=True, slots=True)
class Account:
    """One account in one mode: the stage, the faults, the log, the proof.

    Attributes:
        stand_in: The server it lives on.
        name: Which one; also the end of its keys.
        mode: `test` or `live`.
    """

    stand_in: StandIn
    name: str
    mode: str = "test"

    @property
    def secret_key(self) -> str:
        """A key that opens everything."""
        return f"sk_{self.mode}_{self.name}"

    @property
    def restricted_key(self) -> str:
        """A key with the permissions that crediting needs, refunds apart."""
        return f"rk_{self.mode}_{self.name}"

    @property
    def url(self) -> str:
        """The address to give as `base_addresses={"api": url}`."""
        return self.stand_in.url

    def client(self, key: str | None = None, *, timeout: float = 5) -> stripe.StripeClient:
        """The real client, with the restricted key unless another is given, and no retries."""
        return stripe.StripeClient(
            key or self.restricted_key,
            base_addresses={"api": self.url},
            stripe_version=API_VERSION,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout),
        )

    def tell(self, word: str, **said: Any) -> Any:
        """Say any word of `control.WORDS`."""
        return self.stand_in.tell(f"{self.name}/{self.mode}/{word}", said)

    def reset(self, *, now_ms: int | None = None) -> Self:
        """Empty the world; with `now_ms` its clock stands still there."""
        self.tell("reset")
        if now_ms is not None:
            self.tell("clock", now_ms=now_ms, speed=0)
        return self

    def seed(self, **scene: list[dict[str, Any]]) -> dict[str, list[str]]:
        """Put customers, subscriptions and invoices; the ids per kind."""
        found: dict[str, list[str]] = self.tell("seed", **scene)
        return found

    def do(self, action: str, **params: Any) -> Any:
        """Let something happen, as `scenes.ACTIONS` knows it."""
        return self.tell("do", action=action, **params)

    def plan(self, *faults: dict[str, Any], replace: bool = True) -> None:
        """Plan what goes wrong; numbers count since the last `forget`, `reset` or `thaw`."""
        self.tell("plan", faults=list(faults), replace=replace)

    def advance(self, **amounts: int) -> int:
        """Move the clock on by `hours`, `days`, `seconds` or `ms`; the new time in ms."""
        now_ms: int = self.tell("clock", advance=amounts)["now_ms"]
        return now_ms

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The log, oldest first; `since` a number, of one `method`."""
        found: list[dict[str, Any]] = self.tell("calls", **wanted)
        return found

    def money(self, by: str) -> dict[str, list[dict[str, Any]]]:
        """Notes and balance entries by the value of one metadata key."""
        found: dict[str, list[dict[str, Any]]] = self.tell("money", by=by)
        return found

    def dump(self) -> dict[str, Any]:
        """Everything about money, whole."""
        found: dict[str, Any] = self.tell("dump")
        return found


def running() -> contextlib.AbstractContextManager[StandIn]:
    """A server in a process of its own, until the block ends or this process does.

    Raises:
        Refused: At the end, when an answer was none of Stripe's.
    """
    return started("tests.standins.stripe", StandIn)
