"""Paying what was released: picture, plan, preview, intent, and then the engine.

Each released credit that no live part pays is planned against what the vendor knows now; the
parts' exact parameters are committed before anything is sent, and `flows.effects` makes each of
them once. What no rule decides is left with a person, what cannot be done yet waits for the next
run. Everything goes on from the store, wherever it was cut off. No amount is decided here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice

from connectors.billing import Billing, BillingQuery, FoundState, PartIntent
from connectors.errors import Permanent, PersonNeeded, Retriable
from connectors.store import Effect, EffectOutcome, EffectPlan, StoredObligation
from flows.binding import PAYMENT, refuse_another_account
from flows.correcting import CORRECTION, is_resolved, outcome_of, returned_of, take_up
from flows.effects import AT_ONCE, Settlement, settle
from flows.log import note
from flows.office import Office
from flows.pacing import Limits
from models.contract import ContractVersion, Payout, Role
from models.credit import ObligationKind, ObligationState
from models.effect import MAY_BEGIN, OPEN_STATES, Abilities, EffectState, Match
from models.money import Money
from models.payment import Channel, Part, PaymentPlan, journal_plan, plan_payment
from models.period import ServiceMonth
from models.returned import Correction
from models.terms import JsonValue

WAVE = 50
"""Obligations that are planned and then paid together, while the next ones are planned. While the
last of them are paid only the limit of one endpoint is used, so they are few."""

PLANNERS = 2
"""For each of several writers: a plan takes about ten requests in a row, and paying it one."""

MOST_REFUSALS = 3
"""After so many refused parts of one obligation a person is asked; their "again" begins anew."""

MOST_LOST = 20
"""After so many plans in a row for which it did not answer, the vendor is gone: the rest waits."""

MOST_PREVIEWS = 2
"""How often an obligation is planned anew when the vendor's preview is not what was planned."""

LONGEST_METADATA = 500

SETTLES_WITHIN_MS = 600_000
"""How long a request that was cut off may still be carried out by a vendor: ten times what any of
them gives an answer."""


