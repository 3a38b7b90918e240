"""What each message is told: exact values with their types, not yet in any language.

A view is made from what the store recorded with an obligation, so that the same decision always
gives the same message.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.claims.deadline import CLAIM
from models.contract import Payout
from models.intervals import Interval
from models.ledger import LedgerStatus
from models.money import Money
from models.period import ServiceMonth

MOST_LINES = 40
"""Credits that a mail lists, in all its lists together; mail programs cut off long mails."""
MOST_REMARKS = 20
"""Withheld months, changes or deadlines that one list of a mail holds."""
MOST_LINKS = 3
"""Evidence links that one credit shows; the ledger holds them all."""
MOST_TEXTS = 8
"""Claims of which a reminder shows the whole text to the vendor."""
MOST_OUTAGES = 12
"""Outages that a notice lists, the longest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """One credit in the operator's summary.

    Attributes:
        key: The obligation's key, `acme/api/2026-05/r0`.
        client: Name of the other side.
        service: Name of the service.
        uptime_percent: Plain digits, as in the ledger.
        commitment_percent: Plain digits.
        amount: The credit of this revision, signed.
        billable_amount: What the percent applies to.
        credit_percent: Plain digits; None for days of service and for adjustments.
        credit_days: Days of service, plain digits; None for money.
        claim_by: Last day on which the claim is in time; None without a limit.
        claim_channel: How it is claimed: portal, ticket, email; "" when nothing is claimed.
        claim_address: Where; becomes a link when it is a web address.
        claim_status: Where the claim stands; None for what is ours to pay.
        evidence: Links in reading order.
        notes: One remark; "" for none.
    """

    key: str
    client: str
    service: str
    uptime_percent: str
    commitment_percent: str
    amount: Money
    billable_amount: Money
    credit_percent: str | None = None
    credit_days: str | None = None
    claim_by: date | None = None
    claim_channel: str = ""
    claim_address: str = ""
    claim_status: LedgerStatus | None = None
    evidence: tuple[str, ...] = ()
    notes: str = ""

    @property
    def contract(self) -> str:
        """`client/service`, as commands take it."""
        return self.key.rsplit("/", 2)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldLine:
    """A month for which no answer can be given until a person has looked.

    Attributes:
        contract: `client/service`.
        client: Name of the other side.
        service: Name of the service.
        why: The reason, a sentence without full stop.
    """

    contract: str
    client: str
    service: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """What is different since the last summary of the same month.

    Attributes:
        client: Name of the other side.
        service: Name of the service.
        says: The change, a sentence without full stop.
        revision: The number of the revision that `says` is the reason of; 0 for none.
    """

    client: str
    service: str
    says: str
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlySummary:
    """The operator's month.

    Attributes:
        month: The service month.
        contracts: How many contracts were decided.
        met: How many of them met their commitment.
        to_release: Drafts that wait for a release, ours to pay.
        to_claim: Credits that vendors owe us and that a person files.
        claimed: Credits of vendors that were claimed, or are answered or dropped.
        released: Credits of the month that were released already.
        withheld: Months that need a look.
        changes: What is different since the last summary; empty in the first one.
        owed_with_vendors: What we owe in this month's outages that were vendors' outages as well.
        recoverable: What those vendors owe for theirs; the two are never set off.
        ledger: Where the ledger is, in words; "" without one.
        previews: Where the previews of the clients' notices are; "" without any.
        workspace: The folder that commands must name; "" when they are run inside it.
    """

    month: ServiceMonth
    contracts: int
    met: int
    to_release: tuple[CreditLine, ...] = ()
    to_claim: tuple[CreditLine, ...] = ()
    claimed: tuple[CreditLine, ...] = ()
    released: tuple[CreditLine, ...] = ()
    withheld: tuple[WithheldLine, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    owed_with_vendors: tuple[Money, ...] = ()
    recoverable: tuple[Money, ...] = ()
    ledger: str = ""
    previews: str = ""
    workspace: str = ""

    def command(self, *words: str) -> str:
        """A command to be copied into a terminal."""
        return _command(self.workspace, words)

    @property
    def waits(self) -> bool:
        """Whether anything is left for the operator to do."""
        return bool(self.to_release or self.to_claim or self.withheld)

    @property
    def most_lines(self) -> int:
        """How many credits each list shows: what a short one leaves, a longer one takes."""
        lists = (self.to_release, self.to_claim, self.claimed, self.released)
        return max(
            most
            for most in range(1, MOST_LINES + 1)
            if sum(min(len(lines), most) for lines in lists) <= MOST_LINES
        )

    @property
    def first_deadline(self) -> date | None:
        """The nearest last day of a claim; None without a limit."""
        return min((line.claim_by for line in self.to_claim if line.claim_by), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLine:
    """One outage as the client is told of it.

    Attributes:
        whole: From its start to its end.
        counted_ms: How much of it counts as downtime of the month.
    """

    whole: Interval
    counted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedWindows:
    """The month in measurement windows, for contracts that count them.

    Attributes:
        minutes: Length of a window.
        total: Windows that count, excluded ones left out.
        failed: Those of them that failed.
    """

    minutes: int
    total: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientNotice:
    """What a client is told about a credit, before the invoice says it.

    Attributes:
        month: The service month.
        time_zone: IANA zone of the contract.
        client: Name of the client.
        service: Name of the service.
        provider: Our name, under the letter.
        amount: What this notice grants, signed; zero for days of service.
        billable_amount: What the percent applies to.
        uptime_percent: Plain digits, as in the ledger.
        commitment_percent: Plain digits.
        down_ms: Downtime that counts; None when only the uptime is known.
        excluded_ms: Time that was left out, such as announced maintenance.
        tier: The tier of the ladder, as the determination names it; "" without one.
        payout: How the credit reaches the client.
        credit_percent: Plain digits; None for days of service.
        credit_days: Days of service, plain digits; None for money.
        capped: Whether the agreement's maximum was reached.
        credited_before: What was released for the month before; None in the first notice.
        outages: The outages that count, rising.
        windows: The month in windows, for contracts that count them.
        explanation: What happened, in the provider's words; "" for none.
        details_url: A page with the details; "" for none.
        contact: Name and address for questions; "" when answering the mail is enough.
        incidents: Where readers were told of the outages while they lasted.
    """

    month: ServiceMonth
    time_zone: str
    client: str
    service: str
    provider: str
    amount: Money
    billable_amount: Money
    uptime_percent: str
    commitment_percent: str
    down_ms: int | None
    tier: str
    payout: Payout
    excluded_ms: int = 0
    credit_percent: str | None = None
    credit_days: str | None = None
    capped: bool = False
    credited_before: Money | None = None
    outages: tuple[OutageLine, ...] = ()
    windows: CountedWindows | None = None
    explanation: str = ""
    details_url: str = ""
    contact: str = ""
    incidents: tuple[str, ...] = ()

    @property
    def month_ms(self) -> int:
        """Length of the service month."""
        return self.month.bounds(self.time_zone).length

    @property
    def listed(self) -> tuple[OutageLine, ...]:
        """The longest outages, rising; all of them when there are few."""
        longest = sorted(self.outages, key=lambda outage: -outage.counted_ms)[:MOST_OUTAGES]
        return tuple(outage for outage in self.outages if outage in longest)[:MOST_OUTAGES]

    @property
    def unlisted_ms(self) -> int:
        """Downtime of the outages that are not listed; 0 when all are."""
        if self.down_ms is None or len(self.outages) <= MOST_OUTAGES:
            return 0
        return max(self.down_ms - sum(outage.counted_ms for outage in self.listed), 0)

    @property
    def total(self) -> Money:
        """The month's credit with this notice."""
        return self.amount + self.credited_before if self.credited_before else self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedStage:
    """Something that a vendor asks for and that was not done in time.

    Attributes:
        stage: What was due, as `DueLine.stage`.
        last_day: The last date that was in time.
    """

    stage: str
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """A claim whose next deadline is near.

    Attributes:
        key: The claim's name, `twilio/apis/2026-05`.
        vendor: The vendor's name.
        service: The service's name.
        month: The service month.
        amount: What can be claimed; None for days of service, and while it is not known.
        credit_days: Days of service, plain digits; None for money.
        stage: What is due: `claim`, or what the vendor asks for before it, such as `ticket`.
        last_day: The last date that is in time, in the contract's zone.
        until: The first instant that is too late, when that lies within the day; None otherwise.
        time_zone: IANA zone of the contract.
        days_left: Dates from today to the last day, in that zone; negative when it has passed.
        overdue: Whether it is too late; on the last day itself only where it ends within the day.
        channel: How it is filed: portal, ticket, email; "" when that is not said.
        address: Where; becomes a link when it is a web address.
        status: Where the claim stands.
        text: What to send to the vendor, ready to be copied; "" for none.
        missed: Deadlines of this claim that have passed with their stage not done.
    """

    key: str
    vendor: str
    service: str
    month: ServiceMonth
    amount: Money | None
    stage: str
    last_day: date
    time_zone: str
    days_left: int
    status: LedgerStatus
    overdue: bool = False
    credit_days: str | None = None
    until: int | None = None
    channel: str = ""
    address: str = ""
    text: str = ""
    missed: tuple[MissedStage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A deadline as calendars show it.

    Attributes:
        name: The same for ever, `twilio/apis/2026-05/claim`; the UID is made from it.
        line: What the entry says; how many days are left is not told.
        sequence: Rises with every change.
        changed_at: When what it says was last decided or told.
    """

    name: str
    line: DueLine
    sequence: int
    changed_at: int


class Ending(StrEnum):
    """Why a deadline is taken out of the calendar."""

    FILED = "filed"
    APPROVED = "approved"
    DENIED = "denied"
    NOTHING_OWED = "nothing_owed"
    DONE = "done"
    NO_DEADLINE = "no_deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedLine:
    """A claim that nobody needs to be reminded of any more.

    Attributes:
        key: The claim's name.
        vendor: The vendor's name.
        service: The service's name.
        month: The service month.
        why: What became of it.
    """

    key: str
    vendor: str
    service: str
    month: ServiceMonth
    why: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReminder:
    """What vendors owe us and somebody must ask for soon.

    Attributes:
        due: The claims whose deadline is near, the nearest first.
        moved: Those of which the calendar was told otherwise before.
        ended: Those that leave the calendar.
        reminds: Whether a deadline has come nearer; False when only the calendar changes.
        workspace: The folder that commands must name; "" when they are run inside it.
    """

    due: tuple[DueLine, ...]
    moved: tuple[DueLine, ...] = ()
    ended: tuple[EndedLine, ...] = ()
    reminds: bool = True
    workspace: str = ""

    def command(self, *words: str) -> str:
        """A command to be copied into a terminal."""
        return _command(self.workspace, words)

    def done(self, line: DueLine) -> str:
        """The command that says that a claim is filed, or what the vendor asks for before it."""
        if line.stage == CLAIM:
            return self.command("claims", "file", line.key, "--reference", "NUMBER")
        return self.command("claims", "stage", line.key, line.stage)

    @property
    def amounts(self) -> tuple[Money, ...]:
        """What can be claimed, in each currency; a claim with several deadlines counts once."""
        return sums({line.key: line.amount for line in self.due}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """Credits that wait for somebody to let them go.

    Attributes:
        month: The service month.
        waiting: The drafts.
        people: How many people must agree.
        limits: The amounts above which two must agree, as far as they matter here.
        letters: How many of the drafts have a client's letter that goes out with the release.
        previews: Where the previews of the letters are; "" without any.
        workspace: The folder that the command must name; "" when it is run inside it.
        unanswered: Whether they were asked about before, and nobody answered in time.
    """

    month: ServiceMonth
    waiting: tuple[CreditLine, ...]
    people: int
    limits: tuple[Money, ...] = ()
    letters: int = 0
    previews: str = ""
    workspace: str = ""
    unanswered: bool = False

    def command(self, *words: str) -> str:
        """A command to be copied into a terminal."""
        return _command(self.workspace, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMessage:
    """A message that says only that it arrived.

    Attributes:
        name: The workspace's name.
        at: When it is sent.
    """

    name: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run of Prefect's that nobody watches, and that did not end well.

    Attributes:
        name: The workspace's name.
        run: The run's name, such as `month-end 2026-10 (14 clients)`.
        why: What it ended with, in a sentence that holds no secret.
        crashed: Whether it was cut off from outside, instead of giving up by itself.
        link: The run's page; "" when it is not known.
    """

    name: str
    run: str
    why: str
    crashed: bool = False
    link: str = ""


def _command(workspace: str, words: Sequence[str]) -> str:
    named = ("--workspace", workspace) if workspace else ()
    return shlex.join(("makegood", *words, *named))


def sums(amounts: Iterable[Money | None]) -> tuple[Money, ...]:
    """The money in each currency, in alphabetical order of the codes."""
    found: dict[str, Money] = {}
    for amount in amounts:
        if amount is not None:
            code = amount.currency.code
            found[code] = found[code] + amount if code in found else amount
    return tuple(found[code] for code in sorted(found))


def totals(lines: Iterable[CreditLine]) -> tuple[Money, ...]:
    """The money in each currency, in alphabetical order of the codes; days are not money."""
    return sums(line.amount for line in lines if not line.credit_days)


def most_urgent(lines: Sequence[CreditLine], most: int = MOST_LINES) -> tuple[CreditLine, ...]:
    """The lines that a list shows: nearest deadline first, then the largest amount."""
    return tuple(sorted(lines, key=_urgency)[:most])


def _urgency(line: CreditLine) -> tuple[date, str, int, str]:
    return line.claim_by or date.max, line.amount.currency.code, -line.amount.minor, line.key
