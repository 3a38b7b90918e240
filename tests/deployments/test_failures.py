"""A month that is cut off in its middle: by a kill, a restart, a lost database. Then done again.

Everything is real: a Prefect server, a worker, PostgreSQL, each a process that is ended from
outside while Stripe's stand-in holds back its answer to the first payment. Each test has a month of
its own: 120 minutes are 10 % of Acme's 2,000.00 EUR and of Bluefin's 3,600.00 USD, which their own
rule releases. Two notes a month, whatever happens.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.store.sql import open_store
from deployments.automations import BLOCK, CRASHED, DEAD, LATE, SILENT_SECONDS
from deployments.service import SETTINGS
from models.period import ServiceMonth
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.deployments.pages import ENDED, Pages, free_port, until
from tests.postgres import Server, go_without, initialise, programs, running, unprivileged
from tests.standins.stripe.client import running as stripe_running
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, Books, tables_of

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group(name="failures")]

RULE = "release: {mode: automatic, up_to: 500}\n"
MONTHS = [ServiceMonth(2025, number) for number in range(4, 10)]
OWED = {"acme": 20_000, "bluefin": 36_000}
"""In minor units: 10 % of 2,000.00 EUR and of 3,600.00 USD."""

HELD_SECONDS = 6
"""How long the stand-in holds back its answer: the time in which something dies."""

LONG_SECONDS = 20
"""The same where two runs must meet; Stripe's client gives up after thirty."""

SHORT_SECONDS = 15
"""After which a run without a sign of life counts as crashed, in the test that waits for it."""

RETRY = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the Prefect UI"}
"""What the button in Prefect's pages sets."""


