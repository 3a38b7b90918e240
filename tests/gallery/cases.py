"""The gallery of bad input: what a person got wrong, and what they must be told.

Each case changes a small sound workspace, runs one command, and names four things that its message
holds: the place, the value, what was expected, and what to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.ledger import COLUMNS
from models.period import ServiceMonth
from tests.workspaces import ACME, LADDER, MAKEGOOD, checks

Content = str | bytes | Callable[[Path], None]
"""A file's content, or a function that puts something at its path."""

GOOD_CHECKS = checks(api=120)
RUNNING = str(ServiceMonth.of(datetime.now(tz=UTC).date()))
PAYLOAD = '{"month": "2026-05", "total_windows": 8928, "error_windows": 90, "excluded_windows": 6}'
FILES: Mapping[str, Content] = {
    "books/makegood.yaml": MAKEGOOD,
    "books/contracts/acme.yaml": ACME,
    "books/checks.csv": GOOD_CHECKS,
    "checks.csv": GOOD_CHECKS,
    "payload.json": PAYLOAD,
    "ladder.yaml": LADDER,
}

RUN = ("run", "--month", "2025-09", "--workspace", "books")
BACKFILL = ("backfill", "--from", "2025-08", "--to", "2025-09", "--workspace", "books")
RELEASE = ("release", "2025-09", "--yes", "--workspace", "books")
CLAIMS = ("claims", "--workspace", "books")
EXPLAIN = ("explain", "acme/api", "2025-09", "--workspace", "books")
MEASURE = ("measure", "--checks", "checks.csv", "--month", "2025-09")
DETERMINE = ("determine", "--ladder", "aws-s3-standard", "--payload", "payload.json")


@dataclass(frozen=True, slots=True)
class Bad:
    """One case.

    Attributes:
        name: What is wrong.
        command: The command and its options; `--json` is added.
        says: What the message holds: place, value, expectation, remedy.
        files: What differs from the sound workspace; None takes a file away.
        never: What the message must not hold.
        in_flow: Whether the fault is found only inside the Prefect flow.
    """

    name: str
    command: tuple[str, ...]
    says: tuple[str, ...]
    files: Mapping[str, Content | None] = field(default_factory=dict)
    never: str = "Traceback"
    in_flow: bool = False


def with_contract(old: str, new: str, contract: str = ACME) -> Mapping[str, Content]:
    """The contract with one part of its text replaced."""
    assert old in contract, old
    return {"books/contracts/acme.yaml": contract.replace(old, new)}


def with_workspace(old: str, new: str) -> Mapping[str, Content]:
    """The workspace file with one part of its text replaced."""
    assert old in MAKEGOOD, old
    return {"books/makegood.yaml": MAKEGOOD.replace(old, new)}


def payload(fields: str) -> Mapping[str, Content]:
    """A payload of May 2026 with these fields."""
    return {"payload.json": f'{{"month": "2026-05", {fields}}}'}


def exclusion(start: str, end: str) -> str:
    """A file of exclusions that holds one."""
    return f"- {{id: up, kind: maintenance, reason: Upgrade, start: {start}, end: {end}}}\n"


def folder(path: Path) -> None:
    """A folder where a file should be."""
    path.mkdir(parents=True)


def very_long_line(path: Path) -> None:
    """A line of 200 MB that never ends, after a sound header."""
    piece = b"api " * 250_000
    with path.open("wb") as file:
        file.write(b"monitor,at,up\n")
        for _ in range(200):
            file.write(piece)


def parquet(**columns: object) -> bytes:
    """The bytes of a Parquet file."""
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


WHOLE_PARQUET = parquet(monitor=["api"], at=["2025-09-01T00:00:00Z"], up=["up"])

ROW = ("acme/api/2025-08/r0", *[""] * (len(COLUMNS) - 1))
TWICE_IN_LEDGER = "\n".join(
    ",".join(cells) for cells in (sorted(COLUMNS, key="Key".__ne__), ROW, ROW)
)
"""A ledger that somebody pasted a row into twice; the column Key comes first."""

FLATTENED = """\
credit_ladder:
vendor: Amazon S3 (Standard & most classes)
threshold_kind: uptime_brackets
brackets:
- range: "<99.9% and ≥99.0%"
credit_percent: 10
- range: "<99.0%"
credit_percent: 25
"""


IN_CONTRACT = "books/contracts/acme.yaml"

