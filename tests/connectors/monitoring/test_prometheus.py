"""Prometheus as a source: against Debian's own, and against answers that it seldom gives."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from urllib.parse import parse_qs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.monitoring import Wanted
from connectors.monitoring._prometheus.states import Seen, long_pauses
from connectors.monitoring.memory import MemoryMonitoring, Sighting
from connectors.monitoring.prometheus import Prometheus
from models.findings import UnusableInputError
from models.intervals import Interval, IntervalSet
from models.measurement import MeasurementTerms
from models.outage import State
from models.period import ServiceMonth
from models.sources.prometheus import PrometheusMonitor, RequestCounts
from models.uptime import measure_uptime
from tests.connectors.monitoring.conformance import (
    COVERS,
    HOUR,
    MAIL,
    PROBES,
    WEB,
    TimelineConformance,
    as_written,
)
from tests.prometheus import PASSWORD, USER, Samples, Server, running
from tests.standins.door import opened
from tests.standins.wire import Answer, Request

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
SECOND, MINUTE, DAY = 1000, 60_000, 86_400_000
OCTOBER = ServiceMonth(2026, 10).bounds("Europe/Berlin")
"""745 hours: the clocks go back on the 25th."""

LATER = OCTOBER.end + 9 * DAY
"""When a running server is given what promtool cannot make."""

TEXT = {UP: "1", DOWN: "0", UNKNOWN: "NaN"}


def dense(seen: Sequence[tuple[int, State]], end: int, every: int) -> list[tuple[int, str]]:
    """Samples of states that hold: at every change, and so often between."""
    samples = []
    for (at, state), (until, _) in pairwise([*seen, (end, UNKNOWN)]):
        samples += [(instant, TEXT[state]) for instant in range(at, until, every)]
    return samples


def hourly(sightings: Sequence[Sighting], name: str) -> Iterator[Samples]:
    """The sightings as series that a server scrapes every hour."""
    probes = sorted({(s.monitor, s.region) for s in sightings})
    for monitor, region in probes:
        seen = [(s.at, s.state) for s in sightings if (s.monitor, s.region) == (monitor, region)]
        labels = {"monitor": monitor, "region": region}
        yield Samples(name, labels, dense(seen, COVERS.end, HOUR))


@pytest.fixture(scope="module")
def past() -> Iterator[Server]:
    """A server with the sightings of the suite."""
    with running([*hourly([*WEB, *MAIL], "plain"), *hourly(PROBES, "probes")]) as server:
        yield server


def source(server: Server, monitors: dict[str, PrometheusMonitor], **terms) -> Prometheus:
    """The server as a source that knows these monitors."""
    asked = {"user": USER, "password": PASSWORD, "attempts": 1, **terms}
    return Prometheus(id="prom", address=server.address, monitors=monitors, **asked)


@pytest.mark.peer
@pytest.mark.xdist_group(name="prometheus")
class TestPrometheus(TimelineConformance):
    """A server that scrapes every hour, and holds a sample for a day."""

    ASKED = True
    KEEPS_ROWS = False

    @pytest.fixture(autouse=True)
    def server(self, past):
        """The server that all tests ask."""
        self.asked = past

    @pytest.fixture
    def broken(self):
        """Two series, and no label to tell them apart."""
        return source(self.asked, {"cdn": PrometheusMonitor(query="probes")})

    def source_of(self, folder, sightings, scramble=as_written):
        """What of the server's past these sightings are; its order is its own."""
        name = "probes" if set(sightings) == set(PROBES) else "plain"
        monitors = sorted({sighting.monitor for sighting in sightings}) or ["nobody"]
        label = "region" if name == "probes" else None
        asked = {
            monitor: PrometheusMonitor(
                query=f'{name}{{monitor="{monitor}"}}',
                stale_after_seconds=86_400,
                region_label=label,
            )
            for monitor in monitors
        }
        return source(self.asked, asked)

    def seen(self, changes):
        """The last sample is as far before the end as the scrapes are apart, and holds a day."""
        last = dense(changes, COVERS.end, HOUR)[-1][0]
        return (*changes, (last + DAY, UNKNOWN))


