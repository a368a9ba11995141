"""An event loop with a clock of its own and no sockets: what runs next follows from the order of calls alone."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class Loop(asyncio.AbstractEventLoop):
    """Runs callbacks in the order they were asked for, and timers when nothing else is left to do."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._asked = 0
        self.turns = 0

    def time(self) -> float:
        """Seconds since the world began."""
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._asked += 1
        heapq.heappush(self._timers, (max(when, self._now), self._asked, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **named: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, **named)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tasks tell the world how they end themselves; what is left are futures that nobody waits for any more."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Its turn comes and nothing happens."""

    def turn(self) -> bool:
        """Run one callback; False when nothing is left to do, ever."""
        while not self._ready:
            if not self._timers:
                return False
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            self._ready.append(timer)
        handle = self._ready.popleft()
        if not handle.cancelled():
            self.turns += 1
            handle._run()
        return True

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the running loop of this thread."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)
