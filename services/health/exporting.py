"""What only somebody outside the workers sees, as OpenTelemetry metrics: lag, health, quarantine's age, the balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from services.health.judging import SEVERITY
from services.health.observing import Look
from streams.runtime.otlp import OtlpFileExporter

Reading = Callable[[Look], Iterable[Observation]]


def _health(look: Look) -> Iterable[Observation]:
    for seen, verdict in look.processors:
        yield Observation(SEVERITY[verdict.colour], {"ketenbus.processor": seen.processor})
    for server, verdict in look.servers:
        yield Observation(SEVERITY[verdict.colour], {"ketenbus.server": server.name})


def _waiting(look: Look) -> Iterable[Observation]:
    for seen, _ in look.processors:
        if seen.waiting is not None:
            yield Observation(seen.waiting, {"ketenbus.processor": seen.processor})


def _oldest(look: Look) -> Iterable[Observation]:
    for seen, _ in look.processors:
        if seen.waiting is not None:
            yield Observation(seen.oldest_seconds or 0.0, {"ketenbus.processor": seen.processor})


def _end_to_end(look: Look) -> Iterable[Observation]:
    if look.latency is not None:
        yield Observation(look.latency.p50_ms / 1000, {"ketenbus.quantile": "0.5"})
        yield Observation(look.latency.p99_ms / 1000, {"ketenbus.quantile": "0.99"})


def _quarantine(look: Look) -> Iterable[Observation]:
    if look.counted is not None:
        yield Observation(look.counted.open)


def _quarantine_age(look: Look) -> Iterable[Observation]:
    if look.counted is not None:
        oldest_ms = look.counted.oldest_open_ms
        yield Observation(0.0 if oldest_ms is None else max(0.0, look.at - oldest_ms / 1000))


def _emergency(look: Look) -> Iterable[Observation]:
    if look.emergency is not None:
        yield Observation(look.emergency.overdue)


def _codes(look: Look) -> Iterable[Observation]:
    if look.codes is not None:
        yield Observation(look.codes.fields)


def _balance(look: Look) -> Iterable[Observation]:
    if look.counted is not None:
        for term in ("published", "admitted", "quarantined", "repeated", "undecided", "difference"):
            yield Observation(getattr(look.counted, term), {"ketenbus.term": term})


#: By name: unit, what it says, how it is read.
GAUGES: Mapping[str, tuple[str, str, Reading]] = {
    "ketenbus.health": ("1", "0 green, 1 amber, 2 red", _health),
    "ketenbus.lag.records": ("{record}", "records not yet decided and sent on", _waiting),
    "ketenbus.lag.duration": ("s", "how long the oldest of them has waited, by the broker's append time", _oldest),
    "ketenbus.end_to_end.last_minute": ("s", "publish to view over the last minute", _end_to_end),
    "ketenbus.quarantine.open": ("{event}", "quarantined events that nothing came of yet", _quarantine),
    "ketenbus.quarantine.age": ("s", "how long the oldest of them has been there", _quarantine_age),
    "ketenbus.emergency.overdue": ("{use}", "uses of emergency access that nobody reviewed in time", _emergency),
    "ketenbus.codes.unknown": ("{field}", "sealed fields that hold a code no list knows, or name nobody", _codes),
    "ketenbus.balance": ("{event}", "each term of the balance of what admit has decided", _balance),
}


class Exporter:
    """Appends a look to a file as one line of OTLP JSON."""

    every_seconds = 10.0

    def __init__(self, path: Path) -> None:
        self._look: Look | None = None
        self._file = OtlpFileExporter(path)
        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider([self._reader], Resource.create({"service.name": "ketenbus-status"}))
        meter = self._provider.get_meter("ketenbus")
        for name, (unit, description, read) in GAUGES.items():

            def look(_: CallbackOptions, read: Reading = read) -> Iterable[Observation]:
                return [] if self._look is None else read(self._look)

            meter.create_observable_gauge(name, [look], unit, description)

    def export(self, look: Look) -> None:
        """Append this look."""
        self._look = look
        data = self._reader.get_metrics_data()
        if data is not None:
            self._file.export(data)
