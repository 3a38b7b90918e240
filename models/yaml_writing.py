"""Plain values as YAML that people go on editing; read again, they are the same values.

Numbers are written without quotes and exactly, dates as dates, and every text that a reader could
take for something else in quotes.
"""

from __future__ import annotations

from decimal import Decimal

import yaml

from models.terms import DAY, JsonValue, plain
from models.yaml_text import scalar

WIDTH = 100
"""Columns after which a line is folded."""

ONE_LINE = 1_000_000
YAML = "tag:yaml.org,2002:"


class _Writer(yaml.SafeDumper):
    """Writes our values; lists are indented below their field."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  The library's signature.
        """Indent lists too."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        """Write each value out, wherever it stands."""
        return True


def written_yaml(value: JsonValue) -> str:
    """One document as text, its fields in their order.

    >>> client = {"id": "acme"}
    >>> print(written_yaml({"client": client, "fee": Decimal("99.90"), "code": "5"}), end="")
    client: {id: acme}
    fee: 99.9
    code: '5'
    """
    return yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH,
        default_flow_style=None,
    )


def flow_yaml(value: JsonValue) -> str:
    """A list or mapping on one line, in brackets.

    >>> flow_yaml([{"below": Decimal("99.90"), "credit_percent": 10}])
    '[{below: 99.9, credit_percent: 10}]'
    """
    lines: str = yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=ONE_LINE,
        default_flow_style=True,
    )
    return lines.rstrip("\n")


def _text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    if DAY.match(text):
        return writer.represent_scalar(f"{YAML}timestamp", text)
    unclear = bool(text) and not isinstance(scalar(text), str)
    return writer.represent_scalar(f"{YAML}str", text, style="'" if unclear else None)


def _number(writer: yaml.SafeDumper, number: Decimal) -> yaml.Node:
    digits = plain(number)
    kind = "float" if "." in digits else "int"
    return writer.represent_scalar(f"{YAML}{kind}", digits)


_Writer.add_representer(str, _text)
_Writer.add_representer(Decimal, _number)
