"""`makegood doctor` at every door: permission, login, tables, clock, zones, Prefect's worker.

Each is tried on a real peer or on a stand-in over real sockets; each failure says what to do, and
the rest is asked all the same.
"""

import json
import re
import sqlite3
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from sqlalchemy import create_engine

from connectors.store._migrations import alembic_config, newest_revision
from connectors.store._sqlite import SqliteFile
from flows import checkup_zones
from flows.checkup_prefect import POOL
from flows.settings import DATABASE_URL, PREFECT_API
from tests.command import makegood
from tests.connectors.billing.stage import PERMISSIONS, fresh_account
from tests.connectors.ledger.notion_stage import fresh_workspace
from tests.connectors.mail.post_office import post_office
from tests.exim import PASSWORD, USER
from tests.prefect_session import NEEDS_PREFECT
from tests.standins.notion.client import running as notion_running
from tests.standins.stripe.client import running as stripe_running
from tests.workspaces import ACME, MAKEGOOD, Books, checks

SECRETS = ("rk_test", "ntn_", PASSWORD)


@pytest.fixture
def books(tmp_path, monkeypatch):
    """One client, nothing decided yet."""
    for name in (DATABASE_URL, PREFECT_API):
        monkeypatch.delenv(name, raising=False)
    return Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))


def asked(books, *, code):
    """The answers by what they are about; no secret is in any of them."""
    ended = makegood("doctor", "--workspace", str(books.folder), "--json")
    assert ended.code == code, ended.out
    for secret in SECRETS:
        assert secret not in ended.out + ended.err
    return {a["about"]: (a["state"], a["says"]) for a in json.loads(ended.out)["answers"]}


# --- Stripe ---------------------------------------------------------------------------------------


@pytest.fixture
def account(books, monkeypatch):
    """An account at Stripe that the workspace books in."""
    with stripe_running() as server:
        made = fresh_account(server)
        monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.restricted_key)
        monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.url)
        books.write("makegood.yaml", MAKEGOOD + "billing: {kind: stripe, mode: test}\n")
        yield made


def test_what_stripes_key_may_read_is_seen(books, account):
    """And said is what cannot be seen; nothing was written there."""
    state, says = asked(books, code=0)["billing"]
    assert state == "good"
    assert says.startswith("stripe: the test key reads customers, invoices, payments of invoices, ")
    assert "what it may write" in says
    assert not [call for call in account.calls() if call["method"] != "GET"]


def test_every_permission_that_stripes_key_lacks_is_named(books, account):
    """All at once, and where they are listed."""
    held = {**PERMISSIONS, "subscription": "none", "charge": "none"}
    account.tell("key", secret=account.restricted_key, permissions=held)
    state, says = asked(books, code=2)["billing"]
    assert state == "wrong"
    assert "MAKEGOOD_STRIPE_KEY: may not read subscriptions, refunds. Give it" in says


def test_a_key_that_stripe_does_not_know_is_wrong(books, account):
    """Revoked while it was rotated."""
    account.tell("key", secret=account.restricted_key, revoked=True)
    state, says = asked(books, code=2)["billing"]
    assert (state, "Mend MAKEGOOD_STRIPE_KEY" in says) == ("wrong", True)


def test_a_vendor_that_does_not_answer_is_away(books, account, monkeypatch):
    """Exit code 3: ask again."""
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", "http://127.0.0.1:9")
    assert asked(books, code=3)["billing"][0] == "away"


# --- Notion ---------------------------------------------------------------------------------------


@pytest.fixture
def notion(books, monkeypatch):
    """A workspace at Notion whose page is named."""
    with notion_running() as server:
        made = fresh_workspace(server)
        monkeypatch.setenv("MAKEGOOD_NOTION_TOKEN", made.token)
        monkeypatch.setenv("MAKEGOOD_NOTION_URL", made.url)
        named(books, made.page)
        yield made


def named(books, page):
    """The ledger under a page of Notion's."""
    ledger = f"ledger: {{notion: {{page: {page}, requests_per_minute: 6000}}}}\n"
    books.write("makegood.yaml", MAKEGOOD + ledger)


def test_a_page_that_is_shared_is_well_and_one_that_is_not_is_told(books, notion):
    """Notion shows an integration nothing but what people share with it."""
    assert asked(books, code=0)["ledger notion"][0] == "good"
    named(books, "0123456789abcdef0123456789abcdef")
    state, says = asked(books, code=2)["ledger notion"]
    assert state == "wrong"
    assert "share" in says.lower()


def test_a_token_that_notion_does_not_know_is_told(books, notion, monkeypatch):
    """And the ledger in the file is tried all the same."""
    monkeypatch.setenv("MAKEGOOD_NOTION_TOKEN", "ntn_" + "0" * 46)
    answers = asked(books, code=2)
    assert "MAKEGOOD_NOTION_TOKEN" in answers["ledger notion"][1]
    assert answers["ledger csv"][0] == "good"


