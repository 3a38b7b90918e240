"""Terms that do not use what was added later keep the digest under which months were decided."""

import pytest

from models.contract import ContractVersion, CreditTerms
from models.decision import digest_of
from models.payload import CalculatorPayload

LADDERS = {
    "uptime_brackets": {
        "kind": "uptime_brackets",
        "commitment_percent": "99.9",
        "as_published": True,
        "brackets": [
            {"below": "99.9", "at_least": "99", "credit_percent": 10},
            {"at_most": "98.9", "above": "95", "credit_percent": "25.5"},
            {"below": "95", "credit_percent": 100},
        ],
    },
    "days": {
        "kind": "uptime_brackets",
        "commitment_percent": "99.9",
        "brackets": [{"below": "99.9", "credit_days": 3}],
    },
    "single_threshold": {
        "kind": "single_threshold",
        "commitment_percent": "99.95",
        "credit_percent": 10,
    },
    "pro_rata": {
        "kind": "pro_rata",
        "commitment_percent": "99.9",
        "basis": "downtime",
        "multiplier": 10,
        "gated": False,
        "counts": "excess",
        "downtime_of": "whole_period",
    },
    "per_block": {
        "kind": "per_block",
        "commitment_percent": "99.9",
        "block_minutes": 30,
        "credit_percent": 5,
        "part_of_block": "up",
        "each": "outage",
        "gated": False,
    },
    "per_event": {
        "kind": "per_event",
        "commitment_percent": "99.9",
        "qualifying_minutes": 30,
        "reaches": "longer_than",
        "credit_days": 2,
    },
}
# As the edition before other periods and kinds had them.
DIGESTS = {
    "uptime_brackets": "7c17f58a98407f2eebe60b8f5a01443b23cad2bd637a43a354fb3d2797d17ef2",
    "days": "1705df7f50b688a0269c447e6e423f6a08fbf4e43dfcdaeac6f9d60ed2bb300d",
    "single_threshold": "3a3a58475c1c96a6910e153cee22bf600615bf4287a97ba58527ac94df19e158",
    "pro_rata": "713b34f5a5f9e3e74535e5d8925b59ca0bbac05e178c04804800794bf3c9251d",
    "per_block": "0f120fc5be981c5c16367860968f9840eba3cf1df0d312802f24ee88bd98d529",
    "per_event": "aa792761fa51caee256580e0a936eb033f0093525f8416e218ed39e95ebd6bba",
}
PAYLOAD = "098829f9393e82c225b3f676d1647a764a57cf999017b131dc1b7048fbc5a4cc"


@pytest.mark.parametrize("name", LADDERS)
def test_a_version_keeps_its_digest(name):
    """A changed digest would decide every month of such a contract anew."""
    credit = CreditTerms.model_validate(
        {
            "ladder": LADDERS[name],
            "cap": {"percent": 50, "amount": 900},
            "minimum_payout": {"more_than": 1},
            "rounding": "half_even",
            "days_paid": "as_money",
            "claim": {"within_days": 30, "channel": "portal"},
        }
    )
    version = ContractVersion.model_validate(
        {
            "effective_on": "2026-01-01",
            "currency": "EUR",
            "billable_amount": "1000.50",
            "monitors": ["api"],
            "credit": credit,
            "measurement": {"window_minutes": 5, "minimum_outage": {"minutes": 3}},
        }
    )
    assert version.digest == DIGESTS[name]


def test_a_payload_keeps_its_digest():
    """It is recorded with the inputs of its month."""
    payload = CalculatorPayload.model_validate(
        {
            "month": "2026-05",
            "total_windows": 8928,
            "error_windows": 2,
            "excluded_windows": 6,
            "billable_amount": 1850,
            "currency": "USD",
            "evidence": ["https://example.com/a"],
        }
    )
    assert digest_of(payload.model_dump(mode="json")) == PAYLOAD
