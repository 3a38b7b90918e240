"""What months would have earned under other ladders, on the evidence that they were decided on.

This stands beside the month and changes nothing of it: each recorded case is decided again with
other credit terms (ladder, cap, minimum payout, rounding), while what was measured, what was
excluded and what was billed stay the contract's own. A month without an answer is named and never
counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from models.case import Case, MeasuredCase, Measurements, apply_terms, measure_case
from models.circumstances import Past, past_decision
from models.contract import ContractVersion, CreditTerms, Role
from models.determination import Determination
from models.money import Currency, Money
from models.period import ServiceMonth

IN_FORCE = "contract"
"""The name of the ladder that each contract has itself: what was really decided."""


Decisions = dict[tuple[str, str], dict[ServiceMonth, Past]]
"""What each contract's months came to under each ladder, for terms that look back."""


@dataclass(frozen=True, slots=True)
class Supposed:
    """Credit terms that every contract is supposed to have.

    Attributes:
        name: What people call them: `contract`, an id of the catalog, a file.
        terms: The terms; None for each contract's own.
    """

    name: str
    terms: CreditTerms | None


@dataclass(frozen=True, slots=True)
class RecordedMonth:
    """One contract's month as it is recorded.

    Attributes:
        contract: `client/service`.
        role: Whether we would have paid, or been paid.
        month: The service month.
        currency: The currency of its credits.
        case: What it was decided on; None where nothing usable is recorded.
        missing: Why there is no case; "" when there is one.
        begins_on: The contract's first day; None where nobody knows it any more.
    """

    contract: str
    role: Role
    month: ServiceMonth
    currency: Currency
    case: Case | None
    missing: str = ""
    begins_on: date | None = None

    @property
    def client(self) -> str:
        """The id of the other side."""
        return self.contract.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one month would have earned under one ladder.

    Attributes:
        name: The ladder.
        determination: The whole answer; None where nothing could be asked.
        amount: The credit; None without an answer.
        days: Days of service that stay days; 0 where the ladder pays in money or owes none.
        unanswered: Why there is no answer; "" when there is one.
    """

    name: str
    determination: Determination | None
    amount: Money | None
    days: Fraction
    unanswered: str


@dataclass(frozen=True, slots=True)
class MonthAnswers:
    """One recorded month under every ladder.

    Attributes:
        recorded: The month.
        answers: One for each ladder, in the order in which they were given.
    """

    recorded: RecordedMonth
    answers: tuple[Answer, ...]

    @property
    def uptime(self) -> Fraction | None:
        """The month's exact uptime; None where it is not known."""
        known = (a.determination.uptime for a in self.answers if a.determination is not None)
        return next((uptime for uptime in known if uptime is not None), None)


@dataclass(frozen=True, slots=True)
class Total:
    """What one ladder comes to for one client, in one month, or in all.

    Attributes:
        name: The ladder.
        role: Whether we would have paid, or been paid.
        of: The client's id or the month, as it was asked; "" for everything.
        amount: The sum of the months with an answer.
        days: Days of service in these months.
        months: How many have an answer.
        unanswered: How many have none, and are not in the sum.
    """

    name: str
    role: Role
    of: str
    amount: Money
    days: Fraction
    months: int
    unanswered: int


def what_if(
    months: Iterable[RecordedMonth], ladders: Sequence[Supposed]
) -> tuple[MonthAnswers, ...]:
    """Every month under every ladder, in the order in which the months were given.

    Each month is measured once; under `IN_FORCE` the answer is the recorded one to the cent. Terms
    that look back see what they would have decided themselves, so a contract's months must rise;
    where an earlier one is missing they say so.
    """
    known: Decisions = {}
    return tuple(MonthAnswers(month, tuple(_answers(month, ladders, known))) for month in months)


class Per(StrEnum):
    """What one sum is about."""

    CLIENT = "client"
    MONTH = "month"
    EVERYTHING = "everything"


def totals(answered: Sequence[MonthAnswers], per: Per) -> tuple[tuple[Total, ...], ...]:
    """The sums of each role, client or month, and currency: one for each ladder, as given.

    What we owe comes before what is owed to us.
    """
    sums: dict[tuple[int, str, str], list[MonthAnswers]] = {}
    for month in answered:
        sums.setdefault(_key(month.recorded, per), []).append(month)
    return tuple(_summed(of, found) for (_, of, _), found in sorted(sums.items()))


