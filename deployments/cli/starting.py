"""`makegood init` and `makegood schema`: a first workspace, and what editors know of its files."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from connectors.files import write_whole
from deployments.cli.documents import InitDocument
from deployments.cli.exits import Exit
from deployments.cli.options import Json
from deployments.cli.printing import print_json, write
from deployments.cli.schemas import file_schema_text
from models.file_schemas import SCHEMAS
from models.findings import Finding, UnusableInputError, refuse
from models.terms import near_miss

HERE = Path()
SAMPLE = ("*.yaml", "*.csv")
MONTH = "2026-01"
"""The month that the sample checks are about."""


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the workspace is put. [this folder]")
    ] = HERE,
    *,
    json: Json = False,
) -> int:
    """Write a first workspace, with comments and sample data.

    It has a standard agreement for two clients and two services, a vendor's ladder, maintenance and
    a month of checks, so that everything can be tried at once. Nothing that is there is written
    over: one file that is in the way refuses all of them.
    """
    contents = {folder / name: content for name, content in starter().items()}
    _refuse_what_is_there(contents)
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    document = InitDocument(folder=str(folder), files=[str(path) for path in contents])
    print_json(document) if json else _print(document, folder)
    return Exit.DONE


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help="contract, makegood or exclusions.")],
    *,
    write_to: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write it to a file. [stdout]")
    ] = None,
) -> int:
    """Print the JSON Schema of a file that people write.

    VS Code with its YAML extension completes and explains a file whose first line is
    `# yaml-language-server: $schema=PATH`. It sees one file alone; `makegood check` sees all.
    """
    if name not in SCHEMAS:
        raise refuse(
            "NAME",
            f"is {name!r}",
            expected=f"one of {', '.join(SCHEMAS)}",
            remedy=near_miss(name, SCHEMAS) or "Write one of them.",
        )
    text = file_schema_text(name)
    if write_to is None:
        typer.echo(text, nl=False)
    else:
        write_whole(write_to, text.encode())
    return Exit.DONE


def starter() -> dict[str, bytes]:
    """The files of a first workspace by their names, their schemas among them."""
    with as_file(files("deployments").joinpath("starter")) as sample:
        found = {
            str(path.relative_to(sample)): path.read_bytes()
            for pattern in SAMPLE
            for path in sorted(sample.rglob(pattern))
        }
    schemas = {f"schemas/{name}.schema.json": file_schema_text(name).encode() for name in SCHEMAS}
    return {**found, **schemas}


def _refuse_what_is_there(contents: dict[Path, bytes]) -> None:
    found = [
        Finding(
            place=str(path),
            fact="is there already",
            expected="a folder without files of these names",
            remedy="Move it away, or name another folder.",
        )
        for path in contents
        if path.exists()
    ]
    if found:
        raise UnusableInputError(found)


def _print(document: InitDocument, folder: Path) -> None:
    for path in document["files"]:
        write(f"wrote {path}")
    where = "" if folder == HERE else f" --workspace {folder}"
    write()
    write("Look at makegood.yaml and contracts/ first; then:")
    write(f"  makegood check{where}")
    write(f"  makegood run --month {MONTH}{where}")
    write(f"  makegood explain acme/api {MONTH}{where}")
