"""Attempts with their keys, approvals, and what vendors tell us unasked."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")

ADDED_TO_ONLY = ("approval", "vendor_event")
NEVER_DELETED = (*ADDED_TO_ONLY, "attempt")


def upgrade() -> None:
    """Give effects their keys' history, tell what is known of old attempts, add the rest."""
    _number_the_keys()
    _create_attempts()
    _tell_old_attempts()
    _create_approvals()
    _create_events()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _number_the_keys() -> None:
    one = sa.text("1")
    op.add_column(
        "effect", sa.Column("generation", sa.Integer(), nullable=False, server_default=one)
    )
    op.add_column("effect", sa.Column("generation_sent_at", sa.BigInteger()))
    # What is planned, or was never attempted, surely reached nobody.
    op.execute(
        "UPDATE effect SET generation_sent_at = sent_at WHERE state <> 'planned' AND attempt > 0"
    )
    op.create_index(op.f("ix_effect_state_kind"), "effect", ["state", "kind"])


def _create_attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("effect", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("after_doubt", sa.Boolean(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("state", NAME),
        sa.Column("answer", sa.Text()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.CheckConstraint(
            "(state IS NULL) = (settled_at IS NULL)",
            name=op.f("ck_attempt_settling_is_recorded"),
        ),
        sa.ForeignKeyConstraint(["effect"], ["effect.key"], name=op.f("fk_attempt_effect")),
        sa.PrimaryKeyConstraint("effect", "number", name=op.f("pk_attempt")),
    )


def _tell_old_attempts() -> None:
    # Version 1 kept the last attempt alone, and when it was settled only if it was done.
    op.execute(
        "INSERT INTO attempt"
        " (effect, number, generation, after_doubt, begun_at, state, answer, settled_at)"
        " SELECT key, attempt, 1, attempt > 1, sent_at,"
        " CASE WHEN state <> 'sending' THEN state END,"
        " CASE WHEN state <> 'sending' THEN outcome END,"
        " CASE WHEN state <> 'sending' THEN coalesce(done_at, sent_at) END"
        " FROM effect WHERE attempt > 0"
    )


def _create_approvals() -> None:
    op.create_table(
        "approval",
        sa.Column("batch", NAME, nullable=False),
        sa.Column("by", NAME, nullable=False),
        sa.Column("identity", NAME, nullable=False),
        sa.Column("obligations", NAME, nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "by", "identity", name=op.f("pk_approval")),
    )


def _create_events() -> None:
    op.create_table(
        "vendor_event",
        sa.Column("vendor", NAME, nullable=False),
        sa.Column("event_id", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("quarantined", sa.Text()),
        sa.PrimaryKeyConstraint("vendor", "event_id", name=op.f("pk_vendor_event")),
    )
    op.create_index(
        op.f("ix_vendor_event_vendor_created_at_event_id"),
        "vendor_event",
        ["vendor", "created_at", "event_id"],
    )


def _guard_sqlite() -> None:
    for table in NEVER_DELETED:
        _sqlite_trigger(table, "DELETE", "its rows are never deleted")
    for table in ADDED_TO_ONLY:
        _sqlite_trigger(table, "UPDATE", "its rows are never changed")
    _sqlite_trigger(
        "attempt", "UPDATE", "a settled one is never changed", when="OLD.state IS NOT NULL"
    )
    _sqlite_trigger(
        "attempt",
        "UPDATE OF effect, number, generation, after_doubt, begun_at",
        "how it began is never changed",
        name="attempt_beginning",
    )


def _sqlite_trigger(table: str, event: str, fact: str, *, when: str = "", name: str = "") -> None:
    name = name or f"{table}_{event.lower()}"
    condition = f"WHEN {when} " if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table}: {fact}'); END"
    )


def _guard_postgresql() -> None:
    for table in NEVER_DELETED:
        _postgresql_trigger(table, "DELETE", "its rows are never deleted")
        _postgresql_trigger(table, "TRUNCATE", "its rows are never deleted", each="STATEMENT")
    for table in ADDED_TO_ONLY:
        _postgresql_trigger(table, "UPDATE", "its rows are never changed")
    _postgresql_trigger(
        "attempt", "UPDATE", "a settled one is never changed", when="OLD.state IS NOT NULL"
    )
    _postgresql_trigger(
        "attempt",
        "UPDATE OF effect, number, generation, after_doubt, begun_at",
        "how it began is never changed",
        name="attempt_beginning",
    )


def _postgresql_trigger(
    table: str, event: str, fact: str, *, each: str = "ROW", when: str = "", name: str = ""
) -> None:
    name = name or f"{table}_{event.lower()}"
    condition = f"WHEN ({when}) " if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} {condition}"
        f"EXECUTE FUNCTION makegood_refuse('{fact}')"
    )
