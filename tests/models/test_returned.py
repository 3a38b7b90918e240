"""What came back of a payment: how much of the obligation it was, and that a record keeps it."""

import pytest

from models.contract import Payout
from models.money import Currency, Money
from models.payment import Channel, Part
from models.returned import Returned

EUR = Currency.of("EUR")


def a_part(minor, *, with_tax=None):
    """The first part of Acme's credit, a note."""
    return Part(
        obligation="acme/api/2026-05/r0",
        number=1,
        channel=Channel.CREDIT_NOTE,
        customer="cus_acme",
        invoice="in_may",
        amount=Money(minor, EUR),
        payout=Payout.REFUND,
        with_tax=None if with_tax is None else Money(with_tax, EUR),
    )


@pytest.mark.parametrize(
    ("part", "document", "amount"),
    [
        (a_part(10_000), 10_000, 10_000),
        (a_part(10_000), 4_000, 4_000),
        (a_part(10_000, with_tax=11_900), 11_900, 10_000),
        (a_part(10_000, with_tax=11_900), 5_950, 5_000),
        (a_part(10_000, with_tax=11_900), 1, 1),  # 0.84 cents
    ],
)
def test_what_came_back_of_the_obligation_is_in_proportion(part, document, amount):
    """The document holds tax, the obligation may not."""
    returned = Returned(part, "cn_1", "is void", Money(document, EUR))
    assert returned.amount == Money(amount, EUR)
    assert returned.is_whole == (document == part.total.minor)


def test_it_comes_back_from_its_record():
    """With its key, and as a sentence."""
    returned = Returned(a_part(10_000), "cn_1", "was refunded in vain", Money(4_000, EUR))
    assert Returned.of_record(returned.record) == returned
    assert returned.key == "acme/api/2026-05/r0/p1/returned"
    assert str(returned) == (
        "cn_1 was refunded in vain: 40.00 EUR of the 100.00 EUR that it paid came back"
    )
