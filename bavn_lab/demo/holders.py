"""The demonstration's key holders: set up, let in with each other, one killed while the sector goes on.

Each is a process with an authority, members and a book of its own, as three organisations would run them. Days run by
the real clock here, so the keys of today and the days after are made before the first round is opened. Refuses to know
what is asked of them.
"""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bavn.app.config.load import KEYHOLDER_KEYS, KeyHolderFile, read_keyholder
from bavn.app.keyholder import parts
from bavn.app.keyholder.circle import peer_folder
from bavn.app.keyholder.status import days_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemDice
from bavn.keyholder.holder import Use, uses
from bavn.model.sector.member import holder_name, holder_number
from bavn.psi.commons_terms import TIER as COMMONS
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

N: Final = 3
K: Final = 2
TIERS: Final = ("A", "B", COMMONS)
SLOT_S, ROUND_S = 20, 3.9
KEYS_S_MAX: Final = 120.0
LOOK_S: Final = 0.5
# Many rounds within minutes: what would make a holder wary in life is wanted here.
TOML: Final = """[place]
port = {port}

[limits]
rounds_per_epoch_max = 20000
points_per_epoch_max = 10000000

[threshold]
number = {number}
k = {k}
holders = {holders}
tiers = {tiers}
every_s = {every_s}
round_s = {round_s}
"""


@dataclass(slots=True)
class Holder:
    """One of them. ``killed``: it was, and nobody is to start it again."""

    number: int
    file: KeyHolderFile
    url: str
    process: subprocess.Popen[bytes] | None = None
    killed: bool = False

    @property
    def name(self) -> str:
        return f"keyholder-{self.number}"

    def uses(self) -> list[Use]:
        """Who asked it for how much."""
        return uses(self.file.folder / parts.BOOK_FILE)

    def saw(self) -> str:
        """What it could tell of the sector, as a line."""
        uses, end = self.uses(), "; then it was killed" if self.killed else ""
        asked, points = sum(use.rounds for use in uses), sum(use.points for use in uses)
        who = f"{asked:>4} requests of {len({use.actor for use in uses})} actors"
        return f"key holder {self.number}  {who}  {points:>7,} elements, none readable{end}"


@dataclass(slots=True)
class KeyHolders:
    """All of them, by number from 1. ``folder`` is the demonstration's own."""

    folder: Path
    every: list[Holder] = field(default_factory=list)

    def config(self, number: int) -> Path:
        """Its configuration file."""
        return self.folder / f"keyholder-{number}" / "keyholder.toml"

    def set_up(self, ports: list[int]) -> None:
        """Writes their configurations and makes their authorities."""
        urls = [f"https://127.0.0.1:{port}" for port in ports]
        for number, (port, url) in enumerate(zip(ports, urls, strict=True), 1):
            config = self.config(number)
            config.parent.mkdir(parents=True)
            places = {"port": port, "number": number, "holders": json.dumps(urls), "tiers": json.dumps(TIERS)}
            config.write_text(TOML.format(k=K, every_s=SLOT_S, round_s=ROUND_S, **places))
            file = read_keyholder(config)
            parts.init(file)
            self.every.append(Holder(number, file, url))

    def know_each_other(self) -> None:
        """Each becomes a member of each other one; they run already."""
        for holder in self.every:
            for other in self.every:
                if other is not holder:
                    self.admit(other, holder_name(holder.number), Safe(peer_folder(holder.file, other.number)))

    def admit_actor(self, actor: str, folder: Path) -> None:
        """Invites an actor at each and enrols its node, whose data lie in ``folder``."""
        for holder in self.every:
            self.admit(holder, actor, Safe(folder / f"{KEYHOLDER_KEYS}-{holder.number}"))

    def admit(self, holder: Holder, name: str, safe: Safe) -> None:
        """One member of one holder."""
        with parts.opened_registry(holder.file) as registry:
            number = holder_number(name)
            _ = registry.add(name, "other") if number is None else registry.add_holder(number)
            enrolment = parts.open_enrolment(holder.file, registry)
            token, pin = enrolment.invite(name), enrolment.authority.fingerprint
        enrol(holder.url, pin, name, token, safe, SystemDice(), keyholder=True)

    def wait_for_keys(self, check: Callable[[], None]) -> int:
        """Until each has its shares of all keys of today and the days after; how many keys that are. ``check`` raises
        where a process ended."""
        end = time.monotonic() + KEYS_S_MAX
        while time.monotonic() < end:
            check()
            days = [row for holder in self.every for row in days_of(holder.file)[1:]]
            if all(row["here"] == row["keys"] for row in days):
                return int(sum(row["keys"] for row in days)) // len(self.every)
            time.sleep(LOOK_S)
        raise Stop(Exit.BROKEN, f"the key holders made no keys within {KEYS_S_MAX:.0f} s")

    def kill(self, number: int) -> Holder:
        """As a machine that loses its power does it: nothing is said to anybody."""
        holder = self.every[number - 1]
        if holder.process is not None:
            holder.killed = True
            holder.process.kill()
            holder.process.wait()
        return holder

    def processes(self) -> list[subprocess.Popen[bytes]]:
        return [holder.process for holder in self.every if holder.process is not None]
