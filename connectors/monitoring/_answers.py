"""What a source that is asked has answered, so that it can be proven later.

There is no file whose bytes could be digested, and pages, order and spelling of an answer change
from one question to the next. So the digest is taken over the answer's meaning: its rows, each once
read, as whole numbers and texts, rising.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from connectors.monitoring import FileFacts

Row = Sequence[int | str]
"""What one row of an answer says: an instant in milliseconds first, decimals as plain digits."""


def answer_of(source: str, monitor: str, rows: Iterable[Row]) -> FileFacts:
    """The fact that a source answered these rows about a monitor; their order does not matter.

    >>> answer_of("eu", "web", [(60_000, "up"), (0, "up")]).rows
    2
    >>> one, other = ([(0, "up"), (1, "down")], [(1, "down"), (0, "up")])
    >>> answer_of("eu", "web", one) == answer_of("eu", "web", other)
    True
    """
    rising = sorted(rows)
    digest = hashlib.sha256()
    for row in rising:
        digest.update(repr(tuple(row)).encode() + b"\n")
    return FileFacts(f"{source}:{monitor}", digest.hexdigest(), len(rising), monitor)
