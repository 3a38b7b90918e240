"""Which files a source reads, and how each is named to people.

A path in a workspace is seen from the workspace's folder and may be a pattern with `*`, `?`,
`[...]` or `**`. Files are read in the order of their names, so that the same files always read
the same.
"""

from __future__ import annotations

import errno
import glob
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import Retriable
from connectors.monitoring import FileFacts
from models.findings import Finding, UnusableInputError, refuse

TRANSIENT = frozenset({errno.EAGAIN, errno.EBUSY, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})
"""Failures of the system that may pass."""


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


def read_each(
    files: Iterable[SourceFile], read: Callable[[SourceFile], FileFacts]
) -> tuple[FileFacts, ...]:
    """Read every file, and only then refuse those that cannot be used as a whole.

    Raises:
        UnusableInputError: With the findings of all of them.
        Retriable: The file system failed.
    """
    facts: list[FileFacts] = []
    findings: list[Finding] = []
    for file in files:
        try:
            facts.append(read(file))
        except UnusableInputError as error:
            findings += error.findings
        except OSError as error:
            findings += _cannot_be_read(file, error).findings
    if findings:
        raise UnusableInputError(findings)
    return tuple(facts)


def _cannot_be_read(file: SourceFile, error: OSError) -> UnusableInputError:
    """The refusal of a file that the system does not let us read.

    Raises:
        Retriable: The system itself failed, as network drives do.
    """
    if error.errno in TRANSIENT:
        raise Retriable(
            f"{file.shown}: cannot be read now: {error.strerror}; expected a moment's failure at "
            "most. Rerun when the drive answers again; nothing was changed."
        ) from error
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
