"""A running node's files in the dialects of the field: what shippers and collectors make of EVE, Zeek and logs."""

import json

import pytest
from making_zeek import CONN

from bavn.actor.sense.logs.files import FollowedLog

NOW_US = 1_795_608_000_000_000
ASA = "%ASA-6-302014: Teardown TCP connection 7 for outside:192.0.2.7/443 to inside:10.0.0.5/40000 duration 0:00:01"
ASA += " bytes 5240 TCP FINs"
SQUID = (
    "1795564859.123    200 10.0.0.5 TCP_MISS/200 4512 GET http://www.example.org/x - HIER_DIRECT/192.0.2.7 text/html"
)
AT = "2026-11-24T17:00:00.123Z"
SIDES = {"source": {"ip": "10.0.0.5", "port": 4000}, "destination": {"ip": "192.0.2.7", "port": 443}}


@pytest.fixture
def followed(tmp_path, engine):
    """A log that is followed: what is appended to it -> rows by table, and (lines, passed, refused)."""
    path = tmp_path / "x.log"
    path.touch()

    class Followed:
        mark = None

        def start(self):
            self.source = FollowedLog(
                name="l", sensor="s", path=path, now_us=lambda: NOW_US, mark=self.mark, engine=engine, gather_s=0
            )

        def take(self, *lines):
            with path.open("a") as file:
                file.write("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
            tables, counts, self.why = {}, [0, 0, 0], []
            for batch in self.source.poll():
                self.mark = batch.mark
                self.why += [refusal.why.en for refusal in batch.refusals]
                for record, table in batch.tables.items():
                    tables.setdefault(record, []).extend(table.to_pylist())
                for at, count in enumerate((batch.lines, batch.passed, batch.refused)):
                    counts[at] += count
            return tables, tuple(counts)

    made = Followed()
    made.path = path
    made.start()
    yield made
    made.source.close()


def test_documents_in_a_followed_log_become_what_they_hold(followed, event):
    dns = event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})
    beat = {"@timestamp": AT, "message": json.dumps(dns), "log": {"offset": 1}}
    ecs = {"@timestamp": AT, "event": {"dataset": "zeek.connection", "duration": 1_500_000_000}, **SIDES}
    ecs |= {"network": {"transport": "tcp"}, "zeek": {"session_id": "C1", "connection": {"state": "SF"}}}
    syslog = f"<13>Nov 24 17:00:00 fw suricata[99]: {json.dumps(dns)}"
    cee = f"2026-11-24T17:00:00+00:00 fw suricata: @cee: {json.dumps(dns)}"
    tables, counts = followed.take(dns, beat, ecs, {**CONN, "_path": "conn"}, syslog, cee, {"a": 1}, "{broken", SQUID)
    assert {record: len(rows) for record, rows in tables.items()} == {"dns": 4, "flow": 3, "http": 1}
    assert counts == (9, 1, 1)
    assert followed.why == ["no JSON"]


def test_reading_goes_on_behind_a_document_after_a_restart(followed, event):
    dns = event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})
    assert followed.take(dns, dns)[1] == (2, 0, 0)
    followed.source.close()
    followed.start()
    tables, counts = followed.take(dns)
    assert (len(tables["dns"]), counts) == (1, (1, 0, 0))


def test_a_line_of_another_log_in_a_document_has_the_document_s_moment(followed):
    kept = [
        {"@timestamp": AT, "event": {"dataset": "cisco.asa", "original": ASA}},
        {"@timestamp": AT, "message": ASA},
        {"version": "1.1", "host": "fw", "short_message": ASA, "timestamp": 1795539600.123},
        {"__REALTIME_TIMESTAMP": "1795539600123456", "MESSAGE": ASA},
        {"preview": False, "result": {"_raw": ASA, "_time": "2026-11-24 17:00:00.123 UTC"}},
    ]
    tables, counts = followed.take(*kept)
    assert counts == (5, 0, 0)
    ended = {row["ts_end"].isoformat(timespec="milliseconds") for row in tables["flow"]}
    assert ended == {"2026-11-24T17:00:00.123"}
    assert followed.take({"@timestamp": AT, "message": "The service entered the stopped state."})[1] == (1, 1, 0)
