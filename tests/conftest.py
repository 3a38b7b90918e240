"""What every test may ask for; the fixtures stand in the modules named here."""

pytest_plugins = ["tests.cloudwatch", "tests.exim", "tests.postgres", "tests.prefect_session"]
