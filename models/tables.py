"""The tables, and nothing else: what the database keeps between two runs.

Amounts are minor units, instants are milliseconds since the epoch UTC, and documents are canonical
JSON as text, so that digests are the same on every database. No column is a float. The log, the
evidence, the terms, the approvals and the vendors' events are only ever added to; the migrations
hold the triggers that see to it.
"""

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

NAME = String().with_variant(String(collation="C"), "postgresql")
"""Keys and words: compared and sorted by code point on every database, as Python does."""

OPEN = text("state IN ('draft', 'withheld')")
"""What holds for an obligation that a later revision may supersede."""

OBSERVED = text(
    "kind IN ('claim_moved', 'ledger_edited', 'exclusion_seen', 'release_declined', "
    "'incident_moved')"
)
"""What holds for a log entry that people or vendors told, or that we saw: few among many."""


class Row(SQLModel):
    """What all tables share: constraints with predictable names."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class LogEntryRow(Row, table=True):
    """One link of one contract's chain, see `models.decision.LogEntry`. Append-only."""

    __tablename__ = "log_entry"
    __table_args__ = (
        CheckConstraint("sequence >= 0", name="counted_from_zero"),
        Index(None, "period", "contract", "kind"),
        Index(
            "observed",
            "kind",
            "contract",
            "sequence",
            sqlite_where=OBSERVED,
            postgresql_where=OBSERVED,
        ),
    )

    contract: str = Field(primary_key=True, sa_type=NAME)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    period: str = Field(sa_type=NAME)
    kind: str = Field(sa_type=NAME)
    body: str = Field(sa_type=Text)
    recorded_at: int = Field(sa_type=BigInteger)
    previous: str = Field(sa_type=NAME)
    digest: str = Field(sa_type=NAME)


class ObligationRow(Row, table=True):
    """One revision of what a contract's month owes, see `models.credit.Obligation`.

    Never deleted; never changed once released. `ledger` holds the facts that rows and messages
    need, as canonical JSON; `decision` is the digest of the log entry that determined it.
    """

    __tablename__ = "obligation"
    __table_args__ = (
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        CheckConstraint(
            "(state = 'released') = (released_at IS NOT NULL)", name="release_is_recorded"
        ),
        Index(None, "contract", "period", "revision", unique=True),
        Index(None, "period", "client"),
        Index(
            "one_open_obligation",
            "contract",
            "period",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )

    key: str = Field(primary_key=True, sa_type=NAME)
    contract: str = Field(sa_type=NAME)
    client: str = Field(sa_type=NAME)
    service: str = Field(sa_type=NAME)
    role: str = Field(sa_type=NAME)
    period: str = Field(sa_type=NAME)
    revision: int
    kind: str = Field(sa_type=NAME)
    state: str = Field(sa_type=NAME)
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, sa_type=NAME)
    reason: str = Field(sa_type=Text)
    ledger: str = Field(sa_type=Text)
    decision: str = Field(sa_type=NAME)
    released_by: str | None = Field(default=None, sa_type=NAME)
    released_at: int | None = Field(default=None, sa_type=BigInteger)
    released_why: str | None = Field(default=None, sa_type=Text)


class EvidenceRow(Row, table=True):
    """A compact timeline under the digest of its content. Append-only."""

    __tablename__ = "evidence"

    digest: str = Field(primary_key=True, sa_type=NAME)
    monitor: str = Field(sa_type=NAME)
    body: str = Field(sa_type=Text)


class TermsRow(Row, table=True):
    """One version of a contract's terms under the digest of its content. Append-only."""

    __tablename__ = "terms"

    digest: str = Field(primary_key=True, sa_type=NAME)
    body: str = Field(sa_type=Text)


class EffectRow(Row, table=True):
    """One change in the outside world: planned, attempted, settled. Its intent never changes.

    `generation` numbers the idempotency keys that it was sent under; `generation_sent_at` is when
    the first attempt under the present one began that may have reached the far side, and NULL as
    long as surely none did.
    """

    __tablename__ = "effect"
    __table_args__ = (Index(None, "period", "state"), Index(None, "state", "kind"))

    key: str = Field(primary_key=True, sa_type=NAME)
    kind: str = Field(sa_type=NAME)
    contract: str = Field(sa_type=NAME)
    period: str = Field(sa_type=NAME)
    obligation: str | None = Field(
        default=None, foreign_key="obligation.key", index=True, sa_type=NAME
    )
    state: str = Field(sa_type=NAME)
    attempt: int
    intent: str = Field(sa_type=Text)
    intent_digest: str = Field(sa_type=NAME)
    outcome: str | None = Field(default=None, sa_type=Text)
    planned_at: int = Field(sa_type=BigInteger)
    sent_at: int | None = Field(default=None, sa_type=BigInteger)
    done_at: int | None = Field(default=None, sa_type=BigInteger)
    generation: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    generation_sent_at: int | None = Field(default=None, sa_type=BigInteger)


