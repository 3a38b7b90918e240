"""The journal: every credit as double entries, from what the store recorded, into files.

Files are made again from the facts whenever they are asked for. The only fact that is found out
here is a claim that a person has marked as approved in a ledger: the day is kept as an effect, so
that its entry keeps its date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.billing import PartIntent
from connectors.billing.journal import BookFile, BookFormat, write_books
from connectors.store import Effect, EffectPlan, Store, StoredObligation
from flows.binding import PAYMENT
from flows.claims import all_claims
from flows.correcting import CORRECTION, is_resolved, outcome_of, returned_of
from flows.effects import AT_ONCE, Unasked, carry_out
from flows.office import Office
from models.contract import Role
from models.credit import ObligationState
from models.decision import EntryKind
from models.effect import Abilities, EffectState
from models.intervals import instant, utc
from models.journal import (
    Booked,
    JournalEntry,
    Settled,
    approval_key,
    journal_entries,
    of_months,
)
from models.ledger import STATUS, LedgerStatus
from models.money import Currency, Money
from models.payment import Channel
from models.period import ServiceMonth, zone
from models.returned import Correction

APPROVAL = "claim_approval"

BOOKED: Mapping[str, Sequence[EffectState]] = {
    PAYMENT: (EffectState.DONE, EffectState.REFUSED),
    CORRECTION: tuple(EffectState),
    APPROVAL: (EffectState.DONE,),
}
"""The states in which effects of a kind may stand in the books."""

Dates = Mapping[tuple[EntryKind, str], date]
"""When an obligation was drafted or superseded, by the log's word and its key."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What was written.

    Attributes:
        files: The files, those for all months first, then rising by month.
        entries: The entries of the months that were asked for, rising by date and id.
    """

    files: tuple[BookFile, ...]
    entries: tuple[JournalEntry, ...]


def write_journal(
    office: Office,
    *,
    first: ServiceMonth | None,
    last: ServiceMonth | None,
    form: BookFormat,
) -> Journal:
    """Write the books of the months from first to last, as they are by now.

    Args:
        office: What the journal is made from.
        first: The first calendar month that is booked in; None for the very first.
        last: The last one, included; None for the very last.
        form: How the files are written.

    Raises:
        Misconfigured: The folder may not be written.
        Retriable: Another writer is at it, or the disk failed.
    """
    note_approvals(office)
    entries = journal_of(office)
    accounts = [posting.account for entry in entries for posting in entry.postings]
    files = write_books(
        office.folder / office.workspace.journal.folder,
        _spread(entries, first, last),
        accounts=accounts,
        form=form,
    )
    chosen = of_months(entries, first, last).values()
    return Journal(files, tuple(entry for month in chosen for entry in month))


def journal_of(office: Office) -> tuple[JournalEntry, ...]:
    """Every entry that the recorded facts make, rising by date and id. Read-only."""
    obligations = office.store.obligations(None)
    dates = _log_dates(office.store, obligations)
    kinds = (PAYMENT, CORRECTION, APPROVAL)
    paid, returned, approvals = (_effects(office.store, kind) for kind in kinds)
    answered = _answer_times(office.store)

    def _facts(stored: StoredObligation) -> _Facts:
        effects = (by_key.get(stored.key, ()) for by_key in (paid, returned, approvals))
        return _Facts(stored.ledger["time_zone"], answered, *effects)

    return journal_entries(
        (_booked(stored, dates, _facts(stored)) for stored in obligations),
        accounts=office.workspace.journal.accounts,
    )


def note_approvals(office: Office) -> int:
    """Keep the days on which a ledger began or ceased to call claims approved; answer how many.

    An amount that the vendor has changed since is withdrawn, and approved anew.
    """
    claims = [
        s for s in office.store.obligations(None) if s.role is Role.CUSTOMER and s.obligation.amount
    ]
    if not claims:
        return 0
    books = [ledger.read() for ledger in office.ledgers.values()]
    agreed = {claim.obligation: claim.life.approved for claim in all_claims(office.store)}
    known = _effects(office.store, APPROVAL)
    plans = [
        plan
        for stored in claims
        for plan in _approval_plans(
            stored,
            _approved_amounts(known.get(stored.key, ())),
            (agreed.get(stored.key) or stored.obligation.amount)
            if _is_approved(stored, books)
            else None,
        )
    ]
    return carry_out(office.store, plans, _NOTES).done if plans else 0


_NOTES = Unasked("journal", lambda _plan: {}, lambda _plan: Abilities(repeats_are_safe=True))
"""Noting a day changes nothing outside: that it is recorded is all."""


def _is_approved(
    stored: StoredObligation, books: Iterable[Mapping[str, Mapping[str, str]]]
) -> bool:
    if stored.obligation.state is ObligationState.SUPERSEDED:
        return False
    said = [book[stored.key].get(STATUS) for book in books if stored.key in book]
    return LedgerStatus.APPROVED.value in said


def _approval_plans(
    stored: StoredObligation, noted: Sequence[Money], now: Money | None
) -> Iterator[EffectPlan]:
    """What is to be noted, so that the last note says what is approved now; None for nothing.

    Args:
        stored: The claim.
        noted: The amount of each note so far; approvals and withdrawals in turn.
        now: What is approved.
    """
    number = len(noted)
    standing = noted[-1] if number % 2 else None
    if standing == now:
        return
    if standing is not None:
        yield _approval_plan(stored, number, standing)
        number += 1
    if now is not None:
        yield _approval_plan(stored, number, now)


def _approval_plan(stored: StoredObligation, number: int, amount: Money) -> EffectPlan:
    return EffectPlan(
        key=approval_key(stored.key, number),
        kind=APPROVAL,
        contract=stored.obligation.contract,
        period=stored.obligation.period,
        intent={"approved": number % 2 == 0, "amount": str(amount)},
        obligation=stored.key,
    )


def _approved_amounts(notes: Sequence[Effect]) -> tuple[Money, ...]:
    """What each note was about, in the order of their numbers."""
    by_number = sorted(notes, key=lambda note: (len(note.key), note.key))
    return tuple(_money(note.plan.intent["amount"]) for note in by_number)


def _money(text: str) -> Money:
    amount, code = text.split(" ")
    currency = Currency.of(code)
    return Money(int(currency.minor(Decimal(amount))), currency)


def _effects(store: Store, kind: str) -> Mapping[str, Sequence[Effect]]:
    """The effects of a kind that stand in the books, by their obligation, rising by key.

    Those that are done; a payment that was refused, too, and a correction whatever its state.
    """
    found: dict[str, list[Effect]] = defaultdict(list)
    keys = list(store.effect_keys(kinds=[kind], states=BOOKED[kind]))
    for start in range(0, len(keys), AT_ONCE):
        for effect in store.effects(keys=keys[start : start + AT_ONCE]):
            found[effect.plan.obligation or ""].append(effect)
    return found


def _answer_times(store: Store) -> Mapping[str, int]:
    """When people have said how effects ended, at last, by the effect's key."""
    said = store.entries(kinds=[EntryKind.EFFECT_RESOLVED])
    return {entry.body["effect"]: instant(entry.recorded_at) for entry in said}


