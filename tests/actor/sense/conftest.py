"""What the tests of sense share: one prepared engine, and Suricata's lines as dictionaries."""

import json

import pytest

from bavn.actor.sense.eve import EveParser
from bavn.actor.sense.lines import Segment
from bavn.actor.sense.prepare import prepared


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
