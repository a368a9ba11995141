"""Which events stand: the latest of each chain of corrections, and nothing that was taken back.

Source: architecture, section 4 (a correction is a whole event of the same type that names what it corrects).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from consent.known import Corrected, Known, Ref
from ketenbus.events import EventRetracted

#: An event in a chain of corrections: its type and its name.
Node = tuple[str, Ref]
#: Every event of a subject is judged on the same facts: each asks this again, of few subjects at a time.
SUBJECTS = 8


@lru_cache(maxsize=SUBJECTS)
def retracted(known: Known) -> frozenset[Ref]:
    """Return the events that are taken back, by a retraction that stands: the latest of its chain, not taken back itself.

    Read from the latest (time, id) to the earliest: a retraction cannot take back one that was said after it.
    """
    links = [c for c in known.chain if c.type == EventRetracted.TYPE]
    if not links:
        return frozenset()
    root = _chains(links)
    targets = {e.ref: e.target for e in known.retractions}
    taken_back: set[Ref] = set()
    settled: set[Node] = set()
    for c in sorted(links, key=_latest_last, reverse=True):
        chain = root((c.type, c.ref))
        if c.ref not in taken_back and chain not in settled:
            settled.add(chain)
            taken_back.add(targets[c.ref])
    return frozenset(taken_back)


@lru_cache(maxsize=SUBJECTS)
def superseded(known: Known) -> frozenset[Ref]:
    """Return the events that a later one of their chain replaces: in each chain the latest (time, id) stands.

    A chain is what `corrects` joins within one type and publisher; a retracted link still joins, but never stands.
    """
    if not any(c.corrects for c in known.chain):
        return frozenset()
    root, taken_back = _chains(known.chain), retracted(known)
    chains: dict[Node, list[Corrected]] = {}
    for c in known.chain:
        if c.ref not in taken_back:
            chains.setdefault(root((c.type, c.ref)), []).append(c)
    latest = {max(links, key=_latest_last).ref for links in chains.values()}
    return frozenset(c.ref for links in chains.values() for c in links if c.ref not in latest)


def _latest_last(link: Corrected) -> tuple[datetime, str]:
    return link.time, link.ref.id


def _chains(links: Iterable[Corrected]) -> Callable[[Node], Node]:
    """Return what gives every event of a chain the same node."""
    above: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while node in above:
            node = above[node]
        return node

    for c in links:
        if c.corrects is not None:
            a, b = root((c.type, c.ref)), root((c.type, Ref(c.ref.oin, c.corrects)))
            if a != b:
                above[a] = b
    return root
