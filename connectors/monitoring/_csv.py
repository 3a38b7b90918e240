"""CSV files as a stream of blocks, each of whole records, checked for what no CSV file holds.

A block is about a megabyte, so a file of any size and a line of any length need little memory.
Every byte goes into the digest. Cells are not looked at here.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.findings import UnusableInputError, refuse

LONGEST_LINE = 1_048_576
"""Bytes. A longer line is no row of checks, and a quote must be closed within as many."""

NEWLINE = ord("\n")
RETURN = ord("\r")
QUOTE = ord('"')
CELL_EDGES = (ord(","), NEWLINE, RETURN)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of a CSV file.

    Attributes:
        content: UTF-8, without a byte order mark; the last record may lack its line end.
        first_line: The line (from 1) on which it begins.
    """

    content: bytes
    first_line: int

    def lines_of_records(self) -> NDArray[np.int64]:
        """The line on which each record begins; empty lines are no records."""
        line_ends = _line_ends(np.frombuffer(self.content, dtype=np.uint8))
        lines = self.first_line + np.searchsorted(line_ends, self.begins_of_records())
        return np.asarray(lines, dtype=np.int64)

    def begins_of_records(self) -> NDArray[np.int64]:
        """The position of each record's first byte."""
        octets = np.frombuffer(self.content, dtype=np.uint8)
        begins = np.concatenate(([0], _ends_outside_of_quotes(octets) + 1))
        begins = begins[begins < octets.size]
        filled = (octets[begins] != NEWLINE) & (octets[begins] != RETURN)
        return np.asarray(begins[filled], dtype=np.int64)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each record's line and its cells, one by one: for headers and small files.

        Raises:
            csv.Error: A cell is longer than 131,072 characters.
        """
        records = csv.reader(io.StringIO(self.content.decode(), newline=""))
        line = self.first_line
        for cells in records:
            if cells:
                yield line, cells
            line = self.first_line + records.line_num


def _line_ends(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where lines end: at a newline, and at a carriage return that no newline follows."""
    newlines = np.flatnonzero(octets == NEWLINE)
    returns = np.flatnonzero(octets == RETURN)
    following = octets[np.minimum(returns + 1, octets.size - 1)]
    alone = returns[following != NEWLINE]
    return np.sort(np.concatenate([newlines, alone])) if alone.size else newlines


