"""`prefect.yaml` is read strictly here: a misspelled key would deploy without a word."""

import inspect
import re
from datetime import UTC, datetime
from importlib import import_module

import pytest
import yaml
from prefect import Flow
from prefect.utilities.callables import parameter_schema

from deployments.register import FILE, POOL
from models.intervals import instant
from models.period import ServiceMonth

SAID = yaml.safe_load(FILE.read_text())
DEPLOYMENTS = {deployment["name"]: deployment for deployment in SAID["deployments"]}
KEYS = {
    *("name", "entrypoint", "description", "tags", "parameters", "enforce_parameter_schema"),
    *("schedules", "work_pool"),
}
SCHEDULE_KEYS = {"slug", "cron", "timezone", "parameters"}


def flow_of(deployment):
    """The flow that an entrypoint names."""
    module, name = deployment["entrypoint"].rsplit(".", 1)
    return getattr(import_module(module), name)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_only_known_keys_are_said(name):
    """Each of them, and no other; schedules likewise."""
    deployment = DEPLOYMENTS[name]
    assert set(deployment) == KEYS
    assert all(set(schedule) <= SCHEDULE_KEYS for schedule in deployment["schedules"])
    assert deployment["work_pool"]["name"] == POOL
    assert deployment["enforce_parameter_schema"] is True


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_what_is_deployed_is_a_flow_that_takes_its_parameters(name):
    """By its module, which is named as the deployment; every given parameter is one of its own."""
    deployment = DEPLOYMENTS[name]
    flow = flow_of(deployment)
    assert isinstance(flow, Flow)
    assert flow.name == name
    assert set(inspect.signature(flow.fn).parameters) == {"request"}
    given = [deployment["parameters"], *(s.get("parameters", {}) for s in deployment["schedules"])]
    for parameters in given:
        if parameters:
            flow.validate_parameters(parameters)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_field_of_a_form_is_explained(name):
    """In Prefect's form, where a field without a description is a riddle; months have examples."""
    schema = parameter_schema(flow_of(DEPLOYMENTS[name])).model_dump()
    (request,) = (d for n, d in schema["definitions"].items() if n.endswith("Request"))
    for field, said in request["properties"].items():
        assert said["description"].endswith("."), field
        if "pattern" in said:
            assert re.fullmatch(said["pattern"], said["examples"][0])


def test_the_month_end_comes_when_the_month_is_over_everywhere():
    """14:00 UTC on the 2nd; the last zone (UTC-12) ends its month on the 1st at 12:00 UTC."""
    (schedule,) = DEPLOYMENTS["month-end"]["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 14 2 * *", "UTC")
    at = datetime(2026, 10, 2, 14, tzinfo=UTC)
    september = ServiceMonth(2026, 9)
    assert september.bounds("Etc/GMT+12").end < instant(at)
