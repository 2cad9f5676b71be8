"""Protection, and the health of nodes."""

import json
import os
import shutil
import time
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from bavn.actor.door.conversations.witness_book import ProvenEntry, WitnessBook
from bavn.actor.protect.requests import request, requests
from bavn.actor.protect.state import State
from bavn.app.acts.node.waiting import waiting_at_node
from bavn.app.analyst.asset_book import critical_among
from bavn.app.cli.node.main import app
from bavn.app.config.enforce import EnforceTable
from bavn.app.node.health.holders import holders_state
from bavn.app.web.frame import Person
from bavn.app.web.soc.protect_shapes import lists_of
from bavn.centre.share.share import identity_of
from bavn.model.intel.accidents import accident_of
from bavn.model.moment import iso
from bavn.model.observable import Observable
from bavn.model.text import Text
from bavn.tlog.checkpoint import Checkpoint, line_by, signed, witness_of
from bavn.wire.book import Book
from bavn.wire.links.holders import HoldersSeen, Named, RoundAsked
from bavn.wire.messages.log import LogShown
from bavn.wire.partners.stix_indicator import bundle_of
from tests.app.siem.rules.examples import indicator
from tests.app.web.drawn_node import BLOCKED, C2, LIFTED, REFUSED, WAITING, own
from tests.app.web.soc.conftest import ANNA


def book(console):
    return Book(next(iter(console.house.seen_by(ANNA))).file.parent / "data" / "node.db")


def test_what_is_blocked_until_when_and_why(looking) -> None:
    said = looking.get("/protection")
    assert (said["blocked"], said["counts"]) == (1, {"lifted": 1, "refused": 1, "waiting": 1, "wanted": 1})
    assert [one["name"] for one in said["enforcers"]] == ["textlist"]
    blocks = {one["id"]: one for one in looking.get("/protection/blocks")["items"]}
    assert set(blocks) == {WAITING, BLOCKED, LIFTED, REFUSED}
    assert blocks[WAITING]["says"]["da"].startswith("2 kliniske maskiner mødte den")
    assert blocks[BLOCKED]["enforcers"] == ["textlist"]
    page = looking.get("/protection/blocks?limit=3")
    rest = looking.get(f"/protection/blocks?limit=3&after={page['next']}")
    assert [one["id"] for one in page["items"] + rest["items"]] == sorted(blocks)
    assert [one["id"] for one in looking.get("/protection/blocks?standing=waiting")["items"]] == [WAITING]
    assert [one["value"] for one in looking.get("/protection/blocks?q=philips")["items"]] == ["philips.com"]
    one = looking.get(f"/protection/blocks/{WAITING}")
    assert (one["tried"]["clinical"], one["rollback"]["hosts_max"]) == (1, 12)
    assert looking.get(f"/protection/blocks/{BLOCKED}")["met"][0]["count"] == 3
    looking.get("/protection/blocks/indicator--00000000-0000-5000-8000-0000000000ff", code=404)


def sent(console, indicator_id, **other):
    """The indicator as its centre would have sent it to this node."""
    shared = indicator(Observable.of("domain", C2), id=indicator_id, valid_until_us=2**52)
    bundle = bundle_of(shared, created_by=identity_of("s"), created_us=1)
    given = {"bundle": bundle, "rule": "", "reason": ""} | other
    with book(console) as opened, opened.transaction() as tx:
        marks = ", ".join(f"{name} = ?" for name in given)
        tx.execute(f"UPDATE protect_item SET {marks} WHERE indicator_id = ?", (*given.values(), indicator_id))


def test_what_the_sector_shares_is_a_rule_for_the_tool_in_which_one_works(console) -> None:
    sent(console, BLOCKED)
    path = f"/protection/blocks/{BLOCKED}"
    rules = {one["form"]: one for one in console.get(path)["rules"]}
    assert list(rules) == ["suricata", "sigma"]
    assert all(C2 in one["text"].replace("\\", "") and one["refused"] is None for one in rules.values())
    for rule in ("withdrawn", "never_block"):
        sent(console, BLOCKED, rule=rule, reason="it is listed")
        (why,) = {(one["text"], one["refused"]["en"]) for one in console.get(path)["rules"]}
        assert why == (None, "it was taken back" if rule == "withdrawn" else "it is listed")
    nobody = console.as_(Person(name="Bo Lund", roles=frozenset()))
    nobody.get(path, code=403)
    console.get("/protection/blocks/indicator--00000000-0000-5000-8000-0000000000ff", code=404)


