"""Calculator payloads: months that somebody else has counted, as JSON or JSON lines.

A file that ends in `.jsonl` or `.ndjson` holds one payload per line, any other file one payload or
a list of them. Each says whose month it is; two that differ about one client's service and month
are refused, because nobody can tell which one was meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from connectors.monitoring import (
    Capability,
    FileFacts,
    Reading,
    ServiceKey,
    SourceFacts,
    Wanted,
)
from connectors.monitoring._documents import read_documents
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._unusable import MOST_LISTED
from connectors.retry import with_retries
from models.findings import Finding, UnusableInputError
from models.located import Document
from models.payload import CalculatorPayload

OWNERS = ("client_id", "service_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculatorPayloads:
    """A source that reads calculator payloads.

    Attributes:
        id: The source's name in the workspace.
        path: A file or a pattern of files, seen from `folder`.
        folder: The workspace's folder.
    """

    id: str
    path: str
    folder: Path = Path()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Counted months."""
        return frozenset({Capability.COUNTED_MONTHS})

    def read(self, wanted: Wanted) -> Reading:
        """Read every payload of every file; what is wanted of monitors does not concern them.

        Raises:
            UnusableInputError: A file or payload cannot be used; every finding is listed.
            Retriable: The file system failed, several times over.
        """
        return with_retries(lambda: self._read(wanted))

    def _read(self, wanted: Wanted) -> Reading:
        counted = _Counted()
        files = read_each(
            find_files(self.path, folder=self.folder), lambda file: _read_file(file, counted)
        )
        if counted.findings:
            raise UnusableInputError(counted.findings)
        facts = SourceFacts(
            files=files,
            rows=counted.rows,
            duplicates=counted.rows - len(counted.months),
            findings=tuple(counted.warnings),
        )
        return Reading(counts=MappingProxyType(counted.months), facts=facts)


@dataclass(slots=True)
class _Counted:
    """The payloads so far.

    Attributes:
        rows: How many were read.
        months: The usable ones.
        findings: What is wrong with the first of the others.
        warnings: What asks for a look.
    """

    rows: int = 0
    months: dict[ServiceKey, CalculatorPayload] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    _documents: dict[ServiceKey, Document] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Take one payload."""
        self.rows += 1
        # Finding a line means reading the text again; nobody mends more than this at once.
        if len(self.findings) >= MOST_LISTED:
            return
        validated = document.validate(CalculatorPayload)
        if validated.model is None:
            self.findings += validated.findings
            return
        faults = list(_ownerless(document, validated.model)) or list(
            self._contradiction(document, validated.model)
        )
        self.findings += faults
        if not faults:
            self._keep(document, validated.model)

    def _keep(self, document: Document, payload: CalculatorPayload) -> None:
        key = _key(payload)
        if key not in self.months:
            self.months[key] = payload
            self._documents[key] = document
            if payload.findings("") and len(self.warnings) < MOST_LISTED:
                self.warnings += payload.findings(document.place())

    def _contradiction(self, document: Document, payload: CalculatorPayload) -> Iterator[Finding]:
        key = _key(payload)
        if self.months.get(key, payload) != payload:
            yield document.finding(
                (),
                f"counts {key[0]} in {key[1]} otherwise than {self._documents[key].place()}",
                expected="one payload for each client, service and month",
                remedy="Remove the one that is out of date.",
            )


def _key(payload: CalculatorPayload) -> ServiceKey:
    return f"{payload.client_id}/{payload.service_id}", payload.service_month


def _ownerless(document: Document, payload: CalculatorPayload) -> Iterator[Finding]:
    for owner in OWNERS:
        if getattr(payload, owner) is None:
            yield document.finding(
                (owner,),
                "is missing",
                expected="the id that the contracts name",
                remedy="Add it; without it nobody knows whose month this is.",
            )


def _read_file(file: SourceFile, counted: _Counted) -> FileFacts:
    digest, before = hashlib.sha256(), counted.rows
    for document in read_documents(file, digest):
        counted.add(document)
    return FileFacts(file.shown, digest.hexdigest(), counted.rows - before)
