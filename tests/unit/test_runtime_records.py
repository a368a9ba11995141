"""Records, settings, topics and the zone's reader: what every processor stands on."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka.partitioner import DefaultPartitioner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from consent.policy import Decision
from ketenbus import envelope
from ketenbus.contract import contract
from ketenbus.errors import BusError, ConfigurationError, CorruptLogError
from ketenbus.keyring import PublisherKeys
from ketenbus.sealing import seal
from ketenbus.values import Sealed
from streams.runtime import settled, topics
from streams.runtime.records import MOST_GROWTH, Record, pack_headers, unpack_headers
from streams.runtime.sending import partition_of
from streams.runtime.settings import LAW, ProcessorSettings, load, load_partners, load_register
from streams.runtime.zone import ZoneReader
from tests.consent_facts import OIN, the_register
from tests.log_events import of, told
from tests.made_up import report

HEADERS = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40)), max_size=6).map(tuple)
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC, SUBJECT_KEY = SIGNING.public_key(), bytes(range(7, 39))
PARTNERS = Path(topics.__file__).parents[2] / "infra/local/partners.yaml"


@given(HEADERS)
def test_packed_headers_unpack_to_the_same_bytes(headers: Any) -> None:
    assert unpack_headers(pack_headers(headers)) == headers


def test_a_header_without_a_value_can_be_kept_too() -> None:
    headers: Any = (("x", None), ("y", b"1"))
    assert unpack_headers(pack_headers(headers)) == headers


def test_packed_headers_are_text_that_a_database_takes() -> None:
    assert "\0" not in pack_headers((("x\0", b"\0\xff"),))


@given(HEADERS)
def test_packed_headers_take_no_more_room_than_quarantine_has_for_them(headers: Any) -> None:
    in_kafka = sum(2 + len(name.encode()) + len(value) for name, value in headers)
    assert len(pack_headers(headers)) <= MOST_GROWTH * in_kafka + len("[]")


@given(st.binary(max_size=70))
def test_a_key_goes_where_every_kafka_client_puts_it(key: bytes) -> None:
    twelve = list(range(12))
    assert partition_of(key, twelve, twelve) == DefaultPartitioner()(key, twelve, twelve)
    assert partition_of(key, [0], [0]) == 0


def test_a_record_names_its_coordinates() -> None:
    assert Record("signal-raised", 3, 42, 0, None, None, ()).origin == "signal-raised/3/42"


def settings_file(folder: Path, **changed: Any) -> Path:
    held = {
        "name": "admit",
        "kafka": "127.0.0.1:1",
        "user": "admit",
        "password": "p",
        "dsn": "postgresql://nowhere",
        "partners": str(PARTNERS),
        "keys": {"subject": base64.b64encode(SUBJECT_KEY).decode()},
    }
    file = folder / "admit.json"
    file.write_text(json.dumps(held | changed))
    return file


def test_settings_are_read_from_the_file_the_platform_writes(tmp_path: Path) -> None:
    found = load(settings_file(tmp_path))
    assert (found.name, found.user, found.partners, found.law) == ("admit", "admit", PARTNERS, None)
    assert found.key("subject") == SUBJECT_KEY


def test_settings_that_are_not_there_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\./ketenbus up"):
        load(tmp_path / "absent.json")


def test_a_key_that_is_not_there_is_named_and_no_other_is_shown(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"admit\.json: settings hold no key views; run \./ketenbus up"
    ) as caught:
        load(settings_file(tmp_path)).key("views")
    assert base64.b64encode(SUBJECT_KEY).decode() not in str(caught.value)


def test_the_law_is_the_projects_but_for_what_a_what_if_folder_holds(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("{}")
    found = load(settings_file(tmp_path), law=tmp_path)
    assert found.law_file("rules.yaml") == tmp_path / "rules.yaml"
    assert found.law_file("activities.yaml") == LAW["activities.yaml"]
    assert load(settings_file(tmp_path)).law_file("rules.yaml") == LAW["rules.yaml"]


def test_rules_of_a_what_if_are_followed(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"withhold_superseded": False, "withhold_retracted": False, "source": "what if"}))
    assert not load_register(rules=rules).rules.withhold_superseded
    assert the_register().rules.withhold_superseded


def test_partners_are_read_by_oin(tmp_path: Path) -> None:
    row = {"id": "p", "oin": OIN, "name": "P", "kind": "politie", "unit": "LIMBURG", "backfill": True}
    file = tmp_path / "partners.yaml"
    file.write_text(
        yaml.safe_dump({"partners": [row | {"public_key": base64.b64encode(PUBLIC.public_bytes_raw()).decode()}]})
    )
    [(oin, partner)] = load_partners(file).items()
    assert (oin, partner.id, partner.kind, partner.unit, partner.backfill, partner.public_key) == (
        OIN, "p", "politie", "LIMBURG", True, PUBLIC,
    )  # fmt: skip


LAYOUT = {spec.name: spec for spec in topics.layout()}


def test_every_type_a_partner_may_publish_has_a_topic_of_one_partition_named_after_it() -> None:
    published = {name for name, declared in contract().types.items() if declared.publishers}
    assert set(topics.type_topics()) == published
    assert {LAYOUT[name].partitions for name in published} == {1}
    assert "fact-quarantined" not in LAYOUT


def test_only_its_publishers_replay_and_zones_for_their_own_words_write_a_types_topic() -> None:
    kinds = {p["id"]: p["kind"] for p in yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]}
    for name in topics.type_topics():
        writers = {kinds.get(writer, writer) for writer in LAYOUT[name].writers}
        zones = {"recall-confirmed": {"registration", "monitoring"}}
        ours = {"replay"} | ({"registration"} if name.startswith("registration-") else zones.get(name, set()))
        assert writers - ours == {kind for kind in kinds.values() if kind in contract().types[name].publishers}
        assert ours <= set(LAYOUT[name].writers)


def test_only_disclosure_and_the_auditor_and_its_writer_read_the_log() -> None:
    assert set(LAYOUT[topics.KETENLOG].readers) == {"disclose", "auditor", "admit"}
    assert LAYOUT[topics.KETENLOG].writers == ("admit", "register")
    assert LAYOUT[topics.KETENLOG].partitions == 12


def test_replay_reads_quarantine_and_nothing_else() -> None:
    assert {name for name, spec in LAYOUT.items() if "replay" in spec.readers} == {topics.QUARANTINE}


def test_every_view_of_the_register_is_a_topic_that_its_recipient_reads_and_disclose_alone_writes() -> None:
    for recipient, purpose in the_register().views():
        spec = LAYOUT[f"view.{recipient}.{purpose.lower()}"]
        assert spec.writers == ("disclose",)
        assert set(spec.readers) - {"auditor", *topics.FOLDED_BY.values()}


def test_a_partner_reads_no_acknowledgements_but_its_own() -> None:
    mine = {spec.name: spec.readers for spec in LAYOUT.values() if spec.name.startswith("acknowledgements.")}
    assert all(readers == (name.removeprefix("acknowledgements."),) for name, readers in mine.items())
    assert len(mine) == len(yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"])


def test_a_zones_view_is_folded_by_the_processor_whose_progress_is_waited_for() -> None:
    assert set(topics.FOLDED_BY) <= set(the_register().views())
    for (recipient, purpose), processor in topics.FOLDED_BY.items():
        assert list(settled.read_by()[processor]) == [(f"view.{recipient}.{purpose.lower()}", 0)]


def test_settled_is_when_every_processor_has_sent_on_all_there_is() -> None:
    done, behind = settled.Progress("admit", 3, 3), settled.Progress("disclose", 2, 3)
    assert settled.is_settled([done])
    assert not settled.is_settled([done, behind])


def test_waiting_ends_at_rest_or_with_how_far_each_was_when_nothing_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "PAUSE_SECONDS", 0)
    behind, done = [settled.Progress("disclose", 2, 3)], [settled.Progress("disclose", 3, 3)]
    answers: Iterator[Sequence[settled.Progress]] = iter([[], behind, done, behind])
    heard: list[Sequence[settled.Progress]] = []

    async def ask() -> Sequence[settled.Progress]:
        return next(answers, behind)

    asyncio.run(settled.until_settled(ask, heard.append, Path("logs"), 60))
    assert heard == [[], behind, done]
    with pytest.raises(BusError, match="disclose 2 of 3; logs in logs"):
        asyncio.run(settled.until_settled(ask, heard.append, Path("logs"), 0))


def zone(folder: Path, *grants: tuple[str, str]) -> ZoneReader:
    public = base64.b64encode(SIGNING.public_key().public_bytes_raw()).decode()
    keys = {"view_public_key": public, "keyring": [list(g) for g in grants], "keyring_folder": str(folder)}
    return ZoneReader(ProcessorSettings("registration", "", "", "", "", PARTNERS, keys))


def view_record(folder: Path, private: Ed25519PrivateKey = SIGNING, kind: str = "politie") -> Record:
    """A report in CoMensha's view, its name sealed under a key of the ring."""
    keys = PublisherKeys(folder, OIN)
    key_id, secret = keys.key("client-1", "identity")
    keys.close()
    name = seal("Ada Voorbeeld", "string", secret, key_id, "victim-reported", "name", bytes(12))
    decision = Decision("comensha", "REGISTRATIE", "delivered", ("neutral", "quasi", "identity"), "a/1", ("consent",))
    said = told(of(report(name=name, birth_date=None, forms=None), kind=kind), decision)
    headers = envelope.sign(said.headers, said.key, said.value or b"", private)
    return Record("view.comensha.registratie", 0, 0, 0, said.key, said.value, headers)


