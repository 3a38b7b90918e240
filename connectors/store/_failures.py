"""From the database library's errors to the project's own, without a secret in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from connectors.errors import ConnectorError, Misconfigured, Permanent, Retriable
from connectors.store._dialect import Dialect

SETTINGS_ARE_WRONG = (
    "authentication failed",
    "does not exist",
    "no password supplied",
    "permission denied",
    "file is not a database",
    "file is encrypted",
    "readonly database",
    "unable to open database file",
    "no pg_hba.conf entry",
    "invalid connection option",
    "invalid port",
)
"""Words of the databases that no repetition mends."""


@contextmanager
def translated(dialect: Dialect) -> Iterator[None]:
    """Raise what the database library raises inside the block as one of the project's errors.

    Raises:
        Retriable: The database cannot be reached, or stays busy.
        Misconfigured: Address, name, password or permissions are wrong.
        Permanent: The database refuses what is asked.
    """
    try:
        yield
    except PoolTimeoutError:
        message = f"{dialect.place}: no free connection; threads hold them all. Run again."
        raise Retriable(message) from None
    except DBAPIError as error:
        raise _translation(error, dialect) from None
    except OSError as error:
        message = (
            f"{dialect.place}: {error.strerror} ({error.filename}); a folder in which files can be "
            "made was expected. Mend its rights or its place; nothing was changed."
        )
        raise Misconfigured(message) from None


def _translation(error: DBAPIError, dialect: Dialect) -> ConnectorError:
    said = " ".join(str(error.orig).split())
    said = said.replace(dialect.secret, "***") if dialect.secret else said
    if any(words in said for words in SETTINGS_ARE_WRONG):
        message = (
            f"{dialect.place}: the database says: {said}; a database that can be opened was "
            "expected. Mend its address or its rights; nothing was changed."
        )
        return Misconfigured(message)
    if isinstance(error, OperationalError | InterfaceError):
        message = (
            f"{dialect.place}: the database says: {said}; an answer was expected. "
            "Run again: what was recorded before is whole."
        )
        return Retriable(message)
    message = f"{dialect.place}: the database refuses: {said}. Nothing of this step was written."
    return Permanent(message)
