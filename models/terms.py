"""The base of everything that a contract says: frozen, strict documents with exact numbers.

Terms are data: they are read from files, never changed, and recorded by their digest. Percentages
and amounts are `Decimal`s that never went through a float; a list of one value, as the copyable
templates write it (`[5]`), is read as that value.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from models.money import Currency
from models.period import zone

NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")


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
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and NUMBER.match(value.strip()):
        return Decimal(value.strip())
    raise PydanticCustomError("exact_number", "a plain number with a decimal point, such as 99.9")


def whole_number(value: object) -> int:
    """Read a whole number exactly; `5`, `5.0` and `[5]` are 5.

    Raises:
        PydanticCustomError: The value is not a whole number.
    """
    number = exact_decimal(value)
    if number != number.to_integral_value():
        raise PydanticCustomError("whole_number", "a whole number, such as 5")
    return int(number)


def _currency_code(value: str) -> str:
    Currency.of(value)
    return value


def _zone_name(value: str) -> str:
    zone(value)
    return value


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

TimeZone = Annotated[str, AfterValidator(_zone_name)]
"""An IANA time zone."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line of text without control characters."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$")]
"""Lower-case letters, digits, `.`, `_` and `-`; used in keys and file names."""

JsonValue = Any
"""A value that JSON can hold without floats: str, int, bool, None, and lists and dicts of them."""
