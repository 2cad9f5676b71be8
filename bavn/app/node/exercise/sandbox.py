"""The exercise sandbox of a node: an exercise's rows through the real detectors, gate 1's rules, gate 4's rules and a
real enforcer, in a folder that is thrown away.

It is handed the policy and nothing else of the actor: no store, no book, no enforcer that reaches anything. So what
comes out of it is the same whatever the actor's data is. Refuses any name but the exercise's own.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bavn.actor.detect.run import survey
from bavn.actor.door.draft import Draft
from bavn.actor.door.live import live_elements
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.report_rules import Offered, Rules
from bavn.actor.door.state import State
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.app.node.exercise.block import AT_US, HOMES, HOURS, SandboxClock
from bavn.model.evidence import p_bucket
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.sector.exercise import ActorStep, Campaign, Played, element_of
from bavn.traffic.dice import Ints, SeededDice
from bavn.traffic.flows import Flows, flows, with_ports
from bavn.traffic.hello import TLS12
from bavn.traffic.machines import letters
from bavn.traffic.records import tables
from bavn.traffic.speech import dns
from bavn.traffic.stacks import STACKS
from bavn.traffic.tls import Exchange, Server, tls
from bavn.wire.book import Book

HOST: Final = 0x0A_00_00_07
RESOLVER: Final = 0x0A_00_00_35
PEER: Final = 0xC0_58_63_07
"""192.88.99.7: taken out of use by RFC 7526, and it never leaves the sandbox."""
PERIOD_S: Final = 600.0
JITTER: Final = 0.1
LABEL_CHARS: Final = 52
LIMITS: Final = StoreLimits(threads=1)
_BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"


def played(exercise_id: str, campaign: Campaign, policy: DoorPolicy) -> Played:
    """Rows in, detectors over them, the suspicion to gate 1's rules. Raises BadExercise, QueryRefused, OSError."""
    element = element_of(exercise_id)
    clock = SandboxClock()
    with tempfile.TemporaryDirectory(prefix="bavn-exercise-") as scratch:
        root = Path(scratch) / "store"
        with ColumnStore.open(root, LIMITS) as store:
            store.append("exercise", "1", tables(_rows(exercise_id, campaign, element.value), "exercise"))
            store.tidy()
        with History.read(root, LIMITS, homes=HOMES) as history, history.window(AT_US - 2 * DAY_US, AT_US) as window:
            found = survey(window).suspicions
        mine = [suspicion for suspicion in found if element in suspicion.observables]
        if not mine:
            return Played((ActorStep.MISSED,))
        best = min(mine, key=lambda suspicion: (suspicion.p, suspicion.id))
        alone = replace(best, observables=(element,))
        with Book(Path(scratch) / "lane.db") as book:
            rules = Rules(policy, State(book, bytes(32)), clock, HOMES)
            out = any(
                _passes(rules, Offered(element_item, tier, enough))
                for tier in ("A", "B")
                for element_item, enough in live_elements([alone], tier, AT_US, policy)
            )
        way = ActorStep.LET_OUT if out else ActorStep.KEPT
        return Played((ActorStep.SUSPECTED, way), best.detector, p_bucket(best.p))


def _passes(rules: Rules, item: Offered) -> bool:
    draft: Draft = Draft()
    for rule in rules.element_row():
        out = rule.apply(item, draft)
        if isinstance(out, Refused):
            return False
        draft = out
    return True


def _rows(exercise_id: str, campaign: Campaign, name: str) -> list[Flows]:
    dice = SeededDice(int(exercise_id.removeprefix("exercise-"), 16), "exercise")
    waits = PERIOD_S * SECOND_US * (1 + JITTER * (2 * dice.units(int(HOURS * 3600 / PERIOD_S)) - 1))
    times = AT_US - HOURS * HOUR_US + np.cumsum(waits).astype(np.int64)
    times = times[times < AT_US - 60 * SECOND_US]
    made = _beacon(times, name) if campaign is Campaign.BEACON else _tunnel(dice, times, name)
    return with_ports(list(made), 0)


def _beacon(times: Ints, name: str) -> Iterator[Flows]:
    answer = ".".join(str(byte) for byte in PEER.to_bytes(4, "big"))
    yield flows(dns(name, "A", (answer,)), times - 60_000, HOST, RESOLVER, rtt_us=700, server_inside=True)
    server = Server(name=name, version=TLS12, cipher=0xC02F, issuer="Exercise", born_us=AT_US - 3 * DAY_US)
    yield flows(tls(STACKS["implant-a"], server, (Exchange(312, 190),)), times, HOST, PEER)


def _tunnel(dice: SeededDice, times: Ints, name: str) -> Iterator[Flows]:
    talk = dns(f"{'a' * LABEL_CHARS}.{name}", "TXT", ("k" * 120,), fresh_chars=LABEL_CHARS, ttl_s=1)
    many = np.sort(np.concatenate([times + step * 5 * SECOND_US for step in range(10)]))
    batch = flows(talk, many, HOST, RESOLVER, rtt_us=900, server_inside=True)
    yield replace(batch, pool=letters(dice, talk, len(batch), _BASE32))
