"""`makegood mail`: a month's mail as files to look at, and a test message by whatever sends it.

120 of 43,200 minutes down are 99.72 %: 10 % of Acme's 2,000.00 EUR are 200.00 EUR, of Bluefin's
3,600.00 USD 360.00 USD.
"""

import json
from email import message_from_bytes, policy

import pytest
from jsonschema import Draft202012Validator

from deployments.cli.schemas import schema_path
from tests.command import makegood
from tests.connectors.mail.post_office import Fault, post_office
from tests.exim import PASSWORD, USER
from tests.workspaces import ACME, BLUEFIN, MAKEGOOD, SEPTEMBER, VENDOR, Books, checks

OPERATOR, CLIENT = "finance@relay.example", "ap@acme.example"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace in which nothing was run; the commands run beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEGOOD_DATABASE_URL", raising=False)
    return Books.laid_out(
        tmp_path / "books", ACME, BLUEFIN, VENDOR, checks=checks(api=120, hosting=0)
    )


@pytest.fixture
def books(workspace):
    """The workspace after a run of September."""
    workspace.run()
    return workspace


@pytest.fixture
def office(workspace):
    """A mail server on this machine, by which the workspace sends."""
    with post_office() as opened:
        server = f"127.0.0.1, port: {opened.port}, security: none"
        workspace.write("makegood.yaml", sent_by(server))
        yield opened


def mail(*arguments):
    """The command, in the workspace."""
    return makegood("mail", *arguments, "--workspace", "books")


def document(command: str, *arguments):
    """What it prints for scripts; it must be as published."""
    ended = mail(command, *arguments, "--json")
    found = json.loads(ended.out)
    schema = json.loads(schema_path(f"mail-{command}").read_text())
    Draft202012Validator(schema).validate(found)
    return found


def sent_by(server: str) -> str:
    """A workspace file whose mail goes to a server."""
    return MAKEGOOD.replace("{from:", f"{{smtp: {{host: {server}}}, from:")


# --- preview --------------------------------------------------------------------------------------


def test_every_message_of_a_month_is_written_as_page_and_text(books):
    """Summary, request and notices, each with its receiver, subject and both files."""
    messages = document("preview", SEPTEMBER)["messages"]
    assert [(one["kind"], one["to"]) for one in messages] == [
        ("summary", OPERATOR),
        ("release-request", OPERATOR),
        ("notice", CLIENT),
        ("notice", "billing@bluefin.example"),
    ]
    for one in messages:
        page = (books.folder.parent / one["html"]).read_text()
        text = (books.folder.parent / one["text"]).read_text()
        assert page.startswith("<!doctype html>")
        assert text.startswith(f"To: {one['to']}\nSubject: {one['subject']}\n\n")
    assert "200.00" in (books.folder.parent / messages[2]["text"]).read_text()


def test_looking_changes_nothing_else(books):
    """No mail, no entry, no other file: only the pages themselves."""
    tables, files = books.everything
    mail("preview", SEPTEMBER)
    assert books.tables == tables
    ours = {name: content for name, content in books.files.items() if "previews/mail/" not in name}
    assert ours == files


def test_kind_client_and_language_narrow_it(books):
    """One notice, in German."""
    (one,) = document(
        "preview", SEPTEMBER, "--kind", "notice", "--client", "acme", "--language", "de"
    )["messages"]
    assert (one["name"], one["language"]) == ("acme/api/2025-09/r0", "de")
    assert "200,00" in (books.folder.parent / one["text"]).read_text()
    assert 'lang="de"' in (books.folder.parent / one["html"]).read_text()


def test_a_reminder_is_shown_as_of_a_day(workspace):
    """120 minutes without hosting are a claim of 50.00 USD, due within 30 days of the month."""
    workspace.write("checks.csv", checks(api=0, hosting=120))
    workspace.run()
    preview = ("preview", SEPTEMBER, "--kind", "reminder")
    assert document(*preview, "--on", "2025-10-01")["messages"] == []
    (one,) = document(*preview, "--on", "2025-10-24")["messages"]
    assert one["to"] == OPERATOR
    assert "due in 6 days" in (workspace.folder.parent / one["text"]).read_text()
    ended = mail(*preview, "--on", "24.10.2025")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("--on: is '24.10.2025'; a date as YYYY-MM-DD")


