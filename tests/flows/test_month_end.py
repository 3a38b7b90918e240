"""The month as Prefect runs it, on a real Prefect server: what it shows, repeats and refuses."""

import logging
import time
from datetime import UTC, datetime

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from pydantic import ValidationError

from connectors.errors import Retriable
from connectors.monitoring.checks_files import ChecksFiles
from flows import in_tasks, month, month_end
from flows.month_end import MonthRequest
from flows.requests import Mode
from models.findings import UnusableInputError
from models.intervals import instant
from tests.command import makegood
from tests.prefect_session import NEEDS_PREFECT
from tests.scenarios.test_month_lock import another_run
from tests.workspaces import ACME, BLUEFIN, SEPTEMBER, Books, by_contract, checks

pytestmark = [NEEDS_PREFECT, pytest.mark.usefixtures("prefect_api")]

R0 = "acme/api/2025-09/r0"


@pytest.fixture
def books(tmp_path):
    """Two clients, and two hours of outage."""
    return Books.laid_out(tmp_path / "books", ACME, BLUEFIN, checks=checks(api=120))


@pytest.fixture
def soon(monkeypatch):
    """Retries follow at once."""
    monkeypatch.setattr(
        in_tasks, "exponential_backoff", lambda **_: lambda retries: [0.0] * retries
    )


def run(books, **request):
    """Run September on Prefect."""
    asked = MonthRequest(month=SEPTEMBER, workspace=str(books.folder), **request)
    return month_end.month_end(asked)


def latest_run(title=f"month-end {SEPTEMBER} (2 clients)"):
    """The latest flow run of this name, as the server knows it."""
    named = FlowRunFilter(name=FlowRunFilterName(any_=[title]))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=named, sort="START_TIME_DESC", limit=1)  # type: ignore[arg-type]  # Its own enumeration of strings.
    return runs[0]


def artifacts_of(flow_run):
    """The artifacts that a run left, by key."""
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run.id]))
    with get_client(sync_client=True) as client:
        return {
            artifact.key: artifact for artifact in client.read_artifacts(artifact_filter=of_run)
        }


def log_of(flow_run, *, until) -> str:
    """What a run noted; it reaches the server a moment later."""
    of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run.id]))
    said = ""
    with get_client(sync_client=True) as client:
        for _ in range(100):
            said = "\n".join(line.message for line in client.read_logs(log_filter=of_run))
            if until in said:
                break
            time.sleep(0.1)
    return said


def counting(act, *, failures, error=Retriable):
    """The act, failing so many times at first; and the list of its calls."""
    calls: list[object] = []

    def counted(*arguments, **options):
        calls.append(arguments)
        if len(calls) <= failures:
            raise error("the far side does not answer")
        return act(*arguments, **options)

    return counted, calls


def test_a_run_on_prefect_ends_as_a_run_without_it(books, tmp_path):
    """The same obligations, ledger and previews."""
    run(books)
    direct = Books.laid_out(tmp_path / "direct", ACME, BLUEFIN, checks=checks(api=120))
    direct.run()
    assert books.owed == direct.owed
    assert books.rows == direct.rows
    assert (books.previews, books.mails) == (direct.previews, direct.mails)
    assert books.verify().faults == ()


def test_a_rerun_on_prefect_changes_nothing(books):
    """An operator may press the button again at any time."""
    run(books)
    before = books.everything
    assert {o.says for o in by_contract(run(books)).values()} == {
        "unchanged: decided before on the same inputs"
    }
    assert books.everything == before


