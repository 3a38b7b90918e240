"""A month as the messages are told of it; `python -m tests.flows.messages.samples DIR` shows it.

The pages in that folder are for looking at in a browser. The expected texts beside this module are
written anew by the same command, and a reader compares them with what git knows.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from flows.messages import (
    ChangeLine,
    ClaimReminder,
    ClientNotice,
    CreditLine,
    DueLine,
    EndedLine,
    Ending,
    FailedRun,
    MissedStage,
    MonthlySummary,
    OutageLine,
    ReleaseRequest,
    Rendered,
    TrialMessage,
    WithheldLine,
    render_failure,
    render_notice,
    render_reminder,
    render_request,
    render_summary,
    render_trial,
)
from flows.messages.catalog import shipped
from flows.messages.language import language_of
from models.contract import Payout
from models.intervals import Interval, instant
from models.ledger import LedgerStatus
from models.money import Currency, Money
from models.period import ServiceMonth

EXPECTED = Path(__file__).parent / "expected"
MAY = ServiceMonth.parse("2026-05")


EXPLAINED = {
    "en": (
        "A failing disk made our primary database refuse writes; the standby took over only after "
        "an engineer stepped in. Since then it takes over by itself."
    ),
    "de": (
        "Wegen eines Festplattenfehlers nahm unsere Hauptdatenbank keine Schreibzugriffe mehr an; "
        "die Ersatzdatenbank übernahm erst nach Eingriff eines Technikers. Das geschieht "
        "inzwischen selbsttätig."
    ),
}
"""What happened, in the provider's own words."""


def money(amount: str) -> Money:
    """`100.00 EUR`."""
    digits, code = amount.split()
    return Money(int(digits.replace(".", "")), Currency.of(code))