def test_a_new_firewall_is_told_where_the_lists_are_and_never_the_token(looking) -> None:
    lists = looking.get("/protection")["lists"]
    assert [one["at"].rsplit("/", 2)[1:] for one in lists["lists"]] == [
        ["lists", name] for name in ("ip.txt", "ip4.txt", "ip6.txt", "domain.txt")
    ]
    assert any("[enforce] list_listen" in one["da"] for one in lists["says"])
    served = lists_of(
        EnforceTable(list_folder="lists", list_listen="10.1.2.3:8088", list_token="s3cret"), Path("lists")
    )
    assert served is not None
    assert served.lists[-1].at == "http://10.1.2.3:8088/domain.txt"
    said = " ".join(one.en for one in served.says)
    assert "must show a token" in said
    assert "50,000 names" in said
    assert "s3cret" not in served.model_dump_json()
    everywhere = lists_of(EnforceTable(list_folder="lists", list_listen="0.0.0.0:8088"), Path("lists"))
    assert everywhere is not None
    assert any("every address of the machine" in one.en for one in everywhere.says)
    assert lists_of(EnforceTable(), Path()) is None


def test_an_act_waits_for_the_running_node_with_the_persons_name(running) -> None:
    running.do(f"/protection/blocks/{WAITING}/approve", {"sure": False}, code=422)
    running.do(f"/protection/blocks/{WAITING}/approve", {"sure": True})
    running.do(f"/protection/blocks/{BLOCKED}/lift", {"sure": True})
    running.do("/protection/kill-switch/on", {"sure": True})
    with book(running) as opened:
        assert [(one.act, one.indicator_id, one.by) for one in requests(opened)] == [
            ("approve", WAITING, "Anna Berg"),
            ("lift", BLOCKED, "Anna Berg"),
            ("kill", "", "Anna Berg"),
        ]
    assert "Anna Berg" in running.get("/protection")["waiting"][0]["da"]
    rows = {one["id"]: one["left"] for one in running.get("/protection/blocks")["items"]}
    assert rows[BLOCKED]["en"] == "a lift asked by Anna Berg waits for the node"
    assert rows[WAITING]["en"] == "an approval asked by Anna Berg waits for the node"
    assert (rows[LIFTED], rows[REFUSED]) == (None, None)
    card = {of: running.get(f"/protection/blocks/{of}") for of in (BLOCKED, WAITING, LIFTED)}
    assert (card[BLOCKED]["standing"], card[BLOCKED]["left"]) == ("wanted", rows[BLOCKED])
    assert [card[of]["acts"] for of in (BLOCKED, WAITING, LIFTED)] == [[], ["lift"], ["approve"]]
    again = running.do(f"/protection/blocks/{BLOCKED}/lift", {"sure": True})
    assert again["says"]["en"].startswith("Anna Berg asked for it already. ")
    with book(running) as opened:
        assert len(requests(opened)) == 3, "what waits is not asked for again"
    (here,) = running.house.seen_by(ANNA)
    assert not [line for line in waiting_at_node(here, "north") if line.kind == "block"], "somebody decided"
    shell = CliRunner().invoke(app, ["blocks", "--config", str(here.file)]).output
    assert "in force; a lift asked by Anna Berg waits for the node" in shell


