"""A person's no: written down once, shown with the draft, stronger than any rule.

Acme's 120 minutes of September are 10 % of 2,000.00 EUR.
"""

import pytest

from connectors.store import MonthLockedError, ReleaseRefusedError
from flows.declining import decline, declined
from flows.office import open_office
from flows.release import release, waiting_batch
from flows.release_form import follow, question_of
from flows.verify import verify
from models.approval import Identity, Voice
from models.credit import ObligationState
from models.period import ServiceMonth
from models.release_answer import Answer, Choice
from tests.scenarios.test_month_lock import another_run
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


NO = Answer(Choice.DECLINE, by="Kim", why="not ours")


def test_an_answer_counts_no_more_once_somebody_has_declined(office):
    """Lee was shown no word of Kim's no; whoever was shown Bluefin alone, of which none is."""
    of_all, of_other = (question_of(office, MONTH, clients) for clients in ([], ["bluefin"]))
    acme = waiting_batch(office, month=MONTH, clients=["acme"]).waiting
    decline(office.store, acme, by=KIM, why="not ours", at=1_000)
    now = question_of(office, MONTH, [])
    assert now.batch.digest == of_all.batch.digest
    assert now.digest != of_all.digest
    assert "declined by Kim" in now.text
    assert question_of(office, MONTH, ["bluefin"]).digest == of_other.digest


def test_nothing_is_declined_while_a_run_may_let_it_go(tmp_path):
    """The answer is kept by Prefect; the run is repeated once the other one is over."""
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=120))
    books.run()
    with open_office(books.folder) as office:
        shown = waiting_batch(office, month=MONTH)
        with another_run(books.url, str(MONTH)), pytest.raises(MonthLockedError):
            follow(office, shown, NO)
        assert declined(office.store, MONTH) == {}
        follow(office, shown, NO)
        assert list(declined(office.store, MONTH)) == ["acme/api"]


def test_what_was_let_go_meanwhile_is_not_declined(office):
    """A no that comes too late says so."""
    shown = waiting_batch(office, month=MONTH)
    release(office, shown, by=LEE, why="it was ours", at=1_000)
    with pytest.raises(ReleaseRefusedError, match="is not what stands now"):
        follow(office, shown, NO)
    assert declined(office.store, MONTH) == {}
