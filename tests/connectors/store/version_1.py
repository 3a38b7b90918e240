"""A database as version 1 left it: its tables, and an effect in every state."""

from alembic import command
from sqlalchemy import create_engine, text

from connectors.store import PastAttempt, Start
from connectors.store._migrations import alembic_config
from connectors.store.sql import open_store
from models.decision import chain_faults
from models.effect import WORKSPACE, EffectState
from tests.connectors.store.makers import ACME, MAY, R0

SENT, DONE = 1_780_000_000_000, 1_780_000_000_500

EFFECTS = {
    "planned": (EffectState.PLANNED, 0, None, None),
    "planned-again": (EffectState.PLANNED, 2, SENT, None),
    "sending": (EffectState.SENDING, 2, SENT, None),
    "done": (EffectState.DONE, 1, SENT, DONE),
    "unknown": (EffectState.UNKNOWN, 1, SENT, None),
    "person": (EffectState.PERSON, 1, SENT, None),
    "refused": (EffectState.REFUSED, 1, SENT, None),
}
"""By name: state, attempts, when the last began, when it was done."""


def brings_version_1_up_to_date(url):
    """Fill a database of version 1, open it, and look at what became of it."""
    fill(url)
    store = open_store(url)
    try:
        looks_as_before(store)
        is_in_doubt_as_before(store)
        goes_on(store)
    finally:
        store.close()


def fill(url):
    """Make the tables of version 1 and a row of every kind, past the store."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        for statement, values in rows():
            connection.execute(text(statement), values)
    engine.dispose()


OBLIGATION = """
  INSERT INTO obligation
    (key, contract, client, service, role, period, revision, kind, state, amount_minor, currency,
     reason, ledger, decision, released_by, released_at, released_why)
  VALUES
    (:key, :contract, 'acme', 'api', 'provider', :period, 0, 'credit', 'released', 12345, 'EUR',
     'first', '{}', 'd', 'Kim', 1, 'checked')
"""
EFFECT = """
  INSERT INTO effect
    (key, kind, contract, period, obligation, state, attempt, intent, intent_digest, outcome,
     planned_at, sent_at, done_at)
  VALUES
    (:key, 'client_notice', :chain, :period, :obligation, :state, :attempt, '{}', 'x', :outcome,
     1, :sent, :done)
"""


def rows():
    """The statements that version 1 would have made."""
    yield OBLIGATION, {"key": R0, "contract": ACME, "period": MAY}
    for name, (state, attempt, sent_at, done_at) in EFFECTS.items():
        values = {
            "key": f"{MAY}/{name}",
            "chain": WORKSPACE,
            "period": MAY,
            "obligation": R0,
            "state": state.value,
            "attempt": attempt,
            "outcome": '{"file":"1.eml"}' if done_at else None,
            "sent": sent_at,
            "done": done_at,
        }
        yield EFFECT, values


def looks_as_before(store):
    """Obligation and effects are what they were."""
    (owed,) = store.obligations(MAY)
    assert (owed.key, owed.release.by) == (R0, "Kim")
    stood = {e.key: (e.state, e.attempt, e.sent_at, e.done_at) for e in store.effects()}
    assert stood == {f"{MAY}/{name}": facts for name, facts in EFFECTS.items()}


def is_in_doubt_as_before(store):
    """Whatever may have been sent has an age; the last attempt is told, as far as it is known."""
    ages = {e.key.removeprefix(f"{MAY}/"): e.generation_sent_at for e in store.effects()}
    assert ages == {
        name: None if state is EffectState.PLANNED else SENT
        for name, (state, *_) in EFFECTS.items()
    }
    assert {effect.generation for effect in store.effects()} == {1}
    told = {name: store.attempts(f"{MAY}/{name}") for name in EFFECTS}
    assert told["planned"] == ()
    assert told["sending"] == (PastAttempt(2, 1, SENT, None, None, None),)
    answer = {"file": "1.eml"}
    assert told["done"] == (PastAttempt(1, 1, SENT, EffectState.DONE, answer, DONE),)
    assert told["unknown"] == (PastAttempt(1, 1, SENT, EffectState.UNKNOWN, None, SENT),)


def goes_on(store):
    """The next attempts follow the old ones, and the old guards still hold."""
    (sending,) = store.begin([f"{MAY}/sending"])
    assert (sending.may_have_reached, sending.effect.attempt) == (True, 3)
    (planned,) = store.begin([Start(f"{MAY}/planned", seen=0)])
    assert not planned.may_have_reached
    resolved = store.resolve(f"{MAY}/person", as_=EffectState.DONE, by="Kim", why="it is there")
    assert resolved.state is EffectState.DONE
    assert chain_faults(list(store.entries(contract=WORKSPACE))) == []
