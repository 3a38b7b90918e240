"""The month-end flow: extract, compute uptime, apply the ladder, write the ledger, e-mail.

This is how Prefect runs the recipe of `flows.month`: one task for each step and shard, as
`flows.in_tasks` says. Where the database or another far side is away, a deployment's run waits and
begins again from the top (`flows.patience`), which goes on from what the store holds.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.artifacts import show_month
from flows.in_tasks import AT_ONCE, in_tasks
from flows.month import STEPS, MonthRun, Part, conduct, month_run
from flows.office import read_terms
from flows.patience import patiently
from flows.progress import shown_progress
from flows.release_form import ask_for_release
from flows.requests import (
    FORTNIGHT,
    AnswerWithin,
    AnyMode,
    Clients,
    Mode,
    OptionalMonth,
    Reopen,
    WorkspaceFolder,
    scope_words,
    workspace_folder,
)
from flows.run_log import in_run_log
from models.findings import UnusableInputError
from models.intervals import instant
from models.period import ServiceMonth, last_month_over


class MonthRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    month: Annotated[
        OptionalMonth,
        Field(
            title="Month",
            description="The service month, YYYY-MM. Empty: the last one that was over in every "
            "contract's time zone when the run was to start.",
        ),
    ] = ""
    clients: Clients = ()
    mode: AnyMode = Mode.FOR_REAL
    only: Annotated[
        Part, Field(title="Only this part", description="One part of the month, or everything.")
    ] = Part.ALL
    ask_for_release: Annotated[
        bool,
        Field(
            title="Ask for release",
            description="End by asking here what is to be released. The run is suspended until "
            "somebody answers, and only a deployment's run can be.",
        ),
    ] = False
    answer_within: AnswerWithin = FORTNIGHT
    notify: Annotated[
        bool,
        Field(
            title="Notify",
            description="Send what mails wait and the summary, and post the notices.",
        ),
    ] = True
    by_rule: Annotated[
        bool,
        Field(
            title="Release by rule",
            description="Let the contracts' own rules release what they allow.",
        ),
    ] = True
    reopen: Reopen = ""
    workspace: WorkspaceFolder = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is written."""
        return self.mode is Mode.DRY_RUN

    @property
    def why_reopened(self) -> str | None:
        """See `MonthRun.reopen`."""
        return self.reopen.strip()

    def month_at(self, at: int) -> ServiceMonth:
        """The month, or the last one that is over by then in every contract's time zone.

        Raises:
            UnusableInputError: It depends on the workspace, and that cannot be used.
        """
        if self.month:
            return ServiceMonth.parse(self.month)
        _, contracts, _ = read_terms(workspace_folder(self.workspace))
        asked = [one for one in contracts if not self.clients or one.client.id in self.clients]
        return last_month_over((v.time_zone for one in asked for v in one.versions), at)

    def title_at(self, at: int) -> str:
        """The run's name in Prefect: `month-end 2026-10 (14 clients, dry run)`."""
        try:
            month = self.month_at(at)
        except UnusableInputError:
            # The run itself says what is wrong with the workspace, better than its name could.
            return "month-end of a workspace that cannot be read"
        said = [scope_words(self.workspace, month, self.clients)]
        said += [] if self.only is Part.ALL else [self.only.value]
        said += ["dry run"] if self.dry_run else []
        return f"month-end {month} ({', '.join(said)})"


class RequestOfPerson(MonthRequest, frozen=True, extra="forbid"):
    """The same from a person at a terminal, who names the month and sees at once what changes."""

    @property
    def why_reopened(self) -> str | None:
        """Nobody reruns a month by a slip there: there is no schedule and no button."""
        return self.reopen.strip() or None


def _run_name() -> str:
    return MonthRequest.model_validate(flow_run.parameters["request"]).title_at(_to_start_at())


def _to_start_at() -> int:
    """When the run was to start: the same when it is resumed weeks later, or came late."""
    # Prefect's own kind of datetime reckons otherwise than Python's.
    return instant(datetime.fromisoformat(flow_run.scheduled_start_time.isoformat()))


@flow(
    name="month-end",
    flow_run_name=_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=AT_ONCE),  # type: ignore[arg-type]  # Its own type parameter is not covariant.
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def month_end(request: MonthRequest) -> MonthRun:
    """Decide one month for every contract, write the ledger and tell the operator.

    Running it again is harmless and, with unchanged inputs, changes nothing.

    Args:
        request: The month, the workspace and the scope.

    Raises:
        UnusableInputError: The workspace, a source or the request cannot be used.
        MonthLockedError: The month is running elsewhere.
    """
    folder, service_month = workspace_folder(request.workspace), request.month_at(_to_start_at())
    with in_run_log():
        run = patiently(lambda: _conducted(request, folder, service_month))
        if request.ask_for_release and not request.dry_run:
            # It takes the month's lock anew: a question may wait for days.
            asked = partial(ask_for_release, clients=request.clients, within=request.answer_within)
            patiently(lambda: asked(folder, service_month))
    return run


def _conducted(request: MonthRequest, folder: Path, service_month: ServiceMonth) -> MonthRun:
    month = month_run(
        folder,
        month=service_month,
        clients=request.clients,
        dry_run=request.dry_run,
        notify=request.notify,
        by_rule=request.by_rule,
        reopen=request.why_reopened,
    )
    with shown_progress(request.title_at(_to_start_at()), STEPS), month as run:
        conduct(run, in_tasks, request.only)
        show_month(run)
    return run
