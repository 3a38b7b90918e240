"""A month whose mail goes by SMTP: what is sent twice, what never is, and what a person is asked.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR. The operator
gets a summary and is asked to release; Acme gets a notice once the credit is released.
"""

from datetime import date
from email import message_from_bytes, policy

import pytest

from connectors.errors import Misconfigured
from flows.month import conduct, directly, month_run
from flows.office import open_office
from flows.reminders import remind
from flows.settling import Answer, all_asked, answer
from models.approval import Identity, Voice
from models.claims.present import Present
from models.effect import EffectState
from models.period import ServiceMonth
from tests.connectors.mail.post_office import Fault, post_office
from tests.exim import PASSWORD, USER
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

OPERATOR, CLIENT = "finance@relay.example", "ap@acme.example"
NOTICE = "acme/api/2025-09/r0/notice"
KIM = Voice("kim", Identity.FREE_TEXT)


@pytest.fixture
def office():
    """A mail server that fails when a test says so."""
    with post_office() as opened:
        yield opened


@pytest.fixture
def books(tmp_path, monkeypatch, office):
    """A workspace whose mail goes there; afterwards everything must be provable."""
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", checks=checks(api=120))
    laid_out.write("makegood.yaml", by_smtp(f"127.0.0.1, port: {office.port}, security: none"))
    yield laid_out
    assert laid_out.verify().faults == ()


def by_smtp(server: str) -> str:
    """The workspace file, with a server in place of the outbox; nobody waits between mails."""
    terms = f"smtp: {{host: {server}, per_minute: 6000}}, from:"
    return MAKEGOOD.replace("{from:", f"{{{terms}")


def arrived(office) -> list[tuple[str, str]]:
    """Each message that the server took: its receiver and its Message-ID."""
    letters = [message_from_bytes(e.original_content, policy=policy.default) for e in office.taken]
    return [
        (envelope.rcpt_tos[0], letter["Message-ID"])
        for envelope, letter in zip(office.taken, letters, strict=True)
    ]


def to(office, receiver: str) -> list[str]:
    """The Message-IDs of what one receiver got."""
    return [message_id for one, message_id in arrived(office) if one == receiver]


def effect(books, key: str | None = None):
    """One effect of the month: the notice, or the summary when no key is named."""
    store = books.store()
    try:
        keys = (
            [key] if key else [k for k in store.effect_keys(period=SEPTEMBER) if "/summary/" in k]
        )
        (found,) = store.effects(keys=keys)
        return found
    finally:
        store.close()


def test_a_month_is_mailed(books, office):
    """Summary and request after the run, the notice after the release; a rerun sends nothing."""
    books.run()
    assert [receiver for receiver, _ in arrived(office)] == [OPERATOR, OPERATOR]
    assert books.release().notices == 1
    books.run()
    assert [receiver for receiver, _ in arrived(office)] == [OPERATOR, OPERATOR, CLIENT]
    assert len(set(arrived(office))) == 3
    kept = effect(books, NOTICE)
    assert kept.state is EffectState.DONE
    assert kept.outcome["taken"] == [CLIENT]
    assert kept.outcome["place"].endswith("250 OK taken")


@pytest.mark.parametrize("fault", [Fault.CUT, "good day"])
def test_a_summary_in_doubt_is_resent_under_the_same_message_id(books, office, fault):
    """The operator may get it twice and sees that it is one and the same."""
    office.faults["END"] = [fault]
    books.run()
    assert effect(books).state is EffectState.UNKNOWN
    books.run()
    summary = effect(books)
    assert summary.state is EffectState.DONE
    books.run()
    copies = [
        envelope.original_content
        for envelope, (_, message_id) in zip(office.taken, arrived(office), strict=True)
        if message_id == summary.plan.intent["message_id"]
    ]
    assert copies == [summary.plan.intent["content"].encode()] * 2
    assert len(office.taken) == 3  # Beside it the request, once.


def test_a_notice_in_doubt_goes_to_a_person_and_is_never_resent(books, office):
    """The client has it or has not: no run finds out, so none sends it again."""
    books.run()
    office.faults["END"] = [Fault.CUT]
    released = books.release()
    assert released.notices == 0
    assert [question for question in released.questions if NOTICE in question]
    assert effect(books, NOTICE).state is EffectState.UNKNOWN
    for _ in range(3):
        books.run()
    assert effect(books, NOTICE).state is EffectState.PERSON
    assert len(to(office, CLIENT)) == 1