WRITTEN = [
    Bad(
        "broken YAML",
        RUN,
        (f"{IN_CONTRACT}:2:21:", "{id: acme, [}", "each bracket closed", "Write the value"),
        with_contract("client: {id: acme", "client: {id: acme, [}"),
    ),
    Bad(
        "broken YAML by its indentation",
        BACKFILL,
        (f"{IN_CONTRACT}:11:21:", "commitment_percent: 99.9", "in one column", "line the field up"),
        with_contract("  kind: upt", " kind: upt"),
    ),
    Bad(
        "a comma for a point",
        RUN,
        (f"{IN_CONTRACT}:11: credit_ladder.commitment_percent", '"99,9"', "point", "Write 99.9"),
        with_contract("percent: 99.9", 'percent: "99,9"'),
    ),
    Bad(
        "a gap in the ladder",
        RELEASE,
        (f"{IN_CONTRACT}:14: credit_ladder.brackets[1].below", "98.5", "one row", "Raise it to 99"),
        with_contract("below: 99.0", "below: 98.5"),
    ),
    Bad(
        "an overlap in the ladder",
        EXPLAIN,
        (f"{IN_CONTRACT}:14: credit_ladder.brackets[1].below", "99.5", "one row", "Lower it to 99"),
        with_contract("below: 99.0", "below: 99.5"),
    ),
    Bad(
        "tiers in the wrong order",
        RUN,
        (f"{IN_CONTRACT}:14: credit_ladder.brackets[1].below", "99.9", "fall", "Swap the rows"),
        with_contract(
            "    - {below: 99.9, at_least: 99.0, credit_percent: 10}\n"
            "    - {below: 99.0, at_least: 95.0, credit_percent: 25}\n",
            "    - {below: 99.0, at_least: 95.0, credit_percent: 25}\n"
            "    - {below: 99.9, at_least: 99.0, credit_percent: 10}\n",
        ),
    ),
    Bad(
        "an unknown zone",
        RUN,
        (f"{IN_CONTRACT}:1: time_zone", "Europe/Berlni", "IANA", "Did you mean Europe/Berlin?"),
        with_contract("role:", "time_zone: Europe/Berlni\nrole:"),
    ),
    Bad(
        "an unknown field",
        RUN,
        (f"{IN_CONTRACT}:5:", "bilable_amount", "one of", "Did you mean billable_amount?"),
        with_contract("billable_amount", "bilable_amount"),
    ),
    Bad(
        "a field twice",
        RUN,
        (f"{IN_CONTRACT}:5: currency", "twice, first on line 1", "once", "Remove one of the two"),
        with_contract("role:", "currency: USD\nrole:"),
    ),
    Bad(
        "a claim's length that is none",
        RUN,
        (f"{IN_CONTRACT}:1: claim.deadlines[0].within", "30 dayz", "5 business days", "Write a"),
        with_contract("role:", "claim: {deadlines: [{within: 30 dayz}]}\nrole:"),
    ),
    Bad(
        "a claim that is due by two rules at once",
        RUN,
        (f"{IN_CONTRACT}:1: claim has within_days 3", "deadlines a list of 1", "only one of"),
        with_contract("role:", "claim: {within_days: 3, deadlines: [{within: 9 days}]}\nrole:"),
    ),
    Bad(
        "a claim by the end of an unknown stretch",
        RUN,
        (f"{IN_CONTRACT}:1: claim.deadlines[0].by_end_of", "biling_cycle", "Did you mean billing"),
        with_contract("role:", "claim: {deadlines: [{by_end_of: biling_cycle}]}\nrole:"),
    ),
    Bad(
        "holidays of a country that is none",
        RUN,
        (f"{IN_CONTRACT}:1: claim.holidays", "Atlantis", "a country as ISO 3166", "Correct it"),
        with_contract("role:", "claim: {holidays: Atlantis}\nrole:"),
    ),
    Bad(
        "a dependency on nobody",
        RUN,
        (f"{IN_CONTRACT}", "depends_on[0] is aws/dynamodb", "no contract of this", "take it out"),
        with_contract("role:", "depends_on: [aws/dynamodb]\nrole:"),
    ),
    Bad(
        "a dependency that is no contract's id",
        RUN,
        (f"{IN_CONTRACT}:1: depends_on[0]", '"aws"', "as client/service", "Write for example aws/"),
        with_contract("role:", "depends_on: [aws]\nrole:"),
    ),
    Bad(
        "a contract twice",
        RUN,
        ("books/contracts/more.yaml:1:", "acme/api", "one contract for", "Merge the two"),
        {"books/contracts/more.yaml": ACME},
    ),
    Bad(
        "an amount below zero",
        RUN,
        (f"{IN_CONTRACT}:5: billable_amount", "-2000", "at least 0", "Write a number"),
        with_contract("2000", "-2000"),
    ),
    Bad(
        "an amount that is no number",
        RUN,
        (f"{IN_CONTRACT}:5: billable_amount", ".nan", "a plain number", "Write a finite number"),
        with_contract("2000", ".nan"),
    ),
    Bad(
        "an infinite amount",
        RUN,
        (f"{IN_CONTRACT}:5: billable_amount", ".inf", "a plain number", "Write a finite number"),
        with_contract("2000", ".inf"),
    ),
    Bad(
        "an amount beyond all measure",
        RUN,
        (f"{IN_CONTRACT}:5: billable_amount", "1" + "0" * 50, "at most 30 digits", "Shorten it"),
        with_contract("2000", "1" + "0" * 50),
    ),
    Bad(
        "a percent above a hundred",
        RUN,
        (f"{IN_CONTRACT}:13: credit_ladder.brackets[0]", "110", "at most 100", "Write a number"),
        with_contract("percent: 10", "percent: 110"),
    ),
    Bad(
        "a date that does not exist",
        RUN,
        (f"{IN_CONTRACT}:1: effective_on", "2026-02-30", "YYYY-MM-DD", "that the month has"),
        with_contract("role:", "effective_on: 2026-02-30\nrole:"),
    ),
    Bad(
        "an unknown currency",
        RUN,
        (f"{IN_CONTRACT}:4: currency", "GPD", "an ISO 4217 code", "Did you mean"),
        with_contract("EUR", "GPD"),
    ),
    Bad(
        "an unknown kind of ladder",
        RUN,
        (f"{IN_CONTRACT}:10:", '"uptime_bracket"', "one of", "Did you mean uptime_brackets?"),
        with_contract("uptime_brackets", "uptime_bracket"),
    ),
    Bad(
        "a ladder that the catalog lacks",
        RUN,
        (f"{IN_CONTRACT}:9:", '"aws-s3"', "of the catalog", "Did you mean aws-s3-standard?"),
        with_contract(LADDER, "credit_ladder: {catalog: aws-s3}\n"),
    ),
    Bad(
        "a placeholder that nobody filled",
        RUN,
        (f"{IN_CONTRACT}:2: client", "[CLIENT_ID]", "your own value", "Replace [CLIENT_ID]"),
        with_contract("id: acme", 'id: "[CLIENT_ID]"'),
    ),
    Bad(
        "a template that lost its indentation",
        RUN,
        (
            f"{IN_CONTRACT}:9:",
            "credit_ladder has lost",
            "indented",
            "Write it so:\ncredit_ladder:\n  ",
        ),
        with_contract(LADDER, FLATTENED),
    ),
    Bad(
        "an empty contract file",
        RUN,
        (IN_CONTRACT, "is empty", "one contract or more", "remove the file"),
        {IN_CONTRACT: ""},
    ),
    Bad(
        "a contract that is no text",
        RUN,
        (f"{IN_CONTRACT}:1:", "0xff at position 6", "UTF-8", "Save the file as UTF-8"),
        {IN_CONTRACT: b"name: \xff\xfe\n"},
    ),
    Bad(
        "a contract in UTF-16",
        RUN,
        (f"{IN_CONTRACT}:1:", "looks like UTF-16", "text in UTF-8", "Save the file as UTF-8"),
        {IN_CONTRACT: ACME.encode("utf-16")},
    ),
    Bad(
        "a folder in place of a contract",
        RUN,
        ("books/contracts/folder.yaml", "is a folder", "a file", "Check the path"),
        {"books/contracts/folder.yaml": folder},
    ),
    Bad(
        "a contract without end",
        RUN,
        (IN_CONTRACT, "200,000,014 bytes", "at most 4,000,000", "Split it"),
        {IN_CONTRACT: very_long_line},
    ),
    Bad(
        "no workspace file",
        RUN,
        ("books/makegood.yaml", "is missing", "a file", "Check the path"),
        {"books/makegood.yaml": None},
    ),
    Bad(
        "no contracts",
        RUN,
        ("books/contracts", "holds no contract", "end in .yaml", "Put the first contract there"),
        {IN_CONTRACT: None},
    ),
    Bad(
        "faults in two files at once",
        RUN,
        ("books/makegood.yaml:3:", "check_file", f"{IN_CONTRACT}:4:", "2 findings"),
        {**with_workspace("checks_file", "check_file"), **with_contract("EUR", "GPD")},
    ),
    Bad(
        "a password in the database's address",
        RUN,
        ("books/makegood.yaml:2: database", "a password", "without", "MAKEGOOD_DATABASE_URL"),
        with_workspace("sources:", "database: postgresql+psycopg://kim:s3cret@db/books\nsources:"),
        never="s3cret",
    ),
    Bad(
        "a client's address before whose @ no server reads",
        RUN,
        (f"{IN_CONTRACT}:2: client.email", "jürgen@acme.example", "plain ASCII", "Correct the"),
        with_contract("ap@acme.example", "jürgen@acme.example"),
    ),
    Bad(
        "two addresses where one belongs",
        RUN,
        (
            f"{IN_CONTRACT}:2: client.email",
            '"ap@acme.example,cfo@acme.example"',
            "an e-mail",
            "Corr",
        ),
        with_contract("email: ap@acme.example", 'email: "ap@acme.example,cfo@acme.example"'),
    ),
    Bad(
        "a sender with half a bracket",
        RUN,
        ("books/makegood.yaml:4: mail.from", '"Relay <sla@relay.example"', "an e-mail", "Correct"),
        with_workspace("from: sla@relay.example", 'from: "Relay <sla@relay.example"'),
    ),
    Bad(
        "a mail server with a dot too many",
        RUN,
        (
            "books/makegood.yaml:4: mail.smtp.host",
            '"smtp..relay.example"',
            "a name such as",
            "Write",
        ),
        with_workspace("{from:", "{smtp: {host: smtp..relay.example}, from:"),
    ),
    Bad(
        "a password of the mail server",
        RUN,
        ("books/makegood.yaml:4: mail.smtp", "a password", "in a file", "MAKEGOOD_SMTP_PASSWORD"),
        with_workspace("{from:", "{smtp: {host: h.example, password: s3cret}, from:"),
        never="s3cret",
    ),
    Bad(
        "a source of an unknown kind",
        RUN,
        ("books/makegood.yaml:3:", '"check_file"', "one of the kinds", "Did you mean checks_file?"),
        with_workspace("checks_file", "check_file"),
    ),
    Bad(
        "an exclusion that ends before it starts",
        RUN,
        ("books/exclusions/all.yaml:1:", "2025-09-01T00:00:00Z", "after its start", "Write an end"),
        {"books/exclusions/all.yaml": exclusion("2025-09-02T00:00:00Z", "2025-09-01T00:00:00Z")},
    ),
    Bad(
        "an exclusion without a zone",
        RUN,
        ("books/exclusions/all.yaml:1:", '"2025-09-01T00:00:00"', "its zone", "offset from UTC"),
        {"books/exclusions/all.yaml": exclusion("2025-09-01T00:00:00", "2025-09-02T00:00:00Z")},
    ),
]
"""What a person writes into a workspace; `makegood check` lists every one of these too."""

