"""The certificate: each delivery judged as of its own moment by all that is known now, and what is still to be done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pytest

from consent.activities import Activity, Register, fingerprint
from consent.instants import Admitted
from consent.known import Fact
from consent.wording import REASONS
from services.explain.replaying import Recorded
from services.recall.certificate import TOO_WIDE, Certificate, Judged, Logged, certificate, moment
from services.recall.listing import Recall, listing
from services.recall.telling import lines
from streams.disclose.confirmations import Confirmation
from streams.disclose.judge import Candidate, Standing, case_of, judge
from streams.runtime.settings import Partner, load_terms
from tests.consent_facts import at, decision_on, given, refused, reported, retracted, the_register, withdrawn
from tests.log_events import SUBJECT, logged
from tests.made_up import SIGNING_KEY
from tests.registers import lawless

DESK = Partner("comensha", f"{29:020d}", "CoMensha", "comensha", None, False, SIGNING_KEY.public_key())
VIEW = ("comensha", "REGISTRATIE")
#: What came in, and so many days after noon.
Came = tuple[float, Fact]
REPORT, GRANT = reported("report", time=at(0)), given(when=at(0), time=at(0))


def certified(
    *came: Came,
    confirmed: Sequence[int] = (),
    days: float = 10,
    then: Register | None = None,
    now: Register | None = None,
    simulated: bool = False,
) -> Certificate:
    """The certificate `days` after noon, when facts came one by one under the register of then, and these changes were confirmed."""
    then, now = then or the_register(), now or then or the_register()
    before: dict[Candidate, Standing] = {}
    history: dict[Candidate, list[Recorded]] = {}
    events = [logged(fact, admitted_at=at(day)) for day, fact in came]
    for number, (day, _) in enumerate(came, start=1):
        for change in judge(then, events[:number], before):
            d, s = change.standing.decision, change.standing
            key = (change.logged.name, d.recipient, d.purpose)
            before[key] = s
            history.setdefault(key, []).append(
                Recorded(number, at(day), d, change.kind, s.change, f"ketenlog/0/{number}", fingerprint(then))
            )
    judged = [
        Judged(e.name, case_of(e), before[key].decision, before[key].in_view, history[key])
        for e in events
        for key in before
        if key[0] == e.name
    ]
    recalls = [
        Recall(
            name,
            "victim-reported",
            who,
            what,
            s.change,
            s.decision.activity,
            s.decision.reasons,
            history[name, who, what][-1].decided_at,
        )
        for (name, who, what), s in before.items()
        if not s.in_view and s.change
    ]
    said = [
        Confirmation(DESK.oin, f"c{change}", *VIEW, change, r.name, at(days))
        for change in confirmed
        for r in recalls
        if r.change == change
    ]
    asked = at(days)
    found = listing(recalls, said, {"comensha": (DESK,)}, load_terms()["recall-confirmed"], asked)
    facts = [Logged((0, n), Admitted(f, at(day)), simulated) for n, (day, f) in enumerate(came, start=1)]
    return certificate(SUBJECT, {fingerprint(now): now}, fingerprint(now), facts, judged, found, asked)


def _of(activities: Iterable[Activity]) -> Register:
    """A register of these activities."""
    return lawless(activities, the_register().rules)


def of_report(found: Certificate) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """What the report's deliveries rested on, why, and whether a recall is due."""
    [held] = [h for h in found.held if h.event == "report"]
    return tuple(d.basis for d in held.deliveries), tuple(r for d in held.deliveries for r in d.reasons), held.due


def test_what_stands_was_lawful_and_asks_nothing() -> None:
    found = certified((0, GRANT), (0, REPORT))
    assert of_report(found) == (("lawful-then",), ("consent",), False)
    assert (found.held[0].stands, found.held[0].told) == (True, ())


def test_what_was_withdrawn_later_was_lawful_then_and_a_recall_is_due_until_it_is_confirmed() -> None:
    came = (0, GRANT), (0, REPORT), (3, withdrawn("grant", occurred_at=at(2), time=at(2)))
    waiting, done = certified(*came), certified(*came, confirmed=[2])
    assert of_report(waiting) == (("lawful-then",), ("consent",), True)
    assert of_report(done) == (("lawful-then",), ("consent",), False)
    assert [t.state for t in waiting.held[0].told] == ["open"]
    assert [t.confirmed_at for t in done.held[0].told] == [at(10)]
    assert [t.state for t in certified(*came, days=60).held[0].told] == ["late"]
    assert (waiting.held[0].classes(), done.held[0].classes()) == (("recall-due",), ("lawful-then",))


def test_on_a_refusal_that_was_said_before_and_came_in_after_it_was_unlawful() -> None:
    found = certified((0, GRANT), (1, REPORT), (4, refused(when=at(0.5), time=at(4))))
    assert of_report(found) == (("unlawful-then",), ("consent-refused",), True)


def test_a_refusal_that_was_said_after_the_delivery_makes_it_no_less_lawful() -> None:
    found = certified((0, GRANT), (1, REPORT), (4, refused(when=at(2), time=at(4))))
    assert of_report(found) == (("lawful-then",), ("consent",), True)


def test_a_refusal_of_unknown_time_counts_against_every_delivery() -> None:
    found = certified((0, GRANT), (1, REPORT), (4, refused(when=None, time=at(4))))
    assert of_report(found) == (("unlawful-then",), ("consent-refused",), True)


def test_on_a_grant_by_who_proves_to_have_been_a_minor_it_was_unlawful() -> None:
    minor = reported("minor", time=at(4), age_group="MINOR", reported_on=at(4).date())
    found = certified((0, GRANT), (1, REPORT), (4, minor))
    assert of_report(found) == (("unlawful-then",), ("no-authority",), True)


