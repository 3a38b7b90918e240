"""Terms from a workspace folder on disk."""

from __future__ import annotations

from pathlib import Path

from connectors.terms._shelf import Shelf
from models.findings import UnusableInputError, refuse
from models.located import MOST_BYTES, decode, too_long


class WorkspaceFolder(Shelf):
    """A folder with `makegood.yaml`, `contracts/` and whatever they name.

    Names are relative to the folder unless they are absolute. Findings show the folder as it was
    given, so that a terminal can open them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self, pattern: str) -> list[str]:
        """The files and folders that a pattern matches, sorted; hidden ones are left out."""
        given = Path(pattern)
        base, relative = (
            (Path(given.anchor), str(given.relative_to(given.anchor)))
            if given.is_absolute()
            else (self.folder, pattern)
        )
        found = (path for path in base.glob(relative) if not _hidden(path.relative_to(base)))
        return sorted(
            str(path if given.is_absolute() else path.relative_to(base)) for path in found
        )

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            UnusableInputError: It is missing, no file, unreadable, too long or not UTF-8.
        """
        path, shown = self.folder / name, self.shown(name)
        try:
            if not path.is_file():
                raise _no_file(path, shown)
            length = path.stat().st_size
            if length > MOST_BYTES:
                raise too_long(shown, length)
            return decode(path.read_bytes(), name=shown)
        except OSError as error:
            raise _unreadable(shown, error) from None

    def shown(self, name: str) -> str:
        """The path as a terminal would open it."""
        return str(self.folder / name)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _no_file(path: Path, shown: str) -> UnusableInputError:
    fact = (
        "is a folder" if path.is_dir() else "is no ordinary file" if path.exists() else "is missing"
    )
    return refuse(shown, fact, expected="a file", remedy="Check the path, or create the file.")


def _unreadable(shown: str, error: OSError) -> UnusableInputError:
    return refuse(
        shown,
        f"cannot be read: {error.strerror}",
        expected="a file that may be read",
        remedy="Mend its permissions or its path.",
    )
