"""Upptime repositories: sites whose state is told by the history of a git repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from models.sources.base import SignalKind, Source
from models.sources.files import BadRows
from models.terms import Minutes, Name, Terms

SITE = r"^[^/\x00-\x1f\x7f]+$"


SiteName = Annotated[str, Field(max_length=200, pattern=SITE)]
"""A site as Upptime calls its file: `history/<name>.yml`."""


class UpptimeSite(Terms):
    """How an Upptime repository knows a monitor.

    Attributes:
        site: The name of its file in `history/`, without `.yml`.
        formerly: Earlier names, whose history is its own too.
        signal: What kind of witness it is; None as the whole source.
    """

    site: SiteName
    formerly: tuple[SiteName, ...] = ()
    signal: SignalKind | None = None


class Upptime(Source):
    """A clone of an Upptime repository; Makegood reads it and never fetches.

    Attributes:
        repository: The folder of the clone, bare or not.
        branch: The branch whose history counts; None for the one that is checked out.
        monitors: The contract's name of each monitor, and its site.
        spacing_minutes: How often Upptime looks; it commits only changes, and bounds of the uptime
            are as wide as that. None where nobody knows.
        bad_rows: What unusable entries do.
    """

    kind: Literal["upptime"]
    repository: Name
    branch: Name | None = None
    monitors: Annotated[Mapping[Name, UpptimeSite], Field(min_length=1)]
    spacing_minutes: Minutes | None = None
    bad_rows: BadRows = BadRows.REFUSE