def test_the_operator_sees_name_artifacts_and_decisions_in_prefect(books):
    """The month as a table, each client's credit step by step, and every step in the log."""
    run(books)
    flow_run = latest_run()
    assert flow_run.state.is_completed()
    shown = artifacts_of(flow_run)
    # Where a test before this one left something open on this server, it is taken back.
    settled = shown.pop("needs-a-person-2025-09", None)
    assert settled is None or "nothing needs a person" in str(settled.data)
    assert set(shown) == {
        *("progress", "contracts-2025-09", "month-2025-09"),
        *("month-2025-09-acme", "month-2025-09-bluefin"),
    }
    assert '"credit": "200.00 EUR"' in str(shown["contracts-2025-09"].data)
    summary = str(shown["month-2025-09"].data)
    assert summary.startswith("## 2025-09: 0 of 2 contracts met what was promised")
    assert "- 2 to be released: 200.00 EUR, 360.00 USD" in summary
    assert f"| [Acme GmbH](/artifacts/artifact/{shown['month-2025-09-acme'].id})<br>" in summary
    assert "99.722222" in str(shown["month-2025-09-acme"].data)
    assert "| 2025-09-10T12:00:00Z | 2025-09-10T14:00:00Z | 2 h |" in str(
        shown["month-2025-09-acme"].data
    )
    assert (shown["progress"].data, shown["progress"].description) == (
        100,
        "month-end 2025-09 (2 clients): done",
    )
    said = log_of(flow_run, until="summary")
    for line in (
        "checks: 3 rows in 1 files, 1 monitors",
        "shard 1: 2 contracts measured, 0 withheld",
        "shard 1: 2 decided anew, 0 as before",
        f"{R0} is drafted: first decision for 2025-09",
        "2 notices to preview",
    ):
        assert line in said


def test_a_dry_run_says_so_in_its_name_and_writes_nothing(books):
    """Neither its artifacts nor its name can be taken for the real one's."""
    before = sorted(books.folder.rglob("*"))
    run(books, mode=Mode.DRY_RUN, clients=("acme",))
    flow_run = latest_run(f"month-end {SEPTEMBER} (acme, dry run)")
    shown = artifacts_of(flow_run)
    assert set(shown) == {
        *("progress", "dry-run-contracts-2025-09", "dry-run-month-2025-09"),
        "dry-run-month-2025-09-acme",
    }
    assert "dry run:<br>not recorded" in str(shown["dry-run-month-2025-09"].data)
    assert sorted(books.folder.rglob("*")) == before


def test_tasks_are_named_by_step_and_shard(books):
    """Nobody has to guess what `apply ladder-3f2` was about."""
    run(books)
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[latest_run().id]))
    with get_client(sync_client=True) as client:
        names = {task.name for task in client.read_task_runs(flow_run_filter=of_run)}
    assert names == {
        *("extract checks", "compute uptime 1 of 1", "apply ladder 1 of 1", "release 2025-09"),
        *("write ledger 2025-09", "pay 2025-09", "e-mail 2025-09"),
    }


def test_a_closed_month_stays_closed_without_a_reason(books):
    """What would change is a question; with a reason it is recorded, and the reason with it."""
    run(books)
    books.release()
    books.agree(ACME.replace("billable_amount: 2000", "billable_amount: 2400"), BLUEFIN)
    before = books.everything
    (says,) = run(books).questions
    assert says == (
        "acme/api: the month is closed and would come out otherwise (40.00 EUR would be added), "
        "because the contract's terms changed. Run it again with a reason to reopen it; nothing "
        "is recorded before."
    )
    assert books.everything == before
    run(books, reopen="the invoice was corrected")
    assert books.owed["acme/api/2025-09/r1"] == ("draft", "40.00 EUR")
    assert "reopened: the invoice was corrected" in books.rows["acme/api/2025-09/r1"]["Notes"]


def test_the_month_is_that_of_the_scheduled_start(books):
    """In the zones of the contracts in question: Auckland's May is over, Berlin's and UTC's not."""
    eve = instant(datetime(2026, 5, 31, 20, tzinfo=UTC))
    early = BLUEFIN.replace("currency:", "time_zone: Pacific/Auckland\ncurrency:")
    books.agree(ACME, early)
    folder = str(books.folder)
    assert str(MonthRequest(workspace=folder).month_at(eve)) == "2026-04"
    asked = MonthRequest(workspace=folder, clients=("bluefin",))
    assert asked.title_at(eve) == "month-end 2026-05 (bluefin)"
    assert asked.title_at(eve - 86_400_000) == "month-end 2026-04 (bluefin)"