@dataclass(frozen=True, slots=True)
class BillingSide:
    """A billing connector as the engine sees it."""

    billing: Billing

    @property
    def name(self) -> str:
        """See `FarSide.name`."""
        return self.billing.name

    @property
    def limits(self) -> Limits:
        """See `FarSide.limits`; the connector keeps to its vendor's rate by itself."""
        return Limits(at_once=self.billing.at_once)

    def abilities(self, plan: EffectPlan) -> Abilities:
        """See `FarSide.abilities`. Asking a person again is safe.

        What another billing system may have made nobody can be asked about here.
        """
        if _is_question(plan):
            return Abilities(repeats_are_safe=True)
        disowned = self.billing.disowns(_intent(plan))
        if disowned:
            return Abilities(why_not_asked=disowned)
        return Abilities(
            can_be_asked=self.billing.can_be_asked,
            forgets_keys_after_ms=self.billing.forgets_keys_after_ms,
            settles_within_ms=SETTLES_WITHIN_MS,
        )

    def writer(self, plan: EffectPlan) -> str:
        """See `FarSide.writer`: one for each customer of the vendor."""
        part = _intent(plan).part
        return f"{self.name}/{part.customer or f'{part.channel.value}/{plan.period}'}"

    def hides_refunds(self, plan: EffectPlan) -> bool:
        """See `FarSide.hides_refunds`."""
        part = _intent(plan).part
        return part.channel is Channel.CREDIT_NOTE and part.payout is Payout.REFUND

    def look(self, plan: EffectPlan) -> Sequence[Match]:
        """See `FarSide.look`."""
        return [
            Match(
                id=found.id,
                stands=found.state is FoundState.LIVE,
                gone=found.is_gone,
                differs=found.differs or (() if found.equal else ("is not as was asked",)),
            )
            for found in self.billing.look(_intent(plan))
        ]

    def send(self, plan: EffectPlan, *, idempotency_key: str) -> JsonValue:
        """See `FarSide.send`."""
        if _is_question(plan):
            raise PersonNeeded(_question(_intent(plan)))
        disowned = self.billing.disowns(_intent(plan))
        if disowned:
            message = f"{self.name} {plan.key}: {disowned}. Nothing was sent; it is planned anew."
            raise Permanent(message)
        paid = self.billing.pay(_intent(plan), idempotency_key=idempotency_key)
        return {"id": paid.id, **paid.facts}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one contract's month, as they stand.

    Attributes:
        effects: Their effects, of every revision.
        owed_anew: By a part's key, what came back of its amount and is owed again.
    """

    effects: tuple[Effect, ...] = ()
    owed_anew: Mapping[str, Money] = field(default_factory=dict)

    @property
    def live(self) -> tuple[Part, ...]:
        """Every part with what it pays; not what was refused, planned anew, or owed again."""
        parts = (_part(effect) for effect in self.effects if not _is_dead(effect))
        return tuple(left for part in parts for left in _less(part, self.owed_anew.get(part.key)))

    @property
    def waived(self) -> frozenset[str]:
        """Keys of the parts that a person has said shall not be paid: they move nothing."""
        refused = (effect for effect in self.effects if effect.state is EffectState.REFUSED)
        return frozenset(effect.key for effect in refused if is_resolved(effect))

    @property
    def in_doubt(self) -> frozenset[str]:
        """Keys of the parts whose outcome is not known."""
        settled = {EffectState.DONE, EffectState.REFUSED}
        return frozenset(effect.key for effect in self.effects if effect.state not in settled)

    def refused(self, obligation: str) -> tuple[Effect, ...]:
        """The parts of an obligation that the vendor refused."""
        return tuple(
            effect
            for effect in self.effects
            if effect.plan.obligation == obligation
            and _is_dead(effect)
            and not _is_question(effect.plan)
        )

    def last_answered(self, obligation: str) -> int:
        """The number of the last question that a person has answered with "again"; 0 for none."""
        asked = [e for e in self.effects if e.plan.obligation == obligation and _is_dead(e)]
        return max((_part(e).number for e in asked if _is_question(e.plan)), default=0)

    def next_number(self, obligation: str) -> int:
        """The number of the obligation's next part."""
        numbers = [_part(e).number for e in self.effects if e.plan.obligation == obligation]
        return max(numbers, default=0) + 1


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be done about one obligation: its parts with their parameters, or why it waits.

    Attributes:
        intents: The parts.
        waits: Why it waits, or what the parts leave does; "".
        cut_off: It waits because the vendor could not be asked; a rerun goes on.
    """

    intents: tuple[PartIntent, ...] = ()
    waits: str = ""
    cut_off: bool = False


def pay_released(office: Office, period: str, *, clients: Sequence[str] = ()) -> Settlement:
    """Pay what was released and is not paid, as far as that can be done now.

    The caller holds the month's lock. Running it again goes on where an earlier run ended; what is
    paid, or with a person, is left alone.

    Args:
        office: What the run talks to.
        period: The service month.
        clients: Only these clients' credits; empty for all. Parts that were already planned are
            settled for everybody.

    Raises:
        Misconfigured: Key, permission or mode is wrong; nothing that is not recorded was sent.
        Retriable: The database cannot be reached.
    """
    if office.billing is None:
        return Settlement()
    run = _Paying(office, office.billing, BillingSide(office.billing), Settlement())
    open_ones = office.store.effect_keys(period=period, kinds=[PAYMENT], states=sorted(OPEN_STATES))
    waves, keys = _waves(_released(office, period, clients)), _keys(office, period)
    try:
        refuse_another_account(office.store, office.billing)
    except Retriable as error:
        run.leave(waves, keys, str(error), planned=sum(1 for _ in open_ones))
        return run.count
    run.plan_anew(period)
    run.count.add(take_up(office.store, office.billing, period))
    run.settle(open_ones)
    run.conduct(waves, keys)
    return run.count


def foresee(office: Office, obligations: Sequence[StoredObligation]) -> Mapping[str, PaymentPlan]:
    """How drafts would be paid if they were released now, by their keys. Read-only.

    Nothing in an office that only reads.

    Raises:
        Misconfigured: Key, permission or mode is wrong.
        Retriable: The vendor cannot be asked now.
    """
    billing = office.billing
    if billing is None:
        return {}
    periods = {stored.obligation.period for stored in obligations}
    parts = {period: _parts(office, obligations, _keys(office, period)) for period in periods}

    def _plan_one(stored: StoredObligation) -> PaymentPlan:
        owed = stored.obligation
        known = parts[owed.period][owed.contract]
        try:
            return _plan(office, billing, stored, known)[0]
        except Permanent as error:
            left = _what_is_left(stored, known).parts[0].amount
            return PaymentPlan((), str(error), "", "", (), left)

    with ThreadPoolExecutor(_planners(billing)) as pool:
        plans = list(pool.map(_plan_one, obligations))
    return {stored.key: plan for stored, plan in zip(obligations, plans, strict=True)}


@dataclass(frozen=True, slots=True)
class Question:
    """A part that a person must settle: its key, its amount, and why."""

    part: str
    amount: Money
    why: str


def asked_about(office: Office, period: str) -> tuple[Question, ...]:
    """What people are asked about a month's payments, rising by part."""
    keys = office.store.effect_keys(period=period, kinds=[PAYMENT], states=[EffectState.PERSON])
    found: list[Question] = []
    while page := list(islice(keys, AT_ONCE)):
        found += [
            Question(effect.key, _part(effect).amount, str(effect.outcome["why"]))
            for effect in office.store.effects(keys=page)
        ]
    return tuple(found)