def test_nobody_approves_what_went_wrong_elsewhere_before_they_have_read_what_it_would_break(
    running, monkeypatch
) -> None:
    known = accident_of(Observable.of("domain", "api.ipify.org"))
    (here,) = running.house.seen_by(ANNA)
    (line,) = [line for line in waiting_at_node(here, "north") if line.kind == "block"]
    assert line.step.verb.en == "Block it"
    for module in ("bavn.app.acts.node.protection", "bavn.app.web.soc.protection", "bavn.app.acts.node.waiting"):
        monkeypatch.setattr(f"{module}.accident_of", lambda _: known)
    (line,) = [line for line in waiting_at_node(here, "north") if line.kind == "block"]
    assert line.step is None, "what it would break is read first, on its page"
    assert known.breaks.da in line.will.da
    shown = running.get(f"/protection/blocks/{WAITING}")["would_break"]
    assert shown["da"].endswith("så et kald alene beviser intet.")
    refused = running.do(f"/protection/blocks/{WAITING}/approve", {"sure": True}, code=409)
    assert known.breaks.en in json.dumps(refused)
    with book(running) as opened:
        assert requests(opened) == []
    running.do(f"/protection/blocks/{WAITING}/approve", {"sure": True, "read": True})
    running.do(f"/protection/blocks/{BLOCKED}/lift", {"sure": True})
    with book(running) as opened:
        assert [one.act for one in requests(opened)] == ["approve", "lift"]


def test_where_the_node_does_not_run_a_lift_is_done_at_once(console) -> None:
    file = next(iter(console.house.seen_by(ANNA))).file.parent / "data" / "health.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "stopped": True}))
    with book(console) as opened:
        request(opened, "lift", BLOCKED, "Bo Lund")  # while it ran
    assert console.get(f"/protection/blocks/{BLOCKED}")["acts"] == ["lift"]
    console.do(f"/protection/blocks/{BLOCKED}/lift", {"sure": True})
    with book(console) as opened:
        item = State(opened).item(BLOCKED)
        assert (item.standing, item.rule, item.by) == ("lifted", "lifted_by_hand", "Anna Berg")
        assert [one.by for one in requests(opened)] == ["Bo Lund"], "nothing more is left for the node"
    back = console.do("/protection/kill-switch/off", {"sure": True})
    assert back["says"]["da"].startswith("Noden kører ikke: dette venter"), back


@pytest.mark.slow
def test_a_dry_run_names_hosts_and_services_and_changes_nothing(looking) -> None:
    said = looking.do("/protection/dry-runs", {"what": C2}, code=202)
    while said["state"] == "running":
        said = looking.get(f"/protection/dry-runs/{said['id']}?wait_s=2")
    assert (said["state"], said["hosts"], said["named_hosts"]) == ("done", 1, [own(21)])
    assert said["services"][0]["what"] == C2
    looking.do("/protection/dry-runs", {"what": "no such thing"}, code=422)


@pytest.mark.slow
def test_a_dry_run_that_ends_while_it_is_shown_is_told_as_it_stood(looking, monkeypatch) -> None:
    def late(*_):
        assert all(asking.over.wait(60) for asking in looking.house.askings._kept.values())
        return ()

    monkeypatch.setattr("bavn.app.web.soc.protection.WAIT_S_MAX", 0.0)
    monkeypatch.setattr("bavn.app.web.soc.protection.critical_among", late)
    said = looking.do("/protection/dry-runs", {"what": C2}, code=202)
    assert (said["state"], said["type"]) == ("running", ""), "else it says that nothing speaks against the block"


