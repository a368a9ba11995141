"""registration: CoMensha's view to unique persons; every record that changes goes back to the bus, stripped of identity.

A recall is confirmed in the transaction that stops using the report.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import yaml

from ketenbus.contract import contract
from ketenbus.errors import CorruptLogError
from ketenbus.events import (
    IdentityLinked,
    IdentityUnlinked,
    RegisteredReport,
    RegistrationEnded,
    RegistrationRecorded,
    VictimReported,
)
from ketenbus.identity import broken, same_name, same_number
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Outgoing, Refused, prepare_many
from ketenbus.settings import PartnerSettings
from ketenbus.view import Received
from streams.registration import store
from streams.registration.fold import JoinRules, Link, Person, Report, persons
from streams.registration.store import RecordRow
from streams.runtime import metrics
from streams.runtime.confirming import Confirming
from streams.runtime.records import Record, ToSend
from streams.runtime.settings import ProcessorSettings
from streams.runtime.transaction import Connection
from streams.runtime.zone import ZoneReader

log = logging.getLogger(__name__)


class Registration:
    """Reads view.comensha.registratie; writes its own tables, registration-recorded and -ended, and recall-confirmed."""

    name = "registration"
    schema = store.SCHEMA
    sends = True
    topics = ("view.comensha.registratie",)

    def __init__(self, settings: ProcessorSettings) -> None:
        self.reader = ZoneReader(settings)
        self.partner = PartnerSettings.load(Path(settings.held("partner")))
        self.sealing = PublisherKeys(self.partner.keyring, self.partner.oin)
        self.confirming = Confirming(self.partner, "comensha", "REGISTRATIE")
        raw = yaml.safe_load(settings.law_file("persons.yaml").read_text("utf-8"))
        self.rules = JoinRules(frozenset(raw["join_by"]), raw["desk_links"])

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Take in what the view says, find whose record changed, and return those records for the bus."""
        received = [self.reader.read(record) for record in records]
        fresh = await store.news(connection, [(r.id, r.change) for r in received])
        zone_key = await store.zone_key(connection)
        news = {r.id: r for r in received if (r.id, r.change) in fresh}
        touched = await _take_in(connection, tuple(news.values()), zone_key)
        confirmed = self.confirming.confirm(records[-1], news.values())
        if not touched:
            return confirmed
        changed = await self.fold_again(connection, touched, at=max(r.envelope.time for r in received))
        return [*self.publish(records[-1], changed), *confirmed]

    async def fold_again(
        self, connection: Connection, touched: Iterable[str], at: datetime
    ) -> list[tuple[RecordRow, Person | None]]:
        """Fold whoever these subjects may be one person with, and store and return the records that changed, as of `at`."""
        subjects = await store.neighbourhood(connection, touched)
        found = persons(
            await store.reports_of(connection, subjects), await store.links_of(connection, subjects), self.rules
        )
        before = await store.records_of(connection, subjects, [p.number for p in found])
        changed = changes(found, before, at)
        held = [(subject, p.number) for p in found for subject in p.subjects]
        await store.put_records(connection, subjects, held, [row for row, _ in changed])
        return changed

    def publish(self, record: Record, changed: Sequence[tuple[RecordRow, Person | None]]) -> list[ToSend]:
        """Return versions of records as events for the bus, which follow from `record`.

        Whoever reports a person without end stops nothing: what a record has no room for is logged and counted.
        """
        cut = [(row.number, person.left_out) for row, person in changed if person is not None and person.left_out]
        for number, left_out in cut:
            log.warning("record %s: %d reports more than a record holds; it leaves them out", number, left_out)
        metrics.cut(self.name, len(cut))
        outgoing = [
            Outgoing(_event(row, person), id=version_id(row.number, row.version), time=row.at)
            for row, person in changed
        ]
        out = []
        for prepared in prepare_many(outgoing, self.partner, self.sealing):
            if isinstance(prepared, Refused):
                raise CorruptLogError(
                    f"record {prepared.id}: breaks the contract: {', '.join(map(str, prepared.problems))}"
                )
            out.append(ToSend(record, prepared.topic, prepared.key, prepared.value, prepared.headers))
        return out


def version_id(number: str, version: int) -> str:
    """Return the id of the event that publishes one version of a record."""
    return str(uuid5(NAMESPACE_URL, f"record/{number}/{version}"))


