"""The ways to a SIEM: whole lines in a file, and the three shapes of HTTP, each against recorded answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bavn.app.siem.forms import FORMS
from bavn.app.siem.transports.base import Message, NotTaken, TooMuch
from bavn.app.siem.transports.elastic import ElasticTransport
from bavn.app.siem.transports.file import FileTransport
from bavn.app.siem.transports.https import Poster
from bavn.app.siem.transports.sentinel import COLUMNS, Application, SentinelTransport
from bavn.app.siem.transports.splunk import SplunkTransport
from bavn.app.siem.transports.syslog import framed, trusting
from bavn.model.moment import SECOND_US
from tests.app.siem.made import EVERY, NOW_US


def messages(form="ecs"):
    return [
        Message(
            id=event.id,
            at_us=event.at_us,
            kind=event.kind,
            action=event.action,
            severity=event.severity,
            content=FORMS[form](event, teller),
        )
        for event, teller in EVERY
    ]


def test_a_file_holds_whole_lines_and_turns_over(tmp_path) -> None:
    file = FileTransport(tmp_path / "bavn.ndjson", 20_000, 2)
    for _ in range(5):
        file.hand(messages())
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["bavn.ndjson", "bavn.ndjson.1", "bavn.ndjson.2"]
    for name in names:
        for line in (tmp_path / name).read_text().splitlines():
            assert json.loads(line)["event"]["id"]


@pytest.mark.parametrize("torn", [b'{"event": {"id"', b"x" * 200_000])
def test_what_a_kill_left_of_a_line_is_cut_off(tmp_path, torn) -> None:
    path = tmp_path / "bavn.ndjson"
    file = FileTransport(path, 10_000_000, 2)
    file.hand(messages()[:2])
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    file.hand(messages()[2:3])
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["event"]["id"] for line in path.read_text().splitlines()] == [
        one.id for one in messages()[:3]
    ]


def test_a_file_that_cannot_be_written_is_said(tmp_path) -> None:
    with pytest.raises(NotTaken, match="cannot be written"):
        FileTransport(tmp_path / "none" / "bavn.ndjson", 1000, 1).hand(messages()[:1])


def test_a_frame_of_syslog_counts_its_bytes() -> None:
    message = next(one for one in messages("cef") if "æøå" in str(one.content))
    frame = framed(message, "region-nord")
    length, _, rest = frame.partition(b" ")
    assert int(length) == len(rest)
    assert rest.startswith(b"<108>1 20")
    assert f" region-nord bavn - {message.id} - CEF:0|".encode() in rest


class Stand:
    """A receiver of HTTP that answers as the real one does; what it got."""

    def __init__(self):
        self.answers, self.got = [], []
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                stand.got.append((self.path, dict(self.headers), body))
                status, headers, answer = stand.answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def says(self, status, answer=b"", **headers):
        self.answers.append((status, headers, answer if isinstance(answer, bytes) else json.dumps(answer).encode()))


@pytest.fixture
def stand():
    made = Stand()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def poster():
    made = Poster(trusting(None))
    yield made
    made.close()


def bulk(*items):
    return {
        "took": 3,
        "errors": any(status >= 300 for status, _ in items),
        "items": [
            {"create": {"_index": "logs-bavn", "_id": str(at), "status": status} | ({"error": error} if error else {})}
            for at, (status, error) in enumerate(items)
        ],
    }


NO_FIELD = {"type": "document_parsing_exception", "reason": "[1:93] failed to parse field [source.ip] of type [ip]"}
FULL = {"type": "es_rejected_execution_exception", "reason": "rejected execution"}
CONFLICT = {"type": "version_conflict_engine_exception", "reason": "document already exists"}


def test_elastic_is_told_by_create_with_the_events_own_ids(stand, poster) -> None:
    some = messages()[:4]
    elastic = ElasticTransport(stand.url + "/", "logs-bavn-default", "ApiKey abc", poster)
    stand.says(200, bulk((201, None), (409, CONFLICT), (400, NO_FIELD), (429, FULL)))
    handed = elastic.hand(some)
    assert handed.refused == {some[2].id: f"{NO_FIELD['type']}: {NO_FIELD['reason']}"}
    assert handed.waits == {some[3].id}
    path, headers, body = stand.got[0]
    assert path == "/logs-bavn-default/_bulk"
    assert (headers["authorization"], headers["content-type"]) == ("ApiKey abc", "application/x-ndjson")
    assert body.endswith(b"\n")
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line["create"]["_id"] for line in lines[::2]] == [one.id for one in some]
    assert lines[1::2] == [one.content for one in some]


@pytest.mark.parametrize("answer", [b"<html>", {"items": []}, {"items": [{"create": {}}]}, {"items": "no"}, []])
def test_an_answer_that_is_none_of_the_bulk_api_takes_nothing(stand, poster, answer) -> None:
    stand.says(200, answer)
    with pytest.raises(NotTaken, match="none of the bulk API"):
        ElasticTransport(stand.url, "i", "", poster).hand(messages()[:1])


def test_an_index_or_a_right_that_is_missing_refuses_no_event(stand, poster) -> None:
    missing = {"type": "index_not_found_exception", "reason": "no such index [i]"}
    stand.says(200, bulk((404, missing), (403, {"type": "security_exception", "reason": "unauthorized"})))
    with pytest.raises(NotTaken, match="404 index_not_found_exception"):
        ElasticTransport(stand.url, "i", "", poster).hand(messages()[:2])


@pytest.mark.parametrize(("status", "kind"), [(401, NotTaken), (503, NotTaken), (302, NotTaken), (413, TooMuch)])
def test_a_receiver_that_says_no_takes_nothing(stand, poster, status, kind) -> None:
    stand.says(status, b"no", **{"retry-after": "7", "location": "https://other.example/"})
    with pytest.raises(kind) as caught:
        ElasticTransport(stand.url, "i", "", poster).hand(messages()[:1])
    assert (caught.value.retry_after_s, f"HTTP {status}" in caught.value.text.en) == (7, True)
    assert len(stand.got) == 1


def test_splunk_is_told_event_by_event_with_the_id_as_a_field(stand, poster) -> None:
    splunk = SplunkTransport(stand.url, "sec", "cef", "region-nord", "Splunk 1-2-3", poster)
    stand.says(200, {"text": "Success", "code": 0})
    some = messages("cef")[:3]
    assert splunk.hand(some).refused == {}
    path, headers, body = stand.got[0]
    assert (path, headers["authorization"]) == ("/services/collector/event", "Splunk 1-2-3")
    decoder, at, events = json.JSONDecoder(), 0, []
    while at < len(text := body.decode()):
        event, at = decoder.raw_decode(text, at)
        events.append(event)
    assert [event["fields"]["bavn_id"] for event in events] == [one.id for one in some]
    assert [event["event"] for event in events] == [one.content for one in some]
    assert {(event["sourcetype"], event["index"], event["host"]) for event in events} == {
        ("bavn:cef", "sec", "region-nord")
    }
    assert events[0]["time"] == f"{NOW_US // SECOND_US}.{NOW_US % SECOND_US:06}"


def test_splunk_names_one_event_and_the_others_wait(stand, poster) -> None:
    splunk = SplunkTransport(stand.url, "", "ecs", "n", "Splunk x", poster)
    stand.says(400, {"text": "Invalid data format", "code": 6, "invalid-event-number": 1})
    some = messages()[:3]
    handed = splunk.hand(some)
    assert set(handed.refused) == {some[1].id}
    assert handed.waits == {some[0].id, some[2].id}
    stand.says(400, {"text": "Incorrect index", "code": 7, "invalid-event-number": 0})
    with pytest.raises(NotTaken, match="Incorrect index"):
        splunk.hand(some)


class Clock:
    at_us = NOW_US

    def now_us(self):
        return self.at_us


def test_sentinel_gets_rows_with_a_token_that_is_asked_for_once(stand, poster) -> None:
    application = Application(token_url=stand.url + "/t/oauth2/v2.0/token", client_id="c", client_secret="s&=")
    clock = Clock()
    sentinel = SentinelTransport(stand.url, "dcr-1", "Custom-Bavn_CL", application, poster, clock)
    token = {"token_type": "Bearer", "expires_in": 3599, "access_token": "T1"}
    stand.says(200, token)
    stand.says(204)
    stand.says(204)
    some = messages()[:2]
    sentinel.hand(some)
    sentinel.hand(some)
    asked, first, second = stand.got
    assert asked[0] == "/t/oauth2/v2.0/token"
    assert b"grant_type=client_credentials" in asked[2]
    assert b"client_secret=s%26%3D" in asked[2]
    assert first[0] == "/dataCollectionRules/dcr-1/streams/Custom-Bavn_CL?api-version=2023-01-01"
    assert first[1]["authorization"] == second[1]["authorization"] == "Bearer T1"
    rows = json.loads(first[2])
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS]
    assert [row["Event"] for row in rows] == [one.content for one in some]
    stand.says(401)  # taken back before its time
    stand.says(200, token | {"access_token": "T2"})
    stand.says(204)
    sentinel.hand(some)
    assert stand.got[-1][1]["authorization"] == "Bearer T2"


def test_sentinel_without_a_token_sends_nothing(stand, poster) -> None:
    application = Application(token_url=stand.url + "/token", client_id="c", client_secret="secret-words")
    sentinel = SentinelTransport(stand.url, "r", "s", application, poster, Clock())
    stand.says(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"})
    with pytest.raises(NotTaken, match="no token: HTTP 401") as caught:
        sentinel.hand(messages()[:1])
    assert "secret-words" not in str(caught.value)
    assert len(stand.got) == 1
