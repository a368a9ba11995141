"""Every rule of the handbooks is held by something, every test it cites is there, and every line it cites says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consent.activities import Register
from consent.citations import Citation
from consent.coverage import Coverage, coverage
from consent.documents import Document, document
from consent.rulebook import Rulebook, read_rulebook
from consent.wording import TYPES
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.cli.app import app
from services.register import lines, page, reading, telling
from streams.runtime.settings import LAW, REGISTER
from tests.consent_facts import the_register

ROOT = Path(__file__).parents[2]
#: The domain handbooks, where they lie beside the clone; they are not part of the project.
HANDBOOKS = ROOT.parent / "shared" / "domain"
STATEMENTS = sorted((REGISTER / "statements").glob("*.yaml"))


@cache
def project() -> tuple[Register, Rulebook]:
    return reading.read()


@cache
def covered() -> Coverage:
    return coverage(*project())


def functions_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name


def test_every_statement_is_held_by_something() -> None:
    assert len(covered().rows) > 200
    for row in covered().rows:
        holds = (*row.activities, *row.safeguards, *row.questions)
        assert bool(holds) != (row.statement.outside is not None), row.statement.key
        assert row.tests or row.questions or row.statement.outside, row.statement.key


def test_every_test_that_is_cited_is_there() -> None:
    files: dict[str, set[str]] = {}
    for test in covered().tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert name in files.setdefault(file, set(functions_of(ROOT / file))), test


def test_every_statement_of_a_handbook_is_there_once_under_its_own_id() -> None:
    by_file: dict[str, set[str]] = {}
    for row in covered().rows:
        by_file.setdefault(row.statement.source.file, set()).add(row.statement.id)
    assert {f"P-{n:02d}" for n in range(1, 68)} <= by_file["programma-en-opvang"]
    assert {f"R35-{n}" for n in range(1, 10)} <= by_file["programma-en-opvang"]
    assert {f"Q-{n}" for n in range(1, 15)} <= by_file["programma-en-opvang"]
    assert {f"P{n}" for n in range(1, 29)} | {f"Q{n}" for n in range(1, 7)} <= by_file["slachtoffermonitor-part1"]
    assert {f"P-{n:02d}" for n in range(1, 29)} <= by_file["slachtoffermonitor-part2"]
    assert {f"P{n}" for n in range(1, 20)} <= by_file["bescherming-2010-2014"]


def test_a_citation_of_a_numbered_item_names_it() -> None:
    for row in covered().rows:
        s = row.statement
        if s.id.startswith(("P", "Q")) and "." not in s.id:
            assert s.source.says.partition(" ")[0].rstrip(".") == s.id, s.key


def test_what_the_sources_leave_open_names_a_question_that_someone_could_answer() -> None:
    for row in covered().rows:
        assert row.statement.status != "open" or row.questions, row.statement.key
    for question in covered().questions:
        assert len({question.who.nl, question.who.en, question.meanwhile.nl, question.meanwhile.en}) >= 2, question.id


def test_every_type_is_ruled_by_an_activity_or_kept_from_everybody_by_a_question() -> None:
    assert covered().types.keys() == contract().types.keys()
    assert [name for name, ruled in covered().types.items() if not ruled] == []


def test_the_pinned_lines_are_exactly_what_is_cited() -> None:
    cited = [(c.file, c.line, c.says) for c in lines.cited(*project())]
    assert [(row.file, row.line, row.says) for row in lines.pinned()] == cited
    assert all(len(row.sha256) == 16 for row in lines.pinned())


if HANDBOOKS.is_dir():  # without them there is nothing to compare: the pinned lines were, when they were pinned

    def test_every_cited_line_of_the_handbooks_says_what_is_cited() -> None:
        assert lines.read(lines.cited(*project()), HANDBOOKS) == lines.pinned()


@pytest.fixture
def handbooks(tmp_path: Path) -> Path:
    (tmp_path / "programma-en-opvang.md").write_text("# Title\n**P-01. Consent** (003:1)\n", "utf-8")
    return tmp_path


def test_a_line_is_pinned_by_its_text(handbooks: Path) -> None:
    [row] = lines.read([Citation("programma-en-opvang", 2, "P-01. Consent (003:1)")], handbooks)
    (handbooks / "programma-en-opvang.md").write_text("# Title\n**P-01. Consent** (003:1) and more\n", "utf-8")
    [other] = lines.read([Citation("programma-en-opvang", 2, "P-01. Consent (003:1)")], handbooks)
    assert row.sha256 != other.sha256
    assert len(list(lines.differences([row], [other]))) == 2
    assert list(lines.differences([row], [row])) == []


@pytest.mark.parametrize(
    ("citation", "why"),
    [
        (Citation("programma-en-opvang", 1, "P-01"), "programma-en-opvang:1 does not say: P-01"),
        (Citation("programma-en-opvang", 9, "P-01"), "programma-en-opvang has no line 9"),
        (Citation("bescherming-2010-2014", 1, "P1"), r"no bescherming-2010-2014\.md"),
    ],
)
def test_a_citation_that_its_line_does_not_bear_out_is_named(handbooks: Path, citation: Citation, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        lines.read([citation], handbooks)


#: What is changed in which list, and the fault that is named.
BROKEN = {
    "a statement held by nothing": ("statements", "  safeguards: [one-report-routed]\n", "", "is held by nothing"),
    "a safeguard that is not there": ("statements", "safeguards: [three-services-offer]", "safeguards: [four]", "safeguards has no four"),
    "an article that is not there": ("statements", "articles: [warschau-13]", "articles: [warschau-14]", "articles has no warschau-14"),
    "an activity that is not there": ("statements", "activities: [uitvoering-aangifte]", "activities: [x]", "activities has no x"),
    "a question that is not there": ("statements", "questions: [expert-opinion]", "questions: [x]", "questions has no x"),
    "held, and yet asking nothing": ("statements", "  safeguards: [three-services-offer]\n",
                                     "  safeguards: [three-services-offer]\n  outside: fact\n", "asks nothing, and yet something holds it"),
    "open without a question": ("statements", "  status: confirmed\n", "  status: open\n", "open, but names no question"),
    "an id twice": ("statements", "- id: P2\n", "- id: P1\n", "P1 is there twice"),
    "a source without a line": ("statements", '"bescherming-2010-2014:275 ', '"bescherming-2010-2014 ', "a source is `handbook:line"),
    "an unknown law": ("articles", "law: EVRM", "law: EVR", "law: Input should be"),
    "an article from nowhere": ("articles", ", published: Verordening (EU) 2016/679", "", "neither a source with a line nor a published law"),
    "an article nothing rests on": ("articles", "id: evrm-8,", "id: evrm-9,", "evrm-9: nothing rests on it"),
    "a safeguard without a test": ("safeguards", '  tests: ["tests/unit/test_consent_precedence.py::test_consent_that_is_implied_or_bundled_is_none"]\n',
                                   "  tests: []\n", "tests: Tuple should have at least 1 item"),
    "a kind of safeguard there is not": ("safeguards", "kind: form", "kind: forum", "kind: Input should be"),
    "a question nobody could answer": ("questions", "  who: {nl: De VNG, en: The association of municipalities}\n", "", "who: Field required"),
    "a question about a type that has recipients": ("questions", "types: [victim-out-of-sight]", "types: [victim-reported]",
                                                    "victim-reported goes to nobody, says the question"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_rulebook_that_does_not_hold_is_refused_with_file_line_and_reason(name: str) -> None:
    where, old, new, why = BROKEN[name]
    documents: dict[str, Document] = {}
    for one in ("articles", "questions", "safeguards"):
        documents[one] = document(f"{one}.yaml", (REGISTER / f"{one}.yaml").read_text("utf-8"))
    statements = [document(path.name, path.read_text("utf-8")) for path in STATEMENTS]
    text = (STATEMENTS[0] if where == "statements" else REGISTER / f"{where}.yaml").read_text("utf-8")
    assert old in text
    changed = document(f"{where}.yaml", text.replace(old, new, 1))
    if where == "statements":
        statements[0] = changed
    else:
        documents[where] = changed
    with pytest.raises(ValueError, match=rf"(?m)^{where}\.yaml:[0-9]+: .*{why}"):
        read_rulebook(documents["articles"], documents["questions"], documents["safeguards"], statements, project()[0])


def test_an_activity_that_no_statement_asks_for_is_named() -> None:
    register, _ = project()
    lonely = replace(
        register,
        activities=(*register.activities, register.activities[-1].model_copy(update={"id": "x", "questions": ()})),
    )
    lists = [
        document(f"{one}.yaml", (REGISTER / f"{one}.yaml").read_text("utf-8"))
        for one in ("articles", "questions", "safeguards")
    ]
    statements = [document(path.name, path.read_text("utf-8")) for path in STATEMENTS]
    with pytest.raises(ValueError, match="activity x: no statement of a handbook asks for it"):
        read_rulebook(lists[0], lists[1], lists[2], statements, lonely)


#: What a handbook marks as its own (`[I]`, `[D]`, `System:`, behind an arrow, "inference"), or calls to be confirmed by a lawyer.
OF_THE_HANDBOOK = {
    "programma-en-opvang": "P-03 P-08 P-09 P-10 P-12 P-14 P-17 P-19 P-20 P-21 P-25 P-47 P-51 P-55 P-56 P-57 P-59 P-62 P-63 "
    "P-49b.1 P-49b.3 P-49b.4 P-49b.5 P-49b.6 R35-1 R35-2 R35-3 R35-4 R35-5 R35-6 R35-7 R35-8 R35-9",
    "slachtoffermonitor-part1": "P10 P19 P24 P26",
    "slachtoffermonitor-part2": "P-03 P-04 P-10 P-25 P-27 P-28",
    "bescherming-2010-2014": "P6 P7 P12 TABLES-1 GUARD-7",
}


def test_what_a_handbook_adds_to_its_source_is_not_told_as_what_the_source_says() -> None:
    status = {row.statement.key: row.statement.status for row in covered().rows}
    told = {f"{handbook} {id}" for handbook, ids in OF_THE_HANDBOOK.items() for id in ids.split()}
    assert {key for key in told if status[key] != "inferred"} == set()


def test_the_safety_exception_rests_on_no_article_for_its_source_names_none() -> None:
    [said] = [row.statement for row in covered().rows if row.statement.key == "programma-en-opvang P-07"]
    assert said.articles == ()
    assert "safety-article" in said.questions
    for ref in ("plaatsing-comensha/1", "plaatsing-opvang/1"):
        activity = the_register().by_ref(ref)
        assert "safety-article" in activity.questions
        assert "waarvoor geen bron een artikel noemt" in activity.ground.nl


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_the_register_is_checked_and_the_sum_is_said() -> None:
    code, said = run("register", "check")
    assert (code, said.splitlines()) == (0, ["activities 13, views 8: no fault", telling.summary(covered())])
    parts = covered().counts
    assert sum(parts.values()) == len(covered().rows)


def test_a_register_to_check_is_refused_by_file_and_line(tmp_path: Path) -> None:
    bad = tmp_path / "draft.yaml"
    bad.write_text(LAW["activities.yaml"].read_text("utf-8").replace("purpose: HULP", "purpose: HELP", 1), "utf-8")
    code, said = run("register", "check", str(bad))
    assert code == 2
    assert "draft.yaml:" in said
    assert "unknown purpose HELP" in said


def test_the_coverage_names_rule_article_line_activity_test_and_who_could_answer() -> None:
    said = run("register", "coverage", "--lang", "en")[1]
    for part in (
        "programma-en-opvang P-07  [confirmed]",
        "programma-en-opvang:303 P-07. Safety exception",
        "article: avg-6-1-a",
        "plaatsing-comensha/1",
        "test: tests/property/test_consent_laws.py::test_a_safety_ground_changes_nothing_but_placement",
        "open question: register-after-safety",
        "could answer: CoMensha and the police; meanwhile: One officer records the ground",
        "goes to nobody: victim-out-of-sight",
    ):
        assert part in said, part
    assert "P-45" not in run("register", "coverage", "--open", "--lang", "en")[1]
    assert '"urn:nl:mensenhandel:verwerking:plaatsing-comensha:1"' in run("register", "coverage", "--json")[1]


def test_the_page_holds_every_activity_rule_question_and_article_in_both_languages(tmp_path: Path) -> None:
    register, rulebook = project()
    html = page.write(tmp_path, register.activities, rulebook, covered()).read_text("utf-8")
    assert html == page.page(register.activities, rulebook, covered())
    for a in register.activities:
        assert f"<code>{a.uri}</code>" in html
    for question in rulebook.questions.values():
        assert f'id="question-{question.id}"' in html
    assert html.count("<tr><td><b>") == len(covered().rows)
    assert all(f"<code>{name}</code>" in html for name in TYPES)
    for anchor in {part.partition('"')[0] for part in html.split('href="#')[1:]}:
        assert f'id="{anchor}"' in html, anchor
    assert "http" not in html.replace("http-equiv", "")


def test_a_page_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    register, rulebook = project()
    (tmp_path / "register").mkdir()
    (tmp_path / "register" / "index.html").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="is not this page"):
        page.write(tmp_path, register.activities, rulebook, covered())


def test_the_guide_says_the_sum_that_is_there() -> None:
    assert telling.summary(covered()) in (ROOT / "docs" / "register.md").read_text("utf-8")
