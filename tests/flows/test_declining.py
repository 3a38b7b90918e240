"""A person's no: written down once, shown with the draft, stronger than any rule.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR.
"""

import pytest

from flows.declining import decline, declined
from flows.office import open_office
from flows.release import release, waiting_batch
from flows.verify import verify
from models.approval import Identity, Voice
from models.credit import ObligationState
from models.period import ServiceMonth
from tests.workspaces import ACME, BLUEFIN, Books, checks

MONTH = ServiceMonth(2025, 9)
KIM, LEE = (Voice(name, Identity.FREE_TEXT) for name in ("Kim", "Lee"))
R0, R1 = "acme/api/2025-09/r0", "acme/api/2025-09/r1"
AUTOMATIC = ACME + "release: {mode: automatic, up_to: 500}\n"


@pytest.fixture
def office(tmp_path):
    """Two drafts that wait."""
    books = Books.laid_out(tmp_path, ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    with open_office(books.folder) as office:
        yield office


def test_a_no_is_written_down_with_its_reason_once(office):
    """Saying it again records nothing; another reason, or another person, is another no."""
    drafts = waiting_batch(office, month=MONTH, clients=["acme"]).waiting
    assert decline(office.store, drafts, by=KIM, why="not ours", at=1_000) == 1
    assert decline(office.store, drafts, by=KIM, why="not ours", at=2_000) == 0
    assert decline(office.store, drafts, by=LEE, why="not ours", at=3_000) == 1
    noes = declined(office.store, MONTH)
    assert {key: str(no) for key, no in noes.items()} == {
        "acme/api": "declined by Lee on 1970-01-01T00:00:03Z: not ours"
    }
    assert verify(office.store).faults == ()


def test_a_declined_draft_waits_and_may_be_released_after_all(office):
    """A no moves nothing."""
    drafts = waiting_batch(office, month=MONTH).waiting
    decline(office.store, drafts, by=KIM, why="not ours", at=1_000)
    batch = waiting_batch(office, month=MONTH)
    assert [stored.key for stored in batch.waiting] == [stored.key for stored in drafts]
    done = release(office, batch, by=LEE, why="it was ours", at=2_000)
    assert len(done.obligations) == 2


def test_no_rule_lets_go_what_a_person_declined(tmp_path):
    """Also not as the next revision, which new terms make: r1, of the same 200.00 EUR."""
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=120))
    books.run()
    with open_office(books.folder) as office:
        drafts = waiting_batch(office, month=MONTH).waiting
        decline(office.store, drafts, by=KIM, why="not ours", at=1_000)
    books.agree(AUTOMATIC)
    books.run()
    with open_office(books.folder) as office:
        states = {s.key: s.obligation.state for s in office.store.obligations(str(MONTH))}
    assert states == {R0: ObligationState.SUPERSEDED, R1: ObligationState.DRAFT}


def test_without_a_no_the_rule_lets_it_go(tmp_path):
    """What the test above would see if a no meant nothing."""
    books = Books.laid_out(tmp_path, AUTOMATIC, checks=checks(api=120))
    books.run()
    with open_office(books.folder) as office:
        states = {s.key: s.obligation.state for s in office.store.obligations(str(MONTH))}
    assert states[R0] is ObligationState.RELEASED
