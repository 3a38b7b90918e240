"""What a source that is asked has answered, so that it can be proven later.

There is no file whose bytes could be digested, and pages, order and spelling of an answer change
from one question to the next. So the digest is taken over the answer's meaning: its rows as whole
numbers and texts, sorted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from connectors.monitoring import FileFacts

Row = tuple[int | str, ...]
"""What one row of an answer says; instants in milliseconds, decimals as plain digits."""


def answer_of(source: str, monitor: str, rows: Iterable[Row]) -> FileFacts:
    """The fact that a source answered these rows about a monitor; their order does not matter.

    >>> answer_of("eu", "web", [(60_000, "up"), (0, "up")]).rows
    2
    >>> one, other = ([(0, "up"), (1, "down")], [(1, "down"), (0, "up")])
    >>> answer_of("eu", "web", one) == answer_of("eu", "web", other)
    True
    """
    rising = sorted(repr(row).encode() for row in rows)
    digest = hashlib.sha256(b"\n".join(rising)).hexdigest()
    return FileFacts(f"{source}:{monitor}", digest, len(rising), monitor)
