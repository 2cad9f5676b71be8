"""A small sector that runs: the centre's service and four nodes' services, each with files of its own, over mutual TLS.

Three actors read logs of a day in which one machine called the same new name; the fourth has a resolver and no sensor.
Nothing is made up behind anybody's back: detectors suspect, rounds join, doors answer, resolvers refuse. Only the logs
are written here, and rounds come more often than in life. All of it runs in threads of this process, so that it is up
within seconds. Nobody in it exists.
"""

import gc
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from bavn.actor.protect.enforcers.unbound import Unbound
from bavn.app.centre import run as centre_run
from bavn.app.centre.parts import init, open_desk, open_enrolment, opened_registry
from bavn.app.centre.server import CentreServer
from bavn.app.config.load import (
    CENTRE_KEYS,
    KEYHOLDER_KEYS,
    CentreFile,
    KeyHolderFile,
    read_centre,
    read_keyholder,
    read_node,
)
from bavn.app.keyholder import parts as keyholder_parts
from bavn.app.node import service as node_service
from bavn.app.node.service import NodeService
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from bavn_lab.demo.sector import free_port
from tests.app.web.drawn_node import event

EVIL, EVIL_ADDRESS = "cdn-sync-hub.net", "185.32.20.6"
SENSORS, CLINIC = ("region-nord", "region-syd", "kommune-oest"), "clinic-west"
KINDS = {"region-nord": "region", "region-syd": "region", "kommune-oest": "municipality", CLINIC: "clinic"}
ASKS, CLINICAL = "kommune-oest", "region-nord"
"""Who leaves it to a person what is named; whose machine that calls is clinical equipment, so that a block waits."""
HIT_HOST, HOSTS, HOURS = 21, 12, 20
UP_S_MAX, STOP_S_MAX = 240.0, 60.0
CENTRE = """
[place]
port = 0
names = ["127.0.0.1", "localhost"]
step_s = 0.2

[centre]
sector = "Health North"
rank_every_s = 1.0

[tiers.A]
t = 2
m = 20
r = 10
every_s = 6
upload_s = 2.0
wave_s = 1.0
reveal_s = 30
"""
POLICY = """[door]
rounds_per_hour_max = 3600
{door}
[protect]
budget_share_permille_max = 1000
in_force_share_permille_max = 1000
dry_run_share_permille_max = 1000
seen_every_s = 1
{protect}
"""


@dataclass
class StorySector:
    """``file`` and ``nodes``: configurations that the consoles open. ``resolver_port``: the clinic's."""

    folder: Path
    file: CentreFile
    nodes: dict[str, Path] = field(default_factory=dict)
    resolver_port: int = field(default_factory=free_port)

    def has_a_case(self) -> bool:
        """Whether the centre has opened one by itself."""
        with opened_registry(self.file) as registry:
            return bool(open_desk(self.file, registry).cases.every())

    def resolves(self, name: str) -> bool:
        """Whether a machine at the clinic gets an address for this name."""
        asked = dns.message.make_query(f"{name}.", "A")
        answer = dns.query.udp(asked, "127.0.0.1", port=self.resolver_port, timeout=5)
        return bool(answer.rcode() == dns.rcode.NOERROR and answer.answer)


def until[T](look: Callable[[], T | None], what: str, limit_s: float = UP_S_MAX) -> T:
    """What ``look`` finds as soon as it finds anything; fails after ``limit_s``."""
    ends = time.monotonic() + limit_s
    while not (found := look()):
        assert time.monotonic() < ends, f"after {limit_s:.0f} s not yet: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def running(folder: Path) -> Iterator[StorySector]:
    """The sector in this folder, from its first round on; everything ends with it. ``folder``: a short path, for the
    resolver's socket."""
    toml = folder / "centre.toml"
    toml.write_text(CENTRE)
    sector = StorySector(folder, read_centre(toml))
    init(sector.file)
    failed: list[BaseException] = []
    with pytest.MonkeyPatch.context() as patch, ExitStack() as undo:
        patch.setattr(node_service, "CLOSE_S", STOP_S_MAX)  # a process would end what is left; here nobody does
        undo.callback(lambda: _nothing(failed))
        server = _centre(sector.file, undo, failed)
        holder = _key_holder(folder / "keyholder", undo, failed)
        for number, name in enumerate(KINDS):
            sector.nodes[name] = _admit(sector, name, number, server.port, holder)
        for name, config in sector.nodes.items():
            _node(name, config, undo, failed)
        yield sector


def _nothing(failed: list[BaseException]) -> None:
    assert not failed, f"a service of the sector broke: {failed[0]!r}"


def _centre(file: CentreFile, undo: ExitStack, failed: list[BaseException]) -> CentreServer:
    listening: list[CentreServer] = []
    thread = _thread("story centre", lambda: centre_run.run(file, listening.append), failed)
    server = until(lambda: listening[0] if listening else None, "the centre listens")
    undo.callback(_ended, thread, server.stop)
    return server


