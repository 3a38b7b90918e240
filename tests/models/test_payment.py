"""How a released credit is planned: every row of what can be found at the billing vendor.

The contract is acme/api, the month May 2026 in UTC; the invoice is 1,000.00 EUR, paid, for May,
unless the clause says otherwise. 200.00 EUR are owed.
"""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import Payout, TaxBasis
from models.credit import Obligation, ObligationKind, ObligationState
from models.intervals import Interval
from models.money import Currency, Money
from models.payment import (
    BilledCustomer,
    BillingPicture,
    Channel,
    Invoice,
    InvoiceState,
    Part,
    journal_plan,
    plan_payment,
)
from models.period import ServiceMonth

MAY = ServiceMonth.parse("2026-05")
MONTH = MAY.bounds("UTC")
APRIL, JUNE = MAY.plus(-1).bounds("UTC"), MAY.plus(1).bounds("UTC")
EUR, USD = Currency.of("EUR"), Currency.of("USD")
HOUR = 3_600_000
R0, R1 = "acme/api/2026-05/r0", "acme/api/2026-05/r1"
CUSTOMER = BilledCustomer("cus_acme", deleted=False, currency="EUR", next_invoice=True)


def money(minor, code="EUR"):
    """Minor units in a currency."""
    return Money(minor, Currency.of(code))


def owed(minor, code="EUR", revision=0):
    """A released obligation of acme/api for May 2026."""
    return Obligation(
        contract="acme/api",
        period="2026-05",
        revision=revision,
        kind=ObligationKind.ADJUSTMENT if revision else ObligationKind.CREDIT,
        state=ObligationState.RELEASED,
        amount=money(minor, code),
        reason="",
    )


def invoice(total=100_000, *, code="EUR", remaining=0, creditable=None, tax=0, **facts):
    """An invoice; paid and creditable in full unless said otherwise."""
    given_facts = {"id": "in_may", "state": InvoiceState.PAID, "period": MONTH, **facts}
    return Invoice(
        total=money(total, code),
        remaining=money(remaining, code),
        creditable=money(total if creditable is None else creditable, code),
        tax=money(tax, code),
        **given_facts,
    )


def picture(*invoices, customers=(CUSTOMER,)):
    """What the vendor knows."""
    return BillingPicture(tuple(customers), invoices, seen_at=0)


def part(minor, channel=Channel.CREDIT_NOTE, *, obligation=R0, number=1, total=None, code="EUR"):
    """A part that stands."""
    return Part(
        obligation=obligation,
        number=number,
        channel=channel,
        customer="cus_acme",
        invoice="in_may" if channel is Channel.CREDIT_NOTE else "",
        amount=money(minor, code),
        payout=Payout.CUSTOMER_BALANCE,
        with_tax=None if total is None else money(total, code),
    )


def planned(
    seen,
    amount=20_000,
    *,
    code="EUR",
    payout=Payout.CUSTOMER_BALANCE,
    tax=TaxBasis.GROSS,
    revision=0,
    **facts,
):
    """The plan for what is owed, 200.00 EUR unless said otherwise."""
    return plan_payment(
        obligation=owed(amount, code, revision),
        payout=payout,
        tax=tax,
        picture=seen,
        month=MONTH,
        **facts,
    )


def shown(plan):
    """The parts as a person reads them: number, channel, target, amount."""
    return [
        f"p{p.number} {p.channel.value} {p.invoice or p.customer} {p.total}" for p in plan.parts
    ]


NOTE = ["p1 credit_note in_may 200.00 EUR"]
ENTRY = ["p1 balance cus_acme 200.00 EUR"]


def test_a_credit_goes_against_the_months_invoice():
    """One customer, one invoice that can take it: one note."""
    plan = planned(picture(invoice()))
    assert shown(plan) == NOTE
    assert (plan.ask, plan.wait, plan.left) == ("", "", money(0))
    assert plan.reasons == (
        "in_may is the only one for the service month; 1000.00 EUR of it can be credited",
        "a credit note of 200.00 EUR against in_may",
    )


