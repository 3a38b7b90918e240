"""The text of a claim, ready to be filed: from what is recorded to words, and into a file.

Claims are filed in English, whatever language our own mail is in.
"""

from __future__ import annotations

from enum import StrEnum

from connectors.store import Store
from flows.messages.rendering import render_text
from flows.verify import decided_again
from models.case import Decided
from models.claims.standing import Claim
from models.claims.text import ClaimText, claim_text
from models.findings import refuse


class TextForm(StrEnum):
    """How a claim's text is written."""

    TEXT = "text"
    MARKDOWN = "markdown"


TEMPLATES = {TextForm.TEXT: "claim.txt.j2", TextForm.MARKDOWN: "claim.md.j2"}


def text_of(store: Store, claim: Claim) -> ClaimText:
    """What is to be said to the vendor.

    Raises:
        UnusableInputError: The month is withheld, or nothing is owed any more.
    """
    if claim.gone or not claim.worth:
        raise refuse(
            "KEY",
            f"is {claim.key}, which {_why_no_text(claim)}",
            expected="a claim with an amount, or with days of service",
            remedy=f"`makegood explain {claim.contract} {claim.month}` shows how it came to this.",
        )
    decided = decision_of(store, claim.contract, str(claim.month))
    if decided is None:
        message = f"{claim.key} is owed, and was never decided; `makegood verify` says more"
        raise ValueError(message)
    return claim_text(claim, decided)


def _why_no_text(claim: Claim) -> str:
    return f"is withheld: {claim.withheld}" if claim.withheld else "is owed no more"


def decision_of(store: Store, contract: str, period: str) -> Decided | None:
    """A contract's month as it was decided last, decided again from its records; None without one.

    Raises:
        KeyError, TypeError, ValueError: The records are not what they were; `makegood verify` says
            more.
    """
    entry = store.history([contract], period)[contract].determined
    return None if entry is None else decided_again(store, entry)


def written(text: ClaimText, form: TextForm) -> str:
    """The text in words."""
    return render_text(TEMPLATES[form], claim=text)
