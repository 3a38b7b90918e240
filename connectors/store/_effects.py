"""Effects and their attempts, inside a transaction that nobody else writes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    Table,
    Update,
    bindparam,
    insert,
    select,
    update,
)

from connectors.store import (
    Attempt,
    Effect,
    EffectOutcome,
    EffectPlan,
    EffectRefusedError,
    PastAttempt,
    Start,
    _facts,
)
from connectors.store._chains import Chains, heads_of, in_portions
from connectors.store._rows import ATTEMPT, EFFECT, attempt_of, effect_of, effect_row
from models.decision import EntryKind, canonical
from models.effect import (
    MAY_BE_RESOLVED,
    MAY_BECOME,
    MAY_BEGIN,
    MAY_BEGIN_AFTER_A_LOOK,
    RESOLUTIONS,
    EffectState,
)
from models.terms import JsonValue

Query = Select[Any]

LOGGED = {
    EffectState.DONE: EntryKind.EFFECT_DONE,
    EffectState.REFUSED: EntryKind.EFFECT_REFUSED,
    EffectState.UNKNOWN: EntryKind.EFFECT_UNKNOWN,
    EffectState.PERSON: EntryKind.EFFECT_FOR_A_PERSON,
}
"""What the log is told of; that nothing happened stands with the attempts alone."""

KEY: BindParameter[str] = bindparam("its_key")


def narrowed(query: Query, table: Table, keys: Sequence[str] | None) -> Iterator[Query]:
    """The query for these keys, in portions; None does not narrow."""
    if keys is None:
        yield query
        return
    for portion in in_portions(dict.fromkeys(keys)):
        yield query.where(table.c.key.in_(portion))


def effects_under(connection: Connection, keys: Sequence[str]) -> dict[str, Effect]:
    """The effects that there are under these keys."""
    found = {}
    for query in narrowed(select(EFFECT), EFFECT, keys):
        for row in connection.execute(query).mappings():
            found[row["key"]] = effect_of(row)
    return found


def plan(
    connection: Connection, plans: Sequence[EffectPlan], now: int, *, together: bool = False
) -> None:
    """Store the plans that are not there yet; the first under a key stays.

    See `connectors.store.Store.plan_effects` for what belongs together.
    """
    # Nobody else writes in this transaction: what is absent now stays absent until we insert.
    known = effects_under(connection, [plan.key for plan in plans])
    taken = {plan.obligation for plan in plans if together and plan.key in known}
    new = {
        plan.key: effect_row(plan, now)
        for plan in plans
        if plan.key not in known and plan.obligation not in taken
    }
    if new:
        connection.execute(insert(EFFECT), list(new.values()))


def begin(connection: Connection, starts: Sequence[str | Start], now: int) -> tuple[Attempt, ...]:
    """See `connectors.store.Store.begin`."""
    wanted = [start if isinstance(start, Start) else Start(start) for start in starts]
    keys = [start.key for start in wanted]
    before = effects_under(connection, keys)
    _refuse_beginning(wanted, before, now)
    _note_beginning(connection, [_begun(before[s.key], s, now) for s in wanted])
    after = effects_under(connection, keys)
    return tuple(Attempt(after[key], may_have_reached=_in_doubt(before[key])) for key in keys)


def finish(
    connection: Connection, outcomes: Sequence[EffectOutcome], now: int
) -> tuple[Effect, ...]:
    """See `connectors.store.Store.finish`."""
    keys = [outcome.key for outcome in outcomes]
    before = effects_under(connection, keys)
    _refuse_finishing(outcomes, before)
    if outcomes:
        _settle(connection, outcomes, now)
        _forget_what_did_nothing(connection, outcomes)
    after = effects_under(connection, keys)
    _log(connection, [after[key] for key in keys], now)
    return tuple(after[key] for key in keys)


def resolve(
    connection: Connection, key: str, *, as_: EffectState, by: str, why: str, now: int
) -> Effect:
    """See `connectors.store.Store.resolve`."""
    if as_ not in RESOLUTIONS or not by.strip() or not why.strip():
        message = f"{key}: resolved as done, refused or planned, by somebody, for a reason"
        raise ValueError(message)
    effect = effects_under(connection, [key]).get(key)
    if effect is None or effect.state not in MAY_BE_RESOLVED:
        stands = f"is {effect.state.value}" if effect else "was never planned"
        raise EffectRefusedError([f"{key}: {stands}; a person resolves what is unknown or asked"])
    outcome = {"before": effect.outcome, "resolved": as_.value, "by": by, "why": why}
    connection.execute(_settling(), [_settled(key, as_, outcome, now)])
    resolved = effects_under(connection, [key])[key]
    chains = Chains(heads_of(connection, [effect.plan.contract]), recorded_at=now)
    body = _facts.effect_resolved(resolved, by=by, why=why)
    chains.append(effect.plan.contract, effect.plan.period, EntryKind.EFFECT_RESOLVED, body)
    chains.write(connection)
    return resolved


def attempts(connection: Connection, key: str) -> tuple[PastAttempt, ...]:
    """See `connectors.store.Store.attempts`."""
    query = select(ATTEMPT).where(ATTEMPT.c.effect == key).order_by(ATTEMPT.c.number)
    return tuple(attempt_of(row) for row in connection.execute(query).mappings())


def _in_doubt(effect: Effect) -> bool:
    return effect.generation_sent_at is not None


def _refuse_beginning(starts: Sequence[Start], standing: Mapping[str, Effect], now: int) -> None:
    refused = [fact for s in starts if (fact := _not_beginnable(s, standing.get(s.key), now))]
    if len({start.key for start in starts}) != len(starts):
        refused.append("a key is named twice")
    if refused:
        raise EffectRefusedError(refused)


def _not_beginnable(start: Start, effect: Effect | None, now: int) -> str:
    if effect is None:
        return f"{start.key}: was never planned"
    if effect.state not in (MAY_BEGIN_AFTER_A_LOOK if start.may_repeat else MAY_BEGIN):
        return (
            f"{start.key}: is {effect.state.value}; an attempt begins from planned or sending, "
            "or from unknown when a look found nothing"
        )
    if start.seen not in {None, effect.attempt}:
        return f"{start.key}: {effect.attempt} attempts have begun, not {start.seen}; read it again"
    return _wrong_key(start, effect, now)


def _wrong_key(start: Start, effect: Effect, now: int) -> str:
    first, forgets = effect.generation_sent_at, start.forgets_keys_after_ms
    forgotten = first is not None and forgets is not None and now - first >= forgets
    if start.new_key and not (forgotten and start.may_repeat):
        return f"{start.key}: a new key is for what was looked for, when the old one is forgotten"
    if forgotten and not start.new_key:
        return f"{start.key}: the far side may have forgotten its key; it is not sent again"
    return ""


def _begun(effect: Effect, start: Start, now: int) -> dict[str, object]:
    first = effect.generation_sent_at
    return {
        "its_key": effect.key,
        "its_attempt": effect.attempt + 1,
        "its_generation": effect.generation + int(start.new_key),
        "its_sent_at": now,
        "its_first": now if first is None or start.new_key else first,
        "its_doubt": _in_doubt(effect),
    }


def _note_beginning(connection: Connection, begun: Sequence[Mapping[str, object]]) -> None:
    if not begun:
        return
    connection.execute(
        update(EFFECT)
        .where(EFFECT.c.key == KEY)
        .values(
            state=EffectState.SENDING.value,
            attempt=bindparam("its_attempt"),
            generation=bindparam("its_generation"),
            generation_sent_at=bindparam("its_first"),
            sent_at=bindparam("its_sent_at"),
        ),
        begun,
    )
    connection.execute(
        insert(ATTEMPT),
        [
            {
                "effect": row["its_key"],
                "number": row["its_attempt"],
                "generation": row["its_generation"],
                "after_doubt": row["its_doubt"],
                "begun_at": row["its_sent_at"],
            }
            for row in begun
        ],
    )


def _refuse_finishing(outcomes: Sequence[EffectOutcome], standing: Mapping[str, Effect]) -> None:
    refused = [fact for o in outcomes if (fact := _not_finishable(o, standing.get(o.key)))]
    if refused:
        raise EffectRefusedError(refused)


def _not_finishable(outcome: EffectOutcome, effect: Effect | None) -> str:
    if effect is None:
        return f"{outcome.key}: was never planned"
    if outcome.attempt != effect.attempt:
        return f"{outcome.key}: attempt {outcome.attempt} is over, {effect.attempt} is the latest"
    if outcome.state not in MAY_BECOME[effect.state]:
        return f"{outcome.key}: is {effect.state.value}, it cannot become {outcome.state.value}"
    return ""


def _settle(connection: Connection, outcomes: Sequence[EffectOutcome], now: int) -> None:
    settled = [_settled(o.key, o.state, o.outcome, now) for o in outcomes]
    connection.execute(_settling(), settled)
    # What was found or asked after an attempt was settled is told by the effect and the log.
    connection.execute(
        update(ATTEMPT)
        .where(ATTEMPT.c.effect == KEY, ATTEMPT.c.number == bindparam("its_attempt"))
        .where(ATTEMPT.c.state.is_(None))
        .values(state=bindparam("its_state"), answer=bindparam("its_outcome"), settled_at=now),
        [
            {
                "its_key": outcome.key,
                "its_attempt": outcome.attempt,
                "its_state": row["its_state"],
                "its_outcome": row["its_outcome"],
            }
            for outcome, row in zip(outcomes, settled, strict=True)
        ],
    )


def _settling() -> Update:
    return (
        update(EFFECT)
        .where(EFFECT.c.key == KEY)
        .values(
            state=bindparam("its_state"),
            outcome=bindparam("its_outcome"),
            done_at=bindparam("its_done_at"),
        )
    )


def _settled(key: str, state: EffectState, outcome: JsonValue, now: int) -> dict[str, object]:
    return {
        "its_key": key,
        "its_state": state.value,
        "its_outcome": None if outcome is None else canonical(outcome),
        "its_done_at": now if state is EffectState.DONE else None,
    }


def _forget_what_did_nothing(connection: Connection, outcomes: Sequence[EffectOutcome]) -> None:
    # No earlier attempt was in doubt and this one did nothing: it was never sent.
    undone = [o.key for o in outcomes if o.state is EffectState.PLANNED]
    latest = (
        select(ATTEMPT.c.effect)
        .where(ATTEMPT.c.effect == EFFECT.c.key, ATTEMPT.c.number == EFFECT.c.attempt)
        .where(ATTEMPT.c.after_doubt.is_(False), ATTEMPT.c.state == EffectState.PLANNED.value)
    )
    for portion in in_portions(undone):
        connection.execute(
            update(EFFECT)
            .where(EFFECT.c.key.in_(portion), latest.exists())
            .values(generation_sent_at=None)
        )


def _log(connection: Connection, settled: Sequence[Effect], now: int) -> None:
    told = [effect for effect in settled if effect.state in LOGGED]
    chains = Chains(heads_of(connection, {e.plan.contract for e in told}), recorded_at=now)
    for effect in told:
        body = _facts.effect_settled(effect)
        chains.append(effect.plan.contract, effect.plan.period, LOGGED[effect.state], body)
    chains.write(connection)
