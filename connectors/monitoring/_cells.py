"""Cells to meaning: the texts and numbers of a checks file as instants and states.

Whole columns are converted at once by Arrow; only what Arrow cannot read is looked at one by one.
Nothing is guessed: a time without an offset needs the source's time zone, and a number is a time
only when one unit alone puts it between 1990 and 2200. What is finer than a millisecond is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.intervals import MINUTE_MS, instant, utc
from models.outage import State
from models.period import zone

EARLIEST_EPOCH_S = 631_152_000
"""1990-01-01T00:00Z. Numbers before it are counters or compact dates, not instants."""

LATEST_EPOCH_S = 7_258_118_400
"""2200-01-01T00:00Z, exclusive. Later times, and those before 1970, stand for no time at all."""

DAY_MS = 86_400_000
UNITS_PER_SECOND = (1, 1_000, 1_000_000, 1_000_000_000)

ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d(?::\d\d(?::\d\d)?)?)(?:[.,](\d+))?"
    r" ?([Zz]|UTC|GMT|[+-]\d\d(?::?[0-5]\d)?)?"
)
ORDINARY = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"
EPOCH = re.compile(r"(\d{1,18}|[1-8]\d{18})(?:\.(\d+))?")

STATES = {
    **dict.fromkeys(("true", "1", "up"), State.UP),
    **dict.fromkeys(("false", "0", "down"), State.DOWN),
    "degraded": State.DEGRADED,
}
"""What the column `up` may say, in any case of letters."""

UNREADABLE = -1
"""Where a name or a state should be and is not."""


class Fault(IntEnum):
    """Why a cell is no instant; 0 when it is one."""

    NONE = 0
    UNREADABLE = 1
    NAIVE = 2
    AMBIGUOUS = 3
    NO_EPOCH = 4
    IMPLAUSIBLE = 5


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of times.

    Attributes:
        at: Milliseconds since the epoch, shape (n,); meaningless where there is a fault.
        faults: `Fault` values, shape (n,); None when every cell is an instant.
    """

    at: NDArray[np.int64]
    faults: NDArray[np.int8] | None = None


def state_of(text: str) -> int:
    """The state that a cell says, or `UNREADABLE`."""
    return int(STATES.get(text.strip().lower(), UNREADABLE))


def instants_of_texts(texts: pa.Array, time_zone: str | None) -> Instants:
    """Read a column of strings; one common format is fast, a mixture is read cell by cell.

    Args:
        texts: Strings without nulls.
        time_zone: The IANA zone of times without an offset; None refuses those.
    """
    return _plausible(
        _zoned(texts) or _naive(texts, time_zone) or _epochs(texts) or _mixed(texts, time_zone)
    )


def instants_of_numbers(numbers: pa.Array) -> Instants:
    """Read a column of whole numbers: seconds, milli-, micro- or nanoseconds since the epoch."""
    values = numbers.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    return _from_epochs(values, np.zeros_like(values))


def instants_of_timestamps(stamps: pa.Array, time_zone: str | None) -> Instants:
    """Read a column of Arrow timestamps without nulls; those without a zone need `time_zone`."""
    at = _milliseconds(stamps)
    return _plausible(Instants(at) if stamps.type.tz else _localised(at, time_zone))


def _milliseconds(stamps: pa.Array) -> NDArray[np.int64]:
    """Cut to milliseconds; seconds too large for that stay implausible."""
    ticks = np.asarray(stamps.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)
    match stamps.type.unit:
        case "s":
            return np.clip(ticks, -1, LATEST_EPOCH_S) * np.int64(1000)
        case "ms":
            return ticks
        case "us":
            return ticks // 1000
        case _:
            return ticks // 1_000_000


def _plausible(read: Instants) -> Instants:
    outside = (read.at < 0) | (read.at >= LATEST_EPOCH_S * 1000)
    if not outside.any():
        return read
    before = np.zeros(outside.shape, dtype=np.int8) if read.faults is None else read.faults
    return Instants(read.at, np.where(outside & (before == 0), Fault.IMPLAUSIBLE, before))


def _zoned(texts: pa.Array) -> Instants | None:
    stamps = _cast(texts, pa.timestamp("ns", "UTC"))
    return None if stamps is None else Instants(_milliseconds(stamps))


def _naive(texts: pa.Array, time_zone: str | None) -> Instants | None:
    if len(texts) == 0 or pc.min(pc.binary_length(texts)).as_py() <= len("2026-05-01"):
        return None
    stamps = _cast(texts, pa.timestamp("ns"))
    return None if stamps is None else _localised(_milliseconds(stamps), time_zone)


