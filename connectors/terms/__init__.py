"""The terms role: what was agreed, read from what people wrote.

This is where the month begins: the workspace, the contracts, the recorded exclusions and the
catalog of published ladders. A source reports everything that is wrong at once and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from models.catalog import CatalogSheet
from models.contract import Contract, CreditTerms
from models.exclusion import ExclusionEvent
from models.findings import Finding
from models.linting.contracts import Watched
from models.terms import JsonValue
from models.workspace_file import Workspace


class TermsSource(Protocol):
    """What every source of terms promises; `tests/connectors/terms/conformance.py` checks it."""

    def workspace(self) -> Workspace:
        """Where evidence comes from and where results go.

        Raises:
            UnusableInputError: The workspace file is missing or wrong; with every finding in it.
        """
        ...

    def contracts(self) -> tuple[Contract, ...]:
        """Every contract, rising by id; never two with one id.

        Raises:
            UnusableInputError: There is none, or any is wrong; with the findings of all of them.
        """
        ...

    def written(self) -> tuple[JsonValue, ...]:
        """Every contract as a file of its own would say it, in full form, rising by id.

        Shared defaults are put in, and what is different for a client or a service.

        Raises:
            UnusableInputError: There is none, or any is wrong; with the findings of all of them.
        """
        ...

    def exclusions(self) -> tuple[ExclusionEvent, ...]:
        """Every recorded exclusion event, rising by start; none where nothing is recorded.

        Raises:
            UnusableInputError: Any is wrong; with the findings of all of them.
        """
        ...

    def catalog(self) -> Mapping[str, CatalogSheet]:
        """The published ladders that are shipped with Makegood, by id."""
        ...

    def known_ladders(self) -> Mapping[str, CreditTerms]:
        """The terms of every published ladder: the latest by its id, editions by id@version."""
        ...

    def ladder(self, name: str) -> CreditTerms:
        """A ladder by its id in the catalog, or from a file.

        Raises:
            UnusableInputError: There is neither, or the file is wrong.
        """
        ...

    def findings(
        self, *, today: date | None = None, watched: Watched | None = None
    ) -> tuple[Finding, ...]:
        """Everything that is wrong or worth a look in the whole workspace; never raises for it.

        Claims that are over are looked for on a day alone, unknown monitors where somebody knows
        what the sources watch.
        """
        ...