def test_a_preview_takes_the_place_of_the_one_before(books):
    """What is looked at is what would be sent now; other kinds stay."""
    mail("preview", SEPTEMBER)
    books.write("checks.csv", checks(api=20, hosting=0))  # 20 minutes are within the commitment.
    books.run()
    assert document("preview", SEPTEMBER, "--kind", "notice")["messages"] == []
    left = {path.name for path in (books.folder / "previews/mail" / SEPTEMBER).glob("*.html")}
    assert left == {"summary.en.html", "release-request.en.html"}


def test_a_released_notice_is_shown_as_it_was_sent(books):
    """Without the banner that says that it waits."""
    (waiting,) = document("preview", SEPTEMBER, "--kind", "notice", "--client", "acme")["messages"]
    before = (books.folder.parent / waiting["html"]).read_text()
    books.release(clients=["acme"])
    mail("preview", SEPTEMBER)
    after = (books.folder.parent / waiting["html"]).read_text()
    (letter,) = [
        letter
        for path in (books.folder / "outbox").glob("acme*.eml")
        if (letter := message_from_bytes(path.read_bytes(), policy=policy.default))
    ]
    page = letter.get_body(("html",))
    assert page
    assert after == page.get_content().replace("\r\n", "\n")
    assert before != after


def test_a_released_adjustment_is_shown_with_the_figures_that_were_sent(books):
    """500 minutes are 98.84 %, 25 % of 2,000.00 EUR: 300.00 EUR more than the 200.00 before."""
    books.release(clients=["acme"])
    books.write("checks.csv", checks(api=500, hosting=0))
    books.run()
    books.release(clients=["acme"])
    notices = document("preview", SEPTEMBER, "--kind", "notice", "--client", "acme")["messages"]
    for one in notices:
        mail_sent = (books.folder / "outbox").glob(f"{one['name'].replace('/', '.')}.notice.*.eml")
        (sent,) = [
            message_from_bytes(path.read_bytes(), policy=policy.default) for path in mail_sent
        ]
        plain = sent.get_body(("plain",))
        assert plain
        body = plain.get_content().replace("\r\n", "\n")
        assert (books.folder.parent / one["text"]).read_text().endswith(f"\n\n{body}")
    (adjustment,) = [one for one in notices if one["name"].endswith("/r1")]
    text = " ".join((books.folder.parent / adjustment["text"]).read_text().split())
    assert "We add €300.00 to your credit, which makes €500.00 for the month." in text


