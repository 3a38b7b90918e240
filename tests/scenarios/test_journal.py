"""The books of a month, from the command line: what is accrued, released, paid, claimed, and when.

September 2025: 120 of 43,200 minutes down are 99.72 %, so 10 %: 200.00 EUR of Acme's 2,000.00; 500
minutes are 98.84 %, so 25 %: 500.00 EUR. The hosting vendor owes 50.00 USD of 500.00.
"""

import csv
import json
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction
from jsonschema import Draft202012Validator

from connectors.billing.journal import JournalBilling
from deployments.cli.schemas import schema_path
from flows.binding import PAYMENT
from flows.office import open_office
from models.effect import EffectState
from models.intervals import Interval, utc
from models.period import zone
from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, VENDOR, Books, checks, maintenance

R0, R1 = "acme/api/2025-09/r0", "acme/api/2025-09/r1"
REVENUE, PAYABLE = "Income:SLA-Credits:Api", "Liabilities:SLA-Credits-Payable:Acme"
ACCRUED = "Liabilities:SLA-Credits-Accrued:Acme"
EVER = Interval(0, 10**15)


def drafted(lay_out, *contracts, **known) -> Books:
    """A workspace whose month has run."""
    books: Books = lay_out(*contracts or (ACME,), checks=checks(api=120, hosting=120), **known)
    books.run()
    return books


def journal(books: Books, *options: str):
    """Write the books; the command's answer must be as published."""
    ended = makegood("journal", "--workspace", books.folder, "--json", *options)
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    Draft202012Validator(json.loads(schema_path("journal").read_text())).validate(document)
    return document


def rows(books: Books, month: str) -> list[tuple[str, str, str, str]]:
    """A month's book: each posting as date, entry, account and amount, debits positive."""
    path = books.folder / "journal" / "books" / f"{month}.csv"
    with path.open(encoding="utf-8-sig", newline="") as book:
        return [
            (row["Date"], row["Entry"], row["Account"], row["Debit"] or f"-{row['Credit']}")
            for row in csv.DictReader(book)
        ]


def left(document) -> dict[str, str]:
    """What is left on each account."""
    return {each["account"]: each["amount"] for each in document["balances"]}


def loaded(books: Books) -> list[Transaction]:
    """The transactions of everything that was written, as beancount reads them."""
    main = books.folder / "journal" / "books" / "makegood.beancount"
    entries, errors, _ = loader.load_file(str(main))
    assert errors == []
    return [entry for entry in entries if isinstance(entry, Transaction)]


def recorded_on(books: Books, kind: str) -> str:
    """The day on which the log first says so, in UTC."""
    store = books.store()
    found = next(e for e in store.entries(contract="acme/api") if e.kind.value == kind)
    store.close()
    return found.recorded_at.astimezone(zone("UTC")).date().isoformat()


def test_a_draft_is_accrued_and_a_release_makes_it_payable(lay_out):
    """At September's end and on October 2; the accrual is gone by then."""
    books = drafted(lay_out)
    assert left(journal(books)) == {REVENUE: "200.00", ACCRUED: "-200.00"}
    books.release()
    document = journal(books)
    assert left(document) == {REVENUE: "200.00", ACCRUED: "0.00", PAYABLE: "-200.00"}
    assert rows(books, "2025-09") == [
        ("2025-09-30", f"{R0}/accrual", REVENUE, "200.00"),
        ("2025-09-30", f"{R0}/accrual", ACCRUED, "-200.00"),
    ]
    assert rows(books, "2025-10") == [
        ("2025-10-02", R0, REVENUE, "200.00"),
        ("2025-10-02", R0, PAYABLE, "-200.00"),
        ("2025-10-02", f"{R0}/reversal", ACCRUED, "200.00"),
        ("2025-10-02", f"{R0}/reversal", REVENUE, "-200.00"),
    ]


