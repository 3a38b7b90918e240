"""Outage logs keep the promise of the role, and know what they cover."""

import csv

import pytest

from connectors.monitoring import BadRows, EvidenceLink, Wanted
from connectors.monitoring.outage_logs import OutageLogs
from models.findings import UnusableInputError
from models.intervals import Interval, utc_text
from models.outage import State
from tests.connectors.monitoring.conformance import (
    COVERS,
    DOWN,
    TimelineConformance,
    as_written,
)

HEADER = "monitor,started_at,ended_at,incident_id,source_link,region\n"
OCTOBER = Interval(1_759_276_800_000, 1_761_955_200_000)
"""2025-10 in UTC."""

MENDED = "Mend or remove the row; a source with bad_rows: report counts its time as unknown."


def outages(sightings):
    """A row for every time that a monitor goes down; the end is the next time that it is up."""
    for seen in sightings:
        if seen.state is DOWN:
            later = [
                s.at
                for s in sightings
                if (s.monitor, s.region) == (seen.monitor, seen.region)
                and s.at > seen.at
                and s.state is not DOWN
            ]
            end = utc_text(min(later)) if later else ""
            yield [seen.monitor, utc_text(seen.at), end, "", "", seen.region]


class TestOutageLogs(TimelineConformance):
    """The same outages, written as rows with a start and an end."""

    @pytest.fixture
    def broken(self, tmp_path):
        """A start that is no time, and an end before its start."""
        return log(tmp_path, "web,soon,,,,\nweb,2025-10-02T00:00Z,2025-10-01T00:00Z,,,\n")

    def source_of(self, folder, sightings, scramble=as_written):
        """A log of all the outages, complete for three months."""
        with (folder / "outages.csv").open("w", newline="") as file:
            file.write(HEADER)
            csv.writer(file).writerows(scramble(list(outages(sightings))))
        monitors = tuple({s.monitor for s in sightings})
        regions = tuple({s.region for s in sightings if s.region})
        return OutageLogs(
            id="outages",
            path="outages.csv",
            folder=folder,
            covers=COVERS,
            monitors=monitors,
            regions=regions or None,
        )

    def seen(self, changes):
        """The log says nothing about the time after what it covers."""
        return (*changes, (COVERS.end, State.UNKNOWN))


def log(folder, rows, *, header=HEADER, **options):
    """A log for October 2025 that watched `api` and `web`."""
    (folder / "outages.csv").write_text(header + rows)
    given = {"covers": OCTOBER, "monitors": ("web", "api"), **options}
    return OutageLogs(id="outages", path="outages.csv", folder=folder, **given)


def changes(source, monitor="web"):
    """The only timeline of a monitor."""
    (timeline,) = source.read(Wanted()).timelines[monitor]
    return timeline.changes


def refusal(source):
    """The sentences with which a source is refused."""
    with pytest.raises(UnusableInputError) as refused:
        source.read(Wanted())
    return [str(finding) for finding in refused.value.findings]


def test_a_monitor_without_rows_was_up_while_the_log_covers_it(tmp_path):
    """Nothing is known before and after."""
    source = log(tmp_path, "")
    assert changes(source, "api") == ((OCTOBER.start, State.UP), (OCTOBER.end, State.UNKNOWN))


def test_overlapping_rows_count_once(tmp_path):
    """06:48 to 09:27 and 09:00 to 21:01 are one outage of 14 h 13 min."""
    rows = (
        "web,2025-10-20T06:48Z,2025-10-20T09:27Z,a,,\nweb,2025-10-20T09:00Z,2025-10-20T21:01Z,b,,\n"
    )
    began = 1_760_942_880_000  # 2025-10-20T06:48:00Z
    assert changes(log(tmp_path, rows))[1:3] == (
        (began, State.DOWN),
        (began + (14 * 60 + 13) * 60_000, State.UP),
    )


def test_an_outage_without_an_end_lasts_to_the_end_of_what_is_covered(tmp_path):
    """After that nobody has looked."""
    source = log(tmp_path, "web,2025-10-20T06:48:00Z,,,,\n")
    assert changes(source)[1:] == (
        (1_760_942_880_000, State.DOWN),
        (OCTOBER.end, State.UNKNOWN),
    )


def test_incidents_are_evidence(tmp_path):
    """Id, link and stretch, rising by time, each once."""
    late = "web,2025-10-20T06:48:00Z,2025-10-20T06:49:00Z,INC-2,https://status.example.com/2,\n"
    early = "web,2025-10-19T06:48:00Z,2025-10-19T06:49:00Z,INC-1,,\n"
    evidence = log(tmp_path, late + early + late).read(Wanted()).evidence
    began = 1_760_942_880_000
    assert evidence == {
        "web": (
            EvidenceLink(Interval(began - 86_400_000, began - 86_340_000), "INC-1"),
            EvidenceLink(Interval(began, began + 60_000), "INC-2", "https://status.example.com/2"),
        )
    }


def test_a_row_without_region_concerns_every_region(tmp_path):
    """`us` was down twice, `eu` once."""
    rows = (
        "web,2025-10-20T00:00:00Z,2025-10-20T01:00:00Z,,,us\n"
        "web,2025-10-21T00:00:00Z,2025-10-21T01:00:00Z,,,\n"
        "api,2025-10-21T00:00:00Z,2025-10-21T01:00:00Z,,,\n"
    )
    timelines = log(tmp_path, rows, regions=("us", "eu")).read(Wanted()).timelines
    assert [(t.region, len(t.changes)) for t in timelines["web"]] == [("eu", 4), ("us", 6)]
    assert [t.region for t in timelines["api"]] == [""]


