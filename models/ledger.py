"""The ledger's row: one credit of one contract and month, as people read and edit it.

A row mirrors what was decided: a CSV file or a Notion page shows it, the decision log proves it. It
never decides anything, and no money moves because of what a person writes into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from models.money import Currency, Money

PERCENT = re.compile(r"\d{1,3}(\.\d+)?")
UPTIME = re.compile(r"\d{1,3}\.\d{6,}")
DAYS = re.compile(r"\d+(\.\d+)?")
KEY = re.compile(r"[a-z0-9][a-z0-9._/-]*/r(0|[1-9]\d*)")
LONGEST_CELL = 32_767
"""Characters that a spreadsheet's cell can hold."""
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters, line breaks, halves of characters, and signs that turn text around."""


class LedgerStatus(StrEnum):
    """The state of a claim or credit; it never moves money by itself."""

    TO_REVIEW = "To Review"
    ELIGIBLE = "Eligible"
    FILED = "Filed"
    APPROVED = "Approved"
    DENIED = "Denied"


COLUMNS = (
    "Client",
    "Service",
    "Month",
    "Uptime %",
    "Credit %",
    "Credit Days",
    "Billable Amount",
    "Credit Amount",
    "Currency",
    "Claim By",
    "Claim Channel",
    "Status",
    "Evidence URLs",
    "Notes",
    "Key",
    "Revision",
    "Posted",
)
"""The ledger's columns in their order; those of the template, and what makes them unambiguous."""

POSTED = "Posted"
"""The column that says when and how a credit was paid."""

ADDED_LATER = frozenset({POSTED})
"""Columns that a ledger of an earlier version has not got; they are added to it."""

STATUS = "Status"
"""The one column that a person takes over by changing it."""

TEXT_COLUMNS = frozenset(
    {"Client", "Service", "Claim Channel", "Status", "Evidence URLs", "Notes", "Key", "Posted"}
)
"""Columns that hold words; the others hold plain numbers, ISO dates and currency codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One revision of what a contract's month owes, ready to be shown.

    Attributes:
        key: `client/service/period/rN`, the obligation's key; unique in a ledger.
        client: Name of the other side.
        service: Name of the service.
        month: First day of the service month.
        uptime_percent: Plain digits, rounded down, at least six places; None when withheld.
        credit_percent: Plain digits; None for days of service, for adjustments, or when withheld.
        credit_days: Days of service as plain digits; None for money.
        billable_amount: What the percent applies to.
        credit_amount: What is owed, signed; None when withheld.
        claim_by: Last day on which a claim is in time; None without a limit.
        claim_channel: Where a claim is filed, in words; "" when nothing is claimed.
        status: What Makegood would write; a person's later value stands.
        evidence: Links without white space, in reading order.
        notes: Makegood's own remarks on the row, one paragraph.
        revision: 0, then rising by one; the number at the end of the key.
        posted: When it was paid or booked, how much, and how; "" while it was not.
        been: Every status that a claim has been in, as the log tells; what a ledger may show. Where
            it is known what the ledger showed last, that one alone, of any row. Else empty for what
            is no claim.
    """

    key: str
    client: str
    service: str
    month: date
    uptime_percent: str | None
    credit_percent: str | None
    billable_amount: Money
    credit_amount: Money | None
    claim_by: date | None
    claim_channel: str
    revision: int
    credit_days: str | None = None
    status: LedgerStatus = LedgerStatus.TO_REVIEW
    evidence: tuple[str, ...] = ()
    notes: str = ""
    posted: str = ""
    been: frozenset[LedgerStatus] = frozenset()

    def __post_init__(self) -> None:
        """Refuse to exist when a cell could not be read back as what it was."""
        if faults := tuple(_faults(self)):
            message = f"ledger row {self.key!r}: {'; '.join(faults)}"
            raise ValueError(message)

    @property
    def currency(self) -> str:
        """ISO 4217 code of both amounts."""
        return self.billable_amount.currency.code

    @property
    def as_cells(self) -> dict[str, str]:
        """The row's text form by column, in the order of `COLUMNS`; "" where there is nothing.

        Names and notes come as one line: what a screen does not show becomes a space.
        """
        return {
            "Client": one_line(self.client),
            "Service": one_line(self.service),
            "Month": self.month.isoformat(),
            "Uptime %": self.uptime_percent or "",
            "Credit %": self.credit_percent or "",
            "Credit Days": self.credit_days or "",
            "Billable Amount": self.billable_amount.text,
            "Credit Amount": self.credit_amount.text if self.credit_amount else "",
            "Currency": self.currency,
            "Claim By": self.claim_by.isoformat() if self.claim_by else "",
            "Claim Channel": one_line(self.claim_channel),
            "Status": self.status.value,
            "Evidence URLs": " ".join(self.evidence),
            "Notes": one_line(self.notes),
            "Key": self.key,
            "Revision": str(self.revision),
            "Posted": one_line(self.posted),
        }

    @classmethod
    def of_cells(cls, cells: Mapping[str, str]) -> Self:
        """The row whose text form this is.

        Raises:
            ValueError: It is none.
        """
        currency = Currency.of(cells["Currency"])
        return cls(
            key=cells["Key"],
            client=cells["Client"],
            service=cells["Service"],
            month=date.fromisoformat(cells["Month"]),
            uptime_percent=cells["Uptime %"] or None,
            credit_percent=cells["Credit %"] or None,
            credit_days=cells["Credit Days"] or None,
            billable_amount=_money(cells["Billable Amount"], currency),
            credit_amount=_money(cells["Credit Amount"], currency)
            if cells["Credit Amount"]
            else None,
            claim_by=date.fromisoformat(cells["Claim By"]) if cells["Claim By"] else None,
            claim_channel=cells["Claim Channel"],
            status=LedgerStatus(cells["Status"]),
            evidence=tuple(cells["Evidence URLs"].split()),
            notes=cells["Notes"],
            revision=int(cells["Revision"]),
            posted=cells["Posted"],
        )


