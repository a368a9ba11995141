"""What a register may not say, though every entry alone is well formed: unknown words, and two entries that disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from consent.documents import Fault
from consent.masks import class_of, share_of
from ketenbus.contract import Contract, contract

if TYPE_CHECKING:
    from consent.activities import Activity


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words a register may use. Without a list of articles or questions (None), those are not looked up."""

    contract: Contract
    articles: frozenset[str] | None = None
    questions: frozenset[str] | None = None

    def codes(self, codelist: str) -> frozenset[str]:
        """Return the codes of a list of the contract."""
        return frozenset(self.contract.codelists[codelist].codes)


def contract_vocabulary() -> Vocabulary:
    """Return the words of the contract alone."""
    return Vocabulary(contract())


def refusals(activities: Sequence[Activity], vocabulary: Vocabulary) -> Iterator[Fault]:
    """Yield every fault, at the entry and key that has it."""
    for number, a in enumerate(activities):
        known = list(_unknown(number, a, vocabulary))
        yield from known
        yield from _grounded(number, a)
        if not known:
            yield from _of_the_contract(number, a, vocabulary)
        if a.recipient == "comensha" and any(t.startswith("registration-") for t in a.types):
            yield Fault((number, "types"), f"{a.ref} returns the registration's output to the zone that makes it")
    yield from _overlaps(activities)
    yield from _versions(activities)


def _unknown(number: int, a: Activity, vocabulary: Vocabulary) -> Iterator[Fault]:
    recipients, kinds = vocabulary.codes("recipient"), vocabulary.codes("publisher-kind")
    single = (
        ("controller", a.controller, recipients | kinds),
        ("recipient", a.recipient, recipients),
        ("purpose", a.purpose, vocabulary.codes("purpose")),
    )
    for key, said, known in single:
        if said not in known:
            yield Fault((number, key), f"{a.ref}: unknown {key} {said}")
    several = (
        ("types", "type", a.types, frozenset(vocabulary.contract.types)),
        ("publishers", "kind of publisher", a.publishers, kinds),
        ("mask", "class", a.mask, None),
        ("articles", "article", a.articles, vocabulary.articles),
        ("questions", "question", a.questions, vocabulary.questions),
    )
    for key, what, words, among in several:
        for place, word in enumerate(words):
            if among is not None and word not in among:
                yield Fault((number, key, place), f"{a.ref}: unknown {what} {word}")
            if word in words[:place]:
                yield Fault((number, key, place), f"{a.ref}: {word} is named twice")


def _grounded(number: int, a: Activity) -> Iterator[Fault]:
    """Law or reading of it has a source; what has none is an open question, and open is no without consent elsewhere."""
    if a.status == "open":
        if not a.questions:
            yield Fault((number, "status"), f"{a.ref}: open, but names no question that would settle it")
    elif not a.sources:
        yield Fault((number, "sources"), f"{a.ref}: {a.status}, but no source with a line says so")
    elif not a.articles:
        yield Fault((number, "articles"), f"{a.ref}: {a.status}, but rests on no article")
    if a.valid_to is not None and a.valid_to <= a.valid_from:
        yield Fault((number, "valid_to"), f"{a.ref}: ends on {a.valid_to}, before it begins")


def _of_the_contract(number: int, a: Activity, vocabulary: Vocabulary) -> Iterator[Fault]:
    types = [vocabulary.contract.types[name] for name in a.types]
    for place, declared in enumerate(types):
        if not declared.publishers & set(a.publishers):
            yield Fault((number, "types", place), f"{a.ref}: none of its publishers publishes {declared.name}")
        for field in declared.fields:
            if share_of(a.mask, field) == "left-out" and not field.nullable:
                why = f"{a.ref}: the mask leaves out {field.name} of {declared.name}, which cannot be left out"
                yield Fault((number, "mask"), why)
    classes = [class_of(part) for part in a.mask]
    for place, name in enumerate(classes):
        if name in classes[:place] and a.mask[place] not in a.mask[:place]:
            yield Fault((number, "mask", place), f"{a.ref}: the mask lets {name} through as it is and made general")
    for place, kind in enumerate(a.publishers):
        if not any(kind in declared.publishers for declared in types):
            yield Fault((number, "publishers", place), f"{a.ref}: {kind} publishes none of its types")


def _overlaps(activities: Sequence[Activity]) -> Iterator[Fault]:
    for number, b in enumerate(activities):
        for a in activities[:number]:
            if (a.recipient, a.purpose) != (b.recipient, b.purpose) or not _one_day(a, b):
                continue
            if (types := set(a.types) & set(b.types)) and set(a.publishers) & set(b.publishers):
                rules = f"{a.ref} and {b.ref} both rule {b.recipient} {b.purpose} for {', '.join(sorted(types))}"
                say = "and say the same twice" if _same(a, b) else "and contradict each other"
                yield Fault((number, "types"), f"{rules}, {say}")


def _same(a: Activity, b: Activity) -> bool:
    return (a.consent, a.mask, a.recalls, a.expiry_recalls) == (b.consent, b.mask, b.recalls, b.expiry_recalls)


def _versions(activities: Sequence[Activity]) -> Iterator[Fault]:
    """Versions of one activity follow each other: numbered on, each from the day the one before ends."""
    by_id: dict[str, list[tuple[int, Activity]]] = {}
    for number, a in enumerate(activities):
        by_id.setdefault(a.id, []).append((number, a))
    for versions in by_id.values():
        versions.sort(key=lambda one: (one[1].version, one[0]))
        for (_, before), (number, after) in pairwise(versions):
            if before.version == after.version:
                yield Fault((number, "version"), f"{after.ref} is there twice")
                continue
            if after.version != before.version + 1:
                yield Fault((number, "version"), f"{after.ref} follows {before.ref}: a version is missing")
            if before.valid_to is None or after.valid_from < before.valid_to:
                yield Fault((number, "valid_from"), f"{after.ref} begins while {before.ref} is still in force")
            elif before.valid_to < after.valid_from:
                gap = (
                    f"between {before.valid_to} and {after.valid_from} neither {before.ref} nor {after.ref} is in force"
                )
                yield Fault((number, "valid_from"), gap)


def _one_day(a: Activity, b: Activity) -> bool:
    return max(a.valid_from, b.valid_from) < min(a.valid_to or date.max, b.valid_to or date.max)
