"""The JSON documents that commands print: the shapes that scripts rely on.

Their JSON Schemas are published under `deployments/schemas/` and are made from these types; a test
keeps both equal and holds every command's real output to them. Seconds are numbers with at most
three decimals; money and percentages are strings; a value that is not known is null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, WithJsonSchema, with_config
from typing_extensions import TypedDict

Seconds = Annotated[
    Decimal | int, WithJsonSchema({"type": "number", "multipleOf": Decimal("0.001")})
]
"""A length of time in seconds, at most three decimals."""

STRICT = ConfigDict(extra="forbid")


@with_config(STRICT)
class RatioDocument(TypedDict):
    """An exact fraction of whole milliseconds, or of whole windows."""

    numerator: int
    denominator: int


@with_config(STRICT)
class OutageDocument(TypedDict):
    """One outage; times in UTC, the whole outage also outside the month."""

    started_at: str
    ended_at: str
    counted_seconds: Seconds
    ignored: str | None


@with_config(STRICT)
class MeasuredMonitorDocument(TypedDict):
    """One monitor's month; the window counts are null when time was measured exactly."""

    monitor: str
    total_windows: int | None
    error_windows: int | None
    excluded_windows: int | None
    unknown_windows: int | None
    month_seconds: Seconds
    down_seconds: Seconds
    excluded_seconds: Seconds
    unknown_seconds: Seconds
    uptime_ratio: RatioDocument | None
    uptime_percent: str | None
    withheld: str | None
    coverage_percent: str
    outages: list[OutageDocument]
    reasons: list[str]


@with_config(STRICT)
class MeasureDocument(TypedDict):
    """The answer of `makegood measure`."""

    month: str
    time_zone: str
    monitors: list[MeasuredMonitorDocument]


@with_config(STRICT)
class StepDocument(TypedDict):
    """One step of a calculation."""

    name: str
    says: str


@with_config(STRICT)
class DetermineDocument(TypedDict):
    """The answer of `makegood determine`."""

    month: str
    uptime_percent: str | None
    breached: bool | None
    tier: str | None
    credit_percent: str | None
    credit_days: str | None
    credit_amount: str | None
    currency: str
    capped: bool
    withheld: str | None
    claim_by: str | None
    steps: list[StepDocument]


@with_config(STRICT)
class OutcomeDocument(TypedDict):
    """What a run found and did for one contract.

    `status` is `credit`, `met`, `withheld` or `unowed` (missed, but nothing is payable).
    """

    contract: str
    client: str
    service: str
    role: str
    status: str
    uptime_percent: str | None
    commitment_percent: str
    breached: bool | None
    tier: str | None
    credit_percent: str | None
    credit_days: str | None
    credit_amount: str | None
    currency: str
    capped: bool
    withheld: str | None
    claim_by: str | None
    obligation: str | None
    change: str


@with_config(STRICT)
class TotalDocument(TypedDict):
    """The credits of one role and currency in a run."""

    role: str
    currency: str
    credits: int
    amount: str


@with_config(STRICT)
class RunDocument(TypedDict):
    """The answer of `makegood run`."""

    month: str
    dry_run: bool
    contracts: list[OutcomeDocument]
    not_in_force: list[str]
    totals: list[TotalDocument]


@with_config(STRICT)
class BackfillDocument(TypedDict):
    """The answer of `makegood backfill`, the oldest month first."""

    months: list[RunDocument]


@with_config(STRICT)
class ReleasedDocument(TypedDict):
    """One obligation that was let go."""

    obligation: str
    client: str
    amount: str
    currency: str


@with_config(STRICT)
class ReleaseDocument(TypedDict):
    """The answer of `makegood release`."""

    month: str
    released: list[ReleasedDocument]
    notices_sent: int


@with_config(STRICT)
class FindingDocument(TypedDict):
    """One finding; `severity` is `error` or `warning`."""

    place: str
    field: str
    fact: str
    expected: str
    remedy: str
    severity: str


@with_config(STRICT)
class CheckDocument(TypedDict):
    """The answer of `makegood check`."""

    contracts: int
    findings: list[FindingDocument]


@with_config(STRICT)
class VerifyDocument(TypedDict):
    """The answer of `makegood verify`."""

    month: str | None
    chains: int
    entries: int
    replayed: int
    faults: list[str]


@with_config(STRICT)
class ObligationDocument(TypedDict):
    """One revision of what a month owes."""

    obligation: str
    kind: str
    state: str
    amount: str | None
    currency: str
    reason: str
    released_by: str | None
    released_at: str | None


@with_config(STRICT)
class ExplainDocument(TypedDict):
    """The answer of `makegood explain`: the latest decision and everything that came of it."""

    contract: str
    month: str
    decided_at: str
    digest: str
    inputs_digest: str
    terms_digest: str
    change: str
    uptime_percent: str | None
    credit_amount: str | None
    currency: str
    measurement: list[str]
    exclusions: list[str]
    steps: list[StepDocument]
    obligations: list[ObligationDocument]
    log: list[str]


@with_config(STRICT)
class DemoDocument(TypedDict):
    """The answer of `makegood demo`."""

    folder: str
    months: list[RunDocument]
    explained: ExplainDocument


@with_config(STRICT)
class LadderDocument(TypedDict):
    """One ladder of the catalog."""

    id: str
    vendor: str
    title: str
    version: str
    seen: str
    source: str
    kind: str
    commitment_percent: str


@with_config(STRICT)
class LaddersDocument(TypedDict):
    """The answer of `makegood ladders list`."""

    ladders: list[LadderDocument]


@with_config(STRICT)
class LadderShowDocument(LadderDocument):
    """The answer of `makegood ladders show`: the ladder with its terms as they are read."""

    notes: list[str]
    terms: dict[str, object]
