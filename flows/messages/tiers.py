"""Tiers of the rarer kinds of ladder in words: points, minutes, hours, metrics, repetition.

A determination names its tier in English; letters say it in their language. Whatever is not known
here stays as it is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

NUMBER = r"[\d.]+…?"


class Words(Protocol):
    """What is asked of a language."""

    def gettext(self, sentence: str, /, **values: object) -> str:
        """A sentence in the language."""
        ...

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """A sentence with a number in it."""
        ...

    def number(self, digits: str) -> str:
        """A number as the language writes it."""
        ...


POINTS = re.compile(rf"(?P<steps>{NUMBER}) x (?P<points>{NUMBER}) points")
HOURS = re.compile(r"(?P<hours>\d+) free hours")
MINUTES = re.compile(
    rf"(?:(?P<low>{NUMBER}) (?P<from><=?) )?minutes(?: (?P<to><=?) (?P<high>{NUMBER}))?"
)
METRIC = re.compile(
    rf"(?P<metric>[a-z0-9._-]+): (?:(?P<low>{NUMBER}) (?P<from><=?) )?value"
    rf"(?: (?P<to><=?) (?P<high>{NUMBER}))?"
)
COUNT = re.compile(rf"(?P<steps>{NUMBER}) x (?P<metric>[a-z0-9._-]+)")
REPEATED = re.compile(r"(?P<failures>\d+) failures within (?P<periods>\d+) periods")


def rarer_tier(tier: str, language: Words) -> str:
    """The tier in words; "" when it is of no kind that is known here."""
    for pattern, say in SAID:
        if found := pattern.fullmatch(tier):
            return say(found, language)
    return ""


def _points(found: re.Match[str], language: Words) -> str:
    return language.gettext(
        "%(steps)s steps of %(points)s percentage points below the promise",
        steps=_number(found["steps"], language),
        points=_number(found["points"], language),
    )


def _hours(found: re.Match[str], language: Words) -> str:
    return language.ngettext(
        "%(num)s hour that is not charged",
        "%(num)s hours that are not charged",
        int(found["hours"]),
    )


def _minutes(found: re.Match[str], language: Words) -> str:
    return language.gettext("minutes of downtime: %(bounds)s", bounds=_bounds(found, language))


def _metric(found: re.Match[str], language: Words) -> str:
    return f"{found['metric']}: {_bounds(found, language)}"


def _count(found: re.Match[str], language: Words) -> str:
    return language.gettext(
        "%(steps)s times %(metric)s",
        steps=_number(found["steps"], language),
        metric=found["metric"],
    )


def _repeated(found: re.Match[str], language: Words) -> str:
    return language.ngettext(
        "promise missed %(num)s time within %(periods)s service periods",
        "promise missed %(num)s times within %(periods)s service periods",
        int(found["failures"]),
        periods=found["periods"],
    )


def _bounds(found: re.Match[str], language: Words) -> str:
    """`10 to 59`, with the signs that say which end belongs to it; the same in every language."""
    signs = {"<": ">", "<=": "≥"}
    low = f"{signs[found['from']]} {_number(found['low'], language)}" if found["low"] else ""
    to = {"<": "<", "<=": "≤", None: ""}[found["to"]]
    high = f"{to} {_number(found['high'], language)}" if found["high"] else ""
    return ", ".join(bound for bound in (low, high) if bound)


def _number(digits: str, language: Words) -> str:
    cut = digits.rstrip("…")
    return f"{language.number(cut)}{digits[len(cut) :]}"


SAID: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Words], str]], ...] = (
    (POINTS, _points),
    (HOURS, _hours),
    (MINUTES, _minutes),
    (METRIC, _metric),
    (COUNT, _count),
    (REPEATED, _repeated),
)
"""Every pattern with its words; the first that fits is the one."""
