"""What day it is, told to the bus: a record on the topic `days` at each start, every hour, and as each Dutch day begins.

It says nothing but that it was appended: what day that was is for the broker's clock to say, the one clock of the log.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consent.days import day_of, start_of
from streams.runtime import topics

log = logging.getLogger(__name__)

#: So long at most, for a machine may sleep and clocks are set.
LONGEST = timedelta(hours=1)
RETRY = timedelta(seconds=1)


def pause(at: datetime) -> timedelta:
    """Return how long it takes, from a moment on, until the next record is due.

    >>> pause(datetime(2020, 5, 3, 21, 45, tzinfo=UTC))
    datetime.timedelta(seconds=900)
    """
    return min(LONGEST, start_of(day_of(at) + timedelta(days=1)) - at)


async def tell(producer: AIOKafkaProducer) -> None:
    """Tell for ever; while Kafka is away, try again."""
    while True:
        try:
            placed = await producer.send_and_wait(topics.DAYS, value=b"", key=b"")
            wait = pause(datetime.fromtimestamp(placed.timestamp / 1000, UTC))
        except KafkaError as error:
            log.warning("days: Kafka does not take what day it is (%s): trying again", type(error).__name__)
            wait = RETRY
        await asyncio.sleep(wait.total_seconds())
