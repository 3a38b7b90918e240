"""One operating-system process of a case: its clock, its moments, and the fault that strikes it.

Everything is changed in the process itself, which ends with its case: every outside call and every
commit is a moment, no pause really passes, and the database's clock is as far ahead as the host's.
"""

import os
import pickle
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy.engine.default import DefaultDialect

from connectors.store import Store
from connectors.store._postgresql import PostgreSql
from connectors.store._sqlite import SqliteFile
from flows import paying
from flows.effects import FarSide, Patience, Settlement, settle
from flows.pacing import Clocks, boottime_ms
from tests.sweeping.cases import COMMIT

CHANGES = pytest.MonkeyPatch()
"""What a process of the sweep changes in itself; it ends with it."""

ID = re.compile(r"/(?:cus|in|cn|sub|ch|pi|cbtxn|re|inpay)_\w+")
SHORT_S = 1 / 500
"""How long a pause really lasts where several processes wait for each other."""


@dataclass
class Life:
    """What one process lives through.

    Attributes:
        moment: Where the fault strikes, from 1; 0 for nowhere.
        fault: Which one.
        lasting: It befalls every later call of this life as well.
        moved_ms: How far its clocks are ahead of the real ones.
        patience: How long a run goes on about one effect; None for as long as usual.
        late: Where a request lies that has not arrived yet.
        sleep: What happens while it sleeps; then its clocks are ahead.
        really: Whether pauses last a little.
        running: Whether moments count.
        moments: Those that came, by name.
    """

    moment: int = 0
    fault: str = ""
    lasting: bool = False
    moved_ms: int = 0
    patience: Patience | None = None
    late: Path | None = None
    sleep: Callable[[], int] = lambda: 0
    really: bool = False
    running: bool = False
    moments: list[str] = field(default_factory=list)
    guard: Any = field(default_factory=Lock)

    def pause(self, milliseconds: int) -> None:
        """Let time pass on this host's clocks."""
        with self.guard:
            self.moved_ms += max(0, milliseconds)
        if self.really:
            time.sleep(SHORT_S)

    def boottime_ms(self) -> int:
        """The host's clock that counts while it sleeps."""
        return boottime_ms() + self.moved_ms

    def around(self, name: str, act: Callable[[], Any], strike: Callable[[str], Any]) -> Any:
        """Do what comes at a moment; `strike` makes a fault of its own kind, or nothing."""
        if not self.running:
            return act()
        with self.guard:
            self.moments.append(name)
            number = len(self.moments)
        later = self.lasting and number > self.moment and name != COMMIT
        if number != self.moment and not later:
            return act()
        self._strike("before")
        answer = strike(self.fault) if self.fault in STRIKES else act()
        self._strike("after")
        return answer

    def _strike(self, when: str) -> None:
        if self.fault == f"killed-{when}":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == f"asleep-{when}":
            self.moved_ms += self.sleep()


STRIKES = {"timed-out-before", "timed-out-after", "late", "commit-fails", "commit-lost"}
LIFE = Life()
"""The life of this process; set by `begin`."""


def begin(life: Life) -> Life:
    """Live this life from now on."""
    global LIFE  # noqa: PLW0603  One process, one life.
    LIFE = life
    return life


def watch() -> None:
    """Make every outside call and every commit of this process and its children a moment."""
    CHANGES.setattr(HTTPAdapter, "send", _sending(HTTPAdapter.send))
    CHANGES.setattr(DefaultDialect, "do_commit", _committing(DefaultDialect.do_commit))
    for dialect in (SqliteFile, PostgreSql):
        CHANGES.setattr(dialect, "now", _ahead(dialect.now))
    CHANGES.setattr(paying, "settle", settled)


def settled(store: Store, keys: Iterable[str], side: FarSide) -> Settlement:
    """The engine with this life's clocks and patience."""
    clocks = Clocks(boottime_ms=LIFE.boottime_ms, pause=LIFE.pause)
    return settle(store, keys, side, clocks=clocks, patience=LIFE.patience)


def _ahead(now: Callable[..., int]) -> Callable[..., int]:
    def later(self, connection):
        return now(self, connection) + LIFE.moved_ms

    return later


def _committing(commit: Callable[..., None]) -> Callable[..., None]:
    def committing(self, connection):
        driver = psycopg if isinstance(connection.driver_connection, psycopg.Connection) else None

        def strike(fault: str) -> None:
            if fault == "commit-lost":
                commit(self, connection)
            raise (driver or self.dbapi).OperationalError("the connection is gone")

        LIFE.around(COMMIT, lambda: commit(self, connection), strike)

    return committing


def _sending(send: Callable[..., Any]) -> Callable[..., Any]:
    def sending(self, request, **options):
        if request.method == "POST":
            arrive(LIFE.late)

        def strike(fault: str) -> None:
            if fault == "timed-out-after":
                send(self, request, **options).close()
            if fault == "late":
                _hold_back(request)
            raise requests.exceptions.ReadTimeout("no answer in time")

        name = f"{request.method} {ID.sub('/{id}', urlsplit(request.url).path)}"
        return LIFE.around(name, lambda: send(self, request, **options), strike)

    return sending


def _hold_back(request: requests.PreparedRequest) -> None:
    if LIFE.late is None:
        raise RuntimeError("this life has no place for a late request")
    held = (request.method, request.url, dict(request.headers), request.body)
    LIFE.late.write_bytes(pickle.dumps(held))


def arrive(late: Path | None) -> None:
    """Let a request that was held back arrive now, if there is one."""
    if late is None or not late.exists():
        return
    method, url, headers, body = pickle.loads(late.read_bytes())  # noqa: S301  Our own bytes.
    late.unlink()
    parts = urlsplit(url)
    line = HTTPConnection(parts.netloc)
    line.request(method, parts.path, body, headers)
    line.getresponse().read()
    line.close()
