"""The webhook receiver over real sockets: Stripe's events, each once, and nothing from strangers.

Events come from the stand-in, signed as Stripe signs them. The server is uvicorn, started as the
README says, in a process of its own.
"""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connectors.errors import Retriable
from connectors.store.sql import open_store
from deployments import bodies
from deployments.bodies import MOST_BYTES
from deployments.webhooks import PATH, SIGNATURE, create_app, receiving, secrets_of
from models.findings import UnusableInputError
from models.workspace_file import BillingMode
from tests.house.project import ROOT
from tests.standins.stripe.client import Account, running
from tests.standins.stripe.webhooks import signature
from tests.workspaces import MAKEGOOD, Books

NEW_SECRET, OLD_SECRET = "whsec_new_1f3a", "whsec_old_77c0"
STRIPE = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
COMMAND = [sys.executable, "-m", "uvicorn", "deployments.webhooks:create_app", "--factory"]
RUNNING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")


def now() -> int:
    """The present second."""
    return time.time_ns() // 1_000_000_000


@dataclass
class Server:
    """A receiver in a process of its own, and the workspace that it stores into."""

    books: Books
    port: int
    log: list[str]
    process: subprocess.Popen[str]

    def post(self, body: bytes, *, path=PATH, method="POST", **headers: str) -> tuple[int, bytes]:
        """Send a request; the status and the body of the answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def deliver(self, body: bytes, *, secret=NEW_SECRET, at: int | None = None):
        """Send an event as Stripe does, signed at this second."""
        signed = signature(body, secret=secret, at=now() if at is None else at)
        return self.post(body, **{SIGNATURE: signed})

    @property
    def stored(self) -> dict[str, tuple[str, str, str]]:
        """What is stored by now, by the event's id: its type, its text, why it is not used."""
        store = self.books.store()
        try:
            return {e.id: (e.kind, e.body, e.quarantined) for e in store.events("stripe")}
        finally:
            store.close()


@contextmanager
def serving(books: Books) -> Iterator[Server]:
    """The server of a workspace, with two secrets because one replaces the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
        patch.setenv("MAKEGOOD_WORKSPACE", str(books.folder))
        patch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", f"{NEW_SECRET}, {OLD_SECRET}")
        process = subprocess.Popen(
            [*COMMAND, "--port", "0"], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
    with process:
        stderr = process.stderr
        log: list[str] = []
        assert stderr is not None
        port = 0
        while not port:
            line = stderr.readline()
            assert line, log
            log.append(line)
            found = RUNNING.search(line)
            port = int(found[1]) if found else 0
        reader = threading.Thread(target=lambda: log.extend(stderr))
        reader.start()
        try:
            yield Server(books, port, log, process)
        finally:
            process.terminate()
            reader.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One receiver for the module; every test sends events of its own."""
    books = Books.laid_out(tmp_path_factory.mktemp("books"), makegood=STRIPE)
    with serving(books) as ready:
        yield ready


@pytest.fixture(scope="module")
def account():
    """An account in which a note was made, voided, and another one's refund failed."""
    with running() as stand_in:
        told = stand_in.account("webhooks").reset()
        told.seed(
            customers=[{"id": "cus_acme"}],
            invoices=[
                {"id": "in_open", "customer": "cus_acme", "amount": 900, "status": "open"},
                {"id": "in_paid", "customer": "cus_acme", "amount": 900, "status": "paid"},
            ],
        )
        note = told.do("issue_note", invoice="in_open", amount=100)
        told.do("void_note", note=note["id"])
        refunded = told.do("issue_note", invoice="in_paid", amount=100, refund_amount=100)
        told.do("fail_refund", refund=refunded["refunds"][0]["refund"])
        yield told


def events(account: Account, *kinds: str) -> list[bytes]:
    """The account's events of these types, as Stripe sends them."""
    sent = account.tell("webhooks", secret=NEW_SECRET, types=list(kinds))
    return [each["body"].encode() for each in sent]


def event(identity: str, **known) -> bytes:
    """A small event of our own making."""
    usual = {"id": identity, "type": "credit_note.voided", "created": now(), "livemode": False}
    return json.dumps({**usual, **known}).encode()


def test_events_as_the_stand_in_sends_them_are_stored(server, account):
    """With the very headers that it made, and the very text that it sent."""
    kinds = ["credit_note.created", "credit_note.voided", "refund.failed"]
    sent = account.tell("webhooks", secret=NEW_SECRET, types=kinds, at=now())
    assert len(sent) == 4
    for delivery in sent:
        answer = server.post(delivery["body"].encode(), **delivery["headers"])
        assert answer == (200, b"")
        found = json.loads(delivery["body"])
        # By the time of the answer it is there, for whoever asks.
        assert server.stored[found["id"]] == (found["type"], delivery["body"], "")


