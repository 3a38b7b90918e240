"""Tell a Prefect server of every deployment: the work pool, `prefect.yaml`, the automations.

    python -m deployments.register

The pool runs one flow at a time, which the open-source server keeps to without leases. Running it
again brings everything up to date and keeps schedules that were paused. It needs `PREFECT_API_URL`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from connectors.errors import Misconfigured
from deployments.automations import register_automations

POOL = "makegood"
FILE = Path(__file__).with_name("prefect.yaml")
ROOT = FILE.parent.parent
AT_ONCE = 1


def register() -> None:
    """Make the work pool, deploy everything that `prefect.yaml` names, and make the automations.

    Raises:
        Misconfigured: Prefect refuses; what it says.
    """
    _make_pool()
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    # A pull step would look for the code elsewhere; it is installed where the worker runs.
    done = subprocess.run(  # noqa: S603  The command is ours, without anything from outside.
        [*command, "--prefect-file", str(FILE)],
        cwd=ROOT,
        env={**os.environ, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())[-2000:]
        message = f"prefect deploy: ended with {done.returncode}: {said}"
        raise Misconfigured(message)
    register_automations()


def _make_pool() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound
    from prefect.workers.process import ProcessWorker

    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            pool = WorkPoolCreate(
                name=POOL,
                type=ProcessWorker.type,
                base_job_template=ProcessWorker.get_default_base_job_template(),
                concurrency_limit=AT_ONCE,
            )
            client.create_work_pool(pool)
        else:
            client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=AT_ONCE))


if __name__ == "__main__":
    register()
