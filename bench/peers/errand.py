"""A light errand in the place of disclose's work: what a framework costs where judging costs next to nothing. Pure.

Its size is that of the design's own measurement: 40 candidates judged, four views told and a receipt, for every event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bench.peers.work import Receipt, Taken, Told
from ketenbus.envelope import Headers

CANDIDATES, VIEWS = 40, 4


class Errand:
    """Judges every candidate by looking it up, and tells the first views of those it is given; the state is how often."""

    def __init__(self, views: Sequence[str]) -> None:
        self._views = views[:VIEWS]
        self._law = {
            (n, is_new): "delivered" if n < VIEWS else "withheld" for n in range(CANDIDATES) for is_new in (True, False)
        }

    def take(self, key: bytes, value: bytes, headers: Headers, state: bytes | None) -> Taken:
        """Return what this record makes of what was heard of its subject before."""
        name = dict(headers)["ce_id"]
        outcomes = [(f"recipient-{n}", "PURPOSE", self._law[n, state is None]) for n in range(CANDIDATES)]
        said = (("ce_id", name), ("ce_ketenbuskind", b"delivery"), ("ce_ketenbuschange", b"1"))
        return Taken(
            b"%d" % (int(state or b"0") + 1),
            tuple(Told(topic, key, value, said) for topic in self._views),
            (Receipt(name.decode(), json.dumps(outcomes, separators=(",", ":")), ()),),
        )
