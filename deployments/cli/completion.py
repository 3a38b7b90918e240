"""What a shell offers while a person types: the values that are cheap to know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

MONTHS_OFFERED = 24


def months() -> list[str]:
    """The running month and those before it, the latest first."""
    from models.period import ServiceMonth

    running = ServiceMonth.of(datetime.now(tz=UTC).date())
    return [str(running.plus(-earlier)) for earlier in range(MONTHS_OFFERED)]


def ladder_ids() -> list[str]:
    """Every ladder of the catalog."""
    from connectors.terms.files import WorkspaceFolder

    return list(WorkspaceFolder(Path()).catalog())
