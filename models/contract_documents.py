"""Many contracts from few words: shared defaults, several services and clients, their exceptions.

A document `defaults:` holds for the documents below it in its file, or, in a file `defaults.yaml`,
for every file of its folder and below. A contract may list `services` and `clients` in place of one
of each; `except` says what is different for one of them. Here each becomes a document of its own in
which every value still knows the file and line that it was written in. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.findings import Finding, Severity
from models.located import Document, Path
from models.service_block import is_service_block
from models.terms import JsonValue

DEFAULTS = "defaults"
EXCEPT = "except"
FIELD_BY_FIELD = frozenset({"measurement", "claim", "release", "billing"})
"""Terms of which a contract may state a part; every other one is replaced as a whole."""

OF_ALL_VERSIONS = frozenset({"role", "evidence", "depends_on"})
"""What a default may say that does not belong to a version."""

OF_ONE = frozenset({"client", "clients", "service", "services", "versions", DEFAULTS, EXCEPT})
"""What no default and no exception may say."""

Origin = tuple[Document, Path]
"""A document, and the place in it at which a value was written."""


@dataclass(frozen=True, slots=True)
class Composed(Document):
    """A document put together from several.

    Attributes:
        origins: Where its values were written, by the path of the value or of what holds it.
    """

    origins: Mapping[Path, Origin] = field(default_factory=dict, repr=False, compare=False)

    def place(self, path: Path = ()) -> str:
        """File and line of the value at a path, in the document that it came from."""
        document, there = self._origin(path)
        return document.place(there)

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
        """A finding about the value at a path, where it was written."""
        document, there = self._origin(path)
        return document.finding(
            there, fact, expected=expected, remedy=remedy, severity=severity, rule=rule
        )

    def _origin(self, path: Path) -> Origin:
        here = self.written_at(path)
        for length in range(len(here), -1, -1):
            if here[:length] in self.origins:
                document, there = self.origins[here[:length]]
                return document, (*there, *here[length:])
        message = "a composed document knows at least where its whole was written"
        raise LookupError(message)


def separated(
    documents: Iterable[Document], *, above: Sequence[Document] = ()
) -> tuple[tuple[Document, ...], tuple[Finding, ...]]:
    """Each contract on its own, with defaults and exceptions put in, and what is wrong with these.

    Args:
        documents: Those of one file, in order.
        above: Documents of defaults that hold for the whole file, the nearest last.
    """
    defaults, found, separate = list(above), [], []
    for document in documents:
        if is_defaults(document):
            defaults.append(document)
            found += [*document.findings, *_faults(document, (DEFAULTS,))]
            continue
        each = list(_each(document, found)) if _is_many(document) else [document]
        separate += [_with_defaults(one, defaults, found) for one in each]
    return tuple(separate), tuple(dict.fromkeys(found))


def is_defaults(document: Document) -> bool:
    """Whether a document holds defaults and no contract."""
    return isinstance(document.value, dict) and DEFAULTS in document.value


def _is_many(document: Document) -> bool:
    return isinstance(document.value, dict) and not document.value.keys().isdisjoint(
        {"clients", "services"}
    )


def _faults(document: Document, path: Path) -> Iterator[Finding]:
    """What keeps a mapping of defaults or exceptions from being one."""
    fields = document.value
    for step in path:
        fields = fields[step]
    if not isinstance(fields, dict):
        yield document.finding(
            path,
            "is no mapping",
            expected="terms such as currency: EUR",
            remedy="Indent the terms below it.",
        )
        return
    allowed = OF_ALL_VERSIONS if path == (DEFAULTS,) else frozenset()
    for name in fields:
        if name in OF_ONE or (name in OF_ALL_VERSIONS and name not in allowed):
            yield document.finding(
                (*path, name),
                f"stands below {path[-1]}",
                expected="terms of a version there, such as billable_amount or cap",
                remedy="Move it into the contract.",
            )


def _each(document: Document, found: list[Finding]) -> Iterator[Document]:
    """One document for each client and service of a contract that lists several."""
    clients = _listed(document, "client", found)
    services = _listed(document, "service", found)
    for client in clients:
        taken = _taken(document, client, services, found)
        yield from (_one(document, client, service) for service in taken)


def _listed(document: Document, name: str, found: list[Finding]) -> list[Path]:
    """The places of a contract's clients or services, one or several."""
    many, fields = f"{name}s", document.value
    if many not in fields:
        return [(name,)]
    entries = fields[many]
    if name in fields:
        found.append(_wrong(document, (name,), f"stands beside {many}", f"one of {name}, {many}"))
    if not isinstance(entries, list) or not entries:
        expected = f"a list of {many}, each with id and name"
        found.append(_wrong(document, (many,), "is no list with anything in it", expected))
        return []
    return list(_sound_entries(document, many, entries, found))