TYPED = [
    Bad(
        "a thirteenth month",
        ("run", "--month", "2026-13", "--workspace", "books"),
        ("--month", "'2026-13'", "YYYY-MM with 01 to 12", "Write for example 2026-05"),
    ),
    Bad(
        "a month to come",
        ("run", "--month", "2999-01", "--workspace", "books"),
        ("--month", "2999-01", "a month that is over", "give a month up to"),
    ),
    Bad(
        "a month to come, measured",
        (*MEASURE[:-1], "2999-01"),
        ("--month", "2999-01", "a month that has begun", "Give a month up to"),
    ),
    Bad(
        "the running month",
        ("run", "--month", RUNNING, "--workspace", "books"),
        ("--month", RUNNING, "a month that is over", "give a month up to"),
    ),
    Bad(
        "an unknown client",
        (*RUN, "--client", "acmee"),
        ("--client", "'acmee'", "a client that has a contract", "Did you mean acme?"),
    ),
    Bad(
        "an unknown client of a release",
        (*RELEASE, "--client", "acmee"),
        ("--client", "'acmee'", "a client that has a contract", "Did you mean acme?"),
    ),
    Bad(
        "months in the wrong order",
        ("backfill", "--from", "2025-09", "--to", "2025-08", "--workspace", "books"),
        ("--to", "2025-08, before 2025-09", "not before --from", "Exchange the two"),
    ),
    Bad(
        "a backfill into the future",
        ("backfill", "--from", "2025-09", "--to", "2035-01", "--workspace", "books"),
        ("--month", "ends at", "a month that is over", "give a month up to"),
    ),
    Bad(
        "a month that was never run",
        EXPLAIN,
        ("CONTRACT", "acme/api", "a month that was run", "Run `makegood run --month 2025-09`"),
    ),
    Bad(
        "an unknown zone, typed",
        (*MEASURE, "--time-zone", "Europe/Berln"),
        ("--time-zone", "'Europe/Berln'", "an IANA time zone", "Did you mean Europe/Berlin?"),
    ),
    Bad(
        "an exclusion reversed",
        (*MEASURE, "--exclude", "2025-09-02T00:00Z/2025-09-01T00:00Z"),
        ("--exclude", "'2025-09-02T00:00Z/", "the end after the start", "Write for example"),
    ),
    Bad(
        "an exclusion without an offset",
        (*MEASURE, "--exclude", "2025-09-01/2025-09-02"),
        ("--exclude", "'2025-09-01/2025-09-02'", "with offsets", "Write for example"),
    ),
    Bad(
        "windows of no length",
        (*MEASURE, "--window-minutes", "0"),
        ("--window-minutes", "'0'", "whole minutes from 1 to 1440", "Write for example 5"),
    ),
    Bad(
        "windows of seven minutes and a half",
        (*MEASURE, "--window-minutes", "7.5"),
        ("--window-minutes", "'7.5'", "whole minutes from 1 to 1440", "Write for example 5"),
    ),
    Bad(
        "a negative minimum",
        (*MEASURE, "--ignore-outages-under-minutes", "-5"),
        ("--ignore-outages-under-minutes", "'-5'", "of 0 or more", "Write for example 5"),
    ),
    Bad(
        "a minimum that is no number",
        (*MEASURE, "--ignore-outages-under-minutes", "nan"),
        ("--ignore-outages-under-minutes", "'nan'", "a plain number", "Write for example 5"),
    ),
    Bad(
        "stale after no time",
        (*MEASURE, "--stale-after-minutes", "0"),
        ("--stale-after-minutes", "is 0", "more than 0 minutes", "Leave the option out"),
    ),
    Bad(
        "an unknown policy",
        (*MEASURE, "--no-data", "guess"),
        ("'--no-data'", "'guess'", "'carry', 'up', 'down'", "Try 'makegood measure -h'"),
    ),
    Bad(
        "an unknown option",
        (*MEASURE, "--window", "5"),
        ("No such option", "--window", "--window-minutes", "Try 'makegood measure -h'"),
    ),
    Bad(
        "an unknown ladder",
        ("determine", "--ladder", "aws-s3-standart", *DETERMINE[3:]),
        (
            "--ladder",
            '"aws-s3-standart"',
            "ladders of the catalog",
            "Did you mean aws-s3-standard?",
        ),
    ),
    Bad(
        "a negative fee",
        (*DETERMINE, "--fee", "-1"),
        ("--fee", "'-1'", "of 0 or more", "Write for example"),
    ),
    Bad(
        "an infinite fee",
        (*DETERMINE, "--fee", "inf"),
        ("--fee", "'inf'", "a plain number", "Write for example"),
    ),
    Bad(
        "a fee with a comma",
        (*DETERMINE, "--fee", "1.000,50"),
        ("--fee", "'1.000,50'", "with a decimal point", "Write for example"),
    ),
    Bad(
        "a currency that does not exist",
        (*DETERMINE, "--currency", "EURO"),
        ("--currency", "'EURO'", "the ISO 4217 code", "Did you mean EUR?"),
    ),
]
"""What a person types."""

