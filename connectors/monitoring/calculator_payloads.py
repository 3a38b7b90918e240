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
from typing import BinaryIO

from connectors.monitoring import (
    Capability,
    FileFacts,
    Reading,
    ServiceKey,
    SourceFacts,
    Wanted,
)
from connectors.monitoring._files import SourceFile, find_files, read_each
from connectors.monitoring._unusable import MOST_LISTED
from connectors.retry import with_retries
from models.findings import Finding, UnusableInputError, refuse
from models.json_text import parse_json
from models.located import LONGEST_LINE, MOST_BYTES, Document, Places, decode
from models.payload import CalculatorPayload

LINE_SUFFIXES = (".jsonl", ".ndjson")
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
    with file.path.open("rb") as stream:
        by_line = file.shown.endswith(LINE_SUFFIXES)
        read = _lines if by_line else _whole
        for document in read(stream, file.shown, digest):
            counted.add(document)
    return FileFacts(file.shown, digest.hexdigest(), counted.rows - before)


def _whole(stream: BinaryIO, shown: str, digest: hashlib._Hash) -> Iterator[Document]:
    content = stream.read(MOST_BYTES + 1)
    digest.update(content)
    document = parse_json(decode(content, name=shown), name=shown)
    if document.findings:
        raise UnusableInputError(document.findings)
    if not isinstance(document.value, list):
        yield document
        return
    for item, value in enumerate(document.value):
        yield Document(shown, value, _ItemPlaces(document.places, item))


@dataclass(frozen=True, slots=True)
class _ItemPlaces:
    """The places of one payload in a list of them."""

    places: Places
    item: int

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line of a value of the payload."""
        return self.places.line((self.item, *path))


def _lines(stream: BinaryIO, shown: str, digest: hashlib._Hash) -> Iterator[Document]:
    number = 0
    while content := stream.readline(LONGEST_LINE + 1):
        number += 1
        digest.update(content)
        if len(content) > LONGEST_LINE:
            raise _is_too_long(f"{shown}:{number}")
        text = _decoded(content, f"{shown}:{number}")
        if text.strip():
            yield parse_json(text.rstrip(), name=shown, first_line=number)


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(
            place,
            f"holds the byte 0x{content[error.start]:02x} at position {error.start} of the line",
            expected="text in UTF-8",
            remedy="Save the file as UTF-8.",
        ) from None


def _is_too_long(place: str) -> UnusableInputError:
    return refuse(
        place,
        f"is longer than {LONGEST_LINE:,} bytes",
        expected="one payload per line",
        remedy="Check that the file is JSON lines; nothing after this line was read.",
    )
