"""Recalls on the running bus: told to four recipients, confirmed by each, listed with a clock; whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from infra.local.platform import Platform
from ketenbus import Accepted, Consumer, PartnerSettings, Producer
from ketenbus.errors import ConfigurationError
from ketenbus.events import RecallConfirmed
from sandbox.telling import Planned
from services.recall import asking
from services.recall.certificate import Certificate
from services.recall.listing import Awaited, Listing
from streams.runtime import settings as runtime
from streams.runtime.settings import LAW
from tests.broker.stream_events import consent, event, kinds, new_subject, report, withdrawal
from tests.broker.stream_world import REGISTRATION, Bus, bus

CARE = "zorgcoordinatie-1"
NOW = datetime.now(UTC)
#: A made-up fourth view that rests on consent: the released register has three.
FOURTH = {
    "id": "verzonnen-vierde", "version": 1, "controller": "ind", "recipient": "ind", "purpose": "UITVOERING",
    "types": ["placement-moved"], "publishers": ["zorgcoordinator"], "consent": "required",
    "mask": ["neutral"], "recalls": True, "ground": {"nl": "verzonnen", "en": "made up"}, "articles": ["avg-6-1-a"],
    "sources": ["programma-en-opvang:303 P-07. Safety exception, limited to placement"], "retention": "open",
    "status": "inferred", "valid_from": "2014-01-01", "why": {"nl": "verzonnen", "en": "made up"},
}  # fmt: skip
Who = tuple[str, str, str]
#: Recipient, purpose and organisation: who reads its view itself, and for whom the registration confirms.
BY_HAND: tuple[Who, ...] = (
    ("comensha", "PLAATSING", "comensha"),
    ("ind", "UITVOERING", "ind"),
    ("opvang", "PLAATSING", "opvang-1"),
    ("opvang", "PLAATSING", "opvang-2"),
)
BY_ITSELF: Who = ("comensha", "REGISTRATIE", "comensha")


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("law")
    activities = [*yaml.safe_load(LAW["activities.yaml"].read_text("utf-8")), FOURTH]
    (folder / "activities.yaml").write_text(yaml.safe_dump(activities, allow_unicode=True), "utf-8")
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, law: Path) -> Iterator[Bus]:
    # A platform of its own, for what was decided under another law; not in pytest's folder, which is closed to PostgreSQL.
    own = Platform(Path(tempfile.mkdtemp(prefix="ketenbus-recall-")), backfill=True)
    with own.running(wipe=True) as platform, bus(platform, tmp_path_factory.mktemp("workers"), law) as made:
        yield made


def delivered(running: Bus) -> tuple[Planned, Planned, Planned]:
    """A grant, and the report and the move that four recipients got on it."""
    person = new_subject()
    move = event(
        CARE, "placement-moved", person, moved_on=(NOW - timedelta(days=30)).date(), shelter_type="COSM",
        provider_id="0123456789abcdef", safety_at_stake=False, age_group="ADULT",
    )  # fmt: skip
    said = consent(CARE, person), report(CARE, person, reporter_kind="ZORGCOORDINATOR"), move
    running.say(*said)
    return said


def recalled(running: Bus) -> tuple[Planned, Planned]:
    """A report and a move that four recipients got on consent, and that was then withdrawn."""
    grant, told, move = delivered(running)
    running.say(withdrawal(grant))
    return told, move


def auditor(running: Bus, law: Path | None = None) -> runtime.ProcessorSettings:
    return runtime.load(running.platform.processor_file("auditor"), law)


def listed(running: Bus, days: float = 0) -> Listing:
    """The list, so many days from now."""
    return asyncio.run(asking.recalls(auditor(running), datetime.now(UTC) + timedelta(days=days)))


def awaited(running: Bus, *events: Planned, days: float = 0) -> dict[Who, Awaited]:
    """Where the recalls of these events stand."""
    names = {running.name(e) for e in events}
    rows = [row for row in listed(running, days).awaited if row.recall.name in names]
    found = {(r.recall.recipient, r.recall.purpose, r.organisation): r for r in rows}
    assert len(found) == len(rows)
    return found


def states(running: Bus, *events: Planned, days: float = 0) -> Mapping[Who, str]:
    return {who: row.state for who, row in awaited(running, *events, days=days).items()}


def certified(running: Bus, told: Planned, law: Path) -> Certificate:
    """The certificate of the person of an event, as its publisher names her."""
    subject = f"{told.partner}/{told.fields['subject']}"
    return asyncio.run(asking.certified(auditor(running, law), subject, datetime.now(UTC)))


def confirm(running: Bus, *who: Who, of: Planned, folder: Path) -> None:
    """Let these organisations read their views with the SDK as far as the recall of this event, and confirm it, twice."""

    async def one(recipient: str, purpose: str, organisation: str) -> None:
        settings = PartnerSettings.load(running.platform.partner_file(organisation))
        token = running.tokens(f"view.{recipient}.{purpose.lower()}").event(running.name(of))
        state = folder / f"{recipient}-{purpose}-{organisation}.sqlite"
        async with Producer(settings) as producer, Consumer(settings, recipient, purpose, state=state) as messages:
            async for received in messages:
                if received.is_recall and received.id == token:
                    sent = await messages.confirm(received, producer)
                    assert isinstance(sent, Accepted)
                    assert sent == await messages.confirm(received, producer)
                    return

    async def everyone() -> None:
        await asyncio.wait_for(asyncio.gather(*(one(*each) for each in who)), 60)

    asyncio.run(everyone())


def test_a_withdrawal_is_recalled_from_four_recipients_confirmed_by_each_and_certified(
    running: Bus, tmp_path: Path, law: Path
) -> None:
    told, move = recalled(running)
    assert states(running, told, move) == {BY_ITSELF: "confirmed", **dict.fromkeys(BY_HAND, "open")}
    waiting = certified(running, told, law)
    assert (len(waiting.held), waiting.due) == (4, 3)
    assert (waiting.count("lawful-then"), waiting.count("unlawful-then")) == (4, 0)

    confirm(running, *BY_HAND, of=move, folder=tmp_path)
    running.settle()
    found = awaited(running, told, move)
    assert {row.state for row in found.values()} == {"confirmed"}
    assert all(r.recall.sent_at and r.confirmed_at and r.recall.sent_at < r.confirmed_at for r in found.values())
    done = certified(running, told, law)
    assert (done.due, [t.state for h in done.held for t in h.told]) == (0, ["confirmed"] * 5)


def test_who_is_offline_for_six_days_is_waited_for_then_late_and_confirms_when_it_is_back(
    running: Bus, tmp_path: Path
) -> None:
    _, move = recalled(running)
    offline, others = BY_HAND[-1], BY_HAND[:-1]
    confirm(running, *others, of=move, folder=tmp_path)
    running.settle()
    for days, state in ((6, "open"), (40, "late")):
        assert states(running, move, days=days) == {**dict.fromkeys(others, "confirmed"), offline: state}
    confirm(running, offline, of=move, folder=tmp_path)
    running.settle()
    assert set(states(running, move, days=40).values()) == {"confirmed"}


def test_workers_killed_between_recalls_and_their_confirmations_change_nothing(
    running: Bus, tmp_path: Path, law: Path
) -> None:
    grant, told, move = delivered(running)
    running.say(withdrawal(grant))
    running.workers.kill()
    confirm(running, *BY_HAND, of=move, folder=tmp_path)
    running.workers.start()
    running.settle()
    assert states(running, told, move) == dict.fromkeys((BY_ITSELF, *BY_HAND), "confirmed")
    found = certified(running, told, law)
    assert (found.count("lawful-then"), found.count("unlawful-then"), found.due) == (4, 0, 0)
    assert kinds(running.told(REGISTRATION, told)) in (["delivery", "recall"], ["release", "recall"])


def test_a_correction_recalls_what_it_replaces_and_releases_what_it_says(running: Bus, law: Path) -> None:
    _, told, _ = delivered(running)
    better = report(CARE, str(told.fields["subject"]), reporter_kind="ZORGCOORDINATOR", corrects=told.id)
    running.say(better)
    assert states(running, told, better) == {BY_ITSELF: "confirmed"}
    held = {h.event: h for h in certified(running, told, law).held if h.purpose == "REGISTRATIE"}
    assert (held[told.id].stands, held[told.id].classes(), held[told.id].reasons) == (
        False,
        ("lawful-then",),
        ("superseded",),
    )
    assert (held[better.id].stands, held[better.id].classes()) == (True, ("lawful-then",))


def test_what_was_shared_on_a_refusal_that_came_in_late_is_certified_as_unlawful(running: Bus, law: Path) -> None:
    grant, told, _ = delivered(running)
    before = grant.time - timedelta(days=1)
    kept = {k: v for k, v in grant.fields.items() if k not in ("explicit", "unbundled")}
    running.say(
        Planned(
            CARE,
            "consent-refused",
            f"{grant.id}-no",
            grant.time,
            {**kept, "occurred_at": before, "given_by": "REPRESENTATIVE"},
        )
    )
    found = certified(running, told, law)
    assert (found.count("lawful-then"), found.count("unlawful-then")) == (0, 4)
    assert {r for h in found.held for d in h.deliveries for r in d.reasons} == {"consent-refused"}


def test_a_subject_is_named_by_a_partner_and_its_number_or_by_the_hash_that_lineage_prints(running: Bus) -> None:
    _, told, _ = delivered(running)

    def asked(subject: str) -> Certificate:
        return asyncio.run(asking.certified(auditor(running), subject, NOW))

    found = asked(f"{CARE}/{told.fields['subject']}")
    assert found == asked(found.subject) == asked(f"{running.oin(CARE)}/{told.fields['subject']}")
    for wrong, why in {
        f"kmar/{told.fields['subject']}": "no event about this subject",
        f"{CARE}/{told.id}": "no event about this subject",  # an id is no client number
        f"nobody/{told.fields['subject']}": "names no partner",
        CARE: "names no subject",
        "0" * 12: "no event about this subject",
    }.items():
        with pytest.raises(ConfigurationError, match=why):
            asked(wrong)


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"change": 7}, "never-recalled"), ({"recalled": f"1.{'a' * 100}"}, "names-no-event-of-the-view")],
)
def test_what_was_never_recalled_cannot_be_confirmed(running: Bus, changed: dict[str, object], why: str) -> None:
    _, move = recalled(running)
    who = BY_HAND[0]

    async def say() -> str:
        settings = PartnerSettings.load(running.platform.partner_file(who[2]))
        token = running.tokens("view.comensha.plaatsing").event(running.name(move))
        said = RecallConfirmed(
            subject="made-up", occurred_precision="UNKNOWN", recipient="comensha", purpose="PLAATSING",
            recalled=token, change=2,
        ).model_copy(update=changed)  # fmt: skip
        async with Producer(settings) as producer:
            sent = await producer.send(said)
        return sent.id

    id = asyncio.run(say())
    running.settle()
    assert states(running, move)[who] == "open"
    assert [one.why for one in listed(running).ignored if one.confirmation.id == id] == [why]
