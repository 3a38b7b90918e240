"""Secret blocks of a Prefect server: the second place in which a secret may lie.

Whoever may read the server's API may read them, so a server that holds any asks for a password. A
value goes to whoever asked for it, and into no message.
"""

from __future__ import annotations

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from connectors.errors import Misconfigured, Retriable

KIND = "secret"


def secret_block(name: str) -> str | None:
    """What a Secret block holds; None where there is no such block.

    Args:
        name: The block's own name, such as `makegood-stripe-key`.

    Raises:
        Retriable: The server cannot be asked.
        Misconfigured: The block holds something else than text.
    """
    try:
        with get_client(sync_client=True) as client:
            block = client.read_block_document_by_name(name, KIND)
    except ObjectNotFound:
        return None
    except (httpx.HTTPError, RuntimeError) as error:
        kind = type(error).__name__
        message = f"Secret block {name}: Prefect's server does not tell it ({kind}). Run it again."
        raise Retriable(message) from None
    value = block.data.get("value")
    if not isinstance(value, str):
        message = f"Secret block {name}: holds no text; text was expected. Save it anew as text."
        raise Misconfigured(message)
    return value.strip() or None
