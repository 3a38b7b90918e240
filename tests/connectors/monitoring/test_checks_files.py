"""Checks files keep the promise of the role, as CSV and as Parquet, and refuse loudly."""

import csv
import hashlib
import os
import tracemalloc
from abc import abstractmethod
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Retriable
from connectors.monitoring import BadRows, FileFacts, Wanted, _csv
from connectors.monitoring.checks_files import ChecksFiles, read_checks
from models.findings import Severity, UnusableInputError
from models.intervals import Interval, instant, utc_text
from models.outage import Observation, State, Timeline
from models.period import ServiceMonth
from tests.benchmarks.generate_checks import Fleet, as_text
from tests.connectors.monitoring.conformance import TimelineConformance, as_written

UPPTIME = Path(__file__).resolve().parents[4] / "shared/data/upptime/observations.csv"
HEADER = "monitor,region,at,up\n"
MIDNIGHT = 1_777_593_600_000
"""2026-05-01T00:00:00Z."""

MENDED = "Mend or remove the row; a source with bad_rows: report counts its time as unknown."
ISO = "an ISO 8601 time such as 2026-05-01T00:00:00Z, or seconds since 1970"


class ChecksConformance(TimelineConformance):
    """What CSV and Parquet share."""

    @abstractmethod
    def write(self, folder, rows):
        """Write a file of these rows; returns its name."""

    def source_of(self, folder, sightings, scramble=as_written):
        """A file of all the sightings."""
        rows = scramble([(s.monitor, s.region, s.at, s.state.name) for s in sightings])
        name = self.write(folder, rows)
        return ChecksFiles(id="checks", path=name, folder=folder)


class TestChecksFilesAsCsv(ChecksConformance):
    """Times as ISO 8601."""

    def write(self, folder, rows):
        """The name of the written file."""
        with (folder / "checks.csv").open("w", newline="") as file:
            file.write(HEADER)
            csv.writer(file).writerows((m, r, utc_text(at), up) for m, r, at, up in rows)
        return "checks.csv"

    @pytest.fixture
    def broken(self, tmp_path):
        """A time that is none, and a state that is none."""
        return source_over(tmp_path, HEADER + "web,,soon,up\nweb,,2026-05-01T00:00:00Z,perhaps\n")


class TestChecksFilesAsParquet(ChecksConformance):
    """Times as timestamps."""

    def write(self, folder, rows):
        """The name of the written file."""
        table = pa.table(
            {
                "monitor": pa.array([row[0] for row in rows], pa.string()),
                "region": pa.array([row[1] for row in rows], pa.string()),
                "at": pa.array([row[2] for row in rows], pa.timestamp("ms", "UTC")),
                "up": pa.array([row[3] for row in rows], pa.string()),
            }
        )
        pa.parquet.write_table(table, folder / "checks.parquet")
        return "checks.parquet"

    @pytest.fixture
    def broken(self, tmp_path):
        """A file that was not written to its end."""
        return source_over(tmp_path, b"PAR1\0\0\0\0\0\0\0\0", name="checks.parquet")


def source_over(folder, content, *, name="checks.csv", **options):
    """A source over one file."""
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    return ChecksFiles(id="checks", path=name, folder=folder, **options)


def changes(source, monitor="web"):
    """The only timeline of a monitor."""
    (timeline,) = source.read(Wanted()).timelines[monitor]
    return timeline.changes


def refusal(source):
    """The sentences with which a source is refused."""
    with pytest.raises(UnusableInputError) as refused:
        source.read(Wanted())
    return [str(finding) for finding in refused.value.findings]


