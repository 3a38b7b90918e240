"""Rules about contracts: promises without worth, odd terms, foreign amounts, claims that are over.

They need what no ladder knows: the fee, the currency, the sheet that the terms came from, and the
day on which somebody looks. What is odd about a published sheet is said in the catalog, not in
every contract that takes it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

from models.catalog import CatalogSheet
from models.claims.deadline import claim_due
from models.contract import Contract, ContractVersion, CreditTerms, Role
from models.curve import month_at
from models.decision import digest_of
from models.defects import Defect
from models.determination import determine
from models.findings import Finding, Severity
from models.kinds.no_credit import NoCredit
from models.linting.ladders import lint_earnings
from models.period import ServiceMonth
from models.printing import percent_text
from models.terms import Terms

Sheets = Mapping[str, CatalogSheet]
"""The catalog, by the names under which contracts know its ladders."""


def lint_contracts(
    placed: Iterable[tuple[Contract, str]], *, sheets: Sheets, today: date
) -> tuple[Finding, ...]:
    """Everything that is odd about contracts, beside what their files say of themselves.

    Args:
        placed: The contracts, and where each was written.
        sheets: The catalog.
        today: The day on which somebody looks.
    """
    known: dict[str, tuple[Finding, ...]] = {}
    return tuple(
        finding
        for contract, place in placed
        for finding in _contract(contract, place, sheets, today, known)
    )


def _contract(
    contract: Contract,
    place: str,
    sheets: Sheets,
    today: date,
    known: dict[str, tuple[Finding, ...]],
) -> Iterator[Finding]:
    for number, version in enumerate(contract.versions):
        sheet = sheets.get(version.catalog)
        at = f"versions[{number}]" if len(contract.versions) > 1 else ""
        for one in (
            *worthless(version, place),
            *foreign_amounts(version, sheet, place),
            *odd_terms(version, sheet, place, known),
        ):
            yield one.within(at) if at else one
    yield from claims_over(contract, place, today=today)


def worthless(version: ContractVersion, place: str) -> Iterator[Finding]:
    """A version that promises an uptime, and pays nothing for a month without any."""
    if version.billable_amount == 0 or version.affected_percent == 0:
        return  # Said by whoever read the file, with the field's own line.
    worst = determine(
        terms=version.credit,
        measured=month_at(Fraction(0)),
        withheld="",
        billable=version.billable_amount,
        currency=version.billable,
        month=ServiceMonth.of(version.effective_on),
    )
    if worst.withheld or worst.owed or not worst.breached or promises_a_right(version.credit):
        return
    promised = percent_text(version.credit.ladder.commitment)
    yield Finding(
        place=place,
        field="credit_ladder",
        fact=f"promises {promised} and pays nothing, not even for a month without any uptime",
        expected="a promise that is worth something",
        remedy="Check ladder, cap and minimum payout.",
        severity=Severity.WARNING,
        rule=Defect.PAYS_NOTHING,
    )


def promises_a_right(terms: CreditTerms) -> bool:
    """Whether a missed commitment gives a right instead of a credit."""
    return bool(terms.rights) or isinstance(terms.ladder, NoCredit)


def foreign_amounts(
    version: ContractVersion, sheet: CatalogSheet | None, place: str
) -> Iterator[Finding]:
    """Amounts of a sheet in another currency than the contract's, taken over as they are."""
    if sheet is None or sheet.currency in (None, version.currency):
        return
    for field in ("minimum_payout", "cap"):
        published, own = getattr(sheet.credit, field), getattr(version.credit, field)
        if published is not None and published == own and _in_amounts(published):
            yield Finding(
                place=place,
                field=field,
                fact=f"comes from {sheet.id} in {sheet.currency}, while the contract is in "
                f"{version.currency}",
                expected="a rule for amounts in the contract's currency",
                remedy=f"State {field} in {version.currency} in the contract.",
                severity=Severity.WARNING,
                rule=Defect.CURRENCY_WITHOUT_RULE,
            )


def _in_amounts(terms: Terms) -> bool:
    amounts = (getattr(terms, name, None) for name in ("amount", "more_than", "at_least"))
    return any(amount is not None for amount in amounts)


def odd_terms(
    version: ContractVersion,
    sheet: CatalogSheet | None,
    place: str,
    known: dict[str, tuple[Finding, ...]],
) -> Iterator[Finding]:
    """What is odd about the terms; not what is odd about a sheet that was taken over as it is."""
    of_sheet = () if sheet is None else _oddities(sheet.credit, known)
    published = {(one.rule, one.field) for one in of_sheet}
    for one in _oddities(version.credit, known):
        if (one.rule, one.field) not in published and one.rule != Defect.PAYS_NOTHING:
            field = one.field.replace("ladder", "credit_ladder", 1)
            yield replace(one, field=field, place=place)


def _oddities(terms: CreditTerms, known: dict[str, tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """What is odd about terms; ten thousand contracts share a few ladders."""
    digest = digest_of(terms.model_dump(mode="json"))
    if digest not in known:
        known[digest] = lint_earnings(terms, "")
    return known[digest]


def claims_over(contract: Contract, place: str, *, today: date) -> Iterator[Finding]:
    """A contract with a vendor that has ended so long ago that nothing can be claimed any more."""
    last = contract.versions[-1]
    if contract.role is not Role.CUSTOMER or last.ends_on is None or last.ends_on >= today:
        return
    month = ServiceMonth.of(last.ends_on)
    claim = last.credit.claim
    due = claim_due(claim.dues(claim.occasion(month, time_zone=last.time_zone)))
    if due is not None and due.last_day < today:
        yield Finding(
            place=place,
            field="claim",
            fact=f"is over: for {month}, the last month, it was in time until {due.last_day}",
            expected="a contract under which something can still be claimed",
            remedy="Correct ends_on, or take the contract out of the workspace.",
            severity=Severity.WARNING,
            rule=Defect.CLAIM_OVER,
        )
