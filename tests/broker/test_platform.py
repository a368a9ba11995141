"""The local platform with real servers: it comes back from whatever happened to it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from infra.local import ports, postgres, processes
from infra.local.kafka import admin_client, client_settings
from infra.local.platform import Platform
from infra.local.settings import KafkaAdmin, Settings
from ketenbus.errors import ConfigurationError
from services.cli.workers import NAMES, Workers

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    largest_bytes: int = 1_000_000


SMALL = (Topic("signal-raised", 1, ("admit",), ("kmar",)), Topic("ketenlog", 3, ("disclose",), ("admit",)))


@pytest.fixture(scope="module")
def spare() -> Iterator[Platform]:
    """A platform of this module's own, to be maltreated."""
    data = Path(tempfile.mkdtemp(prefix="ketenbus-spare-"))
    with Platform(data, layout=lambda: SMALL).running(wipe=True) as running:
        yield running
    assert not data.exists()


def pids(platform: Platform) -> list[int | None]:
    return [server.process.pid if server.process else None for server in platform.status()]


def sql(dsn: str, statement: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def settings_of(path: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(path.read_text())
    return settings


def publish(held: dict[str, Any], topic: str, value: bytes) -> KafkaError | None:
    """Publish one record and return what the broker said of it."""
    answers: list[KafkaError | None] = []
    producer = Producer(
        {
            **client_settings(held["kafka"], held["user"], held["password"]),
            "enable.idempotence": True,
            "message.timeout.ms": 3_000,
        }
    )
    producer.produce(topic, value, on_delivery=lambda error, _: answers.append(error))
    producer.flush(15)
    return answers[0]


def first_record(held: dict[str, Any], topic: str, group: str) -> bytes | KafkaError | None:
    """Return the first record of a topic as this user reads it, or the broker's refusal to tell about the topic."""
    consumer = Consumer(
        {
            **client_settings(held["kafka"], held["user"], held["password"]),
            "group.id": group,
            "enable.auto.commit": False,
        }
    )
    try:
        refused: KafkaError | None = consumer.list_topics(topic, timeout=15).topics[topic].error
        if refused:
            return refused
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(15)
        if message is None:
            return None
        answer: bytes | KafkaError | None = message.error() or message.value()
        return answer
    finally:
        consumer.close()


def test_a_second_up_changes_nothing(spare: Platform) -> None:
    before = pids(spare), {path: path.read_bytes() for path in (spare.data / "secrets").rglob("*.json")}
    assert spare.up() == set()
    assert before == (pids(spare), {path: path.read_bytes() for path in (spare.data / "secrets").rglob("*.json")})


def test_servers_killed_outright_come_back_with_what_they_held(spare: Platform) -> None:
    dsn = spare.admin()["dsn"]
    sql(dsn, "CREATE TABLE IF NOT EXISTS kept (n int)")
    sql(dsn, "INSERT INTO kept VALUES (1)")
    kmar = settings_of(spare.partner_file("kmar"))
    admit = settings_of(spare.processor_file("admit"))
    assert publish(kmar, "signal-raised", b"kept") is None
    first = first_record(admit, "signal-raised", "admit.test")
    for server in spare.status():
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        assert processes.ended(server.process, 10)
    assert pids(spare) == [None, None]

    assert spare.up() == {"kafka", "postgres"}

    assert sql(dsn, "SELECT count(*) FROM kept") == 1
    assert isinstance(first, bytes)
    assert first_record(admit, "signal-raised", "admit.test") == first
    sql(dsn, "DROP TABLE kept")


def test_a_remembered_process_id_that_is_another_program_by_now_is_left_alone(spare: Platform) -> None:
    spare.down()
    remembered = json.loads((spare.data / "platform.json").read_text())
    for server in remembered.values():
        server["pid"] = os.getpid()
    (spare.data / "platform.json").write_text(json.dumps(remembered))
    (spare.postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{spare.postgres.data}\n")

    assert spare.down() == []
    assert spare.up() == {"kafka", "postgres"}
    assert os.getpid() not in pids(spare)


def test_ports_taken_by_another_program_are_left_to_it(spare: Platform) -> None:
    spare.down()
    said: list[str] = []
    again = Platform(spare.data, layout=lambda: SMALL, say=said.append)
    old = [server.address for server in spare.status()]
    with socket.socket() as one, socket.socket() as other:
        for taken, address in zip((one, other), old, strict=True):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((ports.LOOPBACK, int(address.partition(":")[2])))
            taken.listen()
        again.up()
    assert not set(old) & {server.address for server in again.status()}
    assert sum("is taken by another program" in line for line in said) == 2
    assert settings_of(again.partner_file("kmar"))["kafka"] == again.status()[0].address
    assert sql(settings_of(again.processor_file("admit"))["dsn"], "SELECT current_schema()") == "admit"


def test_a_topic_that_could_lose_records_refuses_the_start(spare: Platform) -> None:
    admin = spare.admin()
    client = admin_client(KafkaAdmin(admin["kafka"], admin["user"], admin["password"]))

    def set_retention(milliseconds: str) -> None:
        entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, "ketenlog", incremental_configs=[entry])
        client.incremental_alter_configs([resource])[resource].result(10)

    set_retention("1000")
    with pytest.raises(ConfigurationError, match=r"topic ketenlog has retention\.ms 1000, the bus needs -1"):
        spare.up()
    set_retention("-1")
    spare.up()


def test_a_topic_with_another_number_of_partitions_refuses_the_start(spare: Platform) -> None:
    wider = tuple(Topic(t.name, t.partitions + 1, t.readers, t.writers) for t in SMALL if t.name == "ketenlog")
    with pytest.raises(ConfigurationError, match="topic ketenlog has partitions 3, the bus needs 4"):
        Platform(spare.data, layout=lambda: wider).up()


def test_a_right_that_the_layout_no_longer_gives_is_taken_back(spare: Platform) -> None:
    admit = settings_of(spare.processor_file("admit"))
    assert publish(admit, "ketenlog", b"x") is None
    Platform(spare.data, layout=lambda: SMALL[:1]).up()
    refused = publish(admit, "ketenlog", b"x")
    spare.up()
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_existing_servers_are_used_and_left_running(spare: Platform) -> None:
    admin = spare.admin()
    theirs = Settings(
        cache=Path("/nonexistent"),
        kafka=KafkaAdmin(admin["kafka"], admin["user"], admin["password"]),
        postgres=admin["dsn"],
    )
    guest = Platform(Path(tempfile.mkdtemp(prefix="ketenbus-guest-")), layout=lambda: SMALL, given=theirs)
    try:
        assert guest.up() == set()
        assert publish(settings_of(guest.partner_file("kmar")), "signal-raised", b"guest") is None
        assert sql(settings_of(guest.processor_file("admit"))["dsn"], "SELECT current_schema()") == "admit"
        assert guest.down(wipe=True) == []
        assert None not in pids(spare)
    finally:
        # The guest set its own passwords for the same names: the host sets its own again.
        Platform(spare.data, layout=lambda: SMALL, given=theirs).up()


def test_a_partner_reads_neither_the_log_nor_another_partners_topic(platform: Platform) -> None:
    held = settings_of(platform.partner_file("politie-limburg"))
    for topic in ("ketenlog", "victim-reported", "acknowledgements.kmar"):
        answer = first_record(held, topic, "politie-limburg.test")
        assert isinstance(answer, KafkaError)
        assert answer.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    refused = publish(held, "ketenlog", b"x")
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_processor_sees_its_own_schema_only_and_the_auditor_reads(platform: Platform) -> None:
    admit, disclose, auditor = (
        settings_of(platform.processor_file(name))["dsn"] for name in ("admit", "disclose", "auditor")
    )
    sql(admit, "CREATE TABLE IF NOT EXISTS platform_test (n int)")
    try:
        assert sql(auditor, "SELECT count(*) FROM admit.platform_test") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            sql(disclose, "SELECT count(*) FROM admit.platform_test")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            sql(auditor, "INSERT INTO admit.platform_test VALUES (1)")
    finally:
        sql(admit, "DROP TABLE platform_test")


def test_both_servers_listen_on_loopback_only_and_ask_for_a_password(platform: Platform) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        sql(platform.admin()["dsn"].replace("admin:", "admin:x"), "SELECT 1")
    wrong = settings_of(platform.partner_file("kmar")) | {"password": "wrong"}
    assert publish(wrong, "signal-raised", b"x") is not None
    assert sql(platform.admin()["dsn"], "SHOW listen_addresses") == ports.LOOPBACK
    assert sql(platform.admin()["dsn"], "SHOW unix_socket_directories") == ""


def test_a_database_folder_that_the_unprivileged_account_cannot_reach_is_placed_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "data").mkdir()
    modes = {folder: folder.stat().st_mode for folder in (closed, *closed.parents)}
    server = postgres.PostgresServer(postgres.place(closed / "data"), tmp_path / "log")
    server.folder.mkdir(parents=True)
    try:
        assert postgres.reachable(server.data, postgres.account())
        server.prepare("secret")
        port = ports.choose(None)
        process = server.start(port)
        server.wait_until_ready(process, f"postgresql://admin:secret@{ports.LOOPBACK}:{port}/postgres", print)
        assert server.running() == process
        assert server.stop(process)
        assert modes == {folder: folder.stat().st_mode for folder in (closed, *closed.parents)}
    finally:
        subprocess.run(["rm", "-rf", str(server.folder)], check=True)


def test_a_platform_whose_user_was_killed_stops_by_itself() -> None:
    data = Path(tempfile.mkdtemp(prefix="ketenbus-orphan-"))
    code = (
        "import sys, time; from pathlib import Path; from infra.local.platform import Platform\n"
        "from services.cli.workers import Workers; data = Path(sys.argv[1])\n"
        "with Platform(data).running(): Workers(data).start_all(); print('up', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(data)], cwd=ROOT, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        platform = Platform(data)
        running = [server.process for server in platform.status()]
        running += [Workers(data).find(name) for name in NAMES]
        user.kill()
    assert all(process is not None and processes.ended(process, 30) for process in running)
    platform.down(wipe=True)
    assert not data.exists()


def test_a_question_that_was_killed_or_is_over_leaves_a_platform_that_up_keeps(spare: Platform) -> None:
    spare.down()
    with Platform(spare.data, backfill=None, layout=lambda: SMALL).running():
        spare.up(keep=True)  # while a question was asked of a platform that did not run
    before = pids(spare)
    code = (
        "import sys, time; from pathlib import Path; from infra.local.platform import Platform\n"
        "with Platform(Path(sys.argv[1]), backfill=None, layout=tuple).running(): print('asks', flush=True); time.sleep(600)"
    )
    leashes = ["infra.local.leash", str(spare.data)]
    ours = processes.find_all(leashes)
    with subprocess.Popen([sys.executable, "-c", code, str(spare.data)], cwd=ROOT, stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"asks\n"
        asking.kill()
    assert all(processes.ended(leash, 30) for leash in processes.find_all(leashes) if leash not in ours)
    assert None not in before
    assert pids(spare) == before
    spare.down()
    assert not spare.is_kept
    assert spare.up() == {"kafka", "postgres"}
