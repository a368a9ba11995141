"""Records that a hostile or broken system can put on a type topic: none stops admit, and each is kept byte for byte."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBase, _DefaultRecordBatchBuilderPy
from aiokafka.record.util import calc_crc32c

from infra.local.platform import Platform
from ketenbus.connection import client_settings
from ketenbus.settings import PartnerSettings
from sandbox.fit import fit
from sandbox.history import tell
from sandbox.targets import published, scaled
from sandbox.telling import FAULTS, Planned
from streams.admit.judge import LARGEST_EVENT_BYTES
from streams.runtime import topics
from streams.runtime.records import unpack_headers
from tests.broker.stream_events import consent, new_subject, report
from tests.broker.stream_world import REGISTRATION, Bus, bus
from tests.fault.chain import oins, prepared

POLICE, CARE, TOPIC = "politie-limburg", "overige-1", "victim-reported"
TYPE_BYTES = topics.TYPE_BYTES
#: What a batch of one record takes besides key, value and headers: at most so many bytes.
FRAMING = 100
TOO_LARGE = 10  # Kafka's code MESSAGE_TOO_LARGE
GZIP = 1


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it is put on the wire; names of headers are any bytes."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[bytes, bytes | None]] = field(default_factory=list)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """A bus of this module's own: librdkafka's Python client, with which other tests read, crashes at some of this."""
    data = Path(tempfile.mkdtemp(prefix="ketenbus-hostile-"))
    with (
        Platform(data, backfill=True).running(wipe=True) as platform,
        bus(platform, tmp_path_factory.mktemp("workers")) as made,
    ):
        yield made


def batch(*records: Raw, compression: int = 0) -> bytes:
    """A batch of Kafka's second format. aiokafka writes no name that is not UTF-8, so letters stand in for it first."""
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 64 * 1024 * 1024)
    names: dict[bytes, bytes] = {}
    for offset, record in enumerate(records):
        headers = []
        for name, content in record.headers:
            letters = name if _is_utf8(name) else names.setdefault(name, b"%0*d" % (len(name), len(names) + 1))
            headers.append((letters.decode(), content))
        assert builder.append(offset, 0, record.key, record.value, headers) is not None
    made = bytes(builder.build())
    for name, letters in names.items():
        assert made.count(letters) == 1
        made = made.replace(letters, name)
    at = DefaultRecordBase.CRC_OFFSET
    return made[:at] + calc_crc32c(made[DefaultRecordBase.ATTRIBUTES_OFFSET :]).to_bytes(4, "big") + made[at + 4 :]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def put(running: Bus, content: bytes, topic: str = TOPIC, partner: str = POLICE) -> tuple[int, int]:
    """Send a batch as a partner; return the broker's error code and the first offset."""

    async def send() -> tuple[int, int]:
        producer = AIOKafkaProducer(**client_settings(PartnerSettings.load(running.platform.partner_file(partner))))
        await producer.start()
        try:
            await producer.client._wait_on_metadata(topic)
            node = producer.client.cluster.leader_for_partition(TopicPartition(topic, 0))
            request = ProduceRequest(
                transactional_id=None, required_acks=-1, timeout=10_000, topics=[(topic, [(0, content)])]
            )
            answer = await producer.client.send(node, request)
            [(_, [(_, error, offset, *_)])] = answer.topics
            return error, offset
        finally:
            await producer.stop()

    return asyncio.run(send())


def parked(running: Bus, *offsets: int, topic: str = TOPIC) -> list[tuple[str, Raw]]:
    """What quarantine holds of the records at these offsets: reason, and the record as it came."""
    found = {}
    for record in running._world.read(topics.QUARANTINE):
        told = dict(record.headers)
        key = None if "ketenbus-no-key" in told else base64.b64decode(told["ketenbus-key"])
        headers = [
            (n.encode("utf-8", "surrogateescape"), c) for n, c in unpack_headers(told["ketenbus-headers"].decode())
        ]
        found[told["ketenbus-origin"].decode()] = (told["ketenbus-reason"].decode(), Raw(key, record.value, headers))
    return [found[f"{topic}/0/{offset}"] for offset in offsets]


def sound(running: Bus) -> tuple[Planned, Raw]:
    """A sound event, as its publisher signed it."""
    event = report(POLICE, new_subject())
    [made] = prepared(running.platform, [event])
    return event, Raw(made.key, made.value, [(name.encode(), content) for name, content in made.headers])


def test_a_header_whose_name_is_not_utf8_is_quarantined_whole_and_its_neighbours_go_on(running: Bus) -> None:
    (first, before), (second, after) = sound(running), sound(running)
    bad = [
        Raw(b"k", b"v", [(b"ce_id", b"1"), (b"\xff\xfe\x80ame", b"\xff\0"), (b"", None)]),
        Raw(before.key, before.value, [*before.headers, (b"caf\xe9", b"x")]),
    ]
    error, offset = put(running, batch(before, *bad, after))
    assert error == 0
    running.settle()
    assert parked(running, offset + 1, offset + 2) == [("header-not-utf8", bad[0]), ("header-not-utf8", bad[1])]
    assert [told[1] for told in running.answers(POLICE, first, second)] == ["admitted", "admitted"]


