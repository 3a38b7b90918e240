"""The doors of a workspace, each tried on its own: ledgers, mail, billing, chat.

What is only read is read for real; what is written is not tried, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from connectors.errors import ConnectorError
from connectors.store import Store
from flows.binding import refuse_another_account
from flows.checkup_answers import Answer, asked, tried
from flows.office import open_billing, open_chat, open_ledgers, open_mail, read_terms
from models.findings import UnusableInputError


def ask_doors(folder: Path, store: Store, url: str) -> Iterator[Answer]:
    """Open one door after the other, and ask whether it may be gone through.

    Args:
        folder: The workspace's folder.
        store: What is remembered of the account that was paid in, and of the ledgers' tables.
        url: Where that store is.
    """
    yield from _ledgers(folder, store, url)
    yield from _mail(folder)
    yield asked("billing", lambda: _billing(folder, store))
    yield asked("chat", lambda: _chat(folder))


def _ledgers(folder: Path, store: Store, url: str) -> Iterator[Answer]:
    workspace, contracts, _ = read_terms(folder)
    try:
        with open_ledgers(workspace, folder, store, contracts, url=url) as ledgers:
            for ledger in ledgers.values():
                yield asked(f"ledger {ledger.name}", lambda one=ledger: _checked(one.check))  # type: ignore[misc]  # Bound at once.
    except (UnusableInputError, ConnectorError) as error:
        yield tried("ledgers", error, "")


def _checked(check: Callable[[], None]) -> str:
    check()
    return "answers, and may be written"


def _mail(folder: Path) -> Iterator[Answer]:
    terms = read_terms(folder)[0].mail
    if terms is not None:
        yield asked("mail", lambda: _offered(folder))


def _offered(folder: Path) -> str:
    """What the mail server says of itself after the login.

    Raises:
        Misconfigured: Address, certificate or login is wrong.
        Retriable: The server is away.
    """
    with open_mail(read_terms(folder)[0].mail, folder) as mail:
        if mail is None:
            return "none is sent"
        mail.check()
        offer = mail.offer()
    line = f" over {offer.tls}" if offer.tls else ""
    who = f", logged in as {offer.user}" if offer.user else ""
    return f"{offer.place} takes messages{line}{who}; `makegood mail test` sends one"


def _billing(folder: Path, store: Store) -> str:
    """What the billing system lets us see.

    Raises:
        UnusableInputError: This database has paid in another account.
        Misconfigured: Key, permission or side is wrong.
        Retriable: It cannot be asked now.
    """
    with open_billing(read_terms(folder)[0], folder) as billing:
        refuse_another_account(store, billing)
        return f"{billing.name}: {billing.check()}"


def _chat(folder: Path) -> str:
    chat = open_chat(read_terms(folder)[0])
    return "notices can be posted; none was" if chat else "nobody wants notices"
