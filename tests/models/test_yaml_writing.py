"""What is written as YAML is read as the same values, whatever people call things."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.yaml_text import parse_yaml
from models.yaml_writing import flow_yaml, written_yaml

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\u2028\u2029\ufeff")
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.decimals(-1_000_000, 1_000_000, places=4)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS.filter(bool), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(value):
    """As a document, and on one line."""
    for text in (written_yaml(value), flow_yaml(value)):
        (document,) = parse_yaml(text, name="written.yaml")
        assert document.findings == ()
        assert document.value == value


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "~",
        "null",
        "0x10",
        "1e3",
        "007",
        "1_000",
        "12:30",
        ".5",
        "- a",
        "a: b",
        "#",
        "2026-13-40",
    ],
)
def test_texts_that_look_like_something_else_stay_texts(text):
    """By the rules of YAML 1.1, which other tools read, and of 1.2, which we read."""
    (document,) = parse_yaml(written_yaml({"name": text}), name="written.yaml")
    assert document.value == {"name": text}


def test_numbers_and_dates_stand_without_quotes():
    """A person goes on editing this."""
    value = {
        "effective_on": "2026-01-01",
        "fee": Decimal("2000.00"),
        "cap": {"percent": Decimal("12.50")},
    }
    assert written_yaml(value) == "effective_on: 2026-01-01\nfee: 2000\ncap: {percent: 12.5}\n"
