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
from models.contract import Role
from models.credit import Obligation, ObligationState
from models.decision import LogEntry, canonical, digest_of
from models.effect import EffectState
from models.terms import JsonValue


class MonthLockedError(Retriable):
    """Another run holds the month. Nothing was changed; exit code 3."""

    def __init__(self, period: str, held: str) -> None:
        """Name the month and, as far as it is known, who holds it and since when."""
        super().__init__(
            f"{period}: locked by {held}; one run per month at a time. "
            "Wait until it has ended, then run again; nothing was changed."
        )
        self.period = period
        self.held = held


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
        self.facts = tuple(facts)


class EffectRefusedError(Permanent):
    """An effect cannot go from where it stands to where it should. Nothing was changed."""

    def __init__(self, facts: Sequence[str]) -> None:
        """List every effect that stands in the way."""
        super().__init__("\n".join(facts))
        self.facts = tuple(facts)


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
    """

    plan: EffectPlan
    intent_digest: str
    state: EffectState
    attempt: int
    outcome: JsonValue
    planned_at: int
    sent_at: int | None
    done_at: int | None

    @property
    def key(self) -> str:
        """The key of its plan."""
        return self.plan.key


@dataclass(frozen=True, slots=True)
class Attempt:
    """Leave to act, committed before the act.

    Attributes:
        effect: The effect, in state `sending`, with the intent to carry out.
        may_have_reached: An earlier attempt was cut off: look before you write.
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
        """Release drafts, log it, and plan the effects that follow.

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

    def plan_effects(self, plans: Sequence[EffectPlan]) -> tuple[Effect, ...]:
        """Store effects that are not there yet and answer with what is stored, in order.

        An intent that was stored before stays: a rerun never recomputes it.
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

    def begin(self, keys: Sequence[str]) -> tuple[Attempt, ...]:
        """Note that attempts begin now, before the acts themselves; in the order of the keys.

        Raises:
            EffectRefusedError: One of them is settled, unknown, with a person, or not planned.
        """
        ...

    def finish(self, outcomes: Sequence[EffectOutcome]) -> tuple[Effect, ...]:
        """Note what became of attempts; what is done is logged in its contract's chain.

        Raises:
            EffectRefusedError: An outcome is not of the latest attempt, or cannot follow its state.
        """
        ...

    def entries(
        self, *, contract: str | None = None, period: str | None = None
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
