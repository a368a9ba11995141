"""The register to read: one self-contained page, Dutch and English. Nothing is fetched, and no line of it is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from consent.activities import Activity, Retention, view_topic
from consent.coverage import Coverage, Covered
from consent.rulebook import Question, Rulebook, Safeguard
from consent.wording import CLASSES, STATUSES, TYPES
from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from services.contract_pages.fields import both, head
from services.contract_pages.pages import STYLE
from services.contract_pages.words import NEEDS, Words, code
from services.register.telling import HELD

MADE_BY = '<meta name="generator" content="ketenbus register page">'
KINDS = {
    "prohibition": Words("verbod", "prohibition"),
    "condition": Words("voorwaarde", "condition"),
    "form": Words("vorm", "form"),
}


def write(out: Path, activities: Iterable[Activity], rulebook: Rulebook, coverage: Coverage) -> Path:
    """Write the page as `out`/register/index.html and return it.

    Raises ConfigurationError, and changes nothing, when that file is something else.
    """
    index = out / "register" / "index.html"
    if index.exists() and MADE_BY not in index.read_text("utf-8"):
        raise ConfigurationError(f"{index} is not this page: name another folder with --out")
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text(page(tuple(activities), rulebook, coverage), "utf-8")
    return index


def page(activities: tuple[Activity, ...], rulebook: Rulebook, coverage: Coverage) -> str:
    """Return the page."""
    lead = Words(
        f"{len(activities)} verwerkingen, {len(coverage.rows)} regels uit de bronnen, {len(rulebook.safeguards)} waarborgen, "
        f"{len(coverage.questions)} open vragen. Wat hier niet staat, wordt niet gedeeld.",
        f"{len(activities)} processing activities, {len(coverage.rows)} rules of the sources, {len(rulebook.safeguards)} safeguards, "
        f"{len(coverage.questions)} open questions. What is not here is not shared.",
    )
    parts = (
        ("activities", Words("Verwerkingen", "Processing activities"), "".join(map(_activity, activities))),
        ("types", Words("Soorten gebeurtenissen", "Event types"), _types(coverage)),
        ("rules", Words("Regels van de bronnen", "Rules of the sources"), _rules(coverage)),
        ("safeguards", Words("Waarborgen", "Safeguards"), _safeguards(rulebook.safeguards.values())),
        ("questions", Words("Open vragen", "Open questions"), _questions(coverage.questions)),
        ("articles", Words("Artikelen", "Articles"), _articles(rulebook)),
    )
    jump = " · ".join(f'<a href="#{name}">{escape(title.nl)}</a>' for name, title, _ in parts)
    body = "".join(f'<h2 id="{name}">{both(title)}</h2>{inner}' for name, title, inner in parts)
    title = Words("Register van verwerkingen (AVG art. 30)", "Register of processing activities (GDPR art. 30)")
    made = Words("Gemaakt uit het register zelf.", "Generated from the register itself.")
    return (
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{MADE_BY}'
        f"<title>ketenbus: register</title><style>{STYLE}</style></head><body><h1>{both(title)}</h1>"
        f'<p class="lead">{both(lead)}</p><nav>{jump}</nav>{body}<footer>{both(made)}</footer></body></html>\n'
    )


def _activity(a: Activity) -> str:
    kinds = " · ".join(both(code("publisher-kind", kind)) for kind in a.publishers)
    types = " · ".join(f"<code>{name}</code> {both(Words(*TYPES[name]))}" for name in a.types)
    classes = "<br>".join(f'<span class="class {name}">{name}</span> {both(Words(*CLASSES[name]))}' for name in a.mask)
    whom = (
        f"{both(code('recipient', a.recipient))} · {both(code('purpose', a.purpose))}"
        f"<br><code>{view_topic(a.recipient, a.purpose)}</code>"
    )
    rows = (
        (Words("wie krijgt het, en waarvoor", "who gets it, and for what"), whom),
        (Words("wat", "what"), types),
        (Words("van wie", "from whom"), kinds),
        (Words("toestemming", "consent"), both(NEEDS[a.consent])),
        (Words("wat gaat mee", "what travels"), classes),
        (Words("grondslag", "legal ground"), f"{both(Words(a.ground.nl, a.ground.en))}<br>{_links('article', a.articles)}"),
        (Words("bron", "source"), "<br>".join(escape(str(s)) for s in a.sources) or both(Words(*STATUSES["open"]))),
        (Words("verwerkingsverantwoordelijke", "controller"), both(_controller(a.controller))),
        (Words("bewaren", "retention"), _retention(a)),
        (Words("vervalt de grond", "when the ground ends"), both(Words("wordt teruggeroepen", "is recalled") if a.recalls else Words("blijft", "stays"))),
        *_when_a_period_ends(a),
        (Words("geldig", "valid"), f"{a.valid_from} – {a.valid_to or ''}"),
        (Words("zekerheid", "certainty"), both(Words(*STATUSES[a.status]))),
        (Words("open vragen", "open questions"), _links("question", a.questions) or "–"),
    )  # fmt: skip
    table = "".join(f"<tr><th>{both(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return (
        f'<section class="card" id="activity-{a.id}-{a.version}"><h3>{escape(a.ref)} <small><code>{escape(a.uri)}</code></small></h3>'
        f"{both(Words(a.why.nl, a.why.en), 'p')}<table>{table}</table></section>"
    )


def _when_a_period_ends(a: Activity) -> Iterator[tuple[Words, str]]:
    if a.consent != "none" and a.recalls:
        said = Words("wordt teruggeroepen", "is recalled") if a.expiry_recalls else Words("blijft", "stays")
        yield Words("loopt de termijn van een toestemming af", "when a period of consent ends"), both(said)


def _controller(name: str) -> Words:
    return code("recipient" if name in contract().codelists["recipient"].codes else "publisher-kind", name)


def _retention(a: Activity) -> str:
    if not isinstance(a.retention, Retention):
        return both(Words("geen bron noemt een termijn", "no source states a term"))
    until = a.retention.until
    return f"{both(Words(until.nl, until.en))}<br>{escape(str(a.retention.source))}"


def _types(coverage: Coverage) -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{both(Words(*TYPES[name]))}</td><td>{_ruled(ruled)}</td></tr>"
        for name, ruled in coverage.types.items()
    )
    columns = head(("type", "type"), ("wat het is", "what it is"), ("geregeld door", "ruled by"))
    return f'<div class="scroll"><table>{columns}{rows}</table></div>'


def _ruled(ruled: tuple[str, ...]) -> str:
    if ruled and "/" in ruled[0]:
        return " ".join(f'<a href="#activity-{one.replace("/", "-")}">{escape(one)}</a>' for one in ruled)
    return f"{both(Words('gaat naar niemand', 'goes to nobody'))}: {_links('question', ruled)}"


def _rules(coverage: Coverage) -> str:
    columns = head(("regel en bron", "rule and source"), ("wat zij zegt", "what it says"), ("zekerheid", "certainty"),
                   ("artikel", "article"), ("gehouden", "held"))  # fmt: skip
    by_handbook: dict[str, list[Covered]] = {}
    for row in coverage.rows:
        by_handbook.setdefault(row.statement.source.file, []).append(row)
    return "".join(
        f'<h3>{escape(name)}</h3><div class="scroll"><table>{columns}{"".join(map(_rule, rows))}</table></div>'
        for name, rows in by_handbook.items()
    )


def _rule(row: Covered) -> str:
    s = row.statement
    held = [both(Words(*HELD[row.held]))]
    held += [f'<a href="#activity-{a.id}-{a.version}">{escape(a.ref)}</a>' for a in row.activities]
    held += [_links("safeguard", (one.id for one in row.safeguards)), _links("question", (q.id for q in row.questions))]
    return (
        f"<tr><td><b>{escape(s.id)}</b><br><small>{escape(str(s.source))}</small></td><td>{both(Words(s.nl, s.en))}</td>"
        f"<td>{both(Words(*STATUSES[s.status]))}</td><td>{_links('article', s.articles)}</td><td>{'<br>'.join(filter(None, held))}</td></tr>"
    )


def _safeguards(rows: Iterable[Safeguard]) -> str:
    columns = head(
        ("waarborg", "safeguard"), ("wat zij doet", "what it does"), ("proef die rood wordt", "test that goes red")
    )
    body = "".join(
        f'<tr id="safeguard-{s.id}"><td><b>{s.id}</b><br>{both(KINDS[s.kind])}</td><td>{both(Words(s.nl, s.en))}</td>'
        f"<td>{'<br>'.join(f'<code>{escape(test)}</code>' for test in s.tests)}</td></tr>"
        for s in rows
    )
    return f'<div class="scroll"><table>{columns}{body}</table></div>'


def _questions(rows: Iterable[Question]) -> str:
    columns = head(
        ("vraag", "question"), ("wie kan antwoorden", "who could answer"), ("tot dan", "meanwhile"), ("bron", "source")
    )
    body = "".join(
        f'<tr id="question-{q.id}"><td><b>{q.id}</b><br>{both(Words(q.nl, q.en))}</td><td>{both(Words(q.who.nl, q.who.en))}</td>'
        f"<td>{both(Words(q.meanwhile.nl, q.meanwhile.en))}</td><td>{'<br>'.join(escape(str(s)) for s in q.sources)}</td></tr>"
        for q in rows
    )
    return f'<div class="scroll"><table>{columns}{body}</table></div>'


def _articles(rulebook: Rulebook) -> str:
    columns = head(("artikel", "article"), ("wet", "law"), ("zekerheid", "certainty"), ("bron", "source"))
    body = "".join(
        f'<tr id="article-{a.id}"><td>{both(Words(a.nl, a.en))}</td><td>{a.law}</td><td>{both(Words(*STATUSES[a.status]))}</td>'
        f"<td>{'<br>'.join(escape(str(s)) for s in a.sources) or escape(a.published or '')}</td></tr>"
        for a in rulebook.articles.values()
    )
    return f'<div class="scroll"><table>{columns}{body}</table></div>'


def _links(kind: str, ids: Iterable[str]) -> str:
    return " ".join(f'<a href="#{kind}-{one}">{escape(one)}</a>' for one in ids)
