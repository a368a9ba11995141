"""The decision table of programma-en-opvang section 3.5, row by row, and what other handbooks say outright.

Each row is asked of `decide` itself, with facts that make its consent so; a register that says otherwise is told where.
Types a register does not name are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial
from itertools import chain, product

from consent.activities import Register
from consent.known import Known, replay
from consent.masks import let_through
from consent.policy import Case, Decision, decide
from consent.precedence import Consent
from consent.proofs.examples import CASE, EXAMPLES, use

#: zorgverleners and other reporters without a legal basis (slachtoffermonitor-part1, L1099-1102).
CARE = ("zorgcoordinator", "fairwork", "overige-melder", "opvang", "nidos", "gemeente")
PLACING = ("zorgcoordinator", "opvang")
INVESTIGATING = ("politie", "kmar", "nla-opsporing")
REGISTRATION_SET = ("neutral", "quasi", "identity", "special")
PLACEMENT_SET = ("neutral", "quasi")
GIVEN = (Consent.GIVEN,)
ANY = tuple(Consent)
#: geweigerd, onbekend, ingetrokken or verlopen, and all else that is no consent.
NOT_GIVEN = tuple(state for state in Consent if state is not Consent.GIVEN)
ANY_SAFETY = (True, False)
DAYS = (date(2018, 5, 25), date(2020, 6, 1))


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One row: what it says, where that is said, and the check that yields every case that is decided otherwise."""

    name: str
    says: str
    source: str
    check: Callable[[Register], Iterator[str]]


@cache
def _known(state: Consent) -> Known:
    return replay(EXAMPLES[state])


def _cases(types: Iterable[str], publishers: Iterable[str], safety: Iterable[bool]) -> Iterator[Case]:
    for event_type, publisher, day, at_stake in product(types, publishers, DAYS, safety):
        yield Case(CASE, event_type, publisher, day, at_stake)


def _is(
    outcome: Sequence[str],
    mask: tuple[str, ...] | None,
    types: tuple[str, ...],
    publishers: tuple[str, ...],
    places: tuple[tuple[str, str], ...],
    states: tuple[Consent, ...],
    safety: tuple[bool, ...],
    opened: Known,
    register: Register,
) -> Iterator[str]:
    """Yield each case whose candidates do not come out as one of `outcome`, under that mask where one is named."""
    for case, state in product(_cases(types, publishers, safety), states):
        found = {(d.recipient, d.purpose): d for d in decide(register, case, _known(state) | opened)}
        for place in places:
            decision = found.get(place)
            if decision is None or decision.outcome not in outcome or (mask is not None and decision.mask != mask):
                yield _said(case, state, place, decision)


def _never(
    to: Callable[[Decision], bool], publishers: Sequence[str] | None, besides: frozenset[str], register: Register
) -> Iterator[str]:
    """Yield each delivery of an event, of a type not named in `besides`, that goes where it may not."""
    kinds = publishers or sorted({kind for a in register.activities for kind in a.publishers})
    for case, state in product(_cases(set(register.by_type) - besides, kinds, ANY_SAFETY), ANY):
        for decision in decide(register, case, _known(state)):
            if decision.outcome == "delivered" and to(decision):
                yield _said(case, state, (decision.recipient, decision.purpose), decision)


def _said(case: Case, state: Consent, place: tuple[str, str], decision: Decision | None) -> str:
    outcome = "no candidate" if decision is None else f"{decision.outcome} {decision.mask_name} ({decision.reasons[0]})"
    safety = ", safety" if case.safety_recorded else ""
    return f"{case.publisher_kind}'s {case.type} of {case.day} to {place[0]} for {place[1]}, {state.value}{safety}: {outcome}"


def _row(name: str, says: str, source: str, check: Callable[[Register], Iterator[str]]) -> NamedRow:
    return NamedRow(name, says, source, check)


_TABLE = "programma-en-opvang, section 3.5"
_NO = ("withheld", "pending")
_REGISTRATION = (("comensha", "REGISTRATIE"),)
_PLACEMENT = (("comensha", "PLAATSING"), ("opvang", "PLAATSING"))
_REPORT, _PLACED = ("victim-reported",), ("placement-moved",)
#: No use of emergency access, and one of before every case.
_UNUSED, _USED = Known(), replay([use(used_on=DAYS[0] - timedelta(days=1))])
_ANONYMOUS = let_through({"neutral", "quasi", "special"})
#: What the Rapporteur may get: records of the registration and counts.
_COUNTS = frozenset(
    {
        "registration-recorded",
        "registration-corrected",
        "registration-ended",
        "tables-delivered",
        "report-withheld",
        "anonymous-contact-counted",
    }
)


def _delivered(
    types: tuple[str, ...],
    publishers: tuple[str, ...],
    *places: tuple[str, str],
    mask: tuple[str, ...] | None = None,
    states: tuple[Consent, ...] = ANY,
    safety: tuple[bool, ...] = ANY_SAFETY,
    opened: Known = _UNUSED,
) -> Callable[[Register], Iterator[str]]:
    return partial(_is, ("delivered",), mask, types, publishers, places, states, safety, opened)


def _refused(
    types: tuple[str, ...],
    publishers: tuple[str, ...],
    *places: tuple[str, str],
    states: tuple[Consent, ...] = NOT_GIVEN,
    safety: tuple[bool, ...] = ANY_SAFETY,
) -> Callable[[Register], Iterator[str]]:
    return partial(_is, _NO, (), types, publishers, places, states, safety, _UNUSED)


