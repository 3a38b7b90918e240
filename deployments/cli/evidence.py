"""`makegood evidence` and `sign-key`: a month's evidence in one signed file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from connectors.signing import make_key, public_text, read_key
from deployments.cli.documents import EvidenceDocument
from deployments.cli.exits import Exit
from deployments.cli.options import Json, MonthArgument, Workspace, month_of
from deployments.cli.printing import print_json, write
from flows.evidence_pack import evidence_pack
from flows.office import open_office
from flows.settings import SIGNING_KEY_FILE, held
from models.findings import refuse

HERE = Path()


def evidence(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="client/service")],
    month: MonthArgument,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where the pack is written.")
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> int:
    """Write what one decision stands on into one signed file.

    Whoever has it works uptime and credit out anew with `verify.py`, which lies inside and needs
    nothing but Python. The key is read from the file that MAKEGOOD_SIGNING_KEY_FILE names.
    """
    period = str(month_of(month, "MONTH"))
    key = read_key(_key_file())
    with open_office(workspace, read_only=True) as office:
        pack = evidence_pack(office.store, contract=contract, period=period, key=key)
    path = output or Path(f"{contract.replace('/', '-')}-{period}-evidence.zip")
    _written(path, pack)
    if json:
        print_json(
            EvidenceDocument(
                contract=contract,
                month=period,
                path=str(path),
                bytes=len(pack),
                sha256=hashlib.sha256(pack).hexdigest(),
                key=public_text(key),
            )
        )
        return Exit.DONE
    write(f"{path}: the evidence of {contract} in {period}, {len(pack):,} bytes")
    write(f"signed with the key {public_text(key)}")
    write(f"verify it with: unzip {path} verify.py && python3 verify.py {path} {public_text(key)}")
    return Exit.DONE


def sign_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the new key is written.")],
) -> int:
    """Make the key that signs evidence packs; show its public half."""
    key = make_key(path)
    write(
        f"{path}: a new private key, for its owner alone. Keep a copy where only you can read it."
    )
    write(f"Set {SIGNING_KEY_FILE}={path}")
    write(f"Publish its public half: {public_text(key)}")
    return Exit.DONE


def _key_file() -> Path:
    named = held(SIGNING_KEY_FILE)
    if not named:
        raise refuse(
            SIGNING_KEY_FILE,
            "is not in the environment, or empty",
            expected="the file with the key that signs evidence packs",
            remedy=f"Make one with `makegood sign-key FILE` and set {SIGNING_KEY_FILE}=FILE.",
        )
    return Path(named)


def _written(path: Path, pack: bytes) -> None:
    try:
        path.write_bytes(pack)
    except OSError as error:
        raise refuse(
            str(path),
            f"cannot be written: {error.strerror}",
            expected="a file in a folder that is there",
            remedy="Give another one with --output.",
        ) from None
