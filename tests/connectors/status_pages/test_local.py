"""A page of our own, in files."""

from dataclasses import replace

import pytest

from connectors.errors import Misconfigured
from connectors.status_pages.local import LocalPage
from models.incidents.life import IncidentState
from tests.connectors.status_pages.conformance import FIRST, StatusPageConformance, later
from tests.incidents.stories import ID


class TestLocalPage(StatusPageConformance):
    """A folder that any web server may show."""

    @pytest.fixture
    def page(self, tmp_path):
        """An empty folder."""
        return LocalPage("own", tmp_path, title="Relay's state", link="https://status.example")

    def test_the_same_post_twice_is_one(self, page, tmp_path):
        """A file named after it."""
        assert page.send(FIRST) == page.send(FIRST)
        assert len(list((tmp_path / "posts").iterdir())) == 1
        assert (tmp_path / "index.html").read_text(encoding="utf-8").count("<article") == 1

    def test_the_latest_incident_and_update_come_first(self, page, tmp_path):
        """Readers look at the top."""
        page.send(FIRST)
        page.send(later(ID, IncidentState.RESOLVED, text="It works again."))
        later_on = FIRST.started_at + 1000
        page.send(
            replace(FIRST, incident="api/z", title="Later", text="Again.", started_at=later_on)
        )
        text = (tmp_path / "index.html").read_text(encoding="utf-8")
        assert text.index("Later") < text.index("Relay API")
        assert text.index("It works again.") < text.index("Since 10:00")

    def test_nothing_that_was_typed_becomes_markup(self, page, tmp_path):
        """A text is a text."""
        page.send(replace(FIRST, text="<script>x</script>", title="<b>"))
        text = (tmp_path / "index.html").read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "<h2>&lt;b&gt;</h2>" in text

    def test_the_link_leads_to_the_incident(self, page, tmp_path):
        """As an anchor on the page."""
        anchor = page.send(FIRST)["link"].partition("#")[2]
        assert f'id="{anchor}"' in (tmp_path / "index.html").read_text(encoding="utf-8")

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path):
        """A person must mend it."""
        (tmp_path / "file").write_text("", encoding="utf-8")
        page = LocalPage("own", tmp_path / "file", title="x")
        with pytest.raises(Misconfigured, match="own: "):
            page.send(FIRST)
