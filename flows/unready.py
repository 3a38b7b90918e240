"""Sources that lack a secret: an error when they are asked, and not for what never asks them.

Who explains or releases a month reads what was recorded; that must not need the keys of monitors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from connectors.errors import Misconfigured
from connectors.monitoring import Capability, Wanted
from models.intervals import Interval


@dataclass(frozen=True, slots=True)
class UnreadySource:
    """A source of evidence that cannot be asked.

    Attributes:
        id: The source's name in the workspace.
        why: What is missing.
    """

    id: str
    why: Misconfigured

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Timelines, if it could be asked."""
        return frozenset({Capability.TIMELINES})

    def read(self, wanted: Wanted) -> NoReturn:
        """Say what is missing.

        Raises:
            Misconfigured: Always.
        """
        raise self.why


@dataclass(frozen=True, slots=True)
class UnreadyExclusions:
    """A source of exclusions that cannot be asked.

    Attributes:
        id: The source's name in the workspace.
        why: What is missing.
    """

    id: str
    why: Misconfigured

    def events(self, span: Interval) -> NoReturn:
        """Say what is missing.

        Raises:
            Misconfigured: Always.
        """
        raise self.why