def test_on_a_grant_that_was_entered_in_error_it_was_unlawful() -> None:
    found = certified((0, GRANT), (1, REPORT), (4, retracted("grant", time=at(4))))
    assert of_report(found)[0] == ("unlawful-then",)


@pytest.mark.parametrize("ended", [reported("better", time=at(4), corrects="report"), retracted("report", time=at(4))])
def test_a_report_that_was_corrected_or_taken_back_was_lawful_then_and_is_recalled(ended: Fact) -> None:
    assert of_report(certified((0, GRANT), (1, REPORT), (4, ended))) == (("lawful-then",), ("consent",), True)
    assert not of_report(certified((0, GRANT), (1, REPORT), (4, ended), confirmed=[2]))[2]


def test_a_correction_is_delivered_in_its_own_right() -> None:
    found = certified((0, GRANT), (1, REPORT), (4, reported("better", time=at(4), corrects="report")))
    assert {h.event: h.stands for h in found.held} == {"report": False, "better": True}


def test_what_was_released_again_asks_nothing_and_each_delivery_is_judged_by_itself() -> None:
    again = given("again", when=at(5), time=at(5))
    came = (0, GRANT), (1, REPORT), (3, withdrawn("grant", occurred_at=at(2), time=at(2))), (5, again)
    found = certified(*came)
    assert of_report(found) == (("lawful-then", "lawful-then"), ("consent", "consent"), False)
    assert len(found.held[0].recalls) == 1


def test_where_an_activity_recalls_nothing_the_recall_stays_due() -> None:
    keeps = tuple(a.model_copy(update={"recalls": False}) for a in the_register().activities)
    found = certified((0, GRANT), (0, REPORT), (3, withdrawn("grant", occurred_at=at(2), time=at(2))), then=_of(keeps))
    assert of_report(found)[2]
    assert (found.held[0].told, found.held[0].recalls) == ((), ())


def test_what_the_law_lets_through_less_of_or_not_at_all_was_unlawful() -> None:
    narrow = tuple(a.model_copy(update={"mask": ("neutral",)}) for a in the_register().activities)
    assert of_report(certified((0, GRANT), (0, REPORT), now=_of(narrow)))[:2] == (("unlawful-then",), (TOO_WIDE,))
    found = certified((0, GRANT), (0, REPORT), now=_of(()))
    assert of_report(found)[:2] == (("unlawful-then",), ("no-activity",))


def test_of_simulated_history_the_moment_is_when_the_last_fact_was_admitted() -> None:
    for simulated, expected in ((True, at(1)), (False, at(2))):
        facts = [Logged((0, 1), Admitted(GRANT, at(0)), simulated), Logged((0, 2), Admitted(REPORT, at(1)), simulated)]
        one = Recorded(1, at(2), decision_on([GRANT]), "delivery", 1, "ketenlog/0/2", "")
        assert moment(facts, one) == expected


def test_what_nobody_got_is_counted_and_nothing_more() -> None:
    found = certified((0, REPORT))
    assert (found.events, found.held) == (1, ())


def test_the_same_certificate_has_the_same_checksum_and_another_has_another() -> None:
    came = (0, GRANT), (0, REPORT)
    one, other = certified(*came), certified(*came, (3, withdrawn("grant", occurred_at=at(2), time=at(2))))
    assert one.checksum == certified(*came).checksum != other.checksum
    assert one.as_dict()["sha256"] == one.checksum
    held: list[dict[str, object]] = json.loads(json.dumps(other.as_dict(), default=str))["held"]
    assert [d["class"] for h in held for d in h["deliveries"]] == ["recall-due"]  # type: ignore[attr-defined, index]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_certificate_is_told_in_plain_words_and_holds_nothing_of_what_was_shared(language: str) -> None:
    refusal = refused(when=at(0.5), time=at(4))
    found = certified((0, GRANT), (1, REPORT), (4, refusal), days=60)
    told = list(lines(found, language))
    wanted = {
        "nl": ["ONRECHTMATIG op dat moment", "Kreeg opdracht het gebruik te staken", "comensha: TE LAAT", "TERUGROEPING NODIG: nog niet", "Weggelaten: phone, narrative"],
        "en": ["UNLAWFUL at that moment", "Was told to stop using it", "comensha: LATE", "RECALL DUE: not everyone", "Left out: phone, narrative"],
    }[language]  # fmt: skip
    text = "\n".join(told)
    assert [words for words in wanted if words not in text] == []
    assert REASONS["consent-refused"].why.said(language) in text
    assert found.checksum in text
    assert "VROUW" not in text
    assert "client-1" not in text


def test_it_is_told_who_stopped_when_who_may_have_it_and_where_nothing_is_recalled() -> None:
    came = (0, GRANT), (1, REPORT), (3, withdrawn("grant", occurred_at=at(2), time=at(2)))
    done = "\n".join(lines(certified(*came, confirmed=[2]), "en"))
    assert "comensha: stopped, confirmed on 2020-05-14" in done
    assert "RECALL DUE" not in done
    assert "comensha: not confirmed yet; in time until 2020-06-07" in "\n".join(lines(certified(*came), "en"))
    assert "May have it now." in "\n".join(lines(certified(*came[:2]), "en"))
    keeps = _of(tuple(a.model_copy(update={"recalls": False}) for a in the_register().activities))
    assert "this activity recalls nothing" in "\n".join(lines(certified(*came, then=keeps), "en"))
