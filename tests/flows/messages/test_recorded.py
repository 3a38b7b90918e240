"""Reasons of the log in a letter's language; what is not known is quoted."""

from decimal import Decimal
from fractions import Fraction

import pytest

from flows.messages.language import ENGLISH, language_of
from flows.messages.recorded import recorded
from models.case import TOLD
from models.printing import duration_text, percent_text

GERMAN = language_of("de")


@pytest.mark.parametrize(
    ("reason", "german"),
    [
        (
            f"coverage is {percent_text(Fraction(1, 3))}, below the minimum of 95 %",
            "die Überwachung deckt 33,333333… % des Monats ab, weniger als die vereinbarten 95 %",
        ),
        (
            (
                f"{duration_text(Fraction(Decimal('687600.5')))} has no known state, "
                "and no_data is withhold"
            ),
            "für 191 Std. 0,5 Sek. des Monats liegen keine Messdaten vor",
        ),
        (
            (
                "coverage is 41.2 %, below the minimum of 95 %; "
                "12 measurement windows cannot be judged, and no_data is withhold"
            ),
            (
                "die Überwachung deckt 41,2 % des Monats ab, weniger als die vereinbarten 95 % und "
                "12 Messfenster sind nicht bewertbar"
            ),
        ),
        (
            "15 days of service are owed, not money: extend the term by hand",
            (
                "geschuldet sind 15 Tage zusätzliche Nutzung, kein Geld; "
                "bitte verlängern Sie die Laufzeit von Hand"
            ),
        ),
        (
            "uptime 99.95 % has no tier: it lies between brackets[0] and brackets[1]",
            "der Vertrag nennt für eine Verfügbarkeit von 99,95 % keine Stufe",
        ),
        ("no measurable time: all of the month is excluded", "es bleibt keine messbare Zeit"),
        (
            "the contract's terms changed and the monitoring evidence changed",
            "die Vertragsbedingungen haben sich geändert und die Messdaten haben sich geändert",
        ),
        (
            "regions_down_when asks for 3 regions, but there are 2",
            "der Vertrag verlangt 3 ausgefallene Regionen; überwacht werden 2",
        ),
        (
            "monitors_down_when asks for 4 monitors, but there are 1",
            "der Vertrag verlangt 4 ausgefallene Prüfungen; es gibt 1",
        ),
        (
            "the payload is billed in EUR, the contract in USD",
            "der Kalkulator rechnet in EUR, der Vertrag in USD",
        ),
        (
            "5400.5 s of downtime exceed the 3600 s that were measurable",
            "1 Std. 30 Min. 0,5 Sek. Ausfallzeit übersteigen die messbare Zeit von 1 Std.",
        ),
        (
            "the whole of 2026-05 is excluded, so no time was measurable",
            "es bleibt keine messbare Zeit",
        ),
        (
            "blocks are counted in each outage, and only the sum of downtime is known",
            (
                "maßgeblich sind die Zeitblöcke jedes Ausfalls, bekannt ist nur die Summe der "
                "Ausfallzeit"
            ),
        ),
        (
            "every outage is judged by its length, and only the sum of downtime is known",
            "maßgeblich ist die Dauer jedes Ausfalls, bekannt ist nur die Summe der Ausfallzeit",
        ),
        ("the inputs changed", "die Eingaben haben sich geändert"),
        (
            "this version of Makegood decides the same inputs otherwise",
            "diese Version von Makegood entscheidet bei denselben Eingaben anders",
        ),
        ("agreed with Kim", "agreed with Kim"),
        ("the contract's terms changed and so on", "the contract's terms changed and so on"),
    ],
)
def test_a_reason_is_said_when_all_of_it_is_known(reason, german):
    """In English it stands as it was recorded."""
    assert recorded(reason, GERMAN) == german
    assert recorded(reason, ENGLISH) == reason


@pytest.mark.parametrize("reason", TOLD.values())
def test_every_change_of_what_people_are_told_is_said(reason):
    """A further one in `models.case` needs its sentence here."""
    assert recorded(reason, GERMAN) != reason
