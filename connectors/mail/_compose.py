"""From words to bytes: the same words, people and date always give the same message.

No clock and no chance: the date is the recorded decision's, the Message-ID follows from the
effect's key, and the boundary between the parts from their content.
"""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from collections.abc import Iterator, Mapping, Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import encode_rfc2231, format_datetime, formataddr
from uuid import UUID, uuid5

from connectors.mail._message import Attachment, Mailbox, OutgoingMail
from models.addresses import ascii_address
from models.findings import Finding, UnusableInputError
from models.intervals import utc
from models.ledger import one_line

MESSAGE_IDS = UUID("6f0c3c52-6c1a-5e0e-9d5b-2f1f7a1f8e31")
"""The namespace of our Message-IDs; another one would let a repeated mail pass for a new one."""

LONGEST_HEADER = "Reply-To"
"""The longest name before a text that may need encoding; it takes its share of the first line."""
LONGEST_PLAIN = 900
"""Characters of a header that goes out on one line; mail allows 998 to a line."""
LONGEST_PLAIN_NAME = 300
"""The same for a name, which may be quoted, so twice as long, and has its address behind it."""
LONGEST_FILE_NAME = 60
LINK = re.compile(r"https://[!-;=?A-~]{1,880}")
"""A web address that stands between angle brackets in a header."""
PARTS = SMTP.clone(max_line_length=76)
"""Quoted-printable lines end after 76 characters."""


def compose(
    *,
    key: str,
    at: int,
    sender: Mailbox,
    to: Sequence[Mailbox],
    subject: str,
    text: str,
    html: str,
    reply_to: Mailbox | None = None,
    attachments: Sequence[Attachment] = (),
    unsubscribe: str = "",
) -> OutgoingMail:
    """A finished message: text, the same as HTML, and a header that asks robots not to answer.

    Its parts are `alternative[text, html]`, or `mixed[alternative[text, html], attachments...]`.

    Args:
        key: The effect's key; it fixes the Message-ID.
        at: The instant of the recorded decision, for Date.
        sender: From, and where bounces go.
        to: The receivers, at least one.
        subject: One line; control characters become spaces.
        text: The message as plain text.
        html: The same message as a whole HTML document.
        reply_to: Who answers go to; None for the sender.
        attachments: Files that go with it, in this order.
        unsubscribe: Where a reader gets off the list: an address or an https:// link; "" for none.

    Raises:
        UnusableInputError: An address cannot be used; all of them are named.
    """
    leave = unsubscribe if LINK.fullmatch(unsubscribe) else ""
    off = [Mailbox("", unsubscribe)] if unsubscribe and not leave else []
    _refuse_unusable(key, [sender, *to, *([reply_to] if reply_to else []), *off])
    envelope_from = ascii_address(sender.address)
    message_id = f"<{uuid5(MESSAGE_IDS, key)}@{envelope_from.rpartition('@')[2]}>"
    header = {
        "From": _shown(sender),
        "To": ",\r\n ".join(_shown(mailbox) for mailbox in to),
        "Reply-To": _shown(reply_to or sender),
        "Subject": _encoded(_clean(subject)),
        "Date": format_datetime(utc(at)),
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",
        **_way_off(leave, off),
        "MIME-Version": "1.0",
    }
    return OutgoingMail(
        key=key,
        message_id=message_id,
        envelope_from=envelope_from,
        envelope_to=tuple(ascii_address(mailbox.address) for mailbox in to),
        content=_head(header) + _body(text, html, attachments),
    )


def _refuse_unusable(key: str, mailboxes: Sequence[Mailbox]) -> None:
    if findings := [f for mailbox in mailboxes for f in _findings(key, mailbox)]:
        raise UnusableInputError(findings)


def _findings(key: str, mailbox: Mailbox) -> list[Finding]:
    try:
        ascii_address(mailbox.address)
    except ValueError as error:
        expected = "an address such as billing@example.com"
        remedy = "Correct it where contracts and makegood.yaml name it; nothing was sent."
        return [Finding(place=f"mail {key}", fact=str(error), expected=expected, remedy=remedy)]
    return []


def _shown(mailbox: Mailbox) -> str:
    name, address = _clean(mailbox.name), ascii_address(mailbox.address)
    if _is_plain(name) and len(name) <= LONGEST_PLAIN_NAME:
        return formataddr((name, address))
    return f"{_folded(name)}\r\n <{address}>"


def _clean(text: str) -> str:
    return " ".join(one_line(text).split())


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and len(text) <= LONGEST_PLAIN


def _encoded(text: str) -> str:
    return text if _is_plain(text) else _folded(text)


def _folded(text: str) -> str:
    # `EmailMessage` loses spaces between long encoded words (Python 3.11); `Header` does not.
    return Header(text, "utf-8", header_name=LONGEST_HEADER).encode(linesep="\r\n")


def _head(header: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in header.items()).encode("ascii")


def _way_off(link: str, addresses: Sequence[Mailbox]) -> Mapping[str, str]:
    places = [link] if link else [f"mailto:{ascii_address(one.address)}" for one in addresses]
    return {"List-Unsubscribe": ", ".join(f"<{place}>" for place in places)} if places else {}


def _body(text: str, html: str, attachments: Sequence[Attachment]) -> bytes:
    """Content type, an empty line and the parts."""
    parts = [_both_parts(text, html), *(_attached(attachment) for attachment in attachments)]
    if len(parts) == 1:
        return parts[0]
    # Base64 and quoted-printable never hold "=_", and the inner boundary is another digest.
    boundary = f"=_{hashlib.sha256(b''.join(parts)).hexdigest()[:32]}"
    return b"".join(_bound(boundary, parts))


def _bound(boundary: str, parts: Sequence[bytes]) -> Iterator[bytes]:
    line = f"--{boundary}".encode()
    yield f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    for part in parts:
        yield line + b"\r\n" + part + b"\r\n"
    yield line + b"--\r\n"


def _attached(attachment: Attachment) -> bytes:
    header = {
        "Content-Type": attachment.content_type,
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": f"attachment;\r\n {_file_name(attachment.name)}",
    }
    return _head(header) + b"\r\n" + encodebytes(attachment.content).replace(b"\n", b"\r\n")


def _file_name(name: str) -> str:
    shown = re.sub(r'[/\\"]', "_", _clean(name))[-LONGEST_FILE_NAME:]
    if shown.isascii():
        return f'filename="{shown}"'
    return f"filename*={encode_rfc2231(shown, 'utf-8')}"


def _both_parts(text: str, html: str) -> bytes:
    message = EmailMessage(policy=PARTS)
    message["Content-Type"] = "multipart/alternative"
    for part in (_part(text, "plain"), _part(html, "html")):
        message.attach(part)
    # Quoted-printable never holds "=_", so this boundary cannot stand in a part.
    digest = hashlib.sha256(f"{text}\0{html}".encode()).hexdigest()
    message.set_boundary(f"=_{digest[:32]}")
    return message.as_bytes()


def _part(content: str, subtype: str) -> EmailMessage:
    part = EmailMessage(policy=PARTS)
    part.set_content(content, subtype=subtype, charset="utf-8", cte="quoted-printable")
    del part["MIME-Version"]
    return part
