"""A worker of the ledger's sweep: one scene, prepared once, and many cases of it.

A forked process lives through the run that a fault disturbs, and dies in many cases. The worker
then goes on: it runs again until nothing changes any more, and judges.
"""

import os
import traceback
from collections.abc import Sequence
from typing import Any

from flows.effects import ONCE
from models.effect import OPEN_STATES
from tests.ledger_sweep.cases import (
    ANSWERS,
    BRIEF,
    CHANGE,
    MAKE,
    REFUSED_FOR_GOOD,
    Case,
    kind_of,
)
from tests.ledger_sweep.judge import Ending, Verdict, judged, standing
from tests.ledger_sweep.lives import pause
from tests.ledger_sweep.scenes import Theirs
from tests.ledger_sweep.stage import Ready
from tests.sweep.child import Child
from tests.sweep.life import arrive, begin
from tests.sweeping.cases import ASLEEP, COMMIT, HOUR_MS, QUESTION, TIME_OUTS
from tests.sweeping.work import Result

A_DAY_LATER_MS = 25 * HOUR_MS
MOST_RUNS = 6
"""Runs after which something that still changes never comes to rest."""

AT_ONCE = 4
"""Rows under way in each process where several work at the same time."""

TOGETHER = 3
"""How often each of them tries."""


def numbered(ready: Ready) -> list[str]:
    """The moments of an undisturbed run, which must end well.

    Raises:
        AssertionError: It does not.
    """
    with ready.begun():
        life = begin(ready.life())
        ready.act()
        life.running = False
        theirs = ready.theirs.and_then(ready.scene.between(ready.stage))
        verdict = _until_judged(ready, theirs, refused=False)
    if verdict.wrong:
        raise AssertionError(f"undisturbed, and yet: {verdict}")
    return life.moments


# --- A case ---------------------------------------------------------------------------------------


def lived(ready: Ready, case: Case, moments: Sequence[str]) -> Result:
    """Live through a case and judge how it ended."""
    moment = moments[case.moment - 1]
    with ready.begun():
        _plan_fault(ready, case, moments)
        theirs, wrong = _disturbed(ready, case, moment)
        if case.fault not in ASLEEP:
            theirs = _let_pass(ready, case)
        if case.workers > 1:
            others = [Child(lambda: _beside(ready)) for _ in range(case.workers)]
            wrong += [fault for other in others for fault in other.faults()]
        # Of several at once nobody knows whose request it befell.
        making = kind_of(moment) == MAKE or case.workers > 1
        refused = case.fault in REFUSED_FOR_GOOD and making
        verdict = _rerun(ready, theirs, refused=refused)
    return Result(case, moment, (*wrong, *verdict.wrong), tuple(verdict.asked))


def _plan_fault(ready: Ready, case: Case, moments: Sequence[str]) -> None:
    """Tell the stand-in what it is to do, and with which request."""
    if case.fault not in ANSWERS:
        return
    number = sum(1 for moment in moments[: case.moment] if moment != COMMIT)
    lasts = _lasts(case, moments[case.moment - 1])
    when = {"nth": number, "times": 0} if lasts else {"at": number}
    ready.stage.plan({**ANSWERS[case.fault], **when})


def _lasts(case: Case, moment: str) -> bool:
    """Whether the fault lasts to the end of the run: what is asked again would just go well."""
    again = (case.fault in ANSWERS and case.fault not in BRIEF) or case.fault in TIME_OUTS
    return again and kind_of(moment) in {QUESTION, CHANGE} and case.age != "same-run"


def _let_pass(ready: Ready, case: Case) -> Theirs:
    """What happens until the rerun; what people have put there by then."""
    ready.stage.plan()
    if case.later_ms:
        arrive(ready.late)
        ready.stage.advance(ms=case.later_ms)
    return ready.theirs.and_then(ready.scene.between(ready.stage))


def _disturbed(ready: Ready, case: Case, moment: str) -> tuple[Theirs, list[str]]:
    """The run that the fault strikes; what must not be, such as an error of the program."""
    up, down = os.pipe(), os.pipe()
    child = Child(lambda: _struck(ready, case, moment, (up[1], down[0])))
    others = [Child(lambda: _beside(ready)) for _ in range(1, case.workers)]
    os.close(up[1])
    theirs, wrong = ready.theirs, []
    if case.fault in ASLEEP and os.read(up[0], 1):
        theirs = _let_pass(ready, case)
        wrong = Child(lambda: _rested(ready)).faults()
        os.write(down[1], b"!")
    for end in (up[0], *down):
        os.close(end)
    return theirs, wrong + [fault for one in (child, *others) for fault in one.faults()]


def _struck(ready: Ready, case: Case, moment: str, ends: tuple[int, int]) -> Any:
    def sleep() -> int:
        """Lose every lock, and wait until somebody else has gone on."""
        ready.place.lose_locks()
        os.write(ends[0], b"z")
        os.read(ends[1], 1)
        return case.later_ms

    begin(
        ready.life(
            moment=case.moment,
            fault=case.fault,
            lasting=_lasts(case, moment),
            patience=None if case.age == "same-run" else ONCE,
            sleep=sleep,
            really=case.workers > 1,
        )
    )
    ready.act(at_once=1 if case.workers == 1 else AT_ONCE)


def _beside(ready: Ready) -> Any:
    """One of several that want the month at the same time."""
    begin(ready.life(really=True))
    for _ in range(TOGETHER):
        ready.act(at_once=AT_ONCE)


def _rested(ready: Ready) -> Any:
    """A rerun at its time, and again until nothing changes."""
    begin(ready.life())
    return _until_rest(ready)


def _rerun(ready: Ready, theirs: Theirs, *, refused: bool) -> Verdict:
    """The rerun; what is open then is taken up a day later, and a day after that; the verdict."""
    try:
        return _until_judged(ready, theirs, refused=refused)
    except Exception:  # noqa: BLE001  A program that fails is what the sweep looks for.
        return Verdict([f"the rerun failed: {traceback.format_exc()[-3000:]}"])


def _until_judged(ready: Ready, theirs: Theirs, *, refused: bool) -> Verdict:
    life = begin(ready.life())
    told, rested = _until_rest(ready)
    arrive(ready.late)
    for _ in range(2):
        if not any(effect.state in OPEN_STATES for effect in ready.store.effects()):
            break
        ready.stage.advance(ms=A_DAY_LATER_MS)
        life.moved_ms += A_DAY_LATER_MS
        told, rested = _until_rest(ready)
    life.running = False
    rows = standing(ready.stage)
    verdict = judged(Ending(ready.scene, ready.store, rows, theirs, told, refused))
    if not rested:
        verdict.wrong.append(f"still changes after {MOST_RUNS} runs")
    if told and not (ready.scene.asks or refused):
        verdict.wrong += [f"asked without need: {question}" for question in told]
    return verdict


def _until_rest(ready: Ready) -> tuple[list[str], bool]:
    told: list[str] = []
    for _ in range(MOST_RUNS):
        before = _everything(ready)
        told = ready.act()
        if _everything(ready) == before:
            return told, True
        if ready.scene.hidden_ms:
            pause(2 * ready.scene.hidden_ms)
    return told, False


def _everything(ready: Ready) -> object:
    """What a run could change: effects, the log's length, and every row's version."""
    effects = {effect.key: effect.state for effect in ready.store.effects()}
    versions = {row["id"]: row["version"] for row in standing(ready.stage)}
    return effects, sum(1 for _ in ready.store.entries()), versions
