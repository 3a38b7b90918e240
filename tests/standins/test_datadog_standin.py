"""The stand-in says no where Datadog would, and what it says is Datadog's."""

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.service_level_objectives_api import ServiceLevelObjectivesApi
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v1.model.slo_type import SLOType
from datadog_api_client.v1.model.synthetics_fetch_uptimes_payload import (
    SyntheticsFetchUptimesPayload,
)

from tests.standins.datadog import held
from tests.standins.datadog.client import API_KEY, APP_KEY, Fault, running
from tests.standins.datadog.world import METRIC, Slo, Test, corrected, series, uptime

START = 1_777_593_600
DAY = 86_400


@pytest.fixture
def datadog():
    """An organisation of its own."""
    with running() as organisation:
        yield organisation


def client(datadog, *, api_key=API_KEY, app_key=APP_KEY):
    """The official client, as it comes."""
    keys = {"apiKeyAuth": api_key, "appKeyAuth": app_key}
    return ApiClient(Configuration(host=datadog.url, api_key=keys))


def history(datadog, slo="a", start=START, end=START + DAY, **options):
    """An SLO's past, as the official client reads it."""
    return ServiceLevelObjectivesApi(client(datadog)).get_slo_history(slo, start, end, **options)


def test_the_official_client_understands_its_answers(datadog):
    """Its own classes, with a past, a group and a monitor."""
    past = [(START - DAY, 0), (START + 60, 1)]
    datadog.slos["a"] = Slo(history=past, groups={"eu": past}, monitors={"web": past})
    told = history(datadog).data
    assert told.type == SLOType("monitor")
    assert told.overall.history == [[START - DAY, 0.0], [START + 60, 1.0]]
    assert (told.groups[0].group, told.monitors[0].name) == ("eu", "web")


def test_corrections_are_applied_unless_they_are_declined(datadog):
    """As Datadog does by default."""
    datadog.slos["a"] = Slo(history=[(START, 1)])
    datadog.correct("c", slo="a", start=START, end=START + DAY)
    assert history(datadog).data.overall.sli_value == 100
    assert history(datadog, apply_correction=False).data.overall.sli_value == 0


def test_a_corrected_past_goes_on_as_it_was(datadog):
    """Down for two hours, of which the second half hour is corrected."""
    assert corrected([(0, 1), (7200, 0)], [(1800, 3600)]) == [
        (0, 1),
        (1800, 0),
        (3600, 1),
        (7200, 0),
    ]


def test_no_data_counts_as_up_in_its_percentage():
    """Half an hour down of two, half an hour without data: 75 %."""
    assert uptime([(0, 0), (1800, 1), (3600, 2), (5400, 0)], 0, 7200) == 75


def test_a_day_of_requests_comes_in_two_hours_each():
    """As in the one recording: 13 windows of a day that starts at 22:54:48."""
    counted = series(Slo(type=METRIC), 1_704_236_088, 1_704_322_488)
    assert counted["interval"] == 7200
    assert counted["times"][:2] == [1_704_235_800_000.0, 1_704_240_000_000.0]
    assert len(counted["times"]) == 13


@pytest.mark.parametrize(
    ("start", "end"), [(START, START), (START + 1, START), (START, 2_000_000_000)]
)
def test_spans_that_end_early_or_in_the_future_are_refused(datadog, start, end):
    """Datadog would answer something; what, nobody has published."""
    datadog.slos["a"] = Slo()
    with pytest.raises(ApiException, match="from_ts"):
        history(datadog, start=start, end=end)


@pytest.mark.parametrize(
    ("keys", "status"), [({"api_key": "wrong"}, 401), ({"app_key": "wrong"}, 403)]
)
def test_wrong_keys_are_refused(datadog, keys, status):
    """Each in its own way."""
    with pytest.raises(ApiException) as refused:
        ServiceLevelObjectivesApi(client(datadog, **keys)).get_slo_history("a", START, START + 1)
    assert refused.value.status == status


def test_an_unknown_slo_is_not_found(datadog):
    """By its id."""
    with pytest.raises(ApiException, match="SLO not found"):
        history(datadog, slo="b")


def test_uptimes_are_told_of_the_tests_that_are_there(datadog):
    """Others are left out."""
    datadog.tests["t"] = Test(history=[(START, 0)])
    payload = SyntheticsFetchUptimesPayload(
        from_ts=START, to_ts=START + 60, public_ids=["t", "gone"]
    )
    (told,) = SyntheticsApi(client(datadog)).fetch_uptimes(payload)
    assert (told.public_id, told.overall.uptime) == ("t", 100)


def test_a_limit_refuses_until_its_period_is_over(datadog):
    """Two in a minute."""
    datadog.slos["a"], datadog.limit = Slo(history=[(START, 0)]), 2
    history(datadog)
    history(datadog)
    with pytest.raises(ApiException) as refused:
        history(datadog)
    assert refused.value.status == 429
    assert refused.value.headers["X-RateLimit-Remaining"] == "0"
    datadog.advance(60_000)
    assert history(datadog).data


def test_an_answer_that_is_not_datadogs_is_seen():
    """A field, a value or a type that the official client does not know."""
    good = {"data": {"type": "monitor", "overall": {"history": [[1, 0]]}}}
    assert held.faults(good, held.HISTORY) == []
    for wrong in (
        {"data": {"type": "monitor", "made_up": 1}},
        {"data": {"type": "made_up"}},
        {"data": {"type": "monitor", "overall": {"sli_value": "99"}}},
    ):
        assert held.faults(wrong, held.HISTORY) != []


def test_an_answer_that_is_not_datadogs_fails_the_test():
    """The stand-in would lie otherwise."""
    with pytest.raises(AssertionError, match="made_up"), running() as organisation:  # noqa: PT012  It fails at its end.
        organisation.correct("c", slo="a", start=1, end=2, made_up=1)
        organisation.advance(0)
        with pytest.raises(ApiException):
            client(organisation).call_api(
                "/api/v1/slo/correction",
                "GET",
                header_params={
                    "Accept": "application/json",
                    "DD-API-KEY": API_KEY,
                    "DD-APPLICATION-KEY": APP_KEY,
                },
            )


def test_a_planned_fault_that_never_strikes_fails_the_test():
    """It proves nothing."""
    with pytest.raises(AssertionError, match="never struck"), running() as organisation:
        organisation.plan(Fault(kind="cut", at=1))
