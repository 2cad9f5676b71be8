"""Hunts: each question in a process of its own, bounded, stopped at will, read page by page; nothing is changed."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.hunt import picture
from bavn.app.analyst.hunting import drawn
from bavn.app.analyst.hunting import hunting as hunting_of
from bavn.app.analyst.values.pivots import PIVOTS, pivot_sql
from bavn.app.process.exits import Stop
from bavn.app.web.frame import Person
from bavn.app.web.soc import hunting
from tests.app.web.drawn_node import C2, JA3, own
from tests.app.web.soc.conftest import ANNA

SLOW = "SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c WHERE a.range * b.range % 7 = c.range"


def answered(console, body, state="done"):
    said = console.do("/hunt/asks", body, code=202)
    deadline = time.monotonic() + 30
    while said["state"] == "running" and time.monotonic() < deadline:
        said = console.get(f"/hunt/asks/{said['id']}?wait_s=2")
    assert said["state"] == state, said
    return said


def rows(console, said):
    return console.get(f"/hunt/asks/{said['id']}/rows")["items"]


@pytest.mark.slow
def test_sql_gives_columns_and_rows_page_by_page_and_exports(looking) -> None:
    said = answered(
        looking, {"kind": "sql", "sql": "SELECT src, dst, bytes_toserver, ts FROM flow ORDER BY ts", "rows": 50}
    )
    assert [column["kind"] for column in said["columns"]] == ["text", "text", "number", "time"]
    assert (said["rows"], said["more"]) == (50, True)
    page = looking.get(f"/hunt/asks/{said['id']}/rows?limit=20")
    assert (len(page["items"]), page["total"]) == (20, 50)
    rest = looking.get(f"/hunt/asks/{said['id']}/rows?limit=500&after={page['next']}")
    assert (len(rest["items"]), rest["next"]) == (30, None)
    csv = looking.get(f"/hunt/asks/{said['id']}/export?format=csv")
    assert "first" in csv.headers["content-disposition"], "an answer that was cut off says so"
    assert csv.text.splitlines()[0] == "src,dst,bytes_toserver,ts"
    assert len(csv.text.splitlines()) == 51
    assert looking.get(f"/hunt/asks/{said['id']}/export?format=json").text.count("\n") == 50


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE flow", "SELECT * FROM read_csv('/etc/passwd')", "SELECT now()", "nonsense", "SELECT 1; SELECT 2"],
)
def test_what_may_not_be_asked_is_refused_with_the_reason(looking, sql) -> None:
    said = answered(looking, {"kind": "sql", "sql": sql}, "failed")
    assert said["refused"]["da"].startswith("Sådan kan der ikke spørges")
    assert "/etc" not in said["refused"]["en"]
    looking.get(f"/hunt/asks/{said['id']}/rows", code=409)


def test_a_question_is_stopped_at_once_and_is_nobody_elses(looking) -> None:
    said = looking.do("/hunt/asks", {"kind": "sql", "sql": SLOW}, code=202)
    other = looking.as_(Person(name="Bo Lund", roles=ANNA.roles))
    other.get(f"/hunt/asks/{said['id']}", code=404)
    other.do(f"/hunt/asks/{said['id']}", method="DELETE", code=404)
    assert looking.ask(f"/nodes/south/hunt/asks/{said['id']}", code=404)["type"] == "no-question"
    began = time.monotonic()
    assert looking.do(f"/hunt/asks/{said['id']}", method="DELETE")["state"] == "cancelled"
    assert looking.get(f"/hunt/asks/{said['id']}?wait_s=2")["state"] == "cancelled"
    assert time.monotonic() - began < 2


@pytest.mark.slow
def test_one_person_asks_only_so_much_at_once(looking) -> None:
    asked = [looking.do("/hunt/asks", {"kind": "sql", "sql": SLOW}, code=202) for _ in range(3)]
    assert looking.do("/hunt/asks", {"kind": "sql", "sql": SLOW}, code=429)["type"] == "asking-already"
    for one in asked:
        looking.do(f"/hunt/asks/{one['id']}", method="DELETE")
    answered(looking, {"kind": "sql", "sql": "SELECT 1 AS one"})


@pytest.mark.slow
def test_pivots_go_to_every_table_that_holds_it(looking) -> None:
    said = answered(looking, {"kind": "pivot", "pivot": "domain", "value": C2, "rows": 10})
    assert {row[1] for row in rows(looking, said)} == {"tls"}
    (flow, tls) = rows(looking, answered(looking, {"kind": "pivot", "pivot": "community_id", "value": f"1:{1:027d}="}))
    assert {flow[1], tls[1]} == {"flow", "tls"}
    assert answered(looking, {"kind": "pivot", "pivot": "ja3", "value": JA3.upper()})["rows"] == 72
    assert answered(looking, {"kind": "pivot", "pivot": "host", "value": own(21), "rows": 5})["more"]
    assert "address" in answered(looking, {"kind": "pivot", "pivot": "host", "value": "x"}, "failed")["refused"]["en"]


@pytest.mark.slow
def test_lists_and_sigma_rules_say_what_became_of_each(looking) -> None:
    said = answered(looking, {"kind": "list", "text": f"{C2}\nnonsense!!\n"})
    assert (said["looked"], said["refused_lines"], said["refusals"][0]["line"]) == (1, 1, 2)
    assert rows(looking, said)[0][1] == C2
    rules = (
        "title: Asked\nlogsource:\n  category: dns\ndetection:\n  s:\n    query|endswith: example.org\n  condition: s\n"
        "---\ntitle: Not here\nlogsource:\n  category: process_creation\ndetection:\n  s:\n    Image: x\n"
        "  condition: s\n"
    )
    said = answered(looking, {"kind": "sigma", "rules": rules})
    assert [(one["title"], one["standing"]) for one in said["outcomes"]] == [
        ("Asked", "runs"),
        ("Not here", "unsupported"),
    ]
    assert (said["matches"][0]["rows"], said["matches"][0]["hosts"]) == (288, 4)
    assert answered(looking, {"kind": "sigma", "rules": rules, "check": True})["matches"] == []


@pytest.mark.slow
def test_hunts_are_kept_run_and_taken_away(console) -> None:
    body = {"sql": "SELECT src, count(*) AS n FROM dns GROUP BY src", "says": "Who asks", "says_da": "Hvem spørger"}
    assert console.do("/hunt/saved/who-asks", body, method="PUT")["own"]
    console.do("/hunt/saved/who-asks", body, method="PUT", code=409)
    console.do("/hunt/saved/who-asks", {**body, "replace": True}, method="PUT")
    console.do("/hunt/saved/bad", {"sql": "SELECT nothing FROM dns"}, method="PUT", code=422)
    assert "bad" not in {one["name"] for one in console.get("/hunt/saved")["items"]}, "what cannot be asked is kept"
    kept = {one["name"]: one for one in console.get("/hunt/saved")["items"]}
    assert kept["who-asks"]["says"]["da"] == "Hvem spørger"
    assert not kept["who-talks-to"]["own"]
    assert answered(console, {"kind": "hunt", "hunt": "who-asks"})["rows"] == 4
    assert console.do("/hunt/asks", {"kind": "hunt", "hunt": "who-talks-to"}, code=422)["type"] == "incomplete"
    given_ = {"kind": "hunt", "hunt": "who-talks-to", "given": {"peer": "203.0.113.0/24"}}
    assert answered(console, given_)["rows"] >= 1
    console.do("/hunt/saved/who-asks", method="DELETE")
    console.do("/hunt/saved/who-talks-to", method="DELETE", code=404)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PIVOTS), st.text(max_size=60))
def test_whatever_is_pivoted_on_is_a_parameter_and_never_sql(pivot, value) -> None:
    try:
        sql, parameters = pivot_sql(pivot, value)
    except Stop:
        return
    assert list(parameters) == ["value"]
    assert sql == pivot_sql(pivot, "198.51.100.7" if pivot == "host" else "a")[0]


@pytest.mark.slow
def test_a_picture_counts_what_its_own_sql_gives(looking) -> None:
    (flow,) = [one for one in looking.get("/hunt/pictures") if one["name"] == "flow"]
    assert flow["fields"][:3] == ["src", "dst", "dst_port"]
    clicked = [{"column": "dst_port", "value": "445"}, {"column": "src", "value": own(21), "keep": False}]
    asked = {"kind": "picture", "table": "flow", "by": "src", "filters": clicked, "fields": ["src", "app_proto"]}
    said = answered(looking, asked)
    picture = looking.get(f"/hunt/asks/{said['id']}/picture")
    assert picture["rows"] == sum(sum(one["rows"]) for one in picture["series"]) > 0
    assert [one["name"] for one in picture["fields"]] == ["src", "app_proto"]
    same = answered(looking, {"kind": "sql", "sql": picture["sql"], "rows": 10_000})
    assert same["rows"] == picture["rows"]
    assert looking.get(f"/hunt/asks/{same['id']}/picture", code=404)["type"] == "no-picture"
    for wrong in ({"table": "nothing"}, {"by": "bytes_toserver"}, {"filters": [{"column": "src", "value": "x"}]}):
        looking.do("/hunt/asks", {**asked, **wrong}, code=422)


def test_a_big_tables_rows_over_time_are_there_before_anything_is_counted(looking, monkeypatch) -> None:
    assert {one["kept"] for one in looking.get("/hunt/pictures")} == {None}, "few rows are counted at once"
    monkeypatch.setattr(hunting, "QUICK_ROWS", 100)
    tables = {one["name"]: one["kept"] for one in looking.get("/hunt/pictures")}
    said = answered(looking, {"kind": "picture", "table": "flow"})
    assert sum(tables["flow"]["rows"]) == looking.get(f"/hunt/asks/{said['id']}/picture")["rows"]
    assert tables["dcerpc"] is None
    looking.as_(Person(name="Bo", roles=frozenset())).get("/hunt/pictures", code=403)


def test_a_hunt_begins_with_the_newest_rows_of_many_and_says_so(looking, monkeypatch) -> None:
    file = next(node.file for node in looking.house.seen_by(ANNA) if node.name == "north")
    whole = drawn(hunting_of(file), {"table": "flow"})
    assert drawn(hunting_of(file), {"table": "flow", "quick": True}) == whole, "few rows are all counted"
    monkeypatch.setattr(picture, "QUICK_ROWS", 300)
    quick = drawn(hunting_of(file), {"table": "flow", "quick": True, "by": "dst_port", "fields": ["dst_port"]})
    assert 0 < quick["rows"] < whole["rows"]
    assert f"the newest of {whole['rows']:,}" in quick["notes"][0]["en"]
    with hunting_of(file).window() as window:
        counted = window.rows(f"SELECT count(*) FROM ({quick['sql']})")
    assert counted == [(quick["rows"],)], "its SQL names other rows than were drawn"
    asked = {"table": "flow", "quick": True}
    assert drawn(hunting_of(file, last="1d"), asked) == drawn(hunting_of(file, last="1d"), {"table": "flow"})
