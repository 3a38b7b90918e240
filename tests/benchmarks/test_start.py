"""From nothing to Prefect's pages with every deployment: `makegood up` in an empty workspace."""

import os
import time

import pytest

from tests.deployments.pages import free_port
from tests.deployments.test_up import at_a_terminal, until_deployed
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, Books, checks

pytestmark = NEEDS_PREFECT
MOST_SECONDS = 60


@pytest.mark.benchmark
def test_the_pages_are_there_within_a_minute(tmp_path):
    """By the clock, on a machine with nothing else to do."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))
    port, began = free_port(), time.monotonic()
    with at_a_terminal(books.folder, port) as process:
        until_deployed(process, port, books.folder / "up.log")
        took = time.monotonic() - began
    print(f"\n  nothing to pages with deployments: {took:.1f} s, load {os.getloadavg()[0]:.1f}")
    assert took < MOST_SECONDS
