"""The page in memory."""

import pytest

from connectors.status_pages.memory import MemoryPage
from tests.connectors.status_pages.conformance import FIRST, StatusPageConformance


class TestMemoryPage(StatusPageConformance):
    """The twin."""

    @pytest.fixture
    def page(self):
        """An empty one."""
        return MemoryPage()

    def test_the_same_post_twice_is_one(self, page):
        """It is named after what it is."""
        page.send(FIRST)
        page.send(FIRST)
        assert len(page.posts) == 1
