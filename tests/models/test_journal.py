"""Credits as double entries: what each fact books, when, and that it always balances."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.contract import Role
from models.credit import Obligation, ObligationKind, ObligationState
from models.journal import (
    Booked,
    JournalAccounts,
    JournalEntry,
    JournalKind,
    Posting,
    Settled,
    account_word,
    balances,
    journal_entries,
    of_months,
    trial_balance,
)
from models.money import Currency, Money
from models.period import ServiceMonth
from models.terms import Slug, Terms

EUR = Currency.of("EUR")
ACCOUNTS = JournalAccounts()
JUNE_3 = date(2026, 6, 3)
REVENUE = "Income:SLA-Credits:Api"
PAYABLE = "Liabilities:SLA-Credits-Payable:Acme"
ACCRUED = "Liabilities:SLA-Credits-Accrued:Acme"


def eur(minor: int) -> Money:
    """Cents."""
    return Money(minor, EUR)


def owed(revision: int = 0, minor: int | None = 10_000, **known) -> Obligation:
    """A revision of what Acme's API is owed for May 2026."""
    usual = {
        "contract": "acme/api",
        "period": "2026-05",
        "revision": revision,
        "kind": ObligationKind.CREDIT if revision == 0 else ObligationKind.ADJUSTMENT,
        "state": ObligationState.DRAFT,
        "amount": None if minor is None else eur(minor),
        "reason": "",
    }
    return Obligation(**{**usual, **known})


def booked(obligation: Obligation, **known) -> Booked:
    """The same with what became of it."""
    client, service = obligation.contract.split("/")
    return Booked(obligation, client, service, **{"role": Role.PROVIDER, **known})


def lines(entries: Sequence[JournalEntry]) -> list[tuple[str, str, str, str, str]]:
    """Each entry as its id, its date, what is debited, what is credited, and how much."""
    found = []
    for entry in entries:
        debit, credit = entry.postings
        assert debit.amount.minor == -credit.amount.minor
        found.append((entry.id, str(entry.on), debit.account, credit.account, str(debit.amount)))
    return found


def booked_lines(*revisions: Booked) -> list[tuple[str, str, str, str, str]]:
    """The entries of these revisions."""
    return lines(journal_entries(revisions, accounts=ACCOUNTS))


def test_a_draft_is_accrued_at_the_months_end():
    """The revenue of May is lowered in May, though nobody has agreed yet."""
    assert booked_lines(booked(owed())) == [
        ("acme/api/2026-05/r0/accrual", "2026-05-31", REVENUE, ACCRUED, "100.00 EUR"),
    ]


def test_a_release_reverses_the_accrual_and_books_what_is_payable():
    """On the day of the release; the credit's entry has the obligation's own key."""
    assert booked_lines(booked(owed(), released_on=JUNE_3)) == [
        ("acme/api/2026-05/r0/accrual", "2026-05-31", REVENUE, ACCRUED, "100.00 EUR"),
        ("acme/api/2026-05/r0", "2026-06-03", REVENUE, PAYABLE, "100.00 EUR"),
        ("acme/api/2026-05/r0/reversal", "2026-06-03", ACCRUED, REVENUE, "100.00 EUR"),
    ]


def test_a_later_revision_is_accrued_on_the_day_of_the_news():
    """At the month's end it would stand there beside the one that it replaces, until June 3."""
    first = booked(owed(), superseded_on=JUNE_3)
    second = booked(owed(1, 15_000), drafted_on=JUNE_3)
    assert booked_lines(second, first) == [
        ("acme/api/2026-05/r0/accrual", "2026-05-31", REVENUE, ACCRUED, "100.00 EUR"),
        ("acme/api/2026-05/r0/reversal", "2026-06-03", ACCRUED, REVENUE, "100.00 EUR"),
        ("acme/api/2026-05/r1/accrual", "2026-06-03", REVENUE, ACCRUED, "150.00 EUR"),
    ]


def test_a_later_revision_without_its_day_is_refused():
    """Nothing is guessed about when something became known."""
    revisions = [booked(owed(), superseded_on=JUNE_3), booked(owed(1))]
    with pytest.raises(ValueError, match="acme/api/2026-05/r1: a later revision must say"):
        journal_entries(revisions, accounts=ACCOUNTS)


