"""A settings file, read whole or refused: the refusal names the file, the field and what it has to be, never what it is."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, BaseModel, Field, PlainValidator, ValidationError

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError

REMEDY = "correct it, or let ./ketenbus up write it again"
#: What pydantic finds, in the words of an operator.
RULES = {
    "missing": "is missing",
    "extra_forbidden": "is no setting",
    "model_type": "has to hold fields",
    "dataclass_type": "has to hold fields",
    "list_type": "has to be a list",
    "bool_type": "has to be true or false",
    "string_type": "has to be text",
    "string_too_short": "is empty",
}
Form = TypeVar("Form", bound=BaseModel)
Row = TypeVar("Row")


def read(path: Path, form: type[Form], parse: Callable[[str], object]) -> Form:
    """Return what the file says; raises ConfigurationError that names each field at fault and shows no value."""
    try:
        return form.model_validate(parse(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigurationError(
            f"no settings at {path} ({error.strerror}): start the platform with ./ketenbus up"
        ) from None
    except ValidationError as error:
        faults = "; ".join(
            f"{_place(fault['loc'])} {_rule(fault['type'], fault['msg'])}"
            for fault in error.errors(include_input=False)
        )
        raise ConfigurationError(f"{path}: {faults} ({REMEDY})") from None
    except (ValueError, yaml.YAMLError):
        # The parser's own error shows a piece of the file.
        raise ConfigurationError(f"{path} is no {path.suffix[1:].upper()} in UTF-8 ({REMEDY})") from None


def in_base64(*sizes: int) -> AfterValidator:
    """A text that is the base64 of so many bytes."""

    def check(text: str) -> str:
        _decoded(text, *sizes)
        return text

    return AfterValidator(check)


def code_of(codelist: str) -> AfterValidator:
    """A text that is a code of a list of the contract."""

    def check(text: str) -> str:
        if text not in contract().codelists[codelist].codes:
            raise ValueError(f"has to be a code of list {codelist}")
        return text

    return AfterValidator(check)


def differing_in(*names: str) -> AfterValidator:
    """Rows of which no two say the same in one of these fields."""

    def check(rows: list[Row]) -> list[Row]:
        for name in names:
            said = [getattr(row, name) for row in rows]
            for number, value in enumerate(said):
                if (first := said.index(value)) != number:
                    raise ValueError(f"hold one `{name}` twice, at [{first}] and [{number}]")
        return rows

    return AfterValidator(check)


def _decoded(value: object, *sizes: int) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) not in sizes:
        raise ValueError(f"has to be {' or '.join(map(str, sizes))} bytes in base64")
    return raw


def _public_key(value: Any) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_decoded(value, 32))


def _oin(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 20 or not (value.isascii() and value.isdigit()):
        raise ValueError("has to be 20 digits between quotes")
    return value


Text = Annotated[str, Field(min_length=1)]
Oin = Annotated[str, PlainValidator(_oin)]
PublicKey = Annotated[Ed25519PublicKey, PlainValidator(_public_key)]


def _place(loc: tuple[int | str, ...]) -> str:
    """Return where in the file a fault is, rows counted from 0: `partners[3].oin`."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return f"`{place.removeprefix('.')}`" if place else "the whole"


def _rule(kind: str, message: str) -> str:
    return RULES.get(kind, message.removeprefix("Value error, "))
