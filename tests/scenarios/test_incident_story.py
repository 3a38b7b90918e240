"""One incident from the first alert to the postmortem, as people see it, and as pictures.

`MAKEGOOD_PICTURES=folder` keeps the pictures there, in their order.
"""

import os
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from deployments.webhooks import create_app
from flows.incident_reminders import remind_all
from flows.incidents import all_incidents
from models.intervals import MINUTE_MS, utc_text
from tests.command import makegood
from tests.flows.incident_office import laid_out, opened
from tests.flows.messages.browser import SCHEMES, WIDTHS, browser, chromium

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("chromium")]

SECRET = "a-secret-of-the-story"


@pytest.fixture
def shown():
    """A browser of this machine."""
    if chromium() is None:
        if os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1":
            pytest.fail("Chromium is missing; install Debian's package chromium")
        pytest.skip("Chromium is not installed")
    with browser() as screen:
        yield screen


class Pictures:
    """What the browser shows, held to what is readable, and kept where somebody wants it."""

    def __init__(self, screen):
        self.screen, self.number = screen, 0

    def of(self, name, html, *, widths=WIDTHS):
        """A page; nothing scrolls sideways, is faint or small, or is loaded from elsewhere."""
        self.number += 1
        before = list(self.screen.asked_for)
        for width in widths:
            self.screen.show(html, width=width, scheme=SCHEMES[0])
            seen = self.screen.faults()
            assert seen["scrolls"] <= 0
            assert [seen[fault] for fault in ("wide", "faint", "small")] == [[], [], []]
            if folder := os.environ.get("MAKEGOOD_PICTURES"):
                file = Path(folder) / f"{self.number}-{name}-{width}.png"
                file.write_bytes(self.screen.picture())
        assert self.screen.asked_for == before

    def of_text(self, name, text):
        """What a terminal shows."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        body = f'<pre style="font:14px/1.5 monospace;white-space:pre-wrap">{escaped}</pre>'
        wrapped = f'<body style="overflow-wrap:anywhere;color:#111;background:#fff">{body}</body>'
        self.of(name, f"<!doctype html><html>{wrapped}</html>", widths=WIDTHS[:1])


def alerts(folder, monkeypatch, *, at, down):
    """Both witnesses tell it to the receiver, each in its own way."""
    monkeypatch.setenv("MAKEGOOD_WORKSPACE", str(folder))
    for name in ("ROBOT", "ERRORS", "LOGIN"):
        monkeypatch.setenv(f"MAKEGOOD_SOURCE_{name}_WEBHOOK_SECRETS", SECRET)
    bearer = {"Authorization": f"Bearer {SECRET}"}
    robot = {"monitorID": "777", "alertType": "1" if down else "2", "alertDateTime": at // 1000}
    alert = {
        "status": "firing" if down else "resolved",
        "labels": {"alertname": "Errors"},
        "startsAt": utc_text(at),
        "endsAt": utc_text(at),
        "fingerprint": "c0ffee",
    }
    with TestClient(create_app()) as client:
        for source, body in (("robot", robot), ("errors", {"version": "4", "alerts": [alert]})):
            said = client.post(f"/webhooks/alerts/{source}", json=body, headers=bearer)
            assert (said.status_code, said.json()["stored"]) == (202, 1)


def test_one_incident_from_the_first_alert_to_the_postmortem(tmp_path, monkeypatch, shown):
    """Alert, draft, approval, page, reminder, resolved, postmortem."""
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out(tmp_path)
    pictures = Pictures(shown)

    def told(*arguments):
        ended = makegood("incidents", *arguments, "--workspace", tmp_path)
        assert ended.code in {0, 1}, ended.err
        return ended.out

    def page():
        return (tmp_path / "status/index.html").read_text(encoding="utf-8")

    start = (time.time_ns() // 10**9 - 6 * 60) * 1000
    alerts(tmp_path, monkeypatch, at=start, down=True)
    assert "opened" in told("guard")
    key = f"api/{utc_text(start)}"
    draft = told("show", key)
    assert "May cost: acme/api" in draft
    pictures.of_text("draft", draft)

    told("approve", key, "--impact", "Requests to the API fail.", "--next-update-in", 15)
    assert "Requests to the API fail." in page()
    pictures.of("page-investigating", page())

    with opened(tmp_path) as office:
        assert remind_all(office, now=office.store.now() + 6 * MINUTE_MS) == 1
    (letter,) = (tmp_path / "outbox").glob("*.eml")
    assert b"the next update is promised" in letter.read_bytes()
    pictures.of_text("reminder", letter.read_text(encoding="utf-8")[:1500])

    alerts(tmp_path, monkeypatch, at=start + 6 * MINUTE_MS, down=False)
    told("resolve", key, "--cause", "A release had a wrong setting; it was taken back.")
    with opened(tmp_path) as office:
        (incident,) = all_incidents(office.store)
    assert incident.state.value == "resolved"
    assert "works again" in page()
    pictures.of("page-resolved", page())

    told("note", key, "The pager reached Kim within a minute.")
    told("postmortem", key, "--write", tmp_path / "postmortem.html", "--format", "html")
    written = (tmp_path / "postmortem.html").read_text(encoding="utf-8")
    assert "To be written: why it happened" in written
    pictures.of("postmortem", written)
    assert makegood("verify", "--workspace", tmp_path).code == 0
