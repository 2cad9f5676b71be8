"""Records of traffic as Suricata writes them, in seconds and addresses of the test's own."""

import json
from datetime import UTC, datetime

from bavn.actor.sense.account import Figures


def stamped(at_s):
    """A moment as EVE writes it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f%z")


def flow(began_s, host="10.0.0.5", target="192.0.2.7", port=443, *, lasts_s=1.0, number=1, packets=3, sent=300):
    """A closed connection over TCP, from a port of its own number."""
    began, ended = stamped(began_s), stamped(began_s + lasts_s)
    return {
        "timestamp": ended,
        "event_type": "flow",
        "flow_id": number,
        "src_ip": host,
        "src_port": 1024 + number % 60_000,
        "dest_ip": target,
        "dest_port": port,
        "proto": "TCP",
        "flow": {
            "start": began,
            "end": ended,
            "state": "closed",
            "pkts_toserver": packets,
            "pkts_toclient": packets,
            "bytes_toserver": sent,
            "bytes_toclient": 300,
        },
        "tcp": {"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"},
    }


def lines(rows):
    """Rows as the text of a log."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def figures(name="suricata", **other):
    """Of a source that is well."""
    nothing = {"rows": 0, "passed": 0, "refused": 0, "reasons": (), "broken": None, "losses": (), "counts": {}}
    return Figures(**{"name": name, "caught_up_us": 1, "lag_bytes": 0} | nothing | other)
