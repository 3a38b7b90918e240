"""The journal: what every billing connector without invoices promises, its files, and the books."""

import csv
import io
import json
import os
from abc import abstractmethod
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.billing import Billing, BillingQuery, FoundState
from connectors.billing._books import COLUMNS, as_beancount, as_csv, opened_accounts
from connectors.billing.journal import BookFormat, JournalBilling, write_books
from connectors.errors import Misconfigured, OutcomeUnknown, Permanent
from models.contract import Payout
from models.intervals import Interval, instant
from models.journal import JournalEntry, JournalKind, Posting, of_months
from models.money import Currency, Money
from models.payment import Channel, Part
from models.period import ServiceMonth

EUR = Currency.of("EUR")
JUNE_3 = instant(datetime(2026, 6, 3, 9, tzinfo=UTC))
EVER = Interval(0, 10**15)
QUERY = BillingQuery("acme/api", "acme", "", "", Interval(0, 1), "EUR")


def a_part(minor: int = 10_000, **known) -> Part:
    """The first part of Acme's May."""
    usual = {
        "obligation": "acme/api/2026-05/r0",
        "number": 1,
        "channel": Channel.JOURNAL,
        "customer": "",
        "invoice": "",
        "amount": Money(minor, EUR),
        "payout": Payout.CUSTOMER_BALANCE,
    }
    return Part(**{**usual, **known})


class BookingConformance:
    """What every billing connector promises that books whole parts and knows no invoices."""

    @pytest.fixture
    @abstractmethod
    def billing(self) -> Billing:
        """An empty one, at 9:00 on 3 June 2026."""

    @pytest.fixture
    def prepare(self, billing):
        """Freezes a part with the usual words."""
        return lambda part: billing.prepare(part, memo="Service credit", metadata={"month": "5"})

    def test_it_declares_what_it_can(self, billing):
        """It can be asked, and never forgets a key."""
        assert not billing.knows_invoices
        assert billing.can_be_asked
        assert billing.at_once >= 1
        assert billing.forgets_keys_after_ms > 10 * 365 * 86_400_000

    def test_it_knows_neither_customers_nor_invoices(self, billing):
        """The picture is empty, so nothing is planned against it."""
        picture = billing.picture(QUERY)
        assert (picture.customers, picture.invoices) == ((), ())

    def test_looking_finds_what_paying_booked(self, billing, prepare):
        """Nothing before, one live part afterwards, all as asked."""
        intent = prepare(a_part())
        assert billing.look(intent) == ()
        paid = billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(intent)
        assert (found.id, found.key) == (paid.id, "acme/api/2026-05/r0/p1")
        assert (found.state, found.equal, found.differs) == (FoundState.LIVE, True, ())
        assert (str(found.amount), found.created_at) == ("100.00 EUR", JUNE_3)

    def test_paying_again_books_nothing_more_whatever_the_key(self, billing, prepare):
        """A rerun after a crash, and one after years."""
        intent = prepare(a_part())
        paid = [billing.pay(intent, idempotency_key=key).id for key in ("key-1", "key-1", "key-2")]
        assert paid == ["acme/api/2026-05/r0/p1"] * 3
        assert len(list(billing.credits(EVER))) == 1

    def test_another_amount_under_the_same_key_is_never_taken_for_paid(self, billing, prepare):
        """A person compares them."""
        billing.pay(prepare(a_part()), idempotency_key="key-1")
        other = prepare(a_part(9_900))
        with pytest.raises(OutcomeUnknown, match=r"its amount is 100\.00 EUR instead of 99\.00"):
            billing.pay(other, idempotency_key="key-1")
        (found,) = billing.look(other)
        assert (found.equal, str(found.amount)) == (False, "100.00 EUR")

    def test_other_words_are_told(self, billing, prepare):
        """The memo is what the client reads."""
        intent = prepare(a_part())
        billing.pay(intent, idempotency_key="key-1")
        (found,) = billing.look(replace(intent, memo="Sorry"))
        assert found.differs == ("its memo is Service credit instead of Sorry",)

    def test_a_part_that_takes_back_is_booked_with_its_sign(self, billing, prepare):
        """An adjustment may be negative."""
        billing.pay(prepare(a_part(-2_500)), idempotency_key="key-1")
        assert [str(found.amount) for found in billing.credits(EVER)] == ["-25.00 EUR"]

    def test_all_parts_of_an_obligation_are_found(self, billing, prepare):
        """With those of its month's other revisions, and none of another month's."""
        for number, revision in ((1, "05/r0"), (2, "05/r0"), (1, "05/r1"), (1, "06/r0")):
            part = a_part(number=number, obligation=f"acme/api/2026-{revision}")
            billing.pay(prepare(part), idempotency_key=part.key)
        found = billing.parts_of("acme/api/2026-05/r0", customer="")
        assert [each.key[-8:] for each in found] == ["05/r0/p1", "05/r0/p2", "05/r1/p1"]

    def test_credits_lists_what_was_booked_in_a_span(self, billing, prepare):
        """Half-open, as everything that has two ends."""
        billing.pay(prepare(a_part()), idempotency_key="key-1")
        assert [each.equal for each in billing.credits(Interval(JUNE_3, JUNE_3 + 1))] == [None]
        assert list(billing.credits(Interval(JUNE_3 - 1, JUNE_3))) == []

    @pytest.mark.parametrize("channel", [Channel.BALANCE, Channel.BY_HAND, Channel.CREDIT_NOTE])
    def test_a_part_of_another_channel_is_refused(self, billing, prepare, channel):
        """It was planned for another billing system, and booking it here would pay it twice."""
        with pytest.raises(Permanent, match="books only its own parts"):
            prepare(a_part(channel=channel))
        intent = prepare(a_part())
        with pytest.raises(Permanent, match="nothing was written"):
            billing.pay(replace(intent, part=a_part(channel=channel)), idempotency_key="key-1")
        assert list(billing.credits(EVER)) == []


