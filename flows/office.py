"""The composition root: from a workspace folder to everything that a run talks to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from connectors.billing import Billing
from connectors.billing.journal import JournalBilling
from connectors.files import check_folder
from connectors.ledger import Ledger
from connectors.ledger.csv_file import CsvLedger
from connectors.mail import MailSender
from connectors.mail.outbox import OutboxMail
from connectors.monitoring import BadRows, MonitoringSource
from connectors.monitoring.calculator_payloads import CalculatorPayloads
from connectors.monitoring.checks_files import ChecksFiles
from connectors.monitoring.outage_logs import OutageLogs
from connectors.store import Store
from connectors.store.sql import open_store
from connectors.terms.files import WorkspaceFolder
from models import workspace_file
from models.contract import Contract
from models.exclusion import ExclusionEvent
from models.findings import UnusableInputError
from models.workspace_file import AnySource, BillingKind, BillingMode, Workspace

DATABASE_URL = "MAKEGOOD_DATABASE_URL"
STRIPE_KEY = "MAKEGOOD_STRIPE_KEY"
STRIPE_URL = "MAKEGOOD_STRIPE_URL"
"""Another address than Stripe's own, for tests."""

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
        events: Every recorded exclusion event, rising.
        sources: Monitoring sources by id.
        store: What is remembered.
        ledgers: Every configured ledger, by its name.
        mail: How mail leaves; None when no mail is configured.
        billing: Where released credits are booked; None in an office that only reads.
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

    @property
    def previews(self) -> Path:
        """Where notices lie that wait for release."""
        return self.folder / "previews"

    def check_doors(self) -> None:
        """Find out whether everything could be written, before anything is recorded.

        Raises:
            UnusableInputError: A ledger is not one of ours.
            Misconfigured: A ledger, the mail or the previews cannot be written.
        """
        for ledger in self.ledgers.values():
            ledger.check()
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
            ledgers={"csv": CsvLedger(folder / workspace.ledger.csv)},
            mail=OutboxMail(folder / workspace.mail.outbox) if workspace.mail else None,
            billing=opened,
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
    url = os.environ.get(DATABASE_URL) or workspace.database
    if not url.startswith(SQLITE_FILE):
        return url
    path = folder / url.removeprefix(SQLITE_FILE)
    if read_only and not path.exists():
        return "sqlite://"
    return f"{SQLITE_FILE}{path}"


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

            key, address = os.environ.get(STRIPE_KEY, ""), os.environ.get(STRIPE_URL, "")
            mode = workspace.billing.mode or BillingMode.TEST
            connector = StripeBilling(key, mode=mode, address=address, shared=shared)
            with closing(connector) as billing:
                yield billing


def source_of(source: AnySource, folder: Path) -> MonitoringSource:
    """The connector for one configured source."""
    match source:
        case workspace_file.ChecksFile():
            return ChecksFiles(
                id=source.id,
                path=source.path,
                folder=folder,
                columns={k: v for k, v in source.columns.model_dump().items() if v is not None},
                time_zone=source.time_zone,
                bad_rows=BadRows(source.bad_rows),
            )
        case workspace_file.OutageLog():
            return OutageLogs(
                id=source.id,
                path=source.path,
                folder=folder,
                covers=source.covers,
                monitors=source.monitors,
                time_zone=source.time_zone,
                bad_rows=source.bad_rows,
            )
        case workspace_file.CalculatorPayloads():
            return CalculatorPayloads(id=source.id, path=source.path, folder=folder)