@pytest.mark.parametrize(
    ("text", "after_midnight_ms"),
    [
        ("2026-05-01T00:00:00Z", 0),
        ("2026-05-01 00:00:00+00:00", 0),
        ("2026-05-01T02:00:00+02:00", 0),
        ("2026-04-30T19:00:00-0500", 0),
        ("2026-05-01T05:45:00.5+05:45", 500),
        ("2026-05-01T00:00:00.123Z", 123),
        ("2026-05-01T00:00:00,123Z", 123),
        ("2026-05-01T00:00Z", 0),
        ("2026-05-01 00:00:00 UTC", 0),
        ("2026-05-01t00:00:00z", 0),
        # Finer than a millisecond is cut, never rounded.
        ("2026-05-01T00:00:00.999999Z", 999),
        ("2026-05-01T00:00:00.999999999Z", 999),
        ("2026-05-01T00:00:00.99999999999Z", 999),
        ("1777593600", 0),
        ("1777593600.5", 500),
        ("1777593600.9999", 999),
        ("1777593600123", 123),
        ("1777593600123.9", 123),
        ("1777593600123999", 123),
        ("1777593600123999999", 123),
    ],
)
def test_a_time_is_read_exactly(tmp_path, text, after_midnight_ms):
    """ISO 8601 with its offset, or seconds, milli-, micro- or nanoseconds by magnitude."""
    at = MIDNIGHT + after_midnight_ms
    alone = source_over(tmp_path, f'{HEADER}web,,"{text}",up\n')
    assert changes(alone) == ((at, State.UP),)
    # Beside a time of another kind, where the column cannot be read at once.
    mixed = source_over(tmp_path, f'{HEADER}web,,"{text}",up\nother,, 1777593600 ,up\n')
    assert changes(mixed) == ((at, State.UP),)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *[(text, State.UP) for text in ("true", "1", "up", "TRUE", "Up", " up ")],
        *[(text, State.DOWN) for text in ("false", "0", "down", "False", "DOWN")],
        *[(text, State.DEGRADED) for text in ("degraded", "Degraded")],
    ],
)
def test_a_state_is_read_in_any_case_of_letters(tmp_path, text, state):
    """Seven words, and no others."""
    source = source_over(tmp_path, f"{HEADER}web,,2026-05-01T00:00:00Z,{text}\n")
    assert changes(source) == ((MIDNIGHT, state),)


def test_times_without_an_offset_are_read_in_the_zone_of_the_source(tmp_path):
    """02:00 in Berlin's summer is midnight in UTC; an offset still counts where there is one."""
    rows = "web,,2026-05-01 02:00:00,up\nmail,,2026-05-01T02:00:00.007,up\n"
    source = source_over(tmp_path, HEADER + rows, time_zone="Europe/Berlin")
    assert changes(source) == ((MIDNIGHT, State.UP),)
    assert changes(source, "mail") == ((MIDNIGHT + 7, State.UP),)
    mixed = rows + "cdn,,2026-05-01T00:00:00Z,up\n"
    source = source_over(tmp_path, HEADER + mixed, time_zone="Europe/Berlin")
    assert changes(source, "cdn") == changes(source) == ((MIDNIGHT, State.UP),)


