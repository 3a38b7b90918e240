"""A missing PostgreSQL never passes unnoticed."""

import pytest

from tests import postgres


def test_without_postgresql_its_tests_are_skipped_with_advice(monkeypatch):
    """A developer without a server can work, and reads how to get one."""
    monkeypatch.setattr(postgres, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install postgresql"):
        postgres.go_without()


def test_where_peers_are_required_a_missing_postgresql_fails(monkeypatch):
    """The check on a fresh machine must not become green by skipping."""
    monkeypatch.setattr(postgres, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="apt-get install postgresql"):
        postgres.go_without()
