"""A dnstap file -> dns rows with client, resolver, answers and rcode: what queries and responses of clients hold.

What a resolver asks others passes. dnspython reads the DNS message; what it cannot read is refused. Refuses to follow a
file: it is read once, for `bavn analyse`; a resolver that runs is heard by dnstap_receiver.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import pyarrow as pa

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine
from bavn.actor.sense.base import Batch
from bavn.actor.sense.dnstap.frames import NotDnstap, Tapped, frames, tapped
from bavn.actor.sense.macros import MOMENT_S_MAX
from bavn.actor.sense.unread import unreadable
from bavn.model.record import TABLES, address_uuid
from bavn.model.text import Text

READ_BYTES: Final = 4 << 20
_CLIENTS: Final = frozenset({1, 2, 5, 6})
_PROTOCOLS: Final = {1: "udp", 2: "tcp", 3: "tcp", 4: "tcp", 5: "udp", 6: "tcp", 7: "udp"}
_TYPES: Final = {
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
    "USMALLINT": pa.uint16(),
    "UBIGINT": pa.uint64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "UINTEGER": pa.uint32(),
}


def dnstap_batches(path: Path, sensor: str) -> Iterator[Batch]:
    """Every message of a file, in batches. A line is a message, numbered from 1."""
    number = 0
    held = b""
    with LogFile(path) as file:
        while True:
            data = file.read(READ_BYTES)
            held += data
            rows: list[dict[str, Any]] = []
            refusals: list[RefusedLine] = []
            passed = at = first = 0
            first = number
            broken: Text | None = None
            try:
                for frame, behind in frames(held, 0):
                    at, number = behind, number + 1
                    try:
                        row = row_of(tapped(frame), sensor)
                    except Exception as error:  # noqa: BLE001  a stranger's message, and what its readers raise over it
                        reason = why_not(error, frame)
                        refusals.append(RefusedLine(path.name, number, reason))
                        continue
                    if row is None:
                        passed += 1
                    else:
                        rows.append(row)
            except NotDnstap as error:
                broken = Text("cannot be read on: {why}", why=Text.of_error(error))
            held = held[at:]
            over = len(data) < READ_BYTES
            broken = broken or file.damage or (Text("the last frame is cut off") if over and _left(held) else None)
            if broken:
                refusals.insert(0, RefusedLine(path.name, 0, broken))
            rows, table, bad = tabled(rows)
            refusals += [RefusedLine(path.name, 0, reason) for reason in bad]
            count = number - first + bool(broken)
            if count:
                yield Batch(
                    source=str(path),
                    mark=str(number),
                    tables={"dns": table} if rows else {},
                    lines=count,
                    passed=passed,
                    refused=len(refusals),
                    refusals=tuple(refusals[:REFUSALS_KEPT_MAX]),
                )
            if broken or over:
                return


def why_not(error: Exception, raw: bytes) -> Text:
    """The reason of a message that became no row."""
    if isinstance(error, (NotDnstap, dns.exception.DNSException)):
        return Text.of_error(error) if str(error) else Text.plain(type(error).__name__)
    return unreadable(error, raw)


def row_of(tap: Tapped, sensor: str) -> dict[str, Any] | None:
    """None for what is not between a client and this resolver."""
    if tap.kind not in _CLIENTS:
        return None
    if not 0 <= tap.us < MOMENT_S_MAX * 1_000_000:
        raise NotDnstap(Text("no possible time"))
    message = dns.message.from_wire(tap.raw, ignore_trailing=True, one_rr_per_rrset=True)
    if not message.question:
        return None
    question, answered = message.question[0], tap.kind % 2 == 0
    row: dict[str, Any] = {
        "ts": tap.us,
        "sensor": sensor,
        "src": _stored(tap.client),
        "dst": _stored(tap.server),
        "src_port": tap.client_port & 0xFFFF,
        "dst_port": (tap.server_port or 53) & 0xFFFF,
        "proto": _PROTOCOLS.get(tap.protocol),
        "flow_id": 0,
        "answered": answered,
        "rrname": question.name.to_text(omit_final_dot=True).lower(),
        "rrtype": dns.rdatatype.to_text(question.rdtype),
    }
    if answered:
        texts = [rdata.to_text() for answer in message.answer for rdata in answer]
        row |= {
            "rcode": dns.rcode.to_text(message.rcode()),
            "answers": [text.rstrip(".") for text in texts],
            "answer_bytes": sum(map(len, texts)),
            "ttl_s": min((rr.ttl for rr in message.answer), default=None),
        }
    return row


def _left(held: bytes) -> bool:
    """Whether bytes behind the last whole data frame are more than the end of the stream (a control frame)."""
    if held[:4] != bytes(4):
        return bool(held)
    return len(held) != 8 + int.from_bytes(held[4:8])


def _stored(address: bytes) -> bytes:
    return address_uuid(str(ip_address(address))).bytes if address else bytes(16)


def tabled(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], pa.Table, list[Text]]:
    """Those that become rows of a table, the table, and why the others do not, whatever is in them."""
    try:
        return rows, table_of(rows), []
    except Exception:  # noqa: BLE001  a value that a column cannot hold: it is in one of them
        good, bad = [], []
        for row in rows:
            try:
                table_of([row])
                good.append(row)
            except Exception as error:  # noqa: BLE001  this one
                bad.append(unreadable(error, repr(row).encode("utf-8", "backslashreplace")))
    return good, table_of(good), bad


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of :func:`row_of` with every column of the dns record."""
    columns = []
    for column in TABLES["dns"]:
        values = [row.get(column.name) for row in rows]
        if column.type == "UUID":
            columns.append(pa.ExtensionArray.from_storage(pa.uuid(), pa.array(values, pa.binary(16))))
        else:
            columns.append(pa.array(values, _TYPES[column.type]))
    return pa.table(columns, names=[column.name for column in TABLES["dns"]])
