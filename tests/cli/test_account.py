"""One database pays in one account, test or live: every command refuses another one, and why.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR, paid at Stripe's
stand-in on one side; then the workspace names another side, or another account's key.
"""

import pytest

from connectors.billing.stripe import StripeBilling
from models.period import ServiceMonth
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.prefect_session import NEEDS_PREFECT
from tests.standins.stripe.client import running
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
R0 = "acme/api/2025-09/r0"
RUN = ("run", "--month", SEPTEMBER)
RELEASE = ("release", SEPTEMBER, "--yes", "--json")


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has accounts of its own."""
    with running() as server:
        yield server


@pytest.fixture
def opened(stand_in, monkeypatch):
    """A function that opens an account with Acme in it, and whose key is the environment's."""

    def _open(mode="test", customer="cus_acme"):
        made = StripeScene(fresh_account(stand_in, mode=mode))
        made.customer(customer, client="acme")
        made.subscription("sub_acme", customer)
        made.invoice("in_sep", customer, 200_000, period=MONTH)
        monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.account.restricted_key)
        monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.account.url)
        return made

    return _open


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A workspace beside which the commands run; afterwards everything must be provable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", checks=checks(api=120))
    yield laid_out
    assert laid_out.verify().faults == ()


def name_mode(books, mode):
    """What makegood.yaml says of billing from now on."""
    books.write("makegood.yaml", f"{MAKEGOOD}billing: {{kind: stripe, mode: {mode}}}\n")


def paid_on(books, mode):
    """September is released and paid on that side."""
    name_mode(books, mode)
    books.run()
    assert books.release().payments.done == 1


def recorded(books):
    """Every row and every byte, but for when the vendor was asked last."""
    tables, files = books.everything
    return {name: rows for name, rows in tables.items() if name != "pace"}, files


def refused(books, *arguments):
    """What a command says that refuses; not one row and not one byte has changed."""
    before = recorded(books)
    ended = makegood(*arguments, "--workspace", "books")
    assert (ended.code, recorded(books)) == (2, before), ended.err
    return ended.err


@NEEDS_PREFECT
@pytest.mark.parametrize(("paid", "named"), [("test", "live"), ("live", "test")])
def test_a_database_that_paid_on_one_side_refuses_the_other(
    books, opened, prefect_api, paid, named
):
    """Run, release and reconcile name both sides and the remedy."""
    opened(paid)
    paid_on(books, paid)
    other = opened(named)
    name_mode(books, named)
    for command in (RUN, RELEASE, ("reconcile",)):
        said = refused(books, *command)
        assert f"{R0}/p1 in this database is a payment of another account or side" in said
        assert f"prepared on the {paid} side, and the workspace names {named}" in said
        assert "Give this one a database of its own (database: in makegood.yaml" in said
    assert other.account.dump()["credit_note"] == []


def test_a_database_of_its_own_is_the_remedy(books, opened):
    """And nothing of the other side is in it."""
    opened("test")
    paid_on(books, "test")
    opened("live")
    name_mode(books, "live")
    books.write(
        "makegood.yaml",
        (books.folder / "makegood.yaml").read_text() + "database: sqlite:///live.db\n",
    )
    books.run()
    assert books.release().payments.done == 1


def test_a_key_of_another_account_is_refused_by_the_customer_that_is_not_there(books, opened):
    """The same side, and another account: its own id would need a permission of its own."""
    opened("test")
    paid_on(books, "test")
    opened("test", customer="cus_other")
    said = refused(books, *RELEASE)
    assert "its customer cus_acme is not in the account of this key" in said


def test_a_customer_that_was_deleted_is_still_of_this_account(books, opened):
    """Stripe keeps who it was."""
    scene = opened("test")
    paid_on(books, "test")
    scene.delete_customer("cus_acme")
    assert makegood(*RELEASE, "--workspace", "books").code == 0


def test_an_account_that_cannot_be_asked_is_asked_again_before_anything_is_paid(
    books, opened, monkeypatch
):
    """At the door it did not answer; then another account does, and is paid nothing in."""
    scene = opened("test")
    paid_on(books, "test")
    books.write("checks.csv", checks(api=500))
    books.run()
    other = opened("test", customer="cus_other")
    path = "/v1/customers/cus_acme"
    other.account.plan({"kind": "bad_gateway", "method": "GET", "path": path, "times": 5})
    hasty = {**(StripeBilling.__init__.__kwdefaults__ or {}), "sleep": lambda _seconds: None}
    monkeypatch.setattr(StripeBilling.__init__, "__kwdefaults__", hasty)
    ended = makegood(*RELEASE, "--workspace", "books")
    assert ended.code == 2
    assert "cus_acme is not in the account of this key" in ended.err
    for one in (scene, other):
        assert len(one.account.dump()["credit_note"]) == (1 if one is scene else 0)


def test_an_account_that_refuses_to_say_is_paid_nothing_in(books, opened):
    """One question that Stripe does not allow ends no run: what is owed waits, and is said."""
    scene = opened("test")
    paid_on(books, "test")
    books.write("checks.csv", checks(api=500))
    books.run()
    path = "/v1/customers/cus_acme"
    scene.account.plan({"kind": "refused", "method": "GET", "path": path, "times": 0})
    ended = makegood(*RELEASE, "--workspace", "books")
    assert ended.code == 3
    assert f"nobody can tell whether it is the account of {R0}/p1" in ended.out + ended.err
    assert len(scene.account.dump()["credit_note"]) == 1
    scene.account.plan()
    assert makegood(*RELEASE, "--workspace", "books").code == 0
    assert len(scene.account.dump()["credit_note"]) == 2
