"""A certificate in plain sentences, Dutch or English, for the person it is about and who helps her or him. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from consent.days import NETHERLANDS
from consent.wording import CLASSES, REASONS, TYPES, Words, code, inside
from services.recall.certificate import TOO_WIDE, Certificate, Delivery, Held, Told

_TOO_WIDE = Words("Er ging meer mee dan de grond toeliet.", "More travelled than the ground allowed.")
_KINDS: Mapping[str, Words] = {
    "delivery": Words("Kreeg het", "Got it"),
    "release": Words("Kreeg het alsnog", "Got it after all"),
    "replacement": Words("Kreeg een andere versie", "Got another version"),
}
_BASES: Mapping[str, Words] = {
    "lawful-then": Words("Rechtmatig op dat moment, naar wat nu bekend is.", "Lawful at that moment, by what is known now."),
    "unlawful-then": Words("ONRECHTMATIG op dat moment, naar wat nu bekend is.", "UNLAWFUL at that moment, by what is known now."),
}  # fmt: skip


def lines(found: Certificate, language: str) -> Iterator[str]:
    """Yield the certificate line by line."""
    for words in _lines(found):
        yield words.said(language)


def _lines(found: Certificate) -> Iterator[Words]:
    at = _at(found.asked_at)
    yield Words(
        f"Certificaat over cliëntnummer {found.subject} (zoals de bus het noemt), gevraagd op {at}.",
        f"Certificate about client number {found.subject} (as the bus names it), asked on {at}.",
    )
    deliveries = sum(len(held.deliveries) for held in found.held)
    yield Words(
        f"Gebeurtenissen: {found.events}. Leveringen: {deliveries}; rechtmatig op dat moment {found.count('lawful-then')}, "
        f"onrechtmatig {found.count('unlawful-then')}. Nog te staken of te bevestigen: {found.due}.",
        f"Events: {found.events}. Deliveries: {deliveries}; lawful at that moment {found.count('lawful-then')}, "
        f"unlawful {found.count('unlawful-then')}. Still to be stopped or confirmed: {found.due}.",
    )
    for held in found.held:
        yield Words("", "")
        yield from _held(held)
    yield Words("", "")
    yield Words(
        f"Rust op {found.facts} feiten van het log tot en met {found.upto} en op beslissing {found.decision}.",
        f"Rests on {found.facts} facts of the log up to {found.upto} and on decision {found.decision}.",
    )
    yield Words(f"SHA-256 {found.checksum}", f"SHA-256 {found.checksum}")


def _held(held: Held) -> Iterator[Words]:
    who, what, thing = code("recipient", held.recipient), inside(code("purpose", held.purpose)), TYPES[held.type]
    yield Words(
        f"{who.nl}, voor {what.nl}: {thing.nl} ({held.event}).", f"{who.en}, for {what.en}: {thing.en} ({held.event})."
    )
    for one in held.deliveries:
        yield from _delivery(one)
    for at in held.recalls:
        yield Words(f"  {_at(at)}  Kreeg opdracht het gebruik te staken.", f"  {_at(at)}  Was told to stop using it.")
    for told in held.told:
        yield _told(told)
    if held.stands:
        yield Words("  Mag het nu hebben.", "  May have it now.")
        return
    for reason in held.reasons:
        why = _why(reason)
        yield Words(f"  Mag het nu niet meer hebben. {why.nl}", f"  May have it no more. {why.en}")
    if held.due:
        yield (
            Words("  TERUGROEPING NODIG: nog niet iedereen heeft bevestigd.", "  RECALL DUE: not everyone has confirmed yet.")
            if held.told
            else Words("  TERUGROEPING NODIG: deze verwerking roept niet terug.", "  RECALL DUE: this activity recalls nothing.")
        )  # fmt: skip


def _delivery(one: Delivery) -> Iterator[Words]:
    kind = _KINDS[one.kind]
    yield Words(
        f"  {_at(one.at)}  {kind.nl}: {'; '.join(CLASSES[c].nl for c in one.mask)} (masker {'+'.join(one.mask)}).",
        f"  {_at(one.at)}  {kind.en}: {'; '.join(CLASSES[c].en for c in one.mask)} (mask {'+'.join(one.mask)}).",
    )
    if one.generalised:
        names = ", ".join(one.generalised)
        yield Words(f"    Algemeen gemaakt: {names}.", f"    Made general: {names}.")
    if one.left_out:
        names = ", ".join(one.left_out)
        yield Words(f"    Weggelaten: {names}.", f"    Left out: {names}.")
    yield Words(
        f"    Verwerking {one.activity}; grondslag: {one.ground_nl or 'onbekend'}.",
        f"    Activity {one.activity}; legal ground: {one.ground_en or 'unknown'}.",
    )
    basis = _BASES[one.basis]
    for reason in one.reasons:
        why = _why(reason)
        yield Words(f"    {basis.nl} {why.nl}", f"    {basis.en} {why.en}")


def _told(told: Told) -> Words:
    if told.confirmed_at is not None:
        at = _at(told.confirmed_at)
        return Words(f"    {told.organisation}: gestaakt, bevestigd op {at}.", f"    {told.organisation}: stopped, confirmed on {at}.")  # fmt: skip
    if told.state == "late":
        since = (
            Words(f" (kon tot en met {told.until})", f" (was in time until {told.until})")
            if told.until
            else Words("", "")
        )
        return Words(f"    {told.organisation}: TE LAAT, niet bevestigd{since.nl}.", f"    {told.organisation}: LATE, not confirmed{since.en}.")  # fmt: skip
    return Words(
        f"    {told.organisation}: nog niet bevestigd; op tijd tot en met {told.until}.",
        f"    {told.organisation}: not confirmed yet; in time until {told.until}.",
    )


def _why(reason: str) -> Words:
    return _TOO_WIDE if reason == TOO_WIDE else REASONS[reason].why


def _at(at: datetime) -> str:
    return at.astimezone(NETHERLANDS).strftime("%Y-%m-%d %H:%M:%S")