def test_monitors_are_those_of_the_rows_when_none_are_listed(tmp_path):
    """Without a list nobody can know of monitors that were always up."""
    source = log(tmp_path, "web,2025-10-20T00:00:00Z,,,,\n", monitors=None)
    assert set(source.read(Wanted()).timelines) == {"web"}


def test_only_three_columns_are_needed_and_each_may_have_another_name(tmp_path):
    """Times without an offset are read in the source's zone: 08:48 in Berlin is 06:48 in UTC."""
    source = log(
        tmp_path,
        "web,2025-10-20 08:48:00,2025-10-20 08:49:00\n",
        header="service,from,to\n",
        columns={"monitor": "service", "started_at": "from", "ended_at": "to"},
        time_zone="Europe/Berlin",
    )
    assert changes(source)[1] == (1_760_942_880_000, State.DOWN)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "wep,2025-10-20T00:00:00Z,,,,",
            (
                "outages.csv:2: monitor is 'wep'; one of the 2 monitors that the source lists. "
                "Did you mean web? Correct the row, or add the name to the source's monitors."
            ),
        ),
        (
            "web,2025-10-20T01:00:00Z,2025-10-20T00:00:00Z,,,",
            (
                "outages.csv:2: ended_at is '2025-10-20T00:00:00Z'; a time after started_at "
                "'2025-10-20T01:00:00Z'. Correct the two times, or leave the end empty while the "
                "outage lasts."
            ),
        ),
        (
            "web,2025-09-30T23:59:59Z,2025-10-20T00:00:00Z,,,",
            (
                "outages.csv:2: started_at is '2025-09-30T23:59:59Z', outside of what the log "
                "covers; a time in 2025-10-01T00:00:00Z/2025-11-01T00:00:00Z. Correct the time, "
                "cut the row at the edge, or widen the source's covers."
            ),
        ),
        (
            "web,2025-10-30T00:00:00Z,2025-11-01T00:00:00.001Z,,,",
            (
                "outages.csv:2: ended_at is '2025-11-01T00:00:00.001Z', outside of what the log "
                "covers; a time in 2025-10-01T00:00:00Z/2025-11-01T00:00:00Z. Correct the time, "
                "cut the row at the edge, or widen the source's covers."
            ),
        ),
        (
            "web,2025-11-01T00:00:00Z,,,,",
            (
                "outages.csv:2: started_at is '2025-11-01T00:00:00Z', outside of what the log "
                "covers; a time in 2025-10-01T00:00:00Z/2025-11-01T00:00:00Z. Correct the time, "
                "cut the row at the edge, or widen the source's covers."
            ),
        ),
        (
            "web,,2025-10-20T00:00:00Z,,,",
            (
                "outages.csv:2: started_at is empty; an ISO 8601 time such as "
                f"2026-05-01T00:00:00Z, or seconds since 1970. {MENDED}"
            ),
        ),
        (
            "web,2025-10-20T00:00:00,,,,",
            (
                "outages.csv:2: started_at is '2025-10-20T00:00:00', without an offset; a time "
                "with its offset, such as Z or +02:00. Write the offset, or give the source a "
                "time_zone."
            ),
        ),
        (
            "web,2025-10-20T00:00:00Z,,,javascript:alert(1),",
            (
                "outages.csv:2: source_link is 'javascript:alert(1)'; an address that begins with "
                "https://, at most 2,000 characters. Write the incident's page, or leave the cell "
                "empty."
            ),
        ),
        (
            "web,2025-10-20T00:00:00Z",
            (
                "outages.csv:2: has 2 cells, the header has 6; one cell for each column of the "
                f"header. {MENDED}"
            ),
        ),
    ],
)
def test_an_unusable_row_is_refused_with_its_place_and_remedy(tmp_path, rows, said):
    """File and line, the value, what was expected, what to do."""
    assert refusal(log(tmp_path, rows + "\n")) == [said]


@pytest.mark.parametrize(
    ("row", "unknown"),
    [
        # Only the start can be read: unknown from there on.
        ("web,2025-10-20T00:00:00Z,later,,,", (1_760_918_400_000, OCTOBER.end)),
        # Only the end can be read: unknown up to there.
        ("web,early,2025-10-20T00:00:00Z,,,", (OCTOBER.start, 1_760_918_400_000)),
        # Neither can be read, or they contradict each other: nothing is known.
        ("web,early,later,,,", (OCTOBER.start, OCTOBER.end)),
        ("web,2025-10-20T00:00:00Z,2025-10-19T00:00:00Z,,,", (OCTOBER.start, OCTOBER.end)),
    ],
)
def test_a_reported_row_leaves_unknown_what_it_may_have_said(tmp_path, row, unknown):
    """So that the coverage falls, and a person looks."""
    source = log(tmp_path, f"{row}\n", bad_rows=BadRows.REPORT)
    spans = [at for at, state in changes(source) if state is State.UNKNOWN]
    ends = [at for at, state in changes(source) if state is State.UP]
    assert spans[0] == unknown[0]
    assert unknown[1] == (ends[-1] if ends and ends[-1] > spans[0] else OCTOBER.end)
    assert source.read(Wanted()).facts.unusable == 1


def test_what_other_rows_say_stands_beside_a_reported_one(tmp_path):
    """An outage that can be read is not in doubt."""
    rows = "web,early,later,,,\nweb,2025-10-20T06:48:00Z,2025-10-20T06:49:00Z,,,\n"
    source = log(tmp_path, rows, bad_rows=BadRows.REPORT)
    assert changes(source)[1:3] == (
        (1_760_942_880_000, State.DOWN),
        (1_760_942_940_000, State.UNKNOWN),
    )
