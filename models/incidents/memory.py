"""What the guard remembers of a service, as canonical JSON and back: nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.incidents.guard import Guard, Latest, Spell, Standing, Word
from models.incidents.signal import Condition
from models.terms import JsonValue


def recorded(guard: Guard) -> dict[str, JsonValue]:
    """The guard's memory as canonical JSON values."""
    spell, latest = guard.spell, guard.latest
    return {
        "at": guard.at,
        "last_end": guard.last_end,
        "words": [
            [*place, word.condition.value, word.since, word.number]
            for place, word in sorted(guard.words.items())
        ],
        "spell": spell and [spell.start, spell.lost_at, spell.judged, spell.suppressed],
        "latest": latest and [latest.started_at, latest.standing.value, latest.ended_at],
    }


def remembered(record: Mapping[str, JsonValue] | None) -> Guard:
    """The guard of a memory; a new one where there is none."""
    if record is None:
        return Guard()
    latest = record["latest"]
    words = {
        (source, monitor, region): Word(Condition(condition), since, number)
        for source, monitor, region, condition, since, number in record["words"]
    }
    return Guard(
        at=record["at"],
        words=MappingProxyType(words),
        spell=record["spell"] and Spell(*record["spell"]),
        last_end=record["last_end"],
        latest=latest and Latest(latest[0], Standing(latest[1]), latest[2]),
    )
