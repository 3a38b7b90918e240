"""OpenSLO documents and contracts, each from the other, as far as they say the same.

An SLO names a service, a target, a window of the calendar in a zone, and how it is counted. Money,
credits, parties and exclusions it cannot say; they come from a file of further terms. An indicator,
alerts and rolling windows a contract cannot say. Whatever does not fit is named, never dropped.

Source: the OpenSLO specification, version 1: SLO, Service, durations such as `1M` (months) and `1m`
(minutes), calendar windows with a start and an IANA zone, targets below 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from models.contract import Contract, ContractVersion, CreditTerms
from models.contract_file import PlacedContract, in_full, read_contract
from models.contract_rows import Imported, for_people
from models.findings import Finding, Severity
from models.located import Document, Path
from models.measurement import WindowFails
from models.period import ServiceMonth
from models.service_period import PeriodKind
from models.terms import Exact, JsonValue, Name, Slug, TimeZone, plain
from models.yaml_text import parse_yaml

VERSION = "openslo/v1"
START = re.compile(r"(\d{4})-(\d{2})-(\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)")
MIDNIGHT = {"00:00", "00:00:00"}
SLICE = re.compile(r"(\d{1,6})([mh]?)")

PERIODS = {"1M": "month", "1Q": "quarter", "3M": "quarter", "1Y": "year", "12M": "year"}
DURATIONS = {PeriodKind.MONTH: "1M", PeriodKind.QUARTER: "1Q", PeriodKind.YEAR: "1Y"}

ALL_OF_IT = 100
"""No target of OpenSLO reaches it."""

SAID = frozenset({"effective_on", "time_zone", "monitors", "measurement", "credit", "catalog"})
"""Fields of a version that are said by an SLO, or spoken of one by one."""


class _Open(BaseModel):
    """A part of an OpenSLO document; what we have no use for is left to it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Metadata(_Open):
    name: Slug
    displayName: Name | None = None  # noqa: N815  The specification's word.


class _Calendar(_Open):
    startTime: Annotated[str, Field(pattern=START)]  # noqa: N815  The specification's word.
    timeZone: TimeZone  # noqa: N815  The specification's word.


class _TimeWindow(_Open):
    duration: str
    isRolling: bool | None = None  # noqa: N815  The specification's word.
    calendar: _Calendar | None = None


class _Objective(_Open):
    displayName: Name | None = None  # noqa: N815  The specification's word.
    target: Annotated[Exact, Field(ge=0, lt=1)] | None = None
    targetPercent: Annotated[Exact, Field(ge=0, lt=100)] | None = None  # noqa: N815  As above.
    timeSliceTarget: Annotated[Exact, Field(gt=0, le=1)] | None = None  # noqa: N815  As above.
    timeSliceWindow: Annotated[str, BeforeValidator(str)] | None = None  # noqa: N815  As above.


class _Spec(_Open):
    service: Slug
    timeWindow: Annotated[tuple[_TimeWindow, ...], Field(min_length=1, max_length=1)]  # noqa: N815  As above.
    budgetingMethod: Literal["Occurrences", "Timeslices", "RatioTimeslices"]  # noqa: N815  As above.
    objectives: Annotated[tuple[_Objective, ...], Field(min_length=1)]


class _Slo(_Open):
    apiVersion: Literal["openslo/v1"]  # noqa: N815  The specification's word.
    metadata: _Metadata
    spec: _Spec


@dataclass(slots=True)
class _Reading:
    """An SLO while it is read, and what is found about it."""

    document: Document
    found: list[Finding] = field(default_factory=list)

    def note(self, path: Path, fact: str, expected: str, remedy: str, *, error: bool) -> None:
        """Say what does not fit."""
        severity = Severity.ERROR if error else Severity.WARNING
        finding = self.document.finding(
            path, fact, expected=expected, remedy=remedy, severity=severity
        )
        self.found.append(finding)


def read_openslo(
    text: str,
    *,
    name: str,
    ladders: Mapping[str, CreditTerms],
    terms: Document | None = None,
    objective: str | None = None,
) -> Imported:
    """Read SLOs as contracts.

    Args:
        text: OpenSLO documents in YAML.
        name: The file, as people know it.
        ladders: The catalog: credit terms by the id of their ladder.
        terms: What OpenSLO cannot say, as a contract file has it: role, client, money, ladder.
        objective: The display name of the objective that is promised, where there are several.
    """
    documents = parse_yaml(text, name=name)
    names = _service_names(documents)
    placed: list[PlacedContract] = []
    written: list[JsonValue] = []
    findings: list[Finding] = []
    for document in documents:
        if _kind(document) != "SLO":
            findings += _left_out(document)
            continue
        contract, value, found = _imported(document, names, terms, objective, ladders)
        findings += found
        if contract is not None:
            placed.append(PlacedContract(contract, document.place()))
            written.append(value)
    if not any(_kind(document) == "SLO" for document in documents):
        findings.append(_no_slo(name))
    return Imported(tuple(placed), tuple(written), tuple(findings))


