"""What a person's marks in a ledger's row mean, clause by clause."""

import pytest

from models.contract import Role
from models.credit import ObligationState
from models.ledger_reading import CellEdit, TickedRow, against, edits, moving

OURS = {"Client": "Acme", "Credit Amount": "200.00", "Status": "To Review", "Posted": ""}
TICKED = TickedRow(
    state=ObligationState.DRAFT,
    role=Role.PROVIDER,
    governed=True,
    switched_on=True,
    status="To Review",
)


def told(shown, *, known=None, behind=frozenset(), unseen=frozenset()):
    """The edits of a row; the ledger sees every difference but in `unseen` columns and Status."""
    differing = {
        column: text
        for column, text in OURS.items()
        if column in shown and shown[column] != text and column not in {"Status", *unseen}
    }
    return edits(shown=shown, ours=OURS, differing=differing, known=known or {}, behind=behind)


def test_a_row_that_says_what_we_say_tells_nothing():
    """People's own columns are not looked at."""
    assert told({**OURS, "Budget": "4711"}) == ()


def test_a_column_that_is_not_there_tells_nothing():
    """A file of an earlier version has not got it yet."""
    assert told({"Client": "Acme"}) == ()


def test_an_edit_says_what_was_known_and_what_is_there():
    """Known is what the log had last, otherwise what we wrote."""
    assert told({**OURS, "Client": "B"}) == (CellEdit("Client", "Acme", "B", "Acme"),)
    again = told({**OURS, "Client": "C"}, known={"Client": "B"})
    assert again == (CellEdit("Client", "B", "C", "Acme"),)
    assert told({**OURS, "Client": "B"}, known={"Client": "B"}) == ()


def test_a_cell_that_is_right_again_is_told_as_healed():
    """So that the same edit is seen again when it comes again."""
    (healed,) = told(OURS, known={"Client": "B"})
    assert healed == CellEdit("Client", "B", "Acme", "Acme")
    assert healed.healed


def test_what_the_ledger_writes_otherwise_is_no_edit():
    """It had no room for all of it, or writes 200 for 200.00."""
    assert told({**OURS, "Credit Amount": "200"}, unseen={"Credit Amount"}) == ()


@pytest.mark.parametrize(
    ("column", "now", "edits_told"),
    [
        ("Posted", "2025-10-01: 1.00 EUR", 0),  # An earlier word of ours.
        ("Credit Amount", "500.00", 1),  # Nothing of ours that moves.
        ("Status", "Approved", 0),  # We may have written it.
        ("Status", "Filed", 1),  # We never write that over a credit of ours.
    ],
)
def test_what_we_may_have_written_before_is_held_against_nobody(column, now, edits_told):
    """A row that is not brought up to date yet."""
    behind = moving(Role.PROVIDER, ObligationState.RELEASED)
    assert len(told({**OURS, column: now}, behind=behind)) == edits_told


def test_a_draft_of_ours_never_moves_under_its_key():
    """Whatever differs there was changed by somebody else."""
    assert moving(Role.PROVIDER, ObligationState.DRAFT) == frozenset()


def test_a_tick_on_a_draft_as_it_was_decided_counts():
    """Whatever Status says, but for Denied."""
    assert against(TICKED) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"switched_on": False}, "ledger.notion.release is off"),
        ({"role": Role.CUSTOMER}, "a claim against a vendor"),
        ({"state": ObligationState.WITHHELD}, "it is withheld"),
        ({"state": ObligationState.SUPERSEDED}, "it is superseded"),
        ({"governed": False}, "no contract in force"),
        ({"status": "Denied"}, "speaks against it"),
        (
            {"edits": tuple(CellEdit(c, "", "x", "") for c in "abcde")},
            "b says x, we say nothing; c says x, we say nothing; and 2 more",
        ),
    ],
)
def test_a_tick_does_not_count_where_anything_speaks_against_it(changed, why):
    """One reason is enough, and it is told."""
    kept = {name: getattr(TICKED, name) for name in TickedRow.__slots__}
    assert why in against(TickedRow(**{**kept, **changed}))
