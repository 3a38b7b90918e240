"""What a draft proposes: components by their monitors, how bad that is, and who is hit.

It is a proposal and nothing else: a person reads it before readers do, unless the service's own
setting lets it go. No amount of a credit depends on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from models.incidents.life import ComponentState, Draft, level_of
from models.incidents.terms import ServiceTerms
from models.intervals import MINUTE_MS
from models.language import LanguageCode

FIRST_PROMISE_MS = 30 * MINUTE_MS
"""How soon a proposal promises the next update."""

IMPACT: Mapping[LanguageCode, Mapping[ComponentState, str]] = {
    LanguageCode.EN: {
        ComponentState.MAJOR_OUTAGE: "{parts} cannot be reached.",
        ComponentState.PARTIAL_OUTAGE: "Requests to {parts} fail or are slow, for some of you.",
    },
    LanguageCode.DE: {
        ComponentState.MAJOR_OUTAGE: "{parts} ist nicht erreichbar.",
        ComponentState.PARTIAL_OUTAGE: "Anfragen an {parts} scheitern bei einigen oder dauern.",
    },
}
MITIGATION = {
    LanguageCode.EN: "Our engineers have been called and are looking for the cause.",
    LanguageCode.DE: "Unsere Technik ist alarmiert und sucht die Ursache.",
}


def proposed(
    service: ServiceTerms,
    *,
    down: Collection[str],
    now: int,
    language: LanguageCode,
) -> Draft:
    """The draft that a guard's decision is proposed with.

    Args:
        service: The service.
        down: The monitors that say down, as `webhook/monitor`.
        now: The instant of the proposal.
        language: The readers'.
    """
    components = {name: _state(part.monitors, down) for name, part in service.components.items()}
    affected = [n for n, state in components.items() if state is not ComponentState.OPERATIONAL]
    parts = ", ".join(service.components[name].name for name in affected) or service.name
    order = list(ComponentState)
    worst = max(components.values(), key=order.index, default=ComponentState.MAJOR_OUTAGE)
    impact = IMPACT[language].get(worst, "").format(parts=parts)
    return Draft(
        scope=parts,
        impact=impact,
        mitigation=MITIGATION[language],
        next_update_by=now + FIRST_PROMISE_MS,
        evidence=tuple(service.evidence),
        level=level_of(components),
        components=MappingProxyType(components),
    )


def _state(monitors: Collection[str], down: Collection[str]) -> ComponentState:
    """A component is out when all that watch it say so, partly out when some do."""
    hit = [name for name in monitors if name in down]
    if not hit:
        return ComponentState.OPERATIONAL
    whole = len(hit) == len(set(monitors))
    return ComponentState.MAJOR_OUTAGE if whole else ComponentState.PARTIAL_OUTAGE
