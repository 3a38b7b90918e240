"""Whole files on this host: written completely or not at all, by one writer at a time.

What every role that writes files shares. A reader sees the old content or the new, never a part;
after a power cut too, because file and folder are flushed before the writer goes on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from connectors.errors import Misconfigured, Retriable

TURNS = 30
"""How many seconds a writer waits for another one, asking once a second."""
FOR_A_PERSON = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""Refusals that no waiting mends."""


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Keep every other writer of this file on this host away; its folder is made if need be.

    The lock is the system's and ends with the writer, however that ends. It lives in a hidden file
    beside the file, because the file itself is replaced by every write.

    Raises:
        Misconfigured: The file or its folder may not be read or written.
        Retriable: Another writer kept the file for half a minute, or the disk failed.
    """
    with troubles_classed(path), _lock_file(path) as lock:
        _take_turn(lock, path)
        yield


@contextmanager
def troubles_classed(path: Path) -> Iterator[None]:
    """Translate the system's refusals around this file into ours.

    Raises:
        Misconfigured: The file may not be read or written, or its folder is not one.
        Retriable: Anything else, such as a full disk.
    """
    try:
        yield
    except OSError as error:
        settled = error.errno in FOR_A_PERSON
        message = f"{path}: {error.strerror}; expected to read and write it. " + (
            "Mend its permissions or name another file."
            if settled
            else "Mend that and rerun; the file is as it was, or complete."
        )
        raise (Misconfigured if settled else Retriable)(message) from error


def check_folder(folder: Path) -> None:
    """Find out, without writing, whether files can be made in a folder, there or yet to be made.

    Raises:
        Misconfigured: A file stands in its place, or its permissions forbid it.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        fact = "is a file"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        fact = "may not be written"
    else:
        return
    message = (
        f"{nearest}: {fact}; expected a folder in which {folder.name} can be written. "
        "Move it away, mend its permissions, or name another folder; nothing was written."
    )
    raise Misconfigured(message)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(f".{path.name}.lock")
    lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield lock
    finally:
        os.close(lock)


def _take_turn(lock: int, path: Path) -> None:
    for _ in range(TURNS):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(1)
    message = (
        f"{path}: another writer has kept it for {TURNS} s; expected a moment at most. "
        "Rerun when that writer has ended; nothing was written."
    )
    raise Retriable(message)


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put the content in place of the file, atomically; call it as its sole writer.

    A link is followed, so that the file it points to is replaced and not the link. An existing
    file keeps its permissions.

    Args:
        path: The file.
        content: All of it.
        durable: Return only when it survives a power cut; False for what can be made again.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        _keep_permissions(file.fileno(), target)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    draft.replace(target)
    if durable:
        flush_folder(target.parent)


def _keep_permissions(descriptor: int, target: Path) -> None:
    with suppress(FileNotFoundError):
        os.fchmod(descriptor, target.stat().st_mode & 0o777)


def flush_folder(folder: Path) -> None:
    """Make a changed listing of the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
