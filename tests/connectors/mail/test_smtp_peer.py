"""Mail through a real server, Debian's Exim: encrypted, logged in, delivered, read again."""

import re
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import pytest

from connectors.errors import Misconfigured, Permanent, Retriable
from connectors.mail import Attachment, Mailbox, PartlySent
from connectors.mail.smtp import Login, SmtpMail, Waits
from models.workspace_file import SmtpSecurity
from tests.connectors.mail.conformance import MailConformance, mail
from tests.exim import LARGEST, PASSWORD, USER, Delivered

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group(name="exim")]

CALENDAR = "text/calendar; method=PUBLISH; charset=utf-8"
EVENTS = "BEGIN:VCALENDAR\r\nSUMMARY:Frist für Müller\r\nEND:VCALENDAR\r\n".encode()
WAITS = Waits(connect_s=10, answer_s=10, taken_s=10)


def way_to(exim, *, password: str = PASSWORD, **terms) -> SmtpMail:
    """The way that a workspace describes, with Exim's authority believed."""
    login = Login(password, str(exim.authorities))
    return SmtpMail(exim.server(**terms), login=login, local_hostname="n.example", waits=WAITS)


@pytest.fixture
def way(exim):
    """By STARTTLS, as the user whom Exim knows."""
    with closing(way_to(exim)) as made:
        yield made


def addressed(*addresses: str, **parts):
    """A message to these."""
    return mail(to=[Mailbox("", address) for address in addresses], **parts)