def in_words(count: Settlement) -> str:
    """What became of payments, such as `2 paid, 1 with a person`.

    >>> in_words(Settlement(done=2, person=1))
    '2 paid, 1 with a person'
    """
    words = {
        "paid": count.done,
        "refused": count.refused,
        "with a person": count.person,
        "waiting": count.waiting,
    }
    said = ", ".join(f"{number} {word}" for word, number in words.items() if number)
    return said or "nothing to pay"


Keys = dict[str, list[str]]
"""The keys of a month's payments, by contract."""

Wave = tuple[StoredObligation, ...]
"""Obligations that are planned and paid together, at most one of each client."""


@dataclass(frozen=True, slots=True)
class _Paying:
    """One call of `pay_released`, and the count of what it did."""

    office: Office
    billing: Billing
    side: BillingSide
    count: Settlement

    def settle(self, keys: Iterable[str]) -> None:
        """Let the engine settle these effects."""
        self.count.add(settle(self.office.store, keys, self.side))

    def plan_anew(self, period: str) -> None:
        """Close the questions that a person has answered with "let the program plan it"."""
        store = self.office.store
        keys = store.effect_keys(period=period, kinds=[PAYMENT], states=sorted(MAY_BEGIN))
        while page := list(islice(keys, AT_ONCE)):
            answered = [e.key for e in store.effects(keys=page) if _is_to_be_planned_anew(e)]
            if answered:
                outcome = {"planned_anew": True}
                store.finish(
                    [
                        EffectOutcome(e.effect.key, e.effect.attempt, EffectState.REFUSED, outcome)
                        for e in store.begin(answered)
                    ]
                )

    def conduct(self, waves: Iterator[Wave], keys: Keys) -> None:
        """Pay wave after wave; the next one is planned while this one is sent, if it may be."""
        with ThreadPoolExecutor(_planners(self.billing)) as pool:
            wave, ahead = next(waves, ()), None
            while wave:
                planned, following = ahead or self._drafts(pool, wave, keys), next(waves, ())
                apart = not {s.client for s in wave} & {s.client for s in following}
                # Reading ahead for a client that is being paid would show what is about to change.
                ahead = self._drafts(pool, following, keys) if apart and following else None
                drafts = list(planned)
                if _is_gone(drafts):
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.leave(chain([wave, following], waves), keys, drafts[-1].waits)
                    return
                unpaid = self._pay(wave, drafts, keys)
                while unpaid:
                    unpaid = self._pay(unpaid, self._drafts(pool, unpaid, keys), keys)
                wave = following

    def leave(self, waves: Iterable[Wave], keys: Keys, why: str, *, planned: int = 0) -> None:
        """Count what is not planned of these, beside what is, and say once why all of it waits."""
        left = planned + sum(
            1
            for wave in waves
            for parts in [_parts(self.office, wave, keys)]
            for stored in wave
            if _what_is_left(stored, parts[stored.obligation.contract]).parts
        )
        if not left:
            return
        says = f"{self.side.name}: {left} wait: {why}"
        note(says)
        self.count.add(Settlement(waiting=left, unfinished=left, notes=[says]))

    def _drafts(self, pool: Executor, wave: Wave, keys: Keys) -> Iterator[Draft]:
        parts = _parts(self.office, wave, keys)
        found = [parts[stored.obligation.contract] for stored in wave]
        return pool.map(partial(_drafted, self.office, self.billing), wave, found)

    def _pay(self, wave: Wave, drafts: Iterable[Draft], keys: Keys) -> Wave:
        """Commit and settle; answer with the obligations that need another plan."""
        store, plans = self.office.store, []
        for stored, draft in zip(wave, drafts, strict=True):
            plans += [_effect_plan(stored, intent) for intent in draft.intents]
            if draft.waits:
                self._waits(stored, draft)
        if not plans:
            return ()
        planned = [effect.key for effect in store.plan_effects(plans, together=True)]
        for plan in plans:
            keys[plan.contract].append(plan.key)
        again = self._planned_elsewhere(plans, planned, keys)
        self.settle(planned)
        refused = store.effects(keys=planned, states=[EffectState.REFUSED])
        again |= {effect.plan.obligation for effect in refused}
        return tuple(stored for stored in wave if stored.key in again)

    def _planned_elsewhere(
        self, plans: Sequence[EffectPlan], planned: Sequence[str], keys: Keys
    ) -> set[str | None]:
        """The obligations that another run has planned since these plans were made.

        Both believe that they hold the month: one of them slept, and has lost its lock.
        """
        stored = set(planned)
        lost = {plan.obligation for plan in plans if plan.key not in stored}
        if lost:
            keys.update(_keys(self.office, plans[0].period))
        return lost

    def _waits(self, stored: StoredObligation, draft: Draft) -> None:
        says = f"{stored.key}: waits: {draft.waits}"
        note(says)
        self.count.add(Settlement(waiting=1, unfinished=int(draft.cut_off), notes=[says]))


