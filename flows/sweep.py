"""The sweep: how Prefect runs the reconciliation, on a schedule or when somebody asks.

It mends nothing, and may be run at any time. What it found stands in an artifact. A run with
differences completes, because a difference is an answer and no failure; one that could not compare
everything fails. Reads are repeated by the connectors, not by Prefect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.alarms import tell_of_failure
from flows.reconcile import Reconciled, reconcile_books
from flows.requests import OptionalMonth, WorkspaceFolder, workspace_folder
from flows.run_log import in_run_log
from models.intervals import instant
from models.period import ServiceMonth


class SweepRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for; each field is explained in Prefect's form."""

    first: Annotated[
        OptionalMonth,
        Field(
            title="From",
            description="The first service month, YYYY-MM. Empty: the first recorded one.",
        ),
    ] = ""
    last: Annotated[
        OptionalMonth,
        Field(
            title="To",
            description="The last service month, included. Empty: the last recorded one.",
        ),
    ] = ""
    recent_months: Annotated[
        int,
        Field(
            ge=0,
            le=120,
            title="Recent months",
            description="In place of both: so many months up to the present one. 0: not used.",
        ),
    ] = 0
    everybody: Annotated[
        bool,
        Field(
            title="Every customer",
            description="Look through the balances of all customers, also of those not ours.",
        ),
    ] = False
    workspace: WorkspaceFolder = ""

    @property
    def months(self) -> tuple[ServiceMonth | None, ServiceMonth | None]:
        """The first and the last month; None where nothing narrows them."""
        if self.recent_months:
            now = ServiceMonth.containing(instant(datetime.now(tz=UTC)), "UTC")
            return now.plus(1 - self.recent_months), now
        first, last = (ServiceMonth.parse(m) if m else None for m in (self.first, self.last))
        return first, last


def _run_name() -> str:
    first, last = SweepRequest.model_validate(flow_run.parameters["request"]).months
    return f"reconcile {first or 'everything'} to {last or 'now'}"


@flow(
    name="reconcile",
    flow_run_name=_run_name,
    persist_result=False,
    on_failure=[tell_of_failure],
    on_crashed=[tell_of_failure],
)
def sweep(request: SweepRequest) -> Reconciled:
    """Compare our credits, the billing vendor's and the ledgers', and show every difference.

    Args:
        request: The months and the workspace.

    Raises:
        UnusableInputError: The workspace or a ledger cannot be used.
        ConnectorError: The database or the vendor cannot be reached.
    """
    first, last = request.months
    with in_run_log():
        found = reconcile_books(
            workspace_folder(request.workspace),
            now=instant(datetime.now(tz=UTC)),
            first=first,
            last=last,
            everybody=request.everybody,
        )
    show_differences(found)
    return found


def show_differences(found: Reconciled) -> None:
    """Leave the differences as a table, an empty one included: it says that all was compared."""
    first, last = found.months
    result = found.result
    stake = ", ".join(str(money) for money in result.at_stake.values()) or "nothing"
    create_table_artifact(
        table=[
            {
                "difference": each.kind.value.replace("_", " "),
                "where": each.place,
                "ours": each.ours,
                "theirs": each.theirs,
                "at stake": ", ".join(map(str, each.at_stake)),
                "what to do": each.proposal.says,
            }
            for each in result.differences
        ],
        key=f"reconcile-{first}-{last}",
        description=(
            f"{found.vendor}, {first} to {last}: {result.obligations} credits with {result.parts} "
            f"parts against {result.listed} of the vendor's and {result.rows} ledger rows; "
            f"{len(result.differences)} differences, {stake} at stake."
            f"{''.join(f' Asked: makegood settle {key}.' for key in found.asked)}"
            f"{''.join(f' Not looked at: {what}.' for what in found.not_looked_at)}"
        ),
    )