OUTAGES = {
    "every region, over the start of the month": (OCTOBER.start - 30 * MINUTE, 46, "ap eu us"),
    "two regions of three": (OCTOBER.start + 60 * HOUR, 18, "eu us"),
    "one region of three": (OCTOBER.start + 230 * HOUR, 120, "ap"),
    "every region, while the clocks go back": (OCTOBER.start + 578 * HOUR, 60, "ap eu us"),
    "every region, over the end of the month": (OCTOBER.end - 20 * MINUTE, 100, "ap eu us"),
}
"""Start, minutes, regions. The scrapes see each 7.123 s late, and its end as well."""

LATE = 7123
HELD = Interval(OCTOBER.start - 3 * HOUR, OCTOBER.end + 3 * HOUR)
"""What the server has of the month and around it."""

NIGHT = OCTOBER.start + 577 * HOUR
"""An hour before the clocks go back; requests are counted from here on for two days."""


def seen_from(region: str) -> list[Sighting]:
    """What a blackbox exporter in a region tells every other minute."""
    down = IntervalSet.of(
        (start, start + minutes * MINUTE)
        for start, minutes, regions in OUTAGES.values()
        if region in regions.split()
    )
    instants = range(HELD.start + LATE, HELD.end, 2 * MINUTE)
    return [Sighting("web", at, DOWN if at - LATE in down else UP, region) for at in instants]


def counter(per_minute: dict[range, int], usually: int, missing: range = range(0)):
    """A counter that is scraped on every minute of two days, and rises by so much each time."""
    count, samples = 0, []
    for minute in range(2 * 1440):
        if minute not in missing:
            samples.append((NIGHT + minute * MINUTE, str(count)))
        count += next((n for minutes, n in per_minute.items() if minute in minutes), usually)
    return samples


def october() -> Iterator[Samples]:
    """Probes from three regions, and the requests of a service in one."""
    for region in ("ap", "eu", "us"):
        values = [(s.at, TEXT[s.state]) for s in seen_from(region)]
        yield Samples("probe_success", {"job": "web", "region": region}, values)
    failing = {range(60, 90): 7, range(100, 105): 50}
    gone = range(300, 320)
    yield Samples("hits_total", {"code": "200"}, counter({range(200, 210): 0}, 100, gone))
    yield Samples("hits_total", {"code": "500"}, counter(failing, 0, gone))


MARKED = [
    *((LATER + minute * MINUTE, "1") for minute in range(11)),
    (LATER + 11 * MINUTE + 123, "stale"),
    *((LATER + minute * MINUTE, "1") for minute in range(20, 31)),
    *((LATER + minute * MINUTE, "1") for minute in range(50, 61)),
    *((LATER + minute * MINUTE, "0") for minute in range(61, 71)),
    (LATER + 70 * MINUTE + 456, "stale"),
]
"""A target that is taken away and comes back, a server that was away itself, and an end."""


def minutely(text: str) -> list[tuple[int, str]]:
    """One value a minute: 0 and 1, N for NaN, a half for h, a space for a missing one."""
    named = {"N": "NaN", "h": "0.5"}
    return [(LATER + n * MINUTE, named.get(c, c)) for n, c in enumerate(text) if c != " "]


