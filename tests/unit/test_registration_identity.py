"""Who is one person by identity: what many clients may be called alike joins nobody, in the fold and in the recount."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketenbus.envelope import Envelope
from ketenbus.view import Received
from sandbox.invented import fails_eleven_test
from services.verify.judge import Outcome
from services.verify.log import Entry
from services.verify.persons import persons as recounted
from streams.registration.binding import _report
from streams.registration.fold import persons
from tests.made_up import NOW, OIN, report
from tests.registry import RULES

ZONE_KEY = bytes(32)
BORN = date(1900, 1, 1)
BSN = "999912346"
BLANK: dict[str, Any] = {"v_number": "", "bsn": "", "name": " ", "birth_date": BORN}
MASK = ("neutral", "quasi", "identity", "special")


def read(number: int, **said: Any) -> Received:
    """What the registration opened of a report on one client."""
    event = report(subject=f"client-{number}", **({"name": None, "birth_date": None} | said))
    told = Envelope(f"e{number}", f"urn:nld:oin:{OIN}:systeem:x", "nl.mensenhandel.victim-reported.v1", NOW, "urn:x")
    return Received(
        told.id, event.subject, "delivery", 1, event.TYPE, event, told, frozenset(), frozenset(), "registratie", "a/1"
    )


def of_nobody(**said: Any) -> int:
    """How many fields of a report are counted as of no use."""
    received = read(0, **said)
    return _report(received, received.event, ZONE_KEY)[1]  # type: ignore[arg-type]


def how_many(*clients: dict[str, Any]) -> int:
    """How many persons these clients are, as the registration and the recount both find."""
    received = [read(number, **said) for number, said in enumerate(clients)]
    found = persons([_report(r, r.event, ZONE_KEY)[0] for r in received], [], RULES)  # type: ignore[arg-type]
    entries = [
        Entry(r.subject, OIN, r.id, r.envelope.source, NOW, "politie", f"t/0/{n}", r.event, None)  # type: ignore[arg-type]
        for n, r in enumerate(received)
    ]
    decided = ("comensha", "REGISTRATIE"), "delivered", "+".join(MASK), "a/1", ("legal-task",), MASK
    assert len(recounted([Outcome(entry, *decided) for entry in entries], lambda _: None)) == len(found)
    return len(found)


def test_three_clients_of_blank_identity_stay_three_persons() -> None:
    assert how_many(BLANK, BLANK, BLANK) == 3


def test_what_names_nobody_is_counted() -> None:
    assert of_nobody(**BLANK) == 3
    assert of_nobody(v_number="9999000001", bsn=BSN, name="Ada Voorbeeld", birth_date=BORN) == of_nobody() == 0


@pytest.mark.parametrize(
    "said",
    [
        {"v_number": ""},
        {"v_number": " "},
        {"v_number": "-"},
        {"v_number": "onbekend"},
        {"v_number": "n.v.t."},
        {"v_number": "9999000001\n"},
        {"bsn": ""},
        {"bsn": "000000000"},
        {"bsn": "999999999"},
        {"bsn": "12345678"},
        {"bsn": "9999 12 346"},
        {"bsn": "٩٩٩٩١٢٣٤٦"},
        {"bsn": "onbekend"},
        {"name": "", "birth_date": BORN},
        {"name": "\u00a0\u200b", "birth_date": BORN},
        {"name": "?", "birth_date": BORN},
        {"name": "-. -", "birth_date": BORN},
        {"name": "Ada\x00", "birth_date": BORN},
    ],
)
def test_what_many_may_hold_alike_joins_nobody_and_is_counted(said: dict[str, Any]) -> None:
    assert how_many(said, said) == 2
    assert of_nobody(**said) == 1


@pytest.mark.parametrize(
    "said", [{"v_number": "9999000001"}, {"bsn": BSN}, {"name": "Ada Voorbeeld", "birth_date": date(1990, 1, 31)}]
)
def test_what_one_person_has_joins_beside_blanks(said: dict[str, Any]) -> None:
    assert how_many(BLANK | said, BLANK | said, BLANK) == 2


def test_a_name_written_with_other_blanks_and_capitals_is_one_name() -> None:
    names = ("Ada Straße", " ADA \u00a0 STRASSE ")
    assert how_many(*({"name": name, "birth_date": BORN} for name in names)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"name": "Zo\u00eb \u00c5str\u00f6m", "birth_date": BORN},
            {"name": "zoe\u0308 A\u030astro\u0308m", "birth_date": BORN},
        ),
        ({"v_number": "9999000001"}, {"v_number": " 9999 000 001\u00a0"}),
    ],
    ids=["accents", "blanks"],
)
def test_one_name_or_number_stored_in_two_ways_is_one_person(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert how_many(one, other) == 1


def test_a_name_without_birth_date_names_nobody_and_is_no_fault() -> None:
    assert how_many({"name": "Ada"}, {"name": "Ada"}) == 2
    assert of_nobody(name="Ada") == 0


def test_a_made_up_bsn_that_fails_the_eleven_test_is_one_persons() -> None:
    assert fails_eleven_test(BSN)
    assert how_many({"bsn": BSN}, {"bsn": BSN}) == 1


NOTHING = st.text(st.characters(categories=["Z", "P", "S", "M", "Cf"]), max_size=4)
TEXTS = (
    NOTHING
    | st.sampled_from(
        ["1", " 1", "onbekend", "\u00e9", "E\u0301", "000000000", BSN, "999912347", "Ada", " ada", "A\tda"]
    )
    | st.text(max_size=3)
)
CLIENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"v_number": TEXTS, "bsn": TEXTS, "name": TEXTS, "birth_date": st.sampled_from([BORN, date.min])},
    ),
    max_size=6,
)


@given(CLIENTS)
@settings(deadline=None, max_examples=200)
def test_the_recount_finds_as_many_persons_whatever_is_sealed(clients: list[dict[str, Any]]) -> None:
    how_many(*clients)


@given(st.lists(st.fixed_dictionaries({"v_number": NOTHING, "bsn": NOTHING, "name": NOTHING}), max_size=5))
@settings(deadline=None, max_examples=100)
def test_no_blanks_and_signs_make_one_person_of_two(clients: list[dict[str, Any]]) -> None:
    assert how_many(*({**said, "birth_date": BORN} for said in clients)) == len(clients)
