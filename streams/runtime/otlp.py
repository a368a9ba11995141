"""OpenTelemetry metrics as lines of OTLP JSON in a file of bounded size; a collector's file receiver reads them.

The shape is the OTLP JSON encoding of MetricsData (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): names in
lowerCamelCase, 64-bit integers as text, enumerations as numbers. What is left out has no value here: exemplars.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics.export import (
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    Sum,
)

log = logging.getLogger(__name__)

#: The file in use and the one before it: a worker's metrics never take more than twice this.
FILE_BYTES = 2 * 1024 * 1024


class OtlpFileExporter(MetricExporter):
    """Appends one line an export to `path`; when the file is full it becomes `path` with `.1` behind it."""

    def __init__(self, path: Path, file_bytes: int = FILE_BYTES) -> None:
        super().__init__()
        self._path = path
        self._file_bytes = file_bytes
        self._refused = False

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:  # noqa: ARG002
        """Append the line; a disk that takes none is logged once, and stops no work."""
        line = json.dumps(encoded(metrics_data), separators=(",", ":")) + "\n"
        try:
            if self._path.exists() and self._path.stat().st_size + len(line) > self._file_bytes:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            with self._path.open("a", encoding="utf-8") as out:
                out.write(line)
        except OSError as error:
            if not self._refused:
                log.warning("%s: cannot be written (%s); work goes on", self._path.name, error.strerror)
            self._refused = True
            return MetricExportResult.FAILURE
        self._refused = False
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002
        """Return true: every export is written at once."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Nothing is open between exports."""


def encoded(data: MetricsData) -> dict[str, Any]:
    """Return the metrics as the OTLP JSON encoding has them."""
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": _attributes(of.resource.attributes)},
                "scopeMetrics": [
                    {"scope": {"name": scope.scope.name}, "metrics": [_metric(metric) for metric in scope.metrics]}
                    for scope in of.scope_metrics
                ],
            }
            for of in data.resource_metrics
        ]
    }


def _metric(metric: Metric) -> dict[str, Any]:
    told: dict[str, Any] = {"name": metric.name, "unit": metric.unit or "", "description": metric.description or ""}
    match metric.data:
        case Sum() as found:
            told["sum"] = {
                "dataPoints": [_number(point) for point in found.data_points],
                "aggregationTemporality": found.aggregation_temporality.value,
                "isMonotonic": found.is_monotonic,
            }
        case Gauge() as found:
            told["gauge"] = {"dataPoints": [_number(point) for point in found.data_points]}
        case Histogram() as found:
            told["histogram"] = {
                "dataPoints": [_counted(point) for point in found.data_points],
                "aggregationTemporality": found.aggregation_temporality.value,
            }
        case other:
            raise TypeError(f"{metric.name}: {type(other).__name__} is a kind of metric this bus does not make")
    return told


def _number(point: NumberDataPoint) -> dict[str, Any]:
    value = {"asInt": str(point.value)} if isinstance(point.value, int) else {"asDouble": point.value}
    return _times(point) | value


def _counted(point: HistogramDataPoint) -> dict[str, Any]:
    return _times(point) | {
        "count": str(point.count),
        "sum": point.sum,
        "bucketCounts": [str(count) for count in point.bucket_counts],
        "explicitBounds": list(point.explicit_bounds),
        "min": point.min,
        "max": point.max,
    }


def _times(point: NumberDataPoint | HistogramDataPoint) -> dict[str, Any]:
    # The SDK gives a gauge no start, and says so with None.
    start = {"startTimeUnixNano": str(point.start_time_unix_nano)} if point.start_time_unix_nano else {}
    return {"attributes": _attributes(point.attributes or {}), **start, "timeUnixNano": str(point.time_unix_nano)}


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}
