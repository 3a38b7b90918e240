"""Numbers and dates as people write them; nothing is rounded away."""

from fractions import Fraction

import pytest

from connectors.terms._catalog import shipped_catalog
from flows.messages.language import ENGLISH, language_of, told_in_utc
from flows.messages.views import totals
from models.ladder import Measured
from tests.flows.messages.samples import MAY, credit, money, outage

GERMAN = language_of("de")
MONTH = Fraction(31 * 24 * 3600)


@pytest.mark.parametrize(
    ("amount", "english", "german"),
    [
        ("1234.50 EUR", "€1,234.50", "1.234,50 €"),
        ("1234567 JPY", "¥1,234,567", "1.234.567 ¥"),
        ("12.345 KWD", "KWD 12.345", "12,345 KWD"),
        ("-0.05 USD", "-$0.05", "-0,05 $"),
        ("-0.05 CHF", "-CHF 0.05", "-0,05 CHF"),
        ("123456789012345678.90 EUR", "€123,456,789,012,345,678.90", None),
    ],
)
def test_money_has_its_currencys_places_and_the_languages_signs(amount, english, german):
    """Yen none, dinars three; 18 digits survive."""
    assert ENGLISH.money(money(amount)) == english
    if german:
        assert GERMAN.money(money(amount)) == german


@pytest.mark.parametrize("digits", ["99.897824", "99.9", "100", "0.000001", "99.90"])
def test_a_percent_keeps_every_place(digits):
    """99.897824 is never shown as 99.90."""
    assert ENGLISH.percent(digits) == f"{digits}%"
    assert GERMAN.percent(digits) == f"{digits.replace('.', ',')} %"


def test_months_and_days_have_names():
    """In the language's own order."""
    assert (ENGLISH.month(MAY), GERMAN.month(MAY)) == ("May 2026", "Mai 2026")
    assert ENGLISH.day(MAY.last_day) == "31 May 2026"
    assert GERMAN.day(MAY.last_day) == "31. Mai 2026"


@pytest.mark.parametrize(
    ("start", "end", "zone", "shown"),
    [
        ("2026-05-12T07:48:00", "2026-05-12T08:51:00", "UTC", "12 May 2026, 07:48 – 08:51 UTC"),
        (
            "2026-05-12T21:30:00",
            "2026-05-12T22:30:00",
            "Europe/Berlin",
            "12 May 2026, 23:30 – 13 May 2026, 00:30 CEST",
        ),
        (
            "2026-10-25T00:30:00",
            "2026-10-25T01:30:00",
            "Europe/Berlin",
            "25 October 2026, 02:30 CEST – 02:30 CET",
        ),
        (
            "2026-05-12T07:48:00.250",
            "2026-05-12T07:49:07.999",
            "UTC",
            "12 May 2026, 07:48:00 – 07:49:07 UTC",
        ),
    ],
)
def test_a_span_says_everything_once(start, end, zone, shown):
    """The date twice only over midnight, the offset twice only when clocks change."""
    assert ENGLISH.span(outage(start, end).whole, zone) == shown


@pytest.mark.parametrize(
    ("start", "end", "zone", "shown"),
    [
        (
            "2026-05-03T07:48:00",
            "2026-05-03T08:51:00",
            "Europe/Berlin",
            "3. Mai 2026, 09:48 – 10:51 Uhr MESZ",
        ),
        (
            "2026-01-12T21:30:00",
            "2026-01-13T04:30:00",
            "America/New_York",
            "12. Januar 2026, 16:30 – 23:30 Uhr EST",
        ),
        (
            "2026-10-25T00:30:00",
            "2026-10-25T01:30:00",
            "Europe/Berlin",
            "25. Oktober 2026, 02:30 Uhr MESZ – 02:30 Uhr MEZ",
        ),
    ],
)
def test_german_names_its_own_zones_and_leaves_others_their_names(start, end, zone, shown):
    """MEZ and MESZ at home; where German has no short name, the zone's own."""
    assert GERMAN.span(outage(start, end).whole, zone) == shown


@pytest.mark.parametrize(
    ("milliseconds", "english", "german"),
    [
        (2_678_400_000, "744 hr", "744 Std."),
        (5_040_000, "1 hr 24 min", "1 Std. 24 Min."),
        (2_678_400, "44 min 38.4 sec", "44 Min. 38,4 Sek."),
        (1, "0.001 sec", "0,001 Sek."),
        (0, "0 sec", "0 Sek."),
    ],
)
def test_a_length_of_time_is_exact_to_the_millisecond(milliseconds, english, german):
    """Only the units that it needs."""
    assert (ENGLISH.duration(milliseconds), GERMAN.duration(milliseconds)) == (english, german)


