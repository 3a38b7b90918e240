"""JSON Schemas of the files that people write: what editors complete, explain and underline.

They are made from the same types that read the files, so that both refuse the same words. A schema
sees one document: what shared defaults say, dates against each other, and whether a zone or a
currency exists, only `makegood check` knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from inspect import getdoc
from types import MappingProxyType
from typing import Any

from models.contract import Contract, ContractVersion, CreditTerms
from models.contract_documents import DEFAULTS, EXCEPT, OF_ALL_VERSIONS
from models.contract_file import WrittenContract
from models.seed_ladder import FIELDS as KIT_FIELDS
from models.terms import NUMBER, Terms
from models.workspace_file import ExclusionsFile, Workspace

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINED = "#/$defs/"
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
CURRENCY = r"^[A-Z]{3}$"
DIGITS = NUMBER.pattern.replace("$", "(/[0-9]+)?$")
"""A number as text; some terms take fractions, such as 1/365."""

ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)
VERSION = "WrittenVersion"
STATED = "StatedInPart"


def contract_schema() -> Schema:
    """A file of contracts: contracts of one or many, defaults, or the copyable service block."""
    schema = _explained(WrittenContract)
    defined = schema["$defs"]
    version = defined.pop(VERSION)
    # Defaults may say what a version leaves out.
    version.pop("required", None)
    defined[STATED] = version
    for model, part in ((ContractVersion, version), (CreditTerms, version), (Contract, schema)):
        _say_of_each(part, f"{getdoc(model)}\n")
    _ladders(version["properties"]["credit_ladder"])
    of_all = {name: found for name, found in schema["properties"].items() if name != "versions"}
    defined["Defaults"] = _defaults(version, of_all)
    defined["Contract"] = _contract(version, of_all)
    for name in ("client", "service"):
        defined["Contract"]["properties"][f"{name}s"] = _several(defined, of_all[name], name)
    return _published(
        "contract",
        "A file of contracts of Makegood",
        defined,
        {
            "if": {"required": [DEFAULTS]},
            "then": {"$ref": f"{DEFINED}Defaults"},
            "else": {
                "if": {"anyOf": [_has("service_id"), _has("monthly_billable_amount")]},
                "then": {"type": "object"},
                "else": {"$ref": f"{DEFINED}Contract"},
            },
        },
    )


def workspace_schema() -> Schema:
    """The file makegood.yaml."""
    schema = _explained(Workspace)
    defined = schema.pop("$defs")
    return _published("makegood", "The workspace file makegood.yaml", defined, schema)


def exclusions_schema() -> Schema:
    """A file of exclusions: a list of events, bare or under `exclusions`."""
    schema = _explained(ExclusionsFile)
    defined = schema.pop("$defs")
    defined["File"] = schema
    listed = schema["properties"]["exclusions"]
    either = {"anyOf": [{"$ref": f"{DEFINED}File"}, listed]}
    return _published("exclusions", "A file of exclusions of Makegood", defined, either)


SCHEMAS: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "contract": contract_schema,
        "makegood": workspace_schema,
        "exclusions": exclusions_schema,
    }
)
"""Every schema by its name."""


def _published(name: str, title: str, defined: Schema, rest: Schema) -> Schema:
    return {
        "$schema": DIALECT,
        "$id": f"{name}.schema.json",
        **rest,
        "title": title,
        "$defs": dict(sorted(defined.items())),
    }


def _explained(model: type[Terms]) -> Schema:
    """The schema of a type, its bounds and words where editors look for them."""
    schema: Schema = model.model_json_schema(by_alias=True)
    for part in list(_parts(schema)):
        _bound(part)
        _describe(part)
        _tidy(part)
    return schema


def _parts(value: Any) -> Iterator[Schema]:  # noqa: ANN401  A schema is any JSON.
    """Every object within a schema, innermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in list(inner):
        yield from _parts(each)
    if isinstance(value, dict):
        yield value