def test_a_revision_is_booked_on_the_day_on_which_the_log_has_it(lay_out):
    """The evidence changes: 200.00 are reversed, 500.00 accrued, and no earlier entry moves."""
    books = drafted(lay_out)
    journal(books)
    before = rows(books, "2025-09")
    books.write("checks.csv", checks(api=500))
    books.run()
    document = journal(books)
    assert left(document) == {REVENUE: "500.00", ACCRUED: "-500.00"}
    assert rows(books, "2025-09") == before
    day = recorded_on(books, "superseded")
    assert [line[:2] for line in rows(books, day[:7])] == [
        (day, f"{R0}/reversal"),
        (day, f"{R0}/reversal"),
        (day, f"{R1}/accrual"),
        (day, f"{R1}/accrual"),
    ]


def test_an_adjustment_is_one_more_entry(lay_out):
    """200.00 were released; then all of it turns out to be excused: 200.00 are taken back."""
    books = drafted(lay_out)
    books.release()
    books.write("exclusions/all.yaml", maintenance(120))
    books.run()
    assert left(journal(books)) == {REVENUE: "0.00", ACCRUED: "200.00", PAYABLE: "-200.00"}
    books.release()
    assert left(journal(books)) == {REVENUE: "0.00", ACCRUED: "0.00", PAYABLE: "0.00"}


def test_everything_is_valid_beancount(lay_out):
    """Two currencies, three contracts, all of it read by the real program."""
    books = drafted(lay_out, ACME, BLUEFIN, VENDOR)
    books.release()
    approve(books, "cloudways/hosting/2025-09/r0", "Approved")
    document = journal(books, "--format", "beancount")
    found = loaded(books)
    assert document["entries"] == len(found) == 7
    assert {entry.meta["entry"] for entry in found} >= {R0, "bluefin/api/2025-09/r0"}
    assert {p.units.currency for entry in found for p in entry.postings if p.units} == {
        "EUR",
        "USD",
    }


def test_writing_again_changes_nothing(lay_out):
    """Neither files nor anything that is recorded."""
    books = drafted(lay_out, ACME, VENDOR)
    books.release()
    approve(books, "cloudways/hosting/2025-09/r0", "Approved")
    for form in ("csv", "beancount"):
        assert any(each["changed"] for each in journal(books, "--format", form)["files"])
        before = books.everything
        again = journal(books, "--format", form)
        assert not any(each["changed"] for each in again["files"])
        assert books.everything == before


def test_months_that_are_not_asked_for_are_not_written(lay_out):
    """October alone holds the release."""
    books = drafted(lay_out)
    books.release()
    document = journal(books, "--from", "2025-10", "--to", "2025-10")
    assert [Path(each["file"]).name for each in document["files"]] == ["2025-10.csv"]
    assert left(document) == {REVENUE: "0.00", ACCRUED: "200.00", PAYABLE: "-200.00"}


def test_accounts_and_folder_are_the_firms(lay_out):
    """As makegood.yaml names them."""
    terms = "journal: {folder: ../ledger, accounts: {payable: 'Liabilities:2200'}}\n"
    books = drafted(lay_out, makegood=MAKEGOOD + terms)
    books.release()
    document = journal(books)
    assert left(document)["Liabilities:2200"] == "-200.00"
    assert Path(document["files"][0]["file"]).resolve().parent == (
        books.folder.parent / "ledger" / "books"
    )


def test_an_account_that_no_program_would_take_is_found_by_checking(tmp_path):
    """With its place in makegood.yaml."""
    books = Books.laid_out(
        tmp_path, makegood=MAKEGOOD + "journal:\n  accounts:\n    payable: credits\n"
    )
    ended = makegood("check", "--workspace", books.folder)
    assert ended.code == 2
    assert "makegood.yaml:7" in ended.out
    assert "journal.accounts.payable" in ended.out
    assert "Income:SLA-Credits:{service}" in ended.out


def test_nothing_to_book_writes_nothing(lay_out):
    """A workspace that never ran."""
    books = lay_out(ACME)
    assert journal(books) == {"format": "csv", "files": [], "entries": 0, "balances": []}


# --- Claims ---------------------------------------------------------------------------------------


