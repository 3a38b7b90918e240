"""Small months for the store's tests: one contract, one credit, one notice."""

from dataclasses import replace

from connectors.store import (
    Approval,
    Arrival,
    ContractChange,
    EffectPlan,
    Evidence,
    NewObligation,
    Observation,
    ShardBatch,
    Store,
    StoredObligation,
    TermsRecord,
    VendorEvent,
    batch_digest,
)
from models.artifacts import Artifact, ArtifactKind, KeptMonth, KeptReading
from models.contract import Role
from models.credit import Obligation, ObligationKind, ObligationState
from models.decision import EntryKind
from models.effect import WORKSPACE
from models.incidents.signal import Condition, Signal
from models.money import Currency, Money

MAY = "2026-05"
ACME = "acme/api"
R0 = "acme/api/2026-05/r0"
R1 = "acme/api/2026-05/r1"


def draft(contract=ACME, *, revision=0, minor=12_345, period=MAY, currency="EUR", reason="first"):
    """A credit of 123.45 EUR, unless said otherwise; withheld when `minor` is None."""
    return Obligation(
        contract=contract,
        period=period,
        revision=revision,
        kind=ObligationKind.CREDIT,
        state=ObligationState.WITHHELD if minor is None else ObligationState.DRAFT,
        amount=None if minor is None else Money(minor, Currency.of(currency)),
        reason=reason,
    )


def superseded(**credit):
    """The first draft in its last state."""
    first = draft(reason="an incident was added", **credit)
    return replace(first, state=ObligationState.SUPERSEDED)


def owed(obligation, *, role=Role.PROVIDER):
    """The obligation as a contract's change brings it."""
    client, service = obligation.contract.split("/")
    return NewObligation(obligation, client, service, role, {"uptime_percent": "99.8978"})


def change(contract=ACME, *, after=None, period=MAY, body=None, superseded=None, **credit):
    """A determination that drafts one credit."""
    return ContractChange(
        contract=contract,
        period=period,
        after=after,
        determined=body or {"uptime_percent": "99.8978"},
        superseded=superseded,
        created=owed(draft(contract, period=period, **credit)),
    )


def shard(*changes, evidence=(), terms=()):
    """A batch of changes with a timeline and one version of terms."""
    return ShardBatch(
        changes=changes,
        evidence=(Evidence.of("api", {"changes": [[0, 1]]}), *evidence),
        terms=(TermsRecord.of({"commitment": "99.9"}), *terms),
    )


def notice(obligation=R0, *, to="kim@acme.example"):
    """The plan of a client's notice."""
    return EffectPlan(
        key=f"{obligation}/notice",
        kind="client_notice",
        contract=ACME,
        period=MAY,
        intent={"to": to},
        obligation=obligation,
    )


def summary():
    """The plan of a month's summary, which hangs on no obligation."""
    return EffectPlan(f"{MAY}/summary", "summary", WORKSPACE, MAY, {"to": "ops@example.com"})


def approval(by="kim", *, batch="b" * 64, identity="os_user", at=1_780_300_800_000):
    """One person's yes to 123.45 EUR."""
    why = "checked against the status page"
    return Approval(batch, "k" * 64, by, identity, "123.45 EUR", why, at)


def vendor_event(name="evt_1", *, kind="credit_note.voided", created_at=1_780_000_000_000, **facts):
    """What a vendor told us."""
    return VendorEvent("stripe", name, kind, created_at, '{"object":"event"}', **facts)


def arrival(name="evt_1", *, source="robot", condition=Condition.DOWN, at=1_780_000_000_000):
    """What a webhook told: the monitor 777 is down, unless said otherwise."""
    signal = Signal(
        source=source, monitor="777", condition=condition, at=at, region="eu", event=name
    )
    return Arrival(source, name, '{"alertType":1}', signal)


def unreadable(name="evt_x", *, source="robot", why="is no JSON"):
    """A body that was kept and is not used."""
    return Arrival(source, name, "<html>", None, why)


def told(name, body=None, *, contract=ACME, period=MAY, kind=EntryKind.CLAIM_MOVED):
    """Something that a person told."""
    return Observation(contract, period, kind, {} if body is None else body, name)


def release_all(store: Store, *, effects=(), period=MAY) -> tuple[StoredObligation, ...]:
    """Release every draft of a period, as a person who looked at them would."""
    drafts = store.obligations(period, states=[ObligationState.DRAFT])
    return store.release(
        [stored.key for stored in drafts],
        shown=batch_digest(drafts),
        by="Kim",
        why="checked against the status page",
        at=1_780_300_800_000,
        effects=effects,
    )


def everything(store: Store):
    """All that a store holds of May, as comparable values."""
    return (
        list(store.entries()),
        store.obligations(MAY),
        store.effects(),
        [store.attempts(effect.key) for effect in store.effects()],
        store.evidence([shard().evidence[0].digest]),
        store.terms([shard().terms[0].digest]),
    )


def kept_month(runs: str = "a" * 64, size: int = 1):
    """What `Store.keep` takes: a reading, one month, and its two artifacts."""
    months = [KeptMonth("checks", "worse_wins", "api", MAY, 1, 900_000, runs, "b" * 64)]
    contents = [
        Artifact(runs, ArtifactKind.RUNS, "api", MAY, bytes(range(256))),
        Artifact("b" * 64, ArtifactKind.MINUTES, "api", MAY, b""),
    ]
    return KeptReading("checks", "worse_wins", {"size": size}), months, contents
