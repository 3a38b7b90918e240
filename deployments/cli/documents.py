"""The JSON documents that commands print: the shapes that scripts rely on.

Their JSON Schemas are published under `deployments/schemas/` and are made from these types; a test
keeps both equal and holds every command's real output to them. Seconds are numbers with at most
three decimals; money and percentages are strings; a value that is not known is null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

# Not `multipleOf: 0.001`: a reader that takes numbers for binary floats would refuse 2047.458.
Seconds = Annotated[Decimal | int, WithJsonSchema({"type": "number", "minimum": 0})]
"""A length of time in seconds, at most three decimals."""

Count = Annotated[int, Field(ge=0)]
"""A number of windows, milliseconds or things."""

Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
"""A service month, `2026-05`."""

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
"""A date, `2026-06-30`: the last day, included."""

Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")]
"""An instant in UTC, with milliseconds only where there are any."""

Percent = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
"""A percentage as plain digits."""

UptimePercent = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{6,}$")]
"""A percentage rounded down, with at least six decimals."""

Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""Money in major units, with as many decimals as its currency has."""

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hexadecimal digits."""

RoleWord = Annotated[str, Field(pattern=r"^(provider|customer)$")]
"""Whether we owe the credit, or it is owed to us."""

STRICT = ConfigDict(extra="forbid")


@with_config(STRICT)
class RatioDocument(TypedDict):
    """An exact fraction of whole milliseconds, or of whole windows."""

    numerator: Count
    denominator: Annotated[int, Field(ge=1)]


@with_config(STRICT)
class OutageDocument(TypedDict):
    """One outage; times in UTC, the whole outage also outside the month."""

    started_at: Time
    ended_at: Time
    counted_seconds: Seconds
    ignored: str | None


@with_config(STRICT)
class MeasuredMonitorDocument(TypedDict):
    """One monitor's month; the window counts are null when time was measured exactly."""

    monitor: str
    total_windows: Count | None
    error_windows: Count | None
    excluded_windows: Count | None
    unknown_windows: Count | None
    month_seconds: Seconds
    down_seconds: Seconds
    excluded_seconds: Seconds
    unknown_seconds: Seconds
    uptime_ratio: RatioDocument | None
    uptime_percent: UptimePercent | None
    withheld: str | None
    coverage_percent: UptimePercent
    outages: list[OutageDocument]
    reasons: list[str]


@with_config(STRICT)
class MeasureDocument(TypedDict):
    """The answer of `makegood measure`."""

    month: Month
    time_zone: str
    monitors: list[MeasuredMonitorDocument]


@with_config(STRICT)
class StepDocument(TypedDict):
    """One step of a calculation."""

    name: str
    says: str


@with_config(STRICT)
class DetermineDocument(TypedDict):
    """The answer of `makegood determine`.

    `rights`, `form` and `carried_amount` are there only where the terms have something to say: what
    the period gives beside money, what the credit comes as, what is too small and waits.
    """

    month: Month
    uptime_percent: UptimePercent | None
    breached: bool | None
    tier: str | None
    credit_percent: Percent | None
    credit_days: str | None
    credit_amount: Amount | None
    currency: CurrencyCode
    capped: bool
    withheld: str | None
    claim_by: Day | None
    steps: list[StepDocument]
    rights: NotRequired[list[str]]
    form: NotRequired[str]
    carried_amount: NotRequired[Amount]


@with_config(STRICT)
class OutcomeDocument(TypedDict):
    """What a run found and did for one contract.

    `status` is `credit`, `met`, `withheld` or `unowed` (missed, but nothing is payable).
    """

    contract: str
    client: str
    service: str
    role: RoleWord
    status: Annotated[str, Field(pattern=r"^(credit|met|withheld|unowed)$")]
    uptime_percent: UptimePercent | None
    commitment_percent: Percent
    breached: bool | None
    tier: str | None
    credit_percent: Percent | None
    credit_days: str | None
    credit_amount: Amount | None
    currency: CurrencyCode
    capped: bool
    withheld: str | None
    claim_by: Day | None
    obligation: str | None
    change: str


