"""Which events of a subject corrections join into one chain, from all that is known of the subject. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.verify.log import Entry

#: publisher, type, id
Name = tuple[str, str, str]
#: What gives the names of one chain the same name.
Head = Callable[[Name], Name]


def heads(entries: Iterable[Entry]) -> Head:
    """Return which chain of corrections a name is of: events of one type and publisher that name one another.

    Not all of a chain need be here: two that correct the same missing event are of one chain. To be asked of every event of a
    subject: of those that stand alone, a chain has lost its links.
    """
    chain: dict[Name, Name] = {}

    def head(name: Name) -> Name:
        while (up := chain.get(name, name)) != name:
            chain[name] = chain.get(up, up)
            name = up
        return name

    for entry in entries:
        corrects = getattr(entry.event, "corrects", None)
        if corrects is not None:
            chain[head(name_of(entry))] = head((entry.oin, entry.event.TYPE, corrects))
    return head


def name_of(entry: Entry) -> Name:
    """Return an event's own name."""
    return entry.oin, entry.event.TYPE, entry.id
