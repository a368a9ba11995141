"""What the contract's own words mean, Dutch and English: groups, field classes, grounds, kinds of value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from consent.activities import ConsentNeed
from ketenbus.contract import Field, contract


class Words(NamedTuple):
    """The same in Dutch and in English."""

    nl: str
    en: str


GROUPS: Mapping[str, Words] = {
    "signal": Words("Signaal en melding", "Signal and report"),
    "consent": Words("Toestemming en voogdij", "Consent and guardianship"),
    "reflection": Words("Bedenktijd", "Bedenktijd"),
    "criminal": Words("Opsporing en vervolging", "Investigation and prosecution"),
    "residence": Words("Verblijf", "Residence"),
    "return": Words("Terugkeer", "Return"),
    "shelter": Words("Opvang", "Shelter"),
    "help": Words("Hulp", "Help"),
    "registration": Words("Landelijke registratie", "National registration"),
    "identity": Words("Wie is wie", "Who is who"),
    "correction": Words("Terugnemen", "Taking back"),
    "bus": Words("De bus zelf", "The bus itself"),
}

#: Field classes (architecture, section 4).
CLASSES: Mapping[str, Words] = {
    "neutral": Words("zegt niets over wie", "says nothing of who"),
    "quasi": Words("geslacht, nationaliteit, leeftijd, regio", "sex, nationality, age, region"),
    "identity": Words("wie het is; verzegeld", "who it is; sealed"),
    "contact": Words("hoe te bereiken; verzegeld", "how to reach; sealed"),
    "special": Words("bijzonder (AVG art. 9); verzegeld", "special (AVG art. 9); sealed"),
    "criminal": Words("strafrechtelijk (AVG art. 10); verzegeld", "criminal (AVG art. 10); sealed"),
    "location": Words("plaats; verzegeld", "place; sealed"),
    "narrative": Words("vrije tekst; verzegeld", "free text; sealed"),
}

NEEDS: Mapping[ConsentNeed, Words] = {
    "none": Words("geen toestemming nodig", "no consent needed"),
    "required": Words("alleen met toestemming", "with consent only"),
    "required-or-safety": Words(
        "met toestemming, of op een vastgelegde veiligheidsgrond", "with consent, or on a recorded safety ground"
    ),
}

KEYS: Mapping[str, Words] = {
    "person": Words("cliëntnummer van de melder", "the publisher's client number"),
    "record": Words("dossiernummer van de registratie", "the registration's record number"),
    "publisher": Words("OIN van de melder: gaat niet over een persoon", "the publisher's OIN: not about a person"),
}

STATUSES: Mapping[str, Words] = {
    "confirmed": Words("staat in de bron", "the source says it"),
    "inferred": Words("onze lezing, te toetsen", "our reading, to be checked"),
    "open": Words("open: geen bron zegt het", "open: no source says it"),
}

KINDS: Mapping[str, Words] = {
    "string": Words("tekst", "text"),
    "int": Words("geheel getal", "whole number"),
    "long": Words("geheel getal", "whole number"),
    "boolean": Words("ja of nee", "yes or no"),
    "date": Words("datum", "date"),
    "timestamp": Words("tijdstip, microseconden, UTC", "instant, microseconds, UTC"),
    "array": Words("lijst", "list"),
    "sealed": Words("verzegeld", "sealed"),
}

SEALS: Mapping[str, Words] = {
    "string": Words("tekst", "text"),
    "date": Words("datum", "date"),
    "codes": Words("codes", "codes"),
}


def kind_of(field: Field) -> Words:
    """Return what a field holds, in words."""
    if field.seals is not None:
        inside = SEALS[field.seals]
        return Words(f"verzegeld: {inside.nl}", f"sealed: {inside.en}")
    if field.codelist is not None:
        return Words("code", "code")
    return KINDS[field.kind]


def code(codelist: str, name: str) -> Words:
    """Return the words of a code, or the code itself where its list does not know it."""
    found = contract().codelists[codelist].codes.get(name)
    return Words(found.nl, found.en) if found is not None else Words(name, name)