def test_the_first_amount_of_a_month_is_accrued_at_its_end_even_after_it_was_withheld():
    """A withheld revision books nothing, so r1 is the month's first amount."""
    withheld = booked(owed(0, None), superseded_on=JUNE_3)
    assert booked_lines(withheld, booked(owed(1), drafted_on=JUNE_3))[0][:2] == (
        "acme/api/2026-05/r1/accrual",
        "2026-05-31",
    )


def test_a_negative_adjustment_is_booked_the_other_way_round():
    """100.00 were released, 40.00 of them are taken back: the client is owed 60.00."""
    first = booked(owed(), released_on=JUNE_3)
    back = booked(owed(1, -4_000), drafted_on=JUNE_3, released_on=JUNE_3)
    left = trial_balance(journal_entries([first, back], accounts=ACCOUNTS))
    assert left[PAYABLE, "EUR"] == eur(-6_000)
    assert left[REVENUE, "EUR"] == eur(6_000)
    assert left[ACCRUED, "EUR"] == eur(0)


def test_what_reached_the_client_is_set_off_against_what_they_owe():
    """A note of 70.00: 30.00 are still payable."""
    note = Settled("acme/api/2026-05/r0/p1", JUNE_3, eur(7_000), "credit note cn_1")
    entries = journal_entries(
        [booked(owed(), released_on=JUNE_3, settled=(note,))], accounts=ACCOUNTS
    )
    left = trial_balance(entries)
    assert left[PAYABLE, "EUR"] == eur(-3_000)
    assert left["Assets:Accounts-Receivable:Acme", "EUR"] == eur(-7_000)
    settled = next(entry for entry in entries if entry.kind is JournalKind.SETTLEMENT)
    assert (settled.id, settled.says) == (
        "acme/api/2026-05/r0/p1",
        "SLA credit settled: credit note cn_1",
    )


def test_what_came_back_is_owed_again_and_what_is_waived_is_not():
    """100.00 reached the client and came back; 60.00 were given by hand, 40.00 are not owed."""
    key = "acme/api/2026-05/r0/p1"
    one = booked(
        owed(),
        released_on=JUNE_3,
        settled=(
            Settled(key, JUNE_3, eur(10_000), "credit note cn_1"),
            Settled(f"{key}/returned/by_hand", JUNE_3, eur(6_000), "by hand"),
        ),
        returned=(Settled(f"{key}/returned", JUNE_3, eur(10_000), "cn_1 is void"),),
    )
    settled = "Assets:Accounts-Receivable:Acme"
    left = trial_balance(journal_entries([one], accounts=ACCOUNTS))
    assert (left[PAYABLE, "EUR"], left[settled, "EUR"]) == (eur(-4_000), eur(-6_000))
    waived = Settled(f"{key}/returned/waived", JUNE_3, eur(4_000), "not owed")
    entries = journal_entries([replace(one, waived=(waived,))], accounts=ACCOUNTS)
    left = trial_balance(entries)
    assert (left[PAYABLE, "EUR"], left[REVENUE, "EUR"]) == (eur(0), eur(6_000))
    assert [e.kind.value for e in entries if e.id.startswith(key)] == [
        "settlement",
        "return",
        "settlement",
        "waiver",
    ]


def test_a_claim_is_booked_only_once_it_is_approved():
    """What a vendor may owe us is no asset before they say so."""
    assert booked_lines(booked(owed(), role=Role.CUSTOMER)) == []


def test_a_claim_is_booked_with_what_the_vendor_agreed_to():
    """Of 100.00 first 40.00, then 60.00: the first is taken back, the second stands."""
    days = tuple(JUNE_3 + timedelta(days=number) for number in range(3))
    amounts = tuple(Money(minor, EUR) for minor in (4_000, 4_000, 6_000))
    told = booked(owed(), role=Role.CUSTOMER, approvals=days, approved=amounts)
    assert [line[-1] for line in booked_lines(told)] == ["40.00 EUR", "40.00 EUR", "60.00 EUR"]


