"""Looking at a month's mail before it leaves: every message as files, nothing sent or recorded.

Each kind of message has one maker in `MAKERS`; a further kind is one more entry. A preview is made
of what is recorded now, by the same functions that make the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from connectors.files import sole_writer, write_whole
from connectors.store import StoredObligation
from flows.mailing import (
    notice_languages,
    notice_of,
    own_language,
    receivers,
    request_of,
    summary_of,
)
from flows.messages import Rendered
from flows.messages.language import Language
from flows.office import Office
from flows.release import waiting_batch
from flows.reminders import reminder_of
from models.claims.present import Present
from models.contract import Role
from models.credit import ObligationState
from models.findings import refuse
from models.period import ServiceMonth

FOLDER = "mail"
"""Where the files lie, below the previews that a run writes."""


class PreviewKind(StrEnum):
    """What can be looked at."""

    NOTICE = "notice"
    SUMMARY = "summary"
    REMINDER = "reminder"
    RELEASE_REQUEST = "release-request"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that could be sent.

    Attributes:
        kind: What it is.
        name: Tells it from others of its kind, such as an obligation's key; "" for the only one.
        to: Who would get it; "" where nobody is named.
        rendered: What it says.
        language: In which language.
    """

    kind: PreviewKind
    name: str
    to: str
    rendered: Rendered
    language: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A message with the files that show it."""

    message: Message
    html: Path
    text: Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to look at.

    Attributes:
        month: The service month.
        clients: Only these clients; empty for all.
        language: In this language; None for each reader's own.
        present: From when deadlines of claims are counted, whatever the month.
    """

    month: ServiceMonth
    present: Present
    clients: tuple[str, ...] = ()
    language: Language | None = None


Maker = Callable[[Office, Asked], Iterator[Message]]


def write_mail_previews(
    office: Office, asked: Asked, *, kinds: Collection[PreviewKind] = ()
) -> tuple[Preview, ...]:
    """Write a month's messages as HTML and as text, in place of those that were written before.

    Args:
        office: What is read.
        asked: Which month, whose and in which language.
        kinds: Only these kinds; empty for all.

    Raises:
        UnusableInputError: The month was not run, or nobody is called so.
        Misconfigured: The folder cannot be written.
    """
    _refuse_unknown(office, asked)
    wanted = [kind for kind in MAKERS if not kinds or kind in kinds]
    folder = office.previews / FOLDER / str(asked.month)
    with sole_writer(folder / "mail"):
        for kind in wanted:
            for old in folder.glob(f"{kind}.*"):
                old.unlink(missing_ok=True)
        messages = [message for kind in wanted for message in MAKERS[kind](office, asked)]
        return tuple(_written(folder, message) for message in messages)


def _refuse_unknown(office: Office, asked: Asked) -> None:
    known = {contract.client.id for contract in office.contracts}
    for client in asked.clients:
        if client not in known:
            raise refuse(
                "--client",
                f"is {client!r}",
                expected=f"a client of a contract: {', '.join(sorted(known)) or 'there is none'}",
                remedy="Correct the id.",
            )
    if next(iter(office.store.entries(period=str(asked.month))), None) is None:
        raise refuse(
            "MONTH",
            f"nothing is recorded of {asked.month}",
            expected="a month that was run",
            remedy=f"Run `makegood run --month {asked.month}` first.",
        )


def _written(folder: Path, message: Message) -> Preview:
    stem = ".".join(filter(None, (message.kind, message.name.replace("/", "+"), message.language)))
    html, text = folder / f"{stem}.html", folder / f"{stem}.txt"
    says = message.rendered
    write_whole(html, says.html.encode(), durable=False)
    head = f"To: {message.to or 'nobody: no address is known'}\nSubject: {says.subject}\n\n"
    write_whole(text, f"{head}{says.text}".encode(), durable=False)
    return Preview(message, html, text)


def _notices(office: Office, asked: Asked) -> Iterator[Message]:
    """What clients are told, or will be after the release."""
    standing = [
        stored
        for stored in office.store.obligations(
            str(asked.month), clients=list(asked.clients) or None
        )
        if stored.role is Role.PROVIDER and _is_told(stored)
    ]
    to, languages = receivers(office, standing), notice_languages(office, standing)
    for stored in standing:
        language = asked.language or languages[stored.key]
        receiver = to.get(stored.key)
        yield Message(
            kind=PreviewKind.NOTICE,
            name=stored.key,
            to=receiver.address if receiver else "",
            rendered=notice_of(office, stored, language=language),
            language=language.code,
        )


def _is_told(stored: StoredObligation) -> bool:
    gone = stored.obligation.state is ObligationState.SUPERSEDED
    return bool(stored.obligation.amount) and not gone


def _summaries(office: Office, asked: Asked) -> Iterator[Message]:
    """What the operator is told of the whole month, whatever clients are asked for."""
    met = _met(office, asked.month)
    language = asked.language or own_language(office)
    summary = summary_of(
        office, str(asked.month), contracts=len(met), met=sum(met), language=language
    )
    yield _to_ourselves(office, PreviewKind.SUMMARY, summary, language)


def _met(office: Office, month: ServiceMonth) -> Sequence[bool]:
    """Whether each contract that was decided met its commitment."""
    ids = [contract.id for contract in office.contracts]
    decided = [h.determined for h in office.store.history(ids, str(month)).values()]
    return [e.body["determination"]["breached"] is False for e in decided if e is not None]


def _requests(office: Office, asked: Asked) -> Iterator[Message]:
    """What those who may release are asked; nothing where nothing waits."""
    batch = waiting_batch(office, month=asked.month, clients=asked.clients)
    if not batch.waiting:
        return
    language = asked.language or own_language(office)
    request = request_of(
        office, asked.month, waiting=batch.waiting, needed=batch.needed, language=language
    )
    yield _to_ourselves(office, PreviewKind.RELEASE_REQUEST, request, language)


def _reminders(office: Office, asked: Asked) -> Iterator[Message]:
    """What the operator is reminded of, claims of all months; nothing where nothing is near."""
    language = asked.language or own_language(office)
    reminder = reminder_of(office, present=asked.present, language=language)
    if reminder is not None:
        yield _to_ourselves(office, PreviewKind.REMINDER, reminder, language)


def _to_ourselves(
    office: Office, kind: PreviewKind, rendered: Rendered, language: Language
) -> Message:
    terms = office.workspace.mail
    also = terms.approvers if terms and kind is PreviewKind.RELEASE_REQUEST else ()
    to = ", ".join(dict.fromkeys((terms.operator, *also))) if terms else ""
    return Message(kind=kind, name="", to=to, rendered=rendered, language=language.code)


MAKERS: Mapping[PreviewKind, Maker] = {
    PreviewKind.SUMMARY: _summaries,
    PreviewKind.RELEASE_REQUEST: _requests,
    PreviewKind.REMINDER: _reminders,
    PreviewKind.NOTICE: _notices,
}
"""What makes each kind."""
