"""The stand-in for Notion, one server for all tests of the ledger."""

import pytest

from tests.connectors.ledger.notion_stage import fresh_workspace, open_ledger
from tests.standins.notion.client import running


@pytest.fixture(scope="session")
def stand_in():
    """One server; each test has a workspace of its own."""
    with running() as server:
        yield server


@pytest.fixture
def workspace(stand_in):
    """An empty workspace with a page that is shared with us."""
    return fresh_workspace(stand_in)


@pytest.fixture
def notion(workspace):
    """A ledger that is made already."""
    with open_ledger(workspace) as ledger:
        yield ledger
