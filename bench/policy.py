"""The decision alone: look-ups in the compiled table beside Cedar's calls, decisions on a person's facts, compiling."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import cycle, islice
from random import Random

import cedarpy

from bench.figures import Figure, quantile
from bench.place import Say
from consent.activities import Register
from consent.chains import retracted, superseded
from consent.known import Corrected, Known, Ref, replay
from consent.narrowing import stands
from consent.policy import Case, Decision, decide
from consent.precedence import spoken
from consent.proofs.cedar import Asked, Cedar
from consent.proofs.cedar_facts import taught
from consent.proofs.examples import AT, CASE, OIN
from consent.proofs.histories import histories
from consent.table import Row, Table, compiled
from services.policy.law import raw_law
from streams.runtime.settings import load_register

SEED = 20180524
LOOK_UPS = 300_000
CEDAR_CALLS = 3_000
DECISIONS = 20_000
SUBJECT_EVENTS = 200
DAY = date(2020, 6, 1)
ROUNDS = 5

Decide = Callable[[Case, Known], tuple[Decision, ...]]


def measure(say: Say) -> tuple[list[Figure], dict[str, object]]:
    """Return how fast decisions are made; all in one run, so that the ratios hold for one machine at one moment."""
    law = load_register()
    began = time.perf_counter()
    table = compiled(law)
    rows = list(table.rows())
    compile_seconds = time.perf_counter() - began
    rng = Random(SEED)
    drawn = rng.choices(rows, k=10_000)
    look_ups = _look_ups(table, drawn)
    cedar = _cedar(drawn[:CEDAR_CALLS])
    say(f"{look_ups:,.0f} look-ups/s, Cedar {cedar:,.0f} calls/s")
    asked = _asked(law, rng)
    by_register = _each(lambda case, known: decide(law, case, known), asked)
    by_table = _each(table.decide, asked)
    figures = [
        Figure("table look-ups", look_ups, "/s", 1_000_000, at_least=True),
        Figure("cedarpy, a call", cedar, "/s"),
        Figure("look-ups to cedarpy calls", look_ups / cedar, "x"),
        Figure("decision with the person's facts, p50", quantile(by_register, 0.5) * 1e6, "us"),
        Figure("decision with the person's facts, p99", quantile(by_register, 0.99) * 1e6, "us", 100),
        Figure("the same by the table, p50", quantile(by_table, 0.5) * 1e6, "us"),
        Figure("the same by the table, p99", quantile(by_table, 0.99) * 1e6, "us", 100),
        Figure("compile and enumerate", compile_seconds, "s", 2),
        Figure(f"a person's {SUBJECT_EVENTS} events judged again", _again(law, rng) * 1e3, "ms", 20),
    ]
    return figures, {"rows": len(rows), "look_ups": LOOK_UPS, "cedar_calls": CEDAR_CALLS, "decisions": DECISIONS}


def _look_ups(table: Table, drawn: Sequence[Row]) -> float:
    """Return look-ups a second, the best of some rounds: the rest is the machine's other work."""
    keys = [
        (
            r.type,
            r.publisher,
            r.start,
            r.decision.recipient,
            r.decision.purpose,
            r.situation.consent,
            r.situation.safety_recorded,
            r.situation.fate,
        )
        for r in islice(cycle(drawn), LOOK_UPS)
    ]
    look_up = table.look_up
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for key in keys:
            look_up(*key)
        rates.append(len(keys) / (time.perf_counter() - began))
    if any(look_up(*key) != row.decision for key, row in zip(keys, drawn, strict=False)):
        raise ValueError("a look-up gave another row: the rate of a wrong answer says nothing")
    return max(rates)


def _cedar(drawn: Sequence[Row]) -> float:
    """Return Cedar's calls a second: one request each, policies parsed before, context as text already."""
    law = raw_law()
    cedar = Cedar(law.activities, law.rules)
    nothing = taught([])
    requests = [
        cedar.request(
            Asked(CASE.id, r.type, r.publisher, r.start, r.situation.safety_recorded),
            nothing,
            (r.decision.recipient, r.decision.purpose),
        )
        for r in drawn
    ]
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for request in requests:
            cedarpy.is_authorized(request, cedar.activities, cedar.nobody)
        rates.append(len(requests) / (time.perf_counter() - began))
    return max(rates)


def _asked(law: Register, rng: Random) -> list[tuple[Case, Known]]:
    known = [replay(facts) for facts in histories(500, SEED)]
    activities = rng.choices(law.activities, k=DECISIONS)
    return [
        (Case(CASE, rng.choice(a.types), rng.choice(a.publishers), DAY, rng.random() < 0.3), rng.choice(known))
        for a in activities
    ]


def _each(made: Decide, asked: Sequence[tuple[Case, Known]]) -> list[float]:
    """Return the seconds of each decision."""
    seconds = []
    for case, known in asked:
        began = time.perf_counter()
        made(case, known)
        seconds.append(time.perf_counter() - began)
    return seconds


def _again(law: Register, rng: Random) -> float:
    """Return the seconds in which all candidates of a person with many events are judged again, the best of some rounds."""
    said = [fact for facts in histories(SUBJECT_EVENTS, SEED + 1) for fact in facts][: SUBJECT_EVENTS // 4]
    words = [replace(fact, ref=Ref(fact.ref.oin, f"{fact.ref.id}-{n}")) for n, fact in enumerate(said)]
    activities = rng.choices(law.activities, k=SUBJECT_EVENTS - len(words))
    told = [(Ref(OIN, f"event-{n}"), rng.choice(a.types), rng.choice(a.publishers)) for n, a in enumerate(activities)]
    events = Known(
        chain=frozenset(Corrected(name, ref, AT, f"event-{n - n % 3}") for n, (ref, name, _) in enumerate(told))
    )
    known = replay(words) | events
    cases = [Case(ref, name, publisher, DAY, False) for ref, name, publisher in told]
    cases += [Case(fact.ref, fact.event.TYPE, "zorgcoordinator", DAY, False) for fact in words]
    best = []
    for _ in range(ROUNDS):
        retracted.forget()
        superseded.forget()
        spoken.forget()
        stands.forget()
        began = time.perf_counter()
        for case in cases:
            decide(law, case, known)
        best.append(time.perf_counter() - began)
    return min(best)
