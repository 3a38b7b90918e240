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
from models.ladder import Measured
from models.money import Currency, Money, Rounding, round_to_payable
from models.payload import CalculatorPayload
from models.period import ServiceMonth

JUNE = ServiceMonth.parse("2026-06")
JUNE_SECONDS = 30 * 86_400
CURRENCIES = [Currency.of(code) for code in ("EUR", "JPY", "KWD", "ISK")]

percents = st.integers(0, 1_000_000).map(lambda units: Decimal(units).scaleb(-4))
commitments = st.integers(500_000, 1_000_000).map(lambda units: Decimal(units).scaleb(-4))
counts = st.sampled_from(["whole", "excess"])
maybe = st.booleans()
credit_units = st.sampled_from(["credit_percent", "credit_days"])


@st.composite
def sound_tables(draw):
    """Brackets as a careful person writes them: falling, touching, credits that grow."""
    commitment = draw(commitments)
    bounds = sorted(
        draw(st.sets(st.integers(1, int(commitment * 10_000) - 1), max_size=5)), reverse=True
    )
    uppers = [commitment, *(Decimal(bound).scaleb(-4) for bound in bounds)]
    earns = sorted(draw(st.lists(percents, min_size=len(uppers), max_size=len(uppers))))
    unit, with_lower = draw(credit_units), draw(maybe)
    rows = [{"below": upper, unit: earned} for upper, earned in zip(uppers, earns, strict=True)]
    for row, lower in zip(rows, uppers[1:], strict=False):
        row.update({"at_least": lower} if with_lower else {})
    return {"kind": "uptime_brackets", "commitment_percent": commitment, "brackets": rows}


@st.composite
def pro_rata(draw):
    """Every formula with the terms that it knows."""
    basis = draw(st.sampled_from(["downtime", "percentage_points", "relative_shortfall"]))
    own = {}
    if basis == "downtime":
        own = {
            "gated": draw(maybe),
            "counts": draw(counts),
            "downtime_of": draw(st.sampled_from(["measurable_time", "whole_period"])),
        }
    times = draw(st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(2), Decimal(100)]))
    head = {"kind": "pro_rata", "commitment_percent": draw(commitments), "basis": basis}
    return head | {"multiplier": times} | own


@st.composite
def per_block(draw):
    """Blocks of the month or of each outage, in percent or in days."""
    each = draw(st.sampled_from(["outage", "month"]))
    return {
        "kind": "per_block",
        "commitment_percent": draw(commitments),
        "block_minutes": draw(st.sampled_from([Decimal("0.5"), 7, 30, 60])),
        draw(credit_units): draw(st.sampled_from([1, Decimal("2.5"), 5])),
        "part_of_block": draw(st.sampled_from(["down", "up"])),
        "each": each,
        "counts": "whole" if each == "outage" else draw(counts),
        "gated": draw(maybe),
    }


@st.composite
def per_event(draw):
    """Events of either comparison, in percent or in days."""
    return {
        "kind": "per_event",
        "commitment_percent": draw(commitments),
        "qualifying_minutes": draw(st.sampled_from([1, 30])),
        "reaches": draw(st.sampled_from(["at_least", "longer_than"])),
        draw(credit_units): draw(st.sampled_from([1, 2])),
        "gated": draw(maybe),
    }


single_thresholds = st.builds(
    lambda promised, earned: {
        "kind": "single_threshold",
        "commitment_percent": promised,
        "credit_percent": earned,
    },
    commitments,
    percents,
)
ladders = st.one_of(sound_tables(), single_thresholds, pro_rata(), per_block(), per_event())


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
        }
    )


milliseconds = st.integers(0, 100_000_000)


@st.composite
def outage_pairs(draw):
    """Outages of a month, and a worse month: each at least as long, and perhaps more of them."""
    milder = draw(st.lists(milliseconds, max_size=5))
    longer = [length + draw(milliseconds) for length in milder]
    return milder, longer + draw(st.lists(milliseconds, max_size=2))


def month_of(outages, *, excluded=0):
    """The measured June with these outages and this much excluded time, in milliseconds."""
    lengths = tuple(Fraction(length, 1000) for length in outages)
    measurable = JUNE_SECONDS - Fraction(excluded, 1000)
    down = sum(lengths, Fraction(0))
    return Measured(
        uptime=1 - down / measurable,
        down_seconds=down,
        measurable_seconds=measurable,
        period_seconds=Fraction(JUNE_SECONDS),
        days=30,
        outage_seconds=lengths,
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
    assert found.amount is not None
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
    free = terms.model_copy(update={"cap": None, "minimum_payout": None})
    bound = terms.model_copy(update={"minimum_payout": None})
    with_cap, without = (decide(one, month_of(pair[1])) for one in (bound, free))
    less = (with_cap.credit_share or 0) < (without.credit_share or 0)
    fewer = (with_cap.days or 0) < (without.days or 0)
    assert with_cap.capped == (less or fewer)


@settings(max_examples=200)
@given(sound_tables(), percents)
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
