"""monitoring: the Rapporteur's view to facts that tables are counted from. No partner event about a person comes here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ketenbus.errors import CorruptLogError
from ketenbus.events import (
    AnonymousContactCounted,
    RegistrationCorrected,
    RegistrationEnded,
    RegistrationRecorded,
    ReportWithheld,
    TablesDelivered,
)
from ketenbus.settings import PartnerSettings
from ketenbus.view import Received
from streams.monitoring import store
from streams.monitoring.store import Counted, Version
from streams.runtime.confirming import Confirming
from streams.runtime.records import Record, ToSend
from streams.runtime.settings import ProcessorSettings
from streams.runtime.transaction import Connection
from streams.runtime.zone import ZoneReader


class Monitoring:
    """Reads view.rapporteur.monitoring; writes its own tables, and to the bus only that a recall is done."""

    name = "monitoring"
    schema = store.SCHEMA
    sends = True
    topics = ("view.rapporteur.monitoring",)

    def __init__(self, settings: ProcessorSettings) -> None:
        self.reader = ZoneReader(settings)
        self.confirming = Confirming(PartnerSettings.load(Path(settings.held("partner"))), "rapporteur", "MONITORING")

    async def apply(self, connection: Connection, records: Sequence[Record]) -> list[ToSend]:
        """Take in what the view says."""
        versions: list[Version] = []
        counted: list[Counted] = []
        read = [self.reader.read(record) for record in records]
        for received in read:
            match received.event:
                case RegistrationRecorded() as event:
                    content = _content(received, event)
                    versions.append(
                        Version(received.id, received.change, True, received.subject, event.version, content)
                    )
                case RegistrationEnded() as event:
                    versions.append(Version(received.id, received.change, True, received.subject, event.version, None))
                case ReportWithheld() | TablesDelivered() | AnonymousContactCounted() as event:
                    content = event.model_dump_json()
                    counted.append(Counted(received.id, received.change, True, received.type, content))
                case RegistrationCorrected():
                    pass  # says why a version exists; the version itself carries the state
                case None if received.type in ("registration-recorded", "registration-ended"):
                    versions.append(Version(received.id, received.change, False, received.subject, 0, None))
                case None:
                    counted.append(Counted(received.id, received.change, False, received.type, None))
                case _:
                    raise CorruptLogError(f"view.rapporteur.monitoring: {received.type} has no place in monitoring")
        await store.put_versions(connection, versions)
        await store.put_counted(connection, counted)
        return self.confirming.confirm(records[-1], read)


def _content(received: Received, event: RegistrationRecorded) -> str:
    """Return the record as the tables count it: what the view holds in general only counts as unknown."""
    forms = event.forms if isinstance(event.forms, tuple) else ("ONBEKEND",)
    codes = {name: said if isinstance(said := getattr(event, name), tuple) else () for name in store.CODES}
    return json.dumps(
        {
            "reports": [(r.reporter_kind, r.police_unit, r.reported_in.isoformat()) for r in event.reports],
            "forms": forms,
            **codes,
            "sex": event.sex,
            "nationality": received.exact("nationality"),
            "age_group": event.age_group,
            "age_at_report": received.exact("age_at_report"),
            "unopened": sorted(received.unopened),
        }
    )
