"""The store on SQLite and PostgreSQL: one promise, and what each of them adds to it."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from connectors.errors import Misconfigured, Retriable
from connectors.store import HeldError, MonthLockedError
from connectors.store._migrations import VERSION_TABLE, newest_revision
from connectors.store.sql import open_store
from models.tables import Row
from tests.connectors.store.conformance import (
    SharedStoreConformance,
    StoreConformance,
    execute,
)
from tests.connectors.store.makers import MAY, change, everything, shard


@pytest.fixture
def store(url):
    """An open store on an empty database, closed afterwards."""
    opened = open_store(url)
    yield opened
    opened.close()


def shape_of(engine: Engine):
    """Everything that a database says about its tables, ours and Alembic's."""
    seen = inspect(engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)],
            [getattr(c["type"], "collation", None) for c in seen.get_columns(table)],
            seen.get_pk_constraint(table),
            sorted(seen.get_foreign_keys(table), key=str),
            sorted(index_as_text(index) for index in seen.get_indexes(table)),
            sorted(seen.get_check_constraints(table), key=str),
        )
        for table in seen.get_table_names()
        if table != VERSION_TABLE
    }


def index_as_text(index):
    """An index with the condition under which it holds."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {options}"


class TestSqliteMemory(StoreConformance):
    """The in-memory twin."""

    @pytest.fixture
    def url(self):
        """The address of a database of its own."""
        return "sqlite://"

    def test_every_store_in_memory_is_another_one(self, store):
        """A dry run sees nothing of a test, and leaves nothing to it."""
        store.record(shard(change()))
        other = open_store("sqlite:///:memory:")
        assert list(other.entries()) == []
        other.close()


class TestSqliteFile(SharedStoreConformance):
    """A file in WAL mode."""

    @pytest.fixture
    def url(self, tmp_path):
        """The address of a file that is not there yet."""
        return f"sqlite:///{tmp_path}/makegood.db"

    @pytest.fixture
    def empty_url(self, url):
        """The same."""
        return url

    def test_a_file_that_is_opened_lazily_is_made_by_the_first_question(self, url, tmp_path):
        """A run that is refused before it asks anything leaves no file behind."""
        opened = open_store(url, lazily=True)
        with opened.month_lock(MAY, holder="Kim"):
            pass
        assert list(tmp_path.iterdir()) == []
        assert opened.obligations(MAY) == ()
        assert (tmp_path / "makegood.db").exists()
        opened.close()

    def test_the_file_outlives_its_store(self, store, url):
        """What was recorded is there when it is opened again."""
        store.record(shard(change()))
        before = everything(store)
        store.close()
        again = open_store(url)
        assert everything(again) == before
        again.close()

    def test_every_connection_is_durable_and_checks_references(self, store):
        """WAL, a sync at every commit, foreign keys, and patience with other writers."""
        with store.dialect.engine.connect() as one, store.dialect.engine.connect() as other:
            for connection in (one, other):
                answers = [
                    connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
                    for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
                assert answers == ["wal", 2, 1, 60_000]

    def test_locks_leave_no_files_behind(self, store, tmp_path):
        """While a month is held there is one more file; afterwards it is gone."""
        with store.month_lock(MAY, holder="Kim"):
            assert (tmp_path / "makegood.db-2026-05.lock").exists()
        assert list(tmp_path.glob("*.lock")) == []

    def test_a_link_to_the_file_leads_to_the_same_locks(self, store, url, tmp_path):
        """Two runs over one database by two names: the second one waits."""
        (tmp_path / "link.db").symlink_to(url.removeprefix("sqlite:///"))
        other = open_store(f"sqlite:///{tmp_path / 'link.db'}")
        try:
            with store.month_lock(MAY, holder="one"), pytest.raises(MonthLockedError, match="one"):
                other.month_lock(MAY, holder="two").__enter__()
        finally:
            other.close()

    def test_a_lock_whose_file_was_removed_takes_nobody_elses_with_it(self, store, tmp_path):
        """Somebody cleans up; the next one locks a file of its own, which stays until it ends."""
        with store.hold("a", holder="one"):
            (tmp_path / "makegood.db-a.lock").unlink()
            second = store.hold("a", holder="two")
            second.__enter__()
        with pytest.raises(HeldError, match="two"):
            store.hold("a", holder="three").__enter__()
        second.__exit__(None, None, None)

    def test_a_lock_file_that_a_crash_left_behind_is_no_lock(self, store, tmp_path):
        """The lock is the operating system's, not the file's existence."""
        (tmp_path / "makegood.db-2026-05.lock").write_text("an old run")
        with store.month_lock(MAY, holder="Kim"):
            pass

    def test_the_migrations_make_what_the_models_describe(self, store, tmp_path):
        """Autogenerate finds no difference, and neither does a closer look."""
        assert differences(store) == []
        modelled = create_engine(f"sqlite:///{tmp_path}/modelled.db")
        Row.metadata.create_all(modelled)
        assert shape_of(store.dialect.engine) == shape_of(modelled)
        modelled.dispose()

    @pytest.mark.parametrize(
        ("name", "fact"),
        [
            ("nowhere/makegood.db", r"the folder .*nowhere does not exist"),
            ("folder", r"is a folder; a database file was expected"),
            ("notes.txt", r"file is not a database"),
        ],
    )
    def test_a_file_that_cannot_be_a_database_is_refused(self, tmp_path, name, fact):
        """The message names the path, what was expected and what to do."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "notes.txt").write_text("Nothing here is a database." * 100)
        with pytest.raises(Misconfigured, match=fact) as refused:
            open_store(f"sqlite:///{tmp_path}/{name}")
        assert name in str(refused.value)

    def test_a_database_that_stays_busy_is_worth_another_run(self, store, tmp_path):
        """Another program holds the write lock for longer than we wait."""
        with store.dialect.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        with sqlite3.connect(tmp_path / "makegood.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Retriable, match="database is locked"):
                store.record(shard(change()))
        other.close()

    def test_a_newer_database_is_refused(self, store, url):
        """Older code must not write into tables that it does not know."""
        refuses_a_newer_database(store, url)


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
class TestPostgreSql(SharedStoreConformance):
    """A real server."""

    @pytest.fixture
    def url(self, postgres_url):
        """The address of a new database with tables."""
        return postgres_url

    @pytest.fixture
    def empty_url(self, postgres_server, postgres_database):
        """The address of a new database without tables."""
        return postgres_server.url(postgres_database(empty=True))

    def test_the_migrations_make_what_the_models_describe(self, store, empty_url):
        """Autogenerate finds no difference, and neither does a closer look."""
        assert differences(store) == []
        modelled = create_engine(empty_url.replace("postgresql:", "postgresql+psycopg:"))
        Row.metadata.create_all(modelled)
        assert shape_of(store.dialect.engine) == shape_of(modelled)
        modelled.dispose()

    def test_truncating_is_deleting(self, store):
        """The other way to empty a table is closed too."""
        with pytest.raises(Exception, match="log_entry: its rows are never deleted"):
            execute(store, "TRUNCATE log_entry")

    def test_a_lost_lock_is_noticed(self, store, postgres_server):
        """When the server ended the session that held the month, the run must not end well."""
        kill = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'Kim since %'"
        )
        with (
            pytest.raises(Retriable, match="the lock on 2026-05 was lost meanwhile"),
            store.month_lock(MAY, holder="Kim"),
        ):
            assert postgres_server.execute(kill) == [(True,)]

    def test_a_wrong_password_is_a_person_s_business_and_stays_secret(self, postgres_server):
        """The message names user and server, never the password."""
        with pytest.raises(Misconfigured, match="authentication failed") as refused:
            open_store(self._guarded(postgres_server, "secret%2F1"))
        assert "secret" not in str(refused.value)

    def test_a_right_password_stays_secret(self, postgres_server):
        """Neither the store nor what it says of a missing table shows it."""
        with pytest.raises(Misconfigured, match="permission denied") as refused:
            open_store(self._guarded(postgres_server, "Ge%3Ah%2Fe%40im%201"))
        assert "Ge:h" not in str(refused.value)

    @staticmethod
    def _guarded(server, password):
        return f"postgresql://guarded:{password}@/postgres?host={server.folder}"

    def test_a_missing_database_is_a_person_s_business(self, postgres_server):
        """Making databases is not ours to do."""
        with pytest.raises(Misconfigured, match='database "nowhere" does not exist'):
            open_store(postgres_server.url("nowhere"))

    def test_a_newer_database_is_refused(self, store, url):
        """Older code must not write into tables that it does not know."""
        refuses_a_newer_database(store, url)


