"""Addresses: what a mail server would not take is found when the file is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.addresses import Address, Mailbox, ascii_address, is_usable, parted

MAILBOX, ADDRESS = TypeAdapter(Mailbox), TypeAdapter(Address)


def refused(adapter, written) -> bool:
    """Whether a file that says this is refused."""
    try:
        adapter.validate_python(written)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("sla@relay.example", "", "sla@relay.example"),
        ("Northwind <sla@relay.example>", "Northwind", "sla@relay.example"),
        ("Northwind, Inc. <sla@relay.example>", "Northwind, Inc.", "sla@relay.example"),
        ('"Northwind, Inc." <sla@relay.example>', "Northwind, Inc.", "sla@relay.example"),
        ("SLA: Northwind; Credits <a@b.example>", "SLA: Northwind; Credits", "a@b.example"),
        ("O'Brien \"Ops <a@b.example>", "O'Brien \"Ops", "a@b.example"),
        (r'"North \"wind\"" <a@b.example>', 'North "wind"', "a@b.example"),
        ("Müller & Söhne (Köln) <a@müller.example>", "Müller & Söhne (Köln)", "a@müller.example"),
        ("<a@b.example>", "", "a@b.example"),
    ],
)
def test_a_name_may_hold_anything_but_brackets(written, name, address):
    """Commas, colons and quotes of a firm's name do not end its address."""
    assert MAILBOX.validate_python(written) == written
    assert parted(written) == (name, address)


@pytest.mark.parametrize(
    "address",
    [
        "jürgen@acme.example",
        "a..b@acme.example",
        "a,b@acme.example",
        "a@b.example>",
        "<a@b.example",
        "a@-x-.example",
        "a@b..example",
        "a@b_c.example",
        "a@b.example.",
        "a@xn--a.example",
        f"{'a' * 65}@acme.example",
        "=?utf-8?b?DQpCY2M6eA==?=@acme.example",  # Decodes to a line break and "Bcc:x".
        f"a@{'b.' * 125}example",
        "a@b",
        "a b@c.example",
        "a@b.example\n",
        "a@b.example, c@d.example",
    ],
)
def test_an_address_that_no_server_takes_is_found_when_the_file_is_read(address):
    """Not on the day on which a credit is released."""
    assert refused(ADDRESS, address)
    assert refused(MAILBOX, address)
    assert "<" in address or ">" in address or refused(MAILBOX, f"Acme <{address}>")


def test_letters_of_any_script_stand_in_a_domain_and_not_before_the_at():
    """IDNA makes ASCII of the one; the other needs SMTPUTF8, which few servers have."""
    assert ADDRESS.validate_python("post@bücher.example") == "post@bücher.example"
    assert ascii_address("post@bücher.example") == "post@xn--bcher-kva.example"
    with pytest.raises(ValueError, match="not plain ASCII such as anna"):
        ascii_address("bücher@post.example")


@given(name=st.text(max_size=30), address=st.text(max_size=30))
@settings(deadline=None)
def test_whatever_a_file_says_is_usable_or_refused(name, address):
    """What passes here never surprises whoever composes a message."""
    written = f"{name}<{address}@b.example>"
    assert is_usable(written) is not refused(MAILBOX, written)
    if is_usable(written):
        assert ascii_address(parted(written)[1]).endswith("@b.example")
