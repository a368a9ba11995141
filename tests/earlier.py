"""What was there before the newest version of a type: an SDK of then, for processes of their own, and bytes of then."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from infra.local.platform import Platform
from ketenbus.codec import FRAME
from ketenbus.contract import EventType, contract, shared_schemas
from ketenbus.values import Event
from sandbox.telling import Planned
from schemas import generate
from schemas.load import AVRO, contract_source

ROOT = Path(__file__).parents[1]
#: Reads planned events, the partners' files and the administrator's, and publishes: what `Bus.publish` does, elsewhere.
PUBLISH = """
import asyncio, pickle, sys
from sandbox.publish import Agencies

async def main():
    events, files, admin = pickle.load(sys.stdin.buffer)
    agencies = Agencies(files.__getitem__, admin)
    try:
        assert await agencies.publish(events, lambda _: None) == len(events)
    finally:
        await agencies.close()

asyncio.run(main())
"""


def sdk(folder: Path, without: Collection[tuple[str, int]]) -> Path:
    """Write the SDK as it was before these versions of types, generated from the contract without them."""
    source = contract_source(AVRO)
    then = replace(source, types={key: schema for key, schema in source.types.items() if key not in without})
    shutil.copytree(ROOT / "sdk" / "ketenbus", folder / "ketenbus", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "ketenbus" / "contract.json").write_text(generate.bundle(then), "utf-8")
    (folder / "ketenbus" / "events.py").write_text(generate.models(then), "utf-8")
    return folder


def environment(sdk: Path | None) -> dict[str, str]:
    """Return the environment of a process that finds that SDK, or this clone's where there is none."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*([sdk] if sdk else []), ROOT)))}


def publish(sdk: Path, platform: Platform, *events: Planned) -> None:
    """Let the partners publish these events with that SDK."""
    files = {event.partner: platform.partner_file(event.partner) for event in events}
    held = pickle.dumps((events, files, dict(platform.admin())))
    subprocess.run([sys.executable, "-c", PUBLISH], input=held, env=environment(sdk), cwd=ROOT, check=True, timeout=60)


def decoded(sdk: Path, raw: bytes) -> str:
    """Return what that SDK says of these bytes."""
    code = "import sys; from ketenbus import codec; print(codec.decode(sys.stdin.buffer.read()))"
    run = [sys.executable, "-c", code]
    return subprocess.run(run, input=raw, env=environment(sdk), check=True, capture_output=True).stdout.decode()


def versions(name: str) -> list[EventType]:
    """Return every version of a type, oldest first."""
    return sorted((one for one in contract().by_id.values() if one.name == name), key=lambda one: one.version)


def parsed(declared: EventType) -> Any:
    """Return a version's schema as fastavro takes it."""
    names: dict[str, Any] = {}
    for shared in shared_schemas():
        fastavro.parse_schema(dict(shared), named_schemas=names)
    return fastavro.parse_schema(dict(declared.schema), named_schemas=names)


def written(event: Event, declared: EventType) -> bytes:
    """Return the event as a publisher with that version of its type writes it; what came later it cannot say."""
    had = {field.name for field in declared.fields}
    said: Mapping[str, Any] = {name: value for name, value in event.model_dump().items() if name in had}
    out = BytesIO()
    out.write(FRAME.pack(0, declared.schema_id))
    fastavro.schemaless_writer(out, parsed(declared), said, strict=True, disable_tuple_notation=True)
    return out.getvalue()
