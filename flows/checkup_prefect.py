"""Whether the Prefect server that is named answers, knows our deployments, and has a worker."""

from __future__ import annotations

from typing import Any

import httpx

from connectors.errors import Misconfigured, Retriable
from flows.checkup_answers import LookError
from flows.settings import PREFECT_API, PREFECT_AUTH, of_prefect

POOL = "makegood"
TIMEOUT_SECONDS = 10
REFUSED = (401, 403)


def ask_prefect() -> str:
    """What the named server answers.

    Raises:
        Retriable: It does not answer.
        Misconfigured: It does not let us in.
        LookError: Flows are not deployed there, or no worker is online.
    """
    address = of_prefect(PREFECT_API)
    if not address:
        return "none is named: commands start one for themselves, `makegood up` one for you"
    name, _, password = of_prefect(PREFECT_AUTH).partition(":")
    auth = httpx.BasicAuth(name, password) if name else None
    try:
        with httpx.Client(
            base_url=address, timeout=TIMEOUT_SECONDS, trust_env=False, auth=auth
        ) as line:
            return _seen(line)
    except (httpx.HTTPError, ValueError) as error:
        message = f"does not answer ({type(error).__name__}). Start it, or unset {PREFECT_API}."
        raise Retriable(message) from None


def _seen(line: httpx.Client) -> str:
    _told(line, "GET", "/health")
    release = _told(line, "GET", "/admin/version")
    pool = {"name": {"any_": [POOL]}}
    deployed = _told(line, "POST", "/deployments/count", work_pools=pool)
    if not deployed:
        message = "answers, and knows no deployment of ours. Run: python -m deployments.register"
        raise LookError(message)
    workers = _told(line, "POST", f"/work_pools/{POOL}/workers/filter")
    online = [one for one in workers if one.get("status") == "ONLINE"]
    if not online:
        message = (
            f"answers, with {deployed} deployments and no worker. Run where Makegood is installed: "
            f"MAKEGOOD_WORKSPACE=<folder> prefect worker start --pool {POOL}"
        )
        raise LookError(message)
    return f"{release} answers, with {deployed} deployments and {len(online)} at work on them"


def _told(line: httpx.Client, method: str, path: str, **body: object) -> Any:  # noqa: ANN401  It is any JSON value.
    answer = line.request(method, path, json=body if method == "POST" else None)
    if answer.status_code in REFUSED:
        message = f"does not let us in (HTTP {answer.status_code}). Set or mend {PREFECT_AUTH}."
        raise Misconfigured(message)
    answer.raise_for_status()
    return answer.json()
