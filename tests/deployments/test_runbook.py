"""The runbook says what is so: its settings, its alerts and its commands are those of the code."""

import ast
import re
import shlex

import pytest

from deployments import automations
from deployments.cli.commands import COMMANDS
from flows.checkup_answers import State
from flows.known_settings import known_settings
from models.credit import ObligationState
from models.effect import MAY_BE_RESOLVED, EffectState
from models.reconciliation import DifferenceKind
from models.workspace_file import NoticeKind
from tests.command import makegood
from tests.deployments.runbook import RUNBOOK, rows
from tests.house.project import PACKAGES, Module, modules

TEXT = RUNBOOK.read_text(encoding="utf-8")
SETTINGS, ALERTS = rows("## Settings"), rows("### Recover from each alert")
ROOTS = {"ConnectorError", "UnusableInputError"}
"""What every refusal of ours is, at its root."""
TOLD_OTHERWISE = {
    "ConnectorError",  # Its subclasses say what to do.
    "LookError",  # Becomes `look`.
}


def code(cell):
    """What stands in a cell as code."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    return found[1] if found else ""


def refusals(sources):
    """Every class of refusal: what comes of the roots, and what flows raise of their own."""
    classes = [
        (module.path.parts[0], node.name, {ast.unparse(base) for base in node.bases})
        for module in sources
        for node in module.classes()
        if not node.name.startswith("_")
    ]
    known = {*ROOTS, *(name for at, name, bases in classes if at == "flows" and _plain(bases))}
    while more := {name for _, name, bases in classes if bases & known} - known:
        known |= more
    return known - TOLD_OTHERWISE


def _plain(bases):
    return bases == {"Exception"}


def alerts_of_the_code():
    """Everything that may call a person, by the word that the person reads."""
    questions = {state.value for state in {*MAY_BE_RESOLVED, EffectState.REFUSED}}
    return {
        *(kind.value for kind in NoticeKind),
        *questions,
        ObligationState.WITHHELD.value,
        *(state.name.lower() for state in State if state is not State.GOOD),
        *refusals(modules(*PACKAGES)),
        *(kind.value for kind in DifferenceKind),
        "needs-a-person",
        *automations.NAMES,
    }


def test_every_alert_of_the_code_has_its_row():
    """And no row has outlived its alert; none is there twice."""
    listed = [code(alert) for alert, _, _ in ALERTS]
    assert sorted(listed) == sorted(alerts_of_the_code())


def test_every_alert_says_what_to_do():
    """Where it is met, and a sentence."""
    for alert, where, what in ALERTS:
        assert where, alert
        assert len(what.split()) >= 3, alert


def test_a_new_refusal_is_seen():
    """Whoever adds one is asked for its row."""
    added = Module.parse("connectors/sink.py", "class SinkFullError(Retriable): ...")
    new = [*modules(*PACKAGES), added]
    assert refusals(new) - refusals(modules(*PACKAGES)) == {"SinkFullError"}


def test_the_table_of_settings_is_the_codes():
    """Variable, Secret block and meaning of each, in the code's order; then those of sources."""
    ours = [
        [f"`{one.name}`", f"`{one.block}`" if one.block else "", one.says]
        for one in known_settings()
    ]
    assert SETTINGS[:-1] == ours
    assert SETTINGS[-1][:2] == ["`MAKEGOOD_SOURCE_<ID>_<WHAT>`", "`makegood-source-<id>-<what>`"]


def commands_of_the_runbook():
    """Every call of ours in a block of commands."""
    for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            for piece in re.split(r"&&|\|", line.split(" #")[0]):
                words = piece.strip().split()
                if words and words[0].endswith("makegood") and len(words) > 1:
                    yield piece.strip()


@pytest.mark.parametrize("command", sorted(set(commands_of_the_runbook())))
def test_every_command_of_the_runbook_is_one(command):
    """With options that its help lists."""
    _, *words = shlex.split(command)
    if words[0].startswith("--"):
        return
    name = words[0]
    assert name in COMMANDS
    below = words[1:2] if name in {"ladders", "mail", "sources", "claims"} else []
    listed = makegood(name, *[word for word in below if word.isalpha()], "--help").out
    for option in [word for word in words if word.startswith("--")]:
        assert option in listed, option


def test_every_command_has_its_line_in_the_table():
    """By its name; several may share a line."""
    table = " ".join(cells[0] for cells in rows("## Commands"))
    named = set(re.findall(r"`([\w-]+)", table))
    assert named == set(COMMANDS)


@pytest.mark.parametrize(
    "heading",
    [
        "Install",
        "First month",
        "Upgrade",
        "Back up and restore",
        "Rotate keys",
        "Restate a month",
        "Recover from each alert",
    ],
)
def test_the_runbook_has_a_chapter_for_each_occasion(heading):
    """What an operator looks for by name."""
    assert f"\n### {heading}\n" in TEXT