@with_config(STRICT)
class TotalDocument(TypedDict):
    """The credits of one role and currency in a run."""

    role: RoleWord
    currency: CurrencyCode
    credits: Count
    amount: Amount


@with_config(STRICT)
class QuestionDocument(TypedDict):
    """One part of a credit that a person must settle, and why."""

    part: str
    amount: Amount
    currency: CurrencyCode
    why: str


@with_config(STRICT)
class PaymentsDocument(TypedDict):
    """What became of payments now, and every question about the month's that is open.

    `unfinished` counts those of the waiting ones that the vendor, or another run, kept from being
    done now; then `rerun` says what to do, and the command ends with 3.
    """

    paid: Count
    refused: Count
    waiting: Count
    unfinished: Count
    rerun: str | None
    notes: list[str]
    questions: list[QuestionDocument]


@with_config(STRICT)
class RunDocument(TypedDict):
    """The answer of `makegood run`.

    `released` are the obligations that a rule let go, `questions` what a person must settle beside
    withheld months and payments, `warnings` what the sources found worth a look.
    """

    month: Month
    dry_run: bool
    contracts: list[OutcomeDocument]
    not_in_force: list[str]
    totals: list[TotalDocument]
    released: list[str]
    payments: PaymentsDocument
    questions: list[str]
    warnings: list[str]


@with_config(STRICT)
class BackfillDocument(TypedDict):
    """The answer of `makegood backfill`, the oldest month first."""

    months: list[RunDocument]


@with_config(STRICT)
class ReleasedDocument(TypedDict):
    """One obligation that was let go."""

    obligation: str
    client: str
    amount: Amount
    currency: CurrencyCode


@with_config(STRICT)
class ReleaseDocument(TypedDict):
    """The answer of `makegood release`.

    `needs` says whose agreement is missing, if any is; `questions` are mails that did not go out.
    """

    month: Month
    released: list[ReleasedDocument]
    needs: str | None
    notices_sent: Count
    payments: PaymentsDocument
    questions: list[str]


@with_config(STRICT)
class AnswersDocument(TypedDict):
    """What each answer to a question would do."""

    done: str
    refused: str
    again: str


@with_config(STRICT)
class AskedDocument(TypedDict):
    """One thing that only a person can settle; `alarm` when something is wrong now.

    `state` is `person`, `refused`, or `unknown` while nobody can say what became of it; `since` is
    when the attempt began that left the question.
    """

    key: str
    kind: str
    state: Annotated[str, Field(pattern=r"^(person|unknown|refused)$")]
    month: Month
    amount: Amount | None
    currency: CurrencyCode | None
    since: Time
    why: str
    proposal: str
    alarm: bool
    answers: AnswersDocument


@with_config(STRICT)
class SettledDocument(TypedDict):
    """What was answered now, by whom, and what it rests on."""

    key: str
    answer: Annotated[str, Field(pattern=r"^(done|refused|again)$")]
    by: str
    why: str


@with_config(STRICT)
class SettleDocument(TypedDict):
    """The answer of `makegood settle`: what is asked, and what was answered just now, if anything.

    After an answer `questions` are those of all months that are left.
    """

    month: Month | None
    settled: SettledDocument | None
    questions: list[AskedDocument]


@with_config(STRICT)
class FindingDocument(TypedDict):
    """One finding; `severity` is `error` or `warning`."""

    place: str
    field: str
    fact: str
    expected: str
    remedy: str
    severity: Annotated[str, Field(pattern=r"^(error|warning)$")]


@with_config(STRICT)
class CheckDocument(TypedDict):
    """The answer of `makegood check`."""

    contracts: Count
    findings: list[FindingDocument]


@with_config(STRICT)
class VerifyDocument(TypedDict):
    """The answer of `makegood verify`."""

    month: Month | None
    chains: Count
    entries: Count
    replayed: Count
    faults: list[str]


