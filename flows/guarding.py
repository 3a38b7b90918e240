"""How Prefect runs the guard: as soon as something was heard, and by a sweep that misses nothing.

`incident-guard` is one round; a schedule runs it every minute, and so may anybody at any time.
With `for_minutes` it goes on and looks every second, so that a draft stands within seconds of
falling due. Both may run at once: a service has one guard at a time, and a round repeats nothing.
"""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, Field

from connectors.retry import pause
from flows.guard import Guarded, guard_all
from flows.incident_reminders import remind_all
from flows.incidents import all_incidents
from flows.office import Office, open_office
from flows.publishing import Published, publish_all
from models.incidents.life import CLOSED
from models.intervals import utc_text

LOOK_EVERY_MS = 1_000


class GuardRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for.

    Attributes:
        workspace: The folder that holds makegood.yaml.
        for_minutes: How long to go on; 0 for one round.
    """

    workspace: str = "."
    for_minutes: int = Field(default=0, ge=0, le=1440)


@flow(name="incident-guard", persist_result=False)
def incident_guard(request: GuardRequest) -> None:
    """Decide what is due, publish what is approved, and remind of what was promised.

    Args:
        request: The workspace, and for how long.

    Raises:
        UnusableInputError: The workspace cannot be used.
        ConnectorError: The database cannot be reached.
    """
    with open_office(Path(request.workspace), read_only=False) as office:
        until_ns = time.monotonic_ns() + request.for_minutes * 60 * 10**9
        round_of(office)
        while time.monotonic_ns() < until_ns:
            pause(LOOK_EVERY_MS)
            round_of(office)
        show_incidents(office)


def round_of(office: Office) -> tuple[Guarded, Published]:
    """One round: decide, publish, remind."""
    guarded, published = guard_all(office), publish_all(office)
    remind_all(office)
    return guarded, published


def show_incidents(office: Office) -> None:
    """Leave what is open as a table; an empty one says that somebody looked."""
    still = [one for one in all_incidents(office.store) if one.state not in CLOSED]
    create_table_artifact(
        table=[
            {
                "incident": one.id,
                "state": one.state.value,
                "drafted": utc_text(one.drafted_at),
                "recovered": "" if one.recovered_at is None else utc_text(one.recovered_at),
                "clients": ", ".join(one.clients),
            }
            for one in still
        ],
        key="incidents-open",
        description=f"{len(still)} incidents are open.",
    )
