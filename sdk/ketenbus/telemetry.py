"""Spans of publishing and receiving, on opentelemetry-api alone: without an SDK installed they cost next to nothing.

A span holds ids, types and topics: never a subject, a field or a key.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACER = trace.get_tracer("ketenbus")
PROPAGATOR = TraceContextTextMapPropagator()


def publishing(type_name: str, event_id: str) -> Span:
    """Start the span of publishing one event; end it when the broker has acknowledged or refused it."""
    return TRACER.start_span(
        f"publish {type_name}",
        kind=SpanKind.PRODUCER,
        attributes={
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": type_name,
            "messaging.message.id": event_id,
        },
    )


def receiving(topic: str, type_name: str, event_id: str, traceparent: str | None) -> Span:
    """Start the span of handling one message of a view, linked to the trace of its delivery."""
    delivered = trace.get_current_span(PROPAGATOR.extract({"traceparent": traceparent or ""})).get_span_context()
    return TRACER.start_span(
        f"receive {type_name}",
        kind=SpanKind.CONSUMER,
        attributes={
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.message.id": event_id,
        },
        links=[Link(delivered)] if delivered.is_valid else [],
    )


def traceparent_of(span: Span) -> str | None:
    """Return the W3C traceparent of a span, or None when no trace is running."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent")


def failed(span: Span, reason: str) -> None:
    """Mark a span as failed, for a named reason."""
    span.set_status(Status(StatusCode.ERROR, reason))
