"""The CSV ledger: a file that people open, edit, save from a spreadsheet, and sometimes break."""

import csv
import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import files
from connectors.errors import Misconfigured, Retriable
from connectors.ledger.csv_file import CsvLedger
from models.cells import guarded, unguarded
from models.findings import UnusableInputError
from models.ledger import ADDED_LATER, COLUMNS
from models.money import Money
from tests.connectors.ledger.conformance import EUR, LedgerConformance, row
from tests.house.project import ROOT

HEADER = ",".join(COLUMNS)


@pytest.fixture
def path(tmp_path) -> Path:
    """Where the ledger is."""
    return Path(tmp_path) / "ledger.csv"


@pytest.fixture
def ledger(path) -> CsvLedger:
    """A ledger whose file is not there yet."""
    return CsvLedger(path)


def table(path: Path) -> list[list[str]]:
    """The raw cells, as any other program reads them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def save(path: Path, rows: list[list[str]]) -> None:
    """Write the file as a spreadsheet does."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def findings(ledger: CsvLedger) -> list[str]:
    """What an upsert refuses, having left the file as it was."""
    before = ledger.path.read_bytes()
    with pytest.raises(UnusableInputError) as refused:
        ledger.upsert([row()])
    assert ledger.path.read_bytes() == before
    with pytest.raises(UnusableInputError):
        ledger.check()
    return [str(finding) for finding in refused.value.findings]


class TestCsvLedger(LedgerConformance):
    """The promise of every ledger, kept by a file."""

    @pytest.fixture
    def ledger(self, path):
        """A ledger whose file is not there yet."""
        return CsvLedger(path)

    @pytest.fixture
    def person_writes(self, path):
        """Open the file, change one cell (adding its column if need be), save."""

        def write(key, column, cell):
            header, *rows = table(path)
            if column not in header:
                header.insert(3, column)
                rows = [[*cells[:3], "", *cells[3:]] for cells in rows]
            for cells in rows:
                if cells[header.index("Key")] == key:
                    cells[header.index(column)] = cell
            save(path, [header, *rows])

        return write


def test_the_file_is_utf_8_with_the_mark_that_excel_needs(ledger, path):
    """Without the mark Excel shows MÃ¼ller, and saves that."""
    ledger.upsert([row(client="Müller")])
    assert path.read_bytes().startswith(b"\xef\xbb\xbfClient,Service,Month,")
    assert "Müller,".encode() in path.read_bytes()


def test_a_rewrite_without_change_does_not_touch_the_file(ledger, path):
    """Same bytes, same time of change, same inode."""
    ledger.upsert([row(), row("acme/web/2026-05/r0")])
    before = path.read_bytes(), path.stat()
    ledger.upsert([row("acme/web/2026-05/r0"), row()])
    after = path.read_bytes(), path.stat()
    assert after[0] == before[0]
    assert after[1].st_mtime_ns == before[1].st_mtime_ns
    assert after[1].st_ino == before[1].st_ino


def test_rows_stand_by_month_then_contract_then_revision(ledger, path):
    """Revision 10 follows revision 2, and the newest month is at the end."""
    keys = ["b/x/2026-05/r10", "b/x/2026-05/r2", "a/x/2026-05/r0", "z/x/2025-12/r0"]
    ledger.upsert([row(key) for key in keys])
    place = COLUMNS.index("Key")
    assert [cells[place] for cells in table(path)[1:]] == [
        "z/x/2025-12/r0",
        "a/x/2026-05/r0",
        "b/x/2026-05/r2",
        "b/x/2026-05/r10",
    ]


def test_a_persons_own_rows_are_kept_at_the_end(ledger, path):
    """A row without a key is theirs, such as a total; blank lines go."""
    ledger.upsert([row()])
    total = ["Total", *[""] * (len(COLUMNS) - 2), "=SUM(H2:H9)"]
    save(path, [table(path)[0], total, [], *table(path)[1:]])
    ledger.upsert([row("acme/web/2026-05/r0")])
    assert table(path)[-1] == total
    assert len(table(path)) == 4


def test_columns_that_a_person_has_moved_are_found_by_name(ledger, path):
    """The order of the columns is theirs."""
    ledger.upsert([row()])
    save(path, [list(reversed(cells)) for cells in table(path)])
    assert ledger.upsert([row()]).unchanged
    ledger.upsert([row(notes="Measured again.")])
    assert table(path)[0] == list(reversed(COLUMNS))
    assert ledger.read()["acme/api/2026-05/r0"]["Notes"] == "Measured again."


