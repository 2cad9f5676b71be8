"""Handshakes of OpenSSL's in memory, as packets and as rows: what the tests of key exchanges share."""

import ssl

from bavn.actor.formats.headers import TCP
from bavn.actor.sense.handshakes.packets import Packet
from bavn.actor.sense.handshakes.reader import KexReader

CLIENT, SERVER = (b"\x0a\0\0\x05", 40000), (b"\xc0\0\x02\x07", 443)
SEQ = {True: 2**32 - 700, False: 77}
NAME = "pacs.example.dk"


def handshake(identity, kind="EC", *, client=None, server=None):
    """Flights of a real handshake in memory: [(by the client?, bytes)]. ``client`` and ``server`` set their context."""
    ends = []
    for side, change in ((ssl.PROTOCOL_TLS_CLIENT, client), (ssl.PROTOCOL_TLS_SERVER, server)):
        context = ssl.SSLContext(side)
        if side == ssl.PROTOCOL_TLS_CLIENT:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        else:
            context.load_cert_chain(identity[kind])
        if change:
            change(context)
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = NAME if side == ssl.PROTOCOL_TLS_CLIENT else None
        ends.append((context.wrap_bio(into, out, server_side=name is None, server_hostname=name), into, out))
    flights, turn = [], True
    for _ in range(12):
        (mine, _, out), (_, other_in, _) = (ends[0], ends[1]) if turn else (ends[1], ends[0])
        try:
            mine.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            flights.append((turn, out.read()))
            break
        if said := out.read():
            flights.append((turn, said))
            other_in.write(said)
        turn = not turn
    return [flight for flight in flights if flight[1]]


def old(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def plain_rsa(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA@SECLEVEL=0")


def only(curve):
    return lambda context: context.set_ecdh_curve(curve)


def packets(flights, size=1400, *, syn=True, client=CLIENT, server=SERVER, first=1):
    """TCP packets of a conversation, ``size`` bytes of payload each; sequence numbers wrap."""
    at = dict(SEQ)
    made = []

    def send(by_client, payload, flags):
        src, dst = (client, server) if by_client else (server, client)
        number = first + len(made)
        made.append(
            Packet(
                number,
                number * 1000,
                TCP,
                src[0],
                dst[0],
                src[1],
                dst[1],
                at[by_client] % 2**32,
                at[not by_client] % 2**32,
                flags,
                payload,
            )
        )
        at[by_client] += len(payload) + (1 if flags & 2 else 0)

    if syn:
        send(True, b"", 0x02)
        send(False, b"", 0x12)
    for by_client, data in flights:
        for start in range(0, len(data), size):
            send(by_client, data[start : start + size], 0x18)
    return made


def rows(*conversations):
    reader = KexReader()
    for conversation in conversations:
        for packet in conversation:
            reader.feed(packet)
    reader.settle()
    return reader.take()


def one(conversation):
    taken = rows(conversation)
    assert (len(taken.rows), taken.refused, taken.passed) == (1, [], 0)
    return taken.rows[0]