def _bound(part: Schema) -> None:
    """Numbers may be written as digits; their bounds go where validators look."""
    options = part.get("anyOf", [part])
    if not isinstance(options, list):
        return
    bounds = {BOUNDS[name]: part.pop(name) for name in BOUNDS if name in part}
    numbers = [option for option in options if option.get("type") in {"number", "integer"}]
    for option in numbers:
        option.update(bounds)
    for option in options if numbers else ():
        if option == {"type": "string"}:
            option["pattern"] = DIGITS


def _describe(part: Schema) -> None:
    """Move what a docstring says of each field to the field."""
    words = str(part.get("description", ""))
    if "Attributes:" not in words or "properties" not in part:
        return
    part["description"] = " ".join(words.partition("\n\nAttributes:\n")[0].split())
    _say_of_each(part, words)


def _say_of_each(part: Schema, words: str) -> None:
    """What a docstring says of each field, for fields of which nothing is said yet."""
    for name, says in ATTRIBUTE.findall(words.partition("\n\nAttributes:\n")[2]):
        if name in part["properties"]:
            part["properties"][name].setdefault("description", " ".join(says.split()))


def _tidy(part: Schema) -> None:
    """Take out what no editor should offer: names made of names, and defaults that say nothing."""
    if isinstance(part.get("title"), str):
        part.pop("title")
    if isinstance(part.get("discriminator"), dict):
        part.pop("discriminator")
    if "default" in part and part["default"] in (None, "1970-01-01", [], {}):
        part.pop("default")
    if part.get("format") == "date":
        part["pattern"] = DAY
    for name, found in (part.get("properties") or {}).items():
        if name == "currency" and isinstance(found, dict) and found.get("type") == "string":
            found["pattern"] = CURRENCY


def _ladders(ladder: Schema) -> None:
    """A ladder of the catalog, one of our kinds, or the kit's block in its own words."""
    catalog, _, own = ladder.pop("oneOf")
    kit = {
        "type": "object",
        "properties": dict.fromkeys(KIT_FIELDS, True),
        "required": ["threshold_kind"],
        "additionalProperties": False,
    }
    ladder["anyOf"] = [catalog, *own.get("oneOf", [own]), kit]


def _defaults(version: Schema, of_all: Schema) -> Schema:
    shared = {name: of_all[name] for name in sorted(OF_ALL_VERSIONS)}
    terms = {
        "description": "Terms of every contract below, unless it says otherwise.",
        "type": "object",
        "properties": {**shared, **version["properties"]},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {DEFAULTS: terms},
        "required": [DEFAULTS],
        "additionalProperties": False,
    }


def _contract(version: Schema, of_all: Schema) -> Schema:
    versions = {
        "description": "Dated terms; each governs from its first day on.",
        "type": "array",
        "items": {"$ref": f"{DEFINED}{STATED}"},
        "minItems": 1,
    }
    return {
        "description": "A contract: one client's SLA for one service, or a standard for many.",
        "type": "object",
        "properties": {**of_all, "versions": versions, **version["properties"]},
        "additionalProperties": False,
        "allOf": [
            {"oneOf": [_has("client"), _has("clients")]},
            {"oneOf": [_has("service"), _has("services")]},
        ],
    }


def _several(defined: Schema, one: Schema, name: str) -> Schema:
    """A list of clients or of services, each with what is different for it."""
    whole = defined[one["$ref"].removeprefix(DEFINED)]
    entry = {**whole, "properties": dict(whole["properties"])}
    entry["properties"][EXCEPT] = {
        "$ref": f"{DEFINED}{STATED}",
        "description": f"What is different for this {name}.",
    }
    if name == "client":
        entry["properties"]["services"] = {
            "description": "The services that this client takes; all of them without it.",
            "type": "array",
            "items": {"type": "string"},
        }
    return {
        "description": f"Several {name}s, each with the terms of this document.",
        "type": "array",
        "items": entry,
        "minItems": 1,
    }


def _has(name: str) -> Schema:
    return {"required": [name]}
