"""The present, as claims are held against it: an instant, or a date that begins where a claim is.

Days are counted in a claim's own zone. While it is October 31 in UTC it is still the 30th in Los
Angeles, and a claim that is due there through the 30th is in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from models.intervals import instant, utc
from models.period import zone


@dataclass(frozen=True, slots=True)
class Present:
    """As of when somebody looks.

    Attributes:
        at: The instant; of a date its beginning in UTC, for whoever needs one moment for all.
        day: The date that was asked for in place of the instant; None for the instant.
    """

    at: int
    day: date | None = None

    @classmethod
    def on(cls, day: date) -> Self:
        """A date, in every zone from its first instant on."""
        return cls(_begins(day, "UTC"), day)

    def instant_in(self, time_zone: str) -> int:
        """The instant in a zone: there, a date begins at its own midnight.

        >>> day = Present.on(date(2025, 10, 30))
        >>> day.instant_in("America/Los_Angeles") - day.at  # Seven hours later than in UTC.
        25200000
        """
        return self.at if self.day is None else _begins(self.day, time_zone)

    def date_in(self, time_zone: str) -> date:
        """The date that it is in a zone."""
        return self.day or utc(self.at).astimezone(zone(time_zone)).date()


def _begins(day: date, time_zone: str) -> int:
    return instant(datetime(day.year, day.month, day.day, tzinfo=zone(time_zone)))
