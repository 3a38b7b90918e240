"""A burst of alerts, with the receiver killed in its middle: what got a 202 is stored once."""

import pytest

from tests.webhooks.burst import killed_in_the_middle, stored
from tests.workspaces import MAKEGOOD, Books

WEBHOOKS = MAKEGOOD + "incidents: {webhooks: [{id: own, kind: generic}]}\n"


@pytest.mark.peer
@pytest.mark.xdist_group(name="postgresql")
def test_what_was_acknowledged_is_stored_exactly_once_though_the_receiver_dies(
    tmp_path, postgres_url
):
    """Senders send again what was cut off; `make bench` does it with 20,000."""
    Books.laid_out(tmp_path, makegood=WEBHOOKS)
    burst = killed_in_the_middle(tmp_path, postgres_url, 2000)
    kept = stored(postgres_url)
    assert burst.again > 0
    assert len(burst.acknowledged) == 2000
    assert sorted(kept) == sorted(burst.acknowledged)
