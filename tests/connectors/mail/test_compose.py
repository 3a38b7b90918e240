"""Composing is exact: the same words, people and date give the same bytes, whatever they hold."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mail import Attachment, Mailbox, OutgoingMail
from models.addresses import ascii_address
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
@settings(max_examples=100, deadline=None)
def test_every_subject_and_name_is_read_back(subject, name):
    """In any script, at any length, with quotes, commas and angle brackets."""
    content = mail(subject=subject, to=[Mailbox(name, "a@b.example")]).content
    assert opened(content)["Subject"] == subject
    # Python's newer reader adds spaces inside long names; its older one does not.
    shown, address = parseaddr(message_from_bytes(content)["To"].replace("\r\n", ""))
    assert (str(make_header(decode_header(shown))), address) == (name, "a@b.example")


ANYTHING = st.text(max_size=40) | st.sampled_from(
    [
        "a@b.example\r\nBcc: x@evil.example",
        "a@b.example>, <x@evil.example",
        "a@b.example, x@evil.example",
        "=?utf-8?q?a=0D=0ABcc:x@evil.example?=",
        "\r\n\r\n<p>body",
        '"; name="x.exe',
        "\u2028Bcc: x@evil.example",
        "x" * 2000,
        "ü" * 2000,
        '"' * 500,
    ]
)
HOSTILE = st.builds("{}{}".format, ANYTHING, ANYTHING)
ADDRESSES = st.just("ok@acme.example") | st.builds("{}@acme.example".format, ANYTHING) | ANYTHING
FIELDS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


@given(
    names=st.lists(HOSTILE, min_size=3, max_size=3),
    address=ADDRESSES,
    subject=HOSTILE,
    file_name=HOSTILE,
    unsubscribe=st.just("") | ADDRESSES | st.builds("https://acme.example/{}".format, ANYTHING),
)
@settings(max_examples=300, deadline=None)
def test_no_word_from_outside_makes_a_header_or_a_receiver(
    names, address, subject, file_name, unsubscribe
):
    """Whatever people are called: the message has our headers and our receivers, or is refused."""
    sender, receiver, reply_to = names
    attached = Attachment(file_name, "text/calendar; method=PUBLISH; charset=utf-8", b"x")
    try:
        message = mail(
            sender=Mailbox(sender, "billing@northwind.example"),
            to=[Mailbox(receiver, address), Mailbox("B", "b@acme.example")],
            reply_to=Mailbox(reply_to, "help@northwind.example"),
            subject=subject,
            attachments=[attached],
            unsubscribe=unsubscribe,
        )
    except UnusableInputError:
        return
    assert message.envelope_to == (ascii_address(address), "b@acme.example")
    read = message_from_bytes(message.content)
    expected = [*FIELDS[:-2], *(["List-Unsubscribe"] if unsubscribe else []), *FIELDS[-2:]]
    assert read.keys() == expected
    for field, count in (("From", 1), ("To", 2), ("Reply-To", 1)):
        unfolded = re.sub(r"\r?\n", "", read[field])
        assert len(getaddresses([unfolded])) == count
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert all(not part.defects for part in read.walk())


def test_an_attachment_is_nested_beside_both_texts():
    """mixed[alternative[plain, html], calendar]: programs that know no calendar show the text."""
    attached = Attachment("claims.ics", "text/calendar; method=CANCEL", b"BEGIN:VCALENDAR\r\n")
    message = opened(mail(attachments=[attached]).content)
    alternative, calendar = message.iter_parts()
    kinds = [part.get_content_type() for part in alternative.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert plain_text(message) == "Hello Acme,\n\nhere is your credit.\n"
    assert calendar["Content-Type"] == 'text/calendar; method="CANCEL"'
    assert calendar["Content-Disposition"] == 'attachment; filename="claims.ics"'
    assert calendar.get_payload(decode=True) == b"BEGIN:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("name", "saved_as"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ('a"; name="b.exe', "a_; name=_b.exe"),
        ("Fristen für Mai.ics", "Fristen für Mai.ics"),
        ("x" * 300 + ".ics", "x" * 56 + ".ics"),
    ],
)
def test_an_attachment_is_saved_under_a_harmless_name(name, saved_as):
    """No path, no second parameter, and no longer than a disk takes."""
    attached = Attachment(name, "text/calendar", b"x")
    (part,) = opened(mail(attachments=[attached]).content).iter_attachments()
    assert part.get_filename() == saved_as


@pytest.mark.parametrize("kind", ["calendar", "text/calendar\r\nX: y", "text/calendar; x", ""])
def test_an_attachment_of_no_kind_does_not_exist(kind):
    """Its kind becomes a header."""
    with pytest.raises(ValueError, match="is no content type"):
        Attachment("a", kind, b"")


@pytest.mark.parametrize(
    ("place", "header"),
    [
        ("off@bücher.example", "<mailto:off@xn--bcher-kva.example>"),
        ("https://relay.example/off?a=1", "<https://relay.example/off?a=1>"),
    ],
)
def test_a_way_off_the_list_is_an_address_or_a_link(place, header):
    """On one line, however long: encoded words would make it useless."""
    assert opened(mail(unsubscribe=place).content)["List-Unsubscribe"] == header


@pytest.mark.parametrize("place", ["http://relay.example", "off", "https://a>, <https://b", "a b"])
def test_a_way_off_that_is_none_is_refused(place):
    """As any other address is."""
    with pytest.raises(UnusableInputError):
        mail(unsubscribe=place)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"content": b"a\nb\r\n"}, "CR LF"),
        ({"content": b"a\rb\r\n"}, "CR LF"),
        ({"content": b"a"}, "CR LF"),
        ({"content": b"x" * 999 + b"\r\n"}, "more than 998"),
        ({"content": "ü\r\n".encode()}, "ASCII"),
        ({"envelope_to": ("a@b.example> SIZE=1",)}, "envelope"),
        ({"envelope_to": ("a@b.example\r\nDATA",)}, "envelope"),
        ({"envelope_from": "a b@c.example"}, "envelope"),
    ],
)
def test_a_message_that_a_server_may_not_get_does_not_exist(broken, says):
    """Whatever wrote it into the store: no command and no second message hides in it."""
    with pytest.raises(ValueError, match=says):
        replace(mail(), **broken)


@given(
    text=st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300)
)
@settings(max_examples=60, deadline=None)
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
        "=?utf-8?q?a=40evil.example=3E?=@example.com",
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
