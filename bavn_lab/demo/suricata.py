"""A Suricata that an actor of the demonstration has beside its node: it runs all the time and reads what it is handed.

It needs no interface and no rights: captures come over its command socket, and so do our sets, from the node, while it
runs. Refuses to know what stands in the sets, and who reads its log.
"""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bavn.actor.protect.enforcers.suricata_dataset import as_written, lay_out
from bavn.actor.protect.enforcers.suricata_rules import DATASETS
from bavn.actor.protect.sids import SID_ADDRESS, SID_FIRST, SID_LAST
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.sense.suricata.config import EVE_NAME, SOCKET_NAME, SuricataConfig, live_yaml
from bavn.actor.sense.suricata.process import SuricataProcess
from bavn.model.observable import Observable

MEMORY_MB: Final = 64
"""Shared out to its tables; with the program itself and our sets it stays below 100 MB (docs/enforcers.md)."""

_NO_INTERFACE: Final = "none"
_SELDOM_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of one of our rules. ``met``: the name in its flow, or the address, that set it off."""

    sid: int
    signature: str
    met: str


class OwnSuricata:
    """``folder`` is this Suricata's own; ``homes`` the actor's networks (CIDR). Started by ``start``."""

    def __init__(self, folder: Path, homes: Sequence[str]) -> None:
        self.folder, self.sets = folder, folder / "sets"
        self.eve, self.socket = folder / EVE_NAME, folder / SOCKET_NAME
        self._homes = tuple(homes)
        self._process: SuricataProcess | None = None

    def start(self) -> None:
        """Returns at once. Raises SourceBroken, and EnforcerDown where its folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = SuricataConfig(
            homes=self._homes,
            rule_files=(lay_out(self.sets),),
            dataset_dir=self.sets,
            memory_mb=MEMORY_MB,
            threads=1,
            stats_interval_s=_SELDOM_S,
        )
        words = [f"--unix-socket={self.socket}", "-k", "none", "--data-dir", str(self.sets), "--init-errors-fatal"]
        self._process = SuricataProcess(live_yaml(config, _NO_INTERFACE, self.folder), self.folder, words)

    def holds(self, observables: Iterable[Observable]) -> list[Observable]:
        """Those that it says are in its sets now. Raises SourceBroken when it does not answer."""
        held = []
        with closing(CommandSocket(self.socket)) as line:
            for observable in observables:
                if observable.type not in DATASETS:
                    continue
                name, form = DATASETS[observable.type]
                try:
                    line.ask("dataset-lookup", setname=name, settype=form, datavalue=as_written(observable))
                except SuricataRefused:
                    continue
                held.append(observable)
        return held

    def hand(self, capture: Path) -> None:
        """Gives it a capture to read now. Raises SourceBroken, SuricataRefused."""
        with closing(CommandSocket(self.socket)) as line:
            line.ask("pcap-file", filename=str(capture), **{"output-dir": str(self.folder)})

    def idle(self) -> bool:
        """Whether it has read all that it was handed. Raises SourceBroken."""
        with closing(CommandSocket(self.socket)) as line:
            return int(line.ask("pcap-file-number")) == 0 and line.ask("pcap-current") == "None"

    def alerts(self) -> list[Alert]:
        """Every alert of our rules so far, in the order of the log."""
        if not self.eve.exists():
            return []
        whole = self.eve.read_bytes().rpartition(b"\n")[0]
        events = [json.loads(line) for line in whole.splitlines()]
        names = {event["flow_id"]: name for event in events if (name := _name(event))}
        return [
            _alert(event, names)
            for event in events
            if event.get("event_type") == "alert" and SID_FIRST <= event["alert"]["signature_id"] <= SID_LAST
        ]

    def why_ended(self) -> str | None:
        """None while it runs."""
        if self._process is None or (status := self._process.ended()) is None:
            return None
        return f"ended with {status}: {(self._process.errors() or ['it did not say why'])[0]}"

    def memory_mb(self) -> int:
        """Resident memory; 0 when it does not run."""
        if self._process is None:
            return 0
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except OSError:
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000

    def stop(self) -> None:
        """Harmless when repeated."""
        if self._process is not None:
            self._process.stop()
            self._process = None


def _name(event: dict[str, Any]) -> str:
    """The name in an event that stands beside an alert in the same flow."""
    return str(event.get("dns", {}).get("rrname", "") or event.get("tls", {}).get("sni", ""))


def _alert(event: dict[str, Any], names: dict[int, str]) -> Alert:
    alert = event["alert"]
    sid = int(alert["signature_id"])
    by_source, by_target = SID_ADDRESS
    met = names.get(event["flow_id"], "")
    if sid in (by_source, by_target):
        met = str(event["dest_ip" if sid == by_target else "src_ip"])
    return Alert(sid, str(alert["signature"]), met)
