"""Whether an answer to a list of drafts may be followed, and what is wrong with others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import Currency, Money
from models.release_answer import Answer, Choice, faults

EUR, USD, JPY = (Currency.of(code) for code in ("EUR", "USD", "JPY"))
ACME, BLUEFIN, KIKU = ("acme/api/2026-05/r0", "bluefin/api/2026-05/r0", "kiku/api/2026-05/r0")
SHOWN = {ACME: Money(20_000, EUR), BLUEFIN: Money(124_000, EUR), KIKU: Money(12, JPY)}
"""200.00 EUR, 1,240.00 EUR and 12 JPY."""


def answered(choice, **said):
    """What is wrong with an answer that is complete but for what is said."""
    return list(faults(Answer(choice, **{"by": "Kim", **said}), SHOWN))


@pytest.mark.parametrize(
    "total",
    [
        "1440.00 EUR, 12 JPY",
        "EUR 1,440.00 and JPY 12",
        "12 jpy; 1440 eur",
        " 1,440.00 EUR,12 JPY ",
        "1440.00EUR + 12JPY",
    ],
)
def test_a_total_may_be_retyped_as_people_write_it(total):
    """200.00 + 1,240.00 = 1,440.00 EUR, and 12 JPY."""
    assert answered(Choice.ALL, total=total) == []


@pytest.mark.parametrize(
    "total",
    [
        *("", "1440.00", "1440.00 EUR", "1440.01 EUR, 12 JPY", "1.440,00 EUR, 12 JPY", "all of it"),
        *("1440 EUR, 12 JPY, 1 USD", "1440 EUR, 0 EUR, 12 JPY", "EUR 1440 EUR, 12 JPY", "EUR, JPY"),
    ],
)
def test_another_total_releases_nothing(total):
    """The right one is said, with what was typed."""
    (fault,) = answered(Choice.ALL, total=total)
    assert "1440.00 EUR, 12 JPY" in fault
    assert (repr(total) if total else "none was typed") in fault


def test_the_total_is_that_of_what_is_chosen():
    """Only Acme's: 200.00 EUR, whose currency need not be typed."""
    assert answered(Choice.LISTED, listed=(ACME,), total="200") == []
    assert answered(Choice.LISTED, listed=(ACME,), total="1440.00 EUR, 12 JPY")


def test_what_takes_back_is_retyped_with_its_sign():
    """An adjustment of -50.00 EUR beside 200.00 EUR comes to 150.00 EUR; alone to -50.00 EUR."""
    back = {ACME: Money(20_000, EUR), BLUEFIN: Money(-5_000, EUR)}
    alone = Answer(Choice.LISTED, (BLUEFIN,), "-50.00 EUR", "Kim")
    assert list(faults(alone, back)) == []
    assert list(faults(Answer(Choice.ALL, (), "150 EUR", "Kim"), back)) == []


@pytest.mark.parametrize(
    ("choice", "said", "fault"),
    [
        (Choice.ALL, {"by": " ", "total": "1440 EUR, 12 JPY"}, "Nobody is named"),
        (Choice.LISTED, {"listed": ("acme/api/2026-06/r0",)}, "is not in the list"),
        (Choice.LISTED, {}, "Nothing is listed"),
        (Choice.ALL, {"listed": (ACME,), "total": "1440 EUR, 12 JPY"}, "empty the list"),
        (Choice.DECLINE, {}, "No reason is given"),
        (Choice.DECLINE, {"by": "", "why": "not ours"}, "Nobody is named"),
    ],
)
def test_what_is_missing_is_said(choice, said, fault):
    """In a sentence that says what to do."""
    assert any(fault in each for each in answered(choice, **said))


def test_declining_needs_no_total():
    """It moves nothing; without a list it is about all of them."""
    answer = Answer(Choice.DECLINE, why="the outage was not ours", by="Kim")
    assert list(faults(answer, SHOWN)) == []
    assert answer.chosen(tuple(SHOWN)) == tuple(SHOWN)
    assert Answer(Choice.DECLINE, (KIKU,)).chosen(tuple(SHOWN)) == (KIKU,)


def test_nothing_needs_nothing():
    """Waiting is always possible, and chooses nothing."""
    waiting = Answer(Choice.NOTHING, listed=("x",), total="?")
    assert (list(faults(waiting, SHOWN)), waiting.chosen(tuple(SHOWN))) == ([], ())


@given(st.dictionaries(st.sampled_from([EUR, USD, JPY]), st.integers(-(10**12), 10**12)))
def test_every_total_that_is_shown_can_be_retyped(minor):
    """As it is shown, in one line."""
    shown = {f"{c.code}/api/2026-05/r0": Money(amount, c) for c, amount in minor.items()}
    typed = ", ".join(str(money) for money in shown.values())
    assert list(faults(Answer(Choice.ALL, (), typed, "Kim"), shown)) == []


@given(st.text())
def test_whatever_is_typed_is_answered(typed):
    """With faults, and never with an error."""
    assert answered(Choice.ALL, total=typed)