def _key(recorded: RecordedMonth, per: Per) -> tuple[int, str, str]:
    of = {Per.CLIENT: recorded.client, Per.MONTH: str(recorded.month), Per.EVERYTHING: ""}[per]
    return list(Role).index(recorded.role), of, recorded.currency.code


def _summed(of: str, months: Sequence[MonthAnswers]) -> tuple[Total, ...]:
    by_ladder = zip(*(month.answers for month in months), strict=True)
    return tuple(_total(of, months[0].recorded, answers) for answers in by_ladder)


def _total(of: str, first: RecordedMonth, answers: Sequence[Answer]) -> Total:
    amounts = [answer.amount for answer in answers if answer.amount is not None]
    return Total(
        name=answers[0].name,
        role=first.role,
        of=of,
        amount=sum(amounts, Money(0, first.currency)),
        days=sum((answer.days for answer in answers), Fraction(0)),
        months=len(amounts),
        unanswered=len(answers) - len(amounts),
    )


def open_answers(answered: Sequence[MonthAnswers]) -> Iterator[tuple[RecordedMonth, str, str]]:
    """Every month without an answer: the ladder, "" where it is all of them, and why."""
    for month in answered:
        whys = {answer.unanswered for answer in month.answers}
        if len(whys) == 1:
            yield from ((month.recorded, "", why) for why in whys if why)
        else:
            yield from (
                (month.recorded, a.name, a.unanswered) for a in month.answers if a.unanswered
            )


def under(version: ContractVersion, ladder: Supposed) -> ContractVersion:
    """A contract's terms with another ladder in place of its own; it measures as before."""
    if ladder.terms is None:
        return version
    own = {name: getattr(version, name) for name in type(version).model_fields}
    credit = ladder.terms.model_copy(update={"measurement": None})
    return ContractVersion.model_validate({**own, "credit": credit, "catalog": ""})


def _answers(
    month: RecordedMonth, ladders: Sequence[Supposed], known: Decisions
) -> Iterator[Answer]:
    if month.case is None:
        yield from (_open(ladder, month.missing) for ladder in ladders)
        return
    shared = Measurements()
    for ladder in ladders:
        of_contract = known.setdefault((month.contract, ladder.name), {})
        case = _with(month, month.case, ladder, of_contract)
        if case is None:
            yield _open(ladder, _of_another_period(month.case, ladder))
            continue
        measured = measure_case(case, shared)
        found = apply_terms(measured).determination
        of_contract[month.month] = _past(month, measured, found)
        yield _answer(ladder, found)


def _answer(ladder: Supposed, found: Determination) -> Answer:
    if found.withheld or found.amount is None:
        return replace(_open(ladder, found.withheld or "no amount is known"), determination=found)
    days = found.days if found.credit_share is None and found.days else Fraction(0)
    return Answer(ladder.name, found, found.amount, days, "")


def _past(month: RecordedMonth, measured: MeasuredCase, found: Determination) -> Past:
    """What a month leaves to later ones; what was measured is known, whatever terms withhold."""
    past = past_decision(str(month.month), found.to_record())
    if not found.withheld or measured.withheld:
        return past
    return replace(past, breached=found.breached, uptime=found.uptime)


def _with(
    month: RecordedMonth, case: Case, ladder: Supposed, known: Mapping[ServiceMonth, Past]
) -> Case | None:
    """The case under another ladder; None where that one judges another stretch of time."""
    if ladder.terms is None:
        return case
    period = ladder.terms.period
    if period != case.version.credit.period:
        return None
    back = range(1, ladder.terms.looks_back(case.month) + 1)
    before = (case.month.plus(-period.months * number) for number in back)
    earlier = tuple(known.get(one) or _not_begun(month, one) for one in before)
    return replace(case, version=under(case.version, ladder), earlier=earlier)


def _not_begun(month: RecordedMonth, earlier: ServiceMonth) -> Past | None:
    """A month before the contract's first, which was not missed; None where it is not known."""
    begins_on = month.begins_on
    before = begins_on is not None and earlier < ServiceMonth.of(begins_on)
    return Past(str(earlier), breached=False) if before else None


def _open(ladder: Supposed, why: str) -> Answer:
    return Answer(ladder.name, None, None, Fraction(0), why)


def _of_another_period(case: Case, ladder: Supposed) -> str:
    asked = ladder.terms.period.kind.value if ladder.terms else ""
    recorded = case.version.credit.period.kind.value
    return f"it judges another period ({asked}) than was recorded ({recorded})".replace("_", " ")
