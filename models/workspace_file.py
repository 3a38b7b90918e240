"""The workspace file `makegood.yaml`: where evidence comes from and where results go.

It names files and addresses, nothing else: what clients are owed stands in the contracts, secrets
stand in the environment. Relative paths start at the workspace's folder.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.addresses import ADDRESS, Mailbox, is_usable
from models.exclusion import ExclusionEvent
from models.incidents.terms import IncidentTerms
from models.journal import JournalAccounts
from models.language import LanguageCode
from models.sources import AnySource
from models.sources.exclusions import Announced, AnyExclusionSource
from models.terms import Amount, CurrencyCode, Name, Terms, Whole

DATABASE = re.compile(r"^(sqlite:///\S+|postgresql\+psycopg://\S+)$")
PASSWORD = re.compile(r"://[^/@]*:[^/@]*@|[?&]password=")
LINK_FIELDS = ("client", "service", "contract", "month")
PAGE_ID = r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*")
"""Source: RFC 1123, section 2.1: no part of a name is empty, or longer than 63."""
LINK = re.compile(r"https://[!-;=?A-~]{1,800}")


def _database(url: str) -> str:
    if PASSWORD.search(url):
        raise PydanticCustomError(
            "password_in_file",
            "an address without a password",
            {
                "fact": "holds a password",
                "remedy": "Put the whole address into the environment as MAKEGOOD_DATABASE_URL.",
            },
        )
    if not DATABASE.match(url):
        raise PydanticCustomError(
            "database_url",
            "sqlite:///makegood.db or postgresql+psycopg://host/database",
            {"remedy": "Write one of the two forms."},
        )
    return url


def _link(template: str) -> str:
    try:
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError:
        fields = {""}
    if fields <= set(LINK_FIELDS) and template.startswith(("https://", "http://")):
        return template
    expected = (
        "an https:// address in which {client}, {service}, {contract} and {month} are filled in"
    )
    remedy = "Use these four alone; write {{ and }} for braces that are to stay."
    raise PydanticCustomError("link", "{expected}", {"expected": expected, "remedy": remedy})


def _host(name: str) -> str:
    if HOST.fullmatch(name) or _is_address(name):
        return name
    raise PydanticCustomError(
        "host",
        "a name such as smtp.example.com, or an address of a machine",
        {"remedy": "Write the name alone; the port has a field of its own."},
    )


def _is_address(host: str) -> bool:
    return _address_of(host) is not None


def _address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that is written here, in brackets or without; None for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _way_off(place: str) -> str:
    if LINK.fullmatch(place) or (re.fullmatch(ADDRESS, place) and is_usable(place)):
        return place
    raise PydanticCustomError(
        "way_off",
        "an https:// link or an e-mail address alone",
        {"remedy": "Write for example off@acme.example, or leave it out."},
    )


Host = Annotated[str, AfterValidator(_host)]
"""A machine's name or address."""

WayOff = Annotated[str, AfterValidator(_way_off)]
"""Where readers say that they want no more of it."""

DatabaseUrl = Annotated[str, AfterValidator(_database)]
"""An SQLAlchemy address without a password."""

LinkTemplate = Annotated[str, AfterValidator(_link)]
"""An address with `{client}`, `{service}`, `{contract}` and `{month}` to be filled in."""


PageId = Annotated[str, Field(pattern=PAGE_ID)]
"""The id of a page or database at Notion, as its address ends: 32 hexadecimal digits or a UUID."""


class NotionTerms(Terms):
    """A Notion database as the ledger; its token stands in the environment.

    Attributes:
        page: The page under which the database is made on first use.
        database: A database that is there already; exactly one of the two is given.
        data_source: Which of the database's data sources holds the ledger; None for the only one.
        release: Whether a ticked Release lets a credit go.
        requests_per_minute: What all programs that use the token may ask together.
    """

    page: PageId | None = None
    database: PageId | None = None
    data_source: PageId | None = None
    release: bool = True
    requests_per_minute: Annotated[Whole, Field(ge=1, le=6000)] = 180

    @model_validator(mode="after")
    def _one_place(self) -> NotionTerms:
        if (self.page is None) == (self.database is None):
            raise PydanticCustomError(
                "one_place",
                "either page or database",
                {
                    "fact": "names " + ("neither" if self.page is None else "both"),
                    "remedy": "Name the page to make the ledger under, or the ledger's database.",
                },
            )
        return self


class LedgerTerms(Terms):
    """Where the ledger is written; several places show the same rows.

    Attributes:
        csv: The file.
        notion: The Notion database; None for none.
    """

    csv: Name = "ledger.csv"
    notion: NotionTerms | None = None