class TestJournalBilling(BookingConformance):
    """The promise, kept with a folder of small files."""

    @pytest.fixture
    def folder(self, tmp_path):
        """Where the journal lies."""
        return tmp_path / "journal"

    @pytest.fixture
    def billing(self, folder):
        """A journal that was never written to."""
        return JournalBilling(folder, clock=lambda: JUNE_3)

    @pytest.fixture
    def booked(self, billing, folder, prepare):
        """The file of the first part."""
        paid = billing.pay(prepare(a_part()), idempotency_key="key-1")
        return folder / paid.facts["file"]

    def test_a_parts_file_is_named_after_its_key(self, booked, folder):
        """So that a person finds it, and two parts never share one."""
        assert booked.relative_to(folder).as_posix() == "parts/acme/api/2026-05/r0/p1.json"
        assert json.loads(booked.read_text())["intent"]["part"]["amount_minor"] == 10_000

    def test_paying_again_touches_no_byte(self, billing, booked, prepare):
        """Neither content nor time of change."""
        before = booked.read_bytes(), booked.stat().st_mtime_ns
        billing.pay(prepare(a_part()), idempotency_key="key-2")
        assert (booked.read_bytes(), booked.stat().st_mtime_ns) == before

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"intent": {"part": {}}}', "\x00\xff"])
    def test_a_damaged_file_is_neither_paid_nor_unpaid(self, billing, booked, prepare, text):
        """It says where it is; a person restores it."""
        booked.write_bytes(text.encode("latin-1"))
        with pytest.raises(Permanent, match=r"r0/p1\.json: cannot be read"):
            billing.look(prepare(a_part()))
        with pytest.raises(OutcomeUnknown, match="Restore it from a copy"):
            billing.pay(prepare(a_part()), idempotency_key="key-1")

    def test_a_changed_file_is_told(self, billing, booked, prepare):
        """Somebody wrote another amount into it."""
        booked.write_text(booked.read_text().replace("10000", "99999"))
        (found,) = billing.look(prepare(a_part()))
        assert (found.equal, str(found.amount)) == (False, "999.99 EUR")

    @pytest.mark.parametrize("contract", ["../api", "acme/../..", "/etc/x", "acme"])
    def test_a_key_never_leaves_the_folder(self, billing, contract):
        """Ids come from files that people write."""
        part = a_part(obligation=contract if contract == "acme" else f"{contract}/2026-05/r0")
        part = replace(part, obligation="..") if contract == "acme" else part
        intent = billing.prepare(part, memo="", metadata={})
        with pytest.raises(Permanent, match="is no part's key"):
            billing.pay(intent, idempotency_key="key-1")

    def test_a_folder_that_cannot_be_written_is_found_out_before(self, tmp_path):
        """A file in its place; nothing is written while checking."""
        (tmp_path / "journal").write_text("mine")
        with pytest.raises(Misconfigured, match="is a file"):
            JournalBilling(tmp_path / "journal").check()
        JournalBilling(tmp_path / "other").check()
        assert [path.name for path in tmp_path.iterdir()] == ["journal"]