def _kind(document: Document) -> str:
    return str(document.value.get("kind", "")) if isinstance(document.value, dict) else ""


def _service_names(documents: Sequence[Document]) -> dict[str, str]:
    """What people call the services that the file describes."""
    metadata = [d.value.get("metadata") for d in documents if _kind(d) == "Service"]
    named = [one for one in metadata if isinstance(one, dict) and one.get("displayName")]
    return {str(one.get("name")): str(one["displayName"]) for one in named}


def _left_out(document: Document) -> Iterator[Finding]:
    yield from document.findings
    kind = _kind(document)
    if kind != "Service":
        yield document.finding(
            ("kind",),
            f"is {kind or 'missing'}" + ("; it is left out" if kind else ""),
            expected="SLO and Service, which contracts have a word for",
            remedy="Where figures come from stands under sources in makegood.yaml.",
            severity=Severity.WARNING if kind else Severity.ERROR,
        )


def _imported(
    document: Document,
    names: Mapping[str, str],
    terms: Document | None,
    objective: str | None,
    ladders: Mapping[str, CreditTerms],
) -> tuple[Contract | None, JsonValue, list[Finding]]:
    validated = document.validate(_Slo)
    if validated.model is None:
        return None, None, list(validated.findings)
    slo, reading = validated.model, _Reading(document, list(validated.findings))
    promised = _objective(slo.spec, reading, objective)
    said = {
        "service": _service(slo, names),
        **_zone(slo),
        **_period(slo.spec.timeWindow[0], reading),
        **_measurement(slo.spec, promised, reading),
    }
    _named_as_left_out(document.value, reading)
    if any(finding.severity is Severity.ERROR for finding in reading.found):
        return None, None, reading.found
    rest = terms or replace(document, value={}, findings=())
    merged = _merged(rest, said, reading)
    contract, findings = read_contract(merged, ladders=ladders)
    if contract is not None and promised is not None:
        _same_promise(contract, _percent(promised), reading)
    found = [*reading.found, *findings]
    refused = any(finding.severity is Severity.ERROR for finding in found)
    return None if refused else contract, for_people(in_full(merged).value), found


def _objective(spec: _Spec, reading: _Reading, wanted: str | None) -> _Objective | None:
    path = ("spec", "objectives")
    named = [one for one in spec.objectives if wanted in (None, one.displayName)]
    if len(named) != 1:
        names = ", ".join(one.displayName or "one without a name" for one in spec.objectives)
        reading.note(
            path,
            f"are {names}" if not wanted else f"hold none, or several, called {wanted!r}",
            "one objective that the contract promises",
            "Name it by its displayName with --objective.",
            error=True,
        )
        return None
    (promised,) = named
    if (promised.target is None) == (promised.targetPercent is None):
        number = spec.objectives.index(promised)
        fact, remedy = "has both or neither", "Write one of the two."
        reading.note((*path, number), fact, "either target or targetPercent", remedy, error=True)
        return None
    return promised


def _percent(promised: _Objective) -> Decimal:
    """The target in percent, exactly."""
    return promised.targetPercent or (promised.target or Decimal(0)).scaleb(2)


def _service(slo: _Slo, names: Mapping[str, str]) -> dict[str, str]:
    service = slo.spec.service
    return {"id": service, "name": names.get(service, slo.metadata.displayName or service)}


def _zone(slo: _Slo) -> dict[str, JsonValue]:
    calendar = slo.spec.timeWindow[0].calendar
    return {} if calendar is None else {"time_zone": calendar.timeZone}


def _period(window: _TimeWindow, reading: _Reading) -> dict[str, JsonValue]:
    path: Path = ("spec", "timeWindow", 0)
    calendar = window.calendar
    if window.isRolling or calendar is None:
        reading.note(
            path,
            f"is a rolling window of {window.duration}",
            "a window of the calendar, with startTime and timeZone",
            "Write calendar: and a duration of 1M, 1Q or 1Y.",
            error=True,
        )
        return {}
    kind = PERIODS.get(window.duration)
    if kind is None:
        minutes = window.duration.endswith("m")
        hint = " (m are minutes, M are months)" if minutes else ""
        fact, expected = f'is "{window.duration}"{hint}', "1M, 1Q or 1Y"
        reading.note((*path, "duration"), fact, expected, "Correct it.", error=True)
        return {}
    return _starting(kind, calendar.startTime, (*path, "calendar", "startTime"), reading)


