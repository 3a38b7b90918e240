"""The receiver held to its own description, by requests that nobody thought of."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from connectors.store.sql import open_store
from deployments.intake import doors_of
from deployments.webhooks import receiving
from models.incidents.terms import IncidentTerms, WebhookKind
from tests.webhooks.kept import Kept

SECRET = "a-secret-of-the-fuzzer"
KINDS = {f"s{number}": kind for number, kind in enumerate(WebhookKind)}
TERMS = IncidentTerms.model_validate(
    {"webhooks": [{"id": name, "kind": kind} for name, kind in KINDS.items()]}
)
ENVIRONMENT = {f"MAKEGOOD_SOURCE_{name.upper()}_WEBHOOK_SECRETS": SECRET for name in KINDS}

STORE = Kept(open_store("sqlite://"))
APP = receiving(lambda: STORE, doors=doors_of(TERMS, ENVIRONMENT), clock=lambda: 1_778_400_000_000)
schema = schemathesis.openapi.from_asgi("/webhooks/openapi.json", APP)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.mark.parametrize("name", KINDS)
@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_whatever_is_sent_is_answered_as_described(name, case):
    """No failure of the server's, no status and no body that is not described; for each sender."""
    if "source" in case.path_parameters:
        case.path_parameters["source"] = name
    case.headers["Authorization"] = f"Bearer {SECRET}"
    case.call_and_validate(checks=CHECKS)
