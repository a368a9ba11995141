"""Freeze the bytes of every type and version that has none yet: `python -m tests.contract.freeze`.

What is frozen stays: a file that is there is never written again, whatever the code would write today.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ketenbus.codec import encode
from ketenbus.contract import contract
from ketenbus.values import Event
from tests.contract.examples import example

FROZEN = Path(__file__).parent.parent / "golden" / "bytes"


def main() -> None:
    """Write what is not frozen yet, and say which."""
    for name, declared in contract().types.items():
        stem = f"{name}-v{declared.version}"
        events = [example(name, filled=filled) for filled in (True, False)]
        if not (FROZEN / f"{stem}.hex").exists():
            (FROZEN / f"{stem}.hex").write_text("".join(f"{encode(event).hex()}\n" for event in events), "ascii")
            text = json.dumps([as_json(event) for event in events], indent=1, ensure_ascii=False)
            (FROZEN / f"{stem}.json").write_text(text + "\n", "utf-8")
            print(f"frozen: {stem}")


def as_json(value: Any) -> Any:
    """Return what an event holds as JSON: bytes as hex, days and instants as ISO 8601."""
    match value:
        case Event():
            return {"type": value.TYPE, "schema_id": value.SCHEMA_ID, "holds": as_json(value.model_dump())}
        case dict():
            return {name: as_json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [as_json(inner) for inner in value]
        case bytes():
            return value.hex()
        case date() | datetime():
            return value.isoformat()
        case _:
            return value


if __name__ == "__main__":
    main()