# --- Mail -----------------------------------------------------------------------------------------


def by_smtp(books, server):
    """The workspace file with a mail server."""
    books.write("makegood.yaml", MAKEGOOD.replace("{from:", f"{{smtp: {{host: {server}}}, from:"))


@pytest.mark.peer
@pytest.mark.xdist_group(name="exim")
def test_a_login_at_a_real_mail_server_is_tried(books, exim, monkeypatch):
    """Right, wrong and missing; no message leaves."""
    monkeypatch.setenv("MAKEGOOD_SMTP_CA", str(exim.authorities))
    monkeypatch.setenv("MAKEGOOD_SMTP_PASSWORD", PASSWORD)
    by_smtp(books, f"localhost, port: {exim.starttls_port}, user: {USER}")
    state, says = asked(books, code=0)["mail"]
    assert state == "good"
    assert re.search(rf"localhost:\d+ takes messages over TLSv1\.\d, logged in as {USER};", says)
    monkeypatch.setenv("MAKEGOOD_SMTP_PASSWORD", "another")
    assert asked(books, code=2)["mail"][0] == "wrong"
    monkeypatch.delenv("MAKEGOOD_SMTP_PASSWORD")
    answers = asked(books, code=2)
    assert "MAKEGOOD_SMTP_PASSWORD is not set, and the workspace needs it" in answers["settings"][1]
    assert not exim.delivered()


def test_a_mail_server_that_is_away_is_told(books):
    """A month would go on without it, and its mail would wait; whoever asks hears of it."""
    with post_office() as office:
        by_smtp(books, f"127.0.0.1, port: {office.port}, security: none")
        assert asked(books, code=0)["mail"][0] == "good"
    assert asked(books, code=3)["mail"][0] == "away"


# --- The database ---------------------------------------------------------------------------------


def set_back(books, revision):
    """Let the database say that it is at another revision."""
    with sqlite3.connect(books.folder / "makegood.db") as line:
        line.execute("UPDATE makegood_version SET version_num = ?", [revision])
    line.close()


def test_older_tables_are_worth_a_look_and_stay_as_they_are(books):
    """With the command that brings them up to date; every other door is tried."""
    books.run()
    set_back(books, "0006")
    answers = asked(books, code=1)
    state, says = answers["database"]
    assert state == "look"
    assert f"its tables are at 0006, this Makegood works with {newest_revision()}" in says
    assert says.endswith("Back it up, then run: makegood migrate")
    assert answers["billing"][0] == answers["ledger csv"][0] == "good"
    assert "0006" in asked(books, code=1)["database"][1], "it was not upgraded in passing"


def test_newer_tables_are_wrong(books):
    """An older program must not write there."""
    books.run()
    set_back(books, "9999")
    state, says = asked(books, code=2)["database"]
    assert (state, "A newer one has opened it: install that." in says) == ("wrong", True)


def test_a_clock_that_goes_otherwise_is_wrong(books, monkeypatch):
    """Ten minutes between the database's and this machine's."""
    books.run()
    now = SqliteFile.now
    monkeypatch.setattr(SqliteFile, "now", lambda one, line: now(one, line) + 600_000)
    state, says = asked(books, code=2)["database"]
    assert state == "wrong"
    assert re.search(r"are (599|600) s apart; at most 5 s was expected. Set both by NTP.", says)


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
def test_a_database_server_is_asked_and_its_password_is_not_shown(
    books, postgres_server, postgres_url, monkeypatch
):
    """There, with no such database, and not there at all."""
    monkeypatch.setenv(DATABASE_URL, postgres_url)
    state, says = asked(books, code=0)["database"]
    assert (state, f"tables at {newest_revision()}" in says) == ("good", True)
    monkeypatch.setenv(DATABASE_URL, postgres_server.url("nobodys"))
    assert asked(books, code=2)["database"][0] == "wrong"
    monkeypatch.setenv(DATABASE_URL, "postgresql://kim:hush@127.0.0.1:9/books")
    answers = asked(books, code=3)
    assert answers["database"][0] == "away"
    assert "hush" not in str(answers)
    assert answers["ledger csv"][0] == answers["billing"][0] == "good"


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
def test_an_empty_database_is_left_empty(books, postgres_server, postgres_database, monkeypatch):
    """The first run makes the tables, not a question."""
    empty = postgres_database(empty=True)
    monkeypatch.setenv(DATABASE_URL, postgres_server.url(empty))
    assert asked(books, code=0)["database"][1].startswith("empty; the first run makes its tables.")
    found = postgres_server.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", empty
    )
    assert found == [(0,)]


# --- Time zones -----------------------------------------------------------------------------------


