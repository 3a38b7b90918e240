"""What happens when a later Makegood decides the same inputs otherwise, or a contract is gone?"""

from dataclasses import replace

from flows import month
from models.case import apply_terms
from models.money import Money
from tests.workspaces import ACME, BLUEFIN, Books, checks


def pay_a_cent_more(measured):
    """The rules of an imagined later version."""
    decided = apply_terms(measured)
    amount = decided.determination.amount
    assert amount is not None
    more = Money(amount.minor + 1, amount.currency)
    return replace(decided, determination=replace(decided.determination, amount=more))


def test_a_draft_follows_a_changed_rule_and_says_so(tmp_path, monkeypatch):
    """On the same inputs the amount comes out otherwise: the draft is superseded, not kept."""
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=60))
    books.run()
    monkeypatch.setattr(month, "apply_terms", pay_a_cent_more)
    outcome = books.run()["acme/api"]
    assert "decides the same inputs otherwise" in outcome.says
    assert books.owed == {
        "acme/api/2025-09/r0": ("superseded", "200.00 EUR"),
        "acme/api/2025-09/r1": ("draft", "200.01 EUR"),
    }


def test_a_changed_rule_moves_the_difference_after_release(tmp_path, monkeypatch):
    """What was released stays; a cent more is an adjustment of a cent, waiting for a person."""
    books = Books.laid_out(tmp_path, ACME, checks=checks(api=60))
    books.run()
    books.release()
    monkeypatch.setattr(month, "apply_terms", pay_a_cent_more)
    books.run()
    assert books.owed["acme/api/2025-09/r1"] == ("draft", "0.01 EUR")


def test_a_draft_whose_contract_is_gone_is_not_released(lay_out):
    """Nothing is let go without terms in force; `test_review_questions` shows the run asking."""
    books: Books = lay_out(ACME, BLUEFIN, checks=checks(api=60))
    books.run()
    books.agree(BLUEFIN)
    books.run()
    released = books.release()
    assert [stored.key for stored in released.obligations] == ["bluefin/api/2025-09/r0"]
    assert books.owed["acme/api/2025-09/r0"] == ("draft", "200.00 EUR")
