"""The base of everything that a contract says: frozen, strict documents with exact numbers.

Terms are data: they are read from files, never changed, and recorded by their digest. Percentages
and amounts are `Decimal`s that never went through a float; a list of one value, as the copyable
templates write it (`[5]`), is read as that value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import available_timezones

import iso4217
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from models.money import Currency
from models.period import zone

NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?$")

MOST_DIGITS = 30
"""No term has more digits before or after its decimal point."""

DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
YEAR = re.compile(r"-(19|20)[0-9]{2}\b")


class Terms(BaseModel):
    """A frozen document that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def plain(number: Decimal) -> str:
    """A decimal as digits without exponent or trailing zeros: `99.90` and `99.9` are one value.

    >>> plain(Decimal("99.90")), plain(Decimal("1E+3")), plain(Decimal("0.00"))
    ('99.9', '1000', '0')
    """
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def sole(value: object) -> object:
    """The only item of a list of one; any other value as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def exact_decimal(value: object) -> Decimal:
    """Read a number exactly: an int, a Decimal or digits with a decimal point.

    Raises:
        PydanticCustomError: The value is none of these, or is not finite.
    """
    value = sole(value)
    if isinstance(value, Decimal) and value.is_finite():
        return _writable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _writable(Decimal(value))
    if isinstance(value, str) and NUMBER.match(value.strip()):
        return _writable(Decimal(value.strip()))
    raise PydanticCustomError("exact_number", "a plain number with a decimal point, such as 99.9")


def _writable(number: Decimal) -> Decimal:
    """Refuse numbers so long that writing them out would fill the memory."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -MOST_DIGITS and number.adjusted() < MOST_DIGITS:
        return number
    raise PydanticCustomError(
        "long_number",
        "a number of at most {most} digits on each side of its point",
        {"most": MOST_DIGITS, "remedy": "Shorten it."},
    )


def whole_number(value: object) -> int:
    """Read a whole number exactly; `5`, `5.0` and `[5]` are 5.

    Raises:
        PydanticCustomError: The value is not a whole number.
    """
    try:
        number = exact_decimal(value)
    except PydanticCustomError as error:
        if error.type != "exact_number":
            raise
        raise _not_whole() from None
    if number != number.to_integral_value():
        raise _not_whole()
    return int(number)


def _not_whole() -> PydanticCustomError:
    return PydanticCustomError("whole_number", "a whole number, such as 5")


def calendar_day(value: object) -> date:
    """Read a date written `YYYY-MM-DD`; a number is never taken for seconds since 1970.

    Raises:
        PydanticCustomError: The value is no such date.
    """
    value = sole(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and DAY.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("calendar_day", "a date as YYYY-MM-DD")


def _currency_code(value: str) -> str:
    try:
        Currency.of(value)
    except ValueError:
        near = near_miss(value, (currency.code for currency in iso4217.Currency))
        raise _unknown("currency_code", "an ISO 4217 code such as EUR, USD or JPY", near) from None
    return value


def _zone_name(value: str) -> str:
    try:
        zone(value)
    except ValueError:
        near = near_miss(value, available_timezones())
        expected = "an IANA time zone such as UTC or Europe/Berlin"
        raise _unknown("time_zone", expected, near) from None
    return value


def _unknown(kind: str, expected: str, near: str) -> PydanticCustomError:
    remedy = near or "Correct the spelling."
    return PydanticCustomError(kind, "{expected}", {"expected": expected, "remedy": remedy})


def near_miss(wrong: str, right: Iterable[str]) -> str:
    """`Did you mean …?` for the nearest of the right words; "" when none is near.

    Of words that begin so, one that names a year is offered last.

    >>> near_miss("Europe/Berln", ["UTC", "Europe/Berlin"])
    'Did you mean Europe/Berlin?'
    >>> near_miss("aws-s3", ["aws-rds", "aws-s3-2007", "aws-s3-standard"])
    'Did you mean aws-s3-standard?'
    """
    folded = {word.casefold(): word for word in right}
    begun = [word for word in folded if wrong and word.startswith(wrong.casefold())]
    close = sorted(
        begun, key=lambda word: (bool(YEAR.search(word)), len(word))
    ) or get_close_matches(wrong.casefold(), folded, n=1)
    return f"Did you mean {folded[close[0]]}?" if close else ""


Exact = Annotated[
    Decimal,
    BeforeValidator(exact_decimal, json_schema_input_type=Decimal | str),
    PlainSerializer(plain, return_type=str),
]
"""An exact decimal number; serialised as plain digits."""

Percent = Annotated[Exact, Field(ge=0, le=100)]
"""A percentage from 0 to 100, exact."""

Amount = Annotated[Exact, Field(ge=0)]
"""A non-negative amount in major units, exact."""

Whole = Annotated[int, BeforeValidator(whole_number, json_schema_input_type=int), Field(ge=0)]
"""A non-negative whole number."""

Minutes = Annotated[Exact, Field(gt=0)]
"""A length of time in minutes, more than zero."""

CurrencyCode = Annotated[str, BeforeValidator(sole), AfterValidator(_currency_code)]
"""An ISO 4217 code."""

Day = Annotated[date, BeforeValidator(calendar_day, json_schema_input_type=date)]
"""A calendar date, written `YYYY-MM-DD`."""

TimeZone = Annotated[str, AfterValidator(_zone_name)]
"""An IANA time zone."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line of text without control characters."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$")]
"""Lower-case letters, digits, `.`, `_` and `-`; used in keys and file names."""

JsonValue = Any
"""A value that JSON can hold without floats: str, int, bool, None, and lists and dicts of them."""
