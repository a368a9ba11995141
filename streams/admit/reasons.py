"""Every reason for which a record is quarantined: what it means, and who can mend it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means in plain words.

    `repair`: its publisher can send the event again, mended, under the same id. `replay`: the same bytes can become
    admissible later: the bus changes (its partners, keys or contract), or the moment comes that the event names. Neither: nobody can mend that record, because it
    is not known whose it is, or because its id is at fault or taken.
    """

    meaning: str
    repair: bool = False
    replay: bool = False


REASONS: Mapping[str, Reason] = {
    # From the outside in, as admit looks.
    "oversize": Reason("the record, or its headers, are larger than any event may be"),
    "header-not-utf8": Reason("a header's name or value is not UTF-8"),
    "double-header": Reason("a header is there twice"),
    "bus-header": Reason("a header has a name that only the bus may use"),
    "header-not-printable": Reason("a header holds something else than printable ASCII"),
    "bad-headers": Reason("a header is missing or malformed"),
    "unknown-publisher": Reason("no partner has this OIN", replay=True),
    "missing-signature": Reason("the publisher's signature is not there"),
    "bad-signature": Reason(
        "the signature is not that of this publisher over exactly these headers, key and value", replay=True
    ),
    "unknown-type": Reason("the contract has no such type", repair=True, replay=True),
    "wrong-topic": Reason("the type has another topic", repair=True),
    "no-key": Reason("the record has no key", repair=True),
    "no-value": Reason("the record has no value: a deletion, which no publisher can ask of the log", repair=True),
    "unknown-schema": Reason("the value names no schema of the contract", repair=True, replay=True),
    "beyond-limits": Reason("a length, count or number in the value is beyond what its schema allows", repair=True),
    "not-utf8": Reason("a text in the value is not UTF-8", repair=True),
    "undecodable": Reason("the value is not what its schema says", repair=True),
    "trailing-bytes": Reason("the value goes on after the event", repair=True),
    "wrong-schema": Reason("the value is an event of another type than its header says", repair=True),
    "wrong-key": Reason(
        "the record's key is not the event's subject (or its publisher, for a type without one)", repair=True
    ),
    "not-authorised": Reason("this publisher may not say this", repair=True, replay=True),
    "unknown-partner": Reason(
        "a link names the number of an organisation that is no partner", repair=True, replay=True
    ),
    "future-time": Reason(
        "the source says it recorded this later than the broker received it", repair=True, replay=True
    ),
    "future-occurred-at": Reason("it happened later than the source recorded it", repair=True),
    "foreign-key": Reason("a field was sealed with a key of another publisher or class", repair=True),
    "bsn-in-clear": Reason("a clear field or a header holds a BSN, which the bus may not read", repair=True),
    "phone-in-clear": Reason("a clear field or a header holds a phone number, which the bus may not read", repair=True),
    "unknown-code": Reason(
        "a clear field holds a code that its list does not have on that day", repair=True, replay=True
    ),
    "broken-rule": Reason("a field breaks a rule of the contract", repair=True),
    "id-reused": Reason("this id was admitted with another content; that one stands"),
}

#: Found before the signature was: who sent the record is then only what it claims.
UNVERIFIED = frozenset(
    {
        "oversize",
        "header-not-utf8",
        "double-header",
        "bus-header",
        "header-not-printable",
        "bad-headers",
        "unknown-publisher",
        "missing-signature",
        "bad-signature",
    }
)