def _log_dates(store: Store, obligations: Iterable[StoredObligation]) -> Dates:
    """The log's dates of those months alone that have more than one revision, or a dead one."""
    months: dict[tuple[str, str], list[StoredObligation]] = defaultdict(list)
    for stored in obligations:
        months[stored.obligation.contract, stored.obligation.period].append(stored)
    dates: dict[tuple[EntryKind, str], date] = {}
    for (contract, period), revisions in months.items():
        superseded = revisions[0].obligation.state is ObligationState.SUPERSEDED
        if superseded or len(revisions) > 1:
            time_zone = revisions[0].ledger["time_zone"]
            for entry in store.entries(contract=contract, period=period):
                if entry.kind in {EntryKind.DRAFTED, EntryKind.SUPERSEDED}:
                    day = _day(instant(entry.recorded_at), time_zone)
                    dates[entry.kind, entry.body["obligation"]] = day
    return dates


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the store knows of one obligation's payments and approvals."""

    time_zone: str
    answered: Mapping[str, int]
    paid: Sequence[Effect]
    returned: Sequence[Effect]
    approvals: Sequence[Effect]

    def answered_on(self, effect: Effect) -> date:
        """The day on which a person has said how it ended."""
        return _day(self.answered.get(effect.key, effect.planned_at), self.time_zone)


