"""Which events stand: the latest of each chain of corrections, and nothing that was taken back.

Source: architecture, section 4 (a correction is a whole event of the same type that names what it corrects).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from consent.known import Corrected, Known, Ref
from consent.remembering import SUBJECTS, remembered
from ketenbus.events import EventRetracted

#: An event in a chain of corrections: its type and its name.
Node = tuple[str, Ref]


@remembered(SUBJECTS)
def retracted(known: Known) -> frozenset[Ref]:
    """Return the events that are taken back, by a retraction that stands: the latest of its chain, not taken back itself.

    Read from the latest (time, id) to the earliest: a retraction cannot take back one that was said after it.
    """
    links = [c for c in known.chain if c.type == EventRetracted.TYPE]
    if not links:
        return frozenset()
    root = _joined(links)
    targets = {e.ref: e.target for e in known.retractions}
    taken_back: set[Ref] = set()
    settled: set[Node] = set()
    for c in sorted(links, key=_latest_last, reverse=True):
        chain = root((c.type, c.ref))
        if c.ref not in taken_back and chain not in settled:
            settled.add(chain)
            taken_back.add(targets[c.ref])
    return frozenset(taken_back)


@remembered(SUBJECTS)
def superseded(known: Known) -> frozenset[Ref]:
    """Return the events that a later one of their chain replaces: in each chain the latest (time, id) stands.

    A chain is what `corrects` joins within one type and publisher; a retracted link still joins, but never stands.
    """
    if not any(c.corrects for c in known.chain):
        return frozenset()
    root, taken_back = chain_of(known), retracted(known)
    chains: dict[Node, list[Corrected]] = {}
    for c in known.chain:
        if c.ref not in taken_back:
            chains.setdefault(root((c.type, c.ref)), []).append(c)
    latest = {max(links, key=_latest_last).ref for links in chains.values()}
    return frozenset(c.ref for links in chains.values() for c in links if c.ref not in latest)


@remembered(SUBJECTS)
def chain_of(known: Known) -> Callable[[Node], Node]:
    """Return what gives every event of a chain the same node, also one that is only named.

    For what ends or reviews an event by its name: a correction mends what was recorded, and is no new word.
    """
    return _joined(known.chain)


def _latest_last(link: Corrected) -> tuple[datetime, str]:
    return link.time, link.ref.id


def _joined(links: Iterable[Corrected]) -> Callable[[Node], Node]:
    """Return what gives all that these links join the same node."""
    above: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while (up := above.get(node)) is not None:
            # The way up is shorter for whoever asks next: a chain may be thousands long.
            above[node] = above.get(up, up)
            node = up
        return node

    for c in links:
        if c.corrects is not None:
            a, b = root((c.type, c.ref)), root((c.type, Ref(c.ref.oin, c.corrects)))
            if a != b:
                above[a] = b
    return root
