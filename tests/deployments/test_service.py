"""`makegood up` as an operator has it: a real server, a real worker, forms answered over the API.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR, Bluefin's 10 % of 3,600.00 USD.
"""

from pathlib import Path

import httpx
import pytest

from flows.office import open_office
from flows.requests import ALIVE, WAITS
from flows.verify import verify
from models.credit import ObligationState
from tests.deployments.pages import Pages, free_port, until, up
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, checks

pytestmark = NEEDS_PREFECT

ALL = "release all of them"
AUGUST = "2025-08"
DRY_RUN = "dry run: decide and show; write, pay and send nothing"
SCHEDULES = 7
"""Deployments that have one."""


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Two clients, and two hours of outage."""
    folder = tmp_path_factory.mktemp("served") / "books"
    return Books.laid_out(folder, ACME, BLUEFIN, checks=checks(api=120))


@pytest.fixture(scope="module")
def pages(books):
    """A service that is up."""
    port = free_port()
    with up(books.folder, port):
        pages = Pages(f"http://127.0.0.1:{port}")
        yield pages
        pages.api.close()


def states(books, month=SEPTEMBER):
    """Where every obligation of a month stands."""
    with open_office(books.folder, read_only=True) as office:
        return {s.key: s.obligation.state for s in office.store.obligations(month)}


def last_words(pages, run):
    """What a run said before it was suspended, and after what."""
    wanted = {"resource": {"id": [f"prefect.flow-run.{run}"]}, "order": "ASC"}
    found = pages.asked("POST", "/events/filter", filter=wanted)["events"]
    names = {event["id"]: event["event"] for event in found}
    return [names.get(event["follows"]) for event in found if event["event"] == WAITS] or None


def test_schedules_really_yield_scheduled_runs(pages):
    """With some versions beside it, Prefect's scheduler fails every minute, and says so nowhere."""

    def _all_scheduled():
        found = pages.runs(state={"type": {"any_": ["SCHEDULED"]}})
        ours = {run["deployment_id"] for run in found if run["auto_scheduled"]}
        return ours if len(ours) == SCHEDULES else None

    until(_all_scheduled, lambda: "the scheduler made too few runs")


def test_a_month_is_decided_asked_about_and_released(pages, books):
    """A wrong total is said and asked about again; the right one releases, pays and tells."""
    run = pages.start("month-end", month=SEPTEMBER, ask_for_release=True)
    first, shown = pages.question(run)
    # Or the server would call it dead: its own word of it may be held back.
    assert until(lambda: last_words(pages, run), lambda: "it said nothing") == [ALIVE]
    assert pages.run(run)["name"] == f"month-end {SEPTEMBER} (2 clients)"
    assert "**2 credits of 2025-09, 200.00 EUR, 360.00 USD.**" in shown
    assert "- **200.00 EUR**, acme/api/2025-09/r0: Acme GmbH, 99.722222 % of 99.9 %; " in shown
    assert set(states(books).values()) == {ObligationState.DRAFT}
    pages.answer(run, decision=ALL, total="200 EUR", approver="Kim")
    second, shown = pages.question(run, besides=first)
    assert second != first
    assert "The total of what you chose is 200.00 EUR, 360.00 USD; '200 EUR' was typed" in shown
    assert set(states(books).values()) == {ObligationState.DRAFT}
    pages.answer(run, decision=ALL, total="200 EUR, 360 USD", approver="Kim", note="looked at")
    pages.until(run, "COMPLETED")
    assert set(states(books).values()) == {ObligationState.RELEASED}
    pages.until_noted(run, "2 credits released, 2 paid, 2 notices sent")
    with open_office(books.folder, read_only=True) as office:
        assert verify(office.store).faults == ()


def test_a_question_that_nobody_answers_releases_nothing_and_is_told(pages, books):
    """Prefect lets such a run fail and tells nobody; we do, once, by a mail of its own."""
    earlier = checks(api=120).replace("2025-08-31", "2025-07-31").replace("2025-09-", "2025-08-")
    books.write("checks.csv", earlier)
    run = pages.start("month-end", month=AUGUST, ask_for_release=True, answer_within="PT1S")
    failed = pages.until(run, "FAILED")
    assert failed["state"]["message"] == "The flow was paused and never resumed."
    assert set(states(books, AUGUST).values()) == {ObligationState.DRAFT}
    for _ in range(2):
        pages.until(pages.start("unanswered"), "COMPLETED")
    told = [subject for subject in books.mails_to("finance@") if subject.startswith("Nobody")]
    assert told == ["Nobody answered, nothing was released for August 2025: €200.00 and $360.00"]
    books.write("checks.csv", checks(api=120))


def test_a_retry_of_a_completed_run_changes_nothing(pages, books):
    """The button is there, also on completed runs."""
    run = pages.start("month-end", month=SEPTEMBER)
    pages.until(run, "COMPLETED")
    before = books.tables
    pages.asked("POST", f"/flow_runs/{run}/set_state", state={"type": "SCHEDULED"}, force=True)
    pages.until(run, "COMPLETED", tries=2)
    assert books.tables == before


def test_wrong_parameters_are_refused_by_the_form(pages):
    """By the server, before a run is made."""
    with pytest.raises(httpx.HTTPStatusError, match=r"4\d\d"):
        pages.start("month-end", month="September")
    for wrong in ({"clientz": ["acme"]}, {"mode": "dry"}, {"notify": "maybe"}, {"clients": "acme"}):
        with pytest.raises(httpx.HTTPStatusError, match=r"4\d\d"):
            pages.start("backfill", first="2025-08", last="2025-09", **wrong)


def test_a_client_without_a_contract_is_refused_by_the_flow(pages, books):
    """The form cannot know them; the run fails with what may be meant, and writes nothing."""
    before = books.tables
    for deployment in ("month-end", "release"):
        run = pages.start(deployment, month=SEPTEMBER, clients=["acne"])
        failed = pages.until(run, "FAILED")
        assert "is 'acne'" in failed["state"]["message"]
        assert "Did you mean acme?" in failed["state"]["message"]
    assert books.tables == before


def test_exclusions_are_looked_at(pages):
    """Daily by the schedule; what is announced is shown, and nothing is."""
    run = pages.start("exclusions")
    assert pages.until(run, "COMPLETED")["name"].startswith("exclusions seen 20")
    assert pages.artifact("exclusions")["data"] == "[]"


def test_past_months_are_child_runs_the_oldest_first(pages):
    """One for each, by its name; nothing is mailed or released by rule."""
    run = pages.start("backfill", first="2025-08", last="2025-09", clients=["acme"], mode=DRY_RUN)
    pages.until(run, "COMPLETED")
    found = pages.runs(parent_flow_run_id={"any_": [run]})
    assert [child["name"] for child in found] == [
        "month-end 2025-08 (acme, dry run)",
        "month-end 2025-09 (acme, dry run)",
    ]


def test_the_service_ends_with_everything_that_it_started(tmp_path):
    """Nothing is left of server and worker when it is ended, however hard."""
    books = Books.laid_out(tmp_path / "books", ACME, checks=checks(api=0))
    port = free_port()
    with up(books.folder, port) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) >= 2
        process.kill()
        process.wait()
        until(
            lambda: None if any(Path(f"/proc/{child}").exists() for child in children) else True,
            lambda: f"some of {children} are left",
        )