@pytest.mark.parametrize("time", ["2026-10-25 02:30:00", "2026-03-29 02:30:00"])
@pytest.mark.parametrize("beside", ["", "cdn,,2026-05-01T00:00:00Z,up\n"])
def test_a_local_time_that_happens_twice_or_never_is_not_guessed(tmp_path, time, beside):
    """The clocks of Berlin go back at 03:00 in October and forward at 02:00 in March."""
    source = source_over(tmp_path, f"{HEADER}web,,{time},up\n{beside}", time_zone="Europe/Berlin")
    assert refusal(source) == [
        (
            f"checks.csv:2: at is '{time}', which happens twice or never in Europe/Berlin; a time "
            "with its offset where the clocks change. Write the offset, such as +02:00."
        )
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("web,eu,yesterday,up", f"at is 'yesterday'; {ISO}. {MENDED}"),
        ("web,eu,,up", f"at is empty; {ISO}. {MENDED}"),
        ("web,eu,2026-13-01T00:00:00Z,up", f"at is '2026-13-01T00:00:00Z'; {ISO}. {MENDED}"),
        ("web,eu,2026-02-29T00:00:00Z,up", f"at is '2026-02-29T00:00:00Z'; {ISO}. {MENDED}"),
        ("web,eu,2026-05-01,up", f"at is '2026-05-01'; {ISO}. {MENDED}"),
        ("web,eu,1.7775936e9,up", f"at is '1.7775936e9'; {ISO}. {MENDED}"),
        # Sentinels of other programs for "never" and "always".
        (
            "web,eu,0001-01-01T00:00:00Z,up",
            f"at is '0001-01-01T00:00:00Z'; a time from 1970 to 2199. {MENDED}",
        ),
        (
            "web,eu,2262-04-11T23:47:16Z,up",
            f"at is '2262-04-11T23:47:16Z'; a time from 1970 to 2199. {MENDED}",
        ),
        (
            "web,eu,9999-12-31T23:59:59Z,up",
            f"at is '9999-12-31T23:59:59Z'; a time from 1970 to 2199. {MENDED}",
        ),
        (
            # A date without separators is no number of seconds.
            "web,eu,20260501,up",
            (
                "at is '20260501'; seconds, milli-, micro- or nanoseconds since 1970 of a time "
                f"from 1990 to 2199. {MENDED}"
            ),
        ),
        (
            "web,eu,2026-05-01T00:00:00,up",
            (
                "at is '2026-05-01T00:00:00', without an offset; a time with its offset, such as Z "
                "or +02:00. Write the offset, or give the source a time_zone."
            ),
        ),
        (
            "web,eu,2026-05-01T00:00:00Z,yes",
            f"up is 'yes'; true, false, 1, 0, up, down or degraded. {MENDED}",
        ),
        (
            "web,eu,2026-05-01T00:00:00Z,",
            f"up is empty; true, false, 1, 0, up, down or degraded. {MENDED}",
        ),
        (
            " ,eu,2026-05-01T00:00:00Z,up",
            f"monitor is empty; a name of at most 200 characters on one line. {MENDED}",
        ),
        (
            '"we\nb",eu,2026-05-01T00:00:00Z,up',
            f"monitor is 'we\\nb'; a name of at most 200 characters on one line. {MENDED}",
        ),
        (
            f"web,{'e' * 201},2026-05-01T00:00:00Z,up",
            f"region is '{'e' * 80}…'; a name of at most 200 characters on one line. {MENDED}",
        ),
        (
            "web,eu",
            "has 2 cells, the header has 4; one cell for each column of the header. " + MENDED,
        ),
        (
            "web,eu,2026-05-01T00:00:00Z,up,yes",
            "has 5 cells, the header has 4; one cell for each column of the header. " + MENDED,
        ),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_an_unusable_row_is_refused_with_its_line_value_and_remedy(tmp_path, row, said, kept):
    """Whether it stands alone or among good ones; blank lines count as lines."""
    good = "web,eu,2026-05-01T00:00:00Z,up\n\n" if kept else "\n"
    source = source_over(tmp_path, f"{HEADER}{good}{row}\n")
    assert refusal(source) == [f"checks.csv:{4 if kept else 3}: {said}"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "",
            (
                "checks.csv: is empty; a first line with the names of the columns. Write the "
                "header even when there are no rows."
            ),
        ),
        (
            "\n\n",
            (
                "checks.csv: is empty; a first line with the names of the columns. Write the "
                "header even when there are no rows."
            ),
        ),
        (
            "monitor,checked_at,up\nweb,2026-05-01T00:00:00Z,up\n",
            (
                "checks.csv:1: has no column 'at'; it has 'monitor', 'checked_at', 'up'; the "
                "columns monitor, at, up. Rename the column, or map it in the source: columns: "
                "{at: its name "
                "in the file}."
            ),
        ),
        (
            "monitor;at;up\nweb;2026-05-01T00:00:00Z;up\n",
            (
                "checks.csv:1: has no column 'monitor' and no column 'at' and no column 'up'; it "
                "has 'monitor;at;up'; the columns monitor, at, up. Separate the columns with "
                "commas instead of semicolons."
            ),
        ),
        (
            "monitor,at,up,at\n",
            (
                "checks.csv:1: has the column 'at' more than once; each column once. Rename the "
                "one that is not meant."
            ),
        ),
        (
            b"monitor,at,up\nM\xfcller,2026-05-01T00:00:00Z,up\n",
            (
                "checks.csv:2: holds the byte 0xfc at position 15; text in UTF-8. Save the file as "
                "UTF-8."
            ),
        ),
        (
            "monitor,at,up\n".encode("utf-16"),
            (
                "checks.csv:1: holds the byte 0xff at position 0; the file looks like UTF-16; text "
                "in UTF-8. Save the file as UTF-8."
            ),
        ),
        (
            'monitor,at,up\nweb,2026-05-01T00:00:00Z,up\n"web,2026-05-01T00:00:00Z,up\n',
            (
                'checks.csv:3: has a quote that is not closed; a second " that ends the cell. '
                'Close the quote; a quote inside a quoted cell is written twice, as "".'
            ),
        ),
    ],
)
def test_a_file_that_is_no_checks_file_is_refused(tmp_path, content, said):
    """The file, what it holds, what was expected, what to do."""
    assert refusal(source_over(tmp_path, content)) == [said]


