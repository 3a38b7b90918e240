"""JSON as documents: exact numbers, and a line for every value when somebody asks for it.

`NaN` and `Infinity`, which JSON does not have, and fields given twice are findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from models.explain import clipped
from models.findings import Finding
from models.located import Document, Path, broken, dotted, oversized, too_deep
from models.terms import JsonValue

JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(text: str, *, name: str, first_line: int = 1) -> Document:
    """A JSON text as one document; `first_line` is where it starts in its file (JSONL).

    Numbers are exact; `NaN` and `Infinity`, which JSON does not have, and fields given twice are
    findings.
    """
    refused = oversized(text, name)
    if refused:
        return refused
    doubled: list[str] = []
    try:
        value = json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=lambda pairs: _object(pairs, doubled),
        )
    except (ValueError, RecursionError) as error:
        return broken(name, (_json_finding(error, text, name, first_line),))
    places = JsonPlaces(text, first_line)
    findings = tuple(_doubled(places, name)) if doubled else ()
    return Document(name, value, places, findings)


def _refuse_constant(word: str) -> NoReturn:
    message = f"{word} is no JSON number"
    raise ValueError(message)


def _object(pairs: list[tuple[str, JsonValue]], doubled: list[str]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        doubled.append("")
    return found


@dataclass(frozen=True, slots=True)
class JsonPlaces:
    """The places of a JSON document, found in its text when somebody asks."""

    text: str
    first_line: int = 1

    def line(self, path: Path) -> int:
        """The line of the field's name, of the list's item, or of the nearest thing around it."""
        wanted: dict[Hashable, int] = {path[:length]: length for length in range(len(path) + 1)}
        best, offset = 0, 0
        for found, at in json_offsets(self.text):
            if wanted.get(found, -1) >= best:
                best, offset = wanted[found], at
        return self.at(offset)

    def at(self, offset: int) -> int:
        """The line of a position in the text."""
        return self.text.count("\n", 0, offset) + self.first_line


def json_offsets(text: str) -> Iterator[tuple[Path, int]]:
    """Where each field's name and each list's item starts in a correct JSON text, in order."""
    path: list[str | int] = []
    opened: list[str] = []
    at_name = False
    for match in JSON_TOKEN.finditer(text):
        sign = match.group()
        inside = opened[-1] if opened else ""
        if sign == ",":
            at_name = inside == "{"
            last = path.pop()
            path += [last + 1] if isinstance(last, int) else []
        elif sign in "}]":
            path = path[:-1] if sign == "]" or not at_name else path
            at_name = False
            opened.pop()
        elif at_name:
            path.append(str(json.loads(sign, parse_float=Decimal)))
            at_name = False
            yield tuple(path), match.start()
        elif sign != ":":
            if inside == "[":
                yield tuple(path), match.start()
            at_name = sign == "{"
            path += [0] if sign == "[" else []
            opened += [sign] if sign in "{[" else []


def _doubled(places: JsonPlaces, name: str) -> Iterator[Finding]:
    seen: dict[Path, int] = {}
    for path, offset in json_offsets(places.text):
        line = places.at(offset)
        if path in seen:
            yield Finding(
                place=f"{name}:{line}",
                field=dotted(path),
                fact=f"is given twice, first on line {seen[path]}",
                expected="each field once",
                remedy="Remove one of the two.",
            )
        seen[path] = line


def _json_finding(error: Exception, text: str, name: str, first_line: int) -> Finding:
    if isinstance(error, RecursionError):
        return too_deep(f"{name}:{first_line}").findings[0]
    if not isinstance(error, json.JSONDecodeError):
        return _json_constant(str(error), text, name, first_line)
    line = first_line + error.lineno - 1
    written = text.split("\n")[error.lineno - 1].strip() if text else ""
    return Finding(
        place=f"{name}:{line}:{error.colno}",
        fact=f"is no JSON {f'in {clipped(written)}' if written else 'at the end'}: {error.msg}",
        expected="a JSON document",
        remedy=_json_remedy(error.msg),
    )


def _json_remedy(problem: str) -> str:
    if "property name" in problem:
        return "Put the field's name in double quotes; remove a comma after the last field."
    if "Extra" in problem:
        return "Write one document per file, or one per line in a .jsonl file."
    return "Correct the place; text stands in double quotes, numbers have a decimal point."


def _json_constant(problem: str, text: str, name: str, first_line: int) -> Finding:
    word = problem.split(maxsplit=1)[0]
    found = re.search(rf"(?<![\w\"]){re.escape(word)}(?![\w\"])", text)
    line = text.count("\n", 0, found.start()) + first_line if found else first_line
    fact = f"holds {word}" if found else "holds a number of thousands of digits"
    return Finding(
        place=f"{name}:{line}",
        fact=fact,
        expected="finite numbers, written in digits",
        remedy="Write the number, or null where there is none.",
    )
