"""The in-memory twin keeps the promise of every chat."""

import pytest

from connectors.chat.memory import MemoryChat
from tests.connectors.chat.conformance import ChatConformance


class TestMemoryChat(ChatConformance):
    """A list of notices."""

    @pytest.fixture
    def chat(self):
        """An empty one."""
        return MemoryChat()

    @pytest.fixture
    def read(self, chat):
        """The words of each."""
        return lambda: [[n.title, *n.lines, *n.commands] for n in chat.posted]
