"""Locks by the operating system, on files: a crash of any kind lets go of them at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileTakenError(Exception):
    """Somebody else holds the file; `held` is what they wrote into it."""

    def __init__(self, held: str) -> None:
        """Keep what the holder wrote."""
        super().__init__(held)
        self.held = held


@contextmanager
def locked_file(path: Path, *, says: str, wait: bool) -> Iterator[None]:
    """Hold a file alone until the block ends; then it is gone.

    Args:
        path: The file; its folder exists.
        says: What others read when they find it taken.
        wait: Wait for the holder to let go, instead of raising.

    Raises:
        FileTakenError: Somebody else holds it, and `wait` is false.
        OSError: The file cannot be made.
    """
    descriptor = _taken(path, wait=wait)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, says.encode(), 0)
        yield
    finally:
        # Somebody may have removed ours, and somebody else has made and holds another one since.
        if _still_there(path, descriptor):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(path: Path, *, wait: bool) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            held = os.pread(descriptor, 1000, 0).decode(errors="replace")
            os.close(descriptor)
            raise FileTakenError(held) from None
        except BaseException:
            os.close(descriptor)
            raise
        if _still_there(path, descriptor):
            return descriptor
        os.close(descriptor)


def _still_there(path: Path, descriptor: int) -> bool:
    # The holder before us may have removed the file while we waited: then our lock is on nothing.
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