def _is_gone(drafts: Sequence[Draft]) -> bool:
    """Whether the vendor answered for none of many."""
    asked = [draft for draft in drafts if draft.intents or draft.waits]
    return len(asked) >= MOST_LOST and all(draft.cut_off for draft in asked)


def _planners(billing: Billing) -> int:
    """How many plan at once; for whoever bears only one caller it is one."""
    return billing.at_once if billing.at_once == 1 else PLANNERS * billing.at_once


def _released(
    office: Office, period: str, clients: Sequence[str]
) -> dict[str, deque[StoredObligation]]:
    """The obligations that are to be paid, in a line for each client, rising by revision."""
    lines: dict[str, deque[StoredObligation]] = defaultdict(deque)
    released = office.store.obligations(
        period, clients=list(clients) or None, states=[ObligationState.RELEASED]
    )
    for stored in released:
        if stored.role is Role.PROVIDER:
            lines[stored.client].append(stored)
    return lines


def _waves(lines: dict[str, deque[StoredObligation]]) -> Iterator[Wave]:
    """At most one obligation of each client at a time, so that each sees what the last one did."""
    while lines:
        heads = (line.popleft() for line in list(lines.values()))
        while wave := tuple(islice(heads, WAVE)):
            yield wave
        for client in [client for client, line in lines.items() if not line]:
            del lines[client]


