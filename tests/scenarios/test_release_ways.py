"""The ways in which credits are let go: by a contract's rule, by one person, by two.

120 of 43,200 minutes down are 99.72 %: 200.00 EUR for Acme, 360.00 USD for Bluefin. Whatever is let
go is booked in the journal.
"""

from dataclasses import replace
from hashlib import sha256

import pytest

from connectors.store import ReleaseRefusedError
from deployments.cli import approver
from deployments.cli.approver import present_voice
from flows.office import open_office
from flows.release import release, waiting_batch
from flows.settings import APPROVER_TOKEN
from models.approval import Identity, Voice
from models.decision import EntryKind
from models.findings import UnusableInputError
from models.period import ServiceMonth
from tests.command import makegood
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, RELEASED_AT, SEPTEMBER, VENDOR, Books, checks

R0, R1, R2 = (f"acme/api/2025-09/r{revision}" for revision in range(3))
BLUE = "bluefin/api/2025-09/r0"
AUTOMATIC = ACME + "release: {mode: automatic, up_to: 300}\n"
KIMS, LEES = "kims-secret-of-today", "lees-secret-of-today"


def digest(token):
    """What the workspace has of a token."""
    return sha256(token.encode()).hexdigest()


TWO_ABOVE_150 = (
    f"{MAKEGOOD}release:\n  two_person_above: {{EUR: 150}}\n"
    f"  approvers: {{Kim: [{digest(KIMS)}], Lee: [{digest(LEES)}]}}\n"
)
ANA = Voice("ana", Identity.OS_USER, "1001@books")
KIM = Voice("Kim", Identity.TOKEN, "1000@books")
LEE = Voice("Lee", Identity.TOKEN, "1000@books")


def let_go(books: Books, *voices, why="reviewed", **scope):
    """The same release by one after the other; the last one's answer."""
    with open_office(books.folder) as office:
        answers = []
        for by in voices:
            batch = waiting_batch(office, month=ServiceMonth.parse(SEPTEMBER), **scope)
            answers.append(release(office, batch, by=by, why=why, at=RELEASED_AT))
    return answers[-1]


def told(books: Books, kind: EntryKind):
    """What the log keeps of such entries about Acme."""
    store = books.store()
    try:
        return [e.body for e in store.entries(contract="acme/api") if e.kind is kind]
    finally:
        store.close()


def states(books: Books):
    """Where every obligation stands, by its key."""
    return {key: state for key, (state, _) in books.owed.items()}


# --- The contract's own rule ----------------------------------------------------------------------


def test_a_run_that_is_to_notify_nobody_mails_nobody(tmp_path):
    """What a rule let go is paid; its notice waits for the next run that may, and goes once."""
    books = Books.laid_out(tmp_path, AUTOMATIC, checks=checks(api=120))
    books.run(notify=False)
    assert states(books) == {R0: "released"}
    assert books.mails == []
    books.run()
    books.run()
    assert len(books.mails_to("acme")) == 1


def test_a_rule_lets_a_small_credit_go_at_the_end_of_the_run(lay_out_on_each):
    """It is booked and the client is told in the same run; the one without a rule waits."""
    books = lay_out_on_each(AUTOMATIC, BLUEFIN, checks=checks(api=120))
    books.run()
    assert states(books) == {R0: "released", BLUE: "draft"}
    assert books.rows[R0]["Status"] == "Approved"
    assert len(books.mails_to("ap@acme.example")) == 1
    (body,) = told(books, EntryKind.RELEASED)
    assert (body["by"], body["amount"]) == ("contract rule", "200.00")
    assert body["why"] == "by the contract's rule: up to 300 EUR, 100 % covered, no ambiguity"


def test_a_rerun_after_a_rule_changes_nothing(lay_out):
    """Neither a row nor a byte."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run()
    before = books.everything
    books.run()
    assert books.everything == before


def test_a_run_may_leave_everything_to_people(lay_out):
    """As a backfill does."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run(by_rule=False)
    assert states(books) == {R0: "draft"}


