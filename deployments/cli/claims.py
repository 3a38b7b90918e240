"""`makegood claims`: what vendors owe us, until when it can be claimed, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from connectors.files import write_whole
from deployments.cli import completion
from deployments.cli.approver import present_voice
from deployments.cli.claim_reports import (
    Shown,
    claim_document,
    claims_document,
    move_document,
    print_claim,
    print_claims,
)
from deployments.cli.documents import ClaimMovedDocument, ClaimShowDocument
from deployments.cli.exits import Exit, say
from deployments.cli.options import (
    Clients,
    Json,
    Workspace,
    day_of,
    month_of,
    number_of,
    present_of,
)
from deployments.cli.printing import print_json, write
from flows.claim_links import links_of
from flows.claim_mirror import show_in_ledgers
from flows.claim_texts import TextForm, text_of, written
from flows.claims import all_claims, open_to_tell, tell
from flows.early_claims import any_claim, early_claims_or_why, early_texts
from flows.office import Office, open_office
from models.approval import Voice
from models.claims.deadline import CLAIM
from models.claims.life import Act, Move
from models.claims.present import Present
from models.claims.standing import Claim
from models.claims.text import ClaimText
from models.findings import refuse
from models.intervals import instant
from models.ledger import LedgerStatus, one_line
from models.money import Currency, Money
from models.terms import DAY, near_miss

HERE = Path()
LENGTH = re.compile(r"(\d{1,4})([dw]?)")
DAYS_OF_A_WEEK = 7
A_DAY_AHEAD = timedelta(days=1)

claims = typer.Typer(
    rich_markup_mode=None,
    help="Claims against vendors: what is due, and what became of it.",
    invoke_without_command=True,
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The claim, as vendor/service/YYYY-MM.")]
Why = Annotated[str, typer.Option("--why", help="What it rests on; the log keeps it.")]
Reference = Annotated[
    str, typer.Option("--reference", help="The vendor's number of the ticket or claim.")
]
Amount = Annotated[
    str | None,
    typer.Option("--amount", metavar="AMOUNT", help="In the contract's currency."),
]
When = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="When it was done: a date, or ISO 8601. [now]"),
]
Token = Annotated[
    bool, typer.Option("--token", help="Ask for your approver's token, to speak by your name.")
]
Today = Annotated[
    str | None,
    typer.Option("--today", metavar="YYYY-MM-DD", help="Hold deadlines against this day. [now]"),
]


@claims.callback()
def list_claims(
    context: typer.Context,
    *,
    due: Annotated[
        str | None,
        typer.Option("--due", metavar="14d", help="Only what is due within so many days, or late."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="YYYY-MM",
            help="Only this service month.",
            autocompletion=completion.months,
        ),
    ] = None,
    client: Clients = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also claims that are denied, or seen on the bill.")
    ] = False,
    today: Today = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Claims against vendors: what is due, and what became of it.

    Claims come from contracts with role customer, as soon as their month was run. Deadlines follow
    each vendor's own rule, in the contract's time zone; a late claim may still be filed.
    """
    if context.invoked_subcommand is not None:
        _refuse_before(context, context.invoked_subcommand)
        return Exit.DONE
    period = str(month_of(month)) if month is not None else None
    within = _days_of(due) if due is not None else None
    present = present_of(today, "--today")
    with open_office(workspace, read_only=True) as office:
        _known_vendors(office, client or ())
        found = (
            *all_claims(office.store, period=period, clients=client),
            *_early(office, present, period, client),
        )
        kept = _kept(found, within, present, everything=everything)
        shown = Shown(kept, links_of(office.store, office.contracts, kept), present)
    if json:
        print_json(claims_document(shown))
    else:
        print_claims(shown, left_out=len(found) - len(kept) if within is None else 0)
    return Exit.NEEDS_A_PERSON if shown.needs_a_person else Exit.DONE