def _keys(office: Office, period: str) -> Keys:
    found: Keys = defaultdict(list)
    for key in office.store.effect_keys(period=period, kinds=[PAYMENT]):
        found[key.rsplit("/", 3)[0]].append(key)
    for key in office.store.effect_keys(period=period, kinds=[CORRECTION]):
        found[key.rsplit("/", 4)[0]].append(key)
    return found


def _parts(
    office: Office, obligations: Sequence[StoredObligation], keys: Keys
) -> Mapping[str, Parts]:
    """The parts of these obligations' contracts, by contract; every one has an answer."""
    contracts = {stored.obligation.contract for stored in obligations}
    wanted = [key for contract in sorted(contracts) for key in keys.get(contract, ())]
    found: dict[str, list[Effect]] = {contract: [] for contract in contracts}
    anew: dict[str, dict[str, Money]] = {contract: {} for contract in contracts}
    for effect in office.store.effects(keys=wanted) if wanted else ():
        contract = effect.plan.contract
        if effect.plan.kind == PAYMENT:
            found[contract].append(effect)
        elif outcome_of(effect) is Correction.PAID_ANEW:
            returned = returned_of(effect)
            anew[contract][returned.part.key] = returned.amount
    return {contract: Parts(tuple(found[contract]), anew[contract]) for contract in contracts}


def _drafted(office: Office, billing: Billing, stored: StoredObligation, parts: Parts) -> Draft:
    """Plan an obligation and preview its parts; what no preview allows, a person gets."""
    left = _what_is_left(stored, parts)
    if not left.parts:
        return Draft((_question_of(stored, left, parts),) if left.ask else ())
    unpaid = _unpaid_before(office, stored, parts)
    if unpaid:
        return Draft(waits=f"takes back what is not paid yet: {', '.join(unpaid)}")
    try:
        against = _why_no_more(billing, stored, parts)
        for _ in range(0 if against else MOST_PREVIEWS):
            try:
                plan, customers = _plan(office, billing, stored, parts)
                _refuse_strangers(billing, stored, customers, parts)
                return _previewed(billing, stored, plan, parts)
            except Permanent as error:
                against = str(error)
    except Retriable as error:
        return Draft(waits=str(error), cut_off=True)
    except Permanent as error:
        # What was refused before cannot be looked for: nobody knows whether to go on.
        against = str(error)
    return Draft((_by_hand(stored, left.parts[0], ask=against, proposal=_LOOK_FIRST),))


_LOOK_FIRST = "Look at the vendor whether it is paid already, and pay it by hand if it is not"


def _what_is_left(stored: StoredObligation, parts: Parts) -> PaymentPlan:
    """What no live part pays, in one part."""
    return journal_plan(
        obligation=stored.obligation,
        payout=Payout(stored.ledger["payout"]),
        paid_parts=parts.live,
        next_number=parts.next_number(stored.key),
    )


def _unpaid_before(office: Office, stored: StoredObligation, parts: Parts) -> Sequence[str]:
    """Released revisions before one that takes back, of which something is still to be paid.

    How they are paid decides whether it can be taken back.
    """
    owed = stored.obligation
    if owed.amount is None or owed.amount.minor >= 0:
        return ()
    history = office.store.history([owed.contract], owed.period)[owed.contract]
    return [
        earlier.key
        for earlier in history.obligations
        if earlier.obligation.revision < owed.revision
        and earlier.obligation.state is ObligationState.RELEASED
        and _what_is_left(earlier, parts).parts
    ]


