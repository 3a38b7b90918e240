"""A postmortem, compiled from what is known; what only people know is left as a clear gap.

Facts come from the log: the impact window, the timeline in UTC and the readers' zone, how long it
took to notice and to tell, who was hit and what it came to. Causes and actions are for people to
write. A copy that may be shared leaves out names, evidence, notes, clients and amounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from models.incidents.life import Act, ComponentState, Incident, IncidentState
from models.incidents.wording import harmless, moment
from models.intervals import MINUTE_MS, instant
from models.terms import JsonValue

GAP = "[To be written: {what}]"
"""Nothing that a reader could take for a finding."""

GAPS = (
    ("Root cause", "why it happened, and why it was not prevented"),
    ("What went well", "what helped"),
    ("What went wrong", "what made it longer or worse"),
    ("Actions", "what is done so that it does not happen again, by whom, until when"),
)

BARS = 24
"""Signs of a chart line."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a month came to for one client.

    Attributes:
        contract: `client/service`.
        says: The credit and its state, in words.
    """

    contract: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """Everything that one is compiled from.

    Attributes:
        incident: The incident.
        service: The service's name, as readers know it.
        time_zone: Theirs.
        costs: What the month came to, by contract.
        shared: Whether it leaves us: without internal details.
    """

    incident: Incident
    service: str
    time_zone: str
    costs: Sequence[Cost] = ()
    shared: bool = False


Section = tuple[str, tuple[str, ...]]
"""A heading, and its lines; a line that begins with two spaces is a chart."""


def sections(told: Postmortem) -> tuple[Section, ...]:
    """A postmortem, heading by heading."""
    found = [
        ("Impact", tuple(_impact(told))),
        ("How fast", tuple(_times(told.incident))),
        ("Timeline", tuple(_timeline(told))),
    ]
    if not told.shared:
        found.append(("Who was hit", tuple(_hit(told))))
        found.append(("Evidence", told.incident.draft.evidence or ("None was named.",)))
    found += [(heading, (GAP.format(what=what),)) for heading, what in GAPS]
    return tuple(found)


def markdown(told: Postmortem) -> str:
    """The postmortem as Markdown."""
    lines = [f"# {_title(told)}", ""]
    for heading, said in sections(told):
        lines += [f"## {heading}", ""]
        lines += [line if line.startswith("  ") else f"- {_plain(line)}" for line in said]
        lines.append("")
    return "\n".join(lines)


def html(told: Postmortem) -> str:
    """The postmortem as a whole HTML document without outside resources."""
    title = escape(_title(told))
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;",
        "margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere;color:#1a1a1a;background:#fff}",
        "pre{background:#f3f4f6;padding:.5rem;font-size:.75rem;white-space:pre-wrap}",
        "</style></head>",
        f"\n<body><h1>{title}</h1>",
    ]
    for heading, said in sections(told):
        chart = "\n".join(escape(line) for line in said if line.startswith("  "))
        items = [f"<li>{escape(line)}</li>" for line in said if not line.startswith("  ")]
        parts.append(f"\n<h2>{escape(heading)}</h2>")
        parts.append(f"<ul>{''.join(items)}</ul>" if items else "")
        parts.append(f"<pre>{chart}</pre>" if chart else "")
    return "".join([*parts, "\n</body></html>\n"])


def _title(told: Postmortem) -> str:
    return f"{harmless(told.service)}: postmortem of {moment(told.incident.started_at, 'UTC')}"


def _plain(line: str) -> str:
    """A line in which nothing that was typed becomes markup."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|" else sign for sign in line)


def _end(incident: Incident) -> int | None:
    return incident.recovered_at or incident.closed_at


def _impact(told: Postmortem) -> Iterator[str]:
    incident, zone = told.incident, told.time_zone
    end = _end(incident)
    began = moment(incident.started_at, zone)
    if end is None:
        yield f"From {began}; it still lasts."
    else:
        yield f"From {began} to {moment(end, zone)}: {_length(end - incident.started_at)}."
    yield f"What was hit: {harmless(incident.draft.scope) or GAP.format(what='which part')}"
    yield f"What was noticed: {harmless(incident.draft.impact) or GAP.format(what='what')}"
    if not told.shared:
        for name, state in _worst(incident).items():
            yield f"Component {name}: {state.value.replace('_', ' ')} at worst"


