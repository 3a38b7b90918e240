"""Signed events: only Stripe's own, only ours, only lately."""

import pytest

from connectors.billing.stripe import UnsignedError, require_signed
from tests.connectors.billing.conformance import JUNE_3
from tests.standins.stripe.webhooks import signature

BODY = b'{"id": "evt_1", "type": "refund.failed"}'
SECRET = "whsec_right"
AT = JUNE_3 // 1000


def signed(body=BODY, *, secret=SECRET, at=AT) -> str:
    """The header that Stripe would send."""
    return signature(body, secret=secret, at=at)


def verify(header, *, body=BODY, secrets=(SECRET,), now=JUNE_3) -> int:
    """As a receiver does."""
    return require_signed(body, header, secrets=secrets, now=now)


def test_a_signed_event_tells_when_it_was_signed():
    """As an instant."""
    assert verify(signed()) == JUNE_3


def test_either_of_two_secrets_is_right_while_one_replaces_the_other():
    """And either of two signatures."""
    old, new = signed(secret="whsec_old"), signed(secret="whsec_new")
    assert verify(old, secrets=("whsec_new", "whsec_old")) == JUNE_3
    both = f"{old},{new.split(',', 1)[1]}"
    assert verify(both, secrets=("whsec_new",)) == JUNE_3


@pytest.mark.parametrize(
    "header",
    [
        signed(secret="whsec_wrong"),
        signed(BODY + b" "),
        signed().replace("t=", "t=1"),
        signed().replace("v1=", "v0="),
        signed().replace("t=", "u="),
        f"t={AT}",
        f"t={AT},v1=",
        f"t={AT},v1=é",
        f"t={AT},t={AT},{signed().split(',')[1]}",
        "t=-1,v1=0",
        "t=\N{ARABIC-INDIC DIGIT ONE},v1=0",
        "v1",
        "",
    ],
)
def test_anything_else_is_refused(header):
    """Another secret, other bytes, another time, another scheme, and what is no signature."""
    with pytest.raises(UnsignedError, match="It was not stored") as caught:
        verify(header)
    assert "whsec" not in str(caught.value)


@pytest.mark.parametrize(
    ("away_s", "right"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_a_signature_is_right_for_five_minutes(away_s, right):
    """Either way, by the receiver's clock: later it may be a recording."""
    header = signed(at=AT - away_s)
    if right:
        assert verify(header) == JUNE_3 - away_s * 1000
        return
    with pytest.raises(UnsignedError, match="301 s from now, more than 300 s"):
        verify(header)


@pytest.mark.parametrize("secrets", [(), ("",), (SECRET, "")])
def test_an_empty_secret_is_refused(secrets):
    """Everybody could sign with it."""
    with pytest.raises(ValueError, match="secret"):
        verify(signed(secret=""), secrets=secrets)


def test_the_stand_ins_events_are_signed_so():
    """An independent signer; the body is the bytes as sent."""
    body = '{"é": 1}'.encode()
    assert require_signed(body, signed(body), secrets=[SECRET], now=JUNE_3) == JUNE_3
