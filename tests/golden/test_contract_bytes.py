"""Bytes written once are read for ever: every type and version ever released has frozen bytes and what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ketenbus.codec import FRAME, decode, encode
from ketenbus.contract import contract
from ketenbus.values import Event
from schemas.load import AVRO, contract_source
from tests.contract.freeze import as_json

FROZEN = Path(__file__).parent / "bytes"
STEMS = sorted(path.stem for path in FROZEN.glob("*.hex"))
NEWEST = {f"{name}-v{declared.version}" for name, declared in contract().types.items()}


def raws(stem: str) -> list[bytes]:
    """Return the frozen bytes of one type and version."""
    return [bytes.fromhex(line) for line in (FROZEN / f"{stem}.hex").read_text("ascii").split()]


def test_every_released_version_is_frozen() -> None:
    released = {f"{name}-v{version}" for name, version in contract_source(AVRO).ids}

    assert released == set(STEMS), "python -m tests.contract.freeze"
    assert {path.stem for path in FROZEN.glob("*.json")} == set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_frozen_bytes_say_what_they_said(stem: str) -> None:
    for raw, frozen in zip(raws(stem), json.loads((FROZEN / f"{stem}.json").read_text("utf-8")), strict=True):
        said, then = as_json(decode(raw)), frozen["holds"]
        assert (said["type"], FRAME.unpack_from(raw)) == (frozen["type"], (0, frozen["schema_id"]))
        assert {name: said["holds"][name] for name in then} == then
        assert {said["holds"][name] for name in said["holds"].keys() - then.keys()} <= {None}, "what came later is null"


@pytest.mark.parametrize("stem", sorted(NEWEST))
def test_the_newest_version_is_still_written_so(stem: str) -> None:
    for raw in raws(stem):
        event = decode(raw)
        assert isinstance(event, Event)
        assert encode(event) == raw


@pytest.mark.parametrize("stem", STEMS)
def test_every_cut_of_frozen_bytes_is_no_event(stem: str) -> None:
    for raw in raws(stem):
        assert not any(isinstance(decode(raw[:length]), Event) for length in range(len(raw)))
        assert not isinstance(decode(raw + b"\0"), Event)
