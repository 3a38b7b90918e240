"""What every test may ask for; the fixtures stand in the modules named here."""

pytest_plugins = ["tests.exim", "tests.postgres", "tests.prefect_session"]
