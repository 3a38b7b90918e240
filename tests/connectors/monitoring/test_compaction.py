"""What is fast says the same as what is plain: columns as cells, all probes as each alone."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.monitoring._cells import Fault, instant_of, instants_of_texts
from connectors.monitoring._compaction import Observations, compact_all
from connectors.monitoring._csv import Block
from models.intervals import utc, utc_text
from models.outage import Observation, State, Timeline

PROBES = (("web", "eu"), ("web", "us"), ("mail", ""))
NEAR = st.integers(0, 40)
FAR = st.integers(-(2**60), 2**60)
ROWS = st.tuples(st.integers(0, 2), st.one_of(NEAR, NEAR, FAR), st.sampled_from(State))


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(ROWS, max_size=60),
    floor=st.one_of(st.none(), st.integers(0, 10)),
    better_wins=st.booleans(),
)
def test_all_probes_at_once_are_compacted_as_each_alone(rows, floor, better_wins):
    """Instants far apart do not fit into one number with their probe; that changes nothing."""
    probes, at, states = (
        (np.array(column) for column in zip(*rows, strict=True)) if rows else [[]] * 3
    )
    compacted = compact_all(
        Observations(
            np.array(probes, dtype=np.uint16),
            np.array(at, dtype=np.int64),
            np.array(states, dtype=np.int8),
        ),
        names=PROBES,
        wanted=(True, True, True),
        gap_floor_ms=floor,
        better_wins=better_wins,
    )
    assert compacted.timelines == [
        Timeline.of(
            [Observation(at, state) for number, at, state in rows if number == probe],
            monitor=monitor,
            region=region,
            gap_floor_ms=floor,
            better_wins=better_wins,
        )
        for probe, (monitor, region) in enumerate(PROBES)
        if any(number == probe for number, _, _ in rows)
    ]
    assert compacted.duplicates == len(rows) - len(set(rows))
    moments = {(probe, at) for probe, at, _ in rows}
    assert compacted.conflicting_duplicates == len(set(rows)) - len(moments)


IN_THIS_CENTURY = st.integers(946_684_800_000, 4_102_444_799_999)
TIMES = IN_THIS_CENTURY.flatmap(
    lambda at: st.sampled_from(
        [
            utc_text(at),
            utc(at).isoformat(" ", timespec="microseconds"),
            utc(at).isoformat(timespec="milliseconds").replace("+00:00", "000999Z"),
            utc(at).replace(tzinfo=None).isoformat(),
            str(at),
            f"{at // 1000}.{at % 1000:03d}9",
            f"{at}000",
            str(at // 1000),
            f" {utc_text(at)}",
            f"{utc(at):%Y%m%d}",
            f"{utc(at):%Y-%m-%d}",
            "never",
            "",
        ]
    )
)


@settings(max_examples=300, deadline=None)
@given(times=st.lists(TIMES, min_size=1, max_size=5), zone=st.sampled_from([None, "Europe/Berlin"]))
def test_a_column_of_times_is_read_as_each_of_its_cells(times, zone):
    """However its formats are mixed."""
    column = instants_of_texts(pa.array(times, pa.string()), zone)
    faults = np.zeros(len(times)) if column.faults is None else column.faults
    found = [
        (int(at) if not fault else 0, Fault(int(fault)))
        for at, fault in zip(column.at, faults, strict=True)
    ]
    cells = [instant_of(text, zone) for text in times]
    assert found == [(at if not fault else 0, fault) for at, fault in cells]


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet='ab ",\n\r', max_size=20))
def test_every_record_is_found_on_the_line_on_which_it_begins(text):
    """As Python's own reader finds it: blank lines, line ends inside of quotes, stray quotes."""
    block = Block(text.encode(), 1)
    assert block.lines_of_records().tolist() == [line for line, _ in block.rows()]
