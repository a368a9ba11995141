"""An event that names what another publisher said, or another publisher's client, changes nothing of theirs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from consent.known import Fact
from ketenbus.events import ConsentWithdrawn, EventRetracted
from ketenbus.values import Event
from streams.admit.judge import Admissible
from streams.disclose.judge import Candidate, Standing, judge
from streams.disclose.tokens import EventName
from tests.consent_facts import OIN, given, reported, retracted, the_register, withdrawn
from tests.log_events import OTHER, SUBJECT, logged
from tests.made_up import NOW
from tests.sent import CARE, DESK, NOBODY, POLICE, judged, linked, offered, refused, sent

STRANGER = "00000009900000000077"
GRANT, REPORT = given("g"), reported("r")
REPORTED: Candidate = (EventName(SUBJECT, OIN, "r"), "comensha", "REGISTRATIE")

#: What somebody says about the events `g` and `r` of another.
CLAIMS: Mapping[str, Fact] = {
    "a withdrawal": withdrawn("g", "w", oin=STRANGER),
    "a retraction of the report": retracted("r", "x", oin=STRANGER),
    "a retraction of the grant": retracted("g", "x", oin=STRANGER),
    "a correction of the report": reported("s", oin=STRANGER, corrects="r"),
    "a report caused by the report": reported("c", oin=STRANGER, caused_by="r"),
}


def standing(*said: tuple[Fact, bytes]) -> Standing:
    """How the report stands once all this is known."""
    events = [logged(fact, subject=subject) for fact, subject in said]
    changes = judge(the_register(), events, {})
    return next(
        c.standing
        for c in changes
        if (c.logged.name, c.standing.decision.recipient, c.standing.decision.purpose) == REPORTED
    )


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
@pytest.mark.parametrize("subject", [SUBJECT, OTHER], ids=["under the same subject", "under their own"])
def test_naming_the_event_of_another_has_no_effect(claim: Fact, subject: bytes) -> None:
    """Under the same subject is worse than can be: a subject is a publisher's own number, and only the desk links."""
    undisturbed = standing((GRANT, SUBJECT), (REPORT, SUBJECT))
    assert undisturbed.decision.outcome == "delivered"
    assert standing((GRANT, SUBJECT), (REPORT, SUBJECT), (claim, subject)) == undisturbed


def test_the_same_claims_by_the_publisher_itself_do_have_effect() -> None:
    own = [withdrawn("g", "w"), retracted("r", "x"), retracted("g", "x"), reported("s", corrects="r")]
    for claim in own:
        assert standing((GRANT, SUBJECT), (REPORT, SUBJECT), (claim, SUBJECT)).decision.outcome == "withheld"


@pytest.mark.parametrize(
    "event",
    [
        offered(caused_by="theirs", corrects="theirs"),
        EventRetracted(
            subject="client-1", occurred_at=NOW, occurred_precision="INSTANT", withdraws="theirs", reason="WRONG_PERSON"
        ),
    ],
    ids=lambda event: event.TYPE,
)
def test_an_event_is_logged_under_its_own_publishers_subject_whatever_it_names(event: Event) -> None:
    mine, theirs = judged(sent(event, POLICE).record()), judged(sent(_of_care(), CARE).record())
    assert isinstance(mine, Admissible)
    assert isinstance(theirs, Admissible)
    assert len(mine.subjects) == 1
    assert mine.subjects != theirs.subjects


def _of_care() -> Event:
    return ConsentWithdrawn(
        subject="client-1",
        occurred_at=NOW,
        occurred_precision="INSTANT",
        withdraws="g",
        given_by="PERSON",
        age_group="ADULT",
    )


@pytest.mark.parametrize("oin", [POLICE, CARE])
@pytest.mark.parametrize("undone", [None, "link"])
def test_nobody_but_the_desk_links_or_unlinks_anybodys_numbers_its_own_included(oin: str, undone: str | None) -> None:
    own = linked(undone=undone).model_copy(update={"subject_oin": oin, "other_oin": oin})
    assert [refused(sent(event, oin).record()).reason for event in (linked(undone=undone), own)] == [
        "not-authorised"
    ] * 2


def test_the_desk_links_numbers_of_partners_only() -> None:
    assert isinstance(judged(sent(linked(), DESK).record()), Admissible)
    for name in ("subject_oin", "other_oin"):
        verdict = refused(sent(linked().model_copy(update={name: NOBODY}), DESK).record())
        assert (verdict.reason, verdict.place) == ("unknown-partner", name)
