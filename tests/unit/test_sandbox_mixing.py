"""Mixing: reporters change hands and no cell notices."""

from collections import Counter

from sandbox.mixing import mixed
from sandbox.plan import Sort, cells_of
from sandbox.targets import Cell

PERSONS = {
    Sort("2019", ("GO_SU",), ("POLITIE",)): 40,
    Sort("2019", ("GO_SU", "CU"), ("ZORGCOORDINATOR",)): 12,
    Sort("2019", ("GO_SU",), ("POLITIE", "OVERIG")): 9,
    Sort("2019", ("GO_SU",), ("POLITIE", "KMAR")): 3,
    Sort("2019", ("GO_SU",), ("KMAR",)): 5,
    Sort("2019", ("AU",), ("KMAR",)): 1,
}


def counted(persons: dict[Sort, int]) -> Counter[Cell]:
    return Counter(cell for sort, number in persons.items() for cell in cells_of(sort) for _ in range(number))


def test_no_cell_notices() -> None:
    assert counted(mixed(PERSONS, 3)) == counted(PERSONS)


def test_more_sorts_come_of_it() -> None:
    assert len(mixed(PERSONS, 3)) > len(PERSONS)


def test_as_many_persons_have_several_reporters() -> None:
    several = [sum(n for s, n in persons.items() if len(s.kinds) > 1) for persons in (PERSONS, mixed(PERSONS, 3))]
    assert several[1] >= several[0]


def test_a_lone_person_keeps_its_reporter() -> None:
    assert mixed(PERSONS, 3)[Sort("2019", ("AU",), ("KMAR",))] == 1
