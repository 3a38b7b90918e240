"""Release: a person lets credits go, after seeing exactly what will happen.

What is shown is frozen with a digest; if anything changed meanwhile, nothing is released. The
notices to clients are planned in the same transaction as the release and sent afterwards, so that a
crash in between loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.mail import Mailbox
from connectors.store import StoredObligation, batch_digest
from flows.bookkeeping import write_rows
from flows.mailing import notice_plans, receivers, send_waiting, write_previews
from flows.office import Office
from flows.questions import unsettled_effects
from models.contract import Role
from models.credit import ObligationState
from models.money import Money
from models.period import ServiceMonth


@dataclass(frozen=True, slots=True)
class Batch:
    """What a person is asked to release.

    Attributes:
        month: The service month.
        waiting: Our own drafts, by contract and revision; claims against vendors are not ours.
        digest: What was shown; the release is refused when it is not what stands.
        receivers: To whom a notice goes, by the obligation's key.
    """

    month: ServiceMonth
    waiting: tuple[StoredObligation, ...]
    digest: str
    receivers: Mapping[str, Mailbox]

    @property
    def totals(self) -> Mapping[str, Money]:
        """The sum in each currency."""
        return totals(self.waiting)


@dataclass(frozen=True, slots=True)
class Released:
    """What was let go, how many notices went out now, and what a person must settle.

    Attributes:
        obligations: What was released.
        notices: How many notices went out now.
        questions: Mails that did not go out, and why.
    """

    obligations: tuple[StoredObligation, ...]
    notices: int
    questions: tuple[str, ...]


def waiting_batch(office: Office, *, month: ServiceMonth, clients: Sequence[str] = ()) -> Batch:
    """The month's drafts that wait for a person."""
    drafts = office.store.obligations(
        str(month), clients=list(clients) or None, states=[ObligationState.DRAFT]
    )
    waiting = tuple(stored for stored in drafts if stored.role is Role.PROVIDER)
    return Batch(month, waiting, batch_digest(waiting), receivers(office, waiting))


def release(office: Office, batch: Batch, *, by: str, why: str, at: int) -> Released:
    """Release a batch, bring ledger and previews up to date and send the clients' notices.

    Running it again after a crash sends what was planned and not sent.

    Args:
        office: What the release talks to.
        batch: What the person saw.
        by: Who releases.
        why: The reason that is kept.
        at: The present instant.

    Raises:
        UnusableInputError: A ledger is not one of ours; nothing was released.
        Misconfigured: A ledger, the mail or the previews cannot be written; nothing was released.
        ReleaseRefusedError: The batch is not what stands now; nothing was released.
        MonthLockedError: The month is running elsewhere.
    """
    period = str(batch.month)
    office.check_doors()
    with office.store.month_lock(period, holder=f"makegood release {period}"):
        released: tuple[StoredObligation, ...] = ()
        if batch.waiting:
            released = office.store.release(
                [stored.key for stored in batch.waiting],
                shown=batch.digest,
                by=by,
                why=why,
                at=at,
                effects=notice_plans(office, batch.waiting, to=batch.receivers, at=at),
            )
        write_rows(office, period)
        write_previews(office, period)
        sent = send_waiting(office, period)
        return Released(released, sent, unsettled_effects(office.store, period))


def totals(obligations: Sequence[StoredObligation]) -> Mapping[str, Money]:
    """The sum of the amounts in each currency, by code; withheld ones have none."""
    sums: dict[str, Money] = {}
    for stored in obligations:
        amount = stored.obligation.amount
        if amount is not None:
            code = amount.currency.code
            sums[code] = sums[code] + amount if code in sums else amount
    return dict(sorted(sums.items()))