def _sound_entries(
    document: Document, many: str, entries: list[JsonValue], found: list[Finding]
) -> Iterator[Path]:
    seen = set()
    for number, entry in enumerate(entries):
        path: Path = (many, number)
        if not isinstance(entry, dict):
            found.append(_wrong(document, path, "is no mapping", "an entry with id and name"))
            continue
        if entry.get("id") in seen:
            fact = f"is {entry.get('id')}, as in an entry before it"
            found.append(_wrong(document, (*path, "id"), fact, "each id once"))
        seen.add(entry.get("id"))
        if EXCEPT in entry:
            found += _faults(document, (*path, EXCEPT))
        yield path


def _taken(
    document: Document, client: Path, services: list[Path], found: list[Finding]
) -> list[Path]:
    """The services that a client takes: those that it lists, or all."""
    entry = _at(document.value, client)
    wanted = entry.get("services") if len(client) > 1 else None
    if wanted is None:
        return services
    ids = {_at(document.value, path).get("id"): path for path in services if len(path) > 1}
    unknown = [one for one in wanted if one not in ids] if isinstance(wanted, list) else [wanted]
    for one in unknown:
        path = (*client, "services")
        found.append(
            _wrong(document, path, f"names {one}", f"ids of services: {', '.join(map(str, ids))}")
        )
    return [path for one, path in ids.items() if isinstance(wanted, list) and one in wanted]


def _one(document: Document, client: Path, service: Path) -> Document:
    """The contract of one client for one service, as if it had been written out."""
    value = {k: v for k, v in document.value.items() if k not in {"clients", "services"}}
    origins: dict[Path, Origin] = {(): (document, ())}
    for name, path in (("client", client), ("service", service)):
        entry = _at(document.value, path)
        value[name] = {k: v for k, v in entry.items() if k not in {EXCEPT, "services"}}
        origins[(name,)] = (document, path)
    one = replace(_whole(document), value=value, origins=origins)
    # A client's exceptions were agreed with that client: they go before a service's.
    for path in (service, client):
        entry = _at(document.value, path)
        if len(path) > 1 and isinstance(entry.get(EXCEPT), dict):
            one = _put_in(one, entry[EXCEPT], document, (*path, EXCEPT), wins=True)
    return one


def _with_defaults(
    document: Document, defaults: Sequence[Document], found: list[Finding]
) -> Document:
    if not defaults or not isinstance(document.value, dict):
        return document
    if is_service_block(document.value):
        found.append(_not_for_blocks(document))
        return document
    one = document if isinstance(document, Composed) else _whole(document)
    for each in reversed(defaults):
        terms = each.value[DEFAULTS]
        if isinstance(terms, dict):
            terms = {name: term for name, term in terms.items() if name not in OF_ONE}
            one = _put_in(one, terms, each, (DEFAULTS,), wins=False)
    return one


def _whole(document: Document) -> Composed:
    return Composed(
        name=document.name,
        value=document.value,
        places=document.places,
        findings=document.findings,
        origins={(): (document, ())},
    )


def _put_in(
    one: Composed, terms: Mapping[str, JsonValue], source: Document, at: Path, *, wins: bool
) -> Composed:
    """A document with further terms: in its versions where it lists them, else at the top."""
    value, origins = dict(one.value), dict(one.origins)
    versions = value.get("versions")
    holders: list[tuple[Path, dict[str, JsonValue]]] = [((), value)]
    if isinstance(versions, list):
        copies = [dict(one) if isinstance(one, dict) else one for one in versions]
        value["versions"] = copies
        holders = [(("versions", n), v) for n, v in enumerate(copies) if isinstance(v, dict)]
    for name, term in terms.items():
        for path, fields in [((), value)] if name in OF_ALL_VERSIONS else holders:
            _put(fields, (*path, name), term, origins, (source, (*at, name)), wins=wins)
    return replace(one, value=value, origins=origins)


def _put(
    fields: dict[str, JsonValue],
    path: Path,
    term: JsonValue,
    origins: dict[Path, Origin],
    origin: Origin,
    *,
    wins: bool,
) -> None:
    """One term, as a whole or field by field; `wins` says whether it goes before what is there."""
    name = str(path[-1])
    own = fields.get(name)
    if name in FIELD_BY_FIELD and isinstance(own, dict) and isinstance(term, dict):
        fields[name] = {**own, **term} if wins else {**term, **own}
        for part in term:
            if wins or part not in own:
                origins[(*path, part)] = (origin[0], (*origin[1], part))
    elif wins or name not in fields:
        fields[name] = term
        origins[path] = origin


def _at(value: JsonValue, path: Path) -> dict[str, JsonValue]:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value if isinstance(value, dict) else {}


def _wrong(document: Document, path: Path, fact: str, expected: str) -> Finding:
    return document.finding(path, fact, expected=expected, remedy="Correct it.")


def _not_for_blocks(document: Document) -> Finding:
    return document.finding(
        (),
        "is a copyable service block, for which defaults do not hold",
        expected="a contract in our own fields, where defaults are shared",
        remedy="Write its terms into it, or put it into a folder of its own.",
        severity=Severity.WARNING,
    )
