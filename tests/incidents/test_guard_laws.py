"""The guard against its slow twin: drawn lives, step by step, and real sequences at many speeds."""

import csv
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from heapq import heapify, heappop, heappush

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.incidents.guard import (
    Decision,
    Guard,
    GuardRule,
    Standing,
    Verdict,
    Watched,
    hear,
    stands,
    until,
)
from models.incidents.signal import Condition, Heard, Signal
from models.intervals import IntervalSet, instant
from models.signals import SignalKind
from tests.house.project import ROOT
from tests.incidents.slow_guard import Lengths, Said, slow, slow_life

OBSERVATIONS = ROOT.parent / "shared/data/upptime/observations.csv"
KINDS = {kind.value: kind for kind in SignalKind}
MONITORS = ("one", "two")
ALLOWED = {
    Standing.PUBLIC: Standing.DRAFT,
    Standing.REJECTED: Standing.DRAFT,
    Standing.RESOLVED: Standing.PUBLIC,
}


def watching(lengths, maintenance=()):
    """The same rule for the guard; a source for each kind, with any monitor."""
    guard_rule = GuardRule(
        kinds=lengths.kinds,
        agree_ms=lengths.agree,
        snooze_ms=lengths.snooze,
        bridge_ms=lengths.bridge,
        same_ms=lengths.same,
    )
    kinds = {(kind, monitor): KINDS[kind] for kind in KINDS for monitor in MONITORS}
    return Watched(guard_rule, kinds, IntervalSet.of(maintenance))


def heard(number, said):
    """What was said, heard at the same moment."""
    condition = Condition.DOWN if said.down else Condition.UP
    signal = Signal(source=said.kind, monitor=said.monitor, condition=condition, at=said.at)
    return Heard(number, signal, said.at)


def rows(decisions):
    """Decisions as the slow twin tells them."""
    return [(d.verdict.value, d.at, d.incident) for d in decisions]


def acted(guard, standing):
    """The guard after a person brought the latest incident there, where that is possible."""
    latest = guard.latest
    if latest is None or latest.standing is not ALLOWED[standing]:
        return guard
    return stands(guard, standing, started_at=latest.started_at)


class Lives(RuleBasedStateMachine):
    """A service's life: witnesses, people and time, in any order."""

    def __init__(self):
        super().__init__()
        self.now, self.said, self.acts = 0, [], []
        self.guard, self.decided = Guard(), []
        self.lazy, self.lazily = Guard(), []

    @initialize(
        lengths=st.builds(
            Lengths,
            kinds=st.integers(1, 3),
            agree=st.integers(1, 12),
            snooze=st.integers(0, 24),
            bridge=st.integers(1, 5),
            same=st.integers(0, 40),
        ),
        maintenance=st.lists(
            st.tuples(st.integers(0, 120), st.integers(1, 25)).map(lambda p: (p[0], p[0] + p[1])),
            max_size=3,
        ),
    )
    def begin(self, lengths, maintenance):
        """Any rule, with any maintenance."""
        self.lengths = lengths
        self.watched = watching(self.lengths, maintenance)

    def advance(self, by):
        """Let time pass; the eager guard is asked at every moment, the lazy one is not."""
        for _ in range(by):
            self.now += 1
            self.guard, decisions = until(self.guard, self.now, self.watched)
            self.decided += decisions

    @rule(
        kind=st.sampled_from(sorted(KINDS)),
        monitor=st.sampled_from(MONITORS),
        down=st.sampled_from([True, True, False]),
        after=st.integers(1, 6),
    )
    def witness(self, kind, monitor, down, after):
        """A witness says something, new or not."""
        self.advance(after)
        said = Said(self.now, kind, monitor, down)
        self.said.append(said)
        number = len(self.said)
        self.guard, decisions = hear(self.guard, heard(number, said), self.watched)
        self.decided += decisions
        self.lazy, lazily = hear(self.lazy, heard(number, said), self.watched)
        self.lazily += lazily

    @rule(by=st.integers(1, 30))
    def wait(self, by):
        """Nothing is heard."""
        self.advance(by)

    @rule(
        standing=st.sampled_from([Standing.PUBLIC, Standing.REJECTED, Standing.RESOLVED]),
        after=st.integers(1, 4),
    )
    def person(self, standing, after):
        """Somebody approves, rejects or resolves."""
        self.advance(after)
        self.acts.append((self.now, standing.value))
        self.guard = acted(self.guard, standing)
        self.lazy, lazily = until(self.lazy, self.now, self.watched)
        self.lazily += lazily
        self.lazy = acted(self.lazy, standing)

    @invariant()
    def the_slow_twin_agrees(self):
        """Every verdict, its moment and its incident, after every step."""
        if not self.said:
            return
        maintenance = self.watched.maintenance.spans
        expected = slow(
            self.said, self.lengths, now=self.now, maintenance=maintenance, acts=self.acts
        )
        assert rows(self.decided) == expected

    @invariant()
    def asking_more_often_decides_nothing_else(self):
        """A guard that is asked only when something happens decides the same, at the same times."""
        lazy, later = until(self.lazy, self.now, self.watched) if self.said else (None, ())
        assert lazy is None or [*self.lazily, *later] == self.decided
        assert lazy is None or lazy == self.guard

    @invariant()
    def no_outage_has_two_incidents(self):
        """Incidents begin one after the other, each at a moment of its own."""
        opened = [d.incident for d in self.decided if d.verdict is Verdict.OPENED]
        assert opened == sorted(set(opened))


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)