def _early(
    office: Office, present: Present, period: str | None, clients: Sequence[str] | None
) -> list[Claim]:
    early, why = early_claims_or_why(office, present)
    if why:
        say(f"warning: {why}")
    return [
        claim
        for claim in early
        if period in (None, str(claim.month))
        and (clients is None or claim.contract.partition("/")[0] in clients)
    ]


def _refuse_before(context: typer.Context, command: str) -> None:
    """Refuse options that stand before a command, where nobody would heed them."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise refuse(
                parameter.opts[-1],
                f"stands before {command}",
                expected="options after the command that they are for",
                remedy=f"Write it behind: makegood claims {command} KEY {parameter.opts[-1]} ...",
            )


@claims.command("show")
def show_claim(
    key: Key,
    *,
    file: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write its text to a file.")
    ] = None,
    form: Annotated[
        TextForm, typer.Option("--format", help="Plain text, or Markdown.")
    ] = TextForm.TEXT,
    today: Today = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Show one claim: where it stands, and the text to file it with."""
    present = present_of(today, "--today")
    with open_office(workspace, read_only=True) as office:
        claim = any_claim(office, key, present)
        links = links_of(office.store, office.contracts, [claim])
        # Whoever wants a file is told why there is none; whoever looks sees the rest.
        text = written(_text(office, claim, present), form) if _has_text(claim) or file else None
    if file is not None and text is not None:
        write_whole(file, text.encode())
    shown = Shown((claim,), links, present)
    if json:
        print_json(_show_document(shown, claim, text, file))
    else:
        print_claim(shown, claim)
        write()
        write(f"Written to {file}." if file else text or "Nothing can be filed yet.")
    return Exit.NEEDS_A_PERSON if shown.needs_a_person else Exit.DONE


def _has_text(claim: Claim) -> bool:
    return bool(claim.worth) or claim.undecided


def _text(office: Office, claim: Claim, present: Present) -> ClaimText:
    if claim.undecided:
        return early_texts(office, present)[claim.key]
    return text_of(office.store, claim)


