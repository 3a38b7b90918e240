"""The examples in the folders' READMEs are valid, so that whoever copies one starts right."""

import re

import pytest
import yaml

from models.catalog import CatalogSheet
from models.contract import CreditTerms
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
    """And has no findings."""
    assert CreditTerms.model_validate(example).findings("README.md") == ()


def test_every_kind_has_an_example():
    """Five kinds."""
    assert len({example["ladder"]["kind"] for example in EXAMPLES}) == 5


def test_the_example_of_a_sheet_is_valid():
    """Its worked example is right, too."""
    (block,) = blocks("ladders")
    assert CatalogSheet.model_validate(exact_yaml(block)).findings("README.md") == ()
