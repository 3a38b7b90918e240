"""Laws of every ladder: more downtime never pays less, caps hold, replays give the same cents."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import CreditTerms
from models.credit import Obligation, ObligationState, revise
from models.decision import canonical
from models.determination import determine, replay_differences
from models.kinds.uptime_brackets import UptimeBrackets
from models.money import Currency, Money, Rounding, round_to_payable
from models.payload import CalculatorPayload
from models.period import ServiceMonth
from tests.properties.kind_terms import (
    at_uptime,
    commitments,
    ladders,
    maybe,
    month_of,
    outage_pairs,
    percents,
    sound_tables,
)

JUNE = ServiceMonth.parse("2026-06")
CURRENCIES = [Currency.of(code) for code in ("EUR", "JPY", "KWD", "ISK")]


@st.composite
def scoped_caps(draw):
    """A cap over several periods, in one of its units."""
    scope = draw(st.sampled_from(["quarter", "year", "rolling_year", "subscription"]))
    return {"scope": scope, draw(st.sampled_from(["percent", "amount", "days"])): draw(percents)}


@st.composite
def credit_terms(draw):
    """Any ladder with any cap, minimum, rounding and use of days."""
    caps = {"percent": draw(percents), "amount": draw(percents), "days": draw(percents)}
    chosen = draw(st.sets(st.sampled_from(sorted(caps))))
    minimum = draw(st.sampled_from([None, {"more_than": 1}, {"at_least": "0.5"}]))
    return CreditTerms.model_validate(
        {
            "ladder": draw(ladders),
            "cap": {name: caps[name] for name in chosen} or None,
            "minimum_payout": minimum,
            "rounding": draw(st.sampled_from(list(Rounding))),
            "days_paid": draw(st.sampled_from(["as_days", "as_money"])),
            "caps": draw(st.lists(scoped_caps(), max_size=2)),
        }
    )


def decide(terms, measured, *, fee=Decimal("1234.56"), currency=CURRENCIES[0]):
    """What June earns."""
    return determine(
        terms=terms,
        measured=measured,
        withheld="",
        billable=fee,
        currency=currency,
        month=JUNE,
    )


@settings(max_examples=250)
@given(credit_terms(), outage_pairs(), st.sampled_from(CURRENCIES), st.integers(0, 900_000_000))
def test_more_downtime_never_pays_less(terms, pair, currency, excluded):
    """In money and in days, under every kind of ladder, cap, minimum and rounding."""
    mild, worse = (
        decide(terms, month_of(outages, excluded=excluded), currency=currency) for outages in pair
    )
    if terms.ladder.kind == "by_class" and mild.withheld:
        assert worse.withheld == mild.withheld
        return
    assert mild.amount is not None
    assert worse.amount is not None
    assert worse.amount.minor >= mild.amount.minor
    assert (worse.days or 0) >= (mild.days or 0)
    assert bool(worse.breached) >= bool(mild.breached)


@settings(max_examples=200)
@given(credit_terms(), outage_pairs(), st.sampled_from(CURRENCIES))
def test_a_credit_is_within_its_cap(terms, pair, currency):
    """Money within an amount, and within a percent rounded as the credit is; days within theirs."""
    found = decide(terms, month_of(pair[1]), currency=currency)
    cap = terms.cap
    if found.amount is None:
        assert found.withheld
        return
    assert found.amount.minor >= 0
    if cap and cap.percent is not None:
        most = found.base_minor * Fraction(cap.percent) / 100
        rounded = round_to_payable(most, currency, rounding=terms.rounding)
        assert found.amount.minor <= rounded.money.minor
    if cap and cap.amount is not None:
        assert found.amount.minor <= currency.minor(cap.amount)
    if cap and cap.days is not None and found.days is not None:
        assert found.days <= cap.days


@settings(max_examples=200)
@given(credit_terms(), outage_pairs())
def test_the_cap_flag_says_whether_something_was_taken_away(terms, pair):
    """Without its cap a capped month earns more; an uncapped one earns the same."""
    free = terms.model_copy(update={"cap": None, "caps": (), "minimum_payout": None})
    bound = terms.model_copy(update={"minimum_payout": None})
    with_cap, without = (decide(one, month_of(pair[1])) for one in (bound, free))
    less = (with_cap.credit_share or 0) < (without.credit_share or 0)
    fewer = (with_cap.days or 0) < (without.days or 0)
    assert with_cap.capped == (less or fewer)


@settings(max_examples=200)
@given(sound_tables(slopes=False), percents)
def test_a_sound_table_answers_every_uptime_once(table, uptime):
    """At or above the commitment nothing, below it exactly one row; and it has no findings."""
    ladder = UptimeBrackets.model_validate(table)
    measured = month_of([])
    assessed = ladder.assess(replace(measured, uptime=Fraction(uptime) / 100))
    holding = [row for row in ladder.rows if row.lower <= (Fraction(uptime) / 100, 0) < row.upper]
    assert ladder.findings("") == ()
    assert assessed.gap is None
    assert len(holding) == (uptime < ladder.commitment_percent)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            percents, percents, maybe, st.sampled_from([None, "at_least", "above"]), percents
        ),
        min_size=1,
        max_size=4,
    ),
    commitments,
    st.one_of(percents, st.none()),
)
def test_any_table_gives_one_answer_or_one_named_gap(rows, commitment, uptime):
    """However defective: an answer is that of a row that holds the uptime, or a gap is named."""
    table = UptimeBrackets.model_validate(
        {
            "commitment_percent": commitment,
            "as_published": True,
            "brackets": [
                {("below" if strict else "at_most"): max(a, b) + 1 - (max(a, b) > 99),
                 "credit_percent": earned} | ({lower: min(a, b) / 2} if lower else {})
                for a, b, strict, lower, earned in rows
            ],
        }
    )  # fmt: skip
    at = Fraction(rows[0][0] if uptime is None else uptime) / 100
    assessed = table.assess(replace(month_of([]), uptime=at))
    held = {row.bracket.credit for row in table.rows if row.lower <= (at, 0) < row.upper}
    assert (assessed.gap is None) == (len(held) == 1 or (not held and not assessed.breached))
    assert assessed.share * 100 == (next(iter(held)) if len(held) == 1 else 0)


@settings(max_examples=150)
@given(credit_terms(), outage_pairs(), st.sampled_from(CURRENCIES))
def test_recorded_inputs_replay_to_the_same_cents(terms, pair, currency):
    """Terms and payload, written as canonical JSON and read again, decide the same."""
    outages = [Fraction(length, 1000) for length in pair[1] if length]
    payload = CalculatorPayload.model_validate(
        {
            "month": "2026-06",
            "billable_amount": "1234.56",
            "currency": currency.code,
            **(
                {"outages_seconds": [f"{Decimal(o.numerator) / o.denominator:f}" for o in outages]}
                if outages
                else {"down_seconds": 0}
            ),
        }
    )
    first = answer(terms, payload, currency)
    again = answer(
        CreditTerms.model_validate(recorded(terms)),
        CalculatorPayload.model_validate(recorded(payload)),
        currency,
    )
    assert again == first
    assert replay_differences(first.to_record(), again.to_record()) == ()
    assert json.loads(canonical(first.to_record())) == first.to_record()


def recorded(document):
    """A document as the log keeps it and gives it back."""
    return json.loads(canonical(document.model_dump(mode="json")), parse_float=Decimal)


def answer(terms, payload, currency):
    """What a payload earns."""
    measured, withheld = payload.measured()
    return determine(
        terms=terms,
        measured=measured,
        withheld=withheld,
        billable=payload.billable_amount,
        currency=currency,
        month=payload.service_month,
    )


@settings(max_examples=150)
@given(credit_terms(), percents)
def test_every_uptime_has_exactly_one_answer_or_one_named_reason(terms, uptime):
    """Of any kind, with any facts: an amount, or why there is none; and breached is said."""
    for measured in (at_uptime(Fraction(uptime) / 100), month_of([])):
        found = decide(terms, measured)
        assert (found.amount is None) == bool(found.withheld)
        assert found.breached is not None
        assert decide(terms, measured) == found


@settings(max_examples=100)
@given(credit_terms())
def test_terms_mean_the_same_when_they_are_written_and_read_again(terms):
    """As the log keeps them; the digest is the same."""
    kept = recorded(terms)
    again = CreditTerms.model_validate(kept)
    assert again == terms
    assert canonical(again.model_dump(mode="json")) == canonical(kept)


@settings(max_examples=100)
@given(credit_terms(), st.integers(0, 5000), st.integers(0, 5000))
def test_a_higher_latency_never_pays_less(terms, one, other):
    """For the kinds that look at it; the others do not change."""
    low, high = (decide(terms, month_of([], latency=value)) for value in sorted((one, other)))
    if low.amount is not None and high.amount is not None:
        assert high.amount.minor >= low.amount.minor
        assert (high.days or 0) >= (low.days or 0)


events = st.one_of(
    st.integers(-500, 500), st.just("release"), st.just("no data"), st.just("low coverage")
)


@settings(max_examples=200)
@given(st.lists(events, max_size=8), maybe)
def test_released_and_open_together_are_always_what_the_month_owes(happened, changed):
    """Through any order of decisions, releases and withholding; what was released never changes."""
    history: list[Obligation] = []
    for event in happened:
        if event == "release":
            history = [
                replace(o, state=ObligationState.RELEASED)
                if o.state is ObligationState.DRAFT
                else o
                for o in history
            ]
            continue
        before = [o for o in history if o.state is ObligationState.RELEASED]
        history = decided(history, event, changed=changed)
        assert [o for o in history if o.state is ObligationState.RELEASED] == before
        standing = [o for o in history if o.is_open]
        assert len(standing) <= 1
        assert len({o.key for o in history}) == len(history)
        paid = sum(o.amount.minor for o in before if o.amount)
        drafted = sum(o.amount.minor for o in standing if o.amount)
        if isinstance(event, int):
            assert paid + drafted == event
            assert all(o.state is ObligationState.DRAFT for o in standing)
        else:
            assert [o.state for o in standing] == [ObligationState.WITHHELD]


def decided(history, event, *, changed):
    """The history after a total in cents, or a reason to withhold."""
    total = Money(event, CURRENCIES[0]) if isinstance(event, int) else None
    revision = revise(
        history,
        contract="acme/api",
        period="2026-06",
        total=total,
        withheld="" if total else event,
        because="the evidence changed" if changed else "",
    )
    gone = revision.superseded
    kept = [gone if gone and o.key == gone.key else o for o in history]
    return [*kept, revision.created] if revision.created else kept
