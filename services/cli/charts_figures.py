"""The charts of the demo's page: each published table in the manner of the monitor, and the bus's own books. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ketenbus.contract import contract
from sandbox.targets import TOTAL, YEARS, figures
from services.account.account import Account
from services.cli.charts import Bar, Part, Text, columns, html, legend, rows, same
from services.cli.compare import Compared

Cells = Mapping[tuple[str, str], Compared]

#: The order and colour of rows, where neighbours in a stack should be told apart and kin look alike.
COLOURS = {
    "2.2": {"BL_SU": 0, "GO_SU": 1, "AU": 2, "CU": 3, "ORGAAN": 4, "ONBEKEND": 7},
    "2.3": {"THUIS": 2, "ESCORT_HOTEL": 1, "STRAAT": 3, "OVERIG": 6, "BORDEEL_CLUB": 0, "RAAM": 4},
    "2.9": {"POLITIE": 0, "KMAR": 4, "INSPECTIE_SZW": 1, "ZORGCOORDINATOR": 5, "FAIRWORK": 2, "OVERIG": 3},
}
FORM_COLOURS = {"BL_SU": 0, "GO_SU": 1, "AU": 2, "CU": 3, "ONBEKEND": 7}
LISTS = {"2.2": "exploitation-form", "2.3": "su-sector", "2.9": "reporter-kind", "2.10": "police-unit"}
SERIES = {
    "all": Text("Alle geregistreerde slachtoffers", "All registered victims"),
    "excluding-kmar-only": Text(
        "Zonder seksuele uitbuiting die alleen de KMar meldde", "Without sexual exploitation reported by the KMar only"
    ),
    "POLITIE+INSPECTIE_SZW": Text("Politie en Inspectie SZW samen", "Police and Inspectorate SZW together"),
    TOTAL: Text("Totaal", "Total"),
}
SHORT = {
    "BL_SU": Text("Binnenlands seksueel", "Domestic sexual"),
    "GO_SU": Text("Grensoverschr. seksueel", "Cross-border sexual"),
    "AU": Text("Arbeidsuitbuiting", "Labour exploitation"),
    "CU": Text("Crimineel", "Criminal"),
    "ONBEKEND": Text("Onbekend", "Unknown"),
}
STATES = {
    "delivered": (2, Text("geleverd", "delivered")),
    "withheld": (1, Text("onthouden", "withheld")),
    "pending": (7, Text("wacht", "pending")),
}


def label(table: str, row: str) -> Text:
    """Return what a row or column of a table is called."""
    if row in SERIES:
        return SERIES[row]
    codelist = LISTS.get(table, "exploitation-form")
    for name in (codelist, "exploitation-form"):
        codes = contract().codelists[name].codes
        if row in codes:
            return Text(codes[row].nl, codes[row].en)
    return same(row)


def charts(table: str, compared: Sequence[Compared]) -> str:
    """Return the charts of one published table."""
    cells = {(c.cell.row, c.cell.column): c for c in compared if c.cell.table == table}
    if not cells:
        return ""
    match table:
        case "2.1":
            drawn = _persons(cells)
        case "2.10":
            drawn = _units(cells)
        case _:
            drawn = _stacked(table, cells)
    return f'<div class="charts">{drawn}</div>'


def _persons(cells: Cells) -> str:
    kept, left_out = "excluding-kmar-only", "all"
    names = SERIES[kept], Text("Alleen door de KMar gemeld", "Reported by the KMar only")
    bars = []
    for year in YEARS:
        some, every = cells[kept, year], cells[left_out, year]
        rest = Part(every.counted - some.counted, 7, names[1], _rest(every, some))
        bars.append(Bar(same(year), (_part(some, 0, names[0]), rest)))
    title = Text("Geregistreerde slachtoffers per jaar", "Registered victims per year")
    return _panel(title, columns(title, bars)) + legend([(7, names[1]), (0, names[0])])


def _rest(every: Compared, some: Compared) -> float | None:
    if every.target is None or some.target is None or every.difference == some.difference:
        return None
    return every.target - some.target


def _stacked(table: str, cells: Cells) -> str:
    colours = COLOURS[table]
    title = Text("Per jaar", "Per year")
    bars = [Bar(same(year), _parts(table, colours, cells, year)) for year in YEARS]
    drawn = _panel(title, columns(title, bars))
    if ("OVERIG", "BL_SU") in cells:
        title = Text("Per vorm: wie meldde (aandeel; aantal erachter)", "Per form: who reported (share; number behind)")
        bars = [Bar(name, _parts(table, colours, cells, form)) for form, name in SHORT.items()]
        drawn += _panel(title, rows(title, bars, share=True, room=150))
    return drawn + legend([(colour, label(table, row)) for row, colour in reversed(colours.items())])


def _parts(table: str, colours: Mapping[str, int], cells: Cells, column: str) -> tuple[Part, ...]:
    return tuple(
        _part(cells[row, column], colour, label(table, row))
        for row, colour in colours.items()
        if (row, column) in cells
    )


def _units(cells: Cells) -> str:
    units = [row for row in next(f for f in figures() if f.table == "2.10").rows if row != TOTAL]
    units.sort(key=lambda unit: -cells[unit, TOTAL].counted)
    most = max(cells[unit, year].counted for unit in units for year in YEARS)
    small = []
    for unit in units:
        name = label("2.10", unit)
        bars = [Bar(same(f"'{year[2:]}"), (_part(cells[unit, year], 0, same("")),)) for year in YEARS]
        small.append(_panel(name, columns(name, bars, height=104, most=most, width=150)))
    title = Text("Per eenheid en vorm, 2016-2020", "Per unit and form, 2016-2020")
    bars = [
        Bar(
            label("2.10", unit),
            tuple(_part(cells[unit, form], colour, label("2.2", form)) for form, colour in FORM_COLOURS.items()),
        )
        for unit in units
    ]
    forms = [(colour, label("2.2", form)) for form, colour in FORM_COLOURS.items()]
    stacked = _panel(title, rows(title, bars, room=140) + legend(forms))
    return f'<div class="multiples">{"".join(small)}</div>{stacked}'


def _part(compared: Compared, colour: int, name: Text) -> Part:
    return Part(compared.counted, colour, name, compared.target if compared.difference else None)


def outcome_charts(account: Account) -> str:
    """Return the charts of the bus's own books: outcomes, quarantine and the balance."""
    return f'<div class="charts">{"".join(_books(account))}</div>'


