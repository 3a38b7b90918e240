"""The kinds of credit ladder, one small module each, and their registry.

To add a kind: write a module with a `Ladder` subclass whose `kind` is a `Literal`, and name it in
`AnyLadder` below. Nothing else changes: reading, digests, determination and replay follow.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.kinds.per_block import PerBlock
from models.kinds.per_event import PerEvent
from models.kinds.pro_rata import ProRata
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import UptimeBrackets

AnyLadder = Annotated[
    UptimeBrackets | SingleThreshold | ProRata | PerBlock | PerEvent,
    Field(discriminator="kind"),
]
"""Any credit ladder, told apart by its `kind`."""
