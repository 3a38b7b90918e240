"""Alerts: what monitors send us unasked, brought into the one form that the guard reads.

A reader takes a body as its sender wrote it and answers with the events in it. It translates and
decides nothing: whether an event matters, and what follows, is decided in `models.incidents`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NoReturn, Protocol
from urllib.parse import parse_qsl

from models.incidents.signal import Condition, Signal
from models.intervals import instant
from models.terms import JsonValue

MOST_EVENTS = 1000
"""Events in one body."""

SECOND_MS = 1000

SECONDS_UNTIL = 10**11
"""A number of seconds since 1970 is smaller than this until the year 5138, one of milliseconds is
larger since 1973."""


class UnreadableError(ValueError):
    """A body, or an event in it, is not what its sender sends; the message says what is wrong."""


class Reader(Protocol):
    """What every sender's reader promises; `tests/connectors/alerts/conformance.py` holds it."""

    def __call__(self, document: Mapping[str, JsonValue], *, source: str) -> Iterator[Signal]:
        """The events of a body, in order.

        Raises:
            UnreadableError: One of them is not what the sender sends, or tells of neither up nor
                down.
        """
        ...


def read(reader: Reader, body: bytes, *, source: str, form: bool = False) -> tuple[Signal, ...]:
    """The events of a body.

    Args:
        reader: The sender's.
        body: As it was sent.
        source: Who sent it.
        form: Whether it is a form; JSON otherwise.

    Raises:
        UnreadableError: It cannot be read; nothing of it is used.
    """
    try:
        document = _form(body) if form else _document(body)
        signals = tuple(_counted(reader(document, source=source)))
    except UnreadableError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise UnreadableError(f"is not what {source} sends: {type(error).__name__}") from None
    if not signals:
        raise UnreadableError("holds no event")
    return signals


def _counted(signals: Iterator[Signal]) -> Iterator[Signal]:
    for number, signal in enumerate(signals):
        if number == MOST_EVENTS:
            raise UnreadableError(f"holds more than {MOST_EVENTS} events")
        yield signal


def _document(body: bytes) -> Mapping[str, JsonValue]:
    try:
        found = json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnreadableError("is no JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise UnreadableError("is no JSON object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _form(body: bytes) -> Mapping[str, JsonValue]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise UnreadableError("is no form in UTF-8") from None


def text(document: Mapping[str, JsonValue], name: str, *, missing: str | None = None) -> str:
    """A text, or a whole number as a text.

    Raises:
        UnreadableError: It is missing where nothing stands for it, or is something else.
    """
    found = document.get(name)
    if found is None and missing is not None:
        return missing
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise UnreadableError(f"has no usable {name}")
    return str(found)


def section(document: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    """An object within an object.

    Raises:
        UnreadableError: It is none.
    """
    found = document.get(name)
    if not isinstance(found, dict):
        raise UnreadableError(f"has no {name}")
    return found


def moment(document: Mapping[str, JsonValue], name: str) -> int:
    """An instant: ISO 8601 with its offset, or seconds or milliseconds since 1970.

    Raises:
        UnreadableError: It is none of these.
    """
    found = text(document, name)
    if found.isascii() and found.isdigit():
        number = int(found[:20])
        return number if number >= SECONDS_UNTIL else number * SECOND_MS
    try:
        return instant(datetime.fromisoformat(found))
    except (ValueError, OverflowError):
        raise UnreadableError(f"has no usable {name}") from None


def length_ms(document: Mapping[str, JsonValue], name: str) -> int | None:
    """A length in seconds, as milliseconds; None where it is left out or blank.

    Raises:
        UnreadableError: It is no whole number of milliseconds from 0 on.
    """
    found = document.get(name)
    if found is None or (isinstance(found, str) and not found.strip()):
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise UnreadableError(f"has no usable {name}")
    length = Decimal(found) * SECOND_MS
    if not length.is_finite() or length < 0 or length.adjusted() > 15 or length % 1:  # noqa: PLR2004  Thirty thousand years.
        raise UnreadableError(f"has no usable {name}")
    return int(length)


def condition(word: str, meanings: Mapping[str, Condition], *, what: str) -> Condition:
    """What a sender's word means.

    Raises:
        UnreadableError: It says neither up nor down.
    """
    found = meanings.get(word)
    if found is None:
        raise UnreadableError(f"has {what} {word[:40]!r}, which is neither up nor down")
    return found
