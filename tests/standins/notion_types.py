"""Notion's official TypeScript types as JSON Schema: what the stand-in is held to.

They are made at test time by npm from the packages pinned here, once per recipe, in
`.cache/notion-types/`, which git does not know. Where npm is missing, the same schema is taken from
`../shared/data/specs/notion.json` if it is there; that one lacks a few answers, which then go
unchecked. `python -m tests.standins.notion_types` prints where the schema is.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "notion-types"
SHARED = ROOT.parent / "shared" / "data" / "specs" / "notion.json"
REQUIRED = os.environ.get("MAKEGOOD_REQUIRE_PEERS") == "1"
HOW_TO_GET_IT = (
    "Notion's types are made with node and npm, which are missing or have no way to the registry. "
    "On Debian: apt-get install npm"
)
PACKAGES = ("@notionhq/client@5.26.0", "ts-json-schema-generator@2.4.0", "typescript@5")
# What goes over the wire, by the name it has here and by the name that the client gives it.
REQUESTS = {
    "CreatePage": "CreatePageParameters",
    "UpdatePage": "UpdatePageParameters",
    "QueryDataSource": "QueryDataSourceParameters",
    "CreateDatabase": "CreateDatabaseParameters",
    "UpdateDataSource": "UpdateDataSourceParameters",
}
ANSWERS = {
    "PageObject": "PageObjectResponse",
    "DataSourceObject": "GetDataSourceResponse",
    "QueryAnswer": "QueryDataSourceResponse",
    "DatabaseObject": "DatabaseObjectResponse",
    "OwnUser": "GetSelfResponse",
    "BlockChildren": "ListBlockChildrenResponse",
}
# Alternatives of which the client declares a part as enough; the stand-in answers the whole.
WHOLE = {"DataSourceObject": "DataSourceObjectResponse"}
TSCONFIG = {
    "compilerOptions": {
        "module": "commonjs",
        "moduleResolution": "node",
        "target": "es2020",
        "strict": True,
        "skipLibCheck": True,
        "types": [],
    },
    "files": ["notion-types.ts"],
}
GENERATE = (
    "npx --no-install ts-json-schema-generator --path notion-types.ts --tsconfig tsconfig.json "
    "--expose export --no-type-check -o notion-schema.json"
)


class TypesMissing(Exception):
    """Neither npm nor a schema that was made elsewhere is there."""


@dataclass(frozen=True, slots=True)
class Types:
    """The compiled types.

    Attributes:
        checks: By the names of `REQUESTS` and `ANSWERS`; a name that the schema lacks is missing.
    """

    checks: dict[str, jsonschema_rs.Draft7Validator]

    def allows(self, name: str, value: Any) -> bool:
        """Whether a value is of a type; yes for a type that the schema lacks."""
        check = self.checks.get(name)
        return check is None or check.is_valid(value)

    def findings(self, name: str, value: Any) -> list[tuple[list[str | int], str]]:
        """Everything that is wrong: where, and what."""
        check = self.checks.get(name)
        errors = check.iter_errors(value) if check else ()
        return [(list(error.instance_path), error.message) for error in errors]


def types_of(schema: dict[str, Any]) -> Types:
    """Compile a schema whose definitions bear our names."""
    definitions = schema["definitions"]
    named = {name: WHOLE.get(name, name) for name in REQUESTS | ANSWERS if name in definitions}
    return Types(
        {
            name: jsonschema_rs.Draft7Validator(
                {"$ref": f"#/definitions/{definition}", "definitions": definitions}
            )
            for name, definition in named.items()
        }
    )


def schema_file() -> Path:
    """Where the schema is; it is made when it is not there yet.

    Raises:
        TypesMissing: It cannot be made, and was not brought either.
    """
    try:
        return made_schema()
    except TypesMissing:
        if SHARED.is_file():
            return SHARED
        raise


def made_schema() -> Path:
    """Where the schema is that was made here; what failed once is not tried again.

    Raises:
        TypesMissing: It cannot be made.
    """
    made = CACHE / _recipe_digest() / "notion-schema.json"
    failure = _tried(made)
    if failure is not None:
        raise TypesMissing(failure)
    return made


@cache
def _tried(made: Path) -> str | None:
    try:
        with _alone():
            if not made.is_file():
                _make(made)
    except TypesMissing as error:
        return str(error)
    return None


def or_skip(make: Any = schema_file) -> Path:
    """Where the schema is; the test is skipped without it, or fails when peers are required."""
    try:
        found: Path = make()
    except TypesMissing as error:
        reason = f"{HOW_TO_GET_IT} ({error})"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _recipe_digest() -> str:
    recipe = json.dumps([PACKAGES, _declarations(), TSCONFIG, GENERATE])
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def _declarations() -> str:
    aliases = "".join(
        f"export type {name} = api.{official};\n" for name, official in (REQUESTS | ANSWERS).items()
    )
    return f'import type * as api from "@notionhq/client/build/src/api-endpoints";\n{aliases}'


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(made: Path) -> None:
    if not (shutil.which("npm") and shutil.which("npx")):
        raise TypesMissing("no npm in PATH")
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"private": true}')
        (folder / "notion-types.ts").write_text(_declarations())
        (folder / "tsconfig.json").write_text(json.dumps(TSCONFIG))
        _run(f"npm install --no-audit --no-fund --ignore-scripts {' '.join(PACKAGES)}", folder)
        _run(GENERATE, folder)
        made.parent.mkdir(parents=True, exist_ok=True)
        (folder / "notion-schema.json").replace(made)


def _run(command: str, folder: Path) -> None:
    done = subprocess.run(
        command.split(), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise TypesMissing(f"`{command}` ended with {done.returncode}: {done.stderr[-500:]}")


if __name__ == "__main__":
    print(schema_file())
