"""The in-memory twin keeps the promise of every way of sending."""

import pytest

from connectors.mail.memory import MemoryMail
from tests.connectors.mail.conformance import MailConformance


class TestMemoryMail(MailConformance):
    """The twin that flows are tested with behaves as the real senders do."""

    @pytest.fixture
    def sender(self):
        """A sender that was never used."""
        return MemoryMail()

    @pytest.fixture
    def delivered(self, sender):
        """Look into it."""
        return lambda: [message.content for message in sender.messages.values()]
