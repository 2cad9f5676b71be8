"""Does the node reach whom it must, and does it speak to nobody else? It calls the centre, lists whom the
configuration lets it call, and looks at the connections of the running node."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from bavn.app.accept.check import (
    BOTH,
    NO_CENTRE,
    NOT_RUNNING,
    AcceptanceTerms,
    Reading,
    Site,
    at_most,
    no_answer,
    none_of,
    not_tested,
    sentence_of,
    shown,
    value,
)
from bavn.app.accept.clock import HEALTH_PATH, caller
from bavn.app.accept.node_health import node_health
from bavn.app.accept.sockets import Peer, Unseen, called, strangers
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.node.zone_service import endpoint
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.safe import Safe

ANSWER_MS_MAX: Final = 5000
WATCH_S: Final = 3.0
LOOK_EVERY_S: Final = 0.2
NFT_S_MAX: Final = 10
_TLS_PORT: Final = 443
_PLAIN_PORT: Final = 80
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The actor's network people open this address and port outwards; where they are open, the centre looks"),
    "others": Text("The node's operator finds out what calls there, before anything else"),
}


class ReachCheck:
    """See the module's text."""

    name = "reachability"
    title = Text("Reachability")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "centre": at_most(Text("answer of the centre"), ANSWER_MS_MAX, "ms", always=True),
            "configured": shown(Text("whom the configuration lets it call")),
            "others": none_of(
                Text("others that the running node is connected to"),
                always=True,
            ),
            "fence": shown(Text("this machine's packet filter refuses other calls out")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        given, folder = site.config.node, site.config.folder
        yield self._answer(site, given.centre_url, Safe(folder / CENTRE_KEYS))
        named = dict(configured(site.config))
        text = ", ".join(f"{host}:{port}" for host, port in sorted(set(named.values()))) or "nobody"
        yield value("configured", text[:400])
        yield self._others(site, set(named.values()))
        yield fence()

    @staticmethod
    def _answer(site: Site, url: str, safe: Safe) -> Reading:
        key = "centre"
        if not url:
            return not_tested(key, NO_CENTRE)
        try:
            asks = caller(url, safe, site.clock, "the centre")
        except (LinkRefused, OSError) as error:
            return not_tested(key, sentence_of(error))
        began = time.monotonic()
        try:
            asks.call("GET", HEALTH_PATH)
        except (LinkDown, LinkRefused) as error:
            return no_answer(key, sentence_of(error))
        finally:
            asks.close()
        return value(key, round((time.monotonic() - began) * 1000))

    @staticmethod
    def _others(site: Site, named: set[tuple[str, int]]) -> Reading:
        now = node_health(site.config, site.clock)
        if now is None:
            return not_tested("others", NOT_RUNNING)
        allowed = {Peer(address, port) for host, port in named for address in resolved(host, port)}
        peers: set[Peer] = set()
        ends = time.monotonic() + WATCH_S
        try:
            while time.monotonic() < ends:
                peers |= called(int(now["pid"]))
                time.sleep(LOOK_EVERY_S)
        except Unseen as error:
            return not_tested("others", sentence_of(error))
        others = strangers(peers, allowed)
        named_ = ", ".join(f"{one.address}:{one.port}" for one in others[:10])
        return value("others", len(others), Text.plain(named_) if others else None)


def configured(config: NodeConfig) -> Iterator[tuple[str, tuple[str, int]]]:
    """Setting -> host and port that the node may call; what is wrongly written is the configuration's own matter."""
    urls = {
        "centre_url": config.node.centre_url,
        **{f"keyholder_urls {number}": url for number, url in enumerate(config.node.keyholder_urls, 1)},
    }
    for name, url in urls.items():
        parts = urlsplit(url)
        if parts.hostname:
            yield name, (parts.hostname, parts.port or (_PLAIN_PORT if parts.scheme == "http" else _TLS_PORT))
    ends = (config.enforce.update_server, *config.enforce.resolver_upstreams, *config.enforce.zone_secondaries)
    for number, text in enumerate(ends):
        try:
            if text:
                yield f"name server {number}", endpoint(text)
        except ValueError:
            continue


def resolved(host: str, port: int) -> set[str]:
    """The addresses of a host; none where it has none."""
    try:
        return {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def fence() -> Reading:
    """Whether nftables refuses what goes out unasked. Where it cannot be looked at, that is said."""
    hidden = Text("only root may look at the packet filter")
    if os.geteuid() != 0:
        return not_tested("fence", hidden)
    try:
        ran = subprocess.run(["nft", "-j", "list", "chains"], capture_output=True, timeout=NFT_S_MAX, check=True)
        chains = json.loads(ran.stdout)["nftables"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return not_tested("fence", Text("nft is not here or does not answer"))
    return value("fence", "yes" if fenced(chains) else "no")


def fenced(chains: list[Any]) -> bool:
    """Whether a base chain for what goes out drops by default."""
    made = [one["chain"] for one in chains if isinstance(one, dict) and isinstance(one.get("chain"), dict)]
    return any(one.get("hook") == "output" and one.get("policy") == "drop" for one in made)