@pytest.mark.slow
def test_a_dry_run_names_the_clinical_machines_with_their_roles_and_names(console, tmp_path, monkeypatch) -> None:
    policy = next(iter(console.house.seen_by(ANNA))).file.parent / "policy.toml"
    policy.write_text(policy.read_text().replace("10.0.9.0/24", f"{own(21)}/32"))
    cards = {
        own(5): {"names": ["dc1"], "role": [["domain controller", 0.9], ["web server", 0.7]]},
        own(21): {"names": ["ct-3.ward"], "role": [["dicom client", 0.8]]},
        own(22): {"names": [], "role": [["workstation", 0.9]]},
    }
    monkeypatch.setattr("bavn.app.analyst.asset_book.card_at", lambda _, host: cards.get(host))
    networks = (ip_network(f"{own(23)}/32"),)
    critical = critical_among(lambda *_: [], [own(5), own(21), own(22), own(23), own(24)], networks)
    assert [(each.host, each.names, each.roles, each.clinical) for each in critical] == [
        (own(21), ("ct-3.ward",), ("dicom client",), True),
        (own(23), (), (), True),
        (own(5), ("dc1",), ("domain controller",), False),
    ]
    shown = console.do("/protection/dry-runs", {"what": C2}, code=202)
    while shown["state"] == "running":
        shown = console.get(f"/protection/dry-runs/{shown['id']}?wait_s=2")
    (machine,) = shown["critical"]
    assert (machine["host"], machine["names"], machine["clinical"]) == (own(21), ["ct-3.ward"], True)
    assert machine["roles"][0]["da"] == "modalitet eller anden DICOM-afsender"


def test_the_never_block_list_is_searched_and_asked(looking) -> None:
    found = looking.get("/protection/never-block?q=hospital.example")["items"]
    assert [(one["covers"], one["value"], one["table"], one["by"]) for one in found] == [
        ("tree", "hospital.example", "own", "")
    ]
    page = looking.get("/protection/never-block?limit=3")
    assert (len(page["items"]), page["total"] > 50) == (3, True)
    assert looking.get("/protection/never-block?what=www.philips.com")["about"]["table"] == "clinical_suppliers"
    assert looking.get("/protection/never-block?what=evil-c2.com")["about"]["table"] is None


def test_health_says_what_is_wrong_and_who_must_act(running) -> None:
    said = running.get("/health")
    assert (said["store"]["rows"] > 500, said["sources"][0]["name"]) == (True, "eve")
    (ends,) = [one for one in said["problems"] if one["code"] == "certificate_ends"]
    assert (ends["act"], "udløber om" in ends["says"]["da"]) == ("operator", True)
    assert said["certificates"][0]["at"] == "centre"
    kept = {one["code"]: one["state"] for one in said["promises"]}
    assert (kept["disk_room"], "centre_accepts" in kept) == ("kept", False), "it has no centre"
    assert all(one["first"]["da"] and one["who"]["da"] for one in said["promises"])
    (short,) = running.ask("/nodes")
    assert (short["name"], short["state"]) == ("north", "ill")


def test_a_node_that_died_or_never_ran_is_said_so(console, tmp_path) -> None:
    file = next(iter(console.house.seen_by(ANNA))).file.parent / "data" / "health.json"
    told = json.loads(file.read_text())
    for change, state in (({"at_us": 1}, "silent"), ({"stopped": True}, "stopped")):
        file.write_text(json.dumps({**told, **change}))
        said = console.get("/health")
        assert said["state"] == state
        disk = next(one for one in said["promises"] if one["code"] == "disk_room")
        assert (disk["state"], disk["since_us"]) == ("unknown", None), "nobody knows what it keeps now"
        assert disk["state_said"]["en"] == f"not heard since {iso(said['at_us'])[:16]}Z"
    unsure = [{**one, "state": "unknown", "since_us": None} for one in told["promises"]]
    alive = {"stopped": False, "problems": [], "promises": unsure, "at_us": time.time_ns() // 1000, "pid": os.getpid()}
    file.write_text(json.dumps({**told, **alive}))
    assert console.get("/health")["state"] in ("unchecked", "ill")
    assert {one["state"] for one in console.get("/health")["promises"]} == {"unknown"}
    for broken in ("", "{", "[]", '{"at_us": "x"}'):
        file.write_text(broken)
        assert console.get("/health")["state"] == "never"


def test_health_names_each_key_holder_and_who_answered_the_newest_rounds(running) -> None:
    here = next(iter(running.house.seen_by(ANNA)))
    assert running.get("/health")["key_holders"] is None
    urls = ["https://keys-one:8444", "https://keys-two:8444", "https://keys-three:8444"]
    node = here.file.read_text().replace("[node]\n", f"[node]\nkeyholder_urls = {json.dumps(urls)}\nkeyholders_k = 2\n")
    here.file.write_text(node)
    file = here.file.parent / "data" / "health.json"
    gone = Named(2, lied=False, since_us=70, why=Text("it gave no part: {why}", why="nobody there"))
    rounds = (RoundAsked(90, "ab" * 16, "A", (1, 3), (2,)), RoundAsked(60, "cd" * 16, "B", (1, 2), ()))
    written = holders_state(HoldersSeen(2, (1, 2, 3), (gone,), {1: 90, 2: 60}, rounds))
    silent = {"code": "holder_silent", "source": "keyholder-2", **gone.why.spoken()}
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "key_holders": written, "problems": [*told["problems"], silent]}))
    said = {one["code"]: one["act"] for one in running.get("/health")["problems"]}
    assert said["holder_silent"] == "wait", "another is asked meanwhile"
    shown = running.get("/health")["key_holders"]
    assert [(one["state"], one["address"], one["answered_us"]) for one in shown["holders"]] == [
        ("answers", urls[0], 90),
        ("silent", urls[1], 60),
        ("unasked", urls[2], None),
    ]
    assert (shown["k"], shown["holders"][1]["since_us"]) == (2, 70)
    assert "nobody there" in shown["holders"][1]["why"]["da"]
    assert shown["holders"][1]["says"]["da"] == "tavs"
    assert [(one["at_us"], one["answered"], one["failed"]) for one in shown["rounds"]] == [
        (90, [1, 3], [2]),
        (60, [1, 2], []),
    ]


