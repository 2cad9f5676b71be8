"""Hunts: each question in a process of its own, bounded, stopped at will, read page by page; nothing is changed."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.app.analyst.values.pivots import PIVOTS, pivot_sql
from bavn.app.process.exits import Stop
from bavn.app.web.frame import Person
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
