"""Does the node take part in a round? An element reserved for tests (a canary), held by this actor's door and by test
parties, is found by the centre and named; what this actor holds alone is not.

The test parties, their centre and their key holder are in this process: the live centre opens no round for tests.
What the live sector's rounds came to is the check `days`.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    UNTESTED,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    must,
    none_of,
    not_applicable,
    not_tested,
    sentence_of,
    shown,
    value,
    yes,
)
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.rehearsal.trial import ALONE, CANARY, NoTrial, TrialResult, secrets, trial
from bavn.traffic.replay import NoRoom, room

_TRIAL_SEED = 2
_BY_HAND = Text("the policy names no domain by itself")
_ACTS: Final[Mapping[str, Text]] = {
    UNTESTED: Text("Whoever wrote the actor's policy.toml or its homes"),
    "": Text("Whoever wrote the actor's policy.toml; else Bavn's maintainers"),
}


class RoundCheck:
    """See the module's text."""

    name = "round"
    title = Text("Round with canaries")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "uploads": at_least(Text("uploads of this door"), 1, always=True),
            "met": must(Text("canary found by the test centre"), always=True),
            "named": must(Text("canary named in a report")),
            "others": none_of(Text("other elements named"), always=True),
            "chain": must(Text("the ledger of it holds"), always=True),
            "parties": shown(Text("parties, all in this process")),
            "threshold": shown(Text("threshold")),
            "lines": shown(Text("ledger lines")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        policy, now_us = site.config.door, site.clock.now_us()
        try:
            host = str(IPv4Address(int(room(site.config.node.homes).network_address) + 9))
            secret, _ = secrets(policy, (host, host), now_us)
            result = trial(
                site.config.node.actor,
                policy,
                site.config.node.homes,
                secret,
                now_us,
                site.scratch / "round",
                seed=_TRIAL_SEED,
            )
        except (NoTrial, NoRoom) as error:
            return [not_tested(key, sentence_of(error)) for key in ("uploads", "met", "named", "others", "chain")]
        return readings(result, automatic=policy.reveal_domain == "automatic")


def readings(result: TrialResult, *, automatic: bool) -> list[Reading]:
    """From what a trial came to."""
    named = result.said.named
    return [
        value("uploads", result.uploads),
        yes("met", is_so=result.met),
        yes("named", is_so=CANARY.value in named) if automatic else not_applicable("named", _BY_HAND),
        value("others", len(named - {CANARY.value}), Text.plain(ALONE.value) if ALONE.value in named else None),
        yes("chain", is_so=result.chain),
        value("parties", result.parties),
        value("threshold", result.t),
        value("lines", result.lines),
    ]
