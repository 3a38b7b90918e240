"""Mail as `.eml` files in a folder: the embedded default, and a way to look before sending.

Each file opens in any mail program. The file's name follows from the effect's key, so that a rerun
finds what an earlier run has written, however that run ended.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from connectors.errors import Permanent
from connectors.files import check_folder, sole_writer, write_whole
from connectors.mail import Offer, OutgoingMail, Sent

LONGEST_READABLE = 160
"""Letters of the key in a file's name; its digest tells apart what is cut off."""


class OutboxMail:
    """A folder with one file for each message."""

    repeats_are_safe = True
    per_minute = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offer(self) -> Offer:
        """Where the messages lie."""
        return Offer(str(self.folder))

    def check(self) -> None:
        """Find out whether messages can be put into the folder; one not there yet is fine.

        Raises:
            Misconfigured: The folder is none, or may not be written.
        """
        check_folder(self.folder)

    def send(self, message: OutgoingMail) -> Sent:
        """Write the message, unless it is there already.

        Raises:
            Permanent: Another message has this key; the file is left as it is.
            Misconfigured: The folder may not be written.
            Retriable: Another writer is at it, or the disk failed.
        """
        path = self.folder / file_name(message.key)
        with sole_writer(self.folder / "outbox"):
            before = path.exists()
            if before and path.read_bytes() != message.content:
                refusal = (
                    f"{path}: holds another message for {message.key}; one key has one message. "
                    "Compare them, and move the file away if it never should have been written."
                )
                raise Permanent(refusal)
            if not before:
                write_whole(path, message.content)
        return Sent(message.key, message.message_id, str(path), before=before)


def file_name(key: str) -> str:
    """The name of the file that holds the message with this key.

    >>> file_name("acme/api/2026-05/r0/notice")
    'acme.api.2026-05.r0.notice.72f3bfdd.eml'
    """
    readable = re.sub(r"[^a-z0-9_-]+", ".", key.lower()).strip(".")[:LONGEST_READABLE]
    return f"{readable}.{hashlib.sha256(key.encode()).hexdigest()[:8]}.eml"