CHECKED = [
    Bad(
        "no such checks",
        ("measure", "--checks", "chekcs.csv", *MEASURE[3:]),
        ("chekcs.csv", "does not exist", "a file", "Check the name"),
    ),
    Bad(
        "a folder in place of checks",
        MEASURE,
        ("checks.csv", "is a folder", "a file", "Name the file"),
        {"checks.csv": folder},
    ),
    Bad(
        "an empty checks file",
        MEASURE,
        ("checks.csv", "is empty", "the names of the columns", "Write the header"),
        {"checks.csv": ""},
    ),
    Bad(
        "checks without a column",
        MEASURE,
        ("checks.csv:1:", "no column 'up'", "the columns monitor, at, up", "Rename the column"),
        {"checks.csv": "monitor,at\napi,2025-09-01T00:00:00Z\n"},
    ),
    Bad(
        "checks with semicolons",
        MEASURE,
        ("checks.csv:1:", "'monitor;at;up'", "the columns", "commas instead of semicolons"),
        {"checks.csv": GOOD_CHECKS.replace(",", ";")},
    ),
    Bad(
        "checks that are no UTF-8",
        MEASURE,
        ("checks.csv:2:", "0xe4 at position 14", "text in UTF-8", "Save the file as UTF-8"),
        {"checks.csv": b"monitor,at,up\n\xe4pi,2025-09-01T00:00:00Z,up\n"},
    ),
    Bad(
        "states that mean nothing",
        MEASURE,
        ("checks.csv:5: up", "'okay'", "checks.csv:6: up is empty", "down or degraded", "Mend"),
        {"checks.csv": f"{GOOD_CHECKS}api,2025-09-11T00:00:00Z,okay\napi,2025-09-12T00:00:00Z,\n"},
    ),
    Bad(
        "times without an offset",
        MEASURE,
        ("checks.csv:2: at", "'2025-09-01T00:00:00'", "with its offset", "Write the offset"),
        {"checks.csv": "monitor,at,up\napi,2025-09-01T00:00:00,up\n"},
    ),
    Bad(
        "a day that does not exist",
        MEASURE,
        (
            "checks.csv:2: at",
            "'2025-09-31T00:00:00Z'",
            "an ISO 8601 time",
            "Mend or remove the row",
        ),
        {"checks.csv": "monitor,at,up\napi,2025-09-31T00:00:00Z,up\n"},
    ),
    Bad(
        "a row that is too short",
        MEASURE,
        ("checks.csv:5:", "has 2 cells", "one cell for each column", "Mend or remove the row"),
        {"checks.csv": f"{GOOD_CHECKS}api,2025-09-12T00:00:00Z\n"},
    ),
    Bad(
        "a quote that nobody closed",
        MEASURE,
        ("checks.csv:2:", "a quote that is not closed", 'a second "', "Close the quote"),
        {"checks.csv": 'monitor,at,up\n"api,2025-09-01T00:00:00Z,up\n'},
    ),
    Bad(
        "a line of 200 MB",
        MEASURE,
        ("checks.csv:2:", "longer than 1,048,576 bytes", "one row per line", "with line ends"),
        {"checks.csv": very_long_line},
    ),
    Bad(
        "Parquet that is none",
        ("measure", "--checks", "checks.parquet", *MEASURE[3:]),
        ("checks.parquet", "does not begin with PAR1", "a Parquet file", "Write the file anew"),
        {"checks.parquet": "monitor,at,up\n"},
    ),
    Bad(
        "Parquet cut short",
        ("measure", "--checks", "checks.parquet", *MEASURE[3:]),
        ("checks.parquet", "no whole Parquet file", "written to its end", "Write the file anew"),
        {"checks.parquet": WHOLE_PARQUET[:-40]},
    ),
    Bad(
        "Parquet with inexact times",
        ("measure", "--checks", "checks.parquet", *MEASURE[3:]),
        ("checks.parquet: at", "the type double", "timestamps", "Write the column"),
        {"checks.parquet": parquet(monitor=["api"], at=[1.5], up=[True])},
    ),
    Bad(
        "bad checks in a run",
        RUN,
        ("checks.csv:5: up", "'okay'", "down or degraded", "Mend or remove the row"),
        {"books/checks.csv": f"{GOOD_CHECKS}api,2025-09-11T00:00:00Z,okay\n"},
        in_flow=True,
    ),
    Bad(
        "no checks in a run",
        RUN,
        ("checks.csv", "does not exist", "a file", "Check the name"),
        {"books/checks.csv": None},
        in_flow=True,
    ),
    Bad(
        "bad checks in a backfill",
        BACKFILL,
        ("checks.csv:1:", "no column 'up'", "the columns monitor, at, up", "Rename the column"),
        {"books/checks.csv": "monitor,at\n"},
        in_flow=True,
    ),
]
"""What probes wrote down."""

