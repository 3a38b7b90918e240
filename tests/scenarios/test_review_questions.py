"""Nothing stands still unseen: what a person must settle is said, and the exit code says so too."""

from connectors.mail.outbox import file_name
from deployments.cli.exits import Exit
from deployments.cli.months import ending
from deployments.cli.reporting import run_document
from flows.month import conduct, directly, month_run
from models.period import ServiceMonth
from tests.workspaces import ACME, BLUEFIN, LADDER, MAKEGOOD, SEPTEMBER, Books, checks

ACME_R0 = "acme/api/2025-09/r0"


def ended(books: Books):
    """The run's document, as the command prints it."""
    month = ServiceMonth.parse(SEPTEMBER)
    with month_run(books.folder, month=month, clients=(), dry_run=False, notify=True) as run:
        conduct(run, directly)
        return run_document(run)


def test_a_month_without_questions_is_done(lay_out):
    """A draft that awaits release is no question."""
    document = ended(lay_out(ACME, BLUEFIN, checks=checks(api=120)))
    assert (document["questions"], ending(document)) == ([], Exit.DONE)


def test_a_draft_whose_contract_is_gone_is_asked_about(lay_out):
    """Its file was removed, or it ended before the month: the draft still waits for release."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    for contracts in ((BLUEFIN,), (ACME + "ends_on: 2025-08-31\n", BLUEFIN)):
        books.agree(*contracts)
        document = ended(books)
        (question,) = document["questions"]
        assert question.startswith(f"{ACME_R0}: a draft credit of 200.00 EUR stands")
        assert ending(document) is Exit.NEEDS_A_PERSON


def test_a_released_credit_of_a_contract_that_is_gone_is_no_question(lay_out):
    """It was let go by a person; nothing waits."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    books.release()
    books.agree(BLUEFIN)
    assert ended(books)["questions"] == []


def test_a_notice_that_was_refused_is_asked_about_until_it_is_settled(lay_out):
    """A file with other content lies where the notice belongs; nobody was told."""
    books = lay_out(ACME, checks=checks(api=120))
    books.run()
    books.write(f"outbox/{file_name(f'{ACME_R0}/notice')}", "another letter")
    released = books.release()
    assert released.notices == 0
    (question,) = released.questions
    assert question.startswith(f"{ACME_R0}/notice is refused, not done: ")
    assert "holds another message" in question
    document = ended(books)
    assert document["questions"] == [question]
    assert ending(document) is Exit.NEEDS_A_PERSON


def test_a_currency_that_changed_after_release_needs_a_person(lay_out):
    """Euros were released; dollars cannot be set off against them."""
    books = lay_out(ACME, checks=checks(api=120))
    books.run()
    books.release()
    books.agree(ACME.replace("currency: EUR", "currency: USD"))
    for _ in ("decided", "unchanged"):
        document = ended(books)
        (contract,) = document["contracts"]
        assert contract["status"] == "withheld"
        assert contract["withheld"] == "released in EUR, now in USD: settle by hand"
        assert ending(document) is Exit.NEEDS_A_PERSON


def test_days_of_service_need_a_person_and_are_shown_as_a_credit(lay_out):
    """Three days are earned; no mail or payment extends the term."""
    ladder = "credit_ladder: {kind: per_event, commitment_percent: 99.9,"
    ladder += " qualifying_minutes: 60, credit_days: 3}\n"
    document = ended(lay_out(ACME.replace(LADDER, ladder), checks=checks(api=120)))
    (contract,) = document["contracts"]
    assert (contract["status"], contract["credit_days"]) == ("credit", "3")
    assert "extend the term by hand" in contract["withheld"]
    assert ending(document) is Exit.NEEDS_A_PERSON


def test_rows_that_are_reported_instead_of_refused_are_listed(lay_out):
    """The source says `bad_rows: report`: the month is decided, and the row is named."""
    reporting = MAKEGOOD.replace("path: checks.csv", "path: checks.csv, bad_rows: report")
    patient = ACME.replace("monitors: [api]", "monitors: [api]\nmeasurement: {no_data: carry}")
    row = "api,2025-09-20T00:00:00Z,maybe\n"
    books = lay_out(patient, makegood=reporting, checks=checks(api=120) + row)
    document = ended(books)
    (warning,) = document["warnings"]
    assert warning.startswith("checks.csv:5: up is 'maybe'; ")
    assert ending(document) is Exit.DONE
