"""Three views of the same money: what agrees is no difference, and every difference is found.

Acme's API is owed 100.00 EUR for May 2026, paid by note `cn_1` against `in_may`.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import Payout, Role
from models.credit import Obligation, ObligationKind, ObligationState
from models.effect import EffectState
from models.money import Currency, Money
from models.payment import Channel, Part
from models.period import ServiceMonth
from models.reconciliation import (
    Difference,
    LedgerLine,
    News,
    NewsKind,
    OurCredit,
    OurPart,
    Reconciliation,
    RepairKind,
    VendorCredit,
    VendorState,
    Views,
    reconcile,
)
from models.returned import Correction

EUR, USD = Currency.of("EUR"), Currency.of("USD")
MAY = ServiceMonth.parse("2026-05")
BOUNDS = MAY.bounds("UTC")
JUNE_3 = BOUNDS.end + 2 * 86_400_000
R0 = "acme/api/2026-05/r0"
P1 = f"{R0}/p1"


def eur(minor: int) -> Money:
    """Cents."""
    return Money(minor, EUR)


def a_part(minor: int = 10_000, **known) -> Part:
    """The first part, a note."""
    usual = {
        "obligation": R0,
        "number": 1,
        "channel": Channel.CREDIT_NOTE,
        "customer": "cus_acme",
        "invoice": "in_may",
        "amount": eur(minor),
        "payout": Payout.CUSTOMER_BALANCE,
    }
    return Part(**{**usual, **known})


def paid(part: Part | None = None, *, vendor_id: str = "cn_1") -> OurPart:
    """A part that is recorded as paid."""
    return OurPart(part or a_part(), EffectState.DONE, vendor_id)


def owed(minor: int | None = 10_000, *parts: OurPart, **known) -> OurCredit:
    """A released obligation with its parts, or with the usual one."""
    state = known.pop("state", ObligationState.RELEASED)
    usual = {
        "contract": "acme/api",
        "period": "2026-05",
        "revision": 0,
        "kind": ObligationKind.CREDIT,
        "state": state,
        "amount": None if minor is None else eur(minor),
        "reason": "",
    }
    obligation = Obligation(**{**usual, **known.pop("obligation", {})})
    return OurCredit(
        obligation, **{"role": Role.PROVIDER, "month": BOUNDS, "parts": parts, **known}
    )


def note(identity: str = "cn_1", **known) -> VendorCredit:
    """What the vendor lists."""
    usual = {
        "id": identity,
        "key": P1,
        "state": VendorState.LIVE,
        "amount": eur(10_000),
        "customer": "cus_acme",
        "invoice": "in_may",
        "created_at": JUNE_3,
    }
    return VendorCredit(**{**usual, **known})


def compared(
    *ours: OurCredit,
    listed: tuple[VendorCredit, ...] = (),
    news: tuple[News, ...] = (),
    ledgers: Mapping[str, Mapping[str, LedgerLine]] | None = None,
) -> Reconciliation:
    """Everything of May, held against each other."""
    return reconcile(Views("stripe", (MAY, MAY), ours, listed, news, ledgers or {}))


def facts(result: Reconciliation) -> list[tuple[str, str, str, str]]:
    """Each difference: its kind, what is expected, what is there, and what could be done."""
    return [
        (each.kind.value, each.ours, each.theirs, each.proposal.kind.value)
        for each in result.differences
    ]


def only(result: Reconciliation) -> Difference:
    """The one difference."""
    (difference,) = result.differences
    return difference


ACME = owed(10_000, paid())


def test_what_agrees_is_no_difference():
    """A note as it was asked for, and a ledger row that says so."""
    rows = {"csv": {R0: LedgerLine("100.00", "EUR")}}
    result = compared(ACME, listed=(note(),), ledgers=rows)
    assert result.differences == ()
    assert (result.obligations, result.parts, result.listed, result.rows) == (1, 1, 1, 1)
    assert result.at_stake == {}


def test_a_paid_part_that_the_vendor_lacks():
    """Deleted, or never made: the client may have got nothing."""
    result = compared(ACME)
    assert facts(result) == [
        ("missing_at_vendor", "100.00 EUR paid to cus_acme as cn_1", "nothing is there", "pay")
    ]
    assert only(result).place == f"stripe {P1}"
    assert result.at_stake == {"EUR": eur(10_000)}


def test_two_that_stand_for_one_part():
    """The one that we recorded stays; the other is what may be lost."""
    result = compared(ACME, listed=(note("cn_0"), note()))
    assert facts(result) == [
        (
            "double",
            "one credit of 100.00 EUR",
            "2 stand: cn_1 over 100.00 EUR, cn_0 over 100.00 EUR",
            "take_back",
        )
    ]
    assert only(result).proposal.target == "cn_0"
    assert only(result).proposal.amount == eur(-10_000)
    assert only(result).at_stake == (eur(10_000),)


def test_one_that_stands_beside_one_that_was_voided_is_no_double():
    """Somebody corrected it."""
    assert compared(ACME, listed=(note("cn_0", state=VendorState.VOID), note())).differences == ()


@pytest.mark.parametrize(
    ("known", "kind", "theirs", "stake"),
    [
        ({"amount": eur(9_900)}, "amount", "99.00 EUR", (eur(100),)),
        ({"amount": eur(-10_000)}, "wrong_sign", "-100.00 EUR", (eur(20_000),)),
        (
            {"amount": Money(10_000, USD)},
            "currency",
            "100.00 USD",
            (eur(10_000), Money(10_000, USD)),
        ),
        ({"customer": "cus_globex"}, "customer", "cus_globex", (eur(10_000),)),
        ({"invoice": "in_june"}, "invoice", "in_june", (eur(10_000),)),
        ({"invoice": ""}, "invoice", "no invoice", (eur(10_000),)),
    ],
)
def test_one_that_stands_otherwise_than_asked(known, kind, theirs, stake):
    """Another amount, sign, currency, customer or invoice."""
    difference = only(compared(ACME, listed=(note(**known),)))
    assert (difference.kind.value, difference.theirs) == (kind, theirs)
    assert difference.at_stake == stake
    assert difference.proposal.kind is RepairKind.TAKE_BACK


def test_the_amount_with_tax_is_what_must_be_there():
    """100.00 before tax and 119.00 with it: a note over 119.00 agrees, one over 100.00 does not."""
    part = a_part(with_tax=eur(11_900))
    ours = owed(10_000, paid(part))
    assert compared(ours, listed=(note(amount=eur(11_900)),)).differences == ()
    assert only(compared(ours, listed=(note(),))).kind.value == "amount"


def test_one_that_was_voided():
    """While its invoice was open, by somebody at the vendor."""
    result = compared(ACME, listed=(note(state=VendorState.VOID),))
    assert facts(result) == [("voided", "100.00 EUR paid", "is void", "pay")]


def test_one_whose_refund_failed_later():
    """The card was lost; the client has nothing."""
    result = compared(ACME, listed=(note(state=VendorState.FAILED),))
    assert facts(result) == [
        ("refund_failed", "100.00 EUR paid", "the refund of 100.00 EUR failed", "pay")
    ]


@pytest.mark.parametrize("state", [each for each in EffectState if each is not EffectState.DONE])
def test_one_that_stands_without_being_recorded_as_paid(state):
    """A crash, a refusal that was none, or a person's question: a rerun must not pay again."""
    result = compared(owed(10_000, OurPart(a_part(), state)), listed=(note(),))
    expected = f"nothing, for the part is recorded as {state.value}"
    assert facts(result) == [("unrecorded", expected, "100.00 EUR stands", "record")]


