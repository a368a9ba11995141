"""Free ports on loopback, the same ones again while nobody else took them."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Collection

from ketenbus.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
# Below the range from which systems give ports to outgoing connections (Linux: 32768 and up, macOS: 49152 and up):
# a port from that range would often be taken by the time of the next start.
CANDIDATES = range(15000, 32000)
#: A killed server has ended as a process a moment before the system has closed its sockets.
CLOSING_SECONDS = 2.0


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of loopback now."""
    with socket.socket() as probe:
        # As the servers do: a connection that lingers after a stop does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(
    remembered: int | None,
    *,
    avoid: Collection[int] = (),
    free: Callable[[int], bool] = is_free,
    draw: Callable[[], int] = lambda: random.choice(CANDIDATES),
    closing_seconds: float = CLOSING_SECONDS,
) -> int:
    """Return the remembered port if it is free or comes free within that time, else a free one that is not in `avoid`."""
    if remembered is not None and remembered not in avoid and _comes_free(remembered, free, closing_seconds):
        return remembered
    for _ in range(500):
        port = draw()
        if port not in avoid and free(port):
            return port
    raise ConfigurationError(
        f"no free port between {CANDIDATES.start} and {CANDIDATES.stop - 1} on {LOOPBACK}: stop what listens there"
    )


def _comes_free(port: int, free: Callable[[int], bool], within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while not free(port):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
