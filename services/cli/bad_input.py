"""`./ketenbus demo bad-input`: every way a record can be bad, each beside a good one, on a platform of its own."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import yaml

from infra.local import processes
from infra.local.platform import Platform
from infra.local.settings import ROOT
from ketenbus.connection import client_settings
from ketenbus.preparing import CLOCK_LEEWAY, Prepared, Refused
from ketenbus.settings import PartnerSettings
from services.account.account import Balance, account
from services.cli import own_folder
from services.cli.line_up import NEW_PARTNER, LineUp, Pair, Repair, Replay, as_text, changes, faults
from services.cli.progress import Progress
from services.cli.workers import STOP_SECONDS, Workers
from services.quarantine import commands, repairing, replaying, sending, standing
from services.quarantine.chains import Chain
from services.quarantine.parked import Original
from services.quarantine.raw import RawWriter
from services.quarantine.replaying import Replayed
from streams.runtime import settings as runtime
from streams.runtime.settings import ProcessorSettings, load_register
from streams.runtime.settled import Gauge, until_settled

OUT = ROOT / "out" / "bad-input"
STALLED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a bad record and of its neighbour."""

    pair: Pair
    origin: str
    reason: str | None
    neighbour_admitted: bool

    @property
    def good(self) -> bool:
        """Whether the reason is the fault's own, and the neighbour went on."""
        return self.reason == self.pair.fault.reason and self.neighbour_admitted


@dataclass(slots=True)
class Found:
    """What a run found."""

    judged: list[Judged] = field(default_factory=list)
    repaired: dict[str, str] = field(default_factory=dict)
    replayed: tuple[Replayed, ...] = ()
    again: tuple[Replayed, ...] = ()
    states: tuple[Chain, ...] = ()
    balance: Balance | None = None
    seconds: float = 0.0

    @property
    def mended(self) -> int:
        """How many bad records came in after all, by repair or by replay."""
        repaired = sum(outcome == "admitted" for outcome in self.repaired.values())
        return repaired + sum(one.outcome == "admitted" for one in self.replayed)

    @property
    def to_mend(self) -> int:
        """How many can be mended."""
        return sum(one.pair.fault.mend is not None for one in self.judged)

    @property
    def admitted_again(self) -> int:
        """How many the second replay of everything let in: none, or an event has come in twice."""
        return sum(one.outcome == "admitted" for one in self.again)

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        whole = all(one.good for one in self.judged) and self.mended == self.to_mend
        return (
            whole
            and bool(self.again)
            and self.admitted_again == 0
            and self.balance is not None
            and self.balance.difference == 0
        )

    def replay_of(self, one: Judged) -> str:
        """Return what became of a bad record that was replayed once the bus had changed."""
        held_at = next((chain.first.held_at for chain in self.states if chain.first.origin == one.origin), None)
        found = next((again for again in self.replayed if again.held_at == held_at), None)
        return "not replayed" if found is None else found.outcome + (f" {found.reason}" if found.reason else "")


