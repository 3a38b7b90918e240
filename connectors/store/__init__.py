"""The store's promise: what a month's run remembers, and how it survives being killed.

A run takes the month lock, reads the history of a shard of contracts, decides (elsewhere), and
records the whole shard in one transaction; releases and effects follow, each in one transaction.
What crosses this border are frozen values; no table, session or connection leaves the role. The
store never decides an amount and never repeats an effect by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from connectors.errors import Permanent, Retriable
from models.artifacts import Artifact, KeptMonth, KeptReading
from models.contract import Role
from models.credit import Obligation, ObligationState
from models.decision import EntryKind, LogEntry, canonical, digest_of
from models.effect import EffectState
from models.incidents.signal import Heard, Signal
from models.terms import JsonValue


class HeldError(Retriable):
    """Somebody else holds a lock. Nothing was changed."""

    def __init__(self, name: str, held: str, message: str = "") -> None:
        """Name the lock and, as far as it is known, who holds it and since when."""
        super().__init__(
            message
            or f"{name}: held by {held}; one at a time may have it. "
            "Wait until it is free, then run again; nothing was changed."
        )
        self.name = name
        self.held = held


class MonthLockedError(HeldError):
    """Another run holds the month. Nothing was changed; exit code 3."""

    def __init__(self, period: str, held: str) -> None:
        """Name the month and, as far as it is known, who holds it and since when."""
        message = (
            f"{period}: locked by {held}; one run per month at a time. "
            "Wait until it has ended, then run again; nothing was changed."
        )
        super().__init__(period, held, message)
        self.period = period


class ChainMovedError(Retriable):
    """Somebody else recorded something for these contracts meanwhile. Nothing was written."""

    def __init__(self, contracts: Sequence[str]) -> None:
        """Name the contracts whose history is not what the caller read."""
        named = ", ".join(contracts[:5]) + (" ..." if contracts[5:] else "")
        super().__init__(
            f"{named}: the decision log has moved on since it was read; "
            "an entry must follow the last one. Run again; nothing of this shard was written."
        )
        self.contracts = tuple(contracts)


class ReleaseRefusedError(Permanent):
    """What was to be released is not what was shown. Nothing was released."""

    def __init__(self, facts: Sequence[str]) -> None:
        """List every difference."""
        super().__init__(
            "\n".join(facts) + "\nNothing was released. Look at the month again, then release it."
        )
        self.differences = tuple(facts)


class EffectRefusedError(Permanent):
    """An effect cannot go from where it stands to where it should. Nothing was changed."""

    def __init__(self, facts: Sequence[str]) -> None:
        """List every effect that stands in the way."""
        super().__init__("\n".join(facts))
        self.differences = tuple(facts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One compact timeline, stored once under the digest of its content.

    Attributes:
        digest: SHA-256 of the text.
        monitor: The monitor that it tells of.
        text: Canonical JSON.
    """

    digest: str
    monitor: str
    text: str

    @classmethod
    def of(cls, monitor: str, body: JsonValue) -> Self:
        """The evidence with this content."""
        text = canonical(body)
        return cls(hashlib.sha256(text.encode()).hexdigest(), monitor, text)


