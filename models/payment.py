"""How a released credit is paid: which document, against what, in which parts.

Pure planning: a picture of the customer's billing goes in, parts to pay or a question for a person
come out. The vendor's wire words and units stay in the connector; here money is `Money`. Nothing is
guessed: where a choice would be needed that no rule makes, a person is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Self

from models.contract import Payout, TaxBasis
from models.credit import Obligation
from models.intervals import Interval
from models.money import Currency, Money, Rounding, round_to_payable
from models.terms import JsonValue

ZONE_SLACK_MS = 26 * 3_600_000
"""No two zones are further apart: an overlap of no more than this at a month's edge says nothing.

Source: the IANA zones reach from UTC-12 to UTC+14.
"""


class Channel(StrEnum):
    """How one part of a credit reaches the client; frozen in the part's intent, never in its key.

    CREDIT_NOTE: a document against an invoice. BALANCE: an entry on the customer's balance, which
    the next invoice uses up; a positive part is a credit, a negative one takes back.
    JOURNAL: booked by a person in another billing system from the exported journal.
    BY_HAND: a question to a person, who pays it or decides that it is not paid; no program does.
    """

    CREDIT_NOTE = "credit_note"
    BALANCE = "balance"
    JOURNAL = "journal"
    BY_HAND = "by_hand"


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that may be the service month's.

    Attributes:
        id: The vendor's id.
        state: Where it stands.
        total: What it asks for, tax included.
        remaining: What is still to be paid.
        creditable: The most that further notes may take: total less notes and refunds made before.
        tax: The tax in the total.
        period: The stretch that its lines are for; None when they name none.
        names: The contract's id, when the invoice (or its subscription) names it in its metadata.
        payment_in_flight: A payment is under way, so that no note can be made now.
        mixed_tax: Its lines are not all taxed alike.
    """

    id: str
    state: InvoiceState
    total: Money
    remaining: Money
    creditable: Money
    tax: Money
    period: Interval | None
    names: str = ""
    payment_in_flight: bool = False
    mixed_tax: bool = False


@dataclass(frozen=True, slots=True)
class BilledCustomer:
    """A customer at the billing vendor.

    Attributes:
        id: The vendor's id.
        deleted: It no longer exists for billing.
        currency: The currency that its balance is bound to; "" when it has none yet.
        next_invoice: Whether a future invoice is to be expected, so that a balance can be used up:
            an active subscription that does not end before it bills again.
        why_no_invoice: Why none is expected (`cancelled`, `ends before it renews`, `prepaid`); "".
    """

    id: str
    deleted: bool
    currency: str
    next_invoice: bool
    why_no_invoice: str = ""


@dataclass(frozen=True, slots=True)
class BillingPicture:
    """What the billing vendor knows about a contract's month, all candidates included.

    Attributes:
        customers: Every customer that the contract may mean; rising by id.
        invoices: Invoices of these customers that touch the month or name the contract.
        seen_at: The instant of the look.
    """

    customers: tuple[BilledCustomer, ...]
    invoices: tuple[Invoice, ...]
    seen_at: int


