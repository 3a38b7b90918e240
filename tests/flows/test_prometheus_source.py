"""A Prometheus server of a workspace is asked with the secrets of the environment."""

import pytest

from connectors.errors import Misconfigured
from connectors.monitoring import Wanted
from connectors.monitoring.prometheus import Prometheus
from flows.sources import source_of
from models import sources
from models.sources.prometheus import PrometheusMonitor


def configured(**terms) -> sources.Prometheus:
    """A source with one monitor."""
    monitors = {"m": PrometheusMonitor(query="up")}
    given = {"id": "eu-prom", "address": "http://p:9090", "monitors": monitors, **terms}
    return sources.Prometheus(kind="prometheus", **given)


def test_a_token_is_sent_where_there_is_one(tmp_path, monkeypatch):
    """It is not in what the source shows of itself."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_EU_PROM_TOKEN", "s3cret")
    made = source_of(configured(tenant="acme"), tmp_path)
    assert isinstance(made, Prometheus)
    assert (made.token, made.user, made.tenant) == ("s3cret", None, "acme")
    assert "s3cret" not in repr(made)


def test_nobody_needs_to_log_in(tmp_path, monkeypatch):
    """A server in one's own network often asks for nothing."""
    monkeypatch.delenv("MAKEGOOD_SOURCE_EU_PROM_TOKEN", raising=False)
    made = source_of(configured(), tmp_path)
    assert isinstance(made, Prometheus)
    assert (made.token, made.user, made.password) == ("", None, "")


def test_a_user_without_a_password_is_refused(tmp_path, monkeypatch):
    """The message names the variable."""
    monkeypatch.delenv("MAKEGOOD_SOURCE_EU_PROM_PASSWORD", raising=False)
    made = source_of(configured(user="makegood"), tmp_path)
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_EU_PROM_PASSWORD"):
        made.read(Wanted())
