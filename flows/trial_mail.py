"""A test message: does mail leave this workspace, and does it arrive?

It says nothing about any client, is part of no month and is recorded nowhere.
"""

from __future__ import annotations

from connectors.mail import Mailbox, MailSender, OutgoingMail, compose
from flows.mailing import own_language
from flows.messages import TrialMessage, render_trial
from flows.office import Office
from models.addresses import is_usable
from models.findings import refuse
from models.intervals import utc_text
from models.workspace_file import MailTerms


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
    if to and not is_usable(to):
        raise refuse(
            "--to",
            f"is {to!r}",
            expected="one address, such as finance@acme.example",
            remedy="Correct it; nothing was sent.",
        )
    trial = TrialMessage(name=office.workspace.name, at=at)
    says = render_trial(trial, language=own_language(office))
    return compose(
        key=f"mail-test/{utc_text(at)}",
        at=at,
        sender=Mailbox.of(terms.sender),
        to=[Mailbox.of(to or terms.operator)],
        subject=says.subject,
        text=says.text,
        html=says.html,
        reply_to=Mailbox.of(terms.reply_to) if terms.reply_to else None,
    )
