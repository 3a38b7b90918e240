"""An Alertmanager of a workspace: as the README shows it, with the secrets of the environment."""

import re

import pytest

from connectors.errors import Misconfigured
from connectors.exclusions.alertmanager import AlertmanagerExclusions
from flows.exclusions import exclusion_source_of
from models.intervals import Interval
from models.sources.exclusions import AlertmanagerSilences, Announced
from models.workspace_file import Workspace
from models.yaml_text import parse_yaml
from tests.house.project import ROOT


@pytest.fixture
def terms() -> AlertmanagerSilences:
    """What the README's example says."""
    readme = (ROOT / "connectors/exclusions/README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (example,) = (block for block in blocks if "kind: alertmanager\n" in block)
    (document,) = parse_yaml(f"name: Acme\n{example}", name="makegood.yaml")
    (source,) = document.expect(Workspace).exclusion_sources
    assert isinstance(source, AlertmanagerSilences)
    return source


def test_the_example_of_the_readme_can_be_used(terms):
    """Seen announcements are the default, since the server is one's own."""
    assert terms.alerts["api-eu"].services == ("api",)
    assert (terms.kept_hours, terms.announced) == (960, Announced.SEEN)


def test_secrets_come_from_the_environment(terms, tmp_path, monkeypatch):
    """And are not in what the source shows of itself."""
    monkeypatch.setenv("MAKEGOOD_SOURCE_AM_TOKEN", "s3cret")
    made = exclusion_source_of(terms, tmp_path)
    assert isinstance(made, AlertmanagerExclusions)
    assert made.token == "s3cret"
    assert "s3cret" not in repr(made)


def test_a_user_without_a_password_is_told_when_it_is_asked(terms, tmp_path, monkeypatch):
    """The message names the variable."""
    monkeypatch.delenv("MAKEGOOD_SOURCE_AM_PASSWORD", raising=False)
    made = exclusion_source_of(terms.model_copy(update={"user": "ana"}), tmp_path)
    with pytest.raises(Misconfigured, match="MAKEGOOD_SOURCE_AM_PASSWORD"):
        made.events(Interval(0, 1))
