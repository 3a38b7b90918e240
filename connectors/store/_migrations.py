"""Bringing a database to the newest tables, or refusing one that is newer than this program.

The scripts are found by the name of the package that ships them, as a template would be: nothing
here imports `deployments`, see the README of this folder.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from connectors.errors import Misconfigured

VERSION_TABLE = "makegood_version"
"""Our own, so that it is not taken for that of Prefect, which uses Alembic too."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made in code; the migrations run on the given connection."""
    config = Config()
    with as_file(files("deployments") / "migrations") as scripts:
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def newest_revision() -> str:
    """The revision that this program works with."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def current_revision(connection: Connection) -> str | None:
    """The revision that a database is at; None when it is empty."""
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def is_known(revision: str | None) -> bool:
    """Whether a revision is one of ours; also where there are no tables yet."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return revision is None or revision in {one.revision for one in scripts.walk_revisions()}


def upgrade(connection: Connection, *, place: str) -> None:
    """Run the missing migrations inside the caller's transaction.

    Raises:
        Misconfigured: The database was written by a newer Makegood.
    """
    current, newest = current_revision(connection), newest_revision()
    if current == newest:
        return
    refuse_newer(current, place=place)
    command.upgrade(alembic_config(connection), newest)


def refuse_newer(current: str | None, *, place: str) -> None:
    """Raise Misconfigured when a revision is not one of ours."""
    if not is_known(current):
        message = (
            f"{place}: its tables are at revision {current}, which this Makegood does not know; "
            f"it knows up to {newest_revision()}. A newer Makegood has opened it: "
            "upgrade this one, or name another database. Nothing was changed."
        )
        raise Misconfigured(message)
