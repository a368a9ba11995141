"""Stacked bars as inline SVG: small, static, in two languages, and readable without colour. Pure.

Every bar has a title that says what it is and how many; colours are the palette of Okabe and Ito, by class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH = 430
LABEL_FITS = 13.0


class Text(NamedTuple):
    """What is said, in Dutch and in English."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a stacked bar: how many, in which colour, of what; `wanted` only where that is another number."""

    value: float
    colour: int
    name: Text
    wanted: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One stacked bar and what stands beside it."""

    name: Text
    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """How many all parts are together."""
        return sum(part.value for part in self.parts)


def same(text: str) -> Text:
    """Return what is said alike in both languages."""
    return Text(text, text)


def number(value: float) -> Text:
    """Return a number as each language writes it.

    >>> number(1334)
    Text(nl='1.334', en='1,334')
    >>> number(0.5)
    Text(nl='0,5', en='0.5')
    """
    english = f"{value:,}"
    return Text(english.translate(str.maketrans(",.", ".,")), english)


def html(text: Text) -> str:
    """Return the text as HTML that shows one language at a time."""
    if text.nl == text.en:
        return escape(text.en)
    return f'<span class="nl" lang="nl">{escape(text.nl)}</span><span class="en" lang="en">{escape(text.en)}</span>'


def legend(entries: Sequence[tuple[int, Text]]) -> str:
    """Return which colour is what."""
    items = "".join(f'<li><i class="c{colour}" aria-hidden="true"></i>{html(name)}</li>' for colour, name in entries)
    return f'<ul class="legend">{items}</ul>'


def columns(
    title: Text, bars: Sequence[Bar], *, height: int = 250, most: float | None = None, width: int = WIDTH
) -> str:
    """Return upright stacked bars over an axis from zero; `most` lets several charts share their axis."""
    left, top, bottom = (30, 16, 22) if width == WIDTH else (4, 16, 18)
    ticks = _ticks(most or max((bar.total for bar in bars), default=1))
    step, scale = (width - left - 4) / max(len(bars), 1), (height - top - bottom) / ticks[-1]
    drawn = []
    if width == WIDTH:
        for tick in ticks:
            y = height - bottom - tick * scale
            drawn.append(f'<line class="grid" x1="{left}" x2="{width - 4}" y1="{y:.1f}" y2="{y:.1f}"/>')
            drawn.append(_text(number(tick), left - 5, y + 3.5, "end tick"))
    for at, bar in enumerate(bars):
        x, wide, y = left + step * (at + 0.14), step * 0.72, float(height - bottom)
        for part in bar.parts:
            high = part.value * scale
            y -= high
            drawn.append(_rect(part, bar, x, y, wide, high))
            if high >= LABEL_FITS and len(bar.parts) > 1 and wide > len(str(part.value)) * 6:
                drawn.append(_text(number(part.value), x + wide / 2, y + high / 2 + 3.5, f"mid on{part.colour}"))
        drawn.append(_text(number(bar.total), x + wide / 2, y - 4, "mid total"))
        drawn.append(_text(bar.name, x + wide / 2, height - 5, "mid"))
    drawn.append(_line(left, height - bottom, width - 4, height - bottom))
    return _svg(title, width, height, drawn)


def rows(title: Text, bars: Sequence[Bar], *, share: bool = False, room: int = 132) -> str:
    """Return lying stacked bars, one under the other; with `share` each is as long as the others."""
    most = max((bar.total for bar in bars), default=1) or 1
    high, gap, end = 22, 12, 46
    drawn = []
    for at, bar in enumerate(bars):
        x, y = float(room), at * (high + gap) + 4.0
        scale = (WIDTH - room - end) / ((bar.total or 1) if share else most)
        drawn.append(_text(bar.name, room - 7, y + 15, "end"))
        for part in bar.parts:
            wide = part.value * scale
            drawn.append(_rect(part, bar, x, y, wide, high))
            said = number(part.value)
            if len(bar.parts) > 1 and wide > 8 + 6.5 * len(said.nl):
                drawn.append(_text(said, x + wide / 2, y + 15, f"mid on{part.colour}"))
            x += wide
        drawn.append(_text(number(bar.total), x + 5, y + 15, "total"))
    drawn.append(_line(room, 0, room, len(bars) * (high + gap)))
    return _svg(title, WIDTH, len(bars) * (high + gap) + 4, drawn)


def _ticks(most: float) -> list[int]:
    """Return round numbers from zero to at least `most`.

    >>> _ticks(1372)
    [0, 500, 1000, 1500]
    """
    power = 10 ** max(0, floor(log10(max(most, 1))))
    step = next(int(power * part) for part in (0.25, 0.5, 1, 2, 2.5) if power * part >= max(most / 4, 1))
    return [step * at for at in range(ceil(max(most, 1) / step) + 1)]


def _rect(part: Part, bar: Bar, x: float, y: float, wide: float, high: float) -> str:
    if wide <= 0 or high <= 0:
        return ""
    counted = number(part.value)
    said = Text(*(f"{b}, {p}: {n}" if p else f"{b}: {n}" for b, p, n in zip(bar.name, part.name, counted, strict=True)))
    differs = ""
    if part.wanted is not None:
        published = number(part.wanted)
        said = Text(f"{said.nl} (gepubliceerd {published.nl})", f"{said.en} (published {published.en})")
        differs = " differs"
    return (
        f'<rect class="c{part.colour}{differs}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}">'
        f"{_title(said)}</rect>"
    )


def _title(text: Text) -> str:
    return f'<title data-nl="{escape(text.nl)}" data-en="{escape(text.en)}">{escape(text.nl)}</title>'


def _text(text: Text, x: float, y: float, kind: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}"'
    if text.nl == text.en:
        return f'<text {place} class="{kind}">{escape(text.en)}</text>'
    return "".join(
        f'<text {place} class="{kind} {language}">{escape(said)}</text>'
        for language, said in zip(("nl", "en"), text, strict=True)
    )


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line class="axis" x1="{x}" x2="{to_x}" y1="{y}" y2="{to_y}"/>'


def _svg(title: Text, width: int, height: int, drawn: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" style="max-width:{round(width * 1.35)}px" '
        f'data-nl="{escape(title.nl)}" data-en="{escape(title.en)}" aria-label="{escape(title.nl)}">{"".join(drawn)}</svg>'
    )
