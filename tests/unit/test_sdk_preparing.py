"""From an event to signed bytes: what is refused, naming field and rule, and what the bytes are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ketenbus import codec, envelope
from ketenbus.contract import contract
from ketenbus.events import FactQuarantined, ReportWithheld, SignalRaised, VictimReported
from ketenbus.keyring import PublisherKeys, ZoneKeys
from ketenbus.preparing import LARGEST_VALUE_BYTES, Outgoing, Prepared, Refused, prepare, prepare_many
from ketenbus.sealing import open_event
from ketenbus.settings import PartnerSettings
from ketenbus.values import Sealed
from tests.made_up import NOW, OIN, SIGNING_KEY, partner, report

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def settings(tmp_path: Path) -> PartnerSettings:
    return partner(tmp_path)


@pytest.fixture
def keys(settings: PartnerSettings) -> Iterator[PublisherKeys]:
    keys = PublisherKeys(settings.keyring, settings.oin)
    yield keys
    keys.close()


def test_a_sound_event_becomes_signed_bytes_on_its_types_topic(settings: PartnerSettings, keys: PublisherKeys) -> None:
    prepared = prepare(Outgoing(report(), "id-1", NOW, TRACE), settings, keys)
    assert isinstance(prepared, Prepared)
    assert (prepared.id, prepared.topic, prepared.key) == ("id-1", "victim-reported", b"client-1")
    assert envelope.is_signed_by(prepared.headers, prepared.key, prepared.value, SIGNING_KEY.public_key())
    assert envelope.read(prepared.headers) == envelope.Envelope(
        id="id-1",
        source=f"urn:nld:oin:{OIN}:systeem:bvh",
        type="nl.mensenhandel.victim-reported.v1",
        time=NOW,
        dataschema="urn:nl:mensenhandel:schema:1042",
        traceparent=TRACE,
    )


def test_what_is_sealed_opens_with_the_zones_keys_as_it_was(settings: PartnerSettings, keys: PublisherKeys) -> None:
    prepared = prepare(Outgoing(report(), "id-1", NOW), settings, keys)
    assert isinstance(prepared, Prepared)
    event = codec.decode(prepared.value)
    zone = ZoneKeys(settings.keyring, [("*", "identity"), ("*", "special")])
    assert open_event(event, zone.key).event == report()  # type: ignore[type-var]


def test_nothing_sealed_is_readable_in_what_goes_out(settings: PartnerSettings, keys: PublisherKeys) -> None:
    prepared = prepare(Outgoing(report(bsn="123456782", narrative="verhaal"), "id-1", NOW), settings, keys)
    assert isinstance(prepared, Prepared)
    sent = prepared.value + repr(prepared.headers).encode()
    assert not any(text in sent for text in (b"Ada", b"123456782", b"verhaal", b"1990"))


def test_one_subjects_fields_of_a_class_share_a_key_and_no_nonce(
    settings: PartnerSettings, keys: PublisherKeys
) -> None:
    prepared = prepare(Outgoing(report(), "id-1", NOW), settings, keys)
    assert isinstance(prepared, Prepared)
    event = codec.decode(prepared.value)
    sealed = [value for _, value in event if isinstance(value, Sealed)]  # type: ignore[union-attr]
    assert len({value.key_id for value in sealed}) == 2
    assert len({value.nonce for value in sealed}) == len(sealed) == 7


@pytest.mark.parametrize(
    "said",
    [
        {"forms": ("BL_SU",), "su_sector": ("BORDEEL_CLUB",)},
        {"forms": ("AU",), "labour_sector": ("HORECA",)},
        {"forms": ("CU",), "cu_sector": ("DRUGSDELICTEN",), "dublin_indication": ("DUBLINCLAIM",)},
        {"forms": ("ONBEKEND",)},
    ],
)
def test_which_codes_are_given_shows_to_nobody_without_the_key(
    settings: PartnerSettings, keys: PublisherKeys, said: dict[str, Any]
) -> None:
    prepared = prepare(Outgoing(report(**said), "id-1", NOW), settings, keys)
    assert isinstance(prepared, Prepared)
    event = codec.decode(prepared.value)
    assert isinstance(event, VictimReported)
    of_codes = [event.forms, event.su_sector, event.labour_sector, event.cu_sector, event.dublin_indication]
    assert {len(value.ciphertext) for value in of_codes if isinstance(value, Sealed)} == {80}
    assert all(isinstance(value, Sealed) for value in of_codes)
    assert open_event(event, ZoneKeys(settings.keyring, [("*", "special"), ("*", "identity")]).key).event == report(
        **said
    )


def test_the_same_event_and_nonces_give_the_same_bytes(settings: PartnerSettings, keys: PublisherKeys) -> None:
    outgoing = Outgoing(report(), "id-1", NOW)
    assert prepare(outgoing, settings, keys, bytes) == prepare(outgoing, settings, keys, bytes)


def test_a_batch_is_what_each_event_alone_would_be(settings: PartnerSettings, keys: PublisherKeys) -> None:
    batch = [Outgoing(report(subject=f"client-{n}", sex="VROUW" if n % 2 else "X"), f"{n}", NOW) for n in range(4)]
    judged = prepare_many(batch, settings, keys)
    assert [type(answer) for answer in judged] == [Refused, Prepared, Refused, Prepared]
    assert [answer.id for answer in judged] == ["0", "1", "2", "3"]


def test_a_refused_event_makes_no_key(settings: PartnerSettings, keys: PublisherKeys) -> None:
    prepare_many([Outgoing(report(sex="X"), "1", NOW)], settings, keys)
    assert not (settings.keyring / OIN).exists()


def test_an_event_without_subject_has_its_publisher_as_key(tmp_path: Path) -> None:
    settings = partner(tmp_path, kind="fairwork", unit=None)
    event = ReportWithheld(
        occurred_precision="UNKNOWN",
        reporter_kind="FAIRWORK",
        period=NOW.date(),
        reason="CONSENT_REFUSED",
        count=3,
    )
    prepared = prepare(Outgoing(event, "id-1", NOW), settings, PublisherKeys(tmp_path, OIN))
    assert isinstance(prepared, Prepared)
    assert prepared.key == OIN.encode()


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"nationality": "XX"}, "nationality", "is a code of list nationality, version 1"),
        ({"sex": None}, "sex", "is required"),
        ({"forms": ("AU", "AU")}, "forms", "names at least one code, each once"),
        ({"forms": ("AU", "NIEUW")}, "forms", "is a code of list exploitation-form, version 1"),
        ({"age_at_report": 121}, "age_at_report", "is at most 120"),
        ({"subject": "s" * 65}, "subject", "has 1 to 64 visible characters"),
        ({"reporter_kind": "KMAR"}, "reporter_kind", "is the code of the publisher's own kind, politie"),
        ({"police_unit": "AMSTERDAM"}, "police_unit", "is the publisher's own unit, LIMBURG"),
        ({"police_unit": None}, "police_unit", "is the publisher's own unit, LIMBURG"),
        (
            {"occurred_at": NOW + timedelta(minutes=6)},
            "occurred_at",
            "is not later than the time the source recorded it",
        ),
        ({"occurred_at": datetime(2026, 5, 4)}, "occurred_at", "has a time zone"),  # noqa: DTZ001
        ({"occurred_at": None}, "occurred_at", "is given exactly where its precision is not UNKNOWN"),
        (
            {"name": Sealed(key_id="k", nonce=bytes(12), ciphertext=bytes(16))},
            "name",
            "is given in plain: the SDK seals it with this publisher's own key",
        ),
    ],
)
def test_a_broken_rule_is_refused_by_field_and_rule(
    settings: PartnerSettings, keys: PublisherKeys, changed: dict[str, Any], field: str, rule: str
) -> None:
    refused = prepare(Outgoing(report(**changed), "id-1", NOW), settings, keys)
    assert isinstance(refused, Refused)
    assert [str(problem) for problem in refused.problems] == [f"{field}: {rule}"]


def test_a_clock_a_little_ahead_is_no_problem(settings: PartnerSettings, keys: PublisherKeys) -> None:
    event = report(occurred_at=NOW + timedelta(minutes=5))
    assert isinstance(prepare(Outgoing(event, "id-1", NOW), settings, keys), Prepared)


def test_a_type_another_kind_publishes_is_refused(tmp_path: Path) -> None:
    settings = partner(tmp_path, kind="om", unit=None)
    refused = prepare(Outgoing(report(police_unit=None), "id-1", NOW), settings, PublisherKeys(tmp_path, OIN))
    assert isinstance(refused, Refused)
    assert [problem.field for problem in refused.problems] == ["type", "reporter_kind"]


def test_a_type_only_the_bus_writes_is_refused(settings: PartnerSettings, keys: PublisherKeys) -> None:
    event = FactQuarantined(
        subject="s",
        occurred_precision="UNKNOWN",
        quarantined_type="t",
        quarantined_id="i",
        quarantined_source=f"urn:nld:oin:{OIN}:systeem:bvh",
    )
    refused = prepare(Outgoing(event, "id-1", NOW), settings, keys)
    assert isinstance(refused, Refused)
    assert [str(problem) for problem in refused.problems] == ["type: fact-quarantined is published by the bus only"]


@pytest.mark.parametrize(
    ("outgoing", "field"),
    [
        (Outgoing(report(), "with space", NOW), "id"),
        (Outgoing(report(), "", NOW), "id"),
        (Outgoing(report(), "x" * 129, NOW), "id"),
        (Outgoing(report(), "id-1", datetime(2026, 5, 4)), "time"),  # noqa: DTZ001
        (Outgoing(report(), "id-1", NOW, "no trace"), "traceparent"),
    ],
)
def test_an_envelope_the_bus_would_not_read_is_refused(
    settings: PartnerSettings, keys: PublisherKeys, outgoing: Outgoing, field: str
) -> None:
    refused = prepare(outgoing, settings, keys)
    assert isinstance(refused, Refused)
    assert [problem.field for problem in refused.problems] == [field]


def test_an_event_too_large_for_a_broker_is_refused(settings: PartnerSettings, keys: PublisherKeys) -> None:
    refused = prepare(Outgoing(report(narrative="x" * LARGEST_VALUE_BYTES), "id-1", NOW), settings, keys)
    assert isinstance(refused, Refused)
    assert refused.problems[0].field == "event"


def test_no_refusal_holds_content(settings: PartnerSettings, keys: PublisherKeys) -> None:
    event = report(nationality="GEHEIM", forms=("GEHEIM",), subject="GEHEIM" * 20, police_unit="GEHEIM")
    refused = prepare(Outgoing(event, "id-1", NOW), settings, keys)
    assert isinstance(refused, Refused)
    assert "GEHEIM" not in repr(refused)


def test_an_unstamped_event_is_no_event_to_prepare(settings: PartnerSettings, keys: PublisherKeys) -> None:
    with pytest.raises(ValueError, match="stamped"):
        prepare(Outgoing(report()), settings, keys)


def test_stamping_keeps_what_is_given() -> None:
    assert Outgoing(report(), "id-1", NOW).stamped(datetime.now(UTC)) == Outgoing(report(), "id-1", NOW)
    assert Outgoing(report()).stamped(NOW).time == NOW
    assert Outgoing(report()).stamped(NOW).id != Outgoing(report()).stamped(NOW).id


def test_every_type_has_the_dataschema_of_its_schema_id(settings: PartnerSettings, keys: PublisherKeys) -> None:
    event = SignalRaised(
        subject="s",
        occurred_precision="UNKNOWN",
        reporter_kind="POLITIE",
        police_unit="LIMBURG",
        criterion="DEFINITIE_273F",
        detected_on=NOW.date(),
    )
    prepared = prepare(Outgoing(event, "id-1", NOW), settings, keys)
    assert isinstance(prepared, Prepared)
    schema = dict(prepared.headers)["ce_dataschema"].decode()
    assert schema.rpartition(":")[2] == str(contract().types["signal-raised"].schema_id)
