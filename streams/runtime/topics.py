"""Every topic of the bus: partitions, who writes and who reads, from the contract and the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from consent.activities import view_topic
from ketenbus.contract import contract
from ketenbus.events import RecallConfirmed
from streams.runtime.records import MOST_GROWTH
from streams.runtime.settings import load_register

KETENLOG = "ketenlog"
KETENLOG_PARTITIONS = 12
QUARANTINE = "quarantine"
REPEATED = "repeated"
#: What time it is, for whoever reads no clock: a record says that the broker's clock stands where it was appended.
DAYS = "days"
RECEIPTS = "receipts"

#: What a type topic takes: more than admit lets in (`LARGEST_EVENT_BYTES`), so that what is too large is quarantined
#: under a reason; and quarantine takes whatever a type topic took, its headers packed.
TYPE_BYTES = 1_310_720
QUARANTINE_BYTES = (MOST_GROWTH + 1) * TYPE_BYTES

#: Which processor folds a zone's view on this platform; every other view is read by its recipient only.
FOLDED_BY = {("comensha", "REGISTRATIE"): "registration", ("rapporteur", "MONITORING"): "monitoring"}

#: Which kinds of partner stand behind a recipient of the register.
RECIPIENT_KINDS: Mapping[str, tuple[str, ...]] = {
    code.code: tuple(code.more["publisher_kinds"]) for code in contract().codelists["recipient"].codes.values()
}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: its partitions and the Kafka users that may read and write it."""

    name: str
    partitions: int
    readers: tuple[str, ...]
    writers: tuple[str, ...]
    largest_bytes: int = 2 * TYPE_BYTES


def acknowledgements(partner: str) -> str:
    """Return the topic on which a partner learns what became of its events."""
    return f"acknowledgements.{partner}"


def type_topics() -> tuple[str, ...]:
    """Return the topic of every type a partner may publish, sorted."""
    return tuple(sorted(t.name for t in contract().types.values() if t.publishers))


def _folders(name: str, records: Sequence[str]) -> tuple[str, ...]:
    """Return the processors that publish a type for the partner whose view they fold."""
    if name == RecallConfirmed.TYPE:
        return tuple(sorted(FOLDED_BY.values()))
    return ("registration",) if name in records else ()


def layout(partners: Path = Path(__file__).parents[2] / "infra/local/partners.yaml") -> tuple[TopicSpec, ...]:
    """Return every topic, for the partners in that registry."""
    kinds: Mapping[str, str] = {p["id"]: p["kind"] for p in yaml.safe_load(partners.read_text("utf-8"))["partners"]}

    def of(*wanted: str) -> tuple[str, ...]:
        return tuple(sorted(partner for partner, kind in kinds.items() if kind in wanted))

    records = ("registration-recorded", "registration-corrected", "registration-ended")
    specs = [
        TopicSpec(
            name,
            1,
            ("admit", "auditor", *(("registration",) if name in records else ())),
            # `replay` puts quarantined records on their topic again, as they were signed (docs/decisions/011).
            (*of(*contract().types[name].publishers), *_folders(name, records), "replay"),
            TYPE_BYTES,
        )
        for name in type_topics()
    ]
    specs += [
        # Its writer reads the log after a restore, to take back which ids it admitted (docs/decisions/014).
        # `register` announces a release of the register by a control record in every partition (docs/decisions/020).
        TopicSpec(KETENLOG, KETENLOG_PARTITIONS, ("disclose", "auditor", "admit"), ("admit", "register")),
        TopicSpec(QUARANTINE, 1, ("auditor", "replay"), ("admit",), QUARANTINE_BYTES),
        TopicSpec(REPEATED, 1, ("auditor",), ("admit",)),
        TopicSpec(RECEIPTS, 1, ("auditor",), ("disclose",)),
    ]
    specs.append(TopicSpec(DAYS, 1, ("admit", "auditor"), ("admit",)))
    specs += [TopicSpec(acknowledgements(partner), 1, (partner,), ("admit",)) for partner in sorted(kinds)]
    for recipient, purpose in load_register().views():
        folder = FOLDED_BY.get((recipient, purpose))
        readers = (*of(*RECIPIENT_KINDS[recipient]), *((folder,) if folder else ()), "auditor", "disclose")
        specs.append(TopicSpec(view_topic(recipient, purpose), 1, readers, ("disclose",)))
    return tuple(specs)
