"""Does the door let out only what it may? Two histories that differ in all that must stay at home, under this node's
own policy, must give the same messages byte for byte (the twin test, with the node's own door code)."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    UNTESTED,
    AcceptanceTerms,
    Reading,
    Site,
    must,
    none_of,
    not_tested,
    sentence_of,
    shown,
    value,
    yes,
)
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.rehearsal.trial import ALONE, NoTrial, secrets, trial
from bavn.traffic.replay import NoRoom, room

_ACTS: Final[Mapping[str, Text]] = {
    UNTESTED: Text("Whoever wrote the actor's policy.toml or its homes"),
    "": Text("Nobody takes this node into use; the actor tells Bavn's maintainers"),
    "policy": Text("Whoever wrote the actor's policy.toml"),
}


class DoorCheck:
    """See the module's text."""

    name = "door"
    title = Text("Door, by twins")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "differences": none_of(Text("messages of two twins that differ"), always=True),
            "messages": shown(Text("messages compared")),
            "bytes": shown(Text("bytes compared"), "B"),
            "secrets": none_of(
                Text("messages with a host or a word that must stay"),
                always=True,
            ),
            "alone": none_of(Text("reports on what this actor holds alone"), always=True),
            "policy": must(Text("the policy can be tried"), always=True),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        policy, name, now_us = site.config.door, site.config.node.actor, site.clock.now_us()
        try:
            net = room(site.config.node.homes)
            hosts = tuple(str(IPv4Address(int(net.network_address) + at)) for at in (7, 43))
            twins = secrets(policy, (hosts[0], hosts[1]), now_us)
            results = [
                trial(name, policy, site.config.node.homes, twin, now_us, site.scratch / f"twin-{number}")
                for number, twin in enumerate(twins)
            ]
        except (NoTrial, NoRoom) as error:
            return [not_tested(key, sentence_of(error)) for key in ("differences", "secrets", "alone", "policy")]
        first, two = (each.said.bytes for each in results)
        inside = [word.encode() for twin in twins for word in (twin.host, twin.peer)]
        return [
            value("differences", differences(first, two)),
            value("messages", len(first)),
            value("bytes", sum(map(len, first))),
            value("secrets", sum(any(word in raw for word in inside) for raw in (*first, *two))),
            value("alone", sum(ALONE.value in each.said.named for each in results)),
            yes("policy", is_so=True),
        ]


def differences(one: Sequence[bytes], two: Sequence[bytes]) -> int:
    """In how many places two rows of messages differ; what is there on one side only counts too."""
    return sum(a != b for a, b in zip(one, two, strict=False)) + abs(len(one) - len(two))
