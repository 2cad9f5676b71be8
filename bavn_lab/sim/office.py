"""People at desks: web, the patient record, shared files, logons, paper.

Refuses to know what machines do by themselves.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from bavn.traffic.dice import Ints
from bavn.traffic.flows import Addresses, Flows
from bavn.traffic.names import Site, popular
from bavn.traffic.scene import Scene, browser, calls, digest, https, lookups, working
from bavn.traffic.sector import Kind, Role
from bavn.traffic.speech import raw
from bavn.traffic.stacks import STACKS
from bavn.traffic.tls import Exchange, Server, tls
from bavn_lab.sim.ward import kerberos, smb2

VISITS_PER_DAY: Final = 17.0
POPULAR_SHARE, COMMON_SHARE = 0.78, 0.05
FAVOURITES: Final = 5
FAVOURITE_SHARE: Final = 0.65
V6_SHARE: Final = 0.3
V6_PREFIX: Final = bytes.fromhex("2a0fffc000000000000000ff")
"""In front of a server's IPv4 address where it is called over IPv6; global, never routed."""

Weights = np.ndarray[tuple[int], np.dtype[np.float64]]
_PAGE_BYTES: Final = (900, 1_600, 2_800, 5_000)


def browsing(scene: Scene) -> Iterator[Flows]:
    """Sites by their popularity: those everybody knows, some that the sector knows, a long tail of the actor's own."""
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    times, hosts = working(scene, "browse", desks, VISITS_PER_DAY)
    dice = scene.dice.fork("sites")
    sites = (*popular(), *scene.sector.common_sites, *scene.actor.sites)
    weights = np.concatenate(
        [
            _shared(popular(), POPULAR_SHARE),
            _shared(scene.sector.common_sites, COMMON_SHARE),
            _shared(scene.actor.sites, 1 - POPULAR_SHARE - COMMON_SHARE),
        ]
    )
    chosen = np.where(
        dice.units(len(times)) < FAVOURITE_SHARE,
        _favourites(hosts, dice.whole(len(times), FAVOURITES), weights),
        dice.pick(len(times), weights),
    )
    size = dice.whole(len(times), len(_PAGE_BYTES))
    stacks = [browser(scene, host, at) for host, at in zip(hosts.tolist(), times.tolist(), strict=True)]
    names = np.array([stack.name for stack in stacks], dtype=object)
    for index in np.unique(chosen).tolist():
        at_site = chosen == index
        few = index >= len(popular())
        for name in sorted(set(names[at_site].tolist())):
            mine = at_site & (names == name)
            for page in (0,) if few else np.unique(size[mine]).tolist():
                which = mine if few else mine & (size == page)
                bytes_down = _PAGE_BYTES[digest("page", sites[index].host) % 4 if few else page]
                exchanges = (Exchange(420, bytes_down), Exchange(260, bytes_down // 3, 900_000))
                made = (times[which], hosts[which])
                for batch in https(scene, f"browse {name} {page}", sites[index], made, STACKS[name], exchanges):
                    yield from _over_both(scene, batch, index < len(popular()))


def _favourites(hosts: Addresses, which: Ints, weights: Weights) -> Ints:
    """For each visit one of its host's favourite sites: the same few for ever."""
    edges = np.cumsum(weights)
    thrown = [digest("favourite", host, place) for host, place in zip(hosts.tolist(), which.tolist(), strict=True)]
    found: Ints = np.searchsorted(edges, np.array(thrown) / 2**32 * edges[-1], side="right").astype(np.int64)
    return found


def _shared(sites: tuple[Site, ...], share: float) -> Weights:
    weights = np.array([site.weight for site in sites])
    return np.asarray(weights / weights.sum() * share, dtype=np.float64)


def _over_both(scene: Scene, batch: Flows, dual: bool) -> Iterator[Flows]:
    """At every other actor some calls to well-known sites go over IPv6."""
    if not dual or batch.server_inside or scene.actor.number % 2:
        yield batch
        return
    over_v6 = (
        scene.dice.fork(f"v6 {batch.talk.facts.sni} {batch.talk.facts.ja3} {len(batch)}").units(len(batch)) < V6_SHARE
    )
    if (~over_v6).any():
        yield batch.only(~over_v6)
    if over_v6.any():
        yield batch.only(over_v6).over_v6(scene.actor.v6_prefix, V6_PREFIX)


def patient_record(scene: Scene) -> Iterator[Flows]:
    """The record inside a region; at the others the sector's own service outside."""
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    visits = working(scene, "epr", desks, 5.0, ward=scene.actor.kind is Kind.REGION)
    exchanges = (Exchange(700, 2_000), Exchange(500, 1_200, 7_000_000))
    if scene.actor.kind is not Kind.REGION:
        yield from https(scene, "epr", scene.sector.epr_service, visits, STACKS["java"], exchanges)
        return
    name, address = f"epj.{scene.actor.name}.local", scene.actor.server("epr")
    yield from lookups(scene, "epr", name, (_text(address),), visits, 0.3)
    yield calls(
        tls(STACKS["java"], Server(name=name, issuer=f"{scene.actor.name} Root"), exchanges),
        visits,
        address,
        inside=True,
    )


def files_and_logons(scene: Scene) -> Iterator[Flows]:
    """Tickets from the directory, then files from the shares."""
    desks = scene.hosts(Role.DESK, Role.SHARED_DESK)
    realm = f"{scene.actor.name}.local".upper()
    logons, opened = working(scene, "krb5", desks, 3.0), working(scene, "smb", desks, 2.5)
    yield calls(kerberos("medarbejder", realm, f"krbtgt/{realm}"), logons, scene.actor.server("directory"), inside=True)
    yield calls(smb2("fil01", "faelles", 2, 1_500), opened, scene.actor.server("files"), inside=True)


def printing(scene: Scene) -> Iterator[Flows]:
    """Each desk has its printer (port 9100)."""
    printers = scene.hosts(Role.PRINTER)
    times, hosts = working(scene, "print", scene.hosts(Role.DESK, Role.SHARED_DESK), 0.7)
    nearest = np.array([digest("printer", host) % len(printers) for host in hosts.tolist()], dtype=np.int64)
    for index in np.unique(nearest).tolist():
        which = nearest == index
        talk = raw(9100, ((6_000, 20, 0),), name="page")
        yield calls(talk, (times[which], hosts[which]), int(printers[index]), inside=True)


def _text(address: int) -> str:
    return ".".join(str(byte) for byte in address.to_bytes(4, "big"))
