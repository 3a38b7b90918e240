"""Corrections at Datadog keep the promise of the role, and are announced when Datadog says so."""

import json
from pathlib import Path

import pytest

from connectors.datadog_client import DatadogClient
from connectors.errors import Misconfigured, Retriable
from connectors.exclusions.datadog import DatadogExclusions
from models.exclusion import ExclusionKind
from models.findings import UnusableInputError
from models.intervals import Interval, utc
from models.sources.exclusions import Announced, CorrectionCategory, DatadogCorrections, Touched
from tests.connectors.exclusions.conformance import DAY, ExclusionConformance
from tests.standins.datadog import held
from tests.standins.datadog.client import API_KEY, APP_KEY, Fault, running

RECORDED = Path(__file__).parents[3].parent / "shared/data/datadog/slo_corrections.json"
START = 1_778_457_600
"""2026-05-11T00:00Z, in seconds."""

SPAN = Interval(START * 1000, START * 1000 + 30 * DAY)
HOUR_S, DAY_S = 3_600, 86_400


@pytest.fixture
def datadog():
    """An organisation of its own; its time is 2026-07-01."""
    with running() as organisation:
        yield organisation


def source(datadog, **options):
    """A source that takes the corrections of one SLO."""
    client = DatadogClient(
        place="datadog dd",
        api_key=API_KEY,
        app_key=APP_KEY,
        address=datadog.url,
        timeout_seconds=1,
        attempts=2,
        pause_ms=datadog.advance,
        sleep=lambda _: None,
    )
    given = {"id": "dd", "kind": "datadog_corrections", "slos": {"a": Touched()}, **options}
    return DatadogExclusions(DatadogCorrections.model_validate(given), client)


def events(datadog, **options):
    """What the source tells of thirty days from 11 May."""
    return source(datadog, **options).events(SPAN)


class TestDatadogCorrections(ExclusionConformance):
    """The same work, as corrections of an SLO."""

    @pytest.fixture(autouse=True)
    def _organisation(self, datadog):
        self.datadog = datadog

    @pytest.fixture
    def broken(self):
        """A correction that never ends."""
        self.datadog.correct("c", slo="a", start=START, end=None)
        return source(self.datadog)

    def source_of(self, folder, planned):
        """The organisation has these corrections and no others."""
        self.datadog.corrections.clear()
        for one in planned:
            self.datadog.correct(
                one.name,
                slo="a",
                start=one.start // 1000,
                end=one.end // 1000,
                description=one.reason,
                creator={"email": one.author, "handle": "x", "name": None},
            )
        return source(self.datadog)


def test_datadogs_recorded_correction_is_understood(datadog):
    """An hour on 2022-11-17, said at 1668703100, which is a second after its start."""
    if not RECORDED.is_file():
        pytest.skip(f"no recorded answers of Datadog at {RECORDED}")
    recording = json.loads(RECORDED.read_text())[1]["response"]
    assert held.faults(recording, held.CORRECTIONS) == []
    (told,) = recording["data"]
    datadog.corrections[told["id"]] = told["attributes"]
    taken = source(datadog, slos={told["attributes"]["slo_id"]: Touched()}, categories=["Other"])
    (event,) = taken.events(Interval(1668700000_000, 1668710000_000))
    assert event.interval == Interval(1668703099_000, 1668706699_000)
    assert (event.reason, event.author) == ("Test Correction", "frog@datadoghq.com")
    assert event.announced_at == utc(1668703100_000)


def test_a_correction_that_was_changed_is_announced_by_its_change(datadog):
    """What it says now nobody could know before."""
    datadog.correct(
        "c", slo="a", start=START, end=START + 60, created_at=START - DAY_S, modified_at=START - 60
    )
    (event,) = events(datadog)
    assert event.announced_at == utc((START - 60) * 1000)


def test_without_a_time_of_making_nothing_is_announced(datadog):
    """Datadog's first answer about a new correction has none."""
    datadog.correct("c", slo="a", start=START, end=START + 60, created_at=None, modified_at=None)
    assert events(datadog)[0].announced_at is None


def test_datadogs_word_proves_the_announcement():
    """Its clock wrote it, not the author; so it counts although Makegood saw it later."""
    terms = DatadogCorrections(id="dd", kind="datadog_corrections", slos={"a": Touched()})
    assert terms.announced is Announced.RECORDED


def test_only_the_categories_that_are_taken_count(datadog):
    """Announced maintenance by default; the others when the workspace says so."""
    for category in CorrectionCategory:
        datadog.correct(category.name, slo="a", start=START, end=START + 60, category=category)
    assert [event.id for event in events(datadog)] == ["dd/MAINTENANCE"]
    taken = events(datadog, categories=list(CorrectionCategory), excludes="ad_hoc")
    assert {event.kind for event in taken} == {ExclusionKind.AD_HOC}
    assert len(taken) == 4


def test_each_slo_says_what_its_corrections_touch(datadog):
    """Corrections of SLOs that are not listed are none of ours."""
    for slo in ("a", "b", "c"):
        datadog.correct(slo, slo=slo, start=START, end=START + 60)
    slos = {"a": {"services": ["api"]}, "b": {}}
    found = events(datadog, slos=slos, services=["all"])
    assert [(event.id, event.services) for event in found] == [
        ("dd/a", ("api",)),
        ("dd/b", ("all",)),
    ]


