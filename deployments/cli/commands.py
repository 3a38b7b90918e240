"""Which commands there are: where each one lives, its line in the list, examples, exit codes.

A command is imported only when it is called. The list of all of them must not cost the seconds
that databases, Arrow and Prefect take to import.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module

import typer

COULD_NOT_FINISH = "could not finish (the month is locked, the database is away); run it again"
CUT_OFF = "could not finish (the month is locked, the database or the vendor is away); run it again"
AWAY = "could not finish (a drive did not answer); run it again"
VENDOR_AWAY = "could not finish (the database or the vendor is away); run it again"
MAIL_AWAY = "could not finish (the database or the mail server is away); run it again"
UNUSABLE = "unusable input; nothing was written"


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is not imported yet.

    Attributes:
        place: Module in this package and name in it.
        summary: Its line in the list; the first sentence of its own help.
        examples: Commands as people type them.
        exits: What its exit codes from 0 on mean; "" for one that it never ends with.
    """

    place: str
    summary: str
    examples: tuple[str, ...]
    exits: tuple[str, ...]

    def load(self) -> object:
        """Import it: a function, or a group of commands."""
        module, name = self.place.split(":")
        loaded: object = getattr(import_module(f"deployments.cli.{module}"), name)
        return loaded

    @property
    def epilog(self) -> str:
        """Examples and exit codes below its help; the mark keeps Click from filling lines."""
        examples = "\n".join(f"  {example}" for example in self.examples)
        used = [(code, means) for code, means in enumerate(self.exits) if means]
        exits = "\n".join(f"  {code}  {means}" for code, means in used)
        return f"\b\nExamples:\n{examples}\n\n\b\nExit codes:\n{exits}"


