"""The pack's verifier, which shares no code with Makegood, comes to the same figures and cents."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import pack_verifier
from models.case import uptime_record
from models.contract import ContractVersion, CreditTerms
from models.decision import canonical
from models.determination import determine
from models.exclusion import ExclusionEvent, ExclusionKind, ExclusionRule, apply_rules
from models.money import Rounding
from models.period import ServiceMonth
from models.service_period import PeriodTerms
from models.uptime import evidence_of, measure_uptime, measured_month
from tests.properties.kind_terms import (
    by_class,
    clock_hours,
    combined,
    duration_tables,
    metric_tables,
    per_block,
    per_count,
    per_event,
    per_points,
    percents,
    pro_rata,
    repeated,
    single_thresholds,
    sound_tables,
)
from tests.properties.slow_uptime import Case
from tests.properties.tiny_months import cases

JUNE = ServiceMonth.parse("2026-06")
HOURS = st.none() | st.sampled_from([Decimal(0), Decimal("0.05"), Decimal("0.1"), Decimal(1)])


@st.composite
def rules(draw):
    """What a contract accepts of one kind of exclusion."""
    return ExclusionRule(
        kind=draw(st.sampled_from(ExclusionKind)),
        notice_hours=draw(HOURS),
        dependencies=draw(st.sampled_from([(), (), ("cloud",)])),
        most_hours_per_month=draw(HOURS.filter(lambda hours: hours != 0)),
    )


@st.composite
def told(draw, judged):
    """An exclusion as an event, with or without what its rule asks for."""
    event = judged.event
    kind = draw(st.sampled_from([ExclusionKind.MAINTENANCE, *ExclusionKind]))
    announced = draw(st.none() | st.sampled_from([event.start, event.start.replace(hour=0)]))
    more = {"announced_at": announced, "kind": kind, "id": f"{event.id}-{draw(st.integers(0, 9))}"}
    return ExclusionEvent.model_validate({**event.model_dump(), **more})


@st.composite
def credit_terms(draw):
    """A ladder of each kind that the verifier works out, with any cap, minimum and rounding."""
    kinds = [sound_tables(slopes=False), single_thresholds(), pro_rata(), per_block(), per_event()]
    caps = {name: draw(st.none() | percents) for name in ("percent", "amount", "days")}
    return CreditTerms.model_validate(
        {
            "ladder": draw(st.one_of(*kinds)),
            "cap": caps if any(caps.values()) else None,
            "minimum_payout": draw(st.sampled_from([None, {"more_than": 1}, {"at_least": "0.5"}])),
            "rounding": draw(st.sampled_from(list(Rounding))),
            "days_paid": draw(st.sampled_from(["as_days", "as_money"])),
        }
    )


def recorded(credit, **more):
    """The terms of a contract as a pack holds them."""
    version = ContractVersion(
        effective_on=date(2026, 1, 1),
        currency="EUR",
        billable_amount=Decimal(1000),
        monitors=("api",),
        credit=credit,
        **more,
    )
    return json.loads(canonical(version.record))


@pytest.mark.parametrize(
    "ladder",
    [
        by_class(),
        clock_hours(),
        combined(),
        duration_tables(),
        metric_tables(),
        per_count(),
        per_points(),
        repeated(),
    ],
)
@settings(max_examples=5)
@given(data=st.data())
def test_ladders_of_other_kinds_are_refused_by_name(ladder, data):
    """What the verifier does not know it never works out as something else."""
    terms = recorded(CreditTerms.model_validate({"ladder": data.draw(ladder)}))
    with pytest.raises(pack_verifier.Unknown, match=terms["credit"]["ladder"]["kind"]):
        pack_verifier.know(terms)


@settings(max_examples=1000, deadline=None)
@given(
    cases(),
    credit_terms(),
    st.lists(rules(), max_size=3),
    st.sampled_from(["EUR", "JPY", "KWD", "ISK"]),
    st.data(),
)
def test_the_verifier_agrees_on_every_month(case: Case, credit, accepted, code, data):
    """Figures, cents and days of generated contracts of every kind are what Makegood decided."""
    events = [data.draw(told(judged)) for judged in case.judged]
    version = ContractVersion(
        effective_on=date(2026, 1, 1),
        currency=code,
        billable_amount=Decimal("1234.56"),
        affected_percent=data.draw(st.sampled_from([Decimal(100), Decimal("33.3")])),
        monitors=("api",),
        measurement=case.terms,
        exclusions=tuple(accepted),
        credit=credit,
    )
    evidence = evidence_of(monitors=case.timelines, month=case.month, terms=case.terms)
    judged = apply_rules(events=events, rules=accepted, service_id="api", month=case.month)
    uptime = measure_uptime(
        monitors=evidence, month=case.month, terms=case.terms, exclusions=judged
    )
    affected = Fraction(version.affected_percent) / 100
    decided = determine(
        terms=credit,
        measured=measured_month(
            uptime, period=PeriodTerms().holding(JUNE), time_zone="UTC", affected=affected
        ),
        withheld=uptime.withheld,
        billable=version.billable_amount,
        currency=version.billable,
        month=JUNE,
    )
    terms = json.loads(canonical(version.record))
    try:
        pack_verifier.know(terms)
    except pack_verifier.Unknown as unknown:
        # Such as rewards in hours, or rows with more for each further point.
        hypothesis.event(f"refused: {unknown}")
        return
    figures, month = pack_verifier.measured(
        [[line.to_record() for line in lines] for lines in evidence],
        [event.model_dump(mode="json") for event in events],
        terms,
        "api",
        (case.month.start, case.month.end),
    )
    assert figures == {name: uptime_record(uptime)[name] for name in figures}
    assert (month is None) == bool(uptime.withheld)
    currency = version.billable
    paid = month and pack_verifier.credited(
        terms, month, 30, currency.exponent, currency.payable_step_minor
    )
    kept = decided.credit_share is None and decided.days is not None
    assert (paid and paid[0]) == (decided.amount and decided.amount.minor)
    assert paid is None or (paid[1] or 0) == (decided.days or 0)
    assert not kept or paid[0] == 0
