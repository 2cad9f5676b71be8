"""The actor's own BIND as primary of a response policy zone, changed by dynamic update (RFC 2136) with TSIG.

What stands in the zone is fetched once (AXFR) and again whenever its serial is not the one that we left; only the
difference is sent, and BIND puts it into force without a reload. The zone is Bavn's alone: one that holds anything else
is left untouched, so that a mistyped name never empties a zone that people live on. Refuses to know clients.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from bavn.actor.protect.enforcers.rpz import TTL_S, stands_in_zone
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

ANSWER_S_MAX: Final = 3.0
UPDATE_S_MAX: Final = 20.0
"""A large update stands in the server's journal before it answers; one that hangs is noticed at the question before."""
FETCH_S_MAX: Final = 60.0
OWNERS_MAX: Final = 4_000_000
UPDATE_BYTES_MAX: Final = 24_000
_RECORD_BYTES: Final = 24
_APEX: Final = frozenset({dns.rdatatype.SOA, dns.rdatatype.NS})
_WRONG: Final = (OSError, EOFError, ValueError, dns.exception.DNSException)


class BindUpdate:
    """An Enforcer. ``server``: address and port; ``zone``: a policy zone there that is Bavn's alone; ``key`` may
    transfer and update it."""

    def __init__(self, server: tuple[str, int], zone: str, key: dns.tsig.Key) -> None:
        self._host, self._port = server
        self._origin = dns.name.from_text(zone)
        self._origin_chars = len(str(self._origin))
        self._key = key
        self._held: tuple[int, set[str]] | None = None

    name = "bind_update"
    carries = frozenset({ObservableType.DOMAIN})

    def takes(self, observable: Observable) -> bool:
        """See stands_in_zone; the zone's own name takes room, too."""
        room = len(observable.value) + len("*.") + self._origin_chars <= 253
        return room and stands_in_zone(observable)

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port. One name and its children are always one message: both or neither."""
        wanted = {owner for block in blocks for owner in _owners(block.observable.value)}
        serial = self._serial()
        if self._held is None or self._held[0] != serial:
            self._held = (serial, self._fetched())
        there = self._held[1]
        if wanted == there:
            return
        self._held = None
        for update in self._updates(sorted(there - wanted), sorted(wanted - there)):
            answer = self._ask(update, UPDATE_S_MAX)
            if answer.rcode() != dns.rcode.NOERROR:
                raise EnforcerDown(
                    Text(
                        "the name server refuses the update of {origin}: {rcode}",
                        origin=self._origin,
                        rcode=_rcode(answer),
                    )
                )
        self._held = (self._serial(), wanted)

    def still_true(self) -> bool:
        """See SelfCheck: nobody changed the zone since, not even by loading an old one."""
        return self._held is not None and self._held[0] == self._serial()

    def _updates(self, gone: Sequence[str], new: Sequence[str]) -> Iterator[dns.update.UpdateMessage]:
        """The changes in as few messages as hold them. ``*.name`` stands beside ``name`` in the order of _paired."""
        update, size = self._update(), 0
        for name, is_new in [*((name, False) for name in _paired(gone)), *((name, True) for name in _paired(new))]:
            if size > UPDATE_BYTES_MAX:
                yield update
                update, size = self._update(), 0
            for owner in name:
                if is_new:
                    update.add(owner, TTL_S, "CNAME", ".")
                else:
                    update.delete(owner, "CNAME")
                size += len(owner) + self._origin_chars + _RECORD_BYTES
        if size:
            yield update

    def _update(self) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(
            self._origin, keyring={self._key.name: self._key}, keyname=self._key.name, keyalgorithm=self._key.algorithm
        )

    def _serial(self) -> int:
        query = dns.message.make_query(self._origin, dns.rdatatype.SOA, flags=0)  # not to be asked of others
        query.use_tsig({self._key.name: self._key}, self._key.name, algorithm=self._key.algorithm)
        reply = self._ask(query)
        for record in reply.answer:
            if record.rdtype == dns.rdatatype.SOA and record.name == self._origin:
                return int(record[0].serial)
        raise EnforcerDown(
            Text("the name server is no primary of {origin}: {rcode}", origin=self._origin, rcode=_rcode(reply))
        )

    def _ask(self, query: dns.message.Message, seconds: float = ANSWER_S_MAX) -> dns.message.Message:
        try:
            return dns.query.tcp(query, self._host, seconds, self._port)
        except _WRONG as error:
            raise EnforcerDown(
                Text("the name server {host}@{port}: {reason}", host=self._host, port=self._port, reason=_reason(error))
            ) from error

    def _fetched(self) -> set[str]:
        """All owner names below the zone's, as they stand there. Raises EnforcerDown for a zone that holds others'."""
        names: set[str] = set()
        try:
            messages = dns.query.xfr(
                self._host,
                self._origin,
                port=self._port,
                keyring={self._key.name: self._key},
                keyname=self._key.name,
                keyalgorithm=self._key.algorithm,
                relativize=False,
                timeout=UPDATE_S_MAX,
                lifetime=FETCH_S_MAX,
            )
            for message in messages:
                for record in message.answer:
                    self._take(record, names)
        except _WRONG as error:
            raise EnforcerDown(
                Text("the zone {origin} cannot be fetched: {reason}", origin=self._origin, reason=_reason(error))
            ) from error
        return names

    def _take(self, record: dns.rrset.RRset, names: set[str]) -> None:
        if record.name == self._origin and record.rdtype in _APEX:
            return
        ours = record.rdtype == dns.rdatatype.CNAME and all(str(one.target) == "." for one in record)
        if not ours or record.name == self._origin:
            what = f"{record.name} {dns.rdatatype.to_text(record.rdtype)}"
            raise EnforcerDown(
                Text(
                    "{origin} holds {what}: give Bavn a policy zone of its own; nothing was changed",
                    origin=self._origin,
                    what=what[:80],
                )
            )
        if len(names) >= OWNERS_MAX:
            raise EnforcerDown(
                Text("{origin} holds more than {owners_max} names", origin=self._origin, owners_max=OWNERS_MAX)
            )
        names.add(record.name.relativize(self._origin).to_text())


def _owners(name: str) -> tuple[str, str]:
    return name, f"*.{name}"


def _paired(owners: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Owners of one name together, in order of name."""
    names = sorted({owner.removeprefix("*.") for owner in owners})
    there = set(owners)
    for name in names:
        yield tuple(owner for owner in _owners(name) if owner in there)


def _rcode(said: dns.message.Message) -> str:
    return str(dns.rcode.to_text(said.rcode()))


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
