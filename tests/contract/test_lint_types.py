"""Every rule on types, the catalogue, code lists and shared types has a case that breaks it, on the real contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from schemas import lint
from tests.contract.drafts import REMOVED, Draft, change, draft, field_of

Break = Callable[[Draft], object]

NARRATIVE = {
    "name": "remark",
    "type": ["null", "nl.mensenhandel.Sealed"],
    "default": None,
    "class": "narrative",
    "seals": "string",
    "doc": "A remark.",
}
CODE = {"name": "code", "type": "string", "class": "neutral", "required": True, "codelist": "sex", "doc": "A code."}
ID = {"name": "id", "type": "string", "class": "neutral", "required": True, "pattern": "^[0-9a-f]{16}$", "doc": "Id."}


def schema(name: str, /, **changes: Any) -> Break:
    """Change attributes of a type's schema."""
    return lambda draft: change(draft.schema(name), changes)


def entry(name: str, /, **changes: Any) -> Break:
    """Change attributes of a catalogue entry."""
    return lambda draft: change(draft.catalogue[name], changes)


def codelist(name: str, /, **changes: Any) -> Break:
    """Change attributes of a code list."""
    return lambda draft: change(draft.codelists[name], changes)


def code(name: str, of: str, /, **changes: Any) -> Break:
    """Change attributes of a code."""
    return lambda draft: change(draft.code(name, of), changes)


def field(name: str, path: str, /, **changes: Any) -> Break:
    """Change attributes of a field."""
    return lambda draft: change(draft.field(name, path), changes)


def added(name: str, base: dict[str, Any], /, **changes: Any) -> Break:
    """Add a field to a type."""
    return lambda draft: draft.schema(name)["fields"].append(base | changes)


def gone(name: str, path: str) -> Break:
    """Take a field out of a type."""
    return lambda draft: draft.schema(name)["fields"].remove(draft.field(name, path))


def renamed_type(old: str, new: str) -> Break:
    """Give a type another name, in the catalogue too."""

    def rename(draft: Draft) -> None:
        draft.types[new, 1] = draft.types.pop((old, 1))
        draft.catalogue[new] = draft.catalogue.pop(old)

    return rename


def same_item_name(draft: Draft) -> None:
    draft.field("tables-delivered", "cells")["type"]["items"]["name"] = "RegisteredReport"


def item_attribute(draft: Draft) -> None:
    draft.field("tables-delivered", "cells")["type"]["items"]["major"] = 2