def _ends_outside_of_quotes(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    line_ends = _line_ends(octets)
    outside = np.searchsorted(_quotes(octets), line_ends) % 2 == 0
    return np.asarray(line_ends[outside], dtype=np.int64)


def _quotes(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The quotes that open and close, in turn; one inside of an unquoted cell is a plain sign."""
    quotes = np.flatnonzero(octets == QUOTE).astype(np.int64)
    opening = quotes[::2]
    before = octets[np.maximum(opening - 1, 0)]
    if np.all((opening == 0) | np.isin(before, CELL_EDGES) | (before == QUOTE)):
        return quotes
    return np.array(list(_told_apart(octets, quotes.tolist())), dtype=np.int64)


def _told_apart(octets: NDArray[np.uint8], quotes: list[int]) -> Iterator[int]:
    inside, second_of_two = False, -1
    for at in quotes:
        if at == second_of_two:
            yield at
        elif inside:
            yield at
            inside = at + 1 < octets.size and bool(octets[at + 1] == QUOTE)
            second_of_two = at + 1 if inside else -1
        elif at == 0 or octets[at - 1] in CELL_EDGES:
            yield at
            inside = True


def _count_lines(content: bytes, end: int) -> int:
    """How many lines end among the first bytes."""
    newlines, returns = (content.count(sign, 0, end) for sign in (b"\n", b"\r"))
    return newlines + returns - (content.count(b"\r\n", 0, end) if returns else 0)


class CsvFile:
    """One pass over a CSV file.

    Attributes:
        header: The names in the first record, stripped.
        header_line: The line on which the header stands.
    """

    def __init__(self, stream: BinaryIO, shown: str, digest: hashlib._Hash) -> None:
        """Read the header.

        Args:
            stream: The file, opened for reading bytes.
            shown: How people know the file.
            digest: Takes in every byte that is read.

        Raises:
            UnusableInputError: The file has no header, or its first block is no CSV in UTF-8.
        """
        self._shown = shown
        self._stream = stream
        self._digest = digest
        self._blocks = self._read_blocks()
        first = next(self._blocks, None)
        if first is None or not first.content.strip():
            raise _has_no_header(shown)
        self.header_line, self.header, self._rest = _split_header(first)

    def blocks(self) -> Iterator[Block]:
        """The records below the header.

        Raises:
            UnusableInputError: A line is too long, a quote is not closed, or a byte is not UTF-8.
        """
        if self._rest.content:
            yield self._rest
        yield from self._blocks

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each record below the header as its line and its cells, for small files.

        Raises:
            UnusableInputError: As `blocks`, or a cell is longer than 131,072 characters.
        """
        for block in self.blocks():
            line = block.first_line
            try:
                for line, cells in block.rows():
                    yield line, cells
            except csv.Error as error:
                raise _is_no_csv(line, self._shown, error) from None

    def _read_blocks(self) -> Iterator[Block]:
        rest, line, position, cut = self._opening(), 1, 0, 0
        while rest:
            cut = _end_of_records(rest)
            _check_length(rest, cut, line, self._shown)
            if cut:
                yield self._checked(rest[:cut], line, position)
                line += _count_lines(rest, cut)
                position += cut
            piece = self._read()
            if not piece:
                break
            rest = rest[cut:] + piece
        if rest[cut:].strip():
            _check_closed(rest[cut:], line, self._shown)
            yield self._checked(rest[cut:], line, position)

    def _opening(self) -> bytes:
        return self._read().removeprefix(BYTE_ORDER_MARK)

    def _read(self) -> bytes:
        piece = self._stream.read(LONGEST_LINE)
        self._digest.update(piece)
        return piece

    def _checked(self, content: bytes, line: int, position: int) -> Block:
        if not content.isascii():
            try:
                content.decode()
            except UnicodeDecodeError as error:
                raise _is_not_utf8(content, error.start, line, position, self._shown) from None
        return Block(content, line)


def _split_header(first: Block) -> tuple[int, list[str], Block]:
    line, cells = next(first.rows())
    begins = first.begins_of_records()
    end = int(begins[1]) if begins.size > 1 else len(first.content)
    rest = Block(first.content[end:], first.first_line + _count_lines(first.content, end))
    return line, [cell.strip() for cell in cells], rest


def _end_of_records(content: bytes) -> int:
    """How many bytes hold whole records: up to the last newline outside of quotes."""
    if b'"' not in content:
        return content.rfind(b"\n") + 1
    octets = np.frombuffer(content, dtype=np.uint8)
    ends = _ends_outside_of_quotes(octets)
    newlines = ends[octets[ends] == NEWLINE]
    return int(newlines[-1]) + 1 if newlines.size else 0


def _check_length(content: bytes, cut: int, line: int, shown: str) -> None:
    if len(content) - cut > LONGEST_LINE:
        line += _count_lines(content, cut)
        if b"\n" in content[cut:]:
            raise _is_not_closed(line, shown)
        raise _is_too_long(line, shown)
    # A line this long, in fewer than twice as many bytes, lies across their middle.
    begin = content.rfind(b"\n", 0, len(content) // 2) + 1
    end = content.find(b"\n", len(content) // 2)
    if (len(content) if end < 0 else end) - begin > LONGEST_LINE:
        raise _is_too_long(line + _count_lines(content, begin), shown)


def _check_closed(content: bytes, line: int, shown: str) -> None:
    if _quotes(np.frombuffer(content, dtype=np.uint8)).size % 2:
        raise _is_not_closed(line, shown)


def _has_no_header(shown: str) -> UnusableInputError:
    return refuse(
        shown,
        "is empty",
        expected="a first line with the names of the columns",
        remedy="Write the header even when there are no rows.",
    )


def _is_no_csv(line: int, shown: str, error: csv.Error) -> UnusableInputError:
    return refuse(
        f"{shown}:{line}",
        f"is followed by a row that is no CSV: {error}",
        expected="cells separated by commas, each shorter than 131,072 characters",
        remedy="Check that every quote is closed; nothing after this line was read.",
    )


def _is_too_long(line: int, shown: str) -> UnusableInputError:
    return refuse(
        f"{shown}:{line}",
        f"is longer than {LONGEST_LINE:,} bytes",
        expected="one row per line",
        remedy="Check that the file is CSV with line ends; nothing after this line was read.",
    )


def _is_not_closed(line: int, shown: str) -> UnusableInputError:
    return refuse(
        f"{shown}:{line}",
        "has a quote that is not closed",
        expected='a second " that ends the cell',
        remedy='Close the quote; a quote inside a quoted cell is written twice, as "".',
    )


def _is_not_utf8(
    content: bytes, start: int, line: int, position: int, shown: str
) -> UnusableInputError:
    at_line = line + _count_lines(content, start)
    utf16 = position == 0 and content.startswith((b"\xff\xfe", b"\xfe\xff"))
    guess = "; the file looks like UTF-16" if utf16 else ""
    return refuse(
        f"{shown}:{at_line}",
        f"holds the byte 0x{content[start]:02x} at position {position + start}{guess}",
        expected="text in UTF-8",
        remedy="Save the file as UTF-8.",
    )