@claims.command("move")
def move_claim(
    key: Key,
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="STATUS", help="eligible, filed, approved, denied, ...")
    ],
    reference: Reference = "",
    amount: Amount = None,
    why: Why = "",
    at: When = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that a claim has come to another status."""
    told = _Told(Act.STATUS, to=_status_of(to), reference=reference, amount=amount, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@claims.command("file")
def file_claim(
    key: Key,
    *,
    reference: Reference = "",
    why: Why = "",
    at: When = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that a claim was filed with the vendor."""
    told = _Told(Act.STATUS, to=LedgerStatus.FILED, reference=reference, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@claims.command("approve")
def approve_claim(
    key: Key,
    *,
    amount: Amount = None,
    reference: Reference = "",
    why: Why = "",
    at: When = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that the vendor agreed; to all of it, or to an amount."""
    to = LedgerStatus.APPROVED
    told = _Told(Act.STATUS, to=to, reference=reference, amount=amount, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@claims.command("deny")
def deny_claim(
    key: Key,
    *,
    why: Annotated[str, typer.Option("--why", help="The vendor's reason, or ours not to file.")],
    reference: Reference = "",
    at: When = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that the vendor refused, or that we do not file."""
    told = _Told(Act.STATUS, to=LedgerStatus.DENIED, reference=reference, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@claims.command("settle")
def settle_claim(
    key: Key,
    *,
    on: Annotated[
        str, typer.Option("--on", metavar="YYYY-MM-DD", help="The date of the bill that shows it.")
    ],
    amount: Amount = None,
    why: Why = "",
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that the credit was seen on a bill; without an amount, all that was approved."""
    told = _Told(Act.SETTLED, on=_seen_on(on), amount=amount, why=why)
    return _tell(told, key, at=None, token=token, workspace=workspace, json=json)


@claims.command("stage")
def note_stage(
    key: Key,
    stage: Annotated[
        str, typer.Argument(metavar="STAGE", help="What was done, as the deadline names it.")
    ],
    *,
    reference: Reference = "",
    why: Why = "",
    at: When = None,
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note that something was done that the vendor asks for before the claim, such as a ticket."""
    told = _Told(Act.STAGE, stage=stage, reference=reference, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@claims.command("known")
def note_awareness(
    key: Key,
    *,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When we knew of the outage, ISO 8601.")
    ],
    why: Why = "",
    token: Token = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Note when we knew of the outage, where a deadline counts from that."""
    told = _Told(Act.KNOWN, why=why)
    return _tell(told, key, at=at, token=token, workspace=workspace, json=json)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the command line says about a claim, before the claim is known."""

    act: Act
    to: LedgerStatus | None = None
    on: date | None = None
    stage: str = ""
    reference: str = ""
    why: str = ""
    amount: str | None = None

    def of(self, claim: Claim, *, by: Voice, at: int) -> Move:
        """The move of this claim."""
        if self.act is Act.STAGE:
            _known_stage(claim, self.stage)
        amount = _money_of(claim, self.amount) if self.amount is not None else None
        if amount is None and self.act is Act.SETTLED:
            amount = claim.life.approved
        return Move(
            act=self.act,
            by=by,
            at=at,
            obligation=claim.obligation,
            standing=claim.owed,
            days=claim.credit_days or "" if claim.owed is None else "",
            to=self.to,
            on=self.on,
            stage=self.stage,
            reference=one_line(self.reference),
            why=one_line(self.why),
            amount=amount,
        )


def _tell(
    told: _Told, key: str, *, at: str | None, token: bool, workspace: Path, json: bool
) -> Exit:
    """Write down what is told, and show the claim as it stands then."""
    present = present_of(None, "")
    done_at = present.at if at is None else _past(_time_of(at), at, present.at)
    with open_to_tell(workspace) as office:
        claim = any_claim(office, key, present)
        typed = typer.prompt("Token", hide_input=True, err=True) if token else None
        voice = present_voice(office.workspace.release.approvers, token=typed)
        move = told.of(claim, by=voice, at=done_at)
        moved = tell(office.store, claim, move)
        links = links_of(office.store, office.contracts, [moved])
        behind = show_in_ledgers(office, str(claim.month))
    warning = _lateness(claim, move)
    for one in filter(None, (warning, behind)):
        say(f"warning: {one}")
    shown = Shown((moved,), links, present)
    print_json(_moved_document(shown, move, warning)) if json else print_claim(shown, moved)
    return Exit.DONE


def _lateness(claim: Claim, move: Move) -> str:
    """Which deadline a filing or a stage has missed; it may be filed all the same."""
    filed = move.act is Act.STATUS and move.to is LedgerStatus.FILED
    if not filed and move.act is not Act.STAGE:
        return ""
    of_stage = (due for due in claim.open_dues if filed or due.stage == move.stage)
    missed = next((due for due in of_stage if due.until <= move.at), None)
    if missed is None:
        return ""
    due = f"the {missed.stage} was due {missed.says}, {missed.rule}"
    return f"{claim.key}: {due}; the vendor may refuse it"


def _moved_document(shown: Shown, move: Move, warning: str) -> ClaimMovedDocument:
    (claim,) = shown.claims
    return ClaimMovedDocument(
        claim=claim_document(shown, claim), moved=move_document(move), warning=warning
    )


def _show_document(
    shown: Shown, claim: Claim, text: str | None, file: Path | None
) -> ClaimShowDocument:
    return ClaimShowDocument(
        claim=claim_document(shown, claim),
        moves=[move_document(move) for move in claim.life.moves],
        text=text,
        file=str(file) if file else None,
    )


def _kept(
    found: Sequence[Claim], within: int | None, present: Present, *, everything: bool
) -> tuple[Claim, ...]:
    """The claims that are shown, the nearest deadline first, then those without one, by key."""
    kept = [claim for claim in found if everything or not _finished(claim)]
    if within is not None:
        kept = [claim for claim in kept if _is_near(claim, within, present)]
    return tuple(sorted(kept, key=lambda claim: _place(claim, present)))


def _place(claim: Claim, present: Present) -> tuple[bool, int, str]:
    now = present.instant_in(claim.time_zone)
    due = claim.missed(now) or claim.next_due(now)
    return (due is None, due.until if due else 0, claim.key)


def _finished(claim: Claim) -> bool:
    """Whether nothing is left to do: dropped, gone before it was filed, or seen on the bill."""
    over = claim.status is LedgerStatus.DENIED or claim.life.settled_on is not None
    never_filed = claim.gone and claim.life.filed_at is None
    return (over or never_filed) and not claim.open_points(0)


def _is_near(claim: Claim, within: int, present: Present) -> bool:
    now = present.instant_in(claim.time_zone)
    due = claim.missed(now) or claim.next_due(now)
    return due is not None and claim.days_left(due, now) <= within


def _days_of(text: str) -> int:
    found = LENGTH.fullmatch(text.strip())
    if found is None:
        raise refuse(
            "--due",
            f"is {text!r}",
            expected="a number of days or weeks",
            remedy="Write for example 14d or 2w.",
        )
    return int(found[1]) * (DAYS_OF_A_WEEK if found[2] == "w" else 1)


def _seen_on(text: str) -> date:
    """The date of a bill that somebody has seen; it may be tomorrow's where they are."""
    day = day_of(text)
    if day <= datetime.now(tz=UTC).date() + A_DAY_AHEAD:
        return day
    raise refuse(
        "--on",
        f"is {text}, which is still to come",
        expected="the date of a bill that shows the credit",
        remedy="Correct the date, or wait for the bill.",
    )


def _time_of(text: str) -> int:
    """A date, at its start in UTC, or a moment with its offset."""
    try:
        at = datetime.fromisoformat(text)
        return instant(at.replace(tzinfo=UTC) if DAY.match(text) else at)
    except (ValueError, OverflowError):
        raise refuse(
            "--at",
            f"is {text!r}",
            expected="a date, or a moment in ISO 8601 with its offset",
            remedy="Write for example 2026-06-01T09:30Z.",
        ) from None


def _past(at: int, text: str, now: int) -> int:
    if at <= now:
        return at
    raise refuse(
        "--at",
        f"is {text}, which is still to come",
        expected="when it was done",
        remedy="Leave it out for now.",
    )


def _status_of(text: str) -> LedgerStatus:
    known = {status.value.casefold(): status for status in LedgerStatus}
    wanted = text.strip().replace("-", " ").replace("_", " ").casefold()
    if wanted in known:
        return known[wanted]
    raise refuse(
        "--to",
        f"is {text!r}",
        expected=f"one of {', '.join(LedgerStatus)}",
        remedy=near_miss(text, LedgerStatus) or "Write for example --to filed.",
    )


def _money_of(claim: Claim, text: str) -> Money:
    currency = claim.owed.currency if claim.owed else Currency.of(claim.facts["currency"])
    minor = currency.minor(number_of(text, "--amount"))
    if minor.denominator == 1:
        return Money(int(minor), currency)
    raise refuse(
        "--amount",
        f"is {text}, finer than {currency.code} can be paid",
        expected=f"at most {currency.exponent} decimal places",
        remedy="Write what the vendor's document says.",
    )


def _known_stage(claim: Claim, stage: str) -> None:
    named = {due.stage for due in claim.dues} | {rule.stage for rule in claim.dateless}
    stages = sorted(named - {CLAIM})
    if stage not in stages:
        raise refuse(
            "STAGE",
            f"is {stage!r}",
            expected=f"{' or '.join(stages)}" if stages else "a claim whose rule has other stages",
            remedy=near_miss(stage, stages) or "`makegood claims show` has every deadline.",
        )


def _known_vendors(office: Office, clients: Sequence[str]) -> None:
    known = {contract.client.id for contract in office.contracts}
    known |= {stored.client for stored in office.store.obligations(None)} if clients else set()
    for client in clients:
        if client not in known:
            raise refuse(
                "--client",
                f"is {client!r}",
                expected="the id of a vendor in this workspace",
                remedy=near_miss(client, known) or "`makegood claims` lists them all.",
            )
