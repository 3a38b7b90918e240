"""Terms held in memory: the twin that tests and the demonstration of a rule read from."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from connectors.terms._shelf import Shelf
from models.findings import refuse


class MemoryTerms(Shelf):
    """Texts by name, such as `contracts/acme.yaml`, as a workspace folder would hold them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)

    def names(self, pattern: str) -> list[str]:
        """The names that a pattern matches, sorted; hidden ones are left out."""
        return sorted(
            name
            for name in self.texts
            if _matches(name.split("/"), pattern.split("/"))
            and not any(part.startswith(".") for part in name.split("/"))
        )

    def text(self, name: str) -> str:
        """The text of that name.

        Raises:
            UnusableInputError: There is none.
        """
        if name not in self.texts:
            raise refuse(
                name, "is missing", expected="a file", remedy="Check the path, or create the file."
            )
        return self.texts[name]


def _matches(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path matches, part by part; `**` stands for any number of folders."""
    if not pattern or not parts:
        return parts == pattern
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or _matches(parts[1:], pattern)
    return fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