def test_a_wrong_request_is_refused_by_the_flow_as_well():
    """Whatever came past the form: an impossible month, a mode that is none, a stray field."""
    for wrong in ({"month": "2026-13"}, {"month": "0001-01"}, {"mode": "dry"}, {"onyl": "pay"}):
        with pytest.raises(ValidationError):
            MonthRequest.model_validate(wrong)


def test_what_needs_a_person_is_said_until_it_is_settled(books):
    """A silent probe withholds the month; once its checks are there, nothing is open."""
    silent = ACME.replace("currency:", "measurement: {no_data: withhold}\ncurrency:")
    books.agree(silent.replace("monitors: [api]", "monitors: [mute]"))
    run(books)
    first = artifacts_of(latest_run(f"month-end {SEPTEMBER} (1 client)"))
    assert "**acme/api** is withheld: " in str(first["needs-a-person-2025-09"].data)
    assert "**needs a look**" in str(first["month-2025-09"].data)
    books.agree(ACME)
    run(books)
    second = artifacts_of(latest_run(f"month-end {SEPTEMBER} (1 client)"))
    assert "nothing needs a person" in str(second["needs-a-person-2025-09"].data)


def test_every_decision_is_in_the_log_for_who_looks_closely(books, caplog):
    """With the level DEBUG, step by step; otherwise the story alone."""
    step = "acme/api: acme/api/2025-09/r0 is drafted: first decision for 2025-09; "
    run(books, mode=Mode.DRY_RUN)
    named = f"month-end {SEPTEMBER} (2 clients, dry run)"
    assert step not in log_of(latest_run(named), until="steps: ")
    with caplog.at_level(logging.DEBUG, logger="prefect.task_runs"):
        run(books)
    said = log_of(latest_run(), until=step)
    assert step in said
    assert "99.722222" in said.partition(step)[2].splitlines()[0]


@pytest.mark.usefixtures("soon")
def test_reading_is_tried_again_when_it_may_succeed_later(books, monkeypatch):
    """A source that fails twice is read the third time."""
    reading, calls = counting(ChecksFiles.read, failures=2)
    monkeypatch.setattr(ChecksFiles, "read", reading)
    run(books)
    assert len(calls) == 3
    assert books.owed[R0] == ("draft", "200.00 EUR")


@pytest.mark.usefixtures("soon")
def test_what_cannot_succeed_later_is_not_read_again(books):
    """A bad row stays bad: the run fails with the finding, and nothing is written."""
    books.write("checks.csv", checks(api=120) + "api,soon,up\n")
    before = sorted(books.folder.rglob("*"))
    with pytest.raises(UnusableInputError, match=r"checks\.csv:5"):
        run(books)
    flow_run = latest_run()
    assert flow_run.state.is_failed()
    assert "checks.csv:5" in flow_run.state.message
    assert sorted(books.folder.rglob("*")) == before


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("step", ["WRITE_LEDGER", "E_MAIL", "APPLY_LADDER"])
def test_a_step_with_effects_is_never_repeated_by_prefect(books, monkeypatch, step):
    """It fails, the run fails; running the month again completes it."""
    honest = getattr(month, step)
    function, calls = counting(honest.function, failures=1)
    monkeypatch.setattr(month, step, month.Step(honest.name, function, honest.kind))
    with pytest.raises(Retriable, match="does not answer"):
        run(books)
    assert len(calls) == 1
    run(books)
    assert len(calls) == 2
    assert books.owed[R0] == ("draft", "200.00 EUR")
    assert len(books.summaries) == 1
    assert books.verify().faults == ()


@pytest.mark.parametrize("scope", [[], ["--client", "acme"]], ids=["all clients", "one client"])
def test_a_second_run_of_a_month_ends_with_code_3(books, scope):
    """Somebody else is at it: nothing is changed, and the message says who and what to do."""
    books.run()
    books.write("checks.csv", checks(api=500))
    before = books.everything
    with another_run(books.url, SEPTEMBER):
        ended = makegood("run", "--month", SEPTEMBER, "--workspace", books.folder, *scope)
        assert books.everything == before
    assert ended.code == 3
    assert "2025-09: locked by the other run" in ended.err
    assert "run again; nothing was changed" in ended.err
