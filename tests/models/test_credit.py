"""How what a month owes may change: drafts are superseded, released credits are adjusted."""

from dataclasses import replace

import pytest

from models.credit import Obligation, ObligationKind, ObligationState, revise
from models.money import Currency, Money

EUR, USD = Currency.of("EUR"), Currency.of("USD")
CONTRACT, PERIOD = "acme/api", "2026-05"


def revised(history, *, owes=None, withheld="", because="the monitoring evidence changed"):
    """Decide May 2026 of acme/api again; `owes` is in cents."""
    total = None if owes is None else Money(owes, EUR)
    return revise(
        history,
        contract=CONTRACT,
        period=PERIOD,
        total=total,
        withheld=withheld,
        because=because,
    )


def after(history, revision):
    """The history once a revision is recorded."""
    kept = [
        revision.superseded if revision.superseded and o.key == revision.superseded.key else o
        for o in history
    ]
    return kept + ([revision.created] if revision.created else [])


def decided(*totals):
    """A history of decided totals in cents; "release" releases the open one."""
    history: list[Obligation] = []
    for total in totals:
        if total == "release":
            history = [
                replace(o, state=ObligationState.RELEASED) if o.is_open else o for o in history
            ]
        elif isinstance(total, str):
            history = after(history, revised(history, withheld=total))
        else:
            history = after(history, revised(history, owes=total))
    return history


def book(history):
    """Key, kind, state and amount of every obligation, as a reader of the ledger sees them."""
    return [
        f"{o.key.rsplit('/', 1)[-1]} {o.kind.value} {o.state.value} {o.amount or 'none'}"
        for o in history
    ]


def test_the_first_credit_is_a_draft_of_revision_0():
    """Nothing was decided before."""
    change = revised([], owes=20000, because="first decision for 2026-05")
    assert change.created == Obligation(
        contract=CONTRACT,
        period=PERIOD,
        revision=0,
        kind=ObligationKind.CREDIT,
        state=ObligationState.DRAFT,
        amount=Money(20000, EUR),
        reason="first decision for 2026-05",
    )
    assert change.created.key == "acme/api/2026-05/r0"
    assert change.superseded is None
    assert change.says == "acme/api/2026-05/r0 is drafted: first decision for 2026-05"


def test_a_month_that_owes_nothing_makes_no_obligation():
    """A met commitment is in the decision log and not in the book."""
    change = revised([], owes=0)
    assert (change.created, change.superseded) == (None, None)
    assert change.says == "nothing more is owed: the monitoring evidence changed"


def test_a_draft_is_superseded_by_the_next_revision():
    """200.00 becomes 500.00 before anything left the house."""
    assert book(decided(20000, 50000)) == [
        "r0 credit superseded 200.00 EUR",
        "r1 credit draft 500.00 EUR",
    ]


def test_changed_inputs_supersede_a_draft_even_by_the_same_amount():
    """A person releases what stands on the draft: its uptime and evidence, not only its amount."""
    change = revised(decided(20000), owes=20000, because="the monitoring evidence changed")
    assert change.created.amount == change.superseded.amount
    assert change.says == (
        "acme/api/2026-05/r1 supersedes acme/api/2026-05/r0: the monitoring evidence changed"
    )


def test_without_a_change_an_open_obligation_stands():
    """A rerun with nothing new makes no revision."""
    for history, answer in (
        (decided(20000), {"owes": 20000}),
        (decided("no data"), {"withheld": "no data"}),
    ):
        change = revised(history, because="", **answer)
        assert (change.created, change.superseded) == (None, None)
        assert change.says == "acme/api/2026-05/r0 stands"


@pytest.mark.parametrize("answer", [{"owes": 20001}, {"owes": 0}, {"withheld": "other"}])
def test_another_answer_supersedes_even_when_no_reason_is_given(answer):
    """An answer that differs is a change by itself."""
    for history in (decided(20000), decided("no data")):
        assert revised(history, because="", **answer).superseded


def test_a_draft_that_is_no_longer_owed_is_superseded_by_nothing():
    """The exclusion that was recorded late forgives the month."""
    history = decided(20000)
    change = revised(history, owes=0, because="the recorded exclusions changed")
    assert book(after(history, change)) == ["r0 credit superseded 200.00 EUR"]
    assert change.says == (
        "acme/api/2026-05/r0 is superseded, nothing more is owed now: "
        "the recorded exclusions changed"
    )


