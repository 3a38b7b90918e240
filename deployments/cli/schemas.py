"""The JSON Schemas of what commands print; `python -m deployments.cli.schemas` writes them anew.

They are published under `deployments/schemas/`, one file for each command, and are made from the
types in `documents.py` alone. A test fails when a file is not what this module would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import simplejson
from pydantic import TypeAdapter

from deployments.cli import documents
from models.terms import JsonValue

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parents[1] / "schemas"

DOCUMENTS: Mapping[str, type] = {
    "backfill": documents.BackfillDocument,
    "check": documents.CheckDocument,
    "claims": documents.ClaimsDocument,
    "claims-move": documents.ClaimMovedDocument,
    "claims-show": documents.ClaimShowDocument,
    "demo": documents.DemoDocument,
    "determine": documents.DetermineDocument,
    "exclusions": documents.ExclusionsDocument,
    "explain": documents.ExplainDocument,
    "incidents": documents.IncidentsDocument,
    "incidents-guard": documents.IncidentsGuardDocument,
    "incidents-move": documents.IncidentMovedDocument,
    "incidents-quarantine": documents.IncidentsQuarantineDocument,
    "incidents-show": documents.IncidentShowDocument,
    "journal": documents.JournalDocument,
    "ladders-list": documents.LaddersDocument,
    "ladders-show": documents.LadderShowDocument,
    "mail-preview": documents.MailPreviewDocument,
    "mail-test": documents.MailTestDocument,
    "measure": documents.MeasureDocument,
    "reconcile": documents.ReconcileDocument,
    "release": documents.ReleaseDocument,
    "remind": documents.RemindDocument,
    "run": documents.RunDocument,
    "settle": documents.SettleDocument,
    "sources-test": documents.SourcesTestDocument,
    "sync": documents.SyncDocument,
    "verify": documents.VerifyDocument,
}
"""The document that each command prints with --json."""


def schema_of(command: str) -> Mapping[str, JsonValue]:
    """The schema of a command's document."""
    return {
        "$schema": DIALECT,
        "$id": f"{command}.schema.json",
        **TypeAdapter(DOCUMENTS[command]).json_schema(),
        "title": f"makegood {command.replace('-', ' ')} --json",
    }


def schema_text(command: str) -> str:
    """The schema as its file holds it."""
    schema = schema_of(command)
    return str(simplejson.dumps(schema, indent=2, use_decimal=True, ensure_ascii=False)) + "\n"


def schema_path(command: str) -> Path:
    """The file of a command's schema."""
    return FOLDER / f"{command}.schema.json"


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for command in DOCUMENTS:
        schema_path(command).write_text(schema_text(command), encoding="utf-8")


if __name__ == "__main__":
    main()
