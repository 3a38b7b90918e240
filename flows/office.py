"""The composition root: from a workspace folder to everything that a run talks to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from connectors.billing import Billing
from connectors.billing.journal import JournalBilling
from connectors.chat import Chat
from connectors.errors import Retriable
from connectors.exclusions import ExclusionSource
from connectors.files import check_folder
from connectors.ledger import Ledger, RowLedger
from connectors.ledger.csv_file import CsvLedger
from connectors.mail import Mailbox, MailSender
from connectors.mail.outbox import OutboxMail
from connectors.mail.smtp import Login, SmtpMail
from connectors.monitoring import MonitoringSource
from connectors.store import Store
from connectors.store.sql import open_store
from connectors.terms.files import WorkspaceFolder
from flows.books import remembered_book
from flows.exclusions import exclusion_source_of
from flows.log import note
from flows.settings import (
    DATABASE_URL,
    NOTION_TOKEN,
    NOTION_URL,
    SLACK_WEBHOOK,
    SMTP_CA,
    SMTP_PASSWORD,
    STRIPE_KEY,
    STRIPE_URL,
    held,
    places_told,
)
from flows.sources import source_of
from models.addresses import ascii_address
from models.contract import Contract
from models.exclusion import ExclusionEvent
from models.findings import UnusableInputError
from models.workspace_file import BillingKind, BillingMode, MailTerms, Workspace

if TYPE_CHECKING:
    from connectors.ledger.notion import Turns

SQLITE_FILE = "sqlite:///"

AgreedTerms = tuple[Workspace, tuple[Contract, ...], tuple[ExclusionEvent, ...]]
FileMark = tuple[str, int, int]
"""Path, time of change and size."""


@dataclass(frozen=True, slots=True)
class Office:
    """A workspace with its doors open.

    Attributes:
        folder: The workspace's folder.
        workspace: What makegood.yaml says.
        contracts: Every contract, by id.
        events: Every exclusion event of the files, rising.
        sources: Monitoring sources by id.
        exclusion_sources: What else tells of exclusions, by id.
        store: What is remembered.
        ledgers: Every configured ledger, by its name.
        mail: How mail leaves; None when no mail is configured.
        billing: Where released credits are booked; None in an office that only reads.
        chat: Where operators are told; None where nobody wants it, or in an office that only reads.
    """

    folder: Path
    workspace: Workspace
    contracts: tuple[Contract, ...]
    events: tuple[ExclusionEvent, ...]
    sources: Mapping[str, MonitoringSource]
    store: Store
    ledgers: Mapping[str, Ledger]
    mail: MailSender | None
    billing: Billing | None
    chat: Chat | None = None
    exclusion_sources: Mapping[str, ExclusionSource] = field(default_factory=dict)

    @property
    def row_ledgers(self) -> tuple[RowLedger, ...]:
        """The ledgers that are written row by row."""
        apart = (ledger for ledger in self.ledgers.values() if not ledger.writes_together)
        return tuple(cast(RowLedger, ledger) for ledger in apart)

    @property
    def previews(self) -> Path:
        """Where notices lie that wait for release."""
        return self.folder / "previews"

    def check_doors(self) -> None:
        """Find out whether everything could be written, before anything is recorded.

        Raises:
            UnusableInputError: A ledger is not one of ours; everything that is wrong with it.
            Misconfigured: A ledger, the mail or the previews cannot be written.
        """
        for ledger in self.ledgers.values():
            _check_ledger(ledger)
        if self.mail is not None:
            self.mail.check()
        check_folder(self.previews)


@contextmanager
def open_office(folder: Path, *, read_only: bool = False) -> Iterator[Office]:
    """Read a workspace and open everything that it names, until the block ends.

    Args:
        folder: The folder that holds makegood.yaml.
        read_only: Create no database: where there is none yet, an empty one in memory stands in.
            Billing stays shut.

    Raises:
        UnusableInputError: Something in the workspace cannot be used; all findings at once.
        Misconfigured: The billing system's key is missing, or of the other side.
        ConnectorError: The database cannot be opened.
    """
    workspace, contracts, events = read_terms(folder)
    with ExitStack() as doors:
        url = database_url(folder, workspace, read_only=read_only)
        store = doors.enter_context(closing(open_store(url, lazily=True)))
        billing = None if read_only else open_billing(workspace, folder, store)
        opened = None if billing is None else doors.enter_context(billing)
        yield Office(
            folder=folder,
            workspace=workspace,
            contracts=contracts,
            events=events,
            sources={source.id: source_of(source, folder) for source in workspace.sources},
            store=store,
            ledgers=doors.enter_context(
                open_ledgers(workspace, folder, store, contracts, url=url, read_only=read_only)
            ),
            mail=doors.enter_context(open_mail(workspace.mail, folder)),
            billing=opened,
            chat=None if read_only else open_chat(workspace),
            exclusion_sources={
                terms.id: exclusion_source_of(terms, folder)
                for terms in workspace.exclusion_sources
            },
        )


def read_terms(folder: Path) -> AgreedTerms:
    """What a workspace's files say; files that did not change are not read twice in one process.

    Raises:
        UnusableInputError: Anything in them cannot be used; all findings at once.
    """
    return _read_terms(folder, _fingerprint(folder))


@lru_cache(maxsize=2)
def _read_terms(folder: Path, _fingerprint: tuple[FileMark, ...]) -> AgreedTerms:
    terms = WorkspaceFolder(folder)
    try:
        return terms.workspace(), terms.contracts(), terms.exclusions()
    except UnusableInputError as error:
        # The first of the three that is wrong says nothing of the others.
        raise UnusableInputError(terms.findings() or error.findings) from None


def _fingerprint(folder: Path) -> tuple[FileMark, ...]:
    marks = []
    for path in sorted(folder.rglob("*.yaml")):
        status = path.stat()
        marks.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(marks)


def database_url(folder: Path, workspace: Workspace, *, read_only: bool = False) -> str:
    """Where decisions are recorded: the environment's address, or the workspace file's."""
    url = held(DATABASE_URL) or workspace.database
    if not url.startswith(SQLITE_FILE):
        return url
    path = folder / url.removeprefix(SQLITE_FILE)
    if read_only and not path.exists():
        return "sqlite://"
    return f"{SQLITE_FILE}{path}"


@contextmanager
def open_mail(terms: MailTerms | None, folder: Path) -> Iterator[MailSender | None]:
    """The way that mail leaves, until the block ends; nothing is asked yet."""
    if terms is None:
        yield None
    elif terms.smtp is None:
        yield OutboxMail(folder / terms.folder)
    else:
        login = Login(held(SMTP_PASSWORD), held(SMTP_CA))
        name = ascii_address(Mailbox.of(terms.sender).address).rpartition("@")[2]
        with closing(SmtpMail(terms.smtp, login=login, local_hostname=name)) as mail:
            yield mail


@contextmanager
def open_ledgers(
    workspace: Workspace,
    folder: Path,
    store: Store,
    contracts: Sequence[Contract],
    *,
    url: str,
    read_only: bool = False,
) -> Iterator[Mapping[str, Ledger]]:
    """Every configured ledger by its name, until the block ends; nothing is asked yet.

    An office that only reads does without a ledger whose key it is not given.

    Args:
        workspace: What makegood.yaml says.
        folder: The workspace's folder.
        store: Where it is remembered which table a ledger uses.
        contracts: Whose currencies the ledger must offer.
        url: Where the store is.
        read_only: Whether it is an office that only reads.

    Raises:
        Misconfigured: A key is missing.
    """
    csv, terms = CsvLedger(folder / workspace.ledger.csv), workspace.ledger.notion
    token = held(NOTION_TOKEN) if terms else ""
    if terms is None or (read_only and not token):
        yield {csv.name: csv}
        return
    # Notion's package takes a quarter of a second to import; only those who use it wait for it.
    from connectors.ledger.notion import NotionLedger  # noqa: PLC0415  As just said.

    with places_told(NOTION_TOKEN):
        notion = NotionLedger(
            token,
            terms,
            currencies=sorted({v.currency for contract in contracts for v in contract.versions}),
            remembered=lambda place: (
                remembered_book(store, NotionLedger.name, place) if _is_there(url) else None
            ),
            turns=shared_turns(store, url, token, terms.requests_per_minute),
            address=held(NOTION_URL),
        )
    with closing(notion):
        yield {csv.name: csv, notion.name: notion}


def _is_there(url: str) -> bool:
    """Whether the database is there: one that is not yet is made by the first record alone."""
    return not url.startswith(SQLITE_FILE) or Path(url.removeprefix(SQLITE_FILE)).exists()


def shared_turns(store: Store, url: str, token: str, requests_per_minute: int) -> Turns:
    """One rate for all programs over one database that use a token."""
    from connectors.ledger.notion import LocalTurns, Turns, gap_us  # noqa: PLC0415  As above.

    name = f"notion/{hashlib.sha256(token.encode()).hexdigest()[:16]}"
    limit = f"{name}/limit"
    gap = gap_us(requests_per_minute)
    alone = LocalTurns(gap)

    def _take() -> int:
        return store.turns(name, gap_us=gap) if _is_there(url) else alone.take()

    def _hold_off(duration: int) -> None:
        if _is_there(url):
            store.hold_off(name, us=duration)
            store.hold_off(limit, us=duration)
        alone.hold_off(duration)

    def _held() -> int:
        # Without a gap nothing is taken: the answer is how long the limit still lasts.
        return store.turns(limit, gap_us=0) if _is_there(url) else alone.held()

    return Turns(_take, _hold_off, _held)


def _check_ledger(ledger: Ledger) -> None:
    """Find out whether a ledger could be written; one that cannot be asked now is written later.

    Raises:
        UnusableInputError: It is not one of ours.
        Misconfigured: It may not be written.
    """
    try:
        ledger.check()
    except Retriable as error:
        if ledger.writes_together:
            raise
        note(f"{error} Its rows wait; everything else goes on.")


@contextmanager
def open_billing(
    workspace: Workspace, folder: Path, shared: Store | None = None
) -> Iterator[Billing]:
    """The connector for the configured billing system, until the block ends; nothing is asked yet.

    Args:
        workspace: Names it.
        folder: The workspace's folder.
        shared: Where all processes take their turns that use the account; None for whoever writes
            nothing, not even that.

    Raises:
        Misconfigured: The key is missing, or of the other side.
    """
    match workspace.billing.kind:
        case BillingKind.JOURNAL:
            yield JournalBilling(folder / workspace.journal.folder)
        case BillingKind.STRIPE:
            # Stripe's package takes half a second to import; only those who use it wait for it.
            from connectors.billing.stripe import StripeBilling  # noqa: PLC0415  As just said.

            key, address = held(STRIPE_KEY), held(STRIPE_URL)
            mode = workspace.billing.mode or BillingMode.TEST
            with places_told(STRIPE_KEY):
                connector = StripeBilling(key, mode=mode, address=address, shared=shared)
            with closing(connector) as billing:
                yield billing


def open_chat(workspace: Workspace) -> Chat | None:
    """Where operators are told, when they want it; nothing is asked yet.

    Raises:
        Misconfigured: The webhook's address is missing, or none that a notice may be sent to.
    """
    if not workspace.notices.slack:
        return None
    from connectors.chat.slack import SlackChat  # noqa: PLC0415  Only those who want it wait for it.

    with places_told(SLACK_WEBHOOK):
        return SlackChat(held(SLACK_WEBHOOK))
