"""One operating-system process of a case: its moments are calls to Notion, and commits.

Time passes in step: what this process waits for passes at the stand-in, and by the database's clock
as well.
"""

import pickle
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy.engine.default import DefaultDialect

from connectors.store import Store
from connectors.store._postgresql import PostgreSql
from connectors.store._sqlite import SqliteFile
from flows import mirroring, paying
from flows.effects import FarSide, Patience, Settlement, settle
from flows.pacing import Clocks
from tests.standins.notion.client import Workspace
from tests.sweep import life
from tests.sweep.life import CHANGES, Life, arrive

ID = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")

LATE_MS = 55_000
"""How much later a late request arrives: Notion gives up after a minute."""


@dataclass
class InStep(Life):
    """A life whose waits pass at the stand-in too.

    Attributes:
        stage: The workspace at the stand-in; None where no time passes.
        late_at: When a request that was held back arrives, on this life's clock.
    """

    stage: Workspace | None = None
    late_at: int | None = None

    def pause(self, milliseconds: int) -> None:
        """Let time pass here and there; what is late arrives when its time has come."""
        super().pause(milliseconds)
        if self.stage is not None and milliseconds > 0:
            self.stage.advance(ms=milliseconds)
        if self.late_at is not None and self.moved_ms >= self.late_at:
            arrive(self.late)
            self.late_at = None


def pause(milliseconds: int) -> None:
    """Let time pass in the present life."""
    life.LIFE.pause(milliseconds)


def watch() -> None:
    """Make every call to Notion and every commit of this process and its children a moment."""
    CHANGES.setattr(httpx.HTTPTransport, "handle_request", _asking(httpx.HTTPTransport))
    committing = life._committing(DefaultDialect.do_commit)  # noqa: SLF001  The same moments as there.
    CHANGES.setattr(DefaultDialect, "do_commit", committing)
    for dialect in (SqliteFile, PostgreSql):
        CHANGES.setattr(dialect, "now", life._ahead(dialect.now))  # noqa: SLF001  As above.
    CHANGES.setattr(mirroring, "settle", settled)
    CHANGES.setattr(paying, "settle", settled)


def settled(
    store: Store,
    keys: Iterable[str],
    side: FarSide,
    *,
    patience: Patience | None = None,
    clocks: Clocks | None = None,
) -> Settlement:
    """The engine with this life's clocks and patience, whatever it is given."""
    here = Clocks(boottime_ms=life.LIFE.boottime_ms, pause=pause)
    return settle(store, keys, side, clocks=here, patience=life.LIFE.patience or patience)


def _asking(transport: type[httpx.HTTPTransport]) -> Callable[..., httpx.Response]:
    honest = transport.handle_request

    def asking(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        def strike(fault: str) -> Any:
            if fault == "timed-out-after":
                honest(self, request).close()
            if fault == "late":
                _hold_back(request)
            raise httpx.ReadTimeout("no answer in time", request=request)

        name = f"{request.method} {ID.sub('/{id}', request.url.path)}"
        answer: httpx.Response = life.LIFE.around(name, lambda: honest(self, request), strike)
        return answer

    return asking


def _hold_back(request: httpx.Request) -> None:
    here = life.LIFE
    if here.late is None or not isinstance(here, InStep):
        raise RuntimeError("this life has no place for a late request")
    held = (request.method, str(request.url), dict(request.headers), request.read())
    here.late.write_bytes(pickle.dumps(held))
    here.late_at = here.moved_ms + LATE_MS
