"""A run's report: as a JSON document for scripts, as a table for a person."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.cli.documents import (
    OutcomeDocument,
    PaymentsDocument,
    QuestionDocument,
    RunDocument,
    TotalDocument,
)
from deployments.cli.printing import counted, table, write
from models.ladder import floor_percent
from models.money import Money
from models.printing import number_text
from models.terms import plain

if TYPE_CHECKING:
    from flows.effects import Settlement
    from flows.month import MonthRun, Outcome
    from flows.paying import Question

ROLE_WORDS = {"provider": "by us", "customer": "to us"}
TOTAL_WORDS = {"provider": "We owe", "customer": "We are owed"}


def run_document(run: MonthRun) -> RunDocument:
    """What a run found and did, as the published document."""
    return RunDocument(
        month=run.period,
        dry_run=run.dry_run,
        contracts=[_outcome(outcome) for outcome in run.report],
        not_in_force=list(run.plan.outside),
        totals=_totals(run.report),
        released=[stored.key for stored in run.released],
        payments=payments_document(run.period, run.payments, run.asked),
        questions=list(run.questions),
        warnings=list(run.warnings),
    )


def payments_document(
    month: str, count: Settlement, questions: Sequence[Question]
) -> PaymentsDocument:
    """What became of a month's payments, as the published document."""
    return PaymentsDocument(
        paid=count.done,
        refused=count.refused,
        waiting=count.waiting,
        unfinished=count.unfinished,
        rerun=_rerun(month, count.unfinished),
        notes=count.notes,
        questions=[
            QuestionDocument(
                part=question.part,
                amount=question.amount.text,
                currency=question.amount.currency.code,
                why=question.why,
            )
            for question in questions
        ],
    )


def _rerun(month: str, unfinished: int) -> str | None:
    """What waits without need, and what to do about it; None when nothing does."""
    if not unfinished:
        return None
    waits = "payment of a released credit waits"
    return (
        f"{counted(unfinished, waits, 'payments of released credits wait')} because the billing "
        f"vendor did not answer, or another run was at it. Nothing is lost: run `makegood run "
        f"--month {month}` again."
    )


def print_payments(document: PaymentsDocument) -> None:
    """Show a person what was paid, what waits, and what needs them."""
    counts = {
        "paid": document["paid"],
        "refused": document["refused"],
        "waiting": document["waiting"],
    }
    said = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    if said:
        write(f"payments: {said}")
    asked = {question["part"] for question in document["questions"]}
    for line in document["notes"]:
        if line.split(": ")[0] not in asked:
            write(f"payments: {line}")
    if document["rerun"]:
        write(f"could not finish: {document['rerun']}")
    for question in document["questions"]:
        write(f"needs a person: {question['part']}: {question['why']}")
    if document["questions"]:
        write("answer with: makegood settle KEY --as done|refused|again --why WHY")


def print_run(document: RunDocument, workspace: Path) -> None:
    """Show a run to a person: what is owed, what is claimable, what needs a look, what to do."""
    title = f"{document['month']}{' (dry run: nothing was written)' if document['dry_run'] else ''}"
    rows = [_row(outcome) for outcome in document["contracts"]]
    headings = (
        "Contract",
        "Owed",
        "Uptime %",
        "Promised",
        "Credit %",
        "Amount",
        "Claim by",
        "Result",
    )
    table(title, headings, rows, numbers=(2, 3, 4, 5))
    for role, words in TOTAL_WORDS.items():
        totals = [total for total in document["totals"] if total["role"] == role]
        amounts = ", ".join(f"{total['amount']} {total['currency']}" for total in totals)
        if amounts:
            write(f"{words} {amounts} in {counted(sum(t['credits'] for t in totals), 'credit')}.")
    for outcome in document["contracts"]:
        if outcome["withheld"]:
            write(f"needs a look: {outcome['contract']}: {outcome['withheld']}")
    if document["released"]:
        write(f"released by rule: {', '.join(document['released'])}")
    print_payments(document["payments"])
    for question in document["questions"]:
        write(f"needs a look: {question}")
    for warning in document["warnings"]:
        write(f"warning: {warning}")
    waits = any(o["role"] == "provider" and o["status"] == "credit" for o in document["contracts"])
    if waits and not document["dry_run"]:
        folder = shlex.quote(str(workspace))
        write(f"next: makegood release {document['month']} --workspace {folder}")


def _outcome(outcome: Outcome) -> OutcomeDocument:
    contract, version = outcome.governed.contract, outcome.governed.version
    answer = outcome.decided.determination
    return OutcomeDocument(
        contract=contract.id,
        client=contract.client.id,
        service=contract.service.id,
        role=contract.role.value,
        status=_status(outcome),
        uptime_percent=None if answer.uptime is None else floor_percent(answer.uptime),
        commitment_percent=plain(version.credit.ladder.commitment_percent),
        breached=answer.breached,
        tier=answer.tier,
        credit_percent=answer.credit_percent,
        credit_days=None if answer.days is None else number_text(answer.days).rstrip("…"),
        credit_amount=answer.amount.text if answer.amount else None,
        currency=version.currency,
        capped=answer.capped,
        withheld=outcome.withheld or answer.withheld or None,
        claim_by=answer.claim_by.isoformat() if answer.claim_by else None,
        obligation=outcome.standing.key if outcome.standing else None,
        change=outcome.says,
    )


def _status(outcome: Outcome) -> str:
    answer = outcome.decided.determination
    if answer.withheld or (outcome.withheld and not answer.days):
        return "withheld"
    if answer.owed:
        return "credit"
    return "unowed" if answer.breached else "met"


def _totals(outcomes: tuple[Outcome, ...]) -> list[TotalDocument]:
    owed: dict[tuple[str, str], list[Money]] = defaultdict(list)
    for outcome in outcomes:
        amount = outcome.decided.determination.amount
        if amount is not None and amount.minor:
            role = outcome.governed.contract.role.value
            owed[role, amount.currency.code].append(amount)
    return [
        TotalDocument(
            role=role,
            currency=code,
            credits=len(amounts),
            amount=Money(sum(m.minor for m in amounts), amounts[0].currency).text,
        )
        for (role, code), amounts in sorted(owed.items())
    ]


def _row(outcome: OutcomeDocument) -> tuple[str, ...]:
    amount = outcome["credit_amount"]
    days = outcome["credit_days"]
    credit = outcome["credit_percent"] or (f"{days} days" if days else "")
    return (
        outcome["contract"],
        ROLE_WORDS[outcome["role"]],
        outcome["uptime_percent"] or "",
        outcome["commitment_percent"],
        credit if outcome["status"] == "credit" else "",
        f"{amount} {outcome['currency']}" if amount and outcome["status"] == "credit" else "",
        outcome["claim_by"] or "" if outcome["role"] == "customer" else "",
        RESULT_WORDS[outcome["status"]] + (", capped" if outcome["capped"] else ""),
    )


RESULT_WORDS = {
    "credit": "credit",
    "met": "met",
    "withheld": "withheld: needs a look",
    "unowed": "missed, nothing payable",
}