@with_config(STRICT)
class CheckupAnswerDocument(TypedDict):
    """One question of `makegood doctor` and its answer."""

    about: str
    state: Annotated[str, Field(pattern=r"^(good|look|away|wrong)$")]
    says: str


@with_config(STRICT)
class DoctorDocument(TypedDict):
    """The answer of `makegood doctor`."""

    answers: list[CheckupAnswerDocument]


@with_config(STRICT)
class SettingDocument(TypedDict):
    """One setting; never what it holds."""

    name: str
    says: str
    secret: bool
    secret_block: str | None
    needed: bool
    found: Annotated[str, Field(pattern=r"^(environment|secret block)$")] | None


@with_config(STRICT)
class SettingsDocument(TypedDict):
    """The answer of `makegood settings`."""

    settings: list[SettingDocument]


@with_config(STRICT)
class MigrateDocument(TypedDict):
    """The answer of `makegood migrate`."""

    place: str
    before: str | None
    now: str


class EvidenceDocument(TypedDict):
    """The answer of `makegood evidence`."""

    contract: str
    month: Month
    path: str
    bytes: Count
    sha256: str
    key: str


@with_config(STRICT)
class ObligationDocument(TypedDict):
    """One revision of what a month owes."""

    obligation: str
    kind: Annotated[str, Field(pattern=r"^(credit|adjustment)$")]
    state: Annotated[str, Field(pattern=r"^(draft|withheld|superseded|released)$")]
    amount: Amount | None
    currency: CurrencyCode
    reason: str
    released_by: str | None
    released_at: Time | None


@with_config(STRICT)
class ExclusionEffectDocument(TypedDict):
    """What a month would be without one of its exclusions, or (null) without all of them."""

    exclusion: str | None
    excluded_seconds: Seconds
    spared_seconds: Seconds
    credit_amount_without: Amount | None
    says: str


@with_config(STRICT)
class ExplainDocument(TypedDict):
    """The answer of `makegood explain`: the latest decision and everything that came of it."""

    contract: str
    month: Month
    decided_at: Time
    digest: Digest
    inputs_digest: Digest
    terms_digest: Digest
    change: str
    uptime_percent: UptimePercent | None
    credit_amount: Amount | None
    currency: CurrencyCode
    measurement: list[str]
    bounds: list[str]
    exclusions: list[str]
    exclusion_effects: list[ExclusionEffectDocument]
    steps: list[StepDocument]
    obligations: list[ObligationDocument]
    log: list[str]


@with_config(STRICT)
class SecretDocument(TypedDict):
    """A variable of the environment that a source may look at; never its value."""

    variable: str
    is_set: bool


@with_config(STRICT)
class ProbeDocument(TypedDict):
    """One probe of one monitor; times of the stretch that was asked for, degraded time apart.

    `samples` counts the monitor's rows in all, over its regions; null where they are not told apart
    by monitor. `spacing_seconds` is what the workspace says. `longest_silence_seconds` is null
    where no silence reached 15 minutes, or what contracts ask for where that is shorter.
    """

    monitor: str
    region: str
    signal: Annotated[str, Field(pattern=r"^(external|first_party|synthetic)$")]
    samples: Count | None
    spacing_seconds: Seconds | None
    first_at: Time | None
    last_at: Time | None
    up_seconds: Seconds
    degraded_seconds: Seconds
    down_seconds: Seconds
    unknown_seconds: Seconds
    coverage_percent: UptimePercent
    longest_silence_seconds: Seconds | None
    last_state: Annotated[str, Field(pattern=r"^(up|degraded|down|unknown)$")]


SourceWord = Annotated[str, Field(pattern=r"^(answers|unusable|misconfigured|unreachable)$")]
"""What became of asking a source."""


@with_config(STRICT)
class SourceTrialDocument(TypedDict):
    """One source of evidence; the figures are null where it did not answer."""

    source: str
    kind: str
    place: str | None
    state: SourceWord
    problem: str | None
    secrets: list[SecretDocument]
    rows: Count | None
    duplicates: Count | None
    conflicting_duplicates: Count | None
    unusable_rows: Count | None
    first_at: Time | None
    last_at: Time | None
    counted_months: Count | None
    monitors: list[ProbeDocument]


