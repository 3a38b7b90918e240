"""What the house tests look at: the files that git knows, and the syntax of our own modules."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("models", "connectors", "flows", "deployments")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file and what its text means.

    Attributes:
        path: Relative to the top of the project, with forward slashes.
        tree: The parsed text.
    """

    path: PurePosixPath
    tree: ast.Module

    @classmethod
    def parse(cls, path: str | PurePosixPath, text: str) -> "Module":
        """The module that this text would be at this path."""
        return cls(path=PurePosixPath(path), tree=ast.parse(text))

    def finding(self, node: ast.AST, fact: str) -> str:
        """A located sentence about one place in the module."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {fact}"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, nested ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, nested ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node


@cache
def tracked_files() -> tuple[PurePosixPath, ...]:
    """Every file that git tracks and that is there, relative to the top of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    names = (name for name in listed.split("\0") if name)
    return tuple(PurePosixPath(name) for name in names if (ROOT / name).is_file())


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """The tracked modules of these top-level packages."""
    return tuple(
        Module.parse(path, (ROOT / path).read_text(encoding="utf-8"))
        for path in tracked_files()
        if path.suffix == ".py" and path.parts[0] in packages
    )


def tracked_texts() -> Iterator[tuple[PurePosixPath, str]]:
    """Every tracked file that is text, with its content."""
    for path in tracked_files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8", errors="replace")


def words_of(name: str) -> list[str]:
    """The words of a name in snake_case or CamelCase.

    >>> words_of("parse_HTTPHandler2")
    ['parse', 'http', 'handler2']
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_]+", name) if word]
