"""The line-up of bad records: each is judged for its own fault, and there is one for every reason admit has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from infra.local.identities import PARTNERS
from ketenbus.preparing import CLOCK_LEEWAY
from ketenbus.settings import PartnerSettings
from services.cli.line_up import AHEAD_FOR, NEW_PARTNER, Fault, LineUp, Replay, faults
from services.quarantine.parked import Original
from streams.admit.judge import Admissible, Rejected, judge
from streams.admit.reasons import REASONS
from streams.runtime.records import Record
from streams.runtime.settings import Partner
from tests.made_up import NOW, SIGNING_KEY, partner

ROWS = {row["id"]: row for row in yaml.safe_load(PARTNERS.read_text("utf-8"))["partners"]}
PUBLIC = SIGNING_KEY.public_key()
ALL = {
    row["oin"]: Partner(row["id"], row["oin"], row["name"], row["kind"], row["unit"], False, PUBLIC)
    for row in ROWS.values()
}
KNOWN = {oin: one for oin, one in ALL.items() if one.id != NEW_PARTNER}
FAULTS = faults()


@pytest.fixture
def line_up(tmp_path: Path) -> Iterator[LineUp]:
    @cache
    def settings(name: str) -> PartnerSettings:
        row = ROWS[name]
        return partner(tmp_path / "keyring", id=name, oin=row["oin"], kind=row["kind"], unit=row["unit"])

    yield LineUp(settings, lambda: NOW)


def judged(
    record: Original, later: timedelta = timedelta(0), partners: dict[str, Partner] = KNOWN
) -> Admissible | Rejected:
    appended_ms = int((NOW + later).timestamp() * 1000)
    return judge(Record(record.topic, 0, 0, appended_ms, record.key, record.value, record.headers), partners, bytes(32))


def test_there_is_a_fault_for_every_reason_and_every_fault_has_a_name_of_its_own() -> None:
    assert {fault.reason for fault in FAULTS} == REASONS.keys()
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.reason != "id-reused"], ids=lambda fault: fault.name)
def test_each_is_bad_for_its_own_reason_and_its_neighbour_is_good(fault: Fault, line_up: LineUp) -> None:
    pair = line_up.pair(fault)
    verdict = judged(pair.bad)
    assert isinstance(verdict, Rejected)
    assert verdict.reason == fault.reason
    good = pair.good
    assert good.topic == pair.bad.topic
    assert isinstance(judged(Original(good.topic, good.key, good.value, good.headers)), Admissible)


@pytest.mark.parametrize("fault", [f for f in FAULTS if isinstance(f.mend, Replay)], ids=lambda fault: fault.name)
def test_what_is_to_be_replayed_becomes_good_by_itself(fault: Fault, line_up: LineUp) -> None:
    bad = line_up.pair(fault).bad
    assert isinstance(judged(bad, CLOCK_LEEWAY + AHEAD_FOR, ALL), Admissible)


def test_a_reused_id_is_one_that_was_admitted(line_up: LineUp) -> None:
    first = line_up.pair(FAULTS[0])
    reused = line_up.pair(next(f for f in FAULTS if f.reason == "id-reused"))
    assert reused.id == first.good.id
    assert isinstance(judged(reused.bad), Admissible)
