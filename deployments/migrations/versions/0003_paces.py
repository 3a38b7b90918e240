"""One rate for all processes that ask one vendor."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the moments, and the guard against losing them."""
    op.create_table(
        "pace",
        sa.Column("name", NAME, nullable=False),
        sa.Column("free_at_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace")),
    )
    fact = "its rows are never deleted"
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql(fact)
    else:
        op.execute(
            "CREATE TRIGGER pace_delete BEFORE DELETE ON pace FOR EACH ROW "
            f"BEGIN SELECT RAISE(ABORT, 'pace: {fact}'); END"
        )


def _guard_postgresql(fact: str) -> None:
    for event, each in (("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER pace_{event.lower()} BEFORE {event} ON pace FOR EACH {each} "
            f"EXECUTE FUNCTION makegood_refuse('{fact}')"
        )
