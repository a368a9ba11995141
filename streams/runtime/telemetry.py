"""OpenTelemetry spans for every step; they hold ids and places, never content about a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, TraceFlags

from streams.runtime.records import Record

tracer = trace.get_tracer("ketenbus")


class FileExporter(SpanExporter):
    """Writes one JSON line a span to a file of this worker."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans."""
        with self.path.open("a", encoding="utf-8") as out:
            for span in spans:
                row = {
                    "name": span.name,
                    "trace": format(span.context.trace_id, "032x") if span.context else None,
                    "start_ns": span.start_time,
                    "end_ns": span.end_time,
                    "attributes": dict(span.attributes or {}),
                    "links": [format(link.context.trace_id, "032x") for link in span.links],
                }
                out.write(json.dumps(row) + "\n")
        return SpanExportResult.SUCCESS


def start(service: str, spans: Path | None) -> None:
    """Export this worker's spans to `spans`; with None they are not recorded."""
    if spans is not None:
        provider = TracerProvider(resource=Resource.create({"service.name": f"ketenbus-{service}"}))
        provider.add_span_processor(BatchSpanProcessor(FileExporter(spans)))
        trace.set_tracer_provider(provider)


def parent_of(record: Record) -> SpanContext | None:
    """Return the trace a record's `traceparent` header continues, or None."""
    for name, value in record.headers:
        if name == "traceparent":
            parts = value.decode("ascii", "replace").split("-")
            if len(parts) == 4 and len(parts[1]) == 32 and len(parts[2]) == 16:
                try:
                    return SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=TraceFlags(1))
                except ValueError:
                    return None
    return None


@contextmanager
def span(name: str, records: Sequence[Record]) -> Iterator[None]:
    """Record one step over a batch, linked to the traces of its events."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        yield
        return
    links = [Link(context) for record in records if (context := parent_of(record)) is not None]
    # An exception's text may hold content; the span says nothing of it, the log names its type.
    with tracer.start_as_current_span(
        name, links=links, record_exception=False, set_status_on_exception=False
    ) as current:
        current.set_attribute("messaging.batch.message_count", len(records))
        current.set_attribute("ketenbus.first", records[0].origin)
        current.set_attribute("ketenbus.last", records[-1].origin)
        yield
