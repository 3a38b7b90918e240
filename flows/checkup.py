"""`makegood doctor`: is everything there that a month needs? It asks, and changes nothing.

Each question is asked whatever became of the others, and each answer says what was found or what is
to be done. No secret is ever shown: only the names of the variables that hold them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from connectors.errors import Misconfigured
from connectors.store.sql import Standing, open_store, standing_of
from flows.checkup_answers import Answer, LookError, State, asked, tried
from flows.checkup_doors import ask_doors
from flows.checkup_prefect import ask_prefect
from flows.checkup_zones import ask_zones
from flows.known_settings import Place, Setting, known_settings, place_of, strange_settings
from flows.office import SQLITE_FILE, database_url, read_terms
from flows.settings import as_flows_see_it
from flows.source_trial import try_sources
from models.findings import Severity
from models.intervals import Interval, instant

DAY_MS = 86_400_000
SPAN_DAYS = 2
AHEAD_DAYS = 100
MOST_APART_MS = 5_000
"""Clocks that differ by more than this are worth a look: leases and deadlines hang on them."""

IN_MEMORY = "sqlite://"


def check_up(folder: Path) -> Iterator[Answer]:
    """Ask about everything that a workspace names, in the order in which a month needs it.

    Secrets are looked for as flows look for them.

    Args:
        folder: The folder that holds makegood.yaml.
    """
    with as_flows_see_it():
        workspace = asked("workspace", lambda: _workspace(folder))
        yield workspace
        yield from _settings(None if workspace.state else folder)
        if workspace.state:
            return
        yield asked("time zones", lambda: ask_zones(_zones(folder)))
        yield from _sources(folder)
        database = asked("database", lambda: _database(folder))
        yield database
        yield from _doors(folder, usable=database.state is State.GOOD)
        yield asked("Prefect", ask_prefect)


def _workspace(folder: Path) -> str:
    workspace, contracts, events = read_terms(folder)
    return (
        f"{workspace.name}: {len(contracts)} contracts, {len(workspace.sources)} sources, "
        f"{len(events)} exclusions in files"
    )


def _zones(folder: Path) -> list[str]:
    _, contracts, _ = read_terms(folder)
    return sorted({v.time_zone for contract in contracts for v in contract.versions})


def _settings(folder: Path | None) -> Iterator[Answer]:
    """Which settings are there, and where; what they hold is nobody's business."""
    yield asked("settings", lambda: _places(folder))
    for name, near in strange_settings():
        remedy = near or "`makegood settings` lists ours."
        yield Answer("settings", State.LOOK, f"{name} is no setting of ours. {remedy}")


def _places(folder: Path | None) -> str:
    """Where every setting was found that has a value.

    Raises:
        Misconfigured: One is nowhere that the workspace needs.
    """
    workspace = read_terms(folder)[0] if folder else None
    places = {one: place_of(one) for one in known_settings(workspace)}
    found = [
        f"{one.name} ({place.value})" for one, place in places.items() if place is not Place.NOWHERE
    ]
    missing = [one for one, place in places.items() if one.needed and place is Place.NOWHERE]
    if missing:
        raise Misconfigured(" ".join(map(_missing, missing)))
    return f"set: {', '.join(found) or 'none'}; `makegood settings` lists all"


def _missing(setting: Setting) -> str:
    where = f", or save it in the Secret block {setting.block}" if setting.block else ""
    return f"{setting.name} is not set, and the workspace needs it. Set it{where}."


def _sources(folder: Path) -> Iterator[Answer]:
    now = instant(datetime.now(tz=UTC))
    span = Interval(now - SPAN_DAYS * DAY_MS, now)
    trial = try_sources(folder, span=span, ahead=Interval(now, now + AHEAD_DAYS * DAY_MS))
    for one in trial.sources:
        probes = len(one.probes)
        yield tried(f"source {one.terms.id}", one.problem, _seen(probes))
    for other in trial.exclusion_sources:
        known = len(other.events or ())
        yield tried(f"exclusions {other.terms.id}", other.problem, f"{known} events known")
    for finding in trial.findings:
        state = State.WRONG if finding.severity is Severity.ERROR else State.LOOK
        yield Answer("sources", state, str(finding))


def _seen(probes: int) -> str:
    return f"answers: {probes} {'probe' if probes == 1 else 'probes'} in the last {SPAN_DAYS} days"


def _url(folder: Path) -> str:
    return database_url(folder, read_terms(folder)[0])


def _database(folder: Path) -> str:
    """What is seen of the database: its tables and its clock.

    Raises:
        Misconfigured: It cannot be used, or its clock is another one.
        LookError: Its tables are older than this Makegood.
    """
    standing = standing_of(_url(folder))
    if standing is None:
        return "not there yet; the first run makes it"
    apart = _apart(standing)
    if standing.revision is None:
        return f"empty; the first run makes its tables. Its clock is {apart} ms from this machine's"
    _check_tables(standing)
    return f"answers; tables at {standing.newest}; its clock is {apart} ms from this machine's"


def _apart(standing: Standing) -> int:
    apart = abs(standing.now - instant(datetime.now(tz=UTC)))
    if apart > MOST_APART_MS:
        message = (
            f"{standing.place}: its clock and this machine's are {apart // 1000} s apart; at most "
            f"{MOST_APART_MS // 1000} s was expected. Set both by NTP."
        )
        raise Misconfigured(message)
    return apart


def _check_tables(standing: Standing) -> None:
    if not standing.known:
        message = (
            f"{standing.place}: its tables are at {standing.revision}, which this Makegood does "
            f"not know; {standing.newest} was expected. A newer one has opened it: install that."
        )
        raise Misconfigured(message)
    if standing.revision != standing.newest:
        message = (
            f"{standing.place}: its tables are at {standing.revision}, this Makegood works with "
            f"{standing.newest}. Back it up, then run: makegood migrate"
        )
        raise LookError(message)


def _doors(folder: Path, *, usable: bool) -> Iterator[Answer]:
    """What is written to, without touching tables that are missing or old."""
    url = _url(folder)
    there = not url.startswith(SQLITE_FILE) or Path(url.removeprefix(SQLITE_FILE)).exists()
    shown = url if usable and there and _has_tables(url) else IN_MEMORY
    with closing(open_store(shown, lazily=True)) as store:
        yield from ask_doors(folder, store, shown)


def _has_tables(url: str) -> bool:
    standing = standing_of(url)
    return standing is not None and standing.revision is not None
