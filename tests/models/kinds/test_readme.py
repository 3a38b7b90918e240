"""The examples in the folders' READMEs are valid, so that whoever copies one starts right."""

import re

import pytest
import yaml
from pydantic import TypeAdapter

from models.catalog import CatalogSheet
from models.contract import CreditTerms
from models.findings import Severity
from models.kinds import AnyLadder
from models.measurement import MeasurementTerms
from tests.models.ladders.sheets import ROOT, ExactLoader, exact_yaml


def blocks(folder):
    """The YAML blocks of a README."""
    text = (ROOT / "models" / folder / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


EXAMPLES = [
    example for block in blocks("kinds") for example in yaml.load_all(block, Loader=ExactLoader)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["ladder"]["kind"])
def test_every_example_of_a_kind_is_valid(example):
    """And has no findings, but for the table that is there because it is defective."""
    found = CreditTerms.model_validate(example).findings("README.md")
    defective = example["ladder"].get("as_published", False)
    assert bool(found) == defective
    assert all(finding.severity is Severity.WARNING for finding in found)


def test_every_kind_has_an_example():
    """Those that are made of others as well."""
    schema = TypeAdapter(AnyLadder).json_schema()
    kinds = set(schema["discriminator"]["mapping"])
    assert {example["ladder"]["kind"] for example in EXAMPLES} == kinds


def test_the_clauses_of_the_readme_are_valid():
    """Beside any ladder, together."""
    (block,) = blocks("clauses")
    ladder = {"kind": "single_threshold", "commitment_percent": 99, "credit_percent": 10}
    terms = CreditTerms.model_validate({"ladder": ladder, **exact_yaml(block)})
    assert terms.findings("README.md") == ()


def test_the_measuring_rules_of_the_readme_are_valid():
    """All at once."""
    (block,) = blocks("facts")
    terms = MeasurementTerms.model_validate(exact_yaml(block)["measurement"])
    assert terms.requests is not None


def test_the_example_of_a_sheet_is_valid():
    """Its worked example is right, too."""
    (block,) = blocks("ladders")
    assert CatalogSheet.model_validate(exact_yaml(block)).findings("README.md") == ()