@with_config(STRICT)
class ExclusionTrialDocument(TypedDict):
    """One source of exclusions; `events` are those of the stretch and of the days ahead."""

    source: str
    kind: str
    place: str | None
    state: SourceWord
    problem: str | None
    secrets: list[SecretDocument]
    events: Count | None
    next_start: Time | None
    next_reason: str | None


@with_config(STRICT)
class SourcesTestDocument(TypedDict):
    """The answer of `makegood sources test`."""

    start: Time
    end: Time
    sources: list[SourceTrialDocument]
    exclusion_sources: list[ExclusionTrialDocument]
    findings: list[FindingDocument]


@with_config(STRICT)
class KnownExclusionDocument(TypedDict):
    """Something that may be excluded, and when it was announced, as far as `proof` reaches."""

    id: str
    kind: Annotated[str, Field(pattern=r"^(maintenance|ad_hoc|third_party)$")]
    start: Time
    end: Time
    reason: str
    author: str | None
    services: list[str]
    regions: list[str]
    proof: Annotated[str, Field(pattern=r"^(seen|recorded|stated)$")]
    announced_at: Time | None
    seen_at: Time | None


@with_config(STRICT)
class ExclusionsDocument(TypedDict):
    """The answer of `makegood exclusions`: those that have not ended, the earliest first."""

    dry_run: bool
    new: Count
    exclusions: list[KnownExclusionDocument]


@with_config(STRICT)
class DemoDocument(TypedDict):
    """The answer of `makegood demo`."""

    folder: str
    months: list[RunDocument]
    explained: ExplainDocument


@with_config(STRICT)
class LadderDocument(TypedDict):
    """One ladder of the catalog; `kinds` are the published rules that it uses, K01 to K37."""

    id: str
    vendor: str
    title: str
    version: str
    seen: str
    verified: bool
    source: str
    kind: str
    kinds: list[str]
    commitment_percent: Percent


@with_config(STRICT)
class LaddersDocument(TypedDict):
    """The answer of `makegood ladders list`."""

    ladders: list[LadderDocument]


@with_config(STRICT)
class TierDocument(TypedDict):
    """What a stretch of uptime earns, in percent or in days; null where there is no answer."""

    uptime: str
    downtime: str
    earns_least: str | None
    earns_most: str | None
    capped: bool
    withheld: str | None


@with_config(STRICT)
class ExampleDocument(TypedDict):
    """A worked example, as the terms answer it now."""

    says: str
    credit_amount: Amount | None
    credit_days: str | None
    currency: CurrencyCode
    steps: list[StepDocument]


@with_config(STRICT)
class LintFindingDocument(FindingDocument):
    """A finding with the name of the rule that found it, such as `gap`; null for faults of form."""

    rule: str | None


@with_config(STRICT)
class LadderShowDocument(LadderDocument):
    """The answer of `makegood ladders show`; `terms` is what a ladder file may hold.

    `tiers` are those of a month of 30 days that is down in one piece, from 100 % uptime down;
    `not_by_uptime` says why there are none.
    """

    seen_on: Day
    unit: str
    notes: list[str]
    terms: dict[str, object]
    tiers: list[TierDocument]
    not_by_uptime: str | None
    example: ExampleDocument | None
    findings: list[LintFindingDocument]


@with_config(STRICT)
class LaddersLintDocument(TypedDict):
    """The answer of `makegood ladders lint`; `ladders` counts those that were looked at."""

    ladders: Count
    findings: list[LintFindingDocument]


@with_config(STRICT)
class MoneyDocument(TypedDict):
    """An amount in major units."""

    amount: str
    currency: str


@with_config(STRICT)
class ProposalDocument(TypedDict):
    """What a person could do: `pay`, `take_back`, `record`, `write_row` or `decide`."""

    kind: str
    target: str
    amount: MoneyDocument | None
    says: str


