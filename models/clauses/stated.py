"""What a contract states about itself: its edition or set-up, and amounts beside the billable one.

Both may change while the contract runs, so each may say since when it holds; a period takes what
holds on its first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from models.terms import Amount, Day, Slug, Terms


class Attribute(Terms):
    """A property of the contract that terms ask for.

    Attributes:
        name: As the terms name it, such as `edition`.
        value: In words or digits.
        since: First day on which it holds; None for always.
    """

    name: Slug
    value: Annotated[str, Field(min_length=1, max_length=200)]
    since: Day | None = Field(default=None, exclude_if=lambda value: value is None)


class StatedAmount(Terms):
    """An amount that terms ask for.

    Attributes:
        name: As the terms name it, such as `annual_fee`.
        amount: In the contract's currency, major units.
        since: First day on which it holds; None for always.
    """

    name: Slug
    amount: Amount
    since: Day | None = Field(default=None, exclude_if=lambda value: value is None)


def _listed(written: object, field: str) -> object:
    if not isinstance(written, Mapping):
        return written
    return [{"name": name, field: value} for name, value in written.items()]


def _attributes(written: object) -> object:
    listed = _listed(written, "value")
    if not isinstance(listed, list):
        return listed
    return [
        {**one, "value": str(one["value"])}
        if isinstance(one, dict) and isinstance(one.get("value"), int | Decimal)
        else one
        for one in listed
    ]


def _amounts(written: object) -> object:
    return _listed(written, "amount")


Attributes = Annotated[tuple[Attribute, ...], BeforeValidator(_attributes)]
"""Attributes, each once for every day from which it holds; `{edition: pro}` for short."""

StatedAmounts = Annotated[tuple[StatedAmount, ...], BeforeValidator(_amounts)]
"""Amounts, each once for every day from which it holds; `{annual_fee: 36500}` for short."""


def attributes_on(attributes: Iterable[Attribute], day: date) -> Mapping[str, str]:
    """The value of every attribute on a date.

    >>> rising = [Attribute(name="edition", value="free"),
    ...           Attribute(name="edition", value="pro", since=date(2026, 6, 1))]
    >>> attributes_on(rising, date(2026, 5, 31)), attributes_on(rising, date(2026, 6, 1))
    ({'edition': 'free'}, {'edition': 'pro'})
    """
    begun = [one for one in attributes if one.since is None or one.since <= day]
    return {one.name: one.value for one in sorted(begun, key=_since)}


def amounts_on(amounts: Iterable[StatedAmount], day: date) -> Mapping[str, Decimal]:
    """Every amount on a date, in major units."""
    begun = [one for one in amounts if one.since is None or one.since <= day]
    return {one.name: one.amount for one in sorted(begun, key=_since)}


def _since(one: Attribute | StatedAmount) -> date:
    return one.since or date.min
