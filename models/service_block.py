"""The service block of the copyable credit kit, read as a contract.

The kit's template names a service, its measurement and its exclusions in words of its own, beside a
`credit_ladder` block. Here it is brought into the shape of a contract document, each value still
knowing where it was written; unfilled placeholders are found in the text, because some of them are
no YAML.

Source: the "Config: Service + Measurement Defaults" section of the SLA credit and comms kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from models.explain import clipped, shown
from models.findings import Finding
from models.located import Document, Path
from models.terms import JsonValue, near_miss, sole

PLACEHOLDER = re.compile(
    r"""\[\s*(
        SERVICE_SLUG | SERVICE[ ]NAME | CLIENT_ID | CLIENT_NAME | YOUR[ ]SLA[ ]NAME
        | AMOUNT | N | OPTIONAL | LIST[ ]OR[ ]false
        | USD\|EUR[^\]]* | true\|false | availability_threshold\|uptime_brackets
        | "<X%[^\]]* | LOG_SOURCE_\d[^\]]* | [^\[\]\n]*\be\.g\.[^\]]*
    )\s*\]""",
    re.VERBOSE,
)
"""What the kit leaves for its user to fill in, and nothing that a filled block could hold."""

OWN_FIELDS = {
    "monthly_billable_amount": ("billable_amount",),
    "measurement_window_minutes": ("measurement", "window_minutes"),
}
"""The block's names of a version's fields that go by other names in a contract."""

EXCLUSIONS = ("scheduled_maintenance", "outages_under_minutes", "third_party_dependencies")


def is_service_block(value: JsonValue) -> bool:
    """Whether a document is the kit's service block and not a contract in our own form."""
    return isinstance(value, dict) and ("service_id" in value or "monthly_billable_amount" in value)


def placeholders(text: str, *, name: str) -> tuple[Finding, ...]:
    """One finding for each placeholder of the kit that nobody has filled in."""
    return tuple(
        _unfilled(f"{name}:{number}", line.strip(), match.group(1).strip())
        for number, line in enumerate(text.split("\n"), start=1)
        for match in PLACEHOLDER.finditer(line.split(" #")[0])
    )


def _unfilled(place: str, line: str, placeholder: str) -> Finding:
    named = re.match(r"(?:- )?([a-z_]+):", line)
    return Finding(
        place=place,
        field=named.group(1) if named else "",
        fact=f"still holds the placeholder [{placeholder}]",
        expected="your own value",
        remedy=f"Replace [{placeholder}], brackets included.",
    )


