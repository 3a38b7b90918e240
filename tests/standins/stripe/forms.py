"""Stripe's form encoding, backwards: `lines[0][amount]=5` becomes nested dicts and lists of texts.

Must never turn a text into a number: what a text means is judged by the request's own type.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.standins.stripe.refusals import Refusal, invalid

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")


def decoded(text: str) -> dict[str, Any]:
    """The nested parameters of a query or a body.

    Raises:
        Refusal: When a key is malformed, given twice, or both a value and a group.
    """
    flat = parse_qsl(text, keep_blank_values=True, strict_parsing=False)
    nested: dict[str, Any] = {}
    for key, value in flat:
        _place(nested, key, value)
    return {key: _listed(value) for key, value in nested.items()}


def _place(nested: dict[str, Any], key: str, value: str) -> None:
    match = KEY.fullmatch(key)
    if match is None:
        raise _malformed(key)
    parts = [match[1], *PART.findall(match[2])]
    at = nested
    for part in parts[:-1]:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            raise _malformed(key)
    last = parts[-1] if parts[-1] or len(parts) == 1 else str(len(at))
    if last in at:
        raise _malformed(key)
    at[last] = value


def _malformed(key: str) -> Refusal:
    return invalid(f"Invalid request: the parameter {key} is malformed or given twice.", param=key)


def _listed(value: object) -> object:
    """A group whose names are 0, 1, 2, ... in any order is a list."""
    if not isinstance(value, dict):
        return value
    places = [str(number) for number in range(len(value))]
    if value and value.keys() == set(places):
        return _all_listed(value[place] for place in places)
    return {key: _listed(member) for key, member in value.items()}


def _all_listed(values: Iterable[object]) -> list[object]:
    return [_listed(value) for value in values]