@with_config(STRICT)
class DifferenceDocument(TypedDict):
    """One place where two views differ; `kind` is one of `models.reconciliation`'s."""

    kind: str
    place: str
    ours: str
    theirs: str
    at_stake: list[MoneyDocument]
    proposal: ProposalDocument


@with_config(STRICT)
class ReconcileDocument(TypedDict):
    """The answer of `makegood reconcile`.

    `asked` are the keys of the questions about payments that came back, for `makegood settle`;
    `not_looked_at` says what was not compared, and how to.
    """

    vendor: str
    first_month: str
    last_month: str
    obligations: int
    parts: int
    vendor_credits: int
    ledger_rows: int
    differences: list[DifferenceDocument]
    at_stake: list[MoneyDocument]
    notes: list[str]
    asked: list[str]
    not_looked_at: list[str]


@with_config(STRICT)
class LedgerEditDocument(TypedDict):
    """A cell of ours that says something else than was last known; `ours` is what we would write.

    `before` is what it said last, by us or by an earlier edit; `by` is who edited the row last, an
    unverified word.
    """

    ledger: str
    obligation: str
    row: str
    column: str
    before: str
    after: str
    ours: str
    by: str


@with_config(STRICT)
class LedgerTickDocument(TypedDict):
    """A row whose Release is ticked; `why` says what stands against it, or is still missing."""

    ledger: str
    obligation: str
    row: str
    amount: MoneyDocument | None
    by: str
    released: bool
    why: str | None


@with_config(STRICT)
class SyncDocument(TypedDict):
    """The answer of `makegood sync`."""

    months: list[Month]
    dry_run: bool
    rows: Count
    edits: list[LedgerEditDocument]
    claims: list[str]
    ticks: list[LedgerTickDocument]
    released: list[str]
    questions: list[str]
    notes: list[str]


@with_config(STRICT)
class BookDocument(TypedDict):
    """One file of the books; one that serves all months has no month."""

    file: str
    month: str | None
    entries: int
    changed: bool


@with_config(STRICT)
class BalanceDocument(TypedDict):
    """What the written entries leave on an account; a negative amount is a credit."""

    account: str
    amount: str
    currency: str


@with_config(STRICT)
class JournalDocument(TypedDict):
    """The answer of `makegood journal`."""

    format: str
    files: list[BookDocument]
    entries: int
    balances: list[BalanceDocument]


@with_config(STRICT)
class DeadlineDocument(TypedDict):
    """Until when one stage of a claim is in time.

    `until` is the first instant that is too late. Where `whole_day` is false it lies within
    `last_day`, a date in the contract's time zone. `open`: the stage is not done.
    """

    stage: str
    last_day: Day
    until: Time
    whole_day: bool
    outage_at: Time | None
    rule: str
    open: bool
    missed: bool


@with_config(STRICT)
class DownstreamDocument(TypedDict):
    """A month of ours that was down together with the vendor.

    `share_percent` is the part of our own downtime; `owed` is null when the month is withheld or
    earned nothing.
    """

    contract: str
    name: str
    overlap_seconds: Seconds
    downtime_seconds: Seconds
    share_percent: UptimePercent
    owed: MoneyDocument | None
    withheld: bool


StatusWord = Annotated[str, Field(pattern=r"^(To Review|Eligible|Filed|Approved|Denied)$")]
"""Where a claim stands."""


@with_config(STRICT)
class ClaimDocument(TypedDict):
    """One claim against a vendor.

    `owed` is null when the month is withheld, or owes nothing any more (`gone`). `claim_by` is the
    last day of the claim itself; `days_left` counts to the next deadline of any stage, negative
    when all that are open have passed. What was approved may be less than what was filed.
    """

    key: str
    obligation: str
    vendor: str
    service: str
    month: Month
    status: StatusWord
    owed: MoneyDocument | None
    credit_days: str | None
    withheld: str
    gone: bool
    deadlines: list[DeadlineDocument]
    claim_by: Day | None
    days_left: int | None
    overdue: bool
    channel: str | None
    address: str | None
    account: str | None
    region: str | None
    source: str | None
    reference: str
    filed_at: Time | None
    filed: MoneyDocument | None
    approved: MoneyDocument | None
    settled_on: Day | None
    settled: MoneyDocument | None
    open_points: list[str]
    downstream: list[DownstreamDocument]


