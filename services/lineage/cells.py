"""Which records count in a cell, asked of the counting rules one record at a time: nothing is counted twice over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ketenbus.contract import CodeList
from ketenbus.errors import ConfigurationError
from streams.monitoring.fold import Cell, Registered, Table, count


def find(tables: Sequence[Table], codelists: Mapping[str, CodeList], cell: Cell) -> tuple[Table, Cell]:
    """Return the table of a cell and the cell as the table spells it; case does not matter.

    Raises ConfigurationError naming the tables, rows or columns there are.
    """
    name, row, column = cell
    table = next((t for t in tables if t.table == name), None)
    if table is None:
        raise ConfigurationError(f"there is no table {name}; there are {', '.join(t.table for t in tables)}")
    cells = count(table, (), codelists)
    rows, columns = dict.fromkeys(r for _, r, _ in cells), dict.fromkeys(c for _, _, c in cells)
    return table, (name, _spelled(f"row of {name}", row, rows), _spelled(f"column of {name}", column, columns))


def counted(
    table: Table, records: Iterable[Registered], codelists: Mapping[str, CodeList], cell: Cell
) -> dict[str, int]:
    """Return by record what it adds to the cell, for the records that add to it.

    Law: the values add up to what `count` makes of all records together.
    """
    adds = {record.number: count(table, (record,), codelists).get(cell, 0) for record in records}
    return {number: added for number, added in adds.items() if added}


def _spelled(what: str, said: str, there: Iterable[str]) -> str:
    for name in there:
        if name.casefold() == said.casefold():
            return name
    raise ConfigurationError(f"{said} is no {what}; there are {', '.join(there)}")
