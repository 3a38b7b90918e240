"""`makegood doctor`: is everything there that a month needs? It asks, and changes nothing.

Each question is asked whatever became of the others, and each answer says what was found or what is
to be done. No secret is ever shown: only the names of the variables that hold them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx

from connectors.errors import ConnectorError, Misconfigured
from flows import office as doors
from flows.binding import check_account
from flows.office import Office, open_office, read_terms
from flows.requests import SERVED
from flows.source_trial import try_sources
from models.findings import Severity, UnusableInputError
from models.intervals import Interval, instant
from models.period import zone
from models.terms import near_miss

DAY_MS = 86_400_000
SPAN_DAYS = 2
AHEAD_DAYS = 100
MOST_APART_MS = 5_000
"""Clocks that differ by more than this are worth a look: leases and deadlines hang on them."""

PREFECT_API = "PREFECT_API_URL"
FREE = ("MAKEGOOD_SOURCE_", "MAKEGOOD_BENCH_", "MAKEGOOD_REQUIRE_PEERS")
"""How secrets begin that sources name themselves, and what only our tests look for."""

OTHERS: Mapping[str, str] = {
    PREFECT_API: "the Prefect server to report to; without it commands start one for themselves",
    SERVED: "the workspace that a worker or the webhook receiver serves",
    "MAKEGOOD_APPROVER_TOKEN": "the token of whoever releases",
    "MAKEGOOD_STRIPE_WEBHOOK_SECRETS": "the secrets of the webhook receiver",
    doors.SMTP_CA: "a file of certificates for the mail server",
    doors.STRIPE_URL: "another address than Stripe's own, for tests",
    doors.NOTION_URL: "another address than Notion's own, for tests",
    "MAKEGOOD_COMPLETE": "completion in a shell",
}


class State(IntEnum):
    """How a question was answered; later ones are worse."""

    GOOD = 0
    LOOK = 1
    AWAY = 2
    WRONG = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer.

    Attributes:
        about: What was asked about.
        state: How it was answered.
        says: What was found, or what is wrong and what to do.
    """

    about: str
    state: State
    says: str


def check_up(folder: Path) -> Iterator[Answer]:
    """Ask about everything that a workspace names, in the order in which a month needs it.

    Args:
        folder: The folder that holds makegood.yaml.
    """
    workspace = _asked("workspace", lambda: _workspace(folder))
    yield workspace
    yield from _settings()
    if workspace.state:
        return
    yield _asked("time zones", lambda: _time_zones(folder))
    yield from _sources(folder)
    yield from _doors(folder)
    yield _asked("Prefect", _prefect)


def _asked(about: str, question: Callable[[], str]) -> Answer:
    try:
        return Answer(about, State.GOOD, question())
    except (UnusableInputError, Misconfigured) as error:
        return Answer(about, State.WRONG, str(error))
    except ConnectorError as error:
        return Answer(about, State.AWAY, str(error))


def _workspace(folder: Path) -> str:
    workspace, contracts, events = read_terms(folder)
    return (
        f"{workspace.name}: {len(contracts)} contracts, {len(workspace.sources)} sources, "
        f"{len(events)} exclusions in files"
    )


def _time_zones(folder: Path) -> str:
    _, contracts, _ = read_terms(folder)
    names = sorted({v.time_zone for contract in contracts for v in contract.versions})
    for name in names:
        zone(name)
    try:
        edition = f"tzdata {version('tzdata')}"
    except PackageNotFoundError:
        edition = "the system's own tables"
    return f"{', '.join(names) or 'none is named'}; {edition}"


