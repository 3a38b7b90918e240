"""Release: credits go, after a person has seen exactly what will happen, or by the contract's rule.

What is shown is frozen with a digest; if anything changed meanwhile, nothing is released and no
earlier yes counts. The notices to clients are planned in the same transaction as the release and
sent after the money has been seen to, so that a crash in between loses and doubles nothing. Nothing
is paid that was not released.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.errors import Retriable
from connectors.mail import Mailbox
from connectors.store import Approval, ReleaseRefusedError, StoredObligation, batch_digest
from flows.binding import check_account
from flows.bookkeeping import write_rows
from flows.declining import declined
from flows.effects import Settlement
from flows.ledger_reading import note_edits
from flows.log import note
from flows.mailing import notice_plans, receivers, send_waiting, write_previews
from flows.mirroring import mirror_rows
from flows.notices import needs_person, needs_release, send_notices
from flows.office import Office
from flows.paying import Question, asked_about, foresee, pay_released
from flows.questions import unsettled_effects
from models.approval import (
    BY_RULE,
    Candidate,
    Earlier,
    Identity,
    Needed,
    Voice,
    agreed,
    by_rule,
    people_needed,
)
from models.case import Decided
from models.contract import ContractVersion, ReleaseMode, Role
from models.credit import ObligationState
from models.decision import EntryKind, digest_of
from models.money import Currency, Money
from models.period import ServiceMonth
from models.terms import JsonValue


@dataclass(frozen=True, slots=True)
class Batch:
    """What a person is asked to release.

    Attributes:
        month: The service month.
        waiting: Our own drafts, by contract and revision; claims against vendors are not ours.
        digest: What was shown; the release is refused when it is not what stands.
        receivers: To whom a notice goes, by the obligation's key.
        needed: How many people must agree, and why.
    """

    month: ServiceMonth
    waiting: tuple[StoredObligation, ...]
    digest: str
    receivers: Mapping[str, Mailbox]
    needed: Needed

    @property
    def totals(self) -> Mapping[str, Money]:
        """The sum in each currency."""
        return totals(self.waiting)


@dataclass(frozen=True, slots=True)
class Released:
    """What was let go.

    Attributes:
        obligations: The released obligations; empty while somebody else must agree first.
        notices: How many notices went out now.
        payments: What was paid now, what waits and what went to a person.
        needs: What is missing before anything can go; "" when nothing is.
        asked: What people are asked about the month's payments, now or from before.
        questions: Mails that did not go out, and why.
    """

    obligations: tuple[StoredObligation, ...]
    notices: int
    payments: Settlement = field(default_factory=Settlement)
    needs: str = ""
    asked: tuple[Question, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruled:
    """A contract's decision with the terms whose rule may let its draft go.

    Attributes:
        contract: `client/service`.
        version: The terms in force.
        decided: The decision.
        unproven: What it rests on and nobody can prove, each in a sentence.
    """

    contract: str
    version: ContractVersion
    decided: Decided
    unproven: tuple[str, ...] = ()


def waiting_batch(
    office: Office,
    *,
    month: ServiceMonth,
    clients: Sequence[str] = (),
    below: Decimal | None = None,
    by: Voice | None = None,
) -> Batch:
    """The month's drafts that wait for a person.

    A draft that no contract in force stands behind any more is not among them: it is a question
    (`flows.questions`), and nothing is let go without terms.

    Args:
        office: What is read.
        month: The service month.
        clients: Only these clients' drafts; empty for all.
        below: Only credits of less than this, in major units of their own currency, and nothing
            that takes something back; None for all.
        by: Who looks at it, if that is known: what they let go alone before counts.
    """
    drafts = office.store.obligations(
        str(month), clients=list(clients) or None, states=[ObligationState.DRAFT]
    )
    running = {c.id for c in office.contracts if c.in_force(month) is not None}
    waiting = tuple(
        stored
        for stored in drafts
        if stored.role is Role.PROVIDER
        and stored.obligation.contract in running
        and _is_below(stored, below)
    )
    return chosen_batch(office, month=month, waiting=waiting, by=by)


def chosen_batch(
    office: Office,
    *,
    month: ServiceMonth,
    waiting: tuple[StoredObligation, ...],
    by: Voice | None = None,
) -> Batch:
    """The batch of exactly these drafts of ours, as they were read; a release refuses changed ones.

    Args:
        office: What is read.
        month: The service month.
        waiting: Some of what `waiting_batch` would show.
        by: Who looks at it, if that is known: what they let go alone before counts.
    """
    return Batch(
        month=month,
        waiting=waiting,
        digest=batch_digest(waiting),
        receivers=receivers(office, waiting),
        needed=_needed(office, month, waiting, by=by),
    )


def _needed(
    office: Office,
    month: ServiceMonth,
    drafts: Sequence[StoredObligation],
    *,
    by: Voice | None,
) -> Needed:
    limits = _two_above(office)
    return people_needed(
        _candidates(office, month, drafts),
        two_above=limits,
        by=by,
        before=_let_go_before(office, month) if limits and drafts else (),
    )


def _let_go_before(office: Office, month: ServiceMonth) -> tuple[Earlier, ...]:
    """What people have let go of a month, as the log has it; a contract's rule is nobody."""
    found = office.store.entries(period=str(month), kinds=[EntryKind.RELEASED])
    return tuple(_earlier(entry.body) for entry in found if not _is_by_rule(entry.body))


