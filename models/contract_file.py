"""Contract files: from what a person writes to the resolved contract, with every finding.

What people write is short: a ladder by its id in the catalog, a single version without a list, or
the copyable service block of the credit kit. What comes out is a `Contract` in which everything is
written out. Ladders are looked up in a mapping that the caller gives; nothing is read from disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError
from pydantic_core import PydanticCustomError

from models.claims.terms import ClaimTerms
from models.clauses.base import BaseTerms
from models.clauses.caps import ScopedCap
from models.clauses.eligibility import Gate
from models.clauses.form import CreditForm
from models.clauses.recurrence import Recurrence
from models.clauses.rights import Right
from models.clauses.stated import Attributes, StatedAmounts
from models.contract import (
    BillingTerms,
    Cap,
    Contract,
    ContractId,
    ContractVersion,
    CreditTerms,
    DaysPaid,
    MinimumPayout,
    Party,
    Payout,
    ReleaseMode,
    ReleaseRule,
    Role,
    Service,
)
from models.contract_documents import separated
from models.defects import Defect
from models.exclusion import ExclusionRule
from models.findings import Finding, Severity
from models.kinds import AnyLadder
from models.linting.contracts import ContractLinter
from models.linting.ladders import lint_earnings
from models.located import Document, Path, path_of
from models.measurement import MeasurementTerms
from models.money import Rounding
from models.seed_ladder import indented_form, seed_terms
from models.service_block import is_service_block, placeholders, service_as_contract
from models.service_period import PeriodTerms
from models.terms import (
    Amount,
    CurrencyCode,
    Day,
    JsonValue,
    Name,
    Percent,
    Slug,
    Terms,
    TimeZone,
    near_miss,
)
from models.yaml_text import parse_yaml

ALWAYS = date(1970, 1, 1)
"""The first day of a contract that does not say when it began."""

EDITION = "@"
"""What stands between the id of a ladder and the version of its sheet."""

CLAUSES = ("period", "base", "eligibility", "recurrence", "caps", "rights", "form")
"""Clauses that a contract takes from its ladder's sheet, or states itself."""

PARTIES = ("role", "client", "service", "evidence", "depends_on", "versions")
"""The fields of a document that stand above its versions."""


class CatalogLadder(Terms):
    """A published ladder by its id.

    Attributes:
        catalog: The id.
        version: The date or edition that the sheet bears; None for the latest one. A contract that
            names it is never judged by a text that it did not agree to.
    """

    catalog: Slug
    version: Name | None = None

    @property
    def name(self) -> str:
        """The ladder as `--ladder` names it: `aws-s3-standard`, or with `@` and its version."""
        return edition_name(self.catalog, self.version)


def edition_name(catalog: str, version: str | None) -> str:
    """The name of a sheet, or of one of its editions.

    >>> edition_name("aws-s3-standard", "2023-11-28"), edition_name("aws-s3-standard", None)
    ('aws-s3-standard@2023-11-28', 'aws-s3-standard')
    """
    return catalog if version is None else f"{catalog}{EDITION}{version}"


def _written_as(ladder: object) -> str:
    """Which of the ways to write a ladder this is, from the fields that are there."""
    named = ladder if isinstance(ladder, dict) else {}
    if isinstance(ladder, CatalogLadder) or "catalog" in named:
        return "<CatalogLadder>"
    of_the_kit = "kind" not in named and not named.keys().isdisjoint({"vendor", "threshold_kind"})
    return "<kit>" if of_the_kit else "<own>"


def _a_mapping(ladder: object) -> object:
    if isinstance(ladder, dict | Terms):
        return ladder
    raise PydanticCustomError(
        "no_ladder",
        "a ladder of the catalog, {catalog: ID}, or one of your own with its kind",
        {"remedy": f"Write {{catalog: {ladder}}}." if isinstance(ladder, str) else "Add it."},
    )


