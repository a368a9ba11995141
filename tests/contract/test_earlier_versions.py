"""Every version of a type reads every other, on bytes: what came later is null to who writes it, and nothing to who reads without it."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations

import fastavro
import pytest

from ketenbus import codec
from ketenbus.codec import FRAME
from ketenbus.contract import EventType, contract
from ketenbus.values import Event
from tests.contract.examples import example
from tests.earlier import parsed, versions, written

PAIRS = [
    pytest.param(older, newer, id=f"{name}-v{older.version}-v{newer.version}")
    for name in sorted(contract().types)
    for older, newer in combinations(versions(name), 2)
]


def names(declared: EventType) -> set[str]:
    return {field.name for field in declared.fields}


def test_some_types_have_several_versions() -> None:
    assert {"victim-reported", "registration-recorded"} <= {pair.values[0].name for pair in PAIRS}


@pytest.mark.parametrize(("older", "newer"), PAIRS)
@pytest.mark.parametrize("filled", [True, False])
def test_an_earlier_version_reads_what_a_later_one_wrote(older: EventType, newer: EventType, filled: bool) -> None:
    event = example(older.name, filled=filled)
    body = BytesIO(written(event, newer)[FRAME.size :])
    read = fastavro.schemaless_reader(body, parsed(newer), parsed(older))
    again = BytesIO(written(event, older)[FRAME.size :])
    assert read == fastavro.schemaless_reader(again, parsed(older), None)
    assert body.read() == b""


@pytest.mark.parametrize(("older", "newer"), PAIRS)
@pytest.mark.parametrize("filled", [True, False])
def test_what_an_earlier_version_wrote_is_an_event_in_which_what_came_later_is_null(
    older: EventType, newer: EventType, filled: bool
) -> None:
    event = example(older.name, filled=filled)
    read = codec.decode(written(event, older))
    assert isinstance(read, Event)
    came_later = names(contract().types[older.name]) - names(older)
    assert names(newer) > names(older)
    assert read == event.model_copy(update=dict.fromkeys(came_later))
