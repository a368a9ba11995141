"""The contract's pages: every type, field, code and activity is on one, links lead somewhere, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from consent.activities import view_topic
from consent.masks import share_of
from ketenbus.contract import Field, contract
from ketenbus.errors import ConfigurationError
from ketenbus.preparing import authority_broken
from ketenbus.rules import broken
from schemas import load
from services.contract_pages import pages
from services.contract_pages.example import DAY, example, publisher_of
from services.contract_pages.words import CLASSES, GROUPS, KEYS, NEEDS, STATUSES
from tests.consent_facts import the_register

TYPES = sorted(contract().types)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = pages.write(tmp_path_factory.mktemp("pages"))
    assert index.name == "index.html"
    return index.parent


def test_pages_are_written_anew_but_never_over_anything_else(tmp_path: Path) -> None:
    first = pages.write(tmp_path)
    (first.parent / "no-longer-a-type.html").write_text("old", "utf-8")
    assert pages.write(tmp_path) == first
    assert not (first.parent / "no-longer-a-type.html").exists()
    other = tmp_path / "other"
    (other / "contract").mkdir(parents=True)
    (other / "contract" / "index.html").write_text("a contract of employment", "utf-8")
    with pytest.raises(ConfigurationError, match="other things"):
        pages.write(other)
    assert (other / "contract" / "index.html").read_text("utf-8") == "a contract of employment"


class Page(HTMLParser):
    """What links a page has, what it can be linked at, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.ids += [said["id"]] if "id" in said else []
        self.links += [said["href"]] if tag == "a" else []
        self.fetched += [tag] if tag in {"script", "link", "img", "iframe"} else []
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def page(folder: Path, name: str) -> str:
    return (folder / f"{name}.html").read_text("utf-8")


