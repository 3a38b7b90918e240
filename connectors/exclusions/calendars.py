"""Maintenance calendars (iCalendar), from a file or an address."""

from __future__ import annotations

from pathlib import Path

from connectors.exclusions import ExclusionSource
from models.sources.exclusions import MaintenanceCalendar


def calendar_of(terms: MaintenanceCalendar, folder: Path) -> ExclusionSource:
    raise NotImplementedError
