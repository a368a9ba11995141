"""What a contestant puts out, as it comes: every record of its views, with when it was seen and where it stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from ketenbus.envelope import headers_of

POLL_SECONDS = 0.2

#: One candidate of one event: the view's topic on the bus, and the event's name in that view.
Seat = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """One record of a view: whose candidate, which change of it, what it says, when it was seen, and its offset.

    `fresh` is False for a change that was heard before.
    """

    seat: Seat
    change: int
    kind: str
    content: tuple[bytes | None, bytes | None]
    at: float
    offset: int
    fresh: bool


@dataclass(slots=True)
class Watcher:
    """Reads the views of one contestant while the block runs; `views` gives the bus's name of each of its topics."""

    access: Mapping[str, str | int | float | bool]
    views: Mapping[str, str]
    heard: list[Heard] = field(default_factory=list)
    first_at: dict[Seat, float] = field(default_factory=dict)
    _awaited: set[Seat] = field(default_factory=set)
    _seen: set[tuple[Seat, int]] = field(default_factory=set)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failed: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def expect(self, seats: Iterable[Seat]) -> None:
        """Begin to wait for the first record of each of these candidates; none of them may have been sent yet."""
        self._awaited = set(seats)

    def missing(self) -> int:
        """Return how many of the expected candidates were not heard of yet; raises RuntimeError if reading failed."""
        if self._failed is not None:
            raise RuntimeError("the views could not be read") from self._failed
        return len(self._awaited)

    def last_at(self) -> float:
        """Return when the last record was seen; 0 when none was."""
        return self.heard[-1].at if self.heard else 0.0

    def _run(self) -> None:
        consumer = Consumer({**self.access, "group.id": "bench-watcher", "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING) for name in self.views])
            while not self._ending.is_set():
                message = consumer.poll(POLL_SECONDS)
                if message is None:
                    continue
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                at = time.monotonic()
                told = dict(headers_of(message.headers()))  # type: ignore[arg-type]  # typed as if a header may be text
                seat = (self.views[message.topic() or ""], told["ce_id"].decode())
                change, kind = int(told["ce_ketenbuschange"]), told["ce_ketenbuskind"].decode()
                content = (message.key(), message.value())
                fresh = (seat, change) not in self._seen
                self._seen.add((seat, change))
                self.heard.append(Heard(seat, change, kind, content, at, message.offset() or 0, fresh))
                self.first_at.setdefault(seat, at)
                self._awaited.discard(seat)
        except BaseException as error:  # noqa: BLE001  # told to whoever asks
            self._failed = error
        finally:
            consumer.close()