def _key_holder(folder: Path, undo: ExitStack, failed: list[BaseException]) -> tuple[KeyHolderFile, int]:
    folder.mkdir()
    toml = folder / "keyholder.toml"
    toml.write_text("[place]\nport = 0\n[limits]\nrounds_per_epoch_max = 20000\npoints_per_epoch_max = 10000000\n")
    file = read_keyholder(toml)
    keyholder_parts.init(file)
    server, book = keyholder_parts.build(file)
    undo.callback(book.close)
    undo.callback(_ended, _thread("story key holder", server.run, failed), server.stop)
    return file, server.port


def _node(name: str, config: Path, undo: ExitStack, failed: list[BaseException]) -> None:
    service = NodeService(read_node(config))
    undo.callback(_reaped)
    undo.callback(_ended, _thread(f"story {name}", service.run, failed), service.stop)


def _reaped() -> None:
    """Resolvers were ended by their numbers, and are this process's children: a node that ends takes no notice."""
    for resolver in [one for one in gc.get_objects() if isinstance(one, Unbound)]:
        resolver._reap()


def _thread(name: str, work: Callable[[], None], failed: list[BaseException]) -> threading.Thread:
    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  whatever it is, the test must hear of it
            failed.append(error)

    thread = threading.Thread(target=guarded, name=name)
    thread.start()
    return thread


def _ended(thread: threading.Thread, stop: Callable[[], None]) -> None:
    stop()
    thread.join(STOP_S_MAX)
    assert not thread.is_alive(), f"{thread.name} did not end within {STOP_S_MAX:.0f} s"


def _admit(sector: StorySector, name: str, number: int, port: int, holder: tuple[KeyHolderFile, int]) -> Path:
    """An actor with its node's files, invited and enrolled; its node.toml."""
    folder, url = sector.folder / name, f"https://127.0.0.1:{port}"
    folder.mkdir()
    keys_url = f"https://127.0.0.1:{holder[1]}"
    sense, enforce = "", 'list_folder = "lists"\n'
    if name == CLINIC:
        enforce += f'resolver_listen = ["127.0.0.1@{sector.resolver_port}"]\nresolver_answers = ["{EVIL}=192.0.2.7"]\n'
    else:
        sense = '[sense]\neve_file = "eve.json"\n'
        (folder / "eve.json").write_text("\n".join(logged(number, SystemClock().now_us())) + "\n")
    config = folder / "node.toml"
    config.write_text(
        f'[node]\nactor = "{name}"\ncentre_url = "{url}"\nkeyholder_urls = ["{keys_url}"]\ndetect_s = 5\n{sense}'
        f"[store]\nthreads = 1\nmemory_mb_max = 256\n[enforce]\n{enforce}"
    )
    door = 'reveal_domain = "ask"\nreveal_address = "ask"' if name == ASKS else ""
    protect = f'clinical_networks = ["10.0.{number}.{HIT_HOST}/32"]' if name == CLINICAL else ""
    (folder / "policy.toml").write_text(POLICY.format(door=door, protect=protect))
    with opened_registry(sector.file) as registry:
        registry.add(name, KINDS[name])
        enrolment = open_enrolment(sector.file, registry)
        safe = Safe(folder / "data" / CENTRE_KEYS)
        enrol(url, enrolment.authority.fingerprint, name, enrolment.invite(name), safe, SystemDice())
    with keyholder_parts.opened_registry(holder[0]) as registry:
        registry.add(name, KINDS[name])
        enrolment = keyholder_parts.open_enrolment(holder[0], registry)
        safe, pin = Safe(folder / "data" / f"{KEYHOLDER_KEYS}-1"), enrolment.authority.fingerprint
        enrol(keys_url, pin, name, enrolment.invite(name), safe, SystemDice(), keyholder=True)
    return config


def logged(number: int, now_us: int) -> list[str]:
    """A day's eve.json of one actor: machines that work, and one that calls EVIL every ten minutes, give or take."""
    dice, lines = random.Random(number), []
    start_us = now_us - HOURS * HOUR_US
    for at in range(HOURS * 60):
        for host in range(HIT_HOST, HIT_HOST + HOSTS):
            if dice.random() < 0.1:
                lines += _call(
                    start_us + at * MINUTE_US + dice.randrange(MINUTE_US), number, host, dice.randrange(40), dice
                )
    for at in range(0, HOURS * 60 - 5, 10):
        when_us = start_us + at * MINUTE_US + dice.randrange(40 * SECOND_US)
        lines += _looked_up_and_called(when_us, f"10.0.{number}.{HIT_HOST}", EVIL, EVIL_ADDRESS, dice)
    return sorted(lines, key=lambda line: line[:48])


def _call(at_us: int, number: int, host: int, site: int, dice: random.Random) -> list[str]:
    return _looked_up_and_called(at_us, f"10.0.{number}.{host}", f"www.site{site}.dk", f"198.51.100.{site + 1}", dice)


def _looked_up_and_called(at_us: int, src: str, name: str, address: str, dice: random.Random) -> list[str]:
    number = dice.randrange(1 << 40)
    dns = {"type": "query", "id": number % 60000, "rrname": name, "rrtype": "A"}
    return [
        event("dns", at_us, src, "10.0.99.1", 53, number, dns=dns, proto="UDP"),
        event("flow", at_us + SECOND_US, src, address, 443, number + 1, app_proto="tls"),
        event("tls", at_us + SECOND_US, src, address, 443, number + 1, tls={"sni": name, "version": "TLS 1.3"}),
    ]
