"""A case as a swim-lane picture: publishers left, the bus, recipients right, time downwards. Pure SVG, no script.

Shape tells as much as colour: delivered is a solid arrow, withheld a dashed line that ends in a cross, a recall a double
line that points back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from services.cases import lines
from services.cases.casefile import Text, Told
from services.cases.heard import Telling
from services.cases.lines import Line
from services.cases.words import recipient

MARGIN, LEFT, GAP, RIGHT = 118, 150, 110, 190
HEAD, FIRST, ROW, REST = 66, 34, 36, 22
FIRST_VIEW = 200
DELIVERED, WITHHELD, RECALLED, INK, DIM = "#0b5d9e", "#a84300", "#7b2a6b", "#1b2530", "#5c6b7a"

#: How news of an earlier step is named.
EARLIER: Mapping[Told, Text] = {
    "release": Text(nl="alsnog, stap", en="released, step"),
    "replacement": Text(nl="andere versie, stap", en="another version, step"),
    "recall": Text(nl="teruggeroepen, stap", en="recalled, step"),
    "withheld": Text(nl="nog steeds niet, stap", en="still not, step"),
    "pending": Text(nl="nog niet, stap", en="not yet, step"),
    "ground": Text(nl="andere grond, stap", en="another ground, step"),
}

View = tuple[str, str]
REGISTRATION: View = ("comensha", "REGISTRATIE")


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where everyone stands: x in pixels of each publisher, of the bus, and of each recipient's view."""

    publishers: dict[str, int]
    bus: int
    views: dict[View, int]
    names: dict[View, Text]

    @property
    def width(self) -> int:
        """The whole width."""
        return self.bus + FIRST_VIEW + RIGHT * (len(self.views) - 1) + 110


def draw(telling: Telling) -> str:
    """Return the picture."""
    lanes = _lanes(telling)
    numbers = {one.step.id: number for number, one in enumerate(telling.steps, start=1)}
    body: list[str] = []
    y = HEAD
    for number, one in enumerate(telling.steps, start=1):
        told = lines.lines(telling, one)
        rows = sum(2 if line.heard.event.step is None else 1 for line in told)
        height = FIRST + ROW * max(rows - 1, 0) + REST
        body.append(f'<rect x="0" y="{y}" width="{lanes.width}" height="{height}" class="band{number % 2}"/>')
        body += _lifelines(lanes, y, height)
        when = lines.moment(one.step.time)
        day, clock = (Text(nl=a, en=b) for a, b in zip(when.nl.split(", "), when.en.split(", "), strict=True))
        body.append(f'<text x="14" y="{y + 28}" class="number">{number}</text>')
        body += [_text(34, y + 22, day, "dim"), _text(34, y + 37, clock, "dim")]
        body += _publish(lanes, lanes.publishers[one.publisher], y + FIRST, Text(nl=one.step.type, en=one.step.type))
        body += _answers(lanes, told, y + FIRST, numbers)
        if not told:
            body.append(_text(lanes.bus + 22, y + FIRST + 5, Text(nl="gaat naar niemand", en="goes to nobody"), "dim"))
        y += height
    return (
        f'<svg viewBox="0 0 {lanes.width} {y + 8}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(telling.case.title.en)}</title>{''.join(_heads(lanes))}{''.join(body)}</svg>"
    )


