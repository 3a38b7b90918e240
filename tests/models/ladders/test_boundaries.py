"""Every sheet of the catalog at its edges: on each bound, a hair to each side of it, at 0 and 100.

A hair is one unit in the last place of a Decimal with 28 digits. What the sheet's own rows say of
such an uptime is read off the rows here, with plain comparisons of decimals and nothing else.
"""

import itertools
from decimal import Decimal

import pytest

from models.catalog import determine_payload
from models.kinds.by_class import ByClass
from models.kinds.combined import Combined
from models.kinds.metric import OfMetric
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import UptimeBrackets
from models.payload import CalculatorPayload
from tests.models.ladders.sheets import PATHS, sheet

NAMES = [path.stem for path in PATHS]
FEE = Decimal("1234567.89")


def single(ladder):
    """A ladder, and every ladder that it is made of."""
    if isinstance(ladder, Combined):
        return [one for part in ladder.parts for one in single(part.ladder)]
    if isinstance(ladder, ByClass):
        return [one for inner in ladder.classes.values() for one in single(inner)]
    return [ladder]


def bounds(ladder):
    """Every uptime at which something may change, in percent."""
    yield ladder.commitment_percent
    for row in getattr(ladder, "brackets", ()):
        yield from (b for b in (row.below, row.at_most, row.at_least, row.above) if b is not None)
    if getattr(ladder, "starts_at_percent", None) is not None:
        yield ladder.starts_at_percent


def uptimes(name):
    """On every bound and a hair to each side, 0 and 100; rising."""
    found = {Decimal(0), Decimal(100)}
    for ladder in single(sheet(name).credit.ladder):
        for bound in bounds(ladder):
            found |= {bound, bound.next_minus(), bound.next_plus()} if bound else {bound}
    return sorted(one for one in found if 0 <= one <= 100)


def answers(name):
    """What the sheet earns at each of them, for a contract that is everything it asks for."""
    credit = sheet(name).credit
    found = {}
    for uptime in uptimes(name):
        payload = CalculatorPayload.model_validate(
            {
                "month": "2026-06",
                "uptime_percent": uptime,
                "attributes": eligible(credit),
                "amounts": {cap.base_name: FEE * 100 for cap in credit.caps if cap.base_name},
                "history": [{"month": f"2026-{n:02d}", "breached": True} for n in range(1, 6)],
            }
        )
        found[uptime] = determine_payload(
            terms=credit, payload=payload, billable=FEE, currency="USD"
        )
    return found


def eligible(credit):
    """Attributes that open every gate, and name a class where one must be named."""
    opened = {
        gate.attribute: gate.one_of[0] if gate.one_of else str(gate.least)
        for gate in credit.eligibility
    }
    ladder = credit.ladder
    if isinstance(ladder, ByClass):
        opened[ladder.attribute] = next(iter(ladder.classes))
    return opened


def row_of(ladder, uptime):
    """The credits of the rows that hold an uptime, read off the bounds as they were written."""
    uppers = [row.below if row.below is not None else row.at_most for row in ladder.brackets]
    held = set()
    for row, upper in zip(ladder.brackets, uppers, strict=True):
        under = uptime < upper or (row.below is None and uptime == upper)
        if row.at_least is not None:
            over = uptime >= row.at_least
        elif row.above is not None:
            over = uptime > row.above
        else:
            next_lower = [other for other in uppers if other < upper]
            over = not any(reaches(ladder, other, uptime) for other in next_lower)
        if under and over:
            held.add(row)
    return held


def reaches(ladder, upper, uptime):
    """Whether a lower row, by its upper bound, holds an uptime."""
    rows = [row for row in ladder.brackets if upper in (row.below, row.at_most)]
    return any(uptime < upper or (row.below is None and uptime == upper) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_every_edge_has_one_answer_or_one_named_reason(name):
    """An amount, or words for why there is none."""
    for found in answers(name).values():
        assert (found.amount is None) == bool(found.withheld)


@pytest.mark.parametrize("name", NAMES)
def test_less_uptime_never_earns_less(name):
    """From 100 down to 0, over every edge that has an answer."""
    earned = [
        (found.amount.minor, found.days or 0)
        for _, found in sorted(answers(name).items(), reverse=True)
        if found.amount is not None
    ]
    for milder, worse in itertools.pairwise(earned):
        assert worse[0] >= milder[0]
        assert worse[1] >= milder[1]


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_commitment_is_kept(name):
    """And a hair below it is a breach."""
    ladder = sheet(name).credit.ladder
    if isinstance(ladder, Combined | ByClass | OfMetric):
        return
    found, promised = answers(name), ladder.commitment_percent
    assert found[promised].breached is False
    assert found[promised.next_minus()].breached is True


TABLES = [name for name in NAMES if isinstance(sheet(name).credit.ladder, UptimeBrackets)]


@pytest.mark.parametrize("name", TABLES)
def test_the_row_is_the_one_whose_bounds_hold_the_uptime(name):
    """Rows without a lower bound reach down to the next one; none or two that differ withhold."""
    ladder = sheet(name).credit.ladder
    for uptime, found in answers(name).items():
        rows = row_of(ladder, uptime)
        if any(row.up_to_minutes for row in ladder.brackets) and found.withheld:
            assert "brackets[" in found.withheld
        elif len({row.credit for row in rows}) > 1 or (not rows and found.breached):
            assert "has no tier" in found.withheld
        elif not rows:
            assert found.amount is not None
            assert found.amount.minor == 0
        else:
            assert found.withheld == ""
            assert found.tier is not None


@pytest.mark.parametrize("name", TABLES)
def test_a_flat_row_earns_its_percent_to_the_cent(name):
    """Of 1,234,567.89, rounded once; where no cap, minimum or further step touches it."""
    credit = sheet(name).credit
    for uptime, found in answers(name).items():
        rows = row_of(credit.ladder, uptime)
        flat = [row for row in rows if row.credit_percent is not None and row.more is None]
        if len(rows) != 1 or len(flat) != 1 or found.withheld or found.capped:
            continue
        assert found.amount is not None
        cents = FEE * flat[0].credit_percent
        assert found.amount.minor == int(cents.quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def test_thresholds_are_all_or_nothing():
    """Each sheet of that kind has two answers over all of its edges."""
    for name in NAMES:
        if isinstance(sheet(name).credit.ladder, SingleThreshold) and not sheet(name).credit.caps:
            assert len({str(found.amount) for found in answers(name).values()}) == 2