def test_a_second_delivery_is_acknowledged_and_stored_once(server):
    """Stripe sends again whenever an answer was lost; the first text stays."""
    first, second = event("evt_twice"), event("evt_twice", pending_webhooks=7)
    assert [server.deliver(body)[0] for body in (first, first, second)] == [200, 200, 200]
    assert server.stored["evt_twice"][1] == first.decode()


def test_deliveries_at_the_same_moment_are_stored_once(server):
    """Sixteen of one event, from eight threads."""
    body = event("evt_race")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.deliver(body)[0], range(16)))
    assert answers == [200] * 16
    assert list(server.stored).count("evt_race") == 1


def test_what_was_acknowledged_survives_the_server(tmp_path):
    """It was in the database before the answer, so a kill right after loses nothing."""
    books = Books.laid_out(tmp_path, makegood=STRIPE)
    with serving(books) as server:
        assert server.deliver(event("evt_kept"))[0] == 200
        server.process.kill()
    with serving(books) as server:
        assert "evt_kept" in server.stored
        assert server.deliver(event("evt_kept"))[0] == 200


@pytest.mark.parametrize("secret", [NEW_SECRET, OLD_SECRET])
def test_either_secret_is_good_while_one_replaces_the_other(server, secret):
    """Stripe signs with both for a day; some servers still have the old one."""
    assert server.deliver(event(f"evt_{secret}"), secret=secret)[0] == 200


def test_a_header_with_signatures_of_both_secrets_is_good(server):
    """As Stripe sends it while a secret is rolled."""
    body, at = event("evt_rolled"), now()
    both = [signature(body, secret=secret, at=at) for secret in ("whsec_gone", OLD_SECRET)]
    header = f"{both[0]},{both[1].split(',')[1]}"
    assert server.post(body, **{SIGNATURE: header})[0] == 200


def refused_headers(body: bytes) -> dict[str, dict[str, str]]:
    """Headers that are not Stripe's, by what is wrong with them."""
    at = now()
    good = signature(body, secret=NEW_SECRET, at=at)
    return {
        "another secret": {SIGNATURE: signature(body, secret="whsec_x", at=at)},
        "an empty secret": {SIGNATURE: signature(body, secret="", at=at)},
        "an altered body": {SIGNATURE: signature(body + b" ", secret=NEW_SECRET, at=at)},
        "an altered time": {SIGNATURE: good.replace(f"t={at}", f"t={at + 1}")},
        "too old": {SIGNATURE: signature(body, secret=NEW_SECRET, at=at - 320)},
        "from the future": {SIGNATURE: signature(body, secret=NEW_SECRET, at=at + 320)},
        "an old scheme": {SIGNATURE: good.replace("v1=", "v0=")},
        "two times": {SIGNATURE: f"t={at},{good}"},
        "no time": {SIGNATURE: good.split(",")[1]},
        "no signature": {SIGNATURE: f"t={at}"},
        "nonsense": {SIGNATURE: "=,=,v1,t"},
        "empty": {SIGNATURE: ""},
        "none": {},
    }


@pytest.mark.parametrize("what", sorted(refused_headers(b"")))
def test_what_stripe_did_not_sign_lately_is_refused_without_a_word(server, what):
    """Status 400 and an empty body, whatever was wrong; nothing is stored."""
    body = event("evt_forged")
    assert server.post(body, **refused_headers(body)[what]) == (400, b"")
    assert "evt_forged" not in server.stored


def test_a_delivery_of_minutes_ago_is_still_good(server):
    """Clocks differ and networks dawdle: 280 seconds are within five minutes."""
    assert server.deliver(event("evt_late"), at=now() - 280)[0] == 200


def test_a_replay_is_good_for_minutes_and_changes_nothing(server):
    """Whoever recorded a delivery can send it again: within five minutes it is a duplicate."""
    body = event("evt_replayed")
    header = {SIGNATURE: signature(body, secret=NEW_SECRET, at=now() - 200)}
    assert [server.post(body, **header)[0] for _ in range(2)] == [200, 200]
    stale = {SIGNATURE: signature(body, secret=NEW_SECRET, at=now() - 310)}
    assert server.post(body, **stale) == (400, b"")


def test_an_event_of_a_kind_that_nobody_knows_is_stored(server):
    """What we do not read today we may want to have read tomorrow."""
    body = event("evt_new_kind", type="moon.risen")
    assert server.deliver(body)[0] == 200
    assert server.stored["evt_new_kind"][0] == "moon.risen"


