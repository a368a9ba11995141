"""What says who somebody is names one person, or the SDK refuses it before anything is sealed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketenbus.contract import contract
from ketenbus.events import MODELS
from ketenbus.identity import IS_BSN, NO_CONTROL, NO_NUMBER, NOT_BLANK, broken
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared, Refused, prepare
from ketenbus.rules import broken as broken_of_event
from sandbox import invented
from services.contract_pages.example import example
from tests.made_up import NOW, OIN, partner, report


def prepared(folder: Path, **said: Any) -> Prepared | Refused:
    return prepare(Outgoing(report(**said), "e", NOW), partner(folder), PublisherKeys(folder, OIN))


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({"v_number": ""}, [("v_number", NO_NUMBER)]),
        ({"v_number": "onbekend"}, [("v_number", NO_NUMBER)]),
        ({"v_number": "\t"}, [("v_number", NO_CONTROL), ("v_number", NO_NUMBER)]),
        ({"v_number": "V-9999\x7f"}, [("v_number", NO_CONTROL)]),
        ({"name": " \u00a0\u200b"}, [("name", NOT_BLANK)]),
        ({"name": "-"}, [("name", NOT_BLANK)]),
        ({"name": "Ada\nVoorbeeld"}, [("name", NO_CONTROL)]),
        ({"bsn": ""}, [("bsn", IS_BSN)]),
        ({"bsn": "99991234"}, [("bsn", IS_BSN)]),
        ({"bsn": "9999.12.346"}, [("bsn", IS_BSN)]),
        ({"bsn": "999999999"}, [("bsn", IS_BSN)]),
        ({"bsn": "99991234٦"}, [("bsn", IS_BSN)]),
        ({"bsn": "999912346\n"}, [("bsn", NO_CONTROL), ("bsn", IS_BSN)]),
    ],
)
def test_what_names_nobody_is_refused_by_field_and_rule(
    tmp_path: Path, said: dict[str, str], problems: list[tuple[str, str]]
) -> None:
    refused = prepared(tmp_path, **said)
    assert isinstance(refused, Refused)
    assert [(problem.field, problem.rule) for problem in refused.problems] == problems
    assert not (tmp_path / OIN).exists()


@pytest.mark.parametrize("name", ["Ada", "O'Brien-Åse", "李", "محمد‌رضا", "नेहा", "X Æ A-12"])
def test_a_name_in_any_script_is_a_name(tmp_path: Path, name: str) -> None:
    assert isinstance(prepared(tmp_path, name=name), Prepared)


def test_what_a_publisher_does_not_know_is_left_out(tmp_path: Path) -> None:
    assert isinstance(prepared(tmp_path, v_number=None, bsn=None, name=None, birth_date=None), Prepared)


def test_the_numbers_of_the_sandbox_and_the_examples_are_taken() -> None:
    draw = random.Random(1)
    assert not any(list(broken("bsn", n)) for n, _ in zip(invented.bsns(draw), range(1000), strict=False))
    assert not any(list(broken("v_number", n)) for n, _ in zip(invented.v_numbers(draw), range(1000), strict=False))
    assert all(broken_of_event(example(contract().types[name]), NOW.date()) == () for name in MODELS)


@pytest.mark.parametrize("name", sorted(contract().types))
def test_every_text_that_says_who_somebody_is_is_checked(name: str) -> None:
    event = example(contract().types[name])
    named = [f.name for f in contract().types[name].fields if f.field_class == "identity" and f.seals == "string"]
    blank = event.model_copy(update=dict.fromkeys(named, " "))
    assert [problem.field for problem in broken_of_event(blank, NOW.date())] == named


@given(st.sampled_from(["v_number", "bsn", "name"]), st.text())
def test_a_rule_says_nothing_of_the_value(field: str, text: str) -> None:
    assert {*broken(field, text)} <= {NO_CONTROL, NOT_BLANK, NO_NUMBER, IS_BSN}


@given(st.text(st.characters(categories=["Z", "P", "S", "M", "C"])))
def test_blanks_signs_and_control_characters_never_name_anybody(text: str) -> None:
    assert all(list(broken(field, text)) for field in ("v_number", "bsn", "name"))
