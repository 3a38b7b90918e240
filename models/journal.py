"""Credits as double-entry bookkeeping: what each revision of a month's credit does to the books.

A draft is accrued at the month's end; release or a later revision reverses that. A released credit
lowers the service's revenue and is owed to the client until it is settled; an adjustment is one
more entry. What came back is owed again from the day on which that is known; what shall not be paid
after all is taken back from the books. What a vendor owes us is a receivable once it is approved.
Every entry sums to nothing in its currency, and none ever changes once its fact is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from models.contract import Role
from models.credit import Obligation
from models.money import Money
from models.period import ServiceMonth
from models.terms import Terms

ROOTS = ("Assets", "Equity", "Expenses", "Income", "Liabilities")
"""The first word of every account. Source: the beancount language, and most charts of accounts."""

FIELDS = ("client", "service")
ACCOUNT_WORD = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
SPELLED = {".": "-DOT-", "_": "-BAR-"}
"""How signs of an id are spelled in accounts; ids have no capitals, so no two ids become one."""


class JournalKind(StrEnum):
    """What an entry books.

    ACCRUAL: a draft. REVERSAL: the same taken back. CREDIT: a released credit or adjustment.
    SETTLEMENT: a part of it that reached the client. RETURN: a settlement that came back. WAIVER:
    a part that shall not be paid. RECEIVABLE: a claim that a vendor approved. WITHDRAWAL: the same
    taken back.
    """

    ACCRUAL = "accrual"
    REVERSAL = "reversal"
    CREDIT = "credit"
    SETTLEMENT = "settlement"
    RETURN = "return"
    WAIVER = "waiver"
    RECEIVABLE = "receivable"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: a positive amount is a debit, a negative one a credit."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One booking, the same whenever it is made again.

    Attributes:
        id: The obligation's or part's key, with what is done about it unless it is its credit.
        on: The date that it is booked on.
        kind: What it books.
        obligation: The obligation's key.
        client: Id of the other side.
        service: Id of the service.
        says: The entry in words.
        postings: Two or more, together nothing in each currency.
    """

    id: str
    on: date
    kind: JournalKind
    obligation: str
    client: str
    service: str
    says: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        """Refuse to exist when it does not balance, or moves nothing."""
        sums = balances(self.postings)
        unbalanced = [str(money) for money in sums.values() if money.minor]
        empty = not self.postings or not all(posting.amount.minor for posting in self.postings)
        if unbalanced or empty:
            fact = f"is off by {', '.join(unbalanced)}" if unbalanced else "moves nothing"
            message = f"{self.id}: {fact}; an entry sums to nothing in each currency"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a part of a released credit: it reached the client, came back, or was waived.

    Attributes:
        key: `acme/api/2026-05/r0/p1`, with what is done about it unless it reached the client.
        on: The date on which that happened, or was first known.
        amount: How much of the obligation it is about, signed.
        says: How, such as `credit_note cn_1`.
    """

    key: str
    on: date
    amount: Money
    says: str


@dataclass(frozen=True, slots=True)
class Booked:
    """One revision of a month's credit with the dates of what became of it.

    Attributes:
        obligation: The revision.
        client: Id of the other side.
        service: Id of the service.
        role: Who owes it.
        drafted_on: When it was drafted; only asked of revisions after the month's first amount.
        superseded_on: When a later revision took its place; None when none did.
        released_on: When it was let go; None when it was not.
        approvals: For a claim the dates on which it was approved, withdrawn, approved again …
        approved: What each of these was about; without an entry it was all that is owed.
        settled: The parts that reached the client.
        returned: What came back of them.
        waived: What a person has decided not to pay, of what was not paid or came back.
    """

    obligation: Obligation
    client: str
    service: str
    role: Role
    drafted_on: date | None = None
    superseded_on: date | None = None
    released_on: date | None = None
    approvals: tuple[date, ...] = ()
    approved: tuple[Money, ...] = ()
    settled: tuple[Settled, ...] = ()
    returned: tuple[Settled, ...] = ()
    waived: tuple[Settled, ...] = ()

    @property
    def ended_on(self) -> date | None:
        """When the draft ceased to be one."""
        return self.released_on or self.superseded_on


def _account(template: str) -> str:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        parsed = [("", "", "", "")]
    fields = {name for _, name, _, _ in parsed if name is not None}
    plain = not any(form or convert for _, _, form, convert in parsed)
    words = template.format(client="X", service="X").split(":") if fields <= {*FIELDS} else [""]
    right = words[0] in ROOTS and len(words) > 1 and all(map(ACCOUNT_WORD.fullmatch, words))
    if plain and right:
        return template
    expected = (
        f"an account such as Income:SLA-Credits:{{service}}: one of {', '.join(ROOTS)}, then words "
        "that begin with a capital or a digit and hold letters, digits and hyphens"
    )
    remedy = "Nothing but {client} and {service} is filled in."
    raise PydanticCustomError("account", "{expected}", {"expected": expected, "remedy": remedy})


AccountName = Annotated[str, AfterValidator(_account)]
"""An account's name, in which `{client}` and `{service}` are filled in."""


