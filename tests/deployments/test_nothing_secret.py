"""Nothing secret stands in Prefect's database, whatever a month does and however it fails.

Each connector that has a key is given one that is refused; then every connector is used as it
should be. The log goes down to DEBUG. What Prefect keeps of all that is searched byte by byte.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.prefect_server import server_of_our_own
from tests.benchmarks.test_prefect_overhead import AS_A_FLOW
from tests.deployments.firm import CONTRACTS, firm
from tests.exim import PASSWORD as MAIL_PASSWORD
from tests.exim import USER, Exim
from tests.postgres import TEMPLATE, Server
from tests.prefect_session import NEEDS_PREFECT
from tests.prometheus import PASSWORD as PROMETHEUS_PASSWORD
from tests.standins.slack.client import SECRET_PATH
from tests.standins.slack.client import running as slack_running
from tests.workspaces import ACME, SEPTEMBER

pytestmark = [pytest.mark.peer, NEEDS_PREFECT]

DATABASE_PASSWORD = "nobody-may-read-this-7"
WRONG: tuple[Mapping[str, str], ...] = (
    {"MAKEGOOD_DATABASE_URL": "postgresql://nobody:wrong-yet-secret-6@127.0.0.1:9/nothing"},
    {"MAKEGOOD_SMTP_PASSWORD": "wrong-yet-secret-4"},
    {"MAKEGOOD_SOURCE_PROM_PASSWORD": "wrong-yet-secret-3"},
    {"MAKEGOOD_NOTION_TOKEN": "ntn_wrong_yet_secret_2"},
    {
        "MAKEGOOD_STRIPE_KEY": "rk_test_wrong_yet_secret_1",
        "MAKEGOOD_SLACK_WEBHOOK": "http://127.0.0.1:9/services/wrong-yet-secret-5",
    },
)
"""What is wrong in one run after the other: refused by the far side, or leading nowhere."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What Prefect kept of runs that went well and of runs that did not.

    Attributes:
        content: Every byte of its database.
        secrets: What must not be in it, by what it is.
        ended: How each run's process ended, by what was wrong with it.
        paid: What each credit note comes to.
    """

    content: bytes
    secrets: Mapping[str, str]
    ended: Mapping[str, int]
    paid: list[int]


@pytest.fixture(scope="module")
def kept(tmp_path_factory, postgres_server: Server, exim_server: Exim) -> Iterator[Kept]:
    """A month once with each secret wrong, then with everything right."""
    exim_server.forget()
    folder, home = tmp_path_factory.mktemp("secret") / "books", tmp_path_factory.mktemp("kept")
    postgres_server.execute(f"CREATE DATABASE secret TEMPLATE {TEMPLATE}")
    postgres_server.execute(f"CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '{DATABASE_PASSWORD}'")
    mail = (
        f"{{smtp: {{host: localhost, port: {exim_server.starttls_port}, security: starttls,"
        f" user: {USER}, per_minute: 6000}}, from: sla@relay.example,"
        " operator: finance@relay.example}\nnotices: {slack: true}"
    )
    with firm(folder, mail=mail) as made, slack_running() as slack:
        made.books.agree(ACME + "release: {mode: automatic, up_to: 300}\n", *CONTRACTS[1:])
        place = postgres_server.url("secret").partition("@")[2]
        right = {
            **made.environment,
            "MAKEGOOD_DATABASE_URL": f"postgresql://keeper:{DATABASE_PASSWORD}@{place}",
            "MAKEGOOD_SMTP_PASSWORD": MAIL_PASSWORD,
            "MAKEGOOD_SMTP_CA": str(exim_server.authorities),
            "MAKEGOOD_SLACK_WEBHOOK": slack.address,
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PREFECT_HOME", str(home))
            with server_of_our_own() as (address, ready):
                ready()
                told = {**right, "PREFECT_API_URL": address, "PREFECT_HOME": str(home)}
                ended = {" and ".join(wrong): _ended(folder, {**told, **wrong}) for wrong in WRONG}
                ended["nothing"] = _ended(folder, told)
        # The server has ended, so that all of it lies in the file.
        content = b"".join(path.read_bytes() for path in sorted(home.glob("prefect.db*")))
        yield Kept(
            content,
            {
                "the database's password": DATABASE_PASSWORD,
                "the mail server's password": MAIL_PASSWORD,
                "Prometheus's password": PROMETHEUS_PASSWORD,
                "Stripe's key": made.environment["MAKEGOOD_STRIPE_KEY"],
                "Notion's token": made.environment["MAKEGOOD_NOTION_TOKEN"],
                "the chat's address": SECRET_PATH,
                **{f"wrong {n}": v.partition("@")[0] for wrong in WRONG for n, v in wrong.items()},
            },
            ended,
            [note["amount"] for note in made.stripe.account.dump()["credit_note"]],
        )


def _ended(folder: Path, environment: Mapping[str, str]) -> int:
    """How the month's run ends, with every line of its log kept."""
    log = {
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG",
        "PREFECT_LOGGING_TO_API_MAX_LOG_SIZE": "1000000",
    }
    done = subprocess.run(
        [sys.executable, "-c", AS_A_FLOW, str(folder), SEPTEMBER],
        env={**os.environ, **environment, **log},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


def test_the_month_was_run_with_everything_and_failed_without_what_it_needs(kept):
    """A chat that is away fails nothing; a database and a mail server that refuse us do."""
    assert kept.ended["nothing"] == 0
    failed = {name for name, code in kept.ended.items() if code}
    assert {"MAKEGOOD_DATABASE_URL", "MAKEGOOD_SMTP_PASSWORD"} <= failed
    assert kept.paid == [20_000]


def test_prefect_kept_the_story_and_the_decisions(kept):
    """What is searched for secrets is there: the story at INFO, each decision at DEBUG."""
    for told in (b"contracts measured, ", b"acme/api: acme/api/2025-09/r0 is drafted", b"99.72"):
        assert told in kept.content


def test_nothing_secret_is_kept(kept):
    """As it is, as an address quotes it, or as JSON writes it."""
    found = {
        what
        for what, secret in kept.secrets.items()
        for form in (secret, secret.replace("@", "%40"), json.dumps(secret)[1:-1])
        if form.encode() in kept.content
    }
    assert found == set()
