"""A real PostgreSQL for the tests that need one: a private server in a temporary folder.

It listens on a Unix socket alone, is started once per pytest worker, and gives every test a
database of its own, copied from one whose tables are ready. Mark such a test `peer`, and give it
`xdist_group(name="postgresql")`, so that one worker starts one server.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NoReturn, TypedDict

import psycopg
import pytest

from connectors.store.sql import open_store
from models.tables import Row

REQUIRED = os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1"
HOW_TO_GET_IT = (
    "PostgreSQL's programs (initdb, postgres) are neither in PATH nor in "
    "/usr/lib/postgresql/*/bin. On Debian: apt-get install postgresql"
)
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}
USUAL_PORT = 5432
TEMPLATE = "ready"
SHAPE = """
  SELECT version_num, (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O') FROM makegood_version
"""
PASSWORD = "Ge:h/e@im 1"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        folder: Where its socket is.
        pid: The server's own operating-system process.
        port: What its socket is named after, and its port where it listens to TCP.
    """

    folder: Path
    pid: int
    port: int = USUAL_PORT

    def url(self, database: str, user: str = "postgres") -> str:
        """How Makegood is told of a database there."""
        port = "" if self.port == USUAL_PORT else f"&port={self.port}"
        return f"postgresql://{user}@/{database}?host={self.folder}{port}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement outside any transaction; its rows, if it has any."""
        conninfo = f"host={self.folder} port={self.port} user=postgres dbname={database}"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


class Account(TypedDict, total=False):
    """Whom a program runs as, in the words of `subprocess`; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version first; None without any."""
    found = shutil.which("initdb")
    newest = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    folders = [
        path.parent for path in [Path(found).resolve() if found else None, *newest[::-1]] if path
    ]
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def unprivileged() -> Account:
    """Whom to run the server as: the server refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    pytest.fail("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def initialise(folder: Path, bin_folder: Path) -> None:
    """Make an empty cluster whose role `guarded` needs a password."""
    command: list[str | Path] = [
        bin_folder / "initdb",
        "-D",
        folder / "cluster",
        "-U",
        "postgres",
        "-A",
        "trust",
    ]
    command += ["-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **unprivileged())
    access = folder / "cluster" / "pg_hba.conf"
    access.write_text(f"local all guarded scram-sha-256\n{access.read_text()}")


@contextlib.contextmanager
def running(folder: Path, bin_folder: Path, *, port: int | None = None) -> Iterator[Server]:
    """Run a server on a cluster until the block ends; with a port also over TCP, on loopback."""
    command: list[str | Path] = [bin_folder / "postgres", "-D", folder / "cluster", "-k", folder]
    listening = {"listen_addresses": "127.0.0.1", "port": str(port)} if port else {}
    command += [f"-c{name}={setting}" for name, setting in {**SETTINGS, **listening}.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **unprivileged())
    try:
        wait_until_it_answers(Server(folder, server.pid, port or USUAL_PORT), server)
        yield Server(folder, server.pid, port or USUAL_PORT)
    finally:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=5)
        if server.poll() is None:
            server.kill()
            server.wait()


def wait_until_it_answers(server: Server, started: subprocess.Popen[bytes]) -> None:
    """Wait at most half a minute for the first answer."""
    for _ in range(300):
        if started.poll() is not None:
            break
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("PostgreSQL does not start:\n" + (server.folder / "log").read_text()[-2000:])


def go_without() -> NoReturn:
    """Skip, or fail where a server must be there; either way say how to get one."""
    if REQUIRED:
        pytest.fail(HOW_TO_GET_IT)
    pytest.skip(HOW_TO_GET_IT)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server with one migrated database, the template of all others."""
    bin_folder = programs()
    if bin_folder is None:
        go_without()
    # Short, because a socket's path may have no more than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="makegood-pg-"))
    try:
        account = unprivileged()
        os.chown(folder, account.get("user", -1), account.get("group", -1))
        initialise(folder, bin_folder)
        with running(folder, bin_folder) as server:
            server.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
            server.execute(f"CREATE DATABASE {TEMPLATE}")
            open_store(server.url(TEMPLATE)).close()
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def postgres_database(postgres_server: Server, _numbers: Iterator[int]) -> Callable[..., str]:
    """A function that makes a new database, with Makegood's tables or empty, and gives its name."""

    def make(*, empty: bool = False) -> str:
        name = f"test_{next(_numbers)}"
        template = "template0" if empty else TEMPLATE
        postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    return make


@pytest.fixture(scope="session")
def _spares() -> list[str]:
    return []


@pytest.fixture
def postgres_url(
    postgres_server: Server, postgres_database: Callable[..., str], _spares: list[str]
) -> Iterator[str]:
    """The address of a database with Makegood's tables, all empty."""
    database = _spares.pop() if _spares else postgres_database()
    yield postgres_server.url(database)
    if emptied(postgres_server, database):
        _spares.append(database)


def emptied(server: Server, database: str) -> bool:
    """Empty a database past its guards, for the next test; false when its tables were changed.

    Copying the template takes ten times as long.
    """
    if server.execute(SHAPE, database) != server.execute(SHAPE, TEMPLATE):
        return False
    tables = ", ".join(sorted(Row.metadata.tables))
    server.execute(f"SET session_replication_role = replica; TRUNCATE {tables}", database)
    return True