class Operation:
    """A server, a worker and a database that end and begin as a test wants it."""

    def __init__(self, folder: Path, scene: StripeScene, books: Books) -> None:
        self.folder, self.scene, self.books = folder, scene, books
        self.port = free_port()
        self.pages = Pages(f"http://127.0.0.1:{self.port}")
        self.database: Server | None = None
        self._database = ExitStack()
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What server and worker are started with."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MAKEGOOD_"))}
        return {
            **mine,
            **SETTINGS,
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "MAKEGOOD_WORKSPACE": str(self.books.folder),
            "MAKEGOOD_DATABASE_URL": self.url,
            "MAKEGOOD_STRIPE_KEY": self.scene.account.restricted_key,
            "MAKEGOOD_STRIPE_URL": self.scene.account.url,
        }

    @property
    def url(self) -> str:
        """Where decisions are recorded."""
        return Server(self.folder / "pg", 0).url("makegood")

    def begin(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        """A process of Prefect's in a session of its own, as a service manager starts it."""
        with (self.folder / f"{log}.log").open("ab") as told:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                start_new_session=True,
            )

    def start_server(self) -> None:
        """Start the Prefect server, and wait until it answers."""
        app = "prefect.server.api.server:create_app"
        listens = ("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning")
        self.server = self.begin("uvicorn", "--factory", app, *listens, log="server")
        until(self._answers, lambda: (self.folder / "server.log").read_text()[-3000:])

    def _answers(self) -> bool | None:
        try:
            return self.pages.api.get("/health").is_success or None
        except httpx.TransportError:
            return None

    def start_worker(self) -> None:
        """Start a worker."""
        self.worker = self.begin(
            *("prefect", "worker", "start", "--pool", "makegood", "--type", "process"), log="worker"
        )

    def start_database(self) -> None:
        """Start PostgreSQL on what it had before."""
        bin_folder = programs()
        assert bin_folder is not None
        self.database = self._database.enter_context(running(self.folder / "pg", bin_folder))

    def stop_database(self) -> None:
        """End it, with every connection."""
        self._database.close()

    def second_worker(self) -> subprocess.Popen[bytes]:
        """Another worker of the same pool, as on a second host."""
        return self.begin(
            *("prefect", "worker", "start", "--pool", "makegood", "--type", "process"), log="second"
        )

    def let_run(self, at_once: int) -> None:
        """Set how many runs the pool runs at once."""
        self.pages.asked("PATCH", "/work_pools/makegood", concurrency_limit=at_once)

    def processes(self) -> list[int]:
        """The operating-system processes of the worker and of the flows that it started."""
        assert self.worker is not None
        return _with_children(self.worker.pid)

    def kill_worker_and_flow(self) -> None:
        """As a host that loses power."""
        assert self.worker is not None
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self.worker.wait()

    def end(self) -> None:
        """End whatever still runs."""
        for process in (self.worker, self.server):
            if process is not None and process.poll() is None:
                for child in _with_children(process.pid):
                    os.kill(child, signal.SIGTERM)
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.stop_database()
        self.pages.api.close()

    # --- What a test does -------------------------------------------------------------------------

    def hold_payment(self, seconds: int = HELD_SECONDS) -> None:
        """Have the stand-in carry out the next note and hold back its answer."""
        self.scene.account.plan(
            {
                "kind": "delay",
                "when": "after",
                "seconds": seconds,
                "method": "POST",
                "path": "/v1/credit_notes",
            }
        )

    def until_paying(self, month: ServiceMonth) -> None:
        """Wait until the stand-in has the first note of a month."""
        until(lambda: self.notes(month) or None, lambda: f"no note of {month}")

    def notes(self, month: ServiceMonth) -> dict[str, list[int]]:
        """By client what each note of a month comes to."""
        found: dict[str, list[int]] = {}
        for note in self.scene.account.dump().get("credit_note", []):
            part = note["metadata"]["makegood_part"]
            if f"/{month}/" in part:
                found.setdefault(part.split("/")[0], []).append(note["amount"])
        return found

    def flow_process(self) -> int:
        """The process that runs a flow: the worker's child that runs the engine."""
        assert self.worker is not None
        for process in _with_children(self.worker.pid)[1:]:
            command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            if any(b"engine" in word or b"flow-run" in word for word in command):
                return process
        pytest.fail("no process runs a flow")

    def retry(self, run: str) -> None:
        """Press Retry in Prefect's pages."""
        self.pages.asked("POST", f"/flow_runs/{run}/set_state", state=RETRY, force=True)

    def everything(self) -> dict[str, object]:
        """All that a rerun could change, but for when Stripe may be asked next."""
        tables = {name: rows for name, rows in tables_of(self.url).items() if name != "pace"}
        told = {path.name for path in (self.books.folder / "outbox").iterdir()}
        return {**tables, "told": told, "notes": self.notes(MONTHS[0]), "rows": self.books.rows}

    def until_told(self, subject: str) -> None:
        """Wait until the operator has a mail about it."""
        until(
            lambda: subject in self.books.mails_to("finance@relay.example") or None,
            lambda: str(self.books.mails),
        )

    def finished(self, run: str) -> None:
        """Have a run end well: by itself, or by Retry where it did not."""
        ended = self.pages.until(run, *ENDED)
        if ended["state"]["type"] != "COMPLETED":
            self.retry(run)
            self.pages.until(run, "COMPLETED", tries=ended["run_count"] + 1)

    def register(self, silent_seconds: int = SILENT_SECONDS) -> None:
        """Tell the server of the automations once more."""
        register = f"register_automations(silent_seconds={silent_seconds})"
        command = f"from deployments.automations import register_automations; {register}"
        subprocess.run([sys.executable, "-c", command], env=self.environment, check=True)

    def automations(self, name: str) -> list[dict[str, Any]]:
        """The automations of a name."""
        found: list[dict[str, Any]] = self.pages.asked(
            "POST", "/automations/filter", automations={"name": {"any_": [name]}}
        )
        return found

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """A notification block of Prefect's own kind, until the block ends."""
        make = (
            "import sys; from prefect.blocks.notifications import SlackWebhook;"
            "SlackWebhook(url='https://hooks.slack.example/services/none').save(sys.argv[1])"
        )
        subprocess.run([sys.executable, "-c", make, name], env=self.environment, check=True)
        yield
        (found,) = self.pages.asked(
            "POST", "/block_documents/filter", block_documents={"name": {"any_": [name]}}
        )
        self.pages.asked("DELETE", f"/block_documents/{found['id']}")

    def is_right(self, month: ServiceMonth) -> None:
        """Hold what came of a month against what was owed: each once, paid, told, provable."""
        assert self.notes(month) == {client: [amount] for client, amount in OWED.items()}
        for address in ("ap@acme.example", "billing@bluefin.example"):
            letters = [s for s in self.books.mails_to(address) if _in_words(month) in s]
            assert len(letters) == 1, letters
        rows = [row for key, row in self.books.rows.items() if f"/{month}/" in key]
        assert [row["Status"] for row in rows] == ["Approved", "Approved"]


