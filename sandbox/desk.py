"""CoMensha's desk: it finds that two client numbers are one person, or that it was wrong (architecture, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sandbox.dossiers import Dossier, Known
from sandbox.partners import DESK
from sandbox.telling import Teller, registered

WRONG_SHARE = 0.012
RELINKED_SHARE = 0.006


def tell_links(teller: Teller, register: Sequence[Known]) -> None:
    """Tell the links that join what no key joins, links undone and made anew, and wrong links undone."""
    draw = teller.draw
    by_desk = [known for known in register if known.by_desk]
    doubted = {known.person.number for known in draw.sample(by_desk, min(len(by_desk), teller.share(RELINKED_SHARE)))}
    for known in by_desk:
        dossiers = list(known.dossiers)
        draw.shuffle(dossiers)
        for at, dossier in enumerate(dossiers[1:], start=1):
            other = draw.choice(dossiers[:at])
            seen = _seen(teller, known.person.year)
            if known.person.number in doubted:
                _unlink(teller, _link(teller, dossier, other, seen), dossier, other, seen + timedelta(days=9))
                seen += timedelta(days=20)
            _link(teller, dossier, other, seen)
    for _ in range(teller.share(WRONG_SHARE, at_least=2)):
        one, two = (draw.choice(known.dossiers) for known in draw.sample(register, 2))
        seen = _seen(teller, max(one.person.year, two.person.year))
        _unlink(teller, _link(teller, one, two, seen), one, two, seen + timedelta(days=draw.uniform(3, 90)))


def _seen(teller: Teller, year: int) -> datetime:
    """Return when the desk sees it: late in the reporting year, so before some reports and after most."""
    return datetime(year, 9, 1, 9, tzinfo=UTC) + timedelta(seconds=teller.draw.randrange(150 * 86_400))


def _named(teller: Teller, one: Dossier, other: Dossier, seen: datetime) -> dict[str, object]:
    return {
        "subject": one.number,
        "occurred_at": seen,
        "occurred_precision": "INSTANT",
        "subject_oin": teller.oins[one.partner],
        "other_subject": other.number,
        "other_oin": teller.oins[other.partner],
        "ground": teller.draw.choice(("DESK_REVIEW", "REPORTER_CONFIRMED")),
    }


def _link(teller: Teller, one: Dossier, other: Dossier, seen: datetime) -> str:
    fields = _named(teller, one, other, seen)
    return teller.tell(DESK, "identity-linked", seen, fields, [registered("delivered", "legal-task")])


def _unlink(teller: Teller, link: str, one: Dossier, other: Dossier, seen: datetime) -> None:
    fields = _named(teller, one, other, seen) | {"withdraws": link}
    teller.tell(DESK, "identity-unlinked", seen, fields, [registered("delivered", "legal-task")])
