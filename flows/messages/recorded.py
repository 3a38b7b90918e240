"""Sentences of the decision log in the words of a letter.

The log is in English and stays as it was written. The reasons that operators meet most are said in
their language here; any other one is quoted as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from flows.messages.catalog import SOURCE
from flows.messages.language import Language

Say = Callable[[Language, re.Match[str]], str]


def recorded(text: str, language: Language) -> str:
    """A recorded reason in the language, if all of it is known; otherwise as it was recorded."""
    if language.code == SOURCE:
        return text
    said = [_said(part, language) for part in re.split(r"; | and (?=the )", text)]
    return language.listed([each for each in said if each]) if all(said) else text


def _said(part: str, language: Language) -> str:
    for pattern, say in WITH_FIGURES:
        if found := re.fullmatch(pattern, part):
            return say(language, found)
    return next(
        (language.gettext(says) for pattern, says in PLAIN.items() if re.fullmatch(pattern, part)),
        "",
    )


def _percent(language: Language, digits: str) -> str:
    """A percentage of the log, which ends in an ellipsis where it was cut."""
    number = language.number(digits.rstrip("…"))
    shown = f"{number}…" if digits.endswith("…") else number
    return language.percent(digits.rstrip("…")).replace(number, shown)


def _coverage(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "the monitoring covers %(coverage)s of the month, less than the agreed %(least)s",
        coverage=_percent(language, found["coverage"]),
        least=_percent(language, found["least"]),
    )


def _unknown(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "nothing is known of %(length)s of the month", length=_length(language, found["length"])
    )


def _length(language: Language, text: str) -> str:
    units = {"h": 3_600_000, "min": 60_000, "s": 1000}
    parts = re.findall(r"(\d+)(?:\.(\d{1,3}))? (h|min|s)", text)
    return language.duration(
        sum(int(whole) * units[unit] + int(rest.ljust(3, "0") or 0) for whole, rest, unit in parts)
    )


def _windows(language: Language, found: re.Match[str]) -> str:
    return language.ngettext(
        "%(num)s measurement window cannot be judged",
        "%(num)s measurement windows cannot be judged",
        int(found["count"]),
    )


def _days(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "%(days)s are owed, not money; extend the term by hand",
        days=language.days_of_service(found["days"]),
    )


def _no_tier(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "the agreement has no tier for an uptime of %(uptime)s",
        uptime=_percent(language, found["uptime"]),
    )


def _quorum(language: Language, found: re.Match[str]) -> str:
    asked, there = language.number(found["asked"]), language.number(found["there"])
    if found["what"] == "regions":
        return language.gettext(
            "the agreement asks for %(asked)s regions that are down; there are %(there)s",
            asked=asked,
            there=there,
        )
    return language.gettext(
        "the agreement asks for %(asked)s monitors that are down; there are %(there)s",
        asked=asked,
        there=there,
    )


def _currencies(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "the calculator bills in %(billed)s, the agreement is in %(agreed)s",
        billed=found["billed"],
        agreed=found["agreed"],
    )


def _too_much_downtime(language: Language, found: re.Match[str]) -> str:
    return language.gettext(
        "%(down)s of downtime are more than the %(most)s that could be measured",
        down=_seconds(language, found["down"]),
        most=_seconds(language, found["most"]),
    )


def _seconds(language: Language, digits: str) -> str:
    return language.duration(int(Decimal(digits) * 1000))


def N_(sentence: str) -> str:  # noqa: N802  The name by which Babel finds a sentence.
    """A sentence that is looked up where it is said."""
    return sentence


WITH_FIGURES: tuple[tuple[str, Say], ...] = (
    (r"coverage is (?P<coverage>[\d.]+…?) %, below the minimum of (?P<least>[\d.]+) %", _coverage),
    (r"(?P<length>(?:[\d.]+ (?:h|min|s) ?)+) has no known state, and .*", _unknown),
    (r"(?P<count>\d+) measurement windows? cannot be judged, and .*", _windows),
    (r"(?P<days>[\d.]+) days of service are owed, not money: extend the term by hand", _days),
    (r"uptime (?P<uptime>[\d.]+…?) % has no tier: .*", _no_tier),
    (
        (
            r"(?:regions|monitors)_down_when asks for (?P<asked>\d+) (?P<what>regions|monitors), "
            r"but there are (?P<there>\d+)"
        ),
        _quorum,
    ),
    (
        r"the payload is billed in (?P<billed>[A-Z]{3}), the contract in (?P<agreed>[A-Z]{3})",
        _currencies,
    ),
    (
        r"(?P<down>[\d.]+) s of downtime exceed the (?P<most>[\d.]+) s that were measurable",
        _too_much_downtime,
    ),
)
PLAIN = {
    r"no measurable time: .*": N_("there is no time left that could be measured"),
    r".*, so no time was measurable": N_("there is no time left that could be measured"),
    r"blocks are counted in each outage, and only the sum of downtime is known": N_(
        "blocks of each outage count, and only the sum of downtime is known"
    ),
    r"every outage is judged by its length, and only the sum of downtime is known": N_(
        "the length of each outage counts, and only the sum of downtime is known"
    ),
    r"first decision for .*": N_("it is decided for the first time"),
    r"the contract's terms changed": N_("the contract’s terms changed"),
    r"the monitoring evidence changed": N_("the records of the monitoring changed"),
    r"the recorded exclusions changed": N_("the recorded exclusions changed"),
    r"the calculator's payload changed": N_("the calculator’s figures changed"),
    r"the inputs changed": N_("the inputs changed"),
    r"this version of Makegood decides the same inputs otherwise": N_(
        "this version of Makegood decides the same inputs otherwise"
    ),
    r"the role changed": N_("the role changed"),
    r"the client's name changed": N_("the client’s name changed"),
    r"the service's name changed": N_("the service’s name changed"),
    r"what is named as proof changed": N_("what is named as proof changed"),
    r"the incidents behind the outages changed": N_("the incidents behind the outages changed"),
}
"""How a determination and a revision give their reasons, and what a letter says for each."""
