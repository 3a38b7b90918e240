"""A worker of the sweep: one scene, prepared once, and many cases of it, in forked processes.

A forked process lives through the run that a fault disturbs, and dies in many cases. The worker
then goes on: it runs again until nothing changes any more, and judges.
"""

import os
import traceback
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

from connectors.errors import Misconfigured, Retriable
from flows.binding import PAYMENT
from flows.effects import ONCE
from flows.paying import BillingSide
from models.effect import OPEN_STATES, EffectState
from tests.connectors.billing.stage import StripeScene
from tests.sweep.cases import (
    ANSWERS,
    Case,
    kind_of,
)
from tests.sweep.child import Child
from tests.sweep.judge import Verdict, judged
from tests.sweep.life import Life, arrive, begin, settled
from tests.sweep.scenes import SCENES
from tests.sweep.stage import Ready, billing_of, differences
from tests.sweeping.cases import ASLEEP, COMMIT, HOUR_MS, QUESTION, TIME_OUTS
from tests.sweeping.work import Result
from tests.workspaces import SEPTEMBER

A_DAY_LATER_MS = 25 * HOUR_MS
MOST_RUNS = 6
"""Runs after which something that still changes never comes to rest."""

AT_ONCE = 4
"""Threads of each process where several work at the same time."""

TOGETHER = 3
"""How often each of them tries."""


def numbered(ready: Ready) -> list[str]:
    """The moments of an undisturbed run, which must pay everything.

    Raises:
        AssertionError: It does not.
    """
    life = begin(Life())
    with ready.begun():
        ready.pay()
        life.running = False
        verdict = judged(ready.store, ready.account, ready.scene.owed)
    if verdict.wrong or verdict.asked:
        raise AssertionError(f"undisturbed, and yet: {verdict}")
    return life.moments


# --- A case ---------------------------------------------------------------------------------------


def lived(ready: Ready, case: Case, moments: Sequence[str]) -> Result:
    """Live through a case and judge how it ended."""
    moment = moments[case.moment - 1]
    with ready.begun():
        ready.account.tell("options", prune_after_ms=case.prune_after_ms)
        _plan_fault(ready, case, moments)
        wrong = _disturbed(ready, case, moment)
        if case.fault not in ASLEEP:
            _let_pass(ready, case)
        if case.workers > 1:
            others = [Child(lambda: _beside(ready, case.later_ms)) for _ in range(case.workers)]
            wrong += [fault for other in others for fault in other.faults()]
        verdict = _rerun(ready, case)
    asked = tuple(f"{part}: {why}" for part, why in verdict.asked.items())
    needless = () if may_ask(case, moment) else (f"asked without need: {one}" for one in asked)
    return Result(case, moment, (*wrong, *verdict.wrong, *needless), asked)


def may_ask(case: Case, moment: str) -> bool:
    """Whether a case may end with a question.

    A refund that failed at the vendor's side may have been made all the same, and no look tells. A
    question of ours that the vendor refuses again and again cannot be answered by asking again.
    """
    failed = case.fault in {"failed-saved", "failed-unsaved", "gateway"}
    refused = moment.startswith("GET") and case.fault == "refused"
    return (SCENES[case.scene].refunds and failed) or refused


def _plan_fault(ready: Ready, case: Case, moments: Sequence[str]) -> None:
    """Tell the stand-in what it is to do, and with which request."""
    if case.fault not in ANSWERS:
        return
    number = sum(1 for moment in moments[: case.moment] if kind_of(moment) != COMMIT)
    lasts = _lasts(case, moments[case.moment - 1])
    when = {"nth": number, "times": 0} if lasts else {"at": number}
    ready.account.plan({**ANSWERS[case.fault], **when})


def _lasts(case: Case, moment: str) -> bool:
    """Whether the fault lasts to the end of the run: a question is just asked again otherwise."""
    again = case.fault in ANSWERS or case.fault in TIME_OUTS
    return again and kind_of(moment) == QUESTION and case.age != "same-run"


