"""JSON documents of a file, each with its place: one for each line, one, or a list of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.monitoring._files import SourceFile
from models.findings import UnusableInputError, refuse
from models.json_text import parse_json
from models.located import LONGEST_LINE, MOST_BYTES, Document, Places, decode

LINE_SUFFIXES = (".jsonl", ".ndjson")
"""Files whose names end so hold one document for each line."""


def read_documents(file: SourceFile, digest: hashlib._Hash) -> Iterator[Document]:
    """Read a file's documents one by one; the digest takes all that was read.

    Raises:
        UnusableInputError: The file is no JSON, or too long.
        OSError: The file cannot be read.
    """
    with file.path.open("rb") as stream:
        read = _lines if file.shown.endswith(LINE_SUFFIXES) else _whole
        yield from read(stream, file.shown, digest)


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