@pytest.mark.parametrize("name", ["checks.parquet", "checks.pq"])
def test_a_parquet_file_is_recognised_by_its_content(tmp_path, name):
    """And a name that promises one is taken at its word."""
    assert refusal(source_over(tmp_path, HEADER, name=name)) == [
        (
            f"{name}: is no whole Parquet file: it does not begin with PAR1; a Parquet file that "
            "was written to its end. Write the file anew."
        )
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "folder",
            (
                "folder: is a folder; a file, or a pattern of files. Name the file, or write "
                "folder/*.csv for every file in the folder."
            ),
        ),
        (
            "none.csv",
            (
                "none.csv: does not exist; a file, or a pattern of files. Check the name; it is "
                "seen from {folder}."
            ),
        ),
        (
            "none/*.csv",
            (
                "none/*.csv: matches no file; a pattern that matches at least one file. Check the "
                "pattern; it is seen from {folder}."
            ),
        ),
    ],
)
def test_a_path_that_leads_to_no_file_is_refused(tmp_path, path, said):
    """A folder, a name without a file, a pattern without a match."""
    (tmp_path / "folder").mkdir()
    source = ChecksFiles(id="checks", path=path, folder=tmp_path)
    assert refusal(source) == [said.format(folder=tmp_path)]


def test_a_line_of_two_hundred_megabytes_is_refused_in_little_memory(tmp_path):
    """A megabyte of it is read, and no more."""
    source = source_over(tmp_path, HEADER + "web,eu,2026-05-01T00:00:00Z,up\n")
    os.truncate(tmp_path / "checks.csv", 200_000_000)
    tracemalloc.start()
    said = refusal(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == [
        (
            "checks.csv:3: is longer than 1,048,576 bytes; one row per line. Check that the file "
            "is CSV with line ends; nothing after this line was read."
        )
    ]
    assert peak < 16_000_000


def test_fifty_unusable_rows_are_listed_and_the_others_counted(tmp_path):
    """Of 1,234 rows 1,184 more."""
    said = refusal(source_over(tmp_path, HEADER + "web,eu,soon,up\n" * 1234))
    assert len(said) == 51
    assert said[0].startswith("checks.csv:2: ")
    assert said[49].startswith("checks.csv:51: ")
    assert said[50] == (
        "checks.csv: has 1,184 more unusable rows; rows that can be read; the first 50 are "
        "listed. Mend those first, then read again to see the rest."
    )


def test_every_unusable_file_is_listed_at_once(tmp_path):
    """With the unusable rows of the others."""
    (tmp_path / "a.csv").write_text("monitor,at\n")
    (tmp_path / "b.csv").write_text(HEADER + "web,eu,soon,up\n")
    (tmp_path / "c.csv").write_text("")
    said = refusal(ChecksFiles(id="checks", path="*.csv", folder=tmp_path))
    assert [sentence.split(" ")[0] for sentence in said] == ["a.csv:1:", "c.csv:", "b.csv:2:"]


@pytest.mark.parametrize(
    "content",
    [
        "monitor,at,up\nweb,2026-05-01T00:00:00Z,up\n",
        "monitor,at,up\r\nweb,2026-05-01T00:00:00Z,up\r\n",
        "\ufeffmonitor,at,up\nweb,2026-05-01T00:00:00Z,up\n",
        "monitor,at,up\nweb,2026-05-01T00:00:00Z,up",
        "\n\nmonitor,at,up\n\nweb,2026-05-01T00:00:00Z,up\n   \n\n",
        '"monitor","at","up"\n"web","2026-05-01T00:00:00Z","up"\n',
        " monitor , at , up \n web , 2026-05-01T00:00:00Z , up \n",
        'at,note,up,monitor\n2026-05-01T00:00:00Z,"a, b""\nc",up,web\n',
    ],
)
def test_ordinary_variants_of_csv_say_the_same(tmp_path, content):
    """Line ends, byte order mark, blank lines, quotes, spaces, other columns, other order."""
    assert changes(source_over(tmp_path, content)) == ((MIDNIGHT, State.UP),)


def test_names_are_kept_as_they_are(tmp_path):
    """Words that other readers take for nothing, quotes, and letters beyond ASCII."""
    rows = "".join(
        f"{name},,2026-05-01T00:00:00Z,up\n" for name in ("NA", "null", '"we""b"', "Zürich", "5")
    )
    found = source_over(tmp_path, HEADER + rows).read(Wanted()).timelines
    assert set(found) == {"NA", "null", 'we"b', "Zürich", "5"}


def test_columns_are_mapped(tmp_path):
    """Our name to the file's; a mapped column must be there, even the region's."""
    source = source_over(
        tmp_path,
        "site,observed,status\nweb,2026-05-01T00:00:00Z,degraded\n",
        columns={"monitor": "site", "at": "observed", "up": "status"},
    )
    assert changes(source) == ((MIDNIGHT, State.DEGRADED),)
    source = source_over(tmp_path, "monitor,at,up\n", columns={"region": "place"})
    assert "has no column 'place'" in refusal(source)[0]


def test_a_mapping_of_a_column_that_does_not_exist_is_refused(tmp_path):
    """With the name that was probably meant."""
    assert refusal(source_over(tmp_path, HEADER, columns={"moniter": "site"})) == [
        (
            "checks: columns.moniter is no column that this kind of source reads; one of monitor, "
            "region, at, up. Did you mean monitor?"
        )
    ]


def test_a_zone_that_does_not_exist_is_refused(tmp_path):
    """Before any file is opened."""
    assert refusal(source_over(tmp_path, HEADER, time_zone="Berlin")) == [
        (
            "checks: time_zone is 'Berlin'; an IANA time zone such as UTC or Europe/Berlin. Write "
            "the zone of the times that have no offset."
        )
    ]


def test_the_only_monitor_may_be_named_by_the_source(tmp_path):
    """Then a file needs no such column."""
    source = source_over(tmp_path, "at,up\n2026-05-01T00:00:00Z,up\n", monitor="web")
    assert changes(source) == ((MIDNIGHT, State.UP),)


def test_several_files_are_one_set(tmp_path):
    """Rows repeated across files, contradictions and disorder are counted and do no harm."""
    (tmp_path / "a.csv").write_text(
        HEADER + "web,,2026-05-01T00:02:00Z,up\nweb,,2026-05-01T00:01:00Z,up\n"
    )
    (tmp_path / "b.csv").write_text(
        HEADER + "web,,2026-05-01T00:02:00Z,up\nweb,,2026-05-01T00:01:00Z,down\n"
    )
    reading = read_checks(tmp_path / "*.csv")
    (web,) = reading.timelines["web"]
    assert web.changes == ((MIDNIGHT + 60_000, State.DOWN), (MIDNIGHT + 120_000, State.UP))
    assert [file.rows for file in reading.facts.files] == [2, 2]
    assert (reading.facts.rows, reading.facts.unusable) == (4, 0)
    assert reading.facts.duplicates == 1
    assert reading.facts.conflicting_duplicates == 1
    assert reading.facts.out_of_order == 2
    assert (reading.facts.first_at, reading.facts.last_at) == (
        MIDNIGHT + 60_000,
        MIDNIGHT + 120_000,
    )


def test_the_better_of_two_contradicting_rows_stands_when_that_is_wanted(tmp_path):
    """The worse one by default."""
    rows = "web,,2026-05-01T00:00:00Z,down\nweb,,2026-05-01T00:00:00Z,up\n"
    source = source_over(tmp_path, HEADER + rows)
    assert changes(source) == ((MIDNIGHT, State.DOWN),)
    (web,) = source.read(Wanted(better_wins=True)).timelines["web"]
    assert web.changes == ((MIDNIGHT, State.UP),)


def test_silences_are_kept_from_the_wanted_floor_on(tmp_path):
    """Ten minutes reach the floor of ten minutes, five do not; monitors are silent apart."""
    times = ("00:00", "00:05", "00:15")
    rows = "".join(f"{m},,2026-05-01T{time}Z,up\n" for time in times for m in ("web", "mail"))
    reading = source_over(tmp_path, HEADER + rows).read(Wanted(gap_floor_ms=600_000))
    for monitor in ("web", "mail"):
        (timeline,) = reading.timelines[monitor]
        assert timeline.gaps == (Interval(MIDNIGHT + 300_000, MIDNIGHT + 900_000),)


@pytest.mark.parametrize("content", ["monitor,at,up\n", "\ufeffmonitor,at,up\n\n\n \n"])
def test_files_are_named_with_the_digest_of_their_bytes(tmp_path, content):
    """Blank lines and byte order marks are bytes too: `sha256sum` says the same."""
    (file,) = source_over(tmp_path, content).read(Wanted()).facts.files
    assert file == FileFacts("checks.csv", hashlib.sha256(content.encode()).hexdigest(), 0)


REPORTED = HEADER + (
    "web,eu,2026-05-01T00:00:00Z,up\n"
    "web,us,2026-05-01T00:00:00Z,up\n"
    "{row}\n"
    "web,eu,2026-05-01T00:10:00Z,up\n"
    "web,us,2026-05-01T00:10:00Z,up\n"
)


@pytest.mark.parametrize(
    ("row", "unknown"),
    [
        # Monitor and time can be read: an unknown observation, until the next one.
        ("web,eu,2026-05-01T00:05:00Z,perhaps", {"eu": (300_000, 600_000)}),
        # The time cannot be read: unknown from just after the row before to the next observation.
        ("web,eu,soon,up", {"eu": (1, 600_000)}),
        ("web,eu,soon,perhaps", {"eu": (1, 600_000)}),
        # The row is cut off, or has a cell too many, but says whose it is.
        ("web,eu,2026", {"eu": (1, 600_000)}),
        ("web,us,2026-05-01T00:05:00Z,up,up", {"us": (1, 600_000)}),
        # Nobody knows whose row it is: it is counted.
        (",eu,2026-05-01T00:05:00Z,up", {}),
        ("we", {}),
        # A monitor of which nothing can be read is as good as unnamed.
        ("mail,eu,soon,up", {}),
    ],
)
def test_a_reported_row_leaves_unknown_what_it_should_have_told(tmp_path, row, unknown):
    """So that coverage falls; the row is counted, and its finding becomes a warning."""
    source = source_over(tmp_path, REPORTED.format(row=row), bad_rows=BadRows.REPORT)
    reading = source.read(Wanted())
    for timeline in reading.timelines["web"]:
        known = [(MIDNIGHT, State.UP)]
        if timeline.region in unknown:
            start, end = unknown[timeline.region]
            known += [(MIDNIGHT + start, State.UNKNOWN), (MIDNIGHT + end, State.UP)]
        assert timeline.changes == tuple(known)
    assert set(reading.timelines) == {"web"}
    assert (reading.facts.rows, reading.facts.unusable, reading.facts.duplicates) == (5, 1, 0)
    assert {finding.severity for finding in reading.facts.findings} == {Severity.WARNING}
    assert {finding.place for finding in reading.facts.findings} == {"checks.csv:4"}


def test_in_a_file_that_runs_backwards_the_earlier_neighbour_counts(tmp_path):
    """The unreadable row lay between 00:10 and 00:00, so the time from 00:00 on is unknown."""
    rows = "web,,2026-05-01T00:10:00Z,up\nweb,,soon,down\nweb,,2026-05-01T00:00:00Z,up\n"
    source = source_over(tmp_path, HEADER + rows, bad_rows=BadRows.REPORT)
    assert changes(source) == (
        (MIDNIGHT, State.UP),
        (MIDNIGHT + 1, State.UNKNOWN),
        (MIDNIGHT + 600_000, State.UP),
    )


def test_an_unreadable_row_before_all_others_of_its_monitor_is_counted(tmp_path):
    """Nothing is known of the time before the first observation anyway."""
    rows = "web,,soon,up\nweb,,2026-05-01T00:00:00Z,up\n"
    source = source_over(tmp_path, HEADER + rows, bad_rows=BadRows.REPORT)
    assert changes(source) == ((MIDNIGHT, State.UP),)


def test_what_was_seen_stands_over_what_could_not_be_read(tmp_path):
    """Whichever way contradictions are decided."""
    rows = "web,,2026-05-01T00:00:00Z,perhaps\nweb,,2026-05-01T00:00:00Z,down\n"
    source = source_over(tmp_path, HEADER + rows, bad_rows=BadRows.REPORT)
    for better_wins in (True, False):
        (web,) = source.read(Wanted(better_wins=better_wins)).timelines["web"]
        assert web.changes == ((MIDNIGHT, State.DOWN),)


@pytest.mark.parametrize("size", [64, 100, 1000])
def test_blocks_end_where_records_end(tmp_path, monkeypatch, size):
    """With blocks of a few bytes, quoted line ends across them, and lines still counted right."""
    rows = [f'm{n % 3},"a\n""b""\n",{utc_text(MIDNIGHT + n * 60_000)},up\n' for n in range(50)]
    content = "monitor,note,at,up\n" + "".join(rows)
    whole = source_over(tmp_path, content).read(Wanted())
    assert whole.facts.rows == 50
    monkeypatch.setattr(_csv, "LONGEST_LINE", size)
    assert source_over(tmp_path, content).read(Wanted()) == whole
    (said,) = refusal(source_over(tmp_path, content + "m0,,soon,up\n"))
    assert said.startswith("checks.csv:152: ")  # 1 + 50 x 3 + 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", None])
def test_parquet_timestamps_of_any_unit_and_zone_are_exact(tmp_path, unit, zone):
    """A zone changes how a timestamp is shown, not what it says; without one the source's holds."""
    at = datetime(2026, 5, 1, 0, 0, 1, tzinfo=UTC)
    stored = at.replace(tzinfo=None) if zone is None else at
    table = pa.table({"at": pa.array([stored], pa.timestamp(unit, zone)), "up": [True]})
    pa.parquet.write_table(table, tmp_path / "c.parquet", version="2.6")
    options = {"folder": tmp_path, "monitor": "web", "time_zone": "UTC"}
    source = ChecksFiles(id="checks", path="c.parquet", **options)
    assert changes(source) == ((MIDNIGHT + 1000, State.UP),)


@pytest.mark.parametrize("zone", ["UTC", None])
@pytest.mark.parametrize(("unit", "last"), [("s", 2**50), ("ms", 2**62), ("us", -1), ("ns", -1)])
def test_parquet_timestamps_that_stand_for_never_are_unusable(tmp_path, unit, last, zone):
    """The other rows of the column are read as ever."""
    at = pa.array([0, last], pa.int64()).cast(pa.timestamp(unit, zone))
    pa.parquet.write_table(pa.table({"at": at, "up": [True, True]}), tmp_path / "c.parquet")
    options = {"folder": tmp_path, "monitor": "web", "time_zone": "UTC"}
    (said,) = refusal(ChecksFiles(id="checks", path="c.parquet", **options))
    assert said.startswith("c.parquet, row 2: at is ")
    assert said.endswith(f"; a time from 1970 to 2199. {MENDED}")


def test_parquet_timestamps_without_a_zone_are_refused_where_the_source_has_none(tmp_path):
    """Each row is named by its number."""
    table = pa.table({"at": pa.array([0, 1], pa.timestamp("ms")), "up": [True, True]})
    pa.parquet.write_table(table, tmp_path / "c.parquet")
    source = ChecksFiles(id="checks", path="c.parquet", folder=tmp_path, monitor="web")
    assert refusal(source)[1] == (
        "c.parquet, row 2: at is '1970-01-01 00:00:00.001', without an offset; a time with its "
        "offset, such as Z or +02:00. Write the offset, or give the source a time_zone."
    )


@pytest.mark.parametrize(
    "at",
    [
        pa.array([1_777_593_600], pa.int64()),
        pa.array([1_777_593_600], pa.uint32()),
        pa.array([1_777_593_600_000_000_000], pa.uint64()),
        pa.array(["2026-05-01T00:00:00Z"], pa.large_string()),
        pa.array(["2026-05-01T00:00:00Z"]).dictionary_encode(),
        pa.array(["1777593600.000"]).cast(pa.decimal128(20, 3)),
    ],
    ids=lambda array: str(array.type),
)
@pytest.mark.parametrize(
    "up",
    [
        pa.array([False]),
        pa.array([0], pa.int8()),
        pa.array(["Down"]),
        pa.array(["false"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_parquet_columns_of_other_types_say_the_same(tmp_path, at, up):
    """Whole numbers, decimals and texts as times; booleans, numbers and texts as states."""
    pa.parquet.write_table(pa.table({"at": at, "up": up, "monitor": [7]}), tmp_path / "c.parquet")
    source = ChecksFiles(id="checks", path="c.parquet", folder=tmp_path)
    assert changes(source, "7") == ((MIDNIGHT, State.DOWN),)


def test_a_parquet_column_that_is_not_exact_is_refused(tmp_path):
    """Binary fractions hold neither times nor states exactly."""
    table = pa.table({"monitor": ["web"], "at": [1777593600.5], "up": [1.0]})
    pa.parquet.write_table(table, tmp_path / "c.parquet")
    said = refusal(ChecksFiles(id="checks", path="c.parquet", folder=tmp_path))
    remedy = "Write the column with one of these types; others do not keep it exactly."
    assert said == [
        "c.parquet: at has the type double; timestamps, whole numbers, decimals or text. " + remedy,
        "c.parquet: up has the type double; booleans, whole numbers or text. " + remedy,
    ]


def test_empty_cells_of_a_parquet_file_are_unusable_rows(tmp_path):
    """A missing time, state or monitor; a missing region is none."""
    table = pa.table(
        {
            "monitor": ["web", "web", None, "web"],
            "region": pa.array([None, None, None, None], pa.string()),
            "at": pa.array([MIDNIGHT, None, MIDNIGHT, MIDNIGHT], pa.timestamp("ms", "UTC")),
            "up": [True, True, True, None],
        }
    )
    pa.parquet.write_table(table, tmp_path / "c.parquet")
    said = refusal(ChecksFiles(id="checks", path="c.parquet", folder=tmp_path))
    assert [sentence.split(";")[0] for sentence in said] == [
        "c.parquet, row 2: at is empty",
        "c.parquet, row 3: monitor is empty",
        "c.parquet, row 4: up is empty",
    ]


def test_csv_and_parquet_of_the_same_rows_give_the_same_timelines(tmp_path):
    """A generated day of 20 monitors in 3 regions, with outages, jitter and duplicates."""
    fleet = Fleet(monitors=20, seconds=60, month=ServiceMonth(2026, 5), regions=3)
    table = next(fleet.days())
    pa.parquet.write_table(table, tmp_path / "c.parquet")
    pa.csv.write_csv(as_text(table), tmp_path / "c.csv")
    readings = [
        read_checks(tmp_path / f"c.{kind}", gap_floor_ms=65_000) for kind in ("csv", "parquet")
    ]
    assert readings[0].timelines == readings[1].timelines
    assert readings[0].facts.rows == table.num_rows > 86_400  # 20 x 3 x 1440
    assert (readings[0].facts.duplicates or 0) > 0
    contradicted = [reading.facts.conflicting_duplicates or 0 for reading in readings]
    assert contradicted[0] == contradicted[1] > 0


@pytest.mark.skipif(not UPPTIME.exists(), reason="the shared real data are not here")
@pytest.mark.parametrize("gap_floor_ms", [None, 3_600_000])
def test_real_observations_are_read_as_the_plain_reader_reads_them(gap_floor_ms):
    """11,487 observations of 118 sites by Upptime, compared with Python's own CSV reader."""
    sites: dict[str, list[Observation]] = {}
    with UPPTIME.open(newline="") as file:
        for row in csv.DictReader(file):
            at = instant(datetime.fromisoformat(row["observed_at_utc"]))
            seen = Observation(at, State[row["status"].upper()])
            sites.setdefault(row["site"], []).append(seen)
    columns = {"monitor": "site", "at": "observed_at_utc", "up": "status"}
    reading = read_checks(UPPTIME, columns=columns, gap_floor_ms=gap_floor_ms)
    assert reading.facts.rows == 11_487
    assert dict(reading.timelines) == {
        site: (Timeline.of(seen, monitor=site, gap_floor_ms=gap_floor_ms),)
        for site, seen in sites.items()
    }


def test_a_failing_drive_is_asked_again_and_then_said_to_be_retriable(tmp_path, monkeypatch):
    """The second answer counts; a drive that never answers ends the run for now."""
    source = source_over(tmp_path, HEADER + "web,,2026-05-01T00:00:00Z,up\n")
    opened = Path.open
    failures = [OSError(5, "Input/output error")]

    def flaky(path, *args):
        if failures:
            raise failures[0] if len(failures) > 1 else failures.pop()
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", flaky)
    monkeypatch.setattr("connectors.retry.wait_random_exponential", lambda **_: lambda _: 0)
    assert changes(source) == ((MIDNIGHT, State.UP),)
    failures += [OSError(5, "Input/output error")] * 2
    with pytest.raises(Retriable, match=r"checks\.csv: cannot be read now: Input/output error"):
        source.read(Wanted())


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    """With what the system said."""
    source = source_over(tmp_path, HEADER)

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refusal(source) == [
        (
            "checks.csv: cannot be read: Permission denied; a file that this account may read. "
            "Check the file and its permissions."
        )
    ]


PIECES = st.sampled_from(
    [
        *(
            "web",
            "mail",
            "eu",
            ",",
            ",",
            ",",
            ",",
            "\n",
            "\n",
            "\r\n",
            '"',
            '""',
            " ",
            "up",
            "down",
        ),
        *("2026-05-01T00:00:00Z", "2026-05-01 00:00:00", "1777593600", "soon", "\r", "\0", "ü"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=40), size=st.sampled_from([64, 1 << 20]))
def test_whatever_a_file_holds_it_is_read_or_refused_with_places(tmp_path_factory, pieces, size):
    """No text makes the reader fail otherwise; reported, every row is counted."""
    folder = tmp_path_factory.mktemp("checks")
    content = HEADER + "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv, "LONGEST_LINE", size)
        for bad_rows in BadRows:
            source = source_over(folder, content, bad_rows=bad_rows)
            try:
                facts = source.read(Wanted()).facts
            except UnusableInputError as error:
                places = [finding.place for finding in error.findings]
                assert all(place.startswith("checks.csv:") for place in places)
            else:
                assert facts.unusable == 0 or bad_rows is BadRows.REPORT
                assert facts.files[0].rows == facts.rows >= facts.unusable
