"""How much an indicator is still worth: the law by which its confidence decays, is refreshed and sinks. Pure.

    worth(now) = base * 2 ** (-(now - last) / half_life) * (1 + T) / (1 + T + F)

``base``: confidence when it was released; ``last``: the later of release and the last true sighting; ``half_life``: by
type, since addresses change hands sooner than certificates; ``T`` and ``F``: independent groups that met it, and that
found it wrong (lifted by hand, rolled back, told so). A group counts once: alone it halves what nobody
else has met, and with a base of 50 or more that is not yet below a line of 25. Refuses to know where
sightings come from.

The form follows Iklody, Wagener, Dulaunoy et al., "Decaying Indicators of Compromise" (arXiv:1803.11052, 2018): a base
score, a decay by type and a sighting that starts it anew; exponential here, so that one number says all.
"""

from math import log2

from bavn.model.moment import DAY_US


def worth(
    base: int, last_us: int, now_us: int, *, half_life_days: float, true_groups: int = 0, false_groups: int = 0
) -> int:
    """0..100. A moment before ``last_us`` counts as that moment."""
    age = max(0, now_us - last_us) / (half_life_days * DAY_US)
    believed = (1 + true_groups) / (1 + true_groups + false_groups)
    return round(base * float(2.0**-age) * believed)


def falls_below_us(
    base: int, last_us: int, line: int, *, half_life_days: float, true_groups: int = 0, false_groups: int = 0
) -> int:
    """About when it falls below ``line`` if nobody meets it again: for people to see. ``last_us`` if it is there."""
    believed = base * (1 + true_groups) / (1 + true_groups + false_groups)
    if believed <= line or line <= 0:
        return last_us if line > 0 else last_us + round(100 * half_life_days * DAY_US)
    return last_us + round(log2(believed / line) * half_life_days * DAY_US)