class WrittenCredit(Terms):
    """From uptime to money, as a person writes it.

    The fields mean what they mean in `CreditTerms`. What is left out beside a ladder of the catalog
    comes from there.
    """

    credit_ladder: Annotated[
        Annotated[CatalogLadder, Tag("<CatalogLadder>")]
        | Annotated[dict[str, JsonValue], Tag("<kit>")]
        | Annotated[AnyLadder, Tag("<own>")],
        Discriminator(_written_as),
        BeforeValidator(_a_mapping),
    ]
    cap: Cap | None = None
    minimum_payout: MinimumPayout | None = None
    rounding: Rounding | None = None
    days_paid: DaysPaid | None = None
    claim: ClaimTerms | None = None
    period: PeriodTerms | None = None
    base: BaseTerms | None = None
    eligibility: tuple[Gate, ...] | None = None
    recurrence: Recurrence | None = None
    caps: tuple[ScopedCap, ...] | None = None
    rights: tuple[Right, ...] | None = None
    form: CreditForm | None = None


class WrittenLadder(WrittenCredit):
    """A ladder in a file of its own: credit terms, and how they measure."""

    measurement: MeasurementTerms | None = None


class WrittenVersion(WrittenCredit):
    """The terms from one date on, as a person writes them; as in `ContractVersion`.

    With `measure_as_published` the month is measured as the ladder's sheet says.
    """

    effective_on: Day = ALWAYS
    ends_on: Day | None = None
    time_zone: TimeZone = "UTC"
    currency: CurrencyCode
    billable_amount: Amount
    affected_percent: Percent = Field(default=100, validate_default=True)
    monitors: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    measurement: MeasurementTerms = MeasurementTerms()
    exclusions: tuple[ExclusionRule, ...] = ()
    payout: Payout = Payout.CUSTOMER_BALANCE
    release: ReleaseRule = ReleaseRule()
    billing: BillingTerms = BillingTerms()
    measure_as_published: bool = False
    attributes: Attributes = ()
    amounts: StatedAmounts = ()