@dataclass(frozen=True, slots=True)
class Part:
    """One payment of an obligation.

    Attributes:
        obligation: `acme/api/2026-05/r0`.
        number: 1, then rising; a remainder, or a new plan after a refusal, is the next part.
        channel: How it is paid.
        customer: The vendor's customer id; "" for the journal.
        invoice: The vendor's invoice id for a credit note; "" otherwise.
        amount: What this part settles of the obligation, signed: positive credits the client. It
            holds the tax or not, as the obligation does.
        payout: What becomes of the part of a note that is above the amount still to be paid.
        with_tax: What the vendor's document is made out for, where that is not `amount`: tax comes
            on top of it. None where both are the same.
    """

    obligation: str
    number: int
    channel: Channel
    customer: str
    invoice: str
    amount: Money
    payout: Payout
    with_tax: Money | None = None

    @property
    def total(self) -> Money:
        """What the vendor's document is made out for, tax included: what a preview must show."""
        return self.with_tax or self.amount

    @property
    def record(self) -> JsonValue:
        """The part as JSON values, amounts in minor units."""
        return {
            "obligation": self.obligation,
            "number": self.number,
            "channel": self.channel.value,
            "customer": self.customer,
            "invoice": self.invoice,
            "amount_minor": self.amount.minor,
            "total_minor": self.total.minor,
            "currency": self.amount.currency.code,
            "payout": self.payout.value,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, JsonValue]) -> Self:
        """The part that a record tells of."""
        currency = Currency.of(record["currency"])
        amount = Money(record["amount_minor"], currency)
        total = Money(record["total_minor"], currency)
        return cls(
            obligation=record["obligation"],
            number=record["number"],
            channel=Channel(record["channel"]),
            customer=record["customer"],
            invoice=record["invoice"],
            amount=amount,
            payout=Payout(record["payout"]),
            with_tax=None if total == amount else total,
        )

    def __str__(self) -> str:
        """What it does, as a person reads it: `a credit note of 200.00 EUR against in_123`."""
        match self.channel:
            case Channel.CREDIT_NOTE:
                return f"a credit note of {self.total} against {self.invoice}"
            case Channel.BALANCE:
                return f"{self.total} onto the balance of {self.customer}, for its next invoice"
            case Channel.JOURNAL:
                return f"{self.total} booked in the journal"
            case Channel.BY_HAND:
                return f"{self.total} paid by hand"

    @property
    def key(self) -> str:
        """`acme/api/2026-05/r0/p1`: the same whatever the channel, so that one look finds it."""
        return f"{self.obligation}/p{self.number}"


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """How an obligation is paid.

    Attributes:
        parts: What is paid now; their sum never exceeds the obligation.
        ask: Why a person must decide (about all of it, or about what the parts leave); "".
        wait: Why nothing can be done now but may be later (a payment in flight, a draft); "".
        proposal: What the person is offered, such as a refund or an extension; "".
        reasons: How the plan came about, one sentence per step.
        left: What the parts leave, signed: the person is asked about it, or it waits.
    """

    parts: tuple[Part, ...]
    ask: str
    wait: str
    proposal: str
    reasons: tuple[str, ...]
    left: Money

    def __str__(self) -> str:
        """What it would do, in one line: parts, then what is asked or awaited."""
        asks = [f"{self.left} for a person: {self.ask}"] if self.ask else []
        waits = [f"{self.left} waits: {self.wait}"] if self.wait else []
        return "; ".join([*(str(part) for part in self.parts), *asks, *waits])


@dataclass(frozen=True, slots=True)
class _Worth:
    """An amount of the obligation, with what a document for it is made out for, tax included."""

    amount: Money
    total: Money

    def less(self, taken: _Worth) -> _Worth:
        """What is left when some of it is taken."""
        return _Worth(self.amount - taken.amount, self.total - taken.total)

    @property
    def reversed(self) -> _Worth:
        """The same the other way round."""
        zero = self.amount - self.amount
        return _Worth(zero - self.amount, zero - self.total)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `plan_payment` was asked, with what is still to be paid.

    Attributes:
        obligation: What is owed.
        payout: How the contract wants it to reach the client.
        tax: Whether the amount holds the tax.
        picture: What the vendor knows.
        month: The service month's bounds.
        paid: The live parts of the contract's month, of any revision.
        in_doubt: Keys of those whose outcome is not known yet.
        waived: Keys of those that a person has said shall not be paid.
        rest: The obligation less its own live parts: not zero, and with the obligation's sign.
        number: The next part's.
    """

    obligation: Obligation
    payout: Payout
    tax: TaxBasis
    picture: BillingPicture
    month: Interval
    paid: tuple[Part, ...]
    in_doubt: Collection[str]
    waived: Collection[str]
    rest: Money
    number: int

    def plan(
        self,
        *parts: Part,
        says: Iterable[str] = (),
        ask: str = "",
        wait: str = "",
        proposal: str = "",
    ) -> PaymentPlan:
        """The plan with these parts; what they leave of the rest is the plan's `left`."""
        left = self.rest - _sum(parts, self.rest.currency)
        return PaymentPlan(parts, ask, wait, proposal, tuple(says), left)

    def part(self, channel: Channel, customer: str, worth: _Worth, *, invoice: str = "") -> Part:
        """The next part of the obligation, paid through this channel."""
        return Part(
            obligation=self.obligation.key,
            number=self.number,
            channel=channel,
            customer=customer,
            invoice=invoice,
            amount=worth.amount,
            payout=self.payout,
            with_tax=None if worth.total == worth.amount else worth.total,
        )


