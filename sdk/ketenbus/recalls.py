"""Confirming a recall: what a recipient says once it has stopped using what was recalled (AVG art. 19). Pure."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from ketenbus.events import RecallConfirmed
from ketenbus.preparing import Outgoing
from ketenbus.view import Received


def confirmation(received: Received, recipient: str, purpose: str) -> Outgoing:
    """Return the confirmation of a recall in the view of `recipient` and `purpose`, ready to publish.

    Raises ValueError on a message that recalls nothing.

    Law: it is a function of the recall alone, id and time included, so confirming twice is confirming once. It holds no
    clock for that reason: a confirmation counts from when the log received it. Its subject is drawn from the view's own
    name of the person, so that confirmations about one person have one order, and their facts stay few; it is no number
    by which the recipient or anyone else knows a person.
    """
    if not received.is_recall:
        raise ValueError(f"{received.id}, change {received.change}, is a {received.kind}: only a recall is confirmed")
    view = f"recall/{recipient}/{purpose}"
    event = RecallConfirmed(
        subject=str(uuid5(NAMESPACE_URL, f"{view}/{received.subject}")),
        occurred_at=None,
        occurred_precision="UNKNOWN",
        recipient=recipient,
        purpose=purpose,
        recalled=received.id,
        change=received.change,
    )
    id = str(uuid5(NAMESPACE_URL, f"{view}/{received.id}/{received.change}"))
    return Outgoing(event, id=id, time=received.envelope.time)
