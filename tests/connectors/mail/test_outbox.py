"""The outbox folder: one `.eml` file for each message, found again by its name."""

from pathlib import Path

import pytest

from connectors.errors import Misconfigured, Permanent
from connectors.mail.outbox import OutboxMail, file_name
from tests.connectors.mail.conformance import MailConformance, mail


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that is not there yet."""
    return Path(tmp_path) / "outbox"


class TestOutboxMail(MailConformance):
    """The promise of every way of sending, kept by a folder."""

    @pytest.fixture
    def sender(self, folder):
        """An outbox that was never used."""
        return OutboxMail(folder)

    @pytest.fixture
    def delivered(self, folder):
        """Read every file that a mail program would open."""
        return lambda: [path.read_bytes() for path in folder.glob("*.eml")]


def test_the_file_is_named_after_the_key(folder):
    """A person finds the notice of a month at a glance."""
    sent = OutboxMail(folder).send(mail("acme/api/2026-05/r0/notice"))
    assert sent.place == str(folder / "acme.api.2026-05.r0.notice.72f3bfdd.eml")


def test_a_hostile_key_stays_inside_the_folder(folder):
    """No key leads to another folder, hides its file or makes a name that no disk takes."""
    for key in ("../../etc/passwd", ".hidden", "A\x00b", "x" * 500):
        name = file_name(key)
        assert Path(name).name == name
        assert not name.startswith(".")
        assert len(name) < 200


def test_a_repeated_message_does_not_touch_the_file(folder):
    """Same time of change as before."""
    path = Path(OutboxMail(folder).send(mail()).place)
    before = path.stat().st_mtime_ns
    OutboxMail(folder).send(mail())
    assert path.stat().st_mtime_ns == before


def test_a_message_that_a_person_edited_is_not_overwritten(folder):
    """It is no longer what was decided: that is refused, and the file stays."""
    path = Path(OutboxMail(folder).send(mail()).place)
    path.write_bytes(b"changed")
    with pytest.raises(Permanent, match="holds another message"):
        OutboxMail(folder).send(mail())
    assert path.read_bytes() == b"changed"


def test_a_crash_while_writing_leaves_no_message(folder, monkeypatch):
    """What lies in the outbox is whole; the next run sends it."""

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            OutboxMail(folder).send(mail())
    assert list(folder.glob("*.eml")) == []
    assert not OutboxMail(folder).send(mail()).before
    assert len(list(folder.glob("*.eml"))) == 1


def test_an_outbox_that_is_a_file_is_misconfigured(folder):
    """The message names the place."""
    folder.write_text("")
    with pytest.raises(Misconfigured, match="outbox"):
        OutboxMail(folder).send(mail())


def test_a_file_in_the_place_of_the_folder_is_found_before_anything_is_sent(folder):
    """The check names it, and leaves it as it is."""
    folder.write_text("a note")
    with pytest.raises(Misconfigured, match=r"outbox: is a file; expected a folder"):
        OutboxMail(folder).check()
    assert folder.read_text() == "a note"


def test_a_folder_that_is_not_there_yet_passes_the_check_and_is_not_made(tmp_path):
    """However deep it is to lie."""
    OutboxMail(Path(tmp_path) / "deep" / "outbox").check()
    assert list(Path(tmp_path).iterdir()) == []
