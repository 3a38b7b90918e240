"""Asking over HTTP keeps secrets, believes only whom it may, and waits as it is told to."""

import json
import ssl
import threading
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from connectors import asking
from connectors.asking import Asking, authorization
from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.retry import with_retries
from tests.certificates import Authority
from tests.standins.door import opened
from tests.standins.wire import Answer, Request

NEVER = 2_000_000_000
"""Far more seconds than anybody waits."""


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch):
    """Between two attempts nobody sleeps here; waits that were asked for are taken down."""
    monkeypatch.setattr(asking, "with_retries", partial(with_retries, sleep=lambda _: None))


def asked(*answers, attempts=2, **more):
    """What comes of these answers, one after the other: the JSON, the waits, the requests."""
    came: list[Request] = []
    waits: list[int] = []

    def serve(request):
        came.append(request)
        return answers[min(len(came), len(answers)) - 1]

    with opened(serve) as address:
        source = Asking(
            place="vendor v", address=address, attempts=attempts, pause_ms=waits.append, **more
        )
        try:
            return source.get("/x"), waits, came
        except (Misconfigured, Permanent, Retriable) as error:
            return error, waits, came


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "expected_ms"),
    [
        ({"Retry-After": "7"}, 7_000),
        ({"Retry-After": str(NEVER)}, 120_000),
        ({"Retry-After": "9" * 5_000}, 120_000),
        # By the far side's own clock, which is years from ours: 12:00:09 after 12:00:00.
        (
            {
                "Retry-After": "Fri, 01 May 2020 12:00:09 GMT",
                "Date": "Fri, 01 May 2020 12:00:00 GMT",
            },
            9_000,
        ),
        ({"Retry-After": "Fri, 01 May 2020 12:00:09 GMT"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_it_waits_as_long_as_it_is_told_to(status, headers, expected_ms):
    """In seconds or until a date, and never for longer than two minutes."""
    told, waits, came = asked(Answer(status, b"{}", headers), Answer(200, b"[1]"))
    assert (told, waits, len(came)) == ([1], [expected_ms], 2)


def test_nobody_waits_when_nothing_is_asked_again():
    """After the last attempt the wait would be for nothing."""
    told, waits, came = asked(Answer(429, b"{}", {"Retry-After": "60"}), attempts=2)
    assert isinstance(told, Retriable)
    assert (waits, len(came)) == ([60_000], 2)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    """It would carry the token elsewhere."""
    answer = Answer(status, b"", {"Location": "/elsewhere"})
    told, _, came = asked(answer, headers=authorization(token="s3cret"))
    assert isinstance(told, Permanent)
    assert [request.path for request in came] == ["/x"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(monkeypatch, name):
    """Nobody said so in makegood.yaml, and it would see the token."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert asked(Answer(200, b"[]"), attempts=1)[0] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[NaN]", Retriable),
        (b"[-Infinity]", Retriable),
        (b"[" * 100_000, Retriable),
        (b'{"a": ', Retriable),
        (b"", Retriable),
        (b"\xff", Retriable),
    ],
)
def test_what_is_no_json_is_asked_for_again(body, kind):
    """Also what Python alone would take for JSON, and would make floats of."""
    told, _, came = asked(Answer(200, body))
    assert isinstance(told, kind)
    assert len(came) == 2


def test_numbers_are_decimals():
    """Digit by digit, as they were sent."""
    assert asked(Answer(200, b"[1.10, 2]"))[0] == [Decimal("1.10"), 2]


@pytest.mark.parametrize(
    ("status", "kind", "times"),
    [
        (400, Permanent, 1),
        (401, Misconfigured, 1),
        (403, Misconfigured, 1),
        (404, Permanent, 1),
        (408, Retriable, 2),
        (429, Retriable, 2),
        (500, Retriable, 2),
        (504, Retriable, 2),
    ],
)
def test_refusals_are_classed_by_what_helps(status, kind, times):
    """Only what may pass by itself is asked again."""
    told, _, came = asked(Answer(status, b"no"))
    assert type(told) is kind
    assert len(came) == times


def test_no_secret_is_shown_however_the_far_side_writes_it():
    """As it is, inside JSON, in an address, in a form; and in a longer secret that holds it."""
    secret, longer = 'p"w +/\u00e9', 'p"w +/\u00e9-and-more'
    body = " | ".join([secret, json.dumps(longer), "p%22w%20%2B%2F%C3%A9", "p%22w+%2B%2F%C3%A9"])
    told, _, _ = asked(Answer(400, body.encode()), secrets=(secret, longer, ""))
    assert '*** | "***" | *** | ***' in str(told)


@pytest.mark.parametrize("token", ["s3cret\n", "s3cr\u00e9t"])
def test_a_token_that_cannot_be_sent_is_for_a_person(token):
    """It is not shown, and nothing is tried with it."""
    told, _, came = asked(Answer(200, b"[]"), headers=authorization(token=token))
    assert isinstance(told, Misconfigured)
    assert "s3c" not in str(told)
    assert came == []


@pytest.mark.parametrize("address", ["http://host:port", "http://[::1", "http://a..b"])
def test_an_address_that_is_none_is_for_a_person(address):
    """Nothing was asked."""
    with pytest.raises(Misconfigured):
        Asking(place="vendor v", address=address).get("/x")


def test_an_answer_without_end_is_refused(monkeypatch):
    """Before it fills the memory; once, because it would be as large again."""
    monkeypatch.setattr(asking, "MOST_BYTES", 1_000)
    told, _, came = asked(Answer(200, b"[" + b"1," * 1_000 + b"1]"))
    assert isinstance(told, Permanent)
    assert "larger than 1000 bytes" in str(told)
    assert len(came) == 1


class _Silent(BaseHTTPRequestHandler):
    """Takes down that it was asked."""

    asked = 0

    def do_GET(self) -> None:
        """Never reached by who does not believe the certificate."""
        type(self).asked += 1
        self.send_error(500)


def test_a_certificate_of_a_stranger_is_not_believed(tmp_path):
    """A person must look at it; no header was sent, and it is not tried again and again."""
    pair = Authority.founded(tmp_path).issue("127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Silent)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        address = f"https://127.0.0.1:{server.server_port}"
        with pytest.raises(Misconfigured, match="certificate is not believed"):
            Asking(place="vendor v", address=address).get("/x")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert _Silent.asked == 0
