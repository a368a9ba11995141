"""Sealing, against a published vector and rule by rule."""

from __future__ import annotations

from datetime import date

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ketenbus.events import VictimReported
from ketenbus.sealing import BLOCK, HIDDEN_KEY_ID, Plain, Unopened, class_of_key, hidden, open_event, seal, unseal
from ketenbus.values import Sealed
from tests.made_up import OIN, report, ring

KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
SPECIAL = f"{OIN}.special.{'0' * 24}"
IDENTITY = f"{OIN}.identity.{'1' * 24}"


def test_the_primitive_gives_the_published_aes_256_gcm_vector() -> None:
    """McGrew and Viega, The Galois/Counter Mode of Operation (submitted to NIST), test case 16."""
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    data = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert AESGCM(KEY).encrypt(NONCE, plaintext, data).hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


def test_a_sealed_value_is_that_primitive_over_padded_json_bound_to_type_field_and_key() -> None:
    sealed = seal(("AU", "CU"), "codes", KEY, SPECIAL, "victim-reported", "forms", NONCE)
    data = b"\0\0\0\x0fvictim-reported" + b"\0\0\0\x05forms" + b"\0\0\0\x35" + SPECIAL.encode()
    assert AESGCM(KEY).decrypt(NONCE, sealed.ciphertext, data) == b'["AU","CU"]'.ljust(BLOCK)


@pytest.mark.parametrize(
    ("seals", "value"),
    [("string", "Ångström \U0001f600"), ("date", date(1990, 1, 31)), ("codes", ("BL_SU", "AU"))],
)
def test_what_is_sealed_opens_as_it_was(seals: str, value: Plain) -> None:
    assert unseal(seal(value, seals, KEY, IDENTITY, "t", "f", NONCE), seals, KEY, "t", "f") == value


def test_codes_of_different_lengths_give_ciphertexts_of_one_length() -> None:
    lengths = {
        len(seal(codes, "codes", KEY, SPECIAL, "t", "f", NONCE).ciphertext)
        for codes in [("AU",), ("ONBEKEND",), ("BL_SU", "GO_SU", "AU", "CU")]
    }
    assert lengths == {BLOCK + 16}


@pytest.mark.parametrize(("type_name", "field_name"), [("signal-raised", "forms"), ("victim-reported", "su_sector")])
def test_a_value_moved_to_another_type_or_field_does_not_open(type_name: str, field_name: str) -> None:
    sealed = seal(("AU",), "codes", KEY, SPECIAL, "victim-reported", "forms", NONCE)
    assert unseal(sealed, "codes", KEY, type_name, field_name) == Unopened("altered")


@pytest.mark.parametrize("text", ['"1990-1-3"', '"19900131"', "[]", "null", '"1990-02-30"', '"' + "\\ud800" * 10 + '"'])
def test_an_opened_value_that_is_no_date_is_malformed(text: str) -> None:
    sealed = seal("x", "string", KEY, IDENTITY, "t", "f", NONCE)
    data = b"\0\0\0\x01t\0\0\0\x01f\0\0\0\x36" + IDENTITY.encode()
    sealed = Sealed(key_id=IDENTITY, nonce=NONCE, ciphertext=AESGCM(KEY).encrypt(NONCE, text.encode(), data))
    assert unseal(sealed, "date", KEY, "t", "f") == Unopened("malformed")


@pytest.mark.parametrize("text", ["[" * 100_000, '["a", 1]', '"\\ud800"', "\xff"])
def test_nothing_a_publisher_seals_can_crash_who_opens_it(text: str) -> None:
    data = b"\0\0\0\x01t\0\0\0\x01f\0\0\0\x36" + IDENTITY.encode()
    sealed = Sealed(key_id=IDENTITY, nonce=NONCE, ciphertext=AESGCM(KEY).encrypt(NONCE, text.encode("latin-1"), data))
    for seals in ("string", "codes", "date"):
        assert unseal(sealed, seals, KEY, "t", "f") == Unopened("malformed")