@pytest.mark.parametrize(
    ("customers", "why"),
    [
        ((), "no customer"),
        ((CUSTOMER, replace(CUSTOMER, id="cus_twin")), "2 customers: cus_acme, cus_twin"),
        ((replace(CUSTOMER, deleted=True),), "cus_acme was deleted"),
    ],
)
def test_anything_but_one_living_customer_is_a_question(customers, why):
    """Nobody guesses who is meant; all of it is left."""
    plan = planned(picture(invoice(), customers=customers))
    assert (plan.parts, plan.left) == ((), money(20_000))
    assert why in plan.ask


def test_an_invoice_that_names_the_contract_comes_before_others_of_the_month():
    """Two invoices lie in May; one says that it is acme/api's."""
    plan = planned(
        picture(invoice(id="in_other"), invoice(id="in_named", names="acme/api")),
    )
    assert shown(plan) == ["p1 credit_note in_named 200.00 EUR"]


def test_an_invoice_of_another_contract_is_no_candidate():
    """acme/web has its own."""
    plan = planned(picture(invoice(id="in_web", names="acme/web"), invoice()))
    assert shown(plan) == NOTE


def test_several_candidates_are_a_question():
    """Two for May, neither names the contract."""
    plan = planned(picture(invoice(id="in_b"), invoice(id="in_a")))
    assert plan.parts == ()
    assert plan.ask == "several invoices may be the service month's: in_a, in_b"


def test_several_that_name_the_contract_are_a_question():
    """Naming it does not tell them apart."""
    plan = planned(
        picture(invoice(id="in_a", names="acme/api"), invoice(id="in_b", names="acme/api"))
    )
    assert "in_a, in_b" in plan.ask


@pytest.mark.parametrize(
    ("period", "is_mays"),
    [
        (MONTH, True),
        (APRIL, False),
        (JUNE, False),
        (Interval(APRIL.start, MONTH.start + 26 * HOUR), False),  # a zone's difference
        (Interval(APRIL.start, MONTH.start + 26 * HOUR + 1), True),
        (Interval(MONTH.end - 26 * HOUR, JUNE.end), False),
        (Interval(MONTH.start, MONTH.start + HOUR), True),  # all of it in May
        (Interval(APRIL.start, JUNE.end), True),  # a quarter
    ],
)
def test_an_invoice_is_of_the_month_when_more_than_zones_explain_lies_in_it(period, is_mays):
    """No two zones are more than 26 hours apart."""
    plan = planned(picture(invoice(period=period)))
    assert shown(plan) == (NOTE if is_mays else ENTRY)


@pytest.mark.parametrize(("names", "expected"), [("acme/api", NOTE), ("", ENTRY)])
def test_an_invoice_without_a_period_must_name_the_contract(names, expected):
    """Lines for a moment are for no month."""
    assert shown(planned(picture(invoice(period=None, names=names)))) == expected


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"state": InvoiceState.DRAFT}, "in_may is a draft"),
        (
            {"state": InvoiceState.OPEN, "remaining": 100_000, "payment_in_flight": True},
            "a payment of in_may is under way",
        ),
    ],
)
def test_a_draft_or_a_payment_under_way_waits(facts, why):
    """Nothing is asked, nothing is paid; the next run looks again."""
    plan = planned(picture(invoice(**facts)))
    assert (plan.parts, plan.ask, plan.left) == ((), "", money(20_000))
    assert why in plan.wait


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE])
def test_void_and_uncollectible_invoices_are_no_target(state):
    """The credit goes onto the balance."""
    plan = planned(picture(invoice(state=state)))
    assert shown(plan) == ENTRY
    assert f"in_may is {state.value}" in plan.reasons[0]


def test_an_invoice_over_nothing_is_no_target():
    """A trial month's invoice stands beside the real one."""
    assert shown(planned(picture(invoice(0, id="in_trial"), invoice()))) == NOTE


def test_without_an_invoice_the_credit_goes_onto_the_balance():
    """The next invoice uses it up."""
    assert shown(planned(picture())) == ENTRY


