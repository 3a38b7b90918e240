"""What the requests of all Prefect flows have in common: fields of forms, and what they mean.

Prefect shows a request as a form; title, description and examples of a field are what an operator
reads there. A wrong value is refused by the form, and by the flow once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from flows.office import read_terms
from flows.planning import check_known
from flows.settings import WORKSPACE, held
from models.findings import UnusableInputError
from models.period import MONTH_PATTERN, OPTIONAL_MONTH, ServiceMonth

ALIVE = "prefect.flow-run.heartbeat"
"""Prefect's event by which a run shows that its process lives."""

WAITS = "makegood.flow-run.waits"
"""The event by which a run says that it is about to wait for an answer, without a process."""

MOST_NAMED = 3
"""Clients that a run's name names; more are counted."""


class Mode(StrEnum):
    """Whether a run does what it says."""

    FOR_REAL = "for real"
    DRY_RUN = "dry run: decide and show; write, pay and send nothing"


def _parsed(month: str) -> str:
    """The month as it is, when it is one.

    Raises:
        ValueError: It is none that can be reckoned with.
    """
    return month and str(ServiceMonth.parse(month))


Month = Annotated[
    str, Field(pattern=MONTH_PATTERN, examples=["2026-05", "2026-04"]), AfterValidator(_parsed)
]
"""A month that must be given."""

OptionalMonth = Annotated[
    str, Field(pattern=OPTIONAL_MONTH, examples=["2026-05", "2026-04"]), AfterValidator(_parsed)
]
"""A month, or "" for what the field's description says."""

Clients = Annotated[
    tuple[str, ...],
    Field(
        title="Clients",
        description="Ids of clients, as their contracts have them. Empty: all clients.",
        examples=[["acme"]],
    ),
]
AnyMode = Annotated[
    Mode, Field(title="Mode", description="Whether anything is written, paid and sent.")
]
Reopen = Annotated[
    str,
    Field(
        title="Reason to reopen",
        description="Why months whose credits were released are decided again. Empty: they stay "
        "as they are, and what would change is shown.",
        examples=["the invoice was corrected"],
    ),
]
AnswerWithin = Annotated[
    timedelta,
    Field(
        title="Answer within",
        description="How long the question waits, such as P14D (14 days) or PT12H (12 hours). "
        "After that nothing is released, and the operators are told.",
        examples=["P14D", "PT12H"],
        gt=timedelta(0),
        le=timedelta(days=60),
    ),
]
FORTNIGHT = timedelta(days=14)
WorkspaceFolder = Annotated[
    str,
    Field(
        title="Workspace",
        description="The folder that holds makegood.yaml. Empty: the one that the worker serves.",
    ),
]


def workspace_folder(given: str) -> Path:
    """The folder of a workspace: as it was given, or the one that is served here, or this one."""
    return Path(given or held(WORKSPACE) or ".")


def scope_words(workspace: str, month: ServiceMonth, clients: Sequence[str]) -> str:
    """Whom a run is about, as its name says it: `14 clients`, or the few that were named.

    Args:
        workspace: The folder, as the request has it.
        month: Contracts that do not run in it are not counted.
        clients: Ids; empty for all.
    """
    if len(clients) > MOST_NAMED:
        return f"{len(clients)} clients"
    if clients:
        return ", ".join(clients)
    try:
        _, contracts, _ = read_terms(workspace_folder(workspace))
    except (UnusableInputError, OSError):
        # The run itself says what is wrong with the workspace, better than its name could.
        return "all clients"
    count = len({one.client.id for one in contracts if one.in_force(month) is not None})
    return f"{count} client{'s' * (count != 1)}"


def refuse_strangers(folder: Path, clients: Sequence[str]) -> None:
    """Refuse clients that have no contract in a workspace.

    Raises:
        UnusableInputError: There are such; or the workspace cannot be used.
    """
    if clients:
        _, contracts, _ = read_terms(folder)
        check_known(clients, contracts)
