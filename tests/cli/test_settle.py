"""`makegood settle`: what runs have left to people, and what the next run makes of each answer.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR. Acme's
subscription at Stripe's stand-in is cancelled and September is paid, so no rule decides how the
credit reaches it: a balance would be used by nobody.
"""

import json
from hashlib import sha256
from io import StringIO

import pytest
from jsonschema import Draft202012Validator

from connectors.errors import OutcomeUnknown
from connectors.mail.outbox import OutboxMail, file_name
from deployments.cli.schemas import schema_path
from flows.settings import APPROVER_TOKEN as TOKEN
from models.decision import EntryKind
from models.period import ServiceMonth
from tests.command import makegood
from tests.connectors.billing.stage import StripeScene, fresh_account
from tests.standins.stripe.client import running
from tests.workspaces import MAKEGOOD, SEPTEMBER, Books, checks

MONTH = ServiceMonth.parse(SEPTEMBER).bounds("UTC")
STRIPE = MAKEGOOD + "billing: {kind: stripe, mode: test}\n"
R0 = "acme/api/2025-09/r0"
P1, P2, NOTICE = f"{R0}/p1", f"{R0}/p2", f"{R0}/notice"
WHY = ("--why", "refunded by hand, re_123")


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


@pytest.fixture
def scene(stand_in, monkeypatch):
    """Acme at Stripe: September is paid, and nothing will be billed any more."""
    made = StripeScene(fresh_account(stand_in))
    made.customer("cus_acme", client="acme")
    made.subscription("sub_acme", "cus_acme", cancelled=True)
    monkeypatch.setenv("MAKEGOOD_STRIPE_KEY", made.account.restricted_key)
    monkeypatch.setenv("MAKEGOOD_STRIPE_URL", made.account.url)
    return made


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A workspace beside which the commands run; afterwards everything must be provable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    laid_out = Books.laid_out(tmp_path / "books", checks=checks(api=120))
    yield laid_out
    assert laid_out.verify().faults == ()


@pytest.fixture
def asked(books, scene):
    """The month is released, and its payment is a question."""
    books.write("makegood.yaml", STRIPE)
    books.run()
    books.release()
    return books


def settle(*arguments):
    """The command, in the workspace."""
    return makegood("settle", *arguments, "--workspace", "books")


def document(*arguments):
    """What it prints for scripts; it must be as published."""
    ended = settle(*arguments, "--json")
    found = json.loads(ended.out)
    Draft202012Validator(json.loads(schema_path("settle").read_text())).validate(found)
    return found


def keys_asked(*arguments) -> list[str]:
    """The keys of the questions, and the exit code that goes with them."""
    found = [question["key"] for question in document(*arguments)["questions"]]
    assert settle(*arguments).code == (1 if found else 0)
    return found


def paid(scene) -> list[tuple[str, int]]:
    """Every balance entry at Stripe: the part's key, and the amount, negative for a credit."""
    entries = scene.account.dump()["customer_balance_transaction"]
    return [(entry["metadata"]["makegood_part"], entry["amount"]) for entry in entries]


# --- The list -------------------------------------------------------------------------------------


def test_where_nothing_is_asked_the_list_is_empty(books):
    """Exit code 0, also before there is a database."""
    assert document() == {"month": None, "settled": None, "questions": []}
    books.run()
    books.release()
    ended = settle()
    assert (ended.code, ended.out) == (0, "no questions for a person.\n")


def test_a_question_says_what_and_why_and_what_each_answer_does(asked):
    """The parts for scripts: amount, instant, reason, proposal, three answers."""
    (question,) = document()["questions"]
    assert (question["key"], question["kind"], question["state"]) == (P1, "payment", "person")
    assert (question["month"], question["amount"], question["currency"]) == (
        SEPTEMBER,
        "200.00",
        "EUR",
    )
    assert "cancelled" in question["why"]
    assert question["proposal"]
    assert question["alarm"] is False
    assert question["answers"] == {
        "done": "it is paid by hand; no run pays it as well",
        "refused": "it is not paid and shall not be; no run asks again",
        "again": "the next run plans it anew, as the next part, with what billing knows by then",
    }


