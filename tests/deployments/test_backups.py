"""The runbook's own commands: backed up, lost, restored, run again; nothing is done twice.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR, Bluefin's 10 % of 3,600.00 USD. Acme is
paid before the backup, Bluefin after it: the restored books know nothing of that.
"""

import os
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from flows.settings import DATABASE_URL
from models.period import ServiceMonth
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.connectors.mail.post_office import post_office
from tests.deployments.runbook import block
from tests.postgres import programs
from tests.standins.stripe.client import running as stripe_running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
ACMES, BLUEFINS = "acme/api/2025-09/r0", "bluefin/api/2025-09/r0"
PAID = [(20_000, f"{ACMES}/p1"), (36_000, f"{BLUEFINS}/p1")]
TWO_DAYS_MS = 2 * 86_400_000
POSTGRESQL = pytest.param(
    "postgresql", marks=[pytest.mark.peer, pytest.mark.xdist_group("postgresql")]
)


@pytest.fixture(scope="module")
def stand_in():
    """One Stripe for the module; each test has an account of its own."""
    with stripe_running() as server:
        yield server


@pytest.fixture
def scene(stand_in, monkeypatch):
    """Two clients at Stripe, each with September's paid invoice."""
    made = StripeScene(fresh_account(stand_in))
    for client, amount, currency in (("acme", 200_000, "EUR"), ("bluefin", 360_000, "USD")):
        made.customer(f"cus_{client}", client=client)
        made.subscription(f"sub_{client}", f"cus_{client}", currency=currency)
        made.invoice(f"in_{client}", f"cus_{client}", amount, period=MONTH, currency=currency)
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.account.restricted_key)
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.account.url)
    return made


@pytest.fixture
def office():
    """A mail server."""
    with post_office() as opened:
        yield opened


def written(books, mail):
    """The workspace file with this way for mail to leave."""
    by_stripe = "billing: {kind: stripe, mode: test}\n"
    books.write("makegood.yaml", MAKEGOOD.replace("{from:", f"{{{mail}, from:") + by_stripe)


def by_smtp(office):
    """Through the mail server, without waiting between two messages."""
    return f"smtp: {{host: 127.0.0.1, port: {office.port}, security: none, per_minute: 6000}}"


def recorded(books):
    """Every row of every table, but for when a vendor was last asked."""
    return {name: found for name, found in books.tables.items() if name != "pace"}


def notes(scene):
    """What Stripe has: amounts and parts."""
    found = scene.account.dump()["credit_note"]
    return sorted((n["amount"], n["metadata"]["makegood_part"]) for n in found)


def told(office):
    """To which clients the mail server has sent notices."""
    receivers = [envelope.rcpt_tos[0] for envelope in office.taken]
    return sorted(one for one in receivers if one != "finance@relay.example")


def in_outbox(folder):
    """To whom the letters in a folder are addressed."""
    found = [path.read_bytes() for path in folder.glob("*.eml")]
    letters = [message_from_bytes(one, policy=policy.default) for one in found]
    return sorted(letter["to"].addresses[0].addr_spec for letter in letters)


class Keeper:
    """Whoever follows the runbook: its blocks, with the folders and the database of one story."""

    def __init__(self, books, backup, kind):
        """Nothing is backed up yet."""
        self.books, self.backup, self.kind = books, backup, kind
        backup.mkdir()

    def does(self, heading):
        """Run the block under a heading of the runbook, as it stands there."""
        beside = f"{Path(sys.executable).parent}:{programs() or ''}"
        environment = {
            **os.environ,
            "PATH": f"{beside}:{os.environ['PATH']}",
            "BOOKS": str(self.books.folder),
            "BACKUP": str(self.backup),
        }
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block(heading)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def back_up(self):
        """The workspace and its database."""
        self.does("The workspace, backed up")
        self.does(f"{self.kind}, backed up")

    def restore(self):
        """Both, where nothing is left of them."""
        self.does("The workspace, restored")
        self.does(f"{self.kind}, restored")


