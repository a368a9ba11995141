"""The peers' work is disclose's, and what is lost or doubled is counted right."""

import base64

import pytest

from bench import lane
from bench.peers.counting import Expected, count, expected, outcomes_in
from bench.peers.errand import CANDIDATES, VIEWS, Errand
from bench.peers.inputs import Logged
from bench.peers.watching import Heard, Seat
from bench.peers.work import Taken, Work, fact_of, pack, unpack
from ketenbus import Outgoing
from ketenbus.envelope import stamp
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Prepared, prepare
from streams.disclose.binding import logged
from streams.disclose.judge import judge
from streams.runtime.settings import ProcessorSettings
from tests.made_up import NOW, partner, report

VIEW = "view.comensha.registratie"
SUBJECT = b"00112233445566778899aabbccddeeff"


@pytest.fixture
def work(tmp_path) -> Work:
    keys = {"signing": base64.b64encode(bytes(range(32))).decode(), "views": base64.b64encode(bytes(64)).decode()}
    return Work(ProcessorSettings("disclose", "", "", "", "", tmp_path, keys))


@pytest.fixture
def told(tmp_path) -> list[Logged]:
    """A report and its correction, as admit logs them."""
    settings = partner(tmp_path / "keyring")
    (tmp_path / "keyring").mkdir()
    keys = PublisherKeys(settings.keyring, settings.oin)
    records = []
    for event_id, changed in (("one", {}), ("two", {"corrects": "one", "nationality": "BG"})):
        made = prepare(Outgoing(report(**changed), id=event_id, time=NOW), settings, keys)
        assert isinstance(made, Prepared)
        bus = (("ketenbus-publisher-kind", b"politie"), ("ketenbus-admitted-at", stamp(NOW).encode()))
        records.append(Logged(event_id, SUBJECT, made.value, made.headers + bus))
    keys.close()
    return records


def take(work: Work, one: Logged, state: bytes | None = None) -> Taken:
    return work.take(one.key, one.value, one.headers, state)


def heard(asked: Expected, seat: Seat, change: int = 1, kind: str = "delivery", at: float = 0.0) -> Heard:
    return Heard(seat, change, kind, asked.last[seat] or (None, None), at, 0, True)


def test_a_correction_takes_back_what_its_report_delivered(work, told) -> None:
    first = take(work, told[0])
    second = take(work, told[1], first.state)
    kinds = [dict(one.headers)["ce_ketenbuskind"].decode() for one in (*first.told, *second.told)]
    assert kinds == ["delivery", "recall", "delivery"]
    assert [(r.id, [o[2] for o in outcomes_in(r.outcomes)]) for r in second.receipts] == [
        ("one", ["withheld"]),
        ("two", ["delivered"]),
    ]


def test_an_event_that_is_known_changes_nothing(work, told) -> None:
    first = take(work, told[0])
    assert take(work, told[0], first.state) == Taken(first.state, (), ())


def test_it_judges_as_disclose_judges(work, told) -> None:
    facts = [fact_of(one.key, one.value, one.headers) for one in told]
    changes = judge(work.register, [logged(fact) for fact in facts], {})
    state = take(work, told[1], take(work, told[0]).state).state
    kept = {(name.id, r, p): s.decision for (name, r, p), s in unpack(state)[1].items()}
    assert kept == {
        (c.logged.name.id, c.standing.decision.recipient, c.standing.decision.purpose): c.standing.decision
        for c in changes
    }


def test_a_state_comes_back_as_it_was(work, told) -> None:
    state = take(work, told[1], take(work, told[0]).state).state
    assert pack(*unpack(state)) == state
    assert unpack(None) == ((), {})


def test_a_whole_run_loses_and_doubles_nothing(work, told) -> None:
    asked = expected(work, told, VIEW)
    one, two = asked.first_of["one"], asked.first_of["two"]
    said = [(event, str(outcomes), outcomes) for event, outcomes in asked.outcomes.items()]
    found = count(asked, [heard(asked, one), heard(asked, one, 2, "recall"), heard(asked, two)], said)
    assert (found.candidates, found.lost, found.doubled, found.receipts_lost, found.receipts_doubled) == (2, 0, 0, 0, 0)


def test_inputs_about_different_persons_ask_for_the_sum(work, told) -> None:
    others = [Logged(f"{one.id}-b", SUBJECT[::-1], one.value, one.headers) for one in told]
    both = expected(work, told, VIEW) | expected(work, others, VIEW)
    assert both == expected(work, [*told, *others], VIEW)


def test_a_report_that_was_never_delivered_needs_no_taking_back(work, told) -> None:
    asked = expected(work, told, VIEW)
    assert count(asked, [heard(asked, asked.first_of["two"])], []).lost == 0


@pytest.mark.parametrize("missing", ["recall", "delivery", "bytes"])
def test_what_a_view_must_end_with_and_does_not_is_lost(work, told, missing) -> None:
    asked = expected(work, told, VIEW)
    one, two = asked.first_of["one"], asked.first_of["two"]
    records = {
        "recall": [heard(asked, one), heard(asked, two)],
        "delivery": [heard(asked, one), heard(asked, one, 2, "recall")],
        "bytes": [Heard(two, 1, "delivery", (b"", b"other"), 0.0, 0, True)],
    }
    assert count(asked, records[missing], []).lost == 1


def test_the_same_change_again_is_doubled_and_a_later_one_is_not(work, told) -> None:
    asked = expected(work, told, VIEW)
    two = asked.first_of["two"]
    assert count(asked, [heard(asked, two), heard(asked, two), heard(asked, two, 2)], []).doubled == 1


def test_receipts_are_lost_by_outcome_and_doubled_by_row(work, told) -> None:
    asked = expected(work, told, VIEW)
    row = ("one", "text", asked.outcomes["one"])
    found = count(asked, [], [row, row, ("one", "earlier", frozenset())])
    assert (found.receipts_lost, found.receipts_doubled) == (len(asked.outcomes["two"]), 1)


def test_the_errand_is_of_the_designs_size_and_asks_for_all_of_it() -> None:
    views = tuple(f"view.{n}" for n in range(6))
    asked = expected(Errand(views), lane.inputs(10), views[0])
    assert len(asked.last) == 10 * VIEWS
    assert {len(outcomes) for outcomes in asked.outcomes.values()} == {CANDIDATES}
    delivered = {sum(row[2] == "delivered" for row in outcomes) for outcomes in asked.outcomes.values()}
    assert delivered == {VIEWS}


def test_the_errand_knows_how_often_it_heard_of_a_subject() -> None:
    one, two = lane.inputs(2)
    errand = Errand(("view.1",))
    first = errand.take(one.key, one.value, one.headers, None)
    assert one.key == two.key
    assert (first.state, errand.take(two.key, two.value, two.headers, first.state).state) == (b"1", b"2")
