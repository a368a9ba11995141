"""A release of the register: the text two approvers signed, chained to the release before it. Pure.

A release is numbered from 1, names the one before it by its digest, and holds the register whole. It is in force in a
partition of the log from the place of its control record; the first one from the beginning.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consent.activities import Register, Slug, read_register
from consent.documents import document
from consent.refusals import Vocabulary

#: How many different approvers sign a release.
APPROVALS = 2
_FORM = b"ketenbus-register-release/1\0"
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class Approval(BaseModel):
    """One approver's signature (Ed25519, base64) over a release's digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Slug
    signature: str


class Release(BaseModel):
    """One release: `previous` is the digest of the one before it, empty for the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=1, strict=True)]
    previous: Digest
    activities: str
    rules: str
    approvals: tuple[Approval, ...] = ()

    @property
    def digest(self) -> str:
        """The hash (SHA-256, hex) of all that is approved: everything but the approvals."""
        said = json.dumps([self.number, self.previous, self.activities, self.rules], ensure_ascii=False)
        return hashlib.sha256(_FORM + said.encode()).hexdigest()

    def approved_by(self, name: str, key: Ed25519PrivateKey) -> Release:
        """Return the release with this approver's signature, in place of an earlier one of the same."""
        signature = base64.b64encode(key.sign(_FORM + self.digest.encode())).decode()
        others = [approval for approval in self.approvals if approval.by != name]
        return self.model_copy(update={"approvals": (*others, Approval(by=name, signature=signature))})

    def text(self) -> str:
        """Return the release as its file and its control record hold it."""
        return self.model_dump_json(indent=1) + "\n"


def read_release(text: str | bytes) -> Release:
    """Return the release a file or a control record holds; raises ValueError where it is none."""
    try:
        return Release.model_validate_json(text)
    except ValidationError as error:
        if any(part["type"] == "json_invalid" for part in error.errors()):
            raise ValueError("no release of the register: not JSON") from error
        places = ", ".join(sorted({str(part["loc"][0]) if part["loc"] else "the whole" for part in error.errors()}))
        raise ValueError(f"no release of the register: {places}") from error


def require_approved(release: Release, approvers: Mapping[str, Ed25519PublicKey]) -> None:
    """Raise ValueError unless two different approvers signed exactly this release."""
    signed = set()  # by key: one key under two names is one approver
    for approval in release.approvals:
        key = approvers.get(approval.by)
        if key is None:
            raise ValueError(f"release {release.number}: {approval.by} is no approver")
        try:
            key.verify(base64.b64decode(approval.signature, validate=True), _FORM + release.digest.encode())
        except (InvalidSignature, ValueError):
            raise ValueError(
                f"release {release.number}: {approval.by} did not sign this text; it was altered"
            ) from None
        signed.add(key.public_bytes_raw())
    if len(signed) < APPROVALS:
        raise ValueError(
            f"release {release.number}: {len(signed)} of {APPROVALS} approvals; ./ketenbus register approve adds one"
        )


def require_next(release: Release, number: int, digest: str) -> None:
    """Raise ValueError unless the release follows the one of that number and digest."""
    if release.number <= number:
        raise ValueError(f"release {release.number} is older than release {number}, which is in force")
    if release.number != number + 1 or release.previous != digest:
        raise ValueError(f"release {release.number} does not follow release {number}, which is in force")


def register_of(release: Release, vocabulary: Vocabulary) -> Register:
    """Return the register a release holds; raises ValueError as `read_register` does, with the release's own lines."""
    name = f"release {release.number}"
    return read_register(
        document(f"{name} activities.yaml", release.activities),
        document(f"{name} rules.yaml", release.rules),
        vocabulary,
    )
