"""Named sets of the kernel's packet filter (nftables): packets to and from a blocked address are dropped.

One table of our own, ``inet bavn``; other tables are never touched. Each element carries a timeout, so that a block
ends also in a kernel whose node has died. Every change is one transaction of nft: layout, rules and the difference of
the elements together, or nothing. Refuses to know which networks the machine joins.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import batched
from typing import Any, Final

from bavn.actor.protect.sightings import HOSTS_MAX, Hit
from bavn.model.intel.indicator import Block
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock, EnforcerDown
from bavn.model.text import Text

TABLE: Final = "inet bavn"
HOOKS: Final = ("forward", "input", "output")
PRIORITY: Final = -10
"""Before ordinary filters (0), so that what they accept is still dropped."""
TIMEOUT_S_MAX: Final = 400 * 24 * 3600
DRIFT_S: Final = 5
"""An element whose end is so near the wanted one stays as it is."""
RUN_S_MAX: Final = 60.0
READ_REST: Final = 20
MET_S: Final = 3600
MET_MAX: Final = 65_535
"""Own machines and whom they tried to reach, kept by the kernel for an hour; one pair more is dropped unnoted."""
_SETS: Final[Mapping[str, tuple[str, str, ObservableType]]] = {
    "blocked4": ("ipv4_addr", "ip", ObservableType.IP4),
    "blocked6": ("ipv6_addr", "ip6", ObservableType.IP6),
}
_MET: Final[Mapping[str, str]] = {"blocked4": "met4", "blocked6": "met6"}
_CALLED: Final[Mapping[str, str]] = {"blocked4": "called4", "blocked6": "called6"}
_PER_LINE: Final = 500
_DIRECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "forward": ("daddr", "saddr"),
    "input": ("saddr",),
    "output": ("daddr",),
}


@dataclass(frozen=True, slots=True)
class Element:
    """An element as the kernel holds it: ``expires_s`` None where it never ends; ``packets`` that it stopped."""

    expires_s: int | None
    packets: int


class Nft:
    """The program nft. ``command``: how it is called, as a list of words."""

    def __init__(self, command: Sequence[str] = ("nft",), *, timeout_s: float = RUN_S_MAX) -> None:
        self._command = tuple(command)
        self._timeout_s = timeout_s

    def apply(self, script: str) -> None:
        """All of a script in one transaction. Raises EnforcerDown."""
        self._run(("-f", "-"), script)

    def elements(self, name: str) -> dict[str, Element] | None:
        """A set of our table; None where there is none. Raises EnforcerDown."""
        try:
            reply = self._run(("-j", "list", "set", *TABLE.split(), name), "")
        except _NoSuchThing:
            return None
        try:
            entries = json.loads(reply)["nftables"]
            found = next(entry["set"] for entry in entries if "set" in entry)
            return dict(_element(one) for one in found.get("elem", ()))
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise EnforcerDown(Text("nft said something else than a set: {error}", error=repr(error))) from error

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Own machine and blocked address, from a set of pairs; none where it is not there. Raises EnforcerDown."""
        try:
            reply = self._run(("-j", "list", "set", *TABLE.split(), name), "")
        except _NoSuchThing:
            return ()
        try:
            found = next(entry["set"] for entry in json.loads(reply)["nftables"] if "set" in entry)
            both = [one["elem"]["val"]["concat"] for one in found.get("elem", ())]
            return tuple((str(ip_address(own)), str(ip_address(other))) for own, other in both)
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise EnforcerDown(
                Text("nft said something else than a set of pairs: {error}", error=repr(error))
            ) from error

    def chains(self) -> tuple[str, ...]:
        """Chains of our table, none where it is not there."""
        try:
            reply = self._run(("-j", "-t", "list", "table", *TABLE.split()), "")
        except _NoSuchThing:
            return ()
        try:
            return tuple(entry["chain"]["name"] for entry in json.loads(reply)["nftables"] if "chain" in entry)
        except (ValueError, KeyError, TypeError) as error:
            raise EnforcerDown(Text("nft said something else than a table: {error}", error=repr(error))) from error

    def _run(self, words: Sequence[str], given: str) -> str:
        try:
            done = subprocess.run(
                [*self._command, *words],
                input=given,
                capture_output=True,
                text=True,
                timeout=self._timeout_s,
                check=False,
                errors="replace",
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnforcerDown(Text("nft cannot be run: {error}", error=error)) from error
        if done.returncode != 0:
            why = done.stderr.strip().splitlines()[:1] or [f"exit code {done.returncode}"]
            if "No such file or directory" in done.stderr and words[0] == "-j":
                raise _NoSuchThing(why[0])
            raise EnforcerDown(Text("nft refused: {why}", why=why[0][:200]))
        return done.stdout


class _NoSuchThing(EnforcerDown):
    """The table or set is not there yet."""


class NftSets:
    """An Enforcer and a HitSource. ``hooks``: where packets are looked at: ``forward`` on a router or firewall,
    ``input`` and ``output`` for the machine itself. ValueError for a hook that is none."""

    def __init__(self, nft: Nft, clock: Clock, hooks: Sequence[str] = ("forward",)) -> None:
        wrong = [hook for hook in hooks if hook not in HOOKS]
        if wrong or not hooks:
            raise ValueError(
                Text(
                    "nftables looks at packets in {hooks}, not in {wrong}",
                    hooks=", ".join(HOOKS),
                    wrong=", ".join(wrong) or Text("none"),
                )
            )
        self._nft = nft
        self._clock = clock
        self._read_next_us = 0
        self._hooks = tuple(hook for hook in HOOKS if hook in hooks)

    name = "nft_sets"
    carries = frozenset(kind for _, _, kind in _SETS.values())

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port. What is true already is not touched, so that its counters go on."""
        now_us = self._clock.now_us()
        changes: list[str] = []
        for name, (_, _, kind) in _SETS.items():
            wanted = _ends_in(blocks, kind, now_us)
            changes += _difference(name, wanted, self._nft.elements(name) or {})
        lost = [chain for chain in self._nft.chains() if chain not in (*self._hooks, *_CALLED.values())]
        lines = [*_layout(self._hooks), *(f"delete chain {TABLE} {chain}" for chain in lost), *changes]
        self._nft.apply("".join(f"{line}\n" for line in lines))

    def read(self, mark: str | None) -> tuple[tuple[Hit, ...], str]:
        """See HitSource: packets stopped since the mark, all of them now: the kernel counts and keeps no times. A large
        set takes long to list: so long as that took, twenty times over, nothing is new."""
        now_us = self._clock.now_us()
        if mark is not None and now_us < self._read_next_us:
            return (), mark
        before: dict[str, int] = json.loads(mark) if mark else {}
        hits: list[Hit] = []
        counts: dict[str, int] = {}
        for name, (_, _, kind) in _SETS.items():
            met: dict[str, list[tuple[str, int]]] = {}
            for own, other in self._nft.pairs(_MET[name]):
                met.setdefault(other, []).append((own, now_us))
            for value, element in sorted((self._nft.elements(name) or {}).items()):
                if element.packets:
                    counts[value] = element.packets
                    more = element.packets - before.get(value, 0)
                    count = more if more >= 0 else element.packets  # the element is a new one
                    if count:
                        hosts = tuple(sorted(met.get(value, ()))[:HOSTS_MAX])
                        hits.append(Hit(Observable.trusted(kind, value), count, now_us, now_us, hosts))
        self._read_next_us = now_us + READ_REST * (self._clock.now_us() - now_us)
        return tuple(hits), json.dumps(counts, sort_keys=True, separators=(",", ":"))

    def kept(self, mark: str) -> None:
        """See HitSource: the counters stand in the kernel."""


def _ends_in(blocks: Iterable[Block], kind: ObservableType, now_us: int) -> dict[str, int]:
    """Address -> whole seconds until its last block ends; what has ended is left out."""
    wanted: dict[str, int] = {}
    for block in blocks:
        left_s = min(TIMEOUT_S_MAX, -((now_us - block.until_us) // SECOND_US))
        if block.observable.type is kind and left_s > 0:
            value = str(ip_address(block.observable.value))
            wanted[value] = max(left_s, wanted.get(value, 0))
    return wanted


def _difference(name: str, wanted: Mapping[str, int], there: Mapping[str, Element]) -> Iterator[str]:
    """What turns the elements that are there into the wanted ones; an end is changed by taking out and putting in."""

    def as_wanted(value: str) -> bool:
        held = there.get(value)
        return held is not None and held.expires_s is not None and abs(held.expires_s - wanted[value]) <= DRIFT_S

    new = {value for value in wanted if not as_wanted(value)}
    gone = sorted(value for value in there if value not in wanted or value in new)
    for some in batched(gone, _PER_LINE):
        yield f"delete element {TABLE} {name} {{ {', '.join(some)} }}"
    for some in batched(sorted(new), _PER_LINE):
        listed = ", ".join(f"{value} timeout {wanted[value]}s" for value in some)
        yield f"add element {TABLE} {name} {{ {listed} }}"


def _layout(hooks: Sequence[str]) -> Iterator[str]:
    """Table, sets, chains and rules; rules are written anew in the same transaction. Own machines that call a blocked
    address are noted in a chain of its own, where a full set ends its rule and not the drop behind it."""
    yield f"add table {TABLE}"
    for name, (kind, family, _) in _SETS.items():
        yield f"add set {TABLE} {name} {{ type {kind}; flags timeout; counter; }}"
        pair = f"type {kind} . {kind}; flags dynamic,timeout; timeout {MET_S}s; size {MET_MAX}"
        yield f"add set {TABLE} {_MET[name]} {{ {pair}; }}"
        chain = f"{TABLE} {_CALLED[name]}"
        yield f"add chain {chain}"
        yield f"flush chain {chain}"
        yield f"add rule {chain} update @{_MET[name]} {{ {family} saddr . {family} daddr }}"
        yield f"add rule {chain} drop"
    for hook in hooks:
        yield f"add chain {TABLE} {hook} {{ type filter hook {hook} priority {PRIORITY}; policy accept; }}"
        yield f"flush chain {TABLE} {hook}"
        for name, (_, family, _) in _SETS.items():
            for direction in _DIRECTIONS[hook]:
                verdict = f"goto {_CALLED[name]}" if direction == "daddr" else "drop"
                yield f"add rule {TABLE} {hook} {family} {direction} @{name} {verdict}"


def _element(entry: Any) -> tuple[str, Element]:
    """``{"elem": {"val": ..., "expires": ..., "counter": {...}}}``, or the bare value of one without either."""
    if isinstance(entry, str):
        return str(ip_address(entry)), Element(None, 0)
    held = entry["elem"]
    counter = held.get("counter") or {}
    expires = held.get("expires")
    return str(ip_address(held["val"])), Element(
        None if expires is None else int(expires), int(counter.get("packets", 0))
    )
