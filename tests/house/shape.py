"""How long the functions of the project are; `python -m tests.house.shape` prints it."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from tests.house.project import PACKAGES, Module, modules

LONGEST_ALLOWED = 50
NINE_IN_TEN_ALLOWED = 25


@dataclass(frozen=True, slots=True)
class Shape:
    """The lengths of many functions.

    Attributes:
        lengths: Lines of each body, docstring apart, and where the function stands; longest last.
    """

    lengths: tuple[tuple[int, str], ...]

    @classmethod
    def measure(cls, sources: Iterable[Module]) -> "Shape":
        """Measure every function of these modules, nested ones and methods included."""
        return cls(
            lengths=tuple(
                sorted(
                    (body_lines(function), module.finding(function, function.name))
                    for module in sources
                    for function in module.functions()
                )
            )
        )

    def at(self, percent: int) -> int:
        """The length that this percent of the functions stay within; 0 when there is none."""
        if not self.lengths:
            return 0
        return self.lengths[min(len(self.lengths) * percent // 100, len(self.lengths) - 1)][0]

    def findings(self) -> list[str]:
        """Every function that is too long, and the whole when too many are long."""
        found = [
            f"{place} has {lines} lines; at most {LONGEST_ALLOWED}. Split it."
            for lines, place in self.lengths
            if lines > LONGEST_ALLOWED
        ]
        if self.at(90) > NINE_IN_TEN_ALLOWED:
            found.append(
                f"nine in ten functions reach {self.at(90)}; at most {NINE_IN_TEN_ALLOWED}"
            )
        return found

    def report(self) -> str:
        """One line for people."""
        longest = f", the longest {self.lengths[-1][1]}" if self.lengths else ""
        return (
            f"{len(self.lengths)} functions: median {self.at(50)} lines, "
            f"nine in ten within {self.at(90)}, at most {self.at(100)}{longest}"
        )


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines from the first statement to the last, docstring apart."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


if __name__ == "__main__":
    print(Shape.measure(modules(*PACKAGES)).report())