def test_a_person_reads_the_same_in_words(asked):
    """Exit code 1 while something is asked."""
    ended = settle()
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[0] == f"{P1}: payment, 200.00 EUR"
    assert lines[1].startswith("  person since 20")
    assert lines[3] == "    done     it is paid by hand; no run pays it as well"
    assert lines[-1] == "1 question for a person."


def test_the_list_can_be_of_one_month_or_one_question(asked):
    """September has one, October none."""
    assert keys_asked("--month", SEPTEMBER) == [P1]
    assert keys_asked("--month", "2025-10") == []
    assert keys_asked(P1) == [P1]


def test_the_list_needs_no_key_of_the_vendor(asked, monkeypatch):
    """Nothing is asked there, so who answers need not be who may pay."""
    monkeypatch.delenv("MAKEGOOD_STRIPE_KEY")
    assert keys_asked() == [P1]
    assert settle(P1, "--as", "done", *WHY, "--yes").code == 0


def test_a_release_names_the_command_that_takes_the_answer(asked):
    """Whoever reads the question sees what to do; a release once more shows it once more."""
    said = makegood("release", SEPTEMBER, "--workspace", "books", "--yes")
    assert said.code == 1
    assert f"needs a person: {P1}: 200.00 EUR is not paid" in said.out
    assert "makegood settle KEY --as done|refused|again --why WHY" in said.out


# --- What the next run does -----------------------------------------------------------------------


def test_done_is_never_paid_again(asked, scene):
    """The refund was made by hand; even when the customer comes back, nothing more is paid."""
    assert settle(P1, "--as", "done", *WHY, "--yes").code == 0
    scene.subscription("sub_acme", "cus_acme")
    asked.run()
    assert (paid(scene), keys_asked()) == ([], [])


def test_refused_is_never_paid_and_never_asked_again(asked, scene):
    """Somebody decided that it is not paid; the month has no open question."""
    assert settle(P1, "--as", "refused", *WHY, "--yes").code == 0
    scene.subscription("sub_acme", "cus_acme")
    asked.run()
    assert asked.release().questions == ()
    assert (paid(scene), keys_asked()) == ([], [])


def test_again_is_planned_anew_with_what_is_known_by_then(asked, scene):
    """The customer has a subscription again: the next part is 200.00 EUR onto the balance."""
    said = settle(P1, "--as", "again", *WHY, "--yes")
    assert said.out.splitlines()[-2:] == [
        "no questions left.",
        f"next: makegood run --month {SEPTEMBER} --workspace books",
    ]
    assert paid(scene) == []
    scene.subscription("sub_acme", "cus_acme")
    asked.run()
    assert (paid(scene), keys_asked()) == ([(P2, -20_000)], [])


def test_again_asks_again_where_nothing_has_changed(asked, scene):
    """The subscription is still cancelled: the next part is the same question."""
    settle(P1, "--as", "again", *WHY, "--yes")
    asked.run()
    assert (paid(scene), keys_asked()) == ([], [P2])


def test_reconciling_takes_a_person_at_their_word(asked):
    """What was paid by hand is no difference."""
    settle(P1, "--as", "done", *WHY, "--yes")
    assert makegood("reconcile", "--workspace", "books").code == 0


# --- Who, and how ---------------------------------------------------------------------------------


def resolutions(books: Books) -> list[tuple[str, str, str]]:
    """Every answer in the log: what became of it, who said so, and why."""
    store = books.store()
    try:
        entries = [e.body for e in store.entries() if e.kind is EntryKind.EFFECT_RESOLVED]
    finally:
        store.close()
    return [(body["state"], body["by"], body["why"]) for body in entries]


def test_the_log_says_who_answered_and_why(asked, monkeypatch):
    """By the name that a token stands for, from the account that it was said from."""
    digest = sha256(b"0123456789abcdef").hexdigest()
    asked.write("makegood.yaml", f"{MAKEGOOD}release: {{approvers: {{kim: [{digest}]}}}}\n")
    monkeypatch.setenv(TOKEN, "0123456789abcdef")
    answered = document(P1, "--as", "done", *WHY, "--yes")
    assert answered["settled"] == {"key": P1, "answer": "done", "by": "kim", "why": WHY[1]}
    ((state, by, why),) = resolutions(asked)
    assert (state, why) == ("done", WHY[1])
    assert by.startswith("kim (token from ")


