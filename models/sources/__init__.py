"""Sources of evidence as a workspace names them: what is asked, and for which monitors.

Contracts name monitors; a source says which of them it answers for, and how it knows them itself.
Addresses and queries stand here, secrets stand in the environment. To add a kind: one module with
its terms, its name in `AnySource`, a connector in `connectors/monitoring/`, and a line in
`flows/sources.py`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.sources.base import Source
from models.sources.cloudwatch import CloudWatch
from models.sources.datadog import Datadog
from models.sources.files import (
    BadRows,
    CalculatorPayloads,
    ChecksFile,
    Columns,
    OutageLog,
    Stretch,
)
from models.sources.kuma import UptimeKuma
from models.sources.prometheus import Prometheus
from models.sources.sql import SqlDatabase
from models.sources.upptime import Upptime
from models.sources.uptimerobot import UptimeRobot, UptimeRobotAlerts

__all__ = [
    "AnySource",
    "BadRows",
    "CalculatorPayloads",
    "ChecksFile",
    "CloudWatch",
    "Columns",
    "Datadog",
    "OutageLog",
    "Prometheus",
    "Source",
    "SqlDatabase",
    "Stretch",
    "Upptime",
    "UptimeKuma",
    "UptimeRobot",
    "UptimeRobotAlerts",
]

AnySource = Annotated[
    ChecksFile
    | OutageLog
    | CalculatorPayloads
    | CloudWatch
    | Prometheus
    | SqlDatabase
    | Datadog
    | UptimeRobot
    | UptimeRobotAlerts
    | Upptime
    | UptimeKuma,
    Field(discriminator="kind"),
]
"""Any source of evidence, told apart by its `kind`."""