def brought_up_to_date(cells: Mapping[str, str], row: LedgerRow) -> dict[str, str]:
    """The cells that a ledger shows after the row was written over them.

    Every column of ours takes the row's value, but Status only while it is empty or "To Review":
    once it says anything else, a person (or a release) has spoken. Where the row tells what it may
    say (`been`), that is written over, and nothing else. All other columns stay.
    """
    wanted = row.as_cells
    heard = row.been or {LedgerStatus.TO_REVIEW}
    if cells.get(STATUS, "") not in {"", *(status.value for status in heard)}:
        wanted.pop(STATUS)
    return {**cells, **wanted}


def as_surely_shown(row: LedgerRow) -> LedgerRow:
    """The row for a ledger that was left saying exactly this: whatever else it says is a person's.

    A claim that is shown as filed may be set back by hand to a status that it was in before, and an
    approved credit to "To Review": that is no old state of ours.
    """
    return replace(row, been=frozenset({row.status}))


def one_line(text: str) -> str:
    r"""The text on one line: what a screen does not show becomes a single space.

    >>> one_line(" Acme\r\nBcc: all ")
    'Acme Bcc: all'
    """
    return UNSEEN.sub(" ", text).strip()


def _money(text: str, currency: Currency) -> Money:
    return Money(int(currency.minor(Decimal(text))), currency)


def _faults(row: LedgerRow) -> list[str]:
    amounts = [row.billable_amount, row.credit_amount or row.billable_amount]
    checks = {
        "the key must end in /r and the revision": KEY.fullmatch(row.key)
        and row.key.endswith(f"/r{row.revision}"),
        "client and service need a name": one_line(row.client) and one_line(row.service),
        "the month is written as its first day": row.month.day == 1,
        "uptime has at least six places": _is(UPTIME, row.uptime_percent),
        "the credit percent is plain digits": _is(PERCENT, row.credit_percent),
        "credit days are plain digits": _is(DAYS, row.credit_days),
        "both amounts are in one currency": len({amount.currency for amount in amounts}) == 1,
        "a link has no white space": all(re.fullmatch(r"\S+", link) for link in row.evidence),
        f"a cell holds at most {LONGEST_CELL} characters": all(
            len(cell) <= LONGEST_CELL for cell in row.as_cells.values()
        ),
    }
    return [expected for expected, holds in checks.items() if not holds]


def _is(pattern: re.Pattern[str], text: str | None) -> bool:
    return text is None or bool(pattern.fullmatch(text))
