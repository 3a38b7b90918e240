"""Mail by SMTP: what a server says to each step, and what nobody can know after a cut."""

import traceback
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.mail import Mailbox, PartlySent
from connectors.mail.smtp import Login, SmtpMail, Waits
from models.workspace_file import SmtpSecurity
from tests.certificates import Authority
from tests.connectors.mail.conformance import MailConformance, mail
from tests.connectors.mail.post_office import PASSWORD, USER, Fault, post_office

IMPATIENT = Waits(connect_s=5, answer_s=1, taken_s=1, leave_s=1)
KEY = "acme/api/2026-05/r0/notice"


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    """Who signs the certificates here."""
    return Authority.founded(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def office():
    """A server on this machine, without encryption or login."""
    with post_office() as opened:
        yield opened


@pytest.fixture
def sender(office):
    """The way to it."""
    with closing(SmtpMail(office.server(), local_hostname="n.example", waits=IMPATIENT)) as made:
        yield made


def contents(office) -> list[bytes]:
    """What the server took, byte for byte."""
    return [envelope.original_content for envelope in office.taken]


def addressed(*addresses: str):
    """A message to these."""
    return mail(to=[Mailbox("", address) for address in addresses])


class TestSmtpMail(MailConformance):
    """The promise of every way of sending, as far as SMTP can keep it."""

    @pytest.fixture
    def sender(self, sender):
        """The way to a server that has nothing yet."""
        return sender

    @pytest.fixture
    def delivered(self, office) -> Callable[[], list[bytes]]:
        """Ask the server."""
        return lambda: contents(office)


def test_it_is_said_that_repeats_are_not_safe(sender):
    """SMTP knows no keys and cannot be asked: whoever sends twice delivers twice."""
    assert sender.repeats_are_safe is False


# --- What every step may bring --------------------------------------------------------------------

LATER, NEVER, NOTHING, CUT, SILENCE = (
    "451 4.3.0 try again",
    "550 5.7.1 no",
    "good day",
    Fault.CUT,
    Fault.SILENCE,
)


@pytest.mark.parametrize(
    ("step", "fault", "outcome"),
    [
        *(("GREETING", fault, Retriable) for fault in (LATER, CUT)),
        *(("GREETING", fault, Misconfigured) for fault in (NEVER, NOTHING)),
        *(("EHLO", fault, Retriable) for fault in (LATER, CUT, SILENCE)),
        *(("EHLO", fault, Misconfigured) for fault in (NEVER, NOTHING)),
        *(("MAIL", fault, Retriable) for fault in (LATER, CUT, SILENCE, NOTHING, "421 bye")),
        ("MAIL", NEVER, Permanent),
        ("MAIL", "530 5.7.0 log in", Misconfigured),
        *(("RCPT", fault, Retriable) for fault in (LATER, CUT, SILENCE, NOTHING, "421 bye")),
        ("RCPT", NEVER, Permanent),
        ("RCPT", "530 5.7.0 log in", Misconfigured),
        *(("DATA", fault, Retriable) for fault in (LATER, CUT, SILENCE, NOTHING, "421 bye")),
        ("DATA", NEVER, Permanent),
        *(("END", fault, Retriable) for fault in (LATER, "421 bye")),
        *(("END", fault, Permanent) for fault in (NEVER, "552 5.3.4 too large")),
        *(("END", fault, OutcomeUnknown) for fault in (CUT, SILENCE, NOTHING, "354 go on")),
    ],
)
def test_only_the_end_of_a_message_leaves_a_doubt(office, sender, step, fault, outcome):
    """Whatever goes wrong before it has delivered nothing; an answer after it is a certainty."""
    office.faults[step] = [fault]
    with pytest.raises(outcome) as raised:
        sender.send(mail())
    assert type(raised.value) is outcome
    assert f"smtp 127.0.0.1:{office.port}" in str(raised.value)
    assert bool(office.taken) is (outcome is OutcomeUnknown)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("fault", [LATER, NEVER, NOTHING, CUT, "421 bye"])
def test_the_next_message_is_sent_whatever_became_of_the_one_before(office, sender, step, fault):
    """On the same line after a refusal, on a new one after a cut; never on half a conversation."""
    office.faults[step] = [fault]
    with pytest.raises((Retriable, Permanent, OutcomeUnknown)):
        sender.send(mail("acme/api/2026-04/r0/notice"))
    office.taken.clear()
    sender.send(mail())
    assert contents(office) == [mail().content]


def test_a_cut_in_the_middle_of_a_message_has_delivered_nothing(office, sender):
    """The server has no end of it, so it may not take it."""
    office.faults["BODY"] = [Fault.CUT]
    with pytest.raises(Retriable, match="cut before the message's end") as raised:
        sender.send(mail(text="x" * 25_000_000))
    assert type(raised.value) is Retriable
    assert office.taken == []


def test_a_doubt_names_whom_it_concerns(office, sender):
    """A person is told who may have it; the one who was refused surely has not."""
    office.refuses["gone@acme.example"] = "550 5.1.1 no such person"
    office.faults["END"] = [Fault.CUT]
    with pytest.raises(OutcomeUnknown, match=r"a@acme.example may have it") as raised:
        sender.send(addressed("a@acme.example", "gone@acme.example"))
    assert raised.value.facts == {
        "in_doubt": ["a@acme.example"],
        "waiting": [],
        "refused": [["gone@acme.example", "550 5.1.1 no such person"]],
    }


# --- Receivers ------------------------------------------------------------------------------------


def test_a_refused_receiver_is_named_and_the_others_have_it(office, sender):
    """One message for those who are taken."""
    office.refuses["gone@acme.example"] = "550 5.1.1 no such person"
    sent = sender.send(addressed("a@acme.example", "gone@acme.example", "b@acme.example"))
    assert sent.taken == ("a@acme.example", "b@acme.example")
    assert sent.refused == (("gone@acme.example", "550 5.1.1 no such person"),)
    assert [envelope.rcpt_tos for envelope in office.taken] == [
        ["a@acme.example", "b@acme.example"]
    ]


def test_a_receiver_that_must_wait_waits_alone(office, sender):
    """Who has it, who waits and who never will are told apart, for the next attempt."""
    office.refuses |= {"grey@acme.example": "451 4.7.1 later", "gone@acme.example": "550 5.1.1 no"}
    with pytest.raises(PartlySent) as raised:
        sender.send(addressed("a@acme.example", "grey@acme.example", "gone@acme.example"))
    assert raised.value.facts == {
        "taken": ["a@acme.example"],
        "waiting": [["grey@acme.example", "451 4.7.1 later"]],
        "refused": [["gone@acme.example", "550 5.1.1 no"]],
    }
    assert [envelope.rcpt_tos for envelope in office.taken] == [["a@acme.example"]]


def test_when_all_receivers_wait_nothing_is_given(office, sender):
    """Greylisting: the message never left."""
    office.refuses["grey@acme.example"] = "451 4.7.1 later"
    with pytest.raises(Retriable, match="nobody has the message") as raised:
        sender.send(addressed("grey@acme.example"))
    assert type(raised.value) is Retriable
    assert "DATA" not in office.asked


def test_when_all_receivers_are_refused_the_message_is(office, sender):
    """With what the server said to each."""
    office.refuses |= {"a@acme.example": "550 5.1.1 no", "b@acme.example": "553 5.1.3 bad"}
    with pytest.raises(Permanent, match=r"a@acme.example \(550 5.1.1 no\); b@acme.example \(553"):
        sender.send(addressed("a@acme.example", "b@acme.example"))
    assert "DATA" not in office.asked


# --- Size -----------------------------------------------------------------------------------------


def test_a_message_that_is_larger_than_the_server_takes_is_not_begun():
    """The server has said how large; the limit itself is still fine."""
    length = len(mail().content)
    for limit, taken in ((length, 1), (length - 1, 0)):
        with (
            post_office(data_size_limit=limit) as office,
            closing(SmtpMail(office.server(), waits=IMPATIENT)) as sender,
        ):
            assert sender.offer().size == limit
            if taken:
                sender.send(mail())
            else:
                with pytest.raises(
                    Permanent, match=f"has {length} bytes, the server takes {limit}"
                ):
                    sender.send(mail())
            assert len(office.taken) == taken
            assert ("MAIL" in office.asked) is bool(taken)


@pytest.mark.parametrize("said", ["9" * 5000, "lots", "-1"], ids=["endless", "word", "minus"])
def test_a_size_that_is_no_number_is_as_good_as_none(office, sender, said):
    """Whatever a server writes there, nothing ends in a crash."""
    office.faults["EHLO"] = [f"250-n.example\r\n250 SIZE {said}"]
    assert sender.offer().size is None


# --- One line for many messages -------------------------------------------------------------------


def test_one_line_carries_ten_messages(office, sender):
    """The server is greeted once for ten, and once more for the eleventh."""
    sender.check()
    for month in range(1, 11):
        sender.send(mail(f"acme/api/2026-{month:02}/r0/notice"))
    assert (office.connections, office.asked.count("EHLO")) == (1, 1)
    sender.send(mail("acme/api/2026-11/r0/notice"))
    assert office.connections == 2
    assert len(office.taken) == 11


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SILENCE, "421 bye", "250 OK"])
def test_a_line_that_went_stale_is_opened_anew(office, sender, fault):
    """Servers hang up on those who say nothing for minutes; that costs no message."""
    sender.send(mail("acme/api/2026-04/r0/notice"))
    office.faults["RSET"] = [fault]
    sender.send(mail())
    assert len(office.taken) == 2
    assert office.connections == (1 if fault == "250 OK" else 2)


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SILENCE, "421 idle for too long"])
def test_a_line_that_went_stale_between_check_and_first_message_is_opened_anew(
    office, sender, fault
):
    """A month's work lies between the two, and servers wait five minutes at most (RFC 5321)."""
    sender.check()
    office.faults["RSET"] = [fault]
    sender.send(mail())
    assert contents(office) == [mail().content]
    assert office.connections == 2


