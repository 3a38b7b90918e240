"""What every chat promises; each connector's test class inherits this suite."""

from abc import abstractmethod
from collections.abc import Callable

import pytest

from connectors.chat import LONGEST_LINE, MOST_LINES, Chat, Notice
from models.decision import canonical

MAY = Notice(
    "2026-05 is done: 12 contracts, 9 met",
    ("3 credits of 1,200.00 EUR wait for release", "R&D <labs>: withheld, *no* data"),
    ("makegood release 2026-05",),
)


class ChatConformance:
    """What is told arrives in its words, and does nothing there."""

    @pytest.fixture
    @abstractmethod
    def chat(self) -> Chat:
        """A chat with nothing in it."""

    @pytest.fixture
    @abstractmethod
    def read(self) -> Callable[[], list[list[str]]]:
        """Asks for the lines of every notice, as a person reads them."""

    def test_a_notice_is_read_in_its_own_words(self, chat, read):
        """Title, lines and commands, in this order; signs of markup are words."""
        chat.post(MAY)
        assert read() == [[MAY.title, *MAY.lines, *MAY.commands]]

    def test_notices_stand_in_the_order_in_which_they_were_posted(self, chat, read):
        """Also the same one twice: whoever calls decides how often."""
        for title in ("one", "two", "one"):
            chat.post(Notice(title))
        assert read() == [["one"], ["two"], ["one"]]

    def test_the_stored_words_are_posted_as_they_were(self, chat, read):
        """A rerun days later words nothing anew."""
        chat.post(Notice.from_intent(MAY.intent))
        assert read() == [[MAY.title, *MAY.lines, *MAY.commands]]

    def test_the_longest_notice_arrives_whole(self, chat, read):
        """Forty lines, of the sign that takes most room on the wire."""
        longest = Notice("t" * LONGEST_LINE, ("&" * LONGEST_LINE,) * (MOST_LINES - 1))
        chat.post(longest)
        assert read() == [[longest.title, *longest.lines]]

    def test_what_the_log_keeps_is_plain(self, chat):
        """The facts are JSON values, and name the chat."""
        facts = chat.post(MAY)
        assert canonical(facts)
        assert facts["chat"] == chat.name


@pytest.mark.parametrize(
    "parts",
    [
        {"title": ""},
        {"title": "two\nlines"},
        {"title": "t", "lines": ("turned \u202e round",)},
        {"title": "t", "lines": ("x",) * MOST_LINES},
        {"title": "t", "commands": ("x" * (LONGEST_LINE + 1),)},
    ],
)
def test_a_notice_that_nobody_could_read_does_not_exist(parts):
    """Its maker is told, and not the channel."""
    with pytest.raises(ValueError, match=r"a notice has|line of a notice"):
        Notice(**parts)
