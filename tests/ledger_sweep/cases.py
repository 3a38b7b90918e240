"""The faults that strike the writing to Notion and the reading back, and which cases there are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tests.sweeping.cases as sweeping
from tests.standins.notion.refusals import WORKSPACE_LIMIT
from tests.sweeping.cases import ASLEEP, COMMIT, DEATHS, ENDING, QUESTION, TIME_OUTS, spread

AGES: Mapping[str, int] = {"same-run": 0, "0h": 0, "1h": 1, "25h": 25, "40d": 960}
"""Hours until the rerun. In the same run: the disturbed run goes on by itself as long as it wants,
in all others it tries each row once."""

MAKE, CHANGE = "make", "change"
"""What makes a row or the table, where a repeat makes another one; what changes a row by its id."""

ANSWERS: Mapping[str, dict[str, Any]] = {
    "refused": {"kind": "refused"},
    "unauthorized": {"kind": "unauthorized"},
    "forbidden": {"kind": "forbidden"},
    "missing": {"kind": "missing"},
    "conflict": {"kind": "conflict"},
    "limited": {"kind": "rate_limited", "retry_after": 2},
    "workspace-limited": {"kind": "rate_limited", "reason": WORKSPACE_LIMIT, "retry_after": 90},
    "overloaded": {"kind": "overloaded", "retry_after": 1},
    "cut-before": {"kind": "cut"},
    "cut-after": {"kind": "cut", "when": "after"},
    "reset-after": {"kind": "reset", "when": "after"},
    "short-body": {"kind": "short_body", "when": "after"},
    "broken-json": {"kind": "broken_json", "when": "after"},
    "login-page": {"kind": "login_page"},
    "failed": {"kind": "error"},
    "failed-done": {"kind": "error", "when": "after"},
    "gateway": {"kind": "bad_gateway"},
    "gateway-done": {"kind": "bad_gateway", "when": "after"},
    "unavailable": {"kind": "unavailable"},
    "database-unavailable": {"kind": "database_unavailable"},
    "timed-out-there": {"kind": "gateway_timeout"},
    "timed-out-there-done": {"kind": "gateway_timeout", "when": "after"},
}
"""What the stand-in does with a request, in its own words; those with `after` are carried out."""

BRIEF = {"limited", "workspace-limited", "overloaded"}
"""Answers that befall one request even where others last to the end of the run."""

ONLY_WRITES = {
    "cut-after",
    "reset-after",
    "failed-done",
    "gateway-done",
    "timed-out-there-done",
    "timed-out-after",
    "late",
}
"""What makes a difference only where something is carried out."""

WRITES = (*DEATHS, *TIME_OUTS, *ANSWERS)
FAULTS: Mapping[str, Sequence[str]] = {
    COMMIT: (*DEATHS, "asleep-after", "commit-fails", "commit-lost"),
    MAKE: (*WRITES, "asleep-after", "late"),
    CHANGE: (*WRITES, "asleep-after"),
    QUESTION: tuple(fault for fault in (*WRITES, *ASLEEP) if fault not in ONLY_WRITES),
}
"""Late: the answer times out, and the request arrives 55 seconds later. Asleep: the host sleeps,
its locks are lost, another run goes through, and then it wakes up. Nothing can be checked between
the last check and the wire, and Notion remembers no keys: nobody falls asleep there."""

REFUSED_FOR_GOOD = {"refused"}
"""What a person is told about a row that Notion refuses to make."""


class Case(sweeping.Case):
    """One case of writing to Notion or reading back."""

    ages = AGES
    faults = FAULTS


def kind_of(moment: str) -> str:
    """What happens at a moment, by its name.

    >>> kind_of("POST /v1/pages"), kind_of("PATCH /v1/pages/{id}"), kind_of("commit")
    ('make', 'change', 'commit')
    >>> kind_of("POST /v1/data_sources/{id}/query")
    'question'
    """
    if moment == COMMIT:
        return COMMIT
    method, _, path = moment.partition(" ")
    if method == "POST" and path in {"/v1/pages", "/v1/databases"}:
        return MAKE
    return CHANGE if method == "PATCH" else QUESTION


def every_case(
    scene: str, moments: Sequence[str], *, workers: int = 1, database: str = "sqlite"
) -> Iterator[Case]:
    """Every case of a scene whose undisturbed run has these moments."""
    for number, moment in enumerate(moments, start=1):
        for fault in FAULTS[kind_of(moment)]:
            for age in AGES:
                case = Case(scene, number, fault, age, workers, database)
                if _is_told(case):
                    yield case


def _is_told(case: Case) -> bool:
    """Whether the case is a story of its own."""
    if case.fault in ASLEEP:
        return case.workers == 1 and case.database == "sqlite" and case.age in {"0h", "25h"}
    return not (case.fault in ENDING and case.age == "same-run")


def sample(cases: Sequence[Case], moments: Sequence[str], number: int) -> list[Case]:
    """A fixed sample: half of the faults strike a write, a third a commit, the rest a question."""
    kinds = {case: kind_of(moments[case.moment - 1]) for case in cases}
    questions = spread([c for c in cases if kinds[c] == QUESTION], number // 6)
    commits = spread([c for c in cases if kinds[c] == COMMIT], number // 3)
    writes = [c for c in cases if kinds[c] in {MAKE, CHANGE}]
    chosen = spread(writes, number - len(questions) - len(commits))
    return sorted({*questions, *commits, *chosen})
