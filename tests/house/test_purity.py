"""The middle is pure: `models/` has no clock and no I/O, and no package counts in floats."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.project import PACKAGES, Module, modules

OUTSIDE = {
    "asyncio",
    "http",
    "httpx",
    "io",
    "logging",
    "os",
    "random",
    "requests",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid1", "uuid4")
DOORS = ("input", "open", "print")
FILE_METHODS = ("open", "read_bytes", "read_text", "write_bytes", "write_text")
FLOAT_TYPES = ("Float", "float", "float32", "float64")
FLOAT_METHODS = ("timestamp", "total_seconds")

# Modules that may touch the outside or a float all the same: path, then the reason.
MAY_TOUCH_THE_OUTSIDE: dict[str, str] = {}
MAY_USE_FLOATS: dict[str, str] = {
    "deployments/prefect_server.py": "a pause between two looks at a server is no amount",
}


def outside_contact(module: Module) -> list[str]:
    """Every place where a module could read a clock, a file, the network or chance."""
    return [
        module.finding(node, f"{ast.unparse(node)} reaches outside; let the caller pass it in")
        for node in ast.walk(module.tree)
        if reaches_outside(node)
    ]


def reaches_outside(node: ast.AST) -> bool:
    """Whether this is an import, a name or an attribute that leads out of the module."""
    match node:
        case ast.Import(names=names):
            return any(alias.name.split(".")[0] in OUTSIDE for alias in names)
        case ast.ImportFrom(module=str(source), names=names):
            return source.split(".")[0] in OUTSIDE or any(alias.name in CLOCKS for alias in names)
        case ast.Name(id=name):
            return name in DOORS
        case ast.Attribute(attr=name):
            return name in FILE_METHODS or ast.unparse(node).endswith(CLOCKS)
        case _:
            return False


def floats(module: Module) -> list[str]:
    """Every place where a float is written, named or let in."""
    tolerated = {id(name) for name in names_in_type_checks(module)}
    return [
        module.finding(node, f"{ast.unparse(node)} is a float; use int, Decimal or Fraction")
        for node in ast.walk(module.tree)
        if id(node) not in tolerated and lets_a_float_in(node)
    ]


def names_in_type_checks(module: Module) -> Iterator[ast.AST]:
    """Names inside `isinstance(...)`: asking whether something is a float is how to refuse it."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass")):
                yield from ast.walk(node)


def lets_a_float_in(node: ast.AST) -> bool:
    """Whether this is a float, its type, or a call that answers with one.

    A quotient of two integers cannot be told by syntax; there mypy refuses to store it.
    """
    match node:
        case ast.Constant(value=float() | complex()):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in FLOAT_TYPES
        case ast.Call(func=ast.Attribute(attr=name), args=[], keywords=[]):
            return name in FLOAT_METHODS
        case ast.Call(func=ast.Attribute(value=ast.Name(id="json"), attr="load" | "loads")):
            return "parse_float" not in {keyword.arg for keyword in node.keywords}
        case _:
            return False


def test_models_have_no_clock_and_no_io():
    """Time, files and chance enter at the edge; the same inputs always give the same cents."""
    found = [
        finding
        for module in modules("models")
        if str(module.path) not in MAY_TOUCH_THE_OUTSIDE
        for finding in outside_contact(module)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "import os.path",
        "import time",
        "from time import time",
        "from uuid import uuid4",
        "started_at = datetime.now(tz=UTC)",
        "started_at = field(default_factory=datetime.datetime.now)",
        "today = date.today()",
        "text = open('contracts/acme.yaml')",
        "text = Path('contracts/acme.yaml').read_text()",
        "print('0.00')",
    ],
)
def test_contact_with_the_outside_is_seen(line):
    """A clock, a file, the network and chance are all refused."""
    assert outside_contact(Module.parse("models/money.py", line))


def test_pure_code_is_left_alone():
    """Values of time are welcome; only asking for the present is not. A database's own clock is."""
    text = "from datetime import datetime\nat = datetime(2026, 5, 1)\ncolumn(default=func.now())"
    assert outside_contact(Module.parse("models/period.py", text)) == []


def test_no_package_counts_in_floats():
    """No float is written, annotated or converted to, and JSON is read with decimals."""
    found = [
        finding
        for module in modules(*PACKAGES)
        if str(module.path) not in MAY_USE_FLOATS
        for finding in floats(module)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "fee = 0.1",
        "fee = float(text)",
        "fee = -1e3",
        "def credit(fee: float) -> int: ...",
        "def fees() -> list[float]: ...",
        "fees = map(float, texts)",
        "fee: Mapped[Decimal] = mapped_column(Float)",
        "seconds = (end - start).total_seconds()",
        "column = pa.float64()",
        "payload = json.loads(text)",
    ],
)
def test_a_float_is_seen(line):
    """In whichever way it would come in."""
    assert floats(Module.parse("models/money.py", line))


def test_refusing_a_float_is_allowed():
    """`isinstance(value, float)` is how a value is refused, and JSON may be read exactly."""
    text = "if isinstance(fee, (float, complex)): pass\njson.loads(text, parse_float=Decimal)"
    assert floats(Module.parse("models/money.py", text)) == []


def test_every_exception_is_still_needed():
    """An exception names a module that exists and would otherwise be refused, with a reason."""
    by_path = {str(module.path): module for module in modules(*PACKAGES)}
    for path, reason in MAY_TOUCH_THE_OUTSIDE.items():
        assert reason
        assert outside_contact(by_path[path])
    for path, reason in MAY_USE_FLOATS.items():
        assert reason
        assert floats(by_path[path])
