"""Documents that know where they stand: exact values, each with its file, line and field.

Everything a person writes for Makegood (contracts, workspaces, ladders, payloads) becomes one of
these, from YAML (`models.yaml_text`) or JSON (`models.json_text`). Nothing here raises on the first
fault: a document carries all of its findings, those of its syntax and, after `validate`, those of
its terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from models.explain import Explained, explain
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.terms import JsonValue

MOST_BYTES = 4_000_000
"""The longest text that is read; nobody writes terms of that length."""

LONGEST_LINE = 1_000_000
"""The longest line, in characters."""
DEEPEST = 64
"""The deepest nesting of lists and mappings."""

Path = tuple[str | int, ...]
"""Where a value stands in a document: fields and positions, from the top."""

M = TypeVar("M", bound=BaseModel)


class Places(Protocol):
    """Knows the line of every value of one document."""

    def line(self, path: Path) -> int:
        """The line (from 1) of the value at the path, or of the nearest thing around it."""


@dataclass(frozen=True, slots=True)
class Validated(Generic[M]):
    """What became of a document.

    Attributes:
        model: The terms; None when an error stands against them.
        findings: Errors and warnings, in the order of the document.
    """

    model: M | None
    findings: tuple[Finding, ...]


def unmoved(path: Path) -> Path:
    """The path itself: the document is validated in the shape in which it was written."""
    return path


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or JSON document.

    Attributes:
        name: The file, as people know it.
        value: The content: mappings, lists, text, int, Decimal, bool, None.
        places: Where each value stands.
        findings: What is wrong with the syntax; such a document is never valid.
        written_at: From a path in `value` to the path at which the person wrote it, where a reader
            has brought a short form into shape.
    """

    name: str
    value: JsonValue
    places: Places = field(repr=False, compare=False)
    findings: tuple[Finding, ...] = ()
    written_at: Callable[[Path], Path] = field(default=unmoved, repr=False, compare=False)

    def place(self, path: Path = ()) -> str:
        """`contracts/acme.yaml:14`, the line of the value at a path."""
        return f"{self.name}:{self.places.line(self.written_at(path))}"

    def finding(
        self,
        path: Path,
        fact: str,
        *,
        expected: str,
        remedy: str,
        severity: Severity = Severity.ERROR,
        rule: str = "",
    ) -> Finding:
        """A finding about the value at a path, with place and field filled in."""
        return Finding(
            place=self.place(path),
            field=dotted(self.written_at(path)),
            fact=fact,
            expected=expected,
            remedy=remedy,
            severity=severity,
            rule=rule,
        )

    def under(self, name: str) -> Document:
        """The same document as if it stood under a field; places and fields stay as written."""
        return replace(
            self,
            value={name: self.value},
            written_at=lambda path: self.written_at(path[1:]),
        )

    def validate(self, model: type[M]) -> Validated[M]:
        """Hold the document against a model and keep everything that is wrong."""
        broken = any(finding.severity is Severity.ERROR for finding in self.findings)
        if broken and self.value is None:
            return Validated(None, self.findings)
        try:
            found = model.model_validate(self.value)
            return Validated(None if broken else found, self.findings)
        except ValidationError as error:
            return Validated(None, (*self.findings, *self._explained(model, error)))

    def expect(self, model: type[M]) -> M:
        """The document as a model.

        Raises:
            UnusableInputError: With every finding at once.
        """
        validated = self.validate(model)
        if validated.model is None:
            raise UnusableInputError(validated.findings)
        return validated.model

    def _explained(self, model: type[M], error: ValidationError) -> tuple[Finding, ...]:
        known = {finding.field for finding in self.findings}
        found = (self._located(one) for one in explain(model, error, self.value))
        return tuple(finding for finding in found if finding.field not in known)

    def _located(self, explained: Explained) -> Finding:
        return self.finding(
            explained.path, explained.fact, expected=explained.expected, remedy=explained.remedy
        )


def dotted(path: Path) -> str:
    """A path as people write it.

    >>> dotted(("versions", 0, "credit_ladder", "brackets", 1, "below"))
    'versions[0].credit_ladder.brackets[1].below'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def path_of(field_path: str) -> Path:
    """The path that `dotted` wrote.

    >>> path_of("brackets[1].below")
    ('brackets', 1, 'below')
    """
    steps = re.findall(r"[^.\[\]]+", field_path)
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def decode(content: bytes, *, name: str) -> str:
    """The text of a file; a byte order mark is dropped.

    Raises:
        UnusableInputError: The file is too long or is not UTF-8.
    """
    if len(content) > MOST_BYTES:
        raise too_long(name, len(content))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(content, name, error.start) from None


def too_long(name: str, length: int) -> UnusableInputError:
    """The refusal of a file that is longer than any that a person writes."""
    return refuse(
        name,
        f"is {length:,} bytes long",
        expected=f"at most {MOST_BYTES:,} bytes",
        remedy="Split it into several files, or check that it is the file that was meant.",
    )


def _not_utf8(content: bytes, name: str, start: int) -> UnusableInputError:
    line = content.count(b"\n", 0, start) + 1
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    guess = "; the file looks like UTF-16" if utf16 else ""
    return refuse(
        f"{name}:{line}",
        f"holds the byte 0x{content[start]:02x} at position {start}{guess}",
        expected="text in UTF-8",
        remedy="Save the file as UTF-8.",
    )


@dataclass(frozen=True, slots=True)
class LinePlaces:
    """The places of a text of which nothing but a line is known."""

    at: int = 1

    def line(self, path: Path) -> int:
        """That line, whatever is asked."""
        return self.at


def broken(name: str, findings: Iterable[Finding]) -> Document:
    """A document of which nothing is known but what is wrong with it."""
    return Document(name, None, LinePlaces(), tuple(findings))


def oversized(text: str, name: str) -> Document | None:
    """The refusal of a text, or of a line in it, that is too long; None when it is not."""
    if len(text) > MOST_BYTES:
        return broken(name, too_long(name, len(text)).findings)
    if len(text) <= LONGEST_LINE:
        return None
    lengths = ((len(line), number) for number, line in enumerate(text.split("\n"), start=1))
    longest, number = max(lengths)
    if longest <= LONGEST_LINE:
        return None
    finding = Finding(
        place=f"{name}:{number}",
        fact=f"has a line of {longest:,} characters",
        expected=f"at most {LONGEST_LINE:,} in a line",
        remedy="Check that it is the file that was meant.",
    )
    return broken(name, (finding,))


def too_deep(place: str) -> UnusableInputError:
    """The refusal of lists and mappings within each other without end."""
    return refuse(
        place,
        "is nested too deeply",
        expected=f"at most {DEEPEST} levels",
        remedy="Check the brackets and the indentation.",
    )
