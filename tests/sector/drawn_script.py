"""Stories for a simulated sector by seed: a campaign, bad networks, deaths at any party at any question."""

from dataclasses import dataclass, field

from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.rehearsal.holder_faults import FAULTS, HolderFaults
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import (
    CENTRE,
    START_US,
    Death,
    HolderChange,
    Script,
    Suspects,
    holder_name,
    suspicion,
)
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_address, invented_name


@dataclass(slots=True)
class _Draft:
    suspects: list[Suspects] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)


def drawn_script(
    seed: int, *, actors: int = 4, steps: int = 18, faults: bool = True, holders: int = 1, holders_k: int = 1
) -> Script:
    """A campaign at three or four actors, something at each that nobody else has, a bad network for everybody, and up
    to six deaths at any party at any question. With several key holders some of them fail beside (drawn_changes)."""
    dice = SeededDice(seed, "script")
    names = tuple(f"actor-{letter}" for letter in "abcdefgh"[:actors])
    end_us = START_US + steps * 60 * SECOND_US
    draft = _Draft()
    domain = invented_name(dice, "com")
    shared = (Observable.of("domain", domain), Observable.of("ip4", _dotted(invented_address(domain))))
    hit = 3 + dice.below(max(1, actors - 2))
    for place, name in enumerate(names):
        own = Observable.of("domain", invented_name(dice, "net"))
        at_us = START_US + int(dice.unit() * 0.3 * (end_us - START_US))
        alone = suspicion((own,), 10 ** (-2 - 2 * dice.unit()), f"10.{10 + place}.1.7", START_US)
        draft.suspects.append(Suspects(START_US, name, (alone,)))
        if place < hit:
            weak = suspicion(shared, 0.006 + 0.02 * dice.unit(), f"10.{10 + place}.1.9", START_US)
            draft.suspects.append(Suspects(at_us, name, (alone, weak)))
    if not faults:
        suspects = tuple(draft.suspects)
        return Script(seed=seed, actors=names, steps=steps, suspects=suspects, holders=holders, holders_k=holders_k)
    of_holders = dice.fork("holders")
    for _ in range(dice.below(7)):
        who = (*names, CENTRE, "")[dice.below(actors + 2)] or holder_name(1 + of_holders.below(holders))
        at_us = START_US + int(dice.unit() * (end_us - START_US))
        draft.deaths.append(Death(at_us, who, dice.below(60)))
    networks = tuple((name, drawn_faults(dice.fork(name), START_US, end_us)) for name in names)
    return Script(
        seed=seed,
        actors=names,
        steps=steps,
        suspects=tuple(draft.suspects),
        deaths=tuple(draft.deaths),
        networks=networks,
        holders=holders,
        holders_k=holders_k,
        holder_changes=drawn_changes(of_holders, holders, holders_k, START_US, end_us),
    )


def drawn_changes(dice: SeededDice, n: int, k: int, start_us: int, end_us: int) -> tuple[HolderChange, ...]:
    """What happens to n-k of n key holders: each fails in its own way three times, now dead, now lying, now silent, and
    may be well in between, with its shares or without."""
    order = sorted(range(1, n + 1), key=lambda _: dice.unit())
    changes = []
    for number in order[: n - k]:
        for _ in range(3):
            at_us = start_us + int(dice.unit() * 0.9 * (end_us - start_us))
            thrown, questions = dice.unit(), dice.below(12)
            if thrown < 0.3:
                change = HolderChange(at_us, holder_name(number), HolderFaults(dead=True), questions)
            elif thrown < 0.85:
                shares = [dice.unit() for _ in range(len(FAULTS) + 1)]
                faults = HolderFaults(**{name: one / sum(shares) for name, one in zip(FAULTS, shares, strict=False)})
                change = HolderChange(at_us, holder_name(number), faults)
            else:
                change = HolderChange(at_us, holder_name(number), HolderFaults(), lost=dice.chance(0.5))
            changes.append(change)
    return tuple(changes)


def _dotted(address: int) -> str:
    return ".".join(str(byte) for byte in address.to_bytes(4, "big"))


def drawn_faults(dice: SeededDice, start_us: int, end_us: int) -> Faults:
    """A network that is bad in its own way: some of each fault, up to three partitions within the span."""
    partitions = []
    for _ in range(dice.below(4)):
        begins = start_us + int(dice.unit() * (end_us - start_us))
        partitions.append((begins, begins + 1 + int(dice.unit() * 0.2 * (end_us - start_us))))
    return Faults(
        request_lost=0.3 * dice.unit(),
        answer_lost=0.3 * dice.unit(),
        doubled=0.3 * dice.unit(),
        late=0.2 * dice.unit(),
        stale_answer=0.2 * dice.unit(),
        late_s_max=1 + dice.below(300),
        partitions=tuple(partitions),
    )