async def _take_in(connection: Connection, news: Sequence[Received], zone_key: bytes) -> set[str]:
    """Store what the view says, one message an event, and return the subjects whose record it may change."""
    reports: list[tuple[Report, int]] = []
    links: list[Link] = []
    unlinks: list[tuple[str, str]] = []
    recalled: list[str] = []
    touched: set[str] = set()
    for received in news:
        match received.event:
            case None:
                recalled.append(received.id)
            case VictimReported() as event:
                reports.append(_report(received, event, zone_key))
                touched.add(received.subject)
            case IdentityLinked() as event:
                links.append(Link(received.id, event.subject, event.other_subject))
                touched |= {event.subject, event.other_subject}
            case IdentityUnlinked() as event:
                unlinks.append((received.id, event.withdraws))
                touched |= {event.subject, event.other_subject}
            case _:
                raise CorruptLogError(f"view.comensha.registratie: {received.type} has no place in the registration")
    await store.put_reports(connection, reports)
    await store.put_links(connection, links)
    await store.put_unlinks(connection, unlinks)
    return touched.union(await store.recall(connection, recalled))


def _report(received: Received, event: VictimReported, zone_key: bytes) -> tuple[Report, int]:
    """Return the report, and how many of its codes are on no list and of its names and numbers are nobody's.

    Those are kept out of the count, join nobody, and are counted here. What the view holds in general only counts as
    unknown: a table reads every value as exact.
    """
    codes = {name: _mapped(event, name) for name in store.CODES}
    said = sum(len(value) for name in codes if isinstance(value := getattr(event, name), tuple))
    keys, of_nobody = _identity(event)
    identity = {kind: hmac.digest(zone_key, f"{kind}\0{text}".encode(), "sha256").hex() for kind, text in keys.items()}
    report = Report(
        event=received.id,
        subject=received.subject,
        reporter_kind=event.reporter_kind,
        police_unit=event.police_unit,
        reported_on=event.reported_on,
        age_group=event.age_group,
        sex=event.sex,
        nationality=received.exact("nationality"),
        age_at_report=received.exact("age_at_report"),
        identity=identity,
        **codes,
    )
    return report, said - sum(map(len, codes.values())) + of_nobody


def _mapped(event: VictimReported, name: str) -> tuple[str, ...]:
    value = getattr(event, name)
    field = next(f for f in contract().types[event.TYPE].fields if f.name == name)
    codes = contract().codelists[field.codelist or ""].codes
    return tuple(code for code in value if code in codes) if isinstance(value, tuple) else ()


def _identity(event: VictimReported) -> tuple[dict[str, str], int]:
    """Return what only one person has, and how many fields hold what many may have: a publisher may pass by the SDK's rules."""
    said = {field: text for field in ("v_number", "bsn", "name") if isinstance(text := getattr(event, field), str)}
    sound = {field: text for field, text in said.items() if not any(broken(field, text))}
    keys: dict[str, str] = {kind: same_number(sound[kind]) for kind in ("v_number", "bsn") if kind in sound}
    if "name" in sound and isinstance(event.birth_date, date):
        keys["name_and_birth_date"] = f"{same_name(sound['name'])}\0{event.birth_date.isoformat()}"
    return keys, len(said) - len(sound)


def changes(
    found: Sequence[Person], before: dict[str, RecordRow], at: datetime
) -> list[tuple[RecordRow, Person | None]]:
    """Return each record that is no longer what it was, under its next version; one of nobody has ended."""
    changed: list[tuple[RecordRow, Person | None]] = []
    for person in found:
        old = before.get(person.number)
        state = store.state_text(person.state)
        if old is None or old.ended or old.state != state:
            changed.append((RecordRow(person.number, old.version + 1 if old else 1, False, state, at), person))
    standing = {person.number for person in found}
    for number, old in sorted(before.items()):
        if number not in standing and not old.ended:
            changed.append((RecordRow(number, old.version + 1, True, store.UNKNOWN_STATE, at), None))
    return changed


def _event(row: RecordRow, person: Person | None) -> RegistrationRecorded | RegistrationEnded:
    if person is None:
        return RegistrationEnded(
            subject=row.number,
            occurred_at=row.at,
            occurred_precision="INSTANT",
            version=row.version,
            reason="NO_REPORT_STANDS",
        )
    state = person.state
    return RegistrationRecorded(
        subject=row.number,
        occurred_at=row.at,
        occurred_precision="INSTANT",
        version=row.version,
        reports=tuple(
            RegisteredReport(reporter_kind=kind, police_unit=unit, reported_in=month)
            for kind, unit, month in state.reports
        ),
        age_group=state.age_group,
        sex=state.sex,
        nationality=state.nationality,
        age_at_report=state.age_at_report,
        forms=state.forms,
        su_sector=state.su_sector or None,
        labour_sector=state.labour_sector or None,
        cu_sector=state.cu_sector or None,
        dublin_indication=state.dublin_indication or None,
    )