def lately() -> Iterator[Samples]:
    """What only a running server can be given."""
    yield Samples("marked", {}, MARKED)
    yield Samples("doubtful", {}, minutely("11N11"))
    yield Samples("half", {}, minutely("1h1"))
    yield Samples("probe_through", {"region": "eu"}, minutely("1111111111"))
    yield Samples("prober_up", {"region": "eu"}, minutely("1110001111"))
    yield Samples("watcher_up", {}, minutely("1111111 11"))
    yield Samples("unlabelled", {}, minutely("11"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with October as promtool made it, and what it was given later."""
    with running(october()) as made:
        made.write(lately())
        yield made


def after(*changes: tuple[float, State]) -> tuple[tuple[int, State], ...]:
    """Changes, their instants in minutes after LATER."""
    return tuple((LATER + round(minute * MINUTE), state) for minute, state in changes)


def read_later(server: Server, minutes: int = 120, **monitor):
    """The changes of a monitor from LATER on."""
    asked = source(server, {"m": PrometheusMonitor(**monitor)})
    reading = asked.read(Wanted(span=Interval(LATER, LATER + minutes * MINUTE)))
    return [timeline.changes for timeline in reading.timelines["m"]]


peer = [pytest.mark.peer, pytest.mark.xdist_group(name="prometheus")]


def with_peer(test):
    """Mark a test that asks the real server."""
    for mark in peer:
        test = mark(test)
    return test


PROBED = PrometheusMonitor(query='probe_success{job="web"}', region_label="region")


@with_peer
def test_a_month_with_a_change_of_clocks_is_measured_to_the_millisecond(server):
    """Of each outage its part in the month, by the scrapes, each 7.123 s late.

    16 min + 7.123 s at the start, 18 min by two of three regions, none by one, 60 min in the
    repeated hour, and 20 min less 7.123 s at the end, of 745 hours. The server gives out 20,000
    samples at once, of 67,000.
    """
    reading = source(server, {"web": PROBED}).read(Wanted(span=OCTOBER))
    terms = MeasurementTerms()
    month = measure_uptime(monitors=[reading.timelines["web"]], month=OCTOBER, terms=terms)
    assert OCTOBER.length == 745 * HOUR
    assert month.down.length == (16 + 18 + 60 + 20) * MINUTE
    assert month.silent_ms == 0
    assert reading.facts.rows > 3 * 745 * 30
    assert [(o.whole.start - LATE, o.whole.length) for o in month.outages] == [
        (start, minutes * MINUTE) for start, minutes, regions in OUTAGES.values() if regions != "ap"
    ]


@with_peer
def test_the_server_and_a_file_of_its_samples_say_the_same(server):
    """Every change of every region, with how long it went unseen."""
    sightings = [sighting for region in ("ap", "eu", "us") for sighting in seen_from(region)]
    memory = MemoryMonitoring(id="memory", sightings=sightings).read(Wanted()).timelines["web"]
    told = source(server, {"web": PROBED}).read(Wanted(span=HELD)).timelines["web"]
    for ours, theirs in zip(told, memory, strict=True):
        assert theirs.last_observed_at is not None
        last = (theirs.last_observed_at + 300 * SECOND, UNKNOWN)
        assert (ours.region, ours.changes) == (theirs.region, (*theirs.changes, last))
        assert ours.unseen_ms == (*theirs.unseen_ms, 300 * SECOND)


@with_peer
def test_an_expression_is_worked_out_at_every_step(server):
    """Down from the first step that sees two failing regions to the first that does not."""
    start = OUTAGES["two regions of three"][0]
    quorum = PrometheusMonitor(
        query='sum(probe_success{job="web"}) >= bool 2', step_seconds=60, region_label=None
    )
    span = Interval(start - HOUR, start + HOUR)
    (line,) = source(server, {"web": quorum}).read(Wanted(span=span)).timelines["web"]
    assert line.changes[1:] == (
        (start + MINUTE, DOWN),
        (start + 19 * MINUTE, UP),
        (span.end, UNKNOWN),
    )


@with_peer
def test_a_month_of_steps_is_asked_in_pages(server):
    """45,000 steps; the server works out 11,000 at once."""
    each = PrometheusMonitor(query='min(probe_success{job="web"})', step_seconds=60)
    (line,) = source(server, {"web": each}).read(Wanted(span=OCTOBER)).timelines["web"]
    # The first step after a failing scrape, minute by minute in any region.
    assert sum(state is DOWN for _, state in line.changes) == len(OUTAGES)


def counts(**terms) -> PrometheusMonitor:
    """Requests in windows of five minutes, failing above five percent."""
    given = {"total": "hits_total", "failed": 'hits_total{code="500"}', **terms}
    return PrometheusMonitor(requests=RequestCounts(error_rate_percent=Decimal(5), **given))


def counted(server: Server, first: int, last: int, **terms) -> list[tuple[int, State]]:
    """What two minutes of the two days, and all between, come to; instants in minutes."""
    span = Interval(NIGHT + first * MINUTE, NIGHT + last * MINUTE)
    asked = source(server, {"api": counts(**terms)})
    (line,) = asked.read(Wanted(span=span)).timelines["api"]
    inside = [(at, state) for at, state in line.changes if span.start < at < span.end]
    return [((at - NIGHT) // MINUTE, state) for at, state in inside]


@with_peer
def test_requests_that_fail_too_often_for_long_enough_are_down(server):
    """7 of 107 a minute are 6.5 percent for 30 minutes; 50 of 150 for 5 minutes are a blip."""
    assert counted(server, 20, 180, for_minutes=Decimal(10)) == [(60, DOWN), (90, UP)]
    assert counted(server, 20, 180) == [(60, DOWN), (90, UP), (100, DOWN), (105, UP)]


@with_peer
def test_failures_that_go_on_after_the_month_are_long_enough(server):
    """They fail from minute 60 to 90; of a month that ends at 63 the last three are down."""
    assert counted(server, 20, 63, for_minutes=Decimal(10)) == [(60, DOWN)]
    assert counted(server, 87, 99, for_minutes=Decimal(10)) == [(90, UP)]


@with_peer
def test_no_requests_and_no_samples_say_nothing(server):
    """Nobody asked from minute 200 to 210; the service was not scraped from 300 to 320."""
    assert counted(server, 180, 280) == [(200, UNKNOWN), (210, UP)]
    assert counted(server, 280, 400)[0] == (300, UNKNOWN)
    assert counted(server, 320, 400, least_requests=1) == []


@with_peer
def test_failures_that_never_came_into_being_are_none(server):
    """A counter of failures appears with the first of them."""
    assert counted(server, 20, 180, failed='hits_total{code="never"}') == []


@with_peer
def test_failures_by_a_name_that_nobody_knows_are_refused(server):
    """Misspelled, they would never be found, and the service would be up for ever."""
    with pytest.raises(UnusableInputError, match=r"hit_total, of which the server has nothing"):
        counted(server, 20, 180, failed='hit_total{code="500"}')
    unborn = "sum(increase(hit_total[$window])) or vector(0)"
    assert counted(server, 20, 180, failed=unborn) == []


@with_peer
def test_an_expression_may_count_by_itself(server):
    """`$window` is the length of a window."""
    failed = 'sum(increase(hits_total{code="500"}[$window])) * 0'
    assert counted(server, 20, 180, failed=failed) == []


@with_peer
def test_a_staleness_marker_and_a_long_pause_end_what_is_known(server):
    """The marker to its millisecond; a pause once a sample has held for five minutes."""
    assert read_later(server, query="marked") == [
        after(
            (0, UP),
            (11 + 123 / MINUTE, UNKNOWN),
            (20, UP),
            (35, UNKNOWN),
            (50, UP),
            (61, DOWN),
            (70 + 456 / MINUTE, UNKNOWN),
        )
    ]


@with_peer
def test_a_value_that_is_no_number_is_unknown(server):
    """NaN is what a rule gives when it divides nothing by nothing."""
    changes = after((0, UP), (2, UNKNOWN), (3, UP), (9, UNKNOWN))
    assert read_later(server, query="doubtful") == [changes]


@with_peer
@pytest.mark.parametrize(
    ("witness", "expected"),
    [
        ("prober_up", after((0, UP), (3, UNKNOWN), (6, UP), (14, UNKNOWN))),
        ("watcher_up", after((0, UP), (14, UNKNOWN))),
        ("nobody_up", after((0, UNKNOWN))),
    ],
)
def test_nothing_is_known_while_the_witness_is_not_there(server, witness, expected):
    """A prober that is gone cannot have seen anything; one that was missed once is still there."""
    terms = {"query": "probe_through", "witness": witness, "region_label": "region"}
    assert read_later(server, **terms) == [expected]


@with_peer
@pytest.mark.parametrize(
    ("monitor", "said"),
    [
        ({"query": "probe_success"}, "answers with probe_success"),
        ({"query": "unlabelled", "region_label": "region"}, "which has no region"),
        ({"query": "half"}, "gives 0.5 at"),
        ({"query": "-hits_total", "step_seconds": 60, "region_label": "code"}, "gives -"),
    ],
)
def test_an_answer_that_is_no_state_of_one_region_is_refused(server, monitor, said):
    """The finding says which series or value, and how to put it right."""
    span = Interval(NIGHT, LATER + HOUR)
    asked = source(server, {"m": PrometheusMonitor(**monitor)})
    with pytest.raises(UnusableInputError) as refused:
        asked.read(Wanted(span=span))
    (finding,) = refused.value.findings
    assert said in finding.fact
    assert (finding.place, finding.field) == ("prometheus prom", "monitors.m")


@with_peer
def test_a_query_that_the_server_cannot_read_is_permanent(server):
    """Its own words are shown."""
    asked = source(server, {"m": PrometheusMonitor(query="up ==", step_seconds=60)})
    with pytest.raises(Permanent, match=r"monitor m: .* answered 400: .*parse error"):
        asked.read(Wanted(span=OCTOBER))


@with_peer
def test_a_wrong_password_is_a_matter_for_a_person(server):
    """And stands in no message, nor in what the source shows of itself."""
    asked = source(server, {"web": PROBED}, password="wrong one")
    with pytest.raises(Misconfigured, match="answered 401") as refused:
        asked.read(Wanted(span=OCTOBER))
    assert "wrong one" not in f"{refused.value} {asked!r}"


@with_peer
def test_the_same_question_has_the_same_digest(server):
    """And another stretch another one."""
    asked = source(server, {"web": PROBED})
    days = [Interval(OCTOBER.start, OCTOBER.start + days * DAY) for days in (2, 2, 1)]
    first, again, other = (asked.read(Wanted(span=span)).facts.files for span in days)
    assert first == again != other
    assert [(file.path, file.monitor) for file in first] == [("prom:web", "web")]


MATRIX = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1790000001.5, "1"]]}]}
NOTHING = {"status": "success", "data": {"resultType": "matrix", "result": []}}
"""So the search for a staleness marker is answered, which comes after the samples."""


@contextmanager
def answering(*answers: object):
    """A server that gives these answers, the last one for ever; tells what it was asked."""
    waiting, came = list(answers), []

    def answer(request: Request) -> Answer:
        came.append(request)
        said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(said, Answer):
            return said
        return Answer(200, json.dumps(said).encode())

    with opened(answer) as address:
        yield address, came


def at(address: str, **terms) -> Prometheus:
    """A source there."""
    monitors = {"m": PrometheusMonitor(query="up")}
    return Prometheus(id="prom", address=address, monitors=monitors, **{"attempts": 1, **terms})


BRIEF = Wanted(span=Interval(1_790_000_001_000, 1_790_000_003_000))


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"status": "success", "data": MATRIX, "warnings": ["no store a"]}, Retriable, "no store"),
        ({"status": "success", "data": MATRIX, "isPartial": True}, Retriable, "partial"),
        ({"status": "success", "data": MATRIX, "infos": ["PromQL info: x"]}, Permanent, "PromQL"),
        ({"status": "error", "errorType": "timeout", "error": "slow"}, Retriable, "timeout: slow"),
        ({"status": "error", "errorType": "bad_data", "error": "no"}, Permanent, "bad_data: no"),
        ({"hello": "world"}, Permanent, "none of Prometheus'"),
        ({"status": "success"}, Permanent, "no data"),
        ({"status": "success", "data": {"result": [{"metric": {}}]}}, Permanent, "no numbers"),
        ([], Permanent, "none of Prometheus'"),
        (Answer(503, b"later"), Retriable, "answered 503"),
        (Answer(200, b'{"status": "succ', wire="short_body"), Retriable, "RemoteProtocolError"),
        (Answer(302, headers={"Location": "http://elsewhere"}), Permanent, "answered 302"),
    ],
)
def test_what_is_not_a_whole_answer_is_an_error(answer, kind, said):
    """Part of the samples would be taken for silence."""
    with answering(answer) as (address, _), pytest.raises(kind, match=said):
        at(address).read(BRIEF)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[[1_790_000_001, "1"]], [[1_790_000_002, "0"]]], "a series twice"),
        ([[[1_790_000_003, "0"]]], "not asked for"),
        ([[[1_790_000_001_000, "0"]]], "not asked for"),
        ([[["1790000001", "0"]]], "no numbers over time"),
    ],
)
def test_what_was_not_asked_for_is_refused(values, said):
    """The same series again, a value after the end, milliseconds for seconds, a text for a time."""
    result = [{"metric": {"job": "api"}, "values": one} for one in values]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    with answering(answer) as (address, _), pytest.raises(Permanent, match=said):
        at(address).read(BRIEF)


def test_a_step_that_was_not_asked_for_is_refused():
    """Who aligns steps otherwise says nothing about ours, and would make them unknown."""
    series = {"metric": {}, "values": [[1_790_000_001, "1"]]}
    answer = {"status": "success", "data": {"resultType": "matrix", "result": [series]}}
    monitors = {"m": PrometheusMonitor(query="up > bool 0", step_seconds=2)}
    with answering(answer) as (address, _), pytest.raises(Permanent, match="not asked for"):
        Prometheus(id="prom", address=address, monitors=monitors, attempts=1).read(BRIEF)


def test_a_token_that_the_server_repeats_is_not_shown():
    """Not even where a success says that it is none, or is told in part."""
    error = {"status": "error", "errorType": "bad_data", "error": "who is s3cret?"}
    doubt = {"status": "success", "data": MATRIX, "warnings": ["no store for s3cret"]}
    for answer in (error, doubt):
        with answering(answer) as (address, _), pytest.raises(ConnectorError) as refused:
            at(address, token="s3cret").read(BRIEF)
        assert "s3cret" not in str(refused.value)
        assert "***" in str(refused.value)


def test_histograms_are_no_states():
    """Native ones stand where values would."""
    series = {"metric": {}, "values": [], "histograms": [[1.5, {"count": "3"}]]}
    answer = {"status": "success", "data": {"resultType": "matrix", "result": [series]}}
    with answering(answer) as (address, _), pytest.raises(Permanent, match="histograms"):
        at(address).read(BRIEF)


def test_a_question_that_is_too_much_even_for_one_instant_is_given_up():
    """It is halved until nothing is left to halve, and not asked for ever."""
    refused = Answer(422, b'{"status":"error","errorType":"execution","error":"too many samples"}')
    with answering(refused) as (address, came), pytest.raises(Permanent, match="too many samples"):
        at(address).read(Wanted(span=Interval(0, 64 * DAY)))
    assert len(came) < 40


def test_what_is_asked_is_posted_with_the_credentials():
    """A bearer token and the tenant in headers, the query in a form, so that it may be long."""
    with answering({"status": "success", "data": MATRIX}, NOTHING) as (address, came):
        at(address + "/prefix/", token="s3cret", tenant="acme").read(BRIEF)
    asked = came[0]
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert (asked.method, asked.path) == ("POST", "/prefix/api/v1/query")
    assert asked.headers["authorization"] == "Bearer s3cret"
    assert asked.headers["x-scope-orgid"] == "acme"
    assert form["partial_response"] == "false"
    # From 300 s before the span, within which a sample may still hold, to its last millisecond.
    assert (form["query"], form["time"]) == ("up[302000ms]", "1790000002.999")


def test_a_sample_on_the_older_edge_of_a_page_belongs_to_the_page_before():
    """Servers up to version 2 give it out, from 3 on they do not."""
    series = {"metric": {}, "values": [[1_789_999_700.999, "0"], [1_790_000_001.5, "1"]]}
    answer = {"status": "success", "data": {"resultType": "matrix", "result": [series]}}
    with answering(answer, NOTHING) as (address, _):
        # A sample may hold for 300 s, so 1,789,999,701 is the first second that is asked about.
        reading = at(address).read(BRIEF)
    assert reading.timelines["m"][0].changes[0] == (1_790_000_001_500, UP)


def test_an_answer_that_failed_once_is_asked_for_again():
    """Nothing was changed, so it may be repeated."""
    whole = {"status": "success", "data": MATRIX}
    with answering(Answer(503), whole, NOTHING) as (address, _):
        reading = at(address, attempts=2).read(BRIEF)
    assert reading.timelines["m"][0].changes[0] == (1_790_000_001_500, UP)


def test_pauses_are_long_by_what_is_usual():
    """A scrape is missed once, 15 s apart; the last sample is always looked at to its end."""
    at = np.array([0, 15, 30, 60, 75, 90], dtype=np.int64) * SECOND
    found = [(p.start // SECOND, p.end // SECOND) for p in long_pauses(at, 95 * SECOND, 300_000)]
    assert found == [(30, 60), (90, 95)]


def test_a_slower_pace_is_no_long_pause():
    """Two days of every 15 s and one of every minute; what is missed in either is still seen."""
    quick = np.arange(0, 2 * DAY, 15 * SECOND, dtype=np.int64)
    slow = np.arange(2 * DAY, 3 * DAY, MINUTE, dtype=np.int64)
    kept = np.delete(np.concatenate([quick, slow]), [100, quick.size + 100])
    found = [p.start for p in long_pauses(kept, 3 * DAY, 300_000)]
    assert found == [99 * 15 * SECOND, 2 * DAY + 99 * MINUTE, 3 * DAY - MINUTE]


def naive(values: dict[int, State], hold: int, there: dict[int, State] | None, end: int):
    """Every millisecond by itself."""

    def held(samples, instant):
        past = [at for at in samples if at <= instant]
        return samples[max(past)] if past and instant < max(past) + hold else UNKNOWN

    for instant in range(end):
        state = held(values, instant)
        if there is not None and state is not UNKNOWN:
            since = max(at for at in values if at <= instant)
            if any(held(there, x) != UP for x in range(since, instant + 1)):
                state = UNKNOWN
        yield state


samples = st.dictionaries(st.integers(0, 30), st.sampled_from([0, 1]), max_size=8)


@settings(max_examples=150)
@given(samples, st.integers(1, 8), st.none() | samples)
def test_what_is_known_is_what_every_instant_says_by_itself(values, hold, there):
    """A sample holds until the next, for so long at most, and only while the witness is there."""
    seen = Seen.of({at: str(value) for at, value in values.items()}).holding(hold)
    if there is not None:
        witness = Seen.of({at: str(value) for at, value in there.items()}).holding(hold)
        seen = seen.while_up(witness)
    changes = dict(seen.timeline("m", "", Wanted(), hold).changes)
    state, told = UNKNOWN, []
    for instant in range(40):
        state = changes.get(instant, state)
        told.append(state)
    meant = {at: UP if value else DOWN for at, value in values.items()}
    meant_there = None if there is None else {a: UP if v else DOWN for a, v in there.items()}
    assert told == list(naive(meant, hold, meant_there, 40))
