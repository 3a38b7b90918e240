"""The exclusions role: what others recorded that may be excluded, such as maintenance.

This stands beside the first step of the month. A source translates what its calendar or vendor
says into events; it never decides whether an event counts, nor whether its notice is proven.
"""

from __future__ import annotations

from typing import Protocol

from models.exclusion import ExclusionEvent
from models.intervals import Interval

__all__ = ["ExclusionSource"]


class ExclusionSource(Protocol):
    """The promise of every source of exclusions.

    Reading has no effects and may be repeated at any time; with an unchanged source it answers the
    same. What it answers is whole: a page that cannot be had, or an entry that cannot be used, is
    an error and never a missing event.
    """

    @property
    def id(self) -> str:
        """The source's name in the workspace."""
        ...

    def events(self, span: Interval) -> tuple[ExclusionEvent, ...]:
        """Every event that touches the span, at its whole length, rising by start and id.

        An event's id starts with the source's and stays the same while the source is asked again,
        also when the event is moved or lengthened. `announced_at` and `author` are what the source
        states; None where it does not.

        Raises:
            UnusableInputError: The source's content or configuration cannot be used; every finding
                is listed.
            ConnectorError: The source could not be asked; classed by what helps.
        """
        ...