def test_a_server_that_is_away_for_now_passes_the_check(office, sender):
    """What is to be sent will wait; a month is not held up by it."""
    office.faults["GREETING"] = ["421 busy"]
    sender.check()
    sender.send(mail())
    assert contents(office) == [mail().content]


def test_nobody_listens(office):
    """Refused at once, and nothing was sent."""
    with closing(SmtpMail(office.server(port=1), waits=IMPATIENT)) as sender:
        with pytest.raises(Retriable, match="Connection refused; nothing was sent"):
            sender.send(mail())
        sender.check()


def test_a_host_that_does_not_exist_is_misconfigured(office):
    """No machine has a name that ends in .invalid."""
    server = office.server(host="mail.invalid", security=SmtpSecurity.TLS)
    with (
        closing(SmtpMail(server, waits=IMPATIENT)) as sender,
        pytest.raises((Misconfigured, Retriable), match=r"smtp mail\.invalid"),
    ):
        sender.send(mail())


# --- Encryption and login -------------------------------------------------------------------------


def guarded(authority, **terms):
    """A server that wants STARTTLS and a login."""
    return post_office(pair=authority.issue("127.0.0.1"), login=True, **terms)


def way_to(office, authority, *, password: str = PASSWORD, **terms) -> SmtpMail:
    """The way to it, with its authority believed."""
    named = {"security": SmtpSecurity.STARTTLS, "user": USER, **terms}
    login = Login(password, str(authority.file))
    return SmtpMail(office.server(**named), login=login, waits=IMPATIENT)


