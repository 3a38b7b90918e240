"""A Prefect server that the tests of one pytest process share, because starting one takes seconds.

Tests that use it are marked with `NEEDS_PREFECT`, so that they share one worker and one server.
"""

import os

import pytest

from deployments.prefect_server import server_of_our_own

NEEDS_PREFECT = pytest.mark.xdist_group(name="prefect")


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory):
    """The address of a server that flows of this process talk to, also where Prefect is imported.

    Its database and everything else that it keeps lie in a temporary folder.
    """
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
        with server_of_our_own() as (address, ready):
            patch.setenv("PREFECT_API_URL", address)
            ready()
            from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

            with temporary_settings({PREFECT_API_URL: address, PREFECT_HOME: home}):
                yield os.environ["PREFECT_API_URL"]
