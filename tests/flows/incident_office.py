"""A workspace whose API is guarded, with a page of its own; alerts arrive at the present moment."""

from contextlib import contextmanager
from pathlib import Path

from connectors.store import Arrival, Store
from flows.office import open_office
from models.approval import Identity, Voice
from models.incidents.signal import Condition, Signal
from models.intervals import MINUTE_MS
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, VENDOR, Books

INCIDENTS = """\
incidents:
  time_zone: Europe/Berlin
  webhooks:
    - {id: robot, kind: uptimerobot}
    - {id: errors, kind: alertmanager, signal: first_party}
    - {id: login, kind: generic, signal: synthetic}
  services:
    - id: api
      name: Relay API
      evidence: [https://grafana.example/d/api]
      components:
        api: {name: API, monitors: [robot/777, errors/Errors], pages: {PAGES}}
        web: {name: Web app, monitors: [login/web]}
  pages:
    - {id: status, kind: local, link: https://status.example}
"""
KIM = Voice("Kim", Identity.OS_USER, "1000@books")


def laid_out(folder: Path, *, incidents: str = INCIDENTS):
    """The workspace, with two clients of the API and a vendor."""
    text = MAKEGOOD + incidents.replace("{PAGES}", "{}")
    books: Books = Books.laid_out(folder, ACME, BLUEFIN, VENDOR, makegood=text)
    return books


@contextmanager
def opened(folder: Path):
    """The office of a workspace."""
    with open_office(folder) as office:
        yield office


def alert(store: Store, place: str, condition: Condition, at: int) -> None:
    """A monitor, as `robot/777`, says something since an instant; it is heard now."""
    source, _, monitor = place.partition("/")
    signal = Signal(source=source, monitor=monitor, condition=condition, at=at)
    assert store.hear([Arrival(source, signal.id, "", signal)]) == (True,)


def down(store: Store, *places: str, minutes_ago: int) -> int:
    """Monitors are down since so many minutes; answers with the instant."""
    at = store.now() - minutes_ago * MINUTE_MS
    for place in places:
        alert(store, place, Condition.DOWN, at)
    return at


def up(store: Store, *places: str, minutes_ago: int) -> None:
    """Monitors are up again since so many minutes."""
    for place in places:
        alert(store, place, Condition.UP, store.now() - minutes_ago * MINUTE_MS)
