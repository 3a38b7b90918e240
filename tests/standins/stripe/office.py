"""Who may come in: accounts, their keys, and what each key opens.

An account is made by the first word about it; it has two worlds, test and live, and from the start
four keys: `sk_test_<account>`, `rk_test_<account>` and the same with `live`.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.standins.stripe import refusals
from tests.standins.stripe.faults import Fault
from tests.standins.stripe.limits import Limits
from tests.standins.stripe.world import API_VERSION, World

MODES = ("test", "live")
LOG_LENGTH = 200_000
# What a restricted key needs to credit, to look and to see refunds, and nothing more.
RECOMMENDED = {
    "charge": "read",
    "credit_note": "write",
    "customer": "write",
    "event": "read",
    "invoice": "read",
    "payment_intent": "read",
    "subscription": "read",
}


@dataclass(slots=True)
class Side:
    """One world with everything that surrounds it.

    Attributes:
        world: What exists.
        faults: What is planned to go wrong.
        limits: What is allowed per second.
        log: Every request, oldest first.
        count: How many requests came since the last reset.
        in_flight: The idempotency keys being worked on.
        locked: The objects being worked on.
    """

    world: World
    faults: list[Fault] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    count: int = 0
    in_flight: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Clear faults, log and count; what exists stays."""
        self.faults = []
        self.log.clear()
        self.count = 0


@dataclass(slots=True)
class Key:
    """One API key.

    Attributes:
        secret: Its text.
        account: Whose.
        mode: `test` or `live`.
        permissions: What a restricted key may do; None for everything.
        revoked: Whether it opens nothing any more.
    """

    secret: str
    account: str
    mode: str
    permissions: dict[str, str] | None = None
    revoked: bool = False

    def allows(self, permission: str) -> bool:
        """Whether it may do what a route needs."""
        if self.permissions is None:
            return True
        resource, level = permission.split(":")
        held = self.permissions.get(resource, "none")
        return held in {"write", level}

    def shown(self) -> str:
        """The key as Stripe repeats it."""
        return f"{self.secret[:8]}{'*' * 12}{self.secret[-4:]}"


@dataclass(slots=True)
class Office:
    """All accounts of one server.

    Attributes:
        sides: By account and mode.
        keys: By their text.
        frozen: Snapshots by name, for any account.
        defects: Answers that were none of Stripe's, and other faults of the stand-in itself.
    """

    sides: dict[tuple[str, str], Side] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    frozen: dict[str, bytes] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)

    def side(self, account: str, mode: str) -> Side:
        """One side of an account, which is made when it is new.

        Raises:
            KeyError: For a mode other than test and live.
        """
        if (account, mode) not in self.sides and mode in MODES:
            self._open(account)
        return self.sides[account, mode]

    def _open(self, account: str) -> None:
        for mode in MODES:
            other = "live" if mode == "test" else "test"
            world = World(account, livemode=mode == "live")
            world.twin = partial(self._world, account, other)
            self.sides[account, mode] = Side(world)
            for prefix, permissions in (("sk", None), ("rk", dict(RECOMMENDED))):
                secret = f"{prefix}_{mode}_{account}"
                self.keys[secret] = Key(secret, account, mode, permissions)

    def _world(self, account: str, mode: str) -> World:
        return self.sides[account, mode].world

    def identified(self, headers: dict[str, str]) -> Key:
        """The key of a request.

        Raises:
            Refusal: 401 without a usable key.
        """
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not secret:
            raise refusals.unauthorized(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY')."
            )
        key = self.keys.get(secret.strip())
        if key is None:
            shown = Key(secret.strip(), "", "").shown()
            raise refusals.unauthorized(f"Invalid API Key provided: {shown}")
        if key.revoked:
            raise refusals.unauthorized(
                f"Expired API Key provided: {key.shown()}", code="api_key_expired"
            )
        return key


def require_version(headers: dict[str, str]) -> None:
    """Let a request pass that names the one version that the stand-in speaks.

    Raises:
        Refusal: For another version, or none.
    """
    version = headers.get("stripe-version", "")
    if version != API_VERSION:
        raise refusals.invalid(
            f"Invalid Stripe API version: {version!r}. This request needs {API_VERSION}.",
        )


def require_permission(key: Key, permission: str) -> None:
    """Let a key pass that opens this.

    Raises:
        Refusal: 403 for another.
    """
    if not key.allows(permission):
        resource, level = permission.split(":")
        raise refusals.forbidden(
            f"The provided key '{key.shown()}' does not have the required permissions for this "
            f"endpoint on account 'acct_{key.account}'. Having the 'rak_{resource}_{level}' "
            "permission would allow this request to continue."
        )
