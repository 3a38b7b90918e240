"""What webhooks told, what the guard remembers, and what was said about incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")

OBSERVED = (
    "kind IN ('claim_moved', 'ledger_edited', 'exclusion_seen', 'release_declined', "
    "'incident_moved')"
)
DELETED, CHANGED = "its rows are never deleted", "its rows are never changed"


def upgrade() -> None:
    """Add the two tables, guard them, and find incidents' moves fast."""
    _create_signals()
    op.create_table(
        "guard",
        sa.Column("service", NAME, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_guard")),
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    guard = _guard_postgresql if postgresql else _guard_sqlite
    guard("signal", {"DELETE": DELETED, "TRUNCATE": DELETED, "UPDATE": CHANGED})
    guard("guard", {"DELETE": DELETED, "TRUNCATE": DELETED})
    op.drop_index("observed", "log_entry")
    op.create_index(
        "observed",
        "log_entry",
        ["kind", "contract", "sequence"],
        sqlite_where=sa.text(OBSERVED),
        postgresql_where=sa.text(OBSERVED),
    )


def _create_signals() -> None:
    op.create_table(
        "signal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("event_id", NAME, nullable=False),
        sa.Column("monitor", NAME, nullable=True),
        sa.Column("region", NAME, nullable=True),
        sa.Column("condition", NAME, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("event", NAME, nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("quarantined", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(quarantined IS NULL) = (monitor IS NOT NULL)",
            name=op.f("ck_signal_told_or_kept_apart"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_signal")),
    )
    op.create_index(
        op.f("ix_signal_source_event_id"), "signal", ["source", "event_id"], unique=True
    )


def _guard_sqlite(table: str, facts: dict[str, str]) -> None:
    for event, fact in facts.items():
        if event != "TRUNCATE":
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH ROW "
                f"BEGIN SELECT RAISE(ABORT, '{table}: {fact}'); END"
            )


def _guard_postgresql(table: str, facts: dict[str, str]) -> None:
    for event, fact in facts.items():
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH {each} "
            f"EXECUTE FUNCTION makegood_refuse('{fact}')"
        )
