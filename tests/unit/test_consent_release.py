"""A release of the register: what two approvers signed, and nothing else."""

from __future__ import annotations

import base64
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.activities import fingerprint, register
from consent.release import Release, read_release, register_of, require_approved, require_next
from streams.runtime.settings import LAW, contract_words
from tests.consent_facts import the_register

KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n, name in enumerate(("fg", "beheer", "derde"), 1)
}
APPROVERS = {name: key.public_key() for name, key in KEYS.items()}
FIRST = Release(
    number=1,
    previous="",
    activities=LAW["activities.yaml"].read_text("utf-8"),
    rules=LAW["rules.yaml"].read_text("utf-8"),
)


def approved(release: Release, *by: str) -> Release:
    for name in by or ("fg", "beheer"):
        release = release.approved_by(name, KEYS[name])
    return release


def test_a_release_that_two_signed_reads_back_as_the_register() -> None:
    release = read_release(approved(FIRST).text())
    require_approved(release, APPROVERS)
    assert fingerprint(register_of(release, contract_words())) == fingerprint(the_register())


@pytest.mark.parametrize(
    ("release", "why"),
    [
        (FIRST, "0 of 2 approvals"),
        (approved(FIRST, "fg"), "1 of 2 approvals"),
        (approved(FIRST, "fg", "fg"), "1 of 2 approvals"),
        (approved(FIRST).model_copy(update={"rules": FIRST.rules.replace("true", "false", 1)}), "it was altered"),
        (approved(FIRST).model_copy(update={"number": 2}), "it was altered"),
        (approved(FIRST).model_copy(update={"previous": "0" * 64}), "it was altered"),
        (approved(FIRST.approved_by("wie", KEYS["fg"]), "beheer"), "wie is no approver"),
        (FIRST.approved_by("fg", KEYS["beheer"]).approved_by("beheer", KEYS["beheer"]), "fg did not sign this text"),
    ],
)
def test_a_release_that_is_unsigned_or_altered_is_refused(release: Release, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        require_approved(release, APPROVERS)


def test_one_key_under_two_names_is_one_approver() -> None:
    release = FIRST.approved_by("fg", KEYS["fg"]).approved_by("beheer", KEYS["fg"])
    with pytest.raises(ValueError, match="1 of 2 approvals"):
        require_approved(release, {"fg": APPROVERS["fg"], "beheer": APPROVERS["fg"]})


@pytest.mark.parametrize("told", ["?", "?{}", "{}\n"])
def test_a_signature_that_is_no_base64_to_the_last_letter_is_none(told: str) -> None:
    [first, second] = approved(FIRST).approvals
    other = first.model_copy(update={"signature": told.format(first.signature)})
    broken = FIRST.model_copy(update={"approvals": (other, second)})
    with pytest.raises(ValueError, match="fg did not sign this text"):
        require_approved(broken, APPROVERS)


def test_a_release_follows_the_one_before_it() -> None:
    second = FIRST.model_copy(update={"number": 2, "previous": FIRST.digest})
    require_next(second, 1, FIRST.digest)
    for number, digest, why in (
        (2, second.digest, "is older than"),
        (1, "0" * 64, "does not follow"),
        (0, "", "does not follow"),
    ):
        with pytest.raises(ValueError, match=why):
            require_next(second, number, digest)


def test_the_digest_is_of_everything_but_the_approvals() -> None:
    assert approved(FIRST).digest == FIRST.digest
    others = [{"number": 2}, {"previous": "0" * 64}, {"activities": "[]"}, {"rules": "{}"}]
    assert len({FIRST.digest, *(FIRST.model_copy(update=one).digest for one in others)}) == 5


def test_what_was_signed_holds_as_long_as_the_text_does() -> None:
    release = Release(number=2, previous="0" * 64, activities="[]", rules="één: ja")
    assert release.digest == "f21098ae9d3d404e69d099ac0ec5f5d3b83af997711428402a3852e8e1e311e9"
    [said] = approved(release, "fg").approvals
    signed = b"ketenbus-register-release/1\0" + release.digest.encode()
    APPROVERS["fg"].verify(base64.b64decode(said.signature), signed)


def test_a_register_has_the_name_that_its_receipts_know_it_by() -> None:
    bare = register([], {"withhold_superseded": True, "withhold_retracted": False, "source": "één bron"})
    assert fingerprint(bare) == "62ce8bf58954d2371addd223610da8b863989f353c1794809d7250573e1e4b3e"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "not JSON"),
        ("# A page", "not JSON"),
        ("[1]", "the whole"),
        ("{}", "activities, number, previous, rules"),
        ('{"number": "1", "previous": "x", "activities": "", "rules": ""}', "number, previous"),
    ],
)
def test_what_is_no_release_is_refused_and_says_where(text: str, where: str) -> None:
    with pytest.raises(ValueError, match=f"^no release of the register: {where}$"):
        read_release(text)


def test_a_release_with_faults_names_the_line_of_each() -> None:
    activities = FIRST.activities.replace("\n  consent: none", "\n  consent: maybe", 1)
    rules = FIRST.rules.replace("true", "often", 1)
    with pytest.raises(ValueError, match="^release 1 ") as refused:
        register_of(FIRST.model_copy(update={"activities": activities, "rules": rules}), contract_words())
    [of_rules, of_activities] = str(refused.value).splitlines()
    assert re.match(r"release 1 rules\.yaml:\d+: withhold_\w+: Input should be", of_rules)
    assert re.match(r"release 1 activities\.yaml:\d+: consent: Input should be", of_activities)
