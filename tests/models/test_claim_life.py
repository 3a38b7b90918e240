"""A claim's life is told from its moves: what may follow what, and what no longer fits."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.approval import Identity, Voice
from models.claims.life import MAY_BECOME, Act, Life, Move, against, open_points, told_by
from models.ledger import LedgerStatus
from models.money import Currency, Money

KEY = "twilio/apis/2026-05/r0"
USD = Currency.of("USD")
KIM = Voice("kim", Identity.OS_USER, "1000@books")
EDITOR = Voice("Kim Lee", Identity.LAST_EDITOR)
MAY_31 = 1_780_185_600_000


def usd(minor):
    """An amount in cents."""
    return Money(minor, USD)


def move(to=None, *, act=Act.STATUS, standing=18_400, by=KIM, **said):
    """A move of a claim that stands at 184.00 USD."""
    owed = None if standing is None else usd(standing)
    return Move(act=act, by=by, at=MAY_31, obligation=KEY, standing=owed, to=to, **said)


TO_REVIEW, ELIGIBLE = move(LedgerStatus.TO_REVIEW), move(LedgerStatus.ELIGIBLE)
FILED = move(LedgerStatus.FILED, reference="4711")
APPROVED, DENIED = move(LedgerStatus.APPROVED), move(LedgerStatus.DENIED, why="too late")


def test_a_claim_begins_to_be_reviewed():
    """Nobody has said anything yet."""
    life = told_by([])
    assert (life.status, life.filed, life.since) == (LedgerStatus.TO_REVIEW, None, None)


def test_the_usual_life_of_a_claim():
    """Eligible, filed under a number, approved in part, seen on the bill."""
    life = told_by(
        [
            ELIGIBLE,
            FILED,
            move(LedgerStatus.APPROVED, amount=usd(15_000)),
            move(act=Act.SETTLED, on=date(2026, 7, 31), amount=usd(15_000)),
        ]
    )
    assert life.status is LedgerStatus.APPROVED
    assert (life.reference, life.filed, life.filed_at) == ("4711", usd(18_400), MAY_31)
    assert (life.approved, life.settled_on, life.settled) == (
        usd(15_000),
        date(2026, 7, 31),
        usd(15_000),
    )
    assert open_points(life, owed=usd(18_400), withheld=False) == ()


def test_an_approval_without_an_amount_is_of_all_that_was_filed():
    """Also where the month has come to something else since."""
    assert told_by([FILED, move(LedgerStatus.APPROVED, standing=100)]).approved == usd(18_400)


def test_more_than_was_filed_for_is_a_question():
    """1,840.00 approved for 184.00 that were filed is more likely a slip of the finger."""
    slip = told_by([FILED, move(LedgerStatus.APPROVED, amount=usd(184_000))])
    assert open_points(slip, owed=usd(18_400), withheld=False) == (
        "1840.00 USD was approved, more than the 184.00 USD it was filed for",
    )
    part = told_by([FILED, move(LedgerStatus.APPROVED, amount=usd(18_399))])
    assert open_points(part, owed=usd(18_400), withheld=False) == ()


@pytest.mark.parametrize("was", LedgerStatus)
@pytest.mark.parametrize("to", LedgerStatus)
def test_what_may_follow_what(was, to):
    """Every pair: allowed, or refused with place, fact, what was expected and what to do."""
    life = Life(status=was, filed=usd(18_400))
    findings = against(life, move(to), place="--to")
    assert (findings == ()) == (to in MAY_BECOME[was])
    for finding in findings:
        said = str(finding)
        assert said.startswith(f"--to: {KEY} ")
        assert was.value in said
        assert finding.expected
        assert finding.remedy.endswith(".")


def test_a_vendor_answers_what_was_filed():
    """Approved straight from the review is a slip, and the sentence says what may be."""
    (finding,) = against(Life(), APPROVED, place="--to")
    assert str(finding) == (
        f"--to: {KEY} is To Review and cannot become Approved; Eligible, Filed or Denied. "
        "Record the step between first; a vendor answers what was filed."
    )


def test_the_same_status_again_must_say_something_new():
    """A reference, an amount, a reason, or another amount filed for; else it is a slip."""
    filed = told_by([FILED])
    assert against(filed, FILED, place="KEY")
    assert not against(filed, move(LedgerStatus.FILED, reference="4712"), place="KEY")
    assert not against(filed, move(LedgerStatus.FILED, standing=100), place="KEY")
    approved = told_by([FILED, APPROVED])
    assert against(approved, move(LedgerStatus.APPROVED, amount=usd(18_400)), place="KEY")
    assert not against(approved, move(LedgerStatus.APPROVED, amount=usd(9_200)), place="KEY")


def test_a_denial_may_be_appealed_and_a_filing_taken_back():
    """Steps back are moves like others; what came after them is forgotten, not the history."""
    appealed = told_by([FILED, DENIED, move(LedgerStatus.FILED, reference="4712")])
    assert (appealed.status, appealed.reference) == (LedgerStatus.FILED, "4712")
    back = told_by([FILED, ELIGIBLE])
    assert (back.filed, back.filed_at, len(back.moves)) == (None, None, 2)
    assert back.been == {LedgerStatus.TO_REVIEW, LedgerStatus.FILED, LedgerStatus.ELIGIBLE}


@pytest.mark.parametrize(
    ("amount", "fact"),
    [
        (usd(0), "the amount is 0.00 USD"),
        (usd(-100), "the amount is -1.00 USD"),
        (Money(100, Currency.of("EUR")), "the amount is in EUR"),
    ],
)
def test_an_amount_that_cannot_be_is_refused(amount, fact):
    """Nothing, less than nothing, and another currency."""
    (finding,) = against(
        told_by([FILED]), move(LedgerStatus.APPROVED, amount=amount), place="--amount"
    )
    assert finding.fact == fact


@pytest.mark.parametrize("status", [LedgerStatus.TO_REVIEW, LedgerStatus.DENIED])
def test_money_is_not_seen_for_what_nobody_asked_or_what_was_refused(status):
    """The bill may only show what could have been credited."""
    seen = move(act=Act.SETTLED, on=date(2026, 7, 31), amount=usd(100))
    (finding,) = against(Life(status=status), seen, place="KEY")
    assert finding.expected.startswith("Eligible, Filed or Approved")


def test_a_month_that_is_restated_after_filing_is_a_question():
    """Less, withheld, or nothing at all: the vendor was told something else."""
    life = told_by([FILED])
    assert open_points(life, owed=usd(18_400), withheld=False) == ()
    (less,) = open_points(life, owed=usd(9_200), withheld=False)
    assert less.startswith("filed for 184.00 USD, but the month now earns 92.00 USD")
    (gone,) = open_points(life, owed=None, withheld=False)
    assert "now earns nothing" in gone
    (held,) = open_points(life, owed=None, withheld=True)
    assert "the month is withheld" in held
    assert open_points(told_by([FILED, DENIED]), owed=None, withheld=False) == ()


def test_a_bill_that_shows_another_amount_is_a_question():
    """A promise is not yet money."""
    seen = move(act=Act.SETTLED, on=date(2026, 7, 31), amount=usd(14_000))
    life = told_by([FILED, move(LedgerStatus.APPROVED, amount=usd(15_000)), seen])
    (point,) = open_points(life, owed=usd(18_400), withheld=False)
    assert point == "150.00 USD was approved, but the bill shows 140.00 USD"


STATUS_MOVES = st.builds(
    move,
    st.sampled_from(LedgerStatus),
    standing=st.one_of(st.none(), st.integers(1, 10_000)),
    by=st.sampled_from([KIM, EDITOR]),
    why=st.sampled_from(["", "looked again"]),
    reference=st.sampled_from(["", "4711"]),
    amount=st.one_of(st.none(), st.integers(1, 10_000).map(usd)),
)
OTHER_MOVES = st.one_of(
    st.just(move(act=Act.STAGE, stage="ticket", reference="T-1")),
    st.just(move(act=Act.KNOWN)),
    st.builds(lambda minor: move(act=Act.SETTLED, on=date(2026, 7, 31), amount=usd(minor)),
              st.integers(1, 99)),
)  # fmt: skip
MOVES = st.lists(st.one_of(STATUS_MOVES, OTHER_MOVES), max_size=8)


@given(MOVES)
def test_what_is_recorded_is_what_was_told(moves):
    """A move comes back from its record whole, and so the life that is told from it."""
    again = [Move.of_record(one.record) for one in moves]
    assert again == moves
    assert told_by(again) == told_by(moves)


@given(MOVES)
def test_the_status_is_the_last_one_that_was_told(moves):
    """Other moves never change it, and filed or approved amounts belong to their status."""
    life = told_by(moves)
    told = [one.to for one in moves if one.act is Act.STATUS]
    assert life.status is (told[-1] if told else LedgerStatus.TO_REVIEW)
    if life.status in {LedgerStatus.TO_REVIEW, LedgerStatus.ELIGIBLE}:
        assert life.filed is life.approved is None


@given(MOVES)
def test_only_moves_that_may_be_make_a_legal_life(moves):
    """Told one after the other, each allowed move leads only where it may."""
    life, legal = Life(), []
    for one in moves:
        if not against(life, one, place="KEY"):
            life = life.after(one)
            legal.append(life.status)
    for was, now in pairwise([LedgerStatus.TO_REVIEW, *legal]):
        assert now is was or now in MAY_BECOME[was]