def test_the_pages_are_opened_when_asked_for(books, monkeypatch):
    """In the browser, each once."""
    opened: list[str] = []

    def browse(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    ended = mail("preview", SEPTEMBER, "--kind", "summary", "--open")
    assert ended.code == 0
    assert opened == [
        (books.folder / "previews/mail" / SEPTEMBER / "summary.en.html").resolve().as_uri()
    ]


def test_without_a_browser_that_is_said(books, monkeypatch):
    """The paths are printed all the same."""
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    ended = mail("preview", SEPTEMBER, "--kind", "summary", "--open")
    assert (ended.code, ended.err) == (
        0,
        "no browser could be started; open the files by hand.\n",
    )
    assert "summary.en.html" in ended.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("2031-01",), "MONTH: nothing is recorded of 2031-01; a month that was run."),
        (("2025-13",), "MONTH: is '2025-13'; a month as YYYY-MM"),
        ((SEPTEMBER, "--client", "amce"), "--client: is 'amce'; a client of a contract: acme, "),
    ],
)
def test_what_cannot_be_shown_is_unusable_input(books, arguments, says):
    """Exit code 2, with what was expected."""
    ended = mail("preview", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(says)


# --- test -----------------------------------------------------------------------------------------


def test_an_outbox_is_tried_by_a_file(workspace):
    """It lies beside the mails, and no month knows of it."""
    found = document("test")
    assert (found["offer"]["way"], found["offer"]["place"]) == ("outbox", "books/outbox")
    assert found["to"] == OPERATOR
    assert found["answer"].endswith(".eml")
    assert not (workspace.folder / "makegood.db").exists()


def test_a_server_is_tried_by_a_message(office):
    """What it offers, and one message to whom is named."""
    ended = mail("test", "--to", "Kim <kim@relay.example>")
    assert ended.code == 0
    assert f"smtp 127.0.0.1:{office.port}\n" in ended.out
    assert "  encryption   none\n" in ended.out
    assert "  login        nobody is logged in; offered: none\n" in ended.out
    assert "  size         33554432 bytes\n" in ended.out
    (envelope,) = office.taken
    assert envelope.rcpt_tos == ["kim@relay.example"]
    letter = message_from_bytes(envelope.original_content, policy=policy.default)
    assert letter["Subject"] == "Test message of Makegood for Northwind Relay"
    assert letter["Message-ID"] in ended.out


def test_a_dry_run_only_connects(office):
    """What the server offers, and no message."""
    found = document("test", "--dry-run")
    assert (found["offer"]["size_limit"], found["message_id"]) == (33_554_432, None)
    assert office.taken == []
    assert "MAIL" not in office.asked


def test_every_test_message_is_a_new_one(office):
    """Otherwise a mail program would hide the second one."""
    assert document("test")["message_id"] != document("test")["message_id"]


@pytest.mark.parametrize(
    ("step", "fault", "code", "says"),
    [
        ("RCPT", "550 5.1.1 no such person", 1, "no receiver is accepted"),
        ("RCPT", "451 4.7.1 later", 3, "not now"),
        ("END", Fault.CUT, 3, "may have it. Find out whether it arrived."),
        ("GREETING", "421 busy", 3, "takes no mail now"),
        ("GREETING", "554 go away", 2, "answers 554 go away"),
    ],
)
def test_how_it_ended_is_an_exit_code(office, step, fault, code, says):
    """Refused, not now, nobody knows, wrong settings; the reason goes to stderr."""
    office.faults[step] = [fault]
    ended = mail("test")
    assert ended.code == code
    assert says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "to", ["a@relay.example, b@relay.example", "a@relay.example>", "jürgen@relay.example", "a@b..c"]
)
def test_a_wrong_receiver_is_found_before_anybody_is_asked(office, to):
    """Exit code 2; what must be corrected is the option."""
    ended = mail("test", "--to", to)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"--to: is {to!r}; one address")
    assert office.connections == 0


def test_a_test_message_is_in_the_workspaces_language(office, workspace):
    """As every other mail to the operator."""
    server = f"127.0.0.1, port: {office.port}, security: none"
    workspace.write("makegood.yaml", sent_by(server).replace("{smtp:", "{language: de, smtp:"))
    assert mail("test").code == 0
    (envelope,) = office.taken
    letter = message_from_bytes(envelope.original_content, policy=policy.default)
    assert letter["Subject"] == "Testnachricht von Makegood für Northwind Relay"
    page = letter.get_body(("html",))
    assert page
    assert '<html lang="de"' in page.get_content()


def test_a_workspace_without_mail_says_what_to_add(workspace):
    """Exit code 2."""
    workspace.write("makegood.yaml", MAKEGOOD.split("mail:", maxsplit=1)[0])
    ended = mail("test")
    assert ended.code == 2
    assert ended.err.startswith("makegood.yaml: names no mail; mail: with from, operator")


@pytest.mark.peer
@pytest.mark.xdist_group(name="exim")
def test_a_real_server_is_shown_and_tried(workspace, exim, monkeypatch):
    """Encryption, certificate, login; the password is not shown."""
    monkeypatch.setenv("MAKEGOOD_SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("MAKEGOOD_SMTP_CA", str(exim.authorities))
    workspace.write(
        "makegood.yaml", sent_by(f"localhost, port: {exim.starttls_port}, user: {USER}")
    )
    ended = mail("test")
    assert ended.code == 0
    assert "  encryption   TLSv1.3\n  certificate  localhost, until 2" in ended.out
    assert "  login        as makegood; offered: PLAIN\n" in ended.out
    assert PASSWORD not in ended.out + ended.err
    (arrived,) = exim.delivered(expected=1)
    assert (arrived.to, arrived.back_to) == (OPERATOR, "sla@relay.example")
    found = document("test", "--dry-run")["offer"]
    assert (found["tls"], found["certificate_names"]) == ("TLSv1.3", ["localhost"])