@cache
def observed():
    """What Upptime saw of each real site: when it changed, and whether it was down then."""
    sites = defaultdict(list)
    with OBSERVATIONS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = instant(datetime.fromisoformat(row["observed_at_utc"]))
            sites[row["source"], row["site"]].append((at, row["status"] == "down"))
    return {site: sorted(set(seen)) for site, seen in sites.items()}


needs_observations = pytest.mark.skipif(
    not OBSERVATIONS.exists(), reason=f"needs {OBSERVATIONS.name} beside the project"
)

DRAFTS = {Verdict.OPENED, Verdict.REOPENED}
EXPECTED = {1: (95, 4, 90), 13: (58, 8, 49), 60: (56, 18, 34), 720: (8, 1, 3), 8640: (4, 0, 0)}
"""Drafts, snoozes and publications over all sites, by how much faster time runs."""

AS_PUBLISHED = Lengths(2, 300_000, 480_000, 120_000, 1_800_000)


def replayed(seen, *, speed, lag):
    """A site as two witnesses told it, so many times faster; the second one so much later."""
    first = seen[0][0]
    said = []
    for at, down in seen:
        moment = (at - first) // speed
        said.append(Said(moment, "external", "one", down))
        said.append(Said(moment + lag, "first_party", "one", down))
    said.sort(key=lambda word: word.at)
    # Of two words of one witness at one moment the later one holds.
    return list({(word.at, word.kind): word for word in said}.values())


PUBLISHED_AFTER = 600_000
"""Somebody approves each draft that still stands ten minutes after it was opened."""


def lived(said, watched, *, end):
    """What the guard decides, and when people approve what it drafted."""
    guard, acts = Guard(), []
    decided: list[Decision] = []
    moments = [(word.at, 1, number, word) for number, word in enumerate(said, start=1)]
    heapify(moments)
    while moments:
        at, _, number, word = heappop(moments)
        if word is None:
            guard, decisions = until(guard, at, watched)
            guard = acted(guard, Standing.PUBLIC)
            acts.append((at, Standing.PUBLIC.value))
        else:
            guard, decisions = hear(guard, heard(number, word), watched)
        decided += decisions
        for drafted in (d for d in decisions if d.verdict in DRAFTS):
            heappush(moments, (max(at, drafted.at + PUBLISHED_AFTER), 2, 0, None))
    guard, decisions = until(guard, end, watched)
    return [*decided, *decisions], acts


@needs_observations
@pytest.mark.parametrize("speed", sorted(EXPECTED))
def test_real_sequences_come_to_what_the_slow_twin_says(speed):
    """Flapping sites, month-long degradations and late recoveries, a month in five minutes even.

    The number of drafts, snoozes and publications is equal, and every moment, for every site.
    """
    watched = watching(AS_PUBLISHED)
    totals: Counter[str] = Counter()
    for seen in observed().values():
        if not any(down for _, down in seen):
            continue
        said = replayed(seen, speed=speed, lag=20_000)
        end = said[-1].at + 3_600_000
        decided, acts = lived(said, watched, end=end)
        expected, publications = slow_life(said, AS_PUBLISHED, now=end, acts=acts)
        assert rows(decided) == expected
        totals.update(d.verdict.value for d in decided)
        totals["published"] += publications
    drafts = totals["opened"] + totals["reopened"]
    assert (drafts, totals["snoozed"], totals["published"]) == EXPECTED[speed]
