"""Small workspaces for tests: contracts as short YAML, checks as rows of CSV, and what comes of it.

September 2025 has 30 days, 43,200 minutes in UTC. A commitment of 99.9 % allows 43.2 minutes of
downtime, one of 99 % allows 432.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from connectors.store import Store
from connectors.store.sql import open_store
from flows.month import MonthRun, Outcome, conduct, directly, month_run
from flows.office import database_url, open_office, read_terms
from flows.release import Batch, Released, release, waiting_batch
from flows.verify import Verification, verify
from models.intervals import instant
from models.period import ServiceMonth
from models.tables import Row

SEPTEMBER = "2025-09"
RELEASED_AT = instant(datetime(2025, 10, 2, 9, 30, tzinfo=UTC))

MAKEGOOD = """\
name: Northwind Relay
sources:
  - {id: checks, kind: checks_file, path: checks.csv}
mail: {from: sla@relay.example, operator: finance@relay.example}
"""
LADDER = """\
credit_ladder:
  kind: uptime_brackets
  commitment_percent: 99.9
  brackets:
    - {below: 99.9, at_least: 99.0, credit_percent: 10}
    - {below: 99.0, at_least: 95.0, credit_percent: 25}
    - {below: 95.0, credit_percent: 50}
"""
ACME = f"""\
role: provider
client: {{id: acme, name: Acme GmbH, email: ap@acme.example}}
service: {{id: api, name: Relay API}}
currency: EUR
billable_amount: 2000
monitors: [api]
exclusions:
  - {{kind: maintenance}}
{LADDER}"""
BLUEFIN = f"""\
role: provider
client: {{id: bluefin, name: Bluefin Freight Inc., email: billing@bluefin.example}}
service: {{id: api, name: Relay API}}
currency: USD
billable_amount: 3600
monitors: [api]
{LADDER}"""
VENDOR = f"""\
role: customer
client: {{id: cloudways, name: Cloudways}}
service: {{id: hosting, name: Hosting}}
currency: USD
billable_amount: 500
monitors: [hosting]
claim: {{within_days: 30, channel: portal}}
{LADDER}"""


def checks(**minutes_down: int) -> str:
    """Checks in which each monitor is up but for so many minutes from noon of September 10 on."""
    noon = datetime(2025, 9, 10, 12, tzinfo=UTC)
    rows = ["monitor,at,up"]
    for monitor, minutes in minutes_down.items():
        rows.append(f"{monitor},2025-08-31T00:00:00Z,up")
        if minutes:
            rows.append(f"{monitor},{noon:%FT%TZ},down")
            rows.append(f"{monitor},{noon + timedelta(minutes=minutes):%FT%TZ},up")
    return "\n".join(rows) + "\n"


def maintenance(minutes: int) -> str:
    """An exclusions file that takes out the first so many minutes of the outage."""
    noon = datetime(2025, 9, 10, 12, tzinfo=UTC)
    return (
        "- id: upgrade\n  kind: maintenance\n  reason: Storage upgrade\n"
        f"  start: {noon:%FT%TZ}\n  end: {noon + timedelta(minutes=minutes):%FT%TZ}\n"
    )


@dataclass(frozen=True, slots=True)
class Books:
    """A workspace, what a person does in it, and what lies there afterwards."""

    folder: Path

    @classmethod
    def laid_out(cls, folder: Path, *contracts: str, checks: str = "", makegood: str = MAKEGOOD):
        """A workspace with these contracts (Acme's when none is given) and checks."""
        books = cls(folder)
        books.write("makegood.yaml", makegood)
        books.agree(*contracts or (ACME,))
        if checks:
            books.write("checks.csv", checks)
        return books

    def write(self, name: str, text: str) -> None:
        """Write one file of the workspace."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def agree(self, *contracts: str) -> None:
        """Write down these contracts, in place of all others."""
        self.write("contracts/all.yaml", "---\n".join(contracts))

    def run(
        self,
        month: str = SEPTEMBER,
        *,
        clients: Sequence[str] = (),
        dry_run: bool = False,
        notify: bool = True,
        by_rule: bool = True,
    ) -> dict[str, Outcome]:
        """Run a month without Prefect; each contract's outcome by its id."""
        with month_run(
            self.folder,
            month=ServiceMonth.parse(month),
            clients=clients,
            dry_run=dry_run,
            notify=notify,
            by_rule=by_rule,
        ) as going:
            conduct(going, directly)
            return by_contract(going)

    def shown(self, month: str = SEPTEMBER, *, clients: Sequence[str] = ()) -> Batch:
        """What a person sees before a release."""
        with open_office(self.folder) as office:
            return waiting_batch(office, month=ServiceMonth.parse(month), clients=clients)

    def release(self, batch: Batch | None = None, *, clients: Sequence[str] = ()) -> Released:
        """Let go what waits, or what was shown."""
        with open_office(self.folder) as office:
            waiting = batch or waiting_batch(
                office, month=ServiceMonth.parse(SEPTEMBER), clients=clients
            )
            return release(office, waiting, by="kim", why="reviewed", at=RELEASED_AT)

    def verify(self) -> Verification:
        """Prove the past."""
        with open_office(self.folder, read_only=True) as office:
            return verify(office.store)

    @property
    def url(self) -> str:
        """Where decisions are recorded."""
        workspace, _, _ = read_terms(self.folder)
        return database_url(self.folder, workspace)

    def store(self) -> Store:
        """The store, opened; close it."""
        return open_store(self.url)

    @property
    def owed(self) -> dict[str, tuple[str, str]]:
        """Every obligation of September by its key: its state, and its amount or why not."""
        store = self.store()
        try:
            return {
                stored.key: (
                    stored.obligation.state.value,
                    str(stored.obligation.amount or stored.obligation.reason),
                )
                for stored in store.obligations(SEPTEMBER)
            }
        finally:
            store.close()

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """The ledger's rows by their key."""
        with (self.folder / "ledger.csv").open(encoding="utf-8-sig", newline="") as ledger:
            return {row["Key"]: row for row in csv.DictReader(ledger)}

    @property
    def mails(self) -> list[tuple[str, str]]:
        """To whom mails went, and their subjects, in the order of the receivers."""
        letters = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in (self.folder / "outbox").glob("*.eml")
        ]
        return sorted((letter["to"], letter["subject"]) for letter in letters)

    def mails_to(self, receiver: str) -> list[str]:
        """The subjects of the mails to one address."""
        return [subject for to, subject in self.mails if receiver in to]

    @property
    def summaries(self) -> list[str]:
        """The subjects of the operator's summaries."""
        return [subject for _, subject in self.mails if subject.startswith("SLA credits")]

    @property
    def previews(self) -> list[str]:
        """The notices that lie ready to be looked at."""
        return sorted(path.name for path in (self.folder / "previews").glob("*.html"))

    @property
    def tables(self) -> dict[str, list[dict[str, object]]]:
        """Every row of every table."""
        return tables_of(self.url)

    @property
    def files(self) -> dict[str, bytes]:
        """Every file but the database and locks, with its bytes."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith(("makegood.db", "."))
        }

    @property
    def everything(self) -> tuple[dict[str, list[dict[str, object]]], dict[str, bytes]]:
        """All that a rerun could change."""
        return self.tables, self.files


def by_contract(run: MonthRun) -> dict[str, Outcome]:
    """A run's outcomes by the id of their contract."""
    return {outcome.governed.contract.id: outcome for outcome in run.report}


def tables_of(url: str) -> dict[str, list[dict[str, object]]]:
    """Every row of every table of a database, by its primary key."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with Session(engine) as session:
            return {
                table.name: [
                    dict(row)
                    for row in session.execute(
                        select(table).order_by(*table.primary_key.columns)
                    ).mappings()
                ]
                for table in Row.metadata.sorted_tables
            }
    finally:
        engine.dispose()
