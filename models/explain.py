"""From the validator's complaints to sentences that a person can act on.

Pydantic finds what is wrong with a document; this module says it in Makegood's words: the field,
the fact with its value, what was expected and what to do. It never decides what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from models.terms import JsonValue, near_miss, plain

LONGEST_QUOTE = 60
"""Longer values are cut when they are quoted."""

PASSWORD = re.compile(r"(?<=:)[^/@:\s]+@|(?<=password=)[^&\s\"']+")
"""A password in an address, with the sign that ends it; it is never quoted."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """One complaint, in words, at a path of the document's value."""

    path: Path
    fact: str
    expected: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the validator said about one value.

    Attributes:
        kind: The validator's name for the fault.
        value: The value it complains about.
        context: The bounds, choices and the like that it was held against.
        message: The validator's own words; the expectation, where the fault is one of ours.
        models: The models that may stand where the fault is, to name their fields.
        around: The models that hold those, on any level above.
    """

    kind: str
    value: object
    context: Mapping[str, Any]
    message: str
    models: tuple[type[BaseModel], ...]
    around: tuple[type[BaseModel], ...]


Words = tuple[str, str, str]
"""Fact, expectation, remedy."""


def explain(
    model: type[BaseModel], error: ValidationError, value: JsonValue
) -> tuple[Explained, ...]:
    """Everything the validator found, each value once, in the order of the document."""
    found = error.errors(include_url=False)
    told = (_told(model, details, value) for details in found if not _echoes(details))
    return tuple(_merged(list(same)) for _, same in groupby(told, key=lambda one: one.path))


def _echoes(details: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items were refused one by one."""
    context = details.get("ctx", {})
    written = details["input"]
    least = context.get("min_length", 0)
    return details["type"] == "too_short" and isinstance(written, list) and len(written) >= least


def _told(model: type[BaseModel], details: ErrorDetails, value: JsonValue) -> Explained:
    loc = details["loc"]
    holder = loc[:-1] if details["type"] == "extra_forbidden" else loc
    path = written_path(loc, value, missing=details["type"] == "missing")
    complaint = Complaint(
        kind=details["type"],
        value=details["input"],
        context={"name": loc[-1] if loc else "", **details.get("ctx", {})},
        message=details["msg"],
        models=models_at(model, holder),
        around=_models_above(model, holder),
    )
    if complaint.kind == "union_tag_invalid":
        path = (*path, _discriminator(complaint))
    fact, expected, remedy = WORDS.get(complaint.kind, _in_own_words)(complaint)
    return Explained(path, fact, expected, remedy)


def _merged(told: list[Explained]) -> Explained:
    """One value that fits none of several shapes is one finding."""
    first = told[0]
    expected = _either(dict.fromkeys(one.expected for one in told))
    return Explained(first.path, first.fact, expected, first.remedy)


def written_path(loc: Iterable[str | int], value: JsonValue, *, missing: bool) -> Path:
    """The validator's location without the names of union members, which nobody wrote."""
    steps = list(loc)
    path: list[str | int] = []
    for i, step in enumerate(steps):
        if _leads_on(value, step):
            path.append(step)
            value = value[step]
        elif missing and i == len(steps) - 1:
            path.append(step)
    return tuple(path)


def _leads_on(value: JsonValue, step: str | int) -> bool:
    if isinstance(value, list | tuple):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value and value.get("kind") != step


def models_at(model: type[BaseModel], loc: Iterable[str | int]) -> tuple[type[BaseModel], ...]:
    """The models that may stand at the validator's location."""
    found: list[type[BaseModel]] = [model]
    for step in loc:
        inner = [
            member
            for outer in found
            if step in outer.model_fields
            for member in models_in(outer.model_fields[str(step)].annotation)
        ]
        found = inner or [one for one in found if _is_tagged(one, str(step))] or found
    return tuple(found)


