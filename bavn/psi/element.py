"""Elements: the bytes that two actors must write alike, and which of them go into a round.

An element is ``type tag (1 byte) || length (2 bytes, big-endian) || canonical value``. Values: addresses in network
order (4 or 16 bytes), all others as their canonical ASCII text (model/observable.py). The vectors beside the tests
(tests/psi/vectors.json) hold every byte of it. Refuses to know which observables are popular, private or known to be
good: who puts elements into a round leaves those out first.
"""

import math
import struct
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, Final

from bavn.model.observable import Observable, ObservableType, registered_domain
from bavn.psi.ordinary import Ordinary, OrdinaryType

# A number once given is never given again.
TYPE_TAGS: Final[dict[ObservableType, int]] = {
    ObservableType.IP4: 1,
    ObservableType.IP6: 2,
    ObservableType.DOMAIN: 3,
    ObservableType.JA3: 4,
    ObservableType.JA4: 5,
    ObservableType.CERT: 6,
    ObservableType.SHA256: 7,
    ObservableType.FP_PAIR: 8,
    ObservableType.CHAIN: 9,
}
ORDINARY_TAGS: Final[dict[OrdinaryType, int]] = {
    OrdinaryType.ALERT: 32,
    OrdinaryType.NET: 33,
    OrdinaryType.ISSUER: 34,
    OrdinaryType.USER_AGENT: 35,
    OrdinaryType.SERVER: 36,
    OrdinaryType.SERVICE: 37,
}
_HEAD: Final = struct.Struct(">BH")
_ADDRESSES = frozenset({ObservableType.IP4, ObservableType.IP6})


def as_element(observable: Observable) -> Observable:
    """The form in which an observable joins: a domain as its registered domain, all else as it is."""
    if observable.type is not ObservableType.DOMAIN:
        return observable
    registered = registered_domain(observable.value)
    return observable if registered is None else Observable.of(ObservableType.DOMAIN, registered)


def known_by(observables: Iterable[Observable]) -> list[Observable]:
    """Of what names a peer, in the form in which it joins, that by which the commons know it: its domains; only where
    it has none its addresses, since only those are listed that no name was seen for. Not what its programs look like,
    which is alike at many peers."""
    given = [as_element(observable) for observable in observables]
    domains = [name for name in given if name.type is ObservableType.DOMAIN]
    return domains or [address for address in given if address.type in _ADDRESSES]


def element_bytes(item: Observable | Ordinary) -> bytes:
    """The element of an observable exactly as it stands; of what has none its text as UTF-8."""
    if isinstance(item, Ordinary):
        tag, value = ORDINARY_TAGS[item.type], item.value.encode()
    else:
        tag = TYPE_TAGS[item.type]
        value = ip_address(item.value).packed if item.type in _ADDRESSES else item.value.encode("ascii")
    return _HEAD.pack(tag, len(value)) + value


def ordinary_of(element: bytes) -> Ordinary | None:
    """What has no observable, of its element; None for the element of an observable, and for what is none."""
    kinds = {tag: kind for kind, tag in ORDINARY_TAGS.items()}
    if len(element) < _HEAD.size:
        return None
    tag, length = _HEAD.unpack_from(element)
    value = element[_HEAD.size :].decode("utf-8", "replace")
    return Ordinary(kinds[tag], value) if tag in kinds and len(element) == _HEAD.size + length else None


def select[Key: Any](weighed: Iterable[tuple[Key, float]], m: int) -> list[tuple[Key, float]]:
    """The ``m`` most suspicious, most suspicious (largest priority) first; equal ones in the order of their keys.

    A key that comes more than once counts once, with its largest priority. The same list whatever the order of the
    input. Keys must have an order. ValueError for a priority that is not a number or a negative ``m``.
    """
    if m < 0:
        raise ValueError(f"a set has no negative size: {m}")
    best: dict[Key, float] = {}
    for key, priority in weighed:
        if math.isnan(priority):
            raise ValueError("a priority is a number, not NaN")
        if key not in best or best[key] < priority:
            best[key] = priority
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:m]
