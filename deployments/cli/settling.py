"""`makegood settle`: what runs have left to people, and a person's answer."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from connectors.store import Store
from deployments.cli import completion
from deployments.cli.approver import present_voice
from deployments.cli.documents import (
    AnswersDocument,
    AskedDocument,
    SettledDocument,
    SettleDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import Json, Workspace, month_of
from deployments.cli.printing import counted, print_json, write
from flows.office import open_office
from flows.settling import Answer, Asked, all_asked, answer, asked_about
from models.approval import Voice
from models.findings import refuse
from models.intervals import utc_text

HERE = Path()


def settle(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="Only this question; with --as, answer it."),
    ] = None,
    *,
    as_: Annotated[
        Answer | None,
        typer.Option("--as", help="How it ended: it is there, it shall not be, or do it again."),
    ] = None,
    why: Annotated[
        str | None, typer.Option("--why", help="What your answer rests on; the log keeps it.")
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="YYYY-MM",
            help="List this service month alone.",
            autocompletion=completion.months,
        ),
    ] = None,
    workspace: Workspace = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Answer without asking back.")] = False,
    token: Annotated[
        bool, typer.Option("--token", help="Ask for your approver's token, to speak by your name.")
    ] = False,
    json: Json = False,
) -> int:
    """List what runs have left to people, or answer one question.

    Each question comes with what every answer would do. An answer sends nothing: what it asks for
    is done by the next run of its month. Who answered, and why, stays in the log.
    """
    period = str(month_of(month)) if month is not None else None
    _refuse_half(key, as_, why, month)
    # The key of the billing vendor is not needed: nothing is asked and nothing is sent here.
    with open_office(workspace, read_only=True) as office:
        if key is None:
            return _listing(all_asked(office.store, period=period), period, json=json)
        asked = asked_about(office.store, key)
        if as_ is None or why is None:
            return _listing((asked,), period, json=json)
        typed = typer.prompt("Token", hide_input=True, err=True) if token else None
        voice = present_voice(office.workspace.release.approvers, token=typed)
        ended = _answered(office.store, asked, as_, why, voice=voice, yes=yes, json=json)
    if ended is Exit.DONE and as_ is Answer.AGAIN and not json:
        write(f"next: makegood run --month {asked.period} --workspace {quote(str(workspace))}")
    return ended


def _refuse_half(key: str | None, as_: Answer | None, why: str | None, month: str | None) -> None:
    """Refuse an answer of which something is missing."""
    if as_ is not None and key is None:
        raise refuse(
            "KEY",
            "is missing",
            expected="the question that --as answers",
            remedy="`makegood settle` lists what is asked.",
        )
    if key is not None and month is not None:
        raise refuse(
            "--month",
            f"is given beside the key {key}",
            expected="a month to list, or one key",
            remedy="Leave one of the two out.",
        )
    if as_ is not None and not (why or "").strip():
        raise refuse(
            "--why",
            "is empty" if why is not None else "is missing",
            expected="what the answer rests on, for the log",
            remedy='Write for example --why "refunded by hand, re_123".',
        )
    if as_ is None and why is not None:
        raise refuse(
            "--as",
            "is missing",
            expected="done, refused or again",
            remedy="Say how it ended, or leave --why out.",
        )


def _listing(asked: tuple[Asked, ...], period: str | None, *, json: bool) -> Exit:
    if json:
        print_json(settle_document(asked, period))
    else:
        for one in asked:
            _show(one)
        write(f"{counted(len(asked), 'question')} for a person.")
    return Exit.NEEDS_A_PERSON if asked else Exit.DONE


def _answered(
    store: Store, asked: Asked, as_: Answer, why: str, *, voice: Voice, yes: bool, json: bool
) -> Exit:
    if not json:
        _show(asked)
    if not yes and (json or not typer.confirm(f"Settle it as {as_}?", err=True)):
        say("Nothing was settled: give --yes." if json else "Nothing was settled.")
        return Exit.NEEDS_A_PERSON
    answer(store, asked, as_=as_, by=voice, why=why)
    left = all_asked(store)
    if json:
        said = SettledDocument(key=asked.key, answer=as_.value, by=voice.name, why=why)
        print_json(settle_document(left, None, settled=said))
        return Exit.DONE
    write(f"{asked.key}: settled as {as_} by {voice.name}: {asked.answers[as_]}.")
    write(f"{counted(len(left), 'question')} left.")
    return Exit.DONE


def _show(asked: Asked) -> None:
    amount = f", {asked.amount}" if asked.amount else ""
    since = utc_text(asked.since)
    write(f"{asked.key}: {asked.kind.replace('_', ' ')}{amount}", bold=True)
    write(f"  {'ALARM: ' if asked.alarm else ''}{asked.state.value} since {since}: {asked.why}")
    write(f"  {asked.proposal}. Then answer --as")
    for one, does in asked.answers.items():
        write(f"    {one.value:<8} {does}")


def settle_document(
    asked: tuple[Asked, ...], period: str | None, *, settled: SettledDocument | None = None
) -> SettleDocument:
    """What is asked, and what was just answered, as the published document."""
    return SettleDocument(month=period, settled=settled, questions=[_asked(one) for one in asked])


def _asked(asked: Asked) -> AskedDocument:
    amount = asked.amount
    return AskedDocument(
        key=asked.key,
        kind=asked.kind,
        state=asked.state.value,
        month=asked.period,
        amount=amount.text if amount else None,
        currency=amount.currency.code if amount else None,
        since=utc_text(asked.since),
        why=asked.why,
        proposal=asked.proposal,
        alarm=asked.alarm,
        answers=AnswersDocument(
            done=asked.answers[Answer.DONE],
            refused=asked.answers[Answer.REFUSED],
            again=asked.answers[Answer.AGAIN],
        ),
    )
