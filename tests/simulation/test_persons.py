"""Who is one person, against the plainest reading of a few reports, corrections, retractions, links and their ends."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from typing import Any

import pytest

from tests.simulation.ending import records
from tests.simulation.plan import Plan, Publishing
from tests.simulation.premises import OINS
from tests.simulation.story import Saying
from tests.simulation.world import World

WHO: Mapping[str, Mapping[str, Any]] = {
    "kmar": {"reporter_kind": "KMAR"},
    "politie-limburg": {"reporter_kind": "POLITIE", "police_unit": "LIMBURG"},
}
Client = tuple[str, str]
CLIENTS: tuple[Client, ...] = tuple((partner, number) for partner in WHO for number in "12")


class Desk:
    """Draws what is said; everything may come in any order, so every saying knows what it names."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"desk-{seed}")
        self.said: list[Saying] = []
        self._number = count()

    def tell(self) -> list[Saying]:
        """Return a history of at most a dozen sayings."""
        for _ in range(self.draw.randint(2, 5)):
            self._report()
        for _ in range(self.draw.randint(0, 2)):
            self._retract()
        links = [self._link() for _ in range(self.draw.randint(0, 3))]
        for _ in range(self.draw.randint(0, 3) if links else 0):
            self._unlink(self.draw.choice(links))
        return self.said

    def _say(self, partner: str, type: str, **fields: Any) -> Saying:
        held = {"occurred_precision": "UNKNOWN", **{k: v for k, v in fields.items() if v is not None}}
        id = f"{partner[:2]}{next(self._number)}"
        self.said.append(Saying(partner, type, id, self.draw.randrange(0, 200, 10), tuple(sorted(held.items()))))
        return self.said[-1]

    def _report(self) -> None:
        partner, number = self.draw.choice(CLIENTS)
        named = self.draw.choice(("Ada Voorbeeld", None, None))
        earlier = [s for s in self.said if (s.partner, dict(s.fields)["subject"]) == (partner, number)]
        self._say(
            partner,
            "victim-reported",
            subject=number,
            corrects=self.draw.choice(earlier).id if earlier and self.draw.random() < 0.4 else None,
            **WHO[partner],
            reported_on=date(self.draw.choice((2018, 2019)), self.draw.randint(1, 12), self.draw.randint(1, 28)),
            age_group="ADULT",
            sex=self.draw.choice(("MAN", "VROUW")),
            nationality="PL",
            forms=self.draw.choice((("AU",), ("BL_SU", "CU"), ("ONBEKEND",))),
            name=named,
            birth_date=date(1990, 1, 31) if named else None,
            v_number=self.draw.choice(("9999000001", None, None, None)),
        )

    def _retract(self) -> None:
        report = self.draw.choice([s for s in self.said if s.type == "victim-reported"])
        about = {"subject": dict(report.fields)["subject"], "withdraws": report.id, "reason": "ENTERED_IN_ERROR"}
        self._say(report.partner, "event-retracted", **about)

    def _link(self) -> Saying:
        pair = self.draw.choice((*CLIENTS, ("kmar", "silent"))), self.draw.choice(CLIENTS)
        return self._say("comensha", "identity-linked", **_pair(*pair))

    def _unlink(self, link: Saying) -> None:
        one, other = _joins(link)
        if self.draw.random() < 0.5:
            one, other = other, one
        if self.draw.random() < 0.5:
            one = self.draw.choice(CLIENTS)  # a slip
        self._say("comensha", "identity-unlinked", withdraws=link.id, **_pair(one, other))


def _pair(one: Client, other: Client) -> dict[str, str]:
    (partner, subject), (second, other_subject) = one, other
    numbers = {"subject": subject, "subject_oin": OINS[partner], "other_subject": other_subject}
    return numbers | {"other_oin": OINS[second], "ground": "DESK_REVIEW"}


def _joins(saying: Saying) -> tuple[Client, Client]:
    said, partners = dict(saying.fields), {oin: name for name, oin in OINS.items()}
    return (partners[said["subject_oin"]], said["subject"]), (partners[said["other_oin"]], said["other_subject"])


def standing_reports(said: Iterable[Saying]) -> list[Saying]:
    """The reports that nobody took back, of each chain of corrections the latest."""
    taken_back = {(s.partner, dict(s.fields)["withdraws"]) for s in said if s.type == "event-retracted"}
    reports = {(s.partner, s.id): s for s in said if s.type == "victim-reported"}

    def first(report: Saying) -> str:
        while (corrects := dict(report.fields).get("corrects")) is not None:
            report = reports[report.partner, corrects]
        return report.id

    latest: dict[tuple[str, str], Saying] = {}
    for report in sorted(reports.values(), key=lambda s: (s.minutes, s.id)):
        if (report.partner, report.id) not in taken_back:
            latest[report.partner, first(report)] = report
    return list(latest.values())


def plainly(said: Iterable[Saying]) -> list[list[tuple[str, str]]]:
    """The kind and month of each person's reports, person by person: every pair that is joined, spread until nothing changes."""
    said = list(said)
    ends = [s for s in said if s.type == "identity-unlinked"]
    pairs: list[set[object]] = []
    for link in (s for s in said if s.type == "identity-linked"):
        ended = {client for end in ends if dict(end.fields)["withdraws"] == link.id for client in _joins(end)}
        if not set(_joins(link)) <= ended:
            pairs.append(set(_joins(link)))
    reports = standing_reports(said)
    for report in reports:
        f = dict(report.fields)
        client = (report.partner, f["subject"])
        pairs += [{client, ("named", f["name"], f["birth_date"])}] if "name" in f else []
        pairs += [{client, ("v-number", f["v_number"])}] if "v_number" in f else []
    groups: list[set[object]] = [{(r.partner, dict(r.fields)["subject"])} for r in reports]
    for group in groups:
        while more := [pair for pair in pairs if pair & group and not pair <= group]:
            group.update(*more)
    alike = {frozenset(group) for group in groups}
    return sorted(
        sorted(
            (str(dict(r.fields)["reporter_kind"]), dict(r.fields)["reported_on"].replace(day=1).isoformat())
            for r in reports
            if (r.partner, dict(r.fields)["subject"]) in group
        )
        for group in alike
    )


def counted(said: Iterable[Saying], seed: int) -> list[list[tuple[str, str]]]:
    """The same of the records in force, and of the recount, which a world at rest compares with them."""
    draw = random.Random(f"order-{seed}")
    told = list(said)
    told += [again for again in told if draw.random() < 0.2]
    draw.shuffle(told)
    moments = sorted(draw.random() * 3 for _ in told)
    publishings = tuple(Publishing(at, saying) for at, saying in zip(moments, told, strict=True))
    world = World(Plan(seed, publishings, (), most=draw.choice((1, 3, 50)))).run()
    held = [json.loads(line)[1] for line in records(world)]
    return sorted(sorted((kind, month) for kind, _, month in reports) for reports in held)


@pytest.mark.parametrize("seed", range(30, 65))
def test_the_records_are_those_of_the_plainest_reading_in_whatever_order_it_is_told(seed: int) -> None:
    said = Desk(seed).tell()
    right = plainly(said)
    assert [counted(said, order) for order in (seed, seed + 1000)] == [right, right]


@pytest.mark.long
def test_the_records_of_two_thousand_histories_are_those_of_the_plainest_reading() -> None:
    wrong = [seed for seed in range(100, 2100) if counted(said := Desk(seed).tell(), seed) != plainly(said)]
    assert wrong == []
