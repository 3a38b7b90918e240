"""Whether a case ended well: one row for each obligation, people's work as it was, money once.

What stands at Notion is read from the stand-in's own side, past everything that Makegood believes.
Nothing here uses the code that mirrors, compares or reads back.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.store import Effect, Store
from flows.verify import verify
from models.decision import EntryKind
from models.effect import EffectState
from tests.ledger_sweep.scenes import OWN, Scene, Theirs
from tests.standins.notion.client import Workspace
from tests.workspaces import SEPTEMBER

ROW = "ledger_row"
CLIENTS = {"acme": "Acme GmbH", "bluefin": "Bluefin Freight Inc.", "cloudways": "Cloudways"}
CURRENCIES = {"acme": "EUR", "bluefin": "USD", "cloudways": "USD"}


@dataclass
class Verdict:
    """How a case ended.

    Attributes:
        wrong: What must never be; empty when all is well.
        asked: What people were told at the end.
    """

    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ending:
    """All that a case is judged by.

    Attributes:
        scene: Which scene it was.
        store: What Makegood believes.
        rows: What stands at Notion.
        theirs: What people have put there.
        told: What people were told by the last run.
        refused: Whether Notion refused for good to make a row.
    """

    scene: Scene
    store: Store
    rows: Sequence[dict[str, Any]]
    theirs: Theirs
    told: Sequence[str]
    refused: bool


def judged(ending: Ending) -> Verdict:
    """What is wrong, and what people were told."""
    store = ending.store
    verdict = Verdict(asked=[*ending.told])
    effects = store.effects(period=SEPTEMBER)
    verdict.wrong += _of_rows(ending)
    verdict.wrong += _of_people(ending)
    verdict.wrong += _of_money(ending, effects)
    verdict.wrong += _of_effects(ending, effects)
    verdict.wrong += _of_log(ending)
    verdict.wrong += verify(store).faults
    if not ending.told and ending.scene.asks:
        verdict.wrong.append("nobody was told")
    return verdict


def standing(stage: Workspace) -> list[dict[str, Any]]:
    """Every row at Notion, of every table: a second table shows as rows that are too many."""
    sources = stage.tell("things")["sources"]
    return [row for source in sources for row in stage.rows(source=source)]


def _of_rows(ending: Ending) -> Iterator[str]:
    """Exactly one row for each obligation, with our values; none that is nobody's."""
    live = Counter(row["cells"]["Key"] for row in ending.rows if not row["in_trash"])
    trashed = Counter(row["cells"]["Key"] for row in ending.rows if row["in_trash"])
    for key, amount in ending.scene.owed.items():
        thrown_away = key in ending.theirs.trashed
        if (live[key], trashed[key]) == (0, 0) and ending.refused and _is_named(key, ending.told):
            continue
        if (live[key], trashed[key]) != ((0, 1) if thrown_away else (1, 0)):
            yield f"{key} stands in {live[key]} rows and lies {trashed[key]} times in the trash"
        elif not thrown_away:
            (row,) = (r for r in ending.rows if r["cells"]["Key"] == key)
            yield from _of_cells(ending, row, amount)
    yield from (f"{key} is nobody's" for key in live if key not in {*ending.scene.owed, OWN})


def _is_named(key: str, told: Sequence[str]) -> bool:
    """Whether people were told of a row, or that there is no table for it."""
    return any(key in question or "the ledger is not made yet" in question for question in told)


def _of_cells(ending: Ending, row: dict[str, Any], amount: str) -> Iterator[str]:
    """Whether our columns say what was decided."""
    cells, key = row["cells"], row["cells"]["Key"]
    client = key.partition("/")[0]
    wanted = {
        "Client": CLIENTS[client],
        "Month": "2025-09-01",
        "Currency": CURRENCIES[client],
        "Revision": int(key.rpartition("r")[2]),
    }
    for column, value in wanted.items():
        if cells[column] != value:
            yield f"{key}: {column} says {cells[column]!r}, not {value!r}"
    if f"{cells['Credit Amount']:.2f}" != amount:
        yield f"{key}: Credit Amount says {cells['Credit Amount']}, not {amount}"
    if (row["id"], "Status") not in ending.theirs.cells and cells["Status"] != _status(ending, key):
        yield f"{key}: Status says {cells['Status']}, not {_status(ending, key)}"


def _status(ending: Ending, key: str) -> str:
    if key in ending.scene.released:
        return "Approved"
    return "Denied" if ending.scene.owed[key] == "0.00" else "To Review"


def _of_people(ending: Ending) -> Iterator[str]:
    """Whether everything is there that people wrote, and their rows were never touched."""
    by_id = {row["id"]: row for row in ending.rows}
    for (id_, column), value in ending.theirs.cells.items():
        now = by_id[id_]["cells"].get(column) if id_ in by_id else "no row at all"
        if now != value:
            yield f"{id_}: people wrote {value!r} into {column}, and it says {now!r}"
    for row in ending.rows:
        if row["cells"]["Key"] == OWN and row["version"] != 1:
            yield f"{OWN} is a row of people's, and was changed"


def _of_money(ending: Ending, effects: Sequence[Effect]) -> Iterator[str]:
    """Whether exactly what was to be released was, once, and is paid once."""
    released = Counter(
        entry.body["obligation"]
        for entry in ending.store.entries()
        if entry.kind is EntryKind.RELEASED
    )
    paid = Counter(
        effect.plan.obligation
        for effect in effects
        if effect.plan.kind == "payment" and effect.state is EffectState.DONE
    )
    for key in ending.scene.owed:
        wanted = int(key in ending.scene.released)
        if (released[key], paid[key]) != (wanted, wanted):
            yield f"{key} was released {released[key]} times and paid {paid[key]} times"


def _of_effects(ending: Ending, effects: Sequence[Effect]) -> Iterator[str]:
    """Whether nothing stays open, and nothing is with a person without need."""
    for effect in effects:
        settled = effect.state is EffectState.DONE
        if not settled and not (ending.refused and effect.state is EffectState.REFUSED):
            yield f"{effect.key} is {effect.state.value}: {effect.outcome}"


def _of_log(ending: Ending) -> Iterator[str]:
    """Whether the log tells of each row once, and of each edit that people made."""
    entries = [*ending.store.entries()]
    made = Counter(entry.body["effect"] for entry in entries if entry.kind is EntryKind.EFFECT_DONE)
    yield from (
        f"the log says {times} times that {key} was done"
        for key, times in made.items()
        if times > 1
    )
    told = Counter(
        (entry.body["obligation"], entry.body["column"], entry.body["to"])
        for entry in entries
        if entry.kind is EntryKind.LEDGER_EDITED
    )
    for edit in ending.scene.edits:
        if told[edit] != 1:
            yield f"the log tells {told[edit]} times of {edit}"
