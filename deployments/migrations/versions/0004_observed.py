"""What people and vendors tell is found without reading the whole log."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OBSERVED = "kind IN ('claim_moved', 'ledger_edited')"


def upgrade() -> None:
    """Add an index over these few entries alone."""
    op.create_index(
        "observed",
        "log_entry",
        ["kind", "contract", "sequence"],
        sqlite_where=sa.text(OBSERVED),
        postgresql_where=sa.text(OBSERVED),
    )