def _why_no_more(billing: Billing, stored: StoredObligation, parts: Parts) -> str:
    """Why no program should plan this obligation again after what was refused; "" when it may."""
    refused = parts.refused(stored.key)
    # What another billing system was to make was never sent from here.
    ours = [each for each in refused if not billing.disowns(_intent(each.plan))]
    for effect in ours if billing.can_be_asked else ():
        found = [each for each in billing.look(_intent(effect.plan)) if not each.is_gone]
        if found:
            ids = ", ".join(each.id for each in found)
            return f"{effect.key} was refused, and yet there is {ids}"
    since = parts.last_answered(stored.key)
    recent = [effect for effect in refused if _part(effect).number > since]
    if len(recent) < MOST_REFUSALS:
        return ""
    return f"refused {len(recent)} times, at last: {_said(recent[-1])}"


def _plan(
    office: Office, billing: Billing, stored: StoredObligation, parts: Parts
) -> tuple[PaymentPlan, tuple[str, ...]]:
    """How it is paid, and the customers that were looked at; "" where nobody knows customers."""
    if not billing.knows_invoices:
        return _what_is_left(stored, parts), ("",)
    version = _version(office, stored)
    closes = ServiceMonth.parse(stored.obligation.period)
    month = version.credit.period.holding(closes).bounds(version.time_zone)
    query = BillingQuery(
        contract=stored.obligation.contract,
        client=stored.client,
        customer=version.billing.customer or "",
        subscription=version.billing.subscription or "",
        month=month,
        currency=stored.ledger["currency"],
    )
    picture = billing.picture(query)
    plan = plan_payment(
        obligation=stored.obligation,
        payout=Payout(stored.ledger["payout"]),
        tax=version.billing.tax,
        picture=picture,
        month=month,
        paid_parts=parts.live,
        in_doubt=parts.in_doubt,
        waived=parts.waived,
        next_number=parts.next_number(stored.key),
    )
    return plan, tuple(customer.id for customer in picture.customers)


def _refuse_strangers(
    billing: Billing, stored: StoredObligation, customers: Sequence[str], parts: Parts
) -> None:
    """Plan and ask nothing beside a part that is there and that the store knows nothing of.

    Raises:
        Permanent: There is one.
        Retriable: The vendor cannot be asked now.
    """
    known = {effect.key for effect in parts.effects}
    for customer in customers:
        found = billing.parts_of(stored.key, customer=customer)
        strange = [f"{each.id} ({each.key})" for each in found if each.key not in known]
        if strange:
            message = (
                f"{', '.join(strange)} at {customer or billing.name} pays it, and nothing is known "
                "of that here; was the database put back from a copy"
            )
            raise Permanent(message)


def _version(office: Office, stored: StoredObligation) -> ContractVersion:
    """The terms in force in the month, as the workspace has them now: it may have learnt more.

    Raises:
        Permanent: The contract is gone.
    """
    month = ServiceMonth.parse(stored.obligation.period)
    for contract in office.contracts:
        if contract.id == stored.obligation.contract:
            version = contract.in_force(month)
            if version is not None:
                return version
    message = (
        f"{stored.obligation.contract}: is no longer in the workspace for {month}, so nobody can "
        "say where it is billed. Put the contract back, or pay by hand."
    )
    raise Permanent(message)


def _previewed(
    billing: Billing, stored: StoredObligation, plan: PaymentPlan, parts: Parts
) -> Draft:
    """The parameters of a plan's parts, as the vendor's preview bears them out.

    Raises:
        Permanent: A preview is refused, or not what was planned.
        Retriable: The vendor cannot be asked now.
    """
    memo, metadata = _memo(stored), _metadata(stored)
    intents = [billing.prepare(p, memo=memo, metadata=metadata) for p in plan.parts]
    if plan.ask:
        intents.append(_question_of(stored, plan, parts))
    return Draft(tuple(intents), plan.wait)


