"""What the requests of all Prefect flows have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

SERVED = "MAKEGOOD_WORKSPACE"
"""The environment variable that names the workspace which a worker serves."""

WorkspaceFolder = Annotated[
    str,
    Field(
        title="Workspace",
        description="The folder that holds makegood.yaml. Empty: the one that the worker serves.",
    ),
]


def workspace_folder(given: str) -> Path:
    """The folder of a workspace: as it was given, or the one that is served here, or this one."""
    return Path(given or os.environ.get(SERVED, "."))
