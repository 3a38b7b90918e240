"""The guard once more, slowly: from everything that was ever heard, whole, with loops.

It knows nothing of the guard's code. It lays out when enough kinds agreed, closes the short gaps,
and walks through what falls due. Times are whole numbers of any unit.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lengths:
    """The rule, in the unit of the times."""

    kinds: int = 2
    agree: int = 10
    snooze: int = 16
    bridge: int = 4
    same: int = 60


@dataclass(frozen=True, slots=True)
class Said:
    """One witness of a kind says up or down."""

    at: int
    kind: str
    monitor: str
    down: bool


@dataclass(slots=True)
class Incident:
    """The latest incident."""

    start: int
    standing: str = "draft"
    end: int | None = None


@dataclass(slots=True)
class Told:
    """What was decided: the verdict, when it was due, and which incident it is about."""

    rows: list[tuple[str, int, int | None]] = field(default_factory=list)
    latest: Incident | None = None
    publications: int = 0


def slow(said, lengths, *, now, maintenance=(), acts=()):
    """Every decision until now, in order."""
    return slow_life(said, lengths, now=now, maintenance=maintenance, acts=acts)[0]


def slow_life(said, lengths, *, now, maintenance=(), acts=()):
    """Every decision until now, in order, and how often something was published."""
    raw = agreement(said, lengths)
    moments = []
    for spell in closed(raw, lengths):
        moments += moments_of(spell, raw, lengths, maintenance)
    moments += [(at, 2, "act", what) for at, what in acts]
    told = Told()
    judged = False
    for when, _, what, about in sorted(moments, key=lambda m: m[:2]):
        if when > now:
            continue
        if what == "act":
            act(told, about)
        elif what == "suppress":
            told.rows.append(("suppressed", about, None))
        elif what == "judge":
            judged = True
            judge(told, about, lengths)
        else:
            end(told, about, when, judged, lengths)
            judged = False
    return told.rows, told.publications


def agreement(said, lengths):
    """When enough kinds said down: `[start, end)`, end None while it lasts."""
    spans: list[list[int | None]] = []
    times = sorted({word.at for word in said})
    for index, time in enumerate(times):
        following = times[index + 1] if index + 1 < len(times) else None
        last = {}
        for word in said:
            if word.at <= time:
                last[word.kind, word.monitor] = word.down
        down = {kind for (kind, _), is_down in last.items() if is_down}
        if len(down) < lengths.kinds:
            continue
        if spans and spans[-1][1] == time:
            spans[-1][1] = following
        else:
            spans.append([time, following])
    return spans


def closed(raw, lengths):
    """The spans with gaps closed that are shorter than the bridge."""
    spells: list[list[int | None]] = []
    for start, stop in raw:
        if spells and start - spells[-1][1] < lengths.bridge:
            spells[-1][1] = stop
        else:
            spells.append([start, stop])
    return spells


def moments_of(spell, raw, lengths, maintenance):
    """What falls due because of a spell: when, and what."""
    start, stop = spell
    begun = start
    for begins, ends in sorted(maintenance):
        if begins < begun + lengths.agree and ends > begun:
            begun = ends
    due = begun + lengths.agree
    if begun > start and (when := noticed(start + lengths.agree, spell, raw)) is not None:
        yield when, 0, "suppress", start + lengths.agree
    if (when := noticed(due, spell, raw)) is not None:
        yield when, 1, "judge", (start, begun, due)
    if stop is not None:
        yield stop + lengths.bridge, 1, "end", (start, stop)


def noticed(due, spell, raw):
    """When something due is decided: at once where agreement holds until then, else with a flap."""
    if spell[1] is not None and due > spell[1]:
        return None
    for start, stop in raw:
        if start < due and (stop is None or due <= stop):
            return due
        if start >= due and start >= spell[0] and (spell[1] is None or start < spell[1]):
            return start
    return None


def judge(told, about, lengths):
    """A spell is long enough."""
    start, begun, due = about
    latest = told.latest
    if latest is None or latest.standing == "resolved":
        verdict = "opened"
    elif latest.standing == "public":
        verdict = "joined"
    elif start - latest.end > lengths.same:
        verdict = "opened"
    else:
        verdict = "reopened" if latest.standing == "snoozed" else "joined"
    if verdict == "opened":
        told.latest = Incident(begun)
    elif verdict == "reopened":
        latest.standing, latest.end = "draft", None
    else:
        latest.end = None
    told.rows.append((verdict, due, told.latest.start))


def end(told, about, when, judged, lengths):
    """A spell is over."""
    _, stop = about
    if not judged:
        told.rows.append(("passed", when, None))
        return
    latest = told.latest
    latest.end = stop
    if latest.standing == "draft" and stop - latest.start < lengths.snooze:
        latest.standing = "snoozed"
        told.rows.append(("snoozed", when, latest.start))
    else:
        told.rows.append(("recovered", when, latest.start))


def act(told, what):
    """A person approves, rejects or resolves, where that is possible."""
    latest = told.latest
    allowed = {"public": "draft", "rejected": "draft", "resolved": "public"}
    if latest is not None and latest.standing == allowed[what]:
        latest.standing = what
        told.publications += what == "public"