def test_a_draft_from_a_run_that_left_all_to_people_is_released_by_the_next(lay_out):
    """Nothing new was decided in between."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run(by_rule=False)
    books.run()
    assert states(books) == {R0: "released"}


def test_a_dry_run_releases_nothing(lay_out):
    """It writes nothing at all."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run(by_rule=False)
    books.run(dry_run=True)
    assert states(books) == {R0: "draft"}


def test_a_credit_above_the_ceiling_waits(lay_out):
    """500 minutes are 98.84 %: 500.00 EUR, more than 300.00."""
    books = lay_out(AUTOMATIC, checks=checks(api=500))
    books.run()
    assert states(books) == {R0: "draft"}


def test_an_adjustment_upwards_counts_with_what_went_before(lay_out):
    """200.00 went by the rule; 300.00 more would be 500.00, more than 300.00."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=500))
    books.run()
    assert states(books) == {R0: "released", R1: "draft"}


def test_a_small_adjustment_upwards_follows_the_rule(lay_out):
    """200.00 and 300.00 are within 500.00."""
    books = lay_out(AUTOMATIC.replace("up_to: 300", "up_to: 500"), checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=500))
    books.run()
    assert books.owed[R1] == ("released", "300.00 EUR")


def test_an_adjustment_downwards_always_asks(lay_out):
    """The month met its commitment after all: -200.00 EUR wait for a person."""
    books = lay_out(AUTOMATIC, checks=checks(api=120))
    books.run()
    books.write("checks.csv", checks(api=10))
    books.run()
    assert books.owed[R1] == ("draft", "-200.00 EUR")


def test_no_rule_releases_a_claim_against_a_vendor(lay_out):
    """People file those."""
    books = lay_out(
        VENDOR + "release: {mode: automatic, up_to: 1000}\n", checks=checks(hosting=500)
    )
    books.run()
    assert states(books) == {"cloudways/hosting/2025-09/r0": "draft"}


def test_no_rule_releases_what_needs_two_people(lay_out):
    """The workspace's amount is below the contract's."""
    books = lay_out(AUTOMATIC, checks=checks(api=120), makegood=TWO_ABOVE_150)
    books.run()
    assert states(books) == {R0: "draft"}


# --- One person -----------------------------------------------------------------------------------


def test_a_release_below_an_amount_takes_the_small_ones(lay_out):
    """Each in its own currency; exactly that much is not below."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    assert let_go(books, ANA, below=200).obligations == ()
    assert [s.key for s in let_go(books, ANA, below=360).obligations] == [R0]
    assert states(books) == {R0: "released", BLUE: "draft"}


def test_what_takes_back_is_never_among_the_small_ones(lay_out):
    """-200.00 is less than anything, and still asks."""
    books = lay_out(checks=checks(api=120))
    books.run()
    books.release()
    books.write("checks.csv", checks(api=10))
    books.run()
    assert let_go(books, ANA, below=10_000).obligations == ()
    assert [s.key for s in let_go(books, ANA).obligations] == [R1]


def test_the_log_says_who_when_how_much_and_why(lay_out):
    """And what the name rests on."""
    books = lay_out(checks=checks(api=120))
    books.run()
    let_go(books, ANA, why="agreed on the phone")
    (body,) = told(books, EntryKind.RELEASED)
    assert (body["by"], body["why"], body["amount"], body["currency"]) == (
        "ana",
        "agreed on the phone",
        "200.00",
        "EUR",
    )
    assert body["at"] == "2025-10-02T09:30:00Z"
    assert body["approved_by"] == [
        {"at": "2025-10-02T09:30:00Z", "by": "ana", "identity": "os_user from 1001@books"}
    ]


# --- Two people -----------------------------------------------------------------------------------


@pytest.fixture
def large(lay_out_on_each):
    """A workspace in which Acme's 200.00 EUR need two people."""
    books = lay_out_on_each(ACME, BLUEFIN, checks=checks(api=120), makegood=TWO_ABOVE_150)
    books.run()
    return books


