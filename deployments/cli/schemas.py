"""The published JSON Schemas; `python -m deployments.cli.schemas` writes them anew.

Those of what commands print lie under `deployments/schemas/`, one file for each command, made from
the types in `documents.py`; those of what people write lie in `files/` there, made from the types
that read them. A test fails when a file is not what this module would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import simplejson
from pydantic import TypeAdapter

from deployments.cli import documents
from models.file_schemas import SCHEMAS
from models.terms import JsonValue

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parents[1] / "schemas"

DOCUMENTS: Mapping[str, type] = {
    "backfill": documents.BackfillDocument,
    "calc-downtime": documents.CalcDowntimeDocument,
    "calc-liability": documents.CalcLiabilityDocument,
    "calc-uptime": documents.CalcUptimeDocument,
    "check": documents.CheckDocument,
    "claims": documents.ClaimsDocument,
    "claims-move": documents.ClaimMovedDocument,
    "claims-show": documents.ClaimShowDocument,
    "demo": documents.DemoDocument,
    "determine": documents.DetermineDocument,
    "evidence": documents.EvidenceDocument,
    "exclusions": documents.ExclusionsDocument,
    "explain": documents.ExplainDocument,
    "export": documents.ExportDocument,
    "import": documents.ImportDocument,
    "init": documents.InitDocument,
    "incidents": documents.IncidentsDocument,
    "incidents-guard": documents.IncidentsGuardDocument,
    "incidents-move": documents.IncidentMovedDocument,
    "incidents-quarantine": documents.IncidentsQuarantineDocument,
    "incidents-show": documents.IncidentShowDocument,
    "journal": documents.JournalDocument,
    "ladders-lint": documents.LaddersLintDocument,
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
    "doctor": documents.DoctorDocument,
    "migrate": documents.MigrateDocument,
    "settings": documents.SettingsDocument,
    "whatif": documents.WhatIfDocument,
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


def file_schema_text(name: str) -> str:
    """The schema of a file that people write, as its own file holds it."""
    return str(simplejson.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False)) + "\n"


def file_schema_path(name: str) -> Path:
    """The file of such a schema."""
    return FOLDER / "files" / f"{name}.schema.json"


def main() -> None:
    """Write every schema."""
    file_schema_path("").parent.mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        file_schema_path(name).write_text(file_schema_text(name), encoding="utf-8")
    for command in DOCUMENTS:
        schema_path(command).write_text(schema_text(command), encoding="utf-8")


if __name__ == "__main__":
    main()
