"""What the tests of sense share: one prepared engine, and Suricata's lines as dictionaries."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bavn.actor.formats.lines import Segment
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.eve import EveParser

sys.path.insert(0, str(Path(__file__).parent))  # exporters.py and collecting.py stand beside the tests


@pytest.fixture(scope="session")
def engine():
    made = prepared()
    yield made
    made.close()


@pytest.fixture(scope="session")
def parse(engine):
    """Lines (text, bytes or dictionaries) -> Parsed, as EVE of the sensor s1 in the file eve.json from line 1."""
    parser = EveParser(engine, "s1")

    def run(*lines, first_line=1):
        raw = b"".join(as_bytes(line) + b"\n" for line in lines)
        return parser.parse(Segment("eve.json", first_line, raw))

    return run


def as_bytes(line) -> bytes:
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()


@pytest.fixture(scope="session")
def event():
    """An EVE line of a type, as Suricata 7 writes it, with what is given put in."""

    def made(kind, **more):
        line = {
            "timestamp": "2026-11-24T17:00:00.123456+0100",
            "flow_id": 1835779016976098,
            "event_type": kind,
            "src_ip": "10.0.0.1",
            "src_port": 40000,
            "dest_ip": "192.0.2.7",
            "dest_port": 443,
            "proto": "TCP",
            "community_id": "1:2tY20qKkDVqeyXcT1qsNBW7w5fY=",
        }
        return {**line, **more}

    return made


@pytest.fixture(scope="session")
def flow(event):
    """A flow's line; ``ts`` and ``tc`` are TCP's flags as hex, counters by their names."""

    def made(ts="1b", tc="1b", state="closed", sent=3, got=3, **more):
        return event(
            "flow",
            flow={
                "pkts_toserver": sent,
                "pkts_toclient": got,
                "bytes_toserver": 60 * sent,
                "bytes_toclient": 100 * got,
                "start": "2026-11-24T16:59:58.000001+0100",
                "end": "2026-11-24T16:59:59.000002+0100",
                "state": state,
                "reason": "timeout",
            },
            tcp={"tcp_flags_ts": ts, "tcp_flags_tc": tc},
            **more,
        )

    return made


@pytest.fixture(scope="session")
def row(parse):
    """The one record that one line becomes, as a dictionary, with its record type under 'record'."""

    def made(line):
        parsed = parse(line)
        assert (parsed.lines, parsed.passed, parsed.refused) == (1, 0, 0), parsed
        ((record, table),) = parsed.tables.items()
        (values,) = table.to_pylist()
        return {"record": record, **values}

    return made


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    """kind -> file with key and certificate."""
    made = {}
    for kind, key in {
        "EC": ec.generate_private_key(ec.SECP256R1()),
        "RSA": rsa.generate_private_key(65537, 2048),
    }.items():
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pacs.example.dk")])
        born = datetime(2026, 1, 1, tzinfo=UTC)
        cert = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(born)
            .not_valid_after(born + timedelta(days=90))
            .sign(key, SHA256())
        )
        file = tmp_path_factory.mktemp("identity") / f"{kind}.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + cert.public_bytes(Encoding.PEM)
        )
        made[kind] = file
    return made


@pytest.fixture(scope="session")
def identity_flights(identity):
    from making_kex import handshake, old, one, packets

    flights = handshake(identity, client=old)
    got = one(packets(flights))
    return flights, {k: v for k, v in got.items() if k not in ("ts_us", "number")}