def _let_pass(ready: Ready, case: Case) -> None:
    """What happens until the rerun."""
    ready.account.plan()
    ready.account.advance(ms=case.later_ms)
    if case.later_ms >= A_DAY_LATER_MS:
        arrive(ready.late)
    ready.scene.between(StripeScene(ready.account))


def _disturbed(ready: Ready, case: Case, moment: str) -> list[str]:
    """The run that the fault strikes; what must not be, such as an error of the program."""
    up, down = os.pipe(), os.pipe()
    child = Child(lambda: _struck(ready, case, moment, (up[1], down[0])))
    others = [Child(lambda: _beside(ready, 0)) for _ in range(1, case.workers)]
    os.close(up[1])
    wrong = []
    if case.fault in ASLEEP and os.read(up[0], 1):
        _let_pass(ready, case)
        wrong = Child(lambda: _rested(ready, case)).faults()
        os.write(down[1], b"!")
    for end in (up[0], *down):
        os.close(end)
    return wrong + [fault for one in (child, *others) for fault in one.faults()]


def _struck(ready: Ready, case: Case, moment: str, ends: tuple[int, int]) -> Any:
    def sleep() -> int:
        """Lose every lock, and wait until somebody else has gone on."""
        ready.place.lose_locks()
        os.write(ends[0], b"z")
        os.read(ends[1], 1)
        return case.later_ms

    begin(
        Life(
            moment=case.moment,
            fault=case.fault,
            lasting=_lasts(case, moment),
            patience=None if case.age == "same-run" else ONCE,
            late=ready.late,
            sleep=sleep,
            really=case.workers > 1,
        )
    )
    ready.pay(at_once=1 if case.workers == 1 else AT_ONCE)


def _beside(ready: Ready, later_ms: int) -> Any:
    """One of several that work at the same time: on the month, or on the effects beside it."""
    begin(Life(moved_ms=later_ms, late=ready.late, really=True))
    with closing(billing_of(ready, AT_ONCE)) as billing:
        for _ in range(TOGETHER):
            ready.pay(at_once=AT_ONCE)
            still = sorted(OPEN_STATES)
            keys = ready.store.effect_keys(period=SEPTEMBER, kinds=[PAYMENT], states=still)
            with suppress(Retriable, Misconfigured):
                settled(ready.store, keys, BillingSide(billing))


def _rested(ready: Ready, case: Case) -> Any:
    """A rerun at its time, and again until nothing changes."""
    begin(Life(moved_ms=case.later_ms, late=ready.late))
    return _until_rest(ready)


def _rerun(ready: Ready, case: Case) -> Verdict:
    """The rerun; what is open then is taken up a day later, and a day after that; the verdict."""
    try:
        return _run_again(ready, case)
    except Exception:  # noqa: BLE001  A program that fails is what the sweep looks for.
        return Verdict([f"the rerun failed: {traceback.format_exc()[-3000:]}"])


def _run_again(ready: Ready, case: Case) -> Verdict:
    life = begin(Life(moved_ms=case.later_ms, late=ready.late))
    rested = _until_rest(ready)
    arrive(ready.late)
    for _ in range(2):
        if not any(effect.state in OPEN_STATES for effect in ready.store.effects()):
            break
        life.moved_ms += A_DAY_LATER_MS
        ready.account.advance(ms=A_DAY_LATER_MS)
        rested = _until_rest(ready) and rested
    life.running = False
    verdict = judged(ready.store, ready.account, ready.scene.owed)
    if not verdict.asked:
        verdict.wrong += differences(ready)
    if not rested:
        verdict.wrong.append(f"still changes after {MOST_RUNS} runs")
    return verdict


def _until_rest(ready: Ready) -> bool:
    for _ in range(MOST_RUNS):
        before = _states(ready)
        ready.pay()
        if _states(ready) == before:
            return True
    return False


def _states(ready: Ready) -> dict[str, EffectState]:
    return {effect.key: effect.state for effect in ready.store.effects()}
