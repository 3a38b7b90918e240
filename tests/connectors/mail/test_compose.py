"""Composing is exact: the same words, people and date give the same bytes, whatever they hold."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mail import Mailbox, OutgoingMail, ascii_address
from models.findings import UnusableInputError
from tests.connectors.mail.conformance import mail, opened

WORDS = st.text(
    alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")),
    min_size=1,
    max_size=30,
)
LINES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def plain_text(message) -> str:
    """The text part, its lines ended as Python ends them."""
    return str(message.get_body(("plain",)).get_content()).replace("\r\n", "\n")


def test_the_same_message_has_the_same_bytes():
    """Neither the clock nor chance takes part."""
    assert mail().content == mail().content


def test_the_message_id_follows_from_the_key_alone():
    """A resent message is known by it; a changed text does not change it."""
    assert mail().message_id == mail(text="Other words.").message_id
    assert mail().message_id != mail("acme/api/2026-05/r1/notice").message_id
    assert mail().message_id.endswith("@northwind.example>")
    assert opened(mail().content)["Message-ID"] == mail().message_id


def test_the_date_is_the_decisions():
    """The instant that the caller gave, not now."""
    date = parsedate_to_datetime(opened(mail().content)["Date"])
    assert date == datetime(2026, 5, 20, 8, 0, tzinfo=UTC)


def test_robots_are_asked_not_to_answer():
    """No out-of-office note comes back."""
    assert opened(mail().content)["Auto-Submitted"] == "auto-generated"


def test_answers_go_to_whom_the_caller_names():
    """Otherwise to the sender."""
    support = Mailbox("Support", "help@northwind.example")
    named = opened(mail(reply_to=support).content)["Reply-To"]
    assert str(named) == "Support <help@northwind.example>"
    assert "billing@northwind.example" in str(opened(mail().content)["Reply-To"])


def test_text_comes_first_and_html_as_its_alternative():
    """A mail program shows the last part that it can."""
    message = opened(mail().content)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert plain_text(message) == "Hello Acme,\n\nhere is your credit.\n"


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028"])
def test_no_subject_or_name_adds_a_header(breaker):
    """A client called "Acme, line break, Bcc" gets no blind copy."""
    evil = f"Acme{breaker}Bcc: all@example.com"
    message = opened(mail(subject=evil, to=[Mailbox(evil, "team@acme.example")]).content)
    assert "Bcc" not in message
    assert message["Subject"] == "Acme Bcc: all@example.com"
    assert [address.addr_spec for address in message["To"].addresses] == ["team@acme.example"]


def test_an_encoded_word_in_a_name_stays_a_text():
    """What would decode to a line break and a header is shown as it was written."""
    evil = "=?utf-8?q?Acme=0D=0ABcc:_all@example.com?="
    message = opened(mail(subject=evil, to=[Mailbox(evil, "team@acme.example")]).content)
    assert "Bcc" not in message
    assert message["Subject"] == evil
    assert message["To"].addresses[0].display_name == evil


def test_text_cannot_run_backwards_in_a_subject():
    """Signs that turn the direction of writing are taken out."""
    message = opened(mail(subject="Pay \u202egpj.exe").content)
    assert message["Subject"] == "Pay gpj.exe"


@given(subject=LINES, name=LINES)
@settings(max_examples=100)
def test_every_subject_and_name_is_read_back(subject, name):
    """In any script, at any length, with quotes, commas and angle brackets."""
    content = mail(subject=subject, to=[Mailbox(name, "a@b.example")]).content
    assert opened(content)["Subject"] == subject
    # Python's newer reader adds spaces inside long names; its older one does not.
    shown, address = parseaddr(message_from_bytes(content)["To"].replace("\r\n", ""))
    assert (str(make_header(decode_header(shown))), address) == (name, "a@b.example")


@given(
    text=st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300)
)
@settings(max_examples=60)
def test_every_text_is_read_back(text):
    """Long lines, dots alone on a line, trailing spaces."""
    message = opened(mail(text=f"{text}\n.\nFrom \n").content)
    assert plain_text(message) == f"{text}\n.\nFrom \n"


def test_no_line_is_longer_than_mail_allows():
    """76 in quoted-printable, 75 in an encoded word; the longest ASCII header is below 998."""
    content = mail(subject="ü" * 300, text="x" * 5_000, html=f"<p>{'y' * 5_000}</p>").content
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_domain_in_any_script_is_sent_as_ascii():
    """By the rules of 2008: straße.de is not strasse.de."""
    message = mail(to=[Mailbox("Bücher", "post@BÜCHER.example"), Mailbox("", "a@straße.de")])
    assert message.envelope_to == ("post@xn--bcher-kva.example", "a@xn--strae-oqa.de")


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "@example.com",
        "anna@",
        "jürgen@example.com",
        "a b@example.com",
        "a@b@example.com",
        "a@example.com\r\nBcc: x@example.com",
        "a\r\n@example.com",
        '"a"@example.com',
        "a..b@example.com",
        "a@-x-.example",
        "a@exa mple.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_an_unusable_address_is_refused_with_place_and_remedy(address):
    """Nothing is guessed and nothing is sent."""
    with pytest.raises(UnusableInputError) as refused:
        mail(to=[Mailbox("Anna", address)])
    (finding,) = refused.value.findings
    assert str(finding).startswith(f"mail acme/api/2026-05/r0/notice: {address!r} has")
    assert "Correct it where contracts and makegood.yaml name it" in str(finding)


def test_all_unusable_addresses_are_named_at_once():
    """Two wrong ones give two findings."""
    with pytest.raises(UnusableInputError) as refused:
        mail(to=[Mailbox("", "x"), Mailbox("", "ok@example.com"), Mailbox("", "y")])
    assert len(refused.value.findings) == 2


def test_a_plus_or_a_dot_before_the_at_is_fine():
    """Ordinary addresses are left as they are."""
    assert ascii_address("anna.b+credits@Example.COM") == "anna.b+credits@example.com"


def test_a_message_without_receiver_does_not_exist():
    """There would be nobody to tell."""
    with pytest.raises(ValueError, match="needs a receiver"):
        mail(to=[])


def test_the_intent_is_json_and_gives_the_same_message():
    """Stored, read and sent years later: the same bytes."""
    message = mail(subject="Gutschrift für Müller")
    assert OutgoingMail.from_intent(message.intent) == message
    assert all(isinstance(value, str | list) for value in message.intent.values())
