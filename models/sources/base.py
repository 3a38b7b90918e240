"""What every source of evidence has in a workspace, whoever answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from models.signals import SignalKind
from models.terms import Name, Slug, Terms

__all__ = ["Address", "Asked", "FileSource", "Identified", "SignalKind", "Source"]

ADDRESS = r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$"

Address = Annotated[str, Field(max_length=2000, pattern=ADDRESS)]
"""Where a service answers, without user, password or query: `http://prometheus:9090`."""


class Identified(Terms):
    """Something outside that a workspace names.

    Attributes:
        id: Unique in the workspace; what it says is recorded under it, and its secrets are looked
            for in the environment as `MAKEGOOD_SOURCE_<ID>_...`, in capitals with underscores.
        SECRETS: What it may look for there, such as `TOKEN`.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ()

    id: Slug

    def secret_name(self, what: str) -> str:
        """The environment variable that holds a secret of this source.

        >>> Source(id="eu-prom").secret_name("TOKEN")
        'MAKEGOOD_SOURCE_EU_PROM_TOKEN'
        """
        return f"MAKEGOOD_SOURCE_{self.id.upper().replace('-', '_').replace('.', '_')}_{what}"

    def secret_names(self) -> tuple[str, ...]:
        """Every environment variable that this source may look at."""
        return tuple(self.secret_name(what) for what in self.SECRETS)


class Source(Identified):
    """What every source of evidence has.

    Attributes:
        signal: What kind of witness its monitors are; a monitor's own entry may say otherwise.
    """

    signal: SignalKind = SignalKind.EXTERNAL

    def signal_of(self, monitor: str) -> SignalKind:
        """What kind of witness a monitor is: by its own entry, else as the whole source.

        >>> Source(id="eu-prom", signal=SignalKind.SYNTHETIC).signal_of("api")
        <SignalKind.SYNTHETIC: 'synthetic'>
        """
        entries = getattr(self, "monitors", None)
        entry = entries.get(monitor) if isinstance(entries, Mapping) else None
        return getattr(entry, "signal", None) or self.signal


class Asked(Source):
    """A source that is asked over the network.

    Attributes:
        address: Where it answers; None for the vendor's own address.
        timeout_seconds: How long one answer may take.
    """

    address: Address | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30


class FileSource(Source):
    """A source that lies in files.

    Attributes:
        path: A file, or a pattern such as `checks/*.parquet`.
    """

    path: Name
