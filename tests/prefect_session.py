"""A Prefect server that the tests of one pytest process share, because starting one takes seconds.

Tests that use it are marked with `NEEDS_PREFECT`, so that they share one worker and one server.
"""

import importlib

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
            # Prefect may have been imported, and have read the environment, long ago.
            settings = importlib.import_module("prefect.settings")
            told = {settings.PREFECT_API_URL: address, settings.PREFECT_HOME: home}
            with settings.temporary_settings(told):
                yield address
