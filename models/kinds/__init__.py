"""The kinds of credit ladder, one small module each, and their registry.

To add a kind: write a module with a `Ladder` subclass whose `kind` is a `Literal`, and name it in
`SimpleLadder` (`simple`). Nothing else changes: reading, digests, determination and replay follow.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.kinds.by_class import ByClass
from models.kinds.combined import Combined
from models.kinds.simple import SimpleLadder

AnyLadder = Annotated[SimpleLadder | Combined | ByClass, Field(discriminator="kind")]
"""Any credit ladder, told apart by its `kind`."""
