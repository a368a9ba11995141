"""What is counted of reports that did not arrive, in two tables that are never added up. Pure.

The counting rule, as `RULE` tells it to whoever reads the tables:
- kept back by the bus: events that stand withheld from one recipient for one purpose, each once, by the reason it was withheld
  for and the kind of reporter. What its publisher replaced or took back is not counted, nor what still waits.
- not reported: what reporters counted themselves in `report-withheld`, the latest of each chain of corrections.
One report may be in both: a reporter may publish it and count it too, and a count names no report. So no number adds the two.

Source: slachtoffermonitor-part1:117 and :387 (withheld reports stay countable, without persons); programma-en-opvang, P-08 (L310-314)
and Q-3 (L1029: small numbers per reporter identify).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consent.wording import Words
from ketenbus.contract import contract
from ketenbus.events import ReportWithheld

#: Reasons of events that are no more: nothing was kept back from anybody.
GONE = frozenset({"superseded", "retracted"})
#: A reason and a kind of reporter.
Counts = Mapping[tuple[str, str], int]
RULE = Words(
    "Telregel. Tegengehouden door de bus: gebeurtenissen die nu niet worden gedeeld, elk een keer, naar reden en soort melder; "
    "zonder wat de melder zelf verbeterde of terugnam, en zonder wat nog wacht. Niet gemeld: wat melders zelf telden "
    "(report-withheld), de laatste versie. Een melding kan in beide staan; de twee worden daarom nooit opgeteld.",
    "Counting rule. Kept back by the bus: events that are not shared now, each once, by reason and kind of reporter; without "
    "what its publisher corrected or took back, and without what still waits. Not reported: what reporters counted themselves "
    "(report-withheld), the latest version. A report may be in both; so the two are never added up.",
)


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many events of one publisher stand withheld for one reason."""

    publisher_kind: str
    reason: str
    events: int


def kept_back(found: Iterable[Withheld]) -> Counts:
    """Return the events the bus keeps back, by reason and kind of reporter."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in found:
        if one.reason not in GONE:
            counts[one.reason, reporter_kind(one.publisher_kind)] += one.events
    return counts


def not_reported(events: Iterable[ReportWithheld]) -> Counts:
    """Return what reporters counted themselves, by their reason and kind."""
    counts: Counter[tuple[str, str]] = Counter()
    for event in events:
        counts[event.reason, event.reporter_kind] += event.count
    return counts


def reporter_kind(publisher_kind: str) -> str:
    """Return as what a kind of publisher counts among reporters; one that reports nothing is named as it is.

    >>> reporter_kind("opvang"), reporter_kind("om")
    ('OVERIG', 'om')
    """
    for code in contract().codelists["reporter-kind"].codes.values():
        if publisher_kind in code.more["publisher_kinds"]:
            return code.code
    return publisher_kind