COUNTED = [
    Bad(
        "errors and exclusions above the total",
        DETERMINE,
        ("payload.json:1: error_windows", "is 60", "at most 50", "Correct the figures"),
        payload('"total_windows": 100, "error_windows": 60, "excluded_windows": 50'),
    ),
    Bad(
        "more exclusions than windows",
        DETERMINE,
        ("payload.json:1: excluded_windows", "is 101", "at most the 100", "Correct the figures"),
        payload('"total_windows": 100, "error_windows": 0, "excluded_windows": 101'),
    ),
    Bad(
        "a negative count",
        DETERMINE,
        ("payload.json:1: error_windows", "is -1", "at least 0", "Write a number"),
        payload('"total_windows": 100, "error_windows": -1'),
    ),
    Bad(
        "a payload with NaN",
        DETERMINE,
        ("payload.json:1:", "NaN", "finite numbers", "Write the number, or null"),
        payload('"uptime_percent": NaN'),
    ),
    Bad(
        "a payload with Infinity",
        DETERMINE,
        ("payload.json:1:", "Infinity", "finite numbers", "Write the number, or null"),
        payload('"down_seconds": Infinity'),
    ),
    Bad(
        "more than a hundred percent",
        DETERMINE,
        ("payload.json:1: uptime_percent", "100.5", "at most 100", "Write a number"),
        payload('"uptime_percent": 100.5'),
    ),
    Bad(
        "more downtime than the month has",
        DETERMINE,
        ("payload.json:1: down_seconds", "2678401", "at most 2678400", "Correct the figures"),
        payload('"down_seconds": 2678401'),
    ),
    Bad(
        "a payload of the thirteenth month",
        DETERMINE,
        ("payload.json:1: month", "2026-13", "YYYY-MM", "such as 2026-05"),
        {"payload.json": '{"month": "2026-13", "uptime_percent": 99}'},
    ),
    Bad(
        "a payload that tells the month in two ways",
        DETERMINE,
        ("payload.json:1: down_seconds", "is 60", "exactly one of", "Correct the figures"),
        payload('"uptime_percent": 99, "down_seconds": 60'),
    ),
    Bad(
        "a payload with placeholders",
        DETERMINE,
        ("payload.json:1: client_id", "[CLIENT_ID]", "a value in place of", "Fill it in"),
        payload('"client_id": "[CLIENT_ID]", "uptime_percent": 99'),
    ),
    Bad(
        "a payload that misspells a field",
        DETERMINE,
        ("payload.json:1:", "uptime_percnt", "one of", "Did you mean uptime_percent?"),
        payload('"uptime_percnt": 99'),
    ),
    Bad(
        "broken JSON",
        DETERMINE,
        ("payload.json:2:23:", "99,,", "a JSON document", "remove a comma"),
        {"payload.json": '{"month": "2026-05",\n "uptime_percent": 99,,}'},
    ),
    Bad(
        "an empty payload",
        DETERMINE,
        ("payload.json:1:1:", "at the end", "a JSON document", "Correct the place"),
        {"payload.json": ""},
    ),
    Bad(
        "a list of payloads",
        DETERMINE,
        ("payload.json:1:", "an empty list", "a mapping with", "Write its fields"),
        {"payload.json": "[]"},
    ),
    Bad(
        "no payload",
        (*DETERMINE[:-1], "nowhere.json"),
        ("nowhere.json", "is missing", "a JSON file", "Check the path"),
    ),
    Bad(
        "a folder in place of a payload",
        DETERMINE,
        ("payload.json", "is a folder", "a JSON file", "Check the path"),
        {"payload.json": folder},
    ),
    Bad(
        "a number beyond all measure",
        DETERMINE,
        ("payload.json:1: down_seconds", "1E+999999", "at most 30 digits", "Shorten it"),
        payload('"down_seconds": 1e999999'),
    ),
    Bad(
        "a payload without end",
        DETERMINE,
        ("payload.json", "200,000,014 bytes", "at most 4,000,000", "Split it"),
        {"payload.json": very_long_line},
    ),
    Bad(
        "a ladder file with a gap",
        ("determine", "--ladder", "ladder.yaml", *DETERMINE[3:]),
        ("ladder.yaml:6: credit_ladder.brackets[1].below", "98.5", "one row", "Raise it to 99"),
        {"ladder.yaml": LADDER.replace("below: 99.0", "below: 98.5")},
    ),
    Bad(
        "a ladder file that lost its indentation",
        ("determine", "--ladder", "ladder.yaml", *DETERMINE[3:]),
        (
            "ladder.yaml:1:",
            "credit_ladder has lost",
            "indented",
            "Write it so:\ncredit_ladder:\n  ",
        ),
        {"ladder.yaml": FLATTENED},
    ),
]
"""What calculators and ladder files say."""

