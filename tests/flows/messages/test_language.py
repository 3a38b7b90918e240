"""Numbers and dates as people write them; nothing is rounded away."""

import pytest

from flows.messages.language import ENGLISH, Language, told_in_utc
from flows.messages.views import totals
from tests.flows.messages.samples import MAY, credit, money, outage

GERMAN = Language(
    code="de",
    locale="de",
    day_pattern="d. MMMM y",
    percent_sign=" %",
    bounds=("mindestens", "über", "unter", "höchstens"),
    both="und",
)


@pytest.mark.parametrize(
    ("amount", "english", "german"),
    [
        ("1240.00 EUR", "1,240.00 EUR", "1.240,00 EUR"),
        ("1234567 JPY", "1,234,567 JPY", "1.234.567 JPY"),
        ("12.345 KWD", "12.345 KWD", "12,345 KWD"),
        ("-0.05 USD", "-0.05 USD", "-0,05 USD"),
        ("123456789012345678.90 EUR", "123,456,789,012,345,678.90 EUR", None),
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


def test_london_is_told_in_utc_in_winter_only_when_its_clocks_say_so():
    """GMT is another name; the second line stays until the names are one."""
    whole = outage("2026-01-12T07:48:00", "2026-01-12T08:51:00").whole
    assert told_in_utc(whole, "UTC")
    assert not told_in_utc(whole, "Europe/London")


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        ("99 <= uptime < 99.9", "at least 99% and below 99.9%"),
        ("99 < uptime <= 99.9", "above 99% and at most 99.9%"),
        ("uptime < 95", "below 95%"),
        ("3 outages that earn 5 % each", "3 outages that earn 5 % each"),
    ],
)
def test_a_tier_of_uptime_is_put_into_words(tier, words):
    """Any other tier is shown as the determination names it."""
    assert ENGLISH.tier(tier) == words


def test_totals_keep_currencies_apart():
    """100.00 + 20.00 EUR beside 5 JPY; never one number."""
    lines = [
        credit(amount=money("100.00 EUR")),
        credit(amount=money("5 JPY")),
        credit(amount=money("20.00 EUR")),
    ]
    assert [str(total) for total in totals(lines)] == ["120.00 EUR", "5 JPY"]