@pytest.mark.parametrize("payout", [Payout.REFUND, Payout.OUT_OF_BAND])
def test_other_payouts_need_an_invoice(payout):
    """Without one a person is asked, and may put it onto the balance."""
    plan = planned(picture(), payout=payout)
    assert plan.parts == ()
    assert "needs an invoice" in plan.ask
    assert plan.proposal == "Put 200.00 EUR onto the balance"


def test_what_cannot_be_credited_goes_onto_the_balance_as_the_second_part():
    """150.00 of 200.00 EUR can still be credited: 50.00 are left."""
    plan = planned(picture(invoice(creditable=15_000)))
    assert shown(plan) == ["p1 credit_note in_may 150.00 EUR", "p2 balance cus_acme 50.00 EUR"]
    assert plan.left == money(0)


def test_the_remainder_of_a_refund_is_a_question():
    """A balance entry is no refund."""
    plan = planned(picture(invoice(creditable=15_000)), payout=Payout.REFUND)
    assert shown(plan) == ["p1 credit_note in_may 150.00 EUR"]
    assert (plan.left, plan.proposal) == (money(5_000), "Put 50.00 EUR onto the balance")


@pytest.mark.parametrize("creditable", [0, -500])
def test_an_invoice_that_is_credited_in_full_takes_nothing_more(creditable):
    """All of it goes onto the balance, as the first part."""
    assert shown(planned(picture(invoice(creditable=creditable)))) == ENTRY


@pytest.mark.parametrize("why", ["cancelled", "prepaid", "ends before it renews"])
def test_a_credit_that_nobody_can_use_is_not_made(why):
    """No invoice will ever use the balance up: a refund or an extension is proposed."""
    customer = replace(CUSTOMER, next_invoice=False, why_no_invoice=why)
    for seen in (picture(customers=[customer]), picture(invoice(), customers=[customer])):
        plan = planned(seen)
        assert (plan.parts, plan.left) == ((), money(20_000))
        assert why in plan.ask
        assert plan.proposal == "Refund 200.00 EUR, or extend the term by its worth"


def test_a_credit_against_what_is_still_to_be_paid_is_always_of_use():
    """120.00 EUR are open: the note lowers them, and 80.00 would go to nobody."""
    customer = replace(CUSTOMER, next_invoice=False, why_no_invoice="cancelled")
    still_open = invoice(state=InvoiceState.OPEN, remaining=12_000)
    plan = planned(picture(still_open, customers=[customer]))
    assert shown(plan) == ["p1 credit_note in_may 120.00 EUR"]
    assert plan.left == money(8_000)
    assert "cancelled" in plan.ask


def test_a_refund_is_of_use_to_a_cancelled_customer():
    """The money goes back; no further invoice is needed."""
    customer = replace(CUSTOMER, next_invoice=False, why_no_invoice="cancelled")
    plan = planned(picture(invoice(), customers=[customer]), payout=Payout.REFUND)
    assert (shown(plan), plan.ask) == (NOTE, "")


def test_a_balance_in_another_currency_is_of_no_use():
    """The customer is billed in dollars, the credit is in euros."""
    customer = replace(CUSTOMER, currency="USD")
    plan = planned(picture(invoice(code="USD"), customers=[customer]))
    assert plan.parts == ()
    assert "in EUR, and the customer is billed in USD" in plan.ask
    assert plan.reasons == ("the service month's invoice is not in EUR: in_may in USD",)


def test_a_customer_without_a_currency_gets_it_from_the_entry():
    """Nothing was ever billed."""
    assert shown(planned(picture(customers=[replace(CUSTOMER, currency="")]))) == ENTRY


def test_tax_comes_on_top_of_a_net_credit_as_the_invoice_has_it():
    """1,190.00 with 190.00 tax: 200.00 net are 238.00 gross."""
    plan = planned(picture(invoice(119_000, tax=19_000)), tax=TaxBasis.NET)
    assert shown(plan) == ["p1 credit_note in_may 238.00 EUR"]
    assert (plan.parts[0].amount, plan.left) == (money(20_000), money(0))


