"""What a link of two subjects can change of one subject's consent: every small history, with a link under every name in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from consent.known import Fact, Known, Ref, learn
from consent.narrowing import Stands, every
from consent.proofs.examples import AT, DESK_OIN, OIN, example, held
from consent.proofs.words import MASK, Step, every_set, known_of, standing
from ketenbus.events import IdentityLinked, IdentityUnlinked


def steps(most: int = 2) -> dict[Step, tuple[Known, Known]]:
    """Return every step that one link or unlink makes after up to `most` words, with an example each.

    After several words only a link under a name that one of them has is tried: under any other it meets nothing, as after one word.
    """
    found: dict[Step, tuple[Known, Known]] = {}
    told = {link: learned(link) for link in links()}
    met = [known for link, known in told.items() if link.ref.oin == OIN and link.ref.id in ("word-0", "withdrawal-0")]
    waiting = learn(held("word-9"))
    sets = every_set(most)
    single = [known_of(words) for words in every_set(min(most, 1))]
    # While a fact is waited for, no word is looked at: beside it one word is as good as several.
    alone = (*single, *(known | waiting for known in single), *map(_all, every(MASK)))
    several = (known_of(words) for words in sets if len(words) > 1)
    for pasts, several_links in ((alone, list(told.values())), (several, met)):
        for past in pasts:
            before = standing(past)
            for link in several_links:
                found.setdefault((before, standing(past | link)), (past, past | link))
    return found


def links() -> Iterator[Fact]:
    """Yield a link and its undoing, by the desk and by the speakers' publisher, under a new id and under every id said."""
    about: dict[str, Any] = {
        "subject": "1",
        "occurred_at": AT,
        "occurred_precision": "INSTANT",
        "subject_oin": OIN,
        "other_subject": "2",
        "other_oin": OIN,
        "ground": "DESK_REVIEW",
    }
    for oin in (DESK_OIN, OIN):
        for id in ("new", "held", "word-0", "word-9", "withdrawal-0"):
            linked = Fact(Ref(oin, id), AT, IdentityLinked(**about))
            yield linked
            yield replace(linked, event=IdentityUnlinked(withdraws="word-0", **about))


def learned(link: Fact) -> Known:
    """Return what a link teaches."""
    return learn(link)


def _all(state: Stands) -> Known:
    known = Known()
    for fact in example(state):
        known |= learn(fact)
    return known
