"""All 37 kinds of rule are there: each example gives its answer, and survives being recorded."""

import json
from decimal import Decimal

import pytest

from models.catalog import determine_payload
from models.contract import CreditTerms
from models.decision import canonical
from models.findings import Severity
from models.payload import CalculatorPayload
from tests.models.kinds.coverage import (
    README,
    answered,
    covered,
    payload_of,
    rewritten,
    terms_of,
)
from tests.models.ladders.sheets import ROOT, SHARED, exact_yaml

ALL = covered()
LADDERS = SHARED / "data" / "vendor-ladders.yaml"
each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)


def test_there_are_37_kinds():
    """K01 to K37, each once."""
    assert [one.id for one in ALL] == [f"K{number:02d}" for number in range(1, 38)]


@pytest.mark.skipif(not LADDERS.is_file(), reason="the collected facts are not at hand")
def test_they_are_the_kinds_of_the_collected_ladders():
    """No kind is missing, none is made up."""
    kinds = exact_yaml(LADDERS.read_text(encoding="utf-8"))["kinds"]
    assert [one.id for one in ALL] == [kind["id"] for kind in kinds]


@each
def test_the_example_of_a_kind_gives_its_answer(one):
    """To the cent, the day, or the reason why not."""
    found = answered(one)
    assert {name: found[name] for name in one.answer} == one.answer


@each
def test_the_modules_of_a_kind_are_there(one):
    """And say in their own words what they hold."""
    for path in one.where:
        assert (ROOT / "models" / path).read_text(encoding="utf-8").startswith('"""')


@each
def test_the_terms_of_a_kind_have_no_errors(one):
    """Warnings are for tables as published."""
    found = terms_of(one).findings("coverage.yaml")
    assert [str(finding) for finding in found if finding.severity is Severity.ERROR] == []


@each
def test_an_example_survives_being_recorded(one):
    """Terms and facts, written as canonical JSON and read again, give the same record."""
    terms = again(CreditTerms, terms_of(one))
    payload = again(CalculatorPayload, payload_of(one))
    assert terms == terms_of(one)
    first = determine_payload(terms=terms_of(one), payload=payload_of(one)).to_record()
    assert determine_payload(terms=terms, payload=payload).to_record() == first
    assert json.loads(canonical(first)) == first


def again(kind, document):
    """A document as the log keeps it and gives it back."""
    kept = json.loads(canonical(document.model_dump(mode="json")), parse_float=Decimal)
    return kind.model_validate(kept)


def test_the_table_in_the_readme_is_what_the_examples_say():
    """`python -m tests.models.kinds.coverage` writes it."""
    written = README.read_text(encoding="utf-8")
    assert rewritten(written) == written
