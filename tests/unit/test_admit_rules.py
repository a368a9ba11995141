"""What a known publisher may not put in the log, each under its own named reason; and what is held up by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ketenbus import rules
from ketenbus.codec import FRAME, encode
from ketenbus.contract import contract
from ketenbus.events import EventRetracted, InspectionPerformed, SignalRaised, VictimReported
from ketenbus.values import Sealed
from streams.admit.judge import CLOCK_SKEW, Admissible, Holds, Rejected, subject_of
from streams.runtime.records import Record
from tests.contract.examples import example
from tests.made_up import NOW
from tests.sent import (
    CARE,
    PARTNERS,
    POLICE,
    SUBJECT_KEY,
    Sent,
    consented,
    counted,
    judged,
    linked,
    offered,
    refused,
    sent,
)

GOOD = sent(offered())
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def admitted(made: Sent) -> Admissible:
    verdict = judged(made.record())
    assert isinstance(verdict, Admissible)
    return verdict


def test_unknown_type() -> None:
    verdict = refused(GOOD.header("ce_type", b"nl.mensenhandel.unheard-of.v1").record())
    assert (verdict.reason, verdict.place) == ("unknown-type", "ce_type")
    assert verdict.publisher is PARTNERS[POLICE]


def test_unknown_type_is_also_a_version_there_is_not() -> None:
    assert refused(GOOD.header("ce_type", b"nl.mensenhandel.bedenktijd-offered.v2").record()).reason == "unknown-type"


@pytest.mark.parametrize("topic", ["victim-reported", "ketenlog"])
def test_wrong_topic(topic: str) -> None:
    assert refused(GOOD.but(topic=topic).record()).reason == "wrong-topic"


def test_wrong_topic_keeps_a_partner_from_speaking_for_the_bus() -> None:
    spoiled = GOOD.header("ce_type", b"nl.mensenhandel.fact-quarantined.v1")
    assert refused(spoiled.record()).reason == "wrong-topic"


VALUE = GOOD.made.value


@pytest.mark.parametrize("value", [b"", b"\0", FRAME.pack(0, 4_000_000) + VALUE[5:], b"\1" + VALUE[1:]])
def test_unknown_schema(value: bytes) -> None:
    assert refused(GOOD.but(value=value).record()).reason == "unknown-schema"


@pytest.mark.parametrize("value", [VALUE[:5], VALUE[:-3], VALUE[:5] + b"\xff" * 4])
def test_undecodable(value: bytes) -> None:
    assert refused(GOOD.but(value=value).record()).reason == "undecodable"


def test_trailing_bytes() -> None:
    verdict = refused(GOOD.but(value=VALUE + b"\0").record())
    assert (verdict.reason, verdict.place) == ("trailing-bytes", f"byte {len(VALUE)}")


def test_wrong_schema() -> None:
    other = encode(sent_event := counted())
    assert refused(GOOD.but(value=other).record()).reason == "wrong-schema"
    assert GOOD.made.topic != sent_event.TYPE


@pytest.mark.parametrize("key", [b"client-2", b"", b"client-1 ", b"\xff"])
def test_wrong_key(key: bytes) -> None:
    assert refused(GOOD.but(key=key).record()).reason == "wrong-key"


def test_wrong_key_where_the_publisher_should_be_the_key() -> None:
    assert refused(sent(counted(), CARE).but(key=POLICE.encode()).record()).reason == "wrong-key"


def test_not_authorised_for_the_type() -> None:
    verdict = refused(sent(linked(), POLICE).record())
    assert (verdict.reason, verdict.place, verdict.holds) == ("not-authorised", "type", None)


def test_not_authorised_for_the_kind_of_reporter() -> None:
    verdict = refused(sent(offered(reporter_kind="KMAR")).record())
    assert (verdict.reason, verdict.place) == ("not-authorised", "reporter_kind")


@pytest.mark.parametrize("unit", ["AMSTERDAM", None])
def test_not_authorised_for_another_police_unit_or_for_none(unit: str | None) -> None:
    verdict = refused(sent(offered(police_unit=unit)).record())
    assert (verdict.reason, verdict.place) == ("not-authorised", "police_unit")


def test_not_authorised_for_a_unit_where_one_has_none() -> None:
    event = offered(reporter_kind="KMAR")
    kmar = {POLICE: replace(PARTNERS[POLICE], kind="kmar", unit=None)}
    assert refused(sent(event).record(), kmar).place == "police_unit"


def test_future_time() -> None:
    late = NOW + CLOCK_SKEW + timedelta(milliseconds=1)
    verdict = refused(sent(offered(), time=late).record())
    assert (verdict.reason, verdict.place) == ("future-time", "ce_time")
    assert isinstance(judged(sent(offered(), time=NOW + CLOCK_SKEW).record()), Admissible)


def test_future_time_also_for_who_may_backfill() -> None:
    backfill = {POLICE: replace(PARTNERS[POLICE], backfill=True)}
    assert refused(sent(offered(), time=NOW + timedelta(days=1)).record(), backfill).reason == "future-time"


def test_a_time_before_anything_was_recorded() -> None:
    backfill = {POLICE: replace(PARTNERS[POLICE], backfill=True)}
    verdict = refused(sent(offered(), time=datetime(1, 1, 1, tzinfo=UTC)).record(), backfill)
    assert (verdict.reason, verdict.place) == ("broken-rule", "ce_time")


def test_future_occurred_at() -> None:
    late = NOW + CLOCK_SKEW + timedelta(microseconds=1)
    verdict = refused(sent(offered(occurred_at=late)).record())
    assert (verdict.reason, verdict.place) == ("future-occurred-at", "occurred_at")
    assert isinstance(judged(sent(offered(occurred_at=NOW + CLOCK_SKEW)).record()), Admissible)


@pytest.mark.parametrize(
    ("changed", "field"), [({"channel": "VIA_VIA"}, "channel"), ({"age_group": "BEJAARD"}, "age_group")]
)
def test_unknown_code(changed: dict[str, str], field: str) -> None:
    verdict = refused(sent(consented(**changed), CARE).record())
    assert (verdict.reason, verdict.place) == ("unknown-code", field)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"occurred_at": None}, "occurred_at"),
        ({"occurred_precision": "UNKNOWN"}, "occurred_at"),
        ({"giver": "a person's name"}, "giver"),
        ({"subject": "x" * 65}, "subject"),
        ({"subject": "client\0", "valid_until": date(2999, 1, 1)}, "subject"),  # PostgreSQL stores no such text
        ({"subject": "client\u202e1"}, "subject"),
    ],
)
def test_broken_rule(changed: dict[str, object], field: str) -> None:
    verdict = refused(sent(consented(**changed), CARE).record())
    assert (verdict.reason, verdict.place) == ("broken-rule", field)


def test_broken_rule_where_a_required_field_is_empty() -> None:
    event = VictimReported(
        subject="client-1",
        occurred_precision="UNKNOWN",
        reporter_kind="POLITIE",
        police_unit="LIMBURG",
        reported_on=NOW.date(),
        age_group="ADULT",
    )
    assert refused(sent(event).record()).reason == "broken-rule"


def test_broken_rule_where_a_number_is_out_of_bounds() -> None:
    verdict = refused(sent(counted().model_copy(update={"count": -1}), CARE).record())
    assert (verdict.reason, verdict.place) == ("broken-rule", "count")


def signal() -> SignalRaised:
    return SignalRaised(
        subject="client-1",
        occurred_precision="UNKNOWN",
        reporter_kind="POLITIE",
        police_unit="LIMBURG",
        criterion=next(iter(contract().codelists["criterion"].codes)),
        detected_on=NOW.date(),
    )


@pytest.mark.parametrize(
    ("key_id", "reason"),
    [
        (f"{POLICE}.special.{'0' * 24}", None),
        (f"{CARE}.special.{'0' * 24}", "foreign-key"),
        (f"{POLICE}.identity.{'0' * 24}", "foreign-key"),
        (f"special.{'0' * 24}", "foreign-key"),  # as a view names the key of another that it hides
        ("nonsense", "foreign-key"),
    ],
)
def test_foreign_key(key_id: str, reason: str | None) -> None:
    event = signal()
    sealed = event.model_copy(update={"forms": Sealed(key_id=key_id, nonce=bytes(12), ciphertext=bytes(80))})
    verdict = judged(sent(event).but(value=encode(sealed)).record())
    if reason is None:
        assert isinstance(verdict, Admissible)
    else:
        assert isinstance(verdict, Rejected)
        assert (verdict.reason, verdict.place) == (reason, "forms")


@pytest.mark.parametrize(
    "sealed",
    [
        Sealed(key_id=f"{POLICE}.special.Ada Voorbeeld", nonce=bytes(12), ciphertext=bytes(80)),
        Sealed(key_id=f"{POLICE}.special.{'0' * 24}", nonce=bytes(12), ciphertext=b"Ada Voorbeeld"),
        Sealed(key_id=f"{POLICE}.special.{'0' * 24}", nonce=bytes(12), ciphertext=bytes(16)),
    ],
    ids=["words for a key", "words for a ciphertext", "nothing"],
)
def test_what_is_called_sealed_and_says_something_in_clear(sealed: Sealed) -> None:
    event = signal()
    verdict = refused(sent(event).but(value=encode(event.model_copy(update={"forms": sealed}))).record())
    assert (verdict.reason, verdict.place) == ("broken-rule", "forms")


@pytest.mark.parametrize(
    ("age", "group", "refused"),
    [(17, "MINOR", False), (18, "ADULT", False), (17, "ADULT", True), (0, "UNKNOWN", True), (18, "UNKNOWN", False)],
)
def test_a_child_is_called_a_minor(age: int, group: str, refused: bool) -> None:
    event = example("victim-reported", filled=True).model_copy(update={"age_at_report": age, "age_group": group})
    assert [broken.field for broken in rules.broken(event, NOW.date())] == ["age_group"] * refused


@pytest.mark.parametrize(("days", "refused"), [(-400, False), (0, False), (1, False), (2, True), (36_500, True)])
def test_a_report_is_of_no_day_to_come_in_any_time_zone(days: int, refused: bool) -> None:
    event = example("victim-reported", filled=True)
    said = event.model_copy(update={"reported_on": NOW.date() + timedelta(days=days)})
    assert [broken.field for broken in rules.broken(said, NOW.date())] == ["reported_on"] * refused


@pytest.mark.parametrize("undone", [None, "link-1"])
def test_a_link_or_its_end_is_never_corrected(undone: str | None) -> None:
    event = linked(undone=undone)
    said = [rules.broken(event.model_copy(update={"corrects": corrects}), NOW.date()) for corrects in (None, "link-0")]
    assert [[broken.field for broken in each] for each in said] == [[], ["corrects"]]


GRANT = sent(consented(), CARE)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (sent(consented(channel="VIA_VIA"), CARE).record(), "unknown-code"),
        (sent(consented(giver="two words"), CARE).record(), "broken-rule"),
        (sent(consented(occurred_at=NOW + timedelta(days=1)), CARE).record(), "future-occurred-at"),
        (sent(consented(), CARE, time=NOW + timedelta(days=1)).record(), "future-time"),
        (GRANT.but(value=GRANT.made.value[:-2]).record(), "undecodable"),
        (GRANT.but(value=GRANT.made.value + b"\0").record(), "trailing-bytes"),
        (GRANT.but(value=b"").record(), "unknown-schema"),
        (GRANT.but(value=VALUE).record(), "wrong-schema"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_consent_that_was_validly_signed_and_authorised_holds_up_what_rests_on_it(
    record: Record, reason: str
) -> None:
    verdict = refused(record)
    assert (verdict.reason, verdict.publisher) == (reason, PARTNERS[CARE])
    assert verdict.holds == Holds("consent-given", "client-1")


@pytest.mark.parametrize(
    "record",
    [
        sent(consented(channel="VIA_VIA"), CARE).by(STRANGER).record(),
        sent(consented(channel="VIA_VIA"), POLICE).record(),
        sent(consented(channel="VIA_VIA"), CARE).but(key=b"client-2").record(),
        sent(offered(occurred_precision="SOMETIME")).record(),
        GRANT.but(value=b"", key=b"\xff").record(),
        GRANT.but(value=b"", key=b"").record(),
        GRANT.but(value=b"", key=b"x" * 65).record(),
        GRANT.but(topic="consent-refused").record(),
    ],
)
def test_what_was_not_or_is_no_consent_or_names_nobody_holds_up_nothing(record: Record) -> None:
    assert refused(record).holds is None


def test_the_outermost_reason_is_the_one_that_is_named() -> None:
    everything = sent(consented(channel="VIA_VIA", occurred_at=NOW + timedelta(days=9)), POLICE).but(key=b"x")
    assert refused(everything.header("ce_type", b"t").by(STRANGER).record()).reason == "bad-signature"
    assert refused(everything.header("ce_type", b"t").record()).reason == "unknown-type"
    assert refused(everything.record()).reason == "wrong-key"
    assert refused(everything.but(key=b"client-1").record()).reason == "not-authorised"


def test_a_retraction_and_a_count_of_controls_are_admissible_for_their_publishers() -> None:
    retraction = EventRetracted(
        subject="client-1", occurred_at=NOW, occurred_precision="INSTANT", withdraws="event-1", reason="WRONG_PERSON"
    )
    control = InspectionPerformed(
        occurred_precision="UNKNOWN",
        performed_on=NOW.date(),
        outcome=next(iter(contract().codelists["inspection-outcome"].codes)),
    )
    assert admitted(sent(retraction, CARE)).event == retraction
    assert admitted(sent(control, POLICE)).subjects == (subject_of(SUBJECT_KEY, POLICE, ""),)