def test_a_first_yes_releases_nothing_and_asks_for_one_more(large):
    """Nothing is booked, nobody is told."""
    done = let_go(large, KIM)
    assert done.obligations == ()
    assert "200.00 EUR is more than 150 EUR" in done.needs
    assert "Kim agreed. Needs one more" in done.needs
    assert states(large) == {R0: "draft", BLUE: "draft"}
    assert large.mails_to("ap@acme.example") == []


def test_a_second_yes_by_somebody_else_releases(large):
    """Both are in the log."""
    done = let_go(large, KIM, LEE)
    assert [stored.key for stored in done.obligations] == [R0, BLUE]
    (body,) = told(large, EntryKind.RELEASED)
    assert body["by"] == "Lee"
    assert [each["by"] for each in body["approved_by"]] == ["Kim", "Lee"]


@pytest.mark.parametrize(
    "voices",
    [
        (KIM, KIM),
        (KIM, replace(KIM, name="kim", identity=Identity.OS_USER)),
        (Voice("ops", Identity.OS_USER, "1000@books"), KIM),  # Kim may be at that account
        ("Kim Larsen", "Lee Okafor"),  # words that nothing verifies
        (KIM, "Lee Okafor", Voice("Lee", Identity.LAST_EDITOR)),
    ],
)
def test_one_person_twice_or_a_mere_word_is_not_two(large, voices):
    """However often they say it."""
    assert "more: somebody else" in let_go(large, *voices, *voices).needs
    assert states(large) == {R0: "draft", BLUE: "draft"}


def test_a_changed_batch_makes_earlier_approvals_void(large):
    """Kim agreed to 200.00 EUR; what stands now is 500.00."""
    let_go(large, KIM)
    large.write("checks.csv", checks(api=500))
    large.run()
    assert "Lee agreed. Needs one more" in let_go(large, LEE).needs
    assert let_go(large, KIM).obligations


def test_a_yes_counts_for_exactly_what_was_shown(large):
    """Kim saw both credits, Lee looks at Acme's alone."""
    let_go(large, KIM)
    assert "Lee agreed. Needs one more" in let_go(large, LEE, clients=["acme"]).needs


def test_a_yes_to_what_no_longer_stands_is_not_kept(large):
    """What was shown has changed before the yes came."""
    shown = large.shown()
    large.write("checks.csv", checks(api=500))
    large.run()
    with open_office(large.folder) as office, pytest.raises(ReleaseRefusedError):
        release(office, shown, by=KIM, why="reviewed", at=RELEASED_AT)
    assert large.tables["approval"] == []


def test_below_the_amount_one_person_is_enough(large):
    """Bluefin's dollars have no such amount."""
    assert [s.key for s in let_go(large, ANA, clients=["bluefin"]).obligations] == [BLUE]


def test_a_contract_may_ask_for_two_people_by_itself(lay_out):
    """From 100.00 EUR on."""
    books = lay_out(ACME + "release: {two_person_above: 100}\n", checks=checks(api=120))
    books.run()
    assert "200.00 EUR is more than 100 EUR" in let_go(books, ANA).needs


def test_an_adjustment_that_makes_a_month_large_needs_two_people(lay_out):
    """200.00 went before; with 300.00 more the month has moved 500.00."""
    limit = MAKEGOOD + "release: {two_person_above: {EUR: 400}}\n"
    books = lay_out(checks=checks(api=120), makegood=limit)
    books.run()
    assert let_go(books, ANA).obligations
    books.write("checks.csv", checks(api=500))
    books.run()
    assert f"{R1}: 500.00 EUR is more than 400 EUR" in let_go(books, ANA).needs


# --- At the terminal ------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch):
    """`makegood release 2025-09` of a workspace, wide enough to be read."""
    monkeypatch.setenv("COLUMNS", "300")
    return lambda books, *more: makegood("release", SEPTEMBER, "--workspace", books.folder, *more)


