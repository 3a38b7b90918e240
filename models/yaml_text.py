"""YAML as documents: by the rules of YAML 1.2's core schema, exactly, and with every line known.

The YAML library's parser gives nodes with their places; what a plain value means is decided here.
No number goes through a float, no word becomes a truth or a date by accident, and no text can harm
the program by its size, its depth or its aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from models.explain import clipped
from models.findings import Finding, UnusableInputError
from models.located import (
    DEEPEST,
    Document,
    Path,
    broken,
    dotted,
    oversized,
    too_deep,
)
from models.terms import JsonValue

MOST_VALUES = 1_000_000
"""The most values of a file, aliases written out."""

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


def parse_yaml(text: str, *, name: str) -> tuple[Document, ...]:
    """Every document of a YAML text; empty ones are left out.

    Where the syntax breaks off, the last document holds nothing but the finding that says where.
    """
    refused = oversized(text, name)
    if refused:
        return (refused,)
    try:
        if _maybe_deep(text):
            _refuse_depth(text, name)
    except UnusableInputError as error:
        return (broken(name, error.findings),)
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
        yield broken(name, (_syntax_finding(error, text, name),))
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
            raise too_deep(f"{name}:{_line(event)}")


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
