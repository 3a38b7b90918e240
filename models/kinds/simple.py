"""The ladders that stand for themselves: every kind but those that are made of other ladders."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.kinds.clock_hours import ClockHours
from models.kinds.duration_table import DurationTable
from models.kinds.metric import MetricTable, PerCount
from models.kinds.no_credit import NoCredit
from models.kinds.per_block import PerBlock
from models.kinds.per_event import PerEvent
from models.kinds.per_points import PerPoints
from models.kinds.pro_rata import ProRata
from models.kinds.repeated import Repeated
from models.kinds.single_threshold import SingleThreshold
from models.kinds.uptime_brackets import UptimeBrackets

SimpleLadder = Annotated[
    UptimeBrackets
    | SingleThreshold
    | ProRata
    | PerBlock
    | PerEvent
    | PerPoints
    | DurationTable
    | ClockHours
    | MetricTable
    | PerCount
    | Repeated
    | NoCredit,
    Field(discriminator="kind"),
]
"""Any ladder that holds no other ladder, told apart by its `kind`."""