IN_THE_WAY = [
    Bad(
        "a ledger that is not ours",
        RUN,
        ("books/ledger.csv:1: column 'Client'", "is missing", "exactly once", "Restore the header"),
        {"books/ledger.csv": "Name,Phone\nKim,1\n"},
        in_flow=True,
    ),
    Bad(
        "a ledger that is not ours, at a release",
        RELEASE,
        ("books/ledger.csv:1: column 'Client'", "is missing", "exactly once", "Restore the header"),
        {"books/ledger.csv": "Name,Phone\nKim,1\n"},
    ),
    Bad(
        "two rows with one key in the ledger",
        RUN,
        (
            "books/ledger.csv:3: column 'Key'",
            "acme/api/2025-08/r0",
            "each key once",
            "take one out",
        ),
        {"books/ledger.csv": TWICE_IN_LEDGER},
        in_flow=True,
    ),
    Bad(
        "a file in place of the outbox",
        RUN,
        ("books/outbox", "is a file", "expected a folder", "Move it away"),
        {"books/outbox": "a note"},
        in_flow=True,
    ),
    Bad(
        "a file in place of the previews",
        RELEASE,
        ("books/previews", "is a file", "expected a folder", "Move it away"),
        {"books/previews": "a note"},
    ),
    Bad(
        "a folder in place of the ledger",
        RELEASE,
        ("books/ledger.csv", "is a folder", "a CSV file", "Name a file in it"),
        {"books/ledger.csv": folder},
    ),
    Bad(
        "a folder in place of the database",
        RELEASE,
        ("books/makegood.db", "is a folder", "a database file was expected", "Name a file inside"),
        {"books/makegood.db": folder},
    ),
    Bad(
        "a database that is none",
        RELEASE,
        ("books/makegood.db", "not a database", "was expected", "Mend its address"),
        {"books/makegood.db": "a note" * 1000},
    ),
]
"""What lies where something is to be written."""

