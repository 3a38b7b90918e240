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
    """Every sheet under `models/ladders/`, rising by id; read once in a program's life.

    Raises:
        UnusableInputError: A sheet is wrong, or two have one id; then the installation is broken.
    """
    sheets: dict[str, CatalogSheet] = {}
    for name, sheet in _sheets(files("models").joinpath("ladders"), FOLDER):
        if sheet.id in sheets:
            raise refuse(
                name,
                f"has the id {sheet.id} of another sheet",
                expected="an id of its own",
                remedy="Rename one of the two.",
            )
        sheets[sheet.id] = sheet
    return MappingProxyType(dict(sorted(sheets.items())))


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
        )
        for finding in sheet.findings(document.name)
    )
