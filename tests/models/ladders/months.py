"""Measured months in a word, for the tests of ladders and determinations."""

from decimal import Decimal
from fractions import Fraction

from models.contract import CreditTerms
from models.determination import determine
from models.ladder import Measured
from models.money import Currency
from models.period import ServiceMonth
from tests.models.ladders.sheets import exact_yaml

JUNE = ServiceMonth.parse("2026-06")
JUNE_SECONDS = 30 * 86_400


def month(
    *, uptime=None, down_minutes=0, outages=None, excluded_minutes=0, days=30, affected_percent=100
):
    """A month of 30 days with this uptime percent, this downtime, or these outages in minutes."""
    period = Fraction(days * 86_400)
    measurable = period - Fraction(excluded_minutes) * 60
    if outages is not None:
        down_minutes = sum(Fraction(length) for length in outages)
    down = Fraction(down_minutes) * 60
    if uptime is not None:
        down = (1 - Fraction(uptime) / 100) * measurable
    return Measured(
        uptime=1 - down / measurable,
        down_seconds=down,
        measurable_seconds=measurable,
        period_seconds=period,
        days=days,
        outage_seconds=None if outages is None else tuple(Fraction(o) * 60 for o in outages),
        affected_ratio=Fraction(affected_percent) / 100,
    )


def terms(text):
    """Credit terms as a person writes them."""
    return CreditTerms.model_validate(exact_yaml(text))


def decide(text, measured, *, fee="2000.00", currency="EUR", withheld=""):
    """What June 2026 earns; terms may be text or credit terms."""
    return determine(
        terms=terms(text) if isinstance(text, str) else text,
        measured=measured,
        withheld=withheld,
        billable=None if fee is None else Decimal(fee),
        currency=Currency.of(currency),
        month=JUNE,
    )
