"""What goes over the wire to and from a stand-in: one request, one answer."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """What came over the wire; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """What goes over the wire.

    Attributes:
        status: 0 when nothing goes.
        wire: How the connection fails, as a fault's kind; None when it holds.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    wire: str | None = None
