"""Every fault of a command is one line that says what to do, and exit code 2; it never holds a server's address."""

from __future__ import annotations

import asyncio
import errno
import traceback
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, KafkaException
from typer.testing import CliRunner

from infra.local import databases
from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from services.cli.app import app
from services.cli.errors import LOOK, SAID, plainly

FAULTS = [
    (ConfigurationError("do this"), "do this"),
    (CorruptLogError("topic/0/1"), "topic/0/1"),
    (RetryableError("away"), "away"),
    (IsADirectoryError(errno.EISDIR, "Is a directory", "/tmp"), "/tmp: Is a directory; name another"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), f"no answer (Connection refused): {LOOK}"),
    (TimeoutError(), f"no answer (TimeoutError): {LOOK}"),
    (asyncpg.InvalidPasswordError("for u:secret"), f"PostgreSQL does not do this (InvalidPasswordError): {LOOK}"),
    (asyncpg.InterfaceError("u:secret"), f"PostgreSQL does not do this (InterfaceError): {LOOK}"),
    (KafkaException(KafkaError(KafkaError._TRANSPORT)), f"Kafka does not do this (_TRANSPORT): {LOOK}"),
    (KafkaException("not said"), f"Kafka does not do this (KafkaException): {LOOK}"),
    (KafkaConnectionError("at u:secret"), f"Kafka does not do this (KafkaConnectionError): {LOOK}"),
]


@pytest.mark.parametrize(("fault", "line"), FAULTS, ids=[type(fault).__name__ + line[-12:] for fault, line in FAULTS])
def test_a_fault_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], fault: Exception, line: str) -> None:
    @plainly
    def command() -> None:
        raise fault

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == f"ketenbus: {line}\n"


def test_every_kind_of_fault_that_is_told_has_an_example_here() -> None:
    assert all(any(isinstance(fault, kind) for fault, _ in FAULTS) for kind in SAID)


@pytest.mark.parametrize("ours", [BrokenPipeError(errno.EPIPE, "Broken pipe"), ZeroDivisionError("a defect")])
def test_a_reader_that_has_seen_enough_and_a_defect_of_ours_are_no_fault(ours: Exception) -> None:
    @plainly
    def command() -> None:
        raise ours

    with pytest.raises(type(ours)):
        command()


@pytest.mark.parametrize(
    "dsn",
    ["nonsense", "postgresql://admin:se/cret@db.example/x", "postgresql://admin:secret@127.0.0.1:1/x"],
    ids=["no address", "a password that is not quoted", "nobody there"],
)
def test_a_database_that_is_not_reached_is_told_without_its_address(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(asked: str) -> Any:
        if asked.endswith(":1/x"):
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed: {asked}")
        raise ValueError(f"invalid: {asked}")

    monkeypatch.setattr(databases.asyncpg, "connect", connect)
    with pytest.raises(ConfigurationError, match="check KETENBUS_POSTGRES") as refused:
        asyncio.run(databases.ensure_schemas(dsn, (), str))
    assert dsn not in str(refused.value)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        ["policy", "table", "--write", "--out", "FOLDER"],
        ["contract", "pages", "--out", "FILE"],
        ["register", "page", "--out", "FILE"],
        ["register", "approve", "RELEASE", "--key", "FILE"],
        ["demo", "--out", "FILE"],
    ],
    ids=" ".join,
)
def test_a_place_that_cannot_be_written_or_read_ends_in_one_line(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("{}")
    places = {"FOLDER": str(tmp_path), "FILE": str(tmp_path / "file"), "RELEASE": str(tmp_path / "none.json")}
    done = CliRunner().invoke(app, [places.get(word, word) for word in words])
    assert done.exit_code == 2, traceback.format_exception(done.exception)
    assert done.stderr.startswith("ketenbus: ")
    assert done.stderr.count("\n") == 1
