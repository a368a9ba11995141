"""What a world ends with at rest: all that must be the same whatever happened on the way."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from services.verify import standing
from services.verify.persons import persons as recounted
from streams.disclose.releases import is_control
from streams.monitoring.store import record_of
from streams.runtime import topics
from tests.registry import cells
from tests.simulation.database import Transaction
from tests.simulation.premises import premises
from tests.simulation.violation import Violation
from tests.simulation.watch import told

if TYPE_CHECKING:
    from tests.simulation.world import World

#: What the registration says itself: how many versions of a record there were, and how many recalls to confirm, is no
#: part of the end.
OF_THE_REGISTRATION = ("registration-recorded", "registration-corrected", "registration-ended", "recall-confirmed")


def at_rest(world: World) -> None:
    """Raise a `Violation` unless everything is read, decided, sent and answered, and views and zones hold what is right."""
    for seat in world.seats.values():
        for place in seat.places:
            end = len(world.broker.records[place])
            row = seat.database.tables["position"].get(place, {"decided": 0, "sent": 0})
            if (row["decided"], row["sent"]) != (end, end):
                raise Violation("not at rest", f"{seat.name} on {place}: {row['decided']} and {row['sent']} of {end}")
        if left := list(seat.database.tables["outbox"].values()):
            raise Violation("not at rest", f"{seat.name} did not send {len(left)} records, one to {left[0]['topic']}")
    _balances(world)
    _views(world)
    _persons(world)


def _balances(world: World) -> None:
    """Published is admitted, quarantined and repeated, each counted from its own topic; every fact has its receipt."""
    places = [place for place in world.seats["admit"].places if place[0] != topics.DAYS]
    published = sum(len(world.broker.records[place]) for place in places)
    log = [dict(r.headers) for r in world.broker.of(topics.KETENLOG) if not is_control(r)]
    admitted = {h["ketenbus-origin"] for h in log if h["ketenbus-publisher-kind"] != b"bus"}
    quarantined = {r.key for r in world.broker.of(topics.QUARANTINE)}
    repeated = {r.key for r in world.broker.of(topics.REPEATED)}
    if published != len(admitted) + len(quarantined) + len(repeated):
        terms = f"{published} published, {len(admitted)} + {len(quarantined)} + {len(repeated)} told"
        raise Violation("balance", terms)
    facts = world.seats["disclose"].database.tables["fact"]
    wanted = {f"{subject.hex()}/{oin}/{id}".encode() for subject, oin, id in facts}
    if missing := wanted ^ {r.key for r in world.broker.of(topics.RECEIPTS)}:
        raise Violation("balance", f"{len(missing)} events and receipts without the other")
    _receipts(world)


def _receipts(world: World) -> None:
    """Of every event a receipt says what all its candidates stand at; which of several is the newest, none says."""
    receipts: defaultdict[str, set[tuple[tuple[str, ...], ...]]] = defaultdict(set)
    for record in world.broker.of(topics.RECEIPTS):
        outcomes = json.loads(record.value or b"{}")["outcomes"]
        said = sorted((o["recipient"], o["purpose"], o["outcome"], o["mask"], *o["reasons"]) for o in outcomes)
        receipts[(record.key or b"").decode()].add(tuple(said))
    stands: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for (subject, oin, id, *candidate), row in world.seats["disclose"].database.tables["standing"].items():
        outcome = (*candidate, row["outcome"], row["mask"], *json.loads(row["reasons"]))
        stands[f"{subject.hex()}/{oin}/{id}"].append(outcome)
    for key, outcomes in stands.items():
        if tuple(sorted(outcomes)) not in receipts[key]:
            raise Violation("balance", f"no receipt of {key.split('/', 1)[1]} says what it stands at")


def _views(world: World) -> None:
    """Every view holds what stands as delivered there, and the two zones that fold one have heard all of it."""
    held = views(world)
    right = world.watch.standing_in_views()
    if held != right:
        name = sorted(held ^ right)[0]
        raise Violation("unlawful", f"at rest {name[0]} {'holds' if name in held else 'lacks'} {name[1]}")


def _persons(world: World) -> None:
    """The records in force are those of the persons whom the recount finds in the same log."""
    subjects = {key[0] for key in world.seats["disclose"].database.tables["fact"]}
    outcomes = [outcome for subject in sorted(subjects) for outcome in world.watch.expected(subject).values()]
    right = Counter(standing.of_persons(recounted(outcomes, premises().opening.key)))
    held = Counter(records(world))
    if held != right:
        terms = f"{held.total()} records, {right.total()} persons, {(held - right).total()} and {(right - held).total()} alone"
        raise Violation("miscounted", terms)


def records(world: World) -> Iterator[str]:
    """Yield each record in force as the recount writes its person."""
    for row in world.seats["registration"].database.tables["record"].values():
        if not row["ended"]:
            said = {"cu_sector": (), "dublin_indication": (), **json.loads(row["state"])}
            reports = sorted(said["reports"], key=str)
            codes = [said[name] for name in ("forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication")]
            who = [said[name] for name in ("sex", "nationality", "age_group", "age_at_report")]
            yield json.dumps(["registration-recorded", reports, *codes, *who], separators=(",", ":"))


def views(world: World) -> set[tuple[str, str]]:
    """Every (view, event) a view holds: its highest change is no recall."""
    return {name for name, (_, holds) in told(world.broker, ()).items() if holds}


def ending(world: World) -> Mapping[str, Any]:
    """Everything that must be the same whatever happened on the way, by what it is."""
    monitored = _registered(world)
    return {
        "standing": sorted(_standing(world)),
        "registration": sorted(
            (row["number"], row["state"])
            for row in world.seats["registration"].database.tables["record"].values()
            if not row["ended"]
        ),
        "records at the Rapporteur": monitored,
        "tables": cells(monitored),
        "views": sorted(name for name in views(world) if "rapporteur" not in name[0]),
        "quarantine": sorted({_quarantined(dict(r.headers)) for r in world.broker.of(topics.QUARANTINE)}),
        "answers": sorted(
            (topic, *json.loads(r.value or b"{}").values())[:3]
            for (topic, _), records in world.broker.records.items()
            for r in {(r.key, r.value): r for r in records}.values()
            if topic.startswith("acknowledgements.") and b"-" not in (r.key or b"")
        ),
    }


def _standing(world: World) -> list[tuple[Any, ...]]:
    tables = world.seats["disclose"].database.tables
    types = {key: row["type"] for key, row in tables["fact"].items()}
    columns = ("outcome", "mask", "activity", "reasons", "in_view")
    return [
        (*key, *(row[column] for column in columns))
        for key, row in tables["standing"].items()
        if types[key[:3]] not in OF_THE_REGISTRATION
    ]


def _quarantined(headers: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    return headers["ketenbus-origin"], headers["ketenbus-reason"]


def _registered(world: World) -> list[Any]:
    """The records as the tables count them: of each its highest version that stands."""
    latest: dict[str, Mapping[str, Any]] = {}
    for row in Transaction(world.seats["monitoring"].database).rows("version").values():
        if row["stands"] and row["version"] > latest.get(row["record"], {"version": -1})["version"]:
            latest[row["record"]] = row
    return [record_of(name, row["content"]) for name, row in sorted(latest.items()) if row["content"] is not None]
