"""What every ledger promises; each connector's test class inherits this suite."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import date

import pytest

from connectors.ledger import Ledger, LedgerChange
from models.ledger import COLUMNS, LedgerRow, LedgerStatus
from models.money import Currency, Money

EUR = Currency.of("EUR")


def row(key: str = "acme/api/2026-05/r0", **fields) -> LedgerRow:
    """A credit of 10 % of 1,000.00 EUR, with whatever a test cares about changed."""
    _, _, period, revision = key.split("/")
    usual = {
        "key": key,
        "client": "Acme",
        "service": "API",
        "month": date.fromisoformat(f"{period}-01"),
        "uptime_percent": "99.811827",
        "credit_percent": "10",
        "billable_amount": Money(100_000, EUR),
        "credit_amount": Money(10_000, EUR),
        "claim_by": date(2026, 6, 30),
        "claim_channel": "portal",
        "revision": int(revision[1:]),
        "evidence": ("https://status.example.com/1", "https://status.example.com/2"),
        "notes": "Two outages.",
    }
    return LedgerRow(**{**usual, **fields})


class LedgerConformance:
    """Rows go in once, come up to date in place, and leave a person's work alone."""

    @pytest.fixture
    @abstractmethod
    def ledger(self) -> Ledger:
        """An empty ledger."""

    @pytest.fixture
    @abstractmethod
    def person_writes(self) -> Callable[[str, str, str], None]:
        """A person's edit, outside of Makegood: key, column (new or known), cell."""

    def test_a_new_row_is_added_with_every_column(self, ledger):
        """Each column shows the row's text form."""
        assert ledger.upsert([row()]) == LedgerChange(added=("acme/api/2026-05/r0",))
        shown = {
            key: {column: cells[column] for column in COLUMNS}
            for key, cells in ledger.read().items()
        }
        assert shown == {
            "acme/api/2026-05/r0": {
                "Client": "Acme",
                "Service": "API",
                "Month": "2026-05-01",
                "Uptime %": "99.811827",
                "Credit %": "10",
                "Credit Days": "",
                "Billable Amount": "1000.00",
                "Credit Amount": "100.00",
                "Currency": "EUR",
                "Claim By": "2026-06-30",
                "Claim Channel": "portal",
                "Status": "To Review",
                "Evidence URLs": "https://status.example.com/1 https://status.example.com/2",
                "Notes": "Two outages.",
                "Key": "acme/api/2026-05/r0",
                "Revision": "0",
                "Posted": "",
            }
        }

    def test_the_same_rows_again_change_nothing(self, ledger):
        """A rerun of a month is harmless."""
        rows = [row(), row("acme/web/2026-05/r0")]
        ledger.upsert(rows)
        before = {key: dict(cells) for key, cells in ledger.read().items()}
        change = ledger.upsert(rows)
        assert change == LedgerChange(unchanged=("acme/api/2026-05/r0", "acme/web/2026-05/r0"))
        assert ledger.read() == before

    def test_a_changed_row_is_brought_up_to_date_in_place(self, ledger):
        """One key has one row, whatever it said before."""
        ledger.upsert([row()])
        change = ledger.upsert([row(credit_amount=Money(0, EUR), notes="Superseded by r1.")])
        assert change == LedgerChange(updated=("acme/api/2026-05/r0",))
        (cells,) = ledger.read().values()
        assert (cells["Credit Amount"], cells["Notes"]) == ("0.00", "Superseded by r1.")

    def test_rows_of_other_months_and_contracts_stay(self, ledger):
        """An upsert speaks about its own keys alone."""
        ledger.upsert([row("acme/api/2026-04/r0"), row("zeta/api/2026-05/r0")])
        change = ledger.upsert([row("acme/api/2026-05/r0")])
        assert change.added == ("acme/api/2026-05/r0",)
        assert set(ledger.read()) == {
            "acme/api/2026-04/r0",
            "acme/api/2026-05/r0",
            "zeta/api/2026-05/r0",
        }

    def test_a_revision_is_a_row_of_its_own(self, ledger):
        """The superseded draft stays visible beside the one that replaced it."""
        ledger.upsert([row("acme/api/2026-05/r0")])
        ledger.upsert([row("acme/api/2026-05/r1")])
        assert len(ledger.read()) == 2

    def test_our_own_status_moves_while_it_is_to_review(self, ledger):
        """A released draft becomes Approved."""
        ledger.upsert([row(status=LedgerStatus.TO_REVIEW)])
        ledger.upsert([row(status=LedgerStatus.APPROVED)])
        (cells,) = ledger.read().values()
        assert cells["Status"] == "Approved"

    @pytest.mark.parametrize("status", ["Filed", "Denied", "asked Maria"])
    def test_a_persons_status_is_never_overwritten(self, ledger, person_writes, status):
        """Not even when the row's other cells change; any word of theirs stands."""
        ledger.upsert([row()])
        person_writes("acme/api/2026-05/r0", "Status", status)
        ledger.upsert([row(notes="Measured again.", status=LedgerStatus.APPROVED)])
        (cells,) = ledger.read().values()
        assert (cells["Status"], cells["Notes"]) == (status, "Measured again.")

    def test_a_status_emptied_by_a_person_is_filled_again(self, ledger, person_writes):
        """An empty cell says nothing that could be kept."""
        ledger.upsert([row()])
        person_writes("acme/api/2026-05/r0", "Status", "")
        ledger.upsert([row()])
        (cells,) = ledger.read().values()
        assert cells["Status"] == "To Review"

    def test_a_persons_own_column_is_kept(self, ledger, person_writes):
        """Their remarks survive every rewrite."""
        ledger.upsert([row()])
        person_writes("acme/api/2026-05/r0", "Your Notes", "called on Monday; =SUM(1)")
        ledger.upsert([row(notes="Measured again."), row("acme/api/2026-06/r0")])
        cells = ledger.read()["acme/api/2026-05/r0"]
        assert cells["Your Notes"] == "called on Monday; =SUM(1)"

    def test_an_amount_changed_by_a_person_is_put_right(self, ledger, person_writes):
        """The ledger mirrors the decision; another amount needs another decision."""
        ledger.upsert([row()])
        person_writes("acme/api/2026-05/r0", "Credit Amount", "900.00")
        assert ledger.upsert([row()]).updated == ("acme/api/2026-05/r0",)
        (cells,) = ledger.read().values()
        assert cells["Credit Amount"] == "100.00"

    def test_what_was_posted_is_shown(self, ledger):
        """When, how much, and how."""
        ledger.upsert([row()])
        ledger.upsert([row(posted="2026-06-03: 100.00 EUR, credit note cn_1")])
        (cells,) = ledger.read().values()
        assert cells["Posted"] == "2026-06-03: 100.00 EUR, credit note cn_1"

    def test_a_withheld_month_shows_empty_cells(self, ledger):
        """Neither 0 nor 100: nothing is known."""
        ledger.upsert([row(uptime_percent=None, credit_percent=None, credit_amount=None)])
        (cells,) = ledger.read().values()
        assert [cells[c] for c in ("Uptime %", "Credit %", "Credit Amount")] == ["", "", ""]

    @pytest.mark.parametrize(
        "name",
        [
            '=HYPERLINK("https://evil.example";"x")',
            "+1",
            "-1",
            "@SUM(A1)",
            "a;=1+1",
            "'=1",
            "''@",
            'Müller & Söhne, "the" firm; \'tis',
            "日本",
        ],
    )
    def test_every_name_is_read_back_as_it_was_given(self, ledger, name):
        """Whatever guards a cell is not part of the name, and a second write is stable."""
        ledger.upsert([row(client=name)])
        (cells,) = ledger.read().values()
        assert cells["Client"] == name
        assert ledger.upsert([row(client=name)]).unchanged

    def test_no_rows_change_nothing(self, ledger):
        """A month without credits leaves the ledger as it is."""
        assert ledger.upsert([]) == LedgerChange()
        assert ledger.read() == {}

    def test_a_key_given_twice_is_refused_before_anything_is_written(self, ledger):
        """Two rows under one key would make the second overwrite the first."""
        with pytest.raises(ValueError, match="acme/api/2026-05/r0"):
            ledger.upsert([row("acme/web/2026-05/r0"), row(), row(notes="another")])
        assert ledger.read() == {}

    def test_a_sound_ledger_passes_the_check(self, ledger):
        """Before and after the first write."""
        ledger.check()
        ledger.upsert([row()])
        ledger.check()
        assert set(next(iter(ledger.read().values()))) >= set(COLUMNS)
