"""The faults that strike payment runs, and which cases there are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tests.sweeping.cases as sweeping
from tests.sweeping.cases import (
    ASLEEP,
    COMMIT,
    DEATHS,
    ENDING,
    HOUR_MS,
    QUESTION,
    TIME_OUTS,
    spread,
)

AGES: Mapping[str, int] = {
    "same-run": 0,
    "0h": 0,
    "1h": 1,
    "25h": 25,
    "25h-kept": 25,
    "40d": 960,
}
"""Hours until the rerun. In the same run: the disturbed run goes on by itself as long as it wants,
in all others it tries everything once. Kept: the vendor prunes its keys at 30 hours, not at 24."""

SEED = "1 "
"""Chooses the sample."""

WRITE = "write"
"""What moves money, where a repeat moves it again."""

ANSWERS: Mapping[str, dict[str, Any]] = {
    "refused": {"kind": "refused"},
    "unauthorized": {"kind": "unauthorized"},
    "forbidden": {"kind": "forbidden"},
    "in-use": {"kind": "conflict"},
    "limited": {"kind": "rate_limited", "reason": "endpoint-rate"},
    "locked": {"kind": "lock_timeout"},
    "cut-before": {"kind": "cut"},
    "cut-after": {"kind": "cut", "when": "after"},
    "reset-after": {"kind": "reset", "when": "after"},
    "short-body": {"kind": "short_body", "when": "after"},
    "broken-json": {"kind": "broken_json", "when": "after"},
    "failed-saved": {"kind": "error_saved"},
    "failed-saved-done": {"kind": "error_saved", "when": "after"},
    "failed-unsaved": {"kind": "error_unsaved"},
    "failed-unsaved-done": {"kind": "error_unsaved", "when": "after"},
    "gateway": {"kind": "bad_gateway"},
    "gateway-done": {"kind": "bad_gateway", "when": "after"},
    "proxy": {"kind": "proxy_refusal"},
    "declined": {"kind": "card_declined"},
    "altered": {"kind": "altered", "change": {"currency": "xxx"}},
}
"""What the stand-in does with a request, in its own words; those with `after` are carried out."""

ONLY_WRITES = {
    "cut-after",
    "reset-after",
    "failed-saved-done",
    "failed-unsaved",
    "failed-unsaved-done",
    "gateway-done",
    "declined",
    "altered",
    "timed-out-after",
    "late",
}
"""What makes a difference only where something is carried out."""

FAULTS: Mapping[str, Sequence[str]] = {
    COMMIT: (*DEATHS, *ASLEEP, "commit-fails", "commit-lost"),
    WRITE: (*DEATHS, *ASLEEP, *TIME_OUTS, "late", *ANSWERS),
    QUESTION: tuple(
        fault for fault in (*DEATHS, *ASLEEP, *TIME_OUTS, *ANSWERS) if fault not in ONLY_WRITES
    ),
}
"""Late: the answer times out, and the request arrives when a rerun is about to write. Asleep: the
host sleeps, its locks are lost, another run goes through, and then it wakes up."""


class Case(sweeping.Case):
    """One case of a payment run."""

    ages = AGES
    faults = FAULTS

    @property
    def prune_after_ms(self) -> int:
        """When the vendor forgets idempotency keys."""
        return (30 if self.age == "25h-kept" else 24) * HOUR_MS


def kind_of(moment: str) -> str:
    """What happens at a moment, by its name.

    >>> kind_of("POST /v1/credit_notes"), kind_of("GET /v1/invoices"), kind_of("commit")
    ('write', 'question', 'commit')
    """
    return {"POST": WRITE, "GET": QUESTION}.get(moment.partition(" ")[0], COMMIT)


def every_case(
    scene: str, moments: Sequence[str], *, workers: int = 1, database: str = "sqlite"
) -> Iterator[Case]:
    """Every case of a scene whose undisturbed run has these moments."""
    for number, moment in enumerate(moments, start=1):
        for fault in FAULTS[kind_of(moment)]:
            for age in AGES:
                case = Case(scene, number, fault, age, workers, database)
                if _is_told(case, kind_of(moment)):
                    yield case


def _is_told(case: Case, kind: str) -> bool:
    """Whether the case is a story of its own, and one that any program could bear."""
    if case.fault in ASLEEP:
        # Nothing can be checked between the last check and the wire: there only the vendor's
        # memory helps, for a day. And who sleeps in a transaction still holds it.
        if kind == COMMIT and case.fault == "asleep-before":
            return False
        soon = case.age in {"0h", "1h"}
        alone = case.workers == 1 and case.database == "sqlite"
        return alone and (soon if kind == WRITE else case.age not in {"same-run", "25h-kept"})
    return not (case.fault in ENDING and case.age == "same-run")


def sample(cases: Sequence[Case], moments: Sequence[str], number: int) -> list[Case]:
    """A fixed sample in which seven in ten faults strike a write or a commit."""
    kinds = {case: kind_of(moments[case.moment - 1]) for case in cases}
    questions = spread([c for c in cases if kinds[c] == QUESTION], number * 3 // 10, seed=SEED)
    others = spread([c for c in cases if kinds[c] != QUESTION], number - len(questions), seed=SEED)
    return sorted(others + questions)