class SmtpSecurity(StrEnum):
    """How a line to a mail server is kept secret: after a greeting, from the start, or not."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


USUAL_PORT = {SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465, SmtpSecurity.NONE: 25}


def _is_here(host: str) -> bool:
    address = _address_of(host)
    return host == "localhost" if address is None else address.is_loopback


class SmtpServer(Terms):
    """A mail server that takes our messages; the password itself stands in the environment.

    Attributes:
        host: Its name, as its certificate has it.
        port: Where it listens; None for what its security usually has.
        security: How the line is kept secret; `none` only on this machine.
        user: Who we log in as; None where it knows us without.
        local_hostname: Who we say we are; None for the domain of `from`.
        per_minute: How many messages it is given at most.
    """

    host: Host
    port: Annotated[Whole, Field(ge=1, le=65_535)] | None = None
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    user: Name | None = None
    local_hostname: Host | None = None
    per_minute: Annotated[Whole, Field(ge=1, le=6000)] = 30

    @property
    def usual_port(self) -> int:
        """The port, or the usual one."""
        return self.port or USUAL_PORT[self.security]

    @model_validator(mode="before")
    @classmethod
    def _no_password(cls, written: object) -> object:
        if isinstance(written, dict) and "password" in written:
            raise PydanticCustomError(
                "password_in_file",
                "no password in a file",
                {
                    "fact": "holds a password",
                    "remedy": "Put it into the environment as MAKEGOOD_SMTP_PASSWORD, and change "
                    "it if others have read this file.",
                },
            )
        return written

    @model_validator(mode="after")
    def _secret_line(self) -> SmtpServer:
        if self.security is SmtpSecurity.NONE and not _is_here(self.host):
            raise PydanticCustomError(
                "no_security",
                "security none only for a server on this machine",
                {
                    "fact": f"names {self.host} with security none",
                    "remedy": "Write starttls, or tls where the server encrypts from the start.",
                },
            )
        return self


class MailTerms(Terms):
    """Who writes, who is told, and how mail leaves.

    Attributes:
        outbox: Folder in which mails are put as `.eml` files; None for `outbox`, or with `smtp`.
        smtp: The server that sends them; None for the folder.
        sender: The sender that clients see; written `from`.
        operator: Who gets the monthly summary, requests to release and reminders of claims.
        approvers: Who is asked to release beside the operator.
        reply_to: Where answers go; None for the sender.
        unsubscribe: Where clients get off the list, an address or an https:// link; None for none.
    """

    outbox: Name | None = None
    smtp: SmtpServer | None = None
    sender: Mailbox = Field(alias="from")
    operator: Mailbox
    approvers: tuple[Mailbox, ...] = ()
    reply_to: Mailbox | None = None
    language: LanguageCode = LanguageCode.EN
    unsubscribe: WayOff | None = None

    @property
    def folder(self) -> str:
        """The outbox, where no server sends."""
        return self.outbox or "outbox"

    @model_validator(mode="after")
    def _one_way(self) -> MailTerms:
        if self.outbox is not None and self.smtp is not None:
            raise PydanticCustomError(
                "two_ways",
                "one way for mail to leave",
                {
                    "fact": "has both outbox and smtp",
                    "remedy": "Leave out smtp to look at files first, or outbox to send.",
                },
            )
        return self


class NoticeKind(StrEnum):
    """What operators may be told in their chat."""

    RUN_DONE = "run_done"
    NEEDS_RELEASE = "needs_release"
    DEADLINE_NEAR = "deadline_near"
    NEEDS_PERSON = "needs_person"
    RUN_FAILED = "run_failed"


class NoticeTerms(Terms):
    """What operators are told in their chat; the webhook's address stands in the environment.

    Attributes:
        slack: Whether notices are posted by a webhook of Slack, Mattermost or Rocket.Chat.
        kinds: Which ones.
    """

    slack: bool = False
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)


class BillingKind(StrEnum):
    """Where released credits are booked: at Stripe, or by a person from an exported journal."""

    STRIPE = "stripe"
    JOURNAL = "journal"


class BillingMode(StrEnum):
    """Which side of a vendor's account is meant; a key of the other side is refused."""

    TEST = "test"
    LIVE = "live"


class BillingSystem(Terms):
    """Where released credits are booked; the key itself stands in the environment.

    Attributes:
        kind: The billing system.
        mode: The side of the account, for Stripe; None for the journal, which has no sides.
    """

    kind: BillingKind = BillingKind.JOURNAL
    mode: BillingMode | None = None

    @model_validator(mode="after")
    def _mode_where_there_are_two(self) -> BillingSystem:
        if self.kind is BillingKind.STRIPE and self.mode is None:
            remedy = "Add mode: test, or mode: live where money is to move."
            raise PydanticCustomError(
                "no_mode",
                "a mode for Stripe",
                {"fact": "names stripe without a mode", "remedy": remedy},
            )
        if self.kind is BillingKind.JOURNAL and self.mode is not None:
            raise PydanticCustomError(
                "mode_of_journal",
                "a mode for Stripe alone",
                {"fact": "gives the journal a mode", "remedy": "Leave mode out."},
            )
        return self


