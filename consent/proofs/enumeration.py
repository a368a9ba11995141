"""Every row of the table asked of the engine itself, with facts that make the row's situation so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from consent.activities import Register
from consent.known import Known, replay
from consent.policy import Case, Fate, decide
from consent.precedence import Consent
from consent.proofs.examples import CASE, EXAMPLES, case_and
from consent.table import OTHER, SITUATIONS, Table

#: A kind of publisher that no register names.
STRANGER = "stranger"


def disagreements(register: Register, table: Table) -> Iterator[str]:
    """Yield every input for which `decide` and the table differ; each row is asked once, on the first day of its period."""
    for (event_type, kind, period), cells in table.cells.items():
        publisher = STRANGER if kind == OTHER else kind
        day = table.starts[event_type][period - 1]
        for s in SITUATIONS:
            case = Case(CASE, event_type, publisher, day, s.safety_recorded)
            ours = tuple(cell.rulings[s.consent, s.safety_recorded, s.fate] for cell in cells)
            if decide(register, case, _known(s.consent, s.fate, event_type)) != ours:
                yield f"{publisher}'s {event_type} of {day}, {s.consent.value}, {s.fate}: decide and the table differ"


@cache
def _known(state: Consent, fate: Fate, event_type: str) -> Known:
    return replay(EXAMPLES[state]) | case_and(fate, event_type)
