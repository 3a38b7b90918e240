"""Documents that know where they stand: text in, exact values with file, line and field out.

Everything a person writes for Makegood (contracts, workspaces, ladders, payloads) enters here. YAML
is read by the rules of YAML 1.2's core schema, JSON with decimals; no number goes through a float.
Nothing here raises on the first fault: a document carries all of its findings, those of its syntax
and, after `validate`, those of its terms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Generic, NoReturn, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from models.explain import Explained, clipped, explain
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.terms import JsonValue

MOST_BYTES = 4_000_000
"""The longest text that is read; nobody writes terms of that length."""

LONGEST_LINE = 1_000_000
"""The longest line, in characters."""

MOST_VALUES = 1_000_000
"""The most values of a file, aliases written out."""

DEEPEST = 64
"""The deepest nesting of lists and mappings."""

SURELY_SHALLOW = 2_000
"""Up to so many brackets, and so long a line, no text is deep enough to harm the YAML library."""

CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""The plain words of YAML 1.2's core schema; `yes`, `no`, `on` and `off` are text."""

INTEGER = re.compile(r"[-+]?[0-9]{1,60}")
OTHER_BASE = re.compile(r"0o[0-7]{1,60}|0x[0-9a-fA-F]{1,60}")
DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,60}|[0-9]{1,60}(\.[0-9]{0,60})?)([eE][-+]?[0-9]{1,4})?")
NUMBER_START = frozenset("+-.0123456789")

JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

PLAIN = "plain"
"""What our loader calls a value without a tag."""