def _lanes(telling: Telling) -> Lanes:
    publishers = list(dict.fromkeys(one.publisher for one in telling.steps))
    heard = [h for one in telling.steps for h in one.heard]
    views = sorted({(h.recipient, h.purpose) for h in heard}, key=_order)
    names = {(h.recipient, h.purpose): recipient(h) for h in heard}
    bus = MARGIN + LEFT * len(publishers) + GAP - 20
    return Lanes(
        {name: MARGIN + LEFT // 2 + LEFT * n for n, name in enumerate(publishers)},
        bus,
        {view: bus + FIRST_VIEW + RIGHT * n for n, view in enumerate(views)},
        names,
    )


def _order(view: View) -> tuple[bool, View]:
    return (view != REGISTRATION, view)


def _heads(lanes: Lanes) -> Iterator[str]:
    for name, x in lanes.publishers.items():
        yield from _head(x, name.split(", "), "")
    yield from _head(lanes.bus, ["ketenbus"], "bus")
    for view, x in lanes.views.items():
        for language in ("nl", "en"):
            who = lanes.names[view].said(language).partition(", ")[0]
            yield from _head(x, [who, view[1]], language)


def _head(x: int, words: Sequence[str], css: str) -> Iterator[str]:
    for n, word in enumerate(_wrapped(words)):
        yield f'<text x="{x}" y="{22 + 16 * n}" class="head {css}">{escape(word)}</text>'


def _wrapped(words: Sequence[str]) -> Iterator[str]:
    """Yield lines of some twenty letters at most."""
    for word in words:
        line = ""
        for part in word.split(" "):
            if line and len(line) + len(part) > 19:
                yield line
                line = part
            else:
                line = f"{line} {part}".strip()
        yield line


def _lifelines(lanes: Lanes, y: int, height: int) -> Iterator[str]:
    for x in (*lanes.publishers.values(), *lanes.views.values()):
        yield f'<line x1="{x}" x2="{x}" y1="{y}" y2="{y + height}" class="life"/>'
    yield f'<rect x="{lanes.bus - 9}" y="{y}" width="18" height="{height}" class="thebus"/>'


def _publish(lanes: Lanes, x: int, y: int, label: Text) -> Iterator[str]:
    yield f'<circle cx="{x}" cy="{y}" r="5" fill="{INK}"/>'
    yield _arrow(x, lanes.bus - 9, y, INK)
    yield _text(x + 10, y - 8, label, "what")


def _answers(lanes: Lanes, told: Sequence[Line], y: int, numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield one row for each line; a record of the registration first goes from CoMensha's space back to the bus."""
    for line in told:
        heard = line.heard
        x = lanes.views[heard.recipient, heard.purpose]
        if heard.event.step is None and REGISTRATION in lanes.views:
            start = lanes.views[REGISTRATION]
            yield f'<circle cx="{start}" cy="{y}" r="4" fill="{INK}"/>'
            yield _arrow(start, lanes.bus + 9, y, INK)
            yield _text(lanes.bus + 24, y - 7, Text(nl=heard.event.type, en=heard.event.type), "what")
            y += ROW
        yield from _answer(lanes.bus + 9, x, y, line, numbers.get(heard.event.step or ""))
        y += ROW


def _answer(bus: int, x: int, y: int, line: Line, step: int | None) -> Iterator[str]:
    about = EARLIER.get(line.told) if line.heard.event.step is not None else None
    nl, en = (text.partition(";")[0] for text in (line.why.nl, line.why.en))
    label = Text(nl=f"{about.nl} {step}: {nl}", en=f"{about.en} {step}: {en}") if about else Text(nl=nl, en=en)
    if line.told == "recall":
        yield f'<line x1="{x}" x2="{bus + 14}" y1="{y - 2.5}" y2="{y - 2.5}" stroke="{RECALLED}" stroke-width="1.6"/>'
        yield f'<line x1="{x}" x2="{bus + 14}" y1="{y + 2.5}" y2="{y + 2.5}" stroke="{RECALLED}" stroke-width="1.6"/>'
        yield f'<path d="M{bus + 2},{y} l15,-8 v16 z" fill="{RECALLED}"/>'
        yield _text(bus + 15, y - 10, label, "recalled")
    elif line.gets:
        yield _arrow(bus, x, y, DELIVERED)
        yield _text(bus + 15, y - 7, label, "delivered")
    else:
        end = x - 26
        yield (
            f'<line x1="{bus}" x2="{end - 8}" y1="{y}" y2="{y}" stroke="{WITHHELD}" stroke-width="2" stroke-dasharray="3 6"/>'
        )
        yield (
            f'<path d="M{end - 7},{y - 7} l14,14 m0,-14 l-14,14" stroke="{WITHHELD}" stroke-width="3" stroke-linecap="round"/>'
        )
        yield _text(bus + 15, y - 7, label, "withheld")


def _arrow(start: int, end: int, y: int, colour: str) -> str:
    back = -11 if end > start else 11
    return (
        f'<line x1="{start}" x2="{end + back // 2}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
        f'<path d="M{end},{y} l{back},-5.5 v11 z" fill="{colour}"/>'
    )


def _text(x: int, y: int, text: Text, css: str) -> str:
    if text.nl == text.en:
        return f'<text x="{x}" y="{y}" class="{css}">{escape(text.nl)}</text>'
    return (
        f'<text x="{x}" y="{y}" class="{css} nl">{escape(text.nl)}</text>'
        f'<text x="{x}" y="{y}" class="{css} en">{escape(text.en)}</text>'
    )
