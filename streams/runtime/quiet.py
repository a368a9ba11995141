"""The log of a worker while a server is away: every complaint of a client is told once, not each tenth of a second."""

from __future__ import annotations

import logging
import time

#: A complaint that has not been heard for so long is news again.
FORGOTTEN_SECONDS = 60.0
#: The clients that complain at every attempt (measured: 4,500 lines in a minute without Kafka).
CLIENTS = ("aiokafka", "faust", "mode")


class Once(logging.Filter):
    """Lets a client's complaint through when it is news, and drops it for as long as it is repeated."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write this."""
        if not record.name.startswith(CLIENTS):
            return True
        key, now = (record.name, str(record.msg)), time.monotonic()
        last = self._heard.get(key)
        self._heard[key] = now
        return last is None or now - last > FORGOTTEN_SECONDS


def once() -> None:
    """Filter what every handler of this process writes."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Once())
