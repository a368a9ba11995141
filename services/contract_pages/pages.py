"""The contract to look things up in: one self-contained page an event type, and an index by group. Nothing is fetched.

Everything on a page is generated from `schemas/avro` and the register; no line of it is written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from consent.activities import Activity, Register, view_topic
from ketenbus.contract import Contract, EventType, contract
from ketenbus.errors import ConfigurationError
from schemas import load
from schemas.load import ContractSource
from services.contract_pages import example
from services.contract_pages.fields import both, class_list, code_table, field_table, head, lists_of, mask_table
from services.contract_pages.words import GROUPS, KEYS, NEEDS, STATUSES, Words, code
from streams.runtime.settings import load_register

MADE_BY = '<meta name="generator" content="ketenbus contract pages">'
STYLE = """
:root{--ink:#1b2530;--dim:#5c6b7a;--line:#d9e0e7;--band:#f5f7f9;--yes:#0b5d9e;--no:#a84300;--seal:#5b3a86}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff;max-width:78rem;margin:1.4rem auto;padding:0 1.2rem}
h1{font-size:1.8rem;margin:.4rem 0 .2rem}h2{font-size:1.2rem;margin:2.2rem 0 .5rem;border-bottom:2px solid var(--line);padding-bottom:.2rem}h3{margin:1.4rem 0 .2rem;font-size:1.02rem}
i[lang=en]{color:var(--dim);font-style:normal;margin-left:.45em;font-size:.88em}th i[lang=en]{display:block;margin-left:0}p+i[lang=en]{margin-left:0}
a{color:var(--yes)}.dim,small{color:var(--dim)}p{margin:.3rem 0}.lead{max-width:52rem;font-size:1.06rem}code,pre{font:.88em ui-monospace,monospace}
pre{background:var(--band);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;overflow-x:auto}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}th{font-weight:600;background:var(--band);padding-left:.4rem}td{padding-left:.4rem}
table.mask td,table.mask th{padding:.16rem 1.1rem .16rem .4rem}td.clear{color:var(--yes)}td.out{color:var(--no)}td.sealed{color:var(--seal)}td.general{color:var(--ink)}
.class{border:1px solid var(--line);border-radius:.8rem;padding:.05rem .55rem;font-size:.84em;background:var(--band);white-space:nowrap}
.class.identity,.class.contact,.class.special,.class.criminal,.class.location,.class.narrative{border-color:var(--seal);color:var(--seal)}
.card{border:1px solid var(--line);border-radius:.4rem;padding:.7rem 1rem;margin:.7rem 0}.types{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:.7rem}
.types .card{margin:0}nav{font-size:.92rem}footer{color:var(--dim);margin:3rem 0 1rem;font-size:.87rem}
"""


def write(out: Path) -> Path:
    """Write every page into `out`/contract, removing the pages of an earlier time, and return the index.

    Raises ConfigurationError, and changes nothing, when that folder holds anything else.
    """
    folder = out / "contract"
    index = folder / "index.html"
    if folder.exists() and any(folder.iterdir()):
        if not index.exists() or MADE_BY not in index.read_text("utf-8"):
            raise ConfigurationError(f"{folder} holds other things than these pages: name another folder with --out")
        for path in folder.glob("*.html"):
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    known, law, source = contract(), load_register(), load.contract_source(load.AVRO)
    for declared in known.types.values():
        (folder / f"{declared.name}.html").write_text(type_page(declared, known, law, source), "utf-8")
    index.write_text(index_page(known, law), "utf-8")
    return index


def index_page(known: Contract, law: Register) -> str:
    """Return the index: every type under its group, with what it means, who publishes it and who may get it."""
    groups: dict[str, list[EventType]] = {}
    for declared in known.types.values():
        groups.setdefault(declared.group, []).append(declared)
    body = "".join(
        f'<h2 id="{group}">{both(GROUPS[group])}</h2><div class="types">{"".join(_card(t, law) for t in types)}</div>'
        for group, types in groups.items()
    )
    jump = " · ".join(f'<a href="#{group}">{escape(GROUPS[group].nl)}</a>' for group in groups)
    lead = Words(
        f"{len(known.types)} soorten gebeurtenissen, {len(known.codelists)} codelijsten, {len(law.activities)} verwerkingen.",
        f"{len(known.types)} event types, {len(known.codelists)} code lists, {len(law.activities)} processing activities.",
    )
    return _html(
        "ketenbus: contract",
        f"<h1>{both(Words('Het contract', 'The contract'))}</h1><p>{both(lead)}</p><nav>{jump}</nav>{body}",
    )


def _card(declared: EventType, law: Register) -> str:
    activities = law.by_type.get(declared.name, ())
    to = sorted({f"{code('recipient', a.recipient).nl} ({a.purpose})" for a in activities})
    who = f"→ {escape(', '.join(to))}" if to else both(Words("geen ontvanger", "no recipient"))
    return (
        f'<div class="card"><a href="{declared.name}.html"><b>{declared.name}</b></a><p>{escape(declared.schema["doc"])}</p>'
        f'<p class="dim">{who}</p></div>'
    )


def type_page(declared: EventType, known: Contract, law: Register, source: ContractSource) -> str:
    """Return the page of one type."""
    activities = law.by_type.get(declared.name, ())
    siblings = [t.name for t in known.types.values() if t.group == declared.group]
    links = " · ".join(name if name == declared.name else f'<a href="{name}.html">{name}</a>' for name in siblings)
    group = GROUPS[declared.group]
    lists = "".join(code_table(known.codelists[name], source.codelists[name]) for name in lists_of(declared.fields))
    body = f"""<nav><a href="index.html">{both(Words("Het contract", "The contract"))}</a> › <a href="index.html#{declared.group}">{both(group)}</a>: {links}</nav>
