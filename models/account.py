"""What is said about a measured month: why it has no uptime, and how it came to the one it has.

The sentences go into the decision log and to people. Every step that changed something is named
with its numbers; nothing is decided here but whether the month is withheld.
"""

from __future__ import annotations

from fractions import Fraction

from models.intervals import IntervalSet
from models.measurement import ExclusionMode, NoData
from models.observed import Observed
from models.printing import number_text, percent_text
from models.tally import Effect, Tally, seconds, spelled, tallied, union
from models.terms import plain


def withheld_because(observed: Observed, tally: Tally, silent_ms: int) -> str:
    """Everything that keeps the month from having an uptime; "" when nothing does."""
    found = [
        *_beyond_quorum(observed),
        *_thin_coverage(observed, silent_ms),
        *_nothing_measurable(tally),
        *_unknown_left(observed, tally),
    ]
    return "; ".join(found)


def _beyond_quorum(observed: Observed) -> list[str]:
    """Rules that ask for more probes than there are could never find the service down."""
    terms = observed.terms
    asked = [
        ("regions_down_when", terms.regions_down_when, len(r), "regions") for r in observed.probes
    ]
    asked.append(("monitors_down_when", terms.monitors_down_when, len(observed.probes), "monitors"))
    if terms.corroborated_by is not None:
        kinds = f"kinds of witness ({', '.join(sorted(set(observed.kinds)))})"
        asked.append(("corroborated_by", terms.corroborated_by, len(set(observed.kinds)), kinds))
    return list(
        dict.fromkeys(
            f"{name} asks for {rule} {what}, but there are {there}"
            for name, rule, there, what in asked
            if isinstance(rule, int) and rule > there > 0
        )
    )


def _thin_coverage(observed: Observed, silent_ms: int) -> list[str]:
    least = observed.terms.minimum_coverage_percent
    coverage = 1 - Fraction(silent_ms, observed.month.length)
    if least is None or coverage * 100 >= Fraction(least):
        return []
    return [f"coverage is {percent_text(coverage)}, below the minimum of {plain(least)} %"]


def _nothing_measurable(tally: Tally) -> list[str]:
    if tally.measured_units:
        return []
    if tally.windows and not tally.windows.total:
        return ["no measurable time: not one measurement window fits"]
    return ["no measurable time: all of the month is excluded"]


def _unknown_left(observed: Observed, tally: Tally) -> list[str]:
    if not tally.unknown_units:
        return []
    policy = observed.terms.no_data
    why = "there is no earlier state to carry" if policy is NoData.CARRY else f"no_data is {policy}"
    if tally.windows:
        return [f"{_many(tally.unknown_units, 'measurement window')} cannot be judged, and {why}"]
    return [f"{spelled(tally.unknown_units)} has no known state, and {why}"]


def reasons_of(observed: Observed, effect: Effect, tally: Tally, withheld: str) -> tuple[str, ...]:
    """How the month was measured, one sentence per step, in order."""
    return (
        *_about_votes(observed),
        *_about_silence(observed),
        *_about_outages(tally),
        *_about_exclusions(observed, effect, tally),
        f"withheld: {withheld}" if withheld else _formula(observed, tally),
    )


def _about_votes(observed: Observed) -> list[str]:
    terms, month = observed.terms, observed.month
    standings = [standing for regions in observed.probes for _, standing in regions]
    if len(standings) <= 1:
        return []
    most = max(len(regions) for regions in observed.probes)
    some = union([standing.down for standing in standings]).clip(month) - observed.voted.down
    voters = [f"{terms.regions_down_when} of {most} regions"] if most > 1 else []
    if len(observed.probes) > 1:
        voters.append(f"{terms.monitors_down_when} of {len(observed.probes)} monitors")
    if terms.corroborated_by is not None:
        voters.append(f"{terms.corroborated_by} of {len(set(observed.kinds))} kinds of witness")
    rule = f"down means {' and '.join(voters)}, counted over {terms.quorum_base}"
    return [f"{rule}; {spelled(some.length)} was down for some only and is not down by that rule"]


def _about_silence(observed: Observed) -> list[str]:
    terms, month = observed.terms, observed.month
    silent = observed.voted.unknown.clip(month)
    if not silent:
        return []
    stale = terms.stale_after_minutes
    means = f" (a state is stale after {plain(stale)} min of silence)" if stale is not None else ""
    coverage = 1 - Fraction(silent.length, month.length)
    return [
        f"{spelled(silent.length)} has no known state{means}: coverage {percent_text(coverage)}",
        f"no_data is {terms.no_data}: {_meaning(observed, silent)}",
    ]


def _meaning(observed: Observed, silent: IntervalSet) -> str:
    """What the no-data policy makes of the month's time without a known state."""
    match observed.terms.no_data:
        case NoData.WITHHOLD:
            return "it stays unknown"
        case NoData.EXCLUDED:
            return "it leaves the sum"
        case NoData.UP | NoData.DOWN as known:
            return f"it counts as {known}"
        case NoData.CARRY:
            as_down = spelled((observed.down & silent).length)
            return f"it takes the state before it, {as_down} of it down"


def _about_outages(tally: Tally) -> list[str]:
    outages = tally.outages
    if not outages:
        return ["no outage touches the month"]
    ignored = [place for place, ms in enumerate(outages.counted_ms) if not ms]
    said = [f"{_many(len(outages), 'outage')}, {spelled(tally.down.length)} counted as downtime"]
    if ignored:
        first = outages[ignored[0]]
        example = f"{first.whole}: {first.ignored}"
        said.append(f"{_many(len(ignored), 'outage')} ignored, the first {example}")
    return said


def _about_exclusions(observed: Observed, effect: Effect, tally: Tally) -> list[str]:
    if not effect.spared:
        return []
    without = tallied(observed, Effect())
    spared = without.down.length - tally.down.length
    said = f"exclusions take {spelled(effect.taken.length)} out of the month"
    said += f" and {spelled(spared)} out of its downtime"
    before, after = without.decided, tally.decided
    if before is None or after is None or after >= before:
        return [said]
    lower = (
        "uptime is lower than without exclusions "
        f"({percent_text(after)} instead of {percent_text(before)}): excluded time leaves both "
        "sides of the fraction, so the same downtime is a share of less time"
    )
    return [said, lower]


def _formula(observed: Observed, tally: Tally) -> str:
    windows = tally.windows
    if windows:
        total, lost, left_out, unit = windows.total, windows.error, windows.excluded, "windows"
    else:
        total, lost, left_out = observed.month.length, tally.down.length, tally.excluded.length
        unit = "s"
    texts = [_number(amount, unit) for amount in (total, lost, left_out)]
    uptime = percent_text(Fraction(tally.up_units, tally.measured_units))
    if left_out and observed.terms.exclusion_mode is ExclusionMode.LEAVES_BOTH_SIDES:
        sides = f"({texts[0]} - {texts[1]} - {texts[2]}) / ({texts[0]} - {texts[2]})"
    else:
        sides = f"({texts[0]} - {texts[1]}) / {texts[0]}"
    return f"uptime = {sides} {unit} = {uptime}"


def _number(amount: int, unit: str) -> str:
    return str(amount) if unit == "windows" else number_text(seconds(amount), 3)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
