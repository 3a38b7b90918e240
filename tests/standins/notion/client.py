"""How a test starts the stand-in and speaks to its own side.

`with running() as notion: ...` gives a server of its own process; `notion.workspace("acme")` is one
workspace there, whose `client()` is the real `notion_client.Client`.
"""

import contextlib
import logging
import ssl
from dataclasses import dataclass
from typing import Any, Self

import httpx
from notion_client import Client

from tests.standins.notion.office import API_VERSION, COMPANY
from tests.standins.notion_types import or_skip
from tests.standins.starting import Refused, Started, started

__all__ = ["COMPANY", "NO_CERTIFICATES", "Refused", "StandIn", "Workspace", "running"]
# Loading the usual certificates would take longer than most tests.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LOGGER = logging.getLogger("notion-standin-client")


@dataclass(slots=True)
class StandIn(Started):
    """A running server."""

    def workspace(self, name: str) -> "Workspace":
        """One workspace, made when new; a different name is a different world."""
        workspace = Workspace(self, name)
        workspace.tell("clock")
        return workspace


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace: the stage, the people, the faults, the log, the proof.

    Attributes:
        stand_in: The server it lives on.
        name: Which one; also the end of its token.
    """

    stand_in: StandIn
    name: str

    @property
    def token(self) -> str:
        """The token of the connection `makegood`."""
        return f"ntn_{self.name}"

    @property
    def page(self) -> str:
        """The id of the page "Company", which is shared with the connection."""
        return COMPANY

    @property
    def url(self) -> str:
        """The address to give as `base_url`."""
        return self.stand_in.url

    def client(self, token: str | None = None, *, timeout_ms: int = 5_000) -> Client:
        """The real client, without retries; close it."""
        return Client(
            client=httpx.Client(verify=NO_CERTIFICATES),
            auth=token or self.token,
            base_url=self.url,
            notion_version=API_VERSION,
            retry=False,
            timeout_ms=timeout_ms,
            logger=LOGGER,
            log_level=logging.CRITICAL,
        )

    def tell(self, word: str, **said: Any) -> Any:
        """Say any word of `control.WORDS`."""
        return self.stand_in.tell(f"{self.name}/{word}", said)

    def reset(self, *, now_ms: int | None = None) -> Self:
        """Empty the workspace; with `now_ms` its clock stands still there."""
        self.tell("reset")
        if now_ms is not None:
            self.tell("clock", now_ms=now_ms, speed=0)
        return self

    def do(self, action: str, **params: Any) -> Any:
        """Let people do something, as `people.ACTIONS` knows it."""
        return self.tell("do", action=action, **params)

    def plan(self, *faults: dict[str, Any], replace: bool = True) -> None:
        """Plan what goes wrong; numbers count since the last `forget`, `reset` or `thaw`."""
        self.tell("plan", faults=list(faults), replace=replace)

    def advance(self, **amounts: int) -> int:
        """Move on by `days`, `hours`, `minutes`, `seconds` or `ms`; the new time in ms."""
        now_ms: int = self.tell("clock", advance=amounts)["now_ms"]
        return now_ms

    def options(self, **changed: Any) -> None:
        """Change fields of `world.Options`."""
        self.tell("options", **changed)

    def limits(self, **told: Any) -> None:
        """Set limits, as the word `limits` takes them."""
        self.tell("limits", **told)

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        """The latest requests, oldest first; `since` a number, of one `operation`."""
        found: list[dict[str, Any]] = self.tell("calls", **wanted)
        return found

    def counts(self) -> dict[str, Any]:
        """How many requests had which outcome."""
        found: dict[str, Any] = self.tell("counts")
        return found

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        """Every row as it is, in plain values, oldest first."""
        found: list[dict[str, Any]] = self.tell("rows", **wanted)
        return found

    def freeze(self, name: str) -> None:
        """Keep everything that exists, and the time."""
        self.tell("freeze", name=name)

    def thaw(self, name: str, *, keep_clock: bool = False) -> None:
        """Return to a frozen state; faults, log and counts are cleared."""
        self.tell("thaw", name=name, keep_clock=keep_clock)


def running() -> contextlib.AbstractContextManager[StandIn]:
    """A server in a process of its own, until the block ends or this process does.

    The test is skipped when Notion's types cannot be had.

    Raises:
        Refused: At the end, when an answer was none of Notion's.
    """
    return started("tests.standins.notion", StandIn, extra=("--types", str(or_skip())))
