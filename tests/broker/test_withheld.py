"""What did not arrive, counted on real servers: each report once, in the table it belongs to, and small numbers left out."""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date

import pytest
from rich.console import Console

from infra.local.platform import Platform
from sandbox.telling import Planned
from services.withheld import commands
from services.withheld.reading import Found, found
from streams.runtime import settings as runtime
from tests.broker.audited_people import WHEN, People
from tests.broker.stream_world import bus

PEOPLE = People()
CARE = "zorgcoordinatie-2"
ASKED = {"channel": "IN_PERSON", "language": "nl", "text_version": "1"}


def report(name: str, **changed: object) -> Planned:
    return PEOPLE.reported(name, CARE, "ZORGCOORDINATOR", **changed)


def counted(id: str, count: int, hour: int = 12, **changed: object) -> Planned:
    fields: dict[str, object] = {
        "occurred_at": WHEN, "occurred_precision": "INSTANT", "reporter_kind": "ZORGCOORDINATOR", "period": date(2020, 5, 1),
        "reason": "CONSENT_REFUSED", "count": count,
    }  # fmt: skip
    return Planned(CARE, "report-withheld", f"{id}-{PEOPLE.run}", WHEN.replace(hour=hour), fields | changed)


REFUSED = report("refused")
CORRECTED = Planned(CARE, "victim-reported", f"newer-{PEOPLE.run}", WHEN.replace(hour=13), {**REFUSED.fields, "corrects": REFUSED.id})  # fmt: skip
#: Two are kept back (of the refused one the correction), one waits for nobody: consent stands. A month is counted twice.
SAID = (
    REFUSED, CORRECTED, report("silent"), report("given"),
    PEOPLE.spoken("refused", "consent-refused", CARE, **ASKED), PEOPLE.granted("given", CARE),
    counted("month", 25), counted("month-again", 31, hour=13, corrects=f"month-{PEOPLE.run}"),
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """What was counted before these events and after them, and what the command then printed."""

    before: Found
    after: Found
    printed: str


@pytest.fixture(scope="module")
def seen(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    auditor = platform.processor_file("auditor")

    def now() -> Found:
        return asyncio.run(found(runtime.load(auditor), "comensha", "REGISTRATIE"))

    with bus(platform, tmp_path_factory.mktemp("withheld")) as running:
        before = now()
        running.say(*SAID)
        said = io.StringIO()
        with redirect_stdout(said):
            commands.show(auditor, "comensha", "REGISTRATIE", as_json=True, language="en", console=Console())
        yield Counted(before, now(), said.getvalue())


def test_each_report_kept_back_is_counted_once_under_its_reason(seen: Counted) -> None:
    new = Counter(seen.after.kept_back)
    new.subtract(seen.before.kept_back)
    assert +new == {("consent-refused", "ZORGCOORDINATOR"): 1, ("no-consent", "ZORGCOORDINATOR"): 1}


def test_what_reporters_counted_is_the_latest_version_and_adds_to_nothing_else(seen: Counted) -> None:
    new = Counter(seen.after.not_reported)
    new.subtract(seen.before.not_reported)
    assert +new == {("CONSENT_REFUSED", "ZORGCOORDINATOR"): 31}


def test_nothing_below_the_smallest_number_is_told(seen: Counted) -> None:
    told = json.loads(seen.printed)
    assert (told["smallest_count"], told["smallest_count_status"]) == (10, "open")
    for part in ("kept_back_by_the_bus", "not_reported_by_reporters"):
        numbers = [n for row in told[part]["counts"].values() for n in row.values()]
        assert not [n for n in numbers if n is not None and 0 < n < 10]