@with_config(STRICT)
class BothSidesDocument(TypedDict):
    """What we owe in linked months beside what vendors owe for them, each month counted once."""

    owed: list[MoneyDocument]
    recoverable: list[MoneyDocument]


@with_config(STRICT)
class ClaimsDocument(TypedDict):
    """The answer of `makegood claims`; deadlines are held against `at`."""

    at: Time
    claims: list[ClaimDocument]
    linked: BothSidesDocument


@with_config(STRICT)
class ClaimMoveDocument(TypedDict):
    """One thing that somebody told about a claim; `verified`: more than a word stands behind it."""

    act: Annotated[str, Field(pattern=r"^(status|stage|known|settled)$")]
    to: StatusWord | None
    stage: str
    at: Time
    by: str
    grounds: str
    verified: bool
    why: str
    reference: str
    amount: MoneyDocument | None
    on: Day | None


@with_config(STRICT)
class ClaimShowDocument(TypedDict):
    """The answer of `makegood claims show`: one claim, its history, and its text.

    `text` is null when nothing can be filed; `file` is where it was written.
    """

    claim: ClaimDocument
    moves: list[ClaimMoveDocument]
    text: str | None
    file: str | None


@with_config(STRICT)
class ClaimMovedDocument(TypedDict):
    """The answer of `makegood claims file` and its sisters: the claim after the move.

    `warning` says that it came too late; "" when it did not.
    """

    claim: ClaimDocument
    moved: ClaimMoveDocument
    warning: str


@with_config(STRICT)
class DueDocument(TypedDict):
    """A claim whose next deadline is near, or was just missed; `new`: it has come to a new step.

    `until` is set where the deadline lies within its last day.
    """

    claim: str
    vendor: str
    service: str
    month: Month
    status: StatusWord
    stage: str
    last_day: Day
    until: Time | None
    days_left: int
    owed: MoneyDocument | None
    credit_days: str | None
    channel: str | None
    address: str | None
    new: bool


@with_config(STRICT)
class RemindDocument(TypedDict):
    """The answer of `makegood remind`.

    `moved` and `ended` are the claims that calendars are told otherwise, or no more, about;
    `calendar` is the file that calendars subscribe to.
    """

    on: Day
    dry_run: bool
    due: list[DueDocument]
    moved: list[str]
    ended: list[str]
    mails_sent: Count
    mails_waiting: Count
    calendar: str | None
    notes: list[str]


@with_config(STRICT)
class MailOfferDocument(TypedDict):
    """Where messages go, and what a server there says of itself.

    `place` is a folder or host and port; `tls` is the version of the encryption, null for none;
    `size_limit` is in bytes, 0 for no limit, null when nothing is said.
    """

    way: Annotated[str, Field(pattern=r"^(smtp|outbox)$")]
    place: str
    tls: str | None
    certificate_names: list[str]
    certificate_until: Time | None
    logins: list[str]
    user: str | None
    size_limit: Count | None


@with_config(STRICT)
class MailTestDocument(TypedDict):
    """The answer of `makegood mail test`; without a message id nothing was sent."""

    offer: MailOfferDocument
    to: str
    message_id: str | None
    answer: str | None
    refused: str | None


@with_config(STRICT)
class MailPreviewedDocument(TypedDict):
    """One message that could be sent, and the files that show it; `to` is "" for nobody."""

    kind: Annotated[str, Field(pattern=r"^(notice|summary|reminder|release-request)$")]
    name: str
    to: str
    subject: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    html: str
    text: str


