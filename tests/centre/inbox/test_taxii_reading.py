"""A collection is read to its end whatever the server's manners with pages are; or it is said that it was not."""

import json
from dataclasses import dataclass, field

import pytest

from bavn.centre.inbox import intel_pull
from bavn.centre.inbox.intel_pull import FetchResponse, Unreadable, pull
from bavn.centre.inbox.taxii_reading import LIMIT, STALE_PAGES_MAX, TaxiiReading
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US, iso
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.intel import Source
from bavn.rehearsal.clock import SimClock

NOW_US = 20_000 * DAY_US
HEADERS = {"content-type": "application/taxii+json;version=2.1"}
PLACE = "https://taxii.example/root/collections/1/"


def item(n):
    return {
        "type": "indicator",
        "id": f"indicator--{n}",
        "pattern": f"[domain-name:value = 'a{n}.example.com']",
        "pattern_type": "stix",
        "modified": iso(NOW_US),
    }


@dataclass
class Server:
    """``dates``: when each object was added (us). ``ways``: how it pages. ``broken_at``: number of the request that
    fails, and how."""

    dates: list
    page: int = 4
    next_is: str = "place"  # place, session, none
    dated: bool = True
    repeats: bool = False
    overlap: int = 0
    broken: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    sessions: dict = field(default_factory=dict)
    on_ask: object = None

    def get(self, place, headers, parameters, bytes_max):
        assert place == PLACE + "objects/"
        self.asked.append(dict(parameters))
        if self.on_ask:
            self.on_ask()
        wrong = self.broken.pop(len(self.asked), None)
        if wrong is not None:
            self.sessions.clear()
            raise wrong
        after = parameters.get("added_after", "")
        fit = [n for n, us in enumerate(self.dates) if iso(us) > after]
        limit = min(int(parameters["limit"]), self.page)
        token = parameters.get("next")
        if self.next_is == "session":
            if token is not None and token not in self.sessions:
                raise LinkRefused("answers 400")
            rest = self.sessions.setdefault(token or f"s{len(self.asked)}", fit)
            token = token or f"s{len(self.asked)}"
            shown, more = rest[:limit], len(rest) > limit
            del rest[:limit]
        else:
            at = 0 if self.repeats else max(0, int(token or 0) - self.overlap)
            shown, more = fit[at : at + limit], len(fit) > at + limit
            token = str(at + limit)
        body = {"objects": [item(n) for n in shown], "more": more}
        if more and self.next_is != "none":
            body["next"] = token
        dates = [iso(self.dates[n]) for n in shown]
        told = {"x-taxii-date-added-first": dates[0], "x-taxii-date-added-last": dates[-1]} if dates else {}
        return FetchResponse(200, HEADERS | (told if self.dated else {}), json.dumps(body).encode())


def read(server, cursor=None, clock=None):
    """(names in the order in which they first came, last cursor, failure)"""
    names, cursor, failure = [], dict(cursor or {}), ""
    try:
        source = Source(name="tt", kind="taxii", place=PLACE, trust=50)
        for step in pull(source, cursor, server, 10_000, clock or SimClock(NOW_US)):
            names += [offer.key for piece in step.pieces for offer in piece.offers]
            cursor = step.cursor
    except (LinkDown, LinkRefused, Unreadable) as error:
        failure = str(error) or "failed"
    return list(dict.fromkeys(names)), cursor, failure


EACH = [NOW_US - (30 - n) * SECOND_US for n in range(30)]
ALL = [f"indicator--{n}" for n in range(30)]


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"next_is": "session"},
        {"next_is": "none"},
        {"overlap": 2},
        {"dated": False},
        {"page": 1},
        {"page": 1_000},
        {"next_is": "session", "page": 1},
        {"dates": [NOW_US - 1] * 30},
        {"dates": [NOW_US - 1] * 30, "next_is": "session"},
        {"next_is": "none", "dates": [NOW_US - (30 - n) // 3 * SECOND_US for n in range(30)]},
    ],
)
def test_all_is_read_whatever_the_pages_are(ways) -> None:
    server = Server(**{"dates": EACH} | ways)
    names, cursor, failure = read(server)
    assert (names, failure) == (ALL, "")
    assert cursor["after"] == (iso(max(server.dates)) if server.dated else "")
    assert read(server, cursor)[0] == ([] if server.dated else ALL)


