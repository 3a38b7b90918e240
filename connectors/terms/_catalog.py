"""The catalog of published ladders, as it is shipped inside the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from models.catalog import CatalogSheet
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.located import Document, decode, path_of
from models.yaml_text import parse_yaml

FOLDER = "models/ladders"


@cache
def shipped_catalog() -> Mapping[str, CatalogSheet]:
    """The latest sheet of every ladder under `models/ladders/`, rising by id.

    Raises:
        UnusableInputError: A sheet is wrong, or two are the same; then the installation is broken.
    """
    latest = {sheet.id: sheet for _, sheet in sorted(shipped_editions().items())}
    return MappingProxyType(dict(sorted(latest.items())))


@cache
def shipped_editions() -> Mapping[tuple[str, str], CatalogSheet]:
    """Every sheet by id and version; read once in a program's life.

    Versions of one ladder rise as text does, which dates do.

    Raises:
        UnusableInputError: A sheet is wrong, or two are the same; then the installation is broken.
    """
    sheets: dict[tuple[str, str], CatalogSheet] = {}
    for name, sheet in _sheets(files("models").joinpath("ladders"), FOLDER):
        if (sheet.id, sheet.version) in sheets:
            raise refuse(
                name,
                f"has the id {sheet.id} and the version of another sheet",
                expected="an id of its own, or another version",
                remedy="Rename one of the two.",
            )
        sheets[sheet.id, sheet.version] = sheet
    return MappingProxyType(sheets)


def _sheets(folder: Traversable, name: str) -> Iterator[tuple[str, CatalogSheet]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _sheets(entry, path)
        elif entry.name.endswith(".yaml"):
            for document in parse_yaml(decode(entry.read_bytes(), name=path), name=path):
                yield path, _sheet(document)


def _sheet(document: Document) -> CatalogSheet:
    sheet = document.expect(CatalogSheet)
    errors = [one for one in sheet_findings(document, sheet) if one.severity is Severity.ERROR]
    if errors:
        raise UnusableInputError(errors)
    return sheet


def sheet_findings(document: Document, sheet: CatalogSheet) -> tuple[Finding, ...]:
    """What is wrong or odd about a sheet, with the lines where it says so."""
    return tuple(
        document.finding(
            path_of(finding.field),
            finding.fact,
            expected=finding.expected,
            remedy=finding.remedy,
            severity=finding.severity,
            rule=finding.rule,
        )
        for finding in sheet.findings(document.name)
    )
