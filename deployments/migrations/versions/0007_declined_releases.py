"""What people declined to release is found without reading the whole log."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OBSERVED = "kind IN ('claim_moved', 'ledger_edited', 'exclusion_seen', 'release_declined')"


def upgrade() -> None:
    """Make the index over these few entries anew, with one more kind."""
    op.drop_index("observed", "log_entry")
    op.create_index(
        "observed",
        "log_entry",
        ["kind", "contract", "sequence"],
        sqlite_where=sa.text(OBSERVED),
        postgresql_where=sa.text(OBSERVED),
    )