SYNTAX_REMEDIES = (
    (
        "mapping values are not allowed",
        "a value after one colon, fields of one level in one column",
        "Quote a text that holds a colon, or line the field up with those beside it.",
    ),
    (
        "could not find expected ':'",
        "a field followed by a colon and a space",
        "Write the line as `field: value`, or indent it below the field it belongs to.",
    ),
    (
        "did not find expected key",
        "fields of one level in one column",
        "Line the field up with those beside it; items of a list start with `- `.",
    ),
    (
        "'-' indicator",
        "items of a list that start with `- ` in one column",
        "Start the line with `- `, or end the list by moving the field to the left.",
    ),
    (
        "',' or",
        "a bracket that is closed where it ends",
        "Close the bracket that was opened before, or put a comma between its items.",
    ),
    (
        "node content",
        "a value, and each bracket closed",
        "Write the value, or close the bracket that was opened before.",
    ),
    (
        "unexpected end of stream",
        "a quote that is closed where the text ends",
        "Close the quote that was opened before.",
    ),
    (
        "undefined alias",
        "an anchor (`&name`) above each alias (`*name`)",
        "Quote a text that starts with an asterisk, or define the anchor above.",
    ),
    (
        "cannot start any token",
        "text that starts with a letter, a digit or a quote",
        "Quote a text that starts with a special sign such as @, ` or %.",
    ),
    (
        "control characters",
        "text without control characters",
        "Remove the character; an editor may have to show invisible signs first.",
    ),
)
"""What the YAML library says, what would have been right, and what to do."""

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
    ) -> Finding:
        """A finding about the value at a path, with place and field filled in."""
        return Finding(
            place=self.place(path),
            field=dotted(self.written_at(path)),
            fact=fact,
            expected=expected,
            remedy=remedy,
            severity=severity,
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


def parse_yaml(text: str, *, name: str) -> tuple[Document, ...]:
    """Every document of a YAML text; empty ones are left out.

    Where the syntax breaks off, the last document holds nothing but the finding that says where.
    """
    oversized = _oversized(text, name)
    if oversized:
        return (oversized,)
    try:
        if _maybe_deep(text):
            _refuse_depth(text, name)
    except UnusableInputError as error:
        return (_broken(name, error.findings),)
    except yaml.YAMLError:
        pass  # Composing meets the same fault and tells it.
    return tuple(_composed(text, name))


def _composed(text: str, name: str) -> Iterator[Document]:
    budget = _Budget(MOST_VALUES)
    loader = _Loader(text)
    try:
        while loader.check_node():
            root = loader.get_node()
            if root is None:
                break
            document = _document(root, name, budget)
            if document.value is not None or document.findings:
                yield document
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        yield _broken(name, (_syntax_finding(error, text, name),))
    finally:
        loader.dispose()


class _Loader(yaml.CSafeLoader):
    """Composes nodes and leaves their meaning to us."""

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        """Every value without a tag is plain; an explicit tag never comes here."""
        return PLAIN

    def descend_resolver(self, current_node: Node | None, current_index: object) -> None:
        """Nothing depends on where a node stands."""

    def ascend_resolver(self) -> None:
        """Nothing depends on where a node stands."""


@dataclass(slots=True)
class _Budget:
    """How many values may still be read: an alias counts each time it is used."""

    left: int


def _document(root: Node, name: str, budget: _Budget) -> Document:
    reading = _Reading(name, budget)
    value = reading.value_of(root, ())
    return Document(name, value, NodePlaces(root), tuple(reading.findings))


@dataclass(slots=True)
class _Reading:
    """From nodes to values, with a note of every fault on the way."""

    name: str
    budget: _Budget
    findings: list[Finding] = field(default_factory=list)

    def value_of(self, node: Node, path: Path) -> JsonValue:
        """The value of a node; None where it cannot be read."""
        self.budget.left -= 1
        if self.budget.left < 0 or len(path) > DEEPEST:
            return self._too_much(node, path)
        if node.tag != PLAIN:
            return self._tagged(node, path)
        if isinstance(node, ScalarNode):
            return node.value if node.style else scalar(node.value)
        if isinstance(node, SequenceNode):
            return [self.value_of(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: Node, path: Path) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in lines:
                self._twice(key_node, (*path, key), lines[key])
            lines[key] = _line(key_node)
            found[key] = self.value_of(value_node, (*path, key))
        return found

    def _key(self, node: Node, path: Path) -> str | None:
        if isinstance(node, ScalarNode) and node.tag == PLAIN and node.value:
            return str(node.value)
        self._note(
            node,
            path,
            "has a field whose name is no plain text",
            expected="one word as the name of a field",
            remedy="Quote the value if it starts with { or [; name the field if it has no name.",
        )
        return None

    def _twice(self, node: Node, path: Path, first: int) -> None:
        self._note(
            node,
            path,
            f"is given twice, first on line {first}",
            expected="each field once",
            remedy="Remove one of the two.",
        )

    def _tagged(self, node: Node, path: Path) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(
            node,
            path,
            f"has the tag {clipped(tag)}",
            expected="values without tags",
            remedy="Remove the tag; quote a value that is to be text.",
        )

    def _too_much(self, node: Node, path: Path) -> None:
        if self.findings and self.findings[-1].expected.startswith("at most"):
            return
        deep = len(path) > DEEPEST
        self._note(
            node,
            path[:3],
            "is nested too deeply" if deep else "brings the file to too many values",
            expected=f"at most {DEEPEST} levels" if deep else f"at most {MOST_VALUES:,} values",
            remedy="Look for an alias that holds itself or other aliases, and write it out.",
        )

    def _note(self, node: Node, path: Path, fact: str, *, expected: str, remedy: str) -> None:
        place = f"{self.name}:{_line(node)}"
        self.findings.append(
            Finding(place=place, field=dotted(path), fact=fact, expected=expected, remedy=remedy)
        )


def scalar(text: str) -> JsonValue:
    """A plain value by YAML 1.2's core schema, exactly; what is no number or word of it is text.

    >>> scalar("99.90"), scalar("5"), scalar("yes"), scalar("~"), scalar(".nan"), scalar("1e3")
    (Decimal('99.90'), 5, 'yes', None, '.nan', Decimal('1E+3'))
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text[0] not in NUMBER_START:
        return text
    if INTEGER.fullmatch(text):
        return int(text)
    if OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """The places of a YAML document."""

    root: Node

    def line(self, path: Path) -> int:
        """The line of the field's name, of the list's item, or of the nearest thing around it."""
        node, line = self.root, _line(self.root)
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line


def _child(node: Node, step: str | int) -> tuple[Node, int] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, _line(item)
    if isinstance(node, MappingNode):
        named = [(k, v) for k, v in node.value if getattr(k, "value", None) == step]
        return (named[-1][1], _line(named[-1][0])) if named else None
    return None


def _line(node: Node | yaml.Event) -> int:
    mark = node.start_mark
    return 1 if mark is None else int(mark.line) + 1


@dataclass(frozen=True, slots=True)
class LinePlaces:
    """The places of a text of which nothing but a line is known."""

    at: int = 1

    def line(self, path: Path) -> int:
        """That line, whatever is asked."""
        return self.at


def _broken(name: str, findings: Iterable[Finding]) -> Document:
    return Document(name, None, LinePlaces(), tuple(findings))


def _oversized(text: str, name: str) -> Document | None:
    if len(text) > MOST_BYTES:
        return _broken(name, too_long(name, len(text)).findings)
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
    return _broken(name, (finding,))


def _maybe_deep(text: str) -> bool:
    if text.count("[") + text.count("{") > SURELY_SHALLOW:
        return True
    return any(len(line) > SURELY_SHALLOW for line in text.split("\n"))


def _refuse_depth(text: str, name: str) -> None:
    """Count the depth from events, for which the library needs no stack of its own."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise _too_deep(f"{name}:{_line(event)}")


def _too_deep(place: str) -> UnusableInputError:
    return refuse(
        place,
        "is nested too deeply",
        expected=f"at most {DEEPEST} levels",
        remedy="Check the brackets and the indentation.",
    )


def _syntax_finding(error: Exception, text: str, name: str) -> Finding:
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    line, column = _mark(error, text)
    lines = text.split("\n")
    line, column = (line, column) if line < len(lines) else (len(lines) - 1, len(lines[-1]))
    written = lines[line]
    expected, remedy = _syntax_advice(problem, written, column)
    quoted = f"in {clipped(written.strip())}" if written.strip() else "at the end of the file"
    return Finding(
        place=f"{name}:{line + 1}:{column + 1}",
        fact=f"is no YAML {quoted}: {problem}",
        expected=expected,
        remedy=remedy,
    )


def _mark(error: Exception, text: str) -> tuple[int, int]:
    """The line and column, from 0, that an error of the YAML library points at."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line), int(mark.column)
    position = getattr(error, "position", None) or getattr(error, "start", 0)
    # The reader counts bytes, not characters.
    before = text.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "replace")
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def _syntax_advice(problem: str, written: str, column: int) -> tuple[str, str]:
    if "\t" in written[: column + 1] and not written[:column].strip():
        return "indentation by spaces", "Replace the tab at the start of the line by spaces."
    for words, expected, remedy in SYNTAX_REMEDIES:
        if words in problem:
            return expected, remedy
    return "a YAML document", "Correct the line; quote a text that holds : # [ ] { } or quotes."


def parse_json(text: str, *, name: str, first_line: int = 1) -> Document:
    """A JSON text as one document; `first_line` is where it starts in its file (JSONL).

    Numbers are exact; `NaN` and `Infinity`, which JSON does not have, and fields given twice are
    findings.
    """
    oversized = _oversized(text, name)
    if oversized:
        return oversized
    doubled: list[str] = []
    try:
        value = json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=lambda pairs: _object(pairs, doubled),
        )
    except (ValueError, RecursionError) as error:
        return _broken(name, (_json_finding(error, text, name, first_line),))
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
        return _too_deep(f"{name}:{first_line}").findings[0]
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
