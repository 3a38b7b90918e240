"""The first tables, and the triggers that keep the record from being changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
OPEN = sa.text("state IN ('draft', 'withheld')")

ADDED_TO_ONLY = ("log_entry", "evidence", "terms")
NEVER_DELETED = (*ADDED_TO_ONLY, "obligation", "effect")


def upgrade() -> None:
    """Create what `models/tables.py` describes, then the triggers."""
    _create_log()
    _create_content()
    _create_obligations()
    _create_effects()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_log() -> None:
    op.create_table(
        "log_entry",
        sa.Column("contract", NAME, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("period", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("previous", NAME, nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_log_entry_counted_from_zero")),
        sa.PrimaryKeyConstraint("contract", "sequence", name=op.f("pk_log_entry")),
    )
    op.create_index(
        op.f("ix_log_entry_period_contract_kind"), "log_entry", ["period", "contract", "kind"]
    )


def _create_content() -> None:
    op.create_table(
        "evidence",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("monitor", NAME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_evidence")),
    )
    op.create_table(
        "terms",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_terms")),
    )


def _create_obligations() -> None:
    op.create_table(
        "obligation",
        sa.Column("key", NAME, nullable=False),
        sa.Column("contract", NAME, nullable=False),
        sa.Column("client", NAME, nullable=False),
        sa.Column("service", NAME, nullable=False),
        sa.Column("role", NAME, nullable=False),
        sa.Column("period", NAME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("amount_minor", sa.BigInteger()),
        sa.Column("currency", NAME),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("decision", NAME, nullable=False),
        sa.Column("released_by", NAME),
        sa.Column("released_at", sa.BigInteger()),
        sa.Column("released_why", sa.Text()),
        sa.CheckConstraint(
            "(amount_minor IS NULL) = (currency IS NULL)",
            name=op.f("ck_obligation_amount_has_currency"),
        ),
        sa.CheckConstraint(
            "(state = 'released') = (released_at IS NOT NULL)",
            name=op.f("ck_obligation_release_is_recorded"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_obligation")),
    )
    _index("obligation", "contract", "period", "revision", unique=True)
    _index("obligation", "period", "client")
    op.create_index(
        "one_open_obligation",
        "obligation",
        ["contract", "period"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _create_effects() -> None:
    op.create_table(
        "effect",
        sa.Column("key", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("contract", NAME, nullable=False),
        sa.Column("period", NAME, nullable=False),
        sa.Column("obligation", NAME),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("intent_digest", NAME, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("done_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["obligation"], ["obligation.key"], name=op.f("fk_effect_obligation")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    _index("effect", "obligation")
    _index("effect", "period", "state")


def _index(table: str, *columns: str, unique: bool = False) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=unique)


def _guard_sqlite() -> None:
    for table in NEVER_DELETED:
        _sqlite_trigger(table, "DELETE", "its rows are never deleted")
    for table in ADDED_TO_ONLY:
        _sqlite_trigger(table, "UPDATE", "its rows are never changed")
    _sqlite_trigger(
        "obligation", "UPDATE", "a released one is never changed", when="OLD.state = 'released'"
    )
    _sqlite_trigger(
        "effect",
        "UPDATE OF key, kind, contract, period, obligation, intent, intent_digest",
        "what was planned is never changed",
    )


def _sqlite_trigger(table: str, event: str, fact: str, *, when: str = "") -> None:
    name = f"{table}_{event.split(maxsplit=1)[0].lower()}"
    condition = f"WHEN {when} " if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table}: {fact}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION makegood_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0]; END $$"
    )
    for table in NEVER_DELETED:
        _postgresql_trigger(table, "DELETE", "its rows are never deleted", rows=True)
        _postgresql_trigger(table, "TRUNCATE", "its rows are never deleted", rows=False)
    for table in ADDED_TO_ONLY:
        _postgresql_trigger(table, "UPDATE", "its rows are never changed", rows=True)
    _postgresql_trigger(
        "obligation",
        "UPDATE",
        "a released one is never changed",
        rows=True,
        when="OLD.state = 'released'",
    )
    _postgresql_trigger(
        "effect",
        "UPDATE OF key, kind, contract, period, obligation, intent, intent_digest",
        "what was planned is never changed",
        rows=True,
    )


def _postgresql_trigger(table: str, event: str, fact: str, *, rows: bool, when: str = "") -> None:
    name = f"{table}_{event.split(maxsplit=1)[0].lower()}"
    each = "ROW" if rows else "STATEMENT"
    condition = f"WHEN ({when}) " if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} {condition}"
        f"EXECUTE FUNCTION makegood_refuse('{fact}')"
    )