class TestSmtpMailThroughExim(MailConformance):
    """The promise of every way of sending, as far as SMTP can keep it, by a real server."""

    @pytest.fixture(params=[SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
    def sender(self, request, exim):
        """Both ways of encryption."""
        with closing(way_to(exim, security=request.param)) as made:
            yield made

    @pytest.fixture
    def delivered(self, exim) -> Callable[[], list[bytes]]:
        """Look into the folder; Exim's own lines on top are taken off, and nothing else."""
        return lambda: [one.content for one in exim.delivered()]


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
def test_what_exim_offers_is_told(exim, security):
    """The version of the encryption, the name of the certificate, the login and the size."""
    with closing(way_to(exim, security=security)) as way:
        offer = way.offer()
    assert (offer.tls, offer.certificate) == ("TLSv1.3", ("localhost",))
    assert (offer.logins, offer.user, offer.size) == (("PLAIN",), USER, LARGEST)


def test_each_receiver_gets_the_bytes_that_were_composed(exim, way):
    """Attachment included; bounces come back to the sender."""
    message = addressed(
        "a@acme.example",
        "b@bücher.example",
        subject="Gutschrift für Müller",
        attachments=[Attachment("claims.ics", CALENDAR, EVENTS)],
    )
    sent = way.send(message)
    assert re.fullmatch(r"localhost:\d+: 250 OK id=\S+", sent.place)
    arrived = exim.delivered(expected=2)
    assert {one.to for one in arrived} == {"a@acme.example", "b@xn--bcher-kva.example"}
    assert {one.back_to for one in arrived} == {"billing@northwind.example"}
    assert [one.content for one in arrived] == [message.content] * 2


def test_many_messages_arrive_at_once(exim, way):
    """Exim puts off whatever comes eleventh on one line, so that one gets a line of its own."""
    messages = [mail(f"acme/api/2026-05/r{number}/notice") for number in range(25)]
    for message in messages:
        way.send(message)
    arrived = {one.content for one in exim.delivered(expected=25)}
    assert arrived == {message.content for message in messages}


def test_a_refused_receiver_keeps_nobody_from_it(exim, way):
    """One is refused for ever, the other has it."""
    sent = way.send(addressed("bounce-me@acme.example", "a@acme.example"))
    assert sent.taken == ("a@acme.example",)
    assert sent.refused == (("bounce-me@acme.example", "550 no such person here"),)
    assert [one.to for one in exim.delivered(expected=1)] == ["a@acme.example"]


def test_who_is_refused_alone_refuses_the_message(exim, way):
    """Nobody has it."""
    with pytest.raises(Permanent, match="550 no such person here"):
        way.send(addressed("bounce-me@acme.example"))
    assert exim.delivered() == []


def test_a_greylisted_receiver_gets_it_later_and_once(exim, way):
    """451 at first; the same message goes through when Exim knows us."""
    with pytest.raises(Retriable, match="451 greylisted"):
        way.send(addressed("greylist@acme.example"))
    exim.let_greylisted_pass()
    way.send(addressed("greylist@acme.example"))
    assert [one.to for one in exim.delivered(expected=1)] == ["greylist@acme.example"]


def test_a_greylisted_receiver_does_not_hold_up_the_others(exim, way):
    """Who has it is told, so that they do not get it twice."""
    with pytest.raises(PartlySent) as raised:
        way.send(addressed("a@acme.example", "greylist@acme.example", "bounce-me@acme.example"))
    assert raised.value.facts == {
        "taken": ["a@acme.example"],
        "waiting": [["greylist@acme.example", "451 greylisted, try again later"]],
        "refused": [["bounce-me@acme.example", "550 no such person here"]],
    }
    assert [one.to for one in exim.delivered(expected=1)] == ["a@acme.example"]


def test_a_message_that_is_too_large_is_refused_before_it_is_sent(exim, way):
    """Exim says how much it takes."""
    with pytest.raises(Permanent, match=f"the server takes {LARGEST}"):
        way.send(mail(text="x" * LARGEST))
    assert exim.delivered() == []


def test_a_message_that_is_refused_for_its_content_is_refused(exim, way):
    """After it was given as a whole; the next one goes through on the same line."""
    with pytest.raises(Permanent, match="550 this looks like spam"):
        way.send(mail(subject="You won the lottery"))
    way.send(mail())
    assert [one.content for one in exim.delivered(expected=1)] == [mail().content]


def test_a_sender_that_is_not_ours_is_refused(exim, way):
    """The server sends only for whom it knows."""
    stranger = Mailbox("", "stranger@northwind.example")
    with pytest.raises(Permanent, match=r"refuses the sender stranger@northwind\.example: 550"):
        way.send(mail(sender=stranger))


def test_a_wrong_password_is_misconfigured(exim):
    """Before anything is sent."""
    with (
        closing(way_to(exim, password="sesame")) as way,
        pytest.raises(Misconfigured, match=r"refuses the login of makegood \(535\)"),
    ):
        way.send(mail())


def test_a_login_before_encryption_is_impossible(exim):
    """Exim offers no login in the clear, so no password ever goes there."""
    with (
        closing(way_to(exim, security=SmtpSecurity.NONE, port=exim.starttls_port)) as way,
        pytest.raises(Misconfigured, match="offers no login at all"),
    ):
        way.send(mail())


def test_exims_certificate_is_believed_only_by_name_and_authority(exim):
    """Without its authority, or under another name of the same machine, nothing is sent."""
    strangers = SmtpMail(exim.server(), login=Login(PASSWORD), waits=WAITS)
    with pytest.raises(Misconfigured, match="unable to get local issuer certificate"):
        strangers.check()
    with pytest.raises(Misconfigured, match="IP address mismatch"):
        way_to(exim, host="127.0.0.1").check()


# --- What spam filters look at --------------------------------------------------------------------


class _Outside(HTMLParser):
    """Collects whatever a page would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note tags and attributes that load something."""
        if tag in {"img", "script", "iframe", "link", "object", "embed", "video", "audio"}:
            self.loaded.append(tag)
        self.loaded += [
            value for name, value in attributes if value and name in {"src", "srcset", "background"}
        ]
        self.loaded += [value for _, value in attributes if value and "url(" in value]


HEADER_LINE = re.compile(rb"[!-9;-~]+: [\x20-\x7e]*(\r\n[ \t][\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*)*")
"""A field by RFC 5322, section 2.2: a name, a colon, printable text, folded by white space."""
ONCE = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Auto-Submitted",
)


@pytest.fixture
def arrived(exim, way) -> bytes:
    """A message with everything awkward in it, as it lies in the receiver's folder."""
    message = mail(
        sender=Mailbox("Nördwind, Abrechnung", "billing@nördwind.example"),
        to=[Mailbox("Bücher & Söhne " * 20, "post@bücher.example")],
        subject="Gutschrift über 1.240,00 € für Mai 2026 " * 10,
        text="Grüße\n" * 50 + "x" * 3000,
        html=f"<!doctype html><p>{'Grüße ' * 500}</p>",
        attachments=[Attachment("Fristen für Mai.ics", CALENDAR, EVENTS)],
        unsubscribe="off@nördwind.example",
    )
    way.send(message)
    one: Delivered
    (one,) = exim.delivered(expected=1)
    return one.content


def test_every_header_of_a_delivered_message_is_legal(arrived):
    """By the grammar of mail, each exactly once; a strict reader finds no defect in any part."""
    head = arrived.partition(b"\r\n\r\n")[0]
    fields = re.split(rb"\r\n(?![ \t])", head)
    assert [field for field in fields if not HEADER_LINE.fullmatch(field)] == []
    message = message_from_bytes(arrived, policy=policy.default)
    assert {name: len(message.get_all(name, [])) for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert [part.defects for part in message.walk() if part.defects] == []
    assert [str(h) for h in message.values() if h.defects] == []


def test_no_line_is_too_long_and_no_byte_has_eight_bits(arrived):
    """998 by the standard; ours fold at 76 or 78."""
    assert max(len(line) for line in arrived.split(b"\r\n")) <= 78
    assert arrived.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", arrived) is None


def test_who_it_is_from_is_who_gets_the_bounces(exim, arrived):
    """SPF and DKIM can align: From, envelope and Message-ID have one domain, in ASCII."""
    message = message_from_bytes(arrived, policy=policy.default)
    (author,) = message["From"].addresses
    (one,) = exim.delivered()
    assert author.addr_spec == one.back_to == "billing@xn--nrdwind-90a.example"
    assert message["Message-ID"].endswith("@xn--nrdwind-90a.example>")
    assert [to.addr_spec for to in message["To"].addresses] == ["post@xn--bcher-kva.example"]
    assert parsedate_to_datetime(message["Date"]).utcoffset() is not None


def test_the_text_comes_first_and_the_parts_are_nested_as_programs_expect(arrived):
    """mixed[alternative[plain, html], calendar]; the calendar's kind names its method."""
    message = message_from_bytes(arrived, policy=policy.default)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    (calendar,) = message.iter_attachments()
    assert dict(calendar["Content-Type"].params) == {"method": "PUBLISH", "charset": "utf-8"}
    assert calendar.get_filename() == "Fristen für Mai.ics"
    assert calendar.get_payload(decode=True) == EVENTS


def test_nothing_in_it_watches_the_reader(arrived):
    """No picture, no remote style, no receipt asked for, no campaign header."""
    message = message_from_bytes(arrived, policy=policy.default)
    page = message.get_body(("html",))
    assert page
    assert _Outside(page.get_content()).loaded == []
    watching = {"disposition-notification-to", "return-receipt-to", "x-mailer", "precedence"}
    assert watching.isdisjoint(name.lower() for name in message)


def test_a_way_off_the_list_is_named_only_where_there_is_one(exim, way, arrived):
    """A header that mail programs turn into a button."""
    message = message_from_bytes(arrived, policy=policy.default)
    assert message["List-Unsubscribe"] == "<mailto:off@xn--nrdwind-90a.example>"
    exim.forget()
    way.send(mail())
    (plain,) = exim.delivered(expected=1)
    assert b"List-Unsubscribe" not in plain.content