def _starting(kind: str, start: str, path: Path, reading: _Reading) -> dict[str, JsonValue]:
    """The period that begins at a date; the calendar month needs no word."""
    written = START.fullmatch(start.strip())
    day = _date(written) if written else None
    if day is None or written is None or written[4] not in MIDNIGHT:
        fact, expected = f'is "{start}"', "midnight of a date: 2026-01-01 00:00:00"
        reading.note(path, fact, expected, "Periods of contracts begin at midnight.", error=True)
        return {}
    if kind == "month":
        return {} if day.day == 1 else {"period": {"kind": "billing_month", "day": day.day}}
    if day.day != 1:
        fact, expected = f'is "{start}"', f"the first of a month, for a {kind}"
        reading.note(path, fact, expected, "Correct it.", error=True)
        return {}
    months = day.month if kind == "year" else (day.month - 1) % 3 + 1
    return {"period": {"kind": kind} | ({"starts_in_month": months} if months > 1 else {})}


def _date(written: re.Match[str]) -> date | None:
    try:
        return date(int(written[1]), int(written[2]), int(written[3]))
    except ValueError:
        return None


def _measurement(
    spec: _Spec, promised: _Objective | None, reading: _Reading
) -> dict[str, JsonValue]:
    path: Path = ("spec", "budgetingMethod")
    if spec.budgetingMethod == "Occurrences":
        reading.note(
            path,
            "is Occurrences: a share of counted events",
            "time, unless the contract's source counts",
            "Let the source in makegood.yaml count, if the contract is about requests.",
            error=False,
        )
        return {}
    if spec.budgetingMethod == "RatioTimeslices":
        fact = "is RatioTimeslices: an average of the slices' own ratios"
        reading.note(path, fact, "Timeslices or Occurrences", "Choose one of them.", error=True)
        return {}
    return {} if promised is None else _slices(spec, promised, reading)


def _slices(spec: _Spec, promised: _Objective, reading: _Reading) -> dict[str, JsonValue]:
    path: Path = ("spec", "objectives", spec.objectives.index(promised))
    length = SLICE.fullmatch(promised.timeSliceWindow or "")
    if length is None:
        fact = f'is "{promised.timeSliceWindow}"' if promised.timeSliceWindow else "is missing"
        expected, remedy = "minutes or hours, such as 5m", "Correct it."
        reading.note((*path, "timeSliceWindow"), fact, expected, remedy, error=True)
        return {}
    if promised.timeSliceTarget != 1:
        target = promised.timeSliceTarget
        fact = "is missing" if target is None else f"is {plain(target)}"
        expected = "1, a slice that fails with any failure in it, which a contract can say"
        remedy = "It is imported so; say window_fails: whole in the terms for the other extreme."
        reading.note((*path, "timeSliceTarget"), fact, expected, remedy, error=False)
    minutes = int(length[1]) * (60 if length[2] == "h" else 1)
    return {"measurement": {"window_minutes": minutes, "window_fails": "any"}}


def _named_as_left_out(value: JsonValue, reading: _Reading) -> None:
    """What an SLO says and a contract has no word for."""
    spec = value["spec"]
    for name in ("indicator", "indicatorRef", "alertPolicies", "description"):
        if spec.get(name):
            _unsaid(("spec", name), reading)
    for name in ("labels", "annotations"):
        if value["metadata"].get(name):
            _unsaid(("metadata", name), reading)


def _unsaid(path: Path, reading: _Reading) -> None:
    reading.note(
        path,
        "is left out",
        "what a contract has a word for",
        "Where figures come from stands under sources in makegood.yaml.",
        error=False,
    )


def _merged(rest: Document, said: Mapping[str, JsonValue], reading: _Reading) -> Document:
    """The further terms with what the SLO says put in; what both say must be the same."""
    full = in_full(rest) if isinstance(rest.value, dict) else replace(rest, value={})
    above = {name: found for name, found in full.value.items() if name != "versions"}
    versions = [dict(one) for one in full.value.get("versions") or [{}] if isinstance(one, dict)]
    for name, found in said.items():
        for fields in [above] if name == "service" else versions:
            own: Any = fields.setdefault(name, found)
            if _differ(own, found):
                _twice(rest, name, own, found, reading)
            elif isinstance(found, Mapping):
                fields[name] = {**found, **own}
    return replace(full, value={**above, "versions": versions})