@dataclass(frozen=True, slots=True)
class _Target:
    """The service month's invoice; None with why there is none and what follows from that."""

    invoice: Invoice | None
    says: str
    ask: str = ""
    wait: str = ""


def plan_payment(
    *,
    obligation: Obligation,
    payout: Payout,
    tax: TaxBasis,
    picture: BillingPicture,
    month: Interval,
    paid_parts: Sequence[Part] = (),
    in_doubt: Collection[str] = (),
    waived: Collection[str] = (),
    next_number: int = 1,
) -> PaymentPlan:
    """How what an obligation still owes is paid. Every picture has an answer.

    A credit goes against the service month's invoice as far as that can take it, the rest onto the
    customer's balance if the contract pays that way; a negative adjustment takes back from the
    balance what was put there. Whatever no rule decides is left to a person. The parts and what
    they leave are together exactly what is still owed.

    Args:
        obligation: A released obligation.
        payout: How the contract wants a credit to reach the client.
        tax: Whether the amount holds the tax, or tax comes on top of it.
        picture: What the billing vendor knows.
        month: The service month's bounds.
        paid_parts: Every part of the contract's month, of any revision, that the vendor did not
            refuse: paid, perhaps paid, with a person, or waived.
        in_doubt: The keys of those that are not known to be paid.
        waived: The keys of those that shall not be paid, as a person has said: they settle what
            they were for, and nothing of them can be taken back.
        next_number: The number of the first part that is planned now.

    Raises:
        ValueError: The obligation has no amount, or a part is of another contract's month.
    """
    rest, settled = _opening(obligation, paid_parts)
    if settled is not None:
        return settled
    asked = _Asked(
        obligation=obligation,
        payout=payout,
        tax=tax,
        picture=picture,
        month=month,
        paid=tuple(paid_parts),
        in_doubt=in_doubt,
        waived=waived,
        rest=rest,
        number=next_number,
    )
    return _proven(asked, _planned(asked))


def journal_plan(
    *, obligation: Obligation, payout: Payout, paid_parts: Sequence[Part] = (), next_number: int = 1
) -> PaymentPlan:
    """How it is paid where no vendor knows invoices: in one part, booked from the journal.

    Raises:
        ValueError: As `plan_payment`.
    """
    rest, settled = _opening(obligation, paid_parts)
    if settled is not None:
        return settled
    part = Part(obligation.key, next_number, Channel.JOURNAL, "", "", rest, payout)
    return PaymentPlan((part,), "", "", "", (f"{rest} is booked from the journal",), rest - rest)


def _opening(
    obligation: Obligation, paid_parts: Sequence[Part]
) -> tuple[Money, PaymentPlan | None]:
    """What is still owed, and the plan when nothing can be planned about it."""
    amount = obligation.amount
    if amount is None:
        message = f"{obligation.key} has no amount: it cannot have been released"
        raise ValueError(message)
    _refuse_strangers(obligation, paid_parts)
    own = [part for part in paid_parts if part.obligation == obligation.key]
    rest = amount - _sum(own, amount.currency)
    if not rest.minor:
        return rest, PaymentPlan((), "", "", "", (f"{amount} is planned or paid in full",), rest)
    wrong = _unpayable(amount, rest)
    return rest, PaymentPlan((), wrong, "", _BY_HAND, (), rest) if wrong else None


_BY_HAND = "Settle it by hand"


def _refuse_strangers(obligation: Obligation, parts: Sequence[Part]) -> None:
    month = f"{obligation.contract}/{obligation.period}/r"
    strangers = [part.key for part in parts if not part.obligation.startswith(month)]
    if strangers:
        message = f"{', '.join(strangers)} is not of {obligation.contract}/{obligation.period}"
        raise ValueError(message)


def _unpayable(amount: Money, rest: Money) -> str:
    step = amount.currency.payable_step_minor
    if (rest.minor > 0) != (amount.minor > 0):
        return f"the parts that stand pay {amount - rest}, more than the {amount} that is owed"
    if rest.minor % step:
        return f"{rest} is no multiple of {Money(step, amount.currency)}, the smallest payment"
    return ""


