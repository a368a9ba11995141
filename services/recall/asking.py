"""Recalls of a platform, asked as its auditor, who opens nothing sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from consent.instants import Admitted
from services.explain.store import standings
from services.lineage.asking import named
from services.lineage.store import facts_about, snapshot
from services.recall import store, subjects
from services.recall.certificate import Certificate, Judged, Logged, certificate
from services.recall.listing import Listing, listing
from services.register.in_force import releases
from streams.disclose.binding import logged
from streams.disclose.judge import case_of, fact_of
from streams.disclose.store import StoredFact
from streams.runtime.records import position
from streams.runtime.settings import Partner, ProcessorSettings, load_partners, load_terms
from streams.runtime.topics import RECIPIENT_KINDS

TERM = "recall-confirmed"


def organisations(partners: Mapping[str, Partner]) -> dict[str, tuple[Partner, ...]]:
    """Return who stands behind each recipient of the register, by id."""
    return {
        recipient: tuple(sorted((p for p in partners.values() if p.kind in kinds), key=lambda p: p.id))
        for recipient, kinds in RECIPIENT_KINDS.items()
    }


async def recalls(settings: ProcessorSettings, now: datetime) -> Listing:
    """Return where every recall stands at `now`."""
    async with snapshot(settings.dsn) as connection:
        return listing(
            await store.recalls(connection),
            await store.confirmations(connection),
            organisations(load_partners(settings.partners)),
            load_terms(settings.law_file("terms.yaml"))[TERM],
            now,
            await store.sent(connection),
        )


async def certified(settings: ProcessorSettings, said: str, now: datetime) -> Certificate:
    """Return the certificate of the subject that is meant; raises ConfigurationError where there is no such subject."""
    async with snapshot(settings.dsn) as connection:
        held = await releases(connection, settings)
        names = named(settings, held.registers)
        subject = await subjects.find(connection, names, said)
        stored = sorted(await facts_about(connection, [subject]), key=lambda f: position(f.origin))
        judged = []
        for fact in stored:
            event = logged(fact)
            for one in await standings(connection, event.name):
                judged.append(Judged(event.name, case_of(event), one.decision, one.in_view, one.history))
        found = listing(
            await store.recalls(connection, [subject]),
            await store.confirmations(connection, [subject]),
            organisations(names.partners),
            load_terms(settings.law_file("terms.yaml"))[TERM],
            now,
            await store.sent(connection, [subject]),
        )
    facts = [_logged(fact, names.partners) for fact in stored]
    in_force = held.by_partition[facts[-1].place[0]].fingerprint
    return certificate(subject, held.registers, in_force, facts, judged, found, now)


def _logged(stored: StoredFact, partners: Mapping[str, Partner]) -> Logged:
    read = logged(stored)
    publisher = partners.get(stored.oin)
    return Logged(
        position(stored.origin),
        Admitted(fact_of(read), read.admitted_at),
        simulated=publisher is not None and publisher.backfill,
    )
