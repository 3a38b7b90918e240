"""The catalog's sheets as the tests see them, read with exact numbers."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from models.catalog import CatalogSheet

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"
PATHS = tuple(sorted((ROOT / "models" / "ladders").rglob("*.yaml")))


class ExactLoader(yaml.SafeLoader):
    """PyYAML with decimals in place of floats, and dates left as text."""


def as_decimal(loader, node):
    """A number with a point, exactly."""
    return Decimal(loader.construct_scalar(node))


def as_text(loader, node):
    """A date as it is written."""
    return loader.construct_scalar(node)


ExactLoader.add_constructor("tag:yaml.org,2002:float", as_decimal)
ExactLoader.add_constructor("tag:yaml.org,2002:timestamp", as_text)


def exact_yaml(text):
    """A YAML document as plain values: numbers are int or Decimal, dates are text."""
    return yaml.load(text, Loader=ExactLoader)  # noqa: S506 - a subclass of the safe loader


@cache
def sheet(name):
    """The catalog sheet with this id."""
    (path,) = [path for path in PATHS if path.stem == name]
    return CatalogSheet.model_validate(exact_yaml(path.read_text(encoding="utf-8")))
