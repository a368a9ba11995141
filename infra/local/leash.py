"""Stops a platform's workers and servers when the process that wanted them for a while is gone, even by kill -9.

    python -m infra.local.leash DATA

It holds the reading end of a pipe whose writing end only its parent has: the end of the pipe is the end of the parent.
Kept free of other imports: it stays in memory as long as the demo or the tests run.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

WORKER_SECONDS = 5.0


class Leash:
    """The parent's side: while it is held, a crash of ours stops the workers and the servers of `data`, unless `up` keeps them."""

    def __init__(self, data: Path) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "infra.local.leash", str(data)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            start_new_session=True,  # it must survive the Ctrl-C that ends us
        )

    def release(self) -> None:
        """Let go: the servers were stopped in order, or shall stay."""
        assert self._guard.stdin is not None
        self._guard.stdin.write(b"released")
        self._guard.stdin.close()
        self._guard.wait()


def main(data: str) -> None:
    """Wait for the parent to let go or to end, and stop the workers and the servers if it just ended."""
    if sys.stdin.buffer.read() == b"released":
        return
    from infra.local import processes  # not before they are needed
    from infra.local.platform import Platform
    from ketenbus.errors import BusError

    with suppress(BusError):  # nobody is left to hear of it
        platform = Platform(Path(data))

        def stop_workers() -> None:
            for settings in (platform.data / "secrets" / "processors").glob("*.json"):
                for worker in processes.find_all(["streams.worker", settings.stem, str(settings)]):
                    processes.stop(worker, signal.SIGTERM, within_seconds=WORKER_SECONDS)

        platform.down(unless_kept=True, first=stop_workers)


if __name__ == "__main__":
    main(sys.argv[1])
