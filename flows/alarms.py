"""Operators are told when a deployment's run ends badly: by mail, and in their chat.

It goes straight out and through no store, because the database may be what is away; told twice, it
bothers nobody but ourselves. An alarm that cannot be given never changes how a run ends. A run that
ends like the same one hours before is not told again: an hourly one would tell it all night.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from httpx import HTTPError
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.logging.loggers import flow_run_logger
from prefect.settings import get_current_settings
from prefect.states import get_state_exception

from connectors.chat import LONGEST_LINE, Notice
from connectors.errors import ConnectorError
from connectors.mail import Mailbox, compose
from flows.log import note, noted_in
from flows.messages import ChatWords, FailedRun, render_failure
from flows.messages.language import Language, language_of
from flows.office import open_chat, open_mail, read_terms
from flows.requests import workspace_folder
from flows.settings import as_flows_see_it
from models.findings import UnusableInputError
from models.intervals import instant
from models.language import LanguageCode
from models.ledger import one_line
from models.workspace_file import NoticeKind, Workspace

OVER = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)
BADLY = frozenset({StateType.FAILED, StateType.CRASHED})
LONGEST_WHY = 1000
SAME_NIGHT = timedelta(hours=12)
"""How long an alarm holds for the runs after it; a month later nobody remembers it."""


NO_ANSWER = (PrefectException, HTTPError, OSError, RuntimeError)
"""The server may be what is away."""


def tell_of_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell that a run has failed or was cut off; a hook of every flow that is deployed.

    A run that a person started at a terminal is not told of: it says so there.

    Args:
        flow: What was run.
        flow_run: The run.
        state: How it ended.
    """
    if flow_run.deployment_id is None:
        return
    # A hook runs outside its run, and needs the secrets that the run had.
    with noted_in(lambda: flow_run_logger(flow_run, flow)), as_flows_see_it():
        try:
            present = _as_it_stands(flow_run)
            if not _is_known_to_fail(present):
                _tell(present, state)
        except Exception as error:  # noqa: BLE001  Whatever it is, the run has ended as it has.
            note(f"nobody was told that this run ended badly: {_sentence(error)}")


def _as_it_stands(run: FlowRun) -> FlowRun:
    """The run by the server's word: whoever started its process knew it before it had its name."""
    try:
        with get_client(sync_client=True) as client:
            return client.read_flow_run(run.id)
    except NO_ANSWER:
        return run


def _is_known_to_fail(run: FlowRun) -> bool:
    """Whether the deployment's last run before this one, of the same, ended badly hours ago."""
    over = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(OVER)))
    try:
        with get_client(sync_client=True) as client:
            last = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(state=over),
                deployment_filter=DeploymentFilter(
                    id=DeploymentFilterId(any_=[run.deployment_id] if run.deployment_id else [])
                ),
                sort=FlowRunSort.END_TIME_DESC,
                limit=2,
            )
    except NO_ANSWER:
        # Better told twice than never.
        return False
    before = [each for each in last if each.id != run.id]
    return bool(before) and before[0].state_type in BADLY and _is_same(run, before[0])


def _is_same(run: FlowRun, before: FlowRun) -> bool:
    """Whether the run before was asked the same, and people were told of it lately."""
    ended = before.end_time
    if ended is None or before.parameters != run.parameters:
        return False
    return datetime.now(tz=UTC) - ended <= SAME_NIGHT


def _tell(run: FlowRun, state: State[Any]) -> None:
    folder = workspace_folder(run.parameters.get("request", {}).get("workspace", ""))
    workspace, _, _ = read_terms(folder)
    language = language_of(workspace.mail.language if workspace.mail else LanguageCode.EN)
    told = FailedRun(
        name=workspace.name,
        run=one_line(run.name),
        why=why(state)[:LONGEST_WHY],
        crashed=state.is_crashed(),
        link=_page_of(run),
    )
    _each_by_itself(
        lambda: _mail(workspace, folder, told, language, key=f"failed/{run.id}/{run.run_count}"),
        lambda: _post(workspace, told, language),
    )


def why(state: State[Any]) -> str:
    """What a run ended with, in a sentence without secrets.

    Our own errors are written for people. What others say may hold anything, so its kind is told.
    """
    if state.is_crashed():
        return one_line(state.message or "Its process has ended.")
    return _sentence(get_state_exception(state))


def _sentence(error: object) -> str:
    if isinstance(error, ConnectorError | UnusableInputError):
        return one_line(str(error))
    return f"{type(error).__name__}: the run's log says more."


def _page_of(run: FlowRun) -> str:
    address = get_current_settings().ui_url
    return f"{address}/runs/flow-run/{run.id}" if address else ""


def _each_by_itself(*ways: Callable[[], None]) -> None:
    for tell in ways:
        try:
            tell()
        except (ConnectorError, UnusableInputError, OSError) as error:
            note(f"an alarm could not be given: {_sentence(error)}")


def _mail(
    workspace: Workspace, folder: Path, told: FailedRun, language: Language, *, key: str
) -> None:
    terms = workspace.mail
    with open_mail(terms, folder) as sender:
        if terms is None or sender is None:
            return
        says = render_failure(told, language=language)
        sender.send(
            compose(
                key=key,
                at=instant(datetime.now(tz=UTC)),
                sender=Mailbox.of(terms.sender),
                to=[Mailbox.of(terms.operator)],
                subject=says.subject,
                text=says.text,
                html=says.html,
                reply_to=Mailbox.of(terms.reply_to) if terms.reply_to else None,
            )
        )
    note(f"told by mail: {says.subject}")


def _post(workspace: Workspace, told: FailedRun, language: Language) -> None:
    chat = open_chat(workspace) if NoticeKind.RUN_FAILED in workspace.notices.kinds else None
    if chat is None:
        return
    words = ChatWords(language)
    lines = [told.why, words.run_again(), *([told.link] if told.link else [])]
    title = words.ended_badly(told.run, crashed=told.crashed)
    chat.post(Notice(_clipped(title), tuple(_clipped(line) for line in lines)))
    note(f"told in the chat: {title}")


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 3].rstrip()}..."