def test_a_net_credit_is_capped_with_its_tax():
    """119.00 gross can be credited, 100.00 net; 100.00 net are left, 238.00 - 119.00 gross."""
    plan = planned(picture(invoice(119_000, tax=19_000, creditable=11_900)), tax=TaxBasis.NET)
    assert shown(plan) == ["p1 credit_note in_may 119.00 EUR", "p2 balance cus_acme 119.00 EUR"]
    assert [p.amount for p in plan.parts] == [money(10_000), money(10_000)]


def test_a_net_credit_without_tax_on_the_invoice_is_what_it_is():
    """Reverse charge: no tax, no difference."""
    plan = planned(picture(invoice()), tax=TaxBasis.NET)
    assert shown(plan) == NOTE
    assert plan.parts[0].with_tax is None


def test_tax_rates_are_not_blended():
    """1,180.00: 20 % on 900.00 and none on 100.00 are not 18 % on what failed."""
    mixed = invoice(118_000, tax=18_000, mixed_tax=True)
    plan = planned(picture(mixed), tax=TaxBasis.NET)
    assert (plan.parts, plan.left) == ((), money(20_000))
    assert "the lines of in_may are taxed differently" in plan.ask
    assert "with the tax of what failed" in plan.proposal
    assert shown(planned(picture(mixed))) == NOTE


def test_nobody_guesses_the_tax_of_a_net_credit():
    """Without an invoice there is no tax to go by, nor with one that is all tax."""
    assert "tax comes on top" in planned(picture(), tax=TaxBasis.NET).ask
    assert "tells nothing" in planned(picture(invoice(tax=100_000)), tax=TaxBasis.NET).ask


@pytest.mark.parametrize(
    ("code", "amount", "creditable", "parts"),
    [
        ("JPY", 900, 500, ["p1 credit_note in_may 500 JPY", "p2 balance cus_acme 400 JPY"]),
        # 1.234 dinars can be credited: the last digit must be 0.
        ("KWD", 5_000, 1_234, ["p1 credit_note in_may 1.230 KWD", "p2 balance cus_acme 3.770 KWD"]),
        ("ISK", 900, 500, ["p1 credit_note in_may 500 ISK", "p2 balance cus_acme 400 ISK"]),
        ("UGX", 900, 500, ["p1 credit_note in_may 500 UGX", "p2 balance cus_acme 400 UGX"]),
    ],
)
def test_parts_are_whole_multiples_of_the_smallest_payment(code, amount, creditable, parts):
    """Yen, krónur and shillings have no decimals; dinars are paid in steps of 0.010."""
    seen = picture(
        invoice(10_000, code=code, creditable=creditable),
        customers=[replace(CUSTOMER, currency=code)],
    )
    assert shown(planned(seen, amount, code=code)) == parts


def test_an_amount_that_no_payment_can_be_is_a_question():
    """5.001 dinars."""
    plan = planned(picture(), 5_001, code="KWD")
    assert plan.ask == "5.001 KWD is no multiple of 0.010 KWD, the smallest payment"


def test_only_what_is_still_owed_is_planned():
    """150.00 of 200.00 EUR are paid by the first part."""
    plan = planned(picture(invoice()), paid_parts=[part(15_000)], next_number=2)
    assert shown(plan) == ["p2 credit_note in_may 50.00 EUR"]


def test_what_is_paid_in_full_needs_nothing():
    """Neither a part nor a question."""
    plan = planned(picture(), paid_parts=[part(20_000)], next_number=2)
    assert (plan.parts, plan.ask, plan.wait, plan.left) == ((), "", "", money(0))


def test_parts_that_pay_more_than_is_owed_are_a_question():
    """That should never be; nothing is taken back without a person."""
    plan = planned(picture(), paid_parts=[part(20_000), part(1, number=2)], next_number=3)
    assert plan.ask == "the parts that stand pay 200.01 EUR, more than the 200.00 EUR that is owed"
    assert plan.parts == ()


