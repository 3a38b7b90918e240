"""What the Prefect server does by itself about runs that nobody can speak for any more.

    python -m deployments.register

A run whose process and worker died together stays *Running* for ever, and would block the work
pool, which runs one at a time. When its signs of life have stopped for long enough the server calls
it *Crashed*; whoever runs it again goes on from what is recorded. Should it have been alive after
all, nothing is lost: it has the month's lock, and a second run is refused.

Nothing of ours runs where no worker does, so that only the server itself can tell of it. When a
notification block named `makegood-alarm` is there (Slack, mail, Teams: Prefect's own kinds), it is
told of runs that crashed and of runs that are late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flows.requests import ALIVE, WAITS

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

TAG = "makegood"
"""What every deployment of ours carries, and so every run of it: no other run is touched."""

PREFIX = "makegood: "
DEAD = f"{PREFIX}runs without a sign of life have crashed"
CRASHED = f"{PREFIX}tell of runs that crashed"
LATE = f"{PREFIX}tell of runs that are late"
NAMES = (DEAD, CRASHED, LATE)

BLOCK = "makegood-alarm"
"""The notification block, of any kind, that an operator makes in Prefect's pages."""

SILENT_SECONDS = 1_800
"""Twice as long as the server holds back a run's events when one of them is missing (see `RESTS`):
a run that waits for an approval is known to wait before it could be taken for dead. Until then a
dead run keeps the pool to itself; `prefect flow-run cancel` frees it at once."""

LATE_SECONDS = 3600
"""A month in the pool keeps other runs waiting, which is no alarm."""

RESTS = frozenset(
    f"prefect.flow-run.{state}"
    for state in (
        *("Completed", "Failed", "Crashed", "Cancelled", "Cancelling"),
        # A run that waits for an approval has no process, and is not dead.
        *("Suspended", "Paused", "Scheduled", "AwaitingRetry", "Resuming", "Pending"),
    )
) | {WAITS}
"""What ends the wait for the next sign of life.

Prefect's own events of a run are held back for a quarter of an hour when one of them is missing, as
the first one of a run is that was scheduled less than five minutes ahead, or after a restart of the
server (prefect/server/events/ordering, 3.8.8). Ours follows a sign of life and nothing else.
"""

BEGINS = frozenset(f"prefect.flow-run.{state}" for state in ("Pending", "Running", "Cancelled"))


def register_automations(
    *, silent_seconds: int = SILENT_SECONDS, late_seconds: int = LATE_SECONDS
) -> None:
    """Make them, or bring them up to date; those that an operator has switched off stay off.

    Args:
        silent_seconds: How long a run shows no sign of life before it counts as crashed, at least
            ten.
        late_seconds: How long a run waits after its time before it is told of, at least ten.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        block = _block(client)
        wanted = list(_wanted(block, silent_seconds=silent_seconds, late_seconds=late_seconds))
        there = {each.name: each for each in client.read_automations(limit=200)}
        for automation in wanted:
            known = there.get(automation.name)
            if known is None:
                client.create_automation(automation)
            else:
                automation.enabled = known.enabled
                client.update_automation(known.id, automation)
        gone = set(NAMES) - {each.name for each in wanted}
        for known in (there[name] for name in gone & there.keys()):
            client.delete_automation(known.id)


def _wanted(
    block: UUID | None, *, silent_seconds: int, late_seconds: int
) -> Iterator[AutomationCore]:
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState, SendNotification
    from prefect.events.schemas.automations import AutomationCore

    yield AutomationCore(
        name=DEAD,
        description=f"No sign of life for {silent_seconds} seconds, and no end.",
        enabled=True,
        trigger=_missing(ALIVE, {ALIVE, *RESTS}, silent_seconds),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="Its process or its host is gone: there is no sign of life. What it had "
                "recorded is kept; run it again.",
            )
        ],
    )
    if block is None:
        return
    for name, trigger, what in (
        (CRASHED, _seen("prefect.flow-run.Crashed"), "has crashed"),
        (LATE, _missing("prefect.flow-run.Late", BEGINS, late_seconds), "is late"),
    ):
        yield AutomationCore(
            name=name,
            description=f"By the notification block {BLOCK}.",
            enabled=True,
            trigger=trigger,
            actions=[
                SendNotification(
                    block_document_id=block,
                    subject="Makegood: {{ flow_run.name }} " + what,
                    body="{{ flow_run.name }} " + what + ". {{ flow_run|ui_url }}",
                )
            ],
        )


def _seen(event: str) -> EventTrigger:
    return _trigger(expect={event}, after=set(), seconds=0)


def _missing(after: str, expect: Iterable[str], seconds: int) -> EventTrigger:
    return _trigger(expect=set(expect), after={after}, seconds=seconds)


def _trigger(*, expect: set[str], after: set[str], seconds: int) -> EventTrigger:
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    return EventTrigger(
        match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
        match_related=ResourceSpecification(
            {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}
        ),
        for_each={"prefect.resource.id"},
        after=after,
        expect=expect,
        posture=Posture.Proactive if after else Posture.Reactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )


def _block(client: SyncPrefectClient) -> UUID | None:
    """The notification block's id; None where there is none of that name."""
    found = client.request(
        "POST",
        "/block_documents/filter",
        json={
            "block_documents": {"name": {"any_": [BLOCK]}},
            "block_schemas": {"block_capabilities": {"all_": ["notify"]}},
        },
    )
    documents = found.raise_for_status().json()
    return UUID(documents[0]["id"]) if documents else None
