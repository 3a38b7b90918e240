"""With which request something planned happens, and before or after it is carried out."""

import re
from dataclasses import dataclass

BEFORE, AFTER = "before", "after"


@dataclass(slots=True, kw_only=True)
class Occasion:
    """When a planned fault strikes.

    Attributes:
        when: `before` the request is carried out, or `after`.
        at: With the request of this number, counted from 1 since the last reset.
        method: Else with requests of this method,
        path: and whose path this pattern matches from its start,
        nth: from the nth such request on,
        times: so many times; 0 means for ever.
    """

    when: str = BEFORE
    at: int | None = None
    method: str | None = None
    path: str | None = None
    nth: int = 1
    times: int = 1
    seen: int = 0

    def strikes(self, number: int, method: str, path: str) -> bool:
        """Whether it befalls this request; counts the matching ones."""
        if self.at is not None:
            return number == self.at
        if self.method not in {None, method} or not re.match(self.path or "", path):
            return False
        self.seen += 1
        return self.seen >= self.nth and (not self.times or self.seen < self.nth + self.times)