def _books(account: Account) -> Iterator[str]:
    b = account.balance
    title = Text("Balans", "Balance")
    flow = Bar(
        Text("gepubliceerd", "published"),
        (
            Part(b.admitted, 2, Text("toegelaten", "admitted")),
            Part(b.quarantined, 3, Text("in quarantaine", "quarantined")),
            Part(b.repeated, 6, Text("herhaald", "repeated")),
        ),
    )
    candidates = Bar(
        Text("kandidaten", "candidates"),
        tuple(Part(n, *STATES[name]) for name, n in (("delivered", b.delivered), ("withheld", b.withheld))),
    )
    pending = Part(b.pending, *STATES["pending"])
    both = [flow, Bar(candidates.name, (*candidates.parts, pending))]
    yield _panel(title, rows(title, both, room=100) + legend([(p.colour, p.name) for bar in both for p in bar.parts]))
    counts: dict[str, Counter[str]] = {}
    for (recipient, purpose, outcome, _), n in account.outcomes.items():
        counts.setdefault(f"{recipient} {purpose.lower()}", Counter())[outcome] += n
    title = Text("Wie kreeg het, wie niet (feiten van partners)", "Who got it, who did not (partners' facts)")
    bars = [
        Bar(same(name), tuple(Part(found[state], colour, said) for state, (colour, said) in STATES.items()))
        for name, found in sorted(counts.items(), key=lambda item: -item[1].total())
    ]
    yield _panel(title, rows(title, bars, room=160) + legend(list(STATES.values())))
    title = Text("Quarantaine naar reden", "Quarantine by reason")
    bars = [
        Bar(same(reason), (Part(n, 3, same("")),))
        for reason, n in sorted(account.quarantine.items(), key=lambda item: (-item[1], item[0]))
    ]
    yield _panel(title, rows(title, bars, room=140))


def _panel(title: Text, drawn: str) -> str:
    return f'<div class="panel"><h3>{html(title)}</h3>{drawn}</div>'
