"""A span says which records a step was about and whose trace it continues, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TRACE = "0af7651916cd43dd8448eb211c80319c"
#: In a process of its own: a tracer provider, once set, stays for all other tests.
PROGRAM = f"""
import sys
from pathlib import Path
from opentelemetry import trace
from streams.runtime import telemetry
from streams.runtime.records import Record

def record(traceparent):
    return Record("signal-raised", 0, 7, 0, b"client-1", b"secret", (("traceparent", traceparent),))

telemetry.start("admit", Path(sys.argv[1]))
try:
    with telemetry.span("admit batch", [record(b"00-{TRACE}-b7ad6b7169203331-01"), record(b"nonsense")]):
        raise ValueError("secret of client-1")
except ValueError:
    trace.get_tracer_provider().force_flush()
"""


def test_a_span_is_linked_to_the_events_traces_and_holds_only_places(tmp_path: Path) -> None:
    spans = tmp_path / "spans.jsonl"
    subprocess.run([sys.executable, "-c", PROGRAM, str(spans)], cwd=Path(__file__).parents[2], check=True)
    [line] = spans.read_text("utf-8").splitlines()
    span = json.loads(line)
    assert (span["name"], span["links"]) == ("admit batch", [TRACE])
    assert span["attributes"]["ketenbus.first"] == "signal-raised/0/7"
    assert "secret" not in line
    assert "client-1" not in line
