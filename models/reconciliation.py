"""Three views of the same money, held against each other: ours, the billing vendor's, the ledger's.

Both directions are compared: what we recorded and the vendor lacks, and what the vendor has and we
do not know. Every difference says where it is, what each side says, what is at stake, and what a
person could do about it. Nothing is mended here, and nothing is a difference by guess alone: where
a stranger's credit only looks like ours, it says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from models.contract import Role
from models.credit import Obligation, ObligationState
from models.effect import EffectState
from models.intervals import Interval, utc_text
from models.money import Money
from models.payment import Channel, Part
from models.period import ServiceMonth
from models.returned import Correction, Returned
from models.terms import NUMBER

LOOKS_AFTER_MS = 62 * 86_400_000
"""A stranger's credit made later than this after the service month is not taken for the month's."""

STANDING = frozenset({ObligationState.DRAFT, ObligationState.RELEASED})


class DifferenceKind(StrEnum):
    """In what two views differ.

    MISSING_AT_VENDOR: recorded as paid, and the vendor has nothing. UNKNOWN_HERE: carries a part's
    key of ours that we did not record. LOOKS_LIKE_OURS: carries none, but is as large as a credit
    of ours, from the same months. DOUBLE: two or more stand under one key. UNRECORDED: stands at
    the vendor, but is not recorded as paid. UNNAMED: ours by its id, but no longer by its key.
    AMOUNT, WRONG_SIGN, CURRENCY, CUSTOMER, INVOICE: stands, but otherwise than asked. VOIDED: was
    taken back. REFUND_FAILED: its refund did not arrive. UNPAID, OVERPAID: what was released is
    not what was paid. LEDGER_MISSING, LEDGER_AMOUNT, LEDGER_CURRENCY: a row is not there, or says
    something else. LEDGER_UNKNOWN: a row under a key of ours that we do not know.
    """

    MISSING_AT_VENDOR = "missing_at_vendor"
    UNKNOWN_HERE = "unknown_here"
    LOOKS_LIKE_OURS = "looks_like_ours"
    DOUBLE = "double"
    UNRECORDED = "unrecorded"
    UNNAMED = "unnamed"
    AMOUNT = "amount"
    WRONG_SIGN = "wrong_sign"
    CURRENCY = "currency"
    CUSTOMER = "customer"
    INVOICE = "invoice"
    VOIDED = "voided"
    REFUND_FAILED = "refund_failed"
    UNPAID = "unpaid"
    OVERPAID = "overpaid"
    LEDGER_MISSING = "ledger_missing"
    LEDGER_AMOUNT = "ledger_amount"
    LEDGER_CURRENCY = "ledger_currency"
    LEDGER_UNKNOWN = "ledger_unknown"


class RepairKind(StrEnum):
    """What could mend a difference.

    PAY: make another part. TAKE_BACK: void, or make the opposite entry. RECORD: note how an effect
    ended. WRITE_ROW: bring the ledger up to date. DECIDE: a person says whose it is.
    """

    PAY = "pay"
    TAKE_BACK = "take_back"
    RECORD = "record"
    WRITE_ROW = "write_row"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An effect that a person may cause; no program carries it out.

    Attributes:
        kind: What it would do.
        target: The vendor's id, the part's or obligation's key, or the row's.
        amount: What it would move, signed as it would reach the client; None moves nothing.
        says: What to do, as a sentence.
    """

    kind: RepairKind
    target: str
    amount: Money | None
    says: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two views differ.

    Attributes:
        kind: In what.
        place: Where, such as `stripe cn_1 (acme/api/2026-05/r0/p1)`.
        ours: What we say.
        theirs: What the other side says.
        at_stake: The money that may be lost or given twice; nothing negative.
        proposal: What could be done about it.
    """

    kind: DifferenceKind
    place: str
    ours: str
    theirs: str
    at_stake: tuple[Money, ...]
    proposal: Proposal

    def __str__(self) -> str:
        """One sentence for each side, and what to do."""
        return f"{self.place}: {self.theirs}; expected {self.ours}. {self.proposal.says}"


class VendorState(StrEnum):
    """What became of a vendor's credit."""

    LIVE = "live"
    VOID = "void"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class VendorCredit:
    """A note or balance entry as the vendor lists it.

    Attributes:
        id: The vendor's id.
        key: The part's key in its metadata; "" when it carries none.
        state: Whether it stands.
        amount: What it pays, signed, tax included.
        customer: The vendor's customer id.
        invoice: The vendor's invoice id; "" for a balance entry.
        created_at: When the vendor made it.
        returned: How much of it came back, if it does not stand; None for all of it.
    """

    id: str
    key: str
    state: VendorState
    amount: Money
    customer: str
    invoice: str
    created_at: int
    returned: Money | None = None