def test_one_whose_metadata_no_longer_names_its_part():
    """Known by its id alone; a look by key would find nothing and pay again."""
    changed = News(NewsKind.CHANGED, "cn_1", JUNE_3, eur(10_000), changed=("metadata",))
    difference = only(compared(ACME, listed=(note(key=""),), news=(changed,)))
    assert difference.kind.value == "unnamed"
    assert difference.theirs == "names no part, changed on 2026-06-03T00:00:00Z"


# --- What was told --------------------------------------------------------------------------------


def test_an_event_that_a_note_was_voided_counts_before_the_list_says_so():
    """Lists and events cross each other; nothing at the vendor stands up again."""
    voided = News(NewsKind.VOIDED, "cn_1", JUNE_3, eur(10_000))
    assert only(compared(ACME, listed=(note(),), news=(voided,))).kind.value == "voided"


def test_a_refund_that_failed_is_laid_to_the_note_that_made_it():
    """The refund does not name its note; the note's own event names its refunds."""
    made = News(NewsKind.MADE, "cn_1", JUNE_3, eur(10_000), refunds=("re_1",), key=P1)
    failed = News(NewsKind.REFUND_FAILED, "re_1", JUNE_3 + 1, eur(10_000))
    result = compared(ACME, listed=(note(),), news=(made, failed))
    assert only(result).kind.value == "refund_failed"
    assert result.notes == ()