def test_it_asks_back_before_it_writes(asked, monkeypatch):
    """A no changes nothing; a yes settles."""
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    refused = settle(P1, "--as", "done", *WHY)
    assert (refused.code, refused.err.endswith("Nothing was settled.\n")) == (1, True)
    assert resolutions(asked) == []
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert settle(P1, "--as", "done", *WHY).code == 0
    assert len(resolutions(asked)) == 1


def test_a_script_must_say_yes(asked):
    """With --json nobody is asked back: exit code 1, nothing on stdout."""
    ended = settle(P1, "--as", "done", *WHY, "--json")
    assert (ended.code, ended.out, ended.err) == (1, "", "Nothing was settled: give --yes.\n")
    assert resolutions(asked) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((P1 + "x", "--as", "done", *WHY), f"Did you mean {P1}?"),
        ((f"{R0}/p7",), "there is nothing under 'acme/api/2025-09/r0/p7'"),
        (
            (NOTICE, "--as", "done", *WHY),
            f"KEY: {NOTICE} is done; something that a person is asked",
        ),
        ((P1, "--as", "done"), "--why: is missing"),
        ((P1, "--as", "done", "--why", " "), "--why: is empty"),
        (("--as", "done", *WHY), "KEY: is missing"),
        ((P1, *WHY), "--as: is missing"),
        ((P1, "--month", SEPTEMBER), "--month: is given beside the key"),
        (("--month", "2025-13"), "--month: is '2025-13'"),
        ((P1, "--as", "planned", *WHY), "'planned' is not one of 'done', 'refused', 'again'"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_refused(asked, arguments, says):
    """Exit code 2, one clear finding, and the question still stands."""
    ended = settle(*arguments, "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert (resolutions(asked), keys_asked()) == ([], [P1])


def test_a_question_is_answered_once(asked):
    """The second answer finds no question."""
    settle(P1, "--as", "done", *WHY, "--yes")
    ended = settle(P1, "--as", "refused", *WHY, "--yes")
    assert ended.code == 2
    assert f"{P1} is done" in ended.err


# --- Mails ----------------------------------------------------------------------------------------


def test_a_notice_of_which_nobody_knows_is_asked_about(books, monkeypatch):
    """With the credit that it tells of; answered as arrived, nobody sends it again."""
    books.run()
    with monkeypatch.context() as patched:
        patched.setattr(OutboxMail, "send", _lost)
        books.release()
    (question,) = document()["questions"]
    assert (question["key"], question["state"], question["amount"]) == (NOTICE, "unknown", "200.00")
    assert question["why"] == "the line went dead"
    assert question["answers"]["again"].endswith("a second time if it did arrive")
    assert settle(NOTICE, "--as", "done", "--why", "Acme has it", "--yes").code == 0
    books.run()
    assert (books.mails_to("ap@acme.example"), keys_asked()) == ([], [])


def _lost(*_args, **_facts):
    message = "the line went dead"
    raise OutcomeUnknown(message)


@pytest.fixture
def in_the_way(books):
    """Another letter lies where the notice belongs, so that it was refused."""
    books.run()
    path = books.folder / "outbox" / file_name(NOTICE)
    books.write(f"outbox/{path.name}", "another letter")
    (question,) = books.release().questions
    assert question.startswith(f"{NOTICE} is refused, not done: ")
    assert question.endswith("Then answer it with `makegood settle`.")
    return path


def test_a_notice_that_was_refused_is_sent_when_somebody_says_again(books, in_the_way):
    """What stood in its way is gone."""
    assert keys_asked() == [NOTICE]
    in_the_way.unlink()
    settle(NOTICE, "--as", "again", "--why", "moved the letter away", "--yes")
    books.run()
    assert (len(books.mails_to("ap@acme.example")), keys_asked()) == (1, [])
    assert books.release().questions == ()


def test_a_notice_that_shall_not_be_sent_is_no_question_any_more(books, in_the_way):
    """Acme was told by telephone; the letter in the way stays."""
    settle(NOTICE, "--as", "refused", "--why", "told by telephone", "--yes")
    assert (books.release().questions, keys_asked()) == ((), [])
    assert in_the_way.read_text() == "another letter"