class JournalTerms(Terms):
    """How credits are booked as double entries, for whatever keeps the firm's books.

    Attributes:
        folder: Where the journal lies.
        accounts: What the firm's books call the accounts.
    """

    folder: Name = "journal"
    accounts: JournalAccounts = JournalAccounts()


def _digest(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    # It may be a token itself, which no message repeats.
    raise PydanticCustomError(
        "token_digest",
        "the SHA-256 digest of a token, 64 hexadecimal digits",
        {
            "fact": "is no digest",
            "remedy": 'Make one with printf %s "$TOKEN" | sha256sum, and keep the token secret.',
        },
    )


TokenDigest = Annotated[str, AfterValidator(_digest)]


class ReleaseTerms(Terms):
    """Who may let credits go.

    Attributes:
        two_person_above: By currency, the amount above which two people must agree, in major units.
        approvers: By name, the SHA-256 digests of that person's tokens, in hexadecimal. They stand
            here, where two_person_above stands, and not where whoever releases could set them.
    """

    two_person_above: dict[CurrencyCode, Amount] = Field(default_factory=dict)
    approvers: dict[Name, tuple[TokenDigest, ...]] = Field(default_factory=dict)


class Links(Terms):
    """Addresses that notices point to.

    Attributes:
        details: Page with the details of one credit.
    """

    details: LinkTemplate | None = None


RemindDay = Annotated[Whole, Field(ge=0, le=90)]


class ClaimReminders(Terms):
    """How we are reminded of what can be claimed from vendors.

    Attributes:
        remind_days: So many days before a deadline a mail reminds of it.
        calendar: A file that calendars can subscribe to, rewritten with each reminder; None for
            none.
    """

    remind_days: tuple[RemindDay, ...] = (14, 7, 1)
    calendar: Name | None = None


class Workspace(Terms):
    """A folder in which Makegood works.

    Attributes:
        name: Who we are, as clients read it.
        database: Where decisions are recorded; the environment may name another one.
        sources: Where evidence comes from, asked in this order.
        ledger: Where the ledger is written.
        mail: Who writes and who is told; None writes no mails.
        notices: What operators are told in their chat.
        billing: Where released credits are booked.
        journal: How credits are booked as double entries.
        release: Who may let credits go.
        exclusions: Files of exclusion events, as a pattern.
        exclusions_announced: What proves an announcement in these files: its author's word in
            `announced_at`, or that Makegood saw the entry in time.
        exclusion_sources: What else tells of exclusions, such as a calendar of maintenance.
        links: Addresses that notices point to.
        claims: How we are reminded of what can be claimed from vendors.
        incidents: Who alerts, what is guarded, and where readers are told; None for nothing.
    """

    name: Name
    database: DatabaseUrl = "sqlite:///makegood.db"
    sources: tuple[AnySource, ...] = ()
    ledger: LedgerTerms = LedgerTerms()
    mail: MailTerms | None = None
    notices: NoticeTerms = NoticeTerms()
    billing: BillingSystem = BillingSystem()
    journal: JournalTerms = JournalTerms()
    release: ReleaseTerms = ReleaseTerms()
    exclusions: Name = "exclusions/*.yaml"
    exclusions_announced: Announced = Announced.STATED
    exclusion_sources: tuple[AnyExclusionSource, ...] = ()
    links: Links = Links()
    claims: ClaimReminders = ClaimReminders()
    incidents: IncidentTerms | None = None

    @model_validator(mode="after")
    def _ids_once(self) -> Workspace:
        alerting = (*self.incidents.webhooks, *self.incidents.pages) if self.incidents else ()
        outside = (*self.sources, *self.exclusion_sources, *alerting)
        twice = repeated(source.id for source in outside)
        if twice:
            raise PydanticCustomError(
                "repeated_source",
                "each source id once",
                {"fact": f"has several sources {', '.join(twice)}", "remedy": "Rename one."},
            )
        shared = repeated(source.secret_name("") for source in outside)
        if shared:
            raise PydanticCustomError(
                "shared_secret",
                "ids that differ in letters and digits",
                {
                    "fact": f"has sources whose secrets would all be named {shared[0]}...",
                    "remedy": "Rename one.",
                },
            )
        return self


class ExclusionsFile(Terms):
    """A file of things that happened and may be excluded.

    Attributes:
        exclusions: The events; what each contract makes of them, its own rules say.
    """

    exclusions: tuple[ExclusionEvent, ...]


def repeated(names: Iterable[str]) -> tuple[str, ...]:
    """The names that occur more than once, in the order of their first occurrence."""
    return tuple(name for name, times in Counter(names).items() if times > 1)