def test_a_failed_refund_of_nothing_that_we_know_is_told_and_no_difference():
    """Support refunds customers for other reasons."""
    failed = News(NewsKind.REFUND_FAILED, "re_9", JUNE_3, eur(500))
    result = compared(ACME, listed=(note(),), news=(failed,))
    assert result.differences == ()
    (told,) = result.notes
    assert told.startswith("stripe re_9: a refund of 5.00 EUR failed on 2026-06-03T00:00:00Z;")


# --- Sums -----------------------------------------------------------------------------------------


def test_a_released_credit_that_nobody_paid():
    """It was let go, and lies there."""
    difference = only(compared(owed(10_000)))
    assert (difference.kind.value, difference.theirs) == ("unpaid", "0.00 EUR paid")
    assert difference.proposal.amount == eur(10_000)


def test_a_released_credit_of_which_a_part_waits_for_a_person():
    """60.00 are paid; the rest is with somebody."""
    first, second = paid(a_part(6_000)), OurPart(a_part(4_000, number=2), EffectState.PERSON)
    result = compared(owed(10_000, first, second), listed=(note(amount=eur(6_000)),))
    assert facts(result) == [
        ("unpaid", "100.00 EUR released", f"60.00 EUR paid; {R0}/p2 is person", "pay")
    ]
    assert result.at_stake == {"EUR": eur(4_000)}


def test_a_part_that_a_person_decided_not_to_pay_is_settled():
    """The client waived it; nobody asks again every day."""
    waived = OurPart(a_part(), EffectState.REFUSED, waived=True)
    assert compared(owed(10_000, waived)).differences == ()


def test_a_part_that_a_person_paid_by_hand_has_nothing_at_the_vendor():
    """Their word is the record."""
    by_hand = paid(a_part(channel=Channel.BY_HAND, customer="", invoice=""), vendor_id="")
    assert compared(owed(10_000, by_hand)).differences == ()


def test_parts_that_pay_more_than_is_owed():
    """Twice over is twice too much, wherever it came from."""
    parts = [paid(), paid(a_part(number=2), vendor_id="cn_2")]
    listed = (note(), note("cn_2", key=f"{R0}/p2"))
    result = compared(owed(10_000, *parts), listed=listed)
    assert facts(result) == [("overpaid", "100.00 EUR released", "200.00 EUR paid", "take_back")]


@pytest.mark.parametrize(
    "state", [ObligationState.DRAFT, ObligationState.SUPERSEDED, ObligationState.WITHHELD]
)
def test_what_was_not_released_is_not_missed(state):
    """It waits for a person, or is worth nothing any more."""
    assert compared(owed(10_000, state=state)).differences == ()


def test_a_claim_against_a_vendor_is_not_missed():
    """We are owed it; our billing vendor has nothing to do with it."""
    assert compared(owed(10_000, role=Role.CUSTOMER)).differences == ()


# --- From the vendor to us ------------------------------------------------------------------------


@pytest.mark.parametrize("key", [f"{R0}/p2", "globex/api/2026-05/r0/p1", "something else"])
def test_one_with_a_key_of_ours_that_nobody_recorded(key):
    """Another part, another contract, or nothing that anybody could read."""
    result = compared(ACME, listed=(note(), note("cn_2", key=key)))
    assert facts(result) == [
        ("unknown_here", "no such part", "100.00 EUR for cus_acme carries our key", "take_back")
    ]


