"""An agency's first event: report a possible victim (made up) and wait until the bus has admitted it."""

import asyncio
from datetime import UTC, datetime

from ketenbus import PartnerSettings, Producer, Refused
from ketenbus.events import VictimReported


async def main() -> None:
    me, now = PartnerSettings.from_environment(), datetime.now(UTC)
    report = VictimReported(reporter_kind="POLITIE", police_unit=me.unit, occurred_at=now, occurred_precision="DAY",
        reported_on=now.date(), subject="1", age_group="ADULT", sex="MAN", nationality="PL", forms=("AU",))  # fmt: skip
    async with Producer(me) as producer:
        sent = await producer.send(report)
        print(sent.problems if isinstance(sent, Refused) else (await producer.outcome(sent.id)).outcome, sent.id)


asyncio.run(main())
