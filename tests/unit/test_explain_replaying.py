"""Every decision on record gives the same answer again on what the log held then, and one that was altered does not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from consent.activities import fingerprint
from consent.grounds import decided
from consent.known import Fact
from consent.policy import Decision
from ketenbus.errors import ConfigurationError
from services.cli.app import app
from services.cli.explain import write
from services.explain import printing
from services.explain.answers import Answer, Explained
from services.explain.choosing import Way, varied
from services.explain.replaying import Logged, Recorded, Standing, answer
from streams.runtime.records import position
from tests.consent_facts import case, given, quarantined, refused, reported, the_register, withdrawn
from tests.consent_facts import facts as drawn_facts

NOW = datetime(2021, 1, 1, tzinfo=UTC)
REPORT = reported("case")
LAW = fingerprint(the_register())
LATE = [REPORT, given("grant"), withdrawn("grant"), given("again")]


def decision_after(known: Sequence[Fact]) -> Decision:
    found = decided(the_register(), case(), known, "comensha", "REGISTRATIE")
    assert found is not None
    return found


def recorded(*decisions: tuple[int, Decision]) -> tuple[Recorded, ...]:
    """Decisions, each with how many facts the log held then: fact number n lies at offset n."""
    return tuple(
        Recorded(number, NOW, decision, None, number, f"ketenlog/0/{known}", LAW)
        for number, (known, decision) in enumerate(decisions, start=1)
    )


def history(facts: Sequence[Fact], batches: Sequence[int]) -> tuple[Recorded, ...]:
    """What disclose keeps when it hears the facts in batches that end at these places: each change of the answer."""
    kept: list[tuple[int, Decision]] = []
    for end in batches:
        now = decision_after(facts[:end])
        if not kept or kept[-1][1] != now:
            kept.append((end, now))
    return recorded(*kept)


def answered(facts: Sequence[Fact], told: Sequence[Recorded]) -> Answer:
    return again(facts, Standing(told[-1].decision, False, told))


def again(facts: Sequence[Fact], standing: Standing) -> Answer:
    logged = [Logged((0, number), fact) for number, fact in enumerate(facts, start=1)]
    return answer({LAW: the_register()}, LAW, case(), logged, standing)


def test_each_decision_is_taken_again_on_what_the_log_held_then() -> None:
    told = answered(LATE, history(LATE, (1, 2, 3, 4)))
    assert [one.known for one in told.history] == [1, 2, 3, 4]
    assert [one.reasons for one in told.history] == [
        ("no-consent",),
        ("consent",),
        ("consent-withdrawn",),
        ("consent",),
    ]
    assert [one.explanation.facts if one.explanation else None for one in told.history] == [
        (), ("grant",), ("grant", "withdrawal"), ("again",),
    ]  # fmt: skip
    assert told.replays


def test_facts_that_came_in_one_batch_leave_one_decision() -> None:
    told = answered(LATE, history(LATE, (1, 4)))
    assert [one.reasons for one in told.history] == [("no-consent",), ("consent",)]
    assert told.replays


@pytest.mark.parametrize(
    "altered",
    [
        {"outcome": "delivered"},
        {"reasons": ("consent-refused",)},
        {"activity": "registratie-opsporing/1"},
        {"mask": ("neutral",)},
    ],
    ids=str,
)
def test_a_decision_that_was_altered_does_not_give_the_same_answer(altered: dict[str, object]) -> None:
    first, *rest = history(LATE, (1, 2, 3, 4))
    changed = replace(first, decision=replace(first.decision, **altered))
    told = answered(LATE, (changed, *rest))
    assert [one.replays for one in told.history] == [False, True, True, True]
    assert told.history[0].explanation is None
    assert not told.replays


def test_a_decision_moved_to_another_place_of_the_log_does_not_give_the_same_answer() -> None:
    refusal = [REPORT, refused(), given("grant", refused().time.replace(year=2021))]
    first, second, third = history(refusal, (1, 2, 3))
    told = answered(refusal, (first, replace(second, known_to=third.known_to), third))
    assert [one.replays for one in told.history] == [True, False, True]


def test_a_decision_under_a_register_that_nobody_has_does_not_replay() -> None:
    first, *rest = history(LATE, (1, 2, 3, 4))
    told = answered(LATE, (replace(first, register="0" * 64), *rest))
    assert [one.replays for one in told.history] == [False, True, True, True]


def test_what_stands_must_be_what_the_last_decision_said_and_what_would_be_decided_now() -> None:
    told = history(LATE, (1, 2))
    assert not answered(LATE[:3], told).in_force
    other = Standing(told[0].decision, False, told)
    assert not again(LATE[:2], other).in_force


def test_an_event_that_the_log_does_not_hold_of_the_subject_gives_nothing_again() -> None:
    told = answered([given("grant")], recorded((1, decision_after([given("grant")]))))
    assert [one.replays for one in told.history] == [False]


@settings(max_examples=100, deadline=None)
@drawn(st.lists(drawn_facts(), max_size=6), st.data())
def test_whatever_the_history_and_the_batches_everything_replays(known: list[Fact], data: st.DataObject) -> None:
    facts = [REPORT, *{fact.ref: fact for fact in known}.values()]
    ends = sorted(data.draw(st.sets(st.integers(1, len(facts))))) or [1]
    told = answered(facts, history(facts, [*ends, len(facts)]))
    assert told.replays


def test_a_fingerprint_is_of_what_the_register_says_and_of_nothing_else() -> None:
    law = the_register()
    assert fingerprint(law) == LAW
    changed = replace(law, rules=law.rules.model_copy(update={"withhold_retracted": False}))
    assert fingerprint(changed) != LAW
    assert fingerprint(replace(law, activities=law.activities[1:])) != LAW


def test_a_log_record_is_placed_by_partition_and_offset() -> None:
    assert sorted(["ketenlog/2/10", "ketenlog/2/9", "ketenlog/1/11"], key=position) == [
        "ketenlog/1/11", "ketenlog/2/9", "ketenlog/2/10",
    ]  # fmt: skip


def explained(*answers: Answer) -> Explained:
    return Explained("event-7", "victim-reported", "zorgcoordinator", answers, (("ind", "UITVOERING"),))


def test_what_is_printed_names_every_decision_and_whether_it_holds() -> None:
    said = "\n".join(printing.lines(explained(answered(LATE, history(LATE, (1, 2, 3, 4)))), "en"))
    assert "Decisions taken: 4; taken again with the same answer: 4." in said
    assert "Decision 3" in said
    assert "rests on grant, withdrawal; decided again on 3 of 4 facts: the same." in said
    assert (
        "Nobody else: the register does not name this type of event for IND (execution of the residence scheme)."
        in said
    )
    first, *rest = history(LATE, (1, 2))
    broken = replace(first, decision=replace(first.decision, reasons=("consent-refused",)))
    said = "\n".join(printing.lines(explained(answered(LATE[:2], (broken, *rest))), "nl"))
    assert "GEEFT OPNIEUW EEN ANDERE UITKOMST" in said
    assert "Beslissingen genomen: 2; opnieuw genomen met dezelfde uitkomst: 1." in said


def test_what_stands_against_the_rules_is_said_so() -> None:
    said = "\n".join(printing.lines(explained(answered(LATE[:3], history(LATE, (1, 2)))), "en"))
    assert "NOTE: what stands is not what the rules would decide now." in said


def test_only_the_recipient_asked_for_is_told() -> None:
    told = explained(answered([REPORT, quarantined("q")], history([REPORT, quarantined("q")], (1, 2))))
    assert "CoMensha" not in "\n".join(printing.lines(told.to("ind"), "en"))
    assert "IND" not in "\n".join(printing.lines(told.to("comensha"), "en"))


def test_examples_go_between_the_marks_of_a_page_and_hold_no_time_of_a_run(tmp_path: Path) -> None:
    told = explained(answered(LATE, history(LATE, (1, 2))))
    examples = printing.markdown([told, told], "nl")
    assert "### 2. De melding van een mogelijk slachtoffer" in examples
    assert str(NOW.year) not in examples
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n{printing.BEGIN}\nold\n{printing.END}\nAfter\n", "utf-8")
    for _ in range(2):
        write(page, examples)
        said = page.read_text("utf-8")
        assert said.startswith("# Before\n")
        assert said.endswith("\nAfter\n")
        assert "old" not in said
        assert said.count("### 1.") == 1
    page.write_text(f"{printing.END} {printing.BEGIN}", "utf-8")
    for path in (page, tmp_path / "absent.md"):
        with pytest.raises(ConfigurationError, match="no place for examples"):
            write(path, examples)


def test_examples_are_chosen_to_show_most_and_never_the_same_twice() -> None:
    def way(id: str, *marks: str) -> Way:
        return Way(id, "oin", len(marks), frozenset(marks))

    ways = [way("a", "x"), way("b", "x", "y"), way("c", "x", "y"), way("d", "z"), way("e", "x", "y", "w")]
    assert [one.id for one in varied(ways, 2)] == ["e", "d"]
    assert {one.id for one in varied(ways, 9)} == set("abcde")
    assert varied([], 3) == []


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_a_what_if_is_decided_without_a_platform() -> None:
    code, said = run("decide", "--type", "placement-moved", "--publisher", "opvang", "--safety", "--lang", "en")
    assert code == 0
    assert "Shelters get a move within shelter." in said
    assert "(mask neutral+quasi)" in said
    code, said = run(
        "decide", "--type", "victim-reported", "--publisher", "fairwork", "--consent", "consent", "--taken-back"
    )
    assert (code, "teruggenomen" in said) == (0, True)
    code, said = run("decide", "--type", "victim-reported", "--publisher", "politie", "--on", "2013-12-31")
    assert (code, "op 2013-12-31 geen verwerking" in said) == (0, True)
    assert run("decide", "--type", "victim-reported", "--publisher", "politie", "--recipient", "om", "--lang", "en")[
        1
    ].startswith("Nobody:")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("decide", "--type", "nothing", "--publisher", "politie"), "unknown type nothing"),
        (("decide", "--type", "seponeerd", "--publisher", "nobody"), "unknown publisher-kind nobody"),
        (("decide", "--type", "seponeerd", "--publisher", "politie"), "politie may not publish seponeerd: om"),
        (("decide", "--type", "seponeerd", "--publisher", "om", "--recipient", "cbs"), "unknown recipient cbs"),
        (("decide", "--type", "seponeerd", "--publisher", "om", "--refused", "neutral"), "unknown field-class neutral"),
        (("explain",), "name one event, or ask for --examples N"),
        (("explain", "event-7", "--examples", "3"), "name one event, or ask for --examples N"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_what_can(words: tuple[str, ...], why: str) -> None:
    code, said = run(*words)
    assert (code, why in said) == (2, True), said


def test_an_answer_is_plain_data() -> None:
    told = explained(answered(LATE, history(LATE, (1, 2))))
    assert json.loads(json.dumps(asdict(told), default=str))["answers"][0]["history"][1]["known"] == 2


def test_the_guide_shows_what_decide_says() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "explain.md").read_text("utf-8")
    shown = re.findall(r"```sh\n\./ketenbus (decide [^\n]*)\n```\n\n```text\n(.*?)```", guide, re.DOTALL)
    assert len(shown) == 3
    for command, said in shown:
        assert run(*command.split())[1] == said