class NewsKind(StrEnum):
    """What a vendor's event tells."""

    MADE = "made"
    VOIDED = "voided"
    CHANGED = "changed"
    REFUND_FAILED = "refund_failed"


@dataclass(frozen=True, slots=True)
class News:
    """What a vendor told us unasked, in our words.

    Attributes:
        kind: What happened.
        subject: The vendor's id of the note, or of the refund that failed.
        at: When, by the vendor.
        amount: How much it is about.
        refunds: For a note, the ids of its refunds.
        key: The part's key in the subject's metadata; "".
        changed: The fields that were changed, rising.
    """

    kind: NewsKind
    subject: str
    at: int
    amount: Money
    refunds: tuple[str, ...] = ()
    key: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OurPart:
    """A part as we recorded it.

    Attributes:
        part: What was to be paid.
        state: Where its effect stands.
        vendor_id: What the vendor called it; "" when we do not know.
        waived: A person has decided that it shall not be paid.
        came_back: How much of its amount is recorded as returned; None when nothing is.
        document_back: The same of the vendor's document, tax included.
        correction: What follows from that.
        elsewhere: It was paid by a system that is not the one that is asked, which cannot know it.
    """

    part: Part
    state: EffectState
    vendor_id: str = ""
    waived: bool = False
    came_back: Money | None = None
    document_back: Money | None = None
    correction: Correction | None = None
    elsewhere: bool = False

    @property
    def is_corrected(self) -> bool:
        """Whether it came back, and a person has said what follows."""
        return self.correction not in {None, Correction.ASKED}

    @property
    def pays(self) -> Money:
        """What it settles of the obligation: less what came back and is owed anew."""
        if self.came_back is None or self.correction is not Correction.PAID_ANEW:
            return self.part.amount
        return self.part.amount - self.came_back


