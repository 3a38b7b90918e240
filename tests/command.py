"""The command line as tests use it: called in this process, or as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from pathlib import Path

from deployments.cli.app import run_command

COMMAND = Path(sys.executable).with_name("makegood")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """What stdout holds when it holds one JSON document and nothing else; numbers are exact."""
        return json.loads(self.out, parse_float=Decimal)


def makegood(*arguments: object) -> Ended:
    """Run a command in this process."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command([str(argument) for argument in arguments])
    return Ended(code, out.getvalue(), err.getvalue())


def makegood_itself(
    *arguments: object, folder: Path, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run the installed command as a process of its own, in a folder."""
    ended = subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
