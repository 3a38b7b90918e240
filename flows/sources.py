"""From a configured source to its connector: the one place that knows all kinds of both."""

from __future__ import annotations

import os
from pathlib import Path

from connectors.monitoring import BadRows, MonitoringSource
from connectors.monitoring.calculator_payloads import CalculatorPayloads
from connectors.monitoring.checks_files import ChecksFiles
from connectors.monitoring.cloudwatch import CloudWatchMetrics
from connectors.monitoring.outage_logs import OutageLogs
from connectors.monitoring.sql import SqlQueries
from models import sources
from models.intervals import MINUTE_MS
from models.sources import AnySource


def source_of(source: AnySource, folder: Path) -> MonitoringSource:
    """The connector for one configured source."""
    match source:
        case sources.ChecksFile():
            return ChecksFiles(
                id=source.id,
                path=source.path,
                folder=folder,
                columns={k: v for k, v in source.columns.model_dump().items() if v is not None},
                time_zone=source.time_zone,
                bad_rows=BadRows(source.bad_rows),
                spacing_ms=None
                if source.spacing_minutes is None
                else int(source.spacing_minutes * MINUTE_MS),
            )
        case sources.OutageLog():
            return OutageLogs(
                id=source.id,
                path=source.path,
                folder=folder,
                covers=source.covers,
                monitors=source.monitors,
                time_zone=source.time_zone,
                bad_rows=source.bad_rows,
            )
        case sources.CalculatorPayloads():
            return CalculatorPayloads(id=source.id, path=source.path, folder=folder)
        case sources.CloudWatch():
            return CloudWatchMetrics(
                id=source.id,
                region=source.region,
                monitors=source.monitors,
                period_ms=source.period_seconds * 1000,
                address=source.address or "",
                timeout_seconds=source.timeout_seconds,
            )
        case sources.SqlDatabase():
            address = os.environ.get(source.secret_name("URL"), "")
            return SqlQueries(terms=source, url=address, folder=folder)
