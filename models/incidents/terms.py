"""`incidents:` as a workspace says it: who alerts, what is guarded, and where readers are told.

It names services, monitors and pages; the secrets of webhooks and the keys of pages stand in the
environment. Relative folders start at the workspace's.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.incidents.guard import GuardRule
from models.intervals import MINUTE_MS
from models.language import LanguageCode
from models.signals import SignalKind
from models.sources.base import Address, Identified, Source
from models.terms import Name, Slug, Terms, TimeZone, Whole

Minutes = Annotated[Whole, Field(le=1440)]
"""Whole minutes, at most a day."""

Days = Annotated[Whole, Field(ge=1, le=90)]

MonitorName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*/[^\x00-\x1f\x7f]{1,200}$")]
"""A webhook's id, a slash, and the monitor's name there: `robot/777`."""

VendorId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
"""A vendor's own id."""


class WebhookKind(StrEnum):
    """Who sends, and so what a body looks like."""

    UPTIMEROBOT = "uptimerobot"
    ALERTMANAGER = "alertmanager"
    DATADOG = "datadog"
    BETTER_STACK = "better_stack"
    GENERIC = "generic"


class WebhookMonitor(Terms):
    """What is said of one monitor of a webhook.

    Attributes:
        signal: What kind of witness it is.
    """

    signal: SignalKind


class WebhookSource(Source):
    """Somebody who tells us that a monitor went down or came up.

    Attributes:
        kind: Who sends.
        monitors: Monitors that are another kind of witness than the rest.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("WEBHOOK_SECRETS",)

    kind: WebhookKind
    monitors: dict[Name, WebhookMonitor] = Field(default_factory=dict)


class GuardTerms(Terms):
    """When a service's outage becomes a draft; see `models.incidents.guard.GuardRule`.

    Attributes:
        kinds: How many kinds of signal must agree, of three.
        agree_minutes: For how long.
        snooze_minutes: A recovery earlier than this after the start ends the draft silently.
        bridge_minutes: A recovery shorter than this is none.
        same_minutes: An outage so soon after a silent one is the same incident.
    """

    kinds: Annotated[Whole, Field(ge=1, le=3)] = 2
    agree_minutes: Minutes = 5
    snooze_minutes: Minutes = 8
    bridge_minutes: Annotated[Minutes, Field(ge=1)] = 2
    same_minutes: Minutes = 30

    @property
    def rule(self) -> GuardRule:
        """The rule in milliseconds."""
        return GuardRule(
            kinds=self.kinds,
            agree_ms=self.agree_minutes * MINUTE_MS,
            snooze_ms=self.snooze_minutes * MINUTE_MS,
            bridge_ms=self.bridge_minutes * MINUTE_MS,
            same_ms=self.same_minutes * MINUTE_MS,
        )


class ComponentTerms(Terms):
    """A part of a service, as readers of a page see it.

    Attributes:
        name: What readers call it.
        monitors: Who watches it.
        pages: Its id on each page, by the page's id; a local page needs none.
    """

    name: Name
    monitors: tuple[MonitorName, ...] = ()
    pages: dict[Slug, VendorId] = Field(default_factory=dict)


class ServiceTerms(Terms):
    """A service under guard; contracts for a service of this id are hit by its incidents.

    Attributes:
        id: The service's id, as contracts have it.
        name: What readers call it.
        components: Its parts; their monitors are the witnesses.
        guard: When an outage becomes a draft.
        auto_publish_after_minutes: How long a draft may wait for a person before it is published
            as it was proposed; None, the default, waits for ever.
        evidence: Links to dashboards, proposed in every draft and never published.
        postmortem_within_days: By client, how many days after the end a postmortem is owed.
    """

    id: Slug
    name: Name
    components: dict[Slug, ComponentTerms]
    guard: GuardTerms = GuardTerms()
    auto_publish_after_minutes: Minutes | None = None
    evidence: tuple[Name, ...] = ()
    postmortem_within_days: dict[Slug, Days] = Field(default_factory=dict)

    @property
    def monitors(self) -> frozenset[str]:
        """Every witness, as `webhook/monitor`."""
        return frozenset(name for part in self.components.values() for name in part.monitors)


class PageKind(StrEnum):
    """What a status page is run by; `local` is a file of ours."""

    STATUSPAGE = "statuspage"
    INSTATUS = "instatus"
    LOCAL = "local"


class PageTerms(Identified):
    """A page that readers look at.

    Attributes:
        kind: What it is run by.
        page: Its id there; None for a local one.
        address: Where the vendor answers; None for its own address.
        folder: Where a local page lies.
        link: What readers open.
        notify: Whether subscribers are told, unless an update says otherwise.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("KEY",)

    kind: PageKind
    page: VendorId | None = None
    address: Address | None = None
    folder: Name = "status"
    link: Address | None = None
    notify: bool = False

    @model_validator(mode="after")
    def _page_where_there_is_one(self) -> PageTerms:
        if (self.kind is PageKind.LOCAL) == (self.page is None):
            return self
        raise PydanticCustomError(
            "page_of_vendor",
            "the id of the page at its vendor, and none for a local page",
            {
                "fact": "has no page" if self.page is None else "is local and has a page",
                "remedy": "Write page: and the id that its vendor shows, or leave it out.",
            },
        )


class IncidentTerms(Terms):
    """Everything about incidents.

    Attributes:
        time_zone: The zone that readers live by.
        language: Theirs.
        webhooks: Who alerts.
        services: What is guarded.
        pages: Where readers are told.
    """

    time_zone: TimeZone = "UTC"
    language: LanguageCode = LanguageCode.EN
    webhooks: tuple[WebhookSource, ...] = ()
    services: tuple[ServiceTerms, ...] = ()
    pages: tuple[PageTerms, ...] = ()

    @model_validator(mode="after")
    def _names_meet(self) -> IncidentTerms:
        ids = [[one.id for one in many] for many in (self.services, self.pages)]
        twice = [name for names in ids for name, count in Counter(names).items() if count > 1]
        if twice:
            raise _wrong("repeats an id", ", ".join(twice), "each id once", "Rename one.")
        known = {source.id for source in self.webhooks}
        stray = [m for s in self.services for m in sorted(s.monitors) if _source(m) not in known]
        if stray:
            remedy = "Add the webhook, or correct the name."
            raise _wrong("names", ", ".join(stray), "monitors of the webhooks", remedy)
        pages = {page.id for page in self.pages}
        parts = [part for service in self.services for part in service.components.values()]
        lost = sorted({page for part in parts for page in part.pages} - pages)
        if lost:
            raise _wrong("names", ", ".join(lost), "pages that are listed", "Add or correct it.")
        return self

    def kinds(self, service: ServiceTerms) -> dict[tuple[str, str], SignalKind]:
        """What kind of witness each monitor of a service is, by source and monitor."""
        sources = {source.id: source for source in self.webhooks}
        named = [(_source(name), name.partition("/")[2]) for name in sorted(service.monitors)]
        return {(source, name): sources[source].signal_of(name) for source, name in named}


def _source(monitor: str) -> str:
    return monitor.partition("/")[0]


def _wrong(fact: str, what: str, expected: str, remedy: str) -> PydanticCustomError:
    context = {"fact": f"{fact} {what}", "expected": expected, "remedy": remedy}
    return PydanticCustomError("incidents", "{expected}", context)
