"""What must be there before readers are told: the checklist, and how often they may be told more.

Both are asked when a person, or a service's own rule, wants to let an incident go or to say more of
it. All that is missing is said at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.findings import Finding
from models.incidents.life import (
    MAY_BECOME,
    ComponentState,
    Draft,
    Incident,
    IncidentState,
    level_of,
)
from models.intervals import MINUTE_MS, utc_text

BETWEEN_MS = 30 * MINUTE_MS
"""Between two updates that say the same state.

Source: the template bundle's guardrails: a cadence of every 30 minutes, always with a next update.
"""

LONGEST_PROMISE_MS = 24 * 60 * MINUTE_MS
"""How far ahead the next update may be promised."""

LINK = re.compile(r"https?://[^\s<>\"]{1,800}")

LONGEST_TEXT = 2_000
"""Characters of one field."""


def unmet(incident: str, draft: Draft, state: IncidentState, *, now: int) -> tuple[Finding, ...]:
    """Everything on the checklist that a draft does not meet; empty when it may be published.

    Args:
        incident: The incident's id.
        draft: What is to be said.
        state: What the page is to show.
        now: The present instant.
    """
    return tuple(
        Finding(place=incident, field=field, fact=fact, expected=expected, remedy=remedy)
        for field, fact, expected, remedy in _unmet(draft, state, now)
    )


def _unmet(draft: Draft, state: IncidentState, now: int) -> Iterator[tuple[str, str, str, str]]:
    needed = {"scope": "which product or part", "impact": "what readers may notice"}
    if state is not IncidentState.RESOLVED:
        needed["mitigation"] = "what is being done"
    if state in {IncidentState.IDENTIFIED, IncidentState.RESOLVED}:
        needed["cause"] = "why it happened, or that this is still being looked into"
    for field, what in needed.items():
        if not getattr(draft, field).strip():
            yield field, "is missing", what, f"Give it with --{field}."
    for field in Draft.TEXTS:
        if len(getattr(draft, field)) > LONGEST_TEXT:
            yield field, "is too long", f"at most {LONGEST_TEXT} characters", "Shorten it."
    yield from _unpromised(draft, state, now)
    yield from _unproven(draft)
    yield from _unmatched(draft, state)


def _unpromised(
    draft: Draft, state: IncidentState, now: int
) -> Iterator[tuple[str, str, str, str]]:
    by, field = draft.next_update_by, "next_update_by"
    remedy = "Give it with --next-update-by, such as 14:30, or --next-update-in 30."
    if state is IncidentState.RESOLVED:
        return
    if by is None:
        yield field, "is missing", "until when readers hear more", remedy
    elif not now < by <= now + LONGEST_PROMISE_MS:
        expected = f"a time within a day after {utc_text(now)}"
        yield field, f"is {utc_text(by)}", expected, remedy


def _unproven(draft: Draft) -> Iterator[tuple[str, str, str, str]]:
    expected, remedy = "links to dashboards or logs", "Give each with --evidence https://..."
    if not draft.evidence:
        yield "evidence", "is missing", expected, remedy
    for link in draft.evidence:
        if not LINK.fullmatch(link):
            yield "evidence", f"has {link[:80]!r}", expected, remedy


def _unmatched(draft: Draft, state: IncidentState) -> Iterator[tuple[str, str, str, str]]:
    if not draft.components:
        yield "components", "names none", "at least one", "Give it with --component NAME=STATE."
        return
    if state is IncidentState.RESOLVED:
        left = [n for n, s in draft.components.items() if s is not ComponentState.OPERATIONAL]
        if left:
            fact, remedy = f"has {', '.join(sorted(left))} not operational", "Set it operational."
            yield "components", fact, "every component operational once resolved", remedy
        return
    level = level_of(draft.components)
    if draft.level is not level:
        yield (
            "level",
            f"is {draft.level.value}, and the components come to {level.value}",
            "an impact that matches the components",
            f"Give --level {level.value}, or correct the components.",
        )


def unready(incident: Incident, state: IncidentState, *, now: int) -> Finding | None:
    """Why an incident cannot be brought to a state now; None when it can.

    Readers hear of it at most every half hour, unless the state changes.
    """
    if state not in MAY_BECOME[incident.state]:
        may = ", ".join(sorted(s.value for s in MAY_BECOME[incident.state])) or "nothing more"
        return Finding(
            place=incident.id,
            fact=f"is {incident.state.value} and cannot become {state.value}",
            expected=may,
            remedy="Look at it again: makegood incidents show.",
        )
    said = incident.said
    if said is None or said.state is not state or now - said.at >= BETWEEN_MS:
        return None
    return Finding(
        place=incident.id,
        fact=f"said {state.value} at {utc_text(said.at)}",
        expected=f"half an hour between two updates of one state, until "
        f"{utc_text(said.at + BETWEEN_MS)}",
        remedy="Wait, or tell another state.",
    )
