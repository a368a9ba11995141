"""The demo's result as one self-contained page: open it in a browser, nothing is fetched."""

from __future__ import annotations

from html import escape
from pathlib import Path

from sandbox.targets import errata, figures
from services.cli.compare import Compared
from services.cli.demo import Result
from services.cli.printing import label
from services.monitoring.tables import declared

STYLE = """
:root{--ink:#1b2530;--dim:#5c6b7a;--line:#d9e0e7;--good:#0b6e4f;--bad:#b3261e;--unknown:#2f5d9b;--paper:#fff;--band:#f5f7f9}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}p.lead{color:var(--dim);max-width:46rem;margin:.2rem 0 1.2rem}
.cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}.card{border:1px solid var(--line);border-radius:.5rem;padding:.7rem 1.1rem;min-width:8.5rem}
.card b{display:block;font-size:1.55rem;font-variant-numeric:tabular-nums}.card span{color:var(--dim);font-size:.85rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}caption{text-align:left;color:var(--dim);padding:.2rem 0}
th,td{padding:.28rem .7rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child{text-align:left}
thead th{background:var(--band);font-weight:600}tr.total td,tr.total th{font-weight:600;border-top:2px solid var(--line)}
td small{color:var(--dim);font-size:.78em;display:block;line-height:1.1}td.different{color:var(--bad);font-weight:700}td.different small{color:var(--bad)}td.unknown{color:var(--unknown)}
td.words,th.words{text-align:left}.ok{color:var(--good)}.no{color:var(--bad)}footer{color:var(--dim);margin:3rem 0 1rem;font-size:.85rem}
.bar{display:inline-block;height:.7rem;background:#4a7fb5;vertical-align:middle;margin-right:.5rem;min-width:2px}.bar.withheld{background:#c98a1b}.bar.pending{background:#8a8f98}
"""


def write(result: Result) -> Path:
    """Write `index.html` beside the report and return its path."""
    path = result.options.out / "index.html"
    path.write_text(page(result), "utf-8")
    return path


def page(result: Result) -> str:
    """Return the page: the verdict, each table beside the published one, errata, outcomes and the balance."""
    b = result.account.balance
    cards = "".join(
        f'<div class="card"><b class="{kind}">{value}</b><span>{escape(text)}</span></div>'
        for value, text, kind in (
            (f"{result.count('equal')} / {len(result.compared)}", "cells equal to the figure", "ok"),
            (result.count("different"), "cells different", "ok" if not result.count("different") else "no"),
            (result.count("unknown"), "cells unknown in the source", ""),
            (b.difference, "balance: events or candidates unaccounted for", "ok" if not b.difference else "no"),
            (f"{result.events:,}", "partner events published", ""),
            (f"{result.seconds['total']:.0f} s", "time", ""),
            (f"{result.peak_bytes / 2**20:.0f} MiB", "memory of our processes", ""),
        )
    )
    what = "the published figures" if result.options.targets == "published" else "random targets"
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ketenbus: the demo's figures</title><style>{STYLE}</style></head><body>
<h1>A national history in, {what} out</h1>
<p class="lead">A synthetic history of 2016-2020 went in as partner events. Consent, corrections, links and counting rules
were applied by the bus; every cell below was counted from what the Rapporteur lawfully received. All persons are made up.</p>
<div class="cards">{cards}</div>
{"".join(_figure(result, figure.table) for figure in figures())}
{_errata(result)}
{_outcomes(result)}
<h2>Balance</h2><p>published {b.published} = admitted {b.admitted} + quarantined {b.quarantined} + repeated {b.repeated}<br>
candidates {b.candidates} = delivered {b.delivered} + withheld {b.withheld} + pending {b.pending}</p>
<p>Quarantined by reason: {escape(", ".join(f"{reason} {n}" for reason, n in sorted(result.account.quarantine.items())))}</p>
<footer>Follow any cell back to its events: <code>./ketenbus lineage cell 2.9 POLITIE 2019</code>.
Standing and content: sha256 {result.sha256}</footer></body></html>"""


def _figure(result: Result, table: str) -> str:
    figure = next(f for f in figures() if f.table == table)
    title = next(t.title["nl"] for t in declared() if t.table == table)
    cells = {(c.cell.row, c.cell.column): c for c in result.compared if c.cell.table == table}
    head = "".join(f"<th>{escape(column)}</th>" for column in figure.columns)
    rows = "".join(
        f'<tr class="{"total" if row == "total" else ""}"><th>{escape(label(table, row))}</th>'
        + "".join(_cell(cells.get((row, column))) for column in figure.columns)
        + "</tr>"
        for row in figure.rows
    )
    return (
        f"<h2>Figuur {escape(table)}: {escape(title)}</h2><div class=scroll><table><caption>Unit: {escape(figure.unit)}. "
        f"Source: {escape(figure.source)}. Small: the figure it is compared with.</caption>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(compared: Compared | None) -> str:
    if compared is None:
        return "<td></td>"
    if compared.state == "unknown":
        low, high = compared.bounds or (0, 0)
        return f'<td class="unknown">{compared.counted}<small>{low}-{high}</small></td>'
    off = f" ({compared.difference:+d})" if compared.difference else ""
    return f'<td class="{compared.state}">{compared.counted}<small>{compared.target}{off}</small></td>'


def _errata(result: Result) -> str:
    if result.options.scale != 1 or result.options.targets != "published":
        return ""
    rows = "".join(
        f"<tr><td>{escape(e.name)}</td><td>{escape(e.printed)}</td><td>{escape(e.counted)}</td>"
        f'<td class="words">{escape(e.why)} ({escape(e.lines)})</td></tr>'
        for e in errata()
    )
    return (
        "<h2>Errata of the source</h2><div class=scroll><table><thead><tr><th>name</th><th>printed</th><th>its own numbers give</th>"
        f'<th class="words">why</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _outcomes(result: Result) -> str:
    most = max(result.account.outcomes.values(), default=1)
    rows = "".join(
        f"<tr><td>{escape(recipient)}</td><td class=words>{escape(purpose)}</td><td class=words>{escape(outcome)}</td>"
        f'<td class=words>{escape(reason)}</td><td class=words><span class="bar {escape(outcome)}" '
        f'style="width:{14 * n / most:.2f}rem"></span>{n}</td></tr>'
        for (recipient, purpose, outcome, reason), n in sorted(result.account.outcomes.items())
    )
    return (
        "<h2>Who got it, who did not, and why</h2><div class=scroll><table><thead><tr><th>recipient</th><th class=words>purpose</th>"
        f"<th class=words>outcome</th><th class=words>reason</th><th class=words>events</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
