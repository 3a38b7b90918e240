"""Monitors' months as artifacts, kept once the raw checks are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")

TABLES = ("artifact", "kept_reading", "kept_month")
DELETED, CHANGED = "its rows are never deleted", "its rows are never changed"


def upgrade() -> None:
    """Add artifacts, their index and the readings behind it, and the guards."""
    _create_artifacts()
    _create_readings()
    _create_months()
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in TABLES:
        if postgresql:
            _guard_postgresql(table)
        else:
            _guard_sqlite(table)


def _create_artifacts() -> None:
    op.create_table(
        "artifact",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("monitor", NAME, nullable=False),
        sa.Column("month", NAME, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_artifact")),
    )


def _create_readings() -> None:
    op.create_table(
        "kept_reading",
        sa.Column("source", NAME, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "rule", "number", name=op.f("pk_kept_reading")),
    )


def _create_months() -> None:
    key = ("source", "rule", "monitor", "month", "version")
    op.create_table(
        "kept_month",
        *(sa.Column(name, NAME, nullable=False) for name in key[:-1]),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("floor_ms", sa.BigInteger(), nullable=False),
        sa.Column("runs", NAME, nullable=False),
        sa.Column("minutes", NAME, nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["runs"], ["artifact.digest"], name=op.f("fk_kept_month_runs")),
        sa.ForeignKeyConstraint(
            ["minutes"], ["artifact.digest"], name=op.f("fk_kept_month_minutes")
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_kept_month")),
    )


def _guard_sqlite(table: str) -> None:
    for event, fact in (("DELETE", DELETED), ("UPDATE", CHANGED)):
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH ROW "
            f"BEGIN SELECT RAISE(ABORT, '{table}: {fact}'); END"
        )


def _guard_postgresql(table: str) -> None:
    guards = (("DELETE", "ROW", DELETED), ("TRUNCATE", "STATEMENT", DELETED))
    for event, each, fact in (*guards, ("UPDATE", "ROW", CHANGED)):
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH {each} "
            f"EXECUTE FUNCTION makegood_refuse('{fact}')"
        )
