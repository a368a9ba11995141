"""What became of everything that was acknowledged to publishers, found with the auditor's own code: none of the processors'.

It reads the raw topics as `services.verify` does and judges every candidate again, so that a processor that is wrong in
the same way every time is found out too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from services.verify import judge, law, log, views
from services.verify.judge import Outcome
from services.verify.kafka import Raw, Topics
from services.verify.recount import _disclose_key
from services.verify.views import _given, _held


@dataclass(frozen=True, slots=True)
class Found:
    """What the topics hold: how much stands in views, and what should not be so, as places."""

    standing: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unlawful: tuple[str, ...]


def check(admin: dict[str, str], data: Path, register: Path, acknowledged: Collection[str]) -> Found:
    """Return what became of the records at these coordinates (`topic/partition/offset`), and of what follows from them.

    lost: acknowledged, and neither logged, quarantined nor repeated; or delivered by our own judgement and not in the
    view. doubled: with two of these fates, or a change told twice in different words. unlawful: in a view, and not
    delivered by our own judgement, or not signed. The bus must be at rest.
    """
    topics = Topics(admin)
    try:
        rules, key = law.load(register), _disclose_key(data)
        ledger = log.read(topics.read(["ketenlog"]), log.public_keys(data / "partners.yaml"))
        fates = Counter(ledger.origins)
        for topic in ("quarantine", "repeated"):
            fates.update({record.key.decode() for record in topics.read([topic])})
        lost = [place for place in acknowledged if not fates[place]]
        doubled = [place for place, times in fates.items() if times > 1]
        unlawful = list(ledger.signatures.places)
        delivered: defaultdict[law.Candidate, list[Outcome]] = defaultdict(list)
        for entries in ledger.by_subject.values():
            for outcome in judge.outcomes(rules, entries):
                if outcome.outcome == "delivered":
                    delivered[outcome.candidate].append(outcome)
        standing = 0
        for candidate in rules.views():
            topic = law.view_topic(candidate)
            records = list(topics.read([topic]))
            signed, highest = views.read(topic, records, key)
            stands = Counter(_held(message) for message in highest if message.event is not None)
            rightly = Counter(_given(outcome) for outcome in delivered[candidate])
            standing += stands.total()
            lost += [f"{topic}: {kind} of {at}" for kind, at, _ in (rightly - stands).elements()]
            unlawful += [f"{topic}: {kind} of {at}" for kind, at, _ in (stands - rightly).elements()]
            unlawful += signed.places
            doubled += said_twice(records)
        return Found(standing, tuple(lost), tuple(doubled), tuple(unlawful))
    finally:
        topics.close()


def said_twice(records: Iterable[Raw]) -> list[str]:
    """Return the places of records of one view that tell a change of an event in other words than an earlier one."""
    said: dict[tuple[bytes, bytes], tuple[object, ...]] = {}
    places = []
    for record in records:
        told = dict(record.headers)
        words = (record.key, record.value, record.headers)
        if said.setdefault((told["ce_id"], told["ce_ketenbuschange"]), words) != words:
            places.append(record.origin)
    return places