def test_the_command_shows_what_will_happen_before_it_asks(lay_out, command, monkeypatch):
    """How each is paid, who is told; and a no releases nothing."""
    monkeypatch.setattr("typer.confirm", lambda *_args, **_facts: False)
    books = lay_out(checks=checks(api=120))
    books.run()
    ended = command(books)
    for shown in (R0, "99.722222 %", "200.00 EUR booked in the", "ap@acme.example"):
        assert shown in ended.out
    assert (ended.code, ended.err) == (1, "Nothing was released.\n")
    assert states(books) == {R0: "draft"}


def test_the_command_releases_what_is_below_an_amount(lay_out, command):
    """Acme's 200.00, not Bluefin's 360.00."""
    books = lay_out(ACME, BLUEFIN, checks=checks(api=120))
    books.run()
    ended = command(books, "--all-below", "360", "--yes", "--json")
    assert (ended.code, [one["obligation"] for one in ended.document["released"]]) == (0, [R0])
    assert ended.document["payments"]["paid"] == 1


def test_the_command_asks_for_one_more_and_then_releases(large, command, monkeypatch):
    """Kim and Lee each have a token; the same account alone would be one voice."""
    monkeypatch.setenv(APPROVER_TOKEN, KIMS)
    first = command(large, "--yes", "--json")
    assert (first.code, first.document["released"]) == (1, [])
    assert "Kim agreed. Needs one more" in first.document["needs"]
    monkeypatch.setenv(APPROVER_TOKEN, LEES)
    second = command(large, "--yes", "--json")
    assert (second.code, second.document["needs"]) == (0, None)
    assert len(second.document["released"]) == 2


def test_the_command_refuses_a_token_that_is_nobodys(large, command, monkeypatch):
    """Nothing is kept, and the message does not repeat it."""
    monkeypatch.setenv(APPROVER_TOKEN, "somebody-elses-secret")
    ended = command(large, "--yes")
    assert ended.code == 2
    assert "is nobody's token" in ended.err
    assert "somebody-elses-secret" not in ended.err
    assert large.tables["approval"] == []


def test_nobody_names_approvers_by_the_environment(large, command, monkeypatch):
    """Whoever releases sets it as they like, and would be two people in two commands."""
    monkeypatch.setenv("MAKEGOOD_APPROVER_TOKENS", "ann=0123456789abcdef0 bob=fedcba98765432100")
    monkeypatch.setenv(APPROVER_TOKEN, "0123456789abcdef0")
    ended = command(large, "--yes")
    assert (ended.code, large.tables["approval"]) == (2, [])


def test_without_a_token_the_account_speaks(monkeypatch):
    """By its number, not by what LOGNAME says."""
    monkeypatch.setenv("LOGNAME", "mallory")
    monkeypatch.setattr(approver, "_account_name", lambda: "ops")
    monkeypatch.delenv(APPROVER_TOKEN, raising=False)
    voice = present_voice({})
    assert (voice.name, voice.identity) == ("ops", Identity.OS_USER)
    assert voice.account.partition("@")[0].isdigit()


def test_a_token_speaks_by_the_name_that_it_belongs_to():
    """Several tokens may belong to one person."""
    known = {"Lee": [digest(LEES)], "Kim": [digest("another-secret-of-kims"), digest(KIMS)]}
    voice = present_voice(known, token=KIMS)
    assert (voice.name, voice.identity) == ("Kim", Identity.TOKEN)


@pytest.mark.parametrize(
    ("token", "known", "fact"),
    [
        (KIMS, {}, "is nobody's token"),
        (KIMS, {"Lee": [LEES]}, "is nobody's token"),
        (KIMS, {"Kim": [KIMS], "Lee": [KIMS]}, "is the token of several people"),
        ("brief-secret", {"Lee": ["brief-secret"]}, "is too short"),
    ],
)
def test_tokens_that_name_nobody_for_certain_are_refused(token, known, fact):
    """No secret is repeated in the message."""
    with pytest.raises(UnusableInputError) as refused:
        present_voice({name: [*map(digest, tokens)] for name, tokens in known.items()}, token=token)
    assert fact in str(refused.value)
    assert token not in str(refused.value)