def test_an_approved_claim_is_a_receivable_until_it_is_withdrawn():
    """Approved, withdrawn, approved: an entry for each, and the claim stands."""
    days = tuple(JUNE_3 + timedelta(days=number) for number in range(3))
    receivable, cost = "Assets:SLA-Credits-Receivable:Acme", "Expenses:SLA-Credits-Received:Api"
    assert booked_lines(booked(owed(), role=Role.CUSTOMER, approvals=days)) == [
        ("acme/api/2026-05/r0/approval0", "2026-06-03", receivable, cost, "100.00 EUR"),
        ("acme/api/2026-05/r0/approval1", "2026-06-04", cost, receivable, "100.00 EUR"),
        ("acme/api/2026-05/r0/approval2", "2026-06-05", receivable, cost, "100.00 EUR"),
    ]


def test_a_release_before_the_months_end_dates_the_accrual_with_it():
    """Otherwise the reversal would precede what it reverses."""
    early = date(2026, 5, 20)
    dates = {line[1] for line in booked_lines(booked(owed(), released_on=early))}
    assert dates == {"2026-05-20"}


@pytest.mark.parametrize("minor", [(100, -99), (100,), (0, 0), ()])
def test_an_entry_that_does_not_balance_refuses_to_exist(minor):
    """Off by a cent, one-sided, moving nothing, or empty."""
    postings = tuple(Posting(REVENUE, eur(amount)) for amount in minor)
    with pytest.raises(ValueError, match="sums to nothing in each currency"):
        JournalEntry("x", JUNE_3, JournalKind.CREDIT, "x", "acme", "api", "", postings)


def test_two_currencies_do_not_balance_each_other():
    """100 EUR and -100 USD are off by both."""
    postings = (Posting(REVENUE, eur(100)), Posting(PAYABLE, Money(-100, Currency.of("USD"))))
    with pytest.raises(ValueError, match=r"off by 1\.00 EUR, -1\.00 USD"):
        JournalEntry("x", JUNE_3, JournalKind.CREDIT, "x", "acme", "api", "", postings)


def test_entries_are_found_by_the_month_that_they_are_booked_in():
    """May's credit is accrued in May and released in June."""
    entries = journal_entries([booked(owed(), released_on=JUNE_3)], accounts=ACCOUNTS)
    may, june = ServiceMonth.parse("2026-05"), ServiceMonth.parse("2026-06")
    found = of_months(entries, None, None)
    assert {str(month): len(some) for month, some in found.items()} == {"2026-05": 1, "2026-06": 2}
    assert list(of_months(entries, june, None)) == [june]
    assert list(of_months(entries, None, may)) == [may]


# --- Accounts -------------------------------------------------------------------------------------


def test_accounts_are_named_as_the_firm_names_them():
    """With or without client and service in the name."""
    accounts = JournalAccounts(payable="Liabilities:Other:2200", accrued="Liabilities:{client}")
    left = trial_balance(journal_entries([booked(owed(), released_on=JUNE_3)], accounts=accounts))
    assert {account for account, _ in left} == {
        "Liabilities:Other:2200",
        "Liabilities:Acme",
        REVENUE,
    }


@pytest.mark.parametrize(
    "name",
    [
        "Income",
        "Revenue:Credits",
        "Income:credits",
        "Income:SLA Credits",
        "Income:{month}",
        "Income:{client",
        "Income:{client.id}",
        "Income:{client!r}",
        "Income:{service:>9}",
        "Income:{}",
        "Income::X",
        "=Income:X",
    ],
)
def test_a_name_that_other_programs_would_refuse_is_a_finding(name):
    """One root, words with capitals, and nothing filled in but client and service."""
    with pytest.raises(ValidationError, match="an account such as"):
        JournalAccounts(payable=name)


class _Id(Terms):
    """An id as contracts write it."""

    id: Slug


SLUGS = st.from_regex(r"\A[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?\Z")


@given(one=SLUGS, other=SLUGS)
def test_two_ids_never_share_an_account(one, other):
    """Neither `a.b` and `a_b`, nor `a-dot-b` and `a.b`."""
    assert _Id(id=one).id == one
    assert (account_word(one) == account_word(other)) == (one == other)


# --- Laws -----------------------------------------------------------------------------------------

CURRENCIES = ("EUR", "JPY", "KWD", "USD")
MINOR = st.integers(-(10**9), 10**9).filter(bool)
DAYS = st.dates(date(2026, 5, 1), date(2026, 12, 31))


