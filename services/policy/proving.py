"""Everything that is proven of a register, counted, and what was found against it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from consent.activities import Register
from consent.classes import classes, text
from consent.narrowing import given
from consent.proofs import emergency, linking
from consent.proofs.agreement import HISTORIES, Agreement, compared, openings
from consent.proofs.cedar import Cedar
from consent.proofs.claims import Known
from consent.proofs.enumeration import disagreements
from consent.proofs.named_rows import NAMED_ROWS
from consent.proofs.prohibitions import Verdict, judged
from consent.proofs.words import MASK, MOST_WORDS, Enumerated, enumerated
from consent.table import Row, compiled
from ketenbus.contract import contract
from services.policy.law import RawLaw
from services.policy.noninterference import PAIRS, tried

Say = Callable[[str], None]
#: How many of many findings are told.
TOLD = 5


@dataclass(frozen=True, slots=True)
class Proven:
    """What was looked at, in numbers, and every finding against it: proven is what has none."""

    numbers: tuple[tuple[str, str], ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[str, ...]
    seconds: float


def prove(
    register: Register,
    law: RawLaw,
    written: str,
    say: Say,
    *,
    most_words: int = MOST_WORDS,
    histories: int = HISTORIES,
    pairs: int = PAIRS,
) -> Proven:
    """Prove what is to be proven of a register; `written` is its table as it is kept beside it."""
    began = time.monotonic()
    table = compiled(register)
    found = classes(table)
    say("rows and classes")
    differing = list(disagreements(register, table))
    findings = [*_against("decide", differing)]
    if is_changed := text(register, found) != written:
        findings.append(
            "the table differs from the one beside the register: ./ketenbus policy table --write, and read it"
        )
    for row in NAMED_ROWS:
        findings += _against(row.name, list(row.check(register)))
    say(f"every set of up to {most_words} words of consent")
    words, links = enumerated(most_words), linking.steps(min(most_words, 2))
    say("prohibitions")
    verdicts = judged(table, Known(contract().types, words.steps.keys(), links.keys()))
    findings += [f"{v.prohibition.name} is broken: {said(v.counterexample)}" for v in verdicts if v.counterexample]
    say("emergency access")
    findings += _against("emergency access", list(emergency.findings()))
    say("Cedar")
    cedar = Cedar(law.activities, law.rules)
    agreement = compared(register, table, found, cedar, histories, most_words=min(most_words, 2))
    opened = list(openings(cedar))
    findings += _against("Cedar", [*map(str, agreement.differences), *filter(None, opened)])
    say("non-interference")
    views = list(tried(register, pairs))
    findings += [
        f"{breach.activity} shows of {breach.type} what it leaves out: {', '.join(breach.fields)}"
        for _, breach in views
        if breach
    ]
    rows = sum(len(cell.rulings) for cells in table.cells.values() for cell in cells)
    numbers = (
        ("rows", f"{rows:,}; decide differs on {len(differing)}"),
        ("classes", f"{len(found):,}; {'not ' if is_changed else ''}as written beside the register"),
        ("named rows", f"{len(NAMED_ROWS)}"),
        *_of_words(words),
        ("emergency access", f"{len(opened):,} histories and days, by the rule and by Cedar"),
        ("Cedar comparisons", _of_cedar(agreement, histories)),
        ("non-interference pairs", f"{sum(n for n, _ in views):,}"),
    )
    return Proven(numbers, verdicts, tuple(findings), time.monotonic() - began)


def said(rows: tuple[Row, ...] | None) -> str:
    """Return rows of the table as a sentence."""
    return "; and ".join(map(_row, rows or ()))


def _row(row: Row) -> str:
    s, d = row.situation, row.decision
    until = f" until {row.end}" if row.end else ""
    ground = ", safety recorded" if s.safety_recorded else ""
    return (
        f"{row.publisher}'s {row.type} from {row.start}{until}, {s.fate}, consent {s.consent.value}{ground}, to {d.recipient} for "
        f"{d.purpose}: {d.outcome}{' ' + d.mask_name if d.mask else ''} by {d.activity or 'no activity'} ({' '.join(d.reasons)})"
    )


def _of_words(words: Enumerated) -> Iterator[tuple[str, str]]:
    widening = [(before, after) for before, after in words.steps if given(after, MASK) - given(before, MASK)]
    steps = f"{len(words.steps)} steps by a refusal, withdrawal or expiry, to more consent {len(widening)}"
    yield "sets of consent words", f"{len(words.stands):,}; {steps}"
    states = Counter[str]()
    for state, n in words.states.items():
        states[state.value] += n
    yield "consent then stands", ", ".join(f"{state} {n:,}" for state, n in states.most_common())


def _of_cedar(agreement: Agreement, histories: int) -> str:
    every = agreement.classes + agreement.words + agreement.histories
    parts = f"classes {agreement.classes:,}, sets of words {agreement.words:,}, on {histories:,} random histories {agreement.histories:,}"
    return f"{every:,}: {parts}; differences {len(agreement.differences)}"


def _against(name: str, several: Sequence[str]) -> Iterator[str]:
    """Yield the first findings under a name, and how many more there are."""
    yield from (f"{name}: {finding}" for finding in several[:TOLD])
    if len(several) > TOLD:
        yield f"{name}: and {len(several) - TOLD} more"
