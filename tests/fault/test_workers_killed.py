"""kill -9 of every worker while a history runs through it: the end is the end of an undisturbed run, which is the truth."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest

from infra.local.platform import Platform
from sandbox.fit import fit
from sandbox.history import tell
from sandbox.targets import published, scaled
from sandbox.telling import Story
from sandbox.truth import cells
from streams.runtime.settled import is_settled
from tests import registry
from tests.broker.stream_world import SETTLE_SECONDS, Bus, Workers
from tests.fault.chain import oins

SEED = 20_260_504  # a history of this test's own: ids and client numbers follow from the seed


@pytest.fixture
def stopped(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """The bus before its workers are started."""
    folder = tmp_path_factory.mktemp("killed")
    workers = Workers(platform, folder)
    yield Bus(platform, workers, folder / "keyring")
    workers.stop()


def story_of(platform: Platform) -> Story:
    return tell(fit(scaled(published(), 0.02), SEED), SEED, dict(oins(platform)))


def kill_when_more_is_sent(bus: Bus, processor: str) -> None:
    """Start every worker, and kill them all as soon as that one has gone on."""

    def sent() -> int:
        return next(p.sent for p in bus.progress() if p.processor == processor)

    before, until = sent(), monotonic() + SETTLE_SECONDS
    bus.workers.start()
    while sent() == before:
        assert monotonic() < until
        bus.workers.breathe(0.005)
    bus.workers.kill()


def test_every_worker_killed_while_it_runs_ends_in_the_truth(stopped: Bus, platform: Platform) -> None:
    story = story_of(platform)
    stopped.publish(*story.events)
    kill_when_more_is_sent(stopped, "admit")
    assert not is_settled(stopped.progress())  # nobody runs: this is how far they were, and it was not the end
    kill_when_more_is_sent(stopped, "disclose")
    stopped.workers.start()
    stopped.settle()

    sound = {event.id: event for event in story.events if event.fault is None}
    bad = {event.id: event.fault for event in story.events if event.fault is not None}
    assert stopped.outcomes([*sound.values()]) == {id: {tuple(o) for o in story.outcomes[id]} for id in sound}
    assert stopped.quarantined(*story.events) == bad
    reports = [event for event in sound.values() if event.type == "victim-reported"]
    assert registry.cells(stopped.registered(reports)) == cells(story.persons)
    assert set(stopped.workers.stop().values()) == {0}