def _proven(asked: _Asked, plan: PaymentPlan) -> PaymentPlan:
    """The plan, after a second look at what it must never do."""
    planned = _sum(plan.parts, asked.rest.currency)
    right_way = all((part.amount.minor > 0) == (asked.rest.minor > 0) for part in plan.parts)
    open_question = bool(plan.ask or plan.wait)
    if planned + plan.left != asked.rest or not right_way or open_question != bool(plan.left.minor):
        message = f"{asked.obligation.key}: the plan does not add up to {asked.rest}: {plan}"
        raise AssertionError(message)
    return plan


def _planned(asked: _Asked) -> PaymentPlan:
    customer = _customer(asked.picture.customers)
    if isinstance(customer, str):
        return asked.plan(ask=customer, proposal="Name the customer in the contract")
    if asked.rest.minor < 0:
        return _taken_back(asked, customer)
    kept = _still_kept(asked)
    if kept is not None:
        return kept
    target = _target(asked)
    if target.ask or target.wait:
        return asked.plan(says=[target.says], ask=target.ask, wait=target.wait)
    if target.invoice is None:
        return _without_invoice(asked, customer, target.says)
    return _against(asked, customer, target.invoice, target.says)


def _still_kept(asked: _Asked) -> PaymentPlan | None:
    """The plan where the client may still have what an earlier revision was to take back.

    A further credit would come on top of it. None where everything was taken back.
    """
    back = [part for part in asked.paid if part.amount.minor < 0]
    open_ones = [part.key for part in back if part.key in asked.in_doubt]
    if open_ones:
        return asked.plan(wait=f"{', '.join(open_ones)} must be settled first")
    kept = [part for part in back if part.key in asked.waived]
    if not kept:
        return None
    size = asked.rest - asked.rest - _sum(kept, asked.rest.currency)
    names = ", ".join(part.key for part in kept)
    ask = f"the client still has {size} of this month that was not taken back ({names})"
    return asked.plan(ask=ask, proposal="Count that in, and pay by hand what is left")


def _customer(customers: Sequence[BilledCustomer]) -> BilledCustomer | str:
    """The one customer, or why there is none."""
    ids = ", ".join(customer.id for customer in customers)
    if not customers:
        return "the billing vendor knows no customer for this contract"
    if len(customers) > 1:
        return f"the contract may mean {len(customers)} customers: {ids}"
    return f"customer {ids} was deleted" if customers[0].deleted else customers[0]


def _target(asked: _Asked) -> _Target:
    of_month = [i for i in asked.picture.invoices if _is_of_month(i, asked)]
    alive = [i for i in of_month if _can_be_target(i)]
    named = [i for i in alive if i.names]
    code = asked.rest.currency.code
    candidates = [i for i in named or alive if i.total.currency.code == code]
    if not candidates:
        return _Target(None, _why_no_target(of_month, alive, code))
    if len(candidates) > 1:
        ids = ", ".join(sorted(invoice.id for invoice in candidates))
        several = f"several invoices may be the service month's: {ids}"
        return _Target(None, several, ask=several)
    return _if_ready(candidates[0])


def _is_of_month(invoice: Invoice, asked: _Asked) -> bool:
    """Whether it names this contract or none, and its lines are for the service month."""
    if invoice.names not in {"", asked.obligation.contract}:
        return False
    if invoice.period is None:
        return bool(invoice.names)
    period, month = invoice.period, asked.month
    common = min(period.end, month.end) - max(period.start, month.start)
    inside = month.start <= period.start and period.end <= month.end
    return common > ZONE_SLACK_MS or inside


def _can_be_target(invoice: Invoice) -> bool:
    dead = invoice.state in {InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE}
    return not dead and invoice.total.minor > 0


def _why_no_target(of_month: Sequence[Invoice], alive: Sequence[Invoice], code: str) -> str:
    if alive:
        others = ", ".join(f"{i.id} in {i.total.currency.code}" for i in alive)
        return f"the service month's invoice is not in {code}: {others}"
    if of_month:
        facts = ", ".join(f"{i.id} is {i.state.value} over {i.total}" for i in of_month)
        return f"no invoice of the service month can take a credit note: {facts}"
    return "there is no invoice for the service month"


