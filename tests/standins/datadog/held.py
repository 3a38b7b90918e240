"""Holds answers to the official client's models: types, enumerations, no field unknown to it."""

import json
from collections.abc import Iterator
from typing import Any

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.model_utils import ModelNormal, ModelSimple
from datadog_api_client.v1.model.slo_correction_list_response import SLOCorrectionListResponse
from datadog_api_client.v1.model.slo_history_response import SLOHistoryResponse
from datadog_api_client.v1.model.synthetics_test_uptime import SyntheticsTestUptime

HISTORY = (SLOHistoryResponse,)
UPTIMES = ([SyntheticsTestUptime],)
CORRECTIONS = (SLOCorrectionListResponse,)

RECORDED = {
    "SLOHistoryResponseData": {"slo"},
    "SLOHistorySLIData": {"corrections", "state"},
    "SLOHistoryMetrics": {
        "bad_series_query",
        "denominator_query",
        "from_date",
        "graph_query",
        "numerator_query",
        "timing",
        "to_date",
    },
    "SLOHistoryMetricsSeriesMetadata": {"tag_set"},
    "SyntheticsTestUptime": {"groups"},
    "SyntheticsUptime": {"monitor_modified", "monitor_type", "name", "preview"},
    "SLOCorrectionResponseAttributes": set[str](),
    "Creator": {"data"},
}
"""Fields that Datadog's recorded answers have and its client does not know."""

CLIENT = ApiClient(Configuration(host="http://localhost"))


def faults(answer: Any, kind: Any) -> list[str]:
    """What the official client would not understand of an answer; nothing when all is well."""
    try:
        parsed = CLIENT.deserialize(json.dumps(answer), kind, check_type=True)
    except Exception as error:  # noqa: BLE001  Whatever it raises, it does not understand.
        return [f"{type(error).__name__}: {error}"]
    return list(_faults(parsed))


def _faults(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _faults(item)
    elif isinstance(value, dict):
        yield from _faults(list(value.values()))
    elif isinstance(value, ModelNormal):
        name = type(value).__name__
        known = set(value.attribute_map) | RECORDED.get(name, set())
        if value._unparsed:  # noqa: SLF001  The client's own mark of what it could not read.
            yield f"{name} could not be read"
        for field, inner in value._data_store.items():  # noqa: SLF001  Its fields, unknown ones too.
            if field not in known:
                yield f"{name}.{field} is unknown"
            elif field in value.attribute_map:
                yield from _faults(inner)
    elif isinstance(value, ModelSimple) and value._unparsed:  # noqa: SLF001  As above.
        yield f"{type(value).__name__} {value.value!r} is unknown"