def test_cells_that_a_spreadsheet_reformatted_are_put_right(ledger, path):
    """Excel turns 1000.00 into 1000 and dates into its own; the next upsert mends our row."""
    ledger.upsert([row()])
    content = path.read_text("utf-8-sig").replace("1000.00", "1000").replace("2026-05-01", "5/1/26")
    path.write_text(content, "utf-8")
    assert ledger.upsert([row()]).updated == ("acme/api/2026-05/r0",)
    cells = ledger.read()["acme/api/2026-05/r0"]
    assert (cells["Billable Amount"], cells["Month"]) == ("1000.00", "2026-05-01")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "x;=1+1", "\uff1d1+1"])
def test_no_text_cell_of_ours_starts_a_formula(ledger, path, text):
    """In every column of words, before any spreadsheet sees it."""
    ledger.upsert(
        [row(client=text, service=text, claim_channel=text, notes=text, evidence=(text,))]
    )
    guard = f"'{text}" if ";" not in text else "x;'=1+1"
    cells = dict(zip(*table(path), strict=True))
    columns = ("Client", "Service", "Claim Channel", "Notes", "Evidence URLs")
    assert {cells[column] for column in columns} == {guard}


def test_a_negative_amount_stays_a_number(ledger, path):
    """An adjustment of -12.00 is added up by the spreadsheet, not shown as text."""
    ledger.upsert([row(credit_amount=Money(-1_200, EUR))])
    assert dict(zip(*table(path), strict=True))["Credit Amount"] == "-12.00"


def test_an_apostrophe_that_a_person_took_away_comes_back(ledger, path):
    """A live formula is not left in a cell of ours."""
    ledger.upsert([row(client="=1+1")])
    path.write_text(path.read_text("utf-8-sig").replace("'=1+1", "=1+1"), "utf-8")
    assert ledger.upsert([row(client="=1+1")]).updated


@given(st.text(alphabet="=+-@;'\t\r\nab\uff1d", max_size=8))
def test_guarding_can_always_be_undone(text):
    """Apostrophes that were there before stay apart from the one that guards."""
    assert unguarded(guarded(text)) == text


@given(st.text(alphabet="=+-@;'\t\r\nab\uff1d", max_size=8))
def test_nothing_guarded_starts_a_formula(text):
    """Neither the cell nor any part of it after a semicolon."""
    assert not any(part[:1] in set("=+-@\t\r\n\uff1d") for part in guarded(text).split(";") if part)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_an_empty_file_becomes_a_ledger(ledger, path, content):
    """A file that somebody only created holds nothing that could be lost."""
    path.write_bytes(content)
    assert ledger.upsert([row()]).added == ("acme/api/2026-05/r0",)


def test_a_key_that_stands_twice_is_an_alarm(ledger, path):
    """Nobody can say which of the two rows is meant; both lines are named."""
    ledger.upsert([row()])
    save(path, [*table(path), table(path)[1]])
    (finding,) = findings(ledger)
    assert finding.startswith(
        f"{path}:3: column 'Key' is acme/api/2026-05/r0 again, as on line 2; each key once."
    )


def test_a_file_without_our_columns_is_refused_column_by_column(ledger, path):
    """All missing and doubled columns are named at once."""
    path.write_text("Client,Service,Service,Month\nAcme,API,API,2026-05-01\n", encoding="utf-8")
    found = findings(ledger)
    assert found[0] == (
        f"{path}:1: column 'Service' stands 2 times; each ledger column exactly once. "
        "Restore the header, or name a file that is not there yet."
    )
    assert len(found) == 1 + len(COLUMNS) - 3 - len(ADDED_LATER)


def test_a_file_saved_with_semicolons_is_refused_with_the_remedy(ledger, path):
    """What Excel writes in many countries unless told otherwise."""
    path.write_text(HEADER.replace(",", ";") + "\n", encoding="utf-8")
    (finding,) = findings(ledger)
    assert "semicolons" in finding
    assert "CSV UTF-8 (comma delimited)" in finding


def test_every_ragged_row_is_named_with_its_line(ledger, path):
    """Line 2 is too short, line 4 too long; the row between spans lines of its own."""
    path.write_text(f"{HEADER}\na,b\n{',' * 14}x,,\n{',' * 17}y\n", encoding="utf-8")
    assert [finding.partition(";")[0] for finding in findings(ledger)] == [
        f"{path}:2: has 2 cells",
        f"{path}:3: column 'Key' is 'x'",
        f"{path}:4: has 18 cells",
    ]