NAMED_ROWS: tuple[NamedRow, ...] = (
    _row(
        "3.5 row 1",
        "care may report to the registration with consent: the registration set",
        f"{_TABLE}, L691 (P-01)",
        _delivered(_REPORT, CARE, *_REGISTRATION, mask=REGISTRATION_SET, states=GIVEN),
    ),
    _row(
        "3.5 row 2",
        "care may not report to the registration without, also when safety is at stake",
        f"{_TABLE}, L692 (P-01, P-06, P-07)",
        _refused(_REPORT, CARE, *_REGISTRATION),
    ),
    _row(
        "3.5 row 3",
        "care may place with consent for that purpose: the placement set",
        f"{_TABLE}, L693",
        _delivered(_PLACED, PLACING, *_PLACEMENT, mask=PLACEMENT_SET, states=GIVEN),
    ),
    _row(
        "3.5 row 4",
        "care may place without consent where a safety ground is recorded: the placement set only",
        f"{_TABLE}, L694 (P-07)",
        _delivered(_PLACED, PLACING, *_PLACEMENT, mask=PLACEMENT_SET, safety=(True,)),
    ),
    _row(
        "emergency access",
        "care may place on one officer's recorded use of emergency access: the placement set only",
        "programma-en-opvang, L303-308 (P-07), L681-685 (P-67)",
        _delivered(_PLACED, PLACING, *_PLACEMENT, mask=PLACEMENT_SET, opened=_USED),
    ),
    _row(
        "emergency told",
        "the data protection officer hears of every use and every review of it",
        "AVG art. 39(1)(b); programma-en-opvang, L681-685 (P-67)",
        _delivered(("emergency-access-used", "emergency-access-reviewed"), PLACING, ("fg", "GEGEVENSBESCHERMING")),
    ),
    _row(
        "3.5 row 5",
        "care may not place without consent where safety is not at stake",
        f"{_TABLE}, L695 (P-07)",
        _refused(_PLACED, PLACING, *_PLACEMENT, safety=(False,)),
    ),
    _row(
        "3.5 row 6",
        "police, KMar and NLA-opsporing report to the registration under their own legal task",
        f"{_TABLE}, L696; slachtoffermonitor-part1, L452-454",
        _delivered(_REPORT, INVESTIGATING, *_REGISTRATION, mask=REGISTRATION_SET),
    ),
    _row(
        "3.5 row 7",
        "the Rapporteur gets records of the registration and counts, nothing that identifies",
        f"{_TABLE}, L697 (P-05, P-06, P-08)",
        lambda register: chain(
            _never(lambda d: d.recipient == "rapporteur", None, _COUNTS, register),
            _never(
                lambda d: d.recipient == "rapporteur" and not let_through(d.mask) <= _ANONYMOUS,
                None,
                frozenset(),
                register,
            ),
        ),
    ),
    _row(
        "3.5 row 8",
        "nothing of care or shelter goes to investigation",
        f"{_TABLE}, L698 (P-26, P-29)",
        partial(_never, lambda d: d.purpose == "OPSPORING", CARE, frozenset()),
    ),
    _row(
        "3.5 row 9",
        "nothing of care or shelter goes to return or supervision",
        f"{_TABLE}, L699 (P-53)",
        partial(_never, lambda d: d.purpose in {"TERUGKEER", "TOEZICHT"}, CARE, frozenset()),
    ),
    _row(
        "bedenktijd help",
        "help during the bedenktijd depends on nothing",
        "bescherming-2010-2014, P3 (002:L246-248)",
        _delivered(("bedenktijd-offered",), INVESTIGATING, ("zorgcoordinatie", "HULP")),
    ),
    _row(
        "bedenktijd residence",
        "the IND hears of a bedenktijd, to suspend departure",
        "slachtoffermonitor-part1, L1268-1273 (P17), L1280-1281 (P18)",
        _delivered(("bedenktijd-offered",), INVESTIGATING, ("ind", "UITVOERING")),
    ),
    _row(
        "aangifte residence",
        "an aangifte counts as an application: the IND hears of it",
        "slachtoffermonitor-part1, L1282-1292 (A11)",
        _delivered(("aangifte-filed",), INVESTIGATING, ("ind", "UITVOERING")),
    ),
    _row(
        "sepot residence",
        "the IND hears from the OM that there is no investigation any more",
        "slachtoffermonitor-part1, L1326-1329 (A12)",
        _delivered(("seponeerd",), ("om",), ("ind", "UITVOERING")),
    ),
    _row(
        "aangifte prosecution",
        "the OM hears of an aangifte: it decides on prosecution",
        "slachtoffermonitor-part1, L1326-1329, L1603 (A12)",
        _delivered(("aangifte-filed",), INVESTIGATING, ("om", "OPSPORING")),
    ),
    _row(
        "registration monitoring",
        "the Rapporteur monitors by CoMensha's registration",
        "slachtoffermonitor-part1, L414-418 (P3)",
        _delivered(("registration-recorded",), ("comensha",), ("rapporteur", "MONITORING")),
    ),
    _row(
        "not reported",
        "what could not be reported for lack of consent is counted",
        "slachtoffermonitor-part1, L518-523 (P6); programma-en-opvang, L310-314 (P-08)",
        _delivered(("report-withheld",), CARE, ("rapporteur", "MONITORING")),
    ),
    _row(
        "signals",
        "no signal goes to anybody: whether it is on labour exploitation, which would go to the Inspectorate, is sealed",
        "programma-en-opvang, A-11, A-12 (003:740-747); no source names another",
        lambda register: _never(lambda _: True, None, frozenset(register.by_type) - {"signal-raised"}, register),
    ),
)
