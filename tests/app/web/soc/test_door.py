"""The door: the ledger with search and chain, what waits and would leave, veto, withdrawal, counts, the policy."""

import json
import tomllib

import pytest

from bavn.actor.door.rounds.reveals import Reveals
from bavn.app.config.load import POLICY_TABLES
from bavn.app.config.policy_mark import mark_of_policy
from bavn.model.settings import settings_of
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note
from tests.app.web.drawn_node import C2
from tests.app.web.soc.conftest import ANNA


def folder(console):
    return next(iter(console.house.seen_by(ANNA))).file.parent


def test_the_ledger_is_read_newest_first_and_its_pages_meet(looking) -> None:
    every = looking.get("/door/ledger?limit=500")
    seqs = [line["seq"] for line in every["items"]]
    assert seqs == sorted(seqs, reverse=True)
    seen, after = [], ""
    while True:
        page = looking.get(f"/door/ledger?limit=7{after}")
        seen += [line["seq"] for line in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == seqs
    refused = looking.get("/door/ledger?verdict=refused&kind=Report")["items"]
    assert len(refused) == 12
    assert refused[0]["says"]["da"].startswith("personer her har vurderet den som harmløs")
    assert len(looking.get("/door/ledger?q=evil-17.example.com")["items"]) == 1
    left = looking.get("/door/ledger?left=true&limit=500")["items"]
    assert {line["privacy"] for line in left} == {"S1", "S3"}
    assert looking.get("/door/ledger/check")["holds"]


def test_what_left_is_told_by_class_and_its_lines_are_found_by_it(looking) -> None:
    told = looking.get("/door/left?days=2")
    assert told["says"]["en"].startswith("49 things left this actor, of 2 kinds: 48 reports and 1 ")
    assert [(one["privacy"], one["count"]) for one in told["classes"]] == [("S1", 48), ("S3", 1)]
    assert (len(told["classes"][0]["named"]), told["classes"][0]["more"]) == (40, 8)
    assert [(one["rule"], one["count"]) for one in told["refused"]] == [("not_judged", 12)]
    span = f"since_us={told['since_us']}&until_us={told['until_us']}"
    lines = looking.get(f"/door/ledger?left=true&privacy=S1&limit=500&{span}")["items"]
    assert (len(lines), {line["kind"] for line in lines}) == (48, {"Report"})
    assert looking.get(f"/door/ledger?until_us={told['since_us']}")["items"] == []
    before = looking.get(f"/door/left?day_us={told['since_us'] - 1}")
    assert (before["count"], before["says"]["en"]) == (0, "Nothing left this actor on this day.")


def test_a_strict_policy_is_shown_before_it_is_written_and_each_wrong_field_told_at_its_place(looking) -> None:
    shown = looking.get("/policy")
    assert {(one["table"], name) for one in shown["questions"] for name in one["fields"]} == {
        (one["table"], one["name"]) for one in shown["fields"]
    }
    changes: dict = {}
    for one in shown["strict"]:
        changes.setdefault(one["table"], {})[one["name"]] = one["value"]
    head = looking.get("/door/ledger?limit=1")["items"][0]["seq"]
    draft = looking.do("/policy/preview", {"changes": changes, "seen": shown["seen"]})
    changed = {one["name"] for one in draft["changes"]}
    assert {"answer_questions", "tell_counts"} <= changed <= {one["name"] for one in shown["strict"]}
    assert looking.get("/door/ledger?limit=1")["items"][0]["seq"] == head, "nothing was written"
    wrong = {"door": {"weak_p_max": 3.0, "reveal_file": "perhaps"}, "protect": {"block_days_max": 0}}
    refused = looking.do("/policy/preview", {"changes": wrong, "seen": shown["seen"]}, code=422)
    assert set(refused["wrong"]) == {"door.weak_p_max", "protect.block_days_max"}
    alone = {"changes": {"door": {"reveal_file": "perhaps"}}, "seen": shown["seen"]}
    assert set(looking.do("/policy/preview", alone, code=422)["wrong"]) == {"door.reveal_file"}


def test_lines_in_closed_parts_are_found_too(tmp_path) -> None:
    with Book(tmp_path / "b.db") as book:
        ledger = Ledger(book)
        for number in range(90):
            ledger.append(number, "door", "out", Note(kind="Report", item_id=f"{number:064x}", peer="centre"))
        ledger.close_parts(lines_max=20)
        assert len(ledger.closed()) == 3
        found, at = [], None
        while True:
            lines, on = ledger.before(at, 7)
            found += [line.seq for line in lines]
            if not on:
                break
            at = on
        assert found == list(range(90, 0, -1))
        short, on = ledger.before(None, 5, lambda line: line.seq == 1, looked_max=30)
        assert (short, on > 0) == ([], True), "a page may be short and still go on"


def test_a_changed_line_is_found(console) -> None:
    with Book(folder(console) / "data" / "node.db") as book:
        seq = book.rows("SELECT max(seq) FROM ledger")[0][0] - 3
        with book.transaction() as tx:
            tx.execute("DROP TRIGGER ledger_keep_words")
            tx.execute("UPDATE ledger SET summary = 'x' WHERE seq = ?", (seq,))
    said = console.get("/door/ledger/check")
    assert (said["holds"], said["bad"]) == (False, seq)


def test_an_export_holds_every_line_with_its_hash(looking) -> None:
    lines = [json.loads(one) for one in looking.get("/door/ledger/export").text.splitlines()]
    assert [line["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]


def test_what_waits_shows_the_report_that_would_leave(looking) -> None:
    (waits,) = looking.get("/door/decisions")["waiting"]
    assert waits["element"] == "domain:example.net"
    assert waits["fields"]["value"] == "example.net"
    assert set(waits["fields"]) <= {
        "type",
        "value",
        "detector",
        "technique",
        "p_bucket",
        "hosts_bucket",
        "first_hour",
        "last_hour",
        "period_bucket",
        "regularity_bucket",
        "walk_half_nats",
        "age_bucket",
    }
    look = looking.get(f"/door/preview?element=domain:{C2}")
    assert look["fields"]["detector"] == "beacon"
    assert looking.get("/door/preview?element=domain:nothing.example.se")["refused"] is not None
    looking.get("/door/preview?element=host:10.0.0.1", code=422)


def test_veto_allow_and_withdrawal_carry_the_persons_name(console) -> None:
    console.do("/door/wishes", {"element": "domain:example.net", "wish": "allow"}, method="PUT")
    assert console.get("/door/decisions")["waiting"] == []
    wishes = {one["element"]: (one["wish"], one["by"]) for one in console.get("/door/decisions")["wishes"]}
    assert wishes["domain:example.net"] == ("allow", "Anna Berg")
    console.do("/door/wishes", {"element": "domain:example.net", "wish": "none"}, method="PUT")
    assert "domain:example.net" not in {one["element"] for one in console.get("/door/decisions")["wishes"]}
    named = console.get("/door/reveals?q=c2.example.com")["items"]
    assert [(one["named"], one["cells"], one["receipts"]) for one in named] == [(True, 2, 2)]
    assert console.do("/door/withdrawals", {"element": "domain:example.org"}, code=409)["type"] == "never-named"
    with Book(folder(console) / "data" / "node.db") as book:
        from bavn.model.observable import Observable

        Reveals(book).note("f" * 32, "A", Observable.of("domain", "example.com"), 1, "", 5)
    console.do("/door/withdrawals", {"element": "domain:example.com"}, code=201)
    assert [(one["element"], one["by"]) for one in console.get("/door/reveals")["withdrawn"]] == [
        ("domain:example.com", "Anna Berg")
    ]


def test_counts_and_their_budget(looking) -> None:
    said = looking.get("/door/daily")["counts"]
    assert (said["spent"], said["budget"], said["holds"]) == (1.0, 30.0, True)
    assert "beacon" in said["days"][0]["told"]


def test_every_field_of_the_policy_is_explained_in_danish(looking) -> None:
    fields = looking.get("/policy")["fields"]
    assert {(field["table"], field["name"]) for field in fields} == {
        (table, name) for table, kind in POLICY_TABLES.items() for name in settings_of(kind)
    }
    assert all(field["says"]["en"] != field["says"]["da"] for field in fields)
    by_name = {field["name"]: field for field in fields}
    assert by_name["reveal_domain"]["choices"] == ["automatic", "ask", "never"]
    assert (by_name["reveal_domain"]["value"], by_name["reveal_domain"]["written"]) == ("ask", True)


def test_a_change_is_shown_first_and_written_with_its_comments_and_its_line(console) -> None:
    seen = console.get("/policy")["seen"]
    changes = {"door": {"join_weak": False, "reveal_domain": None}, "protect": {"blocks_per_hour_max": 50}}
    shown = console.do("/policy/preview", {"changes": changes, "seen": seen})
    assert {(one["name"], str(one["before"]), str(one["after"])) for one in shown["changes"]} == {
        ("join_weak", "True", "False"),
        ("reveal_domain", "ask", "automatic"),
        ("blocks_per_hour_max", "200", "50"),
    }
    file = folder(console) / "policy.toml"
    assert "join_weak" not in file.read_text()
    console.do("/policy", {"changes": changes, "seen": seen}, method="PUT")
    assert file.read_text().startswith("# Who may change this: Anna Berg")
    assert tomllib.loads(file.read_text())["protect"]["blocks_per_hour_max"] == 50
    (line,) = console.get("/door/ledger?gate=policy")["items"]
    assert (line["peer"], line["kind"]) == ("Anna Berg", "PolicyChanged")
    assert ["door", "join_weak", True, False] in json.loads(line["summary"])["changes"]
    late = console.do("/policy", {"changes": changes, "seen": seen}, method="PUT", code=409)
    assert late["type"] == "changed-meanwhile"


def test_a_policy_that_waits_for_a_restart_says_so(running) -> None:
    file = folder(running) / "data" / "health.json"
    here = next(iter(running.house.seen_by(ANNA)))
    assert running.get("/policy")["waits"] is False, "a node of before says nothing of its policy"
    file.write_text(json.dumps({**json.loads(file.read_text()), "policy": mark_of_policy(here.config())}))
    assert running.get("/policy")["waits"] is False
    running.do(
        "/policy", {"changes": {"door": {"join_weak": False}}, "seen": running.get("/policy")["seen"]}, method="PUT"
    )
    assert running.get("/policy")["waits"] is True
    file.write_text(json.dumps({**json.loads(file.read_text()), "stopped": True}))
    assert running.get("/policy")["waits"] is False, "a node that is started reads what is written"


@pytest.mark.parametrize(
    "changes",
    [
        {"door": {"join_weak": "yes"}},
        {"door": {"reveal_domain": "perhaps"}},
        {"door": {"strong_p_max": 2.0}},
        {"door": {"nothing": 1}},
        {"protect": {"clinical_networks": ["nonsense"]}},
        {"protect": {"never_block_file": "not-there.toml"}},
        {"other": {"x": 1}},
    ],
)
def test_a_policy_that_the_node_would_not_start_with_is_never_written(console, changes, tmp_path_factory) -> None:
    policy = console.get("/policy")
    said = console.do("/policy", {"changes": changes, "seen": policy["seen"]}, method="PUT", code=422)
    assert str(tmp_path_factory.getbasetemp()) not in json.dumps(said)
    assert console.get("/policy")["text"] == policy["text"]
    assert console.get("/door/ledger?gate=policy")["items"] == []
