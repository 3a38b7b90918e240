"""Reading terms from named texts, wherever the texts are kept.

What `files` and `memory` share: which texts are read, in which order, and how findings of many
texts become one list. A shelf itself only lists names and hands out texts.
"""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Generic, TypeVar

from connectors.terms._catalog import shipped_catalog, shipped_editions
from models.catalog import CatalogSheet
from models.claims.dependency import unmet_dependencies
from models.contract import Contract, CreditTerms
from models.contract_documents import DEFAULTS, is_defaults
from models.contract_file import (
    EDITION,
    ContractsRead,
    PlacedContract,
    edition_name,
    lint_credit_terms,
    read_contracts,
    read_credit_terms,
)
from models.exclusion import ExclusionEvent
from models.findings import Finding, Severity, UnusableInputError
from models.linting.contracts import ContractLinter, Watched
from models.located import Document
from models.sources.base import FileSource
from models.terms import JsonValue, near_miss
from models.workspace_file import ExclusionsFile, Workspace
from models.yaml_text import parse_yaml

WORKSPACE = "makegood.yaml"
CONTRACTS = "contracts/**/*.yaml"
DEFAULTS_FILE = "defaults.yaml"
"""A file of what the contracts of its folder, and below, have in common."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """Something that was read, and where it was written."""

    item: T
    place: str


class Shelf(ABC):
    """Terms in named texts; names are paths such as `contracts/acme.yaml`."""

    @abstractmethod
    def names(self, pattern: str) -> list[str]:
        """The names that a pattern matches, sorted; hidden ones are left out."""

    @abstractmethod
    def text(self, name: str) -> str:
        """The text of that name.

        Raises:
            UnusableInputError: There is none, or it is no text.
        """

    def shown(self, name: str) -> str:
        """The name as people know it."""
        return name

    def workspace(self) -> Workspace:
        """Where evidence comes from and where results go.

        Raises:
            UnusableInputError: The workspace file is missing or wrong.
        """
        workspace, findings = self._workspace()
        if workspace is None:
            raise UnusableInputError(findings)
        return workspace

    def contracts(self) -> tuple[Contract, ...]:
        """Every contract, rising by id.

        Raises:
            UnusableInputError: There is none, or any is wrong.
        """
        placed, findings = self._contracts()
        refuse_errors(findings)
        return tuple(sorted((one.contract for one in placed), key=lambda contract: contract.id))

    def written(self) -> tuple[JsonValue, ...]:
        """Every contract as a file of its own would say it, in full form, rising by id.

        Raises:
            UnusableInputError: There is none, or any is wrong.
        """
        placed, findings = self._contracts()
        refuse_errors(findings)
        return tuple(one.written for one in sorted(placed, key=lambda one: one.contract.id))

    def exclusions(self) -> tuple[ExclusionEvent, ...]:
        """Every recorded exclusion event, rising by start.

        Raises:
            UnusableInputError: The workspace file or any event is wrong.
        """
        placed, findings = self._exclusions(self.workspace())
        refuse_errors(findings)
        return tuple(
            sorted((one.item for one in placed), key=lambda event: (event.start, event.id))
        )

    def catalog(self) -> Mapping[str, CatalogSheet]:
        """The published ladders that are shipped with Makegood, by id."""
        return shipped_catalog()

    def known_ladders(self) -> Mapping[str, CreditTerms]:
        """The terms of every published ladder: the latest by its id, editions by id@version."""
        return _credit_terms()

    def ladder(self, name: str) -> CreditTerms:
        """A ladder by its id in the catalog, or from a file.

        Raises:
            UnusableInputError: There is neither, or the file is wrong.
        """
        known = _credit_terms()
        if name in known:
            return known[name]
        if "/" not in name and not name.endswith((".yaml", ".yml", ".json")):
            raise UnusableInputError([_unknown_ladder(name, known)])
        terms, findings = read_credit_terms(self.text(name), name=self.shown(name), ladders=known)
        if terms is None:
            raise UnusableInputError(findings)
        return terms

    def ladder_findings(self, name: str) -> tuple[Finding, ...]:
        """Everything that is wrong or odd about a ladder in a file.

        Raises:
            UnusableInputError: There is no such file.
        """
        text = self.text(name)
        return lint_credit_terms(text, name=self.shown(name), ladders=_credit_terms())

    def findings(
        self, *, today: date | None = None, watched: Watched | None = None
    ) -> tuple[Finding, ...]:
        """Everything that is wrong or worth a look in the whole workspace.

        Args:
            today: The day on which somebody looks; None looks at no claim's deadline.
            watched: What the sources know of; None looks at no monitor.
        """
        linter = ContractLinter(sheets=_sheets_by_name(), today=today, watched=watched)
        workspace, of_workspace = self._workspace()
        contracts, of_contracts = self._contracts(linter)
        if workspace is None:
            return (*of_workspace, *of_contracts)
        events, of_events = self._exclusions(workspace)
        # As long as a contract cannot be read, nobody knows which services there are.
        aimless = () if has_errors(of_contracts) else _aimless(events, contracts)
        return (
            *of_workspace,
            *self._unmatched(workspace),
            *of_contracts,
            *of_events,
            *aimless,
        )

    def _workspace(self) -> tuple[Workspace | None, tuple[Finding, ...]]:
        try:
            documents = parse_yaml(self.text(WORKSPACE), name=self.shown(WORKSPACE))
        except UnusableInputError as error:
            return None, error.findings
        if len(documents) != 1:
            return None, (_one_document(self.shown(WORKSPACE), len(documents)),)
        validated = documents[0].validate(Workspace)
        return validated.model, validated.findings

    def _contracts(
        self, linter: ContractLinter | None = None
    ) -> tuple[list[PlacedContract], list[Finding]]:
        names = self.names(CONTRACTS)
        if not names:
            return [], [_no_contracts(self.shown("contracts"))]
        known = _credit_terms()
        defaults, of_defaults = self._defaults(names)
        with _collector_paused():
            read = [
                self._read_contracts(name, known, _above(name, defaults), linter)
                for name in names
                if name not in defaults
            ]
        placed = [contract for one in read for contract in one.contracts]
        findings = list(dict.fromkeys(finding for one in read for finding in one.findings))
        findings = [*of_defaults, *findings]
        findings += _written_twice(
            (Placed(one.contract.id, one.place) for one in placed),
            says=lambda name: f"is the contract {name}",
            expected="one contract for a client and a service, in dated versions",
        )
        if not has_errors(findings):
            findings += unmet_dependencies((one.contract, one.place) for one in placed)
        return placed, findings

    def _defaults(self, names: Iterable[str]) -> tuple[dict[str, list[Document]], list[Finding]]:
        """The files of defaults, and what keeps them from being some."""
        found: dict[str, list[Document]] = {}
        findings: list[Finding] = []
        for name in (name for name in names if name.rpartition("/")[2] == DEFAULTS_FILE):
            try:
                documents = parse_yaml(self.text(name), name=self.shown(name))
            except UnusableInputError as error:
                findings += error.findings
                documents = ()
            strange = [document for document in documents if not is_defaults(document)]
            findings += [finding for one in documents for finding in one.findings]
            findings += [_no_defaults(document) for document in strange if not document.findings]
            found[name] = [document for document in documents if is_defaults(document)]
        return found, findings

    def _read_contracts(
        self,
        name: str,
        known: Mapping[str, CreditTerms],
        defaults: list[Document],
        linter: ContractLinter | None,
    ) -> ContractsRead:
        try:
            return read_contracts(
                self.text(name),
                name=self.shown(name),
                ladders=known,
                defaults=defaults,
                linter=linter,
            )
        except UnusableInputError as error:
            return ContractsRead((), error.findings)

    def _exclusions(
        self, workspace: Workspace
    ) -> tuple[list[Placed[ExclusionEvent]], list[Finding]]:
        placed: list[Placed[ExclusionEvent]] = []
        findings: list[Finding] = []
        for name in self.names(workspace.exclusions):
            events, found = self._read_exclusions(name)
            placed += events
            findings += found
        findings += _written_twice(
            (Placed(one.item.id, one.place) for one in placed),
            says=lambda event: f"is the exclusion {event}",
            expected="each exclusion once, under an id of its own",
        )
        return placed, findings

    def _read_exclusions(self, name: str) -> tuple[list[Placed[ExclusionEvent]], list[Finding]]:
        try:
            documents = parse_yaml(self.text(name), name=self.shown(name))
        except UnusableInputError as error:
            return [], list(error.findings)
        placed: list[Placed[ExclusionEvent]] = []
        findings: list[Finding] = []
        for document in documents:
            bare = isinstance(document.value, list)
            written = document.under("exclusions") if bare else document
            validated = written.validate(ExclusionsFile)
            findings += validated.findings
            events = validated.model.exclusions if validated.model else ()
            placed += [
                Placed(event, written.place(("exclusions", number)))
                for number, event in enumerate(events)
            ]
        return placed, findings

    def _unmatched(self, workspace: Workspace) -> Iterator[Finding]:
        for number, source in enumerate(workspace.sources):
            if isinstance(source, FileSource) and not self.names(source.path):
                yield Finding(
                    place=self.shown(WORKSPACE),
                    field=f"sources[{number}].path",
                    fact=f'is "{source.path}", where no file is',
                    expected="a file, or a pattern that matches files",
                    remedy="Correct it, or put the files there before the run.",
                    severity=Severity.WARNING,
                )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Do not look for reference cycles meanwhile.

    Reading ten thousand contracts makes millions of values and no cycle; looking for cycles among
    them takes longer than the reading.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Refuse the input when anything is worse than a warning.

    Raises:
        UnusableInputError: With the errors and the warnings.
    """
    found = tuple(findings)
    if has_errors(found):
        raise UnusableInputError(found)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything is worse than a warning."""
    return any(finding.severity is Severity.ERROR for finding in findings)


@cache
def _credit_terms() -> Mapping[str, CreditTerms]:
    """The terms of every ladder by its id, and of every edition by id and version."""
    latest = {name: sheet.credit for name, sheet in shipped_catalog().items()}
    editions = {edition_name(*named): sheet.credit for named, sheet in shipped_editions().items()}
    return {**latest, **editions}


def _above(name: str, defaults: Mapping[str, list[Document]]) -> list[Document]:
    """The defaults that hold for a file, those of its own folder last."""
    over = [one for one in defaults if name.startswith(one.removesuffix(DEFAULTS_FILE))]
    return [document for one in sorted(over, key=len) for document in defaults[one]]


def _no_defaults(document: Document) -> Finding:
    return document.finding(
        (),
        "holds no defaults",
        expected=f"documents that start with {DEFAULTS}: in a file of this name",
        remedy="Put it below defaults:, or move the contract into a file of its own.",
    )


def _sheets_by_name() -> Mapping[str, CatalogSheet]:
    """The catalog as contracts name it: the latest of each ladder, and every edition."""
    editions = {edition_name(*named): sheet for named, sheet in shipped_editions().items()}
    return {**shipped_catalog(), **editions}


def _written_twice(
    placed: Iterable[Placed[str]], *, says: Callable[[str], str], expected: str
) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for one in placed:
        if one.item in first:
            yield Finding(
                place=one.place,
                fact=f"{says(one.item)}, which is also at {first[one.item]}",
                expected=expected,
                remedy="Merge the two, or give one of them another id.",
            )
        first.setdefault(one.item, one.place)


def _aimless(
    events: Iterable[Placed[ExclusionEvent]], contracts: Iterable[PlacedContract]
) -> Iterator[Finding]:
    """Exclusions for services that no contract has."""
    services = {one.contract.service.id for one in contracts}
    for one in events:
        for service in one.item.services:
            if service not in services:
                yield Finding(
                    place=one.place,
                    fact=f'names the service "{service}", which no contract has',
                    expected="service ids of contracts",
                    remedy=near_miss(service, services) or "Correct the id, or remove it.",
                    severity=Severity.WARNING,
                )


def _one_document(place: str, found: int) -> Finding:
    return Finding(
        place=place,
        fact=f"holds {found} documents" if found else "is empty",
        expected="one document",
        remedy="Write the workspace as one mapping that starts with `name:`.",
    )


def _no_contracts(place: str) -> Finding:
    return Finding(
        place=place,
        fact="holds no contract",
        expected="files that end in .yaml",
        remedy="Put the first contract there, such as contracts/acme.yaml.",
    )


def _unknown_ladder(name: str, known: Mapping[str, CreditTerms]) -> Finding:
    wanted, edition, _ = name.partition(EDITION)
    ids = [one for one in known if EDITION not in one]
    of_it = sorted(one for one in known if one.startswith(edition_name(wanted, "")))
    if edition and of_it:
        expected, near = f"a version in the catalog: {', '.join(of_it)}", "Correct the version."
    else:
        expected = f"the id of one of the {len(ids)} ladders of the catalog, or a file"
        near = near_miss(wanted, ids)
    return Finding(
        place="--ladder",
        fact=f'is "{name}"',
        expected=expected,
        remedy=f"{near} `makegood ladders list` shows them all.".strip(),
    )
