"""Where one change in the outside world stands, and what it may become.

An effect is planned with its exact parameters (the intent), attempted, and settled. The rule that
everything else leans on: an attempt whose outcome is unknown is never simply repeated; somebody or
something looks first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

WORKSPACE = "*"
"""The chain that records what belongs to no single contract, such as a month's summary."""


class EffectState(StrEnum):
    """Where an effect stands.

    `planned`: nothing was attempted, or it is certain that nothing happened. `sending`: an attempt
    began; after a crash it may have reached the far side. `done`, `refused`: the far side said so.
    `unknown`: nobody can say. `person`: a person must settle it.
    """

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PERSON = "person"


MAY_BECOME: Mapping[EffectState, frozenset[EffectState]] = {
    EffectState.PLANNED: frozenset({EffectState.PERSON}),
    EffectState.SENDING: frozenset(EffectState) - {EffectState.SENDING},
    EffectState.UNKNOWN: frozenset(EffectState) - {EffectState.SENDING, EffectState.UNKNOWN},
    EffectState.PERSON: frozenset({EffectState.PLANNED, EffectState.DONE, EffectState.REFUSED}),
    EffectState.REFUSED: frozenset({EffectState.PERSON}),
    EffectState.DONE: frozenset(),
}
"""What an effect may be settled as. Done is for ever; a correction is a new effect."""

MAY_BEGIN = frozenset({EffectState.PLANNED, EffectState.SENDING})
"""The states from which an attempt may begin; from `sending` the caller looks before it writes."""
