"""What comes from other tools: tables and SLOs as contracts, each with all that is wrong with it.

Nothing is recorded here and no file is written; whoever asks gets the text of contract files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.terms.files import WorkspaceFolder
from models.contract_rows import Imported, read_rows
from models.findings import Finding, Severity, UnusableInputError, refuse
from models.located import Document
from models.openslo import read_openslo
from models.terms import JsonValue
from models.yaml_text import parse_yaml
from models.yaml_writing import written_yaml


@dataclass(frozen=True, slots=True)
class ImportedText:
    """Contracts as the text of a contract file.

    Attributes:
        contracts: Their ids.
        text: One YAML document for each.
        warnings: What is worth a look.
    """

    contracts: tuple[str, ...]
    text: str
    warnings: tuple[Finding, ...]


def from_csv(path: Path, *, heading: str = "") -> ImportedText:
    """The contracts of a table.

    Args:
        path: The CSV file.
        heading: A line that each document of the text begins with.

    Raises:
        UnusableInputError: The file or any row cannot be used; all findings at once.
    """
    folder = WorkspaceFolder(Path())
    read = read_rows(folder.text(str(path)), name=str(path), ladders=folder.known_ladders())
    return _text(read, heading)


def from_openslo(
    path: Path, *, terms: Path | None, objective: str | None, heading: str = ""
) -> ImportedText:
    """The contracts that SLOs, and a file of further terms, come to.

    Args:
        path: OpenSLO documents.
        terms: What OpenSLO cannot say, as a contract file has it; None for nothing.
        objective: The display name of the objective that is promised, where there are several.
        heading: A line that each document of the text begins with.

    Raises:
        UnusableInputError: A file cannot be used, or does not make a contract; all findings.
    """
    folder = WorkspaceFolder(Path())
    read = read_openslo(
        folder.text(str(path)),
        name=str(path),
        ladders=folder.known_ladders(),
        terms=None if terms is None else _sole_document(folder, terms),
        objective=objective,
    )
    return _text(read, heading)


def _sole_document(folder: WorkspaceFolder, path: Path) -> Document:
    documents = parse_yaml(folder.text(str(path)), name=str(path))
    if len(documents) == 1 and isinstance(documents[0].value, dict):
        return documents[0]
    raise refuse(
        str(path),
        f"holds {len(documents)} documents",
        expected="one, with the terms that OpenSLO cannot say",
        remedy="Write role, client, currency, billable_amount and credit_ladder into it.",
    )


def _text(read: Imported, heading: str) -> ImportedText:
    if any(finding.severity is Severity.ERROR for finding in read.findings):
        raise UnusableInputError(read.findings)
    return ImportedText(
        contracts=tuple(placed.contract.id for placed in read.contracts),
        text="---\n".join(_document(value, heading) for value in read.written),
        warnings=read.findings,
    )


def _document(value: JsonValue, heading: str) -> str:
    return f"{heading}\n{written_yaml(value)}" if heading else written_yaml(value)