def _settings() -> Iterator[Answer]:
    """Which variables are set; what they hold is nobody's business."""
    named = {
        doors.DATABASE_URL: "the database, in place of makegood.yaml's",
        doors.STRIPE_KEY: "Stripe's restricted key",
        doors.NOTION_TOKEN: "the secret of Notion's integration",
        doors.SLACK_WEBHOOK: "the address of the operators' chat",
        doors.SMTP_PASSWORD: "the mail server's password",
        **OTHERS,
    }
    given = [name for name in sorted(named) if os.environ.get(name)]
    missing = [name for name in sorted(named) if name not in given]
    says = f"set: {', '.join(given) or 'none'}; not set: {', '.join(missing) or 'none'}"
    yield Answer("environment", State.GOOD, says)
    for name in sorted(os.environ):
        if name.startswith("MAKEGOOD_") and not (name in named or name.startswith(FREE)):
            near = near_miss(name, named)
            yield Answer("environment", State.LOOK, f"{name} is no setting of ours. {near}".strip())


def _sources(folder: Path) -> Iterator[Answer]:
    now = instant(datetime.now(tz=UTC))
    span = Interval(now - SPAN_DAYS * DAY_MS, now)
    trial = try_sources(folder, span=span, ahead=Interval(now, now + AHEAD_DAYS * DAY_MS))
    for one in trial.sources:
        probes = len(one.probes)
        yield _tried(f"source {one.terms.id}", one.problem, _seen(probes))
    for other in trial.exclusion_sources:
        known = len(other.events or ())
        yield _tried(f"exclusions {other.terms.id}", other.problem, f"{known} events known")
    for finding in trial.findings:
        state = State.WRONG if finding.severity is Severity.ERROR else State.LOOK
        yield Answer(f"source {finding.place}", state, str(finding))


def _seen(probes: int) -> str:
    return f"answers: {probes} {'probe' if probes == 1 else 'probes'} in the last {SPAN_DAYS} days"


def _tried(about: str, problem: Exception | None, says: str) -> Answer:
    if problem is None:
        return Answer(about, State.GOOD, says)
    wrong = isinstance(problem, UnusableInputError | Misconfigured)
    return Answer(about, State.WRONG if wrong else State.AWAY, str(problem))


def _doors(folder: Path) -> Iterator[Answer]:
    """Database, ledgers, mail, billing: what is written to."""
    try:
        opened = open_office(folder)
        with opened as office:
            yield _asked("database", lambda: _database(folder, office))
            for ledger in office.ledgers.values():
                yield _asked(f"ledger {ledger.name}", lambda one=ledger: _checked(one.check))  # type: ignore[misc]  # Bound at once.
            if office.mail is not None:
                yield _asked("mail", lambda: _checked(office.mail.check) if office.mail else "")
            yield _asked("billing", lambda: _checked(lambda: check_account(office)))
            chat = "notices can be posted; none was" if office.chat else "nobody wants notices"
            yield Answer("chat", State.GOOD, chat)
    except (UnusableInputError, ConnectorError) as error:
        yield _tried("database, billing", error, "")


def _checked(check: Callable[[], None]) -> str:
    check()
    return "answers, and may be written"


def _database(folder: Path, office: Office) -> str:
    url = doors.database_url(folder, office.workspace)
    place = url.removeprefix(doors.SQLITE_FILE)
    if url.startswith(doors.SQLITE_FILE) and not Path(place).exists():
        return "not there yet; the first run makes it"
    apart = abs(office.store.now() - instant(datetime.now(tz=UTC)))
    if apart > MOST_APART_MS:
        message = (
            f"its clock and this machine's are {apart // 1000} s apart; at most "
            f"{MOST_APART_MS // 1000} s was expected. Set both by NTP."
        )
        raise Misconfigured(message)
    return f"answers; its clock is {apart} ms from this machine's"


def _prefect() -> str:
    address = os.environ.get(PREFECT_API)
    if not address:
        return "none is named: commands start one for themselves, `makegood up` one for you"
    try:
        with httpx.Client(timeout=10, trust_env=False) as client:
            answer = client.get(f"{address}/health")
            answer.raise_for_status()
    except httpx.HTTPError as error:
        message = f"does not answer ({type(error).__name__}). Start it, or unset {PREFECT_API}."
        raise ConnectorError(message) from None
    return "answers"
