"""A case as one self-contained page, in Dutch and English: the picture, every step, the receipts. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from services.cases import drawing, lines
from services.cases.casefile import Text
from services.cases.heard import Happened, Receipt, Telling
from services.cases.lines import Line
from services.cases.words import meaning, reason

STYLE = f"""
:root{{--ink:{drawing.INK};--dim:{drawing.DIM};--line:#d9e0e7;--band:#f5f7f9;--yes:{drawing.DELIVERED};--no:{drawing.WITHHELD};--back:{drawing.RECALLED}}}
*{{box-sizing:border-box}}body{{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff;max-width:76rem;margin:1.4rem auto;padding:0 1.2rem}}
h1{{font-size:1.7rem;margin:.6rem 0 .3rem}}h2{{font-size:1.2rem;margin:2.2rem 0 .5rem}}h3{{font-size:1.02rem;margin:0}}p{{margin:.3rem 0}}
.lead{{color:var(--dim);max-width:48rem}}.dim{{color:var(--dim);fill:var(--dim)}}code,.hash{{font:.86em ui-monospace,monospace;overflow-wrap:anywhere}}
body:has(#nl:checked) .en,body:has(#en:checked) .nl{{display:none}}
.choose{{float:right;font-size:.9rem}}.choose label{{margin-left:.8rem;cursor:pointer}}
.verdict{{border:1px solid var(--line);border-left:6px solid var(--yes);border-radius:.4rem;padding:.7rem 1rem;margin:1.2rem 0}}.verdict.bad{{border-left-color:var(--no)}}
.picture{{overflow-x:auto;border:1px solid var(--line);border-radius:.4rem}}svg{{min-width:52rem;width:100%;height:auto;display:block;font:12.5px system-ui,sans-serif}}
svg text{{fill:var(--ink);paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}}svg .head{{text-anchor:middle;font-weight:600}}svg .bus{{font-size:15px}}
svg .number{{font-size:19px;font-weight:700}}svg .dim{{font-size:11px;fill:var(--dim)}}svg .what{{font-weight:600}}svg .delivered{{fill:var(--yes)}}svg .withheld{{fill:var(--no)}}svg .recalled{{fill:var(--back)}}
.band1{{fill:#f5f7f9}}.band0{{fill:#fff}}.life{{stroke:#c3ccd5;stroke-width:1.5}}.thebus{{fill:#1b2530}}
.legend{{display:flex;flex-wrap:wrap;gap:1.4rem;font-size:.9rem;margin:.6rem 0}}.yes{{color:var(--yes)}}.no{{color:var(--no)}}.back{{color:var(--back)}}
.step{{border:1px solid var(--line);border-radius:.4rem;padding:.9rem 1.1rem;margin:.9rem 0}}.step>p{{max-width:70rem}}
ul.heard{{list-style:none;margin:.6rem 0 .4rem;padding:0}}ul.heard li{{padding:.35rem 0 .35rem 1.9rem;position:relative;border-top:1px solid var(--line)}}
ul.heard li>span.sign{{position:absolute;left:.35rem;font-weight:700}}ul.heard small{{display:block;color:var(--dim)}}
table{{border-collapse:collapse;font-size:.9rem}}th,td{{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}}
td.n{{text-align:right;font-variant-numeric:tabular-nums}}td.moved{{font-weight:700}}footer{{color:var(--dim);margin:2.5rem 0 1rem;font-size:.87rem}}
"""

SIGN = {"recall": ("back", "◀"), "withheld": ("no", "✕"), "pending": ("no", "…")}
LEGEND = (
    ("yes", "●→", Text(nl="krijgt het", en="gets it")),
    ("no", "- - ✕", Text(nl="krijgt het niet, met de reden", en="does not get it, with the reason")),
    ("back", "◀=", Text(nl="teruggeroepen: stoppen met het gebruik", en="recalled: stop using it")),
)


def write(telling: Telling, folder: Path) -> Path:
    """Write `index.html` in the case's folder and return its path."""
    path = folder / "index.html"
    path.write_text(page(telling), "utf-8")
    return path


def page(telling: Telling) -> str:
    """Return the page of a case as it went."""
    case = telling.case
    bad = telling.differences()
    before = [None, *telling.steps]
    steps = "".join(
        _step(telling, number, was, one)
        for number, (was, one) in enumerate(zip(before, telling.steps, strict=False), 1)
    )
    legend = "".join(f'<span><b class="{css}">{sign}</b> {_both(text)}</span>' for css, sign, text in LEGEND)
    sources = "".join(f"<li>{escape(source)}</li>" for source in case.sources)
    told = Text(
        nl=f"{len(telling.steps)} stappen; {len(bad)} verschillen met wat verwacht werd",
        en=f"{len(telling.steps)} steps; {len(bad)} differences from what was expected",
    )
    wrong = "".join(f'<p class="no">{escape(difference)}</p>' for difference in bad)
    same = "".join(f"<p class=hash>{_both(text)}</p>" for text in lines.verdict(telling))
    return f"""<!doctype html><html lang="nl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ketenbus: {escape(case.name)}</title><style>{STYLE}</style></head><body>
<div class=choose><label><input type=radio name=l id=nl checked> Nederlands</label><label><input type=radio name=l id=en> English</label></div>
<h1>{_both(case.title)}</h1><p class=lead>{_both(case.about)}</p>
<div class="verdict{" bad" if bad else ""}">{same}<p>{_both(told)}</p>{wrong}</div>
<div class=picture>{drawing.draw(telling)}</div><div class=legend>{legend}</div>
<h2>{_both(Text(nl="Stap voor stap", en="Step by step"))}</h2>{steps}
{"".join(_receipt(telling, receipt) for receipt in telling.receipts)}
<h2>{_both(Text(nl="Bronnen", en="Sources"))}</h2><ul>{sources}</ul>
<footer>{_both(Text(
        nl="Alle personen en organisaties zijn verzonnen. Wat hier staat is teruggelezen uit de views, de bonnen, het register, de "
        "registratie en de tabellen van de bus; uit het bestand van de casus komen alleen de stappen, hun toelichting en de verwachting.",
        en="All persons and organisations are made up. What is told here was read back from the bus's views, receipts, register, "
        "registration and tables; only the steps, their notes and the expectations come from the case's file.",
    ))} <code>./ketenbus demo case {escape(case.name)}</code></footer></body></html>
"""  # fmt: skip


def _step(telling: Telling, number: int, was: Happened | None, one: Happened) -> str:
    heard = "".join(_line(line) for line in lines.lines(telling, one))
    figures = "".join(
        f"<tr><td>{_both(lines.figure_name(figure))} <span class=dim>({escape(figure.table)})</span></td><td class=n>{before}</td>"
        f'<td>→</td><td class="n{" moved" if before != after else ""}">{after}</td></tr>'
        for figure, before, after in lines.figures(telling.case, was, one)
    )
    return f"""<section class=step><h3>{number}. {_both(lines.published(one))}</h3>
<p class=dim>{_both(lines.moment(one.step.time))} · {escape(meaning(one.step.type))} · {escape(one.admitted)} · <code>{one.event_id}</code></p>
<p>{_both(one.step.note)}</p><ul class=heard>{heard}<li class=dim><span class=sign>·</span>{_both(lines.nobody(one))}</li></ul>
<table>{figures}</table><p class="dim hash">{_both(Text(nl="Registratie: ", en="Registration: "))}{_both(lines.registration(one))}</p></section>
"""


def _line(line: Line) -> str:
    css, sign = SIGN.get(line.told, ("yes", "●"))
    about = f"{_both(line.about)}: " if line.about is not None else ""
    small = [_both(line.because)] if line.because is not None and line.heard.event.step is not None else []
    small += [_both(line.fields)] if line.fields is not None else []
    small += [escape(line.law)] if line.law else []
    return (
        f'<li><span class="sign {css}">{sign}</span>{about}{_both(line.who)} <b class={css}>{_both(line.what)}</b>: '
        f"{_both(line.why)}{''.join(f'<small>{text}</small>' for text in small)}</li>"
    )


def _receipt(telling: Telling, receipt: Receipt) -> str:
    number = next(n for n, one in enumerate(telling.steps, 1) if one.step.id == receipt.event.step)
    signed = Text(nl="getekend door disclose", en="signed by disclose")
    if not receipt.signed:
        signed = Text(nl="NIET getekend door disclose", en="NOT signed by disclose")
    heads = (("ontvanger", "recipient"), ("doel", "purpose"), ("uitkomst", "outcome"), ("masker", "mask"),
             ("reden", "reason"), ("verwerking, artikel, bron", "activity, article, source"))  # fmt: skip
    return (
        f"<h2>{_both(Text(nl=f'De bon van stap {number}', en=f'The receipt of step {number}'))}</h2>"
        f"<p class=dim>{receipt.event.type} <code>{receipt.event.id}</code>, {_both(signed)}</p>"
        f"<table><tr>{''.join(f'<th>{_both(Text(nl=nl, en=en))}</th>' for nl, en in heads)}</tr>"
        f"{''.join(_outcomes(telling, receipt))}</table>"
    )


def _outcomes(telling: Telling, receipt: Receipt) -> Iterator[str]:
    laws = lines.laws(telling)
    for outcome in receipt.outcomes:
        cells = [escape(str(outcome[name])) for name in ("recipient", "purpose", "outcome", "mask")]
        cells += [_both(reason(outcome["reasons"])), escape(laws[outcome["activity"], tuple(outcome["reasons"])])]
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _both(text: Text) -> str:
    if text.nl == text.en:
        return escape(text.nl)
    return f"<span class=nl lang=nl>{escape(text.nl)}</span><span class=en lang=en>{escape(text.en)}</span>"
