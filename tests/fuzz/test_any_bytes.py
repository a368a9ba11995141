"""No bytes at all crash or hold up what reads them: those of the corpus, and made-up ones near them and far from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.clock import within_time
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*"))


def seeds(target: str) -> list[bytes]:
    """What the corpus has for a target; files of `any` are for every target."""
    return [file.read_bytes() for file in FILES if file.parent.name in (target, "any")]


@st.composite
def near(draw: st.DrawFn, target: str) -> bytes:
    """Bytes of the corpus, some of them changed, taken away or repeated."""
    made = bytearray(draw(st.sampled_from(seeds(target))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(made)))
        end = draw(st.integers(start, min(len(made), start + 16)))
        made[start:end] = draw(st.binary(max_size=16) | st.just(bytes(made[start:end]) * 3))
    return bytes(made)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_corpus_is_read_within_its_time(file: Path) -> None:
    targets = TARGETS.values() if file.parent.name == "any" else [TARGETS[file.parent.name]]
    for target in targets:
        within_time(target, file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_bytes_near_the_corpus_are_read_within_their_time(name: str, data: st.DataObject) -> None:
    within_time(TARGETS[name], data.draw(near(name)))


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_within_their_time(name: str, data: bytes) -> None:
    within_time(TARGETS[name], data)


def test_every_target_has_a_corpus_of_its_own() -> None:
    assert {file.parent.name for file in FILES} == {*TARGETS, "any"}
