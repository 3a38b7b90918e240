"""The sweep: how Prefect runs the reconciliation, on a schedule or when somebody asks.

It mends nothing, and may be run at any time. What it found stands in an artifact. A run with
differences completes, because a difference is an answer and no failure; one that could not compare
everything fails. Reads are repeated by the connectors, not by Prefect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from flows.reconcile import Reconciled, reconcile_books
from models.intervals import instant
from models.period import MONTH_PATTERN, ServiceMonth

Month = Annotated[str, Field(pattern=MONTH_PATTERN, examples=["2026-05"])]


class SweepRequest(BaseModel, frozen=True, extra="forbid"):
    """What an operator asks for.

    Attributes:
        first: The first service month; None for the first that anything is recorded of.
        last: The last one, included; None for the last.
        workspace: The folder that holds makegood.yaml.
        everybody: Look through the balances of all customers, also of those that are not ours.
    """

    first: Month | None = None
    last: Month | None = None
    workspace: str = "."
    everybody: bool = False


def _run_name() -> str:
    asked = SweepRequest.model_validate(flow_run.parameters["request"])
    return f"reconcile {asked.first or 'everything'} to {asked.last or 'now'}"


@flow(name="reconcile", flow_run_name=_run_name, persist_result=False)
def sweep(request: SweepRequest) -> Reconciled:
    """Compare our credits, the billing vendor's and the ledgers', and show every difference.

    Args:
        request: The months and the workspace.

    Raises:
        UnusableInputError: The workspace or a ledger cannot be used.
        ConnectorError: The database or the vendor cannot be reached.
    """
    found = reconcile_books(
        Path(request.workspace),
        now=instant(datetime.now(tz=UTC)),
        first=ServiceMonth.parse(request.first) if request.first else None,
        last=ServiceMonth.parse(request.last) if request.last else None,
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