@with_config(STRICT)
class MailPreviewDocument(TypedDict):
    """The answer of `makegood mail preview`: nothing of it was sent or recorded."""

    month: Month
    messages: list[MailPreviewedDocument]


@with_config(STRICT)
class SupposedDocument(TypedDict):
    """What one month would have come to under one ladder; `open` says why there is no answer."""

    ladder: str
    credit_amount: Amount | None
    credit_percent: Percent | None
    credit_days: str | None
    tier: str | None
    capped: bool
    open: str | None


@with_config(STRICT)
class SupposedMonthDocument(TypedDict):
    """One contract's month under every ladder."""

    contract: str
    client: str
    role: RoleWord
    month: Month
    currency: CurrencyCode
    uptime_percent: UptimePercent | None
    answers: list[SupposedDocument]


@with_config(STRICT)
class SupposedTotalDocument(TypedDict):
    """What one ladder comes to; `client` is null for the sum over all of them.

    `months` have an answer and are in the sum; `open` have none and are not.
    """

    ladder: str
    role: RoleWord
    client: str | None
    currency: CurrencyCode
    amount: Amount
    credit_days: str | None
    months: Count
    open: Count


@with_config(STRICT)
class OpenMonthDocument(TypedDict):
    """A month that is in no sum, or, with a ladder, not in the sums of that one."""

    contract: str
    month: Month
    ladder: str | None
    why: str


@with_config(STRICT)
class WhatIfDocument(TypedDict):
    """The answer of `makegood whatif`; `chart` is the file that was drawn."""

    first_month: Month
    last_month: Month
    ladders: list[str]
    months: list[SupposedMonthDocument]
    totals: list[SupposedTotalDocument]
    open: list[OpenMonthDocument]
    chart: str | None


@with_config(STRICT)
class AllowanceDocument(TypedDict):
    """Downtime in one window; `downtime_seconds` is cut, the fraction is exact."""

    over: str
    window_seconds: Seconds
    downtime_seconds: Seconds
    downtime_exact_seconds: RatioDocument


@with_config(STRICT)
class CalcDowntimeDocument(TypedDict):
    """The answer of `makegood calc downtime`."""

    uptime_percent: Percent
    time_zone: str
    allowances: list[AllowanceDocument]


@with_config(STRICT)
class CalcUptimeDocument(AllowanceDocument):
    """The answer of `makegood calc uptime`."""

    time_zone: str
    uptime_percent: UptimePercent


@with_config(STRICT)
class FormulaDocument(TypedDict):
    """What one formula comes to."""

    formula: Annotated[str, Field(pattern=r"^(relative|points|downtime)$")]
    credit_amount: Amount


@with_config(STRICT)
class CalcLiabilityDocument(TypedDict):
    """The answer of `makegood calc liability`; percentages are cut, amounts rounded once."""

    formula: Annotated[str, Field(pattern=r"^(relative|points|downtime)$")]
    currency: CurrencyCode
    over: str
    downtime_minutes: str
    shortfall_percent: UptimePercent
    credit_percent: UptimePercent
    capped: bool
    eligible_revenue: Amount
    credit_amount: Amount
    net_revenue: Amount
    by_formula: list[FormulaDocument]


@with_config(STRICT)
class ExportDocument(TypedDict):
    """The answer of `makegood export`: the text itself, or the file that it was written to.

    `not_said` is what the other format has no word for.
    """

    format: Annotated[str, Field(pattern=r"^(csv|openslo|ics)$")]
    entries: Count
    not_said: list[str]
    text: str | None
    file: str | None


@with_config(STRICT)
class ImportDocument(TypedDict):
    """The answer of `makegood import`: contract files as text, or the file they were written to."""

    contracts: list[str]
    warnings: list[str]
    text: str | None
    file: str | None


@with_config(STRICT)
class InitDocument(TypedDict):
    """The answer of `makegood init`: what was written."""

    folder: str
    files: list[str]