COMMANDS: Mapping[str, Command] = {
    "demo": Command(
        "rehearsal:demo",
        "Run four months of 2025 on real published outages.",
        ("makegood demo", "makegood demo --folder /tmp/rehearsal --json"),
        ("done", "", UNUSABLE, COULD_NOT_FINISH),
    ),
    "init": Command(
        "starting:init",
        "Write a first workspace, with comments and sample data.",
        ("makegood init books", "makegood check --workspace books"),
        ("written", "", UNUSABLE, AWAY),
    ),
    "schema": Command(
        "starting:schema",
        "Print the JSON Schema of a file that people write.",
        ("makegood schema contract", "makegood schema makegood --write makegood.schema.json"),
        ("printed", "", "there is no such schema", AWAY),
    ),
    "run": Command(
        "months:run",
        "Decide one month, write the ledger and mail the summary.",
        (
            "makegood run --month 2026-05",
            "makegood run --month 2026-05 --client acme --dry-run",
            "makegood run --month 2026-05 --workspace books --json",
        ),
        ("done", "something is withheld or open: a person must look", UNUSABLE, CUT_OFF),
    ),
    "backfill": Command(
        "months:backfill",
        "Decide several past months, the oldest first.",
        (
            "makegood backfill --from 2026-01 --to 2026-05",
            "makegood backfill --from 2026-01 --to 2026-05 --client acme --json",
        ),
        ("done", "something is withheld or open: a person must look", UNUSABLE, CUT_OFF),
    ),
    "doctor": Command(
        "serving:doctor",
        "Ask whether everything is there that a month needs.",
        ("makegood doctor", "makegood doctor --workspace books --json"),
        (
            "everything answers",
            "something is worth a look",
            "something is set up wrongly; each thing says what to do",
            "something is away; ask again",
        ),
    ),
    "up": Command(
        "serving:up",
        "Start Prefect with every flow, its schedules and a worker.",
        (
            "makegood up",
            "makegood up --workspace books --port 4201",
        ),
        (
            "ended by you",
            "",
            "the workspace cannot be used, or the port is taken; nothing was started",
            "a part of it ended by itself; start it again",
        ),
    ),
    "settings": Command(
        "setting_up:settings",
        "List every setting: what it is for, and where it is found.",
        ("makegood settings", "makegood settings --workspace books --json"),
        (
            "listed, and nothing is missing",
            "something that the workspace needs is nowhere",
            "the workspace cannot be used",
            "Prefect's server does not answer; run it again",
        ),
    ),
    "migrate": Command(
        "setting_up:migrate",
        "Bring the database to the tables of this Makegood.",
        ("makegood migrate", "makegood migrate --workspace books --json"),
        (
            "done, or nothing was to do",
            "",
            "the database cannot be used, or a newer Makegood has opened it",
            "the database is away; run it again",
        ),
    ),
    "release": Command(
        "months:release",
        "Let a month's credits go, after showing them and asking.",
        (
            "makegood release 2026-05",
            "makegood release 2026-05 --client acme --yes --why 'agreed with Kim'",
            "makegood release 2026-05 --all-below 100",
        ),
        (
            "released and paid",
            "not agreed to, one more must agree, or a mail or payment needs a person",
            UNUSABLE,
            CUT_OFF,
        ),
    ),
    "sync": Command(
        "syncing:sync",
        "Read back what people wrote and ticked in the ledgers.",
        (
            "makegood sync",
            "makegood sync 2026-05 --dry-run",
            "makegood sync --workspace books --json",
        ),
        (
            "read back; nothing needs a person",
            "a tick does not count, or a row needs a look; each is listed",
            UNUSABLE,
            "could not finish (a month is locked, ledger or database is away); run it again",
        ),
    ),
    "claims": Command(
        "claims:claims",
        "Claims against vendors: what is due, and what became of it.",
        (
            "makegood claims --due 14d",
            "makegood claims show twilio/apis/2026-05 --write claim.txt",
            "makegood claims file twilio/apis/2026-05 --reference 4711",
            "makegood claims approve twilio/apis/2026-05 --amount 80.00",
            "makegood claims settle twilio/apis/2026-05 --on 2026-07-31",
        ),
        (
            "nothing is overdue, or it is noted",
            "a deadline has passed, or a claim needs a look; each is listed",
            "there is no such claim, or unusable input; nothing was written",
            COULD_NOT_FINISH,
        ),
    ),
    "incidents": Command(
        "incidents:incidents",
        "Incidents: drafts, and what readers are told.",
        (
            "makegood incidents list",
            "makegood incidents show api/2026-05-10T08:00:00Z",
            "makegood incidents approve api/2026-05-10T08:00:00Z --next-update-in 30",
            "makegood incidents update api/2026-05-10T08:00:00Z --state monitoring",
            "makegood incidents resolve api/2026-05-10T08:00:00Z --cause 'A bad release.'",
        ),
        (
            "nothing waits, or it is noted and on its pages",
            "a draft waits, or a post needs a person; each is listed",
            "it does not meet the checklist, or unusable input; nothing was written",
            "could not finish (the database or a page is away); run `makegood incidents guard`",
        ),
    ),
    "settle": Command(
        "settling:settle",
        "List what runs have left to people, or answer one question.",
        (
            "makegood settle",
            "makegood settle --month 2026-05 --json",
            "makegood settle acme/api/2026-05/r0/p1 --as done --why 'refunded by hand, re_123'",
        ),
        (
            "nothing is asked, or it is answered",
            "questions are listed, or you did not agree",
            "there is no such question, or unusable input; nothing was written",
            COULD_NOT_FINISH,
        ),
    ),
    "remind": Command(
        "reminding:remind",
        "Remind by mail of claims that are due; update calendars.",
        (
            "makegood remind",
            "makegood remind --on 2026-06-23 --dry-run",
            "makegood remind --workspace books --json",
        ),
        (
            "reminded, or nothing new is due",
            "a mail needs a person; `makegood settle` lists it",
            UNUSABLE,
            "could not finish (a mail waits, or the database is away); run it again",
        ),
    ),
    "reconcile": Command(
        "billing:reconcile",
        "Compare our credits with the vendor's and the ledgers'.",
        (
            "makegood reconcile",
            "makegood reconcile --from 2026-04 --to 2026-05 --json",
        ),
        ("no difference", "differences; each is listed", UNUSABLE, VENDOR_AWAY),
    ),
    "journal": Command(
        "billing:journal",
        "Write credits as double entries, for other books.",
        (
            "makegood journal --from 2026-05 --to 2026-06",
            "makegood journal --format beancount --workspace books --json",
        ),
        ("written", "", UNUSABLE, COULD_NOT_FINISH),
    ),
    "mail": Command(
        "mail:mail",
        "Look at a month's mail, or send a test message.",
        (
            "makegood mail test --to kim@northwind.example",
            "makegood mail preview 2026-05 --open",
            "makegood mail preview 2026-05 --kind notice --client acme --language de --json",
        ),
        ("done", "the server refuses the test message", UNUSABLE, MAIL_AWAY),
    ),
    "check": Command(
        "books:check",
        "Find everything wrong or worth a look in a workspace.",
        ("makegood check", "makegood check --workspace books --json"),
        ("nothing found", "warnings alone", "something cannot be used", COULD_NOT_FINISH),
    ),
    "exclusions": Command(
        "exclusions:exclusions",
        "Look at announced exclusions; record when each was first seen.",
        (
            "makegood exclusions",
            "makegood exclusions --dry-run --json",
        ),
        (
            "looked at; what is new is recorded",
            "",
            UNUSABLE,
            "could not finish (a source or the database is away); run it again",
        ),
    ),
    "sources": Command(
        "sources:sources",
        "Ask every source what it sees, before money hangs on it.",
        (
            "makegood sources test",
            "makegood sources test --source eu-prom --month 2026-05",
            "makegood sources test --workspace books --days 7 --json",
        ),
        (
            "every source answers, and there is nothing to look at",
            "something is worth a look; each finding is listed",
            "a source's content or configuration cannot be used",
            "a source could not be reached; run it again",
        ),
    ),
    "explain": Command(
        "books:explain",
        "Show one decision step by step, down to the cents.",
        ("makegood explain acme/api 2026-05", "makegood explain acme/api 2026-05 --json"),
        ("shown", "", "there is no such decision, or unusable input", COULD_NOT_FINISH),
    ),
    "verify": Command(
        "books:verify",
        "Prove that the log is intact and every decision replays.",
        ("makegood verify", "makegood verify 2026-05 --json"),
        (
            "everything holds",
            "something does not; each fault is listed",
            UNUSABLE,
            COULD_NOT_FINISH,
        ),
    ),
    "evidence": Command(
        "evidence:evidence",
        "Write what one decision stands on into one signed file.",
        (
            "makegood evidence acme/api 2026-05",
            "makegood evidence acme/api 2026-05 --output may.zip --json",
        ),
        (
            "written",
            "",
            "there is no such decision, no key, or unusable input; nothing was written",
            COULD_NOT_FINISH,
        ),
    ),
    "sign-key": Command(
        "evidence:sign_key",
        "Make the key that signs evidence packs; show its public half.",
        ("makegood sign-key signing.pem",),
        ("made", "", UNUSABLE, ""),
    ),
    "measure": Command(
        "measuring:measure",
        "Measure the uptime of every monitor in a checks file.",
        (
            "makegood measure --checks checks.csv --month 2026-05",
            "makegood measure --checks checks.parquet --month 2026-05 --time-zone Europe/Berlin \\",
            "    --ignore-outages-under-minutes 5 \\",
            "    --exclude 2026-05-12T02:00Z/2026-05-12T02:30Z --json",
        ),
        ("every monitor is measured", "a monitor is withheld", UNUSABLE, AWAY),
    ),
    "determine": Command(
        "determining:determine",
        "Apply a credit ladder to one month's figures.",
        (
            "makegood determine --ladder aws-s3-standard --payload may.json --json",
            "makegood determine --ladder ladder.yaml --payload may.json --fee 10000 --currency EUR",
        ),
        ("determined", "withheld: the terms give no answer", UNUSABLE, AWAY),
    ),
    "whatif": Command(
        "supposing:whatif",
        "Say what other ladders would have cost, or earned.",
        (
            "makegood whatif --ladder contract --ladder aws-s3-standard \\",
            "    --from 2026-01 --to 2026-07",
            "makegood whatif --ladder contract --ladder draft.yaml --from 2026-01 --to 2026-07 \\",
            "    --client acme --chart whatif.svg --json",
        ),
        (
            "every month has an answer",
            "months without an answer are listed; they are in no sum",
            UNUSABLE,
            COULD_NOT_FINISH,
        ),
    ),
    "import": Command(
        "exchanging:imports",
        "Read contracts from other tools, as contract files.",
        (
            "makegood import csv contracts.csv --write contracts/all.yaml",
            "makegood import openslo slos.yaml --terms standard.yaml --objective SLA",
        ),
        ("read; what cannot be carried over is named", "", UNUSABLE),
    ),
    "export": Command(
        "exchanging:exports",
        "Write contracts or exclusions for other tools.",
        (
            "makegood export csv --write contracts.csv",
            "makegood export openslo --client acme",
            "makegood export ics --from 2026-01 --write maintenance.ics",
        ),
        ("written; what has no word there is named", "", UNUSABLE, COULD_NOT_FINISH),
    ),
    "calc": Command(
        "calculating:calc",
        "Calculate uptime, downtime, or the cost of a shortfall.",
        (
            "makegood calc downtime 99.95 --over 30d",
            "makegood calc uptime 22m --over 2026-10 --time-zone Europe/Berlin",
            "makegood calc liability --revenue 1850000 --commitment 99.9 --actual 99.1 \\",
            "    --multiplier 2 --impacted 65 --json",
        ),
        ("calculated", "", UNUSABLE),
    ),
    "ladders": Command(
        "ladders:ladders",
        "List, show or check the public credit ladders of the catalog.",
        (
            "makegood ladders list --vendor aws --seen primary",
            "makegood ladders show aws-s3-standard --svg ladder.svg",
            "makegood ladders lint",
            "makegood ladders lint our-ladder.yaml --json",
        ),
        (
            "shown; nothing is wrong",
            "lint alone: warnings, as about faults that a vendor published",
            "there is no such ladder, or one cannot be used",
        ),
    ),
}


def _listed() -> None:
    """Stand in the list for a command that is not called."""


def add_commands(app: typer.Typer, *, called: Collection[str]) -> None:
    """Give the application its commands; only those that may be called are imported.

    Args:
        app: The application.
        called: Words of the command line; a command's name is among them when it is called.
    """
    for name, command in COMMANDS.items():
        if name not in called:
            app.command(name, help=command.summary)(_listed)
            continue
        loaded = command.load()
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=name, epilog=command.epilog)
        elif callable(loaded):
            app.command(name, epilog=command.epilog)(loaded)