def _worst(incident: Incident) -> Mapping[str, ComponentState]:
    """The worst state of each component in anything that was drafted or said."""
    records = [move["draft"]["components"] for move in incident.history if move.get("draft")]
    order, worst = list(ComponentState), dict(incident.draft.components)
    for record in records:
        for name, said in record.items():
            state = ComponentState(said)
            worst[name] = max(state, worst.get(name, state), key=order.index)
    return worst


def _times(incident: Incident) -> Iterator[str]:
    start = incident.started_at
    yield f"Until the draft: {_length(incident.drafted_at - start)}"
    if incident.approved_at is not None:
        yield f"Until somebody let it go: {_length(incident.approved_at - start)}"
    first = next((m for m in incident.history if m["act"] == Act.PUBLISHED.value), None)
    if first is not None:
        yield f"Until readers were told: {_length(_instant(first['at']) - start)}"
    if (end := _end(incident)) is not None:
        yield f"Until it was over: {_length(end - start)}"
    if incident.state is IncidentState.RESOLVED and incident.closed_at is not None:
        yield f"Until readers knew that: {_length(incident.closed_at - start)}"
    yield from _chart(incident)


def _chart(incident: Incident) -> Iterator[str]:
    """The outage and each state that readers saw, as bars over the same time."""
    end = max(incident.closed_at or 0, _end(incident) or 0, incident.drafted_at)
    whole = max(end - incident.started_at, 1)
    spans = [("outage", incident.started_at, _end(incident) or end)]
    updates = incident.updates
    for index, update in enumerate(updates):
        until = updates[index + 1].at if index + 1 < len(updates) else end
        spans.append((update.state.value, update.at, until))
    for name, begins, ends in spans:
        first = (begins - incident.started_at) * BARS // whole
        last = max(first + 1, (ends - incident.started_at) * BARS // whole)
        yield f"  {name:<14}{' ' * first}{'#' * (last - first)}"


def _timeline(told: Postmortem) -> Iterator[str]:
    if told.incident.started_at < told.incident.drafted_at:
        yield f"{moment(told.incident.started_at, told.time_zone)}: it begins"
    for move in told.incident.history:
        if said := _said(move, shared=told.shared):
            yield f"{moment(_instant(move['at']), told.time_zone)}: {said}"


def _said(move: Mapping[str, JsonValue], *, shared: bool) -> str:
    """What a move says here; "" for what is not told."""
    by = "" if shared or not move.get("by") else f" by {move['by']}"
    match Act(move["act"]):
        case Act.GUARDED:
            return _guarded(move["decision"], shared=shared)
        case Act.APPROVED | Act.UPDATED:
            return f"{move['state']}{by}: {harmless(move['text'])}"
        case Act.PUBLISHED:
            return "" if shared else f"update {move['update']} is on {move['page']}"
        case Act.NOTICED:
            return f"the page shows {move['state']}"
        case Act.NOTED:
            return "" if shared else f"note{by}: {harmless(move['text'])}"
        case _:
            return "" if shared else f"{move['act']}{by}"


def _guarded(decision: Mapping[str, JsonValue], *, shared: bool) -> str:
    names = sorted({f"{one['source']}/{one['monitor']}" for one in decision.get("down", ())})
    by = f" ({', '.join(names)})" if names and not shared else ""
    return f"the guard: {decision['verdict']}{by}"


def _hit(told: Postmortem) -> Iterator[str]:
    yield f"Clients: {', '.join(told.incident.clients) or 'none with a contract'}"
    yield from (f"{cost.contract}: {cost.says}" for cost in told.costs)
    if not told.costs:
        yield "The month is not decided yet; its evidence decides, not this incident."


def _length(milliseconds: int) -> str:
    """A length in hours and minutes, rounded down to whole minutes.

    >>> _length(3_600_000 * 25 + 60_000 * 4), _length(59_999)
    ('25 h 4 min', '0 min')
    """
    hours, minutes = divmod(milliseconds // MINUTE_MS, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _instant(text: str) -> int:
    return instant(datetime.fromisoformat(text))