def _is_by_rule(body: Mapping[str, JsonValue]) -> bool:
    """Whether nobody was asked; a person of that name has said yes, which is kept as well."""
    return body["by"] == BY_RULE and not body.get("approved_by")


def _earlier(body: Mapping[str, JsonValue]) -> Earlier:
    currency = Currency.of(body["currency"])
    said = body.get("approved_by", ())
    return Earlier(
        amount=Money(int(currency.minor(Decimal(body["amount"]))), currency),
        voices=tuple(Voice.of(yes["by"], yes["identity"]) for yes in said)
        or (Voice(body["by"], Identity.FREE_TEXT),),
    )


def release(office: Office, batch: Batch, *, by: str | Voice, why: str, at: int) -> Released:
    """Release a batch, pay it, bring ledger and previews up to date and send the notices.

    Where two must agree, the first yes is kept with exactly what was shown, and nothing else
    happens. Running it again after a crash pays and sends what was planned and not done.

    Args:
        office: What the release talks to.
        batch: What the person saw.
        by: Who releases; a bare name is a word that nothing verifies.
        why: The reason that is kept.
        at: The present instant.

    Raises:
        UnusableInputError: A ledger is not one of ours, or the database has paid in another
            account; nothing was released.
        Misconfigured: A ledger, the mail or the previews cannot be written, or billing refuses the
            settings; nothing was released, or what was is paid by the next run.
        ReleaseRefusedError: The batch is not what stands now; nothing was released.
        MonthLockedError: The month is running elsewhere.
    """
    period = str(batch.month)
    voice = by if isinstance(by, Voice) else Voice(by, Identity.FREE_TEXT)
    office.check_doors()
    check_account(office)
    _check_billing(office, batch.waiting)
    with office.store.month_lock(period, holder=f"makegood release {period}"):
        released: tuple[StoredObligation, ...] = ()
        if batch.waiting:
            needs = _missing(office, batch, voice, why=why, at=at)
            if needs:
                needs_release(office, period, waiting=batch.waiting, needed=batch.needed)
                return Released((), 0, needs=needs)
            released = _let_go(office, batch.waiting, batch.digest, by=voice.name, why=why, at=at)
        note_edits(office, period)
        write_rows(office, period)
        payments = pay_released(office, period)
        write_previews(office, period)
        notices = send_waiting(office, period)
        send_notices(office, period)
        needs_person(office, period)
        write_rows(office, period)
        mirrored = [q for came in mirror_rows(office, period).values() for q in came.questions]
        asked = asked_about(office, period)
        unsettled = (*unsettled_effects(office.store, period), *mirrored)
        return Released(released, notices, payments, asked=asked, questions=unsettled)


def release_by_rule(
    office: Office, month: ServiceMonth, ruled: Sequence[Ruled], *, at: int
) -> tuple[StoredObligation, ...]:
    """Release the drafts that their contracts' own rules let go. The caller holds the month's lock.

    Args:
        office: What the release talks to.
        month: The service month.
        ruled: The decisions that a run has just made or confirmed.
        at: The present instant.

    Raises:
        Misconfigured: Billing refuses the settings; nothing was released.
    """
    rules = {r.contract: r for r in ruled if r.version.release.mode is ReleaseMode.AUTOMATIC}
    if not rules:
        return ()
    drafts = office.store.obligations(str(month), states=[ObligationState.DRAFT])
    ours = [s for s in drafts if s.role is Role.PROVIDER and s.obligation.contract in rules]
    noes = declined(office.store, month)
    for stored in ours:
        if stored.obligation.contract in noes:
            note(f"{stored.key} is not released by rule: {noes[stored.obligation.contract]}")
    ours = [stored for stored in ours if stored.obligation.contract not in noes]
    going = defaultdict(list)
    for stored, candidate in zip(ours, _candidates(office, month, ours), strict=True):
        rule = rules[stored.obligation.contract]
        verdict = by_rule(
            rule.version.release,
            candidate,
            rule.decided,
            two_above=_two_above(office),
            unproven=rule.unproven,
        )
        if verdict.releases:
            going[verdict.why].append(stored)
        else:
            note(f"{stored.key} is not released by rule: {verdict.why}")
    _check_billing(office, [stored for alike in going.values() for stored in alike])
    return tuple(
        released
        for why, alike in going.items()
        for released in _let_go(office, alike, batch_digest(alike), by=BY_RULE, why=why, at=at)
    )