@dataclass(slots=True)
class _Moved:
    """A contract's values while they are collected from a service block.

    Attributes:
        origins: Where values stand in the block, by their path in the contract.
        findings: What could not be read.
    """

    document: Document
    origins: dict[Path, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def origin(self, path: Path) -> Path:
        """Where the value at a contract's path was written in the block."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return (*self.origins[path[:length]], *path[length:])
        return path[2:] if path[:2] == ("versions", 0) else path


def service_as_contract(document: Document) -> Document:
    """The block as a contract document of one version."""
    block: Mapping[str, JsonValue] = document.value
    moved = _Moved(document)
    value = {
        "role": block.get("role", "customer"),
        "client": _client(block, moved),
        "service": _service(block, moved),
        "evidence": _evidence(block, moved),
        "versions": [_version(block, moved)],
    }
    findings = (*document.findings, *moved.findings)
    return replace(document, value=value, findings=findings, written_at=moved.origin)


def _client(block: Mapping[str, JsonValue], moved: _Moved) -> JsonValue:
    """The client that the block names, or else the ladder's vendor."""
    if "client" in block:
        return block["client"]
    ladder = block.get("credit_ladder")
    vendor = sole(ladder.get("vendor")) if isinstance(ladder, dict) else None
    named = sole(block.get("client_name", block.get("client_id", vendor)))
    slug = re.sub(r"[^a-z0-9]+", "-", str(vendor or "").lower()).strip("-")[:80]
    moved.origins[("client",)] = ("credit_ladder", "vendor")
    moved.origins[("client", "id")] = ("client_id",)
    moved.origins[("client", "name")] = ("client_name",)
    found = {"id": sole(block.get("client_id", slug or None)), "name": named}
    return {name: value for name, value in found.items() if value is not None}


def _service(block: Mapping[str, JsonValue], moved: _Moved) -> dict[str, JsonValue]:
    found = {}
    for name in ("id", "name"):
        moved.origins[("service", name)] = (f"service_{name}",)
        if f"service_{name}" in block:
            found[name] = sole(block[f"service_{name}"])
    return found


def _evidence(block: Mapping[str, JsonValue], moved: _Moved) -> list[str]:
    """The proof sources as lines of text, however the template's brackets were filled in."""
    moved.origins[("evidence",)] = ("proof_sources",)
    sources = block.get("proof_sources") or []
    return [_line(source) for source in (sources if isinstance(sources, list) else [sources])]


def _line(source: JsonValue) -> str:
    if isinstance(source, list):
        return ", ".join(_line(item) for item in source)
    if isinstance(source, dict):
        return ", ".join(f"{name}: {_line(value)}" for name, value in source.items())
    return str(source)


def _version(block: Mapping[str, JsonValue], moved: _Moved) -> dict[str, JsonValue]:
    known = {"role", "client", "client_id", "client_name", "proof_sources", "exclusions"}
    known |= {"service_id", "service_name", *OWN_FIELDS}
    version = {name: value for name, value in block.items() if name not in known}
    for name, (first, *rest) in OWN_FIELDS.items():
        moved.origins[("versions", 0, first, *rest)] = (name,)
        if name in block and not rest:
            version[first] = block[name]
        elif name in block and isinstance(version.get(first, {}), dict):
            version[first] = {**version.get(first, {}), rest[0]: block[name]}
    return version | _exclusions(block, version, moved)


def _exclusions(
    block: Mapping[str, JsonValue], version: Mapping[str, JsonValue], moved: _Moved
) -> dict[str, JsonValue]:
    written = block.get("exclusions") or []
    if not isinstance(written, list | dict):
        return {"exclusions": written}
    rules: list[JsonValue] = []
    measurement = version.get("measurement", {})
    for path, name, value in _entries(written):
        origin = ("exclusions", *path)
        found = _rule(origin, name, value, moved)
        if found is None:
            continue
        if name == "outages_under_minutes":
            measurement = _with_minimum(measurement, found)
            place: Path = ("versions", 0, "measurement", "minimum_outage")
            moved.origins |= {place: origin, (*place, "minutes"): origin}
        else:
            moved.origins[("versions", 0, "exclusions", len(rules))] = origin
            rules.append(found)
    changed: dict[str, JsonValue] = {"exclusions": rules}
    return changed | ({"measurement": measurement} if measurement else {})


def _with_minimum(measurement: JsonValue, minutes: JsonValue) -> JsonValue:
    """The measurement with a minimum outage, unless it is no mapping to put it into."""
    if not isinstance(measurement, dict):
        return measurement
    return {**measurement, "minimum_outage": {"minutes": minutes}}


def _entries(written: JsonValue) -> Iterator[tuple[Path, str, JsonValue]]:
    """Each exclusion of the block: where it stands, its name and its value."""
    if isinstance(written, dict):
        yield from (((name,), name, value) for name, value in written.items())
    for number, item in enumerate(written if isinstance(written, list) else []):
        if isinstance(item, dict) and "kind" not in item:
            yield from (((number, name), name, value) for name, value in item.items())
        else:
            yield (number,), "", item


def _rule(origin: Path, name: str, written: JsonValue, moved: _Moved) -> JsonValue:
    """What an entry means in a contract; None where it means nothing or is wrong."""
    value = sole(written)
    if name == "":
        return value
    if value is None or value is False:
        return None
    if name == "scheduled_maintenance" and value is True:
        return {"kind": "maintenance"}
    if name == "outages_under_minutes":
        return value if value != 0 else None
    if name == "third_party_dependencies" and value is not True and not _is_list_in_words(value):
        return {
            "kind": "third_party",
            "dependencies": value if isinstance(value, list) else [value],
        }
    moved.findings.append(_odd_entry(moved.document, origin, name, value))
    return None


def _is_list_in_words(value: JsonValue) -> bool:
    """Whether several names stand in one text, which would be taken for a single odd name."""
    return isinstance(value, str) and "," in value


def _odd_entry(document: Document, origin: Path, name: str, value: JsonValue) -> Finding:
    if name == "scheduled_maintenance":
        expected, remedy = "true or false", "Write true or false."
    elif name == "third_party_dependencies":
        expected, remedy = "a list of names, or false", "Name those whose failures are excluded."
        remedy = f"Write [{value}]." if _is_list_in_words(value) else remedy
    else:
        expected = f"one of {', '.join(EXCLUSIONS)}"
        remedy = near_miss(name, EXCLUSIONS) or f"Remove {clipped(name)}."
    return document.finding(origin, f"is {shown(value)}", expected=expected, remedy=remedy)
