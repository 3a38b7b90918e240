"""`makegood up`: Makegood as a service, with Prefect's pages to look at."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.exits import Exit, say
from deployments.cli.options import Workspace
from deployments.service import service, wait
from flows.office import read_terms

HERE = Path()
PREFECT_HOME = "PREFECT_HOME"


def up(
    *,
    workspace: Workspace = HERE,
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Where the pages listen on this machine.")
    ] = 4200,
) -> int:
    """Start Prefect with every flow deployed, its schedules and a worker.

    Everything runs on this machine until you end it with Ctrl-C, for one person: nobody else can
    reach it. What Prefect remembers lies in `.prefect` in the workspace, or in PREFECT_HOME.
    """
    read_terms(workspace)
    # Whoever stops services sends SIGTERM, and a shell in the background ignores SIGINT.
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, signal.default_int_handler)
    home = Path(os.environ.get(PREFECT_HOME) or workspace / ".prefect")
    with service(workspace, home=home, port=port, tell=say) as running:
        say(f"Open {running.address}/deployments. Ctrl-C ends all of it.")
        try:
            wait(running)
        except KeyboardInterrupt:
            say("Ending.")
    return Exit.DONE
