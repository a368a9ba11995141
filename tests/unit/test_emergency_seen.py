"""What is seen of uses of emergency access: open, overdue, reviewed; and the numbers the bus counts with."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from consent.documents import Document
from consent.known import Fact
from consent.numbers import read_numbers
from consent.policy import Decision
from consent.proofs.examples import OFFICER, REVIEWERS, review, use
from ketenbus import envelope
from ketenbus.errors import ConfigurationError, CorruptLogError
from services.emergency import commands
from services.emergency.seen import Seen, alarm, oldest_first, seen
from services.emergency.told import TOPIC, folded
from services.register.reading import numbers
from streams.disclose.view import message as view_message
from streams.runtime.records import Record
from tests.consent_facts import NOON, retracted
from tests.log_events import TRACE, logged, tokens

DAY = date(2020, 5, 4)
USE = use(used_on=DAY)
LOOKS = st.tuples(st.sampled_from((OFFICER, *REVIEWERS)), st.booleans())


def one(*facts: Fact, days_later: int = 0) -> Seen:
    [found] = seen(facts, "opvang", ["p"], DAY + timedelta(days=days_later), 3)
    return found


def looked(by: str, id: str, *, justified: bool = False) -> Fact:
    return review(id, reviewer=by, justified=justified)


@pytest.mark.parametrize(("days_later", "state"), [(0, "open"), (3, "open"), (4, "overdue"), (400, "overdue")])
def test_a_use_is_overdue_from_the_day_after_its_term(days_later: int, state: str) -> None:
    assert one(USE, days_later=days_later).state == state
    assert one(USE, looked(REVIEWERS[0], "a"), days_later=days_later).state == state
    assert one(USE, *both(justified=True), days_later=days_later).state == "reviewed"
    assert one(USE, retracted("use"), days_later=days_later).state == "taken-back"


def test_a_use_of_the_last_day_there_is_is_due_on_that_day() -> None:
    [found] = seen([use(used_on=date.max)], "opvang", (), date.max, 3)
    assert (found.due_on, found.state) == (date.max, "open")
    [found] = seen([use(used_on=date.max - timedelta(days=3))], "opvang", (), date.max, 3)
    assert found.due_on == date.max
    [found] = seen([use(used_on=date.min)], "opvang", (), DAY, 3)
    assert found.due_on == date(1, 1, 4)


def both(*, justified: bool) -> tuple[Fact, Fact]:
    return looked(REVIEWERS[0], "a", justified=justified), looked(REVIEWERS[1], "b", justified=justified)


@given(st.lists(LOOKS, max_size=4), st.integers(0, 9))
def test_overdue_is_only_while_fewer_than_two_others_looked(looks: list[tuple[str, bool]], days_later: int) -> None:
    facts = [looked(by, str(n), justified=justified) for n, (by, justified) in enumerate(looks)]
    others = {by for by, _ in looks} - {OFFICER}
    found = one(USE, *facts, days_later=days_later)
    assert (found.state == "overdue") == (len(others) < 2 and days_later > 3)
    assert (found.reviewers, found.finding is None) == (len(others), len(others) < 2)


def test_placements_are_listed_until_the_use_opens_nothing_more() -> None:
    assert one(USE).placements == ("p",)
    assert one(USE, *both(justified=False)).placements == ()
    assert one(USE, retracted("use")).placements == ()


def test_the_alarm_counts_what_is_late_and_names_the_oldest() -> None:
    facts = (USE, use("z", used_on=DAY - timedelta(days=9)), use("y", used_on=DAY + timedelta(days=9)))
    found = oldest_first(seen(facts, "opvang", (), DAY + timedelta(days=9), 3))
    assert [(s.id, s.state) for s in found] == [("z", "overdue"), ("use", "overdue"), ("y", "open")]
    told = alarm(found, 3, is_open=True)
    assert (told.open, told.overdue, told.oldest_due_on) == (1, 2, DAY - timedelta(days=6))
    assert alarm((), 3, is_open=True).oldest_due_on is None


@pytest.mark.parametrize(("language", "said"), [("nl", "TE LAAT beoordeeld"), ("en", "review OVERDUE")])
def test_the_list_says_which_is_late_and_that_the_term_is_an_open_setting(language: str, said: str) -> None:
    console = Console(width=160, file=io.StringIO())
    with console.capture() as captured:
        commands.print_uses(console, [one(USE, days_later=9)], numbers()["emergency-review-days"], language)
    text = captured.get()
    assert said in text
    assert "emergency-review-term" in text
    assert "2020-05-07" in text
    with console.capture() as captured:
        commands.print_uses(console, [], numbers()["emergency-review-days"], language)
    assert ("Geen gebruik" if language == "nl" else "No use") in captured.get()


def rows() -> list[dict[str, Any]]:
    return [{"id": n.id, "value": n.value, "status": n.status, "question": n.question, "nl": n.nl, "en": n.en} for n in numbers().values()]  # fmt: skip


def test_every_number_that_no_source_gives_is_open_and_asked() -> None:
    assert {name: (n.status, n.question) for name, n in numbers().items()} == {
        "emergency-review-days": ("open", "emergency-review-term"),
        "smallest-count": ("open", "small-cells"),
    }


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"value": 0}, "greater than or equal to 1"),
        ({"value": True}, "valid integer"),
        ({"question": None}, "open, but names no question"),
        ({"question": "nobody-asks"}, "unknown question nobody-asks"),
        ({"id": "days"}, "emergency-review-days"),
        ({"id": "smallest-count"}, "is there twice"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_number_that_is_wrong_is_refused(changed: dict[str, Any], why: str) -> None:
    broken = [rows()[0] | changed, *rows()[1:]]
    with pytest.raises(ValueError, match=why):
        read_numbers(Document("settings.yaml", broken), frozenset({"emergency-review-term", "small-cells"}))


def test_a_number_that_is_missing_is_refused_with_its_file(tmp_path: Any) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(rows()[:1]), "utf-8")
    with pytest.raises(ConfigurationError, match="settings.yaml:1: smallest-count is missing"):
        numbers(path)


SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def message(fact: Fact, change: int, kind: str = "delivery") -> Record:
    event = logged(replace(fact, time=NOON), "opvang")
    decision = Decision("fg", "GEGEVENSBESCHERMING", "delivered", ("neutral",), "fg-noodtoegang/1", ("legal-task",))
    said = view_message(event, decision, decision.mask, tokens(TOPIC), kind, change, TRACE)
    headers = envelope.sign(said.headers, said.key, said.value or b"", SIGNING)
    return Record(TOPIC, 0, change, 0, said.key, said.value, headers)


@given(st.randoms(use_true_random=False))
def test_the_officers_view_folds_to_the_same_in_any_order_and_any_number_of_times(rng: random.Random) -> None:
    told = [
        message(USE, 1), message(use("gone", used_on=DAY), 1), message(use("gone", used_on=DAY), 2, "recall"),
        message(looked(REVIEWERS[0], "a"), 1), message(looked(REVIEWERS[1], "b"), 1),
        message(looked(REVIEWERS[1], "b"), 2, "recall"), message(looked(REVIEWERS[1], "b"), 3, "release"),
    ]  # fmt: skip
    [found] = folded(rng.sample(told * 2, k=14), SIGNING.public_key(), DAY, 3)
    assert (found.finding, found.reviewers, found.publisher_kind, found.placements) == ("unjustified", 2, "", ())
    assert found.id != "use"


def test_a_message_that_disclose_did_not_sign_is_no_word_to_the_officer() -> None:
    forged = replace(message(USE, 1), key=b"somebody-else")
    with pytest.raises(CorruptLogError, match="bad-signature"):
        folded([forged], SIGNING.public_key(), DAY, 3)