def test_a_zone_opens_what_its_grants_name_and_nothing_else(tmp_path: Path) -> None:
    record = view_record(tmp_path)
    assert zone(tmp_path, ("*", "identity")).read(record).field("name") == "Ada Voorbeeld"
    assert isinstance(zone(tmp_path, ("*", "special")).read(record).field("name"), Sealed)


def test_a_zone_opens_what_a_shelter_sealed_though_its_view_does_not_say_which_shelter(tmp_path: Path) -> None:
    record = view_record(tmp_path, kind="opvang")
    assert OIN.encode() not in (record.value or b"")
    assert zone(tmp_path, ("*", "identity")).read(record).field("name") == "Ada Voorbeeld"
    assert isinstance(zone(tmp_path, ("*", "special")).read(record).field("name"), Sealed)


def test_what_a_shelter_copied_from_another_under_its_own_name_stays_shut(tmp_path: Path) -> None:
    theirs = PublisherKeys(tmp_path, OIN).key("client-1", "identity")
    own = f"{'7' * 20}.identity.{theirs[0].rpartition('.')[2]}"
    name = seal("Ada Voorbeeld", "string", theirs[1], theirs[0], "victim-reported", "name", bytes(12))
    copied = report(name=name.model_copy(update={"key_id": own}), birth_date=None, forms=None)
    decision = Decision("comensha", "REGISTRATIE", "delivered", ("neutral", "quasi", "identity"), "a/1", ("consent",))
    said = told(of(copied, kind="opvang"), decision)
    headers = envelope.sign(said.headers, said.key, said.value or b"", SIGNING)
    record = Record("view.comensha.registratie", 0, 0, 0, said.key, said.value, headers)
    assert zone(tmp_path, ("*", "identity")).read(record).unopened == {"name": "no-key"}


def test_a_view_record_that_disclose_did_not_write_stops_the_zone_without_telling_content(tmp_path: Path) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(CorruptLogError, match=r"view\.comensha\.registratie/0/0: bad-signature") as caught:
        zone(tmp_path).read(view_record(tmp_path, stranger))
    assert "Ada" not in str(caught.value)
