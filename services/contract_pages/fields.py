"""The tables of a type's page: its fields, who gets which of them, and the code lists it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from consent.activities import Activity
from consent.masks import share_of
from ketenbus.contract import CodeList, EventType, Field, contract
from services.contract_pages.words import CLASSES, STATUSES, Words, kind_of

CLEAR = Words("leesbaar", "in the clear")
SEALED = Words("verzegeld", "sealed")
LEFT_OUT = Words("weggelaten", "left out")
RENAMED = Words("eigen naam van de view", "the view's own name")


def both(words: Words, tag: str = "span") -> str:
    """Return Dutch, and English beside it where it differs."""
    if words.nl == words.en:
        return f"<{tag}>{escape(words.nl)}</{tag}>"
    return f'<{tag} lang="nl">{escape(words.nl)}</{tag}> <i lang="en">{escape(words.en)}</i>'


def head(*columns: tuple[str, str]) -> str:
    """Return a table's head, in both languages."""
    return f"<tr>{''.join(f'<th>{both(Words(nl, en))}</th>' for nl, en in columns)}</tr>"


def field_table(declared: EventType) -> str:
    """Return every field: what it means, what it holds, its class, whether it must be filled, and its limits."""
    docs: dict[str, Mapping[str, Any]] = {avro["name"]: avro for avro in declared.schema["fields"]}
    rows = "".join(_field_rows(declared.fields, docs, ""))
    columns = head(("veld", "field"), ("betekenis", "meaning"), ("soort", "type"), ("klasse", "class"),
                   ("verplicht", "required"), ("grenzen", "limits"))  # fmt: skip
    return f'<div class="scroll"><table class="fields">{columns}{rows}</table></div>'


def _field_rows(fields: Sequence[Field], docs: Mapping[str, Mapping[str, Any]], inside: str) -> Iterator[str]:
    for field in fields:
        avro = docs[field.name]
        limits = list(_limits(field))
        required = Words("ja", "yes") if field.required else Words("nee", "no")
        yield (
            f'<tr id="field-{escape(inside + field.name)}"><td><code>{escape(inside + field.name)}</code></td>'
            f"<td>{escape(avro.get('doc', ''))}</td><td>{both(kind_of(field))}</td>"
            f'<td><span class="class {field.field_class}">{field.field_class}</span></td><td>{both(required)}</td>'
            f"<td>{'<br>'.join(limits)}</td></tr>"
        )
        if field.items:
            inner = avro["type"][1] if field.nullable else avro["type"]
            items = {item["name"]: item for item in inner["items"]["fields"]}
            yield from _field_rows(field.items, items, f"{inside}{field.name}.")


def _limits(field: Field) -> Iterator[str]:
    if field.codelist is not None:
        yield f'<a href="#list-{field.codelist}">{field.codelist}</a>'
    if field.pattern is not None:
        yield f"<code>{escape(field.pattern)}</code>"
    low, high = (field.minimum, field.maximum) if field.kind != "array" else (field.minimum_items, field.maximum_items)
    if low is not None or high is not None:
        yield f"{'' if low is None else f'{low:,}'} – {'' if high is None else f'{high:,}'}"
    if field.role is not None:
        yield f'<span class="dim">{field.role}</span>'


def mask_table(declared: EventType, activities: Sequence[Activity]) -> str:
    """Return, per field and activity, what the recipient gets of it where the activity lets the event through.

    A view has names of its own for persons and events, so that no two recipients share one (architecture, section 5).
    """
    heads = "".join(
        f"<th>{escape(a.recipient)}<br>{a.purpose}<br><small>{escape(a.ref)}</small></th>" for a in activities
    )
    rows = "".join(
        f"<tr><td><code>{escape(field.name)}</code></td>{''.join(_mask_cell(field, a) for a in activities)}</tr>"
        for field in declared.fields
    )
    return f'<div class="scroll"><table class="mask"><tr><th>{both(Words("veld", "field"))}</th>{heads}</tr>{rows}</table></div>'


def _mask_cell(field: Field, activity: Activity) -> str:
    match share_of(activity.mask, field):
        case "left-out":
            return f'<td class="out">✕ {both(LEFT_OUT)}</td>'
        case "generalised":
            form = contract().form_of(field)
            assert form is not None
            return f'<td class="general">◐ {both(Words(form.nl, form.en))}</td>'
    if field.role in {"subject", "other-subject", "link"}:
        return f'<td class="own">↻ {both(RENAMED)}</td>'
    if field.kind == "sealed":
        return f'<td class="sealed">▣ {both(SEALED)}</td>'
    return f'<td class="clear">● {both(CLEAR)}</td>'


def class_list(declared: EventType) -> str:
    """Return what the classes that this type uses mean."""
    used = dict.fromkeys(field.field_class for field in declared.fields)
    return "".join(f'<p><span class="class {name}">{name}</span> {both(CLASSES[name])}</p>' for name in used)


def lists_of(fields: Sequence[Field]) -> list[str]:
    """Return the names of the code lists these fields use, in their order, also inside lists."""
    names: dict[str, None] = {}
    for field in fields:
        if field.codelist is not None:
            names[field.codelist] = None
        names |= dict.fromkeys(lists_of(field.items))
    return list(names)


def code_table(codelist: CodeList, source: Mapping[str, Any]) -> str:
    """Return a code list: every code with its words, its validity, and what else the list says of it."""
    rows = "".join(
        f"<tr><td><code>{escape(c.code)}</code></td><td>{escape(c.nl)}</td><td>{escape(c.en)}</td>"
        f"<td>{c.valid_from or '–'}</td><td>{c.valid_to or '–'}</td><td>{escape(_more(c.more))}</td></tr>"
        for c in codelist.codes.values()
    )
    columns = head(("code", "code"), ("Nederlands", "Dutch"), ("Engels", "English"), ("geldig van", "valid from"),
                   ("tot en met", "up to and including"), ("verder", "more"))  # fmt: skip
    return (
        f'<section id="list-{codelist.name}"><h3>{codelist.name} <small>v{codelist.version}</small></h3>'
        f'<p class="dim">{both(STATUSES[source["status"]])} · {escape(str(source["source"]))}</p>'
        f'<div class="scroll"><table>{columns}{rows}</table></div></section>'
    )


def _more(more: Mapping[str, Any]) -> str:
    said = (f"{k}: {', '.join(map(str, v)) if isinstance(v, (list, tuple)) else v}" for k, v in more.items())
    return "; ".join(said)