def _in_words(month: ServiceMonth) -> str:
    return f"{datetime(month.year, month.month, 1, tzinfo=UTC):%B %Y}"


def _with_children(process: int) -> list[int]:
    found = [process]
    for parent in found:
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
        except FileNotFoundError:
            continue
        for task in tasks:
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _checks() -> str:
    """Every month has two hours of outage from noon of the 10th on."""
    rows = ["monitor,at,up", "api,2025-03-01T00:00:00Z,up"]
    for month in MONTHS:
        noon = datetime(month.year, month.month, 10, 12, tzinfo=UTC)
        rows += [f"api,{noon:%FT%TZ},down", f"api,{noon + timedelta(minutes=120):%FT%TZ},up"]
    return "\n".join(rows) + "\n"


def _billed(scene: StripeScene) -> None:
    for client, fee, currency in (("acme", 200_000, "EUR"), ("bluefin", 360_000, "USD")):
        scene.customer(f"cus_{client}", client=client)
        scene.subscription(f"sub_{client}", f"cus_{client}", currency=currency)
        for month in MONTHS:
            name = f"in_{client}_{month.year}_{month.month}"
            span = month.bounds("UTC")
            scene.invoice(name, f"cus_{client}", fee, period=span, currency=currency)


@contextmanager
def _cluster(folder: Path):
    """An empty PostgreSQL cluster, which nobody runs yet."""
    bin_folder = programs()
    if bin_folder is None:
        go_without()
    account = unprivileged()
    (folder / "pg").mkdir()
    for path in (folder, folder / "pg"):
        os.chown(path, account.get("user", -1), account.get("group", -1))
    initialise(folder / "pg", bin_folder)
    yield


@pytest.fixture(scope="module")
def operation(tmp_path_factory):
    """Everything runs; each test ends what it wants to."""
    makegood = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
    contracts = [ACME + RULE, BLUEFIN + RULE]
    # Short, because a socket's path may have no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="makegood-op-") as short, stripe_running() as stand_in:
        folder = Path(short)
        books = Books.laid_out(
            tmp_path_factory.mktemp("operated") / "books",
            *contracts,
            checks=_checks(),
            makegood=makegood,
        )
        scene = StripeScene(fresh_account(stand_in))
        _billed(scene)
        with _cluster(folder):
            made = Operation(folder, scene, books)
            try:
                made.start_database()
                assert made.database is not None
                made.database.execute("CREATE DATABASE makegood")
                made.start_server()
                subprocess.run(
                    [sys.executable, "-m", "deployments.register"], env=made.environment, check=True
                )
                made.start_worker()
                yield made
            finally:
                made.end()


def test_a_killed_flow_is_told_of_and_goes_on_by_retry(operation):
    """The worker says that it crashed, the operator has a mail, and Retry pays what is not paid."""
    month = MONTHS[0]
    operation.hold_payment()
    run = operation.pages.start("month-end", month=str(month))
    operation.until_paying(month)
    os.kill(operation.flow_process(), signal.SIGKILL)
    operation.pages.until(run, "CRASHED")
    operation.until_told(f"month-end {month} (2 clients) was cut off")
    operation.retry(run)
    operation.pages.until(run, "COMPLETED", tries=2)
    operation.is_right(month)


def test_retry_of_a_completed_run_changes_nothing(operation):
    """The button is there on completed runs as well: not a note, a mail or a row more."""
    month = MONTHS[0]
    (run,) = [each["id"] for each in operation.pages.runs(name={"like_": f"month-end {month}"})]
    before = operation.everything()
    operation.retry(run)
    operation.pages.until(run, "COMPLETED", tries=3)
    operation.is_right(month)
    after = operation.everything()
    assert [name for name in before if before[name] != after[name]] == []


def test_a_run_whose_database_goes_away_waits_and_ends_by_itself(operation):
    """PostgreSQL stops while a payment is under way, and is back ten seconds later."""
    month = MONTHS[1]
    operation.hold_payment()
    run = operation.pages.start("month-end", month=str(month))
    operation.until_paying(month)
    operation.stop_database()
    operation.pages.until_noted(run, "It is tried again in a while (2 of ")
    operation.start_database()
    operation.pages.until(run, "COMPLETED", tries=1)
    assert operation.pages.run(run)["run_count"] == 1
    operation.is_right(month)