def _question_of(stored: StoredObligation, plan: PaymentPlan, parts: Parts) -> PartIntent:
    """The question about what a plan leaves, as the part after its last one."""
    part = Part(
        obligation=stored.key,
        number=parts.next_number(stored.key) + len(plan.parts),
        channel=Channel.BY_HAND,
        customer="",
        invoice="",
        amount=plan.left,
        payout=Payout(stored.ledger["payout"]),
    )
    return _by_hand(stored, part, ask=plan.ask, proposal=plan.proposal, reasons=plan.reasons)


def _by_hand(
    stored: StoredObligation,
    part: Part,
    *,
    ask: str,
    proposal: str = "",
    reasons: Sequence[str] = (),
) -> PartIntent:
    asked = {"ask": ask, "proposal": proposal or "Pay it by hand"}
    part = replace(part, channel=Channel.BY_HAND)
    return PartIntent(part, asked, _memo(stored), {"reasons": list(reasons)})


def _question(intent: PartIntent) -> str:
    """What a person reads."""
    asked = intent.parameters
    return (
        f"{intent.part.amount} is not paid: {asked['ask']}. {asked['proposal']}; then answer: done "
        "when it is paid, again when the next run shall plan it anew, refused when it shall not be "
        "paid."
    )


def _memo(stored: StoredObligation) -> str:
    """What the client reads on the document."""
    facts, obligation = stored.ledger, stored.obligation
    uptime = facts["uptime_percent"]
    measured = f": {uptime} % uptime, {facts['commitment_percent']} % promised" if uptime else ""
    kind = "SLA credit" if obligation.kind is ObligationKind.CREDIT else "SLA credit adjustment"
    return f"{kind}, {facts['service_name']}, {obligation.period}{measured}"


def _metadata(stored: StoredObligation) -> Mapping[str, str]:
    obligation = stored.obligation
    found = {
        "makegood_contract": obligation.contract,
        "makegood_month": obligation.period,
        "makegood_obligation": stored.key,
        "makegood_decision": stored.decision,
        "makegood_incidents": _listed(stored.ledger["incidents"]),
    }
    return {name: value for name, value in found.items() if value}


def _listed(names: Sequence[str]) -> str:
    """As many names as metadata holds, and how many more there are.

    >>> _listed(["INC-1", "INC-2"])
    'INC-1, INC-2'
    """
    text = ", ".join(names)
    if len(text) <= LONGEST_METADATA:
        return text
    fitting = text[: LONGEST_METADATA - 30].split(", ")[:-1]
    return f"{', '.join(fitting)} and {len(names) - len(fitting)} more"


def _effect_plan(stored: StoredObligation, intent: PartIntent) -> EffectPlan:
    obligation = stored.obligation
    return EffectPlan(
        key=intent.part.key,
        kind=PAYMENT,
        contract=obligation.contract,
        period=obligation.period,
        intent=intent.record,
        obligation=stored.key,
    )


def _intent(plan: EffectPlan) -> PartIntent:
    return PartIntent.of_record(plan.intent)


def _part(effect: Effect) -> Part:
    return Part.of_record(effect.plan.intent["part"])


def _less(part: Part, owed_anew: Money | None) -> Iterator[Part]:
    """The part with what is left of it; nothing when all of it came back."""
    if owed_anew is None:
        yield part
    elif owed_anew != part.amount:
        yield replace(part, amount=part.amount - owed_anew, with_tax=None)


def _is_question(plan: EffectPlan) -> bool:
    return bool(plan.intent["part"]["channel"] == Channel.BY_HAND)


def _is_dead(effect: Effect) -> bool:
    """Whether it pays nothing and never will, so that its amount may be planned again.

    What a person has resolved as refused shall not be paid: it is settled, not open again.
    """
    return effect.state is EffectState.REFUSED and not is_resolved(effect)


def _is_to_be_planned_anew(effect: Effect) -> bool:
    return _is_question(effect.plan) and is_resolved(effect)


def _said(effect: Effect) -> str:
    outcome = effect.outcome
    return str(outcome.get("error", "")) if isinstance(outcome, Mapping) else ""
