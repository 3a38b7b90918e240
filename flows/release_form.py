"""The form in Prefect by which a person lets a month's credits go, declines them, or waits.

A run that asks is suspended: its process ends, and an answer starts it again from the top, where it
finds the answer by the key of the question. The key holds the digest of exactly what was shown, so
that an answer counts for nothing else: when a draft has changed meanwhile, or somebody else has
declined one, the question is asked anew. A name that is typed into a form is a word that nothing
verifies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from connectors.store import ReleaseRefusedError, StoredObligation
from flows.artifacts import show_released
from flows.declining import Declined, decline, declined
from flows.log import note
from flows.markdown import lines, plain, table
from flows.office import Office, open_office
from flows.paying import foresee
from flows.release import Batch, Released, chosen_batch, release, waiting_batch
from flows.requests import ALIVE, WAITS
from models.approval import Identity, Voice
from models.decision import digest_of
from models.intervals import instant
from models.money import Money
from models.payment import PaymentPlan
from models.period import ServiceMonth
from models.release_answer import Answer, Choice, faults

SECOND = timedelta(seconds=1)
MOST_SHOWN = 200
"""Drafts in the form's table, the largest first; an artifact of the run shows all."""

MOST_ATTEMPTS = 20

QUESTION = "release-"
"""What the key of every question begins with; the service month follows."""

WHY_COLUMNS = 42
"""Characters after which a table's cell is broken: Prefect's tables break no line."""

TWO_NEEDED = (
    "Two people must agree: {}. A name in a form counts for neither; use `makegood release` under "
    "accounts of your own."
)


