"""A firm's months as they are operated: every part of it real, and answered in a real browser.

Prefect's server and worker, PostgreSQL, Prometheus, Exim and Chromium are Debian's own; Stripe and
Notion are the stand-ins. The firm and its outages stand in `firm.py`; what is to come of them, in
`expected/`. The acts follow each other, so that each test looks at what one of them left.

September: Acme 200.00 and Cobalt 250.00 are 450.00 EUR; Bluefin has 360.00 USD. Then Acme's invoice
was corrected from 2,000.00 to 2,400.00 EUR, of which 10 % are 240.00: 40.00 EUR more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from flows.office import open_office
from models.money import Currency, Money
from tests.deployments.firm import CONTRACTS, Firm, firm
from tests.deployments.pages import Pages, free_port, until, up
from tests.deployments.screen import Screen, screen
from tests.exim import PASSWORD, USER, Exim
from tests.postgres import TEMPLATE, Server
from tests.prefect_session import NEEDS_PREFECT
from tests.workspaces import ACME, SEPTEMBER

pytestmark = [pytest.mark.peer, NEEDS_PREFECT]

EXPECTED = Path(__file__).with_name("expected")
TOTAL = "450.00 EUR, 360.00 USD"
ALL = "release all of them"
EVERY_MINUTE = {
    "active": True,
    "schedule": {"cron": "* * * * *", "timezone": "UTC"},
    "parameters": {"request": {"month": SEPTEMBER, "ask_for_release": True}},
}
SHOWN = ("Uptime %", "Credit Amount", "Currency", "Status", "Claim By")
"""Columns of the ledger in which no day of this test stands."""


@dataclass
class Story:
    """What is kept of it, act by act.

    Attributes:
        firm: The firm.
        exim: Its mail server.
        pages: Prefect, as the pages use it.
        screen: Prefect, as a person uses it.
        told: What had come of it after each act.
        runs: The run of each act.
        seen: What stood on the screen.
    """

    firm: Firm
    exim: Exim
    pages: Pages
    screen: Screen
    told: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    def keep(self, act: str, run: str) -> None:
        """Write down what stands after an act."""
        self.runs[act] = run
        notes = [_note(note) for note in self.firm.stripe.account.dump()["credit_note"]]
        self.told[act] = {
            "Credit notes": sorted(notes),
            "Ledger, the same in the file and at Notion": self._ledger(),
            "Mail": self._mail(),
        }
        # What is to be compared with `expected/`, for whoever changes the story.
        (self.firm.books.folder.parent / f"{act}.txt").write_text(self.text(act))

    def text(self, act: str) -> str:
        """What stood after an act, as `expected/` has it."""
        parts = self.told[act].items()
        return "".join(
            f"{line}\n" for title, said in parts for line in (title, *(f"  {one}" for one in said))
        )

    def _ledger(self) -> list[str]:
        with open_office(self.firm.books.folder) as office:
            file, rows = (_rows(office.ledgers[name].read()) for name in ("csv", "notion"))
        assert file == rows
        return file

    def _mail(self) -> list[str]:
        """What has arrived, once nothing is under way: every run waits until it is taken."""
        letters = [
            message_from_bytes(each.content, policy=policy.default)
            for each in self.exim.delivered(within_s=60)
        ]
        return sorted(f"{letter['to']}: {letter['subject']}" for letter in letters)


def _note(note: Mapping[str, Any]) -> str:
    amount = Money(note["amount"], Currency.of(note["currency"].upper()))
    return f"{note['metadata']['makegood_part']}: {amount} of {note['invoice']}"


def _rows(cells: Mapping[str, Mapping[str, str]]) -> list[str]:
    return sorted(
        f"{key}: {', '.join(row[column] for column in SHOWN if row[column])}"
        f"{', posted' * bool(row['Posted'])}"
        for key, row in cells.items()
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory, postgres_server: Server, exim_server: Exim) -> Iterator[Story]:
    """The whole of it, lived through once."""
    exim_server.forget()
    postgres_server.execute(f"CREATE DATABASE story TEMPLATE {TEMPLATE}")
    mail = (
        f"{{smtp: {{host: localhost, port: {exim_server.starttls_port}, security: starttls,"
        f" user: {USER}, per_minute: 6000}}, from: sla@relay.example,"
        " operator: finance@relay.example}"
    )
    folder = tmp_path_factory.mktemp("story") / "books"
    with firm(folder, mail=mail) as made, pytest.MonkeyPatch.context() as patch:
        told = {
            **made.environment,
            "MAKEGOOD_DATABASE_URL": postgres_server.url("story"),
            "MAKEGOOD_SMTP_PASSWORD": PASSWORD,
            "MAKEGOOD_SMTP_CA": str(exim_server.authorities),
        }
        for name, value in told.items():
            patch.setenv(name, value)
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with up(folder, port), screen(address) as seen:
            lived = Story(made, exim_server, Pages(address), seen)
            try:
                live(lived)
                yield lived
            finally:
                lived.pages.api.close()


def live(story: Story) -> None:
    """One act after another."""
    pages = story.pages
    run = scheduled(pages)
    story.seen["question"] = asked_in_the_browser(story, run)
    story.keep("month-end", run)

    again = pages.start("month-end", month=SEPTEMBER)
    pages.until(again, "COMPLETED")
    story.keep("rerun", again)

    past = pages.start("backfill", first="2025-06", last="2025-08")
    pages.until(past, "COMPLETED")
    story.keep("backfill", past)

    corrected = ACME.replace("billable_amount: 2000", "billable_amount: 2400")
    story.firm.books.agree(corrected, *(terms for terms in CONTRACTS if terms != ACME))
    left = pages.start("month-end", month=SEPTEMBER)
    pages.until(left, "COMPLETED")
    story.keep("closed", left)

    why = "the invoice was corrected"
    restated = pages.start("month-end", month=SEPTEMBER, reopen=why, ask_for_release=True)
    pages.question(restated)
    pages.answer(restated, decision=ALL, total="40 EUR", approver="Kim", note=why)
    pages.until(restated, "COMPLETED")
    story.keep("restatement", restated)


def scheduled(pages: Pages) -> str:
    """Have the month come by a schedule of its own, and take that away once its run has begun."""
    deployment = pages.deployment("month-end")["id"]
    place = f"/deployments/{deployment}/schedules"
    (made,) = pages.api.post(place, json=[EVERY_MINUTE]).raise_for_status().json()

    def _begun() -> str | None:
        found = pages.runs(deployment_id={"any_": [deployment]})
        ours = [r for r in found if r["parameters"]["request"]["month"] == SEPTEMBER]
        begun = [r["id"] for r in ours if r["auto_scheduled"] and r["run_count"]]
        return begun[0] if begun else None

    run = until(_begun, lambda: "the schedule made no run")
    pages.api.delete(f"{place}/{made['id']}").raise_for_status()
    return run


def asked_in_the_browser(story: Story, run: str) -> str:
    """Answer the form as a person does; what stood above its fields."""
    story.pages.question(run)
    shown = story.screen.question(run)
    story.screen.choose("Decision", ALL)
    story.screen.type("Total of what you release", TOTAL)
    story.screen.type("Your name", "Kim Example")
    story.screen.type("Reason", "looked at every line")
    story.screen.submit()
    story.pages.until(run, "COMPLETED")
    return shown


def expected(name: str) -> str:
    """What is to come of an act."""
    return (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("act", ["month-end", "backfill", "restatement"])
def test_what_comes_of_an_act_is_what_was_reckoned(story, act):
    """Credit notes, rows of both ledgers and mails, to the cent."""
    assert story.text(act) == expected(act)


def test_the_form_shows_what_is_released(story):
    """Each amount and its key, why, and what all of it comes to, without scrolling aside."""
    for words in (
        f"3 credits of 2025-09, {TOTAL}.",
        "acme/api/2025-09/r0",
        "Acme GmbH, 99.722222 % of 99.9 %",
        "Cobalt & Söhne KG",
        "250.00 EUR",
        "first decision for 2025-09",
    ):
        assert words in story.seen["question"]


def test_a_rerun_adds_nothing(story):
    """No note, no row, no mail."""
    assert story.told["rerun"] == story.told["month-end"]


def test_a_closed_month_stays_as_it_is_until_somebody_says_why(story):
    """The corrected invoice is noticed and told; nothing is recorded, paid or mailed."""
    assert story.told["closed"] == story.told["backfill"]
    told = story.pages.asked(
        "POST", "/artifacts/filter", artifacts={"key": {"any_": ["needs-a-person-2025-09"]}}
    )
    (first,) = [each for each in told if each["flow_run_id"] == story.runs["closed"]]
    assert (
        "the month is closed and would come out otherwise (40.00 EUR would be added)"
        in (first["data"])
    )


def test_who_released_it_and_why_is_in_the_log(story):
    """As words that nothing verifies."""
    with open_office(story.firm.books.folder, read_only=True) as office:
        found = {s.key: s.release for s in office.store.obligations(SEPTEMBER) if s.release}
    assert {release.by for release in found.values()} == {"Kim Example", "Kim"}
    assert found["acme/api/2025-09/r1"].why == "the invoice was corrected"
    assert story.firm.books.verify().faults == ()


def test_past_months_are_runs_of_their_own(story):
    """The oldest first, each named after its month."""
    found = story.pages.runs(parent_flow_run_id={"any_": [story.runs["backfill"]]})
    assert [each["name"] for each in found] == [
        f"month-end 2025-{month} (5 clients)" for month in ("06", "07", "08")
    ]


def test_the_summary_leads_to_notion_stripe_and_the_explanation(story):
    """By links that a browser follows; the month stands there as it is after the release."""
    summary = story.pages.artifact("month-2025-09")
    story.screen.open(f"/artifacts/artifact/{summary['id']}")
    story.screen.says("after the release")
    links = story.screen.links()
    assert links["Notion"].startswith("https://www.notion.so/")
    assert links["credit note"].startswith("https://dashboard.stripe.com/test/credit_notes/")
    story.screen.open(links["Acme GmbH"])
    story.screen.says("uptime = (2592000 - 7200) / 2592000 s = 99.722222")


def test_no_secret_is_in_any_log(story):
    """Neither of Stripe, nor of Notion, nor of the mail server."""
    said = "\n".join(story.pages.log(run) for run in story.runs.values())
    for name in ("MAKEGOOD_STRIPE_KEY", "MAKEGOOD_NOTION_TOKEN", "MAKEGOOD_SOURCE_PROM_PASSWORD"):
        assert story.firm.environment[name] not in said
    assert PASSWORD not in said
