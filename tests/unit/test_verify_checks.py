"""The recount notices what it is for: a signature, a receipt, a view or a figure that is not what it should be."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ketenbus import codec, envelope
from ketenbus.envelope import Envelope, Headers, source_of
from ketenbus.errors import ConfigurationError, CorruptLogError
from ketenbus.events import ConsentBegun, ConsentExpired, ConsentGiven
from ketenbus.sealing import hidden, seal
from services import verify
from services.verify import law, log, periods, receipts, views
from services.verify.agreement import Agreement, compare
from services.verify.checks import Check
from services.verify.judge import Outcome
from services.verify.kafka import Raw
from services.verify.log import Entry
from services.verify.recount import Recount
from tests.earlier import versions, written
from tests.made_up import DISCLOSE_KEY, NOW, OIN, SIGNING_KEY, report

PUBLIC = DISCLOSE_KEY.public_key()
CLASSES = ("neutral", "quasi")
SOURCE = source_of(OIN, "bvh")
EVENT = report(forms=None, name=None, birth_date=None)
BUS: Headers = (
    ("ketenbus-origin", b"victim-reported/0/7"),
    ("ketenbus-publisher-kind", b"politie"),
    ("ketenbus-admitted-at", b"2026-05-04T12:30:00.000000Z"),
)


def told(id_: str = "e1", type_: str = "victim-reported", **extensions: str) -> Envelope:
    schema = f"urn:nl:mensenhandel:schema:{EVENT.SCHEMA_ID}"
    return Envelope(id_, SOURCE, f"nl.mensenhandel.{type_}.v1", NOW, schema, extensions=tuple(extensions.items()))


def log_record(**changed: Any) -> Raw:
    value = codec.encode(EVENT)
    headers = envelope.sign(envelope.write(told()), EVENT.subject.encode(), value, SIGNING_KEY)
    return replace(Raw("ketenlog", 3, 9, b"aa", value, headers + BUS), **changed)


def outcome(**changed: Any) -> Outcome:
    entry = Entry("aa", OIN, "e1", SOURCE, NOW, "politie", "victim-reported/0/7", EVENT, None)
    held = Outcome(entry, ("comensha", "REGISTRATIE"), "delivered", "neutral+quasi", "a/1", ("legal-task",), CLASSES)
    return replace(held, **changed)


def test_a_record_of_the_log_is_read_and_its_signature_holds() -> None:
    read = log.read([log_record(), log_record(offset=10)], {OIN: SIGNING_KEY.public_key()})
    assert [entry.key for entry in read.entries] == [f"aa/{OIN}/e1"]
    assert read.origins == {"victim-reported/0/7"}
    assert read.signatures == Check("publishers' signatures in the log", 2)


def test_an_altered_record_or_an_unknown_publisher_is_noticed() -> None:
    altered = log_record(value=codec.encode(EVENT.model_copy(update={"nationality": "NL"})))
    assert log.read([altered], {OIN: SIGNING_KEY.public_key()}).signatures.places == ("ketenlog/3/9",)
    assert log.read([log_record()], {}).signatures.wrong == 1


def test_what_is_no_event_stops_the_recount() -> None:
    with pytest.raises(CorruptLogError, match="ketenlog/3/9"):
        log.read([log_record(value=b"\0")], {})


def batch(*outcomes: dict[str, Any], key: str = f"aa/{OIN}/e1", subject: str | None = "aa") -> list[Raw]:
    of = {"source": SOURCE, "id": "e1"} | ({} if subject is None else {"subject": subject})
    values = [json.dumps(of | {"outcomes": [told]}).encode() for told in outcomes]
    digest = hashlib.sha256(b"".join(hashlib.sha256(value).digest() for value in values)).digest()
    signature = base64.b64encode(DISCLOSE_KEY.sign(b"ketenbus-receipts/1" + digest))
    return [
        Raw("receipts", 0, n, key.encode(), value,
            (("ketenbus-batch", f"b/{n}/{len(values)}".encode()), ("ketenbus-batch-signature", signature)))
        for n, value in enumerate(values)
    ]  # fmt: skip


GIVEN = {
    "recipient": "comensha", "purpose": "REGISTRATIE", "outcome": "delivered", "mask": "neutral+quasi",
    "activity": "a/1", "reasons": ["legal-task"], "change": 1,
}  # fmt: skip


def test_a_batch_of_receipts_must_be_whole_and_signed() -> None:
    whole = batch(GIVEN, GIVEN)
    assert receipts.read(whole, PUBLIC).signatures.wrong == 0
    assert receipts.read(whole * 2, PUBLIC).signatures.wrong == 0
    assert receipts.read(whole[:1], PUBLIC).signatures.places == ("b",)
    assert receipts.read([whole[0], replace(whole[1], value=b"{}")], PUBLIC).signatures.wrong == 1
    assert receipts.read(whole, SIGNING_KEY.public_key()).signatures.wrong == 1


@pytest.mark.parametrize("key", [f"bb/{OIN}/e1", f"aa/{'7' * 20}/e1", f"aa/{OIN}/e2"])
def test_a_receipt_that_is_filed_under_another_subject_or_event_is_noticed(key: str) -> None:
    assert receipts.read(batch(GIVEN), PUBLIC).signatures.wrong == 0
    assert receipts.read(batch(GIVEN, key=key), PUBLIC).signatures.places == ("b",)


def test_a_receipt_from_before_receipts_named_their_subject_is_held_to_its_event() -> None:
    assert receipts.read(batch(GIVEN, subject=None), PUBLIC).signatures.wrong == 0
    assert receipts.read(batch(GIVEN, subject=None, key=f"aa/{OIN}/e2"), PUBLIC).signatures.wrong == 1


def test_the_latest_receipt_of_an_event_counts() -> None:
    withheld = {**GIVEN, "outcome": "withheld"}
    assert receipts.read(batch(GIVEN, withheld), PUBLIC).balance() == {"withheld": 1}


@pytest.mark.parametrize(
    ("said", "expected", "wrong"),
    [
        ([GIVEN], [outcome()], 0),
        ([GIVEN], [outcome(reasons=("consent",))], 1),
        ([GIVEN], [outcome(activity="a/2")], 1),
        ([{**GIVEN, "mask": "neutral"}], [outcome()], 1),
        ([GIVEN], [], 1),
        ([GIVEN], [outcome(), outcome(candidate=("om", "OPSPORING"))], 1),
    ],
)
def test_a_receipt_must_say_what_the_rules_say(said: list[Any], expected: list[Outcome], wrong: int) -> None:
    found = receipts.against(receipts.read(batch(*said), PUBLIC), {f"aa/{OIN}/e1": expected})
    assert found.wrong == wrong


def test_an_event_without_a_receipt_is_noticed() -> None:
    none = receipts.read([], PUBLIC)
    assert receipts.against(none, {f"aa/{OIN}/e1": []}).wrong == 1


#: What a mask leaves out that lets `special` through.
OF_SPECIAL = ("v_number", "bsn", "name", "birth_date", "phone", "narrative")


def message(
    kind: str,
    change: int,
    event: Any = EVENT,
    left_out: tuple[str, ...] | None = None,
    mask: str = "neutral+quasi",
    source: str = SOURCE,
) -> Raw:
    all_sealed = (
        "v_number", "bsn", "name", "birth_date", "phone", "forms", "su_sector", "labour_sector", "cu_sector",
        "dublin_indication", "narrative",
    )  # fmt: skip
    extensions = {
        "ketenbusactivity": "a/1", "ketenbuschange": str(change), "ketenbuskind": kind, "ketenbusmask": mask,
        "ketenbusleftout": "" if kind == "recall" else ",".join(all_sealed if left_out is None else left_out),
    }  # fmt: skip
    value = None if kind == "recall" else codec.encode(event.model_copy(update={"subject": "1.token"}))
    headers = envelope.sign(
        envelope.write(replace(told("1.event", **extensions), source=source)), b"1.token", value or b"", DISCLOSE_KEY
    )
    return Raw("view.comensha.registratie", 0, change, b"1.token", value, headers)


def stands(*messages: Raw, expected: tuple[Outcome, ...] = (outcome(),)) -> int:
    signed, held = views.read("view", messages, PUBLIC)
    assert signed.wrong == 0
    return views.against("view", held, expected).wrong


def test_a_view_holds_what_the_rules_deliver() -> None:
    assert stands(message("delivery", 1)) == 0
    assert stands(message("delivery", 1), message("delivery", 1)) == 0
    assert stands(message("delivery", 1), message("recall", 2), message("release", 3)) == 0
    assert stands(message("recall", 2), message("delivery", 1), expected=(outcome(outcome="withheld"),)) == 0


def of_first_version(left_out: tuple[str, ...]) -> Raw:
    """A delivery as disclose wrote it when the type had one version, of which these fields are left out."""
    first = versions("victim-reported")[0]
    value = written(EVENT.model_copy(update={"subject": "1.token"}), first)
    extensions = {
        "ketenbusactivity": "a/1", "ketenbuschange": "1", "ketenbuskind": "delivery", "ketenbusmask": "neutral+quasi",
        "ketenbusleftout": ",".join(left_out),
    }  # fmt: skip
    told_ = replace(told("1.event", **extensions), dataschema=f"urn:nl:mensenhandel:schema:{first.schema_id}")
    headers = envelope.sign(envelope.write(told_), b"1.token", value, DISCLOSE_KEY)
    return Raw("view.comensha.registratie", 0, 1, b"1.token", value, headers)


def test_a_message_of_an_earlier_version_need_not_name_what_came_later_and_must_name_the_rest() -> None:
    sealed = ("v_number", "bsn", "name", "birth_date", "phone", "forms", "su_sector", "labour_sector", "narrative")
    assert stands(of_first_version(sealed)) == 0
    assert stands(of_first_version(sealed[1:])) == 2  # one missing, and one too many
    assert stands(message("delivery", 1, left_out=sealed)) == 2


def test_a_delivery_too_many_too_few_or_not_recalled_is_noticed() -> None:
    assert stands() == 1
    assert stands(message("delivery", 1), message("recall", 2)) == 1
    assert stands(message("delivery", 1), expected=()) == 1


def test_a_field_that_differs_or_should_be_left_out_is_noticed() -> None:
    assert stands(message("delivery", 1, EVENT.model_copy(update={"nationality": "NL"}))) == 2
    assert stands(message("delivery", 1, left_out=("name",))) == 2


def test_a_sealed_value_may_hide_whose_key_it_is_under_and_nothing_else() -> None:
    sealed = seal(("AU",), "codes", bytes(32), f"{OIN}.special.{'0' * 24}", "victim-reported", "forms", bytes(12))
    shown = sealed.model_copy(update={"key_id": hidden(sealed.key_id)})
    hers = outcome(outcome="delivered", mask="neutral+quasi+special", classes=(*CLASSES, "special"))
    hers = replace(hers, entry=replace(hers.entry, event=EVENT.model_copy(update={"forms": sealed})))
    for held, wrong in [(sealed, 0), (shown, 0), (shown.model_copy(update={"nonce": b"1" * 12}), 2)]:
        event = EVENT.model_copy(update={"forms": held})
        assert stands(message("delivery", 1, event, OF_SPECIAL, "neutral+quasi+special"), expected=(hers,)) == wrong


def test_a_view_that_names_a_shelter_is_noticed() -> None:
    sheltered = outcome(entry=replace(outcome().entry, publisher_kind="opvang"))
    assert stands(message("delivery", 1), expected=(sheltered,)) == 2
    assert stands(message("delivery", 1, source=views.NOBODY), expected=(sheltered,)) == 0
    assert stands(message("delivery", 1, source=views.NOBODY)) == 2


def test_a_message_nobody_signed_is_noticed() -> None:
    forged = replace(message("delivery", 1), value=codec.encode(EVENT))
    assert views.read("view", [forged], PUBLIC)[0].places == ("view.comensha.registratie/0/1",)


RECOUNT = Recount(
    tables={("2.1", "all", "2016"): 3},
    outcomes={("comensha", "REGISTRATIE", "delivered", "consent"): 2},
    balance={
        "published": 5, "admitted": 3, "quarantined": 1, "repeated": 1, "difference": 0,
        "candidates": 4, "delivered": 2, "withheld": 1, "pending": 1,
    },
    standing="ab",
    checks=(Check("signatures", 9),),
)  # fmt: skip
ROW = {"recipient": "comensha", "purpose": "REGISTRATIE", "outcome": "delivered", "reason": "consent", "count": 2}
REPORT: dict[str, Any] = {
    "tables": {"2.1": {"all": {"2016": 3, "2017": 0}}},
    "outcomes": [ROW],
    "balance": RECOUNT.balance,
    "standing": "ab",
}


def test_everything_that_agrees_is_counted() -> None:
    agreed = compare(RECOUNT, REPORT)
    assert agreed == Agreement(15, 15, ())
    assert str(agreed) == "agree 15 of 15"


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"tables": {"2.1": {"all": {"2016": 4}}}}, "cell 2.1 all 2016: recounted 3, reported 4"),
        ({"tables": {}}, "cell 2.1 all 2016: recounted 3, reported 0"),
        ({"outcomes": []}, "outcome comensha REGISTRATIE delivered consent: recounted 2, reported 0"),
        ({"balance": {**RECOUNT.balance, "pending": 0}}, "balance pending: recounted 1, reported 0"),
        ({"standing": "cd"}, "standing: recounted ab, reported cd"),
    ],
)
def test_whatever_differs_is_named(changed: dict[str, Any], difference: str) -> None:
    found = compare(RECOUNT, {**REPORT, **changed})
    assert found.differences == (difference,)
    assert found.n == found.of - 1


def test_a_check_that_found_something_wrong_is_a_difference() -> None:
    found = compare(replace(RECOUNT, checks=(Check.of("signatures", 9, ["ketenlog/0/1"]),)), REPORT)
    assert found.differences == ("signatures: 9 looked at, 1 wrong: ketenlog/0/1",)


def test_receipts_that_do_not_add_up_to_the_candidates_are_a_difference() -> None:
    balance = {**RECOUNT.balance, "candidates": 5}
    found = compare(replace(RECOUNT, balance=balance), {**REPORT, "balance": balance})
    assert found.differences == ("candidates less delivered, withheld and pending: recounted 1, reported 0",)


def granted(id_: str = "g", **period: date) -> Entry:
    said = {"given_by": "PERSON", "age_group": "ADULT", "channel": "IN_PERSON", "language": "nl", "text_version": "1"}
    at = datetime(2020, 5, 4, 12, tzinfo=UTC)
    event = ConsentGiven(
        subject="s", occurred_at=at, occurred_precision="INSTANT", explicit=True, unbundled=True, **said, **period
    )
    return Entry("aa", OIN, id_, SOURCE, at, "zorgcoordinator", "consent-given/0/0", event, None)


def of_period(type_: type[ConsentBegun | ConsentExpired], at: datetime, grant: str = "g") -> Entry:
    event = type_(subject="s", occurred_at=at, occurred_precision="DAY", grant_id=grant, grant_source=SOURCE)
    return Entry("aa", "0" * 20, f"{type_.TYPE}.{grant}", SOURCE, at, "bus", "consent-given/0/0", event, None)


@pytest.mark.parametrize(
    ("name", "entries", "wrong"),
    [
        ("nothing is due", [granted(), granted("h", valid_until=date(2020, 5, 6))], ()),
        ("an end that has come is said", [granted(valid_until=date(2020, 5, 5)), of_period(ConsentExpired, datetime(2020, 5, 4, 22, tzinfo=UTC))], ()),
        ("an end that has come is not said", [granted(valid_until=date(2020, 5, 5))], ("consent-expired of g",)),
        ("a begin that has come is not said", [granted(valid_from=date(2020, 5, 5))], ("consent-begun of g",)),
        ("a grant within its period needs none", [granted(valid_from=date(2020, 5, 4))], ()),
        ("an end that no grant has", [granted(), of_period(ConsentExpired, datetime(2020, 5, 4, 22, tzinfo=UTC))], ("consent-expired of g",)),
        ("an end before its day", [granted(valid_until=date(2020, 5, 6)), of_period(ConsentExpired, datetime(2020, 5, 5, 22, tzinfo=UTC))], ("consent-expired of g",)),
        ("an end of another day", [granted(valid_until=date(2020, 5, 5)), of_period(ConsentExpired, datetime(2020, 5, 3, 22, tzinfo=UTC))], ("consent-expired of g",) * 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_timer_says_what_the_grants_say_when_the_day_has_come(
    name: str, entries: list[Entry], wrong: tuple[str, ...]
) -> None:
    heard = Raw("days", 0, 0, b"", b"", (), int(datetime(2020, 5, 4, 22, tzinfo=UTC).timestamp() * 1000))
    check = periods.against(entries, [heard])
    assert check.places == wrong
    assert check.wrong == len(wrong)


def test_a_register_that_keeps_what_an_expiry_ends_is_refused(tmp_path: Path) -> None:
    (tmp_path / "activities.yaml").write_text("- {id: one, version: 1, expiry_recalls: false}")
    with pytest.raises(ConfigurationError, match="one: expiry_recalls is false"):
        law.load(tmp_path)


def test_of_the_sdk_the_recount_takes_only_what_it_says_it_cannot_check() -> None:
    reading = {"codec", "contract", "envelope", "errors", "events", "keyring", "sealing", "values", "view"}
    taken = set()
    for file in Path(verify.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ketenbus":
                parts = (node.module or "").split(".")
                taken |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    assert taken <= reading