class JournalAccounts(Terms):
    """What the books call the accounts that credits move.

    Attributes:
        contra_revenue: What credits take off the revenue of a service.
        payable: What released credits owe a client.
        accrued: What drafts will owe a client.
        settled: Where a settled credit is set off: what the client still owes us.
        receivable: What a vendor owes us for an approved claim.
        received: What approved claims take off the cost of a vendor's service.
    """

    contra_revenue: AccountName = "Income:SLA-Credits:{service}"
    payable: AccountName = "Liabilities:SLA-Credits-Payable:{client}"
    accrued: AccountName = "Liabilities:SLA-Credits-Accrued:{client}"
    settled: AccountName = "Assets:Accounts-Receivable:{client}"
    receivable: AccountName = "Assets:SLA-Credits-Receivable:{client}"
    received: AccountName = "Expenses:SLA-Credits-Received:{service}"


def journal_entries(
    booked: Iterable[Booked], *, accounts: JournalAccounts
) -> tuple[JournalEntry, ...]:
    """Every entry of these credits, rising by date and id.

    Args:
        booked: All revisions of the contracts' months, in any order.
        accounts: What the books call the accounts.

    Raises:
        ValueError: A later revision does not say when it was drafted.
    """
    months: dict[tuple[str, str], list[Booked]] = {}
    for one in sorted(booked, key=lambda one: one.obligation.revision):
        if one.obligation.amount is not None:
            owed = one.obligation
            months.setdefault((owed.contract, owed.period), []).append(one)
    found = [
        entry
        for revisions in months.values()
        for place, one in enumerate(revisions)
        for entry in _of_revision(_Desk(one, accounts), first=place == 0)
    ]
    return tuple(sorted(found, key=lambda entry: (entry.on, entry.id)))


def balances(postings: Iterable[Posting]) -> Mapping[str, Money]:
    """The sum of postings in each currency, by its code."""
    sums: dict[str, Money] = {}
    for posting in postings:
        money, code = posting.amount, posting.amount.currency.code
        sums[code] = sums[code] + money if code in sums else money
    return dict(sorted(sums.items()))


def trial_balance(entries: Iterable[JournalEntry]) -> Mapping[tuple[str, str], Money]:
    """What entries leave on each account in each currency, by account and code."""
    sums: dict[tuple[str, str], Money] = {}
    for posting in (posting for entry in entries for posting in entry.postings):
        place = (posting.account, posting.amount.currency.code)
        sums[place] = sums[place] + posting.amount if place in sums else posting.amount
    return dict(sorted(sums.items()))