def test_an_event_of_the_accounts_other_side_is_stored_apart(server):
    """Test and live are never mixed, and nothing is silently dropped."""
    assert server.deliver(event("evt_live", livemode=True))[0] == 200
    assert server.stored["evt_live"][2] == "is live, and the workspace is test"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe{\x00}\x00",
        b'{"id": "evt_x"}',
        b'{"id": "evt_x", "type": "a", "created": 1.5, "livemode": false}',
        b'{"id": "evt_x", "type": "a", "created": 1, "livemode": 1}',
        b'{"id": "evt_x\\u0000", "type": "a", "created": 1, "livemode": false}',
        b'{"id": "", "type": "a", "created": 1, "livemode": false}',
        b"[" * 5000,
    ],
)
def test_what_is_signed_and_no_event_is_refused(server, body):
    """There is nothing to store it under."""
    before = len(server.stored)
    assert server.deliver(body) == (400, b"")
    assert len(server.stored) == before


def test_a_body_that_announces_too_much_is_refused_unread(server):
    """Not a byte of it is awaited."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_is_refused(server):
    """Chunks announce nothing; a million bytes are read and no more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head.encode())
        chunk = b"%x\r\n%b\r\n" % (100_000, b" " * 100_000)
        try:
            for _ in range(20):
                line.sendall(chunk)
        except ConnectionError:
            pass  # It has hung up already, as it may.
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_the_largest_body_is_taken(server):
    """Exactly a million bytes."""
    body = event("evt_large")
    body += b" " * (MOST_BYTES - len(body))
    assert server.deliver(body)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", PATH, 405), ("POST", "/", 404), ("GET", "/docs", 404)]
)
def test_there_is_nothing_else(server, method, path, status):
    """One door."""
    assert server.post(b"", method=method, path=path)[0] == status


def test_nothing_secret_is_logged(tmp_path):
    """Neither secrets, nor signatures, nor what an event says; but that there was one."""
    books = Books.laid_out(tmp_path, makegood=STRIPE)
    with serving(books) as server:
        body = event("evt_logged", words="confidential")
        header = signature(body, secret=NEW_SECRET, at=now())
        assert server.post(body, **{SIGNATURE: header})[0] == 200
        assert server.post(body, **{SIGNATURE: header[:-1]})[0] == 400
    log = "".join(server.log)
    assert "an event was refused: its signature is not one of ours" in log
    for secret in (NEW_SECRET, OLD_SECRET, header.split("v1=")[1][:20], "confidential"):
        assert secret not in log


# --- In this process ------------------------------------------------------------------------------


def test_while_the_database_is_away_stripe_is_asked_to_come_again(tmp_path, monkeypatch):
    """Status 503 makes Stripe repeat the delivery for days."""
    store = open_store(f"sqlite:///{tmp_path / 'makegood.db'}")

    def _away(_event):
        raise Retriable("database: did not answer; nothing was written.")

    monkeypatch.setattr(store, "store_event", _away)
    app = receiving(lambda: store, secrets=[NEW_SECRET], mode=BillingMode.TEST)
    body = event("evt_away")
    header = {SIGNATURE: signature(body, secret=NEW_SECRET, at=now())}
    with TestClient(app) as client:
        answer = client.post(PATH, content=body, headers=header)
    assert (answer.status_code, answer.content) == (503, b"")


def test_a_body_that_does_not_arrive_is_not_awaited_for_ever(server):
    """Whoever sends a byte now and then would otherwise hold a connection each."""
    assert bodies.MOST_SECONDS <= 10
    started = time.monotonic_ns()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
        assert line.recv(100).startswith(b"HTTP/1.1 408")
    waited = (time.monotonic_ns() - started) // 1_000_000_000
    assert waited <= 2 * bodies.MOST_SECONDS


@pytest.mark.parametrize("value", ["", " ", ",, ,"])
def test_without_a_secret_nothing_starts(value):
    """Otherwise anybody could sign."""
    with pytest.raises(UnusableInputError, match="MAKEGOOD_STRIPE_WEBHOOK_SECRETS"):
        secrets_of(value)


def test_a_workspace_without_stripe_takes_no_events_of_stripes(tmp_path, monkeypatch):
    """They would mean nothing there."""
    Books.laid_out(tmp_path)
    monkeypatch.setenv("MAKEGOOD_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", NEW_SECRET)
    with pytest.raises(UnusableInputError, match="does not book at Stripe"):
        create_app()


def test_a_database_is_made_by_the_first_event(tmp_path, monkeypatch):
    """A receiver that is started too early needs nobody to prepare it."""
    Books.laid_out(tmp_path, makegood=STRIPE)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    monkeypatch.setenv("MAKEGOOD_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("MAKEGOOD_STRIPE_WEBHOOK_SECRETS", NEW_SECRET)
    body = event("evt_first")
    header = {SIGNATURE: signature(body, secret=NEW_SECRET, at=now())}
    with TestClient(create_app()) as client:
        assert client.post(PATH, content=body, headers=header).status_code == 200
    store = open_store(f"sqlite:///{Path(tmp_path) / 'makegood.db'}")
    assert [each.id for each in store.events("stripe")] == ["evt_first"]
    store.close()
