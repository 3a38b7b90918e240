"""Determine a single payload under a ladder: no contract, no workspace, nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import iso4217

from connectors.terms.files import WorkspaceFolder
from models.catalog import determine_payload as determined
from models.determination import Determination
from models.findings import UnusableInputError, refuse
from models.json_text import parse_json
from models.located import MOST_BYTES, decode, too_long
from models.money import Currency
from models.payload import CalculatorPayload
from models.terms import near_miss

DEFAULT_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class DeterminedPayload:
    """A payload's answer.

    Attributes:
        payload: What was determined.
        answer: The determination.
    """

    payload: CalculatorPayload
    answer: Determination


def determine_payload(
    *, ladder: str, payload: Path, fee: Decimal | None = None, currency: str | None = None
) -> DeterminedPayload:
    """What one payload earns under one ladder.

    Args:
        ladder: Id of a catalog ladder, or a file with one.
        payload: JSON file with one calculator payload.
        fee: Billable amount in major units, in place of the payload's.
        currency: ISO 4217 code, in place of the payload's; USD where neither says one.

    Raises:
        UnusableInputError: Ladder, payload or currency cannot be used.
    """
    terms = WorkspaceFolder(Path()).ladder(ladder)
    read = _read(payload)
    answer = determined(
        terms=terms,
        payload=read,
        billable=fee,
        currency=currency_of(currency or read.currency or DEFAULT_CURRENCY).code,
    )
    return DeterminedPayload(read, answer)


def _read(path: Path) -> CalculatorPayload:
    text = _text(path)
    return parse_json(text, name=str(path)).expect(CalculatorPayload)


def _text(path: Path) -> str:
    if path.is_dir() or not path.exists():
        fact = "is a folder" if path.is_dir() else "is missing"
        raise refuse(str(path), fact, expected="a JSON file", remedy="Check the path.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise too_long(str(path), path.stat().st_size)
        return decode(path.read_bytes(), name=str(path))
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> UnusableInputError:
    return refuse(
        str(path),
        f"cannot be read: {error.strerror}",
        expected="a file that may be read",
        remedy="Mend its permissions or its path.",
    )


def currency_of(code: str) -> Currency:
    """The currency that somebody names on the command line.

    Raises:
        UnusableInputError: There is none that can be paid.
    """
    try:
        return Currency.of(code)
    except ValueError:
        near = near_miss(code, (currency.code for currency in iso4217.Currency))
        raise refuse(
            "--currency",
            f"is {code!r}",
            expected="the ISO 4217 code of money that can be paid, such as EUR, USD or JPY",
            remedy=near or "Correct the code.",
        ) from None