@dataclass(frozen=True, slots=True)
class TermsRecord:
    """One contract version, stored once under its digest: canonical JSON as text."""

    digest: str
    text: str

    @classmethod
    def of(cls, record: JsonValue) -> Self:
        """The stored form of `ContractVersion.record`; the digest is the version's own."""
        text = canonical(record)
        return cls(hashlib.sha256(text.encode()).hexdigest(), text)


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """One effect with its frozen parameters, to be stored before anything is attempted.

    Attributes:
        key: Deterministic and unique, such as `acme/api/2026-05/r0/notice`.
        kind: What it does, such as `client_notice`.
        contract: The chain that records it: `client/service`, or `models.effect.WORKSPACE`.
        period: `2026-05`.
        intent: Channel, target and exact parameters.
        obligation: Key of the obligation that it hangs on; None for a month's own effects.
    """

    key: str
    kind: str
    contract: str
    period: str
    intent: JsonValue
    obligation: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """A stored effect.

    Attributes:
        plan: What was planned first under its key; it never changes.
        intent_digest: Digest of the plan's intent.
        state: Where it stands.
        attempt: How many attempts began, 0 before the first.
        outcome: What the last attempt brought; None before.
        planned_at: Instant by the database's clock.
        sent_at: When the last attempt began.
        done_at: When it was recorded as done.
        generation: The number of the idempotency key that it is sent under, from 1.
        generation_sent_at: When the first attempt under this key began that may have reached the
            far side; None as long as surely no attempt ever did.
    """

    plan: EffectPlan
    intent_digest: str
    state: EffectState
    attempt: int
    outcome: JsonValue
    planned_at: int
    sent_at: int | None
    done_at: int | None
    generation: int = 1
    generation_sent_at: int | None = None

    @property
    def key(self) -> str:
        """The key of its plan."""
        return self.plan.key


@dataclass(frozen=True, slots=True)
class Start:
    """What an attempt is begun on, checked again in the transaction that begins it.

    Attributes:
        key: The effect's key.
        seen: How many attempts the caller has read of; any other number by then is refused. None
            does not ask.
        may_repeat: The caller has looked since, under the writer's lock, and nothing is there; or
            a repeat does no harm. An effect that is unknown may begin too.
        forgets_keys_after_ms: How long the far side surely recognises the idempotency key; None
            when that does not matter. Repeating an older key is refused.
        new_key: Begin the next generation, with a key of its own; refused unless it may be repeated
            and the present key is that old, by the database's clock.
    """

    key: str
    seen: int | None = None
    may_repeat: bool = False
    forgets_keys_after_ms: int | None = None
    new_key: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Leave to act, committed before the act.

    Attributes:
        effect: The effect, in state `sending`, with the intent to carry out.
        may_have_reached: An earlier attempt may have arrived: look before you write.
    """

    effect: Effect
    may_have_reached: bool


@dataclass(frozen=True, slots=True)
class EffectOutcome:
    """What became of an attempt.

    Attributes:
        key: The effect's key.
        attempt: The number of the attempt that is reported; an older one is refused.
        state: What it is settled as; `planned` when it is certain that nothing happened.
        outcome: The far side's answer, as facts.
    """

    key: str
    attempt: int
    state: EffectState
    outcome: JsonValue = None


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One attempt as it is kept for ever.

    Attributes:
        number: From 1.
        generation: The number of the idempotency key that it was sent under.
        begun_at: When it began, by the database's clock.
        state: What it was settled as; None when it was cut off, or still runs.
        answer: The far side's answer, as facts.
        settled_at: When it was settled.
    """

    number: int
    generation: int
    begun_at: int
    state: EffectState | None
    answer: JsonValue
    settled_at: int | None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to a batch exactly as it was shown.

    Attributes:
        batch: `batch_digest` of what was shown.
        obligations: `digest_of` the obligations' keys, rising.
        by: Who approves.
        identity: What the name rests on, such as `os_user`, `token` or `free_text`.
        amount: What was shown in sum, such as `123.45 EUR, 900 JPY`.
        why: The reason that is kept.
        at: Instant of the yes, by the caller's clock.
    """

    batch: str
    obligations: str
    by: str
    identity: str
    amount: str
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """What a vendor told us unasked.

    Attributes:
        vendor: Such as `stripe`.
        id: The vendor's own id of the event; a second delivery has the same.
        kind: The vendor's name for what happened.
        created_at: When it happened, by the vendor.
        body: The text exactly as it was delivered, its signature verified.
        quarantined: Why it cannot be used; "" when it can.
        received_at: When it was stored, by the database's clock; 0 before.
    """

    vendor: str
    id: str
    kind: str
    created_at: int
    body: str
    quarantined: str = ""
    received_at: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What a person or a vendor told about a contract's period.

    Attributes:
        contract: `client/service`.
        period: `2026-05`.
        kind: One of `models.decision.OBSERVED`.
        body: The facts, canonical JSON; they may not hold an `id` of their own.
        id: Names what was told, so that telling it again records nothing; unique in its contract,
            period and kind.
    """

    contract: str
    period: str
    kind: EntryKind
    body: JsonValue
    id: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of a webhook, or a body that is none.

    Attributes:
        source: The workspace's id of whoever sent it.
        id: What a second delivery has as well; unique in its source.
        body: The text that it was read from.
        signal: What it tells; None when it cannot be used.
        quarantined: Why it cannot be used; "" when it can.
    """

    source: str
    id: str
    body: str
    signal: Signal | None = None
    quarantined: str = ""

    def __post_init__(self) -> None:
        """Refuse to exist as both, or as neither."""
        if (self.signal is None) != bool(self.quarantined):
            message = f"{self.source}: an arrival tells something, or says why it does not"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A body that was kept and is not used.

    Attributes:
        number: Its place among all that arrived.
        source: Who sent it.
        why: Why it is not used.
        body: The text.
        received_at: When it was stored, by the database's clock.
    """

    number: int
    source: str
    why: str
    body: str
    received_at: int


