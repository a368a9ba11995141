"""Foreign errors become ours, in one table; acknowledgements and change numbers are read rightly."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiokafka.errors as kafka
import pytest

from ketenbus.acknowledgements import Outcome, Verdict, later, read_outcome
from ketenbus.changes import Changes
from ketenbus.connection import FAULTS, LASTING, client_settings, fault
from ketenbus.consumer import view_topic
from ketenbus.errors import ConfigurationError, CorruptLogError, RetryableError
from tests.made_up import partner


def _all(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


@pytest.mark.parametrize("kind", sorted(set(_all(kafka.KafkaError)), key=repr))
def test_every_error_of_aiokafka_is_one_of_ours(kind: type[Exception]) -> None:
    ours = fault(kind.__new__(kind), "testing")
    assert type(ours) is (ConfigurationError if any(k in LASTING for k in kind.__mro__) else RetryableError)
    assert issubclass(kind, FAULTS)


def test_what_aiokafka_itself_would_retry_is_never_lasting() -> None:
    assert [kind for kind in LASTING if getattr(kind, "retriable", False)] == []


def test_the_systems_own_errors_are_passing() -> None:
    assert isinstance(fault(ConnectionRefusedError(), "testing"), RetryableError)
    assert isinstance(fault(TimeoutError(), "testing"), RetryableError)


def test_a_plain_connection_has_no_tls_and_a_tls_one_checks_certificates(tmp_path: Path) -> None:
    assert client_settings(partner(tmp_path))["ssl_context"] is None
    context = client_settings(partner(tmp_path, protocol="SASL_SSL"))["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(ConfigurationError, match="ca_file"):
        client_settings(partner(tmp_path, protocol="SASL_SSL", ca_file=str(tmp_path / "absent.pem")))


def test_a_views_topic_names_recipient_and_purpose() -> None:
    assert view_topic("comensha", "REGISTRATIE") == "view.comensha.registratie"


def test_an_acknowledgement_is_an_outcome() -> None:
    raw = json.dumps({"id": "id-1", "outcome": "quarantined", "reason": "bad-signature"}).encode()
    assert read_outcome(raw, "t/0@1") == Outcome("id-1", "quarantined", "bad-signature")


@pytest.mark.parametrize(
    "value", [None, b"", b"[]", b"{}", b"1", b'{"id": 1, "outcome": "admitted"}', b'{"id": "x", "outcome": "lost"}']
)
def test_bytes_that_are_no_acknowledgement_stop_the_reader(value: bytes | None) -> None:
    with pytest.raises(CorruptLogError, match="t/0@1"):
        read_outcome(value, "t/0@1")


@pytest.mark.parametrize(
    ("known", "told", "stands"),
    [
        (None, "quarantined", "quarantined"),
        ("quarantined", "admitted", "admitted"),
        ("admitted", "repeated", "admitted"),
        ("admitted", "quarantined", "quarantined"),
        (None, "repeated", "repeated"),
    ],
)
def test_the_later_outcome_stands_but_a_repeat_changes_nothing(
    known: Verdict | None, told: Verdict, stands: Verdict
) -> None:
    earlier = Outcome("x", known) if known else None
    assert later(earlier, Outcome("x", told)).outcome == stands


@pytest.mark.parametrize("path", ["state.sqlite", None])
def test_only_a_higher_change_is_news(tmp_path: Path, path: str | None) -> None:
    changes = Changes(tmp_path / path if path else None, "view.a.b")
    assert changes.is_news("e", 0)
    changes.handled("e", 2)
    changes.handled("e", 1)
    assert [changes.is_news("e", change) for change in (1, 2, 3)] == [False, False, True]
    assert changes.is_news("f", 1)


def test_views_in_one_file_and_processes_in_turn_keep_their_own_numbers(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    changes = Changes(path, "view.a.b")
    changes.handled("e", 2)
    changes.close()
    assert not Changes(path, "view.a.b").is_news("e", 2)
    assert Changes(path, "view.a.c").is_news("e", 2)


def test_a_state_file_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigurationError, match="remove it"):
        Changes(tmp_path / "state.sqlite", "view.a.b")


def test_the_public_names_are_all_there() -> None:
    import ketenbus

    public: list[Any] = [getattr(ketenbus, name) for name in ketenbus.__all__]
    assert len(public) == len(set(ketenbus.__all__))
    with pytest.raises(AttributeError, match="no_such_name"):
        ketenbus.no_such_name  # noqa: B018
