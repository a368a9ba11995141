"""The laws of sealing: what is sealed opens, and only there, only so, only with its key."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from ketenbus.sealing import BLOCK, NONCE_BYTES, Plain, Unopened, seal, unseal
from ketenbus.values import Sealed
from tests.strategies import DAYS, TEXTS

VALUES: st.SearchStrategy[tuple[str, Plain]] = st.one_of(
    st.tuples(st.just("string"), TEXTS | st.just("")),
    st.tuples(st.just("date"), DAYS),
    st.tuples(st.just("codes"), st.lists(TEXTS).map(tuple)),
)
KEYS = st.binary(min_size=32, max_size=32)
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
BINDINGS = st.tuples(NAMES, NAMES, NAMES)


@given(VALUES, KEYS, NONCES, BINDINGS)
def test_what_is_sealed_opens_as_it_was(
    held: tuple[str, Plain], key: bytes, nonce: bytes, bound: tuple[str, str, str]
) -> None:
    seals, value = held
    sealed = seal(value, seals, key, bound[0], bound[1], bound[2], nonce)
    assert unseal(sealed, seals, key, bound[1], bound[2]) == value
    assert len(sealed.ciphertext) % BLOCK == 16


@given(VALUES, KEYS, NONCES, BINDINGS, BINDINGS)
def test_under_any_other_key_id_type_or_field_it_does_not_open(
    held: tuple[str, Plain], key: bytes, nonce: bytes, bound: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    seals, value = held
    sealed = seal(value, seals, key, bound[0], bound[1], bound[2], nonce)
    moved = Sealed(key_id=other[0], nonce=sealed.nonce, ciphertext=sealed.ciphertext)
    assert (unseal(moved, seals, key, other[1], other[2]) == Unopened("altered")) == (other != bound)


@given(VALUES, KEYS, KEYS, NONCES)
def test_another_key_does_not_open_it(held: tuple[str, Plain], key: bytes, other: bytes, nonce: bytes) -> None:
    seals, value = held
    opened = unseal(seal(value, seals, key, "k", "t", "f", nonce), seals, other, "t", "f")
    assert (opened == Unopened("altered")) == (key != other)


@given(VALUES, KEYS, NONCES, st.data())
def test_one_flipped_bit_anywhere_keeps_it_shut(
    held: tuple[str, Plain], key: bytes, nonce: bytes, data: st.DataObject
) -> None:
    seals, value = held
    sealed = seal(value, seals, key, "k", "t", "f", nonce)
    whole = bytearray(sealed.nonce + sealed.ciphertext)
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    altered = Sealed(key_id="k", nonce=bytes(whole[:NONCE_BYTES]), ciphertext=bytes(whole[NONCE_BYTES:]))
    assert unseal(altered, seals, key, "t", "f") == Unopened("altered")


@given(st.binary(max_size=40), st.binary(max_size=200), KEYS, st.sampled_from(["string", "date", "codes"]))
def test_arbitrary_bytes_never_open_and_never_crash(nonce: bytes, ciphertext: bytes, key: bytes, seals: str) -> None:
    sealed = Sealed(key_id="k", nonce=nonce, ciphertext=ciphertext)
    assert unseal(sealed, seals, key, "t", "f") == Unopened("altered")
