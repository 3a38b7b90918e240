"""Slack's webhook: the promise of every chat, over a socket, and every way in which it can fail."""

import logging
import socket
import traceback

import pytest

from connectors.chat import Notice
from connectors.chat.slack import SlackChat
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Permanent, Retriable
from tests.connectors.chat.conformance import MAY, ChatConformance
from tests.standins.slack.client import SECRET_PATH, Fault, running

SECRET = SECRET_PATH.rpartition("/")[2]


@pytest.fixture
def slack():
    """A webhook of this test's own."""
    with running() as webhook:
        yield webhook


class TestSlackChat(ChatConformance):
    """Through httpx, to a webhook that takes nothing but what Slack takes."""

    @pytest.fixture
    def chat(self, slack):
        """Posts to it."""
        return SlackChat(slack.address)

    @pytest.fixture
    def read(self, slack):
        """Reads as a person does."""
        return slack.read


@pytest.mark.parametrize(
    "name",
    [
        "<!channel>",
        "<!here|here>",
        "<@U024BE7LH>",
        "@channel",
        "Acme @all",
        "(@here)",
        "<https://evil.example|your bank>",
        "[your bank](https://evil.example)",
        "https://evil.example",
        "`@all`",
        "&lt;!channel&gt;",
    ],
)
def test_no_clients_name_calls_anybody_or_links_anywhere(slack, name):
    """Neither in Slack nor where bare mentions and Markdown count; and it can still be read."""
    SlackChat(slack.address).post(Notice(f"{name} is late", (f"- {name}",)))
    (posted,) = slack.posted
    assert (posted.pings, posted.links) == ((), ())
    assert posted.lines == [line.replace("`", "'") for line in (f"{name} is late", f"- {name}")]


def test_the_stand_in_sees_what_would_call_or_link(slack):
    """Otherwise the test above would prove nothing."""
    for text in ("<!channel> x", "hi @all", "<http://a.example|b>", "[b](http://a.example)"):
        body = f'{{"text": "{text}"}}'.encode()
        assert slack.answer(SECRET_PATH, "application/json", body) == (200, "ok")
    assert all(posted.pings or posted.links for posted in slack.posted)


@pytest.mark.parametrize(
    ("fault", "kind", "words", "arrived"),
    [
        (Fault(400, "invalid_payload"), Permanent, "answered 400 'invalid_payload'; nothing", 0),
        (Fault(400, "no_text"), Permanent, "no_text", 0),
        (Fault(403, "action_prohibited"), Misconfigured, "403 'action_prohibited'", 0),
        (Fault(404, "no_service"), Misconfigured, "404 'no_service'; the webhook cannot", 0),
        (Fault(410, "channel_is_archived"), Misconfigured, "MAKEGOOD_SLACK_WEBHOOK", 0),
        (Fault(302, "", {"Location": "http://127.0.0.1:1/"}), Misconfigured, "answered 302", 0),
        (Fault(429, "", {"Retry-After": "1"}), Retriable, "too many", 0),
        (Fault(500, "rollup_error"), OutcomeUnknown, "500 'rollup_error'", 0),
        (Fault(502, "<html>bad</html>"), OutcomeUnknown, "answered 502; the notice may", 0),
        (Fault(503, "", done=True), OutcomeUnknown, "a second one is harmless", 1),
        (Fault(), OutcomeUnknown, "no answer", 0),
        (Fault(done=True), OutcomeUnknown, "no answer", 1),
        (Fault(200, "<html>log in</html>"), OutcomeUnknown, "expected ok", 0),
        (Fault(200, '{"success": false}'), OutcomeUnknown, "expected ok", 0),
    ],
)
def test_every_failure_is_classed_by_what_to_do_next(slack, fault, kind, words, arrived):
    """With Slack's own words, and never with the address."""
    slack.plan(fault)
    with pytest.raises(kind, match=r"slack webhook at 127\.0\.0\.1") as raised:
        SlackChat(slack.address).post(MAY)
    assert type(raised.value) is kind
    assert words in str(raised.value)
    assert len(slack.posted) == arrived
    assert slack.requests == 1


def test_a_program_that_answers_in_json_took_the_notice(slack):
    """Rocket.Chat says so."""
    slack.plan(Fault(200, '{"success":true}', done=True))
    assert SlackChat(slack.address).post(MAY)["chat"] == "slack"


def test_nobody_listens(slack):
    """What was never connected was never posted."""
    with running() as gone:
        chat = SlackChat(gone.address)
    with pytest.raises(Retriable, match=r"cannot be reached.*nothing was posted"):
        chat.post(MAY)


def test_an_answer_that_does_not_come_in_time_leaves_it_open():
    """A socket that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        with pytest.raises(OutcomeUnknown, match=r"no answer \(ReadTimeout\)"):
            SlackChat(address, timeout_s=1).post(MAY)


class Clock:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.ms = 0

    def sleep(self, ms: int) -> None:
        """Let time pass."""
        self.ms += ms


def test_a_rate_limit_is_kept_to_the_second(slack):
    """The next notice waits as long as was asked."""
    clock = Clock()
    chat = SlackChat(slack.address, now_ms=lambda: clock.ms, sleep=clock.sleep)
    slack.plan(Fault(429, "rate_limited", {"Retry-After": "7"}))
    with pytest.raises(Retriable):
        chat.post(MAY)
    clock.ms += 2_000
    chat.post(MAY)
    assert clock.ms == 7_000
    assert len(slack.posted) == 1


def test_a_long_rate_limit_is_left_to_the_next_run(slack):
    """Nothing is even asked before the time has come."""
    clock = Clock()
    chat = SlackChat(slack.address, now_ms=lambda: clock.ms, sleep=clock.sleep)
    slack.plan(Fault(429, "rate_limited", {"Retry-After": "3600"}))
    for _ in range(2):
        with pytest.raises(Retriable):
            chat.post(MAY)
    assert (slack.requests, clock.ms) == (1, 0)
    clock.ms = 3_600_000
    chat.post(MAY)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "is not set"),
        ("hooks.slack.com/services/T0/B0/hush", "is no web address"),
        ("http://hooks.slack.com/services/T0/B0/hush", "does not begin with https://"),
        ("http://10.0.0.8/hooks/hush", "does not begin with https://"),
        ("ftp://hooks.slack.com/hush", "does not begin with https://"),
        ("https://[hush", "is no web address"),
        ("https://x:hush/", "is no web address"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_unseen(address, says):
    """The environment is named, what stands in it is not shown."""
    with pytest.raises(Misconfigured, match=f"MAKEGOOD_SLACK_WEBHOOK {says}") as raised:
        SlackChat(address)
    assert "hush" not in str(raised.value)


def test_the_address_is_shown_nowhere(slack, caplog):
    """Not in its text form, in a log of any level, in an error, or in a whole traceback."""
    caplog.set_level(logging.DEBUG)
    chat = SlackChat(slack.address)
    chat.post(MAY)
    logging.getLogger("httpx").info("others are still heard")
    shown = [repr(chat), str(chat)]
    for fault in (
        Fault(),
        Fault(404, f"Cannot POST {SECRET_PATH}"),
        Fault(500, "x"),
        Fault(200, SECRET_PATH),
    ):
        slack.plan(fault)
        with pytest.raises(ConnectorError) as raised:
            chat.post(MAY)
        shown += traceback.format_exception(raised.value)
    assert SECRET not in "\n".join([*shown, caplog.text])
    assert "others are still heard" in caplog.text
