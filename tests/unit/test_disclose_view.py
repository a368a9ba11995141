"""What one recipient gets of one event for one purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.masks import PARTS
from consent.policy import Decision
from ketenbus import codec, envelope, view
from ketenbus.contract import contract
from ketenbus.envelope import BUS_PREFIX
from ketenbus.events import IdentityLinked, PlacementMoved, VictimReported
from ketenbus.sealing import hidden
from ketenbus.values import Sealed
from ketenbus.view import Received, Withheld
from streams.disclose.tokens import EventName
from streams.disclose.view import SHELTER_SOURCE, ViewMessage, left_out
from tests.consent_facts import DAY, NOON, OIN, given, linked, reported, withdrawn
from tests.contract.examples import example
from tests.log_events import OTHER, SUBJECT, TRACE, every_byte, logged, of, tokens, told

SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(32))
REGISTRATION = Decision("comensha", "REGISTRATIE", "delivered", ("neutral", "quasi"), "a/1", ("consent",))
FILLED = example("victim-reported", filled=True)
MOVED = PlacementMoved(
    subject="client-1",
    occurred_precision="UNKNOWN",
    moved_on=DAY,
    shelter_type="COSM",
    provider_id="0123456789abcdef",
    safety_at_stake=False,
    age_group="ADULT",
)


def received(message: ViewMessage) -> Received:
    """The message as its recipient reads it."""
    headers = envelope.sign(message.headers, message.key, message.value or b"", SIGNING)
    read = view.read(headers, message.key, message.value, SIGNING.public_key())
    assert isinstance(read, Received)
    return read


def test_fields_outside_the_mask_are_left_out_and_named() -> None:
    got = received(told(of(FILLED), REGISTRATION))
    assert got.left_out == {
        "v_number", "bsn", "name", "birth_date", "phone", "forms", "su_sector", "labour_sector", "cu_sector",
        "dublin_indication", "narrative",
    }  # fmt: skip
    assert (got.mask, got.activity, got.kind, got.change) == ("neutral+quasi", "a/1", "delivery", 1)
    assert got.field("name") == Withheld("neutral+quasi")
    assert got.field("sex") == FILLED.sex  # type: ignore[attr-defined]


def test_what_is_sealed_travels_as_its_publisher_sealed_it() -> None:
    decision = replace(REGISTRATION, mask=("neutral", "quasi", "identity"))
    assert received(told(of(FILLED), decision)).field("name") == FILLED.name  # type: ignore[attr-defined]


def test_the_subject_the_event_and_its_links_carry_the_views_own_names() -> None:
    event = reported("r", corrects="earlier", caused_by="signal").event
    got = received(told(of(event), REGISTRATION))
    here = tokens()
    assert got.subject == here.subject(SUBJECT)
    assert got.id == here.event(EventName(SUBJECT, OIN, "event-1"))
    assert isinstance(got.event, VictimReported)
    assert got.event.subject == here.subject(SUBJECT)
    assert got.event.corrects == here.event(EventName(SUBJECT, OIN, "earlier"))
    assert got.event.caused_by == here.event(EventName(SUBJECT, OIN, "signal"))


def test_a_link_leads_to_the_message_of_the_event_it_names() -> None:
    first, second = logged(reported("a")), logged(reported("b", corrects="a"))
    corrected = received(told(second, REGISTRATION)).event
    assert isinstance(corrected, VictimReported)
    assert corrected.corrects == received(told(first, REGISTRATION)).id


def test_no_link_is_no_link() -> None:
    got = received(told(logged(reported("a")), REGISTRATION)).event
    assert isinstance(got, VictimReported)
    assert (got.corrects, got.caused_by) == (None, None)


@pytest.mark.parametrize("subject", [SUBJECT, OTHER])
def test_a_link_between_subjects_names_both_under_either(subject: bytes) -> None:
    pair = {"subject": SUBJECT, "other-subject": OTHER}
    got = received(told(logged(linked("l"), "comensha", subject=subject, subjects=pair), REGISTRATION))
    assert isinstance(got.event, IdentityLinked)
    assert got.subject == tokens().subject(subject)
    assert (got.event.subject, got.event.other_subject) == (tokens().subject(SUBJECT), tokens().subject(OTHER))


def test_an_event_logged_under_two_subjects_is_two_events_of_the_view() -> None:
    pair = {"subject": SUBJECT, "other-subject": OTHER}
    one, two = (logged(linked("l"), subject=s, subjects=pair) for s in (SUBJECT, OTHER))
    assert received(told(one, REGISTRATION)).id != received(told(two, REGISTRATION)).id


def test_a_recall_holds_no_content_and_names_the_event() -> None:
    recall = told(of(FILLED), replace(REGISTRATION, outcome="withheld", mask=()), kind="recall")
    got = received(recall)
    assert recall.value is None
    assert (got.kind, got.event, got.left_out) == ("recall", None, frozenset())
    assert (got.id, got.subject) == (
        tokens().event(EventName(SUBJECT, OIN, "event-1")),
        tokens().subject(SUBJECT),
    )


def test_a_shelters_events_name_no_publisher() -> None:
    got = received(told(of(MOVED), REGISTRATION))
    assert got.envelope.source == SHELTER_SOURCE
    assert OIN.encode() not in every_byte(told(of(MOVED), REGISTRATION))


@pytest.mark.parametrize("name", sorted(contract().types))
def test_no_publisher_is_named_of_what_a_shelter_says(name: str) -> None:
    event = example(name, filled=True)
    sealed = {field: value for field, value in event if isinstance(value, Sealed)}
    own = {field: value.model_copy(update={"key_id": f"{OIN}.special.{'0' * 24}"}) for field, value in sealed.items()}
    said = replace(of(event.model_copy(update=own)), publisher_kind="opvang", source=f"urn:nld:oin:{OIN}:systeem:huis")
    got = told(said, replace(REGISTRATION, mask=PARTS))
    assert received(got).envelope.source == SHELTER_SOURCE
    assert OIN.encode() not in every_byte(got)
    assert {received(got).field(field) for field in sealed} == {
        value.model_copy(update={"key_id": hidden(value.key_id)}) for value in own.values()
    }


def test_other_events_name_their_publisher() -> None:
    assert received(told(of(FILLED), REGISTRATION)).envelope.oin == OIN


def test_a_message_has_its_own_trace_its_publishers_time_and_none_of_the_bus_headers() -> None:
    message = told(of(FILLED), REGISTRATION)
    got = received(message)
    assert (got.envelope.traceparent, got.envelope.time) == (TRACE, NOON)
    assert not [name for name, _ in message.headers if name.startswith(BUS_PREFIX)]


@pytest.mark.parametrize("fact", [given("clear-id"), withdrawn("clear-id"), reported("clear-id", corrects="clear-id")])
def test_no_name_of_the_publishers_own_is_in_a_message(fact: object) -> None:
    event = logged(fact)  # type: ignore[arg-type]
    event = replace(event, event=event.event.model_copy(update={"subject": "clear-subject"}))
    said = every_byte(told(event, REGISTRATION))
    assert b"clear-id" not in said
    assert b"clear-subject" not in said


def test_the_content_is_the_events_own_type_and_schema() -> None:
    message = told(of(FILLED), REGISTRATION)
    assert message.value is not None
    declared = codec.type_of(message.value)
    assert declared is contract().types["victim-reported"]
    assert received(message).envelope.dataschema == f"urn:nl:mensenhandel:schema:{declared.schema_id}"


def test_left_out_is_in_the_schemas_order_and_nothing_when_all_travels() -> None:
    classes = tuple(dict.fromkeys(f.field_class for f in contract().types["victim-reported"].fields))
    assert left_out("victim-reported", classes) == ()
    assert left_out("seponeerd", ("neutral",)) == ("sepot_code", "case_number")