def test_parts_of_another_month_are_refused():
    """They say nothing of this one."""
    with pytest.raises(ValueError, match="acme/api/2026-04/r0/p1 is not of acme/api/2026-05"):
        planned(picture(), paid_parts=[part(1, obligation="acme/api/2026-04/r0")])


def taken_back(amount, *paid, seen=None, **facts):
    """The plan for a negative adjustment after these parts."""
    return planned(seen or picture(), amount, revision=1, paid_parts=paid, **facts)


def test_what_was_put_onto_the_balance_is_taken_back_from_it():
    """200.00 EUR were put there, 80.00 are taken back."""
    plan = taken_back(-8_000, part(20_000, Channel.BALANCE))
    assert shown(plan) == ["p1 balance cus_acme -80.00 EUR"]
    assert plan.parts[0].key == f"{R1}/p1"


def test_never_more_is_taken_back_than_was_put_there():
    """150.00 by note, 50.00 by balance: of 80.00 only 50.00 can be taken back."""
    plan = taken_back(-8_000, part(15_000), part(5_000, Channel.BALANCE, number=2))
    assert shown(plan) == ["p1 balance cus_acme -50.00 EUR"]
    assert plan.left == money(-3_000)
    assert plan.ask.endswith("150.00 EUR by credit note")


def test_what_was_taken_back_before_counts():
    """200.00 were put there and 150.00 taken back: 50.00 of 80.00 are left to take."""
    earlier = part(-15_000, Channel.BALANCE, obligation=R1)
    plan = planned(
        picture(), -8_000, revision=2, paid_parts=[part(20_000, Channel.BALANCE), earlier]
    )
    assert shown(plan) == ["p1 balance cus_acme -50.00 EUR"]


def test_tax_is_taken_back_in_proportion():
    """100.00 net were 119.00 gross: 50.00 net are 59.50 gross."""
    plan = taken_back(-5_000, part(10_000, Channel.BALANCE, total=11_900), tax=TaxBasis.NET)
    assert shown(plan) == ["p1 balance cus_acme -59.50 EUR"]
    assert plan.parts[0].amount == money(-5_000)


def test_a_credit_note_is_not_taken_back():
    """A person may void it while its invoice is open, or leave it to the client."""
    still_open = invoice(state=InvoiceState.OPEN, remaining=50_000)
    plan = taken_back(-8_000, part(20_000), seen=picture(still_open))
    assert plan.parts == ()
    assert plan.proposal == "Void the credit note while in_may is open, or leave it to the client"
    closed = taken_back(-8_000, part(20_000), seen=picture(invoice()))
    assert closed.proposal == "Leave it to the client, or charge it on the next invoice"


def test_what_a_person_has_waived_was_never_put_there():
    """Of 150.00 and 50.00 the first shall not be paid: it settles, and 50.00 can go back."""
    paid = (part(15_000, Channel.BALANCE), part(5_000, Channel.BALANCE, number=2))
    plan = planned(
        picture(), -20_000, revision=1, paid_parts=paid, waived={f"{R0}/p1"}, next_number=1
    )
    assert shown(plan) == ["p1 balance cus_acme -50.00 EUR"]
    assert plan.left == money(-15_000)
    nothing = planned(picture(), -20_000, revision=1, paid_parts=paid[:1], waived={f"{R0}/p1"})
    assert (nothing.parts, nothing.left) == ((), money(-20_000))
    assert planned(picture(), paid_parts=paid, waived={f"{R0}/p1"}).left == money(0)


TO_TAKE_BACK = part(-30_000, Channel.BY_HAND, obligation=R1)


def test_what_the_client_has_kept_is_not_given_once_more():
    """500.00 were paid, 300.00 were to come back and shall not; now 300.00 more are owed again."""
    paid = (part(50_000), TO_TAKE_BACK)
    plan = planned(picture(invoice()), 30_000, revision=2, paid_parts=paid, waived={f"{R1}/p1"})
    assert (plan.parts, plan.left) == ((), money(30_000))
    kept = "the client still has 300.00 EUR of this month that was not taken back"
    assert plan.ask == f"{kept} ({R1}/p1)"