def differences(store):
    """What autogenerate would put into a new migration."""
    with store.dialect.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, Row.metadata)


def refuses_a_newer_database(store, url):
    """Pretend that a later version has been here."""
    execute(store, "UPDATE makegood_version SET version_num = '9999'")
    expected = (
        rf"at revision 9999, which this Makegood does not know; it knows up to {newest_revision()}"
    )
    with pytest.raises(Misconfigured, match=expected):
        open_store(url)


def test_a_server_that_does_not_answer_is_worth_another_run():
    """Nothing listens on this port; the password is not in the message."""
    with pytest.raises(Retriable, match=r"^postgresql://127.0.0.1:1/makegood: ") as refused:
        open_store("postgresql://kim:secret@127.0.0.1:1/makegood")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "fact"),
    [
        ("mysql://kim:secret@db/makegood", "begins with mysql://"),
        ("postgresql+asyncpg://kim:secret@db/makegood", r"begins with postgresql\+asyncpg://"),
        ("makegood.db", "cannot be read"),
        ("", "cannot be read"),
        ("postgresql://kim:secret@db:name/makegood", "cannot be read; .*%2F"),
        ("postgresql://kim:my@secret@db/makegood", "cannot be read; .*%40"),
    ],
)
def test_an_address_of_another_kind_is_refused(url, fact):
    """With what would have been right, and without the password."""
    with pytest.raises(Misconfigured, match=fact) as refused:
        open_store(url)
    assert "secret" not in str(refused.value)