CASES: list[tuple[str, Break, str]] = [
    ("snake-type", renamed_type("seponeerd", "case_sepot"), "case_sepot/v1: a type's name is kebab-case"),
    ("chapter-number", renamed_type("B8-granted", "B9-granted"), "B9-granted/v1: a type's name is kebab-case without"),
    ("number-inside", renamed_type("seponeerd", "art12-filed"), "art12-filed/v1: a type's name is kebab-case without"),
    ("record-name", schema("seponeerd", name="Sepot"), "seponeerd/v1: the record is called Seponeerd"),
    ("namespace", schema("seponeerd", namespace="nl.example"), "seponeerd/v1: the namespace of Seponeerd is"),
    ("no-type-doc", schema("seponeerd", doc=REMOVED), "seponeerd/v1: has a doc"),
    ("type-attribute", schema("seponeerd", dco="x"), "seponeerd/v1: dco is not an attribute of a type"),
    ("major-none", schema("seponeerd", major=0), "seponeerd/v1: major is a number from 1"),
    ("not-avro", schema("seponeerd", fields=REMOVED), "seponeerd/v1: is no Avro schema"),
    ("unknown-named-type", field("seponeerd", "decided_on", type="Day"), "seponeerd/v1: is no Avro schema"),
    ("field-twice", added("seponeerd", NARRATIVE, name="decided_on"), "seponeerd/v1 decided_on: a field is there once"),
    ("item-record-attribute", item_attribute, "tables-delivered/v1 TableCell: major is not an attribute of a record"),
    ("two-records-one-name", same_item_name, "the record name RegisteredReport is already registration-recorded's"),
    ("no-subject", gone("seponeerd", "subject"), "seponeerd/v1: keyed by person, so it has exactly one field of role"),
    ("record-no-subject", gone("registration-ended", "subject"), "registration-ended/v1: keyed by record, so it has"),
    ("two-subjects", added("seponeerd", ID, role="subject"), "seponeerd/v1: keyed by person, so it has exactly one"),
    ("subject-may-be-null", field("seponeerd", "subject", type=["null", "string"], default=None), "subject: a subject"),
    ("subject-is-quasi", field("seponeerd", "subject", **{"class": "quasi"}), "subject: a subject is a neutral"),
    ("publisher-with-subject", added("report-withheld", ID, role="subject"), "report-withheld/v1 id: keyed by publish"),
    ("no-occurred-at", gone("seponeerd", "occurred_at"), "seponeerd/v1: has occurred_at"),
    ("occurred-at-never-null", field("seponeerd", "occurred_at", type={"type": "long", "logicalType": "timestamp-micros"}, default=REMOVED), "seponeerd/v1: has occurred_at"),  # noqa: E501
    ("occurred-at-a-day", field("seponeerd", "occurred_at", type=["null", {"type": "int", "logicalType": "date"}]), "seponeerd/v1: has occurred_at"),  # noqa: E501
    ("no-precision", gone("report-withheld", "occurred_precision"), "report-withheld/v1: has occurred_precision"),
    ("precision-list", field("seponeerd", "occurred_precision", codelist="sex"), "seponeerd/v1: has occurred_pre"),
    ("registration-identity", added("registration-ended", NARRATIVE, **{"class": "identity"}), "registration publishes nothing of class identity"),  # noqa: E501
    ("registration-story", added("registration-ended", NARRATIVE), "the registration publishes nothing of class"),
    ("shelter-story", added("placement-moved", NARRATIVE), "remark: a shelter type carries nothing of class narrative"),
    ("shelter-location", added("placement-moved", NARRATIVE, **{"class": "location"}), "nothing of class location"),
    ("shelter-sealed-text", added("placement-moved", NARRATIVE, **{"class": "identity"}), "has no strings but ids and"),
    ("shelter-clear-text", added("placement-moved", ID), "id: a shelter type has no strings but ids and codes"),
    ("shelter-municipality", added("placement-moved", CODE, name="municipality"), "municipality: no shelter's place"),
    ("shelter-oin", added("placement-moved", ID, name="provider_oin", role="id"), "provider_oin: no shelter's place"),
    ("shelter-police-unit", added("placement-moved", CODE, codelist="police-unit"), "code: no shelter's place"),
    ("shelter-other-region", field("placement-moved", "region", codelist="police-unit"), "region: a region is a code"),
    ("type-not-in-catalogue", lambda draft: draft.catalogue.pop("seponeerd"), "seponeerd: has a schema, but"),
    ("card-name-gone", renamed_type("seponeerd", "case-dropped"), "catalogue: the design card's seponeerd is missing"),
    ("catalogue-without-schema", lambda draft: draft.types.pop(("seponeerd", 1)), "seponeerd: the catalogue names it"),
    ("version-gap", lambda draft: draft.types.update({("seponeerd", 3): draft.schema("seponeerd")}), "run from 1 with"),
    ("unknown-group", entry("seponeerd", group="crime"), "seponeerd: crime is not a group"),
    ("unknown-key", entry("seponeerd", key="case"), "seponeerd: the key is one of person, publisher, record"),
    ("catalogue-attribute", entry("seponeerd", sheltr=True), "seponeerd: sheltr is not an attribute of the catalogue"),
    ("shelter-unmarked", entry("placement-moved", shelter=REMOVED), "placement-moved: the types of group shelter"),
    ("shelter-marked-elsewhere", entry("seponeerd", shelter=True), "seponeerd: the types of group shelter"),
    ("unknown-publisher", entry("seponeerd", publishers=["omm"]), "seponeerd: omm is not a code of list"),
    ("publisher-twice", entry("seponeerd", publishers=["om", "om"]), "seponeerd: names the kinds that publish it"),
    ("no-publishers", entry("seponeerd", publishers=REMOVED), "seponeerd: names the kinds that publish it"),
    ("nobody-publishes", entry("seponeerd", publishers=[]), "seponeerd: has a publisher"),
    ("list-name", codelist("sex", name="gender"), "codelists/sex: the name is the file's"),
    ("list-version", codelist("sex", version="1"), "codelists/sex: the version is a number from 1"),
    ("list-status", codelist("sex", status="draft"), "codelists/sex: the status is one of confirmed, inferred, open"),
    ("list-source", codelist("sex", source=REMOVED), "codelists/sex: names its source"),
    ("list-empty", codelist("feedback", codes=[]), "codelists/feedback: has at least one code"),
    ("list-attribute", codelist("sex", valid=True), "codelists/sex: valid is not an attribute of a code list"),
    ("code-twice", code("sex", "MAN", code="VROUW"), "codelists/sex VROUW: a code is in its list once"),
    ("code-read-as-false", code("language", "nl", code=False), "codelists/language False: a code is text"),
    ("code-pattern", code("sex", "MAN", code="Man!"), "codelists/sex Man!: a code is text, UPPER_SNAKE or kebab-case"),
    ("no-dutch", code("sex", "MAN", nl=REMOVED), "codelists/sex MAN: has a label in nl"),
    ("no-english", code("sex", "MAN", en=""), "codelists/sex MAN: has a label in en"),
    ("code-attribute", code("sex", "MAN", valid_form="2020-01-01"), "MAN: valid_form is not an attribute of a code"),
    ("validity-crossed", code("sex", "MAN", valid_from=date(2020, 1, 2), valid_to="2020-01-01"), "not after valid_to"),
    ("validity-no-date", code("sex", "MAN", valid_to="2020-13-01"), "codelists/sex MAN: valid_to is a date"),
    ("counts-as-nothing", code("exploitation-form", "ORGAAN", counts_as="ELSE"), "ORGAAN: counts_as is another code"),
    ("rank", code("exploitation-form", "AU", rank=0), "codelists/exploitation-form AU: rank is a number from 1"),
    ("legal-basis", code("reporter-kind", "KMAR", legal_basis="yes"), "KMAR: legal_basis is true or false"),
    ("mapped-kind", code("reporter-kind", "KMAR", publisher_kinds=["army"]), "KMAR: army is not a code of list publis"),
    ("narrow-regions", lambda draft: draft.codelists["shelter-region"]["codes"].extend(
        {"code": f"R{number}", "nl": "Regio", "en": "Region"} for number in range(12)
    ), "codelists/shelter-region: at most 12 regions"),
    ("shared-namespace", lambda draft: change(draft.shared[0], {"namespace": "nl.example"}), "Sealed: the namespace"),
    ("shared-doc", lambda draft: change(draft.shared[0], {"doc": REMOVED}), "shared/Sealed: has a doc"),
    ("shared-field-doc", lambda draft: change(field_of(draft.shared[0], "key_id"), {"doc": ""}), "key_id: has a doc"),
    ("shared-no-bytes", lambda draft: change(field_of(draft.shared[0], "nonce")["type"], {"size": 0}), "least a byte"),
]  # fmt: skip


@pytest.mark.parametrize(("breaks", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_a_broken_rule_is_named(breaks: Break, expected: str) -> None:
    broken = draft()
    breaks(broken)

    found = list(lint.unreleased_faults(broken.source()))

    assert any(expected in fault for fault in found), found
