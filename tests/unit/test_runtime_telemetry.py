"""A span says which records a step was about and whose trace it continues, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from opentelemetry import trace

from streams.runtime import telemetry
from streams.runtime.records import Record

TRACE = "0af7651916cd43dd8448eb211c80319c"


def record(traceparent: bytes) -> Record:
    return Record("signal-raised", 0, 7, 0, b"client-1", b"secret", (("traceparent", traceparent),))


def test_a_span_is_linked_to_the_events_traces_and_holds_only_places(tmp_path: Path) -> None:
    telemetry.start("admit", tmp_path / "spans.jsonl")
    with telemetry.span("admit batch", [record(f"00-{TRACE}-b7ad6b7169203331-01".encode()), record(b"nonsense")]):
        pass
    trace.get_tracer_provider().force_flush()  # type: ignore[attr-defined]
    [line] = (tmp_path / "spans.jsonl").read_text("utf-8").splitlines()
    span = json.loads(line)
    assert (span["name"], span["links"]) == ("admit batch", [TRACE])
    assert span["attributes"]["ketenbus.first"] == "signal-raised/0/7"
    assert "secret" not in line
    assert "client-1" not in line