def _if_ready(invoice: Invoice) -> _Target:
    if invoice.state is InvoiceState.DRAFT:
        return _Target(None, "", wait=f"{invoice.id} is a draft until it is finalized")
    if invoice.payment_in_flight:
        return _Target(None, "", wait=f"a payment of {invoice.id} is under way")
    by = "names the contract" if invoice.names else "is the only one for the service month"
    return _Target(invoice, f"{invoice.id} {by}; {invoice.creditable} of it can be credited")


def _against(asked: _Asked, customer: BilledCustomer, invoice: Invoice, says: str) -> PaymentPlan:
    """A note as far as the invoice can take it, and the remainder."""
    ratio = _tax_ratio(asked, invoice)
    if ratio is None:
        proposal = "Make it by hand, with the tax of what failed" if invoice.mixed_tax else _BY_HAND
        return asked.plan(says=[says], ask=_why_no_ratio(asked, invoice), proposal=proposal)
    owed = _Worth(asked.rest, _stepped(asked.rest.minor * ratio, asked.rest.currency))
    useless = _why_useless(asked, customer)
    limit, because = _limit(invoice, useless if _onto_balance(asked) else "")
    worth = _cut(owed, limit, ratio)
    if not worth.amount.minor:
        return _remainder(asked, customer, owed, useless, says=[says, because])
    note = asked.part(Channel.CREDIT_NOTE, customer.id, worth, invoice=invoice.id)
    told = [says, str(note)]
    if worth == owed:
        return asked.plan(note, says=told)
    left = replace(asked, rest=asked.rest - worth.amount, number=asked.number + 1)
    plan = _remainder(left, customer, owed.less(worth), useless, says=[*told, because])
    return replace(plan, parts=(note, *plan.parts))


def _onto_balance(asked: _Asked) -> bool:
    return asked.payout is Payout.CUSTOMER_BALANCE


def _limit(invoice: Invoice, useless: str) -> tuple[Money, str]:
    """The most that a note may be made out for, and why.

    Where nothing on the balance can be used, a note may only lower what is still to be paid.
    """
    if useless and invoice.remaining.minor < invoice.creditable.minor:
        return invoice.remaining, f"only the {invoice.remaining} still to be paid can be lowered"
    return invoice.creditable, f"no more than {invoice.creditable} of {invoice.id} can be credited"


def _tax_ratio(asked: _Asked, invoice: Invoice) -> Fraction | None:
    """What is paid with tax for each 1 of the obligation; None when the invoice cannot tell."""
    if asked.tax is TaxBasis.GROSS:
        return Fraction(1)
    before_tax = invoice.total.minor - invoice.tax.minor
    if invoice.mixed_tax or not 0 < before_tax <= invoice.total.minor:
        return None
    return Fraction(invoice.total.minor, before_tax)


def _why_no_ratio(asked: _Asked, invoice: Invoice) -> str:
    if invoice.mixed_tax:
        return (
            f"tax comes on top of {asked.rest}, and the lines of {invoice.id} are taxed "
            "differently, so nobody can say how much"
        )
    return f"{invoice.tax} tax of {invoice.total} on {invoice.id} tells nothing of the credit's"


def _stepped(exact_minor: Fraction, currency: Currency) -> Money:
    return round_to_payable(exact_minor, currency).money


def _cut(owed: _Worth, limit: Money, ratio: Fraction) -> _Worth:
    """As much of what is owed as fits a limit with its tax, in whole smallest steps."""
    if owed.total.minor <= limit.minor:
        return owed
    currency = owed.amount.currency
    down = round_to_payable(Fraction(max(limit.minor, 0)), currency, rounding=Rounding.DOWN).money
    before_tax = round_to_payable(down.minor / ratio, currency, rounding=Rounding.DOWN).money
    most = owed.amount.minor - currency.payable_step_minor
    amount = Money(min(before_tax.minor, most), currency)
    return _Worth(amount, down) if amount.minor else _Worth(amount, amount)