def _differ(own: JsonValue, found: JsonValue) -> bool:
    """Whether two contradict each other; a mapping may say more than the other one."""
    if isinstance(own, Mapping) and isinstance(found, Mapping):
        return any(own[name] != value for name, value in found.items() if name in own)
    return bool(own != found)


def _twice(rest: Document, name: str, own: JsonValue, found: JsonValue, reading: _Reading) -> None:
    finding = rest.finding(
        (name,),
        f"is {own!r}, in the SLO {found!r}",
        expected="what the SLO says, or nothing",
        remedy="Remove it from the terms, or correct the SLO.",
    )
    reading.found.append(finding)


def _same_promise(contract: Contract, percent: Decimal, reading: _Reading) -> None:
    for version in contract.versions:
        promised = version.credit.ladder.commitment_percent
        if promised != percent:
            reading.note(
                ("spec", "objectives"),
                f"promise {plain(percent)} %, the ladder of {version.effective_on} "
                f"{plain(promised)} %",
                "one commitment",
                "An SLO is often stricter than the contract: name the objective of the contract.",
                error=True,
            )


def _no_slo(name: str) -> Finding:
    return Finding(name, "holds no SLO", f"{VERSION} documents of kind SLO", "Check the file.")


@dataclass(frozen=True, slots=True)
class Exported:
    """A contract as OpenSLO.

    Attributes:
        documents: The SLO and its service; empty where the contract cannot be said at all.
        unsaid: What of the contract these do not say, one sentence each.
    """

    documents: tuple[JsonValue, ...]
    unsaid: tuple[str, ...]


def exported(contract: Contract, version: ContractVersion) -> Exported:
    """One version of a contract as OpenSLO documents."""
    percent = version.credit.ladder.commitment_percent
    if percent >= ALL_OF_IT:
        return Exported((), (f"{contract.id}: OpenSLO has targets below 100 % only",))
    period = version.credit.period
    named = f"{contract.client.id}-{contract.service.id}".replace("_", "-").replace(".", "-")
    document = {
        "apiVersion": VERSION,
        "kind": "SLO",
        "metadata": {
            "name": named,
            "displayName": f"{contract.client.name}: {contract.service.name}",
        },
        "spec": {
            "service": contract.service.id,
            "indicatorRef": version.monitors[0],
            "timeWindow": [_window(version)],
            **_counting(version, percent),
        },
    }
    service = {
        "apiVersion": VERSION,
        "kind": "Service",
        "metadata": {"name": contract.service.id, "displayName": contract.service.name},
        "spec": {},
    }
    unsaid = [f"{contract.id}: {words}" for words in _unsaid_of(version, period.kind)]
    return Exported((service, document), tuple(unsaid))


def _window(version: ContractVersion) -> JsonValue:
    period = version.credit.period
    first = period.holding(ServiceMonth.of(version.effective_on)).first
    if period.kind is PeriodKind.TRAILING_DAYS:
        return {"duration": f"{period.days}d", "isRolling": True}
    return {
        "duration": DURATIONS.get(period.kind, "1M"),
        "isRolling": False,
        "calendar": {"startTime": f"{first} 00:00:00", "timeZone": version.time_zone},
    }


def _counting(version: ContractVersion, percent: Decimal) -> dict[str, JsonValue]:
    minutes = version.measurement.window_minutes
    if minutes is None:
        return {"budgetingMethod": "Occurrences", "objectives": [{"targetPercent": percent}]}
    objective = {
        "targetPercent": percent,
        "timeSliceTarget": 1,
        "timeSliceWindow": f"{minutes}m",
    }
    return {"budgetingMethod": "Timeslices", "objectives": [objective]}


def _unsaid_of(version: ContractVersion, kind: PeriodKind) -> Iterator[str]:
    """What of a version has no word in OpenSLO."""
    measurement = version.measurement
    if measurement.window_minutes is None:
        yield "time is measured exactly; OpenSLO has no word for it but Occurrences"
    elif measurement.window_fails is not WindowFails.ANY:
        yield "a window fails when the whole of it is down; OpenSLO's slice fails with a part"
    if kind is PeriodKind.TRAILING_DAYS:
        yield "trailing days are judged at the end of a month; OpenSLO rolls them on and on"
    if len(version.monitors) > 1:
        yield f"several monitors: {', '.join(version.monitors)}"
    own = version.measurement.model_dump(mode="json", exclude_defaults=True)
    left = [name for name in own if name not in {"window_minutes", "window_fails"}]
    yield from (f"measurement.{name}" for name in left)
    yield "credit: the ladder, what bounds it, and claims"
    dumped = version.model_dump(mode="json", exclude_defaults=True)
    yield from (name for name in dumped if name not in SAID)
