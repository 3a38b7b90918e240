"""Who may come in: workspaces, their connections, and what each connection may do.

A workspace is made by the first word about it. It has a page "Company" that is shared with its
connection `makegood`, whose token is `ntn_<workspace>`.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from tests.standins.notion import refusals
from tests.standins.notion.faults import Fault
from tests.standins.notion.limits import Limits
from tests.standins.notion.world import Things, World, identity_of
from tests.standins.notion_types import Types

API_VERSION = "2025-09-03"
LOG_LENGTH = 5_000
COMPANY = identity_of("page Company")
MAKEGOOD = "makegood"
CAPABILITIES = frozenset({"read", "insert", "update"})


@dataclass(frozen=True, slots=True)
class Connection:
    """What Notion calls an integration.

    Attributes:
        token: The text of its bearer token.
        workspace: Whose.
        name: Which one; pages are shared with it by this name.
        capabilities: Which of reading, inserting and updating content it may do.
        revoked: Whether the token opens nothing any more.
    """

    token: str
    workspace: str
    name: str = MAKEGOOD
    capabilities: frozenset[str] = CAPABILITIES
    revoked: bool = False

    @property
    def bot(self) -> str:
        """The id of its own user."""
        return identity_of(f"bot {self.name}")


@dataclass(slots=True)
class Workspace:
    """One world with everything that surrounds it.

    Attributes:
        world: What exists.
        faults: What is planned to go wrong.
        limits: How fast it may be asked.
        log: The latest requests, oldest first.
        outcomes: How many requests had which outcome.
        count: How many requests came since the last reset.
        busy: The ids of what is being worked on.
    """

    world: World
    faults: list[Fault] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    outcomes: Counter[str] = field(default_factory=Counter)
    count: int = 0
    busy: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Clear faults, log and counts; what exists stays."""
        self.faults = []
        self.log.clear()
        self.outcomes.clear()
        self.count = 0
        self.limits.impatient = 0
        self.limits.closed.clear()

    def empty(self) -> None:
        """Leave nothing but the page that databases can stand on."""
        self.world.things = Things(top_pages={COMPANY: "Company"}, shared={(MAKEGOOD, COMPANY)})


@dataclass(slots=True)
class Office:
    """All workspaces of one server.

    Attributes:
        types: What requests and answers are held to.
        workspaces: By name.
        connections: By their token.
        frozen: Snapshots by name, for any workspace.
        defects: Answers that were none of Notion's, and other faults of the stand-in itself.
    """

    types: Types
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    frozen: dict[str, tuple[Things, int]] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)

    def workspace(self, name: str) -> Workspace:
        """One workspace, which is made when it is new."""
        if name not in self.workspaces:
            made = Workspace(World(name))
            made.empty()
            self.workspaces[name] = made
            token = f"ntn_{name}"
            self.connections[token] = Connection(token, name)
        return self.workspaces[name]

    def identified(self, headers: dict[str, str]) -> Connection:
        """The connection of a request.

        Raises:
            Refusal: 401 without a usable token.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        found = self.connections.get(token.strip())
        if scheme != "Bearer" or found is None or found.revoked:
            raise refusals.unauthorized()
        return found


def require_version(headers: dict[str, str]) -> None:
    """Let a request pass that names the one version that the stand-in speaks.

    Raises:
        Refusal: For another version, or none.
    """
    version = headers.get("notion-version")
    if not version:
        raise refusals.missing_version()
    if version != API_VERSION:
        raise refusals.invalid(
            "Notion-Version header failed validation: Notion-Version header should be "
            f'`"{API_VERSION}"`, {refusals.instead(version)}.'
        )