# --- The books ------------------------------------------------------------------------------------

JUNE, JULY = ServiceMonth.parse("2026-06"), ServiceMonth.parse("2026-07")


def entry(
    minor: int = 10_000, on: date = date(2026, 6, 3), *, key: str = "acme/api/2026-05/r0", **known
) -> JournalEntry:
    """A released credit."""
    currency = Currency.of(known.pop("currency", "EUR"))
    debit, credit = "Income:SLA-Credits:Api", "Liabilities:SLA-Credits-Payable:Acme"
    postings = (Posting(debit, Money(minor, currency)), Posting(credit, Money(-minor, currency)))
    usual = {
        "id": key,
        "on": on,
        "kind": JournalKind.CREDIT,
        "obligation": key,
        "client": "acme",
        "service": "api",
        "says": "SLA credit released for 2026-05",
        "postings": postings,
    }
    return JournalEntry(**{**usual, **known})


ACCOUNTS = [posting.account for posting in entry().postings]


def read_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV book."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_beancount(folder: Path) -> list[Transaction]:
    """The transactions of the books, as the real program loads them; it must find no error."""
    entries, errors, _ = loader.load_file(str(folder / "books" / "makegood.beancount"))
    assert errors == []
    assert {type(one) for one in entries} <= {Open, Transaction}
    return [one for one in entries if isinstance(one, Transaction)]


def amounts(transaction: Transaction) -> list[str]:
    """What beancount read of each posting, to the last place."""
    return [f"{p.units.number:f} {p.units.currency}" for p in transaction.postings if p.units]


def test_a_csv_book_has_a_line_for_each_posting():
    """Amounts stand under Debit or Credit, never negative, with the currency's places."""
    rows = read_csv(as_csv([entry(), entry(-2_500, currency="KWD")]))
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["Debit"], row["Credit"], row["Currency"]) for row in rows] == [
        ("100.00", "", "EUR"),
        ("", "100.00", "EUR"),
        ("", "2.500", "KWD"),
        ("2.500", "", "KWD"),
    ]
    assert {row["Entry"] for row in rows} == {"acme/api/2026-05/r0"}


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "a;=1+1", "\uff1d1"])
def test_no_cell_of_a_csv_book_becomes_a_formula(text):
    """A vendor's id or a firm's word may begin with anything."""
    (row, _) = read_csv(as_csv([entry(says=text)]))
    assert row["Text"] == {"a;=1+1": "a;'=1+1", "\t=1": "'=1"}.get(text, f"'{text}")


def test_the_books_are_beancounts(tmp_path):
    """The real program reads them: no error, each entry with its id, its link and its sums."""
    entries = [
        entry(says='a "quoted" \\ back\\slash\nand a line'),
        entry(1, key="acme/api/2026-05/r1", currency="JPY"),
        entry(-1_234, date(2026, 7, 1), key="a.b_c-d/api/2026-05/r0", currency="KWD"),
    ]
    books = of_months(entries, None, None)
    write_books(tmp_path, books, accounts=ACCOUNTS, form=BookFormat.BEANCOUNT)
    loaded = read_beancount(tmp_path)
    by_id = {one.meta["entry"]: one for one in loaded}
    assert set(by_id) == {each.id for each in entries}
    first = by_id["acme/api/2026-05/r0"]
    assert (first.payee, first.narration) == ("acme", 'a "quoted" \\ back\\slash and a line')
    assert (first.date, first.links) == (date(2026, 6, 3), frozenset({"acme/api/2026-05/r0"}))
    assert amounts(first) == ["100.00 EUR", "-100.00 EUR"]
    assert amounts(by_id["a.b_c-d/api/2026-05/r0"]) == ["-1.234 KWD", "1.234 KWD"]