def test_one_with_a_key_of_another_month_is_not_asked_about():
    """It is compared when its month is."""
    other = note("cn_2", key="acme/api/2026-04/r0/p1")
    assert compared(ACME, listed=(note(), other)).differences == ()


def test_a_strangers_credit_of_the_same_amount_and_month_looks_like_ours():
    """Support may have credited the same outage by hand."""
    by_hand = note("cbtxn_1", key="", invoice="")
    difference = only(compared(ACME, listed=(note(), by_hand)))
    assert difference.kind.value == "looks_like_ours"
    assert difference.proposal.kind is RepairKind.DECIDE
    assert R0 in difference.proposal.says


@pytest.mark.parametrize(
    "known",
    [
        {"amount": eur(9_999)},
        {"amount": eur(-10_000)},
        {"amount": Money(10_000, USD)},
        {"customer": "cus_globex"},
        {"created_at": BOUNDS.start - 1},
        {"created_at": BOUNDS.end + 63 * 86_400_000},
        {"state": VendorState.VOID},
    ],
)
def test_a_strangers_credit_that_is_unlike_ours_is_left_alone(known):
    """Another amount, customer or time: support's own business."""
    stranger = note("cbtxn_1", **{"key": "", "invoice": "", **known})
    assert compared(ACME, listed=(note(), stranger)).differences == ()


def test_a_draft_is_compared_with_strangers_before_it_is_released():
    """That is when somebody can still stop."""
    draft = owed(10_000, state=ObligationState.DRAFT, customer="cus_acme")
    stranger = note("cbtxn_1", key="", invoice="")
    assert only(compared(draft, listed=(stranger,))).kind.value == "looks_like_ours"


# --- Ledgers --------------------------------------------------------------------------------------


def ledger(**cells) -> Reconciliation:
    """Acme's credit against one ledger with this row; None for no row."""
    usual = {"amount": "100.00", "currency": "EUR"}
    rows = {} if "row" in cells else {R0: LedgerLine(**{**usual, **cells})}
    return compared(ACME, listed=(note(),), ledgers={"csv": rows})


@pytest.mark.parametrize("cell", ["100.00", "100", "100.0", "+100.00"])
def test_a_row_may_be_written_in_any_plain_way(cell):
    """A spreadsheet drops zeros."""
    assert ledger(amount=cell).differences == ()


@pytest.mark.parametrize(
    ("cells", "kind", "theirs", "stake"),
    [
        ({"amount": "99.00"}, "ledger_amount", "99.00 EUR", (eur(100),)),
        ({"amount": "-100.00"}, "ledger_amount", "-100.00 EUR", (eur(20_000),)),
        ({"amount": "99.999"}, "ledger_amount", "99.999 EUR", (eur(1),)),
        ({"amount": "100,00"}, "ledger_amount", "100,00 EUR", (eur(10_000),)),
        ({"amount": ""}, "ledger_amount", "no amount EUR", (eur(10_000),)),
        ({"currency": "USD"}, "ledger_currency", "100.00 USD", (eur(10_000),)),
        ({"row": None}, "ledger_missing", "no row", (eur(10_000),)),
    ],
)
def test_a_row_that_says_something_else(cells, kind, theirs, stake):
    """The next run writes it again; who changed it, a person finds out."""
    difference = only(ledger(**cells))
    assert (difference.kind.value, difference.theirs) == (kind, theirs)
    assert difference.at_stake == stake
    assert difference.proposal.kind is RepairKind.WRITE_ROW
    assert difference.place == f"ledger csv {R0}"


@pytest.mark.parametrize(
    ("minor", "state", "cell"),
    [
        (10_000, ObligationState.SUPERSEDED, "0.00"),
        (None, ObligationState.SUPERSEDED, "0.00"),
        (None, ObligationState.WITHHELD, ""),
    ],
)
def test_rows_of_what_is_not_owed_say_nothing(minor, state, cell):
    """Superseded is nothing in figures, withheld is no figure at all; anything else shows."""
    credit = owed(minor, state=state)
    rows = {"csv": {R0: LedgerLine(cell, "EUR")}}
    assert compared(credit, ledgers=rows).differences == ()
    wrong = {"csv": {R0: LedgerLine("100.00", "EUR")}}
    assert only(compared(credit, ledgers=wrong)).kind.value == "ledger_amount"