CLAIMED = [
    Bad(
        "a length of days that is none",
        (*CLAIMS, "--due", "soon"),
        ("--due", "'soon'", "a number of days or weeks", "Write for example 14d"),
    ),
    Bad(
        "a vendor that nobody knows",
        (*CLAIMS, "--client", "acmee"),
        ("--client", "'acmee'", "the id of a vendor", "Did you mean acme?"),
    ),
    Bad(
        "a claim that nobody knows",
        ("claims", "show", "acme/api/2025-09", "--workspace", "books"),
        ("KEY", "'acme/api/2025-09'", "a claim of this workspace", "lists them all"),
    ),
    Bad(
        "a status that is none",
        ("claims", "move", "a/b/2025-09", "--to", "fild", "--workspace", "books"),
        ("--to", "'fild'", "one of To Review", "Did you mean Filed?"),
    ),
    Bad(
        "a day of a bill that is none",
        ("claims", "settle", "a/b/2025-09", "--on", "2025-13-01", "--workspace", "books"),
        ("--on", "'2025-13-01'", "a date as YYYY-MM-DD", "Write for example"),
    ),
    Bad(
        "a claim filed in the future",
        ("claims", "file", "a/b/2025-09", "--at", "2999-01-01", "--workspace", "books"),
        ("--at", "2999-01-01", "still to come", "Leave it out for now"),
    ),
    Bad(
        "options before the command that they are for",
        ("claims", "--workspace", "books", "show", "a/b/2025-09"),
        ("--workspace", "stands before show", "options after the command", "Write it behind"),
    ),
]
"""What people type about claims."""

CASES = [*WRITTEN, *TYPED, *CHECKED, *COUNTED, *IN_THE_WAY, *CLAIMED]
