"""What an operator looks at in Prefect: the month, each client's explanation, what needs a person.

Keys of artifacts: `month-2026-05` (the summary), `contracts-2026-05` (every contract in a table),
`month-2026-05-acme` (one client's explanation), `needs-a-person-2026-05`. Those of a dry run begin
with `dry-run-`, so that neither can be taken for the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from flows.month import MonthRun, Outcome
from flows.office import Office
from flows.overview import (
    MOST_SHOWN,
    NOWHERE,
    attention,
    attention_page,
    decided_lines,
    explanation,
    links_of,
    recorded_lines,
    summary,
)
from models.decision import digest_of
from models.ladder import floor_percent
from models.terms import plain

MOST_CLIENTS = 50
"""Clients that get an explanation of their own; the rest are explained by the command line. Each is
a request to the server, of which a hundred took longer than all tasks of ten thousand contracts."""

ARTIFACTS = "/artifacts/artifact"
"""Where Prefect's pages show an artifact."""


def show_month(run: MonthRun) -> None:
    """Leave the month, the explanations, and what needs a person.

    A run of a part that decides nothing leaves what an earlier one explained as it is.
    """
    prefix = "dry-run-" if run.dry_run else ""
    if run.outcomes:
        create_table_artifact(
            table=[_row(outcome) for outcome in run.report],
            key=f"{prefix}contracts-{run.period}",
            description=f"Every contract of {run.period}, as it was decided.",
        )
    explained = {
        client: create_markdown_artifact(
            markdown=explanation(outcomes),
            key=_key(f"{prefix}month-{run.period}", client),
            description=f"How {run.period} was decided for {client}.",
        )
        for client, outcomes in _explained_clients(run).items()
    }
    _show_summary(run, prefix, explained)
    _show_attention(run, prefix)


def _explained_clients(run: MonthRun) -> dict[str, list[Outcome]]:
    """The outcomes of each client that is explained: those with credits or questions first."""
    by_client: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.report:
        by_client[outcome.governed.contract.client.id].append(outcome)
    urgent = sorted(by_client, key=lambda client: (not _is_urgent(by_client[client]), client))
    return {client: by_client[client] for client in urgent[:MOST_CLIENTS]}


def _is_urgent(outcomes: Sequence[Outcome]) -> bool:
    answers = [outcome.decided.determination for outcome in outcomes]
    return any(answer.owed or answer.withheld for answer in answers)


def _show_summary(run: MonthRun, prefix: str, explained: Mapping[str, object]) -> None:
    if run.dry_run:
        lines, links = decided_lines(run), NOWHERE
    else:
        lines = recorded_lines(run.office, run.period, clients=run.plan.clients)
        links = links_of(run.office, run.period, lines[:MOST_SHOWN])
    create_markdown_artifact(
        markdown=summary(_title(run), lines, links, _places(explained)),
        key=f"{prefix}month-{run.period}",
        description=_title(run),
    )


def _places(explained: Mapping[str, object]) -> Callable[[str], str]:
    """Where a client's explanation is, by the ids of those that there are."""
    return lambda client: f"{ARTIFACTS}/{explained[client]}" if client in explained else ""


def _title(run: MonthRun) -> str:
    breached = [outcome.decided.determination.breached for outcome in run.report]
    if not breached:
        return f"{run.period}: what is recorded"
    met = sum(1 for one in breached if one is False)
    many = f"{len(breached)} contract{'s' * (len(breached) != 1)}"
    return f"{run.period}: {met} of {many} met what was promised"


def _show_attention(run: MonthRun, prefix: str) -> None:
    key, asked = f"{prefix}needs-a-person-{run.period}", attention(run)
    # Where nothing was open there is nothing to take back.
    if asked or _latest(key):
        create_markdown_artifact(
            markdown=attention_page(run.period, asked),
            key=key,
            description=f"{len(asked)} open" if asked else "all settled",
        )


def show_released(office: Office, period: str, clients: Sequence[str] = ()) -> None:
    """Show the month as it stands after a release, with what was paid; explanations stay."""
    lines = recorded_lines(office, period, clients=clients)
    base, shown = f"month-{period}", lines[:MOST_SHOWN]
    found = {line.client: _latest(_key(base, line.client)) for line in shown}
    explained = {client: id_ for client, id_ in found.items() if id_}
    title = f"{period}: after the release"
    links = links_of(office, period, shown)
    create_markdown_artifact(
        markdown=summary(title, lines, links, _places(explained)), key=base, description=title
    )


def _latest(key: str) -> str:
    """The id of the latest artifact under a key; "" without any."""
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        found = client.read_latest_artifacts(artifact_filter=wanted, limit=1)
    return str(found[0].latest_id) if found else ""


def _row(outcome: Outcome) -> dict[str, str]:
    answer, version = outcome.decided.determination, outcome.governed.version
    return {
        "contract": outcome.governed.contract.id,
        "uptime %": "" if answer.uptime is None else floor_percent(answer.uptime),
        "promised %": plain(version.credit.ladder.commitment_percent),
        "credit": "withheld" if answer.withheld else str(answer.amount or ""),
        "why": answer.withheld or outcome.says,
    }


def _key(base: str, client: str) -> str:
    """The key of a client's explanation; clients that would look alike are told apart."""
    letters = client.replace(".", "-").replace("_", "-")
    return f"{base}-{letters if letters == client else f'{letters}-{digest_of(client)[:6]}'}"