IncidentStateWord = Annotated[
    str,
    Field(
        pattern=r"^(draft|snoozed|rejected|approved|investigating|identified|monitoring|resolved)$"
    ),
]
"""Where an incident is."""


@with_config(STRICT)
class IncidentDraftDocument(TypedDict):
    """What is to be said of an incident, or was said last; "" and null stand for what is missing.

    `components` has the state of each, by its name in the workspace.
    """

    scope: str
    impact: str
    mitigation: str
    cause: str
    guidance: str
    next_update_by: Time | None
    evidence: list[str]
    level: Annotated[str, Field(pattern=r"^(none|minor|major|critical|maintenance)$")]
    components: dict[str, str]


@with_config(STRICT)
class IncidentUpdateDocument(TypedDict):
    """One thing that was said to readers; `pages` are those that have it."""

    number: Count
    state: IncidentStateWord
    at: Time
    by: str
    title: str
    text: str
    notify: bool
    pages: list[str]


@with_config(STRICT)
class IncidentDocument(TypedDict):
    """An incident as it stands; `unmet` is what the checklist misses before it may be published.

    `waiting` are the pages that do not have all of its updates yet.
    """

    incident: str
    service: str
    state: IncidentStateWord
    started_at: Time
    drafted_at: Time
    recovered_at: Time | None
    approved_at: Time | None
    closed_at: Time | None
    link: str | None
    clients: list[str]
    draft: IncidentDraftDocument
    unmet: list[str]
    updates: list[IncidentUpdateDocument]
    waiting: list[str]


@with_config(STRICT)
class IncidentsDocument(TypedDict):
    """The answer of `makegood incidents list`, rising by service and start."""

    incidents: list[IncidentDocument]


@with_config(STRICT)
class IncidentMoveDocument(TypedDict):
    """One entry of an incident's log: when, what, by whom."""

    at: Time
    act: str
    by: str
    says: str


@with_config(STRICT)
class AtStakeDocument(TypedDict):
    """What a month may come to for one contract by its incidents alone; the evidence decides."""

    contract: str
    month: Month
    down_seconds: Seconds
    breached: bool
    amount: Amount | None
    currency: CurrencyCode | None


@with_config(STRICT)
class IncidentCreditDocument(TypedDict):
    """A credit of the month in which an incident began."""

    obligation: str
    state: str
    amount: Amount | None
    currency: CurrencyCode | None


@with_config(STRICT)
class IncidentShowDocument(TypedDict):
    """The answer of `makegood incidents show`."""

    incident: IncidentDocument
    history: list[IncidentMoveDocument]
    at_stake: list[AtStakeDocument]
    credits: list[IncidentCreditDocument]


@with_config(STRICT)
class PostsDocument(TypedDict):
    """What became of posts to pages in this command; `waiting` are left to the next run."""

    done: Count
    refused: Count
    person: Count
    waiting: Count
    notes: list[str]


@with_config(STRICT)
class IncidentMovedDocument(TypedDict):
    """The answer of `makegood incidents approve` and its sisters: the incident after it."""

    incident: IncidentDocument
    posts: PostsDocument


@with_config(STRICT)
class GuardDecisionDocument(TypedDict):
    """What the guard decided, and the instant at which it fell due."""

    service: str
    verdict: str
    due_at: Time
    incident: str | None


@with_config(STRICT)
class IncidentsGuardDocument(TypedDict):
    """The answer of `makegood incidents guard`.

    `approved` were let go by their service's own setting; `noticed` were changed at a page by hand.
    """

    decisions: list[GuardDecisionDocument]
    approved: list[str]
    noticed: list[str]
    next_due_at: Time | None
    posts: PostsDocument


@with_config(STRICT)
class QuarantinedDocument(TypedDict):
    """A body that a webhook brought and that is not used."""

    number: Count
    source: str
    received_at: Time
    why: str
    body: str


@with_config(STRICT)
class IncidentsQuarantineDocument(TypedDict):
    """The answer of `makegood incidents quarantine`, the latest first."""

    bodies: list[QuarantinedDocument]