class ReleaseAnswer(RunInput):
    """What a person answers."""

    decision: Choice = Field(
        default=Choice.NOTHING,
        title="Decision",
        description="Nothing is released before you choose to.",
    )
    obligations: list[str] = Field(
        default=[],
        title="Only these obligations",
        description="Keys from the list, such as acme/api/2026-05/r0. Empty for all.",
    )
    total: str = Field(
        default="",
        title="Total of what you release, retyped",
        description="Such as 560.00 EUR, or 560.00 EUR, 12.00 USD for several currencies.",
    )
    approver: str = Field(
        title="Your name",
        description="Kept with the release, as a word that nothing verifies.",
    )
    note: str = Field(
        default="",
        title="Reason",
        description="Kept in the log. Needed to decline.",
    )

    @property
    def answer(self) -> Answer:
        """The answer, without what people type around it."""
        return Answer(
            choice=self.decision,
            listed=tuple(key.strip() for key in self.obligations if key.strip()),
            total=self.total,
            by=self.approver.strip(),
            why=self.note.strip(),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is shown.

    Attributes:
        batch: The drafts, frozen by their digest.
        foreseen: How each would be paid, by its key.
        noes: Who declined a contract's month before, by the contract.
        wrong: What was wrong with the answer before; empty at first.
    """

    batch: Batch
    foreseen: Mapping[str, PaymentPlan]
    noes: Mapping[str, Declined]
    wrong: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What an answer counts for: the drafts, and who declined which before."""
        said = sorted([contract, str(no)] for contract, no in self.noes.items())
        return digest_of([self.batch.digest, said]) if said else self.batch.digest

    @property
    def text(self) -> str:
        """The question in Markdown: what is wrong, what waits, what it comes to."""
        batch = self.batch
        total = ", ".join(str(money) for money in batch.totals.values())
        count = len(batch.waiting)
        said = [f"- **{fault}**" for fault in self.wrong]
        said += ["", f"**{count} credit{'s' * (count != 1)} of {batch.month}, {total}.**"]
        if batch.needed.people > 1:
            said += ["", TWO_NEEDED.format(batch.needed.why)]
        said += ["", _listed(self.largest, self.noes)]
        left = count - len(self.largest)
        if left:
            said += ["", f"{left} smaller ones are in the run's artifact and count in the total."]
        return "\n".join(said)

    @property
    def largest(self) -> Sequence[StoredObligation]:
        """What the form's table shows."""
        if len(self.batch.waiting) <= MOST_SHOWN:
            return self.batch.waiting
        by_size = sorted(self.batch.waiting, key=_size, reverse=True)
        return by_size[:MOST_SHOWN]


def _size(stored: StoredObligation) -> int:
    return abs(stored.obligation.amount.minor) if stored.obligation.amount else 0


def _listed(drafts: Sequence[StoredObligation], noes: Mapping[str, Declined]) -> str:
    """The drafts as a list: in Prefect's small form a table is squeezed until nobody sees its rows.

    How each is to be paid stands in the run's artifact.
    """
    return "\n".join(
        f"- **{stored.obligation.amount}**, {plain(stored.key)}: "
        f"{plain(stored.ledger['client_name'])}, {stored.ledger['uptime_percent']} % of "
        f"{_promised(stored)}; {plain(_why(stored, noes))}"
        for stored in drafts
    )


def _whole_table(question: Question) -> str:
    """Every draft with everything about it, for the run's artifact."""
    rows = [
        (
            f"**{plain(stored.key)}**<br>{plain(stored.ledger['client_name'])}",
            f"{stored.ledger['uptime_percent']} %<br>of {_promised(stored)}",
            str(stored.obligation.amount),
            lines(
                str(question.foreseen.get(stored.key, "")),
                _why(stored, question.noes),
                width=WHY_COLUMNS,
            ),
        )
        for stored in question.batch.waiting
    ]
    return table(("Obligation", "Uptime", "Amount", "Paid by, and why"), rows, numbers=(1, 2))


def _promised(stored: StoredObligation) -> str:
    return f"{stored.ledger['commitment_percent']} %"


def _why(stored: StoredObligation, noes: Mapping[str, Declined]) -> str:
    no = noes.get(stored.obligation.contract)
    return "; ".join(filter(None, [stored.obligation.reason, str(no or "")]))


def ask_for_release(
    workspace: Path, month: ServiceMonth, *, clients: Sequence[str], within: timedelta
) -> Released | None:
    """Ask until an answer can be followed, and follow it; None when nothing waits or is released.

    Only a run of a deployment can be suspended.

    Args:
        workspace: The folder that holds makegood.yaml.
        month: The service month.
        clients: Only these clients' drafts; empty for all.
        within: How long a question waits. After that the run has failed and nothing was released,
            which `flows.unanswered` tells the operators.

    Raises:
        ReleaseRefusedError: What was shown changed in the very moment of the release.
        MonthLockedError: The month is running elsewhere.
        ConnectorError: Something cannot be reached or is set up wrongly.
    """
    wrong: tuple[str, ...] = ()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with open_office(workspace) as office:
            question = question_of(office, month, clients, wrong)
        if not question.batch.waiting:
            note(f"{month}: nothing waits for release")
            return None
        answer = _asked(question, clients, attempt, within)
        with open_office(workspace) as office:
            now_waiting = waiting_batch(office, month=month, clients=clients)
            present = Question(now_waiting, {}, _noes(office, now_waiting))
            if present.digest != question.digest:
                wrong = ("What you answered to has changed meanwhile; this is what stands now.",)
                continue
            amounts = {stored.key: _amount(stored) for stored in now_waiting.waiting}
            wrong = tuple(faults(answer, amounts))
            if not wrong:
                return follow(office, now_waiting, answer, clients=clients)
        note(f"the answer cannot be followed: {' '.join(wrong)}")
    note(f"{month}: nothing was released, after {MOST_ATTEMPTS} answers that cannot be followed")
    return None


def question_of(
    office: Office, month: ServiceMonth, clients: Sequence[str], wrong: tuple[str, ...] = ()
) -> Question:
    """What is to be asked about a month now.

    Args:
        office: What is read.
        month: The service month.
        clients: Only these clients' drafts; empty for all.
        wrong: What was wrong with the answer before.
    """
    batch = waiting_batch(office, month=month, clients=clients)
    return Question(batch, foresee(office, batch.waiting), _noes(office, batch), wrong)


def _noes(office: Office, batch: Batch) -> Mapping[str, Declined]:
    shown = {stored.obligation.contract for stored in batch.waiting}
    noes = declined(office.store, batch.month)
    return {contract: no for contract, no in noes.items() if contract in shown}


def _asked(question: Question, clients: Sequence[str], attempt: int, within: timedelta) -> Answer:
    batch = question.batch
    scope = "-".join(clients) or "all"
    form = ReleaseAnswer.with_initial_data(description=question.text)
    create_markdown_artifact(
        key=f"release-{batch.month}",
        markdown=_whole_table(question),
        description=f"What waits for release: {', '.join(map(str, batch.totals.values()))}",
    )
    note(
        f"{batch.month}: {len(batch.waiting)} credits wait for an answer. Without one by "
        f"{datetime.now(tz=UTC) + within:%Y-%m-%d %H:%M} UTC this run fails, and nothing is "
        "released."
    )
    _say_that_it_waits()
    said = suspend_flow_run(
        wait_for_input=form,
        key=f"{QUESTION}{batch.month}-{scope}-{question.digest[:16]}-{attempt}",
        timeout=max(within // SECOND, 1),
    )
    return said.answer


def _say_that_it_waits() -> None:
    """Have the server know that the run, which has no process in a moment, is not dead.

    Of a run that was scheduled minutes ago it holds Prefect's own events back; and it takes up two
    events at a time, so that only one that follows a sign of life surely counts after it.
    """
    run = {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"}
    emit_event(WAITS, run, follows=emit_event(ALIVE, run))


def _amount(stored: StoredObligation) -> Money:
    amount = stored.obligation.amount
    if amount is None:
        message = f"{stored.key} waits for release without an amount"
        raise ValueError(message)
    return amount


def follow(
    office: Office, shown: Batch, answer: Answer, *, clients: Sequence[str] = ()
) -> Released | None:
    """Do what an answer without faults says; None when nothing is released.

    Args:
        office: What the release talks to.
        shown: What the person saw.
        answer: The answer.
        clients: Whose drafts were asked about; empty for all.

    Raises:
        ReleaseRefusedError: What was shown is not what stands now; nothing was done.
        MonthLockedError: The month is running elsewhere.
        ConnectorError: Something cannot be reached or is set up wrongly.
    """
    month, at = shown.month, instant(datetime.now(tz=UTC))
    voice = Voice(answer.by, Identity.FREE_TEXT)
    keys = answer.chosen([stored.key for stored in shown.waiting])
    chosen = tuple(stored for stored in shown.waiting if stored.key in keys)
    match answer.choice:
        case Choice.NOTHING:
            note(f"{month}: nothing is released, as {answer.by or 'somebody'} decided")
            return None
        case Choice.DECLINE:
            # A run that has the month may be letting the same go by its contract's rule.
            with office.store.month_lock(str(month), holder=f"makegood decline {month}"):
                standing = waiting_batch(office, month=month, clients=clients)
                if standing.digest != shown.digest:
                    changed = f"{month}: what was shown is not what stands now."
                    raise ReleaseRefusedError([changed])
                decline(office.store, chosen, by=voice, why=answer.why, at=at)
            note(f"{month}: {len(chosen)} credits declined by {answer.by}: {answer.why}")
            return None
        case Choice.ALL | Choice.LISTED:
            batch = chosen_batch(office, month=month, waiting=chosen, by=voice)
            why = answer.why or "released in Prefect"
            done = release(office, batch, by=voice, why=why, at=at)
            note(_in_words(month, done))
            show_released(office, str(month))
            return done


def _in_words(month: ServiceMonth, done: Released) -> str:
    if done.needs:
        return done.needs
    return (
        f"{month}: {len(done.obligations)} credits released, {done.payments.done} paid, "
        f"{done.notices} notices sent"
    )