@pytest.mark.parametrize("ways", [{}, {"next_is": "session"}, {"next_is": "none"}])
@pytest.mark.parametrize("at", [1, 2, 5])
def test_what_breaks_off_goes_on_and_nothing_is_passed_over(ways, at) -> None:
    """Three objects in each second, pages of four: each page ends within a second."""
    server = Server([NOW_US - (30 - n) // 3 * SECOND_US for n in range(30)], broken={at: LinkDown("503")}, **ways)
    names, cursor, failure = read(server)
    assert failure == "503"
    assert len(names) < 30
    rest, cursor, failure = read(server, cursor)
    assert failure == ""
    assert set(names) | set(rest) == set(ALL)
    assert at == 1 or len(rest) < 30, "it does not begin from the beginning"


def test_a_session_that_ends_begins_anew_and_an_earlier_version_s_next_is_not_asked_for() -> None:
    server = Server(EACH, next_is="session", broken={4: LinkRefused("answers 400")})
    assert read(server)[::2] == (ALL, "")
    assert "next" not in server.asked[4]
    assert server.asked[4]["added_after"] == iso(EACH[11] - 1)
    always = Server(EACH, next_is="session", broken={n: LinkRefused("answers 400") for n in range(2, 99, 2)})
    assert read(always)[2] == "answers 400"
    assert len(always.asked) < 12
    server = Server(EACH, next_is="session")
    assert read(server, {"after": "", "next": "gone", "last": iso(EACH[9])})[::2] == (ALL, "")
    server = Server(EACH, next_is="session")
    read(server, {"after": iso(EACH[3])})
    rest = [{k: v for k, v in one.items() if k != "next"} for one in server.asked]
    assert len(rest) > 3
    assert all(one == rest[0] for one in rest)
    assert TaxiiReading("", NOW_US).parameters["limit"] == str(LIMIT)


@pytest.mark.parametrize("after", ["9999-01-01T00:00:00.000000Z", "never", iso(NOW_US + 2 * DAY_US)])
def test_a_moment_that_nothing_comes_after_holds_up_nothing(after) -> None:
    assert read(Server(EACH), {"after": after})[::2] == (ALL, "")
    server = Server([*EACH[:-1], NOW_US + 90 * DAY_US])
    names, cursor, failure = read(server)
    assert (names, failure) == (ALL, "")
    assert cursor["after"] < iso(NOW_US)


def test_a_circle_ends_and_a_server_without_order_is_read_from_the_beginning() -> None:
    circle = Server(EACH, repeats=True)
    names, _, failure = read(circle)
    assert names == ALL[:4], "what was read before is taken"
    assert "over and over" in failure
    assert len(circle.asked) <= STALE_PAGES_MAX + 1
    names, _, failure = read(Server(EACH, next_is="none", dated=False))
    assert (names, "neither next nor a date" in failure) == (ALL[:4], True)
    many = Server([NOW_US - 1] * 30, next_is="none")
    names, cursor, failure = read(many)
    assert "added at" in failure
    assert len(many.asked) < 8
    assert int(many.asked[-1]["limit"]) > LIMIT, "larger pages were asked for before it was given up"
    assert cursor["after"] < iso(NOW_US - 1)
    server = Server([*EACH[15:], *EACH[:15]], broken={6: LinkDown("503")})
    names, cursor, failure = read(server)
    assert (failure, cursor["after"]) == ("503", "")
    assert set(names) | set(read(server, cursor)[0]) == set(ALL)


def test_a_slow_server_is_left_and_a_reading_has_a_last_page(monkeypatch) -> None:
    clock = SimClock(NOW_US)
    server = Server(EACH, page=1, on_ask=lambda: clock.advance(MINUTE_US))
    names, cursor, failure = read(server, clock=clock)
    assert 5 < len(names) < 20
    assert "not read to its end" in failure
    times = 1
    while failure and times < 9:
        more, cursor, failure = read(server, cursor, clock)
        names, times = names + more, times + 1
    assert (set(names), failure) == (set(ALL), "")
    monkeypatch.setattr(intel_pull, "TAXII_PAGES_MAX", 5)
    names, cursor, failure = read(Server(EACH, page=1))
    assert (len(names), "within 5 pages" in failure) == (5, True)
    assert read(Server(EACH, page=1), cursor)[0][-1] == "indicator--8"


def test_a_marking_of_an_earlier_page_holds_for_later_ones(monkeypatch) -> None:
    monkeypatch.setattr(intel_pull, "GATHERED_PAGES_MAX", 1)
    mark = {
        "type": "marking-definition",
        "id": "marking-definition--1",
        "definition_type": "tlp",
        "definition": {"tlp": "red"},
    }
    pages = [[mark], [item(1) | {"object_marking_refs": [mark["id"]]}]]

    class Two:
        def get(self, _place, _headers, parameters, _bytes_max):
            at = int(parameters.get("next", 0))
            return FetchResponse(
                200, HEADERS, json.dumps({"objects": pages[at], "more": at == 0, "next": "1"}).encode()
            )

    source = Source(name="tt", kind="taxii", place=PLACE, trust=50)
    pieces = [piece for step in pull(source, {}, Two(), 99, SimClock(NOW_US)) for piece in step.pieces]
    assert [offer.what.tlp.value for piece in pieces for offer in piece.offers] == ["TLP:RED"]
    assert sum(piece.passed for piece in pieces) == 1
