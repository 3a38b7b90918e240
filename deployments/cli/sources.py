"""`makegood sources test`: what each source sees, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import Misconfigured
from deployments.cli import completion
from deployments.cli.exits import Exit
from deployments.cli.options import Json, Workspace, month_of
from deployments.cli.printing import print_json
from deployments.cli.progress import watched
from deployments.cli.source_reports import print_trial, trial_document
from models.findings import Severity, UnusableInputError, refuse
from models.intervals import Interval, instant

if TYPE_CHECKING:
    from flows.source_trial import Trial

HERE = Path()
DAY_MS = 86_400_000
LONGEST_DAYS = 3660
USUAL_DAYS = 30
AHEAD_DAYS = 100
"""Exclusions are looked for so far ahead: as far as a run looks."""

sources = typer.Typer(
    rich_markup_mode=None, help="Ask every source what it sees, before money hangs on it."
)


@sources.callback()
def _of_sources() -> None:
    """Ask every source what it sees, before money hangs on it."""


@sources.command("test")
def ask_sources(
    *,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="ID", help="Only this one; may be given several times."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="YYYY-MM",
            help="Look at this month, in UTC. [the last 30 days]",
            autocompletion=completion.months,
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(metavar="N", help="Look at the last N days.")] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Show what each source sees: every monitor and region, from when to when, and how much.

    Every source is asked, whatever becomes of the others. Of secrets, only the names of variables
    are shown, and whether they are set. Nothing is recorded.
    """
    from flows.source_trial import try_sources

    now = instant(datetime.now(tz=UTC))
    span = _span(month, days, now)
    ahead = Interval(span.start, max(span.end, now + AHEAD_DAYS * DAY_MS))
    with watched(title="What the sources see"):
        trial = try_sources(workspace, span=span, ahead=ahead, only=source or ())
    document = trial_document(trial, now=now)
    print_json(document) if json else print_trial(document)
    return _exit_of(trial)


def _span(month: str | None, days: int | None, now: int) -> Interval:
    if month is None:
        return Interval(now - _checked(days) * DAY_MS, now)
    if days is not None:
        raise refuse(
            "--days",
            "stands beside --month",
            expected="one of the two",
            remedy="Leave one of them out.",
        )
    bounds = month_of(month).bounds("UTC")
    if bounds.start >= now:
        raise refuse(
            "--month",
            f"is {month}, which has not begun",
            expected="a month that has begun",
            remedy="Give an earlier one.",
        )
    return Interval(bounds.start, min(bounds.end, now))


def _checked(days: int | None) -> int:
    if days is None:
        return USUAL_DAYS
    if not 1 <= days <= LONGEST_DAYS:
        raise refuse(
            "--days",
            f"is {days}",
            expected=f"a whole number from 1 to {LONGEST_DAYS}",
            remedy="Write for example 7.",
        )
    return days


def _exit_of(trial: Trial) -> Exit:
    """The worst of all that was found; what a person must mend comes before what may pass."""
    return max(_exits(trial), key=_worst_last, default=Exit.DONE)


def _exits(trial: Trial) -> Iterator[Exit]:
    for problem in trial.problems:
        mendable = isinstance(problem, UnusableInputError | Misconfigured)
        yield Exit.UNUSABLE_INPUT if mendable else Exit.COULD_NOT_FINISH
    for finding in trial.findings:
        is_error = finding.severity is Severity.ERROR
        yield Exit.UNUSABLE_INPUT if is_error else Exit.NEEDS_A_PERSON


def _worst_last(code: Exit) -> int:
    order = (Exit.DONE, Exit.NEEDS_A_PERSON, Exit.COULD_NOT_FINISH, Exit.UNUSABLE_INPUT)
    return order.index(code)