@st.composite
def months(draw) -> list[Booked]:
    """The revisions of one contract's month: all but the last are settled one way or another."""
    client, service = draw(st.sampled_from(["acme", "acme.eu"])), draw(st.sampled_from("ab"))
    currency = Currency.of(draw(st.sampled_from(CURRENCIES)))
    role = draw(st.sampled_from(Role))
    revisions = []
    for number in range(draw(st.integers(1, 4))):
        amount = Money(draw(MINOR), currency)
        day, end = draw(DAYS), draw(DAYS)
        what = draw(st.sampled_from(["released", "superseded", "draft", "withheld"]))
        obligation = Obligation(
            contract=f"{client}/{service}",
            period=draw(st.just("2026-05")),
            revision=number,
            kind=ObligationKind.CREDIT if number == 0 else ObligationKind.ADJUSTMENT,
            state=ObligationState.DRAFT,
            amount=None if what == "withheld" else amount,
            reason="",
        )
        part = Settled(f"{obligation.key}/p1", end, Money(draw(MINOR), currency), "note")
        revisions.append(
            Booked(
                obligation,
                client,
                service,
                role,
                drafted_on=day,
                released_on=end if what == "released" else None,
                superseded_on=end if what == "superseded" else None,
                approvals=tuple(sorted(draw(st.lists(DAYS, max_size=3)))),
                settled=(part,) if draw(st.booleans()) else (),
            )
        )
    return revisions


HISTORIES = st.lists(months(), max_size=4).map(
    lambda some: [
        revision for one in {m[0].obligation.contract: m for m in some}.values() for revision in one
    ]
)


@settings(max_examples=60)
@given(history=HISTORIES)
def test_every_journal_sums_to_nothing_in_every_currency(history):
    """Whatever happened, entry by entry, and so month by month and in all."""
    entries = journal_entries(history, accounts=ACCOUNTS)
    for entry in entries:
        assert all(money.minor == 0 for money in balances(entry.postings).values())
    for month in of_months(entries, None, None).values():
        postings = [posting for entry in month for posting in entry.postings]
        assert all(money.minor == 0 for money in balances(postings).values())


@settings(max_examples=60)
@given(history=HISTORIES)
def test_the_accounts_say_what_is_drafted_what_is_released_and_what_is_paid(history):
    """Accrued is the open drafts; payable is what was released less what reached the client."""
    left = trial_balance(journal_entries(history, accounts=ACCOUNTS))
    own = [one for one in history if one.role is Role.PROVIDER and one.obligation.amount]
    drafts = [one for one in own if one.ended_on is None]
    released = [one for one in own if one.released_on]
    settled = [part.amount for one in released for part in one.settled]
    assert total(left, "Liabilities:SLA-Credits-Accrued") == summed(drafts, sign=-1)
    due = summed(released, sign=-1)
    for money in settled:
        code = money.currency.code
        due[code] = due.get(code, 0) + money.minor
    assert total(left, "Liabilities:SLA-Credits-Payable") == {c: m for c, m in due.items() if m}


@settings(max_examples=30)
@given(history=HISTORIES, order=st.randoms(use_true_random=False))
def test_the_same_facts_make_the_same_entries_in_any_order(history, order):
    """And no two entries share an id."""
    entries = journal_entries(history, accounts=ACCOUNTS)
    shuffled = [*history]
    order.shuffle(shuffled)
    assert journal_entries(shuffled, accounts=ACCOUNTS) == entries
    assert len({entry.id for entry in entries}) == len(entries)


def total(left, account: str) -> dict[str, int]:
    """What is left on the accounts that begin so, by currency; nothing is left out."""
    sums: dict[str, int] = {}
    for (name, code), money in left.items():
        if name.startswith(account):
            sums[code] = sums.get(code, 0) + money.minor
    return {code: minor for code, minor in sums.items() if minor}


def summed(revisions: Sequence[Booked], *, sign: int) -> dict[str, int]:
    """What revisions amount to, by currency; nothing is left out."""
    sums: dict[str, int] = {}
    for one in revisions:
        money = one.obligation.amount or eur(0)
        sums[money.currency.code] = sums.get(money.currency.code, 0) + sign * money.minor
    return {code: minor for code, minor in sums.items() if minor}