def _localised(local: NDArray[np.int64], time_zone: str | None) -> Instants:
    """Instants of local times, given as if they were UTC; a minute has one offset throughout."""
    local = np.clip(local, -DAY_MS, LATEST_EPOCH_S * 1000 + DAY_MS)
    if time_zone is None:
        return Instants(np.zeros_like(local), np.full(local.shape, Fault.NAIVE, dtype=np.int8))
    minutes, minute_of = np.unique(local // MINUTE_MS, return_inverse=True)
    offsets = np.array(
        [_offsets(minute, time_zone) for minute in minutes.tolist()], dtype=np.int64
    ).reshape(-1, 2)
    first, second = offsets[minute_of].T
    twice = np.where(first != second, Fault.AMBIGUOUS, Fault.NONE).astype(np.int8)
    return Instants(local - first, twice if twice.any() else None)


@lru_cache(maxsize=1 << 17)
def _offsets(minute: int, time_zone: str) -> tuple[int, int]:
    """The offsets from UTC of a local minute, in milliseconds: both of them where it comes twice.

    Arrow's own zones end in 2037 and are not asked.
    """
    local = utc(minute * MINUTE_MS)
    first, second = (
        instant(local) - instant(local.replace(tzinfo=zone(time_zone), fold=fold))
        for fold in (0, 1)
    )
    return first, second


def _epochs(texts: pa.Array) -> Instants | None:
    whole = _cast(texts, pa.int64())
    if whole is not None:
        return instants_of_numbers(whole)
    parts = pc.extract_regex(texts, r"^(?P<whole>\d{1,18}|[1-8]\d{18})\.(?P<part>\d+)$")
    if parts.null_count:
        return None
    whole, part = (parts.field(name) for name in (0, 1))
    thousandths = pc.utf8_slice_codeunits(pc.utf8_rpad(part, 3, "0"), 0, 3)
    return _from_epochs(
        whole.cast(pa.int64()).to_numpy(zero_copy_only=False),
        thousandths.cast(pa.int64()).to_numpy(zero_copy_only=False),
    )


def _from_epochs(whole: NDArray[np.int64], thousandths: NDArray[np.int64]) -> Instants:
    at = np.zeros(len(whole), dtype=np.int64)
    found = np.zeros(len(whole), dtype=bool)
    for per_second in UNITS_PER_SECOND:
        inside = (whole >= EARLIEST_EPOCH_S * per_second) & (whole < LATEST_EPOCH_S * per_second)
        at[inside] = (
            whole[inside] * 1000 + thousandths[inside]
            if per_second == 1
            else whole[inside] // (per_second // 1000)
        )
        found |= inside
    faults = None if found.all() else np.where(found, Fault.NONE, Fault.NO_EPOCH).astype(np.int8)
    return Instants(at, faults)


def _mixed(texts: pa.Array, time_zone: str | None) -> Instants:
    """A column of several formats, or with faults: what is ordinary is still read at once."""
    ordinary = pc.match_substring_regex(texts, ORDINARY)
    read = _zoned(texts.filter(ordinary)) if pc.any(ordinary).as_py() else None
    if read is None:
        return _one_by_one(texts, time_zone)
    others = _one_by_one(texts.filter(pc.invert(ordinary)), time_zone)
    chosen = ordinary.to_numpy(zero_copy_only=False)
    at = np.zeros(chosen.size, dtype=np.int64)
    faults = np.zeros(chosen.size, dtype=np.int8)
    at[chosen], at[~chosen] = read.at, others.at
    faults[~chosen] = Fault.NONE if others.faults is None else others.faults
    return Instants(at, faults if faults.any() else None)


def _one_by_one(texts: pa.Array, time_zone: str | None) -> Instants:
    read = [_instant_of(text, time_zone) for text in texts.to_pylist()]
    faults = np.array([fault for _, fault in read], dtype=np.int8)
    at = np.array([at for at, _ in read], dtype=np.int64)
    return Instants(at, faults if faults.any() else None)


def instant_of(text: str, time_zone: str | None) -> tuple[int, Fault]:
    """Read one cell by the same rules as a column: its instant, and why there is none."""
    at, fault = _instant_of(text, time_zone)
    plausible = fault or 0 <= at < LATEST_EPOCH_S * 1000
    return at, fault if plausible else Fault.IMPLAUSIBLE


def _instant_of(text: str, time_zone: str | None) -> tuple[int, Fault]:
    text = text.strip()
    if number := EPOCH.fullmatch(text):
        part = int((number[2] or "").ljust(3, "0")[:3])
        read = _from_epochs(np.array([int(number[1])]), np.array([part]))
        return int(read.at[0]), Fault.NONE if read.faults is None else Fault.NO_EPOCH
    if not (iso := ISO.fullmatch(text)) or (iso[3] and len(iso[2]) < len("00:00:00")):
        return 0, Fault.UNREADABLE
    try:
        return _instant_of_parts(iso, time_zone)
    except (ValueError, OverflowError):
        return 0, Fault.UNREADABLE


def _instant_of_parts(iso: re.Match[str], time_zone: str | None) -> tuple[int, Fault]:
    microseconds = (iso[3] or "").ljust(6, "0")[:6]
    clock = iso[2] + "".join([":00"] * (2 - iso[2].count(":")))
    offset = "+00:00" if iso[4] in {"Z", "z", "UTC", "GMT"} else iso[4]
    at = datetime.fromisoformat(f"{iso[1]}T{clock}.{microseconds}{offset or ''}")
    if offset:
        return instant(at), Fault.NONE
    if time_zone is None:
        return 0, Fault.NAIVE
    local = [instant(at.replace(tzinfo=zone(time_zone), fold=fold)) for fold in (0, 1)]
    return local[0], Fault.NONE if local[0] == local[1] else Fault.AMBIGUOUS


def _cast(texts: pa.Array, kind: Any) -> pa.Array | None:  # noqa: ANN401 - pyarrow has no types
    try:
        # Arrow goes on after a failure and words each one: so the first cell is tried alone.
        pc.cast(texts.slice(0, 1), kind)
        return pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return None
