"""An agency's first event: report a possible victim (made up) and wait until the bus has admitted it."""

import asyncio
from datetime import date

from ketenbus import PartnerSettings, Producer, Refused
from ketenbus.events import VictimReported


async def main() -> None:
    me, on = PartnerSettings.from_environment(), date(2026, 1, 1)  # the day in the Netherlands, whose year counts
    report = VictimReported(reporter_kind="POLITIE", police_unit=me.unit, occurred_precision="UNKNOWN",
        reported_on=on, subject="1", age_group="ADULT", sex="MAN", nationality="PL", forms=("AU",))  # fmt: skip
    async with Producer(me) as producer:
        sent = await producer.send(report)
        print(sent.problems if isinstance(sent, Refused) else (await producer.outcome(sent.id)).outcome, sent.id)


asyncio.run(main())
