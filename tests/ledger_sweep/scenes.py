"""What is to be written to Notion, or read back, in the sweep: small scenes of one month.

120 of September's 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin, a
claim of 50.00 USD against Cloudways. 500 minutes are 25 %: 500.00 EUR and 900.00 USD.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.standins.notion.client import Workspace

ACME_R0, ACME_R1 = "acme/api/2025-09/r0", "acme/api/2025-09/r1"
BLUE_R0, BLUE_R1 = "bluefin/api/2025-09/r0", "bluefin/api/2025-09/r1"
CLAIM = "cloudways/hosting/2025-09/r0"

PLAN, OWN = "Budget", "Sum of all"
"""A column and a row that belong to people."""


@dataclass(slots=True)
class Theirs:
    """What people have put there, which must be there in the end.

    Attributes:
        cells: Their values, by row id and column.
        trashed: Rows that they put into the trash, by key.
    """

    cells: dict[tuple[str, str], object] = field(default_factory=dict)
    trashed: set[str] = field(default_factory=set)

    def and_then(self, later: "Theirs") -> "Theirs":
        """Both, the later one last."""
        return Theirs(self.cells | later.cells, self.trashed | later.trashed)


Act = Callable[[Workspace], Theirs]


def nothing(_stage: Workspace) -> Theirs:
    """Nothing happens."""
    return Theirs()


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be written or read back.

    Attributes:
        owed: The keys of the month, with the amount that a row is to show.
        mirrored: Whether the rows are there already, before what follows.
        minutes: Minutes down, measured after that; None measures nothing anew.
        people: What people do before the disturbed run.
        between: What they do between the disturbed run and the reruns.
        syncs: Whether the run reads the ledger back before it writes.
        released: The keys that are released in the end, each once.
        edits: What the log must tell in the end, once each: key, column and what it said.
        hidden_ms: How long rows stay invisible to queries after they were written.
        asks: Whether people must be told something in the end.
    """

    owed: Mapping[str, str]
    mirrored: bool = True
    minutes: int | None = None
    people: Act = nothing
    between: Act = nothing
    syncs: bool = False
    released: frozenset[str] = frozenset()
    edits: frozenset[tuple[str, str, str]] = frozenset()
    hidden_ms: int = 0
    asks: bool = False


def ids(stage: Workspace) -> dict[str, str]:
    """The rows that are there, by key; nothing where there is no ledger yet."""
    if not stage.tell("things")["sources"]:
        return {}
    return {
        row["cells"]["Key"]: row["id"]
        for row in stage.rows()
        if not row["in_trash"] and row["cells"]["Key"]
    }


def wrote(stage: Workspace, key: str, **cells: object) -> Theirs:
    """A person types into a row."""
    row = ids(stage)[key]
    stage.do("edit", row=row, cells=cells)
    return Theirs({(row, column): value for column, value in cells.items()})


def plans(stage: Workspace) -> Theirs:
    """People have a column and a row of their own, and use both."""
    if not ids(stage):
        return Theirs()
    if PLAN not in next(iter(stage.tell("things")["sources"].values())):
        stage.do("add_column", column=PLAN, type="rich_text")
    done = Theirs()
    for key in sorted(ids(stage).keys() - {OWN}):
        done = done.and_then(wrote(stage, key, **{PLAN: f"for {key}"}))
    if OWN in ids(stage):
        return done
    own = stage.do("add_row", cells={"Key": OWN, PLAN: "560.00"})
    return done.and_then(Theirs({(own, "Key"): OWN, (own, PLAN): "560.00"}))


def spoils(stage: Workspace) -> Theirs:
    """They change cells of ours, and a Status, beside their own."""
    done = plans(stage)
    stage.do("edit", row=ids(stage)[ACME_R0], cells={"Client": "Mallory", "Credit Amount": 500})
    return done.and_then(wrote(stage, BLUE_R0, Status="Eligible"))


def meanwhile(stage: Workspace) -> Theirs:
    """Whatever is there by then is edited: their column, a Status, and a row of their own."""
    done = plans(stage)
    if BLUE_R0 in ids(stage):
        done = done.and_then(wrote(stage, BLUE_R0, Status="Denied"))
    return done


def throws_away(stage: Workspace) -> Theirs:
    """Bluefin's row goes into the trash, if it is there."""
    row = ids(stage).get(BLUE_R0)
    if row is None:
        return Theirs()
    stage.do("trash", row=row)
    return Theirs(trashed={BLUE_R0})


def ticks(stage: Workspace) -> Theirs:
    """They let Acme's credit go."""
    row = ids(stage)[ACME_R0]
    stage.do("release", row=row)
    return plans(stage).and_then(Theirs({(row, "Release"): True}))


def ticks_another_amount(stage: Workspace) -> Theirs:
    """They let 500.00 go, which nobody decided."""
    stage.do("edit", row=ids(stage)[ACME_R0], cells={"Credit Amount": 500})
    return ticks(stage)


def ticks_later(stage: Workspace) -> Theirs:
    """Bluefin's credit as well, once something has gone wrong."""
    row = ids(stage)[BLUE_R0]
    stage.do("release", row=row)
    return Theirs({(row, "Release"): True})


AT_FIRST = {ACME_R0: "200.00", BLUE_R0: "360.00", CLAIM: "50.00"}
ANEW = {ACME_R0: "0.00", ACME_R1: "500.00", BLUE_R0: "0.00", BLUE_R1: "900.00", CLAIM: "50.00"}
A_MINUTE_AND_A_HALF = 90_000

SCENES: Mapping[str, Scene] = {
    "first": Scene(AT_FIRST, mirrored=False),
    "first-hidden": Scene(AT_FIRST, mirrored=False, hidden_ms=A_MINUTE_AND_A_HALF),
    "first-watched": Scene(AT_FIRST, mirrored=False, between=meanwhile),
    "anew": Scene(ANEW, minutes=500, people=plans),
    "anew-hidden": Scene(
        ANEW, minutes=500, people=plans, between=meanwhile, hidden_ms=A_MINUTE_AND_A_HALF
    ),
    "spoiled": Scene(
        AT_FIRST,
        people=spoils,
        edits=frozenset(
            {
                (ACME_R0, "Client", "Mallory"),
                (ACME_R0, "Credit Amount", "500.00"),
                (BLUE_R0, "Status", "Eligible"),
            }
        ),
    ),
    "trashed": Scene(ANEW, minutes=500, between=throws_away, asks=True),
    "ticked": Scene(AT_FIRST, people=ticks, syncs=True, released=frozenset({ACME_R0})),
    "ticked-hidden": Scene(
        AT_FIRST,
        people=ticks,
        between=meanwhile,
        syncs=True,
        released=frozenset({ACME_R0}),
        hidden_ms=A_MINUTE_AND_A_HALF,
    ),
    "ticked-again": Scene(
        AT_FIRST,
        people=ticks,
        between=ticks_later,
        syncs=True,
        released=frozenset({ACME_R0, BLUE_R0}),
    ),
    "ticked-wrong": Scene(
        AT_FIRST,
        people=ticks_another_amount,
        syncs=True,
        edits=frozenset({(ACME_R0, "Credit Amount", "500.00"), (ACME_R0, "Release", "yes")}),
        asks=True,
    ),
}
"""Every scene by its name."""