def every(fields: tuple[Field, ...], inside: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield inside + field.name, field
        yield from every(field.items, f"{inside}{field.name}.")


def test_there_is_a_page_of_every_type_and_no_other(folder: Path) -> None:
    assert sorted(path.stem for path in folder.glob("*")) == sorted([*TYPES, "index"])
    index = page(folder, "index")
    for name, declared in contract().types.items():
        assert f'href="{name}.html"' in index
        assert declared.schema["doc"] in unescape(index)


@pytest.mark.parametrize("name", TYPES)
def test_a_page_has_every_field_with_its_meaning_and_class(folder: Path, name: str) -> None:
    text, declared = page(folder, name), contract().types[name]
    for path, field in every(declared.fields):
        (row,) = re.findall(f'<tr id="field-{re.escape(path)}">.*?</tr>', text)
        assert f'class="class {field.field_class}"' in row
        assert (">ja<" in row) is field.required
        assert field.codelist is None or f'href="#list-{field.codelist}"' in row
    docs = [avro["doc"] for avro in declared.schema["fields"]]
    assert all(doc in unescape(text) for doc in docs)


@pytest.mark.parametrize("name", TYPES)
def test_a_page_has_every_code_of_the_lists_it_uses(folder: Path, name: str) -> None:
    text = page(folder, name)
    used = {field.codelist for _, field in every(contract().types[name].fields) if field.codelist}
    assert set(re.findall('id="list-([a-z-]+)"', text)) == used
    for listed in used:
        (section,) = re.findall(f'<section id="list-{listed}">.*?</section>', text, re.DOTALL)
        for code in contract().codelists[listed].codes.values():
            assert f"<td><code>{code.code}</code></td>" in section
            assert {code.nl, code.en} <= set(map(unescape, re.findall("<td>([^<]*)</td>", section)))


def test_every_code_list_is_on_some_page(folder: Path) -> None:
    shown = {found for name in TYPES for found in re.findall('id="list-([a-z-]+)"', page(folder, name))}
    on_types = {field.codelist for t in contract().types.values() for _, field in every(t.fields) if field.codelist}
    assert shown == on_types
    # Lists no field uses name what the register and the partners are; the pages use their words.
    assert set(contract().codelists) - shown <= {"purpose", "recipient", "publisher-kind", "report-field"}


@pytest.mark.parametrize("name", TYPES)
def test_a_page_tells_who_gets_it_on_which_ground_and_masked_how(folder: Path, name: str) -> None:
    text = unescape(page(folder, name))
    activities = the_register().by_type.get(name, ())
    for activity in activities:
        (row,) = re.findall(f'<tr id="activity-{activity.id}">.*?</tr>', text, re.DOTALL)
        for said in (activity.article, activity.source, activity.ref, activity.why.nl, activity.why.en,
                     view_topic(activity.recipient, activity.purpose), ", ".join(activity.publishers)):  # fmt: skip
            assert said in row
    fields = contract().types[name].fields
    shares = [(field, share_of(activity.mask, field)) for field in fields for activity in activities]
    left_out = sum(share == "left-out" for _, share in shares)
    general = sum(share == "generalised" for _, share in shares)
    own = sum(f.role in {"subject", "other-subject", "link"} and share == "exact" for f, share in shares)
    sealed = sum(f.kind == "sealed" and share == "exact" for f, share in shares)
    assert general > 0 or name not in ("registration-recorded", "registration-ended")
    assert text.count('<td class="general">') == general
    assert text.count('<td class="out">') == left_out
    assert text.count('<td class="sealed">') == sealed
    assert text.count('<td class="own">') == own
    assert text.count('<td class="clear">') == len(fields) * len(activities) - left_out - general - sealed - own
    assert ("Niemand: het register" in text) is (not activities)


@pytest.mark.parametrize("name", TYPES)
def test_a_page_tells_topic_schema_id_version_and_who_publishes(folder: Path, name: str) -> None:
    text, declared = page(folder, name), contract().types[name]
    for said in (declared.ce_type, f"urn:nl:mensenhandel:schema:{declared.schema_id}", "FULL_TRANSITIVE"):
        assert said in text
    assert set(re.findall("<li><code>([a-z-]+)</code>", text)) == declared.publishers


@pytest.mark.parametrize("name", [*TYPES, "index"])
def test_links_lead_somewhere_and_nothing_is_fetched(folder: Path, name: str) -> None:
    found = Page(page(folder, name))
    assert found.fetched == []
    assert found.wrong == []
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    for link in found.links:
        parts = urlsplit(link)
        assert parts.scheme == ""
        assert parts.netloc == ""
        target = parts.path.removesuffix(".html") or name
        assert (folder / f"{target}.html").exists()
        assert not parts.fragment or parts.fragment in Page(page(folder, target)).ids


@pytest.mark.parametrize("name", TYPES)
def test_the_example_keeps_every_rule_of_the_contract(name: str) -> None:
    declared = contract().types[name]
    event = example(declared)
    assert broken(event, DAY) == ()
    if (kind := publisher_of(declared)) is not None:
        unit = getattr(event, "police_unit", None)
        assert list(authority_broken(event, kind, unit)) == []
    never = {"corrects"} if name in ("identity-linked", "identity-unlinked") else set()
    empty = {f.name for f in declared.fields if f.role != "publisher-unit" and getattr(event, f.name) is None}
    assert empty == never


def test_every_word_of_the_contract_has_words_in_both_languages() -> None:
    known = contract()
    source = load.contract_source(load.AVRO)
    assert {t.group for t in known.types.values()} <= set(GROUPS)
    assert {t.key for t in known.types.values()} <= set(KEYS)
    assert {f.field_class for t in known.types.values() for _, f in every(t.fields)} <= set(CLASSES)
    assert {a.consent for a in the_register().activities} <= set(NEEDS)
    statuses = {a.status for a in the_register().activities} | {str(c["status"]) for c in source.codelists.values()}
    assert statuses <= set(STATUSES)