def _booked(stored: StoredObligation, dates: Dates, facts: _Facts) -> Booked:
    time_zone, release = facts.time_zone, stored.release
    return Booked(
        obligation=stored.obligation,
        client=stored.client,
        service=stored.service,
        role=stored.role,
        drafted_on=dates.get((EntryKind.DRAFTED, stored.key)),
        superseded_on=dates.get((EntryKind.SUPERSEDED, stored.key)),
        released_on=_day(release.at, time_zone) if release else None,
        approvals=tuple(sorted(_done_on(effect, time_zone) for effect in facts.approvals)),
        approved=_approved_amounts(facts.approvals),
        settled=(*_settlements(facts.paid, time_zone), *_by_hand(facts)),
        returned=tuple(_returns(facts)),
        waived=tuple(_waivers(facts)),
    )


def _returns(facts: _Facts) -> Iterator[Settled]:
    for effect in facts.returned:
        known_on = _day(effect.planned_at, facts.time_zone)
        returned = returned_of(effect)
        says = f"{returned.vendor_id} {returned.because}"
        yield Settled(effect.key, known_on, returned.amount, says)


def _by_hand(facts: _Facts) -> Iterator[Settled]:
    """What came back and reached the client in another way."""
    for effect in facts.returned:
        if outcome_of(effect) is Correction.BY_HAND:
            amount, day = returned_of(effect).amount, facts.answered_on(effect)
            yield Settled(f"{effect.key}/by_hand", day, amount, "by hand, after it came back")


def _waivers(facts: _Facts) -> Iterator[Settled]:
    """What a person has decided not to pay: never paid, or come back."""
    for effect in facts.paid:
        if effect.state is EffectState.REFUSED and is_resolved(effect):
            amount = PartIntent.of_record(effect.plan.intent).part.amount
            says = "a person has decided so"
            yield Settled(f"{effect.key}/waived", facts.answered_on(effect), amount, says)
    for effect in facts.returned:
        if outcome_of(effect) is Correction.WAIVED:
            amount = returned_of(effect).amount
            says = "it came back, and is not owed any more"
            yield Settled(f"{effect.key}/waived", facts.answered_on(effect), amount, says)


def _settlements(effects: Iterable[Effect], time_zone: str) -> Iterator[Settled]:
    """The parts that a vendor or a person has paid; the journal's own are for a person to pay."""
    for effect in effects:
        part = PartIntent.of_record(effect.plan.intent).part
        if effect.state is EffectState.DONE and part.channel is not Channel.JOURNAL:
            yield Settled(part.key, _done_on(effect, time_zone), part.amount, _says(effect))


def _says(effect: Effect) -> str:
    part = PartIntent.of_record(effect.plan.intent).part
    outcome = effect.outcome if isinstance(effect.outcome, Mapping) else {}
    return " ".join(filter(None, [part.channel.value.replace("_", " "), outcome.get("id", "")]))


def _done_on(effect: Effect, time_zone: str) -> date:
    return _day(effect.planned_at if effect.done_at is None else effect.done_at, time_zone)


def _day(at: int, time_zone: str) -> date:
    return utc(at).astimezone(zone(time_zone)).date()


def _spread(
    entries: Sequence[JournalEntry], first: ServiceMonth | None, last: ServiceMonth | None
) -> Mapping[ServiceMonth, Sequence[JournalEntry]]:
    """The entries of each month that was asked for, also of those in which nothing is booked."""
    found = of_months(entries, first, last)
    bounds = [month for month in (first, *found, last) if month is not None]
    if not bounds:
        return {}
    months, month = {}, min(bounds)
    while month <= max(bounds):
        months[month] = found.get(month, ())
        month = month.plus(1)
    return months
