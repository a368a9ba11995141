"""Every rule on a field has a case that breaks it, on the real contract, and the real contract breaks none."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import lint
from tests.contract.drafts import REMOVED, change, draft, real

SEALED = "nl.mensenhandel.Sealed"
DATE = {"type": "int", "logicalType": "date"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4}

#: name, type, field, what changes in it, what the fault says after its place.
CASES: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("no-class", "signal-raised", "criterion", {"class": REMOVED}, "the class is one of"),
    ("unknown-class", "signal-raised", "criterion", {"class": "secret"}, "the class is one of"),
    ("identity-in-clear", "victim-reported", "name", {"type": ["null", "string"]}, "of class identity, so sealed"),
    ("contact-in-clear", "victim-reported", "phone", {"type": ["null", "string"]}, "of class contact, so sealed"),
    ("special-in-clear", "victim-reported", "forms", {"type": ["null", "string"]}, "of class special, so sealed"),
    ("criminal-in-clear", "seponeerd", "sepot_code", {"type": ["null", "string"]}, "of class criminal, so sealed"),
    ("location-in-clear", "victim-reported", "sex", {"class": "location"}, "of class location, so sealed"),
    ("narrative-in-clear", "signal-raised", "narrative", {"type": ["null", "string"]}, "of class narrative, so sealed"),
    ("neutral-sealed", "victim-reported", "bsn", {"class": "neutral"}, "of class neutral, so not sealed"),
    ("quasi-sealed", "victim-reported", "bsn", {"class": "quasi"}, "of class quasi, so not sealed"),
    ("sex-called-neutral", "victim-reported", "sex", {"class": "neutral"}, "codes of list sex are of class quasi"),
    ("forms-called-criminal", "victim-reported", "forms", {"class": "criminal"}, "codes of list exploitation-form"),
    ("age-called-neutral", "victim-reported", "age_at_report", {"class": "neutral"}, "an age at a named moment"),
    ("seals-nothing", "victim-reported", "bsn", {"seals": REMOVED}, "says what it seals"),
    ("seals-a-number", "victim-reported", "bsn", {"seals": "int"}, "says what it seals"),
    ("seals-codes-of-no-list", "victim-reported", "forms", {"codelist": REMOVED}, "so it names their code list"),
    ("seals-text-of-a-list", "victim-reported", "forms", {"seals": "string"}, "so it seals codes"),
    ("quasi-never-null", "victim-reported", "sex", {"type": "string", "default": REMOVED}, "so it is nullable"),
    ("sealed-never-null", "victim-reported", "bsn", {"type": SEALED, "default": REMOVED}, "so it is nullable"),
    ("null-second", "victim-reported", "sex", {"type": ["string", "null"]}, "so it is nullable"),
    ("no-default", "victim-reported", "sex", {"default": REMOVED}, "nullable, so its default is null"),
    ("a-default-said", "victim-reported", "sex", {"default": "MAN"}, "nullable, so its default is null"),
    ("a-default-of-a-number", "report-withheld", "count", {"default": 1}, "only null is a default"),
    ("neutral-required-null", "aangifte-filed", "dutch_leads", {"required": True}, "so it is not nullable"),
    ("never-null-not-required", "aangifte-filed", "filed_on", {"required": REMOVED}, "it says that it is required"),
    ("required-as-text", "aangifte-filed", "filed_on", {"required": "yes"}, "required is true or false"),
    ("free-text", "signal-raised", "criterion", {"codelist": REMOVED}, "free text is never clear"),
    ("pattern-of-anything", "consent-given", "text_version", {"pattern": ".*"}, "lets spaces or more than 128"),
    ("pattern-with-spaces", "consent-given", "text_version", {"pattern": "[A-Za-z ]{1,64}"}, "lets spaces or more"),
    ("pattern-without-end", "consent-given", "text_version", {"pattern": "[a-z]+"}, "lets spaces or more than 128"),
    ("pattern-malformed", "consent-given", "text_version", {"pattern": "["}, "the pattern is no regular expression"),
    ("unknown-list", "signal-raised", "criterion", {"codelist": "no-such-list"}, "there is no code list no-such-list"),
    ("unknown-role", "signal-raised", "criterion", {"role": "boss"}, "boss is not a role"),
    ("role-of-another-list", "signal-raised", "reporter_kind", {"codelist": "sex"}, "takes code list reporter-kind"),
    ("id-without-pattern", "placement-moved", "provider_id", {"pattern": REMOVED}, "an id has a pattern"),
    ("link-never-null", "signal-raised", "caused_by", {"type": "string", "default": REMOVED}, "a link is nullable"),
    ("link-without-role", "signal-raised", "corrects", {"role": REMOVED}, "and nothing else have role link"),
    ("link-by-another-name", "consent-given", "giver", {"role": "link"}, "and nothing else have role link"),
    ("link-of-class-quasi", "signal-raised", "caused_by", {"class": "quasi"}, "a link is neutral"),
    ("withdraws-nothing", "event-retracted", "withdraws", {"type": ["null", "string"]}, "so it is required"),
    ("no-minimum", "report-withheld", "count", {"minimum": REMOVED}, "a number has a minimum and a maximum"),
    ("no-maximum", "report-withheld", "count", {"maximum": REMOVED}, "a number has a minimum and a maximum"),
    ("bounds-crossed", "report-withheld", "count", {"minimum": 5, "maximum": 4}, "are in order and fit in int"),
    ("bounds-over-int", "report-withheld", "count", {"maximum": 2**31}, "are in order and fit in int"),
    ("bounds-over-long", "tables-delivered", "cells.value", {"maximum": 2**63}, "are in order and fit in long"),
    ("no-minimum-items", "tables-delivered", "cells", {"minimum_items": REMOVED}, "an array has minimum_items"),
    ("no-maximum-items", "tables-delivered", "cells", {"maximum_items": REMOVED}, "an array has minimum_items"),
    ("negative-items", "tables-delivered", "cells", {"minimum_items": -1}, "an array has minimum_items"),
    (
        "array-always-empty",
        "tables-delivered",
        "cells",
        {"minimum_items": 0, "maximum_items": 0},
        "an array has minimum",
    ),
    ("item-of-another-class", "tables-delivered", "cells.row", {"class": "quasi"}, "a view leaves an array out whole"),
    ("no-doc", "signal-raised", "criterion", {"doc": REMOVED}, "has a doc"),
    ("blank-doc", "signal-raised", "criterion", {"doc": " "}, "has a doc"),
    ("item-without-doc", "tables-delivered", "cells.row", {"doc": REMOVED}, "has a doc"),
    ("typing-error", "signal-raised", "criterion", {"requred": True}, "requred is not an attribute of a field"),
    ("list-on-a-date", "aangifte-filed", "filed_on", {"codelist": "sex"}, "codelist does not go with date"),
    ("seals-in-clear", "signal-raised", "criterion", {"seals": "string"}, "seals does not go with string"),
    ("millis", "signal-raised", "detected_on", {"type": MILLIS}, "the type is not one the SDK is generated for"),
    ("decimal", "signal-raised", "detected_on", {"type": DECIMAL}, "the type is not one the SDK is generated for"),
    ("a-union", "signal-raised", "criterion", {"type": ["null", "string", "int"]}, "not one the SDK is generated for"),
    ("bare-float", "report-withheld", "count", {"type": "double"}, "the type is not one the SDK is generated for"),
    (
        "array-of-text",
        "tables-delivered",
        "cells",
        {"type": {"type": "array", "items": "string"}},
        "the type is not one",
    ),
    ("camel-name", "signal-raised", "criterion", {"name": "theCriterion"}, "a field's name is snake_case"),
    ("python-word", "signal-raised", "criterion", {"name": "class"}, "the name is taken in Python's model"),
    ("pydantic-name", "signal-raised", "criterion", {"name": "copy"}, "the name is taken in Python's model"),
]


def test_the_real_contract_has_no_faults() -> None:
    assert list(lint.faults(real())) == []


@pytest.mark.parametrize(("type_name", "path", "changes", "rule"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_a_broken_rule_is_named_with_its_place(type_name: str, path: str, changes: dict[str, Any], rule: str) -> None:
    broken = draft()
    change(broken.field(type_name, path), changes)

    found = list(lint.unreleased_faults(broken.source()))

    *arrays, last = path.split(".")
    place = f"{type_name}/v1 {''.join(f'{array}[].' for array in arrays)}{changes.get('name', last)}: "
    assert any(fault.startswith(place) and rule in fault.removeprefix(place) for fault in found), found


def test_items_that_take_no_bytes_are_a_bomb() -> None:
    broken = draft()
    field = broken.field("tables-delivered", "cells")
    field["type"]["items"]["fields"] = [{"name": "nothing", "type": "null", "class": "neutral", "doc": "Nothing."}]

    assert "tables-delivered/v1 cells: items that take no bytes make a bomb of a few bytes" in list(
        lint.unreleased_faults(broken.source())
    )


def test_items_without_fields_are_a_bomb() -> None:
    broken = draft()
    broken.field("tables-delivered", "cells")["type"]["items"]["fields"] = []

    assert "tables-delivered/v1 cells: items that take no bytes make a bomb of a few bytes" in list(
        lint.unreleased_faults(broken.source())
    )


def test_the_record_of_an_array_has_a_doc() -> None:
    broken = draft()
    del broken.field("tables-delivered", "cells")["type"]["items"]["doc"]

    assert "tables-delivered/v1 cells: the record of its items has a doc" in list(
        lint.unreleased_faults(broken.source())
    )