def outage(start: str, end: str) -> OutageLine:
    """An outage in UTC that counts in full."""
    ends = (instant(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (start, end))
    whole = Interval(*ends)
    return OutageLine(whole=whole, counted_ms=whole.length)


def credit(**fields) -> CreditLine:
    """A credit for Acme, with whatever a test cares about changed."""
    usual = {
        "key": "acme/api/2026-05/r0",
        "client": "Acme GmbH",
        "service": "Payments API",
        "uptime_percent": "99.811827",
        "commitment_percent": "99.9",
        "amount": money("100.00 EUR"),
        "billable_amount": money("1000.00 EUR"),
        "credit_percent": "10",
        "evidence": (
            "https://status.northwind.example/incidents/2026-05-12-database",
            "https://grafana.northwind.example/d/abc123/uptime?from=1778709600000&to=1781301600000",
        ),
    }
    return CreditLine(**{**usual, **fields})


def summary(**fields) -> MonthlySummary:
    """A full month: drafts, claims, a withheld month and a change."""
    usual = {
        "month": MAY,
        "contracts": 41,
        "met": 35,
        "to_release": (
            credit(),
            credit(
                key="globex/storage/2026-05/r1",
                client="Globex Corporation",
                service="Object storage, region Frankfurt",
                uptime_percent="98.204301",
                amount=money("1140.00 EUR"),
                billable_amount=money("4560.00 EUR"),
                credit_percent="25",
                notes="The maintenance of 12 May was announced too late and counts.",
            ),
            credit(
                key="initech/web/2026-05/r0",
                client="Initech",
                service="Website",
                uptime_percent="99.897824",
                amount=money("1234.560 KWD"),
                billable_amount=money("12345.600 KWD"),
                evidence=(),
            ),
        ),
        "to_claim": (
            credit(
                key="cirrus/compute/2026-05/r0",
                client="Cirrus Cloud",
                service="Compute, eu-central",
                uptime_percent="97.913025",
                commitment_percent="99.99",
                amount=money("360.00 USD"),
                billable_amount=money("1200.00 USD"),
                credit_percent="30",
                claim_by=date(2026, 7, 31),
                claim_channel="ticket",
                claim_address="https://console.cirrus.example/support/cases/new",
                claim_status=LedgerStatus.ELIGIBLE,
                evidence=tuple(f"https://status.cirrus.example/{n}" for n in range(5)),
            ),
            credit(
                key="parrot/sms/2026-05/r0",
                client="Parrot",
                service="Programmable SMS",
                uptime_percent="99.902114",
                commitment_percent="99.95",
                amount=money("50.00 USD"),
                billable_amount=money("500.00 USD"),
                claim_by=date(2026, 6, 30),
                claim_channel="email",
                claim_address="support@parrot.example",
                claim_status=LedgerStatus.TO_REVIEW,
                evidence=("https://status.parrot.example/incidents/9",),
            ),
        ),
        "withheld": (
            WithheldLine(
                contract="umbrella/api",
                client="Umbrella",
                service="API",
                why="coverage is 41.204301… %, below the minimum of 95 %",
            ),
        ),
        "changes": (
            ChangeLine(
                client="Globex Corporation",
                service="Object storage, region Frankfurt",
                says="the monitoring evidence changed and the recorded exclusions changed",
                revision=1,
            ),
        ),
        "claimed": (
            credit(
                key="heron/mail/2026-05/r0",
                client="Heron",
                service="Mail relay",
                uptime_percent="99.700000",
                amount=money("75.00 USD"),
                billable_amount=money("750.00 USD"),
                claim_by=date(2026, 6, 30),
                claim_channel="portal",
                claim_status=LedgerStatus.FILED,
                evidence=(),
            ),
        ),
        "owed_with_vendors": (money("1140.00 EUR"),),
        "recoverable": (money("360.00 USD"),),
        "ledger": "ledger.csv",
        "previews": "previews/",
    }
    return MonthlySummary(**{**usual, **fields})


def notice(**fields) -> ClientNotice:
    """A letter to Acme about two outages, the second one over midnight."""
    usual = {
        "month": MAY,
        "time_zone": "Europe/Berlin",
        "client": "Acme GmbH",
        "service": "Payments API",
        "provider": "Northwind Cloud",
        "amount": money("100.00 EUR"),
        "billable_amount": money("1000.00 EUR"),
        "uptime_percent": "99.811827",
        "commitment_percent": "99.9",
        "down_ms": (63 + 21) * 60_000,
        "tier": "99 <= uptime < 99.9",
        "payout": Payout.CUSTOMER_BALANCE,
        "credit_percent": "10",
        "outages": (
            outage("2026-05-12T07:48:00", "2026-05-12T08:51:00"),
            outage("2026-05-20T21:52:30", "2026-05-20T22:13:30"),
        ),
        "explanation": EXPLAINED["en"],
        "details_url": "https://status.northwind.example/incidents/2026-05-12-database",
        "contact": "Maria Lindt, credits@northwind.example",
    }
    return ClientNotice(**{**usual, **fields})


CLAIM_TEXT = """\
Subject: SLA credit request, Programmable SMS, May 2026

Hello Parrot,

We ask for the service credit of 50.00 USD that your SLA of 2025-11-01 grants for May 2026.

Account: AC0123456789
Outage: 2026-05-12T07:48:00Z to 2026-05-12T08:51:00Z, 63 minutes
Incident: https://status.parrot.example/incidents/9

Monthly uptime was 99.902114 %, below the 99.95 % of the SLA."""


def due(**fields) -> DueLine:
    """A claim against Parrot that is due tomorrow, with whatever a test cares about changed."""
    usual = {
        "key": "parrot/sms/2026-05",
        "vendor": "Parrot",
        "service": "Programmable SMS",
        "month": MAY,
        "amount": money("50.00 USD"),
        "stage": "claim",
        "last_day": date(2026, 6, 30),
        "time_zone": "America/Los_Angeles",
        "days_left": 1,
        "status": LedgerStatus.ELIGIBLE,
        "channel": "email",
        "address": "support@parrot.example",
        "text": CLAIM_TEXT,
    }
    return DueLine(**{**usual, **fields})


def reminder(**fields) -> ClaimReminder:
    """Three claims that are due, one whose calendar entry moved, and one that is filed."""
    usual = {
        "due": (
            due(),
            due(
                key="cirrus/compute/2026-05",
                vendor="Cirrus Cloud",
                service="Compute, eu-central",
                amount=money("1360.00 USD"),
                stage="ticket",
                last_day=date(2026, 7, 6),
                until=instant(datetime(2026, 7, 6, 10, 0, tzinfo=UTC)),
                time_zone="Europe/Berlin",
                days_left=7,
                status=LedgerStatus.TO_REVIEW,
                channel="ticket",
                address="https://console.cirrus.example/support/cases/new",
                text="",
                missed=(MissedStage(stage="notice", last_day=date(2026, 5, 15)),),
            ),
            due(
                key="stork/storage/2026-05",
                vendor="Stork",
                service="Object storage",
                amount=None,
                credit_days="7",
                last_day=date(2026, 7, 13),
                time_zone="UTC",
                days_left=14,
                channel="portal",
                address="",
                text="",
            ),
        ),
        "moved": (due(key="heron/mail/2026-05", vendor="Heron", service="Mail relay"),),
        "ended": (
            EndedLine(
                key="wren/dns/2026-05",
                vendor="Wren",
                service="DNS",
                month=MAY,
                why=Ending.FILED,
            ),
        ),
    }
    return ClaimReminder(**{**usual, **fields})


def request(**fields) -> ReleaseRequest:
    """The summary's drafts, which two people must let go."""
    usual = {
        "month": MAY,
        "waiting": summary().to_release,
        "people": 2,
        "limits": (money("1000.00 EUR"),),
        "letters": 3,
        "previews": "previews/",
    }
    return ReleaseRequest(**{**usual, **fields})


def trial(**fields) -> TrialMessage:
    """A test message of Northwind's workspace."""
    usual = {"name": "Northwind Cloud", "at": instant(datetime(2026, 6, 3, 7, 30, tzinfo=UTC))}
    return TrialMessage(**{**usual, **fields})


def failure(**fields) -> FailedRun:
    """The word of a run that could not reach its database."""
    usual = {
        "name": "Northwind Cloud",
        "run": "month-end 2026-05 (14 clients)",
        "why": "postgresql://db.northwind.example/makegood: connection refused.",
        "link": "http://127.0.0.1:4200/runs/flow-run/0b2c5f4e-7d0a-4a39-9a60-6f2f6f4f7a11",
    }
    return FailedRun(**{**usual, **fields})


def pages(code: str = "en") -> dict[str, Rendered]:
    """Every kind of message in one language, by its name."""
    language, letter = language_of(code), notice(explanation=EXPLAINED[code])
    return {
        "summary": render_summary(summary(), language=language),
        "notice": render_notice(letter, language=language),
        "preview": render_notice(letter, preview=True, language=language),
        "reminder": render_reminder(reminder(), language=language),
        "calendar": render_reminder(reminder(due=(), reminds=False), language=language),
        "request": render_request(request(), language=language),
        "unanswered": render_request(request(unanswered=True), language=language),
        "trial": render_trial(trial(), language=language),
        "failure": render_failure(failure(), language=language),
        "crash": render_failure(failure(crashed=True, link=""), language=language),
    }


KINDS = tuple(pages())
LANGUAGES = shipped()


if __name__ == "__main__":
    for code in LANGUAGES:
        for name, rendered in pages(code).items():
            expected = EXPECTED / code / f"{name}.txt"
            expected.parent.mkdir(exist_ok=True)
            expected.write_text(rendered.text, encoding="utf-8")
            page = Path(sys.argv[1]) / f"{name}.{code}.html"
            page.write_text(rendered.html, encoding="utf-8")