def test_what_has_no_key_no_value_or_a_header_twice_is_quarantined_as_it_came(running: Bus) -> None:
    _, good = sound(running)
    bad = [
        Raw(None, None),
        Raw(None, good.value, good.headers),
        Raw(good.key, None, good.headers),
        Raw(good.key, good.value, [*good.headers, *good.headers]),
        Raw(b"", b"", [(b"a", b""), (b"a", None)]),
    ]
    error, offset = put(running, batch(*bad))
    assert error == 0
    running.settle()
    found = parked(running, *range(offset, offset + len(bad)))
    assert [record for _, record in found] == bad
    reasons = ["bad-headers", "bad-signature", "bad-signature", "double-header", "double-header"]
    assert [reason for reason, _ in found] == reasons


@pytest.mark.parametrize("of", ["value", "headers", "header"])
def test_a_record_at_the_limit_of_its_topic_is_quarantined_whole(running: Bus, of: str) -> None:
    room = TYPE_BYTES - FRAMING
    record = {
        "value": Raw(b"k", b"\xff" * room),
        "headers": Raw(b"k", b"", [(b"", None)] * (room // 2)),
        "header": Raw(b"k", b"", [(b"x", b"\xff" * room)]),
    }[of]
    content = batch(record)
    assert LARGEST_EVENT_BYTES < TYPE_BYTES - 2 * FRAMING < len(content) <= TYPE_BYTES
    error, offset = put(running, content)
    assert error == 0
    running.settle()
    [(reason, kept)] = parked(running, offset)
    assert (reason, kept == record) == ("oversize", True)  # not shown: it is a megabyte


@pytest.mark.parametrize("compression", [0, GZIP])
def test_a_record_beyond_the_limit_of_its_topic_is_the_brokers_to_refuse_however_small_it_was_made(
    running: Bus, compression: int
) -> None:
    content = batch(Raw(b"k", bytes(8 * TYPE_BYTES)), compression=compression)
    assert (len(content) < 100_000) == bool(compression)
    assert put(running, content)[0] == TOO_LARGE


def test_what_is_compressed_and_fits_is_admitted(running: Bus) -> None:
    event, record = sound(running)
    assert put(running, batch(record, compression=GZIP))[0] == 0
    running.settle()
    assert [told[1] for told in running.answers(POLICE, event)] == ["admitted"]


def test_the_same_bytes_again_are_a_repeat_and_on_another_topic_they_are_not_admitted(running: Bus) -> None:
    event, record = sound(running)
    assert put(running, batch(record))[0] == 0
    assert put(running, batch(record))[0] == 0
    error, offset = put(running, batch(record), "signal-raised")
    assert error == 0
    running.settle()
    assert parked(running, offset, topic="signal-raised") == [("wrong-topic", record)]
    assert sorted(told[1] for told in running.answers(POLICE, event)) == ["admitted", "quarantined", "repeated"]


def test_every_fault_the_sandbox_knows_is_quarantined_under_its_own_reason(running: Bus) -> None:
    story = tell(fit(scaled(published(), 0.02), seed=7), 11, dict(oins(running.platform)))
    bad = [event for event in story.events if event.fault is not None]
    taken = {event.id for event in bad if event.fault == "id-reused"}
    first = [event for event in story.events if event.id in taken and event.fault is None]
    assert {event.fault for event in bad} == set(FAULTS)
    running.say(*first)
    running.say(*bad)
    assert running.quarantined(*bad) == {event.id: event.fault for event in bad}


def test_a_number_that_postgresql_cannot_store_is_quarantined_and_its_neighbour_goes_on(running: Bus) -> None:
    bad = consent(CARE, f"client\0{new_subject()}", valid_until=date(2999, 1, 1))
    good = consent(CARE, new_subject(), valid_until=date(2999, 1, 1))
    for event in (bad, good):
        [made] = prepared(running.platform, [event])
        record = Raw(made.key, made.value, [(name.encode(), content) for name, content in made.headers])
        assert put(running, batch(record), "consent-given", CARE)[0] == 0
    running.settle()
    assert [told[1] for told in running.answers(CARE, bad, good)] == ["quarantined", "admitted"]


def test_what_a_hostile_system_put_beside_the_records_of_the_registration_does_not_keep_it_from_starting(
    running: Bus,
) -> None:
    running.say(report(POLICE, new_subject()))
    value = next(iter(running._world.read("registration-recorded"))).value
    for headers in ([], [(b"ce_id", None)], [(b"ce_id", b"\xff")], [(b"\xff" * 40, b"x")]):
        assert put(running, batch(Raw(b"k", value, headers)), "registration-recorded", "comensha")[0] == 0
    running.settle()
    running.workers.running["registration"].kill()
    running.workers.running.pop("registration").wait()
    running.workers.start("registration")
    event, record = sound(running)
    assert put(running, batch(record))[0] == 0
    running.settle()
    assert running.told(REGISTRATION, event)


def test_a_worker_refuses_to_read_on_where_kafka_lost_what_was_decided(running: Bus) -> None:
    running.workers.stop()
    move = "UPDATE admit.position SET decided = decided + $1::int, sent = sent + $1::int WHERE topic = $2 RETURNING decided"
    [(upto,)] = running.rows(move, 4, TOPIC)
    running.workers.start("admit")
    code, said = running.workers.ended("admit")
    assert code == 2
    assert f"{TOPIC}/0 ends at {upto - 4}, and this database knows it up to {upto}: Kafka lost" in said
    running.rows(move, -4, TOPIC)
    running.workers.start()
    event, record = sound(running)
    assert put(running, batch(record))[0] == 0
    running.settle()
    assert [told[1] for told in running.answers(POLICE, event)] == ["admitted"]
