"""The whole recount: from the raw topics, the registry, the register and the key ring, with none of the processors' own code.

It is a second implementation of the design, made from its text: where the two agree, both would have to be wrong alike. Of
the SDK it takes the contract and its events, and how bytes, headers, signatures, views and sealed values are read: what is
wrong there no recount can find.
"""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ketenbus.contract import contract
from ketenbus.errors import ConfigurationError
from ketenbus.events import FactQuarantined
from ketenbus.keyring import ZoneKeys
from services.verify import figures, judge, law, log, periods, receipts, standing, views
from services.verify.checks import Check
from services.verify.figures import Cell
from services.verify.judge import Outcome
from services.verify.kafka import Topics
from services.verify.persons import persons
from services.verify.told import values

#: recipient, purpose, outcome, first reason
OutcomeRow = tuple[str, str, str, str]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recount:
    """What an auditor counts: the tables and the figures told in words, the outcomes, the balance, the standing, and what each check found."""

    tables: Mapping[Cell, float]
    outcomes: Mapping[OutcomeRow, int]
    balance: Mapping[str, int]
    standing: str
    checks: tuple[Check, ...]


def recount(admin: Mapping[str, str], data: Path, register: Path, progress: Progress = lambda _: None) -> Recount:
    """Return the recount of the platform whose data folder is `data`, judged by the register in folder `register`.

    `admin` holds `kafka`, `user` and `password`. The platform must be at rest: nothing is waited for. Raises BusError
    when a topic, a file or a key is not there, or when the log holds what is no event.
    """
    topics = Topics(admin)
    try:
        return _recount(topics, data, law.load(register), progress)
    finally:
        topics.close()


def _recount(topics: Topics, data: Path, rules: law.Law, progress: Progress) -> Recount:
    disclose = _disclose_key(data)
    progress("reading the log")
    ledger = log.read(topics.read(["ketenlog"]), log.public_keys(data / "partners.yaml"))
    progress("judging every candidate again")
    judged = [o for entries in ledger.by_subject.values() for o in judge.outcomes(rules, entries)]
    progress("reading the receipts")
    told = receipts.read(topics.read(["receipts"]), disclose)
    by_key: dict[str, list[Outcome]] = {entry.key: [] for entry in ledger.entries}
    for outcome in judged:
        by_key[outcome.entry.key].append(outcome)
    progress("reading the views")
    seen = _views(topics, rules, judged, disclose)
    progress("counting what was published and where it went")
    flow, flow_checks = _flow(topics, ledger)
    timer = periods.against(ledger.entries, topics.read(["days"]))
    progress("counting persons")
    keys = ZoneKeys(data / "keyring", [("*", "identity"), ("*", "special")])
    try:
        counted = persons(judged, keys.key)
        records = standing.in_force(ledger.entries)
        of_records = standing.of_records(records, keys.key)
        kept = _same("records of the registration in force", of_records, standing.of_persons(counted))
    finally:
        keys.close()
    outcomes_told = told.balance()
    return Recount(
        tables={**figures.count(counted), **values(counted)},
        outcomes=_rows(judged),
        balance={
            **flow,
            "candidates": len(judged),
            **{name: outcomes_told[name] for name in ("delivered", "withheld", "pending")},
        },
        standing=standing.digest([*standing.of_events(judged), *of_records]),
        checks=(ledger.signatures, told.signatures, receipts.against(told, by_key), *seen, *flow_checks, timer, kept),
    )


def _disclose_key(data: Path) -> Ed25519PublicKey:
    """Return the public key of disclose, as every partner was given it."""
    for settings in sorted((data / "secrets" / "partners").glob("*.json")):
        held = json.loads(settings.read_text("utf-8"))
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(held["view_public_key"]))
    raise ConfigurationError(f"no partner's settings in {data}: point --data at a platform's folder")


def _views(topics: Topics, rules: law.Law, judged: Iterable[Outcome], public: Ed25519PublicKey) -> list[Check]:
    expected: defaultdict[law.Candidate, list[Outcome]] = defaultdict(list)
    for outcome in judged:
        expected[outcome.candidate].append(outcome)
    checks = []
    for candidate in rules.views():
        topic = law.view_topic(candidate)
        signed, held = views.read(topic, topics.read([topic]), public)
        checks += [signed, views.against(topic, held, expected[candidate])]
    return checks


def _flow(topics: Topics, ledger: log.Log) -> tuple[dict[str, int], list[Check]]:
    """Return the balance of the flow, each term from its own topic, and whether it holds offset by offset."""
    names = sorted(declared.name for declared in contract().types.values() if declared.publishers)
    ends = topics.ends(names)
    quarantined = {record.key.decode() for record in topics.read(["quarantine"])}
    repeated = {record.key.decode() for record in topics.read(["repeated"])}
    # Topics of types may be emptied below what admit is done with, so what was published is where they end.
    published = sum(end for _, end in ends.values())
    told = [*ledger.origins, *quarantined, *repeated]
    never = {f"{topic}/{part}/{n}" for (topic, part), (_, end) in ends.items() for n in range(end)} ^ set(told)
    twice = {origin for origin, times in Counter(told).items() if times > 1}
    stands_for = [e for e in ledger.entries if isinstance(e.event, FactQuarantined)]
    flow = {
        "published": published,
        "admitted": len(ledger.origins),
        "quarantined": len(quarantined),
        "repeated": len(repeated),
        "difference": published - len(ledger.origins) - len(quarantined) - len(repeated),
    }
    return flow, [
        Check.of("offsets published, each admitted, quarantined or repeated once", published, never | twice),
        Check.of(
            "facts that stand for a quarantined record",
            len(stands_for),
            (e.origin for e in stands_for if e.origin not in quarantined),
        ),
    ]


def _rows(judged: Iterable[Outcome]) -> Counter[OutcomeRow]:
    """Return how many different events of partners stand at each outcome, by first reason."""
    events = {
        (*o.candidate, o.outcome, o.reasons[0], o.entry.oin, o.entry.id) for o in judged if not o.entry.is_registration
    }
    return Counter((recipient, purpose, outcome, reason) for recipient, purpose, outcome, reason, *_ in events)


def _same(name: str, held: Iterable[str], expected: Iterable[str]) -> Check:
    """Return whether two collections hold the same things equally often; it names none of them."""
    ours, theirs = Counter(expected), Counter(held)
    missing, extra = (ours - theirs).total(), (theirs - ours).total()
    return Check.of(name, ours.total(), [*["one missing"] * missing, *["one too many"] * extra])