def _remainder(
    asked: _Asked, customer: BilledCustomer, owed: _Worth, useless: str, *, says: Sequence[str]
) -> PaymentPlan:
    """What no note can take: onto the balance, or a question."""
    if not _onto_balance(asked):
        words = asked.payout.value.replace("_", " ")
        ask = f"{owed.total} is left, and the contract pays by {words}, which needs an invoice"
        return asked.plan(says=says, ask=ask, proposal=f"Put {owed.total} onto the balance")
    if useless:
        ask = f"a credit of {owed.total} on the balance of {customer.id} cannot be used: {useless}"
        proposal = f"Refund {owed.total}, or extend the term by its worth"
        return asked.plan(says=says, ask=ask, proposal=proposal)
    entry = asked.part(Channel.BALANCE, customer.id, owed)
    return asked.plan(entry, says=[*says, str(entry)])


def _without_invoice(asked: _Asked, customer: BilledCustomer, says: str) -> PaymentPlan:
    if asked.tax is TaxBasis.NET:
        ask = f"tax comes on top of {asked.rest}, and without an invoice nobody can say how much"
        return asked.plan(says=[says], ask=ask, proposal="Make it by hand, with its tax")
    owed = _Worth(asked.rest, asked.rest)
    return _remainder(asked, customer, owed, _why_useless(asked, customer), says=[says])


def _why_useless(asked: _Asked, customer: BilledCustomer) -> str:
    """Why nothing on the customer's balance would ever be used; "" when it will be."""
    code = asked.rest.currency.code
    if customer.currency not in {"", code}:
        return f"it is in {code}, and the customer is billed in {customer.currency}"
    if not customer.next_invoice:
        return customer.why_no_invoice or "no further invoice is to be expected"
    return ""


def _taken_back(asked: _Asked, customer: BilledCustomer) -> PaymentPlan:
    """An opposite balance entry, for what was put onto the balance and not more."""
    unsettled = [part.key for part in asked.paid if part.key in asked.in_doubt]
    if unsettled:
        return asked.plan(wait=f"{', '.join(unsettled)} must be settled first")
    asked = replace(asked, paid=tuple(p for p in asked.paid if p.key not in asked.waived))
    entries = [p for p in asked.paid if p.channel is Channel.BALANCE and _alike(p, asked, customer)]
    put = _Worth(_sum(entries, asked.rest.currency), _total(entries, asked.rest.currency))
    if put.amount.minor <= 0:
        return asked.plan(ask=_why_not_back(asked), proposal=_how_back(asked))
    useless = _why_useless(asked, customer)
    if useless:
        ask = f"{asked.rest} on the balance of {customer.id} would never be charged: {useless}"
        return asked.plan(ask=ask, proposal="Leave it to the client, or send an invoice")
    taken = _back(put, asked.rest)
    entry = asked.part(Channel.BALANCE, customer.id, taken)
    says = f"{taken.total} onto the balance of {customer.id}, where {put.total} was put"
    plan = asked.plan(entry, says=[says])
    if not plan.left.minor:
        return plan
    return replace(plan, ask=_why_not_back(asked), proposal=_how_back(asked))


def _alike(part: Part, asked: _Asked, customer: BilledCustomer) -> bool:
    return part.customer == customer.id and part.amount.currency == asked.rest.currency


def _back(put: _Worth, rest: Money) -> _Worth:
    """The negative worth that takes back what was put, or as much of it as is asked for."""
    if -rest.minor >= put.amount.minor:
        return put.reversed
    total = _stepped(Fraction(put.total.minor * rest.minor, put.amount.minor), rest.currency)
    return _Worth(rest, total)


def _why_not_back(asked: _Asked) -> str:
    notes = [p for p in asked.paid if p.channel is not Channel.BALANCE]
    ways = ", ".join(f"{p.total} by {p.channel.value.replace('_', ' ')}" for p in notes)
    return f"only what was put onto the balance can be taken back from it{ways and f'; {ways}'}"


def _how_back(asked: _Asked) -> str:
    noted = {p.invoice for p in asked.paid if p.channel is Channel.CREDIT_NOTE}
    invoices = asked.picture.invoices
    still_open = [i.id for i in invoices if i.id in noted and i.state is InvoiceState.OPEN]
    if still_open:
        ids = ", ".join(still_open)
        return f"Void the credit note while {ids} is open, or leave it to the client"
    return "Leave it to the client, or charge it on the next invoice"


def _sum(parts: Iterable[Part], currency: Currency) -> Money:
    return Money(sum(part.amount.minor for part in parts), currency)


def _total(parts: Iterable[Part], currency: Currency) -> Money:
    return Money(sum(part.total.minor for part in parts), currency)
