"""What a worker counts and measures, as OpenTelemetry metrics: names of topics and processors, never a person's anything.

Names follow OpenTelemetry's conventions for messaging where they have one; the bus's own begin with `ketenbus.`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from streams.runtime.health import Pulse, Report
from streams.runtime.otlp import OtlpFileExporter
from streams.runtime.records import Record, ToSend

EXPORT_SECONDS = 10.0
#: From what an idle bus takes to what only a backlog does.
BOUNDS_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

_meter = metrics.get_meter("ketenbus")
_read = _meter.create_counter("messaging.client.consumed.messages", "{message}", "records of which a batch is done")
_sent = _meter.create_counter("messaging.client.sent.messages", "{message}", "records the broker acknowledged")
_process = _meter.create_histogram(
    "messaging.process.duration",
    "s",
    "a batch, from taken in hand to sent",
    explicit_bucket_boundaries_advisory=BOUNDS_SECONDS,
)
_hop = _meter.create_histogram(
    "ketenbus.hop.duration",
    "s",
    "from the broker's append of the oldest record of a batch to its append of the first that follows",
    explicit_bucket_boundaries_advisory=BOUNDS_SECONDS,
)
_end_to_end = _meter.create_histogram(
    "ketenbus.end_to_end.duration",
    "s",
    "from the broker's append of a publisher's event to its append of the view record that it led to",
    explicit_bucket_boundaries_advisory=BOUNDS_SECONDS,
)
_cut = _meter.create_counter(
    "ketenbus.records.cut", "{record}", "versions of records published without every report: they have no room for more"
)


def start(processor: str, pulse: Pulse, path: Path) -> MeterProvider:
    """Export this worker's metrics to `path` every ten seconds, and once more at shutdown."""
    reader = PeriodicExportingMetricReader(OtlpFileExporter(path), export_interval_millis=EXPORT_SECONDS * 1000)
    provider = MeterProvider([reader], Resource.create({"service.name": f"ketenbus-{processor}"}))
    metrics.set_meter_provider(provider)
    _observe(provider, pulse)
    return provider


def applied(processor: str, records: Sequence[Record], seconds: float) -> None:
    """Count a batch that is done."""
    for topic, count in Counter(record.topic for record in records).items():
        _read.add(count, {"messaging.destination.name": topic, "ketenbus.processor": processor})
    _process.record(seconds, {"ketenbus.processor": processor})


def sent(processor: str, outgoing: Sequence[ToSend]) -> None:
    """Count what the broker acknowledged."""
    for topic, count in Counter(one.topic for one in outgoing).items():
        _sent.add(count, {"messaging.destination.name": topic, "ketenbus.processor": processor})


def cut(processor: str, records: int) -> None:
    """Count versions of records that leave reports out."""
    if records:
        _cut.add(records, {"ketenbus.processor": processor})


def hopped(processor: str, duration_ms: float) -> None:
    """Measure one processor's share of the way; clocks of brokers that differ make no negative time."""
    _hop.record(max(0.0, duration_ms / 1000), {"ketenbus.processor": processor})


def delivered(view: str, duration_ms: float) -> None:
    """Measure the whole way to a view."""
    _end_to_end.record(max(0.0, duration_ms / 1000), {"messaging.destination.name": view})


def _observe(provider: MeterProvider, pulse: Pulse) -> None:
    meter = provider.get_meter("ketenbus")

    def gauge(name: str, unit: str, description: str, read: Callable[[Report], float]) -> None:
        def look(_: CallbackOptions) -> Iterable[Observation]:
            report = pulse.report()
            return [Observation(read(report), {"ketenbus.processor": report.processor})]

        meter.create_observable_gauge(name, [look], unit, description)

    gauge("ketenbus.worker.in_hand", "{record}", "records of the batch in hand", lambda report: report.in_hand)
    gauge("ketenbus.worker.in_hand.age", "s", "how long the batch in hand has been there", _age)
    gauge("ketenbus.worker.waiting", "s", "how long the worker has waited for PostgreSQL or Kafka", _waiting)
    gauge("ketenbus.worker.late", "s", "how late the worker was with its last beat", lambda report: report.late_seconds)


def _age(report: Report) -> float:
    return 0.0 if report.in_hand_since is None else max(0.0, report.at - report.in_hand_since)


def _waiting(report: Report) -> float:
    return max(0.0, report.at - report.since) if report.doing.startswith("waiting") else 0.0
