"""`makegood mail`: does mail leave this workspace, and what would it say."""

from __future__ import annotations

import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import Permanent
from connectors.mail import MailSender, Offer, OutgoingMail, Sent
from deployments.cli.documents import (
    MailOfferDocument,
    MailPreviewDocument,
    MailPreviewedDocument,
    MailTestDocument,
)
from deployments.cli.exits import Exit, say
from deployments.cli.options import (
    Clients,
    DryRun,
    Json,
    MonthArgument,
    Workspace,
    month_of,
    present_of,
)
from deployments.cli.printing import counted, print_json, write
from flows.messages.language import language_of
from flows.office import open_office
from flows.previewing import Asked, Preview, PreviewKind, write_mail_previews
from flows.trial_mail import require_mail, trial_message
from models.language import LanguageCode
from models.period import ServiceMonth

HERE = Path()

mail = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Look at a month's mail, or send a test message.",
)


@mail.command("test")
def try_mail(
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Who gets it; otherwise the operator.")
    ] = "",
    workspace: Workspace = HERE,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Connect, show what the server offers, and send one test message.

    It says nothing of any client and is recorded nowhere. With --dry-run it only connects.
    """
    with open_office(workspace, read_only=True) as office:
        terms, way = require_mail(office)
        message = trial_message(office, to=to, at=time.time_ns() // 1_000_000)
        offer, by = way.offer(), "smtp" if terms.smtp else "outbox"
        if not json:
            _show_offer(offer, by)
        sent, refused = (None, "") if dry_run else _sent(way, message)
    _tell(offer, by, to or terms.operator, sent=sent, refused=refused, json=json)
    return Exit.NEEDS_A_PERSON if refused else Exit.DONE


def _sent(way: MailSender, message: OutgoingMail) -> tuple[Sent | None, str]:
    """What became of it, and why it was refused."""
    try:
        return way.send(message), ""
    except Permanent as error:
        return None, str(error)


@mail.command("preview")
def preview(
    month: MonthArgument,
    *,
    client: Clients = None,
    kind: Annotated[
        list[PreviewKind] | None,
        typer.Option("--kind", help="Only such messages; may be given several times."),
    ] = None,
    language: Annotated[
        LanguageCode | None,
        typer.Option("--language", help="In this language, instead of each reader's own."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="YYYY-MM-DD", help="The day of the reminder. [today]"),
    ] = None,
    workspace: Workspace = HERE,
    open_: Annotated[
        bool, typer.Option("--open", help="Show each page in the browser as well.")
    ] = False,
    json: Json = False,
) -> int:
    """Write a month's messages as pages and texts to look at.

    They say what would be sent now, by what is recorded; nothing is sent and nothing is recorded.
    """
    asked = Asked(
        month=month_of(month, "MONTH"),
        present=present_of(on, "--on"),
        clients=tuple(client or ()),
        language=language_of(language) if language else None,
    )
    with open_office(workspace, read_only=True) as office:
        written = write_mail_previews(office, asked, kinds=kind or ())
    print_json(preview_document(asked.month, written)) if json else _show(asked.month, written)
    if open_:
        _open(written)
    return Exit.DONE


def _tell(
    offer: Offer, by: str, receiver: str, *, sent: Sent | None, refused: str, json: bool
) -> None:
    if json:
        print_json(trial_document(offer, by, receiver, sent=sent, refused=refused))
    elif sent:
        write(f"sent to {receiver}: {sent.place}")
        write(f"  Message-ID {sent.message_id}. Look whether it arrived, and where.")
    elif not refused:
        write(f"Nothing was sent; without --dry-run {receiver} gets a test message.")
    if refused:
        say(refused)


def _show_offer(offer: Offer, by: str) -> None:
    write(f"{by} {offer.place}", bold=True)
    if by == "outbox":
        return
    write(f"  encryption   {offer.tls or 'none'}")
    if offer.certificate:
        names = ", ".join(offer.certificate)
        write(f"  certificate  {names}, until {offer.certificate_until}")
    user = f"as {offer.user}" if offer.user else "nobody is logged in"
    write(f"  login        {user}; offered: {', '.join(offer.logins) or 'none'}")
    size = "not said" if offer.size is None else f"{offer.size} bytes" if offer.size else "no limit"
    write(f"  size         {size}")


def trial_document(
    offer: Offer, by: str, receiver: str, *, sent: Sent | None, refused: str
) -> MailTestDocument:
    """What was found out as the published document."""
    return MailTestDocument(
        offer=MailOfferDocument(
            way=by,
            place=offer.place,
            tls=offer.tls or None,
            certificate_names=list(offer.certificate),
            certificate_until=offer.certificate_until or None,
            logins=list(offer.logins),
            user=offer.user or None,
            size_limit=offer.size,
        ),
        to=receiver,
        message_id=sent.message_id if sent else None,
        answer=sent.place if sent else None,
        refused=refused or None,
    )


def preview_document(month: ServiceMonth, written: tuple[Preview, ...]) -> MailPreviewDocument:
    """What was written as the published document."""
    return MailPreviewDocument(
        month=str(month),
        messages=[
            MailPreviewedDocument(
                kind=one.message.kind.value,
                name=one.message.name,
                to=one.message.to,
                subject=one.message.rendered.subject,
                language=one.message.language,
                html=str(one.html),
                text=str(one.text),
            )
            for one in written
        ],
    )


def _show(month: ServiceMonth, written: tuple[Preview, ...]) -> None:
    for one in written:
        message = one.message
        write(f"{message.kind} to {message.to or 'nobody: no address is known'}", bold=True)
        write(f"  {message.rendered.subject}")
        write(f"  {one.html}")
        write(f"  {one.text}")
    write(f"{counted(len(written), 'message')} for {month}; nothing was sent.")


def _open(written: tuple[Preview, ...]) -> None:
    shown = [webbrowser.open(one.html.resolve().as_uri()) for one in written]
    if not all(shown):
        say("no browser could be started; open the files by hand.")