class WrittenContract(Terms):
    """A contract document in its full form; `in_full` brings the short one into this shape."""

    role: Role
    client: Party
    service: Service
    evidence: tuple[Name, ...] = ()
    depends_on: tuple[ContractId, ...] = ()
    versions: Annotated[tuple[WrittenVersion, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class PlacedContract:
    """A contract, where it was written, and what a file of its own would say, in full form."""

    contract: Contract
    place: str
    written: JsonValue = None


@dataclass(frozen=True, slots=True)
class ContractsRead:
    """What a file of contracts holds.

    Attributes:
        contracts: Those without errors, in the order of the file.
        findings: Everything that is wrong or worth a look, in the order of the file.
    """

    contracts: tuple[PlacedContract, ...]
    findings: tuple[Finding, ...]


def read_contracts(
    text: str,
    *,
    name: str,
    ladders: Mapping[str, CreditTerms],
    defaults: Sequence[Document] = (),
    linter: ContractLinter | None = None,
) -> ContractsRead:
    """Read a file of contracts, one or several per YAML document.

    Args:
        text: The content of the file.
        name: The file, as people know it.
        ladders: The catalog: credit terms by the id of their ladder.
        defaults: What files of defaults say for this one, the nearest last.
        linter: What looks for oddities as well; None for nothing but what keeps it from being read.
    """
    flattened, indented = _indented(text, name)
    parsed = parse_yaml(indented, name=name)
    if not parsed:
        return ContractsRead((), (_empty(name),))
    documents, composing = separated(parsed, above=defaults)
    read = [read_contract(document, ladders=ladders, linter=linter) for document in documents]
    contracts = tuple(
        PlacedContract(contract, document.place(), in_full(document).value)
        for document, (contract, _) in zip(documents, read, strict=True)
        if contract is not None
    )
    found = (finding for _, findings in read for finding in findings)
    # What many contracts share is wrong once.
    findings = _in_order(text, name, dict.fromkeys((*flattened, *composing, *found)))
    return ContractsRead(() if flattened else contracts, findings)


def _indented(text: str, name: str) -> tuple[tuple[Finding, ...], str]:
    """The text with its ladders indented, and the finding if they were not.

    Lines stay where they are, so that everything else in the text is reported as well.
    """
    form = indented_form(text) if "credit_ladder:" in text else None
    if form is None or form == text:
        return (), text
    before, after = text.split("\n"), form.split("\n")
    changed = [number for number, line in enumerate(before) if line != after[number]]
    meant = "\n".join(after[changed[0] - 1 : changed[-1] + 1])
    finding = Finding(
        place=f"{name}:{changed[0]}",
        field="credit_ladder",
        fact="has lost its indentation",
        expected="its fields indented below it",
        remedy=f"Write it so:\n{meant}",
    )
    return (finding,), form


def _in_order(text: str, name: str, found: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings by line, those of files of defaults first.

    Where a placeholder is left, nothing else is said of the line.
    """
    unfilled = placeholders(text, name=name) if "[" in text else ()
    places = {finding.place for finding in unfilled}
    kept = (finding for finding in found if finding.place not in places)
    here = f"{name}:"
    ordered = sorted((*unfilled, *kept), key=lambda f: (f.place.startswith(here), f.line))
    return tuple(ordered)


def _empty(name: str) -> Finding:
    return Finding(
        place=name,
        fact="is empty",
        expected="one contract or more",
        remedy="Write a contract into it, or remove the file.",
    )


def read_contract(
    document: Document,
    *,
    ladders: Mapping[str, CreditTerms],
    linter: ContractLinter | None = None,
) -> tuple[Contract | None, tuple[Finding, ...]]:
    """The contract that a document writes down, or None, and all findings about it."""
    full = in_full(document)
    validated = full.validate(WrittenContract)
    if validated.model is None:
        return None, (*validated.findings, *_sound_ladders(full, ladders))
    written = validated.model
    resolved = [_resolve(full, written, i, ladders) for i in range(len(written.versions))]
    findings = [
        *validated.findings,
        *(finding for _, found in resolved for finding in found),
        *_dates(full, written),
        *_parties(full, written),
    ]
    versions = [version for version, _ in resolved if version is not None]
    if len(versions) < len(resolved):
        return None, tuple(findings)
    contract = _contract(written, versions)
    refused = any(finding.severity is Severity.ERROR for finding in findings)
    odd = () if linter is None else _odd_contract(full, contract, versions, linter)
    return None if refused else contract, (*findings, *odd)


def _odd_contract(
    document: Document,
    contract: Contract,
    versions: Sequence[ContractVersion],
    linter: ContractLinter,
) -> Iterator[Finding]:
    """What the linter finds, each in the version in which it was written."""
    for finding in linter.findings(contract):
        field, number, *inside = path_of(finding.field)
        rising = contract.versions[number] if isinstance(number, int) else None
        written = next(place for place, one in enumerate(versions) if one is rising)
        said = document.value["versions"][written]
        if finding.rule == Defect.CURRENCY_WITHOUT_RULE and inside[0] in said:
            continue  # The contract says the amount itself, in its own currency.
        yield _replaced(document, replace(finding, field=""), (field, written, *inside))


def _sound_ladders(document: Document, ladders: Mapping[str, CreditTerms]) -> Iterator[Finding]:
    """What is wrong with ladders whose form is right, though something else is not."""
    versions = document.value.get("versions") if isinstance(document.value, dict) else None
    for position, version in enumerate(versions if isinstance(versions, list) else []):
        fields = version if isinstance(version, dict) else {}
        credit = {name: fields[name] for name in WrittenCredit.model_fields if name in fields}
        with suppress(ValidationError):
            written = WrittenCredit.model_validate(credit)
            path: Path = ("versions", position, "credit_ladder")
            yield from _credit(document, written, path, ladders)[1]


def _contract(written: WrittenContract, versions: list[ContractVersion]) -> Contract:
    return Contract(
        role=written.role,
        client=written.client,
        service=written.service,
        evidence=written.evidence,
        depends_on=written.depends_on,
        versions=tuple(sorted(versions, key=lambda version: version.effective_on)),
    )


def read_credit_terms(
    text: str, *, name: str, ladders: Mapping[str, CreditTerms]
) -> tuple[CreditTerms | None, tuple[Finding, ...]]:
    """Read a file with one ladder: under `credit_ladder`, with cap and claim beside it, or bare."""
    flattened, indented = _indented(text, name)
    documents = parse_yaml(indented, name=name)
    if len(documents) != 1:
        return None, (_not_one_ladder(name, len(documents)),)
    terms, found = _credit_terms(_ladder_in_full(documents[0]), ladders)
    findings = _in_order(text, name, (*flattened, *found))
    refused = any(finding.severity is Severity.ERROR for finding in findings)
    return None if refused else terms, findings


def lint_credit_terms(
    text: str, *, name: str, ladders: Mapping[str, CreditTerms]
) -> tuple[Finding, ...]:
    """Everything that is wrong or odd about a file with one ladder, with its lines."""
    flattened, indented = _indented(text, name)
    documents = parse_yaml(indented, name=name)
    if len(documents) != 1:
        return (_not_one_ladder(name, len(documents)),)
    document = _ladder_in_full(documents[0])
    terms, found = _credit_terms(document, ladders)
    odd = () if terms is None else lint_earnings(terms, name)
    placed = (_replaced(document, one, ()) for one in (_as_written(one) for one in odd))
    return _in_order(text, name, (*flattened, *found, *placed))


def _as_written(finding: Finding) -> Finding:
    """A finding about credit terms, its field as a person writes it."""
    return replace(finding, field=re.sub(r"^ladder", "credit_ladder", finding.field))


def _credit_terms(
    document: Document, ladders: Mapping[str, CreditTerms]
) -> tuple[CreditTerms | None, tuple[Finding, ...]]:
    validated = document.validate(WrittenLadder)
    if validated.model is None:
        return None, validated.findings
    terms, findings = _credit(document, validated.model, ("credit_ladder",), ladders)
    return terms, (*validated.findings, *findings)


def _not_one_ladder(name: str, found: int) -> Finding:
    return Finding(
        place=name,
        fact=f"holds {found} documents" if found else "is empty",
        expected="one ladder",
        remedy="Write one ladder into the file.",
    )


def _ladder_in_full(document: Document) -> Document:
    """A bare ladder as if it stood under `credit_ladder`."""
    if not isinstance(document.value, dict) or "credit_ladder" in document.value:
        return document
    return document.under("credit_ladder")


def in_full(document: Document) -> Document:
    """The document in the shape of `WrittenContract`, each value still knowing its line."""
    if is_service_block(document.value):
        return service_as_contract(document)
    if not isinstance(document.value, dict) or "versions" in document.value:
        return document
    above = {name: value for name, value in document.value.items() if name in PARTIES}
    version = {name: value for name, value in document.value.items() if name not in PARTIES}
    return replace(document, value={**above, "versions": [version]}, written_at=_at_the_top)


def _at_the_top(path: Path) -> Path:
    """Where a single version's fields were written: beside the parties."""
    return path[2:] if path[:2] == ("versions", 0) else path


def _resolve(
    document: Document,
    written: WrittenContract,
    position: int,
    ladders: Mapping[str, CreditTerms],
) -> tuple[ContractVersion | None, tuple[Finding, ...]]:
    """A version with its ladder in place."""
    path: Path = ("versions", position)
    version = written.versions[position]
    credit, findings = _credit(document, version, (*path, "credit_ladder"), ladders)
    if credit is None:
        return None, findings
    resolved = _version(version, credit, written.service.id)
    published = _published_measurement(document, version, credit, path)
    return resolved, (*findings, *published, *_oddities(document, resolved, path))


def _credit(
    document: Document,
    written: WrittenCredit,
    path: Path,
    ladders: Mapping[str, CreditTerms],
) -> tuple[CreditTerms | None, tuple[Finding, ...]]:
    ladder = written.credit_ladder
    if isinstance(ladder, dict):
        return _kit_credit(document, written, ladder, path)
    if not isinstance(ladder, CatalogLadder):
        terms = _overridden(CreditTerms(ladder=ladder), written)
        return terms, tuple(_about_terms(document, terms, path))
    found = ladders.get(ladder.name)
    if found is None:
        return None, (_unknown_ladder(document, path, ladder, ladders),)
    terms = _overridden(found, written)
    # What is odd about a published ladder itself is said in the catalog, not in every contract.
    own = (one for one in _about_terms(document, terms, path) if "credit_ladder" not in one.field)
    return terms, tuple(own)


def _kit_credit(
    document: Document, written: WrittenCredit, block: dict[str, JsonValue], path: Path
) -> tuple[CreditTerms | None, tuple[Finding, ...]]:
    """The terms of a block in the words of the copyable kit."""
    found, findings = seed_terms(block, place=document.name)
    placed = tuple(_replaced(document, finding, path) for finding in findings)
    if found is None:
        return None, placed
    terms = _overridden(found, written)
    # The block has found what is wrong with its own rows already.
    own = (one for one in _about_terms(document, terms, path) if "credit_ladder" not in one.field)
    return terms, (*placed, *own)


def _replaced(document: Document, finding: Finding, path: Path) -> Finding:
    """A finding that knew only a field relative to a path, with its line in the document."""
    return document.finding(
        (*path, *path_of(finding.field)),
        finding.fact,
        expected=finding.expected,
        remedy=finding.remedy,
        severity=finding.severity,
        rule=finding.rule,
    )


def _about_terms(document: Document, terms: CreditTerms, path: Path) -> Iterator[Finding]:
    """What the credit terms find wrong with themselves, with its line in the document."""
    for finding in terms.findings(document.name):
        of_ladder = finding.field.startswith("ladder")
        relative = replace(finding, field=finding.field.removeprefix("ladder"))
        yield _replaced(document, relative, path if of_ladder else path[:-1])


def _unknown_ladder(
    document: Document, path: Path, ladder: CatalogLadder, ladders: Mapping[str, CreditTerms]
) -> Finding:
    known = [name for name in ladders if EDITION not in name]
    if ladder.catalog in known:
        return _unknown_edition(document, path, ladder, ladders)
    near = near_miss(ladder.catalog, known)
    return document.finding(
        (*path, "catalog"),
        f'is "{ladder.catalog}"',
        expected=f"the id of one of the {len(known)} ladders of the catalog",
        remedy=f"{near} `makegood ladders list` shows them all.".strip(),
    )


def _unknown_edition(
    document: Document, path: Path, ladder: CatalogLadder, ladders: Mapping[str, CreditTerms]
) -> Finding:
    begins = edition_name(ladder.catalog, "")
    editions = sorted(name.removeprefix(begins) for name in ladders if name.startswith(begins))
    return document.finding(
        (*path, "version"),
        f'is "{ladder.version}"',
        expected=f"a version of {ladder.catalog} in the catalog: {', '.join(editions) or 'none'}",
        remedy="Correct it, or write the terms of that version out in the contract.",
    )


def _overridden(terms: CreditTerms, written: WrittenCredit) -> CreditTerms:
    """The ladder's terms with those that the contract states itself."""
    stated = {
        "cap": written.cap,
        "minimum_payout": written.minimum_payout,
        "rounding": written.rounding,
        "days_paid": written.days_paid,
        "claim": written.claim and written.claim.over(terms.claim),
        **{name: getattr(written, name) for name in CLAUSES},
        "measurement": written.measurement if isinstance(written, WrittenLadder) else None,
    }
    return terms.model_copy(update={name: own for name, own in stated.items() if own is not None})


def _version(version: WrittenVersion, credit: CreditTerms, service: str) -> ContractVersion:
    ladder = version.credit_ladder
    return ContractVersion(
        effective_on=version.effective_on,
        ends_on=version.ends_on,
        time_zone=version.time_zone,
        currency=version.currency,
        billable_amount=version.billable_amount,
        affected_percent=version.affected_percent,
        monitors=version.monitors or (service,),
        measurement=_measured_by(version, credit),
        exclusions=version.exclusions,
        # How the sheet measures is a matter of the version from here on.
        credit=credit.model_copy(update={"measurement": None}),
        payout=version.payout,
        release=version.release,
        billing=version.billing,
        catalog=ladder.name if isinstance(ladder, CatalogLadder) else "",
        attributes=version.attributes,
        amounts=version.amounts,
    )


def _measured_by(version: WrittenVersion, credit: CreditTerms) -> MeasurementTerms:
    if version.measure_as_published and credit.measurement is not None:
        return credit.measurement
    return version.measurement


def _published_measurement(
    document: Document, version: WrittenVersion, credit: CreditTerms, path: Path
) -> Iterator[Finding]:
    """Measuring as published where nothing is published, or beside terms of one's own."""
    if not version.measure_as_published:
        return
    own = "measurement" in version.model_fields_set
    if own or credit.measurement is None:
        yield document.finding(
            (*path, "measure_as_published"),
            "is true beside measurement" if own else "is true, and the ladder says nothing of it",
            expected="a ladder that says how it measures, and no measurement of one's own",
            remedy="Leave one of the two out." if own else "Write measurement instead.",
        )


def _dates(document: Document, written: WrittenContract) -> Iterator[Finding]:
    """Versions that contradict each other, and dates that do not fall on the edge of a month."""
    for position, version in enumerate(written.versions):
        yield from _version_dates(document, version, ("versions", position))
    undated = list(_undated(document, written)) if len(written.versions) > 1 else []
    yield from undated
    dated = sorted(enumerate(written.versions), key=lambda one: one[1].effective_on)
    for (_, earlier), (position, later) in pairwise([] if undated else dated):
        path: Path = ("versions", position, "effective_on")
        if earlier.effective_on == later.effective_on:
            yield document.finding(
                path,
                f"is {later.effective_on}, as in another version",
                expected="each version with a date of its own",
                remedy="Remove one of the two, or give the later one its date.",
            )
        elif earlier.ends_on is not None and earlier.ends_on >= later.effective_on:
            yield document.finding(
                path,
                f"is {later.effective_on}, while the version before ends on {earlier.ends_on}",
                expected="versions that do not overlap",
                remedy="Leave ends_on out where another version follows; it is for the last one.",
            )


def _undated(document: Document, written: WrittenContract) -> Iterator[Finding]:
    for position, version in enumerate(written.versions):
        if "effective_on" not in version.model_fields_set:
            yield document.finding(
                ("versions", position, "effective_on"),
                "is missing",
                expected="a date for each of several versions",
                remedy="Add the first day on which the version holds.",
            )


def _version_dates(document: Document, version: WrittenVersion, path: Path) -> Iterator[Finding]:
    starts, ends = version.effective_on, version.ends_on
    if ends is not None and ends < starts:
        yield document.finding(
            (*path, "ends_on"),
            f"is {ends}, before effective_on {starts}",
            expected="an end on or after the first day",
            remedy="Correct one of the two dates.",
        )
    if starts.day != 1:
        yield document.finding(
            (*path, "effective_on"),
            f"is {starts}, within a month",
            expected="the first day of a month, for one version governs a whole month",
            remedy="The version governs from the following month on; date it so, or keep it.",
            severity=Severity.WARNING,
        )
    if ends is not None and (ends + timedelta(days=1)).day != 1:
        yield document.finding(
            (*path, "ends_on"),
            f"is {ends}, within a month",
            expected="the last day of a month, for one version governs a whole month",
            remedy="The version governs that whole month; date it so, or keep it.",
            severity=Severity.WARNING,
        )


def _parties(document: Document, written: WrittenContract) -> Iterator[Finding]:
    if written.role is Role.PROVIDER and written.client.email is None:
        yield document.finding(
            ("client", "email"),
            "is missing",
            expected="an address for notices",
            remedy="Add it; without one the client is not told of credits.",
            severity=Severity.WARNING,
        )


def _oddities(document: Document, version: ContractVersion, path: Path) -> Iterator[Finding]:
    """Terms that are possible but hardly meant."""
    for field, (fact, expected, remedy) in _odd(version):
        yield document.finding(
            (*path, *field), fact, expected=expected, remedy=remedy, severity=Severity.WARNING
        )


def _odd(version: ContractVersion) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    cap = version.credit.cap
    nothing = ("is 0, so that nothing is ever paid", "an amount above 0", "Check the amount.")
    if version.billable_amount == 0:
        yield ("billable_amount",), nothing
    if version.billable.minor(version.billable_amount).denominator != 1:
        yield (
            ("billable_amount",),
            (
                f"is {version.billable_amount}, finer than {version.currency} can be billed",
                f"at most {version.billable.exponent} decimal places",
                "Check amount and currency; the percent applies to it as it stands.",
            ),
        )
    if version.affected_percent == 0:
        yield ("affected_percent",), nothing
    if cap is not None and 0 in (cap.percent, cap.amount, cap.days):
        yield ("cap",), nothing
    yield from _odd_minimum(version)
    if version.release.mode is ReleaseMode.AUTOMATIC and version.release.up_to is None:
        yield (
            ("release",),
            (
                "is automatic for any amount",
                "a bound for what leaves without a person",
                "Add up_to, or choose mode: ask.",
            ),
        )


def _odd_minimum(version: ContractVersion) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    minimum = version.credit.minimum_payout
    if minimum is None or version.credit.ladder.may_exceed_fee:
        return
    least = minimum.more_than if minimum.at_least is None else minimum.at_least
    if least is not None and least > version.billable_amount > 0:
        yield (
            ("minimum_payout",),
            (
                f"asks for {least}, more than the billable amount of {version.billable_amount}",
                "a minimum that a credit can reach",
                "Check both amounts.",
            ),
        )
