"""How talking to the outside can fail, classed by what is to be done next.

A connector translates every error of its library or vendor into one of these. The message reads
*where: the fact; what was expected. What to do; what already happened.* It never holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ConnectorError(Exception):
    """The far side did not do what was asked; the subclasses say what to do about it.

    Attributes:
        status: The code of the answer, by HTTP or SMTP; None when there was none.
        facts: What else is kept with the attempt, such as who has a message that only some have.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.facts = dict(facts or {})


class Retriable(ConnectorError):
    """Nothing was changed, and the same request may succeed later."""


class Permanent(ConnectorError):
    """Refused: nothing was changed, and repeating the request cannot help."""


class OutcomeUnknown(ConnectorError):
    """The request may or may not have been carried out; look before writing again."""


class PersonNeeded(OutcomeUnknown):
    """It may have been carried out, and no look by a program can settle it: a person must."""


class Misconfigured(ConnectorError):
    """Address, credentials or permissions are wrong; a person must mend the configuration."""
