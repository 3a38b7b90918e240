"""A test message: does mail leave this workspace, and does it arrive?

It says nothing about any client, is part of no month and is recorded nowhere.
"""

from __future__ import annotations

import re
from html import escape

from connectors.mail import Mailbox, MailSender, OutgoingMail, compose
from flows.office import Office
from models.findings import refuse
from models.intervals import utc_text
from models.ledger import one_line
from models.workspace_file import MAILBOX, MailTerms

WORDS = """\
This is a test message of Makegood for {name}. It tells nothing of any client.

If you read it, mail leaves the workspace as it should. Look at who it is from, where an
answer would go, and whether it lay among the spam.

It was sent at {at}.
"""


def require_mail(office: Office) -> tuple[MailTerms, MailSender]:
    """How mail leaves.

    Raises:
        UnusableInputError: The workspace names no mail.
    """
    if office.workspace.mail is None or office.mail is None:
        raise refuse(
            "makegood.yaml",
            "names no mail",
            expected="mail: with from, operator, and smtp or outbox",
            remedy="Add them; README.md shows an example.",
        )
    return office.workspace.mail, office.mail


def trial_message(office: Office, *, to: str, at: int) -> OutgoingMail:
    """A test message, ready to be sent.

    Args:
        office: Whose mail is tried.
        to: One address, with or without a name; "" for the operator.
        at: The present instant; a later one makes another message.

    Raises:
        UnusableInputError: There is no mail, or an address cannot be used.
    """
    terms, _ = require_mail(office)
    if to and not re.fullmatch(MAILBOX, to):
        raise refuse(
            "--to",
            f"is {to!r}",
            expected="one address, such as finance@acme.example",
            remedy="Correct it; nothing was sent.",
        )
    name = office.workspace.name
    said = WORDS.format(name=one_line(name), at=utc_text(at))
    paragraphs = "".join(f"<p>{escape(line)}</p>\n" for line in said.strip().split("\n\n"))
    subject = f"Test message of Makegood for {name}"
    return compose(
        key=f"mail-test/{utc_text(at)}",
        at=at,
        sender=Mailbox.of(terms.sender),
        to=[Mailbox.of(to or terms.operator)],
        subject=subject,
        text=said,
        html=(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape(subject)}</title></head>\n<body>\n{paragraphs}</body></html>\n"
        ),
        reply_to=Mailbox.of(terms.reply_to) if terms.reply_to else None,
    )