def test_a_file_of_an_earlier_version_gets_the_columns_that_it_lacks(ledger, path):
    """At its end, with nothing in them; all else stays where it was."""
    ledger.upsert([row()])
    place = COLUMNS.index("Posted")
    save(path, [[*cells[:place], *cells[place + 1 :]] for cells in table(path)])
    ledger.check()
    assert ledger.upsert([row(posted="2026-06-03: 100.00 EUR")]).updated
    assert table(path)[0] == list(COLUMNS)
    assert table(path)[1][place] == "2026-06-03: 100.00 EUR"


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(ledger, path):
    """An old spreadsheet's ü is the byte FC."""
    path.write_bytes(f"{HEADER}\nM".encode() + b"\xfcller")
    (finding,) = findings(ledger)
    assert finding.startswith(f"{path}:2: byte 0xfc is not UTF-8;")


def test_an_open_quote_is_refused_with_the_line_where_it_begins(ledger, path):
    """The rest of the file would be swallowed by one cell."""
    path.write_text(f'{HEADER}\n"Acme\n,,,\n', encoding="utf-8")
    (finding,) = findings(ledger)
    assert finding.startswith(f"{path}:2: the row that starts here cannot be read")


def test_a_folder_in_place_of_the_file_is_refused(path):
    """The message names the folder and what to give instead."""
    path.mkdir()
    with pytest.raises(UnusableInputError, match="is a folder; the ledger is a CSV file"):
        CsvLedger(path).upsert([row()])


def test_a_link_is_followed_and_stays_a_link(ledger, path, tmp_path):
    """A ledger kept in a shared folder and linked into the workspace stays there."""
    shared = tmp_path / "shared" / "credits.csv"
    shared.parent.mkdir()
    path.symlink_to(shared)
    ledger.upsert([row()])
    assert path.is_symlink()
    assert table(shared)[1][0] == "Acme"


def test_permissions_of_the_file_are_kept(ledger, path):
    """A file that the group may not read stays that way."""
    ledger.upsert([row()])
    path.chmod(0o600)
    ledger.upsert([row(notes="Measured again.")])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_crash_before_the_replacement_leaves_the_old_file(ledger, path, monkeypatch):
    """The draft lies beside it and is overwritten by the next write."""
    ledger.upsert([row()])
    before = path.read_bytes()

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            ledger.upsert([row(notes="Measured again.")])
    assert path.read_bytes() == before
    assert ledger.upsert([row(notes="Measured again.")]).updated
    assert sorted(file.name for file in path.parent.iterdir()) == [".ledger.csv.lock", "ledger.csv"]


def test_a_second_writer_waits_and_then_gives_up(ledger, path, monkeypatch):
    """Nothing is written while another one holds the file."""
    monkeypatch.setattr(files, "TURNS", 1)
    with files.sole_writer(path), pytest.raises(Retriable, match="another writer"):
        ledger.upsert([row()])
    assert not path.exists()


def test_two_programs_lose_no_row(path):
    """Four writers at once, two rows each: all eight rows are there."""
    code = (
        "import sys; from pathlib import Path; from connectors.ledger.csv_file import CsvLedger\n"
        "from tests.connectors.ledger.conformance import row\n"
        "ledger = CsvLedger(Path(sys.argv[1]))\n"
        "for n in range(2): ledger.upsert([row(f'{sys.argv[2]}/{n}/2026-05/r0')])"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path), f"w{n}"], cwd=ROOT)
        for n in range(4)
    ]
    assert [program.wait(timeout=60) for program in started] == [0] * 4
    assert len(CsvLedger(path).read()) == 8


def test_a_place_that_cannot_be_written_is_misconfigured(path):
    """Waiting does not help; a person must name another place."""
    path.write_text("a file, not a folder")
    with pytest.raises(Misconfigured, match=r"File exists; .* name another file"):
        CsvLedger(path / "ledger.csv").upsert([row()])


def test_a_full_disk_is_worth_another_try(ledger, path, monkeypatch):
    """Nothing was replaced; with room again, the same call succeeds."""

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Retriable, match="No space left on device"):
            ledger.upsert([row()])
    assert not path.exists()
    assert ledger.upsert([row()]).added


def test_ten_thousand_rows_take_seconds(ledger):
    """A ledger of a large month is read, merged and written without noticeable delay."""
    rows = [row(f"c{n}/api/2026-05/r0") for n in range(10_000)]
    started = time.monotonic()
    ledger.upsert(rows)
    assert len(ledger.upsert(rows).unchanged) == 10_000
    assert time.monotonic() - started < 20
