"""Stripe, by the real client over real sockets: the role's promise, and every kind of answer."""

import pytest

from tests.connectors.billing.conformance import BillingConformance
from tests.connectors.billing.stage import StripeScene, connector, fresh_account
from tests.standins.stripe.client import running


@pytest.fixture(scope="module")
def stand_in():
    """One server for the module; each test has an account of its own."""
    with running() as server:
        yield server


class TestStripeBilling(BillingConformance):
    """The promise, kept against the strict stand-in."""

    @pytest.fixture
    def scene(self, stand_in):
        """An account that nobody has used."""
        return StripeScene(fresh_account(stand_in))

    @pytest.fixture
    def billing(self, scene):
        """The connector with the documented permissions and no more."""
        billing = connector(scene.account)
        yield billing
        billing.close()
