"""From a configured source to its connector: the one place that knows all kinds of both."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from connectors.asking import Asking
from connectors.datadog_client import DatadogClient
from connectors.errors import Misconfigured
from connectors.monitoring import BadRows, MonitoringSource, uptimerobot
from connectors.monitoring.calculator_payloads import CalculatorPayloads
from connectors.monitoring.checks_files import ChecksFiles
from connectors.monitoring.cloudwatch import CloudWatchMetrics
from connectors.monitoring.datadog import Datadog
from connectors.monitoring.outage_logs import OutageLogs
from connectors.monitoring.prometheus import Prometheus
from connectors.monitoring.sql import SqlQueries
from connectors.monitoring.upptime import UpptimeRepository
from connectors.monitoring.uptime_kuma import UptimeKuma
from connectors.monitoring.uptimerobot import UptimeRobot
from connectors.monitoring.uptimerobot_alerts import UptimeRobotAlerts
from flows.settings import held, looked_for
from flows.unready import UnreadySource
from models import sources
from models.intervals import MINUTE_MS
from models.sources import AnySource
from models.sources.base import Identified
from models.sources.exclusions import DatadogCorrections


def source_of(source: AnySource, folder: Path) -> MonitoringSource:
    """The connector for one configured source; one that lacks a secret says so when it is asked."""
    try:
        return _connector_of(source, folder)
    except Misconfigured as error:
        return UnreadySource(source.id, error)


def _connector_of(source: AnySource, folder: Path) -> MonitoringSource:
    match source:
        case (
            sources.ChecksFile()
            | sources.OutageLog()
            | sources.CalculatorPayloads()
            | sources.UptimeRobotAlerts()
            | sources.Upptime()
            | sources.UptimeKuma()
        ):
            return _in_files(source, folder)
        case (
            sources.CloudWatch() | sources.SqlDatabase() | sources.Datadog() | sources.UptimeRobot()
        ):
            return _asked(source, folder)
        case sources.Prometheus():
            return _prometheus(source)


def _in_files(
    source: sources.ChecksFile
    | sources.OutageLog
    | sources.CalculatorPayloads
    | sources.UptimeRobotAlerts
    | sources.Upptime
    | sources.UptimeKuma,
    folder: Path,
) -> MonitoringSource:
    match source:
        case sources.ChecksFile():
            return _checks(source, folder)
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
        case sources.UptimeRobotAlerts():
            return UptimeRobotAlerts(
                id=source.id,
                path=source.path,
                folder=folder,
                covers=source.covers,
                monitors=source.monitors,
            )
        case sources.Upptime():
            return _upptime(source, folder)
        case sources.UptimeKuma():
            return _kuma(source, folder)


def _upptime(source: sources.Upptime, folder: Path) -> UpptimeRepository:
    return UpptimeRepository(
        id=source.id,
        repository=source.repository,
        monitors=source.monitors,
        folder=folder,
        branch=source.branch,
        spacing_ms=_ms(source.spacing_minutes),
        bad_rows=BadRows(source.bad_rows),
    )


def _kuma(source: sources.UptimeKuma, folder: Path) -> UptimeKuma:
    return UptimeKuma(
        id=source.id,
        path=source.path,
        monitors=source.monitors,
        folder=folder,
        pending=source.pending,
        spacing_ms=_ms(source.spacing_minutes),
        bad_rows=BadRows(source.bad_rows),
    )


def _ms(minutes: Decimal | None) -> int | None:
    return None if minutes is None else int(minutes * MINUTE_MS)


def _checks(source: sources.ChecksFile, folder: Path) -> MonitoringSource:
    return ChecksFiles(
        id=source.id,
        path=source.path,
        folder=folder,
        columns={k: v for k, v in source.columns.model_dump().items() if v is not None},
        time_zone=source.time_zone,
        bad_rows=BadRows(source.bad_rows),
        spacing_ms=_ms(source.spacing_minutes),
    )


def _asked(
    source: sources.CloudWatch | sources.SqlDatabase | sources.Datadog | sources.UptimeRobot,
    folder: Path,
) -> MonitoringSource:
    match source:
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
            return SqlQueries(terms=source, url=_secret(source, "URL"), folder=folder)
        case sources.Datadog():
            return Datadog(id=source.id, monitors=source.monitors, client=datadog_client(source))
        case sources.UptimeRobot():
            return _uptimerobot(source)


def datadog_client(source: sources.Datadog | DatadogCorrections) -> DatadogClient:
    """How a source at Datadog is asked.

    Raises:
        Misconfigured: Its keys are not set.
    """
    return DatadogClient(
        place=f"datadog {source.id}",
        api_key=_secret(source, "API_KEY"),
        app_key=_secret(source, "APP_KEY"),
        address=source.address,
        timeout_seconds=source.timeout_seconds,
    )


def _uptimerobot(source: sources.UptimeRobot) -> UptimeRobot:
    key = _secret(source, "API_KEY")
    asking = Asking(
        place=f"uptimerobot {source.id}",
        address=(source.address or uptimerobot.ADDRESS).rstrip("/"),
        timeout_seconds=source.timeout_seconds,
        secrets=(key,),
    )
    return UptimeRobot(id=source.id, monitors=source.monitors, asking=asking, api_key=key)


def _prometheus(source: sources.Prometheus) -> Prometheus:
    return Prometheus(
        id=source.id,
        address=source.address,
        monitors=source.monitors,
        timeout_seconds=source.timeout_seconds,
        token="" if source.user else held(source.secret_name("TOKEN")),
        user=source.user,
        password=_secret(source, "PASSWORD") if source.user else "",
        tenant=source.tenant,
    )


def _secret(source: Identified, what: str) -> str:
    """A secret, from wherever secrets may lie.

    Raises:
        Misconfigured: It is not there.
    """
    name = source.secret_name(what)
    secret = held(name)
    if not secret:
        message = f"source {source.id!r}: {name} is not in the environment, or empty."
        why = f"{message} Set it and run again; nothing was asked. {looked_for(name)}"
        raise Misconfigured(why)
    return secret