def _check_billing(office: Office, drafts: Sequence[StoredObligation]) -> None:
    """Find out whether billing takes the settings, before anything is released.

    That it cannot be asked now does not stand in the way: what is released is paid later.

    Raises:
        Misconfigured: Key, permission or mode is wrong.
    """
    with suppress(Retriable):
        foresee(office, drafts[:1])


def _missing(office: Office, batch: Batch, voice: Voice, *, why: str, at: int) -> str:
    """Keep a yes; answer with what is missing, "" when enough have agreed.

    Raises:
        ReleaseRefusedError: The batch is not what stands now; the yes is not kept.
    """
    _refuse_changed(office, batch)
    approval = Approval(
        batch=batch.digest,
        obligations=digest_of(sorted(stored.key for stored in batch.waiting)),
        by=voice.name,
        identity=voice.grounds,
        amount=", ".join(str(money) for money in batch.totals.values()),
        why=why,
        at=at,
    )
    given = office.store.approve(approval)
    # What is needed now, not what was when it was shown: something may have been released since.
    needed = _needed(office, batch.month, batch.waiting, by=voice)
    voices = [Voice.of(each.by, each.identity) for each in given]
    if agreed(voices, needed):
        return ""
    return _still_needed(needed, voices)


def _still_needed(needed: Needed, voices: Sequence[Voice]) -> str:
    names = sorted({voice.name for voice in voices if voice.verified})
    so_far = f"{' and '.join(names)} agreed" if names else "nobody whom anything verifies agreed"
    alike = ", who may be one person" if len(names) > 1 else ""
    return (
        f"Nothing was released: {needed.why}, so two people must agree; {so_far}{alike}. "
        f"Needs {'one' if names else 'two'} more: somebody else runs the same release, under an "
        "account or a token of their own."
    )


def _refuse_changed(office: Office, batch: Batch) -> None:
    shown = {stored.key for stored in batch.waiting}
    standing = office.store.obligations(str(batch.month), states=[ObligationState.DRAFT])
    if batch_digest(stored for stored in standing if stored.key in shown) != batch.digest:
        raise ReleaseRefusedError([f"{batch.month}: what was shown is not what stands now."])


def _let_go(
    office: Office, drafts: Sequence[StoredObligation], shown: str, *, by: str, why: str, at: int
) -> tuple[StoredObligation, ...]:
    return office.store.release(
        [stored.key for stored in drafts],
        shown=shown,
        by=by,
        why=why,
        at=at,
        effects=notice_plans(office, drafts, to=receivers(office, drafts), at=at),
    )


def _is_below(stored: StoredObligation, below: Decimal | None) -> bool:
    if below is None:
        return True
    amount = stored.obligation.amount
    return amount is not None and 0 < amount.minor < amount.currency.minor(below)


def _candidates(
    office: Office, month: ServiceMonth, drafts: Sequence[StoredObligation]
) -> tuple[Candidate, ...]:
    """The drafts as rules see them, with what their months have moved already, in their order."""
    moved: dict[str, int] = defaultdict(int)
    for stored in office.store.obligations(str(month), states=[ObligationState.RELEASED]):
        moved[stored.obligation.contract] += _minor(stored)
    limits = _contract_limits(office, month)
    return tuple(
        Candidate(
            key=stored.key,
            amount=amount,
            released=Money(moved[stored.obligation.contract], amount.currency),
            two_above=limits.get(stored.obligation.contract),
        )
        for stored in drafts
        if (amount := stored.obligation.amount) is not None
    )


def _minor(stored: StoredObligation) -> int:
    return stored.obligation.amount.minor if stored.obligation.amount else 0


def _contract_limits(office: Office, month: ServiceMonth) -> Mapping[str, Decimal]:
    found = {}
    for contract in office.contracts:
        version = contract.in_force(month)
        if version is not None and version.release.two_person_above is not None:
            found[contract.id] = version.release.two_person_above
    return found


def _two_above(office: Office) -> Mapping[str, Decimal]:
    return office.workspace.release.two_person_above


def totals(obligations: Sequence[StoredObligation]) -> Mapping[str, Money]:
    """The sum of the amounts in each currency, by code; withheld ones have none."""
    sums: dict[str, Money] = {}
    for stored in obligations:
        amount = stored.obligation.amount
        if amount is not None:
            code = amount.currency.code
            sums[code] = sums[code] + amount if code in sums else amount
    return dict(sorted(sums.items()))