@pytest.mark.parametrize(("said", "copies"), [(Answer.DONE, 1), (Answer.AGAIN, 2)])
def test_a_person_says_whether_a_notice_in_doubt_arrived(books, office, said, copies):
    """Done sends nothing; again sends the same bytes once more."""
    books.run()
    office.faults["END"] = [Fault.CUT]
    books.release()
    books.run()
    with open_office(books.folder) as opened:
        (asked,) = all_asked(opened.store)
        assert asked.key == NOTICE
        assert asked.proposal == "Find out whether it arrived"
        answer(opened.store, asked, as_=said, by=KIM, why="asked Acme on the phone")
    for _ in range(2):
        books.run()
    assert len(to(office, CLIENT)) == copies
    assert len(set(to(office, CLIENT))) == 1
    assert effect(books, NOTICE).state is EffectState.DONE


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("MAIL", Fault.CUT),
        ("RCPT", "451 4.7.1 greylisted"),
        ("DATA", Fault.CUT),
        ("END", "451 4.3.0 busy"),
    ],
)
def test_a_notice_that_surely_did_not_leave_is_sent_by_the_next_run(books, office, step, fault):
    """Cut before its end, or refused for now: once, and nobody is asked."""
    books.run()
    office.faults[step] = [fault]
    assert books.release().notices == 0
    assert effect(books, NOTICE).state is EffectState.PLANNED
    assert to(office, CLIENT) == []
    books.run()
    assert len(to(office, CLIENT)) == 1
    assert effect(books, NOTICE).state is EffectState.DONE


@pytest.mark.parametrize("later", ["another month's run", "the daily reminders"])
def test_a_notice_that_was_put_off_goes_out_with_whatever_comes_next(books, office, later):
    """Greylisted on the day of the release: nobody may run September again, and Acme must hear."""
    books.run()
    office.refuses[CLIENT] = "451 4.7.1 greylisted, come back later"
    books.release()
    assert to(office, CLIENT) == []
    october = ServiceMonth.parse("2025-10")
    with month_run(books.folder, month=october, clients=(), dry_run=False, notify=True) as going:
        conduct(going, directly)
        (question,) = going.questions
    assert question.startswith(f"{NOTICE} is planned, not done")
    assert "greylisted, come back later" in question
    office.refuses.clear()
    if later == "the daily reminders":
        with open_office(books.folder) as opened:
            assert remind(opened, present=Present.on(date(2025, 10, 3))).settlement.done == 1
    else:
        books.run("2025-10")
    assert len(to(office, CLIENT)) == 1
    assert effect(books, NOTICE).state is EffectState.DONE


def test_a_notice_to_a_wrong_address_says_what_to_do_by_hand(books, office):
    """Its bytes are fixed: a corrected contract is for the next one, `again` is refused again."""
    books.run()
    office.refuses[CLIENT] = "550 5.1.1 no such person"
    books.release()
    with open_office(books.folder, read_only=True) as opened:
        (asked,) = all_asked(opened.store)
    assert f"`makegood mail preview {SEPTEMBER}`" in asked.proposal
    assert "send this one by hand" in asked.proposal
    assert "to the same receivers" in asked.answers[Answer.AGAIN]


def test_a_refused_notice_is_a_question(books, office):
    """The address is wrong: a person hears of it, and no run tries again by itself."""
    books.run()
    office.refuses[CLIENT] = "550 5.1.1 no such person"
    released = books.release()
    assert [question for question in released.questions if "550 5.1.1" in question]
    books.run()
    assert effect(books, NOTICE).state is EffectState.REFUSED
    assert to(office, CLIENT) == []


def test_a_server_that_is_away_holds_up_no_month(books, office):
    """Decided and written; the mail leaves when the server is back."""
    office.faults["GREETING"] = ["421 4.3.2 back soon"] * 4
    assert books.run()["acme/api"].decided is not None
    assert books.owed["acme/api/2025-09/r0"] == ("draft", "200.00 EUR")
    assert office.taken == []
    office.faults.clear()
    books.run()
    assert len(set(to(office, OPERATOR))) == len(office.taken) == 2


def test_a_line_that_fell_asleep_during_the_months_work_costs_no_mail(books, office):
    """It was opened before anything was recorded; the server has hung up since."""
    office.faults["RSET"] = ["421 4.4.2 idle for too long"]
    books.run()
    assert office.asked.index("RSET") < office.asked.index("MAIL")
    assert [receiver for receiver, _ in arrived(office)] == [OPERATOR, OPERATOR]


def test_wrong_settings_are_found_before_anything_is_recorded(books, office):
    """No certificate can be trusted where none is offered."""
    books.write("makegood.yaml", by_smtp(f"127.0.0.1, port: {office.port}"))
    with pytest.raises(Misconfigured, match="offers no STARTTLS"):
        books.run()
    assert books.owed == {}


@pytest.mark.peer
@pytest.mark.xdist_group(name="exim")
def test_a_month_is_mailed_through_a_real_server(books, exim, monkeypatch):
    """Encrypted and logged in; password and authority come from the environment alone."""
    monkeypatch.setenv("MAKEGOOD_SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("MAKEGOOD_SMTP_CA", str(exim.authorities))
    books.write("makegood.yaml", by_smtp(f"localhost, port: {exim.starttls_port}, user: {USER}"))
    books.run()
    books.release()
    letters = {one.to: one for one in exim.delivered(expected=2)}
    assert set(letters) == {OPERATOR, CLIENT}
    assert {one.back_to for one in letters.values()} == {"sla@relay.example"}
    notice = message_from_bytes(letters[CLIENT].content, policy=policy.default)
    text, page = (notice.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert page
    assert "200.00" in text.get_content()
    assert "200.00" in page.get_content()
    assert max(len(line) for line in letters[CLIENT].content.split(b"\r\n")) <= 100