def test_what_the_server_offers_is_told(authority):
    """Encryption, certificate, logins, size: what a person wants to see before the first mail."""
    with guarded(authority) as office, closing(way_to(office, authority)) as sender:
        offer = sender.offer()
        sender.send(mail())
        assert contents(office) == [mail().content]
    assert offer.place == f"127.0.0.1:{office.port}"
    assert (offer.tls, offer.certificate, offer.user) == ("TLSv1.3", ("127.0.0.1",), USER)
    assert offer.certificate_until.endswith("Z")
    assert set(offer.logins) == {"PLAIN", "LOGIN"}
    assert offer.size == 33_554_432  # 32 MiB, what aiosmtpd takes


def test_a_server_may_encrypt_from_the_start(authority):
    """security: tls."""
    with post_office(pair=authority.issue("127.0.0.1"), encrypted=True) as office:
        way = way_to(office, authority, security=SmtpSecurity.TLS, user=None)
        with closing(way) as sender:
            assert sender.offer().tls == "TLSv1.3"
            sender.send(mail())
        assert contents(office) == [mail().content]


def test_a_server_that_knows_only_login_is_answered_so(authority):
    """The older way of logging in; the password may hold any letter."""
    with (
        guarded(authority, auth_exclude_mechanism=["PLAIN"]) as office,
        closing(way_to(office, authority)) as sender,
    ):
        assert sender.offer().logins == ("LOGIN",)
        sender.send(mail())


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("454 4.7.0 busy", Retriable),
        (Fault.CUT, Retriable),
        ("534 5.7.9 use another way", Misconfigured),
        ("500 what", Misconfigured),
    ],
)
@pytest.mark.parametrize("step", ["STARTTLS", "AUTH"])
def test_a_login_or_encryption_that_fails_sends_nothing(authority, step, fault, outcome):
    """For now, or until a person mends it; never in the clear instead."""
    with guarded(authority) as office, closing(way_to(office, authority)) as sender:
        office.faults[step] = [fault]
        with pytest.raises(outcome, match=rf"smtp 127\.0\.0\.1:{office.port}"):
            sender.send(mail())
        assert "MAIL" not in office.asked


