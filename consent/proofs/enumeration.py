"""Every row of the table asked of the engine itself, with facts that make the row's situation so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from consent.activities import Register
from consent.known import Known, replay
from consent.narrowing import Stands
from consent.policy import Case, Fate, decide
from consent.proofs.examples import CASE, case_and, example
from consent.table import OTHER, Table

#: A kind of publisher that no register names.
STRANGER = "stranger"


def disagreements(register: Register, table: Table) -> Iterator[str]:
    """Yield every input for which `decide` and the table differ; each row is asked once, on the first day of its period."""
    for (event_type, kind, period), cells in table.cells.items():
        publisher = STRANGER if kind == OTHER else kind
        day = table.starts[event_type][period - 1]
        for number, cell in enumerate(cells):
            for (state, safety, fate), ours in cell.rulings.items():
                case = Case(CASE, event_type, publisher, day, safety)
                if decide(register, case, _known(state, fate, event_type))[number] != ours:
                    yield f"{publisher}'s {event_type} of {day}, {state.value}, {fate}: decide and the table differ"


@cache
def _known(state: Stands, fate: Fate, event_type: str) -> Known:
    return replay(example(state)) | case_and(fate, event_type)