def test_a_query_for_slos_must_be_known(datadog):
    """Whom it touches only Datadog knows, so the workspace says it, or that it is nobody."""
    datadog.correct("q", slo=None, slo_query="team:web", start=START, end=START + 60)
    with pytest.raises(UnusableInputError, match="names its SLOs by the query 'team:web'"):
        events(datadog)
    (event,) = events(datadog, queries={"team:web": {"services": ["web"]}})
    assert event.services == ("web",)
    assert events(datadog, queries={"team:web": None}) == ()


def test_a_correction_repeats_by_its_rule(datadog):
    """Every second day, three times, for an hour."""
    rule = {"rrule": "FREQ=DAILY;INTERVAL=2;COUNT=3", "duration": HOUR_S}
    datadog.correct("c", slo="a", start=START, end=None, **rule)
    found = [event.interval for event in events(datadog)]
    starts = [START, START + 2 * DAY_S, START + 4 * DAY_S]
    assert found == [Interval(at * 1000, (at + HOUR_S) * 1000) for at in starts]
    assert len({event.id for event in events(datadog)}) == 3


def test_a_rule_across_a_change_of_the_clocks_is_refused(datadog):
    """By the clocks of Berlin it would be an hour off on 25 October 2026, and nobody says which."""
    october = 1_792_800_000  # 2026-10-24T00:00Z
    rule = {"rrule": "FREQ=DAILY;COUNT=5", "duration": HOUR_S, "timezone": "Europe/Berlin"}
    datadog.correct("c", slo="a", start=october, end=None, **rule)
    span = Interval(october * 1000, october * 1000 + 10 * DAY)
    with pytest.raises(UnusableInputError, match="change of the clocks in Europe/Berlin"):
        source(datadog).events(span)
    datadog.corrections["c"]["start"] = START
    assert len(events(datadog)) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"rrule": "FREQ=DAILY"},
        {"rrule": "FREQ=DAILY\nX:1", "duration": 60},
        {"rrule": "FREQ=SECONDLY", "duration": 60},
        {"rrule": "FREQ=DAILY", "duration": 60, "timezone": "Mars/Olympus"},
        # Whether the rule or its first time ends after two days, Datadog does not say.
        {"rrule": "FREQ=DAILY", "duration": 60, "end": START + 2 * DAY_S},
        {"end": START - 1},
    ],
)
def test_what_cannot_be_used_is_refused_by_name(datadog, wrong):
    """All of them at once; none is left out in silence."""
    for name in ("one", "two"):
        datadog.correct(name, **{"slo": "a", "start": START, "end": START + 60, **wrong})
    with pytest.raises(UnusableInputError) as refused:
        events(datadog)
    places = [finding.place for finding in refused.value.findings]
    assert places == ["datadog dd: correction one", "datadog dd: correction two"]


def test_every_page_is_read(datadog):
    """250 corrections are three pages of 100, each with the last one of the page before."""
    for number in range(250):
        datadog.correct(f"c{number}", slo="a", start=START + number, end=START + 1000)
    assert len(events(datadog)) == 250
    assert [params["offset"] for _, params in datadog.asked] == ["0", "99", "198"]


def test_pages_that_changed_meanwhile_are_read_again(datadog):
    """One that is removed moves all later ones up, and one would be missed."""
    for number in range(150):
        datadog.correct(f"c{number}", slo="a", start=START + number, end=START + 1000)
    datadog.plan(Fault(kind="meanwhile", at=2, do=lambda: datadog.corrections.pop("c0")))
    assert len(events(datadog)) == 149


def test_a_correction_that_moved_to_the_page_before_is_not_lost(datadog):
    """One is removed and one made between two pages: as many as before, and c100 is not missed."""
    for number in range(150):
        datadog.correct(f"c{number}", slo="a", start=START + number, end=START + 1000)

    def exchange():
        datadog.corrections.pop("c0")
        datadog.correct("new", slo="a", start=START, end=START + 1000)

    datadog.plan(Fault(kind="meanwhile", at=2, do=exchange))
    found = {event.id for event in events(datadog)}
    assert found == {f"dd/{name}" for name in (*(f"c{n}" for n in range(1, 150)), "new")}


def test_pages_that_never_fit_are_not_patched_together(datadog):
    """Corrections are removed before every second page; then later is better."""
    for number in range(150):
        datadog.correct(f"c{number}", slo="a", start=START, end=START + 1000)
    names = iter(list(datadog.corrections))

    def remove_one():
        datadog.corrections.pop(next(names))

    for at in (2, 4, 6):
        datadog.plan(Fault(kind="meanwhile", at=at, do=remove_one))
    with pytest.raises(Retriable, match="were made while they were asked for"):
        events(datadog)


def test_wrong_keys_are_for_a_person(datadog):
    """And never an answer without corrections."""
    datadog.scopes.clear()
    with pytest.raises(Misconfigured, match="Check both keys"):
        events(datadog)
