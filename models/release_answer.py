"""What a person says to a list of drafts: let all go, let some go, decline, or nothing yet.

The one place that says whether an answer may be followed. Whoever releases retypes the total of
what they release, so that nobody lets go a sum that they have not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from models.money import Money

AMOUNT = re.compile(
    r"(?P<before>[A-Za-z]{3})?\s*(?P<amount>[-−]?\d+(?:,\d{3})*(?:\.\d+)?)\s*(?P<after>[A-Za-z]{3})?"
)
SEPARATOR = re.compile(r"\s*(?:;|,(?!\d{3}\b)|\band\b|\+)\s*")


class Choice(StrEnum):
    """What is to be done with the drafts that are shown."""

    NOTHING = "release nothing yet"
    ALL = "release all of them"
    LISTED = "release only those that I list"
    DECLINE = "decline: all of them, or those that I list"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        choice: What is to be done.
        listed: Obligations' keys.
        total: The total of what is released, as it was retyped.
        by: The name that was given.
        why: The reason or note.
    """

    choice: Choice
    listed: tuple[str, ...] = ()
    total: str = ""
    by: str = ""
    why: str = ""

    def chosen(self, shown: Sequence[str]) -> tuple[str, ...]:
        """The keys that it is about, in the order in which they were shown."""
        match self.choice:
            case Choice.NOTHING:
                return ()
            case Choice.ALL:
                return tuple(shown)
            case Choice.LISTED:
                return tuple(key for key in shown if key in self.listed)
            case Choice.DECLINE:
                return tuple(key for key in shown if key in (self.listed or shown))


def faults(answer: Answer, shown: Mapping[str, Money]) -> Iterator[str]:
    """Everything that keeps an answer from being followed, in sentences.

    Args:
        answer: The answer.
        shown: The amount of each draft that was shown, by its key.
    """
    if answer.choice is Choice.NOTHING:
        return
    if not answer.by.strip():
        yield "Nobody is named: say who you are."
    unknown = [key for key in answer.listed if key not in shown]
    if unknown:
        yield f"{', '.join(unknown)} is not in the list: copy keys from it."
    if answer.choice is Choice.DECLINE:
        if not answer.why.strip():
            yield "No reason is given: whoever looks next wants to know why it was declined."
        return
    if answer.choice is Choice.LISTED and not answer.listed:
        yield "Nothing is listed: list the keys of what is to be released, one for each entry."
    if answer.choice is Choice.ALL and answer.listed:
        yield "All are to be released, and some are listed: empty the list, or release only those."
    yield from _total_faults(answer, shown)


def _total_faults(answer: Answer, shown: Mapping[str, Money]) -> Iterator[str]:
    chosen = [shown[key] for key in answer.chosen(tuple(shown))]
    if not chosen:
        return
    expected = _sums(chosen)
    typed = _typed(answer.total, tuple(expected))
    if typed != {code: money.major for code, money in expected.items()}:
        says = ", ".join(str(money) for money in expected.values())
        given = f"{answer.total.strip()!r} was typed" if answer.total.strip() else "none was typed"
        yield f"The total of what you chose is {says}; {given}: read the list again and retype it."


def _sums(amounts: Sequence[Money]) -> Mapping[str, Money]:
    sums: dict[str, Money] = {}
    for amount in amounts:
        code = amount.currency.code
        sums[code] = sums[code] + amount if code in sums else amount
    return dict(sorted(sums.items()))


def _typed(text: str, currencies: Sequence[str]) -> Mapping[str, Decimal] | None:
    """Amounts by currency as people write them; None where they cannot be told for sure.

    >>> _typed("1,240.00 EUR and USD 12", ("EUR", "USD"))
    {'EUR': Decimal('1240.00'), 'USD': Decimal('12')}
    >>> _typed("560", ("EUR",))
    {'EUR': Decimal('560')}
    """
    found: dict[str, Decimal] = {}
    for piece in SEPARATOR.split(text.strip()):
        match = AMOUNT.fullmatch(piece)
        if match is None:
            return None
        code = (match["before"] or match["after"] or "").upper()
        if not code and len(currencies) == 1:
            code = currencies[0]
        if not code or code in found or (match["before"] and match["after"]):
            return None
        found[code] = Decimal(match["amount"].replace(",", "").replace("−", "-"))
    return found