<h1>{declared.name}</h1><p class="lead" lang="en">{escape(declared.schema["doc"])}</p>
{_facts(declared, source)}
<h2>{both(Words("Wie publiceert", "Who publishes"))}</h2>{_publishers(declared)}
<h2>{both(Words("Wie krijgt het, en waarom", "Who gets it, and why"))}</h2>{_recipients(declared, activities)}
<h2>{both(Words("Velden", "Fields"))}</h2>{field_table(declared)}{class_list(declared)}
{f"<h2>{both(Words('Codelijsten', 'Code lists'))}</h2>{lists}" if lists else ""}
<h2>{both(Words("Voorbeeld, verzonnen", "Example, made up"))}</h2>{_example(declared)}"""
    return _html(f"ketenbus: {declared.name}", body)


def _facts(declared: EventType, source: ContractSource) -> str:
    lock = next(one for one in source.locks if (one.type, one.version) == (declared.name, declared.version))
    versions = ", ".join(f"v{version}" for version in source.versions(declared.name))
    released = lock.sha256 != load.UNRELEASED
    pinned = f"<code>{lock.sha256}</code>" if released else both(Words("nog niet uitgebracht", "not released yet"))
    topic = declared.name if declared.publishers else "ketenlog"
    major = declared.schema.get("major", 1)
    compatible = Words(
        f"FULL_TRANSITIVE binnen hoofdversie {major}: elke versie leest elke andere",
        f"FULL_TRANSITIVE within major version {major}: every version reads every other",
    )
    rows = (
        (Words("topic", "topic"), f"<code>{topic}</code>"),
        (Words("CloudEvents-type", "CloudEvents type"), f"<code>{declared.ce_type}</code>"),
        (Words("schema-id", "schema id"), f"{declared.schema_id} <code>urn:nl:mensenhandel:schema:{declared.schema_id}</code>"),
        (Words("versies", "versions"), f"{versions} · {both(compatible)}"),
        (Words("vastgelegd, sha256", "pinned, sha256"), pinned),
        (Words("sleutel", "key"), both(KEYS[declared.key])),
    )  # fmt: skip
    shelter = Words(
        "Opvang: geen plaats, geen naam van de melder in een view.",
        "Shelter: no place, and no view names the publisher.",
    )
    table = "".join(f"<tr><th>{both(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return f"<table>{table}</table>" + (f"<p>{both(shelter)}</p>" if declared.shelter else "")


def _publishers(declared: EventType) -> str:
    if not declared.publishers:
        return f"<p>{both(Words('Alleen de bus zelf.', 'The bus itself only.'))}</p>"
    kinds = (
        f"<li><code>{kind}</code> {both(code('publisher-kind', kind))}</li>" for kind in sorted(declared.publishers)
    )
    return f"<ul>{''.join(kinds)}</ul>"


def _recipients(declared: EventType, activities: Sequence[Activity]) -> str:
    if not activities:
        nobody = Words(
            "Niemand: het register noemt geen verwerking van dit type. De standaard is nee.",
            "Nobody: the register names no activity for this type. The default is no.",
        )
        return f"<p>{both(nobody)}</p>"
    rows = "".join(map(_activity, activities))
    columns = head(("ontvanger, doel", "recipient, purpose"), ("van", "from"), ("toestemming", "consent"),
                   ("waarom", "why"), ("artikel en bron", "article and source"))  # fmt: skip
    left = sorted(declared.publishers - {kind for a in activities for kind in a.publishers})
    others = Words(
        f"Van {', '.join(left)} gaat het naar niemand: geen verwerking noemt deze melder.",
        f"From {', '.join(left)} it goes to nobody: no activity names this publisher.",
    )
    which = Words("Welke velden, waar het doorgaat", "Which fields, where it goes through")
    return (
        f'<div class="scroll"><table>{columns}{rows}</table></div>{f"<p>{both(others)}</p>" if left else ""}'
        f"<h3>{both(which)}</h3>{mask_table(declared, activities)}"
    )


def _activity(activity: Activity) -> str:
    until = "" if activity.valid_to is None else f" – {activity.valid_to}"
    publishers = ", ".join(activity.publishers)
    return (
        f'<tr id="activity-{activity.id}"><td>{both(code("recipient", activity.recipient))}<br>{both(code("purpose", activity.purpose))}<br>'
        f"<code>{view_topic(activity.recipient, activity.purpose)}</code></td><td>{escape(publishers)}</td>"
        f"<td>{both(NEEDS[activity.consent])}</td><td>{both(Words(activity.why.nl, activity.why.en), 'p')}</td>"
        f'<td>{escape(activity.article)}<br><span class="dim">{escape(activity.source)}</span><br>'
        f"<code>{escape(activity.ref)}</code> {both(STATUSES[activity.status])}, {activity.valid_from}{until}</td></tr>"
    )


def _example(declared: EventType) -> str:
    event = example.example(declared)
    by = example.publisher_of(declared)
    who = Words(f"Zoals {by} het aan de SDK geeft; die verzegelt:", f"As {by} gives it to the SDK, which seals:")
    if by is None:
        who = Words("Zoals de bus het schrijft.", "As the bus writes it.")
    sealed = ", ".join(field.name for field in declared.fields if field.kind == "sealed") or "–"
    text = json.dumps(event.model_dump(mode="json", exclude_none=True), indent=2, ensure_ascii=False)
    return f"<p>{both(who)} {escape(sealed) if by else ''}</p><pre>{escape(text)}</pre>"


def _html(title: str, body: str) -> str:
    made = Words(
        "Gemaakt uit schemas/avro en het register van verwerkingen. Geen enkel voorbeeld is echt.",
        "Generated from schemas/avro and the register of processing activities. No example is real.",
    )
    return (
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{MADE_BY}'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}<footer>{both(made)}</footer></body></html>\n"
    )
