"""There is one retry policy, and it repeats only what is safe to repeat."""

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Permanent, Retriable
from connectors.retry import (
    ATTEMPTS,
    FIRST_PATIENT_WAIT_S,
    LONGEST_WAIT_S,
    PATIENT_ATTEMPTS,
    with_patience,
    with_retries,
)


class Flaky:
    """Fails in the given ways, then succeeds."""

    def __init__(self, *failures):
        """Start with no call made."""
        self.failures = list(failures)
        self.calls = 0

    def __call__(self):
        """Fail or answer."""
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def test_a_passing_failure_is_repeated_until_it_succeeds():
    """Two failures, then the answer: two waits, none longer than half a minute."""
    waits: list[int] = []
    call = Flaky(Retriable("busy"), Retriable("busy"))
    assert with_retries(call, sleep=waits.append) == "done"
    assert call.calls == 3
    assert len(waits) == 2
    assert all(0 <= wait <= LONGEST_WAIT_S for wait in waits)


def test_the_last_failure_reaches_the_caller_as_it_is():
    """Not wrapped in an error of the library."""
    call = Flaky(*(Retriable(f"attempt {n}") for n in range(1, ATTEMPTS + 2)))
    with pytest.raises(Retriable, match=f"attempt {ATTEMPTS}"):
        with_retries(call, sleep=lambda _: None)
    assert call.calls == ATTEMPTS


@pytest.mark.parametrize("failure", [Permanent, OutcomeUnknown, Misconfigured, ValueError])
def test_nothing_else_is_repeated(failure):
    """Above all not a call whose outcome is unknown."""
    call = Flaky(failure("no"))
    with pytest.raises(failure):
        with_retries(call, sleep=lambda _: None)
    assert call.calls == 1


def test_waits_are_random_so_that_callers_do_not_return_together():
    """Twenty callers wait for different times."""
    waits: list[int] = []
    for _ in range(20):
        with_retries(Flaky(Retriable("busy")), sleep=waits.append)
    assert len(set(waits)) > 1


def is_retriable(raised, attempt):
    """What a run waits for, whatever the attempt."""
    return isinstance(raised, Retriable)


def test_patience_lasts_longer_than_a_database_is_away():
    """5, 10, 20, 40, 80 and 160 seconds, each with up to five more: five minutes and a quarter."""
    waits: list[float] = []
    call = Flaky(*(Retriable(f"attempt {n}") for n in range(1, PATIENT_ATTEMPTS + 1)))
    told: list[tuple[str, int]] = []
    with pytest.raises(Retriable, match=f"attempt {PATIENT_ATTEMPTS}"):
        with_patience(
            call,
            worth=is_retriable,
            tell=lambda raised, attempt: told.append((str(raised), attempt)),
            sleep=waits.append,
        )
    least = [5, 10, 20, 40, 80, 160]
    assert len(waits) == len(least)
    more = [wait - floor for wait, floor in zip(waits, least, strict=True)]
    assert all(0 <= each <= FIRST_PATIENT_WAIT_S for each in more)
    assert len(set(more)) > 1
    assert told == [(f"attempt {n}", n) for n in range(1, PATIENT_ATTEMPTS)]


def test_patience_is_for_what_is_worth_it_alone():
    """The attempt's number counts as well: here nothing is waited for after the second one."""
    call = Flaky(Retriable("busy"), Retriable("busy"), Retriable("busy"))
    with pytest.raises(Retriable):
        with_patience(
            call,
            worth=lambda raised, attempt: attempt < 2,
            tell=lambda raised, attempt: None,
            sleep=lambda _: None,
        )
    assert call.calls == 2
    refused = Flaky(Permanent("no"))
    with pytest.raises(Permanent):
        with_patience(
            refused, worth=is_retriable, tell=lambda *_: None, sleep=lambda _: pytest.fail("waited")
        )
    assert refused.calls == 1
