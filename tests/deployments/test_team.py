"""For a team: `compose.yaml` read strictly, its processes run against PostgreSQL, the image linted.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR, which Stripe's stand-in gets as one note.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
from prefect.server.database.orm_models import Base as PrefectBase

from deployments.service import SETTINGS
from models.period import ServiceMonth
from models.tables import Row
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.deployments.composed import FILE, SAID, SERVICES, VARIABLE, Team, databases, filled
from tests.deployments.pages import free_port
from tests.house.project import ROOT
from tests.postgres import go_without, programs
from tests.prefect_session import NEEDS_PREFECT
from tests.standins.stripe.client import running as stripe_running
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

DOCKERFILE = ROOT / "deployments/Dockerfile"
SQL = ROOT / "deployments/postgres.sql"
TOP_KEYS = {"name", "services", "volumes"}
KEYS = {
    *("image", "build", "init", "restart", "cap_drop", "security_opt", "command", "environment"),
    *("env_file", "volumes", "ports", "healthcheck", "depends_on", "profiles"),
    "stop_grace_period",
}
CHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
OURS = [name for name in SERVICES if name != "postgres"]
AUTH = ("kim", "correct-horse")
PATIENCE_SECONDS = 240
MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")


# --- The file, read strictly ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_only_known_keys_are_said(name):
    """A misspelled one would be an error for some engines, and nothing at all for others."""
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert set(service.get("healthcheck", {})) <= CHECK_KEYS
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert {key for key in SAID if not key.startswith("x-")} == TOP_KEYS


@pytest.mark.parametrize("name", OURS)
def test_ours_are_one_image_without_rights_or_telemetry(name):
    """Whatever runs our code runs it as nobody special."""
    service = SERVICES[name]
    assert service["image"] == SERVICES["worker"]["image"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["environment"]["DO_NOT_TRACK"] == "1"
    assert service["environment"]["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_what_goes_on_has_a_check_and_what_ends_is_waited_for():
    """Nobody starts before what it needs; a start that failed is seen."""
    for name, service in SERVICES.items():
        once = service["restart"] == "no"
        assert once is not ("healthcheck" in service), name
        for needed, how in service.get("depends_on", {}).items():
            ends = SERVICES[needed]["restart"] == "no"
            wanted = "service_completed_successfully" if ends else "service_healthy"
            assert how == {"condition": wanted}, (name, needed)


def test_every_port_is_of_this_machine_alone():
    """Whoever wants more puts TLS and a login before it."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_stands_in_the_file():
    """Every password is a variable that must be given, and the message says what it is."""
    text = FILE.read_text()
    asked = {name for name, _, _ in VARIABLE.findall(text)}
    assert asked == {
        *("MAKEGOOD_BOOKS", "MAKEGOOD_SECRETS", "POSTGRES_PASSWORD", "PREFECT_AUTH"),
        "PREFECT_PAGES",
    }
    assert "PREFECT_AUTH: name:password" in _without(text, "PREFECT_AUTH")
    for password in re.findall(r"://\w+:([^@\n]+)@", text):
        assert password.startswith("${POSTGRES_PASSWORD:?")


def _without(text, name):
    with pytest.raises(AssertionError) as missing:
        filled(text, {n: "x" for n, _, _ in VARIABLE.findall(text) if n != name})
    return str(missing.value)