def test_beancount_sees_a_book_that_was_tampered_with(tmp_path):
    """The check above can fail: a cent more on one side does not balance."""
    write_books(tmp_path, {JUNE: [entry()]}, accounts=ACCOUNTS, form=BookFormat.BEANCOUNT)
    path = tmp_path / "books" / "2026-06.beancount"
    path.write_text(path.read_text().replace("  100.00 EUR", "  100.01 EUR"))
    _, errors, _ = loader.load_file(str(tmp_path / "books" / "makegood.beancount"))
    assert ["does not balance" in error.message for error in errors] == [True]


@settings(max_examples=25, deadline=None)
@given(
    says=st.text(max_size=60),
    minor=st.integers(-(10**15), 10**15).filter(bool),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX"]),
)
def test_any_words_and_amounts_survive_beancount(says, minor, currency):
    """Exactly, to the last unit."""
    wanted = entry(minor, says=says, currency=currency)
    text = opened_accounts(ACCOUNTS) + as_beancount([wanted])
    entries, errors, _ = loader.load_string(text.decode())
    assert errors == []
    (found,) = (one for one in entries if isinstance(one, Transaction))
    assert amounts(found) == [str(posting.amount) for posting in wanted.postings]


@pytest.mark.parametrize("form", list(BookFormat))
def test_writing_the_same_books_again_touches_no_file(tmp_path, form):
    """So a tool that watches the folder sees only news."""
    books = {JUNE: [entry()], JULY: []}
    first = write_books(tmp_path, books, accounts=ACCOUNTS, form=form)
    assert all(book.changed for book in first)
    assert {book.path.name for book in first if book.month} == {f"2026-06.{form.value}"}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "books").iterdir()}
    again = write_books(tmp_path, books, accounts=ACCOUNTS, form=form)
    assert not any(book.changed for book in again)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "books").iterdir()} == before


def test_a_month_whose_entries_are_gone_is_emptied(tmp_path):
    """A book never says what the store no longer does; months that are not given stay."""
    june, july = entry(), entry(on=date(2026, 7, 1))
    write_books(tmp_path, {JUNE: [june], JULY: [july]}, accounts=ACCOUNTS, form=BookFormat.CSV)
    write_books(tmp_path, {JUNE: []}, accounts=ACCOUNTS, form=BookFormat.CSV)
    rows = {
        path.name: len(read_csv(path.read_bytes())) for path in (tmp_path / "books").glob("*.csv")
    }
    assert rows == {"2026-06.csv": 0, "2026-07.csv": 2}


def test_books_that_cannot_be_written_are_a_clear_refusal(tmp_path):
    """A folder stands where a file should."""
    (tmp_path / "books" / "2026-06.csv").mkdir(parents=True)
    (tmp_path / "books" / "2026-06.csv" / "mine").touch()
    with pytest.raises(Misconfigured, match="books: Is a directory"):
        write_books(tmp_path, {JUNE: [entry()]}, accounts=ACCOUNTS, form=BookFormat.CSV)


def test_a_reader_sees_the_old_book_or_the_new(tmp_path):
    """The file is replaced, so that whoever has it open still reads the old one to its end."""
    write_books(tmp_path, {JUNE: [entry()]}, accounts=ACCOUNTS, form=BookFormat.CSV)
    path = tmp_path / "books" / "2026-06.csv"
    with path.open("rb") as reader:
        old = os.fstat(reader.fileno()).st_ino
        write_books(tmp_path, {JUNE: [entry(5)]}, accounts=ACCOUNTS, form=BookFormat.CSV)
        assert len(read_csv(reader.read())) == 2
        assert path.stat().st_ino != old
