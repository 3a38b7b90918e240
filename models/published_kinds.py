"""The kinds of rule that published agreements use, K01 to K37, and which terms hold which.

Thirty-seven kinds were met in 97 agreements of 63 vendors. Each is told here by what terms say, so
that a sheet or a table of what Makegood covers can name the kinds that it holds. Nothing is decided
by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from models.catalog import AlsoPublished, CatalogSheet
from models.contract import CreditTerms
from models.facts.request_series import RequestMethod
from models.kinds.by_class import ByClass
from models.kinds.clock_hours import ClockHours
from models.kinds.combined import Combined
from models.kinds.duration_table import DurationTable
from models.kinds.metric import MetricTable, PerCount
from models.kinds.no_credit import NoCredit
from models.kinds.per_block import PerBlock
from models.kinds.per_event import PerEvent
from models.kinds.per_points import PerPoints
from models.kinds.pro_rata import ProRata
from models.kinds.repeated import Repeated
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import UptimeBrackets
from models.ladder import Counts, Ladder
from models.measurement import ClockStarts, CountedOn, MeasurementTerms, PartialMinutes, WeightedBy
from models.service_period import PeriodKind
from models.terms import Terms

L = TypeVar("L", bound=Ladder)

WHOLE = 100


@dataclass(frozen=True, slots=True)
class PublishedKind:
    """A kind of rule.

    Attributes:
        name: What it is, in a few words.
        holds: Whether a sheet's terms use it.
    """

    name: str
    holds: Callable[[CatalogSheet], bool]


def kinds_of(sheet: CatalogSheet) -> tuple[str, ...]:
    """The kinds that a sheet's terms use, `("K01", "K33")`."""
    return tuple(key for key, kind in PUBLISHED_KINDS.items() if kind.holds(sheet))


def ladders_in(ladder: Ladder) -> Iterator[Ladder]:
    """A ladder and all that it is made of."""
    yield ladder
    if isinstance(ladder, Combined):
        for part in ladder.parts:
            yield from ladders_in(part.ladder)
    if isinstance(ladder, ByClass):
        for one in ladder.classes.values():
            yield from ladders_in(one)


def _any(sheet: CatalogSheet, kind: type[L], says: Callable[[L], bool] = lambda _: True) -> bool:
    return _some(sheet, lambda one: isinstance(one, kind) and says(one))


def _some(sheet: CatalogSheet, says: Callable[[Ladder], bool]) -> bool:
    return any(says(one) for one in ladders_in(sheet.credit.ladder))


def _rewards(terms: Terms) -> Iterator[str]:
    """The fields of credits that terms give, at any depth."""
    for name in type(terms).model_fields:
        value = getattr(terms, name)
        if name.startswith("credit_") and value is not None:
            yield name
        rows = value if isinstance(value, tuple) else (value,)
        for row in rows:
            if isinstance(row, Terms):
                yield from _rewards(row)


def _earns(sheet: CatalogSheet, *fields: str) -> bool:
    found = (name for ladder in ladders_in(sheet.credit.ladder) for name in _rewards(ladder))
    return any(name in fields for name in found)


def _measured(sheet: CatalogSheet, says: Callable[[MeasurementTerms], object]) -> bool:
    terms = sheet.credit.measurement
    return terms is not None and bool(says(terms))


def _counted(sheet: CatalogSheet, method: RequestMethod) -> bool:
    return _measured(sheet, lambda m: m.requests is not None and m.requests.method is method)


def _whole_multiple(ladder: ProRata) -> bool:
    return ladder.multiplier == 1 and ladder.counts is Counts.WHOLE


def _least(terms: MeasurementTerms) -> bool:
    dropped = terms.partial_minutes is PartialMinutes.DROPPED
    return dropped or (terms.requests is not None and terms.requests.least_in_period > 0)


def _as_published(ladder: Ladder) -> bool:
    return bool(getattr(ladder, "as_published", False))


def _on_minutes(sheet: CatalogSheet) -> bool:
    return _any(sheet, DurationTable) or bool(sheet.also_published.minutes)


def _calendar(sheet: CatalogSheet) -> bool:
    billing = sheet.credit.period.kind is PeriodKind.BILLING_MONTH
    return billing or _measured(sheet, lambda m: m.counted_on is CountedOn.BUSINESS_DAYS)


def _base(terms: CreditTerms) -> bool:
    return terms.base != type(terms.base)()


