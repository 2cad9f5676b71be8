"""The console's members, partners, sources, proposals, rounds, questions and audit log; every route by every role."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, update

from bavn.app.access.rights import RIGHTS, Right, Role
from bavn.app.web.frame import API
from bavn.app.web.problems import said
from bavn.centre.cases.tables import AUDIT, writing
from bavn.centre.store import log, witnesses
from bavn.centre.store.engine import writing as store_writing
from bavn.centre.store.log_tables import LOG_SHOWN
from bavn.model.catalogue import languages
from bavn.model.text import Text
from bavn.tlog.checkpoint import Checkpoint, signed
from tests.app.web.drawn_sector import ANNA, BO, CAMPAIGN

pytestmark = pytest.mark.slow
WHY = {"why": "for a reason"}
OURS = ("indicators", "protection", "rounds", "members", "partners", "sources", "proposals", "audit", "questions")


def right_of(route) -> Right:
    return next(found.call.right for found in route.dependant.dependencies if hasattr(found.call, "right"))


@pytest.mark.parametrize("role", list(Role))
def test_every_route_is_open_to_the_roles_that_have_its_right_and_to_no_other(sac, role) -> None:
    routes = [route for route in sac.routes() if route.path.split("/")[1] in OURS]
    assert len(routes) >= 55
    for route in routes:
        path = re.sub(r"\{[a-z_]+\}", "x", route.path)
        (method,) = route.methods
        status = sac(path, method, roles={role}, json={} if method != "GET" else None).status_code
        allowed = right_of(route) in RIGHTS[role]
        # What the path or body lacks is told to nobody who may not ask.
        assert (status == 403) != allowed, (method, route.path, role, status)


def test_a_token_is_shown_once_and_each_act_on_a_member_is_audited(sac) -> None:
    given = sac.body("/members/invitations", "POST", 201, json={"name": "clinic-far", "kind": "clinic"})
    assert given["pin"] == sac.house.enrolment.authority.fingerprint
    assert len(given["token"]) >= 40
    everything = sac("/members").text + sac("/members/clinic-far").text + sac("/audit?limit=500").text
    assert given["token"] not in everything
    assert len(sac.body("/members/clinic-far")["invited_until_us"]) == 1
    sac.body("/members/region-syd", "PUT", json={"functions": ["emergency"], "suppliers": ["kmd"]})
    quota = {"kind": "Report", "messages_per_hour_max": 7, "bytes_per_hour_max": 7000}
    whole = sac.body("/members/region-syd/quota", "PUT", json=quota)
    assert {q["kind"]: (q["messages_per_hour_max"], q["own"]) for q in whole["quotas"]}["Report"] == (7, True)
    back = sac.body("/members/region-syd/quota", "PUT", json={"kind": "Report"})
    assert not {q["kind"]: q["own"] for q in back["quotas"]}["Report"]
    lines = sac.body("/audit?subject=member/region-syd")["items"]
    assert [(line["who"], line["act"]) for line in lines] == [
        (ANNA, "member-quota"),
        (ANNA, "member-quota"),
        (ANNA, "member-set"),
    ]
    bad = sac("/members/region-syd", "PUT", json={"functions": ["cats"]})
    assert (bad.status_code, bad.json()["title"]["da"][:24]) == (422, "Ingen funktion hedder 'c")


def test_shutting_out_says_first_what_will_happen_and_can_be_taken_back(sac) -> None:
    before = sac.body("/members/kommune-vest")
    acts = {act["act"]: [one["en"] for one in act["will_happen"]] for act in before["acts"]}
    assert list(acts) == ["suspend", "revoke", "invite", "set-apart"]
    assert any("2 indicators that it was given stay in force" in one or "3 indicators" in one for one in acts["revoke"])
    assert any("5 members" in one for one in acts["suspend"])
    out = sac.body("/members/kommune-vest/suspend", "POST", json=WHY)
    assert out["row"]["state"] == "suspended"
    assert "kommune-vest" not in {one.name for one in sac.house.registry.members()[1]}
    assert sac("/members/kommune-vest/suspend", "POST", json=WHY).status_code == 409
    again = sac.body("/members/kommune-vest/resume", "POST", json=WHY)
    assert again["row"]["state"] == "active"
    assert sac.house.registry.key("kommune-vest") is not None
    assert sac.body("/members/clinic-east/revoke", "POST", json=WHY)["row"]["state"] == "revoked"
    assert sac("/members/clinic-east/resume", "POST", json=WHY).status_code == 409
    assert sac("/members/nobody-here").status_code == 404


def test_a_member_is_set_apart_by_one_and_joins_again_by_two(sac) -> None:
    out = sac.body("/members/region-nord/set-apart", "POST", json=WHY)
    assert out["row"]["state"] == "active"
    assert out["row"]["worries"][0]["da"].startswith("sat til side af Anna")
    assert "let-join" in {act["act"] for act in out["acts"]}
    assert sac("/members/region-nord/set-apart", "POST", json=WHY).status_code == 403
    waits = sac.body("/members/region-nord/let-join", "POST", json=WHY)
    assert waits["row"]["worries"]
    assert sac("/members/region-nord/let-join", "POST", json=WHY).status_code == 403
    joins = sac.body("/members/region-nord/let-join", "POST", name=BO, json=WHY)
    assert joins["row"]["worries"] == []
    assert sac("/members/region-nord/let-join", "POST", json=WHY).status_code == 403
    assert sac("/members/region-nord/set-apart", "POST", roles={Role.ANALYST}, json=WHY).status_code == 403


def test_what_is_wrong_with_a_member_stands_in_words(sac) -> None:
    rows = {row["name"]: row for row in sac.body("/members")["items"]}
    said_ = {name: [one["da"] for one in row["worries"]] for name, row in rows.items()}
    assert "dens node er tavs" in said_["clinic-west"]
    assert "den taber 3,5 % af sine pakker" in said_["region-syd"]
    assert "dens sensor er nede" in said_["kommune-vest"]
    assert said_["region-nord"] == []


def test_a_partner_is_added_changed_and_ended_and_no_secret_is_shown_twice(sac) -> None:
    made = sac.body("/partners", "POST", 201, json={"name": "cert-syd", "kind": "sector", "title": "Cert Syd"})
    assert (made["row"]["stand"], made["row"]["inward"]["trust"], made["row"]["out"]["collections"]) == (
        "in_force",
        0,
        [],
    )
    inward = {"trust": 55, "tlp_max": "TLP:GREEN", "may_block": False, "objects_per_day_max": 5}
    changed = sac.body("/partners/cert-syd", "PUT", json={"inward": inward})["row"]
    assert (changed["inward"], changed["out"]) == (inward, made["row"]["out"])
    secret = sac.body("/partners/cert-syd/credentials", "POST", 201, json={"kind": "token"})["secret"]
    assert sac.house.credentials.by_token(secret).name == "cert-syd"
    shown = sac("/partners/cert-syd").text
    assert secret not in shown + sac("/audit?limit=500").text
    (key,) = sac.body("/partners/cert-syd")["credentials"]
    sac.body(f"/partners/cert-syd/credentials/{key['id']}/end", "POST")
    assert not hasattr(sac.house.credentials.by_token(secret), "name")
    assert sac.body("/partners/cert-syd/end", "POST", json=WHY)["row"]["stand"] == "ended"
    assert sac("/partners/cert-syd", "PUT", json={"title": "again"}).status_code == 422
    assert sac("/partners", "POST", json={"name": "x1", "kind": "cats"}).status_code == 422


def test_a_source_is_changed_suspended_and_taken_up_again(sac) -> None:
    rows = {row["name"]: row for row in sac.body("/sources")["items"]}
    assert all(row["place"].startswith("https://") or "/" not in row["place"] for row in rows.values())
    assert sac.body("/sources/c2-list", "PUT", json={"trust": 30})["row"]["trust"] == 30
    assert sac.body("/sources/c2-list/suspend", "POST", json=WHY)["row"]["stand"] == "suspended"
    assert sac.body("/sources/c2-list/resume", "POST", json=WHY)["row"]["stand"] == "active"


def test_proposals_are_paged_decided_and_put_back(sac) -> None:
    whole = [row["value"] for row in sac.body("/proposals?limit=100")["items"]]
    first = sac.body("/proposals?limit=3")
    then = sac.body(f"/proposals?limit=100&after={first['next']}")
    assert [row["value"] for row in first["items"] + then["items"]] == whole
    assert [row["value"] for row in sac.body("/proposals?met=true")["items"]] == ["c1.parked-host.net"]
    assert [row["value"] for row in sac.body("/proposals?q=C5.parked")["items"]] == ["c5.parked-host.net"]
    named = {"observable": "c4.parked-host[.]net"}
    case = sac.body("/proposals/decide", "POST", json=named | {"act": "open_case"})["row"]
    assert case["state"] == "case"
    assert sac.house.desk.cases.case(case["case_id"]).facts.elements[0].observable.value == "c4.parked-host.net"
    no_reason = sac("/proposals/decide", "POST", json={"observable": "c5.parked-host.net", "act": "dismiss"})
    assert no_reason.status_code == 422
    gone = {"observable": "c5.parked-host.net", "why": "ours"}
    assert sac.body("/proposals/decide", "POST", json=gone | {"act": "dismiss"})["row"]["state"] == "dismissed"
    assert sac.body("/proposals/decide", "POST", json=gone | {"act": "reopen"})["row"]["state"] == "proposed"
    assert sac("/proposals/one?observable=never-heard-of.net").status_code == 404


def test_a_round_says_why_each_element_was_revealed_or_not_and_who_learned_what(sac) -> None:
    rows = sac.body("/rounds?limit=500")["items"]
    first = sac.body("/rounds?limit=5")
    then = sac.body(f"/rounds?limit=5&after={first['next']}")
    assert [row["id"] for row in first["items"] + then["items"]] == [row["id"] for row in rows[:10]]
    hit = next(row for row in rows if row["hits"] and row["tier"] == "A")
    whole = sac.body("/rounds/" + hit["id"])
    assert sum(whole["outcomes"].values()) == sum(cell["cells"] for cell in whole["cells"]) == hit["hits"]
    named = {name for cell in whole["cells"] for name in cell["named"]}
    assert str(CAMPAIGN[0]) in named
    revealed = next(cell for cell in whole["cells"] if cell["outcome"] == "revealed")
    assert revealed["says"]["da"].startswith("Afsløret: ")
    centre, actor, holder = whole["learned"]["parties"]
    assert f"{hit['hits']} cells" in centre["learned"][0]["en"]
    assert (actor["party"], holder["party"]) == ("actor", "keyholder")
    assert sac("/rounds/" + "0" * 32).status_code == 404


def test_counts_show_their_noise_and_what_they_cost(sac) -> None:
    found = sac.body("/rounds/counts?days=7")
    assert {row["kind"] for row in found["items"]} == {"all"}
    told = [row for row in found["items"] if row["value"] is not None]
    assert told
    assert all(row["low"] <= max(0, row["value"]) <= row["high"] for row in told)
    assert {row["interval"]["en"] for row in found["items"] if row["value"] is None} == {"not known"}
    assert [(row["days"], row["epsilon"], row["epsilon_30_days"]) for row in found["spent"]] == [(3, 3.0, 3.0)] * 4


def test_a_question_needs_a_second_person_and_silence_is_shown(sac) -> None:
    rows = {row["why"]: row for row in sac.body("/questions")["items"]}
    answered = rows["A partner saw it"]
    assert (answered["met"], answered["not_met"], answered["declined"]) == (
        ["region-nord"],
        ["region-syd"],
        ["clinic-west"],
    )
    assert len(answered["silent"]) == 4
    path = "/questions/" + rows["Is it met here?"]["id"]
    assert not rows["Is it met here?"]["may_approve"]
    assert sac(f"{path}/approve", "POST").status_code == 403
    assert sac.body(path, name=BO)["row"]["may_approve"]
    assert sac.body(f"{path}/approve", "POST", name=BO)["row"]["stand"] == "open"
    assert sac.body(f"{path}/end", "POST", json=WHY)["row"]["stand"] == "taken_back"
    asked = {"observables": ["evil-c2[.]com", "185.1.2.3"], "why": "seen", "days_back": 3}
    made = sac.body("/questions", "POST", 201, json=asked)
    assert made["row"]["observables"] == ["domain:evil-c2.com", "ip4:185.1.2.3"]
    assert made["row"]["asked"] == len(sac.house.registry.members()[1])
    inside = sac("/questions", "POST", json={"observables": ["10.0.0.1"], "why": "seen"})
    assert inside.status_code == 422
    assert sac("/questions", "POST", json=asked | {"to": ["nobody-here"]}).status_code == 422


def test_the_audit_log_is_searched_and_a_changed_line_shows(sac) -> None:
    whole = [line["seq"] for line in sac.body("/audit?limit=500")["items"]]
    assert whole == sorted(whole, reverse=True)
    paged, after = [], ""
    while after is not None:
        page = sac.body("/audit?limit=20" + (f"&after={after}" if after else ""))
        paged, after = paged + [line["seq"] for line in page["items"]], page["next"]
    assert paged == whole
    assert {line["who"] for line in sac.body(f"/audit?who={BO}&limit=500")["items"]} == {BO}
    assert [line["act"] for line in sac.body("/audit?q=STOLEN")["items"]] == ["member-suspend"]
    edge = sac.body("/audit?limit=1")["items"][0]["at_us"]
    assert sac.body(f"/audit?since_us={edge + 1}")["items"] == []
    assert "member-suspend" in sac.body("/audit")["acts"]
    chain = sac.body("/audit/chain")
    assert (chain["holds"], chain["to_seq"], chain["next"]) == (True, whole[0], None)
    assert sac("/audit/export.csv").text.count("\r\n") == len(whole) + 1
    engine = sac.house.desk.engine
    kept = sac.body("/audit?limit=500")["items"][-3]["detail"]
    with writing(engine) as tx:
        tx.execute(update(AUDIT).where(AUDIT.c.seq == 3).values(detail="{}"))
    broken = sac.body("/audit/chain")
    assert (broken["holds"], broken["bad_seq"], broken["to_seq"]) == (False, 3, 2)
    with writing(engine) as tx:
        tx.execute(update(AUDIT).where(AUDIT.c.seq == 3).values(detail=kept))
    assert sac.body("/audit/chain")["holds"]


def test_no_answer_has_a_sentence_in_one_language_alone(sac) -> None:
    def walk(found):
        if isinstance(found, dict):
            if {"en", "da"} <= set(found) <= set(languages()):
                yield found
            for value in found.values():
                yield from walk(value)
        elif isinstance(found, list):
            for value in found:
                yield from walk(value)

    paths = (
        "/members/region-nord",
        "/rounds/log",
        "/rounds/counts",
        "/protection/switch",
        "/questions",
        "/partners",
    )
    sentences = [one for path in paths for one in walk(sac.body(path))]
    assert len(sentences) > 30
    same = re.compile(r"phishing|[0-9,.]+-[0-9,.]+")  # an interval is one in every language
    assert [one for one in sentences if one["en"] == one["da"] and not same.fullmatch(one["en"])] == []
    assert said(Text("no partner is called {name}", name="'x'")).da == "Ingen partner hedder 'x'"
    assert API == "/api/v1"


def test_the_switch_is_turned_off_by_two_people_and_says_who_asked(sac) -> None:
    on = sac.body("/protection/switch/on", "POST", json=WHY)
    assert on["on"]
    asked = sac.body("/protection/switch/off", "POST", json=WHY)
    assert asked["on"]
    assert f"{ANNA} wants it off (for a reason)" in asked["rule"]["en"]
    assert "en anden person skal sige det samme" in asked["rule"]["da"]
    again = sac("/protection/switch/off", "POST", json=WHY)
    assert again.status_code == 403
    assert "har allerede bedt om det" in again.text
    off = sac.body("/protection/switch/off", "POST", name=BO, json=WHY)
    assert (off["on"], off["turns"][0]["by"]) == (False, f"{ANNA}, {BO}")


def test_a_source_is_added_by_a_publisher_at_an_https_address_without_a_secret(sac) -> None:
    body = {"name": "open-list", "kind": "list", "place": "https://lists.example.org/c2.txt", "trust": 20}
    assert sac.body("/sources", "POST", json=body, status=403, roles={Role.ANALYST})["type"] == "not-allowed"
    for place in (
        "/etc/passwd",
        "http://lists.example.org/",
        "https://anna:secret@lists.example.org/",
        "https:///x",
        "file:///etc/x",
        "https://[bad/",
    ):
        assert sac.body("/sources", "POST", json=body | {"place": place}, status=422)["act"] == "you"
    assert sac.body("/sources", "POST", json=body | {"partner": "nobody"}, status=422)["type"] == "unknown-partner"
    made = sac.body("/sources", "POST", json=body, status=201)
    assert (made["row"]["stand"], made["row"]["added_by"], made["row"]["may_block"]) == ("active", ANNA, False)
    assert sac.body("/sources", "POST", json=body, status=422)["title"]["da"].startswith("Der er eller var")


def test_the_overview_says_where_an_actor_lies_where_the_register_does(sac) -> None:
    seen = sac.body("/overview")
    lies = {one["name"]: one["region"] for one in seen["actors"]}
    assert (lies["region-nord"], lies["region-syd"], lies["clinic-west"]) == ("north", "south", None)
    assert "regions" in {one["code"] for one in seen["missing"]}


def test_a_lead_is_put_aside_until_a_day_and_taken_back(sac) -> None:
    first = sac.body("/leads?stands=waiting")["items"][0]["id"]
    body = {"days": 7, "why": "a supplier's test"}
    assert sac.body(f"/leads/{first}/ignore", "POST", json=body, status=403, roles={Role.PUBLISHER})
    made = sac.body(f"/leads/{first}/ignore", "POST", json=body)
    assert (made["ignored"]["by"], made["ignored"]["why"]) == (ANNA, "a supplier's test")
    assert first not in {one["id"] for one in sac.body("/leads?stands=waiting")["items"]}
    assert {one["id"] for one in sac.body("/leads?stands=ignored")["items"]} == {first}
    assert sac.body(f"/leads/{first}/heed", "POST")["ignored"] is None
    assert first in {one["id"] for one in sac.body("/leads?stands=waiting")["items"]}
    assert sac.body("/leads/lead-none/ignore", "POST", json=body, status=404)["type"] == "unknown-lead"


def test_the_centres_log_says_its_newest_checkpoint_and_who_cosigned(sac) -> None:
    before = sac.body("/rounds/log")
    assert (before["at_us"], before["shown_us"], before["half_us"]) == (None, None, None)
    engine, members = sac.house.desk.engine, before["members"]
    key = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
    with store_writing(engine) as tx:
        for number, size, at_us in ((members, 4, 40), (1, 5, 50)):
            note = signed(Checkpoint("bavn/test", size, bytes([size] * 32)), key)
            log.keep_state(tx, origin="bavn/test", size=size, root=f"{size:02}" * 32, note=note.text(), at_us=at_us)
            shown = {"size": size, "root": f"{size:02}" * 32, "note": note.text(), "at_us": at_us, "cosigned": number}
            tx.execute(insert(LOG_SHOWN).values(**shown))
        witnesses.was_shown(tx, "region-nord", 5, 50)
        witnesses.has_seen(tx, "region-syd", 5, "05" * 32, None, 55)
    said = sac.body("/rounds/log")
    assert (said["origin"], said["size"], said["at_us"], said["root"]) == ("bavn/test", 5, 50, "05" * 32)
    assert (said["shown_size"], said["cosigned"], said["half_size"], said["half_us"]) == (5, 1, 4, 40)
    assert said["members"] > 2, "else one is half of them"
    saw = {one["actor"]: (one["size"], one["seen_us"]) for one in said["witnesses"]}
    assert saw == {"region-nord": (0, None), "region-syd": (5, 55)}
    assert said["waiting"] == sum(one["count"] for one in said["entries"]) - 5
    assert all(one["says"]["da"] for one in said["entries"])
