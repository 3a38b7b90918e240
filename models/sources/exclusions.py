"""Sources of exclusions as a workspace names them: calendars, silences and corrections elsewhere.

What they tell becomes `ExclusionEvent`s beside those of the workspace's own files; what each
contract makes of them, its own rules say. To add a kind: its terms here, its name in
`AnyExclusionSource`, a connector in `connectors/exclusions/`, and a line in `flows/exclusions.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.exclusion import ExclusionKind
from models.sources.base import Address, Identified
from models.sources.datadog import DatadogId
from models.sources.prometheus import LabelName
from models.terms import Name, Slug, Terms, TimeZone, Whole


class Announced(StrEnum):
    """What proves when something was announced.

    SEEN: Makegood saw it then, and recorded that; nobody can write it earlier afterwards. STATED:
    whoever wrote it says so. RECORDED: the system that holds it wrote the time down itself, and its
    users cannot change that.
    """

    SEEN = "seen"
    STATED = "stated"
    RECORDED = "recorded"


class ExclusionTerms(Identified):
    """What every source of exclusions has.

    Attributes:
        excludes: Why what it tells may leave the sum.
        services: Service ids that it touches, where it does not say so itself; empty means all.
        regions: Regions that it touches, where it does not say so itself; empty means all.
        dependency: The third party, where `excludes` is `third_party`.
        announced: What proves the announcement of what it tells.
    """

    excludes: ExclusionKind = ExclusionKind.MAINTENANCE
    services: tuple[Name, ...] = ()
    regions: tuple[Name, ...] = ()
    dependency: Name | None = None
    announced: Announced = Announced.SEEN


class Touched(Terms):
    """What the entries of one category touch.

    Attributes:
        services: Service ids; empty means every service.
        regions: Regions; empty means every region.
    """

    services: tuple[Name, ...] = ()
    regions: tuple[Name, ...] = ()


class MaintenanceCalendar(ExclusionTerms):
    """A calendar of maintenance, as a file or at an address (iCalendar, `.ics`).

    A private address is a secret: leave `path` and `address` out, and put it into the environment
    as `MAKEGOOD_SOURCE_<ID>_ADDRESS`.

    Attributes:
        path: A file in the workspace.
        address: Where the calendar is served.
        timeout_seconds: How long one answer may take.
        time_zone: Zone of all-day entries and of times without a zone; None refuses them.
        categories: What the entries of each category touch; entries of other categories are not
            taken. Empty takes every entry, for the `services` and `regions` of the source.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("ADDRESS",)

    kind: Literal["calendar"]
    path: Name | None = None
    address: Address | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    time_zone: TimeZone | None = None
    categories: dict[Name, Touched] = Field(default_factory=dict)

    def secret_names(self) -> tuple[str, ...]:
        """Its address, where that stands nowhere else."""
        return () if self.path or self.address else super().secret_names()

    @model_validator(mode="after")
    def _one_place(self) -> MaintenanceCalendar:
        if self.path is not None and self.address is not None:
            raise PydanticCustomError(
                "two_places",
                "a path or an address",
                {"fact": "has a path and an address", "remedy": "Leave one of them out."},
            )
        return self


class CorrectionCategory(StrEnum):
    """What Datadog calls the reasons for a correction."""

    MAINTENANCE = "Scheduled Maintenance"
    DEPLOYMENT = "Deployment"
    CLOSED = "Outside Business Hours"
    OTHER = "Other"


class DatadogCorrections(ExclusionTerms):
    """Corrections of SLOs at Datadog.

    Datadog itself writes down when a correction was made and last changed, and nobody can write
    that earlier afterwards; so its word is the proof. Its keys stand in the environment as
    `MAKEGOOD_SOURCE_<ID>_API_KEY` and `..._APP_KEY`; the application key needs `slos_read`.

    Attributes:
        address: Where it answers; None for the site datadoghq.com.
        timeout_seconds: How long one answer may take.
        slos: What the corrections of each SLO touch; those of other SLOs are not taken.
        queries: The same for corrections that name SLOs by a query; null takes none of them. One
            with a query that is not listed is refused.
        categories: Which corrections are taken.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("API_KEY", "APP_KEY")

    kind: Literal["datadog_corrections"]
    announced: Announced = Announced.RECORDED
    address: Address | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    slos: Annotated[dict[DatadogId, Touched], Field(min_length=1)]
    queries: dict[Name, Touched | None] = Field(default_factory=dict)
    categories: Annotated[tuple[CorrectionCategory, ...], Field(min_length=1)] = (
        CorrectionCategory.MAINTENANCE,
    )


class MutedAlert(Touched):
    """The alert that fires when a service is down; whoever silences it announces something.

    Attributes:
        labels: All labels that it has, `alertname` among them.
    """

    labels: Annotated[dict[LabelName, str], Field(min_length=1)]


class AlertmanagerSilences(ExclusionTerms):
    """Silences of an Alertmanager, asked over its HTTP API.

    A bearer token stands in the environment as `MAKEGOOD_SOURCE_<ID>_TOKEN`; the password of a
    `user` as `MAKEGOOD_SOURCE_<ID>_PASSWORD`.

    Attributes:
        address: Where it is, without `/api/v2`.
        timeout_seconds: How long one answer may take.
        user: Who we log in as; None for a token, or for nobody.
        comment_begins: How the comment of a silence begins that is meant here, in capitals or not;
            "" takes every silence. People also silence what they know to be broken.
        alerts: Each service's alert. A silence touches those whose labels fit all its matchers, as
            it would silence them.
        kept_hours: How long the server keeps silences that have ended, its `--data.retention`.
            Nothing is told about months of which it may have forgotten some.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ("TOKEN", "PASSWORD")

    kind: Literal["alertmanager"]
    address: Address
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    user: Annotated[Name, Field(pattern=r"^[^:]+$")] | None = None
    comment_begins: Annotated[str, Field(max_length=100)]
    alerts: Annotated[dict[Slug, MutedAlert], Field(min_length=1)]
    kept_hours: Annotated[Whole, Field(ge=1, le=1_000_000)] = 120


AnyExclusionSource = Annotated[
    MaintenanceCalendar | DatadogCorrections | AlertmanagerSilences,
    Field(discriminator="kind"),
]
"""Any source of exclusions, told apart by its `kind`."""
