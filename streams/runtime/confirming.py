"""How a zone that folds its view tells the bus that a recall is done: in the transaction that stops using the event."""

from __future__ import annotations

from collections.abc import Iterable

from ketenbus.errors import CorruptLogError
from ketenbus.keyring import PublisherKeys
from ketenbus.preparing import Refused, prepare_many
from ketenbus.recalls import confirmation
from ketenbus.settings import PartnerSettings
from ketenbus.view import Received
from streams.runtime.records import Record, ToSend


class Confirming:
    """Confirms the recalls of one view, in the name of the partner whose zone folds it."""

    def __init__(self, partner: PartnerSettings, recipient: str, purpose: str) -> None:
        self._partner = partner
        self._view = (recipient, purpose)
        self._keys = PublisherKeys(partner.keyring, partner.oin)

    def confirm(self, record: Record, received: Iterable[Received]) -> list[ToSend]:
        """Return a confirmation of each recall among these messages, as following from `record`.

        Sent again after a restore it is a repeat: it says nothing that the recall did not say.
        """
        recalls = [confirmation(one, *self._view) for one in received if one.is_recall]
        out = []
        for prepared in prepare_many(recalls, self._partner, self._keys):
            if isinstance(prepared, Refused):
                raise CorruptLogError(
                    f"confirmation {prepared.id}: breaks the contract: {', '.join(map(str, prepared.problems))}"
                )
            out.append(ToSend(record, prepared.topic, prepared.key, prepared.value, prepared.headers))
        return out