@dataclass(frozen=True, slots=True)
class KeptGuard:
    """What the guard of a service remembers.

    Attributes:
        service: Id of the service.
        version: Rises with each change; 0 before the first.
        heard: Number of the last event that it has heard.
        body: Its memory, canonical JSON.
    """

    service: str
    version: int
    heard: int
    body: JsonValue


class GuardMovedError(Retriable):
    """Somebody else has guarded this service meanwhile. Nothing was written."""

    def __init__(self, service: str) -> None:
        """Name the service."""
        super().__init__(
            f"{service}: has been guarded by another run meanwhile. Run again; nothing was written."
        )
        self.service = service


@dataclass(frozen=True, slots=True)
class NewObligation:
    """An obligation to be stored.

    Attributes:
        obligation: As `models.credit.revise` made it: a draft, or withheld.
        client: Id of the other side.
        service: Id of the service.
        role: Who owes it.
        ledger: The facts that ledger rows and messages need.
    """

    obligation: Obligation
    client: str
    service: str
    role: Role
    ledger: JsonValue


@dataclass(frozen=True, slots=True)
class Release:
    """Who released an obligation, when (instant by the caller's clock), and why."""

    by: str
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class StoredObligation:
    """An obligation as it stands.

    Attributes:
        obligation: The revision with its state.
        client: Id of the other side.
        service: Id of the service.
        role: Who owes it.
        ledger: The facts that ledger rows and messages need.
        decision: Digest of the log entry that determined it.
        release: Who let it go; None while nobody did.
    """

    obligation: Obligation
    client: str
    service: str
    role: Role
    ledger: JsonValue
    decision: str
    release: Release | None

    @property
    def key(self) -> str:
        """`acme/api/2026-05/r0`."""
        return self.obligation.key


@dataclass(frozen=True, slots=True)
class ContractHistory:
    """What is already known of one contract and period.

    Attributes:
        contract: `client/service`.
        head: Sequence and digest of the contract's last entry, of any period; None when new.
        determined: The period's latest `determined` entry; None when there is none.
        obligations: The period's obligations, rising by revision.
    """

    contract: str
    head: tuple[int, str] | None
    determined: LogEntry | None
    obligations: tuple[StoredObligation, ...]


