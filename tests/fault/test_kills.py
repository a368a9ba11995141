"""A worker killed before any step of its work leaves nothing out and doubles nothing: the end is the undisturbed end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.local.platform import Platform
from ketenbus.preparing import Prepared
from sandbox.telling import Planned
from tests.fault.chain import Chain, chain, oins, prepared
from tests.made_up import NOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEFORE = NOW - timedelta(days=400)
#: How many runs the steps are dealt over: one step of each sixteen a test, so that a failure names its neighbourhood.
SHARES = 16


def planned(partner: str, type: str, id: str, fault: str | None = None, hours: int = 0, **fields: Any) -> Planned:
    said = {"subject": "client-1", "occurred_precision": "UNKNOWN", **fields}
    return Planned(partner, type, id, BEFORE + timedelta(hours=hours), said, fault)


def report(partner: str, id: str, **fields: Any) -> Planned:
    said = {
        "reported_on": date(2020, 5, 1),
        "age_group": "ADULT",
        "sex": "VROUW",
        "nationality": "PL",
        "forms": ("AU",),
    }
    who = {"reporter_kind": "POLITIE", "police_unit": "LIMBURG"} if partner == "politie-limburg" else {}
    return planned(partner, "victim-reported", id, **(said | {"reporter_kind": "OVERIG"} | who | fields))


def consent(id: str, **fields: Any) -> Planned:
    said = {
        "given_by": "PERSON", "age_group": "ADULT", "channel": "IN_PERSON", "language": "nl", "text_version": "1",
        "explicit": True, "unbundled": True,
    }  # fmt: skip
    return planned("overige-1", "consent-given", id, **(said | fields))


def waves(platform: Platform) -> list[list[Prepared]]:
    """A short story with everything in it: releases, recalls, joins, ends, repeats and bad events."""
    names = dict(oins(platform))
    pair = {
        "subject_oin": names["politie-limburg"], "other_subject": "client-1", "other_oin": names["overige-1"],
        "ground": "DESK_REVIEW",
    }  # fmt: skip
    withdrawal = planned(
        "overige-1", "consent-withdrawn", "w", subject="client-2", withdraws="g2", given_by="PERSON", age_group="ADULT"
    )
    first = [
        report("politie-limburg", "p1", name="Ada", birth_date=date(1990, 1, 31)),
        report("overige-1", "o1"),
        report("overige-1", "o2", subject="client-2"),
        consent("g2", subject="client-2"),
        report("overige-1", "o3", subject="client-3", name="Ada", birth_date=date(1990, 1, 31)),
        consent("g3", subject="client-3", channel="VIA_VIA", fault="unknown-code"),
        report("politie-limburg", "bad", fault="bad-signature"),
        planned("comensha", "identity-linked", "l", **pair),
    ]
    second = [
        consent("g1"),
        withdrawal,
        consent("g3", subject="client-3"),
        report("politie-limburg", "p2", hours=1, corrects="p1", forms=("CU",)),
        planned("comensha", "identity-unlinked", "u", withdraws="l", **pair),
    ]
    made = prepared(platform, [*first, *second])
    return [made[: len(first)], [*made[len(first) :], made[0]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(platform: Platform) -> AsyncIterator[Chain]:
    async with chain(platform) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(platform: Platform) -> list[list[Prepared]]:
    return waves(platform)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(world: Chain, story: list[list[Prepared]]) -> tuple[int, dict[str, Any]]:
    """How many steps a run has that nothing disturbs, and what it ends with."""
    run = await world.run(story)
    return run.steps, await run.state()


async def test_the_story_has_everything_a_kill_could_spoil(world: Chain, story: list[list[Prepared]]) -> None:
    run = await world.run(story)
    kinds = {dict(r.headers)["ce_ketenbuskind"] for r in run.log.of("view.comensha.registratie")}
    ended = await run.rows("registration", "SELECT count(*) FROM record WHERE ended")
    assert kinds == {b"delivery", b"release", b"recall"}
    assert {reason for _, reason in run.quarantine()} == {b"bad-signature", b"unknown-code"}
    assert len(run.log.of("repeated")) == 1
    assert ended != [(0,)]
    assert len(await run.registered()) == len(await run.records()) == 3
    assert run.balance()[0] == run.balance()[1]
    assert await run.unsent() == []


@pytest.mark.parametrize("share", range(SHARES))
async def test_killed_before_any_step_the_end_is_the_undisturbed_end(
    world: Chain, story: list[list[Prepared]], undisturbed: tuple[int, dict[str, Any]], share: int
) -> None:
    steps, wanted = undisturbed
    for step in range(1 + share, steps + 1, SHARES):
        run = await world.run(story, kill_before=step)
        assert await run.state() == wanted, f"killed before step {step} of {steps}"
        assert run.balance()[0] == run.balance()[1], f"killed before step {step} of {steps}"


@pytest.mark.parametrize("most", [1, 2, 3, 7])
async def test_the_size_of_the_batches_changes_nothing(
    world: Chain, story: list[list[Prepared]], undisturbed: tuple[int, dict[str, Any]], most: int
) -> None:
    run = await world.run(story, most=most)
    assert await run.state() == undisturbed[1]
    assert run.balance()[0] == run.balance()[1]
