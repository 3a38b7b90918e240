"""What an operator looks at in Prefect: a table of the month, and each client's explanation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.month import MonthRun, Outcome
from models.decision import digest_of
from models.ladder import floor_percent
from models.terms import plain

MOST_CLIENTS = 100
"""Clients that get an explanation of their own; the rest are explained by the command line."""


def show_month(run: MonthRun) -> None:
    """Leave the month's table and the explanations of clients with credits or open questions."""
    name = f"month-{run.period}{'-dry-run' if run.dry_run else ''}"
    create_table_artifact(
        table=[_row(outcome) for outcome in run.report],
        key=name,
        description=f"Every contract of {run.period}; amounts wait for release.",
    )
    by_client: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.report:
        answer = outcome.decided.determination
        if answer.owed or answer.withheld:
            by_client[outcome.governed.contract.client.id].append(outcome)
    for client, outcomes in sorted(by_client.items())[:MOST_CLIENTS]:
        create_markdown_artifact(markdown=_explained(outcomes), key=f"{name}-{_slug(client)}")


def _row(outcome: Outcome) -> dict[str, str]:
    answer, version = outcome.decided.determination, outcome.governed.version
    return {
        "contract": outcome.governed.contract.id,
        "uptime %": "" if answer.uptime is None else floor_percent(answer.uptime),
        "promised %": plain(version.credit.ladder.commitment_percent),
        "credit": str(answer.amount or ""),
        "withheld": answer.withheld,
        "change": outcome.says,
    }


def _explained(outcomes: Sequence[Outcome]) -> str:
    return "\n\n".join(_one_explained(outcome) for outcome in outcomes)


def _one_explained(outcome: Outcome) -> str:
    uptime = outcome.decided.measured.uptime
    answer = outcome.decided.determination
    lines = [*(uptime.reasons if uptime else ()), *(step.says for step in answer.steps)]
    numbered = "\n".join(f"{number}. {_plain(line)}" for number, line in enumerate(lines, 1))
    return f"## {outcome.governed.contract.id}\n\n{_plain(outcome.says)}\n\n{numbered}"


def _plain(line: str) -> str:
    return line.replace("<", "&lt;").replace("|", "\\|")


def _slug(client: str) -> str:
    """The client in a key's letters; clients that would look alike are told apart."""
    plain = client.replace(".", "-").replace("_", "-")
    return plain if plain == client else f"{plain}-{digest_of(client)[:6]}"