def test_london_is_told_in_utc_in_winter_only_when_its_clocks_say_so():
    """GMT is another name; the second line stays until the names are one."""
    whole = outage("2026-01-12T07:48:00", "2026-01-12T08:51:00").whole
    assert told_in_utc(whole, "UTC")
    assert not told_in_utc(whole, "Europe/London")


@pytest.mark.parametrize(
    ("tier", "english", "german"),
    [
        (
            "99 <= uptime < 99.9",
            "uptime of at least 99% and below 99.9%",
            "Verfügbarkeit von mindestens 99 % und unter 99,9 %",
        ),
        (
            "99 < uptime <= 99.9",
            "uptime above 99% and at most 99.9%",
            "Verfügbarkeit über 99 % und höchstens 99,9 %",
        ),
        (
            "99 <= uptime <= 99.9",
            "uptime of at least 99% and at most 99.9%",
            "Verfügbarkeit von mindestens 99 % und höchstens 99,9 %",
        ),
        (
            "99 < uptime < 99.9",
            "uptime above 99% and below 99.9%",
            "Verfügbarkeit über 99 % und unter 99,9 %",
        ),
        ("uptime < 95", "uptime below 95%", "Verfügbarkeit unter 95 %"),
        ("uptime <= 95", "uptime of at most 95%", "Verfügbarkeit von höchstens 95 %"),
        (
            "1 outages that lasted at least 20 min",
            "1 outage of at least 20 min",
            "1 Ausfall von mindestens 20 Min.",
        ),
        (
            "3 outages that lasted longer than 90 min",
            "3 outages of more than 1 hr 30 min",
            "3 Ausfälle von mehr als 1 Std. 30 Min.",
        ),
        (
            "4 x 30 min of downtime",
            "4 blocks of 30 min of downtime",
            "4 Zeitblöcke von je 30 Min. Ausfallzeit",
        ),
        (
            "pro rata by downtime, excess only, 1.5x",
            "pro rata by downtime, beyond the allowance alone, times 1.5",
            "anteilig nach Ausfallzeit, nur über die Freigrenze hinaus, mal 1,5",
        ),
        (
            "2 x 0.3 points",
            "2 steps of 0.3 percentage points below the promise",
            "2 Stufen von je 0,3 Prozentpunkten unter der Zusage",
        ),
        ("1 free hours", "1 hour that is not charged", "1 Stunde, die nicht berechnet wird"),
        (
            "0 < minutes < 9, 60 <= minutes",
            "minutes of downtime: > 0, < 9 and minutes of downtime: ≥ 60",
            "Minuten Ausfallzeit: > 0, < 9 und Minuten Ausfallzeit: ≥ 60",
        ),
        ("latency_ms: 40.5 < value <= 50", "latency_ms: > 40.5, ≤ 50", "latency_ms: > 40,5, ≤ 50"),
        ("1.5 x days_over", "1.5 times days_over", "1,5-mal days_over"),
        (
            "3 failures within 6 periods",
            "promise missed 3 times within 6 service periods",
            "Zusage 3-mal verfehlt in 6 Leistungszeiträumen",
        ),
        (
            "uptime < 99.9 and pro rata by downtime, 1x",
            "uptime below 99.9% and pro rata by downtime, times 1",
            "Verfügbarkeit unter 99,9 % und anteilig nach Ausfallzeit, mal 1",
        ),
        ("as agreed", "as agreed", "as agreed"),
    ],
)
def test_a_tier_is_put_into_words(tier, english, german):
    """Any other text is shown as it is recorded."""
    assert (ENGLISH.tier(tier), GERMAN.tier(tier)) == (english, german)


@pytest.mark.parametrize("percent", [0, 90, 98, 99])
def test_the_tiers_of_every_published_ladder_can_be_put_into_words(percent):
    """Whatever a determination calls its tier is said in German as well."""
    down = MONTH * (100 - percent) / 100
    missed = Measured(Fraction(percent, 100), down, MONTH, MONTH, 31, (down,))
    ladders = [sheet.credit.ladder for sheet in shipped_catalog().values()]
    tiers = {ladder.assess(missed).tier or "" for ladder in ladders}
    assert len(tiers) > 3
    assert [tier for tier in tiers if tier and GERMAN.tier(tier) == tier] == []


def test_totals_keep_currencies_apart():
    """100.00 + 20.00 EUR beside 5 JPY; never one number."""
    lines = [
        credit(amount=money("100.00 EUR")),
        credit(amount=money("5 JPY")),
        credit(amount=money("20.00 EUR")),
    ]
    assert [str(total) for total in totals(lines)] == ["120.00 EUR", "5 JPY"]
