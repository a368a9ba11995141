"""One event of a platform, explained to an auditor, who opens nothing sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from consent.explain import Explanation, explain
from consent.instants import Admitted, as_known_at, as_of
from consent.known import Fact, replay
from consent.policy import decide
from ketenbus.errors import ConfigurationError
from services.explain import store
from services.explain.answers import Explained
from services.explain.choosing import varied
from services.explain.replaying import Logged, answer
from services.lineage import arrivals
from services.lineage.asking import named
from services.lineage.names import Names
from services.lineage.store import Connection, facts_about, facts_by_id, snapshot
from services.register.in_force import Releases, releases
from streams.disclose.binding import logged
from streams.disclose.judge import case_of, fact_of
from streams.disclose.store import StoredFact
from streams.disclose.tokens import EventName
from streams.runtime.records import position
from streams.runtime.settings import ProcessorSettings


async def event(settings: ProcessorSettings, event_id: str, source: str | None = None) -> Explained:
    """Return every decision on an event, explained and decided again; the id is its publisher's or any view's.

    Raises ConfigurationError where no such event was admitted: nothing was decided, so nothing is explained.
    """
    async with snapshot(settings.dsn) as connection:
        held = await releases(connection, settings)
        names = named(settings, held.registers)
        return await _explained(connection, held, names, *_meant(names, event_id, source))


async def examples(settings: ProcessorSettings, count: int) -> list[Explained]:
    """Return explanations of at most `count` events that together show most of what was decided, and how."""
    async with snapshot(settings.dsn) as connection:
        chosen = varied(await store.ways(connection), count)
        held = await releases(connection, settings)
        names = named(settings, held.registers)
        return [await _explained(connection, held, names, way.id, way.oin) for way in chosen]


async def stood(
    settings: ProcessorSettings,
    event_id: str,
    source: str | None,
    of: datetime | None,
    known: datetime | None,
    recipient: str | None = None,
) -> list[Explanation]:
    """Return what the register in force decides on what had happened `of` an instant, and was `known` at one; None is now.

    It says nothing of what was done: that is what `event` tells. Raises ConfigurationError as `event` does, and where the event
    itself was not admitted by then.
    """
    found = []
    async with snapshot(settings.dsn) as connection:
        held = await releases(connection, settings)
        event_id, wanted = _meant(named(settings, held.registers), event_id, source)
        for fact in await _mine(connection, event_id, wanted):
            about = [logged(one) for one in await facts_about(connection, [fact.subject])]
            facts: Sequence[Fact] = [fact_of(one) for one in about]
            if known is not None:
                facts = as_known_at([Admitted(fact_of(one), one.admitted_at) for one in about], known)
            if of is not None:
                facts = as_of(facts, of)
            case = case_of(logged(fact))
            if all(one.ref != case.ref for one in facts):
                raise ConfigurationError(
                    f"event {event_id} was not admitted yet at {known}: nothing could be decided on it"
                )
            law = held.by_partition[position(fact.origin)[0]].register
            decisions = decide(law, case, replay(facts))
            found += [explain(law, case, facts, d) for d in decisions if recipient in (None, d.recipient)]
    return found


async def _explained(
    connection: Connection, held: Releases, names: Names, event_id: str, wanted: str | None
) -> Explained:
    mine = await _mine(connection, event_id, wanted)
    answers, registers = [], held.registers
    for fact in mine:
        about = sorted(await facts_about(connection, [fact.subject]), key=lambda f: position(f.origin))
        known = [Logged(position(one.origin), fact_of(logged(one))) for one in about]
        case = case_of(logged(fact))
        law = held.by_partition[position(fact.origin)[0]]
        for standing in await store.standings(connection, EventName(fact.subject, fact.oin, fact.id)):
            answers.append(answer(registers, law.fingerprint, case, known, standing))
    named = {(one.recipient, one.purpose) for one in answers}
    return Explained(
        id=event_id,
        type=mine[0].type,
        publisher_kind=logged(mine[0]).publisher_kind,
        answers=tuple(answers),
        not_named=tuple(view for view in names.views() if view not in named),
    )


def _meant(names: Names, event_id: str, source: str | None) -> tuple[str, str | None]:
    """Return the publisher's id of the event that is meant, and its OIN where that is said; the id may be any view's."""
    wanted = arrivals.named(source, names.partners)
    read = names.named_by(event_id)
    return (event_id, wanted) if read is None else (read.id, read.oin)


async def _mine(connection: Connection, event_id: str, wanted: str | None) -> list[StoredFact]:
    """Return the event of this id, under each of its subjects."""
    facts = await facts_by_id(connection, event_id)
    publishers = {fact.oin for fact in facts}
    if wanted not in publishers and (wanted is not None or len(publishers) != 1):
        if len(publishers) > 1:
            raise ConfigurationError(
                f"several publishers used id {event_id}: add --source, one of {', '.join(sorted(publishers))}"
            )
        raise ConfigurationError(
            f"no event {event_id} was admitted, so nothing was decided on it: ask ./ketenbus lineage event {event_id}"
        )
    oin = wanted or publishers.pop()
    return [fact for fact in facts if fact.oin == oin]
