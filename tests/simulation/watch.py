"""What must hold after every step of every world; a step is a commit of a database or an append to a topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ketenbus.contract import contract
from services.verify.judge import Outcome
from services.verify.law import view_topic
from services.verify.masks import left_out, masked, time
from streams.disclose.releases import is_control
from streams.disclose.tokens import EventName
from streams.runtime import topics
from streams.runtime.records import Record, unpack_headers
from streams.runtime.transaction import Place
from tests.simulation.broker import Broker, partition_of
from tests.simulation.database import Transaction
from tests.simulation.facts import event_of, judged
from tests.simulation.premises import Premises
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from tests.simulation.seat import Seat
    from tests.simulation.world import World

#: What a record says, whatever its place in a topic.
Words = tuple[str, bytes | None, bytes | None, Any]
OUTCOMES = {topics.KETENLOG: "admitted", topics.QUARANTINE: "quarantined", topics.REPEATED: "repeated"}
#: What a view was told or will be: the highest change of an event, and whether it then holds it.
Told = tuple[int, bool]


class Watch:
    """Follows one world and raises a `Violation` at the step that breaks a law."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._appended: set[Words] = set()
        self._applied: defaultdict[tuple[str, Place], set[int]] = defaultdict(set)
        self._decided: defaultdict[str, dict[Place, int]] = defaultdict(dict)
        self._outcomes: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._words: dict[tuple[str, str, int], Words] = {}
        self._told: dict[tuple[str, str], Told] = {}
        #: How often a view was told of what had ended by then, what ends it being stored to follow.
        self.overtaken = 0
        self._judged: dict[tuple[bytes, int, int], Mapping[tuple[str, ...], Outcome]] = {}

    def committed(self, seat: Seat, tx: Transaction) -> None:
        """Judge what a transaction made true."""
        for record in tx.records:
            applied = self._applied[seat.name, (record.topic, record.partition)]
            if record.offset in applied:
                raise Violation("doubled", f"{record.origin} is decided twice by {seat.name}")
            applied.add(record.offset)
        stored = [row for row in tx.written.get("outbox", {}).values() if row is not None]
        self._forgotten(seat, tx)
        match seat.name:
            case "admit":
                self._admitted(stored)
            case "disclose":
                self._disclosed(tx, stored)
        self._moved(seat, tx)

    def restored(self, seat: Seat) -> None:
        """Know what a restored database no longer knows."""
        decided = {key: row["decided"] for key, row in seat.database.tables["position"].items()}
        for (name, place), applied in self._applied.items():
            if name == seat.name:
                applied.intersection_update(range(decided.get(place, 0)))
        self._decided[seat.name] = dict(decided)
        if seat.name == "disclose":
            self._told = told(self._world.broker, seat.database.tables["outbox"].values())
        self._judged.clear()

    def appended(self, record: Record) -> None:
        """Judge what was just put on a topic."""
        words = (record.topic, record.key, record.value, record.headers)
        is_first = words not in self._appended
        self._appended.add(words)
        if is_control(record):
            return
        if record.topic in OUTCOMES:
            self._one_outcome(record.topic, record.key, dict(record.headers))
        elif record.topic.startswith("view."):
            self._heard(record, words, is_first)

    def _forgotten(self, seat: Seat, tx: Transaction) -> None:
        """A row of the outbox goes only when its record is on its topic."""
        for gone in tx.forgotten:
            if _words(gone) not in self._appended:
                raise Violation("lost", f"{seat.name} forgot a record for {gone['topic']} that never arrived there")

    def _moved(self, seat: Seat, tx: Transaction) -> None:
        """A position moves only over records whose results are stored."""
        known = self._decided[seat.name]
        for place, row in tx.written.get("position", {}).items():
            if row is None or row["decided"] == known.get(place, 0):
                continue
            for offset in range(known.get(place, 0), row["decided"]):
                origin = f"{place[0]}/{place[1]}/{offset}"
                if offset not in self._applied[seat.name, place]:
                    raise Violation("lost", f"{seat.name} is past {origin} and never decided it")
                if seat.name == "admit" and place[0] != topics.DAYS and origin not in self._outcomes:
                    raise Violation("balance", f"{origin} is neither admitted nor quarantined nor repeated")
            known[place] = row["decided"]

    def _admitted(self, stored: list[Mapping[str, Any]]) -> None:
        for row in stored:
            if row["topic"] in OUTCOMES:
                self._one_outcome(row["topic"], row["key"], dict(unpack_headers(row["headers"])))

    def _one_outcome(self, topic: str, key: bytes | None, headers: Mapping[str, bytes]) -> None:
        """A record is admitted, or quarantined, or a repeat; an id is admitted once."""
        if headers.get("ketenbus-publisher-kind") == b"bus":
            return
        origin = headers.get("ketenbus-origin", key or b"").decode()
        outcome = OUTCOMES[topic]
        if self._outcomes.setdefault(origin, outcome) != outcome:
            raise Violation("balance", f"{origin} is {outcome} and {self._outcomes[origin]}")
        if outcome == "admitted":
            name = (headers["ce_source"].decode().split(":")[3], headers["ce_id"].decode())
            if self._names.setdefault(name, origin) != origin:
                raise Violation("doubled", f"{name[1]} is admitted from {self._names[name]} and from {origin}")

    def expected(self, subject: bytes) -> Mapping[tuple[str, ...], Outcome]:
        """What every candidate of a subject should stand at, on all that disclose has learned, by the law of its partition."""
        tables = self._world.seats["disclose"].database.tables
        facts = [row for key, row in tables["fact"].items() if key[0] == subject]
        number = max((n for p, n in tables["release"] if p == partition_of(subject.hex().encode())), default=1)
        found = self._judged.get((subject, len(facts), number))
        if found is None:
            found = {(o.entry.oin, o.entry.id, *o.candidate): o for o in judged(facts, number)}
            self._judged[subject, len(facts), number] = found
        return found

    def standing_in_views(self) -> set[tuple[str, str]]:
        """Every (view, event) that a view should hold, on all that disclose has learned."""
        held = self._world.seats["disclose"].database.tables["fact"]
        return {
            (view := view_topic((name[2], name[3])), Premises.tokens(view).event(EventName(subject, name[0], name[1])))
            for subject in {key[0] for key in held}
            for name, right in self.expected(subject).items()
            if right.outcome == "delivered"
        }

    def _disclosed(self, tx: Transaction, stored: list[Mapping[str, Any]]) -> None:
        """Every candidate has the outcome it should have, and the view heard or will hear of it."""
        for row in stored:
            if row["topic"].startswith("view."):
                headers = {name: value.decode() for name, value in unpack_headers(row["headers"])}
                name, told = (row["topic"], headers["ce_id"]), _told(headers)
                self._told[name] = max(told, self._told.get(name, (0, False)))
                self._lawful(row["topic"], headers, row["value"])
        touched = {key[0] for name in ("fact", "standing") for key in tx.written.get(name, {})}
        tables = self._world.seats["disclose"].database.tables
        released = {partition for partition, _ in tx.written.get("release", {})}
        touched |= {key[0] for key in tables["fact"] if partition_of(key[0].hex().encode()) in released}
        standings = tables["standing"]
        for subject in sorted(touched):
            expected = self.expected(subject)
            held = {key[1:]: row for key, row in standings.items() if key[0] == subject}
            if held.keys() != expected.keys():
                missing = sorted(expected.keys() ^ held.keys())[0]
                raise Violation("balance", f"candidate {'/'.join(missing)} is neither delivered, withheld nor pending")
            for name, row in held.items():
                self._stands(subject, name, row, expected[name])

    def _stands(self, subject: bytes, name: tuple[str, ...], row: Mapping[str, Any], right: Outcome) -> None:
        where = f"{'/'.join(name)} is {row['outcome']} {row['reasons']}, should be {right.outcome} {right.reasons}"
        if (row["outcome"], row["mask"], row["activity"]) != (right.outcome, right.mask, right.activity):
            raise Violation("unlawful", where)
        if row["reasons"] != f'["{right.reasons[0]}"]':
            raise Violation("unlawful", where)
        view = view_topic((name[2], name[3]))
        token = Premises.tokens(view).event(EventName(subject, name[0], name[1]))
        told = self._told.get((view, token), (0, False))
        if told != (row["change"], row["in_view"]) or row["in_view"] != (right.outcome == "delivered"):
            stands = (row["change"], row["in_view"])
            raise Violation("unlawful", f"{view} heard {told} of {name[0]}/{name[1]}, and {stands} stands")

    def _heard(self, record: Record, words: Words, is_first: bool) -> None:
        """What is told for the first time is right at that moment; what is told again is the same words.

        Of two workers of one partition, one given up on, the other may send a delivery when the first has just learned
        what ends it: then what ends it, of a higher change, is stored to follow.
        """
        headers = {name: value.decode() for name, value in record.headers}
        change, token = int(headers["ce_ketenbuschange"]), headers["ce_id"]
        if self._words.setdefault((record.topic, token, change), words) != words:
            raise Violation("doubled", f"{record.topic} is told change {change} of one event in two ways")
        if not is_first:
            return
        if change < self._told[record.topic, token][0]:
            self.overtaken += 1
        else:
            self._lawful(record.topic, headers, record.value)

    def _lawful(self, view: str, headers: Mapping[str, str], value: bytes | None) -> None:
        """Raise a `Violation` unless this is what the view should be told, on all that disclose has learned."""
        name = Premises.tokens(view).read(headers["ce_id"])
        assert isinstance(name, EventName)
        right = next(
            o
            for (oin, id, *candidate), o in self.expected(name.subject).items()
            if (oin, id) == (name.oin, name.id) and view_topic((candidate[0], candidate[1])) == view
        )
        where = f"{view} is told {headers['ce_ketenbuskind']} of {name.oin}/{name.id}: {right.outcome} is right"
        is_recall = headers["ce_ketenbuskind"] == "recall"
        if is_recall == (right.outcome == "delivered"):
            raise Violation("unlawful", where)
        if is_recall:
            if value:
                raise Violation("unlawful", f"{where}, and nothing of it")
            return
        event = event_of(value or b"")
        hidden = left_out(event.TYPE, right.classes)
        if headers["ce_ketenbusmask"] != right.mask or any(getattr(event, field) is not None for field in hidden):
            raise Violation("unlawful", f"{where}, under mask {right.mask}")
        if datetime.fromisoformat(headers["ce_time"]) != time(right.entry.time, right.classes):
            raise Violation("unlawful", f"{where}, at {headers['ce_time']}")
        lawful = masked(right.entry.event, right.classes)
        for field in contract().types[event.TYPE].fields:
            is_name = field.role in {"subject", "other-subject", "link"}
            if not is_name and getattr(event, field.name) != getattr(lawful, field.name):
                raise Violation("unlawful", f"{where}, and {field.name} as it was said")


def told(broker: Broker, unsent: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Told]:
    """What every view was told of each event, by its highest change, or will be once what is unsent is sent."""
    found: dict[tuple[str, str], Told] = {}
    said = [(topic, r.headers) for (topic, _), records in broker.records.items() for r in records]
    for topic, packed in [*said, *((row["topic"], unpack_headers(row["headers"])) for row in unsent)]:
        if topic.startswith("view."):
            headers = {name: value.decode() for name, value in packed}
            name = (topic, headers["ce_id"])
            found[name] = max(_told(headers), found.get(name, (0, False)))
    return found


def _told(headers: Mapping[str, str]) -> Told:
    return int(headers["ce_ketenbuschange"]), headers["ce_ketenbuskind"] != "recall"


def _words(row: Mapping[str, Any]) -> Words:
    return row["topic"], row["key"], row["value"], unpack_headers(row["headers"])
