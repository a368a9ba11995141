"""The words of decisions, Dutch and English, for someone who knows no code. Dutch legal terms stay Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from consent.days import day_of
from consent.narrowing import Narrowed
from consent.precedence import Consent
from ketenbus.contract import contract


class Words(NamedTuple):
    """The same in Dutch and in English."""

    nl: str
    en: str

    def said(self, language: str) -> str:
        """Return it in one of the two languages."""
        return self.nl if language == "nl" else self.en


class Reason(NamedTuple):
    """Why a candidate was let through or kept back, and what would have to change for another answer."""

    why: Words
    change: Words


#: Every reason the engine can give.
REASONS: Mapping[str, Reason] = {
    "legal-task": Reason(
        Words("Dit valt onder een eigen wettelijke taak. Toestemming is hiervoor niet nodig en wordt niet gevraagd.",
              "This falls under a legal task of its own. Consent is not needed for it and is not asked."),
        Words("Alleen een ander register, of het terugnemen of verbeteren van de gebeurtenis, maakt dit anders.",
              "Only another register, or taking back or correcting the event, makes this different."),
    ),
    "safety": Reason(
        Words("De veiligheid is in het geding en een functionaris heeft die grond vastgelegd. Daarom mag dit zonder toestemming, "
              "en alleen met de gegevens die voor de plaatsing nodig zijn.",
              "Safety is at stake and an officer recorded that ground. So this is allowed without consent, "
              "and only with the data that the placement needs."),
        Words("Zonder vastgelegde veiligheidsgrond zou dit niet worden gedeeld.",
              "Without a recorded safety ground this would not be shared."),
    ),
    Consent.GIVEN: Reason(
        Words("Wie daarover beslist heeft hiervoor toestemming gegeven, uitdrukkelijk en los van andere vragen.",
              "Who decides on it gave consent for this, explicitly and apart from other questions."),
        Words("Wordt de toestemming ingetrokken of alsnog geweigerd, dan vervalt deze grond.",
              "If the consent is withdrawn, or refused after all, this ground ends."),
    ),
    Narrowed.value: Reason(
        Words("Wie daarover beslist heeft hiervoor toestemming gegeven, maar niet voor alle soorten gegevens. "
              "Wat niet mag, is weggelaten.",
              "Who decides on it gave consent for this, but not for every kind of data. What may not go is left out."),
        Words("Met toestemming voor de andere soorten gegevens gaan die ook mee.",
              "With consent for the other kinds of data those go as well."),
    ),
    Consent.QUARANTINED: Reason(
        Words("Er kwam een bericht over toestemming of voogdij dat niet goed te lezen was. Zolang dat in quarantaine staat, "
              "wacht alles wat op toestemming rust.",
              "A message about consent or guardianship came that could not be read well. While it is in quarantine, "
              "everything that rests on consent waits."),
        Words("De melder moet dat bericht herstellen; daarna wordt opnieuw beslist.",
              "Its publisher must repair that message; then it is decided again."),
    ),
    Consent.CONFLICT: Reason(
        Words("Twee personen die allebei mogen beslissen, spreken elkaar tegen. Dan is het antwoord nee, tot een mens beslist.",
              "Two persons who may both decide disagree. Then the answer is no, until a human decides."),
        Words("Zij moeten het eens worden, of een van beiden neemt zijn woord terug.",
              "They must come to agree, or one of them takes the word back."),
    ),
    Consent.REFUSED: Reason(
        Words("Toestemming is geweigerd.", "Consent was refused."),
        Words("Wie weigerde zou later alsnog uitdrukkelijk toestemming moeten geven.",
              "Who refused would have to give explicit consent at a later time after all."),
    ),
    Consent.WITHDRAWN: Reason(
        Words("De toestemming is ingetrokken.", "The consent was withdrawn."),
        Words("Er zou een nieuwe, uitdrukkelijke toestemming moeten komen.", "A new, explicit consent would have to come."),
    ),
    Consent.EXPIRED: Reason(
        Words("De toestemming gold tot een bepaalde dag, en die dag is gekomen.",
              "The consent held until a certain day, and that day has come."),
        Words("Er zou een nieuwe, uitdrukkelijke toestemming moeten komen.", "A new, explicit consent would have to come."),
    ),
    Consent.NOT_BEGUN: Reason(
        Words("De toestemming geldt pas vanaf een bepaalde dag, en die dag is nog niet gekomen.",
              "The consent counts from a certain day only, and that day has not come yet."),
        Words("Vanaf die dag telt de toestemming; dan wordt opnieuw beslist.",
              "From that day the consent counts; then it is decided again."),
    ),
    Consent.NOT_EXPLICIT: Reason(
        Words("De toestemming was niet uitdrukkelijk, of gekoppeld aan een andere vraag. Dat telt niet.",
              "The consent was not explicit, or tied to another question. That does not count."),
        Words("Toestemming zou uitdrukkelijk en los van andere vragen moeten worden gegeven.",
              "Consent would have to be given explicitly and apart from other questions."),
    ),
    Consent.NO_AUTHORITY: Reason(
        Words("Wie instemde, mocht dat niet: voor een minderjarige beslist een ouder of voogd, voor een volwassene alleen de "
              "betrokkene zelf.",
              "Who agreed had no authority: for a minor a parent or guardian decides, for an adult the person alone."),
        Words("Iemand die wel mag beslissen zou toestemming moeten geven, of van de voogd zou de benoeming moeten worden gemeld.",
              "Someone who may decide would have to give consent, or the guardian's appointment be recorded."),
    ),
    Consent.UNOBTAINABLE: Reason(
        Words("Toestemming kon niet worden gevraagd, bijvoorbeeld omdat er geen contact meer is. Onbekend is nee.",
              "Consent could not be asked, for instance because contact is lost. Unknown is no."),
        Words("Toestemming zou alsnog moeten worden gevraagd en gegeven.", "Consent would have to be asked and given after all."),
    ),
    Consent.NONE: Reason(
        Words("Er is geen toestemming bekend. Onbekend is nee.", "No consent is known. Unknown is no."),
        Words("Er zou uitdrukkelijke toestemming moeten komen, voor dit doel en deze ontvanger.",
              "Explicit consent would have to come, for this purpose and this recipient."),
    ),
    "no-activity": Reason(
        Words("Het register van verwerkingen noemt dit soort melder hier niet. Wat er niet in staat, wordt niet gedeeld.",
              "The register of processing activities does not name this kind of publisher here. What is not in it is not shared."),
        Words("Het register zou een verwerking moeten noemen, met een artikel en een bron. Toestemming alleen is niet genoeg.",
              "The register would have to name an activity, with an article and a source. Consent alone is not enough."),
    ),
    "superseded": Reason(
        Words("De melder heeft deze gebeurtenis later verbeterd. Alleen de laatste versie geldt.",
              "Its publisher corrected this event later. Only the latest version stands."),
        Words("Zou de verbetering worden teruggenomen, dan geldt deze versie weer.",
              "If the correction were taken back, this version would stand again."),
    ),
    "retracted": Reason(
        Words("De melder heeft deze gebeurtenis teruggenomen.", "Its publisher took this event back."),
        Words("Zou het terugnemen zelf worden teruggenomen, dan geldt de gebeurtenis weer.",
              "If the taking back were itself taken back, the event would stand again."),
    ),
}  # fmt: skip

#: Every event type, as a thing that someone gets or does not get.
TYPES: Mapping[str, Words] = {
    "signal-raised": Words("een signaal van mogelijke mensenhandel", "a sign of possible trafficking"),
    "signal-forwarded": Words("het doorsturen van een signaal", "the forwarding of a sign"),
    "signal-dismissed": Words("het bericht dat een signaal niet is opgepakt", "the word that a sign was not taken up"),
    "victim-reported": Words("de melding van een mogelijk slachtoffer", "the report of a possible victim"),
    "report-withheld": Words("de telling van een niet gedane melding", "the count of a report that was not made"),
    "feedback-given": Words("een terugkoppeling aan een melder", "feedback to a reporter"),
    "information-requested": Words("een vraag om aanvulling", "a request for completion"),
    "victim-out-of-sight": Words("het bericht dat iemand uit beeld is", "the word that someone is out of sight"),
    "anonymous-contact-counted": Words("een telling van anonieme contacten", "a count of anonymous contacts"),
    "inspection-performed": Words("de telling van een controle", "the count of an inspection"),
    "consent-requested": Words("de vraag om toestemming", "the request for consent"),
    "consent-given": Words("een toestemming", "a consent"),
    "consent-refused": Words("een weigering van toestemming", "a refusal of consent"),
    "consent-withdrawn": Words("een intrekking van toestemming", "a withdrawal of consent"),
    "consent-unobtainable": Words("het bericht dat toestemming niet te vragen was", "the word that consent could not be asked"),
    "guardian-appointed": Words("de benoeming van een voogd", "the appointment of a guardian"),
    "guardian-ended": Words("het einde van een voogdij", "the end of a guardianship"),
    "identity-linked": Words("een koppeling van twee cliëntnummers", "a link of two client numbers"),
    "identity-unlinked": Words("het opheffen van een koppeling", "the undoing of a link"),
    "event-retracted": Words("het terugnemen van een gebeurtenis", "the taking back of an event"),
    "registration-recorded": Words("een dossier van de landelijke registratie", "a record of the national registration"),
    "registration-corrected": Words("een verbeterd dossier van de landelijke registratie", "a corrected record of the national registration"),
    "registration-ended": Words("het vervallen van een dossier van de landelijke registratie", "the end of a record of the national registration"),
    "tables-delivered": Words("een tabel met aantallen", "a table of counts"),
    "bedenktijd-offered": Words("een aanbod van bedenktijd", "an offer of bedenktijd"),
    "aangifte-filed": Words("een aangifte", "an aangifte"),
    "B8-granted": Words("een verleende verblijfsvergunning", "a residence permit that was granted"),
    "seponeerd": Words("een sepot", "a sepot"),
    "placement-moved": Words("een overplaatsing in de opvang", "a move within shelter"),
    "emergency-access-used": Words("een gebruik van noodtoegang", "a use of emergency access"),
    "emergency-access-reviewed": Words("een beoordeling van noodtoegang", "a review of emergency access"),
    "consent-begun": Words("het ingaan van een toestemming", "the beginning of a consent's period"),
    "consent-expired": Words("het verlopen van een toestemming", "the end of a consent's period"),
    "fact-quarantined": Words("het bericht dat iets in quarantaine staat", "the word that something is in quarantine"),
    "recall-confirmed": Words("de bevestiging van een terugroeping", "the confirmation of a recall"),
}  # fmt: skip

#: What the parts of a mask let through.
CLASSES: Mapping[str, Words] = {
    "neutral": Words("gegevens die niet zeggen wie het is", "data that do not say who it is"),
    "neutral-generalised": Words("gegevens die niet zeggen wie het is, van elke dag alleen de maand", "data that do not say who it is, of each day the month only"),
    "quasi": Words("geslacht, nationaliteit, leeftijd, regio", "sex, nationality, age, region"),
    "quasi-generalised": Words("Nederlands of niet, en de leeftijdscategorie", "Dutch or not, and the age category"),
    "identity": Words("wie het is", "who it is"),
    "contact": Words("hoe iemand te bereiken is", "how to reach someone"),
    "special": Words("bijzondere gegevens (AVG art. 9)", "special data (GDPR art. 9)"),
    "criminal": Words("strafrechtelijke gegevens (AVG art. 10)", "criminal data (GDPR art. 10)"),
    "location": Words("een plaats", "a place"),
    "narrative": Words("vrije tekst", "free text"),
}  # fmt: skip

STATUSES: Mapping[str, Words] = {
    "confirmed": Words("de bron zegt dit", "the source says this"),
    "inferred": Words("onze lezing van de bron, nog te toetsen door een jurist", "our reading of the source, still to be checked by a lawyer"),
    "open": Words("geen bron zegt dit; het is een open vraag", "no source says this; it is an open question"),
}  # fmt: skip

_MONTHS = (
    Words("januari", "January"), Words("februari", "February"), Words("maart", "March"), Words("april", "April"),
    Words("mei", "May"), Words("juni", "June"), Words("juli", "July"), Words("augustus", "August"),
    Words("september", "September"), Words("oktober", "October"), Words("november", "November"), Words("december", "December"),
)  # fmt: skip


def code(codelist: str, name: str) -> Words:
    """Return the words of a code of the contract; raises KeyError where the list does not know it."""
    found = contract().codelists[codelist].codes[name]
    return Words(found.nl, found.en)


def inside(words: Words) -> Words:
    """Return the words as they read in the middle of a sentence."""
    return Words(*(w if w[:2].isupper() else f"{w[0].lower()}{w[1:]}" for w in words))


def when(at: datetime | None, precision: str) -> Words:
    """Return a moment as precisely as it is known, by the calendar of the Netherlands.

    >>> from datetime import UTC
    >>> when(datetime(2020, 5, 3, 22, tzinfo=UTC), "DAY").nl
    'op 4 mei 2020'
    """
    if at is None:
        return Words("op een onbekend moment", "at an unknown moment")
    day = day_of(at)
    month = _MONTHS[day.month - 1]
    match precision:
        case "YEAR":
            return Words(f"in {day.year}", f"in {day.year}")
        case "MONTH":
            return Words(f"in {month.nl} {day.year}", f"in {month.en} {day.year}")
        case _:
            return Words(f"op {day.day} {month.nl} {day.year}", f"on {day.day} {month.en} {day.year}")
