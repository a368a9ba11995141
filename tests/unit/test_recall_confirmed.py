"""Confirming a recall: once however often, only a recall, by the recipient whose view it is, of an event of that view."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.policy import Decision
from ketenbus import codec, envelope, view
from ketenbus.contract import contract
from ketenbus.errors import CorruptLogError
from ketenbus.events import RecallConfirmed
from ketenbus.preparing import Outgoing, authority_broken
from ketenbus.recalls import confirmation
from ketenbus.rules import broken
from ketenbus.values import Event
from ketenbus.view import Received
from streams.admit.judge import Admissible
from streams.disclose import confirmations
from streams.disclose.confirmations import Confirmation
from streams.disclose.tokens import EventName, Tokens
from streams.runtime import topics
from streams.runtime.records import Record
from tests.consent_facts import NOON, OIN, given, reported
from tests.log_events import SUBJECT, VIEW_KEY, logged, tokens, told
from tests.sent import DESK, judged, refused, sent

SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAME = EventName(SUBJECT, OIN, "report")


def received(kind: str = "recall", change: str = "2") -> Received:
    """What CoMensha reads when its delivery of a report is recalled."""
    message = told(
        logged(reported("report")), Decision("comensha", "REGISTRATIE", "withheld", ("neutral",), "a/1", ()), kind=kind
    )
    changed = tuple((n, change.encode() if n == "ce_ketenbuschange" else v) for n, v in message.headers)
    headers = envelope.sign(changed, message.key, message.value or b"", SIGNING)
    read = view.read(headers, message.key, message.value, SIGNING.public_key())
    assert isinstance(read, Received)
    return read


def said(outgoing: Outgoing) -> RecallConfirmed:
    """What a confirmation says."""
    assert isinstance(outgoing.event, RecallConfirmed)
    return outgoing.event


def test_a_confirmation_names_the_view_the_event_by_the_views_own_name_and_the_change() -> None:
    event = said(confirmation(received(), "comensha", "REGISTRATIE"))
    assert (event.recipient, event.purpose, event.change) == ("comensha", "REGISTRATIE", 2)
    assert event.recalled == tokens().event(NAME)


def test_confirming_twice_is_confirming_once() -> None:
    once, again = (confirmation(received(), "comensha", "REGISTRATIE") for _ in range(2))
    assert once == again


def test_another_change_event_or_view_is_another_confirmation_and_one_person_has_one_order() -> None:
    first, later = (confirmation(received(change=change), "comensha", "REGISTRATIE") for change in "24")
    elsewhere = confirmation(received(), "comensha", "PLAATSING")
    assert len({first.id, later.id, elsewhere.id}) == 3
    assert said(first).subject == said(later).subject != said(elsewhere).subject


@pytest.mark.parametrize("kind", ["delivery", "release", "replacement"])
def test_only_a_recall_is_confirmed(kind: str) -> None:
    with pytest.raises(ValueError, match=f"is a {kind}: only a recall is confirmed"):
        confirmation(received(kind), "comensha", "REGISTRATIE")


def test_a_confirmation_keeps_every_rule_of_the_contract() -> None:
    outgoing = confirmation(received(), "comensha", "REGISTRATIE")
    assert broken(outgoing.event, NOON.date()) == ()
    assert [*authority_broken(outgoing.event, "comensha", None)] == []


@pytest.mark.parametrize("name", ["", "1.short", "report-7", f"1.{'a' * 300}", f"1.{'een naam ' * 5}"])
def test_what_cannot_be_a_name_of_a_view_is_refused(name: str) -> None:
    event = said(confirmation(received(), "comensha", "REGISTRATIE")).model_copy(update={"recalled": name})
    assert [b.field for b in broken(event, NOON.date())] == ["recalled"]


def test_only_who_stands_behind_the_recipient_may_confirm() -> None:
    event = said(confirmation(received(), "comensha", "REGISTRATIE"))
    kinds = contract().types[RecallConfirmed.TYPE].publishers
    assert {k for k in kinds if not [*authority_broken(event, k, None)]} == {"comensha"}
    [told] = authority_broken(event, "opvang", None)
    assert str(told) == "recipient: is the code of the publisher's own kind, opvang"


def test_another_recipients_confirmation_is_quarantined_and_its_own_is_admitted() -> None:
    event = said(confirmation(received(), "comensha", "REGISTRATIE"))
    assert isinstance(judged(sent(event, DESK).record()), Admissible)
    verdict = refused(sent(event.model_copy(update={"recipient": "opvang"}), DESK).record())
    assert (verdict.reason, verdict.place) == ("not-authorised", "recipient")


def test_a_confirmation_reads_back_as_the_event_that_was_recalled() -> None:
    read = confirmed(said(confirmation(received(), "comensha", "REGISTRATIE")))
    at = datetime(2020, 5, 4, 13, tzinfo=UTC)
    assert read == Confirmation(DESK, "c", "comensha", "REGISTRATIE", 2, NAME, at)


@pytest.mark.parametrize(
    "changed", [{"purpose": "PLAATSING"}, {"recalled": f"1.{'a' * 100}"}, {"recalled": tokens().subject(SUBJECT)}]
)
def test_what_the_view_calls_no_event_confirms_nothing(changed: dict[str, str]) -> None:
    event = said(confirmation(received(), "comensha", "REGISTRATIE")).model_copy(update=changed)
    assert confirmed(event).recalled is None


def test_a_record_that_is_no_confirmation_stops_the_worker() -> None:
    with pytest.raises(CorruptLogError, match="ketenlog/0/0: not a confirmation"):
        confirmed(given().event)


def confirmed(event: Event) -> Confirmation:
    """What disclose reads in the log."""
    appended = int(NOON.timestamp() * 1000) + 3_600_000
    record = Record(topics.KETENLOG, 0, 0, appended, b"", codec.encode(event), ())
    return confirmations.confirmation(record, DESK, "c", lambda view: Tokens(VIEW_KEY, view))


def test_every_recipient_of_the_register_has_somebody_who_may_confirm() -> None:
    known = contract()
    kinds = {kind for code in known.codelists["recipient"].codes.values() for kind in code.more["publisher_kinds"]}
    assert kinds == set(known.types[RecallConfirmed.TYPE].publishers)