def test_certificates_for_several_key_holders_are_told_apart(console) -> None:
    here = next(iter(console.house.seen_by(ANNA)))
    urls = ["https://keys-one:8444", "https://keys-two:8444", "https://keys-three:8444"]
    node = here.file.read_text().replace("[node]\n", f"[node]\nkeyholder_urls = {json.dumps(urls)}\nkeyholders_k = 2\n")
    here.file.write_text(node)
    for number in (1, 3):
        shutil.copytree(here.file.parent / "data" / "keys", here.file.parent / "data" / f"keys-keyholder-{number}")
    said = console.get("/health")
    assert [(one["at"], one["number"]) for one in said["certificates"]] == [
        ("centre", None),
        ("keyholder", 1),
        ("keyholder", 3),
    ]
    ends = {one["source"]: one["says"]["en"] for one in said["problems"] if one["code"] == "certificate_ends"}
    assert "key holder 3" in ends["keyholder-3"]


def test_health_says_what_this_node_saw_of_the_centres_log(console) -> None:
    here = next(iter(console.house.seen_by(ANNA)))
    assert console.get("/health")["centre_log"] is None
    key = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
    newest = Checkpoint("bavn/test", 7, b"r" * 32)
    note = signed(newest, key)
    lines = [line_by(witness_of(bytes([number] * 32)), 5, b"s" * 64) for number in (1, 2)]
    with here.book() as book, book.transaction():
        kept = WitnessBook(book)
        kept.keep("key", note.text(), Checkpoint("bavn/test", 6, b"q" * 32), "witness", 50)
        kept.keep("key", note.text(), newest, "witness", 60)
        kept.keep_proven(
            [ProvenEntry(name=n, kind="release", number=1) for n in ("aa", "bb")], note.with_lines(lines).text(), 55
        )
        shown = LogShown(key="key", checkpoint=note.text(), since=7, proof=())
        kept.keep_evidence(kept.standing(), shown, "log_shorter", 65)
    log = console.get("/health")["centre_log"]
    assert (log["size"], log["checked"], log["since_us"], log["seen_us"]) == (7, 2, 50, 60)
    assert (log["proven"], log["proven_us"], log["cosigned"]) == (2, 55, 2)
    assert ("shorter than it was" in log["open"][0]["en"], log["settled"]) == (True, 0)
    with here.book() as book, book.transaction():
        WitnessBook(book).begin_anew("Anna", 70)
    log = console.get("/health")["centre_log"]
    assert (log["size"], log["open"], log["settled"]) == (None, [], 1)