class AttemptRow(Row, table=True):
    """One attempt of an effect. Added when it begins, completed once, never changed after that.

    An attempt without a state was cut off: nobody knows what it did. `after_doubt` says that an
    earlier one may have reached the far side already when it began.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("(state IS NULL) = (settled_at IS NULL)", name="settling_is_recorded"),
    )

    effect: str = Field(primary_key=True, foreign_key="effect.key", sa_type=NAME)
    number: int = Field(primary_key=True)
    generation: int
    after_doubt: bool
    begun_at: int = Field(sa_type=BigInteger)
    state: str | None = Field(default=None, sa_type=NAME)
    answer: str | None = Field(default=None, sa_type=Text)
    settled_at: int | None = Field(default=None, sa_type=BigInteger)


class ApprovalRow(Row, table=True):
    """One person's yes to a batch exactly as it was shown. Append-only.

    `batch` is the digest of what was shown, `obligations` that of the keys alone; `identity` says
    what the name rests on.
    """

    __tablename__ = "approval"

    batch: str = Field(primary_key=True, sa_type=NAME)
    by: str = Field(primary_key=True, sa_type=NAME)
    identity: str = Field(primary_key=True, sa_type=NAME)
    obligations: str = Field(sa_type=NAME)
    amount: str = Field(sa_type=Text)
    why: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)


class VendorEventRow(Row, table=True):
    """What a vendor told us unasked, under its own id, as its first delivery said it. Append-only.

    `quarantined` says why it cannot be used, and is NULL when it can.
    """

    __tablename__ = "vendor_event"
    __table_args__ = (Index(None, "vendor", "created_at", "event_id"),)

    vendor: str = Field(primary_key=True, sa_type=NAME)
    event_id: str = Field(primary_key=True, sa_type=NAME)
    kind: str = Field(sa_type=NAME)
    created_at: int = Field(sa_type=BigInteger)
    received_at: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    digest: str = Field(sa_type=NAME)
    quarantined: str | None = Field(default=None, sa_type=Text)


class SignalRow(Row, table=True):
    """One event of a monitor as a webhook told it, or a body that could not be read. Append-only.

    `number` rises in the order in which the rows became visible. `quarantined` says why a body is
    not used, and is NULL when it is; then `monitor`, `condition` and `at` say what it told.
    """

    __tablename__ = "signal"
    __table_args__ = (
        CheckConstraint("(quarantined IS NULL) = (monitor IS NOT NULL)", name="told_or_kept_apart"),
        Index(None, "source", "event_id", unique=True),
    )

    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    source: str = Field(sa_type=NAME)
    event_id: str = Field(sa_type=NAME)
    monitor: str | None = Field(default=None, sa_type=NAME)
    region: str | None = Field(default=None, sa_type=NAME)
    condition: str | None = Field(default=None, sa_type=NAME)
    at: int | None = Field(default=None, sa_type=BigInteger)
    duration_ms: int | None = Field(default=None, sa_type=BigInteger)
    event: str | None = Field(default=None, sa_type=NAME)
    received_at: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    quarantined: str | None = Field(default=None, sa_type=Text)


class GuardRow(Row, table=True):
    """What the guard of a service remembers, and up to which signal it has heard.

    It can be told again from the signals; `version` rises with each change, so that two guards of
    one service cannot both go on from the same point.
    """

    __tablename__ = "guard"

    service: str = Field(primary_key=True, sa_type=NAME)
    version: int = Field(sa_type=BigInteger)
    heard: int = Field(sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    kept_at: int = Field(sa_type=BigInteger)


class PaceRow(Row, table=True):
    """The next moment at which somebody may ask a vendor, over all processes of the database.

    In microseconds since the epoch, by the database's clock. `seen_at_us` is that clock as it was
    when the row was last written: a clock that is set back is noticed by it.
    """

    __tablename__ = "pace"

    name: str = Field(primary_key=True, sa_type=NAME)
    free_at_us: int = Field(sa_type=BigInteger)
    seen_at_us: int = Field(sa_type=BigInteger)


class ArtifactRow(Row, table=True):
    """A monitor's month under the digest of its content, see `models.artifacts`. Append-only."""

    __tablename__ = "artifact"

    digest: str = Field(primary_key=True, sa_type=NAME)
    kind: str = Field(sa_type=NAME)
    monitor: str = Field(sa_type=NAME)
    month: str = Field(sa_type=NAME)
    body: bytes = Field(sa_type=LargeBinary)


class KeptReadingRow(Row, table=True):
    """What a source's files were, each time that they were found changed. Append-only."""

    __tablename__ = "kept_reading"

    source: str = Field(primary_key=True, sa_type=NAME)
    rule: str = Field(primary_key=True, sa_type=NAME)
    number: int = Field(primary_key=True)
    body: str = Field(sa_type=Text)
    read_at: int = Field(sa_type=BigInteger)


class KeptMonthRow(Row, table=True):
    """Which artifacts are a monitor's month, version by version. Append-only.

    `reading` is the number of the reading that found it so.
    """

    __tablename__ = "kept_month"

    source: str = Field(primary_key=True, sa_type=NAME)
    rule: str = Field(primary_key=True, sa_type=NAME)
    monitor: str = Field(primary_key=True, sa_type=NAME)
    month: str = Field(primary_key=True, sa_type=NAME)
    version: int = Field(primary_key=True)
    floor_ms: int = Field(sa_type=BigInteger)
    runs: str = Field(foreign_key="artifact.digest", sa_type=NAME)
    minutes: str = Field(foreign_key="artifact.digest", sa_type=NAME)
    reading: int
