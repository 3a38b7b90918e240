"""What is wrong with an input, said so that a person can mend it at once.

Every reader in Makegood collects *all* findings before it refuses. A finding names the place, the
value, what was expected and what to do; the classes here carry that and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error makes the input unusable, a warning asks for a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong at one place.

    Attributes:
        place: File and line (`contracts/acme.yaml:14`), or the option that was given.
        field: Path of the field inside the document (`ladder.brackets[1].below`), or "".
        fact: What was found, with its value.
        expected: What would have been right.
        remedy: What to do about it.
        severity: Whether the input is unusable because of it.
        rule: The name of the rule that found it, such as `gap`; "" for faults of form.
    """

    place: str
    fact: str
    expected: str
    remedy: str
    field: str = ""
    severity: Severity = Severity.ERROR
    rule: str = ""

    @property
    def line(self) -> int:
        """The line that the place names; 0 where it names none."""
        named = re.search(r":(\d+)(:\d+)?$", self.place)
        return int(named.group(1)) if named else 0

    def within(self, parent: str) -> Finding:
        """The same finding, its field seen from the document that holds this one as `parent`."""
        return replace(self, field=f"{parent}.{self.field}" if self.field else parent)

    def __str__(self) -> str:
        """The sentence that people read: place: field fact; expected. Remedy."""
        subject = f"{self.field} {self.fact}" if self.field else self.fact
        return f"{self.place}: {subject}; {self.expected}. {self.remedy}"


class UnusableInputError(Exception):
    """Input that cannot be used, with everything that is wrong with it.

    Nothing was written when this is raised. The command line ends with exit code 2.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Keep the findings in the order in which a reader would meet them."""
        self.findings = tuple(findings)
        if not self.findings:
            message = "an unusable input must come with at least one finding"
            raise ValueError(message)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def refuse(
    place: str, fact: str, *, expected: str, remedy: str, field: str = ""
) -> UnusableInputError:
    """The error for a single finding, ready to be raised.

    >>> str(refuse("--month", "is 2026-13", expected="YYYY-MM", remedy="Give 01 to 12."))
    '--month: is 2026-13; YYYY-MM. Give 01 to 12.'
    """
    return UnusableInputError(
        [Finding(place=place, field=field, fact=fact, expected=expected, remedy=remedy)]
    )