def test_zone_tables_that_end_months_otherwise_are_worth_a_look(books, monkeypatch):
    """This machine would know another clock for Berlin: every month differs, three are named."""
    books.agree(ACME + "time_zone: Europe/Berlin\n")
    elsewhere = {"Europe/Berlin": ZoneInfo("Asia/Tokyo")}
    monkeypatch.setattr(checkup_zones, "zone", lambda name: elsewhere[name])
    state, says = asked(books, code=1)["time zones"]
    assert state == "look"
    assert re.search(r"(Europe/Berlin in \d{4}-\d\d, ){2}Europe/Berlin in \d{4}-\d\d\. Bring", says)


def test_zone_tables_that_agree_are_named(books):
    """With their edition."""
    books.agree(ACME + "time_zone: Europe/Berlin\n")
    state, says = asked(books, code=0)["time zones"]
    assert (state, says.startswith("Europe/Berlin; ")) == ("good", True)


# --- Prefect --------------------------------------------------------------------------------------


@NEEDS_PREFECT
def test_a_prefect_server_without_our_deployments_is_worth_a_look(books, prefect_api, monkeypatch):
    """The test session's server knows no deployment; the remedy is a command."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    state, says = asked(books, code=1)["Prefect"]
    assert (state, "python -m deployments.register" in says) == ("look", True)
    assert POOL == "makegood"


# --- For a person ---------------------------------------------------------------------------------


def test_migrate_brings_the_tables_up_to_date_and_says_from_where(books):
    """Made, then as before; the document is for scripts."""
    made = makegood("migrate", "--workspace", str(books.folder))
    assert (made.code, made.err) == (0, "")
    says = f"makegood.db: its tables are at {newest_revision()}, was empty.\n"
    assert made.out.endswith(says)
    again = makegood("migrate", "--workspace", str(books.folder), "--json").document
    assert again["before"] == again["now"] == newest_revision()
    assert asked(books, code=0)["database"][0] == "good"


def test_an_older_database_is_migrated_with_what_is_in_it(books):
    """As an upgrade finds it: the tables of an earlier version, then the newest; a month runs."""
    url = f"sqlite:///{books.folder / 'makegood.db'}"
    engine = create_engine(url)
    with engine.begin() as line:
        command.upgrade(alembic_config(line), "0005")
    engine.dispose()
    assert asked(books, code=1)["database"][0] == "look"
    brought = makegood("migrate", "--workspace", str(books.folder))
    assert brought.out.endswith(f"its tables are at {newest_revision()}, was at 0005.\n")
    books.run()
    assert books.verify().faults == ()


def test_a_newer_database_is_not_migrated(books):
    """Exit code 2, and it stays as it is."""
    books.run()
    set_back(books, "9999")
    ended = makegood("migrate", "--workspace", str(books.folder))
    assert (ended.code, "A newer Makegood has opened it" in ended.err) == (2, True)
    set_back(books, newest_revision())
    assert asked(books, code=0)["database"][0] == "good"


def test_settings_are_listed_with_what_is_missing(books, monkeypatch):
    """Exit code 1 for what the workspace needs and is nowhere; no value is shown."""
    monkeypatch.setenv("MAKEGOOD_SMTP_CA", "/etc/made-up.pem")
    monkeypatch.delenv("MAKEGOOD_STRIPE_KEY", raising=False)
    books.write("makegood.yaml", MAKEGOOD + "billing: {kind: stripe, mode: test}\n")
    ended = makegood("settings", "--workspace", str(books.folder), "--json")
    assert ended.code == 1
    found = {one["name"]: one for one in ended.document["settings"]}
    key = found["MAKEGOOD_STRIPE_KEY"]
    assert (key["needed"], key["found"], key["secret"]) == (True, None, True)
    assert key["secret_block"] == "makegood-stripe-key"
    assert found["MAKEGOOD_SMTP_CA"]["found"] == "environment"
    assert "made-up" not in ended.out
    shown = makegood("settings", "--workspace", str(books.folder))
    assert re.search(r"MAKEGOOD_STRIPE_KEY +│ MISSING +│ makegood-stripe-key", shown.out)


def test_settings_of_sources_are_listed_by_their_names(books, monkeypatch):
    """As the source's id makes them."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_EU_PROM_TOKEN", "hush")
    books.write(
        "makegood.yaml",
        MAKEGOOD.replace(
            "sources:\n",
            "sources:\n  - {id: eu-prom, kind: prometheus, address: 'http://127.0.0.1:9',"
            " monitors: {web: {query: up}}}\n",
        ),
    )
    ended = makegood("settings", "--workspace", str(books.folder), "--json")
    found = {one["name"]: one["found"] for one in ended.document["settings"]}
    assert found["MAKEGOOD_SOURCE_EU_PROM_TOKEN"] == "environment"
    assert "hush" not in ended.out
