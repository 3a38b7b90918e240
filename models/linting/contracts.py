"""Rules about contracts: promises without worth, odd terms, foreign amounts, claims that are over.

They need what no ladder knows: the fee, the currency, the sheet that the terms came from, and the
day on which somebody looks. What is odd about a published sheet is said in the catalog, not in
every contract that takes it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
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
from models.terms import Terms, near_miss

Sheets = Mapping[str, CatalogSheet]
"""The catalog, by the names under which contracts know its ladders."""

Oddities = dict[str, tuple[Finding, ...]]
"""What is odd about terms, by their digest: ten thousand contracts share a few ladders."""


HISTORY = timedelta(days=365)
"""So long after its last deadline a contract is history, and nobody must be told."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the sources of a workspace know of.

    Attributes:
        monitors: Every monitor that one of them watches.
        counted: Contracts, as `client/service`, whose months somebody else counts.
    """

    monitors: frozenset[str]
    counted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ContractLinter:
    """Finds what is odd about contracts, beside what their files say of themselves.

    Attributes:
        sheets: The catalog.
        today: The day on which somebody looks; None where that is not asked.
        watched: What sources know of; None where nobody can tell.
    """

    sheets: Sheets = field(default_factory=dict)
    today: date | None = None
    watched: Watched | None = None
    _known: Oddities = field(default_factory=dict)

    def findings(self, contract: Contract) -> Iterator[Finding]:
        """Everything that is odd, fields seen from a document in its full form; no place."""
        for number, version in enumerate(contract.versions):
            for one in self._of_version(contract, version):
                yield one.within(f"versions[{number}]")
        if self.today is not None:
            last = len(contract.versions) - 1
            found = claims_over(contract, today=self.today)
            yield from (one.within(f"versions[{last}]") for one in found)

    def _of_version(self, contract: Contract, version: ContractVersion) -> Iterator[Finding]:
        sheet = self.sheets.get(version.catalog)
        odd = tuple(odd_terms(version, sheet, self._known))
        yield from odd
        if not any(one.rule == Defect.PAYS_NOTHING for one in odd):
            yield from worthless(version)
        yield from foreign_amounts(version, sheet)
        if self.watched is not None and contract.id not in self.watched.counted:
            yield from unknown_monitors(version, self.watched.monitors)


def worthless(version: ContractVersion) -> Iterator[Finding]:
    """A version whose least payout is more than a month without any uptime earns."""
    if version.credit.minimum_payout is None:
        return
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
        place="",
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


def foreign_amounts(version: ContractVersion, sheet: CatalogSheet | None) -> Iterator[Finding]:
    """Amounts of a sheet in another currency than the contract's, taken over as they are."""
    if sheet is None or sheet.currency in (None, version.currency):
        return
    for name in ("minimum_payout", "cap"):
        published, own = getattr(sheet.credit, name), getattr(version.credit, name)
        if published is not None and published == own and _in_amounts(published):
            yield Finding(
                place="",
                field=name,
                fact=f"comes from {sheet.id} in {sheet.currency}, while the contract is in "
                f"{version.currency}",
                expected="a rule for amounts in the contract's currency",
                remedy=f"State {name} in {version.currency} in the contract.",
                severity=Severity.WARNING,
                rule=Defect.CURRENCY_WITHOUT_RULE,
            )


def _in_amounts(terms: Terms) -> bool:
    amounts = (getattr(terms, name, None) for name in ("amount", "more_than", "at_least"))
    return any(amount is not None for amount in amounts)


def odd_terms(
    version: ContractVersion, sheet: CatalogSheet | None, known: Oddities
) -> Iterator[Finding]:
    """What is odd about the terms; not what is odd about a sheet that was taken over as it is.

    A cap that cuts the harsher tiers may be agreed on.
    """
    if sheet is not None and sheet.credit == version.credit:
        return
    of_sheet = () if sheet is None else _oddities(sheet.credit, known)
    published = {(one.rule, one.field) for one in of_sheet}
    for one in _oddities(version.credit, known):
        if (one.rule, one.field) not in published and one.rule != Defect.CUT_TIER:
            field = one.field.replace("ladder", "credit_ladder", 1)
            yield replace(one, field=field)


def _oddities(terms: CreditTerms, known: Oddities) -> tuple[Finding, ...]:
    digest = digest_of(terms.model_dump(mode="json"))
    if digest not in known:
        known[digest] = lint_earnings(terms, "")
    return known[digest]


def claims_over(contract: Contract, *, today: date) -> Iterator[Finding]:
    """A contract with a vendor that has ended, so that nothing can be claimed any more."""
    last = contract.versions[-1]
    if contract.role is not Role.CUSTOMER or last.ends_on is None or last.ends_on >= today:
        return
    month = ServiceMonth.of(last.ends_on)
    claim = last.credit.claim
    due = claim_due(claim.dues(claim.occasion(month, time_zone=last.time_zone)))
    if due is not None and due.last_day < today <= due.last_day + HISTORY:
        yield Finding(
            place="",
            field="claim",
            fact=f"is over: for {month}, the last month, it was in time until {due.last_day}",
            expected="a contract under which something can still be claimed",
            remedy="Correct ends_on, or take the contract out of the workspace.",
            severity=Severity.WARNING,
            rule=Defect.CLAIM_OVER,
        )


def unknown_monitors(version: ContractVersion, monitors: frozenset[str]) -> Iterator[Finding]:
    """Monitors that no source watches, so that every month would be withheld."""
    for number, name in enumerate(version.monitors):
        if name not in monitors:
            yield Finding(
                place="",
                field=f"monitors[{number}]",
                fact=f'is "{name}", which no source watches',
                expected="monitors of the sources in makegood.yaml",
                remedy=near_miss(name, monitors) or "Name it under a source's monitors.",
                severity=Severity.WARNING,
                rule=Defect.UNKNOWN_MONITOR,
            )
