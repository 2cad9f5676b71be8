"""Machines of a hospital and its buildings: laboratory results, images, vendors' remote services, ventilation.

Refuses to know any patient.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from bavn.model.moment import DAY_US, HOUR_US
from bavn.traffic.flows import Flows
from bavn.traffic.hello import TLS12
from bavn.traffic.names import Site, invented_address
from bavn.traffic.scene import Calls, Scene, calls, digest, https, lookups, polling, some, working
from bavn.traffic.sector import Role
from bavn.traffic.stacks import STACKS
from bavn.traffic.talk import ping
from bavn.traffic.tls import Exchange, Server, tls
from bavn_lab.sim.ward import bacnet, dicom, hl7

CONTROLLER_POLL_S: Final = 900
PING_S: Final = 1800
ROLLOUT_CALLS_PER_DAY: Final = 12.0
_BEAT: Final = (Exchange(640, 220),)


def results(scene: Scene) -> Iterator[Flows]:
    """Analysers send results to the integration engine, the engine to the record."""
    devices = some(scene.hosts(Role.MEDICAL), 0.5, "hl7")
    engine, record = scene.actor.server("engine"), scene.actor.server("epr")
    made = polling(scene, "hl7", devices, 1800, 0.6)
    yield calls(hl7("ORU^R01", 2, 4_000_000, sender="LAB", receiver="EPJ"), made, engine, inside=True)
    onward = polling(scene, "hl7 on", np.array([engine], dtype=np.uint32), 900, 0.3)
    yield calls(hl7("ADT^A08", 3, 1_000_000, sender="INT", receiver="EPJ"), onward, record, inside=True)


def images(scene: Scene) -> Iterator[Flows]:
    """Modalities store images in the archive, on both of DICOM's ports."""
    devices = scene.hosts(Role.MEDICAL)
    for port, label in ((104, "dicom low"), (11112, "dicom high")):
        made = working(scene, label, some(devices, 0.3, label), 5.0, ward=True)
        yield calls(dicom("MODALITY", "ARKIV", 20_000, port=port), made, scene.actor.server("images"), inside=True)


def vendors(scene: Scene) -> Iterator[Flows]:
    """Suppliers' remote services: each at one actor only, very regular, and installed within the last week or so.

    They look more like an implant than a careful implant does: an actor's own list is full of them."""
    for vendor in scene.actor.vendors:
        clients = np.array(vendor.clients, dtype=np.uint32)
        calls = polling(scene, vendor.host, clients, vendor.period_s, vendor.jitter)
        if vendor.new:
            calls = _since(calls, scene.rollout_us + digest("installed", vendor.host) % (8 * HOUR_US))
        server = Server(name=vendor.host, version=TLS12, cipher=0xC02F, issuer="DigiCert Inc", born_us=_born(scene))
        site = Site(vendor.host, vendor.address, 1)
        yield from https(scene, "vendor", site, calls, STACKS["device"], _BEAT, asked_share=0.1, server=server)


def _born(scene: Scene) -> int:
    """A certificate from some weeks before the rollout: the same in every scene of a run."""
    return (scene.rollout_us // DAY_US - 30) * DAY_US


def building(scene: Scene) -> Iterator[Flows]:
    """The building server reads its controllers and pings what matters."""
    server = scene.actor.server("building")
    for controller in scene.actor.hosts.get(Role.BUILDING, ()):
        polls = polling(scene, f"bacnet {controller}", np.array([server], dtype=np.uint32), CONTROLLER_POLL_S, 0.01)
        yield calls(bacnet(controller & 0xFF), polls, controller, inside=True)
    for target in scene.hosts(Role.PRINTER).tolist():
        polls = polling(scene, f"ping {target}", np.array([server], dtype=np.uint32), PING_S, 0.01)
        yield calls(ping(b"abcdefghijklmnop"), polls, target, inside=True)


def monitor(scene: Scene) -> Iterator[Flows]:
    """A hard negative: the sector's own monitor, called by one machine at every actor like clockwork, for ever."""
    engine = np.array([scene.actor.server("engine")], dtype=np.uint32)
    made = polling(scene, "monitor", engine, 300, 0.03)
    yield from https(scene, "monitor", scene.sector.monitor, made, STACKS["openssl"], _BEAT, asked_share=0.2)


def rollout(scene: Scene) -> Iterator[Flows]:
    """A hard negative: a new service of a vendor, at several actors at once and wide inside each; a program on desks
    and machines that are switched on in the day calls it about every other hour."""
    if scene.actor.number % 5 == 4:
        return
    hosts = some(scene.hosts(Role.DESK, Role.MEDICAL), 0.4, "rollout")
    made = _since(working(scene, "rollout", hosts, ROLLOUT_CALLS_PER_DAY, ward=True), scene.rollout_us)
    yield from https(scene, "rollout", scene.rollout, made, STACKS["java"], _BEAT, asked_share=0.5)


def release(scene: Scene) -> Iterator[Flows]:
    """A hard negative: a browser's new version, fetched once by everybody who has it, on a popular name."""
    hosts = [
        host
        for host in scene.hosts(Role.DESK, Role.SHARED_DESK).tolist()
        if scene.start_us <= scene.release_us + digest("update", host) % (2 * DAY_US) < scene.end_us
    ]
    times = np.array([scene.release_us + digest("update", host) % (2 * DAY_US) for host in hosts], dtype=np.int64)
    site = Site("edgedl.me.gvt1.com", invented_address("gvt1"), 1)
    release_calls = (times, np.array(hosts, dtype=np.uint32))
    yield from lookups(scene, "release", site.host, ("142.250.74.46",), release_calls, 1.0)
    if hosts:
        yield calls(
            tls(STACKS["chrome"], Server(name=site.host), (Exchange(500, 40_000),)), release_calls, site.address
        )


def _since(made: Calls, moment_us: int) -> Calls:
    kept = made[0] >= moment_us
    return made[0][kept], made[1][kept]