# --- One person, client by client -----------------------------------------------------------------

COBALT = ACME.replace("id: acme", "id: cobalt")
COBALT_R0 = "cobalt/api/2025-09/r0"
TWO_ABOVE_300 = TWO_ABOVE_150.replace("EUR: 150", "EUR: 300")


@pytest.fixture
def clients(lay_out_on_each):
    """Acme and Cobalt are owed 200.00 EUR each; above 300.00 EUR two must agree."""
    books = lay_out_on_each(ACME, COBALT, checks=checks(api=120), makegood=TWO_ABOVE_300)
    books.run()
    return books


def test_one_person_cannot_pass_the_limit_client_by_client(clients):
    """200.00 go alone; 200.00 more would be 400.00, so somebody else must agree."""
    assert let_go(clients, ANA, clients=["acme"]).obligations
    assert "200.00 EUR together with 200.00 EUR that one person let go alone before" in (
        let_go(clients, ANA, clients=["cobalt"]).needs
    )
    assert states(clients) == {R0: "released", COBALT_R0: "draft"}
    assert let_go(clients, KIM, clients=["cobalt"]).obligations


def test_somebody_else_has_a_limit_of_their_own(clients):
    """Ana let Acme's go, Kim lets Cobalt's go."""
    let_go(clients, ANA, clients=["acme"])
    assert let_go(clients, KIM, clients=["cobalt"]).obligations


@pytest.mark.parametrize(("first", "second"), [("Ana", ANA), (ANA, "Somebody"), ("Ana", "Kim")])
def test_a_word_that_nothing_verifies_may_be_anybodys(clients, first, second):
    """A form's text and the account that may have typed it count together."""
    assert let_go(clients, first, clients=["acme"]).obligations
    assert "so two people must agree" in let_go(clients, second, clients=["cobalt"]).needs


def test_nobody_is_taken_for_a_rule_by_calling_themselves_one(clients):
    """What a form's text or a page's last editor calls itself proves nothing."""
    assert let_go(clients, "contract rule", clients=["acme"]).obligations
    assert "so two people must agree" in let_go(clients, "contract rule", clients=["cobalt"]).needs
    assert states(clients) == {R0: "released", COBALT_R0: "draft"}


def test_what_two_agreed_to_is_nobodys_alone(lay_out_on_each):
    """500.00 EUR for Acme went with two voices; Ana may still let 200.00 go alone."""
    books = lay_out_on_each(
        ACME.replace("2000", "5000"), COBALT, checks=checks(api=120), makegood=TWO_ABOVE_300
    )
    books.run()
    assert let_go(books, ANA, KIM, clients=["acme"]).obligations
    assert let_go(books, ANA, clients=["cobalt"]).obligations


def test_what_a_rule_let_go_is_nobodys_alone(lay_out_on_each):
    """Acme's own rule released 200.00 EUR."""
    books = lay_out_on_each(AUTOMATIC, COBALT, checks=checks(api=120), makegood=TWO_ABOVE_300)
    books.run()
    assert let_go(books, ANA, clients=["cobalt"]).obligations


def test_the_command_says_that_two_must_agree_before_it_asks(lay_out, command, monkeypatch):
    """The second client of one evening."""
    monkeypatch.setattr("typer.confirm", lambda *_args, **_facts: False)
    books = lay_out(ACME, COBALT, checks=checks(api=120), makegood=TWO_ABOVE_300)
    books.run()
    assert command(books, "--client", "acme", "--yes").code == 0
    ended = command(books, "--client", "cobalt")
    assert "Two people must agree: 200.00 EUR together with 200.00 EUR" in ended.out
    assert command(books, "--client", "cobalt", "--yes").code == 1
    assert states(books)[COBALT_R0] == "draft"
