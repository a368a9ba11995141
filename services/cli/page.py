"""The demo's result as one self-contained page: open it in a browser, nothing is fetched."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from sandbox.targets import TOTAL, errata, figures
from services.cli.charts import Text, html, number
from services.cli.charts_figures import SHORT, charts, label, outcome_charts
from services.cli.compare import Compared, aim, in_text, shown
from services.cli.report import Result
from services.monitoring.tables import declared, told_in_text

UNITS = {
    "person": Text("personen", "persons"),
    "person and form": Text("personen en vormen", "persons and forms"),
    "person and sector": Text("personen en sectoren", "persons and sectors"),
    "person and reporter kind": Text("personen en soorten melders", "persons and kinds of reporter"),
    "person and police unit": Text("personen en politie-eenheden", "persons and police units"),
}
MADE_UP = Text(
    "Alle personen, zaken en meldingen op deze pagina zijn verzonnen. De geschiedenis is zo gemaakt dat zij telt zoals "
    "de Slachtoffermonitor mensenhandel 2016-2020; zij zegt niets over wie dan ook.",
    "All persons, cases and reports on this page are made up. The history was made to count like the "
    "Slachtoffermonitor mensenhandel 2016-2020; it says nothing about anybody.",
)


def write(result: Result) -> Path:
    """Write `index.html` beside the report and return its path."""
    path = result.options.out / "index.html"
    path.write_text(page(result), "utf-8")
    return path


def page(result: Result) -> str:
    """Return the page: the verdict, each figure as charts and a table beside the published one, and the books."""
    style, script = (files("services.cli").joinpath(name).read_text("utf-8") for name in ("charts.css", "charts.js"))
    body = "".join((
        _head(result),
        *(_figure(result, figure.table) for figure in figures()),
        _text(result),
        _errata(result),
        _books(result),
    ))  # fmt: skip
    return (
        '<!doctype html><html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Slachtoffermonitor: ketenbus</title><style>{style}</style></head><body>"
        '<div class="bar-top"><span>ketenbus</span><span role="group" aria-label="Taal / Language">'
        '<button type="button" data-language="nl" lang="nl" aria-pressed="true">Nederlands</button> '
        '<button type="button" data-language="en" lang="en" aria-pressed="false">English</button></span></div>'
        f"<main>{body}</main>{_foot(result)}<script>{script}</script></body></html>"
    )


def _head(result: Result) -> str:
    b = result.account.balance
    different = result.count("different")
    wrong = len(result.wrong_outcomes)
    cards = (
        (html(number(result.count("equal"))), Text("getallen gelijk aan het doel", "numbers equal to the target"), "ok"),
        (str(different), Text("getallen verschillend", "numbers different"), "no" if different else "ok"),
        (str(wrong), Text("uitkomsten verschillend", "outcomes different"), "no" if wrong else "ok"),
        (str(result.count("unknown")), Text("cellen onbekend in de bron", "cells unknown in the source"), ""),
        (html(number(b.difference)), Text("zoekgeraakt (balans)", "unaccounted for (balance)"), "no" if b.difference else "ok"),
        (html(number(result.events)), Text("gebeurtenissen van partners", "partner events"), ""),
        (f"{result.seconds['total']:.0f} s", Text("duur", "time"), ""),
    )  # fmt: skip
    if result.options.targets == "published":
        title = Text(
            "Slachtoffers van mensenhandel 2016-2020, opnieuw geteld",
            "Victims of human trafficking 2016-2020, counted again",
        )
    else:
        title = Text("Andere cijfers dan de gepubliceerde, geteld", "Figures other than the published ones, counted")
    lead = Text(
        "Partners publiceerden een verzonnen landelijke geschiedenis als losse gebeurtenissen. De bus paste toestemming, "
        "correcties, koppelingen en telregels toe; elk getal hieronder is geteld uit wat de Nationaal Rapporteur mag hebben.",
        "Partners published a made-up national history as single events. The bus applied consent, corrections, links and "
        "counting rules; every number below was counted from what the Nationaal Rapporteur may have.",
    )
    links = "".join(
        f'<li><a href="#figuur-{f.table}">{escape(f.table)} {html(_title(f.table))}</a></li>' for f in figures()
    )
    links += f'<li><a href="#text">{html(Text("Cijfers in de tekst", "Figures in the text"))}</a></li>'
    return (
        f'<h1>{html(title)}</h1><p class="lead">{html(lead)}</p><p class="made-up" role="note">{html(MADE_UP)}</p>{_scaled(result)}'
        '<div class="cards">'
        + "".join(f'<div class="card"><b class="{kind}">{value}</b>{_span(text)}</div>' for value, text, kind in cards)
        + f'</div><nav aria-label="Figuren / Figures"><ul>{links}</ul></nav>'
    )


def _span(text: Text) -> str:
    return f"<span>{html(text)}</span>"


def _scaled(result: Result) -> str:
    if result.options.scale == 1 and result.options.targets == "published":
        return ""
    scale = number(result.options.scale)
    text = Text(
        f"Deze run heeft schaal {scale.nl}: doelen zijn de dichtstbijzijnde haalbare cellen, niet de gepubliceerde.",
        f"This run has scale {scale.en}: targets are the nearest feasible cells, not the published ones.",
    )
    return f'<p class="note">{html(text)}</p>'


def _title(table: str) -> Text:
    title = next(t.title for t in declared() if t.table == table)
    return Text(title["nl"], title["en"])


def _figure(result: Result, table: str) -> str:
    figure = next(f for f in figures() if f.table == table)
    cells = {(c.cell.row, c.cell.column): c for c in result.compared if c.cell.table == table}
    title, unit = _title(table), UNITS[figure.unit]
    head = "".join(f'<th scope="col">{html(SHORT.get(column, label(table, column)))}</th>' for column in figure.columns)
    rows = "".join(
        f'<tr class="{"total" if row == TOTAL else ""}"><th scope="row">{html(label(table, row))}</th>'
        + "".join(_cell(cells.get((row, column))) for column in figure.columns)
        + "</tr>"
        for row in figure.rows
    )
    about = Text(
        f"Telt {unit.nl}. Bron: {figure.source}. Tabel: geteld; klein eronder het doel, of het bereik waar de bron er geen geeft.",
        f"Counts {unit.en}. Source: {figure.source}. Table: counted; small below it the target, or the range where the source gives none.",
    )
    return (
        f'<section id="figuur-{table}" aria-labelledby="titel-{table}"><h2 id="titel-{table}">'
        f'{html(Text("Figuur", "Figure"))} {table}. {html(title)}</h2><p class="what">{html(about)}</p>'
        f'<div class="{"" if len(figure.columns) > 6 else "beside"}">{charts(table, result.compared)}'
        f"<details open><summary>{html(Text('Tabel', 'Table'))}</summary>{_scroll(title)}<table>"
        f'<thead><tr><th scope="col"><span hidden></span></th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details></div></section>'
    )


def _scroll(title: Text) -> str:
    return (
        f'<div class="scroll" role="region" tabindex="0" data-nl="{escape(title.nl)}" data-en="{escape(title.en)}" '
        f'aria-label="{escape(title.nl)}">'
    )


def _cell(compared: Compared | None) -> str:
    if compared is None:
        return "<td></td>"
    counted = html(number(compared.counted))
    if compared.bounds is not None:
        low, high = compared.bounds
        return f'<td class="{compared.state}">{counted}<small>{low}-{high}</small></td>'
    off = f" ({compared.difference:+g})" if compared.difference else ""
    return f'<td class="{compared.state}">{counted}<small>{html(number(compared.target or 0))}{off}</small></td>'


def _text(result: Result) -> str:
    says = {figure.cell: Text(figure.says["nl"], figure.says["en"]) for figure in told_in_text()}
    states = {
        "equal": Text("gelijk", "equal"),
        "different": Text("verschilt", "different"),
        "erratum": Text("fout in de bron", "erratum of the source"),
        "unknown": Text("onbekend", "unknown"),
    }
    rows = "".join(
        f'<tr><th scope="row">{wish.cell.row.split(".")[0]}</th><td class="words wide">{html(says[wish.cell])}</td>'
        f'<td class="words" lang="nl">{escape(wish.printed)}</td><td>{html(Text(*aim(wish, one)))}</td><td class="{one.state}">{html(Text(*shown(wish, one.counted)))}</td>'
        f'<td class="words {one.state}">{html(states[one.state])}'
        f"{f' ({escape(wish.erratum)})' if one.state == 'erratum' and wish.erratum else ''}</td>"
        f'<td class="words">{escape(wish.lines)}</td></tr>'
        for wish, one in in_text(result.compared).values()
    )
    title = Text("Cijfers in de tekst", "Figures in the text")
    about = Text(
        "Wat de monitor in woorden zegt, uit dezelfde personen geteld en afgerond zoals daar gedrukt. Waar de bron een grens "
        "noemt, geldt die grens. Bron: slachtoffermonitor-part1, 5.7.",
        "What the monitor says in words, counted from the same persons and rounded as printed there. Where the source gives "
        "a bound, that bound holds. Source: slachtoffermonitor-part1, 5.7.",
    )
    head = (
        Text("nr", "no"),
        Text("wat", "what"),
        Text("gepubliceerd", "published"),
        Text("doel", "target"),
        Text("geteld", "counted"),
        Text("stand", "state"),
        Text("regels", "lines"),
    )
    columns = "".join(
        f'<th scope="col" class="{"" if at in (3, 4) else "words"}">{html(text)}</th>' for at, text in enumerate(head)
    )
    return (
        f'<section id="text"><h2>{html(title)}</h2><p class="what">{html(about)}</p>{_scroll(title)}<table><thead><tr>{columns}'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _errata(result: Result) -> str:
    if result.options.scale != 1 or result.options.targets != "published":
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(e.name)}</th><td>{escape(e.printed)}</td><td>{escape(e.counted)}</td>'
        f'<td class="words wide" lang="en">{escape(e.why)} ({escape(e.lines)})</td></tr>'
        for e in errata()
    )
    title = Text("Fouten in de bron", "Errata of the source")
    return (
        f'<section id="errata"><h2>{html(title)}</h2>{_scroll(title)}<table><thead><tr><th scope="col">{html(Text("naam", "name"))}</th>'
        f'<th scope="col">{html(Text("gedrukt", "printed"))}</th><th scope="col">'
        f"{html(Text('eigen getallen van de bron', 'its own numbers give'))}</th>"
        f'<th scope="col" class="words">{html(Text("waarom", "why"))}</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _books(result: Result) -> str:
    b = result.account.balance
    rows = "".join(
        f'<tr><th scope="row">{escape(recipient)}</th><td class="words">{escape(purpose)}</td><td class="words">{escape(outcome)}</td>'
        f'<td class="words">{escape(reason)}</td><td>{html(number(n))}</td></tr>'
        for (recipient, purpose, outcome, reason), n in sorted(result.account.outcomes.items())
    )
    head = (
        Text("ontvanger", "recipient"),
        Text("doel", "purpose"),
        Text("uitkomst", "outcome"),
        Text("reden", "reason"),
    )
    columns = "".join(f'<th scope="col" class="words">{html(text)}</th>' for text in head)
    title = Text("Niets raakt zoek: wie kreeg wat, en waarom niet", "Nothing disappears: who got what, and why not")
    sums = (
        f"published {b.published} = admitted {b.admitted} + quarantined {b.quarantined} + repeated {b.repeated}<br>"
        f"candidates {b.candidates} = delivered {b.delivered} + withheld {b.withheld} + pending {b.pending}"
    )
    return (
        f'<section id="books"><h2>{html(title)}</h2><p class="note" lang="en">{sums}</p>{outcome_charts(result.account)}'
        f"<details><summary>{html(Text('Tabel', 'Table'))}</summary>{_scroll(title)}<table><thead><tr>{columns}"
        f'<th scope="col">{html(Text("feiten", "facts"))}</th></tr></thead><tbody>{rows}</tbody></table></div></details></section>'
    )


def _foot(result: Result) -> str:
    text = Text(
        "Volg elke cel terug naar de gebeurtenissen waar zij op rust:",
        "Follow any cell back to the events it rests on:",
    )
    types = Text("Een pagina per soort gebeurtenis", "A page for each type of event")
    return (
        f"<footer><p>{html(MADE_UP)}</p><p>{html(text)} <code>./ketenbus lineage cell 2.9 POLITIE 2019</code></p>"
        f'<p><a href="contract/index.html">{html(types)}</a></p>'
        f"<p>sha256 {result.sha256}</p></footer>"
    )
