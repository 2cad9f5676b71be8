"""At least once and in order, whatever is killed, gone or full; what is refused is named; nothing is queued twice. The
ways: whole lines in a file, and the bulk API against recorded answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.event import SiemEvent, event_id
from bavn.app.siem.forms import FORMS
from bavn.app.siem.handover import BACK_OFF_S_MAX, Handover, InBook
from bavn.app.siem.transports.base import Handed, Message, NotTaken, TooMuch
from bavn.app.siem.transports.elastic import ElasticTransport
from bavn.app.siem.transports.file import FileTransport
from bavn.app.siem.transports.https import Poster
from bavn.app.siem.transports.syslog import framed, trusting
from bavn.model.moment import SECOND_US
from bavn.model.text import Text
from bavn.wire.book import Book
from tests.app.siem.made import EVERY, NODE, NOW_US


class Clock:
    def __init__(self):
        self.at_us = NOW_US

    def now_us(self):
        return self.at_us


class Lines(InBook):
    """A stream with a mark, as the ledger's."""

    kind = "ledger"

    def __init__(self, mark, count):
        self.mark, self.count = mark, count
        mark.begun(self.kind, 0)

    def events(self, limit):
        first = self.mark.mark(self.kind) + 1
        return [
            SiemEvent(
                id=event_id(n),
                at_us=NOW_US + n,
                kind="ledger",
                action="passed",
                severity=0,
                message=Text.plain(str(n)),
                facts={"line": n},
            )
            for n in range(first, min(self.count, first + limit - 1) + 1)
        ]

    def settle(self, events):
        self.mark.set_mark(self.kind, events[-1].facts["line"])


class Receiver:
    """``does``: what becomes of each batch, the last for ever."""

    receiver = "siem.example"

    def __init__(self, *does):
        self.does, self.got, self.sizes = list(does), [], []

    def hand(self, messages):
        self.sizes.append(len(messages))
        do = self.does.pop(0) if len(self.does) > 1 else self.does[0]
        if isinstance(do, Exception):
            raise do
        answer = do(messages) if do else Handed()
        self.got += [one.id for one in messages if one.id not in answer.refused and one.id not in answer.waits]
        return answer

    def close(self):
        pass


@pytest.fixture
def book(tmp_path):
    with Book(tmp_path / "book.db") as opened:
        yield opened


def handover(book, receiver, count=10, batch=4, clock=None):
    mark = Bookmark(book)
    return Handover([Lines(mark, count)], FORMS["ecs"], receiver, NODE, mark, clock or Clock(), batch)


def ids(*numbers):
    return [event_id(n) for n in numbers]


def test_all_of_it_goes_in_order_and_once(book) -> None:
    receiver = Receiver(None)
    over = handover(book, receiver)
    assert [over.turn() for _ in range(4)] == [True, True, False, False]
    assert receiver.got == ids(*range(1, 11))
    assert receiver.sizes == [4, 4, 2]
    assert over.problems() == []


class Killed(BaseException):
    """Between what the receiver took and the note of it."""


def test_a_kill_after_the_receiver_took_it_repeats_the_same_ids_and_loses_none(book, monkeypatch) -> None:
    receiver = Receiver(None)
    over = handover(book, receiver)
    over.turn()

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Handover, "_note", killed)
        with pytest.raises(Killed):
            over.turn()
    again = handover(book, receiver)
    while again.turn():
        pass
    assert receiver.got == ids(1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8, 9, 10)


def test_an_outage_costs_nothing_and_is_one_problem_until_it_is_over(book) -> None:
    gone = NotTaken(Text.plain("ConnectError: refused"))
    receiver, clock = Receiver(gone, gone, gone, None), Clock()
    over = handover(book, receiver, clock=clock)
    assert over.turn() is False
    assert over.problems() == []  # one failure may be a restart
    assert over.turn() is False
    assert receiver.sizes == [4]  # it is left alone meanwhile
    for _ in range(2):
        clock.at_us += BACK_OFF_S_MAX * SECOND_US
        over.turn()
    (problem,) = over.problems()
    assert problem.code == "siem_takes_nothing"
    assert "siem.example takes nothing: ConnectError: refused" in problem.text.en
    clock.at_us += BACK_OFF_S_MAX * SECOND_US
    while over.turn():
        pass
    assert over.problems() == []
    assert receiver.got == ids(*range(1, 11))
    assert book.rows("SELECT count(*) FROM siem_told")[0][0] == 0  # nothing was copied meanwhile


def test_what_the_receiver_refuses_is_named_and_holds_up_nothing(book) -> None:
    bad = event_id(2)
    receiver = Receiver(lambda batch: Handed(refused={one.id: "mapper: no" for one in batch if one.id == bad}))
    over = handover(book, receiver)
    while over.turn():
        pass
    assert receiver.got == ids(1, *range(3, 11))
    (problem,) = over.problems()
    assert problem.code == "siem_refuses"
    assert bad in problem.text.en
    assert "mapper: no" in problem.text.en


def test_a_refusal_that_costs_the_whole_batch_is_not_sent_again(book) -> None:
    """The receiver names one event and says nothing of the others."""
    bad = event_id(2)

    def once(batch):
        if bad in (names := {one.id for one in batch}):
            return Handed(refused={bad: "code 6"}, waits=frozenset(names - {bad}))
        return Handed()

    receiver = Receiver(once)
    over = handover(book, receiver)
    for _ in range(6):
        over.turn()
    assert receiver.got == ids(1, *range(3, 11))
    assert len(over._bookmark.refused(0)) == 1
    assert book.rows("SELECT count(*) FROM siem_told")[0][0] == 0


def test_what_waits_behind_others_is_handed_over_again_in_its_turn(book) -> None:
    full = lambda batch: Handed(waits=frozenset([batch[1].id]))  # noqa: E731
    receiver, clock = Receiver(full, None), Clock()
    over = handover(book, receiver, count=4, clock=clock)
    over.turn()
    clock.at_us += BACK_OFF_S_MAX * SECOND_US
    over.turn()
    assert receiver.got == ids(1, 3, 4, 2, 3, 4)


def test_a_batch_that_is_too_much_is_halved_and_one_alone_refused_by_name(book) -> None:
    big = event_id(3)

    def takes(batch):
        if len(batch) > 1:
            raise TooMuch(Text.plain("HTTP 413"))
        if batch[0].id == big:
            raise TooMuch(Text.plain("HTTP 413"))
        return Handed()

    receiver = Receiver(takes)
    over = handover(book, receiver, count=5)
    for _ in range(40):
        over.turn()
    assert receiver.got == ids(1, 2, 4, 5)
    assert [id_ for id_, _, _ in over._bookmark.refused(0)] == [big]


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


def test_a_file_holds_whole_lines_and_turns_over_and_one_that_cannot_be_written_is_said(tmp_path) -> None:
    file = FileTransport(tmp_path / "bavn.ndjson", 20_000, 2)
    for _ in range(5):
        file.hand(messages())
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["bavn.ndjson", "bavn.ndjson.1", "bavn.ndjson.2"]
    for name in names:
        for line in (tmp_path / name).read_text().splitlines():
            assert json.loads(line)["event"]["id"]
    with pytest.raises(NotTaken, match="cannot be written"):
        FileTransport(tmp_path / "none" / "bavn.ndjson", 1000, 1).hand(messages()[:1])


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