def approve(books: Books, key: str, status: str) -> None:
    """A person writes a claim's state into the ledger."""
    path = books.folder / "ledger.csv"
    with path.open(encoding="utf-8-sig", newline="") as ledger:
        reader = csv.DictReader(ledger)
        changed = [row | ({"Status": status} if row["Key"] == key else {}) for row in reader]
    with path.open("w", encoding="utf-8-sig", newline="") as ledger:
        writer = csv.DictWriter(ledger, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(changed)


def test_a_claim_is_booked_from_the_day_on_which_it_is_seen_approved(lay_out):
    """Not before; once more when it is withdrawn; and the days are kept in the log."""
    claim = "cloudways/hosting/2025-09/r0"
    receivable = "Assets:SLA-Credits-Receivable:Cloudways"
    books = drafted(lay_out, VENDOR)
    assert journal(books)["entries"] == 0
    approve(books, claim, "Filed")
    assert journal(books)["entries"] == 0
    approve(books, claim, "Approved")
    assert left(journal(books))[receivable] == "50.00"
    approve(books, claim, "Denied")
    assert left(journal(books))[receivable] == "0.00"
    approve(books, claim, "Approved")
    assert left(journal(books))[receivable] == "50.00"
    with open_office(books.folder, read_only=True) as office:
        effects = office.store.effects(states=[EffectState.DONE], period="2025-09")
    kept = {e.key: utc(e.done_at or 0).date() for e in effects if e.plan.kind == "claim_approval"}
    assert list(kept) == [f"{claim}/approval{number}" for number in range(3)]
    assert {line[0] for line in rows(books, str(kept[f"{claim}/approval0"])[:7])} == {
        str(day) for day in kept.values()
    }


def test_a_claim_is_booked_with_the_amount_that_the_vendor_agreed_to(lay_out):
    """40.00 of 50.00, told by command; then 45.00: withdrawn, and booked anew."""
    claim = "cloudways/hosting/2025-09"
    receivable = "Assets:SLA-Credits-Receivable:Cloudways"
    books = drafted(lay_out, VENDOR)
    for amount in ("40", "45"):
        for told in (("file",), ("approve", "--amount", amount)):
            command, *options = told
            ended = makegood("claims", command, claim, *options, "--workspace", str(books.folder))
            assert ended.code == 0, ended.err
        assert left(journal(books))[receivable] == f"{amount}.00"
    assert left(journal(books))[receivable] == "45.00"


# --- Paying by journal ----------------------------------------------------------------------------


def test_a_release_without_a_billing_vendor_is_booked_in_the_journal(lay_out):
    """One file for the part, which is paid by that; reconciling finds everything in its place."""
    books = drafted(lay_out, ACME, VENDOR)
    books.release()
    assert [found.key for found in JournalBilling(books.folder / "journal").credits(EVER)] == [
        f"{R0}/p1"
    ]
    store = books.store()
    (effect,) = store.effects(keys=list(store.effect_keys(kinds=[PAYMENT])))
    store.close()
    assert effect.state is EffectState.DONE
    ended = makegood("reconcile", "--workspace", books.folder)
    assert ended.code == 0, ended.out
    assert ended.out.startswith("journal, 2025-09 to 2025-09: 2 credits with 1 part, 1 of ")


@pytest.mark.parametrize(
    ("tampered", "kind"),
    [(None, "missing_at_vendor"), ('"total_minor":20001', "amount")],
)
def test_a_part_that_was_tampered_with_is_a_difference(lay_out, tampered, kind):
    """The file is gone, or says another amount."""
    books = drafted(lay_out)
    books.release()
    path = books.folder / "journal" / "parts" / f"{R0}/p1.json"
    if tampered:
        path.write_text(path.read_text().replace('"total_minor":20000', tampered))
    else:
        path.unlink()
    ended = makegood("reconcile", "--workspace", books.folder, "--json")
    assert (ended.code, [each["kind"] for each in ended.document["differences"]]) == (1, [kind])


def test_a_damaged_part_stops_reconciling(lay_out):
    """Whatever it said is not known, so nothing is concluded."""
    books = drafted(lay_out)
    books.release()
    (books.folder / "journal" / "parts" / f"{R0}/p1.json").write_text("")
    ended = makegood("reconcile", "--workspace", books.folder)
    assert ended.code == 3
    assert "p1.json: cannot be read" in ended.err


def test_releasing_again_books_nothing_more(lay_out):
    """However often, and whatever ran before."""
    books = drafted(lay_out)
    books.release()
    before = books.everything
    books.release()
    books.run()
    assert books.everything == before
