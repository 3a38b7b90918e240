"""What kind of witness a monitor is; corroboration asks for different ones."""

from __future__ import annotations

from enum import StrEnum


class SignalKind(StrEnum):
    """What kind of witness a monitor is.

    EXTERNAL: asked from outside, such as a ping or an HTTP check. FIRST_PARTY: what the service
    itself counted, such as its error rate. SYNTHETIC: a scripted use of the service.
    """

    EXTERNAL = "external"
    FIRST_PARTY = "first_party"
    SYNTHETIC = "synthetic"