def test_a_revision_after_a_superseded_one_gets_the_next_number():
    """200.00, nothing, 200.00 again: r0, then r1; no key is used twice."""
    assert book(decided(20000, 0, 20000)) == [
        "r0 credit superseded 200.00 EUR",
        "r1 credit draft 200.00 EUR",
    ]


def test_after_release_only_the_difference_is_drafted():
    """500.00 in all, of which 200.00 are released."""
    assert book(decided(20000, "release", 50000)) == [
        "r0 credit released 200.00 EUR",
        "r1 adjustment draft 300.00 EUR",
    ]


def test_an_adjustment_may_be_negative():
    """200.00 were released, 50.00 are owed."""
    assert book(decided(20000, "release", 5000))[-1] == "r1 adjustment draft -150.00 EUR"


def test_an_adjustment_is_measured_against_everything_released():
    """200.00 and 300.00 were released; 450.00 are owed in all: 450 - 500 = -50."""
    assert book(decided(20000, "release", 50000, "release", 45000)) == [
        "r0 credit released 200.00 EUR",
        "r1 adjustment released 300.00 EUR",
        "r2 adjustment draft -50.00 EUR",
    ]


def test_after_release_the_same_total_makes_no_entry():
    """The difference is zero."""
    change = revised(decided(20000, "release"), owes=20000)
    assert (change.created, change.superseded) == (None, None)


def test_an_open_adjustment_falls_away_when_the_total_returns_to_what_was_released():
    """200.00 released, 300.00 drafted on top, then 200.00 again."""
    assert book(decided(20000, "release", 50000, 20000)) == [
        "r0 credit released 200.00 EUR",
        "r1 adjustment superseded 300.00 EUR",
    ]


def test_a_withheld_month_waits_with_its_reason():
    """There is no amount until a person looked."""
    change = revised([], withheld="3 h without data")
    assert (change.created.state, change.created.amount) == (ObligationState.WITHHELD, None)
    assert change.created.reason == "3 h without data"
    assert change.says == "acme/api/2026-05/r0 is withheld: 3 h without data"


def test_a_withheld_month_is_superseded_once_it_is_known():
    """The missing data arrived."""
    assert book(decided("3 h without data", 20000)) == [
        "r0 credit superseded none",
        "r1 credit draft 200.00 EUR",
    ]


def test_a_month_withheld_after_release_takes_nothing_back():
    """What was released stays; the adjustment is withheld until a person looked."""
    assert book(decided(20000, "release", "3 h without data")) == [
        "r0 credit released 200.00 EUR",
        "r1 adjustment withheld none",
    ]


def test_another_currency_after_release_goes_to_a_person():
    """Euros that were paid cannot be netted against dollars that are owed."""
    change = revise(
        decided(20000, "release"),
        contract=CONTRACT,
        period=PERIOD,
        total=Money(20000, USD),
        withheld="",
        because="the contract's terms changed",
    )
    assert change.created is not None
    assert change.created.state is ObligationState.WITHHELD
    assert change.created.reason == "released in EUR, now in USD: settle by hand"


def test_history_may_come_in_any_order():
    """The revision number follows the highest one."""
    history = decided(20000, 50000, 30000)
    assert revised(history[::-1], owes=10000).created.key == "acme/api/2026-05/r3"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, "either a total or a reason"),
        ({"owes": 1, "withheld": "no data"}, "either a total or a reason"),
    ],
)
def test_an_answer_is_a_total_or_a_reason(answer, message):
    """Both or neither is a mistake of the caller."""
    with pytest.raises(ValueError, match=message):
        revised([], **answer)


def test_a_foreign_history_is_refused():
    """Another month's obligations are not this month's."""
    stranger = replace(decided(20000)[0], period="2026-04")
    with pytest.raises(ValueError, match="acme/api/2026-04/r0 is not of acme/api/2026-05"):
        revised([stranger], owes=1)


def test_two_open_obligations_are_refused():
    """Only one may wait for release."""
    first = decided(20000)[0]
    with pytest.raises(ValueError, match="r0 and acme/api/2026-05/r1 are open; at most one"):
        revised([first, replace(first, revision=1)], owes=1)
