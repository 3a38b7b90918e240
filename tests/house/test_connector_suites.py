"""One promise per connector role: every connector inherits the conformance suite of its role."""

import ast
from collections.abc import Iterable

import pytest

from tests.house.project import Module, modules


def connectors_without_suite(*, sources: Iterable[Module], tests: Iterable[Module]) -> list[str]:
    """The test modules that a connector needs and that are missing or inherit no suite.

    A connector is `connectors/<role>/<name>.py`, or a folder `<name>/` there; names with a leading
    underscore are parts of one.
    """
    needed = {path_of_suite(module) for module in sources if is_connector(module)}
    return sorted(needed - {str(module.path) for module in tests if inherits_a_suite(module)})


def is_connector(module: Module) -> bool:
    """Whether the module is, or belongs to, a connector of some role."""
    match module.path.parts:
        case ("connectors", _, name, *_):
            return not name.startswith("_")
        case _:
            return False


def path_of_suite(module: Module) -> str:
    """Where the suite of a connector runs."""
    _, role, name, *_ = module.path.parts
    return f"tests/connectors/{role}/test_{name.removesuffix('.py')}.py"


def inherits_a_suite(module: Module) -> bool:
    """Whether pytest collects a class here whose base is a conformance suite."""
    return any(
        node.name.startswith("Test")
        and any(ast.unparse(base).endswith("Conformance") for base in node.bases)
        for node in module.classes()
    )


def test_every_connector_inherits_the_suite_of_its_role():
    """A new vendor is trusted only after it has passed what its in-memory twin passes."""
    missing = connectors_without_suite(sources=modules("connectors"), tests=modules("tests"))
    assert missing == []


@pytest.mark.parametrize(
    "test_text",
    [
        "def test_it_posts(): ...",
        "class BillingTests(BillingConformance): ...",
        "class TestStripe: ...",
    ],
)
def test_a_connector_without_its_suite_is_seen(test_text):
    """A test module alone is no proof: a collected class must inherit the suite."""
    source = Module.parse("connectors/billing/stripe.py", "")
    test = Module.parse("tests/connectors/billing/test_stripe.py", test_text)
    assert connectors_without_suite(sources=[source], tests=[test]) == [str(test.path)]


def test_a_connector_with_its_suite_is_left_alone():
    """Neither the role's Protocol nor a private part of a connector needs a suite of its own."""
    sources = [
        Module.parse("connectors/retry.py", ""),
        Module.parse("connectors/billing/__init__.py", ""),
        Module.parse("connectors/billing/_wire.py", ""),
        Module.parse("connectors/billing/stripe.py", ""),
    ]
    text = "class TestStripe(conformance.BillingConformance): ..."
    test = Module.parse("tests/connectors/billing/test_stripe.py", text)
    assert connectors_without_suite(sources=sources, tests=[test]) == []
