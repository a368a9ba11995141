"""Who may repair a quarantined event, what the repair keeps, and what it is refused for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ketenbus import codec, envelope, preparing
from ketenbus.errors import ConfigurationError, Unreadable
from ketenbus.events import VictimReported
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Prepared, Refused
from ketenbus.settings import PartnerSettings
from ketenbus.values import Event
from services.quarantine import commands, repairing
from services.quarantine.chains import Chain, chains
from services.quarantine.parked import Original, Parked
from services.quarantine.repairing import claim, event_of, repairer
from tests.made_up import NOW, OIN, SIGNING_KEY, partner, report

ORIGIN = "victim-reported/0/3"


@pytest.fixture
def police(tmp_path: Path) -> PartnerSettings:
    return partner(tmp_path / "keyring")


@pytest.fixture
def keys(police: PartnerSettings) -> Iterator[PublisherKeys]:
    made = PublisherKeys(police.keyring, OIN)
    yield made
    made.close()


def chain(admitted: str | None = None, **changed: Any) -> Chain:
    """A quarantined event of the police, validly signed unless said otherwise."""
    one = Parked(
        ORIGIN, "quarantine/0/0", NOW, "unknown-code", "sex", "politie-limburg", OIN, True, "source", "event-1", "type", 8, 9
    )  # fmt: skip
    [found] = chains([(replace(one, **changed), b"")], {} if admitted is None else {(OIN, "event-1"): admitted})
    return found


def sent(police: PartnerSettings, keys: PublisherKeys, event: Event | None = None, **changed: Any) -> Original:
    """An event as its publisher sent it, with something of it changed on the way."""
    made = preparing.signed(Outgoing(event or report(), "event-1", NOW), police, keys, os.urandom)
    assert isinstance(made, Prepared)
    return replace(Original(made.topic, made.key, made.value, made.headers), **changed)


def event_in(made: Prepared) -> Event:
    event = codec.decode(made.value)
    assert not isinstance(event, Unreadable)
    return event


def headers_but(held: Original, **changed: bytes) -> Original:
    return replace(held, headers=tuple((dict(held.headers) | changed).items()))


def test_who_signed_it_repairs_it() -> None:
    assert repairer(chain(), None) == "politie-limburg"
    assert repairer(chain(), "politie-limburg") == "politie-limburg"


def test_who_only_its_source_names_has_to_say_that_it_is_its_own() -> None:
    unsigned = chain(reason="missing-signature", verified=False)
    assert repairer(unsigned, "politie-limburg") == "politie-limburg"
    with pytest.raises(ConfigurationError, match="repair it --as politie-limburg; else leave it"):
        repairer(unsigned, None)


@pytest.mark.parametrize(
    ("found", "named", "why"),
    [
        (chain(), "ind", "politie-limburg signed it, so ind may not repair it"),
        (chain(reason="bad-signature", verified=False), "ind", "by its own words, so ind may not"),
        (chain(reason="unknown-publisher", verified=False, publisher=None), "ind", f"no partner has OIN {OIN}"),
        (chain(reason="id-reused"), None, "names another event, which stands"),
        (chain("victim-reported/0/1"), None, "names another event, which stands"),
        (chain("victim-reported/0/9"), None, "admitted since: there is nothing to repair"),
        (chain(reason="bad-headers", verified=False, publisher=None, oin=None), None, "repair it --as PARTNER"),
    ],
)  # fmt: skip
def test_who_may_not_repair_it_is_told_why(found: Chain, named: str | None, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        repairer(found, named)


def test_a_repair_keeps_id_type_and_time(police: PartnerSettings, keys: PublisherKeys) -> None:
    kept = claim(sent(police, keys), NOW + timedelta(days=9))
    assert (kept.id, kept.type.name, kept.time) == ("event-1", "victim-reported", NOW)


@pytest.mark.parametrize("time", [b"yesterday", b"2999-01-01T00:00:00Z", b"", b"\xff", b"0001-01-01T00:00:00+10:00"])
def test_a_time_that_cannot_be_or_is_yet_to_come_becomes_now(
    police: PartnerSettings, keys: PublisherKeys, time: bytes
) -> None:
    assert claim(headers_but(sent(police, keys), ce_time=time), NOW).time == NOW


def test_a_type_nobody_knows_is_that_of_its_topic(police: PartnerSettings, keys: PublisherKeys) -> None:
    assert claim(headers_but(sent(police, keys), ce_type=b"x"), NOW).type.name == "victim-reported"
    with pytest.raises(ConfigurationError, match="the contract has no type elsewhere"):
        claim(headers_but(sent(police, keys, topic="elsewhere"), ce_type=b"x"), NOW)


@pytest.mark.parametrize("more", [(("ce_id", b"event-2"),), (("ce_id", None),)])
def test_without_one_id_there_is_none_to_keep(police: PartnerSettings, keys: PublisherKeys, more: Any) -> None:
    held = sent(police, keys)
    for headers in ((*held.headers, *more), (("ce_id", b"1\n2"),), (("ce_id", b"999990019"),), ()):
        with pytest.raises(ConfigurationError, match="no one id to keep: publish the event anew"):
            claim(replace(held, headers=headers), NOW)


def test_an_id_said_twice_alike_is_one_id(police: PartnerSettings, keys: PublisherKeys) -> None:
    held = sent(police, keys)
    assert claim(replace(held, headers=(*held.headers, ("ce_id", b"event-1"))), NOW).id == "event-1"


def test_what_follows_the_event_is_left_out(police: PartnerSettings, keys: PublisherKeys) -> None:
    held = sent(police, keys)
    whole = event_of(held, claim(held, NOW), (), None)
    again = replace(held, value=(held.value or b"") + b"\0more")
    assert event_of(again, claim(again, NOW), (), None) == whole


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no event that can be read"),
        (b"\0nonsense", "no event that can be read"),
        (
            codec.encode(VictimReported(**report().model_dump() | dict.fromkeys(("forms", "name", "birth_date"))))[:20],
            "--event",
        ),
    ],
)
def test_bytes_that_hold_no_event_ask_for_the_whole_one(
    police: PartnerSettings, keys: PublisherKeys, value: bytes | None, why: str
) -> None:
    held = sent(police, keys, value=value)
    with pytest.raises(ConfigurationError, match=why):
        event_of(held, claim(held, NOW), (), None)
    text = json.dumps({"occurred_precision": "UNKNOWN", "subject": "1"})
    with pytest.raises(ConfigurationError, match="no victim-reported: reporter_kind: Field required"):
        event_of(held, claim(held, NOW), (), text)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("sex=VROUW", "sex", "VROUW"),
        ("police_unit=", "police_unit", None),
        ("occurred_at=2026-05-04T10:00:00Z", "occurred_at", datetime(2026, 5, 4, 10, tzinfo=UTC)),
        ("age_at_report=17", "age_at_report", 17),
        ("bedenktijd_offered=true", "bedenktijd_offered", True),
        ("caused_by=a=b", "caused_by", "a=b"),
    ],
)
def test_a_clear_field_is_set_by_its_kind(change: str, field: str, value: object) -> None:
    assert getattr(repairing.changed(report(), [change]), field) == value


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("nope=1", "victim-reported has subject, occurred_at"),
        ("sex", "give field=value"),
        ("name=Ada Voorbeeld", "is sealed, and a command line is no place for it"),
        ("age_at_report=old", "--set age_at_report"),
        ("reported_on=", "--set reported_on"),
    ],
)
def test_what_cannot_be_set_is_refused_without_repeating_it(change: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as refused:
        repairing.changed(report(), [change])
    assert "Voorbeeld" not in str(refused.value)


def test_sealed_values_stay_as_they_were_sealed(police: PartnerSettings, keys: PublisherKeys) -> None:
    held = sent(police, keys, report(sex="X"))
    before = codec.decode(held.value or b"")
    made = commands.mended(held, police, ["sex=VROUW"])
    assert isinstance(made, Prepared)
    after: Any = event_in(made)
    assert (after.name, after.birth_date, after.forms) == (before.name, before.birth_date, before.forms)  # type: ignore[union-attr]
    assert (made.id, after.sex, made.topic) == ("event-1", "VROUW", "victim-reported")
    assert envelope.is_signed_by(made.headers, made.key, made.value, SIGNING_KEY.public_key())


def test_about_another_subject_it_is_sealed_with_that_ones_keys(police: PartnerSettings, keys: PublisherKeys) -> None:
    held = sent(police, keys)
    made = commands.mended(held, police, ["subject=client-2"])
    assert isinstance(made, Prepared)
    after: Any = event_in(made)
    assert made.key == b"client-2"
    assert after.name.key_id == keys.key("client-2", "identity")[0] != keys.key("client-1", "identity")[0]


def test_what_is_still_wrong_is_told_by_field_and_rule(police: PartnerSettings, keys: PublisherKeys) -> None:
    made = commands.mended(sent(police, keys, report(sex="X", age_group="Y")), police, ["sex=VROUW"])
    assert isinstance(made, Refused)
    assert [problem.field for problem in made.problems] == ["age_group"]


def test_a_code_inside_a_sealed_value_is_checked_again(police: PartnerSettings, keys: PublisherKeys) -> None:
    made = commands.mended(sent(police, keys, report(forms=("NO_SUCH",))), police)
    assert isinstance(made, Refused)
    assert [problem.field for problem in made.problems] == ["forms"]


def test_what_its_publisher_cannot_open_is_to_be_given_whole(police: PartnerSettings, keys: PublisherKeys) -> None:
    held = sent(police, keys)
    assert keys.destroy("client-1") == 2
    made = commands.mended(held, police)
    assert isinstance(made, Refused)
    assert {problem.field for problem in made.problems} == {
        "name", "birth_date", "forms", "su_sector", "labour_sector", "cu_sector", "dublin_indication"
    }  # fmt: skip
    assert all("(no-key)" in problem.rule and "--event FILE" in problem.rule for problem in made.problems)
    given = commands.mended(held, police, event_text=report().model_dump_json(exclude_none=True))
    assert isinstance(given, Prepared)


def test_a_whole_event_and_single_fields_are_not_given_together(police: PartnerSettings, keys: PublisherKeys) -> None:
    with pytest.raises(ConfigurationError, match="--event or --set, not both"):
        commands.mended(sent(police, keys), police, ["sex=VROUW"], "{}")