def test_prefect_and_the_books_have_a_database_each():
    """Both have a table `artifact`; the second database is made with the server."""
    assert "artifact" in Row.metadata.tables
    assert "artifact" in PrefectBase.metadata.tables
    books = SERVICES["worker"]["environment"]["MAKEGOOD_DATABASE_URL"].rpartition("/")[2]
    prefects = SERVICES["server"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == books == "makegood"
    made = re.findall(r"^CREATE DATABASE (\w+);$", SQL.read_text(), re.MULTILINE)
    assert made == [prefects.rpartition("/")[2]] == ["prefect"]


def test_the_server_has_what_was_measured_to_matter():
    """As `makegood up` gives it to its own."""
    said = {**SERVICES["worker"]["environment"], **SERVICES["server"]["environment"]}
    assert {name: str(said[name]) for name in SETTINGS} == dict(SETTINGS)


# --- The image ------------------------------------------------------------------------------------


def test_the_dockerfile_passes_its_linter():
    """With every rule of hadolint's, down to the hints."""
    linter = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run(
        [linter, "--failure-threshold", "style", DOCKERFILE], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, b"")


def test_a_careless_dockerfile_is_seen(tmp_path):
    """The linter is no decoration: the newest image, as root."""
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /tmp && pip install prefect\nUSER root\n")
    linter = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run([linter, careless], capture_output=True, check=False, text=True)
    assert ended.returncode == 1
    assert {"DL3007", "DL3002", "DL3013"} <= set(re.findall(r"DL\d+", ended.stdout))


def test_what_the_image_takes_in_is_there_and_whoever_runs_is_not_root():
    """Sources and the pinned versions; one account without rights; no address of any registry."""
    text = DOCKERFILE.read_text()
    taken = [line.split()[1:-1] for line in text.splitlines() if re.match(r"COPY (?!--from)", line)]
    for name in (name for names in taken for name in names):
        assert (ROOT / name).exists(), name
    packages = {"models", "connectors", "flows", "deployments", "pyproject.toml"}
    assert packages <= {name for names in taken for name in names}
    assert "--constraint deployments/constraints.txt" in text
    images = [*re.findall(r"^FROM (\S+)", text, re.MULTILINE), SERVICES["postgres"]["image"]]
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+", image) for image in images)
    assert re.search(r"^USER 10001\n(?:(?!USER).*\n)*CMD", text, re.MULTILINE)
    assert "install --directory --owner makegood" in text, "a volume takes its owner from here"


# --- The processes --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene():
    """Acme at Stripe, with September's paid invoice over 2,000.00 EUR."""
    with stripe_running() as server:
        made = StripeScene(fresh_account(server))
        made.customer("cus_acme", client="acme")
        made.subscription("sub_acme", "cus_acme")
        made.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
        yield made


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A workspace that books at Stripe."""
    folder = tmp_path_factory.mktemp("team") / "books"
    by_stripe = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
    return Books.laid_out(folder, checks=checks(api=120), makegood=by_stripe)


@pytest.fixture(scope="module")
def team(books, scene, tmp_path_factory):
    """Every service of the file, started in its order, each when what it needs is healthy."""
    if programs() is None:
        go_without()
    ports = {name: free_port() for name in ("postgres", "server", "webhooks", "worker")}
    values = {
        "MAKEGOOD_BOOKS": str(books.folder),
        "MAKEGOOD_SECRETS": "secrets.env",
        "POSTGRES_PASSWORD": "horse-staple",
        "PREFECT_AUTH": ":".join(AUTH),
    }
    places = {
        "@postgres:5432": f"@127.0.0.1:{ports['postgres']}",
        "http://server:4200": f"http://127.0.0.1:{ports['server']}",
        "/srv/books": str(books.folder),
        "0.0.0.0": "127.0.0.1",  # noqa: S104  It is what is replaced.
        "4200": str(ports["server"]),
        "8080": str(ports["webhooks"]),
        "8081": str(ports["worker"]),
        "5432": str(ports["postgres"]),
    }
    secrets = {
        "MAKEGOOD_STRIPE_KEY": scene.account.restricted_key,
        "MAKEGOOD_STRIPE_URL": scene.account.url,
        "MAKEGOOD_STRIPE_WEBHOOK_SECRETS": "whsec_team",
    }
    # Short, because a socket's path may have no more than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="makegood-team-"))
    started = Team(values, places, secrets, tmp_path_factory.mktemp("services"))
    try:
        with databases(folder, ports["postgres"]):
            started.complete("migrate")
            started.start("server")
            started.until_healthy("server")
            started.complete("deploy")
            for name in ("worker", "webhooks"):
                started.start(name)
                started.until_healthy(name)
            yield started
            started.stop_all()
    finally:
        started.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


class Line:
    """The server's API, with its name and password."""

    def __init__(self, team):
        base = team.here("http://server:4200/api")
        self.api = httpx.Client(base_url=base, auth=AUTH, timeout=60, trust_env=False)

    def asked(self, method, path, **body):
        """One request; its JSON answer."""
        answer = self.api.request(method, path, json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def run(self, deployment, **request):
        """Run a deployment to its end; the state's type."""
        found = self.asked("GET", f"/deployments/name/{deployment}/{deployment}")
        body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
        run = self.asked("POST", f"/deployments/{found['id']}/create_flow_run", **body)["id"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (state := self.asked("GET", f"/flow_runs/{run}")["state"])["type"] not in ENDED:
            assert time.monotonic() < deadline, state
            time.sleep(0.5)
        return state["type"]


@pytest.fixture
def line(team):
    """The server as an operator reaches it."""
    opened = Line(team)
    yield opened
    opened.api.close()


ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.mark.peer
@NEEDS_PREFECT
def test_the_services_run_a_month_and_pay_it(team, line, books, scene):
    """On PostgreSQL, as Prefect's records; Stripe's key comes from the worker's file of secrets."""
    assert line.run("month-end", month=SEPTEMBER, ask_for_release=False) == "COMPLETED"
    assert not list(books.folder.glob("*.db"))
    command = [Path(sys.executable).with_name("makegood"), "release", SEPTEMBER, "--yes"]
    released = subprocess.run(
        [*map(str, command), "--workspace", str(books.folder)],
        env=team.environment("worker"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert released.returncode == 0, released.stderr
    (note,) = scene.account.dump()["credit_note"]
    assert (note["amount"], note["metadata"]["makegood_part"]) == (
        20_000,
        "acme/api/2025-09/r0/p1",
    )
    assert line.run("month-end", month=SEPTEMBER, ask_for_release=False) == "COMPLETED"
    assert line.run("reconcile") == "COMPLETED"
    assert len(scene.account.dump()["credit_note"]) == 1


@pytest.mark.peer
@NEEDS_PREFECT
def test_the_doctor_finds_all_of_it_well(team, books):
    """Database with its tables, Stripe's key, the server with its deployments and its worker."""
    command = [Path(sys.executable).with_name("makegood"), "doctor", "--workspace", books.folder]
    asked = subprocess.run(
        command, env=team.environment("worker"), capture_output=True, text=True, check=False
    )
    said = asked.stdout
    assert not re.search("^(WRONG|away)", said, re.MULTILINE), said + asked.stderr
    assert re.search(r"good   database: answers; tables at \d{4}", said), said
    assert "good   billing: stripe: the test key reads customers, invoices" in said
    assert re.search(r"good   Prefect: \S+ answers, with \d+ deployments and 1 at work", said), said
    assert scene_key(team) not in said


def scene_key(team):
    """What must be shown nowhere."""
    return team.secrets["MAKEGOOD_STRIPE_KEY"]


@pytest.mark.peer
@NEEDS_PREFECT
def test_nobody_without_the_password_reads_anything(team):
    """Secret blocks among it; whether the server is healthy anybody may know."""
    base = team.here("http://server:4200/api")
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as stranger:
        assert stranger.get("/health").status_code == 200
        assert stranger.post("/block_documents/filter", json={}).status_code == 401
    with httpx.Client(base_url=base, auth=("kim", "guess"), trust_env=False) as guesser:
        assert guesser.post("/deployments/filter", json={}).status_code == 401


@pytest.mark.peer
@NEEDS_PREFECT
def test_no_secret_is_in_a_log(team):
    """Of none of the services."""
    for log in team.folder.glob("*.log"):
        text = log.read_text()
        for secret in (scene_key(team), "horse-staple", AUTH[1], "whsec_team"):
            assert secret not in text, (log.name, secret)


@pytest.mark.peer
@NEEDS_PREFECT
def test_every_service_ends_when_it_is_asked_to(team):
    """The last test of the module: worker, receiver and server end on SIGTERM, and say no more."""
    for name in ("worker", "webhooks", "server"):
        assert team.stop(name) in {0, -15, 143}, team.log(name)
    assert team.running == {}