@dataclass(frozen=True, slots=True)
class OurCredit:
    """An obligation with its parts.

    Attributes:
        obligation: What is owed.
        role: Who owes it.
        month: The service month's bounds.
        customer: The vendor's customer, as the contract names it; "" when it does not.
        parts: How it is paid.
    """

    obligation: Obligation
    role: Role
    month: Interval
    customer: str = ""
    parts: tuple[OurPart, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What a ledger's row says of a credit's amount, as texts."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Views:
    """Everything that is compared.

    Attributes:
        vendor: The billing connector's name.
        months: The service months that are compared, both included.
        ours: Every obligation of these months, by any revision.
        listed: What the vendor lists, from the first month's start on.
        news: What the vendor told, rising by time.
        ledgers: By the ledger's name its rows by key, of any month.
        asked: The bounds within which an unknown key is reported; None leaves a side open. What is
            unknown may be of months that nobody here remembers.
    """

    vendor: str
    months: tuple[ServiceMonth, ServiceMonth]
    ours: tuple[OurCredit, ...]
    listed: tuple[VendorCredit, ...] = ()
    news: tuple[News, ...] = ()
    ledgers: Mapping[str, Mapping[str, LedgerLine]] = field(default_factory=dict)
    asked: tuple[ServiceMonth | None, ServiceMonth | None] | None = None

    def asks_about(self, period: str) -> bool:
        """Whether an unknown key of this period is to be reported."""
        first, last = self.months if self.asked is None else self.asked
        try:
            month = ServiceMonth.parse(period)
        except ValueError:
            return False
        return (first is None or first <= month) and (last is None or month <= last)

    def covers(self, period: str) -> bool:
        """Whether a period is one of the compared months."""
        try:
            return self.months[0] <= ServiceMonth.parse(period) <= self.months[1]
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of comparing.

    Attributes:
        differences: Rising by kind and place.
        notes: What was told and could not be laid to any credit, one sentence each.
        obligations: How many were compared.
        parts: How many of their parts.
        listed: How many credits of the vendor.
        rows: How many ledger rows.
        returned: Payments that came back, and of which nobody has said what follows.
    """

    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    obligations: int
    parts: int
    listed: int
    rows: int
    returned: tuple[Returned, ...] = ()

    @property
    def at_stake(self) -> Mapping[str, Money]:
        """The sum of what is at stake, by currency; one credit may be in several differences."""
        sums: dict[str, Money] = {}
        for money in (money for each in self.differences for money in each.at_stake):
            code = money.currency.code
            sums[code] = sums[code] + money if code in sums else money
        return dict(sorted(sums.items()))


def reconcile(views: Views) -> Reconciliation:
    """Compare all views in both directions. Every input has an answer."""
    shelf, notes = _shelf(views)
    found = [
        *_of_parts(views, shelf),
        *_of_sums(views, shelf),
        *_of_strangers(views, shelf),
        *_of_ledgers(views),
    ]
    return Reconciliation(
        differences=tuple(sorted(found, key=lambda each: (each.kind.value, each.place))),
        notes=notes,
        obligations=len(views.ours),
        parts=sum(len(credit.parts) for credit in views.ours),
        listed=len(views.listed),
        rows=sum(
            views.covers(_period_of(key, after=1))
            for rows in views.ledgers.values()
            for key in rows
        ),
        returned=tuple(_returned(views, shelf)),
    )


# --- What the vendor has, with what it told -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The vendor's credits, found by key or id."""

    by_key: Mapping[str, Sequence[VendorCredit]]
    by_id: Mapping[str, VendorCredit]
    changed: Mapping[str, News]

    def of(self, ours: OurPart) -> tuple[VendorCredit, ...]:
        """Everything that is a part's, by its key or by the id that we recorded."""
        named = tuple(self.by_key.get(ours.part.key, ()))
        by_id = self.by_id.get(ours.vendor_id)
        return named if by_id is None or by_id in named else (*named, by_id)

    def standing(self, ours: OurPart) -> tuple[VendorCredit, ...]:
        """Those of them that stand."""
        return tuple(each for each in self.of(ours) if each.state is VendorState.LIVE)


def _shelf(views: Views) -> tuple[_Shelf, tuple[str, ...]]:
    states, notes = _told(views)
    credits_ = [
        replace(each, state=states[each.id].state, returned=states[each.id].returned)
        if each.state is VendorState.LIVE and each.id in states
        else each
        for each in views.listed
    ]
    by_key: dict[str, list[VendorCredit]] = defaultdict(list)
    for each in credits_:
        if each.key:
            by_key[each.key].append(each)
    changed = {news.subject: news for news in views.news if news.kind is NewsKind.CHANGED}
    return _Shelf(by_key, {each.id: each for each in credits_}, changed), notes


class _Fate(NamedTuple):
    """What an event says became of a note, and how much came back; None for all of it."""

    state: VendorState
    returned: Money | None = None


def _told(views: Views) -> tuple[Mapping[str, _Fate], tuple[str, ...]]:
    """What events say of notes, by id, and those that nothing of ours is known by."""
    note_of = {refund: news.subject for news in views.news for refund in news.refunds}
    by_key = {each.key: each.id for each in views.listed if each.key}
    states: dict[str, _Fate] = {}
    notes = []
    for news in views.news:
        if news.kind is NewsKind.VOIDED:
            states[news.subject] = _Fate(VendorState.VOID)
        elif news.kind is NewsKind.REFUND_FAILED:
            note = note_of.get(news.subject) or by_key.get(news.key)
            if note:
                states[note] = _Fate(VendorState.FAILED, news.amount)
            else:
                notes.append(
                    f"{views.vendor} {news.subject}: a refund of {news.amount} failed on "
                    f"{utc_text(news.at)}; no credit of ours is known by it."
                )
    return states, tuple(notes)


# --- From us to the vendor ------------------------------------------------------------------------


def _of_parts(views: Views, shelf: _Shelf) -> Iterator[Difference]:
    for ours in (part for credit in views.ours for part in credit.parts):
        if ours.part.channel is Channel.BY_HAND or ours.elsewhere:
            continue
        standing = shelf.standing(ours)
        if len(standing) > 1:
            yield _double(views, ours, standing)
        elif ours.state is EffectState.DONE:
            yield from _of_paid(views, shelf, ours)
        elif standing:
            yield _unrecorded(views, ours, standing[0])


def _of_paid(views: Views, shelf: _Shelf, ours: OurPart) -> Iterator[Difference]:
    """What is not as it should be with a part that we recorded as paid."""
    found, standing = shelf.of(ours), shelf.standing(ours)
    if standing:
        yield from _otherwise(views, shelf, ours, standing[0])
    elif found and not ours.is_corrected:
        yield _fallen(views, ours, found[0])
    elif found and _back(found[0]) != ours.document_back:
        yield _fallen_further(views, ours, found[0])
    elif not found:
        yield _gone(views, ours)


def _returned(views: Views, shelf: _Shelf) -> Iterator[Returned]:
    """The parts that were paid and came back, as far as nobody has said what follows."""
    for ours in (part for credit in views.ours for part in credit.parts):
        paid = ours.state is EffectState.DONE and ours.part.channel is not Channel.BY_HAND
        found = shelf.of(ours) if paid and not ours.is_corrected else ()
        if found and not shelf.standing(ours):
            fallen = found[0]
            is_void = fallen.state is VendorState.VOID
            yield Returned(
                part=ours.part,
                vendor_id=fallen.id,
                because="is void" if is_void else "was refunded in vain",
                document=_back(fallen),
            )


def _double(views: Views, ours: OurPart, standing: Sequence[VendorCredit]) -> Difference:
    rising = sorted(
        standing, key=lambda each: (each.id != ours.vendor_id, each.created_at, each.id)
    )
    extra = rising[1:]
    ids = ", ".join(f"{each.id} over {each.amount}" for each in rising)
    return Difference(
        DifferenceKind.DOUBLE,
        f"{views.vendor} {ours.part.key}",
        f"one credit of {ours.part.total}",
        f"{len(standing)} stand: {ids}",
        tuple(_size(each.amount) for each in extra),
        _take_back(extra[0], f"Keep {rising[0].id} and take back all others"),
    )


def _gone(views: Views, ours: OurPart) -> Difference:
    part = ours.part
    known = f" as {ours.vendor_id}" if ours.vendor_id else ""
    proposal = Proposal(
        RepairKind.PAY,
        part.key,
        part.total,
        "Look for it at the vendor by hand; if it is truly gone, pay it as the next part.",
    )
    return Difference(
        DifferenceKind.MISSING_AT_VENDOR,
        f"{views.vendor} {part.key}",
        f"{part.total} paid to {part.customer or 'the client'}{known}",
        "nothing is there",
        (_size(part.total),),
        proposal,
    )


def _fallen(views: Views, ours: OurPart, found: VendorCredit) -> Difference:
    part, back = ours.part, _back(found)
    is_void = found.state is VendorState.VOID
    says = (
        "Is the credit still owed?" if is_void else "Ask the client how the money can reach them."
    )
    return Difference(
        DifferenceKind.VOIDED if is_void else DifferenceKind.REFUND_FAILED,
        _place(views, found, part.key),
        f"{part.total} paid",
        "is void" if is_void else f"the refund of {back} failed",
        (_size(back),),
        Proposal(
            RepairKind.PAY,
            part.key,
            back,
            f"{says} Then answer `makegood settle {part.key}/returned`: again pays it as the next "
            "part, done says that it reached the client otherwise, refused that it is not owed.",
        ),
    )


def _back(found: VendorCredit) -> Money:
    """How much of a vendor's credit that does not stand came back."""
    return found.amount if found.returned is None else found.returned


def _fallen_further(views: Views, ours: OurPart, found: VendorCredit) -> Difference:
    """Other than what a person was asked about, and has answered: nobody is asked again."""
    part, back = ours.part, _back(found)
    known = Money(0, back.currency) if ours.document_back is None else ours.document_back
    is_void = found.state is VendorState.VOID
    return Difference(
        DifferenceKind.VOIDED if is_void else DifferenceKind.REFUND_FAILED,
        _place(views, found, part.key),
        f"{known} of the {part.total} back, as was answered",
        f"{back} came back",
        (_size(back - known),),
        Proposal(
            RepairKind.DECIDE,
            part.key,
            back - known,
            f"Look whether the client has the {back - known} in another way, and pay it by hand.",
        ),
    )


def _unrecorded(views: Views, ours: OurPart, found: VendorCredit) -> Difference:
    return Difference(
        DifferenceKind.UNRECORDED,
        _place(views, found, ours.part.key),
        f"nothing, for the part is recorded as {ours.state.value}",
        f"{found.amount} stands",
        (_size(found.amount),),
        Proposal(
            RepairKind.RECORD,
            ours.part.key,
            None,
            f"If {found.id} is right, record the part as done; else take {found.id} back.",
        ),
    )


def _otherwise(
    views: Views, shelf: _Shelf, ours: OurPart, found: VendorCredit
) -> Iterator[Difference]:
    """What is not as asked with the one credit that stands."""
    part, place = ours.part, _place(views, found, ours.part.key)
    wrong = _wrong_amount(part.total, found.amount)
    if wrong:
        stake = (
            (_size(found.amount - part.total),)
            if wrong is not DifferenceKind.CURRENCY
            else (_size(part.total), _size(found.amount))
        )
        proposal = _take_back(found, f"Take {found.id} back and pay {part.total} as the next part")
        yield Difference(wrong, place, str(part.total), str(found.amount), stake, proposal)
    pairs = (
        (DifferenceKind.CUSTOMER, part.customer, found.customer),
        (DifferenceKind.INVOICE, part.invoice, found.invoice),
    )
    for kind, asked, is_ in pairs:
        if asked != is_:
            proposal = _take_back(found, f"Take {found.id} back and pay it where it belongs")
            told = is_ or f"no {kind.value}"
            stake = (_size(found.amount),)
            yield Difference(kind, place, asked or f"no {kind.value}", told, stake, proposal)
    if found.key != part.key:
        yield _unnamed(shelf, place, ours, found)


def _unnamed(shelf: _Shelf, place: str, ours: OurPart, found: VendorCredit) -> Difference:
    news = shelf.changed.get(found.id)
    when = f", changed on {utc_text(news.at)}" if news else ""
    named = f"names {found.key}" if found.key else "names no part"
    return Difference(
        DifferenceKind.UNNAMED,
        place,
        f"metadata that names {ours.part.key}",
        f"{named}{when}",
        (_size(found.amount),),
        Proposal(
            RepairKind.DECIDE,
            found.id,
            None,
            f"Put {ours.part.key} back into the metadata of {found.id}, so that looks find it.",
        ),
    )


def _wrong_amount(asked: Money, is_: Money) -> DifferenceKind | None:
    if asked.currency != is_.currency:
        return DifferenceKind.CURRENCY
    if asked.minor == is_.minor:
        return None
    return DifferenceKind.WRONG_SIGN if asked.minor == -is_.minor else DifferenceKind.AMOUNT


def _of_sums(views: Views, shelf: _Shelf) -> Iterator[Difference]:
    """Released obligations that are not paid as much as they are owed."""
    for credit in views.ours:
        owed = credit.obligation
        released = owed.state is ObligationState.RELEASED and credit.role is Role.PROVIDER
        if owed.amount is None or not released:
            continue
        paid = _paid(credit, owed.amount, shelf)
        if paid != owed.amount:
            yield _unpaid(views, credit, owed.amount, paid)


def _paid(credit: OurCredit, owed: Money, shelf: _Shelf) -> Money:
    """What is recorded as paid or waived, and what stands at the vendor without being recorded."""
    counted = (
        ours.pays.minor
        for ours in credit.parts
        if ours.part.amount.currency == owed.currency
        and (ours.state is EffectState.DONE or ours.waived or shelf.standing(ours))
    )
    return Money(sum(counted), owed.currency)


def _unpaid(views: Views, credit: OurCredit, owed: Money, paid: Money) -> Difference:
    key = credit.obligation.key
    too_little = abs(paid.minor) < abs(owed.minor) and paid.minor * owed.minor >= 0
    open_ones = [
        f"{ours.part.key} is {ours.state.value}"
        for ours in credit.parts
        if ours.state is not EffectState.DONE
    ]
    rest = owed - paid
    if too_little:
        says = f"Run `makegood release {credit.obligation.period}` again, or settle what waits."
        proposal = Proposal(RepairKind.PAY, key, rest, says)
    else:
        says = "Find the part that is too much and take it back."
        proposal = Proposal(RepairKind.TAKE_BACK, key, rest, says)
    return Difference(
        DifferenceKind.UNPAID if too_little else DifferenceKind.OVERPAID,
        f"{views.vendor} {key}",
        f"{owed} released",
        "; ".join([f"{paid} paid", *open_ones]),
        (_size(rest),),
        proposal,
    )


# --- From the vendor to us ------------------------------------------------------------------------


def _of_strangers(views: Views, shelf: _Shelf) -> Iterator[Difference]:
    parts = [ours for credit in views.ours for ours in credit.parts]
    known_keys = {ours.part.key for ours in parts}
    known_ids = {ours.vendor_id for ours in parts if ours.vendor_id}
    for found in shelf.by_id.values():
        if found.state is not VendorState.LIVE or found.id in known_ids:
            continue
        if not found.key:
            yield from _alike(views, found)
        elif found.key not in known_keys and _is_asked_about(views, found.key):
            yield _unknown(views, found)


def _is_asked_about(views: Views, key: str) -> bool:
    """Whether a stranger's key is of the compared months, or of none that anybody could compare."""
    period = _period_of(key, after=2)
    return views.asks_about(period) or not _is_month(period)


def _unknown(views: Views, found: VendorCredit) -> Difference:
    return Difference(
        DifferenceKind.UNKNOWN_HERE,
        _place(views, found, found.key),
        "no such part",
        f"{found.amount} for {found.customer} carries our key",
        (_size(found.amount),),
        _take_back(found, f"Unless another workspace made {found.id}, take it back"),
    )


def _alike(views: Views, found: VendorCredit) -> Iterator[Difference]:
    alike = [credit for credit in views.ours if _looks_like(credit, found)]
    if alike:
        keys = ", ".join(credit.obligation.key for credit in alike)
        yield Difference(
            DifferenceKind.LOOKS_LIKE_OURS,
            _place(views, found, ""),
            f"only {keys} over {found.amount}",
            f"{found.amount} for {found.customer}, made on {utc_text(found.created_at)} without "
            "our key",
            (_size(found.amount),),
            Proposal(
                RepairKind.DECIDE,
                found.id,
                None,
                f"Ask who made {found.id}: if it pays the same outage, {keys} is paid twice.",
            ),
        )


def _looks_like(credit: OurCredit, found: VendorCredit) -> bool:
    """As large as the credit or a part of it, in its months, and for its customer if we know it."""
    owed = credit.obligation
    if credit.role is not Role.PROVIDER or owed.state not in STANDING or owed.amount is None:
        return False
    months = Interval(credit.month.start, credit.month.end + LOOKS_AFTER_MS)
    sizes = {owed.amount, *(ours.part.total for ours in credit.parts)}
    customers = {ours.part.customer for ours in credit.parts} | {credit.customer}
    known = customers - {""}
    in_time = months.start <= found.created_at < months.end
    return in_time and found.amount in sizes and (not known or found.customer in known)


# --- The ledgers ----------------------------------------------------------------------------------


def _of_ledgers(views: Views) -> Iterator[Difference]:
    for name, rows in views.ledgers.items():
        known = {credit.obligation.key for credit in views.ours}
        for credit in views.ours:
            yield from _of_row(name, credit.obligation, rows.get(credit.obligation.key))
        for key, line in rows.items():
            if key not in known and views.asks_about(_period_of(key, after=1)):
                yield _unknown_row(name, key, line)


def _of_row(name: str, owed: Obligation, line: LedgerLine | None) -> Iterator[Difference]:
    shown = _shown(owed)
    expected = str(shown or "no amount")
    stake = (_size(shown),) if shown and shown.minor else ()
    place = f"ledger {name} {owed.key}"
    if line is None:
        says = f"Run `makegood run --month {owed.period}`, which writes it again."
        yield Difference(
            DifferenceKind.LEDGER_MISSING, place, expected, "no row", stake, _write_row(owed, says)
        )
        return
    says = "Ask who changed it; the next run writes it again."
    told = f"{line.amount or 'no amount'} {line.currency}".strip()
    if shown is not None and line.currency != shown.currency.code:
        kind = DifferenceKind.LEDGER_CURRENCY
        yield Difference(kind, place, expected, told, stake, _write_row(owed, says))
    elif not _same_amount(shown, line.amount):
        kind = DifferenceKind.LEDGER_AMOUNT
        yield Difference(
            kind, place, expected, told, _off(shown, line.amount), _write_row(owed, says)
        )


def _write_row(owed: Obligation, says: str) -> Proposal:
    return Proposal(RepairKind.WRITE_ROW, owed.key, None, says)


def _shown(owed: Obligation) -> Money | None:
    """What a row must say of an obligation; a superseded one is worth nothing."""
    if owed.state is ObligationState.SUPERSEDED and owed.amount is not None:
        return Money(0, owed.amount.currency)
    return owed.amount


def _same_amount(shown: Money | None, cell: str) -> bool:
    if shown is None:
        # A month that was withheld and superseded is shown as nothing, in figures.
        return not cell.strip(" 0.")
    return bool(NUMBER.match(cell)) and Decimal(cell) == shown.major


def _off(shown: Money | None, cell: str) -> tuple[Money, ...]:
    """How far a cell is from what it should say; all of it when the cell is no number."""
    if shown is None:
        return ()
    minor = shown.currency.minor(Decimal(cell) if NUMBER.match(cell) else Decimal(0))
    off = abs(minor - shown.minor)
    # Whatever is written beyond the smallest unit counts as one more of it.
    return (Money(ceil(off), shown.currency),)


def _unknown_row(name: str, key: str, line: LedgerLine) -> Difference:
    return Difference(
        DifferenceKind.LEDGER_UNKNOWN,
        f"ledger {name} {key}",
        "no such credit",
        f"{line.amount or 'no amount'} {line.currency}".strip(),
        (),
        Proposal(
            RepairKind.DECIDE,
            key,
            None,
            "If the row is somebody's own, empty its Key; else find out where it came from.",
        ),
    )


# --- Words ----------------------------------------------------------------------------------------


def _take_back(found: VendorCredit, says: str) -> Proposal:
    how = (
        f"{says}: void it while {found.invoice} is open, else charge it or leave it."
        if found.invoice
        else f"{says}: make the opposite balance entry."
    )
    opposite = Money(-found.amount.minor, found.amount.currency)
    return Proposal(RepairKind.TAKE_BACK, found.id, opposite, how)


def _place(views: Views, found: VendorCredit, key: str) -> str:
    return f"{views.vendor} {found.id}{f' ({key})' if key else ''}"


def _period_of(key: str, *, after: int) -> str:
    """The period in a key, so many parts from its end; "" when the key has no such part."""
    parts = key.split("/")
    return parts[-after - 1] if len(parts) > after else ""


def _is_month(period: str) -> bool:
    try:
        ServiceMonth.parse(period)
    except ValueError:
        return False
    return True


def _size(money: Money) -> Money:
    return Money(abs(money.minor), money.currency)