def test_a_wrong_password_is_misconfigured(authority):
    """The variable is named, the password is not."""
    with (
        guarded(authority) as office,
        closing(way_to(office, authority, password="sesame")) as sender,
        pytest.raises(
            Misconfigured, match=r"refuses the login of makegood \(535 5\.7\.8\)"
        ) as told,
    ):
        sender.check()
    assert "MAKEGOOD_SMTP_PASSWORD" in str(told.value)


def test_a_password_that_is_no_utf8_is_sent_as_it_stands(authority):
    """The environment may hold any bytes; the server judges them, and nobody repeats them."""
    odd = "geheim\udcdf"  # What Python makes of a byte DF, Latin-1 for a sharp s.
    with (
        guarded(authority) as office,
        closing(way_to(office, authority, password=odd)) as sender,
        pytest.raises(Misconfigured, match=r"refuses the login of makegood \(535") as told,
    ):
        sender.check()
    assert "geheim" not in everything_said(told.value)


def test_a_user_without_password_is_misconfigured_before_anybody_is_asked(authority):
    """The environment was forgotten."""
    with (
        guarded(authority) as office,
        closing(way_to(office, authority, password="")) as sender,
        pytest.raises(Misconfigured, match="MAKEGOOD_SMTP_PASSWORD is empty"),
    ):
        sender.check()
    assert office.connections == 0


def test_a_login_is_never_sent_in_the_clear_where_the_server_offers_none(office):
    """It asks for encryption first: so do the words."""
    with (
        closing(SmtpMail(office.server(user=USER), login=Login(PASSWORD))) as sender,
        pytest.raises(Misconfigured, match="offers no login at all"),
    ):
        sender.check()
    assert office.asked == ["EHLO"]


def test_a_server_without_starttls_gets_nothing(office, authority):
    """No word in the clear when encryption was asked for."""
    with (
        closing(way_to(office, authority)) as sender,
        pytest.raises(Misconfigured, match="offers no STARTTLS"),
    ):
        sender.send(mail())
    assert office.asked == ["EHLO"]


