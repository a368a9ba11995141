"""A register that is wrong is refused at the start, with file, line and reason; each refusal by the text that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent.citations import Citation, citation, on_line
from consent.documents import document
from ketenbus.errors import ConfigurationError
from services.cli.variants import RULES as LEFT_OUT
from services.cli.variants import write
from streams.runtime.settings import LAW, load_register

ACTIVITIES = LAW["activities.yaml"].read_text("utf-8")
RULES = LAW["rules.yaml"].read_text("utf-8")

#: A second version of the first activity, from the day the first would have to end.
VERSION_2 = """
- id: registratie-opsporing
  version: 2
  controller: comensha
  recipient: comensha
  purpose: REGISTRATIE
  types: [victim-reported]
  publishers: [politie, kmar, nla-opsporing]
  consent: none
  mask: [neutral, quasi, identity, special]
  recalls: true
  ground: {nl: een latere wet, en: a later law}
  articles: [bpg]
  sources: ["slachtoffermonitor-part1:246 P1. Duty to report"]
  retention: open
  status: inferred
  valid_from: 2021-01-01
  why: {nl: omdat, en: because}
"""
FIRST_ENDS = ("  valid_from: 2014-01-01\n", "  valid_from: 2014-01-01\n  valid_to: {}\n")


def broken(tmp_path: Path, text: str) -> str:
    """Return what the start says of this register."""
    path = tmp_path / "activities.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_register(path)
    return str(refused.value)


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


#: What is changed in the released register, the words whose line is named, and the reason.
BROKEN = {
    "unknown purpose": ("purpose: HULP", "purpose: HELP", "purpose: HELP", "hulp-bedenktijd/1: unknown purpose HELP"),
    "unknown recipient": ("recipient: om\n", "recipient: cbs\n", "recipient: cbs", "unknown recipient cbs"),
    "unknown controller": ("controller: om\n", "controller: cbs\n", "controller: cbs", "unknown controller cbs"),
    "unknown kind of publisher": ("publishers: [ind]\n", "publishers: [fiod]\n", "publishers: [fiod]",
                                  "unknown kind of publisher fiod"),
    "unknown type": ("types: [B8-granted]", "types: [B9-granted]", "types: [B9-granted]", "unknown type B9-granted"),
    "unknown class": ("mask: [neutral, criminal, narrative]", "mask: [neutral, secret]", "mask: [neutral, secret]",
                      "mask.1: Input should be"),
    "unknown article": ("articles: [bpg, ", "articles: [bpg-2, ", "articles: [bpg-2", "unknown article bpg-2"),
    "unknown question": ("questions: [matching-rule, since-when]", "questions: [why]", "questions: [why]", "unknown question why"),
    "unknown field": ("  recalls: true\n", "  recals: true\n", "recals: true", "recals: Extra inputs are not permitted"),
    "a class twice": ("mask: [neutral-generalised, quasi, special]", "mask: [neutral, quasi, quasi]", "mask: [neutral, quasi, quasi]",
                      "quasi is named twice"),
    "a source without a line": ("- bescherming-2010-2014:276 P3", "- bescherming-2010-2014 P3",
                                "- bescherming-2010-2014 P3", "a source is `handbook:line words that stand there`"),
    "a source in no handbook": ("- bescherming-2010-2014:276 P3", "- somewhere:276 P3", "- somewhere:276 P3",
                                "somewhere is no handbook"),
    "no source": ("  sources:\n  - bescherming-2010-2014:276 P3\n", "  sources: []\n", "sources: []",
                  "inferred, but no source with a line"),
    "no article": ("articles: [richtlijn-2011-36, richtlijn-2004-81]", "articles: []", "articles: []",
                   "inferred, but rests on no article"),
    "an open entry without a question": ("  questions: [permit-to-care, expiry-recalls, years-before-avg]\n", "", "status: open",
                                         "open, but names no question"),
    "retention without a source": ("  retention: open\n", "  retention: {until: {nl: kort, en: short}}\n",
                                   "retention: {until", "source: Field required"),
    "a day that is none": ("valid_from: 2014-01-01", "valid_from: 2014-13-45", "valid_from: 2014-13-45",
                           "2014-13-45 is no value of its kind"),
    "an end before its beginning": ("  valid_from: 2014-01-01\n", "  valid_from: 2014-01-01\n  valid_to: 2013-01-01\n",
                                    "valid_to: 2013-01-01", "ends on 2013-01-01, before it begins"),
    "a key said twice": ("  recalls: true\n", "  recalls: true\n  recalls: false\n", "recalls: false",
                         "recalls is said twice"),
    "no YAML": ("types: [B8-granted]", "types: [B8-granted", "publishers: [ind]", "no YAML"),
    "a type nobody of it publishes": ("types: [B8-granted]", "types: [B8-granted, victim-reported]",
                                      "types: [B8-granted, victim-reported]", "none of its publishers publishes victim-reported"),
    "a publisher of none of its types": ("publishers: [ind]", "publishers: [ind, nidos]", "publishers: [ind, nidos]",
                                         "nidos publishes none of its types"),
    "a mask that leaves out what must travel": ("mask: [neutral]\n", "mask: [quasi]\n", "mask: [quasi]",
                                                "which cannot be left out"),
    "a zone's output back to the zone": ("types: [identity-linked, identity-unlinked]", "types: [identity-linked, registration-ended]",
                                         "types: [identity-linked, registration-ended]", "returns the registration's output"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_register_is_refused_with_file_line_and_reason(tmp_path: Path, name: str) -> None:
    old, new, at, why = BROKEN[name]
    assert old in ACTIVITIES
    text = ACTIVITIES.replace(old, new, 1)
    said = broken(tmp_path, text)
    where = f"activities.yaml:{line_of(text, at)}: "
    assert [line for line in said.splitlines() if line.startswith(where) and why in line], said


@pytest.mark.parametrize(
    ("first_ends", "why"),
    [
        ("2020-12-31", "between 2020-12-31 and 2021-01-01 neither registratie-opsporing/1 nor registratie-opsporing/2"),
        ("2021-01-02", "registratie-opsporing/2 begins while registratie-opsporing/1 is still in force"),
    ],
)
def test_versions_of_one_activity_follow_each_other_without_gap_or_overlap(
    tmp_path: Path, first_ends: str, why: str
) -> None:
    old, new = FIRST_ENDS
    text = ACTIVITIES.replace(old, new.format(first_ends), 1) + VERSION_2
    said = broken(tmp_path, text)
    assert f"activities.yaml:{line_of(text, 'valid_from: 2021-01-01')}: " in said
    assert why in said


def test_versions_that_follow_each_other_to_the_day_stand(tmp_path: Path) -> None:
    old, new = FIRST_ENDS
    path = tmp_path / "activities.yaml"
    path.write_text(ACTIVITIES.replace(old, new.format("2021-01-01"), 1) + VERSION_2, "utf-8")
    assert load_register(path).by_ref("registratie-opsporing/2")


@pytest.mark.parametrize(
    ("version", "why"), [("3", "a version is missing"), ("1", "registratie-opsporing/1 is there twice")]
)
def test_versions_are_numbered_on(tmp_path: Path, version: str, why: str) -> None:
    old, new = FIRST_ENDS
    text = ACTIVITIES.replace(old, new.format("2021-01-01"), 1) + VERSION_2.replace("version: 2", f"version: {version}")
    assert why in broken(tmp_path, text)


@pytest.mark.parametrize(
    ("consent", "why"), [("none", "and say the same twice"), ("required", "and contradict each other")]
)
def test_two_activities_over_one_candidate_are_refused_at_the_line_of_the_second(
    tmp_path: Path, consent: str, why: str
) -> None:
    twin = VERSION_2.replace("id: registratie-opsporing", "id: twin").replace("consent: none", f"consent: {consent}")
    text = ACTIVITIES + twin
    said = broken(tmp_path, text)
    line = line_of(text, "id: twin") + 5
    assert f"activities.yaml:{line}: registratie-opsporing/1 and twin/2 both rule comensha REGISTRATIE" in said
    assert why in said


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = ACTIVITIES.replace("purpose: HULP", "purpose: HELP").replace("  version: 1\n", "", 1)
    said = broken(tmp_path, text)
    assert "version: Field required" in said
    text = ACTIVITIES.replace("purpose: HULP", "purpose: HELP")
    assert broken(tmp_path, text).count("unknown purpose HELP") == ACTIVITIES.count("purpose: HULP") == 2


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (RULES + "withhold_at_night: true\n", 5, "withhold_at_night: Extra inputs are not permitted"),
        (RULES.replace("withhold_retracted: true\n", ""), 2, "withhold_retracted: Field required"),
        (RULES.replace("withhold_retracted: true", "withhold_retracted: perhaps"), 3, "withhold_retracted: "),
    ],
)
def test_a_rule_over_all_activities_that_the_engine_does_not_know_is_refused(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=f"rules.yaml:{line}: {why}"):
        load_register(rules=path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: &a [*a]\n", "- {a: 1}\n---\n- {b: 1}\n", "\x00"])
def test_what_is_no_single_document_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^broken\.yaml"):
        document("broken.yaml", text)


def test_a_place_is_the_line_of_the_nearest_thing_that_stands_there() -> None:
    found = document("one.yaml", "- a: 1\n  b:\n  - x\n  - y\n")
    places = {(): 1, (0,): 1, (0, "a"): 1, (0, "b"): 2, (0, "b", 1): 4, (0, "c"): 1, (0, "b", 9, "z"): 2}
    assert {path: found.place(path) for path in places} == {p: f"one.yaml:{n}" for p, n in places.items()}


def test_a_citation_reads_back_and_is_found_on_its_line_whatever_the_emphasis() -> None:
    said = "programma-en-opvang:267 P-01. Consent for named registration (003:1308-1312)"
    assert str(citation(said)) == said
    assert citation(said) == Citation(
        "programma-en-opvang", 267, "P-01. Consent for named registration (003:1308-1312)"
    )
    assert on_line("**P-01. Consent for named registration** (003:1308-1312)", citation(said).says)
    assert not on_line("**P-02.**", citation(said).says)


@pytest.mark.parametrize("said", ["", "programma-en-opvang", "programma-en-opvang:0 P-01", "programma-en-opvang:267"])
def test_a_citation_without_line_or_words_is_none(said: str) -> None:
    with pytest.raises(ValueError, match="handbook:line"):
        citation(said)


@pytest.mark.parametrize("rule", LEFT_OUT)
def test_the_law_with_a_rule_left_out_is_still_a_register(tmp_path: Path, rule: str) -> None:
    law = write(rule, tmp_path)
    left = load_register(law / "activities.yaml", law / "rules.yaml")
    assert len(left.activities) == len(load_register().activities)


def test_the_guide_shows_a_register_being_refused_as_it_is(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "register.md").read_text("utf-8")
    said = broken(tmp_path, ACTIVITIES.replace("purpose: HULP", "purpose: HELP", 1))
    assert f"```text\nketenbus: {said}\n```" in guide
