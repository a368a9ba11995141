"""The platform without the CLI: `python -m infra.local up | down | status | logs | env`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.local import commands
from ketenbus.errors import BusError


def main(words: list[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: KETENBUS_DATA, or .ketenbus)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up").add_argument("--backfill", action="store_true")
    verbs.add_parser("down").add_argument("--wipe", action="store_true")
    verbs.add_parser("status")
    logs = verbs.add_parser("logs")
    logs.add_argument("which", nargs="?")
    logs.add_argument("--follow", action="store_true")
    logs.add_argument("--lines", type=int, default=20)
    verbs.add_parser("env").add_argument("who", nargs="?", default="admin")
    given = parser.parse_args(words)
    match given.verb:
        case "up":
            commands.up(given.data, backfill=given.backfill)
        case "down":
            commands.down(given.data, wipe=given.wipe)
        case "status":
            return 0 if commands.status(given.data) else 1
        case "logs":
            commands.logs(given.data, given.which, follow=given.follow, lines=given.lines)
        case "env":
            commands.env(given.data, given.who)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BusError as error:
        sys.exit(f"ketenbus: {error}")