PUBLISHED_KINDS: Mapping[str, PublishedKind] = {
    "K01": PublishedKind("uptime brackets, flat percent", lambda s: _any(s, UptimeBrackets)),
    "K02": PublishedKind("one threshold, flat percent", lambda s: _any(s, SingleThreshold)),
    "K03": PublishedKind(
        "a commitment of 100 %",
        lambda s: _some(s, lambda one: one.commitment_percent == WHOLE),
    ),
    "K04": PublishedKind(
        "two levels of commitment, by deployment",
        lambda s: _any(s, ByClass, lambda one: one.attribute == "deployment"),
    ),
    "K05": PublishedKind("commitment by edition or class", lambda s: _any(s, ByClass)),
    "K06": PublishedKind("credit in days of service", lambda s: _earns(s, "credit_days")),
    "K07": PublishedKind(
        "credit in hours or months of service",
        lambda s: _earns(s, "credit_hours", "credit_months"),
    ),
    "K08": PublishedKind("credit as a fraction, or multiple", lambda s: _earns(s, "credit_share")),
    "K09": PublishedKind(
        "a multiple of the fee for lost time",
        lambda s: _any(s, ProRata, lambda one: one.multiplier > 1),
    ),
    "K10": PublishedKind("the fee for lost time", lambda s: _any(s, ProRata, _whole_multiple)),
    "K11": PublishedKind(
        "only what exceeds the allowance",
        lambda s: _some(s, lambda one: getattr(one, "counts", None) is Counts.EXCESS),
    ),
    "K12": PublishedKind(
        "by the point below the commitment",
        lambda s: (
            _any(s, PerPoints)
            or _any(s, UptimeBrackets, lambda one: any(row.more for row in one.brackets))
        ),
    ),
    "K13": PublishedKind(
        "by the block, or the event", lambda s: _any(s, PerBlock) or _any(s, PerEvent)
    ),
    "K14": PublishedKind("a table on minutes", _on_minutes),
    "K15": PublishedKind(
        "average of error rates", lambda s: _counted(s, RequestMethod.AVERAGE_OF_RATES)
    ),
    "K16": PublishedKind(
        "a minute is down above an error rate",
        lambda s: (
            _counted(s, RequestMethod.BAD_INTERVALS)
            and _measured(s, lambda m: m.requests and m.requests.interval_minutes == 1)
        ),
    ),
    "K17": PublishedKind(
        "bad intervals, counted", lambda s: _counted(s, RequestMethod.BAD_INTERVALS)
    ),
    "K18": PublishedKind(
        "weighted by who was affected",
        lambda s: _measured(s, lambda m: m.weighted_by is WeightedBy.AFFECTED),
    ),
    "K19": PublishedKind(
        "a shortest outage",
        lambda s: _measured(s, lambda m: m.minimum_outage) or _any(s, PerEvent),
    ),
    "K20": PublishedKind("parts of minutes dropped, least volume", lambda s: _measured(s, _least)),
    "K21": PublishedKind(
        "the clock starts at the report",
        lambda s: _measured(s, lambda m: m.clock_starts is ClockStarts.REPORT),
    ),
    "K22": PublishedKind(
        "another period than the month",
        lambda s: s.credit.period.kind not in {PeriodKind.MONTH, PeriodKind.BILLING_MONTH},
    ),
    "K23": PublishedKind(
        "what an exclusion does to the sum",
        lambda s: _measured(s, lambda m: "exclusion_mode" in m.model_fields_set),
    ),
    "K24": PublishedKind(
        "a period that is covered in part", lambda s: _measured(s, lambda m: m.partial_period)
    ),
    "K25": PublishedKind("several commitments at once", lambda s: _any(s, Combined)),
    "K26": PublishedKind(
        "missed several times",
        lambda s: s.credit.recurrence is not None or _any(s, Repeated),
    ),
    "K27": PublishedKind(
        "a right instead of money", lambda s: bool(s.credit.rights) or _any(s, NoCredit)
    ),
    "K28": PublishedKind("caps", lambda s: s.credit.cap is not None or bool(s.credit.caps)),
    "K29": PublishedKind("a least payout", lambda s: s.credit.minimum_payout is not None),
    "K30": PublishedKind("clock hours that are free", lambda s: _any(s, ClockHours)),
    "K31": PublishedKind(
        "other metrics, lower is better", lambda s: _any(s, MetricTable) or _any(s, PerCount)
    ),
    "K32": PublishedKind("the form of the credit", lambda s: s.credit.form is not None),
    "K33": PublishedKind("until when it is claimed", lambda s: bool(s.credit.claim.rules)),
    "K34": PublishedKind("who is eligible", lambda s: bool(s.credit.eligibility)),
    "K35": PublishedKind("of which amount", lambda s: _base(s.credit)),
    "K36": PublishedKind(
        "a defective table, as published",
        lambda s: _some(s, _as_published) or s.also_published != AlsoPublished(),
    ),
    "K37": PublishedKind("business days, billing months", _calendar),
}
"""Every kind by its name in the collection."""