def test_a_row_under_a_key_of_ours_that_nobody_recorded():
    """Copied, or from another workspace; other months' rows are not asked about."""
    rows = {
        R0: LedgerLine("100.00", "EUR"),
        "acme/api/2026-05/r7": LedgerLine("7.00", "EUR"),
        "acme/api/2026-04/r0": LedgerLine("4.00", "EUR"),
    }
    result = compared(ACME, listed=(note(),), ledgers={"csv": rows})
    assert facts(result) == [("ledger_unknown", "no such credit", "7.00 EUR", "decide")]
    assert result.rows == 2


# --- Laws -----------------------------------------------------------------------------------------


@st.composite
def books(draw) -> tuple[list[OurCredit], list[VendorCredit]]:
    """Clients that were credited in one part or two, all of it as asked."""
    ours, listed = [], []
    for client in range(draw(st.integers(1, 5))):
        key = f"client{client}/api/2026-05/r0"
        amounts = draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=2))
        parts = []
        for number, minor in enumerate(amounts, 1):
            identity, customer = f"cn_{client}_{number}", f"cus_{client}"
            part = a_part(minor, obligation=key, number=number, customer=customer)
            parts.append(paid(part, vendor_id=identity))
            listed.append(note(identity, key=part.key, amount=eur(minor), customer=customer))
        obligation = {"contract": f"client{client}/api"}
        ours.append(owed(sum(amounts), *parts, obligation=obligation))
    return ours, listed


SPOILS = {
    "missing": lambda listed, at: listed[:at] + listed[at + 1 :],
    "double": lambda listed, at: [*listed, replace(listed[at], id="cn_twin")],
    "amount": lambda listed, at: spoiled(listed, at, amount=listed[at].amount + eur(1)),
    "sign": lambda listed, at: spoiled(listed, at, amount=eur(-listed[at].amount.minor)),
    "currency": lambda listed, at: spoiled(listed, at, amount=Money(listed[at].amount.minor, USD)),
    "customer": lambda listed, at: spoiled(listed, at, customer="cus_x"),
    "void": lambda listed, at: spoiled(listed, at, state=VendorState.VOID),
    "failed": lambda listed, at: spoiled(listed, at, state=VendorState.FAILED),
    "renamed": lambda listed, at: spoiled(listed, at, key=""),
    "foreign": lambda listed, at: [
        *listed,
        replace(listed[at], id="cn_x", key="x/y/2026-05/r0/p1"),
    ],
    "by hand": lambda listed, at: [*listed, replace(listed[at], id="cn_x", key="")],
}


def spoiled(listed: list[VendorCredit], at: int, **changed) -> list[VendorCredit]:
    """The list with one credit changed."""
    return [*listed[:at], replace(listed[at], **changed), *listed[at + 1 :]]


@settings(max_examples=60)
@given(books=books(), spoil=st.sampled_from(sorted(SPOILS)), which=st.integers(0, 9))
def test_books_that_agree_have_no_difference_and_any_one_change_is_found(books, spoil, which):
    """Exactly one difference, about the spoiled credit, with money at stake."""
    ours, listed = books
    assert compared(*ours, listed=tuple(listed)).differences == ()
    at = which % len(listed)
    changed = SPOILS[spoil](listed, at)
    difference = only(compared(*ours, listed=tuple(changed)))
    assert all(money.minor > 0 for money in difference.at_stake)
    assert difference.at_stake
    named = f"{difference.place} {difference.theirs} {difference.proposal.target}"
    assert any(word in named for word in (listed[at].id, listed[at].key, "cn_x"))


def test_months_without_anything_have_no_difference():
    """Nothing owed, nothing made."""
    result = compared()
    assert (result.differences, result.notes, result.obligations) == ((), (), 0)


def test_a_span_of_months_is_compared_as_one():
    """April and May are asked about; a stranger's key of April counts then."""
    views = Views("stripe", (ServiceMonth.parse("2026-04"), MAY), (ACME,))
    april = note("cn_4", key="acme/api/2026-04/r0/p1")
    found = reconcile(replace(views, listed=(note(), april)))
    assert only(found).kind.value == "unknown_here"