@pytest.fixture(params=["SQLite", POSTGRESQL])
def keeper(request, tmp_path, monkeypatch, scene, office):
    """Books on each kind of database, and whoever backs them up."""
    kind = "PostgreSQL" if request.param == "postgresql" else "SQLite"
    monkeypatch.delenv(DATABASE_URL, raising=False)
    if kind == "PostgreSQL":
        monkeypatch.setenv(DATABASE_URL, request.getfixturevalue("postgres_url"))
    books = Books.laid_out(tmp_path / "books", ACME, BLUEFIN, checks=checks(api=120))
    written(books, by_smtp(office))
    yield Keeper(books, tmp_path / "backup", kind)
    assert books.verify().faults == ()


@pytest.fixture
def lose(request, keeper, monkeypatch):
    """A function that loses everything: folder and database; what is restored is another one."""

    def _lose():
        folder = keeper.books.folder
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if keeper.kind == "PostgreSQL":
            server = request.getfixturevalue("postgres_server")
            empty = request.getfixturevalue("postgres_database")(empty=True)
            monkeypatch.setenv(DATABASE_URL, server.url(empty))

    return _lose


def test_what_was_paid_before_the_backup_is_never_paid_again(keeper, lose, scene, office):
    """Backed up after the release: the restored books know all of it; a rerun changes nothing."""
    keeper.books.run()
    keeper.books.release()
    keeper.back_up()
    before = recorded(keeper.books)
    lose()
    keeper.restore()
    assert recorded(keeper.books) == before
    scene.advance(TWO_DAYS_MS)
    keeper.books.run()
    keeper.books.release()
    assert recorded(keeper.books) == before
    assert notes(scene) == PAID
    assert told(office) == ["ap@acme.example", "billing@bluefin.example"]


def test_what_was_paid_after_the_backup_is_found_at_stripe_and_left_to_a_person(
    keeper, lose, scene, office
):
    """Stripe has long forgotten the key; the part's own key in the note's metadata tells."""
    books = keeper.books
    books.run()
    books.release(clients=["acme"])
    keeper.back_up()
    books.release(clients=["bluefin"])
    assert notes(scene) == PAID
    lose()
    keeper.restore()
    scene.advance(TWO_DAYS_MS)
    assert books.owed[BLUEFINS][0] == "draft"
    differing = makegood("reconcile", "--workspace", books.folder)
    assert (differing.code, "unknown here" in differing.out.replace("_", " ")) == (1, True)
    # As the runbook says: no client hears of it twice.
    written(books, "outbox: restored")
    books.run()
    released = books.release()
    assert (released.payments.done, released.payments.person) == (0, 1)
    assert "was the database put back from a copy" in str(released.asked)
    assert notes(scene) == PAID
    answered = ("--as", "done", "--why", "paid before the loss")
    ended = makegood("settle", f"{BLUEFINS}/p1", *answered, "--workspace", books.folder, "--yes")
    assert ended.code == 0, ended.err
    assert "billing@bluefin.example" in in_outbox(books.folder / "restored")
    written(books, by_smtp(office))
    for _ in range(2):
        books.run()
        books.release()
    assert notes(scene) == PAID
    assert told(office) == ["ap@acme.example", "billing@bluefin.example"]
    assert makegood("reconcile", "--workspace", books.folder).code == 0


def test_a_backup_is_taken_while_somebody_writes(keeper, lose):
    """Nobody has to stop; what was recorded before it began is in it."""
    keeper.books.run()
    store = keeper.books.store()
    try:
        with store.month_lock("2025-10", holder="somebody"):
            keeper.back_up()
    finally:
        store.close()
    lose()
    keeper.restore()
    assert keeper.books.owed[ACMES] == ("draft", "200.00 EUR")
    assert keeper.books.rows[ACMES]["Status"] == "To Review"
