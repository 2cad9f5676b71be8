"""A running node's files in the dialects of the field: what shippers and collectors make of EVE, Zeek and logs."""

import gzip
import json

import pytest
from making_zeek import CONN

from bavn.actor.sense.logs.files import FollowedLog
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.suricata.eve_file import EveFile

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


@pytest.fixture
def opened_text(tmp_path, engine):
    """A whole file's text -> rows and refused."""

    def run(text):
        path = tmp_path / "whole.json"
        path.write_text(text)
        batches = list(open_path(path, sensor="a", work=tmp_path / "w", homes=("10.0.0.0/8",), engine=engine))
        return sum(batch.rows for batch in batches), sum(batch.refused for batch in batches)

    return run


def test_documents_in_a_followed_log_become_what_they_hold_behind_whatever_stamp(followed, event):
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
    dns = json.dumps(event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"}))
    heads = ("2026-11-24T17:00:00.123456789Z stdout F ", "suricata-1  | ", "2026-11-24T17:00:00+00:00\tsuricata.eve\t")
    tables, counts = followed.take(*(head + dns for head in heads))
    assert (len(tables["dns"]), counts) == (3, (3, 0, 0))
    structured = '<13>1 2026-11-24T17:00:00Z fw suricata 9 - [a@1 b="{"] '
    assert followed.take(structured + dns)[1] == (1, 0, 0)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_search_s_answer_is_one_document_and_what_it_found_is_read(opened_text, event, indent):
    text = json.dumps(event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"}))
    for answer in (
        {"took": 1, "hits": {"hits": [{"_source": {"message": text}}] * 9}},
        [{"preview": False, "result": {"_raw": text}}] * 9,
    ):
        assert opened_text(json.dumps(answer, indent=indent)) == (9, 0), answer
    much = {"hits": {"hits": [{"_source": {"message": text}}] * 9000}}
    rows, refused = opened_text(json.dumps({"a": 1}) + "\n" + text + "\n" + json.dumps(much))
    assert (rows, refused > 0) == (1, True), "more than one document may be"


def test_an_array_of_lines(opened_text, event):
    text = json.dumps(event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"}))
    lines = ",\n".join([text] * 3)
    assert opened_text(f"[\n{lines}\n]\n") == (3, 0)


def test_documents_are_followed_after_restarts_and_in_other_logs_moments(followed, event):
    dns = event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})
    assert followed.take(dns, dns)[1] == (2, 0, 0)
    followed.source.close()
    followed.start()
    tables, counts = followed.take(dns)
    assert (len(tables["dns"]), counts) == (1, (1, 0, 0))
    kept = [
        {"@timestamp": AT, "event": {"dataset": "cisco.asa", "original": ASA}},
        {"@timestamp": AT, "message": ASA},
        {"log": ASA, "stream": "stdout", "time": 1795539600.123},
        {"__REALTIME_TIMESTAMP": "1795539600123456", "MESSAGE": ASA},
        {"preview": False, "result": {"_raw": ASA, "_time": "2026-11-24 17:00:00.123 UTC"}},
    ]
    tables, counts = followed.take(*kept)
    assert counts == (5, 0, 0)
    ended = {row["ts_end"].isoformat(timespec="milliseconds") for row in tables["flow"]}
    assert ended == {"2026-11-24T17:00:00.123"}
    assert followed.take({"@timestamp": AT, "message": "The service entered the stopped state."})[1] == (1, 1, 0)


HEAD = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes"
CALL = "2026/11/24 16:23:00.325010,0.5,tcp,10.8.0.69,48427,   ->,192.0.2.7,443,FSPA_FSPA,0,0,20,1420,630"


def test_flows_of_argus_are_followed_until_another_log_begins(followed):
    assert followed.take(HEAD, CALL, "broken")[1] == (3, 1, 1)
    followed.source.go_back(followed.mark)
    assert followed.take(CALL)[1] == (1, 0, 0)
    followed.source.close()
    followed.start()  # the head stands before the place where reading goes on
    tables, counts = followed.take(CALL)
    assert (tables["flow"][0]["bytes_toserver"], counts) == (630, (1, 0, 0))
    followed.take(HEAD, CALL)
    followed.path.rename(followed.path.with_suffix(".log.1"))
    queried = "Nov 25 00:34:19 dns dnsmasq[1]: query[A] x.dk from 10.0.0.1"
    assert [row for _ in range(2) for row in followed.take(queried)[0].get("dns", [])]


@pytest.mark.parametrize("head", [True, False])
def test_flows_of_argus_over_rotation(followed, head):
    assert followed.take(HEAD, CALL)[1] == (2, 1, 0)
    followed.path.rename(followed.path.with_suffix(".log.1"))
    counts = [followed.take(*([HEAD] if head else []), CALL)[1], followed.take(CALL)[1]]
    assert [sum(column) for column in zip(*counts, strict=True)] == [2 + head, head, 0]
    assert followed.take("Nov 25 00:34:19 dns dnsmasq[1]: query[A] x.dk from 10.0.0.1")[1] == (1, 0, 1)


def test_an_eve_file_that_a_shipper_made(tmp_path, engine, event):
    dns = event("dns", dns={"type": "query", "rrname": "x.dk", "rrtype": "A"})
    ecs = {"@timestamp": AT, **SIDES, "network": {"transport": "udp"}, "dns": {"question": {"name": "x.dk"}}}
    ecs |= {"suricata": {"eve": {"event_type": "dns", "flow_id": "1", "dns": {"type": "query"}}}}
    beat = {"@timestamp": AT, "event": {"original": json.dumps(dns)}}
    hit = {"_index": "logs", "_source": dns}
    path = tmp_path / "eve.json"
    nameless = {name: value for name, value in dns.items() if name != "event_type"}
    lines = [json.dumps(line) for line in (dns, ecs, beat, hit, nameless, dns, ecs)]
    path.write_text("\n".join([*lines, "{broken", "", json.dumps(dns)]) + "\n")
    source = EveFile(name="eve", sensor="s", path=path, engine=engine)
    (batch,) = source.poll()
    assert (batch.tables["dns"].num_rows, batch.lines, batch.passed, batch.refused) == (7, 10, 1, 2)
    assert [(one.line, one.why.en) for one in batch.refusals] == [(5, "no event_type"), (8, "no JSON")]
    source.close()


@pytest.mark.slow
@pytest.mark.data
def test_real_files_are_followed_as_they_are_read_whole(tmp_path, engine, data):
    """A few thousand lines, in pieces that end inside of lines, with a restart between them."""
    for folder, kind in (("argus", FollowedLog), ("eve", EveFile)):
        file = min((data / "captures2" / folder).glob("*.gz"))
        with gzip.open(file) as packed:
            raw = b"".join(packed.readlines()[:3000])
        path = tmp_path / file.name.removesuffix(".gz")
        path.write_bytes(raw)
        given = {"now_us": lambda: NOW_US, "gather_s": 0} if kind is FollowedLog else {}
        whole = list(open_path(path, sensor="s", work=tmp_path / "w", homes=("10.0.0.0/8",), engine=engine))
        path.write_bytes(b"")
        rows, mark = 0, None
        for cut in range(3):
            with path.open("ab") as growing:
                growing.write(raw[len(raw) * cut // 3 : len(raw) * (cut + 1) // 3])
            source = kind(name="l", sensor="s", path=path, mark=mark, engine=engine, **given)
            for batch in source.poll():
                mark, rows = batch.mark, rows + batch.rows
            source.close()
        assert rows == sum(batch.rows for batch in whole) > 300
