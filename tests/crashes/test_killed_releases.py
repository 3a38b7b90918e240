"""`makegood release` itself, killed by SIGKILL while its credit note is under way at Stripe.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR. The stand-in
holds the note back, or its answer; the same command again pays exactly once.
"""

import os
import subprocess
import time

import pytest

from models.period import ServiceMonth
from tests.command import COMMAND, makegood_itself
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.standins.stripe.client import running
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
P1 = "acme/api/2025-09/r0/p1"
RELEASE = ("release", SEPTEMBER, "--yes", "--workspace", "books")
LONGEST_S = 120
HELD_S = 3
"""How long the stand-in holds back what it was asked."""


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


@pytest.fixture
def scene(stand_in):
    """Acme with September's paid invoice."""
    made = StripeScene(fresh_account(stand_in))
    made.customer("cus_acme", client="acme")
    made.subscription("sub_acme", "cus_acme")
    made.invoice("in_sep", "cus_acme", 200_000, period=MONTH)
    return made


def environment(scene):
    """What the command finds in its environment."""
    mine = {name: text for name, text in os.environ.items() if name != "MAKEGOOD_DATABASE_URL"}
    return {
        **mine,
        "MAKEGOOD_STRIPE_KEY": scene.account.restricted_key,
        "MAKEGOOD_STRIPE_URL": scene.account.url,
    }


def posts(scene):
    """The notes that were asked for, and whether each was carried out."""
    found = scene.account.calls(method="POST")
    return [call["executed"] for call in found if call["path"] == "/v1/credit_notes"]


def killed_while_sending(folder, scene):
    """The command, killed as soon as Stripe has its request."""
    with subprocess.Popen(
        [str(COMMAND), *RELEASE],
        cwd=folder,
        env=environment(scene),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as going:
        deadline = time.monotonic() + LONGEST_S
        while not posts(scene) and going.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert going.poll() is None, "it ended before it was killed"
        going.kill()
    assert posts(scene)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_the_note_is_under_way_it_is_made_once(tmp_path, scene, when, monkeypatch):
    """Carried out seconds after the kill, or carried out and never answered: then run again."""
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    books = Books.laid_out(
        tmp_path / "books",
        checks=checks(api=120),
        makegood=MAKEGOOD + "billing: {kind: stripe, mode: test}\n",
    )
    for name in ("MAKEGOOD_STRIPE_KEY", "MAKEGOOD_STRIPE_URL"):
        monkeypatch.setenv(name, environment(scene)[name])
    books.run()
    fault = {"kind": "delay", "when": when, "seconds": HELD_S}
    scene.account.plan({**fault, "method": "POST", "path": "/v1/credit_notes"})
    killed_while_sending(tmp_path, scene)
    ended = makegood_itself(*RELEASE, folder=tmp_path, environment=environment(scene))
    assert ended.code == 0, ended.err
    books.release()
    (note,) = scene.account.dump()["credit_note"]
    assert (note["metadata"]["makegood_part"], note["amount"]) == (P1, 20_000)
    assert len(books.mails_to("ap@acme.example")) == 1
    assert books.owed == {"acme/api/2025-09/r0": ("released", "200.00 EUR")}
    assert books.verify().faults == ()