# --- What came back -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fallen", "document"),
    [
        (note(state=VendorState.VOID), 10_000),
        (note(state=VendorState.VOID, returned=eur(10_000)), 10_000),
        (note(state=VendorState.FAILED, returned=eur(4_000)), 4_000),  # 60.00 lowered the invoice
    ],
)
def test_what_came_back_is_told_with_how_much_of_it(fallen, document):
    """A void note whole; of a failed refund what was refunded."""
    (returned,) = compared(ACME, listed=(fallen,)).returned
    assert (returned.key, returned.document) == (f"{P1}/returned", eur(document))
    assert only(compared(ACME, listed=(fallen,))).at_stake == (eur(document),)


def test_a_failed_refund_of_which_an_event_tells_is_as_large_as_the_event_says():
    """The list does not show it yet."""
    made = News(NewsKind.MADE, "cn_1", JUNE_3, eur(10_000), refunds=("re_1",), key=P1)
    failed = News(NewsKind.REFUND_FAILED, "re_1", JUNE_3 + 1, eur(4_000))
    (returned,) = compared(ACME, listed=(note(),), news=(made, failed)).returned
    assert returned.document == eur(4_000)


@pytest.mark.parametrize("correction", [each for each in Correction if each != Correction.ASKED])
def test_what_a_person_has_answered_is_no_difference_any_more(correction):
    """Paid anew by a second part, by hand, or not owed: each sums up to what was released."""
    whole = eur(10_000)
    first = replace(paid(), came_back=whole, document_back=whole, correction=correction)
    second = paid(a_part(number=2), vendor_id="cn_2")
    anew = correction is Correction.PAID_ANEW
    listed = [note(state=VendorState.VOID)]
    if anew:
        listed.append(note("cn_2", key=second.part.key))
    credit = owed(10_000, *([first, second] if anew else [first]))
    result = compared(credit, listed=tuple(listed))
    assert (result.differences, result.returned) == ((), ())


@pytest.mark.parametrize("correction", [each for each in Correction if each != Correction.ASKED])
def test_what_comes_back_after_an_answer_is_told(correction):
    """40.00 came back and were answered; now it is 100.00, and 60.00 would be lost unseen."""
    part = eur(4_000)
    first = replace(paid(), came_back=part, document_back=part, correction=correction)
    second = paid(a_part(number=2, amount=part), vendor_id="cn_2")
    anew = correction is Correction.PAID_ANEW
    listed = [note(state=VendorState.FAILED, returned=eur(10_000))]
    if anew:
        listed.append(note("cn_2", key=second.part.key, amount=part))
    credit = owed(10_000, *([first, second] if anew else [first]))
    difference = only(compared(credit, listed=tuple(listed)))
    assert (difference.kind.value, difference.at_stake) == ("refund_failed", (eur(6_000),))
    assert "the 60.00 EUR in another way" in difference.proposal.says


@pytest.mark.parametrize("state", [EffectState.DONE, EffectState.UNKNOWN, EffectState.PERSON])
def test_what_was_paid_by_another_system_is_not_missed_here(state):
    """The firm booked in the journal before; Stripe knows nothing of that."""
    booked = replace(paid(), state=state, elsewhere=True)
    result = compared(owed(10_000, booked))
    missing = [each for each in result.differences if each.kind.value == "missing_at_vendor"]
    assert (missing, result.returned) == ([], ())


def test_what_nobody_has_answered_is_a_difference_until_then():
    """It was asked before, and nothing has happened."""
    asked = replace(paid(), came_back=eur(10_000), correction=Correction.ASKED)
    result = compared(owed(10_000, asked), listed=(note(state=VendorState.VOID),))
    assert only(result).kind.value == "voided"
    assert [one.key for one in result.returned] == [f"{P1}/returned"]


def test_what_stands_did_not_come_back():
    """Nor did what was never there."""
    assert compared(ACME, listed=(note(),)).returned == ()
    assert compared(ACME).returned == ()