def test_nothing_more_is_given_while_nobody_knows_whether_something_came_back():
    """The question about it is answered first."""
    paid = (part(50_000), TO_TAKE_BACK)
    plan = planned(picture(invoice()), 30_000, revision=2, paid_parts=paid, in_doubt={f"{R1}/p1"})
    assert (plan.parts, plan.wait) == ((), f"{R1}/p1 must be settled first")
    after = planned(picture(invoice()), 30_000, revision=2, paid_parts=paid)
    assert [one.total for one in after.parts] == [money(30_000)]


def test_nothing_is_taken_back_while_a_part_is_in_doubt():
    """Perhaps it was never put there."""
    plan = taken_back(-8_000, part(20_000, Channel.BALANCE), in_doubt={f"{R0}/p1"})
    assert (plan.parts, plan.wait) == ((), f"{R0}/p1 must be settled first")


def test_nothing_is_taken_back_from_whom_nothing_more_is_billed():
    """The balance would be owed for ever."""
    customer = replace(CUSTOMER, next_invoice=False, why_no_invoice="cancelled")
    plan = taken_back(-8_000, part(20_000, Channel.BALANCE), seen=picture(customers=[customer]))
    assert plan.parts == ()
    assert "cancelled" in plan.ask


def test_nothing_is_taken_back_from_another_customer():
    """The contract names a new one since; the credit lies with the old one."""
    new = replace(CUSTOMER, id="cus_new")
    plan = taken_back(-8_000, part(20_000, Channel.BALANCE), seen=picture(customers=[new]))
    assert plan.parts == ()


def test_the_journal_books_whatever_is_left_in_one_part():
    """Up or down, without any vendor."""
    for amount in (20_000, -20_000):
        plan = journal_plan(obligation=owed(amount), payout=Payout.CUSTOMER_BALANCE)
        assert [(p.channel, p.amount) for p in plan.parts] == [(Channel.JOURNAL, money(amount))]
        assert plan.left == money(0)


def test_a_part_comes_back_from_its_record():
    """Whatever it is."""
    for one in (part(20_000), part(-5_000, Channel.BALANCE, total=-5_950), part(7, code="JPY")):
        assert Part.of_record(one.record) == one


CODES = ["EUR", "USD", "JPY", "KWD", "ISK", "UGX"]
amounts = st.integers(-3_000, 3_000)
spans = st.one_of(
    st.none(),
    st.sampled_from([APRIL, MONTH, JUNE, Interval(APRIL.start, JUNE.end)]),
)


@st.composite
def invoices(draw, code):
    """Any invoice, sound or not."""
    of = draw(st.sampled_from([code, code, code, "USD"]))
    return Invoice(
        id=f"in_{draw(st.integers(1, 9))}",
        state=draw(st.sampled_from(InvoiceState)),
        total=money(draw(amounts), of),
        remaining=money(draw(amounts), of),
        creditable=money(draw(amounts), of),
        tax=money(draw(st.integers(-50, 3_000)), of),
        period=draw(spans),
        names=draw(st.sampled_from(["", "acme/api", "acme/web"])),
        payment_in_flight=draw(st.booleans()),
    )


@st.composite
def customers(draw, code):
    """Any customer."""
    return BilledCustomer(
        id=draw(st.sampled_from(["cus_acme", "cus_twin"])),
        deleted=draw(st.integers(0, 9)) == 0,
        currency=draw(st.sampled_from(["", code, code, "USD"])),
        next_invoice=draw(st.booleans()),
    )


