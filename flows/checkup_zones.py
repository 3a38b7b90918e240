"""Whether this machine's time zone tables tell the same months as the ones that Makegood brings.

Countries change their clocks at a few weeks' notice. A machine with old tables ends a month an hour
early or late, which nobody sees in the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from flows.checkup_answers import LookError
from models.period import ServiceMonth, zone

MONTHS_AROUND = 18
"""So many months before and after the present one are compared."""


def ask_zones(names: Sequence[str]) -> str:
    """What the tables are, and that they agree about the months around now.

    Args:
        names: The zones that contracts name.

    Raises:
        LookError: They differ.
    """
    package, machine = edition(), machine_edition()
    told = f"{', '.join(names) or 'none is named'}; {machine or package}"
    differing = [f"{name} in {month}" for name in names for month in _differing(name)]
    if differing:
        message = (
            f"this machine's tables ({machine}) and {package} end months at different times: "
            f"{', '.join(differing[:3])}. Bring both up to date; the machine's count."
        )
        raise LookError(message)
    return told


def edition() -> str:
    """The tables that come with Makegood."""
    try:
        return f"tzdata {version('tzdata')}"
    except PackageNotFoundError:
        return ""


def machine_edition() -> str:
    """The tables of this machine, which count where there are any; "" for none."""
    for folder in map(Path, TZPATH):
        if (folder / "UTC").exists():
            return f"{folder}, {_release(folder / 'tzdata.zi') or 'of no known edition'}"
    return ""


def _release(listed: Path) -> str:
    if not listed.exists():
        return ""
    with listed.open(encoding="utf-8") as lines:
        return lines.readline().removeprefix("# version ").strip()


def _differing(name: str) -> Iterator[str]:
    """The months whose start the two tables put at different instants."""
    brought = _brought(name)
    if brought is None:
        return
    now = datetime.now(tz=UTC)
    first = ServiceMonth(now.year, now.month).plus(-MONTHS_AROUND)
    for number in range(2 * MONTHS_AROUND + 1):
        month = first.plus(number)
        if _offset(month, zone(name)) != _offset(month, brought):
            yield str(month)


def _brought(name: str) -> ZoneInfo | None:
    table = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not table.is_file():
        return None
    with table.open("rb") as opened:
        return ZoneInfo.from_file(opened, key=name)


def _offset(month: ServiceMonth, table: tzinfo) -> timedelta | None:
    return datetime(month.year, month.month, 1, tzinfo=table).utcoffset()