def test_a_run_outlives_its_server(operation):
    """The Prefect server is killed while a payment is under way, and started again."""
    month = MONTHS[2]
    operation.hold_payment()
    run = operation.pages.start("month-end", month=str(month))
    operation.until_paying(month)
    assert operation.server is not None
    operation.server.kill()
    operation.server.wait()
    operation.start_server()
    operation.finished(run)
    operation.is_right(month)


def test_a_host_that_is_gone_leaves_a_run_that_crashes_and_goes_on_elsewhere(operation):
    """Worker and flow die together; the server finds out, frees the pool, and Retry ends it."""
    month = MONTHS[3]
    operation.register(SHORT_SECONDS)
    operation.hold_payment()
    run = operation.pages.start("month-end", month=str(month))
    operation.until_paying(month)
    operation.kill_worker_and_flow()
    assert operation.pages.run(run)["state"]["type"] == "RUNNING"
    operation.pages.until(run, "CRASHED")
    assert "no sign of life" in operation.pages.run(run)["state"]["message"]
    operation.register()
    operation.start_worker()
    operation.retry(run)
    operation.pages.until(run, "COMPLETED", tries=2)
    operation.is_right(month)


def test_a_month_that_runs_elsewhere_is_refused_and_retried_later(operation):
    """At once, whatever the scope; the lock is PostgreSQL's, and free when its holder is gone."""
    month = MONTHS[4]
    store = open_store(operation.url)
    try:
        with store.month_lock(str(month), holder="another run"):
            run = operation.pages.start("month-end", month=str(month), clients=["bluefin"])
            operation.pages.until(run, "FAILED")
    finally:
        store.close()
    assert f"{month}: locked by another run" in operation.pages.run(run)["state"]["message"]
    assert operation.notes(month) == {}
    operation.retry(run)
    operation.pages.until(run, "COMPLETED", tries=2)
    assert operation.notes(month) == {"bluefin": [36_000]}


def test_two_workers_run_two_months_at_once(operation):
    """With room for two in the pool; each month comes to what it comes to alone."""
    operation.let_run(2)
    helper = operation.second_worker()
    try:
        for _ in range(2):
            operation.hold_payment(LONG_SECONDS)
        runs = [operation.pages.start("month-end", month=str(month)) for month in MONTHS[4:]]
        ended = [operation.pages.until(run, "COMPLETED") for run in runs]
    finally:
        # Its runs are over; how Prefect's own worker ends is not asked here, and it may hang.
        helper.kill()
        helper.wait()
        operation.let_run(1)
    begun, over = ([run[when] for run in ended] for when in ("start_time", "end_time"))
    assert max(begun) < min(over)
    for month in MONTHS[4:]:
        operation.is_right(month)


def test_the_pool_runs_one_flow_at_a_time(operation):
    """As it is made; Prefect keeps to it without leases, which a restart would lose."""
    pool = operation.pages.asked("GET", "/work_pools/makegood")
    assert pool["concurrency_limit"] == 1


def test_automations_are_made_once_and_stay_switched_off(operation):
    """Registered several times by now; an operator's switch counts more than ours."""
    (known,) = operation.automations(DEAD)
    operation.pages.asked("PATCH", f"/automations/{known['id']}", enabled=False)
    operation.register()
    (again,) = operation.automations(DEAD)
    assert (again["id"], again["enabled"]) == (known["id"], False)
    operation.pages.asked("PATCH", f"/automations/{known['id']}", enabled=True)


def test_a_server_tells_of_crashes_and_late_runs_by_a_block_of_the_operators(operation):
    """A notification block of that name is all that it takes; without it, two automations less."""
    assert operation.automations(LATE) == []
    with operation.block(BLOCK):
        operation.register()
        (late,), (crashed,) = operation.automations(LATE), operation.automations(CRASHED)
        assert {each["actions"][0]["type"] for each in (late, crashed)} == {"send-notification"}
    operation.register()
    assert operation.automations(LATE) == operation.automations(CRASHED) == []