def test_what_was_said_before_encryption_counts_for_nothing(authority):
    """Somebody on the way slips in answers, to be taken for those of the server behind them."""
    with guarded(authority) as office, closing(way_to(office, authority)) as sender:
        office.slipped_in = "250-evil.example\r\n250-SIZE 1\r\n250 AUTH LOGIN\r\n235 welcome"
        offer = sender.offer()
        sender.send(mail())
        assert (offer.size, set(offer.logins)) == (33_554_432, {"PLAIN", "LOGIN"})
        assert contents(office) == [mail().content]


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
@pytest.mark.parametrize(
    ("name", "believed", "says"),
    [
        ("127.0.0.1", False, "unable to get local issuer certificate"),
        ("mail.example", True, "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_ends_it(authority, security, name, believed, says):
    """Signed by nobody we believe, or made out to another name: the remedy names both ways."""
    encrypted = security is SmtpSecurity.TLS
    with post_office(pair=authority.issue(name), encrypted=encrypted) as office:
        login = Login(authorities=str(authority.file) if believed else "")
        sender = SmtpMail(office.server(security=security), login=login, waits=IMPATIENT)
        with pytest.raises(Misconfigured, match=f"not to be trusted: {says}") as told:
            sender.check()
    assert "MAKEGOOD_SMTP_CA" in str(told.value)
    assert "MAIL" not in office.asked


def test_a_file_of_authorities_that_is_none_is_misconfigured(office, tmp_path):
    """Missing, or no certificate."""
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path in (tmp_path / "nowhere.pem", empty):
        sender = SmtpMail(office.server(), login=Login(authorities=str(path)))
        with pytest.raises(Misconfigured, match=r"MAKEGOOD_SMTP_CA: .* cannot be used"):
            sender.check()


def test_encryption_from_the_start_at_a_port_that_greets_in_the_clear_is_misconfigured(office):
    """The port for the other kind of security: the remedy names both."""
    sender = SmtpMail(office.server(security=SmtpSecurity.TLS), waits=IMPATIENT)
    with pytest.raises(Misconfigured, match="587 goes with starttls, 465 with tls"):
        sender.check()


def everything_said(error: BaseException) -> str:
    """An error with all that hangs on it, as a log would show it, and what its parts hold."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None:
        chain.append(following)
        following = following.__cause__ or following.__context__
    held = [repr(vars(one)) + repr(one.args) for one in chain]
    return "".join(traceback.format_exception(error)) + "".join(held)


@pytest.mark.parametrize(
    "reply", ["535 5.7.8 {plain}", "535 {password}", "454 {plain}", "501 {login}", Fault.CUT]
)
def test_the_password_is_in_no_message_and_no_repr(authority, reply):
    """Also when a server repeats what it was given."""
    plain = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    login = b64encode(PASSWORD.encode()).decode()
    if isinstance(reply, str):
        reply = reply.format(plain=plain, login=login, password="geh:e@im")
    with guarded(authority) as office, closing(way_to(office, authority)) as sender:
        office.faults["AUTH"] = [reply]
        with pytest.raises((Misconfigured, Retriable)) as told:
            sender.send(mail())
        said = everything_said(told.value) + repr(sender) + repr(Login(PASSWORD))
    assert not [secret for secret in ("geh:e@im", plain, login) if secret in said]


def test_a_key_with_a_line_break_reaches_no_server(office, sender):
    """Keys are in our messages to people only; an address with one does not exist."""
    sender.send(mail("acme/api\r\nRCPT TO:<x@evil.example>/notice"))
    assert [envelope.rcpt_tos for envelope in office.taken] == [["team@acme.example"]]


def test_what_is_kept_of_a_message_names_the_servers_answer(sender):
    """It is the number that a postmaster asks for."""
    sent = sender.send(mail())
    assert sent.key == KEY
    assert sent.place.endswith(": 250 OK taken")
    assert sent.facts["taken"] == ["team@acme.example"]
