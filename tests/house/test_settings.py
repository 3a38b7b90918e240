"""One module asks the environment for settings; whatever else touches it has a reason here."""

import ast

import pytest

from tests.house.project import PACKAGES, Module, modules

MAY = {
    "flows/settings.py": "It is the one module.",
    "flows/known_settings.py": "It lists which variables are set, and never what they hold.",
    "deployments/cli/app.py": "It tells Prefect to be quiet, and shells their completions.",
    "deployments/prefect_server.py": "A server that it starts inherits the environment.",
    "deployments/processor.py": "NumPy can be told only so.",
    "deployments/register.py": "The command that it starts inherits the environment.",
    "deployments/service.py": "The processes that it starts inherit the environment.",
}


def askers(sources):
    """The modules that touch the environment, each with the place."""
    return {
        str(module.path): module.finding(node, "asks the environment")
        for module in sources
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and _names_it(node))
    }


def _names_it(node: ast.ImportFrom) -> bool:
    return any(name.name in {"environ", "environb", "getenv"} for name in node.names)


def test_settings_are_asked_for_in_one_module():
    """`flows.settings.held` knows every place, and no value leaves it but to whoever asked."""
    assert set(askers(modules(*PACKAGES))) <= set(MAY)


def test_every_exception_is_still_one():
    """A reason without its module has outlived it."""
    assert set(MAY) <= set(askers(modules(*PACKAGES)))


@pytest.mark.parametrize("line", ["os.environ['A']", "os.getenv('A')", "from os import environ"])
def test_a_module_that_asks_is_seen(line):
    """In whatever way."""
    assert askers([Module.parse("flows/paying.py", line)])
