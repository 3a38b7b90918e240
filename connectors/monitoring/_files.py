"""Which files a source reads, and how each is named to people.

A path in a workspace is seen from the workspace's folder and may be a pattern with `*`, `?`,
`[...]` or `**`. Files are read in the order of their names, so that the same files always read
the same.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

from models.findings import UnusableInputError, refuse


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source.

    Attributes:
        path: Where it is.
        shown: How people know it: as the workspace names it.
    """

    path: Path
    shown: str


def find_files(pattern: str, *, folder: Path) -> tuple[SourceFile, ...]:
    """Every file that a path or pattern names, rising by name.

    Raises:
        UnusableInputError: There is none, or the path is a folder.
    """
    sole = folder / pattern
    if sole.is_dir():
        raise _is_folder(pattern)
    if sole.exists():
        return (SourceFile(sole, pattern),)
    if not glob.has_magic(pattern):
        raise _is_missing(pattern, folder)
    # Path.glob refuses patterns that begin at the root, and knows no hidden files.
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
    files = tuple(
        SourceFile(folder / name, name) for name in sorted(names) if not (folder / name).is_dir()
    )
    if not files:
        raise _matches_nothing(pattern, folder)
    return files


def cannot_be_read(file: SourceFile, error: OSError) -> UnusableInputError:
    """The refusal of a file that the system does not let us read."""
    return refuse(
        file.shown,
        f"cannot be read: {error.strerror or error}",
        expected="a file that this account may read",
        remedy="Check the file and its permissions.",
    )


def _is_folder(pattern: str) -> UnusableInputError:
    return refuse(
        pattern,
        "is a folder",
        expected="a file, or a pattern of files",
        remedy=f"Name the file, or write {pattern.rstrip('/')}/*.csv for every file in the folder.",
    )


def _is_missing(pattern: str, folder: Path) -> UnusableInputError:
    return refuse(
        pattern,
        "does not exist",
        expected="a file, or a pattern of files",
        remedy=f"Check the name{_seen_from(folder)}.",
    )


def _matches_nothing(pattern: str, folder: Path) -> UnusableInputError:
    return refuse(
        pattern,
        "matches no file",
        expected="a pattern that matches at least one file",
        remedy=f"Check the pattern{_seen_from(folder)}.",
    )


def _seen_from(folder: Path) -> str:
    return "" if folder == Path() else f"; it is seen from {folder}"
