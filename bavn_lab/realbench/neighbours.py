"""How many organisations met each kind of alert: counted in the open, and by a round of the commons.

The private way makes real shares, real planes and real answers (psi/commons.py); the keys are one process's own,
since nobody here has anything to hide. Refuses to know hosts: what a host is called is its owner's own.
"""

from collections.abc import Mapping
from typing import Final

from bavn.model.outcome import Refused
from bavn.model.sector.known_days import bucket_of
from bavn.psi.commons import answers, planes_by_table, read_answer
from bavn.psi.commons_terms import SIZES, commons_params
from bavn.psi.element import element_bytes
from bavn.psi.field import Plane
from bavn.psi.keys import element_id, epoch_key, round_key
from bavn.psi.ordinary import Ordinary, OrdinaryType
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap
from bavn.traffic.dice import SeededDice

EPOCH: Final = 1
KINDS_MAX: Final = SIZES[0]
Kinds = frozenset[str]
Buckets = dict[str, dict[str, int]]
"""Organisation -> each of its kinds -> the bucket of how many have it, itself among them (psi/commons.py)."""


def counted(kinds: Mapping[str, Kinds]) -> Buckets:
    """By counting, in the open."""
    return {
        name: {kind: bucket_of(sum(kind in others for others in kinds.values())) for kind in mine}
        for name, mine in kinds.items()
    }


def joined(kinds: Mapping[str, Kinds], dice: SeededDice) -> Buckets:
    """By one round. ValueError where an organisation has more than KINDS_MAX."""
    if any(len(mine) > KINDS_MAX for mine in kinds.values()):
        raise ValueError(f"more than {KINDS_MAX:,} kinds at one organisation")
    params = commons_params(epoch=EPOCH, round_id=dice.bytes(16), registry_version=1, m=SIZES[0])
    k_epoch = epoch_key(dice.bytes(32), EPOCH, params.tier)
    kr = round_key(k_epoch, params)
    planes: dict[int, Plane] = {}
    slots: dict[int, SlotMap] = {}
    listed = {x: sorted(kinds[name]) for x, name in enumerate(sorted(kinds), 1)}
    for x, mine in listed.items():
        ids = [(element_id(k_epoch, element_bytes(Ordinary(OrdinaryType.ALERT, kind))), 1.0) for kind in mine]
        share = generate(params, kr, ids, x, dice.fork(f"share {x}"))
        planes[x], slots[x] = share.planes, share.slots
    raw = answers(params, tuple(listed), {x: str(x) for x in listed}, planes_by_table(planes))
    buckets: Buckets = {}
    for (x, mine), name in zip(listed.items(), sorted(kinds), strict=True):
        read = read_answer(params, raw[x], slots[x], len(mine))
        if isinstance(read, Refused):
            raise TypeError(f"the centre's own answer is refused: {read}")
        buckets[name] = dict(zip(mine, read.tolist(), strict=True))
    return buckets
