"""What every way of sending mail promises; each connector's test class inherits this suite."""

from abc import abstractmethod
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest

from connectors.errors import Permanent
from connectors.mail import Attachment, Mailbox, MailSender, OutgoingMail, compose

MAY_20 = 1_779_264_000_000  # 2026-05-20T08:00:00Z


def mail(key: str = "acme/api/2026-05/r0/notice", **parts) -> OutgoingMail:
    """A message to Acme, with whatever a test cares about changed."""
    usual = {
        "key": key,
        "at": MAY_20,
        "sender": Mailbox("Northwind Billing", "billing@northwind.example"),
        "to": [Mailbox("Acme", "team@acme.example")],
        "subject": "A credit of 100.00 EUR",
        "text": "Hello Acme,\n\nhere is your credit.\n",
        "html": "<!doctype html><title>Credit</title><p>Hello Acme</p>\n",
    }
    return compose(**{**usual, **parts})


def opened(content: bytes):
    """The message as a mail program reads it."""
    return message_from_bytes(content, policy=policy.default)


class MailConformance:
    """One key has one message, and what is sent is what was composed."""

    @pytest.fixture
    @abstractmethod
    def sender(self) -> MailSender:
        """A sender that has sent nothing yet."""

    @pytest.fixture
    @abstractmethod
    def delivered(self) -> Callable[[], list[bytes]]:
        """Asks the far side for every message that has arrived, in no order."""

    def test_a_message_arrives_byte_for_byte(self, sender, delivered):
        """What the intent fixed is what leaves."""
        message = mail()
        sent = sender.send(message)
        assert delivered() == [message.content]
        assert (sent.key, sent.message_id) == (message.key, message.message_id)
        assert not sent.before
        assert sent.refused == ()

    def test_the_check_sends_nothing(self, sender, delivered):
        """Whether mail could leave is asked before a month is recorded."""
        sender.check()
        assert delivered() == []

    def test_the_stored_intent_is_sent_as_it_was_composed(self, sender, delivered):
        """A rerun days later composes nothing anew."""
        message = mail(subject="Gutschrift für Müller")
        sender.send(OutgoingMail.from_intent(message.intent))
        assert delivered() == [message.content]

    def test_a_repeated_message_arrives_once_where_that_is_promised(self, sender, delivered):
        """Elsewhere it arrives twice under one Message-ID, and is not passed off as sent before."""
        sender.send(mail())
        again = sender.send(mail())
        assert again.before is sender.repeats_are_safe
        arrived = delivered()
        assert arrived == [mail().content] * (1 if sender.repeats_are_safe else 2)

    def test_another_message_under_the_same_key_is_refused_where_keys_are_known(
        self, sender, delivered
    ):
        """The first one stays; somebody has to look. A server knows no keys."""
        if not sender.repeats_are_safe:
            return
        sender.send(mail())
        with pytest.raises(Permanent, match=r"r0/notice.*one key has one message"):
            sender.send(mail(text="Hello Acme, another amount."))
        assert delivered() == [mail().content]

    def test_where_messages_go_is_told_without_sending(self, sender, delivered):
        """A person sees it before the first message leaves."""
        assert sender.offer().place
        assert delivered() == []

    def test_a_hostile_content_arrives_byte_for_byte(self, sender, delivered):
        """Dots alone on a line, lines like commands, every byte of an attachment, long lines."""
        awkward = ".\r\n..\r\nFrom me\r\nQUIT\r\n" + "=" * 2000 + "\n"
        every_byte = Attachment("all.bin", "application/octet-stream", bytes(range(256)) * 20)
        message = mail(text=awkward, attachments=[every_byte])
        sender.send(message)
        assert delivered() == [message.content]
        (attached,) = opened(message.content).iter_attachments()
        assert attached.get_content() == every_byte.content

    def test_one_message_goes_to_all_its_receivers(self, sender, delivered):
        """Once for each of them, or once for all of them; nobody is left out."""
        message = mail(to=[Mailbox("A", "a@acme.example"), Mailbox("B", "b@acme.example")])
        sent = sender.send(message)
        assert set(delivered()) == {message.content}
        assert sent.taken in {(), message.envelope_to}

    def test_messages_of_different_keys_arrive_side_by_side(self, sender, delivered):
        """Also when their keys differ only in what a file name cannot show."""
        keys = ["a/b/2026-05/r0/notice", "a.b/2026-05/r0/notice", "a/b/2026-05/r0.notice"]
        for key in keys:
            sender.send(mail(key))
        assert {opened(content)["Message-ID"] for content in delivered()} == {
            mail(key).message_id for key in keys
        }

    def test_what_the_log_keeps_names_message_and_place(self, sender):
        """The facts are plain JSON values."""
        message = mail()
        facts = sender.send(message).facts
        assert facts["message_id"] == message.message_id
        assert facts["place"]
        assert facts["refused"] == []
