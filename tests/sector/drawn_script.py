"""Stories for a simulated sector by seed: a campaign, bad networks, deaths at any party at any question."""

from dataclasses import dataclass, field

from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.rehearsal.network import Faults
from bavn.rehearsal.script import CENTRE, KEYHOLDER, START_US, Death, Script, Suspects, suspicion
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_address, invented_name


@dataclass(slots=True)
class _Draft:
    suspects: list[Suspects] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)


def drawn_script(seed: int, *, actors: int = 4, steps: int = 18, faults: bool = True) -> Script:
    """A campaign at three or four actors, something at each that nobody else has, a bad network for everybody, and up
    to six deaths at any party at any question."""
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
        return Script(seed=seed, actors=names, steps=steps, suspects=tuple(draft.suspects))
    for _ in range(dice.below(7)):
        who = (*names, CENTRE, KEYHOLDER)[dice.below(actors + 2)]
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
    )


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
