"""The workspace file: where evidence comes from, where results go, and no secrets."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from models.findings import UnusableInputError
from models.intervals import Interval, instant
from models.sources import AnySource, BadRows, CalculatorPayloads, ChecksFile, OutageLog
from models.workspace_file import BillingKind, BillingMode, SmtpSecurity, Workspace
from models.yaml_text import parse_yaml

KINDS = [
    get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(AnySource)[0])
]

FULL = """\
name: Northwind Cloud
database: sqlite:///makegood.db
sources:
  - id: checks
    kind: checks_file
    path: checks/*.parquet
    columns: {monitor: site, at: observed_at, up: status, region: zone}
    bad_rows: report
    time_zone: Europe/Berlin
  - {id: incidents, kind: outage_log, path: incidents.csv, covers: 2025-09-01/2025-12-01}
  - {id: calculator, kind: calculator_payloads, path: "payloads/*.jsonl"}
ledger: {csv: book.csv}
mail:
  outbox: outbox
  from: Northwind Cloud <sla@northwind.example>
  operator: finance@northwind.example
  reply_to: help@northwind.example
exclusions: exclusions/*.yaml
links: {details: "https://northwind.example/{client}/{service}/{month}"}
"""


def read(text: str) -> Workspace:
    """The workspace that a text describes."""
    (document,) = parse_yaml(text, name="makegood.yaml")
    return document.expect(Workspace)


def faults(text: str) -> list[str]:
    """Everything that is wrong with a workspace file."""
    (document,) = parse_yaml(text, name="makegood.yaml")
    return [str(finding) for finding in document.validate(Workspace).findings]


def test_a_workspace_names_its_sources_in_order():
    """Each kind with terms of its own."""
    checks, incidents, calculator = read(FULL).sources
    assert isinstance(checks, ChecksFile)
    assert (checks.columns.monitor, checks.columns.region) == ("site", "zone")
    assert (checks.bad_rows, checks.time_zone) == (BadRows.REPORT, "Europe/Berlin")
    assert isinstance(incidents, OutageLog)
    assert isinstance(calculator, CalculatorPayloads)
    assert calculator.path == "payloads/*.jsonl"


def test_an_outage_log_covers_a_half_open_stretch():
    """From the first date's midnight in UTC to the second's, which is not covered."""
    covers = Interval(
        instant(datetime(2025, 9, 1, tzinfo=UTC)), instant(datetime(2025, 12, 1, tzinfo=UTC))
    )
    assert read(FULL).sources[1].model_dump()["covers"] == str(covers)
    in_berlin = FULL.replace("2025-09-01/2025-12-01", "2025-09-01T02:00+02:00/2025-12-01T00:00Z")
    assert read(in_berlin).sources == read(FULL).sources


def test_a_workspace_needs_no_more_than_a_name():
    """Everything else has its usual place; without mail terms no mail is written."""
    workspace = read("name: Northwind Cloud")
    assert workspace.database == "sqlite:///makegood.db"
    assert (workspace.ledger.csv, workspace.exclusions) == ("ledger.csv", "exclusions/*.yaml")
    assert workspace.mail is None
    mail = read(FULL).mail
    assert mail
    assert mail.sender == "Northwind Cloud <sla@northwind.example>"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "sqlite:///makegood.db",
            "postgresql+psycopg://finance:hunter2@db.example/makegood",
            (
                "makegood.yaml:2: database holds a password; an address without a password. "
                "Put the whole address into the environment as MAKEGOOD_DATABASE_URL."
            ),
        ),
        (
            "sqlite:///makegood.db",
            "mysql://db.example/makegood",
            (
                'makegood.yaml:2: database is "mysql://db.example/makegood"; '
                "sqlite:///makegood.db or postgresql+psycopg://host/database. "
                "Write one of the two forms."
            ),
        ),
        (
            "kind: checks_file",
            "kind: check_file",
            (
                'makegood.yaml:5: sources[0].kind is "check_file"; one of the kinds '
                f"{', '.join(KINDS)}. Did you mean checks_file?"
            ),
        ),
        (
            "2025-09-01/2025-12-01",
            "2025-12-01/2025-09-01",
            (
                'makegood.yaml:10: sources[1].covers is "2025-12-01/2025-09-01"; two dates, '
                "the second "
                "one later and not included, such as 2025-09-01/2025-12-01. Write two dates, the "
                "second one later and not included, such as 2025-09-01/2025-12-01."
            ),
        ),
        (
            "id: calculator",
            "id: checks",
            "makegood.yaml:1: has several sources checks; each source id once. Rename one.",
        ),
        (
            "  from: Northwind Cloud <sla@northwind.example>\n",
            "",
            (
                "makegood.yaml:13: mail.from is missing; a value, for there is no default. "
                "Add the field."
            ),
        ),
        (
            "operator: finance@northwind.example",
            "operator: finance",
            (
                'makegood.yaml:16: mail.operator is "finance"; an e-mail address such as '
                "ap@acme.example. Correct the address."
            ),
        ),
        (
            "Northwind Cloud <sla@northwind.example>",
            "Northwind Cloud <sla@northwind..example>",
            (
                "makegood.yaml:15: mail.from cannot be used: 'sla@northwind..example' has no "
                "valid domain after the @: Empty Label; an e-mail address such as "
                "ap@acme.example. Correct the address."
            ),
        ),
        (
            "{month}",
            "{moth}",
            (
                'makegood.yaml:19: links.details is "https://northwind.example/{client}/{service}/'
                '{moth}"; an https:// address in which {client}, {service}, {contract} and {month} '
                "are filled in. Use these four alone; write {{ and }} for braces that are to stay."
            ),
        ),
        (
            "bad_rows: report",
            "bad_rows: ignore",
            (
                'makegood.yaml:8: sources[0].bad_rows is "ignore"; refuse or report. '
                "Choose one of them."
            ),
        ),
        (
            "columns: {monitor: site",
            "columns: {montior: site",
            (
                "makegood.yaml:7: sources[0].columns.montior is no field here; one of monitor, at, "
                "up, region. Did you mean monitor?"
            ),
        ),
        (
            "ledger: {csv: book.csv}",
            "ledger: book.csv",
            (
                'makegood.yaml:12: ledger is "book.csv"; a mapping with csv, notion. '
                "Write its fields below it, indented, or in braces: { }."
            ),
        ),
    ],
)
def test_a_wrong_workspace_is_told_with_place_value_expectation_and_remedy(old, new, sentence):
    """One fault, one sentence that a person can act on."""
    assert faults(FULL.replace(old, new)) == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "database: postgresql+psycopg://finance:hunter2@db.example/makegood\n",
        "database: [postgresql+psycopg://finance:hunter2@db.example/makegood]\nname: N\n",
        "name: N\ndatabase: postgresql+psycopg://db/makegood?password=hunter2\n",
        "name: N\ndatabase: postgresql+psycopg://finance:hunter2@db.example: makegood\n",
        "name: N\ndatabase: x\nreply: postgresql+psycopg://finance:hunter2@db.example/x\n",
        "name: N\nmail: postgresql+psycopg://finance:hunter2@db.example/x\n",
    ],
)
def test_a_password_in_a_wrong_file_is_never_repeated(text):
    """Not in the finding about it, not in the line of a syntax error."""
    assert faults(text)
    assert "hunter2" not in "".join(faults(text))


def test_credits_are_booked_from_the_journal_unless_stripe_is_named():
    """Without a billing system nothing is asked of anybody."""
    billing = read(FULL).billing
    assert (billing.kind, billing.mode) == (BillingKind.JOURNAL, None)


def test_stripe_is_named_with_the_side_of_the_account():
    """So that a key of the other side can be refused."""
    billing = read(FULL + "billing: {kind: stripe, mode: test}\n").billing
    assert (billing.kind, billing.mode) == (BillingKind.STRIPE, BillingMode.TEST)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "{kind: stripe}",
            (
                "makegood.yaml:20: billing names stripe without a mode; a mode for Stripe. "
                "Add mode: test, or mode: live where money is to move."
            ),
        ),
        (
            "{kind: journal, mode: live}",
            (
                "makegood.yaml:20: billing gives the journal a mode; a mode for Stripe alone. "
                "Leave mode out."
            ),
        ),
    ],
)
def test_a_mode_belongs_to_stripe_alone(written, sentence):
    """Neither a side too few nor one that means nothing."""
    assert faults(FULL + f"billing: {written}\n") == [sentence]


def test_a_token_where_its_digest_belongs_is_refused_and_never_repeated():
    """A file under version control is no place for it."""
    (fault,) = faults(FULL + "release: {approvers: {Kim: [hunter2-hunter2-hunter2]}}\n")
    assert "is no digest" in fault
    assert "hunter2" not in fault


# --- Mail by SMTP ---------------------------------------------------------------------------------

BY_SMTP = """\
name: Northwind Cloud
mail:
  from: Northwind Cloud <sla@northwind.example>
  operator: finance@northwind.example
  smtp: {host: smtp.northwind.example, user: sla@northwind.example}
"""


def test_a_server_is_spoken_to_by_starttls_unless_another_way_is_named():
    """587, 465 on an encrypted port, 25 on this machine; slow enough for the strictest provider."""
    mail = read(BY_SMTP).mail
    assert mail
    assert mail.smtp
    assert (mail.smtp.security, mail.smtp.usual_port) == (SmtpSecurity.STARTTLS, 587)
    assert mail.smtp.per_minute == 30
    for server, port in (
        ("{host: h.example, security: tls}", 465),
        ("{host: localhost, security: none}", 25),
        ("{host: 127.0.0.1, security: none, port: 1025}", 1025),
        ('{host: "::1", security: none}', 25),
        ('{host: "[::1]", security: none}', 25),
    ):
        named = read(re.sub(r"smtp: .*", f"smtp: {server}", BY_SMTP)).mail
        assert named
        assert named.smtp
        assert named.smtp.usual_port == port


def test_without_a_server_mails_are_files():
    """In the folder that is named, or in `outbox`."""
    for line, folder in (("", "outbox"), ("outbox: letters", "letters")):
        mail = read(re.sub(r"smtp: .*", line, BY_SMTP)).mail
        assert mail
        assert (mail.smtp, mail.folder) == (None, folder)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "outbox: outbox\n  smtp: {host: h.example}",
            (
                "makegood.yaml:2: mail has both outbox and smtp; one way for mail to leave. "
                "Leave out smtp to look at files first, or outbox to send."
            ),
        ),
        (
            "smtp: {host: smtp.northwind.example, security: none}",
            (
                "makegood.yaml:5: mail.smtp names smtp.northwind.example with security none; "
                "security none only for a server on this machine. Write starttls, or tls where "
                "the server encrypts from the start."
            ),
        ),
        (
            "smtp: {host: 10.0.0.1, security: none}",
            (
                "makegood.yaml:5: mail.smtp names 10.0.0.1 with security none; security none "
                "only for a server on this machine. Write starttls, or tls where the server "
                "encrypts from the start."
            ),
        ),
        (
            "smtp: {host: h.example, password: hunter2}",
            (
                "makegood.yaml:5: mail.smtp holds a password; no password in a file. Put it "
                "into the environment as MAKEGOOD_SMTP_PASSWORD, and change it if others have "
                "read this file."
            ),
        ),
        (
            "smtp: {host: 'smtp://h.example:25'}",
            (
                'makegood.yaml:5: mail.smtp.host is "smtp://h.example:25"; a name such as '
                "smtp.example.com, or an address of a machine. Write the name alone; the port "
                "has a field of its own."
            ),
        ),
        (
            "smtp: {host: smtp..northwind.example}",
            (
                'makegood.yaml:5: mail.smtp.host is "smtp..northwind.example"; a name such as '
                "smtp.example.com, or an address of a machine. Write the name alone; the port "
                "has a field of its own."
            ),
        ),
        (
            "smtp: {host: h.example, security: ssl}",
            (
                'makegood.yaml:5: mail.smtp.security is "ssl"; starttls, tls or none. Choose '
                "one of them."
            ),
        ),
        (
            "smtp: {host: h.example, port: 70000}",
            (
                "makegood.yaml:5: mail.smtp.port is 70000; a number of at most 65535. Write a "
                "number of at most 65535."
            ),
        ),
        (
            "unsubscribe: '<off@northwind.example>'",
            (
                'makegood.yaml:5: mail.unsubscribe is "<off@northwind.example>"; an https:// '
                "link or an e-mail address alone. Write for example off@acme.example, or leave "
                "it out."
            ),
        ),
    ],
)
def test_a_wrong_server_is_told_with_place_value_expectation_and_remedy(lines, sentence):
    """No password is repeated, and nothing is sent in the clear to another machine."""
    assert faults(re.sub(r"smtp: .*", lines, BY_SMTP)) == [sentence]


def test_two_sources_never_share_the_name_of_a_secret():
    """`a-b.c` and `a.b-c` would both look for MAKEGOOD_SOURCE_A_B_C_TOKEN."""
    sources = ", ".join(
        f"{{id: {name}, kind: calculator_payloads, path: {name}.json}}" for name in ("a-b", "a.b")
    )
    with pytest.raises(UnusableInputError, match="secrets would all be named MAKEGOOD_SOURCE_A_B_"):
        read(f"name: Northwind\nsources: [{sources}]\n")