@dataclass(frozen=True, slots=True)
class ContractChange:
    """What one new determination changes for one contract and period.

    The store writes the log entries in this order: determined, superseded, drafted.

    Attributes:
        contract: `client/service`.
        period: `2026-05`.
        after: The head that the caller read.
        determined: Body of the new `determined` entry.
        superseded: The open obligation in its new state; None when there is none.
        created: The new obligation; None when nothing is owed.
        effects: Effects to plan with it.
    """

    contract: str
    period: str
    after: tuple[int, str] | None
    determined: JsonValue
    superseded: Obligation | None = None
    created: NewObligation | None = None
    effects: tuple[EffectPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class ShardBatch:
    """Everything that one shard changes: recorded as a whole or not at all.

    Attributes:
        changes: At most one per contract.
        evidence: Timelines that the changes refer to; known ones are skipped.
        terms: Contract versions that the changes refer to; known ones are skipped.
    """

    changes: tuple[ContractChange, ...]
    evidence: tuple[Evidence, ...] = ()
    terms: tuple[TermsRecord, ...] = ()


class Store(Protocol):
    """What a month's run remembers.

    Every method that writes is one transaction: all of it happened, or nothing. All of them raise
    `connectors.errors.Retriable` when the database cannot be reached or stays busy.
    """

    def month_lock(self, period: str, *, holder: str) -> AbstractContextManager[None]:
        """Hold a period alone, whatever the scope of the run, until the block ends.

        A crash releases it at once.

        Args:
            period: `2026-05`.
            holder: Who is running, for the message that others see.

        Raises:
            MonthLockedError: Another run holds it.
        """
        ...

    def hold(
        self, name: str, *, holder: str, wait_seconds: int = 0
    ) -> AbstractContextManager[None]:
        """Hold a name alone, against threads, runs and hosts, until the block ends.

        A crash releases it at once.

        Args:
            name: Anything, such as `stripe/cus_9s6XKzkNRiz8i3`.
            holder: Who is at it, for the message that others see.
            wait_seconds: How long to wait for another holder at most.

        Raises:
            HeldError: Another one holds it.
            Retriable: At the end of the block: the lock was lost meanwhile.
        """
        ...

    def now(self) -> int:
        """The present instant by the database's clock."""
        ...

    def turns(self, name: str, *, gap_us: int, count: int = 1) -> int:
        """Take the next moments at which somebody may act under a name; no two takers share one.

        All processes and hosts over one database keep one rate by its clock: the moments are
        `gap_us` apart from each other and from everybody else's. Whoever asks often takes as many
        at once as it will use within a fraction of a second; what it leaves unused is lost.

        Args:
            name: Whom it is about, such as `notion/secret's digest`; a secret itself never.
            gap_us: Microseconds from one moment to the next.
            count: How many moments, at least one.

        Returns:
            How many microseconds the first one is away, counted from this answer; 0 when it is now.

        Raises:
            ValueError: Count or gap is too small.
        """
        ...

    def hold_off(self, name: str, *, us: int) -> None:
        """Let nobody take a moment under this name within so many microseconds from now.

        For a vendor that names a time to be left alone, however long. It makes nothing sooner, and
        what was taken before stays taken.

        Raises:
            ValueError: The time is negative.
        """
        ...

    def history(self, contracts: Sequence[str], period: str) -> Mapping[str, ContractHistory]:
        """What is known of each of these contracts for a period; every one has an answer."""
        ...

    def record(self, batch: ShardBatch) -> None:
        """Append a shard's decisions, and with them evidence, terms, obligations and plans.

        Raises:
            ChainMovedError: A history is not the one that the caller read.
            ValueError: The batch contradicts itself.
        """
        ...

    def obligations(
        self,
        period: str | None,
        *,
        clients: Sequence[str] | None = None,
        states: Sequence[ObligationState] | None = None,
        role: Role | None = None,
    ) -> tuple[StoredObligation, ...]:
        """The obligations, rising by contract, period and revision; None does not narrow."""
        ...

    def release(
        self,
        keys: Sequence[str],
        *,
        shown: str,
        by: str,
        why: str,
        at: int,
        effects: Sequence[EffectPlan] = (),
    ) -> tuple[StoredObligation, ...]:
        """Release drafts, log it with everybody who approved it, and plan what follows.

        Args:
            keys: The obligations.
            shown: `batch_digest` of the obligations as the person saw them.
            by: Who releases.
            why: The reason that is kept.
            at: Instant of the decision, by the caller's clock.
            effects: What is to be done now, such as the notices.

        Returns:
            The obligations as they stand now, in the order of the keys.

        Raises:
            ReleaseRefusedError: One of them is not a draft, or not what was shown.
        """
        ...

    def plan_effects(
        self, plans: Sequence[EffectPlan], *, together: bool = False
    ) -> tuple[Effect, ...]:
        """Store effects that are not there yet and answer with what is stored, in order.

        An intent that was stored before stays: a rerun never recomputes it.

        Args:
            plans: The effects.
            together: What hangs on one obligation belongs together, such as the parts of a payment:
                where one of its keys is taken already, somebody else has planned it meanwhile, and
                none of its others is stored; those are absent from the answer.
        """
        ...

    def effects(
        self,
        *,
        period: str | None = None,
        states: Sequence[EffectState] | None = None,
        keys: Sequence[str] | None = None,
    ) -> tuple[Effect, ...]:
        """The effects, rising by key; None does not narrow."""
        ...

    def effect_keys(
        self,
        *,
        period: str | None = None,
        kinds: Sequence[str] | None = None,
        states: Sequence[EffectState] | None = None,
    ) -> Iterator[str]:
        """The keys of effects, streamed and rising, however many there are; None does not narrow.

        Each page is a read of its own: what changes meanwhile may be in it or not.
        """
        ...

    def begin(self, starts: Sequence[str | Start]) -> tuple[Attempt, ...]:
        """Note that attempts begin now, before the acts themselves; in the order of the starts.

        A bare key asks for nothing but an effect that may begin. All begin, or none.

        Raises:
            EffectRefusedError: One of them is settled, with a person, or was never planned; or is
                not what its start relies on.
        """
        ...

    def finish(self, outcomes: Sequence[EffectOutcome]) -> tuple[Effect, ...]:
        """Note what became of attempts; unless nothing happened, its contract's chain logs it.

        `planned` says that this attempt surely did nothing; an earlier one that may have reached
        the far side stays in doubt.

        Raises:
            EffectRefusedError: An outcome is not of the latest attempt, or cannot follow its state.
        """
        ...

    def resolve(self, key: str, *, as_: EffectState, by: str, why: str) -> Effect:
        """Note how an effect ended, as a person has found out.

        Args:
            key: The effect, unknown or with a person.
            as_: `done`: it is there; `refused`: it is not, and shall not be; `planned`: it is not,
                and is to be done (a far side that can be asked is still looked at first).
            by: Who says so.
            why: What it rests on.

        Raises:
            EffectRefusedError: Nobody is asked about this effect.
            ValueError: `as_` is none of the three, or nothing is said in `by` or `why`.
        """
        ...

    def attempts(self, key: str) -> tuple[PastAttempt, ...]:
        """Every attempt of an effect, rising; what is settled never changes again."""
        ...

    def approve(self, approval: Approval) -> tuple[Approval, ...]:
        """Keep a person's yes; answer with all that were given to the same batch.

        A second yes by the same person on the same grounds changes nothing.
        """
        ...

    def approvals(self, batch: str) -> tuple[Approval, ...]:
        """Every yes that was given to a batch, rising by instant and person."""
        ...

    def store_event(self, event: VendorEvent) -> bool:
        """Keep what a vendor told; False when it was known, in which case the first stays."""
        ...

    def events(
        self, vendor: str, *, kinds: Sequence[str] | None = None, since: int | None = None
    ) -> Iterator[VendorEvent]:
        """A vendor's events, streamed, rising by when they happened; None does not narrow.

        Args:
            vendor: Such as `stripe`.
            kinds: The vendor's names.
            since: Those that happened at this instant or later.
        """
        ...

    def hear(self, arrivals: Sequence[Arrival]) -> tuple[bool, ...]:
        """Store what webhooks told, all of it or nothing; whether each of them is new.

        What is known already is not stored again. Events become visible in the order of their
        numbers, whoever else stores some at the same moment. It waits for no other writing.
        """
        ...

    def heard(self, sources: Sequence[str], *, after: int) -> Iterator[Heard]:
        """The usable events of some sources after a number, streamed and rising."""
        ...

    def quarantined(self, *, most: int = 100) -> tuple[Quarantined, ...]:
        """What arrived and cannot be used, the latest first."""
        ...

    def guard(self, service: str) -> KeptGuard | None:
        """What the guard of a service remembers; None before it was kept."""
        ...

    def keep_guard(self, kept: KeptGuard, observations: Sequence[Observation] = ()) -> None:
        """Keep what a guard remembers, and log what it decided, in one transaction.

        Args:
            kept: The memory, with the version that was read; the next one is kept.
            observations: What was decided; see `observe`.

        Raises:
            GuardMovedError: Another version stands.
            ValueError: As `observe`.
        """
        ...

    def observe(self, observations: Sequence[Observation]) -> tuple[LogEntry, ...]:
        """Append what was told to the contracts' chains; what is known already is not told again.

        Returns:
            The entry of each, in the order given; of a known id the one that was recorded first,
            whatever is told now. Its body is the observation's, with its `id`.

        Raises:
            ValueError: A kind is none that can be observed, an id is empty, or a body is no mapping
                or has an `id`.
        """
        ...

    def observed(
        self,
        kind: EntryKind,
        *,
        periods: Sequence[str] | None = None,
        contracts: Sequence[str] | None = None,
    ) -> Iterator[LogEntry]:
        """What was told, streamed, rising by contract and sequence; None does not narrow."""
        ...

    def entries(
        self,
        *,
        contract: str | None = None,
        period: str | None = None,
        kinds: Sequence[EntryKind] | None = None,
    ) -> Iterator[LogEntry]:
        """The log, streamed, rising by contract and sequence; None does not narrow.

        A body that is no longer what the store wrote is answered as a body that fails its digest.

        Raises:
            Permanent: An entry was changed so that it cannot even be read.
        """
        ...

    def evidence(self, digests: Iterable[str]) -> Mapping[str, Evidence]:
        """The evidence under these digests; what is not stored is absent."""
        ...

    def keep(
        self, read: KeptReading, months: Sequence[KeptMonth], contents: Sequence[Artifact]
    ) -> tuple[KeptMonth, ...]:
        """Keep what a source's files came to, in one transaction.

        A month whose artifacts are those of its latest version is no new version. Artifacts are
        written once, and nothing is ever replaced.

        Args:
            read: What was read.
            months: What was found of each monitor and month; their versions are ignored.
            contents: The artifacts that the months name.

        Returns:
            The new versions.
        """
        ...

    def kept_reading(self, source: str, rule: str) -> KeptReading | None:
        """The latest kept reading of a source under a rule about conflicts; None without one."""
        ...

    def kept_months(self, source: str, rule: str) -> tuple[KeptMonth, ...]:
        """The latest version of every kept month of a source, by monitor and month."""
        ...

    def artifacts(self, digests: Iterable[str]) -> Mapping[str, Artifact]:
        """The artifacts under these digests; what is not stored is absent."""
        ...

    def terms(self, digests: Iterable[str]) -> Mapping[str, JsonValue]:
        """The contract versions under these digests; what is not stored is absent."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...


def batch_digest(obligations: Iterable[StoredObligation]) -> str:
    """What a person saw before releasing, as one digest; the order does not matter.

    It covers key, state, amount, currency and the decision behind each obligation.
    """
    return digest_of(sorted(_shown(stored) for stored in obligations))


def _shown(stored: StoredObligation) -> list[str]:
    amount = stored.obligation.amount
    return [stored.key, stored.obligation.state.value, str(amount or ""), stored.decision]
