"""Released money that waits because the vendor is away: exit code 3, and what to rerun.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR. The billing
system is the one in memory; it is away, or it has a reason of its own to let a credit wait.
"""

import json
from contextlib import contextmanager
from functools import partial

import pytest
from jsonschema import Draft202012Validator

from connectors.billing.memory import MemoryBilling
from connectors.errors import OutcomeUnknown, Retriable
from connectors.store.sql import SqlStore
from deployments.cli.schemas import schema_path
from flows.effects import ONCE, settle
from models.period import ServiceMonth
from tests.command import makegood
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
RUN = ("run", "--month", SEPTEMBER)
BACKFILL = ("backfill", "--from", SEPTEMBER, "--to", SEPTEMBER)
RELEASE = ("release", SEPTEMBER, "--yes")
SAYS = (
    "1 payment of a released credit waits because the billing vendor did not answer, or another "
    "run was at it. Nothing is lost: run `makegood run --month 2025-09` again."
)


@pytest.fixture
def billing(monkeypatch):
    """The account that every office opens; Acme is billed 2,000.00 EUR for September."""
    made = MemoryBilling(now=lambda: MONTH.end)
    made.customer("cus_acme", client="acme")
    made.subscription("sub_acme", "cus_acme")
    made.invoice("in_sep", "cus_acme", 200_000, period=MONTH)

    @contextmanager
    def _open(*_):
        yield made

    monkeypatch.setattr("flows.office.open_billing", _open)
    return made


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A workspace beside which the commands run; its month is decided."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", checks=checks(api=120))
    laid_out.run()
    return laid_out


@pytest.fixture
def away(billing, monkeypatch):
    """Whoever asks the billing system gets no answer, until this is undone."""

    def _away(*_args, **_facts):
        message = "memory: no answer after 30 s"
        raise Retriable(message)

    with monkeypatch.context() as patched:
        patched.setattr(billing, "picture", _away)
        yield patched


def called(*arguments):
    """The command's exit code and its payments as a script reads them; as is published."""
    ended = makegood(*arguments, "--workspace", "books", "--json")
    document = json.loads(ended.out)
    schema = json.loads(schema_path(arguments[0]).read_text())
    Draft202012Validator(schema).validate(document)
    first = document["months"][0] if "months" in document else document
    return ended.code, first["payments"]


@NEEDS_PREFECT
def test_released_money_that_waits_for_the_vendor_ends_with_exit_code_3(
    books, billing, away, prefect_api
):
    """Release, run and backfill alike; the run after its return pays it and ends with 0."""
    for command in (RELEASE, RUN, BACKFILL):
        code, payments = called(*command)
        assert (code, payments["waiting"], payments["unfinished"]) == (3, 1, 1), command
        assert payments["rerun"] == SAYS
        assert payments["notes"] == ["acme/api/2025-09/r0: waits: memory: no answer after 30 s"]
    away.undo()
    code, payments = called(*RUN)
    assert (code, payments["paid"], payments["rerun"]) == (0, 1, None)


def test_a_person_reads_what_waits_and_what_to_rerun(books, away):
    """The released credit stays released."""
    ended = makegood(*RELEASE, "--workspace", "books", "--json")
    assert ended.code == 3
    again = makegood("release", SEPTEMBER, "--workspace", "books")
    assert again.code == 3
    assert f"could not finish: {SAYS}" in again.out.splitlines()
    assert books.owed["acme/api/2025-09/r0"] == ("released", "200.00 EUR")


def test_an_answer_that_never_comes_is_unfinished(books, billing, monkeypatch):
    """The request went out; nobody can be asked what became of it."""

    def _lost(*_args, **_facts):
        message = "memory: no answer after 30 s"
        raise OutcomeUnknown(message)

    def _silent(*_args, **_facts):
        message = "memory: cannot be reached"
        raise Retriable(message)

    monkeypatch.setattr(billing, "pay", _lost)
    monkeypatch.setattr(billing, "look", _silent)
    monkeypatch.setattr("flows.paying.settle", partial(settle, patience=ONCE))
    code, payments = called(*RELEASE)
    assert (code, payments["unfinished"]) == (3, 1)


@pytest.mark.parametrize("invoice", [{"state": "draft"}, {"state": "open", "in_flight": True}])
def test_what_waits_for_its_invoice_is_finished_for_now(books, billing, invoice):
    """A rerun would not help before the draft is finalized, or the payment has arrived."""
    billing.invoice("in_sep", "cus_acme", 200_000, period=MONTH, **invoice)
    code, payments = called(*RELEASE)
    assert (code, payments["waiting"], payments["unfinished"], payments["rerun"]) == (0, 1, 0, None)


def test_a_vendor_that_is_gone_is_not_asked_for_every_credit(books, billing, away, monkeypatch):
    """After one wave without an answer the rest is left, and all of it is counted.

    The next wave may have been asked about meanwhile, the third one never is.
    """
    monkeypatch.setattr("flows.paying.WAVE", 20)
    names = [f"c{number:03d}" for number in range(50)]
    books.agree(*(ACME.replace("id: acme", f"id: {name}") for name in names))
    books.run()
    asked = []

    def _away(query):
        asked.append(query.contract)
        message = "memory: no answer after 30 s"
        raise Retriable(message)

    away.setattr(billing, "picture", _away)
    done = books.release()
    assert (done.payments.waiting, done.payments.unfinished) == (50, 50)
    # One is asked about before anything is released.
    assert 20 + 1 <= len(asked) <= 40 + 1


def test_a_database_that_goes_away_ends_with_exit_code_3_and_loses_nothing(
    books, billing, monkeypatch
):
    """Released, and then the database does not answer; the same command pays it once."""

    def _away(*_args, **_facts):
        message = "database: did not answer"
        raise Retriable(message)

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "plan_effects", _away)
        ended = makegood(*RELEASE, "--workspace", "books", "--json")
    assert (ended.code, ended.out) == (3, "")
    assert "database: did not answer" in ended.err
    assert books.owed["acme/api/2025-09/r0"] == ("released", "200.00 EUR")
    code, payments = called(*RELEASE)
    assert (code, payments["paid"]) == (0, 1)
