"""Operators are told of runs that end badly, without a secret; and some things are waited for."""

from datetime import timedelta
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import CrashedRun
from prefect.states import Crashed, Failed, exception_to_failed_state
from prefect.utilities.asyncutils import run_coro_as_sync

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.store import MonthLockedError
from flows import alarms
from flows.alarms import tell_of_failure, why
from flows.patience import worth_waiting
from flows.verifying import verify_log
from tests.prefect_session import NEEDS_PREFECT
from tests.standins.slack.client import running
from tests.workspaces import MAKEGOOD, Books

AWAY = "postgresql://db/makegood: the database says: connection refused. Run again."
RUN = "verify everything"


@pytest.fixture
def slack(monkeypatch):
    """A chat of this test's own."""
    with running() as webhook:
        monkeypatch.setenv("MAKEGOOD_SLACK_WEBHOOK", webhook.address)
        yield webhook


def failed(error):
    """The state of a run that raised it."""
    return run_coro_as_sync(exception_to_failed_state(error))


def run_of(books, **fields):
    """A run as Prefect gives it to a hook."""
    usual = {"name": RUN, "flow_id": uuid4(), "deployment_id": uuid4()}
    parameters = {"request": {"workspace": str(books.folder)}}
    return FlowRun(**{**usual, **fields}, parameters=parameters)


@NEEDS_PREFECT
def test_mail_and_chat_tell_what_and_why(prefect_api, tmp_path, slack):
    """Once each, with what may be done about it."""
    books = Books.laid_out(tmp_path, makegood=MAKEGOOD + "notices: {slack: true}\n")
    tell_of_failure(verify_log, run_of(books), failed(Retriable(AWAY)))
    assert books.mails == [("finance@relay.example", f"{RUN} failed")]
    (posted,) = slack.posted
    assert posted.lines[:2] == [f"{RUN} failed", AWAY]
    tell_of_failure(verify_log, run_of(books), Crashed(message="Its process ended with -9."))
    assert books.mails[1] == ("finance@relay.example", f"{RUN} was cut off")


@NEEDS_PREFECT
def test_a_chat_that_is_away_keeps_no_mail_back(prefect_api, tmp_path, monkeypatch):
    """Nor does anything that is wrong with the alarm reach the run."""
    monkeypatch.setenv("MAKEGOOD_SLACK_WEBHOOK", "http://127.0.0.1:9/services/none")
    books = Books.laid_out(tmp_path, makegood=MAKEGOOD + "notices: {slack: true}\n")
    tell_of_failure(verify_log, run_of(books), failed(Retriable(AWAY)))
    assert len(books.mails) == 1
    books.write("makegood.yaml", "name: [\n")
    tell_of_failure(verify_log, run_of(books), failed(Retriable(AWAY)))
    assert len(books.mails) == 1


@pytest.fixture
def deployment(prefect_api):
    """A deployment whose runs nobody takes up."""
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("sync-ledger")
        return client.create_deployment(flow_id=flow, name=f"hourly-{uuid4().hex}")


def ended_badly(deployment, books, **asked):
    """A run of the deployment that has failed, as the server knows it; its hook has been called."""
    request = {"request": {"workspace": str(books.folder), **asked}}
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, parameters=request)
        client.set_flow_run_state(run.id, Failed(), force=True)
        tell_of_failure(verify_log, client.read_flow_run(run.id), failed(Retriable(AWAY)))


@NEEDS_PREFECT
def test_what_fails_all_night_is_told_once_and_the_next_month_again(
    deployment, tmp_path, monkeypatch
):
    """Another month's run is another matter, and so is the same one after half a day."""
    books = Books.laid_out(tmp_path)
    ended_badly(deployment, books)
    ended_badly(deployment, books)
    assert len(books.mails) == 1
    ended_badly(deployment, books, month="2025-09")
    assert len(books.mails) == 2
    monkeypatch.setattr(alarms, "SAME_NIGHT", timedelta(0))
    ended_badly(deployment, books, month="2025-09")
    assert len(books.mails) == 3


def test_a_run_at_a_terminal_tells_nobody(tmp_path):
    """The person who started it sees what it says."""
    books = Books.laid_out(tmp_path)
    tell_of_failure(verify_log, run_of(books, deployment_id=None), failed(Retriable(AWAY)))
    assert not (tmp_path / "outbox").exists()


def test_what_others_raise_may_hold_anything_and_is_told_by_its_kind():
    """Our own sentences are written for people, and hold no secret."""
    assert why(failed(Retriable(AWAY))) == AWAY
    assert why(failed(ValueError("sk_live_secret"))) == "ValueError: the run's log says more."
    assert why(Crashed(message="Its process ended with -9.")) == "Its process ended with -9."
    assert why(Failed(message="sk_live_secret")) == "FailedRun: the run's log says more."
    assert CrashedRun.__name__ not in why(Crashed())


@pytest.mark.parametrize(
    ("raised", "attempt", "waits"),
    [
        (Retriable("away"), 1, True),
        (Retriable("away"), 6, True),
        (MonthLockedError("2025-09", "another run"), 1, False),
        (MonthLockedError("2025-09", "our own run, which lost its connection"), 2, True),
        (Permanent("refused"), 1, False),
        (OutcomeUnknown("no answer"), 1, False),
        (Misconfigured("no key"), 1, False),
        (ValueError("a fault of ours"), 1, False),
    ],
)
def test_only_what_is_away_is_waited_for(raised, attempt, waits):
    """A month that somebody else has is refused at once; later it may be our own lost attempt."""
    assert worth_waiting(raised, attempt) is waits