class BadInput:
    """One run, in a folder of its own; nothing of it is left running."""

    def __init__(self, out: Path, progress: Progress) -> None:
        self.data = out / "platform"
        self.progress = progress
        self.platform = Platform(self.data, say=progress.say)
        self.workers = Workers(self.data)
        self.found = Found()
        self._partner = cache(lambda name: PartnerSettings.load(self.platform.partner_file(name)))

    def run(self) -> Found:
        """Run the whole, and return what was found.

        Raises ConfigurationError, and changes nothing, when the folder holds other things than an earlier run.
        """
        began = time.monotonic()
        own_folder.fresh(self.data.parent)
        self.progress.say("starting Kafka and PostgreSQL")
        with self.platform.running(), self._workers():
            asyncio.run(self._judge_all())
            asyncio.run(self._mend_all())
        self.found.seconds = time.monotonic() - began
        return self.found

    @contextmanager
    def _workers(self) -> Iterator[None]:
        self._register_partners(but=NEW_PARTNER)
        self.workers.start_all()
        try:
            yield
        finally:
            self.workers.stop_all()

    async def _judge_all(self) -> None:
        """Send every bad record, a good one directly behind it, and see what admit made of both."""
        every = faults()
        self.progress.say(f"{len(every)} bad records, a good one behind each, with the partners' own Kafka accounts")
        line_up = LineUp(self._partner, lambda: datetime.now(UTC))
        sent: list[tuple[Pair, str, str]] = []
        async with AsyncExitStack() as stack:
            writers: dict[str, RawWriter] = {}
            with self.progress.bars(("published",)) as bars:
                for fault in every:
                    pair = line_up.pair(fault)
                    for name in (fault.partner, pair.good_by):
                        if name not in writers:
                            access = client_settings(self._partner(name))
                            writers[name] = await stack.enter_async_context(RawWriter(access))
                    bad = await writers[fault.partner].write(pair.bad)
                    good = await writers[pair.good_by].write(_record(pair.good))
                    sent.append((pair, bad, good))
                    bars.move("published", len(sent), len(every))
        await self._settle()
        auditor = self._auditor()
        reasons = {one.origin: one.reason for one in await asyncio.to_thread(commands.in_quarantine, auditor)}
        admitted = await standing.admitted_from(auditor.dsn, [good for _, _, good in sent])
        self.found.judged = [Judged(pair, bad, reasons.get(bad), good in admitted) for pair, bad, good in sent]

    async def _mend_all(self) -> None:
        self.progress.say(f"{NEW_PARTNER} is put in the register of partners; admit starts again")
        admit = self.workers.find("admit")
        if admit is not None:
            processes.stop(admit, signal.SIGTERM, within_seconds=STOP_SECONDS)
        self._register_partners()
        self.workers.start("admit")
        auditor, operator = self._auditor(), runtime.load(self.platform.processor_file("replay"))
        chains = await asyncio.to_thread(commands.all_chains, auditor)
        by_origin = {chain.first.origin: chain for chain in chains}
        await self._repair_all(auditor, by_origin)
        waiting = [one for one in self.found.judged if isinstance(one.pair.fault.mend, Replay)]
        await self._clocks_passed(waiting)
        self.progress.say(f"replaying the {len(waiting)} that the bus itself, or time, has mended")
        held_at = [by_origin[one.origin].first.held_at for one in waiting if one.origin in by_origin]
        self.found.replayed = await replaying.replay(operator, auditor, held_at)
        self.progress.say("replaying everything")
        self.found.again = await replaying.replay(operator, auditor, [chain.first.held_at for chain in chains])
        await self._settle()
        self.found.states = await asyncio.to_thread(commands.all_chains, auditor)
        self.found.balance = (await account(self.platform.admin(), load_register())).balance

    async def _repair_all(self, auditor: ProcessorSettings, chains: Mapping[str, Chain]) -> None:
        """Let each partner mend its own, from what quarantine holds, under the ids they had."""
        held = await asyncio.to_thread(commands.originals, auditor)
        names: dict[str, str] = {}
        by_partner: dict[str, list[Prepared]] = {}
        for one in self.found.judged:
            fault = one.pair.fault
            if isinstance(fault.mend, Repair) and one.origin in held:
                partner = self._partner(repairing.repairer(chains[one.origin], fault.partner))
                made = _mended(held[one.origin], one.pair, fault.mend, partner)
                if isinstance(made, Refused):
                    self.found.repaired[fault.name] = "refused: " + ", ".join(map(str, made.problems))
                else:
                    names[made.id] = fault.name
                    by_partner.setdefault(partner.id, []).append(made)
        self.progress.say(f"{len(by_partner)} partners repair {len(names)} events, under the same ids")
        for partner_id, repaired in by_partner.items():
            for id, answer in (await sending.send(self._partner(partner_id), repaired)).items():
                self.found.repaired[names[id]] = answer.outcome + (f" {answer.reason}" if answer.reason else "")

    async def _clocks_passed(self, waiting: Sequence[Judged]) -> None:
        """Wait until what was said to be recorded later than now is so no more."""
        times = [
            datetime.fromisoformat(dict(one.pair.bad.headers)["ce_time"].decode()) - CLOCK_LEEWAY for one in waiting
        ]
        while (latest := max(times)) > (now := datetime.now(UTC)):
            self.progress.say(f"a clock is ahead: {(latest - now).total_seconds():.0f} s more")
            await asyncio.sleep((latest - now).total_seconds())

    async def _settle(self) -> None:
        gauge = Gauge(self.platform.admin())
        await until_settled(gauge.progress, lambda _: None, self.data / "logs", STALLED_SECONDS)

    def _register_partners(self, but: str | None = None) -> None:
        """Write the partners that admit knows: all that have an account, but perhaps one."""
        file = self.data / "partners.yaml"
        if not hasattr(self, "_rows"):
            self._rows = yaml.safe_load(file.read_text("utf-8"))["partners"]
        rows = [row for row in self._rows if row["id"] != but]
        file.write_text(yaml.safe_dump({"partners": rows}, allow_unicode=True, sort_keys=False), "utf-8")

    def _auditor(self) -> ProcessorSettings:
        return runtime.load(self.platform.processor_file("auditor"))


def _mended(held: Original, pair: Pair, mend: Repair, partner: PartnerSettings) -> Prepared | Refused:
    if mend.whole:
        return commands.mended(held, partner, event_text=as_text(pair.right))
    return commands.mended(held, partner, changes(mend, pair.right, partner))


def _record(made: Prepared) -> Original:
    return Original(made.topic, made.key, made.value, made.headers)