def test_a_nonce_or_ciphertext_of_any_size_is_altered_and_no_crash() -> None:
    for nonce, ciphertext in [(b"", b""), (b"\0" * 5, b"x" * 40), (NONCE, b"short")]:
        sealed = Sealed(key_id=IDENTITY, nonce=nonce, ciphertext=ciphertext)
        assert unseal(sealed, "string", KEY, "t", "f") == Unopened("altered")


def test_an_event_opens_only_where_a_key_is_given_and_says_why_not() -> None:
    event = _sealed_report(("AU",), SPECIAL)
    opened = open_event(event, ring({SPECIAL: KEY}))
    assert isinstance(opened.event, VictimReported)
    assert opened.event.forms == ("AU",)
    assert isinstance(opened.event.name, Sealed)
    assert opened.unopened == {"name": "no-key"}


def test_a_field_under_a_key_of_another_class_stays_sealed() -> None:
    opened = open_event(_sealed_report(("AU",), IDENTITY), ring({IDENTITY: KEY}))
    assert opened.unopened == {"forms": "other-class"}


def test_a_value_whose_keys_id_is_hidden_opens_with_the_key_that_its_publisher_named() -> None:
    event = _sealed_report(("AU",), SPECIAL)
    assert isinstance(event.forms, Sealed)
    shown = event.model_copy(update={"forms": event.forms.model_copy(update={"key_id": hidden(SPECIAL)})})
    opened = open_event(shown, ring({SPECIAL: KEY}))
    assert isinstance(opened.event, VictimReported)
    assert opened.event.forms == ("AU",)


def test_a_hidden_id_says_the_class_and_of_the_number_too_little_to_tell_whose_it_is() -> None:
    number = "0123456789abcdef01234567"
    ids = [f"{oin:020d}.special.{number}" for oin in range(40)]
    shown = {hidden(one) for one in ids}
    assert len(shown) == len(ids)
    assert all(HIDDEN_KEY_ID.fullmatch(one) and one.startswith("special.0123") for one in shown)
    assert not any(number[4:8] in one for one in shown)


def test_a_value_copied_under_an_id_of_ones_own_does_not_open_with_its_owners_key() -> None:
    theirs, mine = SPECIAL, f"{'7' * 20}.special.{'0' * 24}"
    event = _sealed_report(("AU",), theirs)
    assert isinstance(event.forms, Sealed)
    for held, why in [({theirs: KEY}, "no-key"), ({theirs: KEY, mine: KEY}, "altered")]:
        for id in (mine, hidden(mine)):
            copied = event.model_copy(update={"forms": event.forms.model_copy(update={"key_id": id}), "name": None})
            assert open_event(copied, ring(held)).unopened == {"forms": why}


@pytest.mark.parametrize(
    ("key_id", "named"),
    [(SPECIAL, "special"), (f"special.{'0' * 24}", "special"), ("special", None), (f"a.{SPECIAL}", None), ("", None)],
)
def test_a_key_id_names_its_class_with_or_without_its_publisher(key_id: str, named: str | None) -> None:
    assert class_of_key(key_id) == named


def test_an_unknown_code_is_kept_and_named() -> None:
    opened = open_event(_sealed_report(("AU", "NIEUW"), SPECIAL), ring({SPECIAL: KEY, IDENTITY: KEY}))
    assert isinstance(opened.event, VictimReported)
    assert opened.event.forms == ("AU", "NIEUW")
    assert opened.unmapped == {"forms"}


def _sealed_report(forms: tuple[str, ...], forms_key: str) -> VictimReported:
    return report(
        forms=seal(forms, "codes", KEY, forms_key, "victim-reported", "forms", NONCE),
        name=seal("Ada", "string", KEY, IDENTITY, "victim-reported", "name", NONCE),
        birth_date=None,
    )
