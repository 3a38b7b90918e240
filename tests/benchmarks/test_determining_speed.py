"""How long ten thousand contracts take to be determined: ten kinds, every month another one."""

import time
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from models.determination import determine
from models.intervals import MINUTE_MS, IntervalSet
from models.measurement import MeasurementTerms
from models.money import Currency
from tests.models.kinds.coverage import covered, payload_of, terms_of

CONTRACTS = 10_000
KINDS = ("K01", "K02", "K06", "K09", "K12", "K13", "K14", "K25", "K26", "K30")
MOST_SECONDS = timedelta(seconds=2)
USD = Currency.of("USD")


def months(number):
    """So many contracts with their months: kinds in turn, each month with downtime of its own."""
    known = {one.id: one for one in covered()}
    asked = []
    for kind in KINDS:
        terms, payload = terms_of(known[kind]), payload_of(known[kind])
        rules = terms.measurement or MeasurementTerms()
        measured, _ = payload.measured(period=terms.period, measurement=rules)
        assert measured is not None
        asked.append((terms, measured, payload))
    return [
        (terms, worn(measured, place), payload)
        for place in range(number)
        for terms, measured, payload in [asked[place % len(asked)]]
    ]


def worn(measured, place):
    """The month with three outages, as nobody else has them; about one in two is a breach."""
    start = measured.period.start
    lengths = [1000 + 377 * (place % 7919), 61_000 + 59 * place, 5 * MINUTE_MS + 7 * place]
    spans = [(start + day * 86_400_000, length) for day, length in zip((1, 5, 9), lengths)]  # noqa: B905 - as many days as lengths
    seconds = tuple(Fraction(length, 1000) for length in lengths)
    down = sum(seconds, Fraction(0))
    return replace(
        measured,
        uptime=1 - down / measured.measurable_seconds,
        down_seconds=down,
        outage_seconds=seconds,
        outage_starts=tuple(at for at, _ in spans),
        down=IntervalSet.rising((at, at + length) for at, length in spans),
    )


def determined(asked):
    """Every contract's determination."""
    return [
        determine(
            terms=terms,
            measured=measured,
            withheld="",
            billable=payload.billable_amount,
            currency=USD,
            month=payload.service_month,
        )
        for terms, measured, payload in asked
    ]


@pytest.mark.benchmark
def test_determining_ten_thousand_contracts_of_ten_kinds():
    """Pure time, without reading, measuring or writing."""
    asked = months(CONTRACTS)
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    found = determined(asked)
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    earned = sum(1 for one in found if one.owed)
    print(
        f"\n{CONTRACTS:,} contracts of {len(KINDS)} kinds, {earned:,} earn something: "
        f"{cpu // 1_000_000:,} ms of CPU, {wall // 1_000_000:,} ms in all"
    )
    assert len(found) == CONTRACTS
    assert 1000 < earned < CONTRACTS
    assert timedelta(microseconds=cpu // 1000) < MOST_SECONDS


def test_every_kind_of_the_benchmark_gives_an_answer():
    """The same, small enough for every day: a hundred contracts, none withheld, all ten kinds."""
    found = determined(months(100))
    assert [one.withheld for one in found if one.withheld] == []
    assert any(one.owed for one in found)