@st.composite
def questions(draw):
    """Anything that `plan_payment` may be asked."""
    code = draw(st.sampled_from(CODES))
    step = Currency.of(code).payable_step_minor
    parts = [
        Part(
            obligation=draw(st.sampled_from([R0, R1])),
            number=number,
            channel=draw(st.sampled_from(Channel)),
            customer="cus_acme",
            invoice="",
            amount=money(draw(st.integers(-50, 50)) * step, code),
            payout=Payout.CUSTOMER_BALANCE,
            with_tax=draw(st.none() | amounts.map(lambda minor: money(minor, code))),
        )
        for number in range(1, draw(st.integers(0, 3)) + 1)
    ]
    found = draw(st.lists(customers(code), min_size=0, max_size=2))
    alone = found[:1] if draw(st.integers(0, 4)) else found
    return {
        "obligation": owed(draw(amounts), code, revision=1),
        "payout": draw(st.sampled_from(Payout)),
        "tax": draw(st.sampled_from(TaxBasis)),
        "picture": picture(*draw(st.lists(invoices(code), max_size=3)), customers=alone),
        "month": MONTH,
        "paid_parts": parts,
        "in_doubt": draw(st.sampled_from([(), (f"{R1}/p1",)])),
        "next_number": 4,
    }


@settings(max_examples=120)
@given(questions())
def test_every_question_has_an_answer_that_adds_up(asked):
    """The parts and what is left are what was owed, and what is left is asked about or waits."""
    plan = plan_payment(**asked)
    obligation = asked["obligation"]
    own = sum(p.amount.minor for p in asked["paid_parts"] if p.obligation == obligation.key)
    now = sum(p.amount.minor for p in plan.parts)
    assert own + now + plan.left.minor == obligation.amount.minor
    assert bool(plan.ask or plan.wait) == bool(plan.left.minor)
    assert not (plan.ask and plan.wait)
    assert [p.number for p in plan.parts] == [4, 5][: len(plan.parts)]


@settings(max_examples=120)
@given(questions())
def test_live_parts_never_exceed_what_is_owed(asked):
    """Every new part goes the way of the obligation, in whole steps, and within it."""
    plan = plan_payment(**asked)
    obligation = asked["obligation"]
    step = obligation.amount.currency.payable_step_minor
    before = sum(p.amount.minor for p in asked["paid_parts"] if p.obligation == obligation.key)
    for new in plan.parts:
        assert new.amount.minor % step == 0
        assert (new.amount.minor > 0) == (obligation.amount.minor > 0)
        before += new.amount.minor
        assert abs(before) <= abs(obligation.amount.minor)


@settings(max_examples=120)
@given(questions())
def test_a_note_never_takes_more_than_can_be_credited(asked):
    """Nor does it go against an invoice that cannot take it."""
    seen = {(one.id, one.creditable.minor): one for one in asked["picture"].invoices}
    for new in plan_payment(**asked).parts:
        if new.channel is Channel.CREDIT_NOTE:
            able = [
                one
                for one in seen.values()
                if one.id == new.invoice
                and 0 < new.total.minor <= one.creditable.minor
                and one.state in {InvoiceState.OPEN, InvoiceState.PAID}
                and not one.payment_in_flight
                and one.total.currency == new.total.currency
            ]
            assert able


@settings(max_examples=120)
@given(questions())
def test_the_balance_never_falls_below_what_was_put_there(asked):
    """What is taken back is at most what entries have put there, tax in proportion."""
    entries = [p for p in asked["paid_parts"] if p.channel is Channel.BALANCE]
    put = sum(p.amount.minor for p in entries)
    for new in plan_payment(**asked).parts:
        if new.amount.minor < 0:
            assert new.channel is Channel.BALANCE
            assert put + new.amount.minor >= 0


@settings(max_examples=80)
@given(st.integers(1, 5_000), st.integers(1, 5_000), st.integers(0, 2_000))
def test_tax_on_top_splits_without_losing_a_cent(amount, creditable, tax):
    """However it is cut, the two documents together are what one would have been."""
    seen = picture(invoice(5_000 + tax, tax=tax, creditable=creditable))
    plan = planned(seen, amount, tax=TaxBasis.NET)
    whole = amount * Fraction(5_000 + tax, 5_000) + Fraction(1, 2)
    assert sum(p.total.minor for p in plan.parts) == whole.numerator // whole.denominator
