"""Functions are short, documented and named after what they are for."""

import ast

import pytest

from tests.house.project import PACKAGES, Module, modules, words_of
from tests.house.shape import Shape

EMPTY_WORDS = {"handle", "helper", "helpers", "manage", "manager", "process", "util", "utils"}
# These say nothing alone, but may qualify another word: `process_id`, `database`.
EMPTY_ALONE = {"data"}
FINE_AS_NOUNS = {"process"}


def function_of_length(lines: int) -> str:
    """A function with a docstring and a body of so many lines."""
    return 'def pay():\n    """Pay.\n\n    At once.\n    """\n' + "    amount = 1\n" * lines


def without_docstring(module: Module) -> list[str]:
    """Every public function, method and class that says nothing about itself."""
    return [
        module.finding(node, f"{node.name} has no docstring")
        for node in (*module.functions(), *module.classes())
        if not node.name.startswith("_") and not repeats_another(node)
        if ast.get_docstring(node) is None
    ]


def repeats_another(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether the docstring stands elsewhere: an overload, or the setter of a property."""
    marks = {ast.unparse(decorator).rsplit(".", 1)[-1] for decorator in node.decorator_list}
    return bool(marks & {"overload", "setter"})


def empty_names(module: Module) -> list[str]:
    """Every module, function and class whose name says nothing."""
    named: list[tuple[ast.AST, str]] = [
        (module.tree, part.removesuffix(".py")) for part in module.path.parts
    ]
    named += [(node, node.name) for node in (*module.functions(), *module.classes())]
    return [
        module.finding(node, f"{name} names no thing of ours; say what it is for")
        for node, name in named
        if is_empty(name)
    ]


def is_empty(name: str) -> bool:
    """Whether a name holds one of the words that fit everything.

    `process` is refused as a verb, and stays free as the noun at the end of a name.
    """
    words = words_of(name)
    if len(words) == 1:
        return words[0] in EMPTY_WORDS | EMPTY_ALONE
    return words[:1] == ["process"] or bool(set(words) & (EMPTY_WORDS - FINE_AS_NOUNS))


def test_functions_are_short():
    """None over 50 lines and nine in ten within 25, docstrings apart; the report is printed."""
    shape = Shape.measure(modules(*PACKAGES))
    print(shape.report())
    assert shape.findings() == []


def test_a_function_over_fifty_lines_is_seen():
    """Fifty lines pass, one more does not; the docstring does not count."""
    crowd = "".join(function_of_length(7) for _ in range(20))
    fifty = Module.parse("flows/month_end.py", crowd + function_of_length(50))
    longer = Module.parse("flows/month_end.py", crowd + function_of_length(51))
    assert Shape.measure([fifty]).findings() == []
    (finding,) = Shape.measure([longer]).findings()
    assert "51 lines" in finding


def test_too_many_long_functions_are_seen():
    """With one in five at 26 lines, nine in ten are no longer within 25."""
    text = function_of_length(7) * 8 + function_of_length(26) * 2
    assert Shape.measure([Module.parse("flows/month_end.py", text)]).findings()


def test_the_report_names_median_ninetieth_and_longest():
    """Of the lengths 1 to 10: half are within 6, nine in ten within 10."""
    text = "".join(function_of_length(lines) for lines in range(1, 11))
    report = Shape.measure([Module.parse("flows/month_end.py", text)]).report()
    assert report.startswith("10 functions: median 6 lines, nine in ten within 10, at most 10")


def test_everything_public_has_a_docstring():
    """The names and types say what; the docstring says units, ranges and why."""
    found = [finding for module in modules(*PACKAGES) for finding in without_docstring(module)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "def pay(): ...",
        "async def pay(): ...",
        "class Credit: ...",
        'class Credit:\n    """Money."""\n    def pay(self): ...',
        'class _Credit:\n    """Money."""\n    def pay(self): ...',
    ],
)
def test_a_missing_docstring_is_seen(text):
    """On functions, coroutines, classes and methods."""
    assert without_docstring(Module.parse("models/credit.py", text))


def test_private_and_repeated_definitions_need_no_docstring():
    """Private names, overloads and setters are explained where they belong."""
    text = "def _pay(): ...\n@overload\ndef pay(): ...\n@fee.setter\ndef fee(): ..."
    assert without_docstring(Module.parse("models/credit.py", text)) == []


def test_names_say_what_a_thing_is_for():
    """No `utils`, no `helper`, no `manager`, no `handle_`: such names fit everything."""
    found = [finding for module in modules(*PACKAGES) for finding in empty_names(module)]
    assert found == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/utils.py", ""),
        ("flows/helpers/dates.py", ""),
        ("connectors/billing/http_helper.py", ""),
        ("models/data.py", ""),
        ("models/credit.py", "class CreditManager: ..."),
        ("models/credit.py", "def handle_refund(): ..."),
        ("models/credit.py", "def process_month(): ..."),
    ],
)
def test_an_empty_name_is_seen(path, text):
    """As a module, a folder, a class or a function."""
    assert empty_names(Module.parse(path, text))


@pytest.mark.parametrize("name", ["database", "kill_process", "data_policy", "utility_bill"])
def test_names_that_only_look_empty_are_left_alone(name):
    """A word counts as a whole, and `process` is a fine noun."""
    assert not is_empty(name)
