"""What a primary answers a secondary: SOA, the whole zone (AXFR, RFC 5936), its changes (IXFR, RFC 1995), and NOTIFY.

Only for this one zone, and only to who shows the key (TSIG, RFC 8945) or, where there is no key, asks from an address
that may. Everything else is refused; what is no query is not answered at all. Refuses to know sockets.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig

from bavn.actor.protect.enforcers.rpz import TTL_S, ZONE
from bavn.actor.protect.enforcers.rpz_primary import Zone
from bavn.model.text import Text

ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
SECRET_BYTES_MIN: Final = 16
QUERY_BYTES_MAX: Final = 4096
MESSAGE_BYTES_MAX: Final = 60_000
_HEADER_BYTES: Final = 12
_ID_BYTES: Final = 2
_RECORD_BYTES: Final = 24
_ORIGIN: Final = dns.name.from_text(ZONE)
_NXDOMAIN: Final = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.CNAME, ".")
_NS: Final = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.NS, "localhost.")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: ``may`` by its address alone; ``over_tcp`` whether a long answer has room."""

    may: bool
    over_tcp: bool


def key_of(text: str) -> dns.tsig.Key:
    """A TSIG key from ``name:algorithm:secret`` (base64). ValueError for what is none, or is too short."""
    name, _, rest = text.partition(":")
    algorithm, _, secret = rest.partition(":")
    if not secret:
        raise ValueError(Text("a key is name:algorithm:secret, such as bavn:hmac-sha256:BASE64"))
    if algorithm not in ALGORITHMS:
        raise ValueError(
            Text(
                "a key's algorithm is one of {algorithms}, not {algorithm}",
                algorithms=", ".join(ALGORITHMS),
                algorithm=repr(algorithm[:40]),
            )
        )
    try:
        key, size = dns.tsig.Key(name, secret, f"{algorithm}."), len(base64.b64decode(secret, validate=True))
    except (ValueError, dns.exception.DNSException) as error:
        raise ValueError(Text("the key cannot be read: {error}", error=error)) from error
    if size < SECRET_BYTES_MIN:
        raise ValueError(
            Text("a key's secret has at least {secret_bytes_min} bytes", secret_bytes_min=SECRET_BYTES_MIN)
        )
    return key


def answers(wire: bytes, zone: Zone, key: dns.tsig.Key | None, asker: Asker) -> Iterator[bytes]:
    """The messages that answer one query, in order; none for what deserves none."""
    if len(wire) < _HEADER_BYTES or len(wire) > QUERY_BYTES_MAX or wire[2] & 0x80:
        return
    try:
        query = dns.message.from_wire(wire, keyring=None if key is None else {key.name: key})
    except (
        dns.message.UnknownTSIGKey,
        dns.tsig.PeerError,
        dns.tsig.BadSignature,
        dns.tsig.BadTime,
        dns.tsig.BadKey,
        dns.tsig.BadAlgorithm,
    ):
        yield _bare(wire, dns.rcode.NOTAUTH)
        return
    except (dns.exception.DNSException, ValueError, KeyError, IndexError, AttributeError, NotImplementedError):
        yield _bare(wire, dns.rcode.FORMERR)
        return
    wrong = _refusal(query, key, asker)
    if wrong is not None:
        if query.question:
            refused = dns.message.make_response(query)
            refused.set_rcode(wrong)
            yield refused.to_wire()
        else:
            yield _bare(wire, wrong)
        return
    yield from _messages(query, _records(query, zone, asker))


def notify(zone: Zone, key: dns.tsig.Key | None) -> dns.message.Message:
    """What tells a secondary that there is something new (RFC 1996)."""
    query = dns.message.make_query(_ORIGIN, dns.rdatatype.SOA)
    query.set_opcode(dns.opcode.NOTIFY)
    query.flags = (query.flags & ~dns.flags.RD) | dns.flags.AA
    query.answer.append(_soa(zone.serial))
    if key is not None:
        query.use_tsig(key)
    return query


def _refusal(query: dns.message.Message, key: dns.tsig.Key | None, asker: Asker) -> dns.rcode.Rcode | None:
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    known = query.had_tsig if key is not None else asker.may
    if not known or question.name != _ORIGIN or question.rdclass != dns.rdataclass.IN:
        return dns.rcode.REFUSED
    if question.rdtype not in (dns.rdatatype.SOA, dns.rdatatype.AXFR, dns.rdatatype.IXFR):
        return dns.rcode.REFUSED
    if question.rdtype == dns.rdatatype.AXFR and not asker.over_tcp:
        return dns.rcode.FORMERR
    return None


def _records(query: dns.message.Message, zone: Zone, asker: Asker) -> Iterator[dns.rrset.RRset]:
    kind, soa = query.question[0].rdtype, _soa(zone.serial)
    yield soa
    if kind == dns.rdatatype.SOA:
        return
    steps = None
    if kind == dns.rdatatype.IXFR:
        held = _held(query)
        steps = None if held is None else zone.since(held)
        if steps == () or not asker.over_tcp:  # nothing new, or: come again over TCP
            return
    if steps is None:
        yield dns.rrset.from_rdata(_ORIGIN, TTL_S, _NS)
        yield from _blocked(zone.names)
    else:
        for step in steps:
            yield _soa(step.serial_before)
            yield from _blocked(step.gone)
            yield _soa(step.serial_after)
            yield from _blocked(step.new)
    yield soa


def _messages(query: dns.message.Message, records: Iterable[dns.rrset.RRset]) -> Iterator[bytes]:
    """The records in as many messages as they need, each signed with what came before it."""
    context, size = None, 0
    response = _response(query)
    for record in records:
        length = sum(len(label) + 1 for label in record.name.labels) + _RECORD_BYTES
        if record.rdtype == dns.rdatatype.SOA:
            length += 64
        if size + length > MESSAGE_BYTES_MAX:
            yield response.to_wire(multi=True, tsig_ctx=context)
            context, size, response = response.tsig_ctx, 0, _response(query)
        response.answer.append(record)
        size += length
    yield response.to_wire(multi=True, tsig_ctx=context)


def _response(query: dns.message.Message) -> dns.message.Message:
    made = dns.message.make_response(query)
    made.flags |= dns.flags.AA
    return made


def _blocked(names: Iterable[str]) -> Iterator[dns.rrset.RRset]:
    for name in names:
        yield dns.rrset.from_rdata(dns.name.from_text(name, _ORIGIN), TTL_S, _NXDOMAIN)
        yield dns.rrset.from_rdata(dns.name.from_text(f"*.{name}", _ORIGIN), TTL_S, _NXDOMAIN)


def _soa(serial: int) -> dns.rrset.RRset:
    text = f"localhost. nobody.invalid. {serial} 60 30 2592000 {TTL_S}"
    return dns.rrset.from_text(_ORIGIN, TTL_S, dns.rdataclass.IN, dns.rdatatype.SOA, text)


def _held(query: dns.message.Message) -> int | None:
    """The serial that a secondary says it holds."""
    for record in query.authority:
        if record.rdtype == dns.rdatatype.SOA and record.name == _ORIGIN and len(record) == 1:
            return int(record[0].serial)
    return None


def _bare(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A header alone: for what could not be read, or was signed by somebody else."""
    return wire[:_ID_BYTES] + bytes((0x80 | wire[2] & 0x79, int(rcode))) + bytes(8)