def account_word(slug: str) -> str:
    """An id as one word of an account's name; two ids never become the same word.

    >>> account_word("acme"), account_word("acme.eu")
    ('Acme', 'Acme-DOT-eu')
    """
    spelled = "".join(SPELLED.get(sign, sign) for sign in slug)
    return spelled[:1].upper() + spelled[1:]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Writes the entries of one revision."""

    booked: Booked
    accounts: JournalAccounts

    def entry(
        self,
        kind: JournalKind,
        on: date,
        amount: Money,
        says: str,
        *,
        debit: str,
        credit: str,
        id: str,  # noqa: A002  It is the entry's field.
    ) -> JournalEntry:
        """An entry that moves an amount from one account to the other."""
        booked = self.booked
        opposite = Money(-amount.minor, amount.currency)
        return JournalEntry(
            id=id,
            on=on,
            kind=kind,
            obligation=booked.obligation.key,
            client=booked.client,
            service=booked.service,
            says=says,
            postings=(Posting(self._name(debit), amount), Posting(self._name(credit), opposite)),
        )

    def _name(self, template: str) -> str:
        client, service = account_word(self.booked.client), account_word(self.booked.service)
        return template.format(client=client, service=service)


def _of_revision(desk: _Desk, *, first: bool) -> Iterator[JournalEntry]:
    if desk.booked.role is Role.CUSTOMER:
        yield from _claimed(desk)
        return
    yield from _accrued(desk, first=first)
    if desk.booked.released_on is not None:
        yield _credited(desk, desk.booked.released_on)
        yield from _settlements(desk)


def _accrued(desk: _Desk, *, first: bool) -> Iterator[JournalEntry]:
    booked, amount = desk.booked, _amount(desk.booked)
    key, what = booked.obligation.key, booked.obligation.kind.value
    yield desk.entry(
        JournalKind.ACCRUAL,
        _accrued_on(booked, first=first),
        amount,
        f"SLA {what} drafted for {booked.obligation.period}",
        debit=desk.accounts.contra_revenue,
        credit=desk.accounts.accrued,
        id=f"{key}/accrual",
    )
    if booked.ended_on is not None:
        why = "released" if booked.released_on else "superseded"
        yield desk.entry(
            JournalKind.REVERSAL,
            booked.ended_on,
            amount,
            f"SLA {what} drafted for {booked.obligation.period}, reversed: {why}",
            debit=desk.accounts.accrued,
            credit=desk.accounts.contra_revenue,
            id=f"{key}/reversal",
        )


def _accrued_on(booked: Booked, *, first: bool) -> date:
    """The month's end for its first amount; the day of the news for what comes later.

    A later revision is a change of estimate: booking it at the month's end as well would count
    both on the days between.
    """
    day = ServiceMonth.parse(booked.obligation.period).last_day if first else booked.drafted_on
    if day is None:
        message = f"{booked.obligation.key}: a later revision must say when it was drafted"
        raise ValueError(message)
    return min(day, booked.ended_on or day)


def _credited(desk: _Desk, on: date) -> JournalEntry:
    obligation = desk.booked.obligation
    return desk.entry(
        JournalKind.CREDIT,
        on,
        _amount(desk.booked),
        f"SLA {obligation.kind.value} released for {obligation.period}",
        debit=desk.accounts.contra_revenue,
        credit=desk.accounts.payable,
        id=obligation.key,
    )


def _settlements(desk: _Desk) -> Iterator[JournalEntry]:
    booked, accounts = desk.booked, desk.accounts
    payable, settled, revenue = accounts.payable, accounts.settled, accounts.contra_revenue
    kinds = (
        (JournalKind.SETTLEMENT, booked.settled, "settled", payable, settled),
        (JournalKind.RETURN, booked.returned, "came back", settled, payable),
        (JournalKind.WAIVER, booked.waived, "not paid", payable, revenue),
    )
    for kind, facts, words, debit, credit in kinds:
        for fact in facts:
            says = f"SLA credit {words}: {fact.says}"
            yield desk.entry(
                kind, fact.on, fact.amount, says, debit=debit, credit=credit, id=fact.key
            )


def _claimed(desk: _Desk) -> Iterator[JournalEntry]:
    booked, accounts = desk.booked, desk.accounts
    ways = (accounts.receivable, accounts.received)
    for number, day in enumerate(booked.approvals):
        withdrawn = number % 2 == 1
        debit, credit = reversed(ways) if withdrawn else ways
        yield desk.entry(
            JournalKind.WITHDRAWAL if withdrawn else JournalKind.RECEIVABLE,
            day,
            booked.approved[number] if number < len(booked.approved) else _amount(booked),
            f"SLA claim for {booked.obligation.period} "
            f"{'no longer approved' if withdrawn else 'approved'}",
            debit=debit,
            credit=credit,
            id=approval_key(booked.obligation.key, number),
        )


def approval_key(obligation: str, number: int) -> str:
    """The id of a claim's approval (0, 2, …) or of its withdrawal (1, 3, …)."""
    return f"{obligation}/approval{number}"


def _amount(booked: Booked) -> Money:
    amount = booked.obligation.amount
    if amount is None:
        message = f"{booked.obligation.key} has no amount"
        raise ValueError(message)
    return amount


def of_months(
    entries: Sequence[JournalEntry], first: ServiceMonth | None, last: ServiceMonth | None
) -> Mapping[ServiceMonth, tuple[JournalEntry, ...]]:
    """The entries by the calendar month that they are booked in; None does not narrow."""
    found: dict[ServiceMonth, list[JournalEntry]] = {}
    for entry in entries:
        month = ServiceMonth.of(entry.on)
        if (first is None or first <= month) and (last is None or month <= last):
            found.setdefault(month, []).append(entry)
    return {month: tuple(found[month]) for month in sorted(found)}
