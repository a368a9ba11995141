"""Consent enumerated: each set once, and nothing that a refusal, a withdrawal or a link widens."""

from __future__ import annotations

from itertools import combinations, product

from consent.narrowing import Narrowed, given
from consent.precedence import Consent
from consent.proofs import linking
from consent.proofs.words import KINDS, MASK, UNKNOWN_PARENT, Word, canonical, enumerated, every_set, stands_after

BUT_FOR_SPECIAL = Narrowed(frozenset({"special"}))


def test_every_set_of_up_to_two_words_is_one_of_those_enumerated_and_stands_as_it_does() -> None:
    canon = set(every_set(2))
    every = [Word(*told) for told in product((0, 1, UNKNOWN_PARENT), KINDS, range(4), range(-1, 2))]
    for size in (0, 1, 2):
        for words in combinations(every[:: 1 if size < 2 else 5], size):
            assert canonical(words) in canon
            assert stands_after(words) is stands_after(canonical(words))
    assert all(words == canonical(words) for words in canon)


def test_one_more_refusal_withdrawal_or_expiry_never_gives_what_was_not_given() -> None:
    found = enumerated(2)
    assert len(found.stands) == 20097
    assert all(given(after, MASK) <= given(before, MASK) for before, after in found.steps)
    assert {step for step in found.steps if isinstance(step[1], Narrowed)} >= {(Consent.GIVEN, BUT_FOR_SPECIAL)}
    assert set(found.states) >= {Consent.GIVEN, Consent.REFUSED, Consent.WITHDRAWN, Consent.CONFLICT, Consent.NONE}


def test_each_step_comes_with_the_words_before_and_after() -> None:
    for (before, after), (one, other) in enumerated(2).steps.items():
        assert (stands_after(one), stands_after(other)) == (before, after)


def test_a_link_changes_nothing_whatever_its_name() -> None:
    assert all(before == after for before, after in linking.steps(1))
    assert {before for before, _ in linking.steps(1)} >= {*Consent, BUT_FOR_SPECIAL}