def _models_above(
    model: type[BaseModel], loc: tuple[str | int, ...]
) -> tuple[type[BaseModel], ...]:
    """The models on the levels above a location, other members of its own union left out."""
    here = set(models_at(model, loc))
    levels = (models_at(model, loc[:length]) for length in range(len(loc)))
    return tuple(one for level in levels if here.isdisjoint(level) for one in level)


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    return tag.strip("<>") == model.__name__ or tag in kinds_of(model)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, without entering their fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None or isinstance(annotation, UnionType):
        for inner in get_args(annotation):
            yield from models_in(inner)


def kinds_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The values that tell a model from the others in its union; empty where it has none."""
    field = model.model_fields.get("kind")
    annotation = field.annotation if field is not None else None
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def shown(value: object) -> str:
    """A value as it may be quoted: text in quotes, numbers exact, collections by their outline.

    >>> shown("99,9"), shown(Decimal("99.90")), shown({"a": 1}), shown([1, 2]), shown(None)
    ('"99,9"', '99.9', 'a mapping with a', 'a list of 2', 'empty')
    """
    if isinstance(value, dict):
        return f"a mapping with {_listed(map(str, value))}" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return _shown_scalar(value)


def _shown_scalar(value: object) -> str:
    match value:
        case str() if value.strip():
            return clipped(value)
        case None | str():
            return "empty"
        case bool():
            return "true" if value else "false"
        case Decimal() if abs(value.adjusted()) < LONGEST_QUOTE:
            return plain(value)
    return str(value)[:LONGEST_QUOTE]


def clipped(text: str) -> str:
    """A text in quotes on one line, cut where it is long; control characters are spelled out."""
    safe = PASSWORD.sub("…@", text)
    flat = "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in safe)
    return f'"{flat}"' if len(flat) <= LONGEST_QUOTE else f'"{flat[:LONGEST_QUOTE]}…"'


def _listed(words: Iterable[str], most: int = 12) -> str:
    names = list(words)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _chosen(choices: Iterable[str], value: object) -> str:
    names = list(choices)
    return near_miss(str(value), names) or (
        f"Write {names[0]}." if len(names) == 1 else "Choose one of them."
    )


def _is(complaint: Complaint) -> str:
    return f"is {shown(complaint.value)}"


def _missing(_: Complaint) -> Words:
    return "is missing", "a value, for there is no default", "Add the field."


def _extra(complaint: Complaint) -> Words:
    fields = _field_names(complaint)
    named = str(complaint.context.get("name", ""))
    expected = f"one of {_listed(fields, 40)}"
    if named.isdecimal():
        return "is no field here", expected, "A comma ends a value; write decimals with a point."
    home = _home(complaint.models, named)
    if home:
        return "is no field here", expected, f"Move it under {home}."
    near = near_miss(named, fields)
    outside = any(named in model.model_fields for model in complaint.around)
    remedy = near or ("Move it further up." if outside else "Remove it.")
    return "is no field here", expected, remedy


def _home(models: Iterable[type[BaseModel]], named: str) -> str:
    """The field one level down that has a field of that name; "" where there is none."""
    for model in models:
        for name, field in model.model_fields.items():
            if any(named in inner.model_fields for inner in models_in(field.annotation)):
                return field.alias or name
    return ""


def _field_names(complaint: Complaint) -> list[str]:
    """The fields that may be written at the place, by the names that files give them."""
    named = (
        field.alias or name
        for model in complaint.models
        for name, field in model.model_fields.items()
    )
    return list(dict.fromkeys(named))


def _choice(complaint: Complaint) -> Words:
    choices = re.findall(r"'([^']*)'", str(complaint.context.get("expected", ""))) or ["another"]
    return _is(complaint), _either(choices), _chosen(choices, complaint.value)


def _discriminator(complaint: Complaint) -> str:
    return str(complaint.context.get("discriminator", "kind")).strip("'").removesuffix("()")


def _wrong_kind(complaint: Complaint) -> Words:
    kinds = re.findall(r"'([^']*)'", str(complaint.context.get("expected_tags", "")))
    tag = str(complaint.context.get("tag", ""))
    written = complaint.value if isinstance(complaint.value, dict) else {}
    fact = f"is {shown(written.get(_discriminator(complaint), tag))}"
    return fact, f"one of the kinds {_listed(kinds, 40)}", _chosen(kinds, tag)


def _no_kind(complaint: Complaint) -> Words:
    kinds = [kind for model in complaint.models for kind in kinds_of(model)]
    named = _discriminator(complaint)
    if not isinstance(complaint.value, dict):
        return _no_mapping(complaint)
    return f"has no {named}", f"one of the kinds {_listed(kinds, 40)}", f"Add `{named}:`."


def _no_mapping(complaint: Complaint) -> Words:
    fields = _field_names(complaint)
    return (
        _is(complaint),
        f"a mapping with {_listed(fields, 40)}" if fields else "a mapping",
        "Write its fields below it, indented, or in braces: { }.",
    )


def _no_list(complaint: Complaint) -> Words:
    value = complaint.value
    single = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    remedy = f"Write [{value}]." if single else "Write its items below it, each after `- `."
    return _is(complaint), "a list", remedy


def _no_text(complaint: Complaint) -> Words:
    value = complaint.value
    if value is None:
        return "is empty", "text", "Fill it in, or remove the field."
    if isinstance(value, dict | list):
        return _is(complaint), "text", "Write one value; quote text that starts with [ or {."
    return f"is the bare value {shown(value)}", "text", f'Quote it: "{shown(value)}".'


def _too_short(complaint: Complaint) -> Words:
    least = complaint.context.get("min_length", 1)
    noun = "characters" if complaint.kind.startswith("string") else "items"
    return _is(complaint), f"{least} or more {noun}", "Fill it in, or remove the field."


def _too_long(complaint: Complaint) -> Words:
    most = complaint.context.get("max_length", 0)
    noun = "characters" if complaint.kind.startswith("string") else "items"
    return _is(complaint), f"at most {most} {noun}", "Shorten it."


def _beyond(words: str, key: str, complaint: Complaint) -> Words:
    expected = f"a number {words} {shown(complaint.context.get(key))}"
    return _is(complaint), expected, f"Write {expected}."


def _pattern(complaint: Complaint) -> Words:
    text = str(complaint.value)
    pattern = str(complaint.context.get("pattern", ""))
    if "@" in pattern:
        return _is(complaint), "an e-mail address such as ap@acme.example", "Correct the address."
    if "a-z0-9" in pattern:
        proposal = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80]
        remedy = f"Write {proposal}." if proposal else "Choose a name of that form."
        return _is(complaint), "lower-case letters, digits and . _ - between them", remedy
    if r"\x00" in pattern:
        return _is(complaint), "one line of text", "Remove line breaks and control characters."
    return _is(complaint), f"text of the form {pattern}", "Write it in that form."


def _no_number(complaint: Complaint) -> Words:
    expected = complaint.message
    value = complaint.value
    if value is None:
        return "is empty", expected, "Fill it in, or remove the field."
    if not isinstance(value, str):
        return _is(complaint), expected, f"Write {expected}."
    return _is(complaint), expected, _number_remedy(value.strip())


def _number_remedy(text: str) -> str:
    digits = text.replace("\N{MINUS SIGN}", "-").removesuffix("%").strip()
    if text.endswith("%") and re.fullmatch(r"\d+([.,]\d+)?", digits):
        return f"Write {digits.replace(',', '.')} without the percent sign."
    if re.fullmatch(r"-?\d{1,3}([,'_ ]\d{3})+(\.\d+)?", digits) and not digits.startswith("0"):
        return f"Write {re.sub('[,_ ]', '', digits).replace(chr(39), '')} without separators."
    if re.fullmatch(r"-?\d+,\d+", digits):
        return f"Write {digits.replace(',', '.')} with a decimal point."
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+", digits):
        return f"Write {digits.replace('.', '').replace(',', '.')} with a decimal point."
    if text.casefold().strip("+-.") in {"nan", "inf", "infinity"}:
        return "Write a finite number."
    amount = re.search(r"\d+(\.\d+)?", text)
    return f"Write {amount.group()} alone." if amount else "Write the number in digits."


def _date(complaint: Complaint) -> Words:
    text = str(complaint.value).strip()
    parts = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text)
    if complaint.value is None:
        return "is empty", "a date as YYYY-MM-DD", "Fill it in, or remove the field."
    if parts is None:
        return _is(complaint), "a date as YYYY-MM-DD", "Write year, month and day: 2025-01-31."
    year, month, day = parts.groups()
    proper = f"{year}-{month:0>2}-{day:0>2}"
    remedy = f"Write {proper}." if proper != text else "Choose a day that the month has."
    return _is(complaint), "a date as YYYY-MM-DD", remedy


def _moment(complaint: Complaint) -> Words:
    expected = "a time with its zone, such as 2026-05-12T02:00Z"
    return _is(complaint), expected, "Write date, T, time and the offset from UTC."


def _truth(complaint: Complaint) -> Words:
    word = str(complaint.value).casefold()
    proposal = "true" if word in {"yes", "on", "y", "1"} else "false"
    known = word in {"yes", "on", "y", "1", "no", "off", "n", "0"}
    return _is(complaint), "true or false", f"Write {proposal if known else 'true or false'}."


def _refused(complaint: Complaint) -> Words:
    """A `ValueError` of our own: its message says what is wrong and what would be right."""
    message = str(complaint.context.get("error", complaint.message))
    return _is(complaint), message, "Correct it."


def _in_own_words(complaint: Complaint) -> Words:
    """A fault of ours: the message is the expectation; the context may hold fact and remedy."""
    fact = str(complaint.context.get("fact", "")) or _has(complaint.value)
    expected = complaint.message[:1].lower() + complaint.message[1:]
    return fact, expected, str(complaint.context.get("remedy", "")) or f"Write {expected}."


def _has(value: object) -> str:
    if not isinstance(value, dict):
        return f"is {shown(value)}"
    return f"has {_listed(f'{name} {shown(inner)}' for name, inner in value.items())}"


WORDS: dict[str, Callable[[Complaint], Words]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "enum": _choice,
    "literal_error": _choice,
    "union_tag_invalid": _wrong_kind,
    "union_tag_not_found": _no_kind,
    "model_type": _no_mapping,
    "model_attributes_type": _no_mapping,
    "dict_type": _no_mapping,
    "mapping_type": _no_mapping,
    "tuple_type": _no_list,
    "list_type": _no_list,
    "string_type": _no_text,
    "string_too_short": _too_short,
    "too_short": _too_short,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "greater_than": partial(_beyond, "above", "gt"),
    "greater_than_equal": partial(_beyond, "of at least", "ge"),
    "less_than": partial(_beyond, "below", "lt"),
    "less_than_equal": partial(_beyond, "of at most", "le"),
    "string_pattern_mismatch": _pattern,
    "exact_number": _no_number,
    "whole_number": _no_number,
    "aware": _moment,
    "calendar_day": _date,
    "date_type": _date,
    "date_parsing": _date,
    "date_from_datetime_parsing": _date,
    "date_from_datetime_inexact": _date,
    "datetime_type": _moment,
    "datetime_parsing": _moment,
    "datetime_from_date_parsing": _moment,
    "datetime_object_invalid": _moment,
    "bool_type": _truth,
    "bool_parsing": _truth,
    "value_error": _refused,
}
"""The sentence for each of the validator's faults; any other is one of our own."""
