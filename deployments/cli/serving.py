"""`makegood up` and `doctor`: Makegood as a service, and whether everything for it is there."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from deployments.cli.documents import CheckupAnswerDocument, DoctorDocument
from deployments.cli.exits import Exit, say
from deployments.cli.options import Json, Workspace
from deployments.cli.printing import print_json, write
from deployments.cli.progress import watched
from deployments.service import service, wait
from flows.checkup import check_up
from flows.checkup_answers import Answer, State
from flows.office import read_terms
from flows.settings import PREFECT_HOME, of_prefect

HERE = Path()
Handler = Callable[[int, FrameType | None], object] | signal.Handlers
MARKS = {State.GOOD: "good", State.LOOK: "look", State.AWAY: "away", State.WRONG: "WRONG"}
EXITS = {
    State.GOOD: Exit.DONE,
    State.LOOK: Exit.NEEDS_A_PERSON,
    State.AWAY: Exit.COULD_NOT_FINISH,
    State.WRONG: Exit.UNUSABLE_INPUT,
}


def up(
    *,
    workspace: Workspace = HERE,
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Where the pages listen on this machine.")
    ] = 4200,
) -> int:
    """Start Prefect with every flow, its schedules and a worker.

    Everything runs on this machine until you end it with Ctrl-C, for one person: nobody else can
    reach it. What Prefect remembers lies in `.prefect` in the workspace, or in PREFECT_HOME.
    """
    read_terms(workspace)
    # Whoever stops services sends SIGTERM, and a shell in the background ignores SIGINT.
    _on_stopping(signal.default_int_handler)
    home = Path(of_prefect(PREFECT_HOME) or workspace / ".prefect")
    with service(workspace, home=home, port=port, tell=say) as running:
        say(f"Open {running.address}/deployments. Ctrl-C ends all of it.")
        try:
            wait(running)
        except KeyboardInterrupt:
            # Each part is given ten seconds; asked twice, it ends no sooner and no less cleanly.
            _on_stopping(signal.SIG_IGN)
            say("Ending.")
    return Exit.DONE


def _on_stopping(handler: Handler) -> None:
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, handler)


def doctor(*, workspace: Workspace = HERE, json: Json = False) -> int:
    """Ask whether everything is there that a month needs.

    Workspace, settings, time zones, sources, database with its tables and its clock, ledgers, mail,
    billing and Prefect are asked one after another, whatever becomes of the others. Nothing is
    changed and nothing sent; of secrets, only the names of variables are shown.
    """
    with watched(title="Asking"):
        answers = list(check_up(workspace))
    if json:
        print_json(DoctorDocument(answers=[_answer(answer) for answer in answers]))
    else:
        for answer in answers:
            says = answer.says.replace("\n", "\n" + " " * 7)
            write(f"{MARKS[answer.state]:6} {answer.about}: {says}")
    return EXITS[max(answers, key=lambda answer: answer.state).state]


def _answer(answer: Answer) -> CheckupAnswerDocument:
    return CheckupAnswerDocument(
        about=answer.about, state=answer.state.name.lower(), says=answer.says
    )
